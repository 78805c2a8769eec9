//! Linear least squares, and what they are worth on rows that they have not seen.

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::fairness::quantile;

/// Parts of the cross-validation.
pub(super) const FOLDS: usize = 5;
/// Draws of the bootstrap.
const DRAWS: usize = 500;
/// What is added to the diagonal, relative to it, so that two equal columns do no harm.
const RIDGE: f64 = 1e-9;
/// Below this share of the largest deviation, a column is constant.
const CONSTANT: f64 = 1e-12;

/// The solution of `matrix · x = right`, for a symmetric positive matrix of `size` rows, by Cholesky's factors; `None` when it
/// has none.
fn solve(mut matrix: Vec<f64>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let size = right.len();
    for row in 0..size {
        for column in 0..=row {
            let product: f64 = (0..column)
                .map(|k| matrix[row * size + k] * matrix[column * size + k])
                .sum();
            let left = matrix[row * size + column] - product;
            matrix[row * size + column] = match row == column {
                true if left <= 0.0 => return None,
                true => left.sqrt(),
                false => left / matrix[column * size + column],
            };
        }
    }
    for row in 0..size {
        let known: f64 = (0..row).map(|k| matrix[row * size + k] * right[k]).sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size)
            .map(|k| matrix[k * size + row] * right[k])
            .sum();
        right[row] = (right[row] - known) / matrix[row * size + row];
    }
    Some(right)
}

/// Mean and standard deviation.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

/// The answers for the rows `asked` of the least squares of `target` on `columns` over the rows `known`.
fn fitted(columns: &[&[f64]], target: &[f64], known: &[usize], asked: &[usize]) -> Vec<f64> {
    let scales: Vec<(f64, f64)> = columns
        .iter()
        .map(|column| moments(known.iter().map(|&row| column[row])))
        .collect();
    let widest = scales.iter().map(|(_, sd)| *sd).fold(0.0, f64::max);
    let used: Vec<usize> = (0..columns.len())
        .filter(|&at| scales[at].1 > CONSTANT * widest)
        .collect();
    let value = |at: usize, row: usize| (columns[at][row] - scales[at].0) / scales[at].1;
    let (mean, _) = moments(known.iter().map(|&row| target[row]));
    let size = used.len();
    let (mut matrix, mut right) = (vec![0.0; size * size], vec![0.0; size]);
    for &row in known {
        for (i, &one) in used.iter().enumerate() {
            let x = value(one, row);
            right[i] += x * (target[row] - mean);
            for (j, &other) in used.iter().enumerate().take(i + 1) {
                matrix[i * size + j] += x * value(other, row);
            }
        }
    }
    for i in 0..size {
        matrix[i * size + i] += RIDGE * known.len() as f64;
    }
    let slopes = solve(matrix, right).unwrap_or_else(|| vec![0.0; size]);
    let answer = |row: &usize| {
        let terms = used.iter().zip(&slopes);
        mean + terms
            .map(|(at, slope)| slope * value(*at, *row))
            .sum::<f64>()
    };
    asked.iter().map(answer).collect()
}

/// Rows in [`FOLDS`] parts, drawn from the seed.
pub(super) fn folds(rows: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..rows).collect();
    order.shuffle(&mut StdRng::seed_from_u64(seed));
    (0..FOLDS)
        .map(|fold| order.iter().copied().skip(fold).step_by(FOLDS).collect())
        .collect()
}

/// What is left of each row by a prediction, and what there was: sums of squares over the columns of the target.
pub(super) struct Explained {
    left: Vec<f64>,
    all: Vec<f64>,
}

/// Asks about each row of `targets` (several columns are one thing, whose squares add up) the least squares of the rows of the
/// other folds on `columns`.
pub(super) fn cross_validated(
    columns: &[&[f64]],
    targets: &[Vec<f64>],
    folds: &[Vec<usize>],
) -> Explained {
    let rows: usize = folds.iter().map(Vec::len).sum();
    let (mut left, mut all) = (vec![0.0; rows], vec![0.0; rows]);
    for (fold, asked) in folds.iter().enumerate() {
        let others = folds.iter().enumerate().filter(|(at, _)| *at != fold);
        let known: Vec<usize> = others.flat_map(|(_, rows)| rows).copied().collect();
        for target in targets {
            let (mean, _) = moments(known.iter().map(|&row| target[row]));
            let answers = fitted(columns, target, &known, asked);
            for (row, answer) in asked.iter().zip(answers) {
                left[*row] += (target[*row] - answer).powi(2);
                all[*row] += (target[*row] - mean).powi(2);
            }
        }
    }
    Explained { left, all }
}

