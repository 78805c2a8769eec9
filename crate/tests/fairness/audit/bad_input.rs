//! What cannot be measured is one clear French line or an empty cell with a note, never a panic, never a wrong number.

use visages::{
    fairness::{AgeAudit, Audit},
    metrics::Metric,
    polars::prelude::{DataFrame, df},
};

use super::{numbers, words};

fn frame() -> DataFrame {
    df!(
        "y_true" => [1, 0, 1, 0],
        "y_pred" => [1, 0, 0, 0],
        "score" => [0.9, 0.2, 0.4, 0.1],
        "nan" => [0.9, f64::NAN, 0.4, 0.1],
        "half" => [0.5, 1.5, 0.4, 0.1],
        "word" => ["a", "b", "a", "b"],
        "hole" => [Some("a"), None, Some("a"), Some("b")],
        "age" => [20.0, 30.0, -1.0, 40.0],
    )
    .unwrap()
}

fn refused(audit: &Audit, words: &[&str]) {
    let message = audit.by_group().unwrap_err().to_string();
    assert!(
        !message.contains('\n') && words.iter().all(|word| message.contains(word)),
        "{message}"
    );
}

#[test]
fn columns_are_checked() {
    let frame = frame();
    let audit = || Audit::new(&frame).prediction("y_pred").groups(&["word"]);
    refused(
        &audit().label("absente"),
        &["« absente »", "absente du tableau", "y_true, y_pred"],
    );
    refused(&audit().groups(&["absente"]), &["« absente »"]);
    refused(&audit().label("word"), &["« word »", "des nombres"]);
    refused(
        &audit().label("score"),
        &["« score »", "ni 0 ni 1", "ligne 1"],
    );
    refused(&audit().score("nan"), &["« nan »", "NaN", "ligne 2"]);
    refused(
        &audit().score("half"),
        &["« half »", "ligne 2", "probabilité"],
    );
    refused(
        &audit().groups(&["hole"]),
        &["« hole »", "case vide", "ligne 2"],
    );
    refused(
        &audit().groups(&["score"]),
        &["« score »", "nombres à virgule"],
    );
    refused(&audit().groups(&["word", "word"]), &["deux fois"]);
    refused(&audit().groups(&[]), &["groups", "au moins une colonne"]);
    let bare = frame.drop("score").unwrap().drop("y_pred").unwrap();
    refused(
        &Audit::new(&bare).groups(&["word"]),
        &[".prediction", ".score"],
    );
    // The columns of predictions need no naming.
    assert!(Audit::new(&frame).groups(&["word"]).by_group().is_ok());
    refused(&audit().metrics(&[Metric::Auc]), &["auc", ".score"]);
    refused(&audit().threshold(f64::NAN), &["threshold"]);
    refused(&audit().bins(1), &["bins"]);
    refused(&audit().resamples(10), &["resamples", "100"]);
    refused(
        &Audit::new(&frame.head(Some(0)))
            .prediction("y_pred")
            .groups(&["word"]),
        &["tableau vide"],
    );
    let error = audit()
        .differences("word", "z", Metric::Tpr)
        .unwrap_err()
        .to_string();
    assert!(error.contains("« word » : a, b"), "{error}");
    assert!(audit().differences("tone", "a", Metric::Tpr).is_err());
    assert!(audit().by_factor("score", Metric::Tpr, 1).is_err());
    assert!(audit().roc().unwrap_err().to_string().contains(".score"));
    let ages = AgeAudit::new(&frame)
        .label("age")
        .prediction("score")
        .groups(&["word"]);
    let error = ages.by_group().unwrap_err().to_string();
    assert!(
        error.contains("-1 n'est pas un âge") && error.contains("ligne 3"),
        "{error}"
    );
}

#[test]
fn too_many_groups_are_refused() {
    let many: Vec<i32> = (0..900).collect();
    let frame = df!("y_true" => vec![1; 900], "y_pred" => vec![1; 900], "id" => many).unwrap();
    refused(
        &Audit::new(&frame).prediction("y_pred").groups(&["id"]),
        &["900 groupes"],
    );
}

