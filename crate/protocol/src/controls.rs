//! Live controls: what the process of the cells and the kernel adapter say to each other, in both directions, on a Unix
//! socket of the session.
//!
//! Markers go one way, on standard output; a control also has to tell its cell that it moved. The adapter listens on the
//! socket that [`SOCKET_VARIABLE`] names and translates for the notebook's page; the cells' process connects once.
//!
//! A frame is two little-endian 32-bit lengths, a JSON message ([`FromCells`] or [`ToCells`]) and raw bytes (a picture, a
//! file), possibly none:
//!
//! ```
//! use tp_protocol::controls::{Frame, FromCells};
//! let bytes = Frame::new(&FromCells::Close { set: 3 }, b"").encode();
//! let frame = Frame::read(&mut &bytes[..]).unwrap().unwrap();
//! assert_eq!(frame.message::<FromCells>(), Ok(FromCells::Close { set: 3 }));
//! ```

use std::io::{self, Read};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Environment variable that names the socket, where controls can be shown.
pub const SOCKET_VARIABLE: &str = "TP_CURSEURS";

/// Version of these messages; the first one of a connection tells it.
pub const VERSION: u32 = 1;

/// Longest message, its bytes not counted.
const LONGEST_MESSAGE: usize = 64 << 20;
/// Most bytes that come with a message.
const MOST_BYTES: usize = 64 << 20;
/// The two lengths that a frame begins with.
pub const HEADER: usize = 8;

/// One control: what it is called, what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// What stands beside it, unique in its set.
    pub label: String,
    /// What it is, with its first value.
    pub kind: Kind,
}

/// What a control is, with its first value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A real number between two bounds.
    Slider {
        /// Least value.
        min: f64,
        /// Greatest value.
        max: f64,
        /// Distance between two values.
        step: f64,
        /// First value.
        value: f64,
    },
    /// A whole number between two bounds.
    IntSlider {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
        /// Distance between two values.
        step: i64,
        /// First value.
        value: i64,
    },
    /// One of a few texts.
    Choice {
        /// The texts.
        options: Vec<String>,
        /// Place of the first one chosen.
        index: usize,
    },
    /// Yes or no.
    Checkbox {
        /// Whether it is ticked at first.
        value: bool,
    },
    /// A button, whose clicks are counted.
    Button,
    /// A file of the reader's own.
    Upload {
        /// What files are proposed, as browsers have it: `image/*`.
        accept: String,
    },
}

/// The present value of a control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Value {
    /// Of a slider.
    Number(f64),
    /// Of a slider of whole numbers.
    Integer(i64),
    /// Place of the text that is chosen.
    Index(usize),
    /// Of a check box.
    Checked(bool),
    /// How often a button was clicked.
    Clicks(u64),
    /// How many files were given so far; the last one comes with [`ToCells::Values`].
    Files(u64),
}

impl Kind {
    /// The value before anything moved.
    pub fn first_value(&self) -> Value {
        match self {
            Self::Slider { value, .. } => Value::Number(*value),
            Self::IntSlider { value, .. } => Value::Integer(*value),
            Self::Choice { index, .. } => Value::Index(*index),
            Self::Checkbox { value } => Value::Checked(*value),
            Self::Button => Value::Clicks(0),
            Self::Upload { .. } => Value::Files(0),
        }
    }
}

/// What a set shows in the place of its output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum View {
    /// A PNG picture, whose bytes come with the message.
    Picture {
        /// What it shows, in words.
        alt: String,
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// Plain text.
    Text {
        /// Any text.
        text: String,
    },
    /// A table.
    Table {
        /// As HTML, every text of it escaped.
        html: String,
        /// As plain text.
        text: String,
    },
    /// Why there is nothing to show.
    Failure {
        /// One or a few French lines.
        message: String,
    },
}

/// A file that the reader gave; its bytes come with the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Place of the control in its set.
    pub control: usize,
    /// Its name on the reader's machine.
    pub name: String,
}

/// What the cells' process says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FromCells {
    /// The first message of a connection.
    Hello {
        /// [`VERSION`].
        version: u32,
    },
    /// A set of controls and its first output. [`ToCells::Opened`] answers.
    Open {
        /// Number of the set, unique in the process.
        set: u64,
        /// The controls.
        controls: Vec<Control>,
        /// Places of the controls that stand side by side, row after row.
        rows: Vec<Vec<usize>>,
        /// The first output.
        view: View,
    },
    /// What the latest values gave.
    Output {
        /// The set.
        set: u64,
        /// Which values: the number of [`ToCells::Values`].
        serial: u64,
        /// The output.
        view: View,
    },
    /// The set is of no more use.
    Close {
        /// The set.
        set: u64,
    },
}

/// What the adapter says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ToCells {
    /// The set is there.
    Opened {
        /// The set.
        set: u64,
        /// The model that a page shows it by; none where no page shows controls.
        model: Option<String>,
    },
    /// The present values of all the controls. The next ones wait for the output of these.
    Values {
        /// The set.
        set: u64,
        /// Number of this message within its set, from 1.
        serial: u64,
        /// One value a control.
        values: Vec<Value>,
        /// A file that was given since.
        file: Option<File>,
    },
    /// The set is gone from all pages.
    Close {
        /// The set.
        set: u64,
    },
}

/// Why a frame is none of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// Its lengths are beyond all reason.
    Lengths,
    /// Its message is not known.
    Message(String),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Lengths => write!(f, "message de curseurs d'une longueur impossible"),
            Self::Message(reason) => write!(f, "message de curseurs illisible : {reason}"),
        }
    }
}

