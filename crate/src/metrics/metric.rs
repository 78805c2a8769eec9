//! The metrics: names, descriptions, and what each needs of every row.

use super::{Answers, Denominator, Sample, Spec, Worst};

/// A measure of yes / no answers. Below, TP, FP, TN and FN count right and wrong « yes » and « no ».
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Share of right answers.
    Accuracy,
    /// Mean of TPR and TNR: ½ for whoever always gives the same answer, however rare one class is.
    BalancedAccuracy,
    /// Share of « yes »: (TP + FP) / n. Equality between groups is *demographic parity*.
    SelectionRate,
    /// True positive rate, or recall: TP / (TP + FN). Equality is *equal opportunity*.
    Tpr,
    /// False positive rate: FP / (FP + TN). Equality of TPR and FPR is *equalized odds*.
    Fpr,
    /// True negative rate: 1 − FPR.
    Tnr,
    /// False negative rate, or misses: 1 − TPR.
    Fnr,
    /// Share of right answers among « yes »: TP / (TP + FP).
    Precision,
    /// Harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
    F1,
    /// Probability that a positive image has a higher score than a negative one (equal scores: ½).
    Auc,
    /// Mean score: what the original debiasing lab calls « accuracy ».
    MeanScore,
    /// Expected calibration error (ECE): |mean score − share of positives|, averaged over bins of
    /// equal width of the score weighted by their size; see [`Audit::bins`](crate::fairness::Audit::bins). Chance
    /// makes it larger, the more so the fewer the images: even a perfect model's is not 0.
    CalibrationError,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 12] = [
        Self::Accuracy,
        Self::BalancedAccuracy,
        Self::SelectionRate,
        Self::Tpr,
        Self::Fpr,
        Self::Tnr,
        Self::Fnr,
        Self::Precision,
        Self::F1,
        Self::Auc,
        Self::MeanScore,
        Self::CalibrationError,
    ];

    /// What an audit measures unless told otherwise, in the order of its columns: metrics that say one thing each.
    pub const AUDITED: [Self; 9] = [
        Self::Accuracy,
        Self::SelectionRate,
        Self::Tpr,
        Self::Fpr,
        Self::Tnr,
        Self::Fnr,
        Self::Precision,
        Self::Auc,
        Self::CalibrationError,
    ];

    /// Name of its column: « accuracy », « balanced_accuracy », « selection_rate », « tpr », « fpr », « tnr », « fnr »,
    /// « precision », « f1 », « auc », « mean_score », « ece ».
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// All that is known of it.
    pub fn spec(self) -> Spec {
        use Denominator::{All, Answered, Negatives, Positives};
        use Worst::{Highest, Lowest, Neither};
        match self {
            Self::Accuracy => Spec::rate("accuracy", "exactitude", All, Lowest),
            Self::BalancedAccuracy => {
                Spec::share("balanced_accuracy", "exactitude équilibrée", Lowest)
            }
            Self::SelectionRate => {
                Spec::rate("selection_rate", "part de réponses « oui »", All, Neither)
                    .short("part de « oui »")
                    .criterion("demographic_parity")
            }
            Self::Tpr => Spec::rate(
                "tpr",
                "rappel, ou taux de vrais positifs (TPR)",
                Positives,
                Lowest,
            )
            .short("rappel (TPR)")
            .criterion("equal_opportunity"),
            Self::Fpr => Spec::rate("fpr", "taux de faux positifs (FPR)", Negatives, Highest)
                .short("taux de faux positifs"),
            Self::Tnr => Spec::rate("tnr", "taux de vrais négatifs (TNR)", Negatives, Lowest)
                .short("taux de vrais négatifs"),
            Self::Fnr => Spec::rate("fnr", "taux de faux négatifs (FNR)", Positives, Highest)
                .short("taux de faux négatifs"),
            Self::Precision => Spec::rate("precision", "précision", Answered, Lowest),
            Self::F1 => {
                Spec::share("f1", "moyenne de la précision et du rappel (F1)", Lowest).short("F1")
            }
            Self::Auc => Spec::share("auc", "aire sous la courbe ROC (AUC)", Lowest).short("AUC"),
            Self::MeanScore => Spec::share("mean_score", "probabilité moyenne", Neither),
            Self::CalibrationError => Spec {
                is_inflated: true,
                ..Spec::share("ece", "erreur de calibration (ECE)", Highest).short("ECE")
            },
        }
    }

    /// Needs scores, not only answers.
    pub(crate) fn needs_score(self) -> bool {
        matches!(self, Self::Auc | Self::MeanScore | Self::CalibrationError)
    }

    /// Whether chance is that of each class apart: positives stay positives when rows are drawn anew.
    pub(crate) fn is_by_class(self) -> bool {
        matches!(self, Self::Auc | Self::BalancedAccuracy)
    }

    /// What it needs of every row; of none when it needs scores and there are none.
    pub(crate) fn sample(self, answers: &Answers) -> Sample {
        let pairs = || {
            answers
                .positive
                .iter()
                .copied()
                .zip(answers.answer.iter().copied())
        };
        let share = |what: fn(bool, bool) -> Option<bool>| {
            let hits = pairs().map(|(positive, answer)| what(positive, answer));
            Sample::mean(hits.map(|hit| hit.map(|hit| f64::from(u8::from(hit)))))
        };
        let scored = |sample: &dyn Fn(&[f64]) -> Sample| match &answers.score {
            Some(score) => sample(score),
            None => Sample::mean(pairs().map(|_| None)),
        };
        match self {
            Self::Accuracy => share(|positive, answer| Some(positive == answer)),
            Self::SelectionRate => share(|_, answer| Some(answer)),
            Self::Tpr => share(|positive, answer| positive.then_some(answer)),
            Self::Fnr => share(|positive, answer| positive.then_some(!answer)),
            Self::Fpr => share(|positive, answer| (!positive).then_some(answer)),
            Self::Tnr => share(|positive, answer| (!positive).then_some(!answer)),
            Self::Precision => share(|positive, answer| answer.then_some(positive)),
            Self::BalancedAccuracy => Sample::balanced_accuracy(pairs()),
            Self::F1 => Sample::f1(pairs()),
            Self::Auc => scored(&|score| Sample::auc(&answers.positive, score)),
            Self::MeanScore => {
                scored(&|score| Sample::mean(score.iter().map(|score| Some(*score))))
            }
            Self::CalibrationError => {
                scored(&|score| Sample::calibration(&answers.positive, score, answers.bins))
            }
        }
    }
}