impl Explained {
    /// R²: 1 when all is explained, 0 for the mean of the rows of the other folds, less for worse. Not a number when nothing
    /// varies.
    pub(super) fn r_squared(&self) -> f64 {
        ratio(self.left.iter().sum(), self.all.iter().sum())
    }

    /// The 95 % interval that drawing the rows anew gives.
    pub(super) fn interval(&self, seed: u64) -> [f64; 2] {
        let count = self.left.len();
        let mut rng = StdRng::seed_from_u64(seed);
        let mut found: Vec<f64> = (0..DRAWS)
            .map(|_| {
                let (mut left, mut all) = (0.0, 0.0);
                for _ in 0..count {
                    let row = rng.random_range(0..count);
                    left += self.left[row];
                    all += self.all[row];
                }
                ratio(left, all)
            })
            .collect();
        found.sort_by(f64::total_cmp);
        [0.025, 0.975].map(|share| quantile(&found, share))
    }
}

fn ratio(left: f64, all: f64) -> f64 {
    match all > 0.0 {
        true => 1.0 - left / all,
        false => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_solved_by_hand() {
        // 4x + 2y = 10, 2x + 3y = 9: x = 1.5, y = 2. Only the lower half is read.
        let found = solve(vec![4.0, f64::NAN, 2.0, 3.0], vec![10.0, 9.0]).unwrap();
        assert!((found[0] - 1.5).abs() < 1e-12 && (found[1] - 2.0).abs() < 1e-12);
        assert!(solve(vec![1.0, 0.0, 2.0, 1.0], vec![1.0, 1.0]).is_none());
    }

    #[test]
    fn a_line_is_found_and_equal_columns_do_no_harm() {
        let x: Vec<f64> = (0..20).map(f64::from).collect();
        let y: Vec<f64> = x.iter().map(|x| 3.0 - 2.0 * x).collect();
        let known: Vec<usize> = (0..15).collect();
        let flat = vec![7.0; 20];
        for columns in [vec![&x[..]], vec![&x[..], &x[..]], vec![&flat[..], &x[..]]] {
            let found = fitted(&columns, &y, &known, &[19]);
            assert!((found[0] - (3.0 - 38.0)).abs() < 1e-4, "{found:?}");
        }
        // A constant says the mean.
        let found = fitted(&[&flat], &y, &known, &[0]);
        assert!((found[0] - (3.0 - 14.0)).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn an_interval_holds_the_r_squared_and_narrows_with_rows() {
        // A line and a noise of the same variance: R² ½.
        let widths = [100, 1_600].map(|count| {
            let mut rng = StdRng::seed_from_u64(3);
            let mut uniform = || -> f64 { rng.random_range(-1.0..1.0) };
            let pairs: Vec<(f64, f64)> = (0..count).map(|_| (uniform(), uniform())).collect();
            let x: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
            let y: Vec<f64> = pairs.iter().map(|pair| pair.0 + pair.1).collect();
            let found = cross_validated(&[&x], &[y], &folds(count, 1));
            let [low, high] = found.interval(1);
            let value = found.r_squared();
            assert!((value - 0.5).abs() < 0.2, "{value}");
            assert!(low < value && value < high && low < 0.5 && 0.5 < high);
            assert_eq!(found.interval(1), [low, high]);
            high - low
        });
        assert!((2.5..6.5).contains(&(widths[0] / widths[1])), "{widths:?}");
    }

    #[test]
    fn folds_hold_each_row_once() {
        let folds = folds(13, 1);
        let mut all: Vec<usize> = folds.iter().flatten().copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..13).collect::<Vec<_>>());
        assert!(folds.iter().all(|fold| (2..=3).contains(&fold.len())));
        assert_ne!(folds, super::folds(13, 2));
    }
}
