//! Small frames whose answers are known by hand.

use visages::{
    fairness::{AgeAudit, Audit},
    metrics::{AgeMetric, Metric},
    polars::prelude::{DataFrame, df},
};

use super::{close, number_at, numbers, words};

/// Two groups: I has 6 positives of 10, VI has 3 of 10.
fn labelled(answer: impl Fn(usize, bool) -> bool) -> DataFrame {
    let y_true: Vec<bool> = (0..20)
        .map(|i| if i < 10 { i < 6 } else { i < 13 })
        .collect();
    let y_pred: Vec<bool> = (0..20).map(|i| answer(i, y_true[i])).collect();
    let tone: Vec<&str> = (0..20).map(|i| if i < 10 { "I" } else { "VI" }).collect();
    df!("y_true" => y_true, "y_pred" => y_pred, "tone" => tone).unwrap()
}

fn audit(frame: &DataFrame) -> Audit {
    Audit::new(frame)
        .prediction("y_pred")
        .groups(&["tone"])
        .resamples(500)
}

#[test]
fn a_perfect_classifier_has_equal_odds() {
    let gaps = audit(&labelled(|_, label| label)).gaps().unwrap();
    close(
        number_at(&gaps, "criterion", "equalized_odds", "difference"),
        0.0,
        "equalized odds",
    );
    close(
        number_at(&gaps, "criterion", "accuracy", "difference"),
        0.0,
        "accuracy",
    );
    // But not demographic parity: it answers as the groups are.
    close(
        number_at(&gaps, "criterion", "demographic_parity", "difference"),
        0.3,
        "parity",
    );
}

/// « A face, always » treats all groups alike, so every parity is perfect; it is useless, and the accuracy,
/// which is the share of positives of each group, is the only number that says so.
#[test]
fn the_constant_classifier_looks_fair() {
    let audit = audit(&labelled(|_, _| true));
    let gaps = audit.gaps().unwrap();
    for criterion in [
        "demographic_parity",
        "equal_opportunity",
        "fpr",
        "equalized_odds",
    ] {
        close(
            number_at(&gaps, "criterion", criterion, "difference"),
            0.0,
            criterion,
        );
        close(
            number_at(&gaps, "criterion", criterion, "ratio").or(Some(1.0)),
            1.0,
            criterion,
        );
        close(
            number_at(&gaps, "criterion", criterion, "p_value"),
            1.0,
            criterion,
        );
    }
    // FPR 1 in both groups: every other image is taken for a face.
    let by_group = audit.by_group().unwrap();
    assert_eq!(numbers(&by_group, "fpr"), [Some(1.0), Some(1.0)]);
    assert_eq!(numbers(&by_group, "tpr"), [Some(1.0), Some(1.0)]);
    assert_eq!(numbers(&by_group, "accuracy"), [Some(0.6), Some(0.3)]);
    assert_eq!(
        numbers(&by_group, "accuracy"),
        numbers(&by_group, "precision")
    );
    close(
        number_at(&gaps, "criterion", "accuracy", "difference"),
        0.3,
        "accuracy",
    );
}

#[test]
fn by_group_has_its_documented_columns() {
    let frame = audit(&labelled(|i, _| i % 2 == 0)).by_group().unwrap();
    let names: Vec<&str> = frame
        .get_column_names()
        .iter()
        .map(|name| name.as_str())
        .collect();
    let mut expected: Vec<String> = [
        "factor",
        "group",
        "n",
        "positives",
        "negatives",
        "tp",
        "fp",
        "tn",
        "fn",
    ]
    .map(str::to_owned)
    .to_vec();
    for metric in Metric::AUDITED {
        expected.extend(["", "_low", "_high"].map(|end| format!("{}{end}", metric.name())));
    }
    expected.extend(["small".to_owned(), "note".to_owned()]);
    assert_eq!(names, expected);
    // I: answers yes to 0, 2, 4, 6, 8; positives 0 to 5.
    let counts =
        ["positives", "negatives", "tp", "fp", "tn", "fn"].map(|name| numbers(&frame, name)[0]);
    assert_eq!(counts, [6.0, 4.0, 3.0, 2.0, 2.0, 3.0].map(Some));
    // Without scores, the columns of scores are there and empty; no line of the gaps is.
    assert_eq!(numbers(&frame, "auc"), [None, None]);
    let gaps = audit(&labelled(|i, _| i % 2 == 0)).gaps().unwrap();
    assert!(!words(&gaps, "criterion").contains(&"auc".to_owned()));
}

