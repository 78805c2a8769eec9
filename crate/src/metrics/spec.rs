//! What is known of a metric, whoever computes or shows it.

use super::{AgeMetric, Metric};

/// Which end of the scale is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worst {
    /// The lowest value: an accuracy.
    Lowest,
    /// The highest value: an error.
    Highest,
    /// The farthest from zero: a signed error.
    Farthest,
    /// Neither end is better by itself: a share of « yes ».
    Neither,
}

/// Which images a metric looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denominator {
    /// All of them.
    All,
    /// Those that are positive.
    Positives,
    /// Those that are negative.
    Negatives,
    /// Those whose answer is « yes ».
    Answered,
}

impl Denominator {
    /// The columns of [`Audit::by_group`](crate::fairness::Audit::by_group) whose sum is the number of these images.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::All => &["n"],
            Self::Positives => &["positives"],
            Self::Negatives => &["negatives"],
            Self::Answered => &["tp", "fp"],
        }
    }
}

/// A metric, described once: tables, axes, intervals and tests read it here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// Name of its column: « tpr ».
    pub name: &'static str,
    /// What it is, in full and in French, for the axis of a figure: « taux de faux positifs (FPR) ».
    pub label: &'static str,
    /// The same, short, for the header of a table.
    pub short: &'static str,
    /// Unit, in French; empty for a number without one.
    pub unit: &'static str,
    /// The images it looks at.
    pub denominator: Denominator,
    /// Smallest and largest values there are.
    pub bounds: (f64, f64),
    /// Which end is worse.
    pub worst: Worst,
    /// A share of images: Wilson's and Newcombe's intervals apply.
    pub is_rate: bool,
    /// Larger on average than the truth, the more so the fewer the images: only a cautious interval is
    /// right, and none of a difference.
    pub is_inflated: bool,
    /// Name of equality between groups for this metric.
    pub criterion: &'static str,
}

impl Spec {
    /// A share of some images, from 0 to 1.
    pub(super) const fn rate(
        name: &'static str,
        label: &'static str,
        denominator: Denominator,
        worst: Worst,
    ) -> Self {
        Self {
            is_rate: true,
            denominator,
            ..Self::share(name, label, worst)
        }
    }

    /// A number from 0 to 1 that is no share of images.
    pub(super) const fn share(name: &'static str, label: &'static str, worst: Worst) -> Self {
        Self {
            name,
            label,
            short: label,
            unit: "",
            denominator: Denominator::All,
            bounds: (0.0, 1.0),
            worst,
            is_rate: false,
            is_inflated: false,
            criterion: name,
        }
    }

    /// An error in a unit.
    pub(super) const fn error(
        name: &'static str,
        label: &'static str,
        unit: &'static str,
        lowest: f64,
        worst: Worst,
    ) -> Self {
        Self {
            unit,
            bounds: (lowest, f64::INFINITY),
            ..Self::share(name, label, worst)
        }
    }

    pub(super) const fn short(mut self, short: &'static str) -> Self {
        self.short = short;
        self
    }

    pub(super) const fn criterion(mut self, criterion: &'static str) -> Self {
        self.criterion = criterion;
        self
    }

    /// What an axis is called: the label, with its unit.
    pub fn axis(&self) -> String {
        self.with_unit(self.label)
    }

    /// What the column of a table is called: the short label, with its unit.
    pub fn header(&self) -> String {
        self.with_unit(self.short)
    }

    /// Whether all its values lie between 0 and 1, so that an axis shows that whole range.
    pub fn is_share(&self) -> bool {
        self.bounds == (0.0, 1.0)
    }

    fn with_unit(&self, label: &str) -> String {
        match self.unit {
            "" => label.to_owned(),
            unit => format!("{label} ({unit})"),
        }
    }
}

impl From<Metric> for Spec {
    fn from(metric: Metric) -> Self {
        metric.spec()
    }
}

impl From<AgeMetric> for Spec {
    fn from(metric: AgeMetric) -> Self {
        metric.spec()
    }
}

/// The metric whose column has this name.
///
/// ```
/// use visages::metrics::find;
/// assert_eq!(find("mae").map(|spec| spec.axis()), Some("erreur absolue moyenne (ans)".to_owned()));
/// assert!(find("group").is_none());
/// ```
pub fn find(name: &str) -> Option<Spec> {
    let binary = Metric::ALL.into_iter().map(Spec::from);
    let ages = AgeMetric::ALL.into_iter().map(Spec::from);
    binary.chain(ages).find(|spec| spec.name == name)
}

/// What a validated value is called where it is read: a metric by its label and unit, another name as it is.
pub(crate) fn shown_name(name: &str) -> String {
    find(name).map_or_else(|| name.to_owned(), |spec| spec.axis())
}
