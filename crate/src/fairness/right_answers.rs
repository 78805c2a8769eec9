//! Right and wrong answers on the same images: how certain an accuracy is, and the difference of two.

use std::collections::HashMap;

use polars::prelude::{Column, DataType};

use super::{
    Z_95, paired_difference_interval,
    stats::{Draws, bca_interval, mcnemar_exact, swap_groups_p},
    wilson_interval,
};
use crate::{
    error::{Error, Result},
    french::{compact, count},
};

/// Resamples of an interval, and exchanges of a test.
const DRAWS: usize = 4000;
/// Fewest persons that resampling can tell something of.
const FEWEST_PERSONS: usize = 10;

/// Two ways of answering, image by image: which images the second corrects, and which it spoils.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// Images that both get right.
    pub both: usize,
    /// Images that the second alone gets right.
    pub corrected: usize,
    /// Images that the first alone gets right: errors that the second creates.
    pub created: usize,
    /// Images that both get wrong.
    pub neither: usize,
    /// Two-sided probability of a split of corrected and created errors at least as uneven, were both ways as good.
    pub p: f64,
}

impl McNemar {
    /// Number of images.
    pub fn n(&self) -> usize {
        self.both + self.corrected + self.created + self.neither
    }
}

impl std::fmt::Display for McNemar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} ; erreurs corrigées : {} ; erreurs créées : {} ; p = {}",
            count(self.n(), "image"),
            self.corrected,
            self.created,
            compact(self.p)
        )
    }
}

/// Exact McNemar test of two ways of answering on the same images: one value an image, whether the answer is right.
///
/// Only images that one of them alone gets right count. The test takes images for independent of each other: with several
/// images of one person, read [`accuracy_difference`] by person.
///
/// # Errors
/// [`Error::Shape`] when there are not as many answers on both sides, [`Error::Argument`] without answers.
///
/// # Source
/// Q. McNemar, 1947; exact binomial form.
///
/// # Example
/// ```
/// use visages::fairness::mcnemar;
/// let test = mcnemar(&[true, false, false, true], &[true, true, false, true])?;
/// assert_eq!((test.both, test.corrected, test.created, test.neither), (2, 1, 0, 1));
/// assert_eq!(test.p, 1.0); // one image says nothing
/// # Ok::<(), visages::Error>(())
/// ```
pub fn mcnemar(first_right: &[bool], second_right: &[bool]) -> Result<McNemar> {
    check(first_right, Some(second_right))?;
    let both_are = |first: bool, second: bool| {
        let pairs = first_right.iter().zip(second_right);
        pairs.filter(|pair| *pair == (&first, &second)).count()
    };
    let (corrected, created) = (both_are(false, true), both_are(true, false));
    Ok(McNemar {
        both: both_are(true, true),
        corrected,
        created,
        neither: both_are(false, false),
        p: mcnemar_exact(created, corrected),
    })
}

/// A share of right answers and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accuracy {
    /// Number of images.
    pub n: usize,
    /// Number of persons; as many as images when they are not told.
    pub persons: usize,
    /// Share of right answers, in `[0, 1]`.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl std::fmt::Display for Accuracy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [value, low, high] = [self.value, self.low, self.high].map(compact);
        write!(
            f,
            "exactitude {value} [{low} ; {high}] sur {}",
            sample(self.n, self.persons)
        )
    }
}

/// The share of right answers and its 95 % interval.
///
/// Without `persons`, images are taken for independent: Wilson's interval. With the column that tells who each image is of
/// (words or numbers), whole persons are drawn anew: bootstrap, wider when errors of one person go together.
///
/// # Errors
/// [`Error::Argument`] without answers, or with fewer than 10 persons; [`Error::Shape`] when there is not one person an
/// answer; [`Error::Column`] when a person is missing.
///
/// # Example
/// ```
/// let right: Vec<bool> = (0..20).map(|face| face < 13).collect();
/// let found = visages::fairness::accuracy_interval(&right, None, 42)?;
/// // 13 of 20 allow anything from 0.43 to 0.82.
/// assert_eq!(((found.low * 100.0).round(), (found.high * 100.0).round()), (43.0, 82.0));
/// # Ok::<(), visages::Error>(())
/// ```
pub fn accuracy_interval(right: &[bool], persons: Option<&Column>, seed: u64) -> Result<Accuracy> {
    check(right, None)?;
    let n = right.len();
    let successes = right.iter().filter(|right| **right).count();
    let groups = Groups::read(n, persons)?;
    let interval = match persons {
        None => None,
        Some(_) => groups.interval(
            &groups.sums(right.iter().map(|right| f64::from(u8::from(*right)))),
            Draws::new(seed, DRAWS).stream(&["accuracy"]),
        ),
    };
    let value = successes as f64 / n as f64;
    let (low, high) = match interval {
        Some(interval) => interval,
        // Nothing to draw, or nothing varies: as if each person had one image.
        None => wilson_interval(share(value, groups.count), groups.count, Z_95)?,
    };
    Ok(Accuracy {
        n,
        persons: groups.count,
        value,
        low,
        high,
    })
}

