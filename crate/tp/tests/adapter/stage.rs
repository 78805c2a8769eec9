//! The part that the stand-in plays for live controls: a set of one control of each kind, whose output is its values as text.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tp_protocol::controls::{
    Control, Frame, FromCells, Kind, SOCKET_VARIABLE, ToCells, VERSION, Value, View,
};
use tp_protocol::{Marker, STOP_VARIABLE};

/// Sets that were closed by the adapter.
static CLOSED: AtomicUsize = AtomicUsize::new(0);
/// Connections that are open.
static OPEN: Mutex<Vec<UnixStream>> = Mutex::new(Vec::new());

pub fn controls() -> Vec<Control> {
    let control = |label: &str, kind| Control {
        label: label.to_owned(),
        kind,
    };
    vec![
        control(
            "Seuil",
            Kind::Slider {
                min: 0.0,
                max: 1.0,
                step: 0.01,
                value: 0.5,
            },
        ),
        control(
            "Modèle",
            Kind::Choice {
                options: vec!["CNN".to_owned(), "DB-VAE".to_owned()],
                index: 0,
            },
        ),
        control("Tirer", Kind::Button),
        control(
            "Photo",
            Kind::Upload {
                accept: "image/*".to_owned(),
            },
        ),
    ]
}

/// Opens a set; `how` is empty, « lent » (300 ms an output), « sourd » (no output at all), « docile » (one once it
/// is asked to stop), « image » (a picture of noise, for a
/// real page).
pub fn open(how: &str, out: &mut dyn Write) {
    let path = std::env::var_os(SOCKET_VARIABLE).unwrap();
    let mut stream = UnixStream::connect(path).unwrap();
    let view = View::Text {
        text: "premier <état>".to_owned(),
    };
    let open = FromCells::Open {
        set: 7,
        controls: controls(),
        rows: vec![vec![0], vec![1, 2], vec![3]],
        view,
    };
    for message in [FromCells::Hello { version: VERSION }, open] {
        stream
            .write_all(&Frame::new(&message, b"").encode())
            .unwrap();
    }
    let opened = Frame::read(&mut stream).unwrap().unwrap();
    let ToCells::Opened { set: 7, model } = opened.message().unwrap() else {
        panic!("{opened:?}");
    };
    let mut data = vec![("text/plain".to_owned(), "premier état".to_owned())];
    if let Some(model) = model {
        let view = serde_json::json!({"model_id": model, "version_major": 2, "version_minor": 0});
        data.push((
            "application/vnd.jupyter.widget-view+json".to_owned(),
            view.to_string(),
        ));
    }
    let marker = Marker::Display {
        id: "curseurs-1".to_owned(),
        update: false,
        data: data.into_iter().collect(),
    };
    writeln!(out, "{}", marker.encode()).unwrap();
    OPEN.lock().unwrap().push(stream.try_clone().unwrap());
    let how = how.to_owned();
    std::thread::spawn(move || answer(stream, &how));
}

fn answer(mut stream: UnixStream, how: &str) {
    while let Ok(Some(frame)) = Frame::read(&mut stream) {
        match frame.message().unwrap() {
            ToCells::Values {
                set,
                serial,
                values,
                file,
            } => {
                if how == "sourd" {
                    continue;
                }
                // Works until it is asked to stop.
                let stop = PathBuf::from(std::env::var_os(STOP_VARIABLE).unwrap());
                while how == "docile" && !stop.exists() {
                    std::thread::sleep(Duration::from_millis(10));
                }
                if how == "lent" {
                    std::thread::sleep(Duration::from_millis(300));
                }
                let file = file.map(|file| format!(" {} {:?}", file.name, frame.bytes));
                let text = format!("{values:?}{}", file.unwrap_or_default());
                let (view, bytes) = match how {
                    "image" => picture(&values, text),
                    _ => (View::Text { text }, Vec::new()),
                };
                let output = FromCells::Output { set, serial, view };
                let _ = stream.write_all(&Frame::new(&output, &bytes).encode());
            }
            ToCells::Close { .. } => {
                CLOSED.fetch_add(1, Ordering::Relaxed);
            }
            ToCells::Opened { .. } => {}
        }
    }
}

/// How many sets were closed.
pub fn closed() -> usize {
    CLOSED.load(Ordering::Relaxed)
}

/// Ends all connections, as the end of the cells' process does.
pub fn hang_up() {
    for stream in OPEN.lock().unwrap().drain(..) {
        let _ = stream.shutdown(std::net::Shutdown::Both);
    }
}

/// Sends what is no message of ours.
pub fn babble() {
    let path = std::env::var_os(SOCKET_VARIABLE).unwrap();
    let hello = Frame::new(&FromCells::Hello { version: VERSION }, b"").encode();
    for junk in [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        vec![0xff; 5000],
        vec![0; 64],
        [hello.clone(), vec![0xff; 8]].concat(),
        [hello.clone(), Frame::new(&"rien", b"x").encode()].concat(),
        hello[..5].to_vec(),
        Vec::new(),
    ] {
        let mut stream = UnixStream::connect(&path).unwrap();
        let _ = stream.write_all(&junk);
    }
    // Outputs and ends of sets that do not exist.
    let mut stream = UnixStream::connect(&path).unwrap();
    let view = View::Text {
        text: String::new(),
    };
    let nowhere = FromCells::Output {
        set: 99,
        serial: 3,
        view,
    };
    let _ = stream.write_all(&hello);
    for message in [nowhere, FromCells::Close { set: 98 }] {
        let _ = stream.write_all(&Frame::new(&message, b"").encode());
    }
}

/// A grey picture of 256 × 256 pixels, about as heavy as a figure: noise around what the slider says.
fn picture(values: &[Value], alt: String) -> (View, Vec<u8>) {
    const SIDE: u32 = 256;
    let shade = match values.first() {
        Some(Value::Number(number)) => (*number * 200.0) as u32,
        _ => 0,
    };
    let mut noise = 1_u32;
    let mut rows = Vec::new();
    // Before each row of pixels, the number of its filter: none.
    for place in 0..SIDE * (SIDE + 1) {
        if place % (SIDE + 1) == 0 {
            rows.push(0);
            continue;
        }
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        rows.push((shade + (noise >> 24) % 56) as u8);
    }
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    deflated.write_all(&rows).unwrap();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    header.extend([8, 0, 0, 0, 0]);
    for (kind, body) in [
        (b"IHDR", header),
        (b"IDAT", deflated.finish().unwrap()),
        (b"IEND", Vec::new()),
    ] {
        png.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        let chunk = [&kind[..], &body].concat();
        let mut sum = flate2::Crc::new();
        sum.update(&chunk);
        png.extend(chunk);
        png.extend(sum.sum().to_be_bytes());
    }
    let view = View::Picture {
        alt,
        width: SIDE,
        height: SIDE,
    };
    (view, png)
}
