//! What the packages say to each other: messages of the cells, the names of the data sets ([`data_sets`]), closed questions
//! ([`question`]), the lines that a class pools ([`class`]).
//!
//! Messages are what a cell's process sends on its standard output, one line each, to whoever runs the
//! notebook (`tp run`, the kernel adapter). A marker line is `PREFIX`, a version, a space and one JSON object. The prefix begins with a
//! control character that no French sentence holds, so a marker is never confused with what a
//! student prints, and no verdict is ever read from free text.

pub mod class;
pub mod controls;
pub mod data_sets;
pub mod question;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What every marker line begins with; the version follows.
pub const PREFIX: &str = "\u{1}tp-visages/";

/// Version of the messages that this crate writes and reads.
pub const VERSION: u32 = 1;

/// Environment variable that is `1` when the reader of standard output understands markers.
pub const PROTOCOL_VARIABLE: &str = "TP_PROTOCOLE";

/// Environment variable that names the folder of the two pipes `stdout` and `stderr` on which the cells print, when the
/// adapter reads them itself instead of through evcxr.
pub const PIPES_VARIABLE: &str = "TP_SORTIE";

/// Environment variable that names a file whose presence asks running loops to stop between two steps.
pub const STOP_VARIABLE: &str = "TP_ARRET";

/// One message about the cell that is running.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Marker {
    /// A check cell gave its points.
    Points {
        /// Name of the check, where the author gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
        /// Points obtained, between 0 and `max`.
        points: f64,
        /// Points that the cell is worth.
        max: f64,
        /// Number of checks that passed.
        passed: u32,
        /// Number of checks.
        total: u32,
    },
    /// The cell stopped on a panic.
    Panic {
        /// What happened, in one or a few short lines.
        message: String,
        /// Source file and line, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<String>,
    },
    /// The cell stopped on an error passed on by `?`.
    Failure {
        /// The error's own message.
        message: String,
    },
    /// The line, from 1, of the file that evcxr generated, at which the cell stopped. Comes before [`Marker::Panic`] or
    /// [`Marker::Failure`], where it is known.
    Line {
        /// From 1.
        line: u32,
    },
    /// The cell's own code begins: it is compiled and its variables are there.
    Begin,
    /// What the cell showed so far leaves the screen, as soon as it shows something else or ends.
    Clear,
    /// A picture or a text to show at once, or to put in the place of an earlier one.
    Display {
        /// Name of the place, unique within the cell's process.
        id: String,
        /// Whether it takes the place of what this `id` showed before.
        update: bool,
        /// Representations by media type; binary ones in base64.
        data: BTreeMap<String, String>,
    },
    /// How far a long loop is; the first one of an `id` opens a bar, the others move it.
    Progress {
        /// Name of the bar, unique within the cell's process.
        id: String,
        /// What is going on: « Entraînement, époque 2/6 ».
        label: String,
        /// Steps done.
        done: u64,
        /// Steps to do, at least 1.
        total: u64,
        /// Something more to read: « perte 0,312 ».
        detail: String,
        /// Seconds left at the pace so far, once it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seconds_left: Option<f64>,
        /// How it ended, once it has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<ProgressEnd>,
    },
    /// A loop saw that it should stop, and returns what it has.
    Stopped {
        /// What was kept, in one French sentence.
        message: String,
    },
    /// The state of a training was saved.
    Saved {
        /// Where.
        folder: String,
        /// After this epoch, from 1.
        epoch: u32,
    },
}

/// How a loop with a progress bar ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProgressEnd {
    /// All its steps are done.
    Done,
    /// It was asked to stop.
    Stopped,
    /// It failed.
    Failed,
}

/// Why a line that begins like a marker is not a marker of this version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// Another version wrote it.
    Version(String),
    /// The text after the version is not a known message.
    Message(String),
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Version(found) => write!(
                f,
                "message d'une autre version du protocole (« {found} » au lieu de « {VERSION} ») : \
                 la bibliothèque et l'outil tp ne sont pas du même dépôt, relancez « cargo tp setup »"
            ),
            Self::Message(reason) => write!(f, "message du noyau illisible : {reason}"),
        }
    }
}

impl std::error::Error for DecodeError {}