#[test]
fn one_class_one_member_and_equal_scores_are_flagged() {
    // A: positives only; B: one image; C: no answer « yes », all scores equal.
    let frame = df!(
        "y_true" => [1, 1, 1, 0, 1, 0, 1, 0],
        "score" => [0.9, 0.8, 0.3, 0.6, 0.2, 0.2, 0.2, 0.2],
        "group" => ["A", "A", "A", "B", "C", "C", "C", "C"],
    )
    .unwrap();
    let audit = Audit::new(&frame)
        .score("score")
        .groups(&["group"])
        .resamples(200);
    let table = audit.by_group().unwrap();
    assert_eq!(numbers(&table, "n"), [Some(3.0), Some(1.0), Some(4.0)]);
    assert_eq!(numbers(&table, "fpr"), [None, Some(1.0), Some(0.0)]);
    assert_eq!(numbers(&table, "tpr"), [Some(2.0 / 3.0), None, Some(0.0)]);
    assert_eq!(numbers(&table, "precision"), [Some(1.0), Some(0.0), None]);
    assert_eq!(numbers(&table, "auc"), [None, None, Some(0.5)]);
    assert_eq!(numbers(&table, "auc_low"), [None; 3]);
    assert_eq!(numbers(&table, "ece_low")[1], None);
    let notes = words(&table, "note");
    for (note, word) in notes.iter().zip([
        "aucun cas négatif",
        "aucun cas positif",
        "aucune réponse positive",
    ]) {
        assert!(
            note.contains(word) && note.contains("moins de 30 images"),
            "{note}"
        );
    }
    assert!(
        notes[2].contains("pas d'intervalle pour auc"),
        "{}",
        notes[2]
    );
    // One group alone has an AUC: nothing to compare.
    let gaps = audit.gaps().unwrap();
    let row = super::rows(&gaps, "criterion", "auc")[0];
    assert_eq!(
        (
            numbers(&gaps, "difference")[row],
            numbers(&gaps, "p_value")[row]
        ),
        (None, None)
    );
    assert!(words(&gaps, "note")[row].contains("hors comparaison : A, B"));
    // Groups below a size may be left out.
    let large = audit
        .clone()
        .min_size(2)
        .metrics(&[Metric::Accuracy])
        .gaps()
        .unwrap();
    assert_eq!(numbers(&large, "groups"), [Some(2.0)]);
    assert!(words(&large, "note")[0].contains("B"));
}

#[test]
fn an_empty_crossing_has_its_line() {
    let frame = df!(
        "y_true" => [1, 1, 0], "y_pred" => [1, 0, 0], "tone" => ["I", "VI", "VI"], "gender" => [0, 1, 1],
    )
    .unwrap();
    let table = Audit::new(&frame)
        .prediction("y_pred")
        .groups(&["tone", "gender"])
        .by_intersection()
        .unwrap();
    assert_eq!(
        words(&table, "group"),
        ["I × 0", "I × 1", "VI × 0", "VI × 1"]
    );
    assert_eq!(
        numbers(&table, "n"),
        [Some(1.0), Some(0.0), Some(0.0), Some(2.0)]
    );
    assert_eq!(
        numbers(&table, "accuracy"),
        [Some(1.0), None, None, Some(0.5)]
    );
    assert_eq!(words(&table, "note")[1], "aucune image");
}

/// Random frames, most of them odd: everything is measured or refused, nothing panics, every interval holds its value
/// and stays where its metric lives.
#[test]
fn random_frames_never_panic() {
    let mut state = 7_u64;
    let mut draw = move |n: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for round in 0..60 {
        let n = 1 + draw(40) as usize;
        let levels = 1 + draw(5);
        let steps = 1 + draw(6);
        let y_true: Vec<bool> = (0..n).map(|_| draw(4) < round % 5).collect();
        let score: Vec<f64> = (0..n)
            .map(|_| draw(steps + 1) as f64 / steps as f64)
            .collect();
        let group: Vec<i64> = (0..n).map(|_| draw(levels) as i64).collect();
        let age: Vec<f64> = (0..n).map(|_| draw(100) as f64).collect();
        let guess: Vec<f64> = (0..n).map(|_| draw(100) as f64).collect();
        let frame = df!("y_true" => y_true, "score" => &score, "group" => &group, "age" => age, "guess" => guess).unwrap();
        let audit = Audit::new(&frame)
            .score("score")
            .groups(&["group"])
            .resamples(100);
        let ages = AgeAudit::new(&frame)
            .label("age")
            .prediction("guess")
            .groups(&["group"])
            .resamples(100);
        for table in [audit.by_group().unwrap(), ages.by_group().unwrap()] {
            for metric in [
                "accuracy",
                "selection_rate",
                "tpr",
                "fpr",
                "precision",
                "auc",
                "ece",
                "mae",
                "rmse",
                "cs5",
                "mae_std",
            ] {
                if table.column(metric).is_err() {
                    continue;
                }
                let ends = [
                    numbers(&table, &format!("{metric}_low")),
                    numbers(&table, &format!("{metric}_high")),
                ];
                for (row, value) in numbers(&table, metric).into_iter().enumerate() {
                    let (low, high) = (ends[0][row], ends[1][row]);
                    assert!(value.is_none_or(|value| value >= 0.0), "{metric} {value:?}");
                    assert_eq!(low.is_some(), high.is_some());
                    assert!(value.is_some() || low.is_none());
                    assert!(
                        low.zip(high)
                            .is_none_or(|(low, high)| low <= high && low >= -1e-12),
                        "{metric}"
                    );
                }
            }
        }
        for table in [audit.gaps().unwrap(), ages.gaps().unwrap()] {
            for p in numbers(&table, "p_value")
                .into_iter()
                .chain(numbers(&table, "p_holm"))
                .flatten()
            {
                assert!(p > 0.0 && p <= 1.0);
            }
        }
        audit.reliability().unwrap();
        audit.roc().unwrap();
        audit.by_factor("score", Metric::Accuracy, 3).unwrap();
        ages.standardisation().unwrap();
        audit.against("score", Metric::Auc).unwrap();
    }
}
