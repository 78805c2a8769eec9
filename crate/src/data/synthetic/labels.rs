//! Labels of drawn faces: age, gender and code as in UTKFace, and the skins that go with each code.

use super::{Presentation, SkinTone, dice::Dice, sample::Sitter};
use crate::data::utkface::published::{COUNTS, TOTAL};

/// What the name of a UTKFace file says of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FaceLabel {
    /// Age in years, from 1 to 116.
    pub age: u8,
    /// Gender: 0 in a name is masculine, 1 feminine.
    pub presentation: Presentation,
    /// The `race` field of the format, from 0 to 4. On drawings it is only a code: figures show
    /// « groupe 0 » to « groupe 4 ».
    pub code: u8,
}

/// Share, in percent, of each type of skin (I to VI) in each code 0–4: every code has every type.
///
/// | code | I | II | III | IV | V | VI |
/// |---|---|---|---|---|---|---|
/// | 0 | 20 | 33 | 28 | 12 | 5 | 2 |
/// | 1 | 2 | 5 | 12 | 22 | 32 | 27 |
/// | 2 | 13 | 31 | 35 | 14 | 5 | 2 |
/// | 3 | 3 | 9 | 24 | 34 | 21 | 9 |
/// | 4 | 9 | 20 | 27 | 23 | 14 | 7 |
pub const TONES_BY_CODE: [[u32; 6]; 5] = [
    [20, 33, 28, 12, 5, 2],
    [2, 5, 12, 22, 32, 27],
    [13, 31, 35, 14, 5, 2],
    [3, 9, 24, 34, 21, 9],
    [9, 20, 27, 23, 14, 7],
];

impl FaceLabel {
    /// Number of codes of the format.
    pub const CODES: usize = 5;

    /// A label drawn from the joint table of UTKFace: age × gender × code.
    pub(super) fn draw(dice: &mut Dice) -> Self {
        Self::pick(dice, TOTAL, |_, _| true)
    }

    /// A label of the given gender whose age has the distribution of that gender.
    pub(super) fn draw_for(presentation: Presentation, dice: &mut Dice) -> Self {
        let of_gender = |counts: &(u8, [u16; 5], [u16; 5])| -> u32 {
            row(counts, presentation)
                .iter()
                .map(|&n| u32::from(n))
                .sum()
        };
        let total = COUNTS.iter().map(of_gender).sum();
        Self::pick(dice, total, |gender, _| gender == presentation)
    }

    /// The label where the cumulated counts of those `kept` pass a number drawn below `total`.
    fn pick(dice: &mut Dice, total: u32, kept: impl Fn(Presentation, u8) -> bool) -> Self {
        let mut at = dice.count(0, total as usize - 1) as u32;
        let mut last = Self {
            age: 26,
            presentation: Presentation::Feminine,
            code: 0,
        };
        for counts in &COUNTS {
            for presentation in Presentation::ALL {
                for (code, &count) in (0..).zip(row(counts, presentation)) {
                    if !kept(presentation, code) {
                        continue;
                    }
                    last = Self {
                        age: counts.0,
                        presentation,
                        code,
                    };
                    if at < u32::from(count) {
                        return last;
                    }
                    at -= u32::from(count);
                }
            }
        }
        last
    }

    /// A type of skin for this code; of those that are `dark` or not, when that is given.
    pub(super) fn tone(&self, dark: Option<bool>, dice: &mut Dice) -> SkinTone {
        let shares = TONES_BY_CODE[usize::from(self.code)];
        weighted(SkinTone::ALL, dice, |tone| {
            let wanted = dark.is_none_or(|dark| dark == tone.is_dark());
            if wanted { shares[tone.index()] } else { 0 }
        })
    }

    /// The label with a code that goes with the skin: by Bayes, from the share of each code.
    pub(super) fn coded(mut self, tone: SkinTone, dice: &mut Dice) -> Self {
        let of_code = |code: usize| -> u32 {
            let in_row = |counts: &(u8, [u16; 5], [u16; 5])| {
                u32::from(counts.1[code]) + u32::from(counts.2[code])
            };
            COUNTS.iter().map(in_row).sum()
        };
        self.code = weighted([0, 1, 2, 3, 4], dice, |code| {
            of_code(code) * TONES_BY_CODE[code][tone.index()]
        }) as u8;
        self
    }

    /// The person that the label stands for: the apparent age is near the labelled one.
    pub(super) fn sitter(&self, tone: SkinTone, dice: &mut Dice) -> Sitter {
        let age = f32::from(self.age);
        Sitter {
            tone,
            presentation: self.presentation,
            age: (age + dice.normal(0.0, 0.2 + 0.07 * age)).clamp(1.0, 110.0),
        }
    }
}

fn row(
    (_, masculine, feminine): &(u8, [u16; 5], [u16; 5]),
    presentation: Presentation,
) -> &[u16; 5] {
    match presentation {
        Presentation::Masculine => masculine,
        Presentation::Feminine => feminine,
    }
}

/// One of `choices`, each with its weight.
fn weighted<T: Copy, const N: usize>(
    choices: [T; N],
    dice: &mut Dice,
    weight: impl Fn(T) -> u32,
) -> T {
    let total: u32 = choices.iter().map(|&choice| weight(choice)).sum();
    let mut at = dice.count(0, total.max(1) as usize - 1) as u32;
    let mut chosen = choices[0];
    for choice in choices {
        let here = weight(choice);
        if here > 0 {
            chosen = choice;
        }
        if at < here {
            break;
        }
        at = at.saturating_sub(here);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_of_the_labelled_faces() {
        let mut genders = [0u32; 2];
        let mut codes = [[0u32; 5]; 2];
        for counts in &COUNTS {
            for presentation in Presentation::ALL {
                for (code, &n) in row(counts, presentation).iter().enumerate() {
                    genders[usize::from(presentation.code())] += u32::from(n);
                    codes[usize::from(presentation.code())][code] += u32::from(n);
                }
            }
        }
        assert_eq!(genders, [12_391, 11_314]);
        assert_eq!(genders[0] + genders[1], TOTAL);
        assert_eq!(codes[0], [5_477, 2_318, 1_575, 2_261, 760]);
        assert_eq!(codes[1], [4_601, 2_208, 1_859, 1_714, 932]);
        assert_eq!((COUNTS[0].0, COUNTS[COUNTS.len() - 1].0), (1, 116));
    }

    #[test]
    fn every_code_has_every_tone_and_none_settles_it() {
        for shares in TONES_BY_CODE {
            assert_eq!(shares.iter().sum::<u32>(), 100);
            assert!(shares.iter().all(|&share| share > 0));
        }
        // The best guess between two codes from the tone alone, both as frequent.
        for (a, first) in TONES_BY_CODE.iter().enumerate() {
            for second in &TONES_BY_CODE[a + 1..] {
                let right: u32 = first.iter().zip(second).map(|(x, y)| x.max(y)).sum();
                assert!(right < 170, "{first:?} {second:?}");
            }
        }
    }
}