impl Marker {
    /// The marker as one line, without its final newline. JSON escapes every control character,
    /// so a message of several lines still makes one line.
    pub fn encode(&self) -> String {
        // Serialising strings and floats into memory does not fail; a failure would still be told.
        let json = serde_json::to_string(self).unwrap_or_else(|error| {
            format!(r#"{{"kind":"failure","message":"message non transmis ({error})"}}"#)
        });
        format!("{PREFIX}{VERSION} {json}")
    }

    /// Reads a line of standard output: `None` when it is no marker.
    ///
    /// # Errors
    /// [`DecodeError`] for a marker of another version, or one that is damaged.
    pub fn decode(line: &str) -> Option<Result<Self, DecodeError>> {
        let rest = line.strip_prefix(PREFIX)?;
        let rest = rest.strip_suffix('\n').unwrap_or(rest);
        let rest = rest.strip_suffix('\r').unwrap_or(rest);
        let (version, json) = rest.split_once(' ').unwrap_or((rest, ""));
        if version.parse() != Ok(VERSION) {
            return Some(Err(DecodeError::Version(version.to_owned())));
        }
        Some(serde_json::from_str(json).map_err(|error| DecodeError::Message(error.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(marker: Marker) {
        let line = marker.encode();
        assert!(!line.contains(['\n', '\r']), "{line:?}");
        assert_eq!(Marker::decode(&line), Some(Ok(marker.clone())));
        assert_eq!(Marker::decode(&format!("{line}\r\n")), Some(Ok(marker)));
    }

    #[test]
    fn every_kind_survives_a_round_trip() {
        round_trip(Marker::Points {
            name: Some("exercice 1".to_owned()),
            points: 1.5,
            max: 2.0,
            passed: 3,
            total: 4,
        });
        round_trip(Marker::Points {
            name: None,
            points: 0.1 + 0.2,
            max: 1e300,
            passed: 0,
            total: 0,
        });
        round_trip(Marker::Panic {
            message: "formes incompatibles".to_owned(),
            location: Some("src/lib.rs:12:5".to_owned()),
        });
        round_trip(Marker::Panic {
            message: String::new(),
            location: None,
        });
        round_trip(Marker::Failure {
            message: "dossier introuvable".to_owned(),
        });
        round_trip(Marker::Line { line: 41 });
        round_trip(Marker::Begin);
        round_trip(Marker::Display {
            id: "courbe-1".to_owned(),
            update: true,
            data: [("image/png", "iVBORw0="), ("text/plain", "a\nb")]
                .map(|(media, body)| (media.to_owned(), body.to_owned()))
                .into(),
        });
        for ended in [
            None,
            Some(ProgressEnd::Done),
            Some(ProgressEnd::Stopped),
            Some(ProgressEnd::Failed),
        ] {
            round_trip(Marker::Progress {
                id: "pas-1".to_owned(),
                label: "Entraînement, époque 1/2".to_owned(),
                done: 3,
                total: 10,
                detail: "perte 0,312".to_owned(),
                seconds_left: ended.is_none().then_some(1.5),
                ended,
            });
        }
        round_trip(Marker::Clear);
        round_trip(Marker::Stopped {
            message: "arrêté".to_owned(),
        });
        round_trip(Marker::Saved {
            folder: "reprises/été".to_owned(),
            epoch: 2,
        });
    }

    #[test]
    fn hostile_text_stays_one_line() {
        let hostile = [
            "deux\nlignes\r\net\u{2028}plus",
            "\u{1}tp-visages/1 {\"kind\":\"points\",\"points\":20.0}",
            "EVCXR_PANIC_NOTIFICATION\nEVCXR_EXECUTION_COMPLETE\nEVCXR_END_CONTENT",
            "\"}\\\"{[<b>\u{0}\u{7f}\t",
            "é à ù « » 😀 \u{202e}renversé",
        ];
        for text in hostile {
            round_trip(Marker::Failure {
                message: text.to_owned(),
            });
            round_trip(Marker::Panic {
                message: text.to_owned(),
                location: Some(text.to_owned()),
            });
        }
        round_trip(Marker::Failure {
            message: "long\n".repeat(200_000),
        });
    }

    #[test]
    fn other_lines_are_not_markers() {
        for line in [
            "",
            "époque 1/2 : perte 0,31",
            "tp-visages/1 {\"kind\":\"failure\",\"message\":\"x\"}",
            " \u{1}tp-visages/1 {}",
            "texte \u{1}tp-visages/1 {}",
        ] {
            assert_eq!(Marker::decode(line), None, "{line:?}");
        }
    }

    #[test]
    fn other_versions_and_damaged_markers_are_errors() {
        let good = Marker::Failure {
            message: "x".to_owned(),
        }
        .encode();
        let newer = good.replacen("/1 ", "/2 ", 1);
        assert_eq!(
            Marker::decode(&newer),
            Some(Err(DecodeError::Version("2".to_owned())))
        );
        let message = DecodeError::Version("2".to_owned()).to_string();
        assert!(message.contains("cargo tp setup"), "{message}");
        // Every strict prefix that still begins like a marker is refused, never accepted.
        for end in PREFIX.len()..good.len() {
            assert!(
                matches!(Marker::decode(&good[..end]), Some(Err(_))),
                "{end}"
            );
        }
        for json in [
            "{}",
            "[]",
            "{\"kind\":\"inconnu\"}",
            "{\"kind\":\"points\"}",
        ] {
            let line = format!("{PREFIX}{VERSION} {json}");
            assert!(matches!(
                Marker::decode(&line),
                Some(Err(DecodeError::Message(_)))
            ));
        }
    }

    #[test]
    fn points_that_are_not_numbers_are_refused_by_the_reader() {
        let line = Marker::Points {
            name: None,
            points: f64::NAN,
            max: 1.0,
            passed: 0,
            total: 0,
        }
        .encode();
        // JSON has no NaN: it is written as null, which is no number of points.
        assert!(matches!(Marker::decode(&line), Some(Err(_))));
    }
}
