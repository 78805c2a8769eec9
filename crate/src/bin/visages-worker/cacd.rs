//! CACD → the folders of the « young or old » lab, for `tp data import`.

use std::{io::Write, path::PathBuf};

use serde::{Deserialize, Serialize};
use visages::data::cacd::YoungOldConfig;

use crate::{error::Result, protocol::Answer};

/// Where the pictures are, and where the lab's go.
#[derive(Debug, Deserialize)]
pub struct Preparation {
    source: PathBuf,
    output: PathBuf,
}

/// A line before the answer: how many pictures are there.
#[derive(Debug, Serialize)]
struct Advance {
    done: usize,
    total: usize,
}

impl Preparation {
    /// Writes the pictures; says on `output` how far it is.
    pub fn write(&self, output: &mut impl Write) -> Result<Answer> {
        let report =
            YoungOldConfig::default().write(&self.source, &self.output, |done, total| {
                let line = serde_json::to_string(&Advance { done, total }).unwrap_or_default();
                // Whoever asked may be gone; the next answer will tell.
                let _ = writeln!(output, "{line}").and_then(|()| output.flush());
            })?;
        Ok(Answer::Cacd {
            ok: true,
            train: report.train,
            test: report.test,
            unreadable: report.unreadable,
        })
    }
}
