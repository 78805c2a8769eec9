//! Several models and several seeds side by side, by hand.

use visages::{
    fairness::{Audit, before_after, by_model, mean_sd, summarize_seeds},
    metrics::Metric,
    polars::prelude::{DataFrame, df},
    train::{Evaluation, accuracy},
};

/// Faces of two groups with these scores, audited.
fn groups(first: [f64; 4], second: [f64; 2]) -> DataFrame {
    let frame = df!(
        "y_true" => [1; 6],
        "score" => [&first[..], &second].concat(),
        "group" => ["A", "A", "A", "A", "B", "B"],
    );
    Audit::new(&frame.unwrap())
        .groups(&["group"])
        .metrics(&[Metric::Tpr, Metric::MeanScore])
        .by_group()
        .unwrap()
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
        "tpr",
        "tpr_sd",
        "tpr_min",
        "tpr_max",
        "mean_score",
        "mean_score_sd",
        "mean_score_min",
        "mean_score_max",
    ];
    assert_eq!(names, expected);
    close(&column(&frame, "tpr"), &[0.75, 0.5]);
    close(&column(&frame, "tpr_sd"), &[0.25, 0.0]);
    close(&column(&frame, "tpr_min"), &[0.5, 0.5]);
    close(&column(&frame, "tpr_max"), &[1.0, 0.5]);
    close(&column(&frame, "mean_score"), &[0.7, 0.5]);
    close(&column(&frame, "mean_score_sd"), &[0.2, 0.0]);
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
    assert!(column(&alone, "tpr_sd").iter().all(|sd| sd.is_nan()));
    assert!(mean_sd(&[0.5]).unwrap().1.is_nan());
    assert!(mean_sd(&[]).is_err() && mean_sd(&[f64::NAN]).is_err());
    assert!(summarize_seeds(&[]).is_err());
}

#[test]
fn before_and_after_are_subtracted_group_by_group() {
    let before = groups([0.9, 0.9, 0.1, 0.1], [0.8, 0.2]);
    let after = groups([0.9, 0.9, 0.9, 0.1], [0.2, 0.2]);
    let frame = before_after(&before, &after).unwrap();
    close(&column(&frame, "tpr_before"), &[0.5, 0.5]);
    close(&column(&frame, "tpr_after"), &[0.75, 0.0]);
    close(&column(&frame, "tpr_change"), &[0.25, -0.5]);
    close(&column(&frame, "mean_score_change"), &[0.2, -0.3]);

    // Another group, or a group of another size, is not the same test.
    let other = df!("group" => ["A", "C"], "n" => [4_u32, 2], "tpr" => [1.0, 1.0], "mean_score" => [1.0, 1.0]);
    let size = df!("group" => ["A", "B"], "n" => [4_u32, 3], "tpr" => [1.0, 1.0], "mean_score" => [1.0, 1.0]);
    for frame in [other.unwrap(), size.unwrap()] {
        let message = before_after(&before, &frame).unwrap_err().to_string();
        assert!(message.contains("groupes"), "{message}");
        assert!(summarize_seeds(&[before.clone(), frame]).is_err());
    }
    let lacks = after.drop("tpr").unwrap();
    assert!(
        before_after(&before, &lacks)
            .unwrap_err()
            .to_string()
            .contains("tpr")
    );
}

/// What an audit cannot measure stays empty, and makes no false number.
#[test]
fn what_is_not_measured_stays_empty() {
    let frame = df!("y_true" => [1, 0, 0], "score" => [0.9, 0.1, 0.2], "group" => ["A", "A", "B"]);
    let audit = Audit::new(&frame.unwrap())
        .groups(&["group"])
        .metrics(&[Metric::Tpr]);
    let table = audit.by_group().unwrap();
    let change = before_after(&table, &table).unwrap();
    let change = change.column("tpr_change").unwrap().f64().unwrap().clone();
    assert_eq!((change.get(0), change.get(1)), (Some(0.0), None));
    let seeds = summarize_seeds(&[table.clone(), table]).unwrap();
    assert_eq!(seeds.column("tpr_sd").unwrap().f64().unwrap().get(1), None);
}

#[test]
fn models_side_by_side_have_both_kinds_of_mistakes() {
    let labels = [1, 1, 1, 1, 1, 0, 0, 0, 0, 0];
    let rates = |scores: [f64; 10]| {
        let frame = df!("y_true" => labels, "score" => scores).unwrap();
        let audit = Audit::new(&frame).metrics(&[Metric::Accuracy, Metric::Tpr, Metric::Fpr]);
        audit.overall().unwrap()
    };
    let careful = rates([0.9, 0.9, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]);
    let always = rates([1.0; 10]);
    let frame = by_model(&[("prudent", &careful), ("visages partout", &always)]).unwrap();
    let models = frame.column("model").unwrap().str().unwrap();
    assert_eq!(models.get(1), Some("visages partout"));
    close(&column(&frame, "accuracy"), &[0.9, 0.5]);
    close(&column(&frame, "tpr"), &[0.8, 1.0]);
    close(&column(&frame, "fpr"), &[0.0, 1.0]);
    // Wilson: 4/5 → [0.376, 0.964]; 5/5 → [0.566, 1].
    let rounded = |name: &str| -> Vec<f64> {
        column(&frame, name)
            .iter()
            .map(|v| (v * 1000.0).round() / 1000.0)
            .collect()
    };
    assert_eq!(rounded("tpr_low"), [0.376, 0.566]);
    assert_eq!(rounded("tpr_high"), [0.964, 1.0]);
    assert_eq!(rounded("fpr_high"), [0.434, 1.0]);
    assert!(by_model::<DataFrame>(&[]).is_err());
    assert!(by_model(&[("a", &careful), ("b", &careful.drop("tpr").unwrap())]).is_err());
}

/// The evaluation that training makes and the audit count alike.
#[test]
fn evaluation_and_audit_agree() {
    let labels = [1, 1, 1, 0, 0, 0, 0];
    let scores = [0.9, 0.5, 0.49, 0.5, 0.2, 0.1, 0.0];
    let evaluation = Evaluation::new(&scores, &labels).unwrap();
    let frame = df!("y_true" => labels.map(i32::from), "score" => scores.map(f64::from)).unwrap();
    let overall = Audit::new(&frame).overall().unwrap();
    close(&column(&overall, "accuracy"), &[evaluation.accuracy]);
    close(
        &column(&overall, "accuracy"),
        &[accuracy(&scores, &labels).unwrap()],
    );
    close(&column(&overall, "tpr"), &[evaluation.recall.unwrap()]);
    close(
        &column(&overall, "fpr"),
        &[evaluation.false_positive_rate.unwrap()],
    );
    assert_eq!((evaluation.faces, evaluation.non_faces), (3, 4));
}
