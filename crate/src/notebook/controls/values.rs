//! What the function of a set is given: the present values, by label.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use image::RgbImage;
use tp_protocol::controls::{File, Kind, Value};

use super::builder::Panel;
use crate::{
    data::decode_bytes,
    error::{Error, Result},
    french::{compact, format_number},
};

/// The present values of a set of controls. A label that no control of the asked kind has is told in the place of the output,
/// with those that exist.
///
/// ```
/// use visages::prelude::*;
/// let controls = Controls::new().slider("Seuil", 0.0..=1.0, 0.5);
/// let error = interact(controls, |values| format_number(values.number("Seui"), 2)).unwrap_err();
/// assert!(error.to_string().contains("« Seuil »"));
/// ```
#[derive(Debug)]
pub struct Values {
    panel: Arc<Panel>,
    now: Vec<Value>,
    /// One a control, where a file was given.
    files: Vec<Option<Upload>>,
    mistake: Mutex<Option<(String, String)>>,
}

/// A file that the reader gave. Its bytes are in this program's memory alone.
#[derive(Debug)]
pub struct Upload {
    name: String,
    bytes: Vec<u8>,
    decoded: OnceLock<std::result::Result<RgbImage, String>>,
}

impl Upload {
    fn new(name: String, bytes: Vec<u8>) -> Self {
        Self {
            name,
            bytes,
            decoded: OnceLock::new(),
        }
    }

    /// Its name on the reader's machine.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it holds.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The picture, upright, decoded once.
    ///
    /// # Errors
    /// [`Error::Upload`] for what is no JPEG or PNG picture, is damaged, or has more than 64 million pixels.
    pub fn image(&self) -> Result<&RgbImage> {
        let decoded = self.decoded.get_or_init(|| decode_bytes(&self.bytes));
        decoded.as_ref().map_err(|reason| Error::Upload {
            name: self.name.clone(),
            reason: reason.clone(),
        })
    }
}

impl Values {
    pub(super) fn first(panel: Arc<Panel>) -> Self {
        let controls = panel.controls.iter();
        Self {
            now: controls.map(|control| control.kind.first_value()).collect(),
            files: panel.controls.iter().map(|_| None).collect(),
            mistake: Mutex::new(None),
            panel,
        }
    }

    pub(super) fn panel(&self) -> &Panel {
        &self.panel
    }

    /// Takes newer values; a file stays until the next one of its control.
    pub(super) fn renew(&mut self, values: Vec<Value>, file: Option<(File, Vec<u8>)>) {
        if values.len() == self.now.len() {
            self.now = values;
        }
        if let Some((file, bytes)) = file
            && let Some(kept) = self.files.get_mut(file.control)
        {
            *kept = Some(Upload::new(file.name, bytes));
        }
    }

    /// The number of a slider, of real or of whole numbers.
    pub fn number(&self, label: &str) -> f64 {
        match self.find(label, "un curseur") {
            Some((_, Value::Number(number))) => *number,
            Some((_, Value::Integer(number))) => *number as f64,
            Some(_) => self.wrong(label, "un curseur", f64::NAN),
            None => f64::NAN,
        }
    }

    /// The number of a slider of whole numbers.
    pub fn integer(&self, label: &str) -> i64 {
        match self.find(label, "un curseur d'entiers") {
            Some((_, Value::Integer(number))) => *number,
            Some(_) => self.wrong(label, "un curseur d'entiers", 0),
            None => 0,
        }
    }

    /// The text that is chosen in a list.
    pub fn choice(&self, label: &str) -> &str {
        let chosen = match self.find(label, "une liste de choix") {
            Some((control, Value::Index(index))) => match &self.panel.controls[control].kind {
                Kind::Choice { options, .. } => options.get(*index),
                _ => None,
            },
            Some(_) => self.wrong(label, "une liste de choix", None),
            None => None,
        };
        chosen.map_or("", String::as_str)
    }

    /// Whether a box is ticked.
    pub fn checked(&self, label: &str) -> bool {
        match self.find(label, "une case à cocher") {
            Some((_, Value::Checked(checked))) => *checked,
            Some(_) => self.wrong(label, "une case à cocher", false),
            None => false,
        }
    }

    /// How often a button was clicked.
    pub fn clicks(&self, label: &str) -> u64 {
        match self.find(label, "un bouton") {
            Some((_, Value::Clicks(clicks))) => *clicks,
            Some(_) => self.wrong(label, "un bouton", 0),
            None => 0,
        }
    }

    /// The file that was given, once there is one.
    pub fn file(&self, label: &str) -> Option<&Upload> {
        match self.find(label, "un envoi de fichier") {
            Some((control, Value::Files(_))) => self.files.get(control)?.as_ref(),
            Some(_) => self.wrong(label, "un envoi de fichier", None),
            None => None,
        }
    }

    fn find(&self, label: &str, what: &str) -> Option<(usize, &Value)> {
        let controls = &self.panel.controls;
        let found = controls.iter().position(|control| control.label == label);
        if found.is_none() {
            let labels = controls
                .iter()
                .map(|control| format!("« {} »", control.label));
            let labels: Vec<String> = labels.collect();
            let expected = format!("le nom d'une commande, ici {}", labels.join(", "));
            self.note(format!("« {label} » pour {what}"), expected);
        }
        found.and_then(|control| Some((control, self.now.get(control)?)))
    }