#[test]
fn gaps_name_both_ends() {
    // TPR 1 for I, ⅓ for VI; FPR 0 for I, 0 for VI.
    let frame = labelled(|i, label| label && i <= 10);
    let gaps = audit(&frame).gaps().unwrap();
    let row = super::rows(&gaps, "criterion", "equal_opportunity")[0];
    let word = |name: &str| words(&gaps, name)[row].clone();
    assert_eq!(
        (word("lowest"), word("highest"), word("worst")),
        ("VI".into(), "I".into(), "VI".into())
    );
    close(numbers(&gaps, "difference")[row], 2.0 / 3.0, "difference");
    close(numbers(&gaps, "ratio")[row], 1.0 / 3.0, "ratio");
    close(numbers(&gaps, "variance")[row], 1.0 / 9.0, "variance");
    assert!(word("note").contains("moins de 30"));
    // No false alarm anywhere: no group is worse than another, or at an end.
    let equal = super::rows(&gaps, "criterion", "fpr")[0];
    for name in ["worst", "lowest", "highest"] {
        let column = gaps.column(name).unwrap();
        assert_eq!(column.str().unwrap().get(equal), None, "{name}");
    }
    assert_eq!(numbers(&gaps, "difference")[equal], Some(0.0));
    assert_eq!(numbers(&gaps, "lowest_value")[equal], Some(0.0));
    // 0 / 0 is no ratio.
    assert_eq!(number_at(&gaps, "criterion", "fpr", "ratio"), None);
    let odds = super::rows(&gaps, "criterion", "equalized_odds")[0];
    assert!(
        words(&gaps, "note")[odds].contains("TPR"),
        "{}",
        words(&gaps, "note")[odds]
    );
    // Three positives on one side: the interval holds far smaller gaps, and the test does not conclude.
    assert!(numbers(&gaps, "low")[row].unwrap() < 0.3);
    // 2 of 3 or more missed on the smaller side: C(3,2)/C(9,2) is 1/12.
    let p = numbers(&gaps, "p_value")[row].unwrap();
    assert!((p - 1.0 / 12.0).abs() < 0.04, "{p}");
}

#[test]
fn differences_and_models_by_hand() {
    let frame = labelled(|i, label| label && i <= 10);
    let differences = audit(&frame).differences("tone", "I", Metric::Tpr).unwrap();
    assert_eq!(words(&differences, "group"), ["VI"]);
    close(
        numbers(&differences, "difference")[0],
        -2.0 / 3.0,
        "difference",
    );
    assert_eq!(
        (
            numbers(&differences, "n")[0],
            numbers(&differences, "n_reference")[0]
        ),
        (Some(3.0), Some(6.0))
    );

    let mut both = frame.clone();
    both.with_column(
        labelled(|_, label| label)
            .column("y_pred")
            .unwrap()
            .clone()
            .with_name("better".into()),
    )
    .unwrap();
    let models = audit(&both).against("better", Metric::Tpr).unwrap();
    assert_eq!(words(&models, "group"), ["ensemble", "I", "VI"]);
    close(numbers(&models, "difference")[0], 2.0 / 9.0, "all");
    close(numbers(&models, "difference")[2], 2.0 / 3.0, "VI");
    assert_eq!(
        (
            numbers(&models, "only_first")[0],
            numbers(&models, "only_second")[0]
        ),
        (Some(0.0), Some(2.0))
    );
    close(numbers(&models, "p_value")[0], 0.5, "McNemar 0 and 2");
    // The same in group I: no interval is invented.
    assert_eq!(
        (
            numbers(&models, "difference")[1],
            numbers(&models, "low")[1]
        ),
        (Some(0.0), None)
    );
    assert!(words(&models, "note")[1].contains("pas d'intervalle"));
}

#[test]
fn a_known_factor_is_cut_into_classes() {
    let light: Vec<f64> = (0..100).map(|i| f64::from(i) / 100.0).collect();
    // Half of the dark images are wrong, none of the others.
    let y_pred: Vec<i32> = (0..100)
        .map(|i| i32::from(!(i < 20 && i % 2 == 0)))
        .collect();
    let word: Vec<&str> = (0..100)
        .map(|i| if i < 20 { "sombre" } else { "clair" })
        .collect();
    let frame = df!("y_true" => vec![1; 100], "y_pred" => y_pred, "light" => light, "word" => word)
        .unwrap();
    let audit = Audit::new(&frame).prediction("y_pred");
    let classes = audit.by_factor("light", Metric::Fnr, 5).unwrap();
    assert_eq!(numbers(&classes, "n"), [Some(20.0); 5]);
    assert_eq!(
        numbers(&classes, "value"),
        [0.5, 0.0, 0.0, 0.0, 0.0].map(Some)
    );
    assert_eq!(words(&classes, "group")[0], "0 à 0,19");
    close(numbers(&classes, "centre")[0], 0.095, "centre");
    close(numbers(&classes, "from")[1], 0.2, "from");
    close(numbers(&classes, "to")[1], 0.39, "to");
    let named = audit.by_factor("word", Metric::Fnr, 5).unwrap();
    assert_eq!(words(&named, "group"), ["clair", "sombre"]);
    assert_eq!(numbers(&named, "centre"), [None, None]);
}

