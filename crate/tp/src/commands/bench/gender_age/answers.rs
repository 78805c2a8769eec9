//! What the worker answers of networks of genders and ages, on drawings and on photographs.

use serde::{Deserialize, Serialize};

use crate::commands::bench::effects::interval::Estimate;

/// What the answers that look at no face are worth.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Constant {
    pub gender: f64,
    pub age: f64,
    pub accuracy: Estimate,
    pub mae: Estimate,
}

/// Some measures of a group; those that do not exist are absent.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub n: usize,
    pub values: Vec<Option<Estimate>>,
}

/// Answers about genders.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Gender {
    pub accuracy: Estimate,
    pub balanced: Estimate,
    pub auc: Estimate,
    pub f1: [Estimate; 2],
    pub less_constant: Estimate,
    pub feminine: f64,
    pub by_decade: Vec<Group>,
    pub by_code: Vec<Group>,
}

/// Answers about ages.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Age {
    pub mae: Estimate,
    pub rmse: Estimate,
    pub cs5: Estimate,
    pub signed: Estimate,
    pub less_median: Estimate,
    pub ends: [Group; 2],
    /// MAE and signed error.
    pub by_decade: Vec<Group>,
    /// MAE and standardised MAE.
    pub by_code: Vec<Group>,
    pub by_gender: Vec<Group>,
    pub by_age_group: Vec<Group>,
    pub within_ten: f64,
}

/// What a training was.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Course {
    pub epochs: u32,
    pub best: Option<u32>,
    pub validation: Vec<(String, Vec<f64>)>,
    pub losses: Vec<f64>,
    pub seconds: f64,
}

impl Course {
    /// What validation measured after each epoch; nothing for another measure.
    pub fn measured(&self, name: &str) -> &[f64] {
        let found = self.validation.iter().find(|(other, _)| other == name);
        found.map_or(&[], |(_, values)| values)
    }
}

/// Codes by their MAE, the lowest first: « 3 < 0 < 1 »; of the raw MAE (0) or of the standardised one (1). A code without a
/// value is left out.
pub fn ranking(groups: &[Group], which: usize) -> String {
    let mut found: Vec<(f64, &str)> = groups
        .iter()
        .filter_map(|group| {
            Some((
                group.values.get(which)?.as_ref()?.value,
                group.name.as_str(),
            ))
        })
        .collect();
    found.sort_by(|one, other| one.0.total_cmp(&other.0));
    let names: Vec<&str> = found.into_iter().map(|(_, name)| name).collect();
    names.join(" < ")
}

#[cfg(test)]
pub(in crate::commands::bench) mod tests {
    use super::*;

    pub fn around(value: f64, half: f64) -> Estimate {
        Estimate {
            value,
            low: value - half,
            high: value + half,
        }
    }

    pub fn group(name: &str, n: usize, values: &[Option<f64>]) -> Group {
        let values = values
            .iter()
            .map(|value| value.map(|value| around(value, 1.0)));
        Group {
            name: name.to_owned(),
            n,
            values: values.collect(),
        }
    }

    pub fn constant() -> Constant {
        Constant {
            gender: 0.0,
            age: 29.0,
            accuracy: around(0.52, 0.03),
            mae: around(15.2, 0.6),
        }
    }

    pub fn gender(accuracy: f64) -> Gender {
        Gender {
            accuracy: around(accuracy, 0.02),
            balanced: around(accuracy - 0.01, 0.02),
            auc: around(0.95, 0.01),
            f1: [around(0.84, 0.02), around(0.88, 0.02)],
            less_constant: around(accuracy - 0.52, 0.03),
            feminine: 0.45,
            by_decade: vec![
                group("0", 70, &[Some(0.61)]),
                group("20", 200, &[Some(0.9)]),
            ],
            by_code: vec![group("0", 150, &[Some(0.88)])],
        }
    }

    pub fn age(mae: f64) -> Age {
        Age {
            mae: around(mae, 0.4),
            rmse: around(mae + 2.0, 0.5),
            cs5: around(0.48, 0.02),
            signed: around(-0.3, 0.4),
            less_median: around(mae - 15.2, 0.8),
            ends: [
                group("moins de 10 ans", 70, &[Some(5.0)]),
                group("60 ans et plus", 60, &[Some(-12.0)]),
            ],
            by_decade: vec![
                group("0", 70, &[Some(6.0), Some(5.0)]),
                group("20", 200, &[Some(7.0), Some(0.5)]),
            ],
            by_code: vec![
                group("0", 150, &[Some(9.0), Some(7.0)]),
                group("1", 60, &[Some(8.0), Some(8.0)]),
                group("4", 12, &[Some(5.0), None]),
            ],
            by_gender: vec![group("femme", 140, &[Some(8.0), Some(8.1)])],
            by_age_group: vec![group("jeune", 200, &[Some(6.5), Some(0.4)])],
            within_ten: 0.78,
        }
    }

    pub fn course() -> Course {
        Course {
            epochs: 2,
            best: Some(2),
            validation: vec![("mae".to_owned(), vec![11.25, 8.5])],
            losses: vec![0.05, 0.02],
            seconds: 90.0,
        }
    }

    #[test]
    fn rankings_by_hand() {
        let codes = age(8.0).by_code;
        assert_eq!(ranking(&codes, 0), "4 < 1 < 0");
        assert_eq!(ranking(&codes, 1), "0 < 1");
        assert_eq!(course().measured("mae"), [11.25, 8.5]);
        assert!(course().measured("perte").is_empty());
    }
}
