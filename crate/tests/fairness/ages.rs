//! What answers about gender and age are held against: constant answers, intervals of residuals, the same persons changed.

use visages::prelude::*;

fn column(frame: &DataFrame, name: &str) -> Vec<f64> {
    let column = frame
        .column(name)
        .unwrap()
        .cast(&DataType::Float64)
        .unwrap();
    column
        .f64()
        .unwrap()
        .iter()
        .map(|value| value.unwrap_or(f64::NAN))
        .collect()
}

fn words(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).unwrap().str().unwrap();
    column.iter().flatten().map(str::to_owned).collect()
}

#[test]
fn constant_answers_by_hand() {
    let train = df!(
        "age" => [20, 22, 30, 60, 70, 80],
        "gender" => [1_u8, 1, 1, 0, 0, 0],
        "race" => [0_u8, 0, 0, 1, 1, 1],
    )
    .unwrap();
    // Code 3 is not in the training part.
    let test = df!(
        "age" => [24, 72, 40, 10],
        "gender" => [1_u8, 0, 1, 0],
        "race" => [0_u8, 1, 1, 3],
    )
    .unwrap();
    let found = constant_answers(&train, &test, &["race", "gender"]).unwrap();
    assert_eq!(
        words(&found, "factor"),
        ["ensemble", "race", "race", "race", "gender", "gender"]
    );
    assert_eq!(
        words(&found, "group"),
        ["ensemble", "0", "1", "3", "0", "1"]
    );
    assert_eq!(column(&found, "n_train"), [6.0, 3.0, 3.0, 0.0, 3.0, 3.0]);
    // Three of each: 0 is told.
    assert_eq!(column(&found, "gender"), [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(
        column(&found, "median_age"),
        [45.0, 22.0, 70.0, 45.0, 70.0, 22.0]
    );
    assert_eq!(column(&found, "n"), [4.0, 1.0, 2.0, 1.0, 2.0, 2.0]);
    assert_eq!(column(&found, "accuracy"), [0.5, 1.0, 0.5, 1.0, 1.0, 1.0]);
    // |24 − 45|, |72 − 45|, |40 − 45|, |10 − 45|.
    assert_eq!(column(&found, "mae"), [22.0, 2.0, 16.0, 35.0, 31.0, 10.0]);
    let (low, high) = (
        column(&found, "accuracy_low")[0],
        column(&found, "accuracy_high")[0],
    );
    let (wilson_low, wilson_high) = wilson_interval(2, 4, Z_95).unwrap();
    assert!((low - wilson_low).abs() < 1e-12 && (high - wilson_high).abs() < 1e-12);

    assert!(constant_answers(&train, &test.head(Some(0)), &[]).is_err());
    assert!(constant_answers(&train, &test, &["code"]).is_err());
    assert!(constant_answers(&train.drop("age").unwrap(), &test, &[]).is_err());
}

#[test]
fn coverage_by_hand() {
    // Thirty errors of 1 to 30 years in the twenties; ten of 50 years in the forties, too few for a quantile of their own.
    let mut y_true = Vec::new();
    let mut y_pred = Vec::new();
    for error in 1..=30 {
        y_pred.push(25.0);
        y_true.push(25.0 + f64::from(error));
    }
    for _ in 0..10 {
        y_pred.push(45.0);
        y_true.push(95.0);
    }
    let validation = df!("y_true" => y_true, "y_pred" => y_pred).unwrap();
    let intervals = ResidualIntervals::fit(&validation, 0.5).unwrap();
    // Medians of 1…30, and of 1…30 with ten of 50.
    assert_eq!(intervals.half_width(29.9), 15.5);
    assert_eq!(intervals.half_width(41.0), 20.5);
    // Nobody was predicted 100 years, or fewer than 0.
    assert_eq!(
        (intervals.half_width(100.0), intervals.half_width(-3.0)),
        (20.5, 20.5)
    );
    let widths = intervals.half_widths().unwrap();
    assert_eq!(column(&widths, "decade"), [20.0, 40.0]);
    assert_eq!(column(&widths, "n"), [30.0, 10.0]);
    assert_eq!(column(&widths, "own"), [1.0, 0.0]);

    let test = df!(
        "y_true" => [25.0, 40.5, 40.6, 25.0, 5.0],
        "y_pred" => [25.0, 25.0, 25.0, 45.0, -3.0],
        "code" => [0, 0, 0, 1, 1],
    )
    .unwrap();
    let applied = intervals.apply(&test).unwrap();
    assert_eq!(column(&applied, "low"), [9.5, 9.5, 9.5, 24.5, -23.5]);
    assert_eq!(column(&applied, "high"), [40.5, 40.5, 40.5, 65.5, 17.5]);
    assert_eq!(column(&applied, "covered"), [1.0, 1.0, 0.0, 1.0, 1.0]);
    let measured = intervals.coverage(&test, &["code"]).unwrap();
    assert_eq!(words(&measured, "group"), ["ensemble", "0", "1"]);
    assert_eq!(column(&measured, "n"), [5.0, 3.0, 2.0]);
    assert_eq!(column(&measured, "covered"), [4.0, 2.0, 2.0]);
    assert_eq!(column(&measured, "coverage"), [0.8, 2.0 / 3.0, 1.0]);
    assert_eq!(column(&measured, "width"), [35.0, 31.0, 41.0]);
    let (low, high) = wilson_interval(4, 5, Z_95).unwrap();
    assert_eq!(
        (
            column(&measured, "coverage_low")[0],
            column(&measured, "coverage_high")[0]
        ),
        (low, high)
    );

    for level in [0.0, 1.0, f64::NAN] {
        assert!(ResidualIntervals::fit(&validation, level).is_err());
    }
    assert!(ResidualIntervals::fit(&validation.head(Some(0)), 0.9).is_err());
    assert!(intervals.coverage(&test, &["race"]).is_err());
}

/// On as many images as one likes, drawn like those of validation, the promise is held.
#[test]
fn the_level_is_held_on_new_images() {
    let mut state = 7_u32;
    let mut uniform = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1 << 24)
    };
    let mut draw = |n: usize| {
        let y_pred: Vec<f64> = (0..n).map(|_| 80.0 * uniform()).collect();
        let y_true: Vec<f64> = y_pred
            .iter()
            .map(|age| age + (age / 4.0) * (uniform() - 0.5))
            .collect();
        df!("y_true" => y_true, "y_pred" => y_pred).unwrap()
    };
    let intervals = ResidualIntervals::fit(&draw(20_000), 0.9).unwrap();
    let coverage = column(&intervals.coverage(&draw(20_000), &[]).unwrap(), "coverage")[0];
    assert!((coverage - 0.9).abs() < 0.01, "{coverage}");
}