/// The difference of two accuracies on the same images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccuracyDifference {
    /// Number of images.
    pub n: usize,
    /// Number of persons; as many as images when they are not told.
    pub persons: usize,
    /// Accuracy of the first way of answering.
    pub first: f64,
    /// Accuracy of the second.
    pub second: f64,
    /// `second − first`.
    pub difference: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Two-sided probability of a difference at least as large, were both as good.
    pub p: f64,
}

impl std::fmt::Display for AccuracyDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, second] = [self.first, self.second].map(compact);
        let [difference, low, high] = [self.difference, self.low, self.high].map(compact);
        write!(
            f,
            "exactitude {first} puis {second}, écart {difference} [{low} ; {high}], p = {} sur {}",
            compact(self.p),
            sample(self.n, self.persons)
        )
    }
}

/// The difference `second − first` of two accuracies on the same images, with its 95 % interval and its test.
///
/// Without `persons`, images are taken for independent: Newcombe's interval of paired proportions and McNemar's exact test.
/// With the column that tells who each image is of (words or numbers), persons are: whole persons are drawn anew for the
/// interval (BCa bootstrap), and the two answers are exchanged for whole persons in the test.
///
/// # Errors
/// Those of [`mcnemar`] and of [`accuracy_interval`].
///
/// # Example
/// ```
/// use visages::prelude::*;
///
/// // 30 persons of 2 images each; the second network corrects one image in ten.
/// let first: Vec<bool> = (0..60).map(|image| image % 5 != 0).collect();
/// let second: Vec<bool> = (0..60).map(|image| image % 10 != 0).collect();
/// let persons = Column::new("person".into(), (0..60).map(|image| image / 2).collect::<Vec<i32>>());
/// let found = accuracy_difference(&first, &second, Some(&persons), 42)?;
/// assert!((found.difference - 0.1).abs() < 1e-9 && found.persons == 30);
/// assert!(found.low > 0.0 && found.high < 0.25);
/// # Ok::<(), Error>(())
/// ```
pub fn accuracy_difference(
    first_right: &[bool],
    second_right: &[bool],
    persons: Option<&Column>,
    seed: u64,
) -> Result<AccuracyDifference> {
    let test = mcnemar(first_right, second_right)?;
    let n = test.n();
    let groups = Groups::read(n, persons)?;
    let draws = Draws::new(seed, DRAWS);
    let (interval, p) = match persons {
        None => (None, test.p),
        Some(_) => {
            let gains = first_right.iter().zip(second_right);
            let gain = |(first, second): (&bool, &bool)| {
                f64::from(u8::from(*second)) - f64::from(u8::from(*first))
            };
            let sums = groups.sums(gains.map(gain));
            (
                groups.interval(&sums, draws.stream(&["difference"])),
                swap_groups_p(&sums, draws.stream(&["exchange"])),
            )
        }
    };
    let shares = [test.both, test.created, test.corrected, test.neither]
        .map(|count| count as f64 / n as f64);
    let (low, high) = match interval {
        Some(interval) => interval,
        // Nothing to draw, or nothing varies: as if each person had one image.
        None => {
            let [both, created, corrected, neither] = shares.map(|part| share(part, groups.count));
            paired_difference_interval([both, created, corrected, neither], Z_95)?
        }
    };
    let [both, created, corrected, _] = shares;
    Ok(AccuracyDifference {
        n,
        persons: groups.count,
        first: both + created,
        second: both + corrected,
        difference: corrected - created,
        low,
        high,
        p,
    })
}

/// So many of `count` as make this share.
fn share(part: f64, count: usize) -> usize {
    (part * count as f64).round() as usize
}

/// « 120 images », « 120 images de 30 personnes ».
fn sample(n: usize, persons: usize) -> String {
    match n == persons {
        true => count(n, "image"),
        false => format!("{} de {}", count(n, "image"), count(persons, "personne")),
    }
}