/// A measure of predicted ages, in years. The error is predicted − true age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgeMetric {
    /// Mean absolute error.
    Mae,
    /// Mean signed error: positive when faces are made older.
    SignedError,
    /// Mean square error, in square years: what most networks are trained to reduce.
    Mse,
    /// Root mean square error: large errors count more.
    Rmse,
    /// Cumulative score at 5 years: share of the images whose error is at most 5 years.
    Cs5,
    /// Age-standardised MAE: what the MAE would be if every group had the same ages; see
    /// [`AgeAudit`](crate::fairness::AgeAudit). It only exists beside groups.
    MaeStd,
}

impl AgeMetric {
    /// Every metric.
    pub const ALL: [Self; 6] = [
        Self::Mae,
        Self::SignedError,
        Self::Mse,
        Self::Rmse,
        Self::Cs5,
        Self::MaeStd,
    ];

    /// What an audit measures unless told otherwise, in the order of its columns: the MSE is the RMSE in a unit that
    /// nobody reads.
    pub const AUDITED: [Self; 5] = [
        Self::Mae,
        Self::SignedError,
        Self::Rmse,
        Self::Cs5,
        Self::MaeStd,
    ];

    /// Name of its column: « mae », « signed_error », « mse », « rmse », « cs5 », « mae_std ».
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    /// All that is known of it.
    pub fn spec(self) -> Spec {
        use Worst::{Farthest, Highest, Lowest};
        let error = |name, label, worst| Spec::error(name, label, "ans", 0.0, worst);
        match self {
            Self::Mae => error("mae", "erreur absolue moyenne", Highest).short("MAE"),
            Self::SignedError => Spec::error(
                "signed_error",
                "erreur moyenne signée",
                "ans",
                f64::NEG_INFINITY,
                Farthest,
            )
            .short("erreur signée"),
            Self::Mse => {
                Spec::error("mse", "erreur quadratique moyenne", "ans²", 0.0, Highest).short("MSE")
            }
            Self::Rmse => error("rmse", "RMSE", Highest),
            Self::Cs5 => Spec::rate(
                "cs5",
                "erreurs de 5 ans au plus (CS@5)",
                Denominator::All,
                Lowest,
            )
            .short("CS@5"),
            Self::MaeStd => {
                error("mae_std", "MAE standardisée sur l'âge", Highest).short("MAE standardisée")
            }
        }
    }

    /// What it needs of every row; nothing of the standardised MAE, which needs groups.
    pub(crate) fn sample(self, errors: &[f64]) -> Option<Sample> {
        let mean = |value: fn(f64) -> f64| {
            Some(Sample::mean(errors.iter().map(|error| Some(value(*error)))))
        };
        match self {
            Self::Mae => mean(f64::abs),
            Self::SignedError => mean(|error| error),
            Self::Mse => mean(|error| error * error),
            Self::Rmse => Some(Sample::root_mean_square(errors)),
            Self::Cs5 => mean(|error| f64::from(u8::from(error.abs() <= 5.0))),
            Self::MaeStd => None,
        }
    }
}
