//! Two ways of answering on the same images: what the second corrects, what it spoils.

use super::stats::mcnemar_exact;
use crate::{
    error::{Error, Result},
    french::{compact, count},
};

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
/// images of one person, read [`accuracy_difference`](super::accuracy_difference) by person.
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

/// Refuses no answers, and answers to other images.
pub(super) fn check(first: &[bool], second: Option<&[bool]>) -> Result<()> {
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

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Answers of so many images that both, the first alone, the second alone, none get right.
    pub(in crate::fairness) fn answers(counts: [usize; 4]) -> (Vec<bool>, Vec<bool>) {
        let kinds = [(true, true), (true, false), (false, true), (false, false)];
        let pairs = kinds.into_iter().zip(counts);
        pairs
            .flat_map(|(pair, count)| std::iter::repeat_n(pair, count))
            .unzip()
    }

    #[test]
    fn mcnemar_by_hand() {
        let (first, second) = answers([700, 38, 62, 200]);
        let test = mcnemar(&first, &second).unwrap();
        assert_eq!((test.n(), test.corrected, test.created), (1000, 62, 38));
        // scipy.stats.binomtest(38, 100).pvalue
        assert!(
            (test.p - 0.020_978_735_677_851_68).abs() < 1e-12,
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
}
