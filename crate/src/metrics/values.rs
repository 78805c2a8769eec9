//! Values of metrics from what is true and what was predicted: what a validation step calls.

use super::{AgeMetric, Answers, Metric, answers::check_lengths};
use crate::error::{Error, Result};

/// Values of yes / no metrics, each under its name: `truth` holds labels (0 or 1, `false` or `true`), `score` the
/// probability of « yes », in `[0, 1]`, or answers (0 or 1); the answer is « yes » from `threshold` on.
///
/// A metric that does not exist, such as the recall without any positive image, is `NaN`.
///
/// # Errors
/// [`Error::Shape`] when the lengths differ, [`Error::Argument`] without any image, for a label other than 0 and 1 or a
/// threshold outside `[0, 1]`, [`Error::NotAProbability`] for NaN or a score outside `[0, 1]`.
///
/// # Example
/// ```
/// use visages::metrics::{Metric, binary_metrics};
/// let values = binary_metrics(&[Metric::Accuracy, Metric::Tpr], &[1, 1, 0, 0], &[0.9, 0.2, 0.1, 0.3], 0.5)?;
/// assert_eq!(values, [("accuracy".to_owned(), 0.75), ("tpr".to_owned(), 0.5)]);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn binary_metrics<T: Copy + Into<f64>, S: Copy + Into<f64>>(
    metrics: &[Metric],
    truth: &[T],
    score: &[S],
    threshold: f64,
) -> Result<Vec<(String, f64)>> {
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::argument(
            "threshold",
            threshold,
            "une probabilité de 0 à 1",
        ));
    }
    let answers = Answers::new(&floats(truth), &floats(score), threshold)?;
    let ones = vec![1; truth.len()];
    let value = |metric: &Metric| {
        (
            metric.name().to_owned(),
            metric.sample(&answers).value(&ones),
        )
    };
    Ok(metrics.iter().map(value).collect())
}

/// Values of metrics of ages, each under its name, from true and predicted ages in years.
///
/// # Errors
/// [`Error::Shape`] when the lengths differ, [`Error::Argument`] without any image, for a number that is not finite, or for
/// [`AgeMetric::MaeStd`], which compares groups.
///
/// # Example
/// ```
/// use visages::metrics::{AgeMetric, age_metrics};
/// let values = age_metrics(&[AgeMetric::Mae, AgeMetric::Mse], &[20, 40], &[23.0, 39.0])?;
/// assert_eq!(values, [("mae".to_owned(), 2.0), ("mse".to_owned(), 5.0)]);
/// # Ok::<(), visages::Error>(())
/// ```
pub fn age_metrics<T: Copy + Into<f64>, P: Copy + Into<f64>>(
    metrics: &[AgeMetric],
    truth: &[T],
    predicted: &[P],
) -> Result<Vec<(String, f64)>> {
    check_lengths(truth.len(), predicted.len())?;
    let errors: Vec<f64> = floats(predicted)
        .into_iter()
        .zip(floats(truth))
        .map(|(predicted, truth)| predicted - truth)
        .collect();
    if let Some(image) = errors.iter().position(|error| !error.is_finite()) {
        return Err(Error::argument(
            "ages",
            format!("erreur de {} ans, image {image}", errors[image]),
            "des âges vrais et prédits qui soient des nombres finis",
        ));
    }
    let ones = vec![1; errors.len()];
    let value = |metric: &AgeMetric| match metric.sample(&errors) {
        Some(sample) => Ok((metric.name().to_owned(), sample.value(&ones))),
        None => Err(Error::argument(
            "metrics",
            metric.name(),
            "une autre mesure : la MAE standardisée compare des groupes, voyez AgeAudit",
        )),
    };
    metrics.iter().map(value).collect()
}

