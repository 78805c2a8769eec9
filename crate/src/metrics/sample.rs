//! What one metric needs of each row, and its value in every group of weighted rows.

/// Label of a row that belongs to no group.
pub(crate) const NO_GROUP: u16 = u16::MAX;

/// How a metric sums its rows up.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    /// Mean of the values: rates (0 or 1 a row), absolute or signed errors.
    Mean,
    /// Square root of the mean of the squares.
    RootMeanSquare,
    /// Area under the ROC curve: rows sorted by score, the mark is 1 for a positive row.
    Auc,
    /// Σ over bins of |Σ values| / n, the mark is the bin: values are score − label.
    Calibration { bins: usize },
    /// Σ over bins of weight × mean of the bin; undefined when a weighted bin is empty.
    Standardised { weights: Vec<f64> },
    /// Mean of the rates of right answers of both classes; the mark tells the cell, 2 × positive + answer.
    BalancedAccuracy,
    /// 2 TP / (2 TP + FP + FN), with the same marks.
    F1,
}

/// The rows a metric is measured on.
///
/// Rows are numbers below some `n`; a metric may leave some out (the TPR only looks at positive
/// rows). Everything that chance does (resampling, permuting) is a change of weights or of labels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    kind: Kind,
    row: Vec<u32>,
    value: Vec<f64>,
    mark: Vec<u16>,
}

impl Sample {
    /// A mean over the rows that have a value.
    pub(crate) fn mean(values: impl IntoIterator<Item = Option<f64>>) -> Self {
        let mut sample = Self::empty(Kind::Mean);
        for (row, value) in values.into_iter().enumerate() {
            if let Some(value) = value {
                sample.push(row, value, 0);
            }
        }
        sample
    }

    /// The root mean square of `errors`.
    pub(crate) fn root_mean_square(errors: &[f64]) -> Self {
        Self {
            kind: Kind::RootMeanSquare,
            ..Self::mean(errors.iter().copied().map(Some))
        }
    }

