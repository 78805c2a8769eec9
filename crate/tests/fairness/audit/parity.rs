//! Every metric equals fairlearn's, scikit-learn's and statsmodels'; `fixtures/fairness_parity.py` wrote the numbers.

use serde_json::Value;
use visages::{
    fairness::{AgeAudit, Audit, Z_95, difference_interval, holm, wilson_interval},
    metrics::{AgeMetric, Metric},
    polars::prelude::{DataFrame, df},
};

use super::{close, number_at, numbers, words};

fn fixture() -> Value {
    serde_json::from_str(include_str!("../../fixtures/fairness_parity.json")).unwrap()
}

fn floats(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn frame(fixture: &Value) -> DataFrame {
    let table = &fixture["frame"];
    let ints = |name: &str| -> Vec<i64> {
        table[name]
            .as_array()
            .unwrap()
            .iter()
            .map(|v| v.as_i64().unwrap())
            .collect()
    };
    let tones: Vec<&str> = table["tone"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_str().unwrap())
        .collect();
    df!(
        "tone" => tones,
        "gender" => ints("gender"),
        "y_true" => ints("y_true"),
        "y_pred" => ints("y_pred"),
        "other" => ints("other"),
        "score" => floats(&table["score"]),
        "age" => floats(&table["age"]),
        "age_pred" => floats(&table["age_pred"]),
    )
    .unwrap()
}

fn audit(frame: &DataFrame) -> Audit {
    Audit::new(frame)
        .prediction("y_pred")
        .score("score")
        .groups(&["tone", "gender"])
        .resamples(200)
}

fn ages(frame: &DataFrame) -> AgeAudit {
    AgeAudit::new(frame)
        .label("age")
        .prediction("age_pred")
        .groups(&["tone", "gender"])
        .resamples(200)
}

#[test]
fn metrics_by_group_and_by_intersection() {
    let fixture = fixture();
    let frame = frame(&fixture);
    let tables = [
        audit(&frame).by_group().unwrap(),
        audit(&frame).by_intersection().unwrap(),
        ages(&frame).by_group().unwrap(),
        ages(&frame).by_intersection().unwrap(),
    ];
    let mut compared = 0;
    for table in &tables {
        let (factors, groups) = (words(table, "factor"), words(table, "group"));
        for (row, (factor, group)) in factors.iter().zip(&groups).enumerate() {
            let expected = &fixture[factor];
            let place = expected["groups"]
                .as_array()
                .unwrap()
                .iter()
                .position(|g| g == group);
            let place = place.unwrap_or_else(|| panic!("{factor} {group}"));
            for (metric, values) in expected.as_object().unwrap() {
                if table.column(metric).is_ok() && metric != "groups" {
                    let found = numbers(table, metric)[row];
                    close(
                        found,
                        values[place].as_f64().unwrap(),
                        &format!("{metric} {group}"),
                    );
                    compared += 1;
                }
            }
        }
    }
    // 14 groups: n twice, 9 metrics of answers and 4 of ages.
    assert_eq!(compared, 14 * (2 + 9 + 4));
}

#[test]
fn gaps_and_ratios() {
    let fixture = fixture();
    let frame = frame(&fixture);
    let found = audit(&frame).gaps().unwrap();
    let ages = ages(&frame).gaps().unwrap();
    for factor in ["tone", "gender", "tone × gender"] {
        for metric in Metric::AUDITED
            .map(Metric::name)
            .into_iter()
            .chain(AgeMetric::AUDITED.map(AgeMetric::name))
        {
            let expected = &fixture[factor]["gaps"][metric];
            if expected.is_null() {
                assert_eq!(metric, "mae_std");
                continue;
            }
            let criterion = match metric {
                "selection_rate" => "demographic_parity",
                "tpr" => "equal_opportunity",
                other => other,
            };
            let table = if words(&ages, "criterion").contains(&criterion.to_owned()) {
                &ages
            } else {
                &found
            };
            let (factors, criteria) = (words(table, "factor"), words(table, "criterion"));
            let row = (0..factors.len())
                .find(|r| factors[*r] == factor && criteria[*r] == criterion)
                .unwrap();
            close(
                numbers(table, "difference")[row],
                expected["difference"].as_f64().unwrap(),
                metric,
            );
            // A ratio of signed errors has no meaning, and is left empty.
            match metric {
                "signed_error" => assert_eq!(numbers(table, "ratio")[row], None),
                _ => close(
                    numbers(table, "ratio")[row],
                    expected["ratio"].as_f64().unwrap(),
                    metric,
                ),
            }
        }
    }
    for factor in ["tone", "gender"] {
        let one = audit(&frame).groups(&[factor]).gaps().unwrap();
        for (criterion, expected) in fixture["fairness"][factor].as_object().unwrap() {
            let expected = floats(expected);
            close(
                number_at(&one, "criterion", criterion, "difference"),
                expected[0],
                criterion,
            );
            close(
                number_at(&one, "criterion", criterion, "ratio"),
                expected[1],
                criterion,
            );
        }
    }
}

#[test]
fn ages_are_standardised_as_documented() {
    let fixture = fixture();
    let frame = frame(&fixture);
    let table = ages(&frame)
        .groups(&["gender"])
        .metrics(&[AgeMetric::MaeStd])
        .by_group()
        .unwrap();
    for (found, expected) in numbers(&table, "mae_std")
        .into_iter()
        .zip(floats(&fixture["mae_std"]))
    {
        close(found, expected, "mae_std");
    }
    let bins = ages(&frame).groups(&["gender"]).standardisation().unwrap();
    close(
        Some(numbers(&bins, "weight").into_iter().flatten().sum()),
        1.0,
        "weights",
    );
}

#[test]
fn roc_curves() {
    let fixture = fixture();
    let table = audit(&frame(&fixture)).roc().unwrap();
    let whole = super::rows(&table, "factor", "ensemble");
    for name in ["fpr", "tpr"] {
        let (found, expected) = (numbers(&table, name), floats(&fixture["roc"][name]));
        assert_eq!(whole.len(), expected.len());
        for (row, expected) in whole.iter().zip(expected) {
            close(found[*row], expected, name);
        }
    }
}

#[test]
fn intervals_corrections_and_mcnemar() {
    let fixture = fixture();
    let count = |value: f64| value as usize;
    for case in fixture["wilson"].as_array().unwrap().iter().map(floats) {
        let (low, high) = wilson_interval(count(case[0]), count(case[1]), Z_95).unwrap();
        close(Some(low), case[2], "wilson");
        close(Some(high), case[3], "wilson");
    }
    for case in fixture["newcombe"].as_array().unwrap().iter().map(floats) {
        let second = (count(case[0]), count(case[1]));
        let (low, high) =
            difference_interval((count(case[2]), count(case[3])), second, Z_95).unwrap();
        close(Some(low), case[4], "newcombe");
        close(Some(high), case[5], "newcombe");
    }
    let p_values: Vec<Option<f64>> = floats(&fixture["holm"][0]).into_iter().map(Some).collect();
    for (found, expected) in holm(&p_values).into_iter().zip(floats(&fixture["holm"][1])) {
        close(found, expected, "holm");
    }
    let frame = frame(&fixture);
    let table = audit(&frame).against("other", Metric::Accuracy).unwrap();
    let expected = floats(&fixture["mcnemar"]);
    for (name, expected) in ["only_first", "only_second", "p_value"]
        .into_iter()
        .zip(expected)
    {
        close(
            number_at(&table, "factor", "ensemble", name),
            expected,
            name,
        );
    }
}
