//! What a UTKFace file name says, and what is wrong with it.

/// Oldest age that is believed; the oldest label of the data set is 116.
pub const MAX_AGE: i32 = 120;
/// Digits of the moment in a well-formed name: year, month, day, hour, minute, second, thousandths.
const STAMP_DIGITS: usize = 17;
/// Digits from which a last field is a moment rather than a label.
const SHORTEST_STAMP: usize = 12;
/// Endings of well-formed names: aligned faces, photographs « in the wild », drawn faces.
const ENDINGS: [&str; 4] = [".jpg.chip.jpg", ".jpg", ".jpeg", ".png"];
/// Characters of a file name that a message quotes.
const QUOTED: usize = 24;

/// The labels that a file name carries: `[age]_[gender]_[race]_[yyyymmddHHMMSSFFF].jpg.chip.jpg`.
///
/// A label that lacks or makes no sense is `None` and has its line in [`issues`](Self::issues); the
/// others are kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UtkName {
    /// Age in years, 0 to [`MAX_AGE`].
    pub age: Option<i32>,
    /// Gender as annotated: 0 a man, 1 a woman.
    pub gender: Option<u8>,
    /// Origin as annotated, the format's « race »: 0 to 4.
    pub race: Option<u8>,
    /// When the picture was collected: `2017-01-16 17:45:25.125`.
    pub captured_at: Option<String>,
    /// What is wrong with the name, in French; nothing for a well-formed one.
    pub issues: Vec<String>,
}

impl UtkName {
    /// Reads a file name, whatever it is.
    ///
    /// ```
    /// use visages::data::utkface::UtkName;
    /// let name = UtkName::parse("61_1_20170109142408075.jpg.chip.jpg");
    /// assert_eq!((name.age, name.gender, name.race), (Some(61), Some(1), None));
    /// assert_eq!(name.issues, ["origine absente"]);
    /// ```
    pub fn parse(file_name: &str) -> Self {
        let mut name = Self::default();
        let end = file_name
            .find(|c: char| !c.is_ascii_digit() && c != '_')
            .unwrap_or(file_name.len());
        let (labels, ending) = file_name.split_at(end);
        let fields: Vec<&str> = labels.split('_').collect();
        let is_stamp = |text: &str| text.len() >= SHORTEST_STAMP;
        match fields[..] {
            [age, gender, race, stamp] => {
                name.read_age(age);
                name.read_gender(gender);
                name.read_race(race);
                name.read_stamp(stamp);
            }
            // One label lacks. The second field tells which: no gender is written 2, 3 or 4.
            [age, label, stamp] if is_stamp(stamp) => {
                name.read_age(age);
                if matches!(label, "2" | "3" | "4") {
                    name.read_gender("");
                    name.read_race(label);
                } else {
                    name.read_gender(label);
                    name.read_race("");
                }
                name.read_stamp(stamp);
            }
            _ => {
                name.issues
                    .push("nom qui ne suit pas âge_genre_origine_date".to_owned());
                return name;
            }
        }
        if !ENDINGS.contains(&ending) {
            name.issues
                .push(format!("fin de nom inhabituelle « {} »", quoted(ending)));
        }
        name
    }

    /// Whether age, gender and origin are all known.
    pub fn is_labelled(&self) -> bool {
        self.age.is_some() && self.gender.is_some() && self.race.is_some()
    }

    /// The well-formed name of an aligned face with these labels; `None` when one of them lacks.
    pub fn file_name(&self) -> Option<String> {
        let stamp: String = self
            .captured_at
            .as_deref()?
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        let (age, gender, race) = (self.age?, self.gender?, self.race?);
        Some(format!("{age}_{gender}_{race}_{stamp}.jpg.chip.jpg"))
    }

