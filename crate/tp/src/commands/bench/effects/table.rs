//! Tables of measures, one column a seed, and what the seeds establish together.

use super::interval::Estimate;
use crate::commands::bench::journal::Seeds;
use crate::french::fixed;

/// How a measure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A rate, from 0 to 1.
    Rate,
    /// A difference of rates, in points of percentage.
    Points,
    /// Years, or another number with one decimal.
    Years,
}

/// « 0,812 [0,764 ; 0,851] ».
pub fn written(estimate: &Estimate, unit: Unit) -> String {
    let (scale, digits) = match unit {
        Unit::Rate => (1.0, 3),
        Unit::Points => (100.0, 1),
        Unit::Years => (1.0, 2),
    };
    let one = |value: f64| fixed(scale * value, digits);
    format!(
        "{} [{} ; {}]",
        one(estimate.value),
        one(estimate.low),
        one(estimate.high)
    )
}

/// What the seeds establish: an effect, when the intervals of all of them stand on the same side of zero.
pub fn verdict(estimates: &[Estimate]) -> &'static str {
    let sides: Vec<i8> = estimates.iter().map(Estimate::side).collect();
    match sides.first() {
        Some(1) if sides.iter().all(|side| *side == 1) => "établi, positif",
        Some(-1) if sides.iter().all(|side| *side == -1) => "établi, négatif",
        _ => "non établi",
    }
}

/// A Markdown table: its first columns, one column a seed, and the last ones.
pub struct Table {
    text: String,
}

impl Table {
    /// The head. `before` are texts, `after` too.
    pub fn new(before: &[&str], seeds: Seeds, after: &[&str]) -> Self {
        let seeds: Vec<String> = (seeds.0..=seeds.1)
            .map(|seed| format!("graine {seed}"))
            .collect();
        let names = before
            .iter()
            .copied()
            .chain(seeds.iter().map(String::as_str))
            .chain(after.iter().copied());
        let mut text = row(names);
        text.push('|');
        for _ in before {
            text.push_str("---|");
        }
        for _ in &seeds {
            text.push_str("---:|");
        }
        for _ in after {
            text.push_str("---|");
        }
        text.push('\n');
        Self { text }
    }

    /// A row.
    pub fn push(&mut self, cells: &[String]) {
        self.text.push_str(&row(cells.iter().map(String::as_str)));
    }

    /// A row of measures.
    pub fn measures(&mut self, names: &[&str], estimates: &[Estimate], unit: Unit) {
        let mut cells: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        cells.extend(estimates.iter().map(|estimate| written(estimate, unit)));
        self.push(&cells);
    }

    /// A row of measures, in a table that has a column for what the seeds establish: nothing is asked of these.
    pub fn measures_without_verdict(&mut self, names: &[&str], estimates: &[Estimate], unit: Unit) {
        let mut cells: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        cells.extend(estimates.iter().map(|estimate| written(estimate, unit)));
        cells.push(String::new());
        self.push(&cells);
    }

    /// A row of differences, and what the seeds establish.
    pub fn differences(&mut self, names: &[&str], estimates: &[Estimate], unit: Unit) {
        let mut cells: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        cells.extend(estimates.iter().map(|estimate| written(estimate, unit)));
        cells.push(verdict(estimates).to_owned());
        self.push(&cells);
    }

    /// The Markdown.
    pub fn finish(self) -> String {
        self.text
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::from("|");
    for cell in cells {
        text.push_str(&format!(" {cell} |"));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(low: f64, high: f64) -> Estimate {
        Estimate {
            value: (low + high) / 2.0,
            low,
            high,
        }
    }

    #[test]
    fn an_effect_is_established_when_all_seeds_say_it() {
        let (up, down, both) = (between(0.1, 0.3), between(-0.3, -0.1), between(-0.1, 0.3));
        assert_eq!(verdict(&[up, up, up]), "établi, positif");
        assert_eq!(verdict(&[down, down]), "établi, négatif");
        for unsettled in [&[up, up, both][..], &[up, down], &[both], &[]] {
            assert_eq!(verdict(unsettled), "non établi");
        }
    }

    #[test]
    fn a_table_by_hand() {
        let mut table = Table::new(&["mesure"], Seeds(42, 43), &["verdict"]);
        table.differences(
            &["écart"],
            &[between(-0.02, 0.04), between(0.1, 0.2)],
            Unit::Points,
        );
        assert_eq!(
            table.finish(),
            "| mesure | graine 42 | graine 43 | verdict |\n|---|---:|---:|---|\n\
             | écart | 1,0 [−2,0 ; 4,0] | 15,0 [10,0 ; 20,0] | non établi |\n"
        );
        assert_eq!(
            written(&between(0.5, 0.7), Unit::Rate),
            "0,600 [0,500 ; 0,700]"
        );
    }
}
