//! Two worlds, every arm, sixteen seeds: differences to the control, and the verdicts of the protocol.

use super::screening::Choice;
use super::study::{Arm, Entry, Outcome, World};
use crate::statistics::{Mean, holm, mean, p_value, summary, summary_at};

/// Level of the tests.
const LEVEL: f64 = 0.05;
/// Margin of the equivalence.
pub const MARGIN: f64 = 0.08;
/// Largest mean loss of the common version's recall, for « helps ».
const LARGEST_LOSS: f64 = 0.02;

/// What the study says of a rule in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    Helps,
    Harms,
    /// As good as the control, within the margin.
    DoesNotHelp,
    Undecided,
}

impl Word {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Helps => "aide",
            Self::Harms => "nuit",
            Self::DoesNotHelp => "n'aide pas",
            Self::Undecided => "indéterminé",
        }
    }
}

/// A rule tested in world A: is its mean difference to the control 0?
#[derive(Debug, Clone, PartialEq)]
pub struct Tested {
    pub arm: Arm,
    /// Recall of the rare less that of the control, seed by seed.
    pub difference: Mean,
    pub p: f64,
    /// Holm's, over the two rules.
    pub adjusted: f64,
    /// The same less the placebo; none without it.
    pub against_placebo: Option<Mean>,
    /// Recall of the common version less that of the control.
    pub common: Mean,
    pub word: Word,
}

/// The lab's rule in world B: is it as good as the control?
#[derive(Debug, Clone, PartialEq)]
pub struct Equivalence {
    pub difference: Mean,
    /// 90 % interval.
    pub interval: Option<[f64; 2]>,
    pub word: Word,
}

/// Everything.
pub struct Confirmation {
    pub choice: Choice,
    entries: Vec<Entry>,
}

impl Confirmation {
    pub fn new(choice: &Choice, entries: Vec<Entry>) -> Self {
        Self {
            choice: *choice,
            entries,
        }
    }

    pub fn trials(&self) -> &[Entry] {
        &self.entries
    }

    /// Machine time, in seconds.
    pub fn seconds(&self) -> f64 {
        self.entries.iter().map(|entry| entry.seconds).sum()
    }

    pub fn seeds(&self) -> usize {
        self.values(&self.choice.most, Arm::Uniform, &|_| 0.0).len()
    }

    /// Something of every training of an arm in a world, in the order of the seeds.
    pub fn values(&self, world: &World, arm: Arm, of: &dyn Fn(&Outcome) -> f64) -> Vec<f64> {
        self.by_seed(world, arm, of)
            .into_iter()
            .map(|(_, value)| value)
            .collect()
    }

    fn by_seed(&self, world: &World, arm: Arm, of: &dyn Fn(&Outcome) -> f64) -> Vec<(u64, f64)> {
        let mut own: Vec<(u64, f64)> = self
            .entries
            .iter()
            .filter(|entry| entry.trial.is_in(world) && entry.trial.arm == arm)
            .map(|entry| (entry.trial.seed, of(&entry.outcome)))
            .collect();
        own.sort_by_key(|(seed, _)| *seed);
        own
    }

    /// An arm less another, over the seeds that both have.
    pub fn less(
        &self,
        world: &World,
        arm: Arm,
        other: Arm,
        of: &dyn Fn(&Outcome) -> f64,
    ) -> Vec<f64> {
        let other = self.by_seed(world, other, of);
        let pairs = self
            .by_seed(world, arm, of)
            .into_iter()
            .filter_map(|(seed, value)| {
                let same = other.iter().find(|(own, _)| *own == seed);
                same.map(|(_, reference)| value - reference)
            });
        pairs.collect()
    }

