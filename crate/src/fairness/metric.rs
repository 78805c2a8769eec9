//! The names of what can be measured by group.

/// Which end of the scale harms a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worst {
    Lowest,
    Highest,
    /// The farthest from zero.
    Farthest,
    /// Neither end is better by itself.
    None,
}

/// What the measures by group need to know of a metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spec {
    /// Name of its column.
    pub name: &'static str,
    /// Name of equality between groups for this metric.
    pub criterion: &'static str,
    /// A share of rows: Wilson's and Newcombe's intervals apply.
    pub rate: bool,
    /// Larger on average than the truth, the more so the fewer the images: only a cautious interval is
    /// right, and none of a difference.
    pub inflated: bool,
    /// Smallest and largest values there are.
    pub bounds: (f64, f64),
    pub worst: Worst,
}

impl Spec {
    const fn rate(name: &'static str, criterion: &'static str, worst: Worst) -> Self {
        Self {
            name,
            criterion,
            rate: true,
            inflated: false,
            bounds: (0.0, 1.0),
            worst,
        }
    }

    const fn other(name: &'static str, bounds: (f64, f64), worst: Worst) -> Self {
        Self {
            name,
            criterion: name,
            rate: false,
            inflated: false,
            bounds,
            worst,
        }
    }
}

/// A measure of yes / no answers. Below, TP, FP, TN and FN count right and wrong « yes » and « no ».
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Share of right answers.
    Accuracy,
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
    /// Probability that a positive image has a higher score than a negative one (equal scores: ½).
    Auc,
    /// Expected calibration error (ECE): |mean score − share of positives|, averaged over bins of
    /// equal width of the score weighted by their size; see [`Audit::bins`](super::Audit::bins). Chance
    /// makes it larger, the more so the fewer the images: even a perfect model's is not 0.
    CalibrationError,
}

impl Metric {
    /// Every metric, in the order of the columns.
    pub const ALL: [Self; 9] = [
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

    /// Name of its column: « accuracy », « selection_rate », « tpr », « fpr », « tnr », « fnr »,
    /// « precision », « auc », « ece ».
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    pub(super) fn spec(self) -> Spec {
        use Worst::{Highest, Lowest, None};
        match self {
            Self::Accuracy => Spec::rate("accuracy", "accuracy", Lowest),
            Self::SelectionRate => Spec::rate("selection_rate", "demographic_parity", None),
            Self::Tpr => Spec::rate("tpr", "equal_opportunity", Lowest),
            Self::Fpr => Spec::rate("fpr", "fpr", Highest),
            Self::Tnr => Spec::rate("tnr", "tnr", Lowest),
            Self::Fnr => Spec::rate("fnr", "fnr", Highest),
            Self::Precision => Spec::rate("precision", "precision", Lowest),
            Self::Auc => Spec::other("auc", (0.0, 1.0), Lowest),
            Self::CalibrationError => Spec {
                inflated: true,
                ..Spec::other("ece", (0.0, 1.0), Highest)
            },
        }
    }

    /// Needs scores, not only answers.
    pub(super) fn needs_score(self) -> bool {
        matches!(self, Self::Auc | Self::CalibrationError)
    }
}

/// A measure of predicted ages, in years. The error is predicted − true age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgeMetric {
    /// Mean absolute error.
    Mae,
    /// Mean signed error: positive when faces are made older.
    SignedError,
    /// Root mean square error: large errors count more.
    Rmse,
    /// Cumulative score at 5 years: share of the images whose error is at most 5 years.
    Cs5,
    /// Age-standardised MAE: what the MAE would be if every group had the same ages; see
    /// [`AgeAudit`](super::AgeAudit).
    MaeStd,
}

impl AgeMetric {
    /// Every metric, in the order of the columns.
    pub const ALL: [Self; 5] = [
        Self::Mae,
        Self::SignedError,
        Self::Rmse,
        Self::Cs5,
        Self::MaeStd,
    ];

    /// Name of its column: « mae », « signed_error », « rmse », « cs5 », « mae_std ».
    pub fn name(self) -> &'static str {
        self.spec().name
    }

    pub(super) fn spec(self) -> Spec {
        const POSITIVE: (f64, f64) = (0.0, f64::INFINITY);
        const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
        match self {
            Self::Mae => Spec::other("mae", POSITIVE, Worst::Highest),
            Self::SignedError => Spec::other("signed_error", ANY, Worst::Farthest),
            Self::Rmse => Spec::other("rmse", POSITIVE, Worst::Highest),
            Self::Cs5 => Spec::rate("cs5", "cs5", Worst::Lowest),
            Self::MaeStd => Spec::other("mae_std", POSITIVE, Worst::Highest),
        }
    }
}
