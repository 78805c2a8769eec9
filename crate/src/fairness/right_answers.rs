//! Right and wrong answers on the same images: how certain an accuracy is, and the difference of two.

use polars::prelude::Column;

use super::{
    Z_95,
    mcnemar::{check, mcnemar},
    paired_difference_interval,
    persons::Groups,
    stats::{Draws, swap_groups_p},
    wilson_interval,
};
use crate::{
    error::Result,
    french::{compact, count},
};

/// Resamples of an interval, and exchanges of a test.
const DRAWS: usize = 4000;

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
/// [`Error::Argument`](crate::Error::Argument) without answers, or with fewer than 10 persons;
/// [`Error::Shape`](crate::Error::Shape) when there is not one person an answer;
/// [`Error::Column`](crate::Error::Column) when a person is missing.
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

#[cfg(test)]
mod tests {
    use polars::prelude::DataType;

    use super::*;
    use crate::fairness::mcnemar::tests::answers;

    fn persons(values: Vec<i32>) -> Column {
        Column::new("personne".into(), values)
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
