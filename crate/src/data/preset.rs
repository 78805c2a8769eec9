//! How much a lab computes: for a check, for a session, or as the original does.

use std::{fmt, str::FromStr};

use crate::error::{Error, Result};

/// Environment variable that names the preset.
pub const PRESET_VARIABLE: &str = "TP_PRESET";

/// Sizes of data and trainings: the same cells serve the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Preset {
    /// A whole lab in minutes, for automatic checks: results mean little.
    Quick,
    /// The student's default: no training beyond 20 minutes on 2 cores.
    #[default]
    Session,
    /// The sizes and epochs of the original lab.
    Full,
}

impl Preset {
    /// Every preset, from the shortest to the longest.
    pub const ALL: [Preset; 3] = [Preset::Quick, Preset::Session, Preset::Full];

    /// The preset's name, as `TP_PRESET` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Quick => "rapide",
            Preset::Session => "seance",
            Preset::Full => "complet",
        }
    }

    /// One of three values, by preset: epochs, numbers of images, steps.
    ///
    /// ```
    /// use visages::data::Preset;
    /// assert_eq!(Preset::Session.choose(1, 2, 6), 2);
    /// ```
    pub fn choose<T>(self, quick: T, session: T, full: T) -> T {
        match self {
            Preset::Quick => quick,
            Preset::Session => session,
            Preset::Full => full,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = Error;

    /// Reads a name, in any case, with or without its accent.
    fn from_str(text: &str) -> Result<Self> {
        let wanted = text.trim().to_lowercase().replace('é', "e");
        Self::ALL
            .into_iter()
            .find(|preset| preset.name() == wanted)
            .ok_or_else(|| Error::Setting {
                variable: PRESET_VARIABLE,
                value: text.to_owned(),
                accepted: Self::ALL.map(Self::name).join(", "),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_others_refused() {
        for preset in Preset::ALL {
            assert_eq!(preset.to_string().parse::<Preset>().unwrap(), preset);
        }
        assert_eq!(" Séance ".parse::<Preset>().unwrap(), Preset::Session);
        let message = "lent".parse::<Preset>().unwrap_err().to_string();
        assert!(message.contains("rapide, seance, complet"), "{message}");
    }
}
