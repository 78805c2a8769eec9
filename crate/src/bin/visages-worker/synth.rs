//! Drawn faces for `tp data synth`: a folder in the manner of UTKFace, a contact sheet.

use std::{io::Write, path::PathBuf};

use serde::{Deserialize, Serialize};
use visages::{
    data::{Bias, DrawnFacesConfig, FolderReport},
    figures::drawn_faces_sheet,
    host::StopFlag,
};

use crate::error::Result;

/// What is drawn, and where.
#[derive(Debug, Deserialize)]
pub struct Drawing {
    faces: usize,
    side: usize,
    seed: u64,
    bias: Option<BiasName>,
    difficulty: f64,
    /// Folder or file, absolute.
    output: PathBuf,
}

/// The names of `tp`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BiasName {
    RareAndUnderexposed,
    Balanced,
    UnderexposedOnly,
    RareOnly,
}

impl From<BiasName> for Bias {
    fn from(name: BiasName) -> Self {
        match name {
            BiasName::RareAndUnderexposed => Self::RareAndUnderexposed,
            BiasName::Balanced => Self::Balanced,
            BiasName::UnderexposedOnly => Self::UnderexposedOnly,
            BiasName::RareOnly => Self::RareOnly,
        }
    }
}

/// A line before the answer: how many files are there.
#[derive(Debug, Serialize)]
struct Advance {
    done: usize,
    total: usize,
}

impl Drawing {
    fn config(&self) -> DrawnFacesConfig {
        DrawnFacesConfig {
            faces: self.faces,
            side: self.side,
            seed: self.seed,
            bias: self.bias.map(Bias::from),
            difficulty: self.difficulty,
        }
    }

    /// Writes the folder; says on `output` how far it is. An interruption ends the process: the folder can be finished later.
    pub fn write_folder(&self, output: &mut impl Write) -> Result<FolderReport> {
        let advance = |done, total| {
            let line = serde_json::to_string(&Advance { done, total }).unwrap_or_default();
            // Whoever asked may be gone; the next answer will tell.
            let _ = writeln!(output, "{line}").and_then(|()| output.flush());
        };
        Ok(self
            .config()
            .write_utkface_folder(&self.output, &StopFlag::new(), advance)?)
    }

    /// Writes the contact sheet.
    pub fn write_sheet(&self) -> Result<()> {
        Ok(drawn_faces_sheet(&self.config())?.save(&self.output)?)
    }
}
