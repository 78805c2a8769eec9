//! Defects planted in a folder of drawn faces, in known numbers: those of the real UTKFace.

use super::{Presentation, dice::Dice, labels::FaceLabel, record::FaceRecord};

/// What is wrong with a file, on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Defect {
    /// Nothing.
    None,
    /// The name lacks the code: the labels are incomplete.
    MissingField,
    /// The name breaks the pattern, but its labels can be read.
    OddName,
    /// The bytes of another file, and its labels.
    Copy,
    /// The bytes of another file, with another age, gender or code.
    Contradiction,
}

impl Defect {
    /// Its name in French, as the manifest has it; empty when there is none.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::MissingField => "champ manquant",
            Self::OddName => "nom irrégulier",
            Self::Copy => "copie",
            Self::Contradiction => "copie contradictoire",
        }
    }
}

/// Fewest faces of a folder: enough to plant every defect in a few of them.
pub(super) const FEWEST: usize = 40;
/// Names without a code, as in UTKFace.
const MISSING_FIELDS: usize = 3;
/// Names that break the pattern otherwise, as in UTKFace.
const ODD_NAMES: usize = 5;
/// Copies for each face: UTKFace has 390 of 23,708.
const COPIES: f64 = 0.0165;
/// Share of the copies whose labels contradict: 259 groups of 375.
const CONTRADICTIONS: f64 = 0.69;

/// A file to write.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) name: String,
    /// The face that it shows.
    pub(super) index: usize,
    /// The labels of its name.
    pub(super) label: FaceLabel,
    pub(super) defect: Defect,
    /// The file that it copies.
    pub(super) copy_of: Option<String>,
}

/// Every file of a folder: one a face, in their order, then the copies.
pub(super) fn plan(records: &[FaceRecord], seed: u64) -> Vec<Planned> {
    let mut dice = Dice::new(seed, 5, 0);
    let mut order: Vec<usize> = (0..records.len()).collect();
    dice.shuffle(&mut order);
    let (missing, rest) = order.split_at(MISSING_FIELDS.min(order.len()));
    let (odd, rest) = rest.split_at(ODD_NAMES.min(rest.len()));

    let mut files: Vec<Planned> = records
        .iter()
        .enumerate()
        .map(|(index, record)| {
            let label = record.label;
            let odd = odd.iter().position(|&other| other == index);
            let (name, defect) = if missing.contains(&index) {
                let FaceLabel {
                    age, presentation, ..
                } = label;
                let name = format!("{age}_{}_{}.jpg.chip.jpg", presentation.code(), time(index));
                (name, Defect::MissingField)
            } else if let Some(kind) = odd {
                (odd_name(&label, index, kind), Defect::OddName)
            } else {
                (regular_name(&label, index), Defect::None)
            };
            Planned {
                name,
                index,
                label,
                defect,
                copy_of: None,
            }
        })
        .collect();

    let copies = ((records.len() as f64 * COPIES).round() as usize).clamp(4, rest.len().max(4));
    let contradictions = (copies as f64 * CONTRADICTIONS).round() as usize;
    for (copy, &index) in rest.iter().take(copies).enumerate() {
        let (label, defect) = if copy < contradictions {
            (
                contradicted(records[index].label, &mut dice),
                Defect::Contradiction,
            )
        } else {
            (records[index].label, Defect::Copy)
        };
        files.push(Planned {
            name: regular_name(&label, records.len() + copy),
            index,
            label,
            defect,
            copy_of: Some(files[index].name.clone()),
        });
    }
    files
}

/// A date and time no other file has, `yyyymmddHHMMSSFFF`: from the first of January 2017, 8.64 s a file.
fn time(index: usize) -> String {
    let milliseconds = index * 8_640;
    let (seconds, thousandths) = (milliseconds / 1_000, milliseconds % 1_000);
    let (day, hour) = (1 + seconds / 86_400, seconds / 3_600 % 24);
    let (month, day) = (1 + (day - 1) / 28, 1 + (day - 1) % 28);
    let (minute, second) = (seconds / 60 % 60, seconds % 60);
    format!("2017{month:02}{day:02}{hour:02}{minute:02}{second:02}{thousandths:03}")
}

fn regular_name(label: &FaceLabel, index: usize) -> String {
    format!("{}{}.jpg.chip.jpg", start(label), time(index))
}

fn start(label: &FaceLabel) -> String {
    format!(
        "{}_{}_{}_",
        label.age,
        label.presentation.code(),
        label.code
    )
}

/// The five irregular names of UTKFace: sixteen digits, eighteen twice, a space, a dot that lacks.
fn odd_name(label: &FaceLabel, index: usize, kind: usize) -> String {
    let (start, time) = (start(label), time(index));
    match kind {
        0 => format!("{start}{}.jpg.chip.jpg", &time[..16]),
        1 | 2 => format!("{start}{time}{kind}.jpg.chip.jpg"),
        3 => format!("{start}{time} .jpg.chip.jpg"),
        _ => format!("{start}{time}jpg.chip.jpg"),
    }
}

/// Another age (two times in three), code or gender, in the proportions of UTKFace.
fn contradicted(mut label: FaceLabel, dice: &mut Dice) -> FaceLabel {
    match dice.count(1, 315) {
        1..=205 => {
            let by = dice.count(2, 20) as u8;
            label.age = if label.age > 60 {
                label.age - by
            } else {
                label.age + by
            };
        }
        206..=245 => {
            label.presentation = match label.presentation {
                Presentation::Feminine => Presentation::Masculine,
                Presentation::Masculine => Presentation::Feminine,
            };
        }
        _ => label.code = (label.code + dice.count(1, 4) as u8) % FaceLabel::CODES as u8,
    }
    label
}
