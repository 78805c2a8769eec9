//! What the debiasing lab measures of detectors, by hand; the difference of two recalls against published values.

use visages::{
    fairness::{
        Z_95, difference_interval, paired_difference_interval, paired_recalls, paired_seeds,
        rates_by_model, recall_by_group, recall_gaps, student_interval,
    },
    figures::difference_bars,
    metrics::Metric,
    polars::prelude::{DataFrame, df},
};

/// Faces of two groups, found or not.
fn answers(first: &[u8], second: &[u8]) -> DataFrame {
    let found: Vec<u8> = [first, second].concat();
    let groups = [vec!["B"; first.len()], vec!["A"; second.len()]].concat();
    df!(
        "y_true" => vec![1; found.len()],
        "score" => found.iter().map(|one| f64::from(*one) * 0.8 + 0.1).collect::<Vec<_>>(),
        "y_pred" => found.iter().map(|one| *one == 1).collect::<Vec<_>>(),
        "group" => groups,
    )
    .unwrap()
}

fn numbers(frame: &DataFrame, name: &str) -> Vec<f64> {
    let column = frame.column(name).unwrap();
    let column = column
        .cast(&visages::polars::prelude::DataType::Float64)
        .unwrap();
    column.f64().unwrap().iter().flatten().collect()
}

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{found:?} ≠ {expected:?}");
    }
}

/// Counts: both, the first alone, the second alone, neither.
#[test]
fn paired_intervals_are_those_that_were_published() {
    // Bentur 2009 in Fagerland, Lydersen and Laake 2014: −0.286 [−0.507 ; −0.026], first − second.
    let (low, high) = paired_difference_interval([1, 1, 7, 12], Z_95).unwrap();
    close(&[low, high], &[0.026, 0.507], 5e-4);
    // Newcombe 1998, table III, first − second: 0.2 [0.0569 ; 0.3404].
    let (low, high) = paired_difference_interval([36, 12, 2, 0], Z_95).unwrap();
    close(&[low, high], &[-0.3404, -0.0569], 5e-5);
}

#[test]
fn paired_intervals_keep_their_promises() {
    for counts in [
        [5, 0, 0, 0],
        [0, 0, 0, 5],
        [3, 1, 1, 0],
        [20, 3, 9, 8],
        [0, 4, 4, 0],
    ] {
        let [both, first, second, neither] = counts;
        let n: usize = counts.iter().sum();
        let difference = (second as f64 - first as f64) / n as f64;
        let (low, high) = paired_difference_interval(counts, Z_95).unwrap();
        assert!(
            (-1.0..=difference).contains(&low) && (difference..=1.0).contains(&high),
            "{counts:?}"
        );
        // Exchanging the detectors turns the interval around.
        let (other_low, other_high) =
            paired_difference_interval([both, second, first, neither], Z_95).unwrap();
        close(&[other_low, other_high], &[-high, -low], 1e-12);
    }
    // Nothing varies: the interval is that of two independent groups, never a point.
    let (low, high) = paired_difference_interval([5, 0, 0, 0], Z_95).unwrap();
    let independent = difference_interval((5, 5), (5, 5), Z_95).unwrap();
    close(&[low, high], &[independent.0, independent.1], 1e-12);
    // Answers that go together tell the difference better.
    let paired = paired_difference_interval([60, 2, 10, 28], Z_95).unwrap();
    let apart = difference_interval((62, 100), (70, 100), Z_95).unwrap();
    assert!(paired.1 - paired.0 < apart.1 - apart.0);
    assert!(paired_difference_interval([0; 4], Z_95).is_err());
}

#[test]
fn recalls_are_compared_face_by_face() {
    let first = answers(&[1, 1, 0, 0], &[1, 1]);
    let second = answers(&[1, 0, 1, 1], &[1, 1]);
    let frame = paired_recalls(&first, &second).unwrap();
    // Groups keep the order of the set.
    let groups: Vec<_> = frame
        .column("group")
        .unwrap()
        .str()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    assert_eq!(groups, ["B", "A"]);
    close(&numbers(&frame, "n"), &[4.0, 2.0], 1e-12);
    close(&numbers(&frame, "value"), &[0.5, 1.0], 1e-12);
    close(&numbers(&frame, "other_value"), &[0.75, 1.0], 1e-12);
    close(&numbers(&frame, "difference"), &[0.25, 0.0], 1e-12);
    close(&numbers(&frame, "only_first"), &[1.0, 0.0], 1e-12);
    close(&numbers(&frame, "only_second"), &[2.0, 0.0], 1e-12);
    // 1 against 2: every split of three is as uneven.
    close(&numbers(&frame, "p_value"), &[1.0, 1.0], 1e-9);
    let (low, high) = paired_difference_interval([1, 1, 2, 0], Z_95).unwrap();
    assert_eq!(
        (numbers(&frame, "low")[0], numbers(&frame, "high")[0]),
        (low, high)
    );

    let message = paired_recalls(&first, &answers(&[1, 0, 1], &[1, 1, 1]))
        .unwrap_err()
        .to_string();
    assert!(message.contains("autres images"), "{message}");
}