    fn read_age(&mut self, text: &str) {
        self.age = text
            .parse()
            .ok()
            .filter(|age: &i32| (0..=MAX_AGE).contains(age));
        match self.age {
            None if text.is_empty() => self.issues.push("âge absent".to_owned()),
            None => self
                .issues
                .push(format!("âge {} hors de 0 à {MAX_AGE}", quoted(text))),
            Some(age) if text != age.to_string() => {
                self.issues.push(format!("âge écrit « {} »", quoted(text)));
            }
            Some(_) => {}
        }
    }

    fn read_gender(&mut self, text: &str) {
        self.gender = code(text, 1);
        self.tell_code(self.gender, text, "genre absent", "genre", 1);
    }

    fn read_race(&mut self, text: &str) {
        self.race = code(text, 4);
        self.tell_code(self.race, text, "origine absente", "origine", 4);
    }

    fn tell_code(&mut self, code: Option<u8>, text: &str, absent: &str, what: &str, last: u8) {
        if code.is_none() {
            self.issues.push(match text.is_empty() {
                true => absent.to_owned(),
                false => format!("{what} « {} » hors de 0 à {last}", quoted(text)),
            });
        }
    }

    fn read_stamp(&mut self, text: &str) {
        if text.len() == STAMP_DIGITS {
            self.captured_at = moment(text);
            if self.captured_at.is_none() {
                self.issues.push(format!("date impossible « {text} »"));
            }
        } else if text.is_empty() {
            self.issues.push("date absente".to_owned());
        } else {
            self.issues.push(format!(
                "date de {} chiffres au lieu de {STAMP_DIGITS}",
                text.len()
            ));
        }
    }
}

/// A one-digit code from 0 to `last`.
fn code(text: &str, last: u8) -> Option<u8> {
    match text.as_bytes() {
        [digit] => digit.checked_sub(b'0').filter(|code| *code <= last),
        _ => None,
    }
}

/// `yyyymmddHHMMSSFFF` as `yyyy-mm-dd HH:MM:SS.FFF`, if there is such a moment.
fn moment(digits: &str) -> Option<String> {
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<u32>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    let (hour, minute, second) = (part(8, 10)?, part(10, 12)?, part(12, 14)?);
    let possible =
        (1..=days).contains(&day) && hour < 24 && minute < 60 && second < 60 && year >= 1;
    possible.then(|| {
        let thousandths = &digits[14..];
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{thousandths}")
    })
}