#[test]
fn paired_errors_by_hand() {
    let frame = |predicted: [f64; 4]| {
        df!("y_true" => [10.0, 20.0, 30.0, 40.0], "y_pred" => predicted.to_vec()).unwrap()
    };
    let before = frame([12.0, 20.0, 25.0, 40.0]);
    let found = paired_error_difference(&before, &frame([14.0, 17.0, 30.0, 46.0]), 1).unwrap();
    // Errors 2, 0, 5, 0 then 4, 3, 0, 6.
    assert_eq!((found.n, found.before, found.after), (4, 1.75, 3.25));
    assert_eq!(found.difference, 1.5);
    // (14 − 12 + 17 − 20 + 30 − 25 + 46 − 40) / 4
    assert_eq!(found.shift, 2.5);
    assert!(
        found.low < 1.5 && found.high > 1.5 && found.p > 0.2,
        "{found:?}"
    );
    let same = paired_error_difference(&before, &before, 1).unwrap();
    assert_eq!(
        (same.difference, same.low, same.high, same.p),
        (0.0, 0.0, 0.0, 1.0)
    );

    let others = df!("y_true" => [10.0, 20.0, 30.0, 41.0], "y_pred" => [0.0; 4]).unwrap();
    let refused = paired_error_difference(&before, &others, 1)
        .unwrap_err()
        .to_string();
    assert!(refused.contains("ligne 4"), "{refused}");
    assert!(paired_error_difference(&before, &before.head(Some(2)), 1).is_err());
    assert!(paired_error_difference(&before.head(Some(0)), &before.head(Some(0)), 1).is_err());
}

/// Persons differ far more than the change does: pairs see it, two groups would not.
#[test]
fn pairs_see_what_groups_would_hide() {
    let truth: Vec<f64> = (0..60).map(|person| 20.0 + f64::from(person)).collect();
    let frame = |more: f64| {
        let predicted = truth.iter().enumerate();
        let predicted: Vec<f64> = predicted
            .map(|(person, age)| age + (person % 20) as f64 + more * (1 + person % 2) as f64)
            .collect();
        df!("y_true" => &truth, "y_pred" => predicted).unwrap()
    };
    let found = paired_error_difference(&frame(0.0), &frame(0.5), 42).unwrap();
    assert!((found.difference - 0.75).abs() < 1e-9);
    assert!(
        found.low > 0.65 && found.high < 0.85 && found.p < 0.001,
        "{found:?}"
    );
    assert_eq!(
        found,
        paired_error_difference(&frame(0.0), &frame(0.5), 42).unwrap()
    );
}