#[test]
fn a_gap_never_comes_without_its_worst_group() {
    let levelled_down = answers(&[1, 1, 1, 0], &[1, 1, 1, 0]);
    let uneven = answers(&[1, 1, 1, 1], &[1, 1, 1, 0]);
    let frame = recall_gaps(&[("avant", &uneven), ("après", &levelled_down)]).unwrap();
    close(&numbers(&frame, "tpr"), &[0.75, 0.75], 1e-12);
    close(&numbers(&frame, "highest_value"), &[1.0, 0.75], 1e-12);
    close(&numbers(&frame, "difference"), &[0.25, 0.0], 1e-12);
    let worst: Vec<_> = frame
        .column("worst")
        .unwrap()
        .str()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(worst, [Some("A"), None]);
    assert!(numbers(&frame, "tpr_low")[0] < 0.75 && numbers(&frame, "tpr_high")[0] > 0.75);

    let recalls = recall_by_group(&uneven).unwrap();
    close(&numbers(&recalls, "tpr"), &[1.0, 0.75], 1e-12);
    close(&numbers(&recalls, "mean_score"), &[0.9, 0.7], 1e-12);
}

#[test]
fn both_kinds_of_mistakes_are_told() {
    let frame = df!(
        "y_true" => [1, 1, 1, 1, 0, 0],
        "score" => [0.9, 0.9, 0.9, 0.2, 0.7, 0.1],
    )
    .unwrap();
    let rates = rates_by_model(&[("réseau", &frame)]).unwrap();
    close(&numbers(&rates, "tpr"), &[0.75], 1e-12);
    close(&numbers(&rates, "fpr"), &[0.5], 1e-12);
    close(&numbers(&rates, "accuracy"), &[4.0 / 6.0], 1e-12);
    close(&numbers(&rates, "positives"), &[4.0], 1e-12);
    assert!(rates_by_model::<DataFrame>(&[]).is_err());
}

#[test]
fn seeds_are_compared_in_pairs() {
    // Differences of B: ¼, 0, ½ (mean ¼, sd ¼); of A: 0 three times.
    let runs = |found: [[u8; 4]; 3]| {
        found
            .map(|first| recall_by_group(&answers(&first, &[1, 1])).unwrap())
            .to_vec()
    };
    let first = runs([[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]]);
    let second = runs([[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]]);
    let frame = paired_seeds(&first, &second, Metric::Tpr).unwrap();
    close(&numbers(&frame, "difference"), &[0.25, 0.0], 1e-12);
    close(&numbers(&frame, "lowest_value"), &[0.0, 0.0], 1e-12);
    close(&numbers(&frame, "highest_value"), &[0.5, 0.0], 1e-12);
    let half = 4.303 * 0.25 / 3_f64.sqrt();
    close(&numbers(&frame, "low")[..1], &[0.25 - half], 1e-3);
    close(&numbers(&frame, "high")[..1], &[0.25 + half], 1e-3);
    assert!(paired_seeds(&first, &second[..2], Metric::Tpr).is_err());
    assert!(paired_seeds(&[], &[], Metric::Tpr).is_err());
    // One pair has a difference and no interval.
    let alone = paired_seeds(&first[..1], &second[..1], Metric::Tpr).unwrap();
    assert_eq!(alone.column("low").unwrap().null_count(), 2);
}

/// Quantiles of any printed table.
#[test]
fn students_quantiles_are_those_of_the_tables() {
    for (freedom, quantile) in [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (29, 2.045)] {
        // n values of mean 0 and standard deviation 1.
        let n = freedom + 1;
        let mut values: Vec<f64> = (0..n).map(|at| at as f64).collect();
        let mean = values.iter().sum::<f64>() / n as f64;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / freedom as f64).sqrt();
        values
            .iter_mut()
            .for_each(|value| *value = (*value - mean) / sd);
        let (_, _, high) = student_interval(&values).unwrap();
        close(&[high * (n as f64).sqrt()], &[quantile], 1e-3);
    }
    assert!(student_interval(&[]).is_err());
}

#[test]
fn the_figure_says_on_which_side_of_zero_each_interval_is() {
    let frame = paired_recalls(
        &answers(&[&[0; 30][..], &[1; 70]].concat(), &[1; 100]),
        &answers(&[1; 100], &[1; 100]),
    )
    .unwrap();
    let figure = difference_bars(&frame, "DB-VAE moins CNN").unwrap();
    visages::image::load_from_memory(figure.png()).unwrap();
    for told in [
        "DB-VAE moins CNN",
        "B (n = 100) +30,0",
        "hors de l'intervalle",
        "A (n = 100) 0,0",
        "0 est dans",
    ] {
        assert!(
            figure.alt_text().contains(told),
            "{told}: {}",
            figure.alt_text()
        );
    }
    assert!(difference_bars(&frame.head(Some(0)), "rien").is_err());
    assert!(difference_bars(&frame.drop("low").unwrap(), "rien").is_err());
}