    /// A control of another kind.
    fn wrong<T>(&self, label: &str, what: &str, instead: T) -> T {
        let kind = self.panel.controls.iter().find(|one| one.label == label);
        let is = match kind.map(|control| &control.kind) {
            Some(Kind::Slider { .. }) => "un curseur, lu avec « number »",
            Some(Kind::IntSlider { .. }) => "un curseur d'entiers, lu avec « integer »",
            Some(Kind::Choice { .. }) => "une liste, lue avec « choice »",
            Some(Kind::Checkbox { .. }) => "une case, lue avec « checked »",
            Some(Kind::Button) => "un bouton, lu avec « clicks »",
            Some(Kind::Upload { .. }) => "un envoi de fichier, lu avec « file »",
            None => "autre chose",
        };
        self.note(
            format!("« {label} » n'est pas {what}"),
            format!("c'est {is}"),
        );
        instead
    }

    fn note(&self, found: String, expected: String) {
        let mut mistake = self.mistake.lock().unwrap_or_else(PoisonError::into_inner);
        mistake.get_or_insert((found, expected));
    }

    /// The first label that was asked for in vain since the last question.
    pub(super) fn mistake(&self) -> Option<Error> {
        let mut mistake = self.mistake.lock().unwrap_or_else(PoisonError::into_inner);
        let (found, expected) = mistake.take()?;
        Some(Error::argument("label", found, expected))
    }

    /// All values on one line, buttons and files apart: « Seuil : 0,5 · Modèle : CNN ».
    pub(super) fn described(&self) -> String {
        let all = self.panel.controls.iter().zip(&self.now);
        let told = all.filter_map(|(control, value)| {
            let text = match (value, &control.kind) {
                (Value::Number(number), _) => compact(*number),
                (Value::Integer(number), _) => format_number(*number as f64, 0),
                (Value::Index(index), Kind::Choice { options, .. }) => options.get(*index)?.clone(),
                (Value::Checked(true), _) => "oui".to_owned(),
                (Value::Checked(false), _) => "non".to_owned(),
                _ => return None,
            };
            Some(format!("{} : {text}", control.label))
        });
        let told: Vec<String> = told.collect();
        format!("Valeurs des curseurs · {}", told.join(" · "))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Controls, *};

    fn values() -> Values {
        let controls = Controls::new()
            .slider("Seuil", 0.0..=1.0, 0.5)
            .int_slider("Images", 1..=2000, 1200)
            .choice("Modèle", &["CNN", "DB-VAE"])
            .checkbox("Groupes", true)
            .button("Tirer")
            .upload("Photo");
        Values::first(controls.build().unwrap())
    }

    #[test]
    fn values_are_read_by_their_labels() {
        let mut values = values();
        assert_eq!(
            (values.number("Seuil"), values.integer("Images")),
            (0.5, 1200)
        );
        assert_eq!(values.number("Images"), 1200.0);
        assert_eq!(
            (values.choice("Modèle"), values.checked("Groupes")),
            ("CNN", true)
        );
        assert_eq!(values.clicks("Tirer"), 0);
        assert!(values.file("Photo").is_none() && values.mistake().is_none());
        assert_eq!(
            values.described(),
            "Valeurs des curseurs · Seuil : 0,5 · Images : 1\u{202f}200 · Modèle : CNN · Groupes : oui"
        );
        let file = File {
            control: 5,
            name: "moi.txt".to_owned(),
        };
        let mut now = values.now.clone();
        now[2] = Value::Index(1);
        values.renew(now.clone(), Some((file, b"texte".to_vec())));
        values.renew(now, None);
        assert_eq!(values.choice("Modèle"), "DB-VAE");
        let upload = values.file("Photo").unwrap();
        let error = upload.image().unwrap_err().to_string();
        assert!(
            error.contains("« moi.txt »") && error.contains("ni du JPEG ni du PNG"),
            "{error}"
        );
        assert!(!error.contains('\n'));
    }

    #[test]
    fn a_wrong_label_is_told_once_with_those_that_exist() {
        let values = values();
        assert!(values.number("Seui").is_nan());
        assert_eq!(values.integer("Seuil"), 0);
        let error = values.mistake().unwrap().to_string();
        assert!(
            error.contains("« Seui »") && error.contains("« Modèle »"),
            "{error}"
        );
        assert!(values.mistake().is_none());
        assert!(!values.checked("Modèle"));
        let error = values.mistake().unwrap().to_string();
        assert!(error.contains("lue avec « choice »"), "{error}");
    }

    #[test]
    fn pictures_are_upright_and_huge_ones_are_refused_in_one_line() {
        let picture = RgbImage::from_fn(4, 2, |x, _| image::Rgb([x as u8 * 60, 0, 0]));
        let mut png = std::io::Cursor::new(Vec::new());
        picture.write_to(&mut png, image::ImageFormat::Png).unwrap();
        let png = png.into_inner();
        let upload = Upload::new("a.png".to_owned(), png.clone());
        assert_eq!(upload.image().unwrap(), &picture);
        // A header that announces 100 million pixels.
        let mut huge = png;
        huge[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
        let error = Upload::new("b.png".to_owned(), huge).image().unwrap_err();
        assert!(!error.to_string().contains('\n'), "{error}");
        for bytes in [&b""[..], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"] {
            let error = Upload::new("c".to_owned(), bytes.to_vec())
                .image()
                .unwrap_err();
            assert!(!error.to_string().contains('\n'), "{error}");
        }
    }
}