fn check(first: &[bool], second: Option<&[bool]>) -> Result<()> {
    if let Some(second) = second
        && first.len() != second.len()
    {
        return Err(Error::shape(
            "réponses aux mêmes images (une par image des deux côtés)",
            [first.len()],
            [second.len()],
        ));
    }
    match first.is_empty() {
        true => Err(Error::argument(
            "right",
            "liste vide",
            "au moins une réponse : une exactitude sur zéro image n'existe pas",
        )),
        false => Ok(()),
    }
}

/// The person of each image.
struct Groups {
    of: Vec<usize>,
    sizes: Vec<f64>,
    count: usize,
}

impl Groups {
    /// Each image its own person when there is no column.
    fn read(n: usize, persons: Option<&Column>) -> Result<Self> {
        let Some(column) = persons else {
            return Ok(Self {
                of: (0..n).collect(),
                sizes: vec![1.0; n],
                count: n,
            });
        };
        if column.len() != n {
            return Err(Error::shape(
                "personnes (une par image)",
                [n],
                [column.len()],
            ));
        }
        let words = column.cast(&DataType::String)?;
        let mut known: HashMap<&str, usize> = HashMap::new();
        let (mut of, mut sizes) = (Vec::with_capacity(n), Vec::new());
        for (row, person) in words.str()?.iter().enumerate() {
            let person = person.ok_or_else(|| {
                Error::column(
                    column.name().as_str(),
                    format!(
                        "case vide à la ligne {} ; chaque image a sa personne",
                        row + 1
                    ),
                )
            })?;
            let next = known.len();
            let place = *known.entry(person).or_insert(next);
            if place == sizes.len() {
                sizes.push(0.0);
            }
            sizes[place] += 1.0;
            of.push(place);
        }
        if sizes.len() < FEWEST_PERSONS {
            return Err(Error::argument(
                "persons",
                count(sizes.len(), "personne"),
                format!(
                    "au moins {FEWEST_PERSONS} personnes : avec moins, le tirage de personnes ne dit rien du hasard"
                ),
            ));
        }
        Ok(Self {
            of,
            count: sizes.len(),
            sizes,
        })
    }

