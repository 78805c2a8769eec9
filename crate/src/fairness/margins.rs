//! How far apart the probabilities of two classes are, class by class.

use polars::prelude::{DataFrame, df};

use super::{Z_95, audit, wilson_interval};
use crate::{
    error::{Error, Result},
    ready::Ready,
};

/// Score from which the answer is class 1.
const THRESHOLD: f64 = 0.5;

/// What a network of two classes answers, one line a true class: the margin p(true class) − p(other class) of each image, in
/// [−1, 1], tells more than « right » or « wrong ».
///
/// `answers` holds `y_true` (0 or 1) and the probability of class 1 in `score`, or else in `y_pred`; `classes` are the names
/// of both classes.
///
/// | column | type | content |
/// |---|---|---|
/// | `class` | str | the true class |
/// | `n` | u32 | its images |
/// | `margin` | f64 | mean of p(true class) − p(other class) |
/// | `margin_variance` | f64 | variance of these differences (divisor n − 1), empty for one image |
/// | `recall` | f64 | share of its images that are answered right |
/// | `recall_low`, `recall_high` | f64 | its 95 % Wilson interval |
///
/// Cells of a class without images are empty.
///
/// # Errors
/// [`Error::Column`] when a column is missing or holds something else, [`Error::NotAProbability`] for a score outside [0, 1],
/// [`Error::Argument`] without rows.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let answers = df!("y_true" => [0, 0, 1, 1], "score" => [0.1, 0.3, 0.4, 1.0])?;
/// let margins = margins_by_class(&answers, ["20–26 ans", "52–62 ans"])?;
/// // Class 0: 0.9 − 0.1 and 0.7 − 0.3; class 1: 0.4 − 0.6 and 1 − 0.
/// let mean = margins.column("margin")?.f64()?;
/// assert!((mean.get(0).unwrap() - 0.6).abs() < 1e-12 && (mean.get(1).unwrap() - 0.4).abs() < 1e-12);
/// assert_eq!(margins.column("recall")?.f64()?.get(1), Some(0.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn margins_by_class<A: Ready<Value = DataFrame>>(
    answers: &A,
    classes: [&str; 2],
) -> Result<A::Out<DataFrame>> {
    answers.turn(|answers| margins(answers, classes))
}

fn margins(answers: &DataFrame, classes: [&str; 2]) -> Result<DataFrame> {
    if answers.height() == 0 {
        return Err(Error::argument(
            "answers",
            "tableau sans ligne",
            "les réponses à au moins une image",
        ));
    }
    let truth = audit::answers(answers, "y_true")?;
    let column = match answers.column("score") {
        Ok(_) => "score",
        Err(_) => "y_pred",
    };
    let scores = audit::scores(answers, column)?;
    let (mut sizes, mut means, mut variances) = (Vec::new(), Vec::new(), Vec::new());
    let (mut recalls, mut lows, mut highs) = (Vec::new(), Vec::new(), Vec::new());
    for class in [false, true] {
        let own: Vec<f64> = truth
            .iter()
            .zip(&scores)
            .filter(|(truth, _)| **truth == class)
            .map(|(_, score)| *score)
            .collect();
        let margin = |score: &f64| match class {
            true => 2.0 * score - 1.0,
            false => 1.0 - 2.0 * score,
        };
        let (n, count) = (own.len(), own.len() as f64);
        let mean = own.iter().map(margin).sum::<f64>() / count;
        let squares: f64 = own.iter().map(|score| (margin(score) - mean).powi(2)).sum();
        let right = own
            .iter()
            .filter(|score| (**score >= THRESHOLD) == class)
            .count();
        let recall = match n {
            0 => None,
            _ => Some(wilson_interval(right, n, Z_95)?),
        };
        sizes.push(n as u32);
        means.push((n > 0).then_some(mean));
        variances.push((n > 1).then_some(squares / (count - 1.0)));
        recalls.push((n > 0).then_some(right as f64 / count));
        lows.push(recall.map(|(low, _)| low));
        highs.push(recall.map(|(_, high)| high));
    }
    Ok(df!(
        "class" => classes.map(str::to_owned).to_vec(),
        "n" => sizes,
        "margin" => means,
        "margin_variance" => variances,
        "recall" => recalls,
        "recall_low" => lows,
        "recall_high" => highs,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{predictions, scored_predictions};

    const CLASSES: [&str; 2] = ["20–26 ans", "52–62 ans"];

    fn column(frame: &DataFrame, name: &str) -> Vec<Option<f64>> {
        frame.column(name).unwrap().f64().unwrap().iter().collect()
    }

    #[test]
    fn means_and_variances_by_hand() {
        let frame = df!("label" => [1, 0, 0, 1, 0]).unwrap();
        let scores = [0.5, 0.5, 0.2, 0.9, 0.0];
        let answers = scored_predictions(&frame, "label", &scores).unwrap();
        let found = margins(&answers, CLASSES).unwrap();
        // Class 0: 0, 0.6, 1; class 1: 0, 0.8. A score of ½ answers class 1.
        let expected = [
            ("margin", [1.6 / 3.0, 0.4]),
            ("margin_variance", [0.253_333_333_333_333_3, 0.32]),
            ("recall", [2.0 / 3.0, 1.0]),
        ];
        for (name, values) in expected {
            for (found, value) in column(&found, name).into_iter().zip(values) {
                assert!((found.unwrap() - value).abs() < 1e-12, "{name}");
            }
        }
        let (low, high) = wilson_interval(2, 3, Z_95).unwrap();
        assert_eq!(column(&found, "recall_low")[0], Some(low));
        assert_eq!(column(&found, "recall_high")[0], Some(high));
        // The probabilities may stand in `y_pred`.
        let same = predictions(&frame, "label", &scores).unwrap();
        assert_eq!(margins(&same, CLASSES).unwrap(), found);
    }

    #[test]
    fn a_class_without_images_has_empty_cells() {
        let answers = df!("y_true" => [1], "score" => [0.25]).unwrap();
        let found = margins(&answers, CLASSES).unwrap();
        assert_eq!(column(&found, "margin"), [None, Some(-0.5)]);
        assert_eq!(column(&found, "margin_variance"), [None, None]);
        assert_eq!(column(&found, "recall"), [None, Some(0.0)]);
        assert!(margins(&answers.clear(), CLASSES).is_err());
        assert!(margins(&df!("y_true" => [1], "score" => [1.5]).unwrap(), CLASSES).is_err());
    }
}