fn floats<T: Copy + Into<f64>>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| (*value).into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten images; values of scikit-learn's `balanced_accuracy_score`, `f1_score`, `roc_auc_score`… checked by hand.
    const TRUTH: [u8; 10] = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
    const SCORE: [f64; 10] = [0.9, 0.8, 0.5, 0.2, 0.7, 0.5, 0.4, 0.3, 0.2, 0.1];

    fn close(found: &[(String, f64)], expected: &[(&str, f64)]) {
        assert_eq!(found.len(), expected.len());
        for (one, other) in found.iter().zip(expected) {
            assert_eq!(one.0, other.0);
            assert!((one.1 - other.1).abs() < 1e-7, "{one:?} ≠ {other:?}");
        }
    }

    #[test]
    fn binary_metrics_by_hand() {
        // Yes from ½ on: TP 3, FN 1, FP 2, TN 4.
        let found = binary_metrics(&Metric::ALL, &TRUTH, &SCORE, 0.5).unwrap();
        // Pairs in order: 0.9: 6, 0.8: 6, 0.5: 4 and a tie, 0.2: 1 and a tie, of 24.
        let area = (6.0 + 6.0 + 4.5 + 1.5) / 24.0;
        // Bins of a tenth, closed on the right: each |Σ score − Σ label|.
        let calibration = [0.1, 0.6, 0.3, 0.4, 0.0, 0.7, 0.2, 0.1].iter().sum::<f64>() / 10.0;
        close(
            &found,
            &[
                ("accuracy", 0.7),
                ("balanced_accuracy", (3.0 / 4.0 + 4.0 / 6.0) / 2.0),
                ("selection_rate", 0.5),
                ("tpr", 0.75),
                ("fpr", 1.0 / 3.0),
                ("tnr", 2.0 / 3.0),
                ("fnr", 0.25),
                ("precision", 0.6),
                ("f1", 6.0 / 9.0),
                ("auc", area),
                ("mean_score", 0.46),
                ("ece", calibration),
            ],
        );
    }

    #[test]
    fn what_does_not_exist_is_not_a_number() {
        let metrics = [
            Metric::Accuracy,
            Metric::BalancedAccuracy,
            Metric::Tpr,
            Metric::Precision,
            Metric::F1,
            Metric::Auc,
        ];
        let found = binary_metrics(&metrics, &[false, false], &[0.1, 0.2], 0.5).unwrap();
        let nan: Vec<bool> = found.iter().map(|(_, value)| value.is_nan()).collect();
        assert_eq!(nan, [false, true, true, true, true, true]);
        // Always « yes »: ½ whatever the share of positives.
        let always = binary_metrics(&metrics[1..2], &[1, 0, 0, 0], &[1, 1, 1, 1], 0.5).unwrap();
        close(&always, &[("balanced_accuracy", 0.5)]);
    }

    #[test]
    fn age_metrics_by_hand() {
        // Errors 1, −3, 5, −6.
        let metrics = &AgeMetric::ALL[..5];
        let found = age_metrics(metrics, &[20, 30, 40, 50], &[21.0, 27.0, 45.0, 44.0]).unwrap();
        close(
            &found,
            &[
                ("mae", 3.75),
                ("signed_error", -0.75),
                ("mse", 71.0 / 4.0),
                ("rmse", (71.0_f64 / 4.0).sqrt()),
                ("cs5", 0.75),
            ],
        );
        let error = age_metrics(&[AgeMetric::MaeStd], &[1.0], &[1.0]).unwrap_err();
        assert!(error.to_string().contains("AgeAudit"), "{error}");
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let refused = |truth: &[f64], score: &[f64]| {
            let found = binary_metrics(&[Metric::Accuracy], truth, score, 0.5);
            found.unwrap_err().to_string()
        };
        assert!(refused(&[], &[]).contains("au moins une image"));
        assert!(refused(&[1.0], &[0.5, 0.5]).contains("forme"));
        assert!(refused(&[0.5], &[0.5]).contains("1 (visage"));
        assert!(refused(&[1.0], &[f64::NAN]).contains("probabilité"));
        assert!(refused(&[1.0], &[1.5]).contains("image 0"));
        assert!(binary_metrics(&[], &[1], &[1], 2.0).is_err());
        assert!(age_metrics(&[AgeMetric::Mae], &[f64::NAN], &[1.0]).is_err());
    }

    #[test]
    fn every_metric_is_described_once() {
        let specs: Vec<_> = Metric::ALL
            .map(Metric::spec)
            .into_iter()
            .chain(AgeMetric::ALL.map(AgeMetric::spec))
            .collect();
        for (at, spec) in specs.iter().enumerate() {
            assert_eq!(super::super::find(spec.name), Some(*spec));
            assert!(specs[..at].iter().all(|other| other.name != spec.name));
            assert!(
                specs[..at]
                    .iter()
                    .all(|other| other.header() != spec.header())
            );
            assert!(!spec.label.is_empty() && spec.bounds.0 < spec.bounds.1);
            assert!(!spec.is_rate || spec.is_share());
        }
    }
}