    /// H1 and H2: both rules in world A.
    pub fn tested(&self) -> Vec<Tested> {
        let world = &self.choice.most;
        let rare = |outcome: &Outcome| outcome.rare.recall();
        let common = |outcome: &Outcome| outcome.common.recall();
        let rules = [Arm::Rule, Arm::Active];
        let differences = rules.map(|arm| self.less(world, arm, Arm::Uniform, &rare));
        let p = [0, 1].map(|place| p_value(&differences[place]).unwrap_or(1.0));
        let adjusted = holm(&p);
        rules
            .into_iter()
            .enumerate()
            .map(|(place, arm)| {
                let placebo = self.less(world, arm, Arm::Placebo, &rare);
                let mut found = Tested {
                    arm,
                    difference: summary(&differences[place]),
                    p: p[place],
                    adjusted: adjusted[place],
                    against_placebo: (placebo.len() > 1).then(|| summary(&placebo)),
                    common: summary(&self.less(world, arm, Arm::Uniform, &common)),
                    word: Word::Undecided,
                };
                found.word = found.judged();
                found
            })
            .collect()
    }

    /// H3: the lab's rule in world B.
    pub fn equivalence(&self) -> Equivalence {
        let rare = |outcome: &Outcome| outcome.rare.recall();
        let values = self.less(&self.choice.least, Arm::Rule, Arm::Uniform, &rare);
        let (_, interval) = summary_at(&values, 0.90);
        let within = interval.is_some_and(|[low, high]| low > -MARGIN && high < MARGIN);
        Equivalence {
            difference: summary(&values),
            interval,
            word: match within {
                true => Word::DoesNotHelp,
                false => Word::Undecided,
            },
        }
    }

    /// Rank correlation (Spearman), over the seeds of a world, of the gain of a rule with how much it enriched the draws.
    pub fn gain_and_enrichment(&self, world: &World, arm: Arm) -> Option<f64> {
        let control = self.by_seed(world, Arm::Uniform, &|outcome| outcome.rare.recall());
        let enrichment =
            |outcome: &Outcome| outcome.drawn_share().unwrap_or(f64::NAN) / outcome.true_share();
        let drawn = self.by_seed(world, arm, &enrichment);
        let recall = self.by_seed(world, arm, &|outcome| outcome.rare.recall());
        let pairs = recall
            .iter()
            .zip(&drawn)
            .filter_map(|((seed, value), (_, drawn))| {
                let same = control.iter().find(|(own, _)| own == seed);
                same.map(|(_, reference)| (value - reference, *drawn))
            });
        let (gains, drawn): (Vec<f64>, Vec<f64>) = pairs.unzip();
        spearman(&gains, &drawn)
    }
}

impl Tested {
    /// The word of the protocol's ninth line.
    fn judged(&self) -> Word {
        let (centre, _) = self.difference;
        if self.adjusted >= LEVEL || self.adjusted.is_nan() {
            return Word::Undecided;
        }
        if centre < 0.0 {
            return Word::Harms;
        }
        let above_placebo = self
            .against_placebo
            .and_then(|(_, interval)| interval)
            .is_some_and(|[low, _]| low > 0.0);
        match above_placebo && self.common.0 >= -LARGEST_LOSS {
            true => Word::Helps,
            false => Word::Undecided,
        }
    }
}

/// None for fewer than three pairs, or when one side is constant.
fn spearman(one: &[f64], other: &[f64]) -> Option<f64> {
    if one.len() != other.len() || one.len() < 3 {
        return None;
    }
    let (a, b) = (ranks(one), ranks(other));
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let product: f64 = a
        .iter()
        .zip(&b)
        .map(|(x, y)| (x - mean_a) * (y - mean_b))
        .sum();
    let squares = |ranks: &[f64], centre: f64| {
        ranks
            .iter()
            .map(|rank| (rank - centre).powi(2))
            .sum::<f64>()
    };
    let scale = (squares(&a, mean_a) * squares(&b, mean_b)).sqrt();
    (scale > 0.0).then(|| product / scale)
}