/// The beginning of a text, for a message.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::StdRng};

    type Labels = (Option<i32>, Option<u8>, Option<u8>);

    fn labels(name: &str) -> (Labels, Vec<String>) {
        let read = UtkName::parse(name);
        ((read.age, read.gender, read.race), read.issues)
    }

    #[test]
    fn a_well_formed_name_has_no_issue() {
        let name = UtkName::parse("100_0_3_20170112213500903.jpg.chip.jpg");
        assert_eq!(
            (name.age, name.gender, name.race),
            (Some(100), Some(0), Some(3))
        );
        assert_eq!(name.captured_at.as_deref(), Some("2017-01-12 21:35:00.903"));
        assert!(name.issues.is_empty() && name.is_labelled());
        assert!(
            UtkName::parse("1_1_0_20161219140623097.jpg")
                .issues
                .is_empty()
        );
    }

    /// The eight odd names of the aligned faces, and two of the photographs in the wild.
    #[test]
    fn the_known_odd_names_keep_what_they_say() {
        for (name, expected, issue) in [
            (
                "39_1_20170116174525125.jpg.chip.jpg",
                (Some(39), Some(1), None),
                "origine absente",
            ),
            (
                "61_1_20170109150557335.jpg.chip.jpg",
                (Some(61), Some(1), None),
                "origine absente",
            ),
            (
                "14_0_0_2017011022340900.jpg.chip.jpg",
                (Some(14), Some(0), Some(0)),
                "date de 16 chiffres au lieu de 17",
            ),
            (
                "28_1_2_201701161846515488.jpg.chip.jpg",
                (Some(28), Some(1), Some(2)),
                "date de 18 chiffres au lieu de 17",
            ),
            (
                "24_0_1_20170116220224657 .jpg.chip.jpg",
                (Some(24), Some(0), Some(1)),
                "fin de nom inhabituelle «  .jpg.chip.jpg »",
            ),
            (
                "55_0_0_20170116232725357jpg.chip.jpg",
                (Some(55), Some(0), Some(0)),
                "fin de nom inhabituelle « jpg.chip.jpg »",
            ),
            (
                "61_3_20170109150557335.jpg",
                (Some(61), None, Some(3)),
                "genre absent",
            ),
            (
                "53__0_20170116184028385.jpg",
                (Some(53), None, Some(0)),
                "genre absent",
            ),
        ] {
            assert_eq!(labels(name), (expected, vec![issue.to_owned()]), "{name}");
        }
    }

    #[test]
    fn labels_out_of_range_are_dropped_one_by_one() {
        let (found, issues) = labels("340_2_7_20170230220224657.jpg");
        assert_eq!(found, (None, None, None));
        assert_eq!(
            issues,
            [
                "âge 340 hors de 0 à 120",
                "genre « 2 » hors de 0 à 1",
                "origine « 7 » hors de 0 à 4",
                "date impossible « 20170230220224657 »"
            ]
        );
        let (found, issues) = labels("007_1_4_20170131220224657.jpg");
        assert_eq!(found, (Some(7), Some(1), Some(4)));
        assert_eq!(issues, ["âge écrit « 007 »"]);
        for name in [
            "",
            "photo de l'été.jpg",
            "26.jpg",
            "1_2_3_4_5.jpg",
            "-1_0_0_2",
            "26_0_1.jpg",
        ] {
            let (found, issues) = labels(name);
            assert_eq!(found, (None, None, None), "{name}");
            assert_eq!(issues, ["nom qui ne suit pas âge_genre_origine_date"]);
        }
    }

    #[test]
    fn february_is_known() {
        assert!(moment("20160229000000000").is_some());
        assert!(moment("20170229000000000").is_none());
        assert!(moment("20000229235959999").is_some());
        assert!(moment("19000229000000000").is_none());
        assert!(moment("20171301000000000").is_none());
        assert!(moment("20170101240000000").is_none());
    }

    /// 100,000 names: half well formed, which are written back as they were; half of them damaged.
    #[test]
    fn random_names_round_trip_or_are_told() {
        let mut rng = StdRng::seed_from_u64(7);
        let alphabet: Vec<char> = "0123456789_-. jpgéÉ𝔘/\u{0}chip".chars().collect();
        for _ in 0..50_000 {
            let name = format!(
                "{}_{}_{}_{:04}{:02}{:02}{:02}{:02}{:02}{:03}.jpg.chip.jpg",
                rng.random_range(0..=MAX_AGE),
                rng.random_range(0..2),
                rng.random_range(0..5),
                rng.random_range(1970..2100),
                rng.random_range(1..=12),
                rng.random_range(1..=28),
                rng.random_range(0..24),
                rng.random_range(0..60),
                rng.random_range(0..60),
                rng.random_range(0..1000),
            );
            let read = UtkName::parse(&name);
            assert!(read.issues.is_empty(), "{name}: {:?}", read.issues);
            assert_eq!(read.file_name().as_deref(), Some(name.as_str()));

            let mut damaged: Vec<char> = name.chars().collect();
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..damaged.len());
                let other = alphabet[rng.random_range(0..alphabet.len())];
                match rng.random_range(0..3) {
                    0 => damaged[at] = other,
                    1 => damaged.insert(at, other),
                    _ => damaged.truncate(at.max(1)),
                }
            }
            let damaged: String = damaged.into_iter().collect();
            let read = UtkName::parse(&damaged);
            // Every label that lacks is told, and what is told without reserve is written back.
            assert!(read.is_labelled() || !read.issues.is_empty(), "{damaged}");
            if read.issues.is_empty() {
                let stem = |name: &str| name.split('.').next().map(str::to_owned);
                let written = read.file_name().unwrap();
                assert_eq!(stem(&written), stem(&damaged), "{damaged}");
            }
        }
    }
}
