//! Intervals hold the truth as often as they say, tests cry wolf as rarely as they say: simulated, seeded.

use rand::{RngExt, SeedableRng, rngs::StdRng};
use rayon::prelude::*;
use visages::{
    fairness::{AgeAudit, Audit, Z_95, difference_interval, wilson_interval},
    metrics::{AgeMetric, Metric},
    polars::prelude::{DataFrame, df},
};

use super::numbers;

const DRAWS: usize = 500;

fn normal(rng: &mut StdRng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// Share of simulated worlds whose interval, in columns `low` and `high` of the first line, holds `truth`.
fn coverage(
    worlds: usize,
    truth: f64,
    (low, high): (&str, &str),
    measure: impl Fn(&mut StdRng, u64) -> DataFrame + Sync,
) -> f64 {
    let held: usize = (0..worlds as u64)
        .into_par_iter()
        .map(|world| {
            let table = measure(&mut StdRng::seed_from_u64(world), world);
            let (low, high) = (numbers(&table, low)[0], numbers(&table, high)[0]);
            let inside = low
                .zip(high)
                .is_some_and(|(low, high)| (low..=high).contains(&truth));
            usize::from(inside)
        })
        .sum();
    held as f64 / worlds as f64
}

fn between(coverage: f64, low: f64, high: f64, what: &str) {
    println!("{what} : {:.1} %", 100.0 * coverage);
    assert!((low..=high).contains(&coverage), "{what}: {coverage}");
}

/// Images of `rates.len()` groups, all positive, each found with the rate of its group.
fn detections(rng: &mut StdRng, rates: &[(usize, f64)]) -> DataFrame {
    let (mut y_pred, mut group) = (Vec::new(), Vec::new());
    for (index, (n, rate)) in rates.iter().enumerate() {
        y_pred.extend((0..*n).map(|_| rng.random::<f64>() < *rate));
        group.extend(std::iter::repeat_n(index as i32, *n));
    }
    df!("y_true" => vec![true; y_pred.len()], "y_pred" => y_pred, "group" => group).unwrap()
}

fn detection_audit(frame: &DataFrame, seed: u64) -> Audit {
    Audit::new(frame)
        .prediction("y_pred")
        .groups(&["group"])
        .metrics(&[Metric::Tpr])
        .resamples(DRAWS)
        .seed(seed)
}

/// Probabilities of 0 to `n` successes.
fn binomial(n: usize, rate: f64) -> Vec<f64> {
    let mut log = n as f64 * (1.0 - rate).ln();
    let mut terms = vec![log.exp()];
    for k in 1..=n {
        log += ((n - k + 1) as f64 / k as f64).ln() + (rate / (1.0 - rate)).ln();
        terms.push(log.exp());
    }
    terms
}

/// No simulation: all outcomes are counted. Coverage goes up and down with the rate, since successes are whole
/// numbers; 95 % is what it is on average.
#[test]
fn intervals_of_rates_and_of_their_differences_exactly() {
    let rates = || (50..98).map(|percent| f64::from(percent) / 100.0);
    for n in [10, 30, 100, 300] {
        let intervals: Vec<_> = (0..=n)
            .map(|k| wilson_interval(k, n, Z_95).unwrap())
            .collect();
        let held = |rate: f64| -> f64 {
            let odds = binomial(n, rate);
            let inside = |k: &usize| (intervals[*k].0..=intervals[*k].1).contains(&rate);
            (0..=n).filter(inside).map(|k| odds[k]).sum()
        };
        let mean = rates().map(held).sum::<f64>() / rates().count() as f64;
        between(mean, 0.93, 0.97, &format!("Wilson, n = {n}"));
    }
    let (small, large) = (35, 60);
    let mut cells = Vec::new();
    for first in [0.6, 0.75, 0.85, 0.95] {
        for second in [0.55, 0.7, 0.8, 0.9] {
            let (odds, others) = (binomial(small, first), binomial(large, second));
            let mut held = 0.0;
            for (k, p) in odds.iter().enumerate() {
                for (l, q) in others.iter().enumerate() {
                    let (low, high) = difference_interval((k, small), (l, large), Z_95).unwrap();
                    if (low..=high).contains(&(second - first)) {
                        held += p * q;
                    }
                }
            }
            assert!(held > 0.92, "{first} {second}: {held}");
            cells.push(held);
        }
    }
    between(
        cells.iter().sum::<f64>() / cells.len() as f64,
        0.93,
        0.97,
        "Newcombe, 35 et 60",
    );
}

#[test]
fn intervals_of_the_area() {
    // Scores of positives one standard deviation above: Φ(1/√2).
    let truth = 0.760_249_938_906_523_3;
    let share = coverage(1000, truth, ("auc_low", "auc_high"), |rng, seed| {
        let y_true: Vec<bool> = (0..100).map(|i| i % 2 == 0).collect();
        let score: Vec<f64> = y_true
            .iter()
            .map(|label| 1.0 / (1.0 + (-normal(rng) - f64::from(u8::from(*label))).exp()))
            .collect();
        let frame = df!("y_true" => y_true, "score" => score).unwrap();
        Audit::new(&frame)
            .score("score")
            .metrics(&[Metric::Auc])
            .resamples(DRAWS)
            .seed(seed)
            .overall()
            .unwrap()
    });
    between(share, 0.93, 0.97, "AUC");
}

#[test]
fn intervals_of_the_calibration_error_are_cautious() {
    // Positive with probability `score` (perfect) or `score²` (1/6 away on average).
    for (power, truth, most) in [(1, 0.0, 0.97), (2, 1.0 / 6.0, 1.0)] {
        let share = coverage(1000, truth, ("ece_low", "ece_high"), |rng, seed| {
            let score: Vec<f64> = (0..200).map(|_| rng.random()).collect();
            let y_true: Vec<bool> = score
                .iter()
                .map(|s| rng.random::<f64>() < s.powi(power))
                .collect();
            let frame = df!("y_true" => y_true, "score" => score).unwrap();
            let audit = Audit::new(&frame)
                .score("score")
                .metrics(&[Metric::CalibrationError]);
            audit.resamples(DRAWS).seed(seed).overall().unwrap()
        });
        between(share, 0.93, most, &format!("ECE, {truth:.2}"));
    }
}

/// Ages of two groups, the second older; errors are normal, of 1, 2 and 3 years at 20, 40 and 60. The number of images
/// of each age is drawn too, unless `fixed`.
fn ages(rng: &mut StdRng, fixed: bool) -> DataFrame {
    let (mut age, mut guess, mut group) = (Vec::new(), Vec::new(), Vec::new());
    for (name, cells) in [("A", [40, 30, 20]), ("B", [20, 30, 40])] {
        for i in 0..90 {
            let place = if fixed { i } else { rng.random_range(0..90) };
            let step = usize::from(place >= cells[0]) + usize::from(place >= cells[0] + cells[1]);
            let truth = 20.0 * (step + 1) as f64 + f64::from(i % 10);
            age.push(truth);
            guess.push(truth + normal(rng) * (step + 1) as f64);
            group.push(name);
        }
    }
    df!("y_true" => age, "y_pred" => guess, "group" => group).unwrap()
}

#[test]
fn intervals_of_ages() {
    // Mean absolute value of a standard normal variable.
    let unit = (2.0 / std::f64::consts::PI).sqrt();
    let mean_square = (40.0 + 30.0 * 4.0 + 20.0 * 9.0) / 90.0;
    for (metric, truth) in [
        (AgeMetric::Mae, unit * (40.0 + 60.0 + 60.0) / 90.0),
        (AgeMetric::SignedError, 0.0),
        (AgeMetric::Rmse, f64::sqrt(mean_square)),
        // A third of the images of both groups in each bin.
        (AgeMetric::MaeStd, unit * 2.0),
    ] {
        let ends = ["low", "high"].map(|end| format!("{}_{end}", metric.name()));
        let share = coverage(1000, truth, (&ends[0], &ends[1]), |rng, seed| {
            let frame = ages(rng, metric == AgeMetric::MaeStd);
            let audit = AgeAudit::new(&frame).groups(&["group"]).metrics(&[metric]);
            audit.resamples(DRAWS).seed(seed).by_group().unwrap()
        });
        between(share, 0.93, 0.97, metric.name());
    }
    for (metric, truth) in [
        (AgeMetric::Mae, unit * 40.0 / 90.0),
        (AgeMetric::MaeStd, 0.0),
    ] {
        let share = coverage(1000, truth, ("low", "high"), |rng, seed| {
            let frame = ages(rng, metric == AgeMetric::MaeStd);
            let audit = AgeAudit::new(&frame)
                .groups(&["group"])
                .resamples(DRAWS)
                .seed(seed);
            audit.differences("group", "A", metric).unwrap()
        });
        between(share, 0.93, 0.97, &format!("écart de {}", metric.name()));
    }
}

#[test]
fn intervals_of_two_models_on_the_same_images() {
    // The first finds 75 %, the second 85 %; both are right or wrong together on most images.
    let share = coverage(1000, 0.10, ("low", "high"), |rng, seed| {
        let draws: Vec<f64> = (0..150).map(|_| rng.random()).collect();
        let frame = df!(
            "y_true" => vec![true; 150],
            "y_pred" => draws.iter().map(|u| *u < 0.75).collect::<Vec<bool>>(),
            "other" => draws.iter().map(|u| (0.05..0.90).contains(u)).collect::<Vec<bool>>(),
        )
        .unwrap();
        let audit = Audit::new(&frame)
            .prediction("y_pred")
            .resamples(DRAWS)
            .seed(seed);
        audit.against("other", Metric::Tpr).unwrap()
    });
    between(share, 0.93, 0.97, "deux modèles");
}

#[test]
fn intervals_of_the_largest_gap_hold_for_all_pairs() {
    let two = [(60, 0.9), (60, 0.7)];
    let five = [(60, 0.8); 5];
    for (groups, truth) in [(&two[..], 0.2), (&five[..], 0.0)] {
        let share = coverage(500, truth, ("low", "high"), |rng, seed| {
            let audit = detection_audit(&detections(rng, groups), seed);
            audit.resamples(300).gaps().unwrap()
        });
        between(
            share,
            0.93,
            1.0,
            &format!("plus grand écart, {} groupes", groups.len()),
        );
    }
}

/// Without any difference between groups, p ≤ t happens with probability t.
#[test]
fn p_values_are_uniform_when_nothing_differs() {
    let worlds = 600;
    let rows = |table: &DataFrame| numbers(table, "p_value")[0].unwrap();
    let age_gap = |rng: &mut StdRng, seed: u64| {
        let error: Vec<f64> = (0..90).map(|_| normal(rng)).collect();
        let group: Vec<i32> = (0..90).map(|i| i % 3).collect();
        let frame = df!("y_true" => vec![0.0; 90], "y_pred" => error, "group" => group).unwrap();
        let audit = AgeAudit::new(&frame)
            .groups(&["group"])
            .metrics(&[AgeMetric::Mae])
            .resamples(199)
            .seed(seed);
        rows(&audit.gaps().unwrap())
    };
    let mut p_values: Vec<f64> = (0..worlds)
        .into_par_iter()
        .map(|world| age_gap(&mut StdRng::seed_from_u64(world), world))
        .collect();
    p_values.sort_by(f64::total_cmp);
    // Kolmogorov's distance; 1.63 / √600 is passed by one uniform sample in a hundred.
    let distance = p_values
        .iter()
        .enumerate()
        .map(|(rank, p)| ((rank + 1) as f64 / worlds as f64 - p).abs())
        .fold(0.0, f64::max);
    assert!(distance < 1.63 / (worlds as f64).sqrt(), "{distance}");

    // Rates are discrete: p is at least as large, never too small.
    let discrete: Vec<f64> = (0..worlds)
        .into_par_iter()
        .map(|world| {
            let frame = detections(
                &mut StdRng::seed_from_u64(world),
                &[(40, 0.8), (40, 0.8), (20, 0.8)],
            );
            rows(
                &detection_audit(&frame, world)
                    .resamples(199)
                    .gaps()
                    .unwrap(),
            )
        })
        .collect();
    for level in [0.05, 0.1, 0.2, 0.5] {
        let share = discrete.iter().filter(|p| **p <= level).count() as f64 / worlds as f64;
        assert!(
            share < level + 3.0 * (level / worlds as f64).sqrt(),
            "{level}: {share}"
        );
    }
    // A true gap is seen: 95 % against 60 %.
    let frame = detections(&mut StdRng::seed_from_u64(1), &[(80, 0.95), (80, 0.6)]);
    let table = detection_audit(&frame, 1).gaps().unwrap();
    assert!(rows(&table) < 0.01 && numbers(&table, "low")[0] > Some(0.1));
}

/// Same seed, same numbers, on one thread or several; another seed, other draws.
#[test]
fn seeds_decide_and_threads_do_not() {
    let frame = ages(&mut StdRng::seed_from_u64(3), true);
    let audit = |seed| {
        AgeAudit::new(&frame)
            .groups(&["group"])
            .resamples(DRAWS)
            .seed(seed)
    };
    let tables = |seed| {
        let audit = audit(seed);
        [audit.by_group().unwrap(), audit.gaps().unwrap()]
    };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| tables(5))
    };
    let (one, three) = (on(1), on(3));
    for (a, b) in one.iter().zip(&three) {
        assert!(a.equals_missing(b));
    }
    assert_ne!(
        numbers(&one[0], "mae_low"),
        numbers(&tables(6)[0], "mae_low")
    );
    assert_eq!(numbers(&one[0], "mae"), numbers(&tables(6)[0], "mae"));
    // Another column of groups leaves the intervals of this one alone.
    let mut more = frame.clone();
    more.with_column(
        frame
            .column("group")
            .unwrap()
            .clone()
            .with_name("copy".into()),
    )
    .unwrap();
    let both = AgeAudit::new(&more)
        .groups(&["copy", "group"])
        .resamples(DRAWS)
        .seed(5)
        .by_group()
        .unwrap();
    assert_eq!(
        numbers(&both, "mae_low")[2..],
        numbers(&one[0], "mae_low")[..]
    );
}