    /// The area under the ROC curve; equal scores count for one half.
    pub(crate) fn auc(positive: &[bool], score: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..score.len()).collect();
        order.sort_by(|a, b| score[*a].total_cmp(&score[*b]));
        let mut sample = Self::empty(Kind::Auc);
        for row in order {
            sample.push(row, score[row], u16::from(positive[row]));
        }
        sample
    }

    /// The expected calibration error on `bins` bins of equal width, closed on the right.
    pub(crate) fn calibration(positive: &[bool], score: &[f64], bins: usize) -> Self {
        let mut sample = Self::empty(Kind::Calibration { bins });
        for (row, (positive, score)) in positive.iter().zip(score).enumerate() {
            let bin = calibration_bin(*score, bins);
            sample.push(row, score - f64::from(u8::from(*positive)), bin as u16);
        }
        sample
    }

    /// A mean whose bins have fixed weights; rows of bins without weight are left out.
    pub(crate) fn standardised(values: &[f64], bin: &[u16], weights: Vec<f64>) -> Self {
        let mut sample = Self::empty(Kind::Standardised {
            weights: Vec::new(),
        });
        for (row, (value, bin)) in values.iter().zip(bin).enumerate() {
            if weights[usize::from(*bin)] > 0.0 {
                sample.push(row, *value, *bin);
            }
        }
        sample.kind = Kind::Standardised { weights };
        sample
    }

    /// The mean of the rates of right answers of both classes, from pairs of truth and answer.
    pub(crate) fn balanced_accuracy(pairs: impl Iterator<Item = (bool, bool)>) -> Self {
        Self::cells(Kind::BalancedAccuracy, pairs)
    }

    /// The harmonic mean of precision and recall, from pairs of truth and answer.
    pub(crate) fn f1(pairs: impl Iterator<Item = (bool, bool)>) -> Self {
        Self::cells(Kind::F1, pairs)
    }

    /// Rows that are right (1) or wrong (0), marked by their cell.
    fn cells(kind: Kind, pairs: impl Iterator<Item = (bool, bool)>) -> Self {
        let mut sample = Self::empty(kind);
        for (row, (positive, answer)) in pairs.enumerate() {
            let right = f64::from(u8::from(positive == answer));
            sample.push(row, right, 2 * u16::from(positive) + u16::from(answer));
        }
        sample
    }

    fn empty(kind: Kind) -> Self {
        Self {
            kind,
            row: Vec::new(),
            value: Vec::new(),
            mark: Vec::new(),
        }
    }

    fn push(&mut self, row: usize, value: f64, mark: u16) {
        self.row.push(row as u32);
        self.value.push(value);
        self.mark.push(mark);
    }

    /// The rows that count, in increasing order.
    pub(crate) fn domain(&self) -> Vec<u32> {
        let mut rows = self.row.clone();
        rows.sort_unstable();
        rows
    }

    /// The same metric on `rows` (increasing), numbered from 0 in that order.
    pub(crate) fn on(&self, rows: &[u32]) -> Self {
        let mut place = vec![u32::MAX; rows.last().map_or(0, |last| *last as usize + 1)];
        for (index, row) in rows.iter().enumerate() {
            place[*row as usize] = index as u32;
        }
        let mut sample = Self::empty(self.kind.clone());
        for ((row, value), mark) in self.row.iter().zip(&self.value).zip(&self.mark) {
            if let Some(index) = place.get(*row as usize).filter(|at| **at != u32::MAX) {
                sample.push(*index as usize, *value, *mark);
            }
        }
        sample
    }

    /// The value in each of `groups` groups, NaN where it does not exist: row `i` counts
    /// `weight[i]` times in group `label[i]`, or in none when that is [`NO_GROUP`].
    pub(crate) fn values(&self, label: &[u16], weight: &[u32], groups: usize) -> Vec<f64> {
        let items = (0..self.row.len()).filter_map(|item| {
            let row = self.row[item] as usize;
            let group = label[row];
            (group != NO_GROUP).then(|| (item, usize::from(group), f64::from(weight[row])))
        });
        match &self.kind {
            Kind::Mean | Kind::RootMeanSquare => {
                let square = self.kind == Kind::RootMeanSquare;
                let (mut sum, mut count) = (vec![0.0; groups], vec![0.0; groups]);
                for (item, group, weight) in items {
                    let value = self.value[item];
                    sum[group] += weight * if square { value * value } else { value };
                    count[group] += weight;
                }
                let mean = sum.iter().zip(&count).map(|(sum, count)| sum / count);
                match square {
                    true => mean.map(f64::sqrt).collect(),
                    false => mean.collect(),
                }
            }
            Kind::Auc => self.areas(items, groups),
            Kind::Calibration { bins } => {
                let (mut sum, mut count) = (vec![0.0; groups * bins], vec![0.0; groups]);
                for (item, group, weight) in items {
                    sum[group * bins + usize::from(self.mark[item])] += weight * self.value[item];
                    count[group] += weight;
                }
                let total = sum
                    .chunks(*bins)
                    .map(|bins| bins.iter().map(|sum| sum.abs()).sum::<f64>());
                total.zip(count).map(|(sum, count)| sum / count).collect()
            }
            Kind::BalancedAccuracy | Kind::F1 => {
                let mut cells = vec![[0.0; 4]; groups];
                for (item, group, weight) in items {
                    cells[group][usize::from(self.mark[item])] += weight;
                }
                let is_f1 = self.kind == Kind::F1;
                let value = |[tn, fp, fn_, tp]: [f64; 4]| match is_f1 {
                    true => 2.0 * tp / (2.0 * tp + fp + fn_),
                    false => (tp / (tp + fn_) + tn / (tn + fp)) / 2.0,
                };
                cells.into_iter().map(value).collect()
            }
            Kind::Standardised { weights } => {
                let bins = weights.len();
                let (mut sum, mut count) = (vec![0.0; groups * bins], vec![0.0; groups * bins]);
                for (item, group, weight) in items {
                    let cell = group * bins + usize::from(self.mark[item]);
                    sum[cell] += weight * self.value[item];
                    count[cell] += weight;
                }
                let total: f64 = weights.iter().sum();
                (0..groups)
                    .map(|group| {
                        let used = (0..bins).filter(|bin| weights[*bin] > 0.0);
                        let parts = used.map(|bin| {
                            weights[bin] * sum[group * bins + bin] / count[group * bins + bin]
                        });
                        // No weight at all: 0 / 0.
                        parts.sum::<f64>() / total
                    })
                    .collect()
            }
        }
    }

    /// Share of the pairs (positive, negative) that the score puts in order.
    fn areas(&self, items: impl Iterator<Item = (usize, usize, f64)>, groups: usize) -> Vec<f64> {
        let (mut pairs, mut below, mut positives) =
            (vec![0.0; groups], vec![0.0; groups], vec![0.0; groups]);
        // Equal scores of a group: weights of its positives and negatives that wait for the next score.
        let (mut tied_up, mut tied_down) = (vec![0.0; groups], vec![0.0; groups]);
        let mut last = vec![f64::NAN; groups];
        let mut close = |group: usize, up: &mut f64, down: &mut f64| {
            pairs[group] += *up * (below[group] + *down / 2.0);
            below[group] += *down;
            (*up, *down) = (0.0, 0.0);
        };
        for (item, group, weight) in items {
            if self.value[item] != last[group] {
                close(group, &mut tied_up[group], &mut tied_down[group]);
                last[group] = self.value[item];
            }
            if self.mark[item] == 1 {
                tied_up[group] += weight;
                positives[group] += weight;
            } else {
                tied_down[group] += weight;
            }
        }
        for group in 0..groups {
            close(group, &mut tied_up[group], &mut tied_down[group]);
        }
        (0..groups)
            .map(|group| pairs[group] / (positives[group] * below[group]))
            .collect()
    }

    /// Σ over bins of |weighted − plain sum of the bin| / n: how far, at most, reweighting moves a
    /// calibration error whichever signs the bins really have. NaN for another metric.
    pub(crate) fn calibration_shift(&self, weight: &[u32]) -> f64 {
        let Kind::Calibration { bins } = self.kind else {
            return f64::NAN;
        };
        let mut shift = vec![0.0; bins];
        for (item, row) in self.row.iter().enumerate() {
            let more = f64::from(weight[*row as usize]) - 1.0;
            shift[usize::from(self.mark[item])] += more * self.value[item];
        }
        shift.iter().map(|sum| sum.abs()).sum::<f64>() / self.row.len() as f64
    }

    /// Number of different marks: bins that have rows.
    pub(crate) fn bins_used(&self) -> usize {
        let mut marks = self.mark.clone();
        marks.sort_unstable();
        marks.dedup();
        marks.len()
    }

    /// The value on all rows together.
    pub(crate) fn value(&self, weight: &[u32]) -> f64 {
        self.values(&vec![0; weight.len()], weight, 1)[0]
    }

    /// Two models on the same `rows` rows put one after the other: the second's rows follow the first's.
    pub(crate) fn joined(&self, second: &Self, rows: usize) -> Self {
        let items = |sample: &Self, shift: usize| -> Vec<(u32, f64, u16)> {
            (0..sample.row.len())
                .map(|i| {
                    (
                        sample.row[i] + shift as u32,
                        sample.value[i],
                        sample.mark[i],
                    )
                })
                .collect()
        };
        let mut all = items(self, 0);
        all.extend(items(second, rows));
        if self.kind == Kind::Auc {
            all.sort_by(|a, b| a.1.total_cmp(&b.1));
        }
        let mut sample = Self::empty(self.kind.clone());
        for (row, value, mark) in all {
            sample.push(row as usize, value, mark);
        }
        sample
    }

    /// Rows that are successes of this rate alone, and of the other alone; `None` when the two do not look at
    /// the same rows (precision: each model has its own « yes »).
    pub(crate) fn splits(&self, other: &Self) -> Option<(usize, usize)> {
        if self.row != other.row {
            return None;
        }
        let pairs = || self.value.iter().zip(&other.value);
        let only = |first: bool| {
            pairs().filter(move |(a, b)| (**a != 0.0) == first && (**b != 0.0) != first)
        };
        Some((only(true).count(), only(false).count()))
    }

    /// Rows of the rarer class of an area under the ROC curve or of a balanced accuracy, whose precision they decide of;
    /// `None` for another metric.
    pub(crate) fn rarer_class(&self) -> Option<usize> {
        let first_positive = match self.kind {
            Kind::Auc => 1,
            Kind::BalancedAccuracy => 2,
            _ => return None,
        };
        let positives = self.mark.iter().filter(|mark| **mark >= first_positive);
        let positives = positives.count();
        Some(positives.min(self.mark.len() - positives))
    }

    /// Number of rows that count, and how many of their values are not 0: n and the successes of a rate.
    pub(crate) fn hits(&self) -> (usize, usize) {
        let hits = self.value.iter().filter(|value| **value != 0.0).count();
        (self.row.len(), hits)
    }
}