    /// The sum over the images of each person.
    fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (person, value) in self.of.iter().zip(values) {
            sums[*person] += value;
        }
        sums
    }

    /// The interval of the mean over images, persons drawn anew; none when nothing varies.
    fn interval(&self, sums: &[f64], draws: Draws) -> Option<(f64, f64)> {
        let all: Vec<u32> = (0..self.count as u32).collect();
        bca_interval(&[all], draws, |weights| {
            let drawn = |values: &[f64]| -> f64 {
                let pairs = values.iter().zip(weights);
                pairs.map(|(value, times)| value * f64::from(*times)).sum()
            };
            drawn(sums) / drawn(&self.sizes)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of so many images that both, the first alone, the second alone, none get right.
    fn answers(counts: [usize; 4]) -> (Vec<bool>, Vec<bool>) {
        let kinds = [(true, true), (true, false), (false, true), (false, false)];
        let pairs = kinds.into_iter().zip(counts);
        pairs
            .flat_map(|(pair, count)| std::iter::repeat_n(pair, count))
            .unzip()
    }

    fn persons(values: Vec<i32>) -> Column {
        Column::new("personne".into(), values)
    }

    #[test]
    fn mcnemar_by_hand() {
        let (first, second) = answers([700, 38, 62, 200]);
        let test = mcnemar(&first, &second).unwrap();
        assert_eq!((test.n(), test.corrected, test.created), (1000, 62, 38));
        // scipy.stats.binomtest(38, 100).pvalue
        assert!(
            (test.p - 0.020_978_735_677_851_678).abs() < 1e-12,
            "{}",
            test.p
        );
        let text = "images ; erreurs corrigées : 62 ; erreurs créées : 38 ; p = 0,021";
        assert!(test.to_string().ends_with(text), "{test}");
        // 2 (1 + 5) / 2⁵, whatever the images that both get right or wrong.
        for same in [0, 9] {
            let (first, second) = answers([same, 1, 4, same]);
            let test = mcnemar(&first, &second).unwrap();
            assert!((test.p - 0.375).abs() < 1e-12);
        }
        assert!(mcnemar(&[true], &[]).is_err() && mcnemar(&[], &[]).is_err());
    }

    #[test]
    fn without_persons_it_is_newcombe_and_mcnemar() {
        let (first, second) = answers([1, 1, 7, 12]);
        let found = accuracy_difference(&first, &second, None, 1).unwrap();
        // Bentur (2009), as Newcombe's own example.
        assert_eq!(
            ((found.low * 1e3).round(), (found.high * 1e3).round()),
            (26.0, 507.0)
        );
        assert_eq!(found.p, mcnemar(&first, &second).unwrap().p);
        assert!((found.first - 2.0 / 21.0).abs() < 1e-12);
        assert!((found.difference - 6.0 / 21.0).abs() < 1e-12);
        let alone = accuracy_interval(&first, None, 1).unwrap();
        let expected = wilson_interval(2, 21, Z_95).unwrap();
        assert_eq!((alone.low, alone.high), expected);
    }

    #[test]
    fn images_of_one_person_are_not_independent() {
        // 40 persons of 25 images, all of whose answers are alike: what is known is 40 answers.
        let image = |of: fn(usize) -> bool| -> Vec<bool> {
            (0..1000).map(|image| of(image / 25)).collect()
        };
        let (first, second) = (
            image(|person| person % 4 != 0),
            image(|person| person % 8 != 0),
        );
        let who = persons((0..1000).map(|image| image / 25).collect());
        let by_image = accuracy_difference(&first, &second, None, 7).unwrap();
        let by_person = accuracy_difference(&first, &second, Some(&who), 7).unwrap();
        let width = |found: &AccuracyDifference| found.high - found.low;
        // √25 times as wide, as far as 40 persons tell.
        let ratio = width(&by_person) / width(&by_image);
        assert!((4.0..6.5).contains(&ratio), "{ratio}");
        assert!(by_image.p < 1e-30);
        // Five persons of 40 are corrected, none spoiled: 2 / 2⁵.
        assert!((by_person.p - 2.0 / 32.0).abs() < 0.02, "{}", by_person.p);
        assert_eq!((by_person.n, by_person.persons), (1000, 40));
        let (one, all) = (
            accuracy_interval(&first, None, 7).unwrap(),
            accuracy_interval(&first, Some(&who), 7).unwrap(),
        );
        assert!(one.value == all.value && all.high - all.low > 4.0 * (one.high - one.low));
        // Nearly Wilson's interval of 30 of 40.
        let (low, high) = wilson_interval(30, 40, Z_95).unwrap();
        assert!((all.low - low).abs() < 0.05 && (all.high - high).abs() < 0.05);
    }

    #[test]
    fn persons_of_one_image_are_images() {
        let (first, second) = answers([150, 10, 25, 15]);
        // Any order of rows, words or numbers.
        let who = persons((0..200).map(|image| 7 * image % 200).collect());
        let words = who.cast(&DataType::String).unwrap();
        let by_person = accuracy_difference(&first, &second, Some(&who), 3).unwrap();
        assert_eq!(
            by_person,
            accuracy_difference(&first, &second, Some(&words), 3).unwrap()
        );
        let by_image = accuracy_difference(&first, &second, None, 3).unwrap();
        assert!((by_person.low - by_image.low).abs() < 0.015);
        assert!((by_person.high - by_image.high).abs() < 0.015);
        assert!((by_person.p - by_image.p).abs() < 0.01);
    }

    #[test]
    fn what_never_varies_still_has_an_interval() {
        let right = vec![true; 200];
        let who = persons((0..200).map(|image| image / 10).collect());
        let found = accuracy_difference(&right, &right, Some(&who), 3).unwrap();
        assert_eq!((found.difference, found.p), (0.0, 1.0));
        let expected = paired_difference_interval([20, 0, 0, 0], Z_95).unwrap();
        assert_eq!((found.low, found.high), expected);
        let alone = accuracy_interval(&right, Some(&who), 3).unwrap();
        assert_eq!(
            (alone.low, alone.high),
            wilson_interval(20, 20, Z_95).unwrap()
        );
    }

    #[test]
    fn persons_are_checked() {
        let right = vec![true; 30];
        let refused = |who: &Column| {
            accuracy_interval(&right, Some(who), 1)
                .unwrap_err()
                .to_string()
        };
        assert!(refused(&persons(vec![1; 29])).contains("29"));
        assert!(refused(&persons((0..30).map(|i| i % 9).collect())).contains("9 personnes"));
        let empty: Vec<Option<i32>> = (0..30).map(|row| (row != 4).then_some(row)).collect();
        assert!(refused(&Column::new("personne".into(), empty)).contains("ligne 5"));
    }
}
