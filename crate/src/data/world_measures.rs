//! What the study of debiasing measured in its fourteen worlds, for the labs that discuss it.

use polars::prelude::{DataFrame, df};

use crate::error::{Error, Result};

/// Written by `cargo tp bench biais tri --ecrire`: a header, then a world a line.
const MEASURED: &str = include_str!("../../assets/biais_mondes.csv");

/// The map of the worlds: one line a world of [`World::all`](super::World::all), means over the seeds of the screening
/// (protocol: `notebooks/resultats/protocole_biais.md`). The detector is the DB-VAE whose faces are drawn uniformly.
///
/// | column | type | content |
/// |---|---|---|
/// | `monde` | str | what is rare, and its share: « pose, 3 % » |
/// | `écart (points)` | f64 | recall of the common version less that of the rare one, at 5 % of false positives |
/// | `part tirée ÷ part réelle` | f64 | share of the rare among the draws of the lab's rule ÷ their true share: 1 for uniform draws |
///
/// # Example
/// ```
/// assert_eq!(visages::data::world_measures()?.height(), 14);
/// # Ok::<(), visages::Error>(())
/// ```
///
/// # Errors
/// [`Error::Frame`] when polars refuses the columns.
pub fn world_measures() -> Result<DataFrame> {
    let (mut worlds, mut gaps, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    for line in MEASURED.lines().skip(1) {
        let cells: Vec<&str> = line.split(';').collect();
        let [world, gap, enrichment] = cells[..] else {
            return Err(unreadable(line));
        };
        let number = |cell: &str| cell.parse::<f64>().map_err(|_| unreadable(line));
        worlds.push(world);
        gaps.push(number(gap)?);
        drawn.push(number(enrichment)?);
    }
    Ok(df!(
        "monde" => worlds,
        "écart (points)" => gaps,
        "part tirée ÷ part réelle" => drawn,
    )?)
}

fn unreadable(line: &str) -> Error {
    Error::argument(
        "biais_mondes.csv",
        line,
        "un monde, deux nombres, séparés par des points-virgules",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::World;

    #[test]
    fn the_measures_are_those_of_the_worlds() {
        let found = world_measures().unwrap();
        let names = found.column("monde").unwrap().str().unwrap().clone();
        let expected: Vec<String> = World::all().iter().map(World::to_string).collect();
        let names: Vec<Option<&str>> = names.iter().collect();
        let expected: Vec<Option<&str>> = expected.iter().map(|name| Some(name.as_str())).collect();
        assert_eq!(names, expected);
        for column in ["écart (points)", "part tirée ÷ part réelle"] {
            let values = found.column(column).unwrap().f64().unwrap().clone();
            assert!(values.into_no_null_iter().all(f64::is_finite), "{column}");
        }
    }
}