#[test]
fn standardisation_needs_common_ages() {
    // Group C has only old faces: no age bin is common to the three.
    let group: Vec<&str> = ["A", "B", "C"]
        .into_iter()
        .flat_map(|name| [name; 40])
        .collect();
    let age: Vec<i32> = (0..120)
        .map(|i| if i < 80 { 20 + i % 10 } else { 70 })
        .collect();
    let guess: Vec<i32> = age.iter().map(|age| age + 3).collect();
    let frame = df!("y_true" => age, "y_pred" => guess, "group" => group).unwrap();
    let audit = AgeAudit::new(&frame).groups(&["group"]).resamples(200);
    let table = audit.by_group().unwrap();
    assert_eq!(numbers(&table, "mae_std"), [None; 3]);
    assert!(words(&table, "note")[0].contains("tranche d'âge commune"));
    // All errors are equal: the mean is 3, and no interval is invented.
    assert_eq!(
        (numbers(&table, "mae")[0], numbers(&table, "mae_low")[0]),
        (Some(3.0), None)
    );
    assert_eq!(numbers(&table, "cs5"), [Some(1.0); 3]);
    assert!(audit.against("y_pred", AgeMetric::MaeStd).is_err());
}

/// One positive alone is drawn again and again: its interval would be that of the negatives only. Nothing is claimed.
#[test]
fn an_area_with_few_of_a_class_has_no_interval() {
    let image = |i: usize, rare: usize| {
        let positive = i % 100 < rare;
        let score = (i * 37 % 100) as f64 / 200.0 + if positive { 0.4 } else { 0.0 };
        (positive, score)
    };
    // 100 images of each group; the rarer class of B has 9, then 10, then 30.
    let audit = |rare: usize| {
        let rows: Vec<_> = (0..200)
            .map(|i| image(i, if i < 100 { 50 } else { rare }))
            .collect();
        let frame = df!(
            "y_true" => rows.iter().map(|row| row.0).collect::<Vec<_>>(),
            "score" => rows.iter().map(|row| row.1).collect::<Vec<_>>(),
            "other" => rows.iter().map(|row| 1.0 - row.1).collect::<Vec<_>>(),
            "group" => (0..200).map(|i| if i < 100 { "A" } else { "B" }).collect::<Vec<_>>(),
        );
        Audit::new(&frame.unwrap())
            .score("score")
            .groups(&["group"])
            .metrics(&[Metric::Auc])
            .resamples(200)
    };
    for rare in [1, 9, 10, 30] {
        let (audit, known) = (audit(rare), rare >= 10);
        let frames = [
            (audit.by_group().unwrap(), "auc_low", 1),
            (audit.by_factor("group", Metric::Auc, 2).unwrap(), "low", 1),
            (
                audit.differences("group", "A", Metric::Auc).unwrap(),
                "low",
                0,
            ),
            (
                audit.differences("group", "B", Metric::Auc).unwrap(),
                "low",
                0,
            ),
            (audit.against("other", Metric::Auc).unwrap(), "low", 2),
            (audit.gaps().unwrap(), "low", 0),
        ];
        for (place, (frame, low, row)) in frames.iter().enumerate() {
            let what = format!("{rare} positives, frame {place}");
            assert_eq!(numbers(frame, low)[*row].is_some(), known, "{what}");
            let note = &words(frame, "note")[*row];
            assert_eq!(note.contains("moins de 10 cas"), !known, "{what}: {note}");
            // Of all metrics, by_group counts images; its note counts the class.
            let small = frame.column("small").unwrap().bool().unwrap().get(*row);
            assert_eq!(small, Some(rare < 30 && place > 0), "{what}");
        }
        // The other group, and the test that needs no interval.
        assert!(numbers(&frames[0].0, "auc_low")[0].is_some());
        assert!(numbers(&frames[5].0, "p_value")[0].is_some());
    }
}

/// What validation steps measure can be audited too; both say the same.
#[test]
fn balanced_accuracy_and_f1_by_hand() {
    // I: answers yes to 0, 2, 4, 6, 8 and positives are 0 to 5: TP 3, FN 3, FP 2, TN 2.
    let audit = audit(&labelled(|i, _| i % 2 == 0));
    let audit = audit.metrics(&[Metric::BalancedAccuracy, Metric::F1]);
    let table = audit.by_group().unwrap();
    close(numbers(&table, "balanced_accuracy")[0], 0.5, "I");
    close(numbers(&table, "f1")[0], 6.0 / 11.0, "I");
    for metric in ["balanced_accuracy", "f1"] {
        let value = numbers(&table, metric)[0];
        // Four negatives: too few for the interval of a rate of each class.
        let (low, high) = (format!("{metric}_low"), format!("{metric}_high"));
        let interval = numbers(&table, &low)[0].zip(numbers(&table, &high)[0]);
        match metric {
            "f1" => {
                assert!(interval.is_some_and(|(low, high)| Some(low) < value && value < Some(high)))
            }
            _ => assert_eq!(interval, None),
        }
    }
    assert!(audit.gaps().unwrap().height() == 2);
    let differences = audit.differences("groupe", "I", Metric::F1);
    assert_eq!(differences.unwrap().height(), 1);
}