impl std::error::Error for FrameError {}

/// One message and the bytes that come with it, as they travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    json: Vec<u8>,
    /// A picture or a file.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// A message ready to travel.
    pub fn new(message: &impl Serialize, bytes: &[u8]) -> Self {
        Self {
            // Texts and numbers in memory are always written.
            json: serde_json::to_vec(message).unwrap_or_default(),
            bytes: bytes.to_vec(),
        }
    }

    /// A frame from its two parts, lengths known by [`lengths`].
    pub fn from_parts(mut body: Vec<u8>, message: usize) -> Self {
        let bytes = body.split_off(message.min(body.len()));
        Self { json: body, bytes }
    }

    /// The frame as bytes.
    pub fn encode(&self) -> Vec<u8> {
        let length = |part: &[u8]| u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes();
        let mut all = Vec::with_capacity(HEADER + self.json.len() + self.bytes.len());
        all.extend(length(&self.json));
        all.extend(length(&self.bytes));
        all.extend(&self.json);
        all.extend(&self.bytes);
        all
    }

    /// The message.
    ///
    /// # Errors
    /// [`FrameError::Message`] for one that this version does not know.
    pub fn message<T: DeserializeOwned>(&self) -> Result<T, FrameError> {
        serde_json::from_slice(&self.json).map_err(|error| FrameError::Message(error.to_string()))
    }

    /// Reads the next frame; `None` at the end.
    ///
    /// # Errors
    /// What the reader says, and [`io::ErrorKind::InvalidData`] for lengths that make no sense.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut header = [0; HEADER];
        match from.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let (message, bytes) =
            lengths(header).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let mut body = vec![0; message + bytes];
        from.read_exact(&mut body)?;
        Ok(Some(Self::from_parts(body, message)))
    }
}

/// The lengths of the message and of the bytes that follow a header.
///
/// # Errors
/// [`FrameError::Lengths`] for what no frame of ours has.
pub fn lengths(header: [u8; HEADER]) -> Result<(usize, usize), FrameError> {
    let [a, b, c, d, e, f, g, h] = header;
    let length = |bytes| usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(usize::MAX);
    let (message, bytes) = (length([a, b, c, d]), length([e, f, g, h]));
    if message > LONGEST_MESSAGE || bytes > MOST_BYTES {
        return Err(FrameError::Lengths);
    }
    Ok((message, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> FromCells {
        let control = |label: &str, kind| Control {
            label: label.to_owned(),
            kind,
        };
        FromCells::Open {
            set: 1,
            controls: vec![
                control(
                    "Luminosité",
                    Kind::Slider {
                        min: 0.0,
                        max: 1.0,
                        step: 0.01,
                        value: 0.5,
                    },
                ),
                control(
                    "Images",
                    Kind::IntSlider {
                        min: -3,
                        max: 12,
                        step: 1,
                        value: 4,
                    },
                ),
                control(
                    "Modèle",
                    Kind::Choice {
                        options: vec!["CNN".to_owned(), "DB-VAE".to_owned()],
                        index: 1,
                    },
                ),
                control("Groupes", Kind::Checkbox { value: true }),
                control("Tirer", Kind::Button),
                control(
                    "Photo",
                    Kind::Upload {
                        accept: "image/*".to_owned(),
                    },
                ),
            ],
            rows: vec![vec![0, 1], vec![2], vec![3, 4, 5]],
            view: View::Picture {
                alt: "un visage".to_owned(),
                width: 2,
                height: 3,
            },
        }
    }

    #[test]
    fn frames_follow_each_other_and_end() {
        let values = ToCells::Values {
            set: 1,
            serial: 2,
            values: vec![Value::Number(0.25), Value::Integer(-1), Value::Files(1)],
            file: Some(File {
                control: 5,
                name: "moi.png".to_owned(),
            }),
        };
        let mut wire = Frame::new(&sample(), b"\x89PNG").encode();
        wire.extend(Frame::new(&values, &[0, 255]).encode());
        let mut from = &wire[..];
        let frame = Frame::read(&mut from).unwrap().unwrap();
        assert_eq!(frame.message(), Ok(sample()));
        assert_eq!(frame.bytes, b"\x89PNG");
        let frame = Frame::read(&mut from).unwrap().unwrap();
        assert_eq!(frame.message(), Ok(values));
        assert_eq!(Frame::read(&mut from).unwrap(), None);
    }

    #[test]
    fn what_is_cut_or_beyond_reason_is_refused() {
        let wire = Frame::new(&sample(), b"abc").encode();
        for end in HEADER..wire.len() {
            assert!(Frame::read(&mut &wire[..end]).is_err(), "{end}");
        }
        assert_eq!(lengths([0xff; HEADER]), Err(FrameError::Lengths));
        let frame = Frame::new(&sample(), b"");
        assert!(frame.message::<ToCells>().is_err());
        assert!(
            Frame::from_parts(vec![0xff; 3], 9)
                .message::<ToCells>()
                .is_err()
        );
    }

    #[test]
    fn every_control_has_a_first_value() {
        let FromCells::Open { controls, .. } = sample() else {
            unreachable!()
        };
        let values: Vec<Value> = controls.iter().map(|c| c.kind.first_value()).collect();
        assert_eq!(
            values,
            [
                Value::Number(0.5),
                Value::Integer(4),
                Value::Index(1),
                Value::Checked(true),
                Value::Clicks(0),
                Value::Files(0),
            ]
        );
    }
}