/// The bin of a score among `bins` of equal width in [0, 1], closed on the right: 0 is in the
/// first, and with ten bins so is 0.1, as in scikit-learn's `calibration_curve`.
pub(crate) fn calibration_bin(score: f64, bins: usize) -> usize {
    (1..bins)
        .take_while(|edge| *edge as f64 / (bins as f64) < score)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONES: [u32; 6] = [1; 6];

    #[test]
    fn areas_by_hand() {
        let positive = [true, false, true, false, true, false];
        // Sorted: 0.1− 0.2+ 0.5− 0.5+ 0.7− 0.9+ : pairs 1 + (1 + ½) + 3 of 9.
        let score = [0.2, 0.1, 0.5, 0.5, 0.9, 0.7];
        let auc = Sample::auc(&positive, &score);
        assert!((auc.value(&ONES) - 5.5 / 9.0).abs() < 1e-15);
        // Two groups at once, one of them without a negative.
        let found = auc.values(&[0, 0, 0, 1, 1, 0], &ONES, 3);
        assert_eq!(found[0], 2.0 / 4.0);
        assert_eq!(found[1], 1.0);
        assert!(found[2].is_nan());
        assert!(Sample::auc(&[true; 2], &[0.1, 0.2]).value(&[1; 2]).is_nan());
        assert_eq!(Sample::auc(&positive, &[0.5; 6]).value(&ONES), 0.5);
        // A weight of 2 is a row met twice.
        let twice = Sample::auc(&[true, false, true, true], &[0.3, 0.2, 0.1, 0.1]);
        let once = Sample::auc(&[true, false, true], &[0.3, 0.2, 0.1]);
        assert_eq!(twice.value(&[1; 4]), once.value(&[1, 1, 2]));
    }

    #[test]
    fn calibration_by_hand() {
        // Bin ]0.2, 0.3]: scores sum to 0.5, one positive; bin ]0.8, 0.9]: 1.7, two positives.
        let sample = Sample::calibration(&[true, false, true, true], &[0.25, 0.25, 0.85, 0.85], 10);
        assert!((sample.value(&[1; 4]) - (0.5 + 0.3) / 4.0).abs() < 1e-12);
        let bins: Vec<usize> = [0.0, 0.1, 0.100_001, 0.95, 1.0]
            .iter()
            .map(|score| calibration_bin(*score, 10))
            .collect();
        assert_eq!(bins, [0, 0, 1, 9, 9]);
    }

    #[test]
    fn standardised_means_by_hand() {
        // Bin 0: errors 1 and 3; bin 1: 10; bin 2 has no weight.
        let sample = Sample::standardised(
            &[1.0, 3.0, 10.0, 99.0],
            &[0, 0, 1, 2],
            vec![0.75, 0.25, 0.0],
        );
        assert_eq!(sample.value(&[1; 4]), 0.75 * 2.0 + 0.25 * 10.0);
        assert_eq!(sample.domain(), [0, 1, 2]);
        // A group that lacks a weighted bin has no value.
        let found = sample.values(&[0, 1, 0, 0], &[1; 4], 2);
        assert_eq!(found[0], 0.75 + 2.5);
        assert!(found[1].is_nan());
    }

    #[test]
    fn a_part_of_the_rows_is_renumbered() {
        let sample = Sample::mean([Some(1.0), None, Some(0.0), Some(1.0), Some(1.0)]);
        assert_eq!(sample.hits(), (4, 3));
        let part = sample.on(&[1, 2, 4]);
        assert_eq!(part.domain(), [1, 2]);
        assert_eq!(part.value(&[1; 3]), 0.5);
        assert_eq!(part.value(&[7, 1, 3]), 0.75);
        assert!(sample.on(&[1]).value(&[1]).is_nan());
    }
}
