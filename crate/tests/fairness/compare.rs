//! Several models and several seeds side by side, by hand.

use visages::{
    fairness::{
        GroupProbabilities, before_after, by_group, held_out_rates, mean_sd, summarize_seeds,
    },
    polars::prelude::{DataFrame, df},
    train::Evaluation,
};

fn groups(first: [f32; 4], second: [f32; 2]) -> DataFrame {
    let group = |name: &str, probabilities: &[f32]| GroupProbabilities {
        name: name.to_owned(),
        probabilities: probabilities.to_vec(),
    };
    by_group(&[group("A", &first), group("B", &second)], 0.5).unwrap()
}

fn column(frame: &DataFrame, name: &str) -> Vec<f64> {
    let column = frame.column(name).unwrap().f64().unwrap();
    column.iter().map(|value| value.unwrap()).collect()
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < 1e-6, "{found:?} ≠ {expected:?}");
    }
}

#[test]
fn seeds_are_summed_up_by_hand() {
    // Recalls of A: 1, ¾, ½; of B: ½, ½, ½.
    let runs = [
        groups([0.9, 0.9, 0.9, 0.9], [0.8, 0.2]),
        groups([0.9, 0.9, 0.9, 0.1], [0.2, 0.8]),
        groups([0.9, 0.9, 0.1, 0.1], [0.8, 0.2]),
    ];
    let frame = summarize_seeds(&runs).unwrap();
    let names: Vec<&str> = frame
        .get_column_names()
        .iter()
        .map(|name| name.as_str())
        .collect();
    let expected = [
        "group",
        "n",
        "seeds",
        "recall",
        "recall_sd",
        "recall_min",
        "recall_max",
        "mean_probability",
        "mean_probability_sd",
    ];
    assert_eq!(names, expected);
    close(&column(&frame, "recall"), &[0.75, 0.5]);
    close(&column(&frame, "recall_sd"), &[0.25, 0.0]);
    close(&column(&frame, "recall_min"), &[0.5, 0.5]);
    close(&column(&frame, "recall_max"), &[1.0, 0.5]);
    close(&column(&frame, "mean_probability"), &[0.7, 0.5]);
    close(&column(&frame, "mean_probability_sd"), &[0.2, 0.0]);
    let seeds: Vec<Option<u32>> = frame
        .column("seeds")
        .unwrap()
        .u32()
        .unwrap()
        .iter()
        .collect();
    assert_eq!(seeds, [Some(3), Some(3)]);

    // One run says nothing about chance.
    let alone = summarize_seeds(&runs[..1]).unwrap();
    assert!(column(&alone, "recall_sd").iter().all(|sd| sd.is_nan()));
    assert!(mean_sd(&[0.5]).unwrap().1.is_nan());
    assert!(mean_sd(&[]).is_err() && mean_sd(&[f64::NAN]).is_err());
    assert!(summarize_seeds(&[]).is_err());
}

#[test]
fn before_and_after_are_subtracted_group_by_group() {
    let before = groups([0.9, 0.9, 0.1, 0.1], [0.8, 0.2]);
    let after = groups([0.9, 0.9, 0.9, 0.1], [0.2, 0.2]);
    let frame = before_after(&before, &after).unwrap();
    close(&column(&frame, "recall_before"), &[0.5, 0.5]);
    close(&column(&frame, "recall_after"), &[0.75, 0.0]);
    close(&column(&frame, "recall_change"), &[0.25, -0.5]);
    close(&column(&frame, "mean_change"), &[0.2, -0.3]);

    // Another group, or a group of another size, is not the same test.
    let other = df!("group" => ["A", "C"], "n" => [4_u32, 2], "recall" => [1.0, 1.0], "mean_probability" => [1.0, 1.0]);
    let size = df!("group" => ["A", "B"], "n" => [4_u32, 3], "recall" => [1.0, 1.0], "mean_probability" => [1.0, 1.0]);
    for frame in [other.unwrap(), size.unwrap()] {
        let message = before_after(&before, &frame).unwrap_err().to_string();
        assert!(message.contains("groupes"), "{message}");
        assert!(summarize_seeds(&[before.clone(), frame]).is_err());
    }
}

#[test]
fn held_out_rates_have_both_kinds_of_mistakes() {
    let labels = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
    let careful =
        Evaluation::new(&[0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1], &labels).unwrap();
    let always = Evaluation::new(&[1.0; 10], &labels).unwrap();
    let frame = held_out_rates(&[("prudent", &careful), ("visages partout", &always)]).unwrap();
    close(&column(&frame, "accuracy"), &[0.9, 0.5]);
    close(&column(&frame, "recall"), &[0.8, 1.0]);
    close(&column(&frame, "fpr"), &[0.0, 1.0]);
    // Wilson: 4/5 → [0.376, 0.964]; 5/5 → [0.566, 1].
    let rounded = |name: &str| -> Vec<f64> {
        column(&frame, name)
            .iter()
            .map(|v| (v * 1000.0).round() / 1000.0)
            .collect()
    };
    assert_eq!(rounded("recall_low"), [0.376, 0.566]);
    assert_eq!(rounded("recall_high"), [0.964, 1.0]);
    assert_eq!(rounded("fpr_high"), [0.434, 1.0]);

    let faces_only = Evaluation::new(&[1.0], &[1]).unwrap();
    let message = held_out_rates(&[("seul", &faces_only)])
        .unwrap_err()
        .to_string();
    assert!(message.contains("seul, autres images"), "{message}");
}