/// Ranks from 1; equal values share the mean of theirs.
fn ranks(values: &[f64]) -> Vec<f64> {
    values
        .iter()
        .map(|value| {
            let below = values.iter().filter(|other| *other < value).count() as f64;
            let equal = values.iter().filter(|other| *other == value).count() as f64;
            below + (equal + 1.0) / 2.0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::study::{CONFIRMATION_SEEDS, examples::entry};
    use super::*;

    const CHOICE: Choice = Choice {
        most: World::ALL[4],
        least: World::ALL[0],
        by_active: false,
        few_gaps: false,
    };

    /// Sixteen seeds; each arm finds so many of 300 rare people more than the control in A, a little more or less each time.
    fn study(gains: &[(Arm, i64)], common: i64, in_b: [i64; 2]) -> Confirmation {
        let mut entries = Vec::new();
        for seed in CONFIRMATION_SEEDS {
            let noise = (seed % 4) as i64 - 1;
            entries.push(entry(CHOICE.most, Arm::Uniform, seed, [280, 200], 1.0));
            for (arm, gain) in gains {
                let rare = (200 + gain + noise) as usize;
                entries.push(entry(
                    CHOICE.most,
                    *arm,
                    seed,
                    [(280 + common) as usize, rare],
                    1.0,
                ));
            }
            let shift = in_b[(seed % 2) as usize];
            entries.push(entry(CHOICE.least, Arm::Uniform, seed, [280, 200], 1.0));
            entries.push(entry(
                CHOICE.least,
                Arm::Rule,
                seed,
                [280, (200 + shift) as usize],
                1.0,
            ));
        }
        Confirmation::new(&CHOICE, entries)
    }

    #[test]
    fn a_rule_helps_when_it_beats_the_control_and_the_placebo() {
        let arms = [(Arm::Rule, 30), (Arm::Active, 0), (Arm::Placebo, 0)];
        let found = study(&arms, 0, [0, 0]).tested();
        assert_eq!(found[0].word, Word::Helps);
        assert!((found[0].difference.0 - 30.5 / 300.0).abs() < 1e-9);
        assert!(found[0].adjusted < 0.05 && found[0].against_placebo.is_some());
    }

    #[test]
    fn without_a_placebo_or_with_its_gain_nothing_helps() {
        let found = study(&[(Arm::Rule, 30), (Arm::Active, 30)], 0, [0, 0]).tested();
        assert_eq!(found[0].word, Word::Undecided);
        let same = [(Arm::Rule, 30), (Arm::Active, 30), (Arm::Placebo, 30)];
        assert_eq!(study(&same, 0, [0, 0]).tested()[0].word, Word::Undecided);
    }

    #[test]
    fn a_gain_paid_by_the_common_version_does_not_count() {
        let arms = [(Arm::Rule, 30), (Arm::Active, 30), (Arm::Placebo, 0)];
        assert_eq!(study(&arms, -10, [0, 0]).tested()[0].word, Word::Undecided);
    }

    #[test]
    fn a_loss_is_said() {
        let arms = [(Arm::Rule, -30), (Arm::Active, -30), (Arm::Placebo, 0)];
        assert_eq!(study(&arms, 0, [0, 0]).tested()[0].word, Word::Harms);
    }

    #[test]
    fn equivalence_needs_the_whole_interval_within_the_margin() {
        let arms = [(Arm::Rule, 0), (Arm::Active, 0)];
        assert_eq!(
            study(&arms, 0, [3, -3]).equivalence().word,
            Word::DoesNotHelp
        );
        assert_eq!(
            study(&arms, 0, [90, -90]).equivalence().word,
            Word::Undecided
        );
        assert_eq!(
            study(&arms, 0, [30, 30]).equivalence().word,
            Word::Undecided
        );
    }

    #[test]
    fn ranks_and_their_correlation_by_hand() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [2.5, 1.0, 2.5]);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 20.0, 40.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(spearman(&[1.0, 2.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0, 1.0, 1.0], &[1.0, 2.0, 3.0]), None);
    }
}
