//! `tp classe`: the trainings of a class, pooled. Each pair of students has its own seed and prints one line; the lines, one
//! beneath the other in a file or on standard input, become a table, one point a seed and the interval of each mean.

mod page;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tp_protocol::class::ClassLine;

use crate::cli::Verdict;
use crate::error::{Error, Result};
use crate::french::{counted, fixed};
use crate::statistics::{Mean, summary};

/// Arguments of `tp classe`.
#[derive(Debug, Args)]
pub struct ClassArgs {
    /// Fichier des lignes, une par binôme ; « - » ou rien : l'entrée standard
    #[arg(value_name = "FICHIER")]
    file: Option<PathBuf>,
    /// Écrit aussi une page HTML, avec un point par graine
    #[arg(long = "html", value_name = "PAGE")]
    page: Option<PathBuf>,
    /// Écrit le tableau en JSON sur la sortie standard
    #[arg(long)]
    json: bool,
}

/// Pools the lines, says which are refused and why, shows the table.
///
/// # Errors
/// [`Error::Usage`] when no line is usable, [`Error::Io`] when a file cannot be read or written.
pub fn execute(args: &ClassArgs) -> Result<Verdict> {
    let pooled = Pool::of(&text(args.file.as_deref())?);
    for refusal in &pooled.refused {
        tell!("✘ {refusal}");
    }
    let Some(class) = pooled.class else {
        return Err(Error::Usage(
            "Aucune ligne utilisable. Chaque binôme copie la ligne « classe ; … » qu'affiche son notebook.".to_owned(),
        ));
    };
    if args.json {
        let _ = writeln!(std::io::stdout(), "{}", class.json());
    } else {
        let _ = write!(std::io::stdout(), "{}", class.table());
    }
    if let Some(path) = &args.page {
        std::fs::write(path, page::html(&class)).map_err(Error::io("Impossible d'écrire", path))?;
        tell!("→ {}", path.display());
    }
    Ok(match pooled.refused.is_empty() {
        true => Verdict::Fine,
        false => Verdict::Failed,
    })
}

fn text(file: Option<&Path>) -> Result<String> {
    let bytes = match file {
        Some(path) if path.as_os_str() != "-" => {
            std::fs::read(path).map_err(Error::io("Impossible de lire", path))?
        }
        _ => {
            let mut bytes = Vec::new();
            let input = std::io::stdin().read_to_end(&mut bytes);
            input.map_err(Error::io("Impossible de lire", Path::new("-")))?;
            bytes
        }
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What the lines give.
struct Pool {
    class: Option<Class>,
    /// Number and reason of each line that does not count.
    refused: Vec<String>,
}

impl Pool {
    fn of(text: &str) -> Self {
        let mut kept: Vec<(usize, ClassLine)> = Vec::new();
        let mut refused = Vec::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            if line.trim().is_empty() {
                continue;
            }
            let read = ClassLine::decode(line).and_then(|line| match kept.first() {
                Some((_, first)) => agrees(&line, first).map(|()| line),
                None => Ok(line),
            });
            let read = read.and_then(|line| {
                match kept.iter().find(|(_, other)| other.seed == line.seed) {
                    Some((at, _)) => Err(format!(
                        "la graine {} est déjà à la ligne {at} : deux binômes ont pris la même, ou la ligne est en double",
                        line.seed
                    )),
                    None => Ok(line),
                }
            });
            match read {
                Ok(line) => kept.push((number, line)),
                Err(reason) => refused.push(format!("Ligne {number} : {reason}.")),
            }
        }
        let mut lines: Vec<ClassLine> = kept.into_iter().map(|(_, line)| line).collect();
        lines.sort_by_key(|line| line.seed);
        Self {
            class: (!lines.is_empty()).then_some(Class { lines }),
            refused,
        }
    }
}

/// Whether a line tells of the same lab and measures as the first one.
fn agrees(line: &ClassLine, first: &ClassLine) -> std::result::Result<(), String> {
    if line.lab != first.lab {
        return Err(format!(
            "elle est de {}, la première de {}",
            line.lab, first.lab
        ));
    }
    let names = |line: &ClassLine| -> Vec<String> {
        let mut names: Vec<String> = line.measures.iter().map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    };
    match names(line) == names(first) {
        true => Ok(()),
        false => Err(format!(
            "ses mesures ({}) ne sont pas celles de la première ({})",
            names(line).join(", "),
            names(first).join(", ")
        )),
    }
}

/// The lines that count: one lab, the same measures, different seeds, in the order of the seeds.
struct Class {
    lines: Vec<ClassLine>,
}

/// A measure, or the difference of two, over the seeds.
struct Series {
    name: String,
    /// Seed and value.
    points: Vec<(u64, f64)>,
    mean: Mean,
    /// Whether it is a difference, on an axis around zero.
    difference: bool,
}

impl Class {
    fn lab(&self) -> &str {
        self.lines.first().map_or("", |line| line.lab.as_str())
    }

    /// The measures, in the order of the first line, then the differences between models.
    fn series(&self) -> Vec<Series> {
        let Some(first) = self.lines.first() else {
            return Vec::new();
        };
        let names: Vec<&str> = first
            .measures
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let mut found: Vec<Series> = names
            .iter()
            .map(|name| self.of(name.to_string(), false, |line| value(line, name)))
            .collect();
        for (index, name) in names.iter().enumerate() {
            let Some((measure, model)) = model(name) else {
                continue;
            };
            for other in &names[index + 1..] {
                if let Some((same, second)) = self::model(other)
                    && same == measure
                {
                    let named = format!("{measure} : {second} − {model}");
                    found.push(self.of(named, true, |line| value(line, other) - value(line, name)));
                }
            }
        }
        found
    }

    fn of(&self, name: String, difference: bool, value: impl Fn(&ClassLine) -> f64) -> Series {
        let points: Vec<(u64, f64)> = self
            .lines
            .iter()
            .map(|line| (line.seed, value(line)))
            .collect();
        let values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
        Series {
            name,
            points,
            mean: summary(&values),
            difference,
        }
    }

    /// The table, for a terminal: a column a measure.
    fn table(&self) -> String {
        let series = self.series();
        let mut rows = vec![vec!["graine".to_owned()]];
        rows[0].extend(series.iter().map(|one| one.name.clone()));
        for (index, line) in self.lines.iter().enumerate() {
            let mut row = vec![line.seed.to_string()];
            row.extend(series.iter().map(|one| fixed(one.points[index].1, 3)));
            rows.push(row);
        }
        let mut means = vec!["moyenne".to_owned()];
        means.extend(series.iter().map(|one| fixed(one.mean.0, 3)));
        let mut intervals = vec!["95 %".to_owned()];
        intervals.extend(series.iter().map(|one| interval(one.mean)));
        rows.extend([means, intervals]);
        let widths: Vec<usize> = (0..rows[0].len())
            .map(|column| {
                rows.iter()
                    .map(|row| row[column].chars().count())
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let mut text = format!(
            "{} · {}\n\n",
            self.lab(),
            counted(self.lines.len(), "graine")
        );
        for row in &rows {
            let cells = row.iter().zip(&widths);
            let line: Vec<String> = cells
                .map(|(cell, width)| format!("{cell:>width$}"))
                .collect();
            text.push_str(&format!("{}\n", line.join("  ")));
        }
        text.push_str(&format!("\n{}\n", self.note()));
        text
    }

    /// What the interval says.
    fn note(&self) -> &'static str {
        match self.lines.len() {
            1 => "Une seule graine : il n'y a pas d'intervalle.",
            _ => {
                "L'intervalle est celui de Student pour la moyenne : il dit ce que le tirage des graines fait varier. Une différence \
                 entre deux modèles est prise graine par graine."
            }
        }
    }

    fn json(&self) -> serde_json::Value {
        let series: Vec<_> = self
            .series()
            .iter()
            .map(|one| {
                let points: Vec<_> = one
                    .points
                    .iter()
                    .map(|(seed, value)| json!({ "seed": seed, "value": value }))
                    .collect();
                json!({ "name": one.name, "points": points, "mean": one.mean.0, "interval": one.mean.1 })
            })
            .collect();
        json!({ "lab": self.lab(), "series": series })
    }
}

/// « [0,75 ; 0,85] », or a dash for one seed.
fn interval((_, interval): Mean) -> String {
    interval.map_or("–".to_owned(), |[low, high]| {
        format!("[{} ; {}]", fixed(low, 3), fixed(high, 3))
    })
}

/// What a name measures, and the model in parentheses at its end.
fn model(name: &str) -> Option<(&str, &str)> {
    let (measure, model) = name.strip_suffix(')')?.rsplit_once('(')?;
    Some((measure.trim(), model.trim()))
}

fn value(line: &ClassLine, name: &str) -> f64 {
    let found = line.measures.iter().find(|(known, _)| known == name);
    found.map_or(f64::NAN, |(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "\u{feff}classe ; tp5 ; graine 7 ; rappel rare (CNN) 0,70 ; rappel rare (DB-VAE) 0,80\n\
        \n\
        - classe ; tp5 ; graine 3 ; rappel rare (DB-VAE) 0,70 ; rappel rare (CNN) 0,60\n\
        classe ; tp5 ; graine 7 ; rappel rare (CNN) 0,1 ; rappel rare (DB-VAE) 0,1\n\
        bonjour\n\
        classe ; tp1 ; graine 8 ; rappel rare (CNN) 0,1 ; rappel rare (DB-VAE) 0,1\n\
        classe ; tp5 ; graine 9 ; rappel rare (CNN) 0,1\n\
        classe ; tp5 ; graine 1 ; rappel rare (CNN) 0,50 ; rappel rare (DB-VAE) 0,90\n";

    #[test]
    fn bad_lines_are_told_by_number_and_reason() {
        let refused = Pool::of(LINES).refused;
        for (line, (number, reason)) in refused.iter().zip([
            (4, "déjà à la ligne 1"),
            (5, "commence"),
            (6, "tp1"),
            (7, "mesures"),
        ]) {
            assert!(
                line.starts_with(&format!("Ligne {number} : ")) && line.contains(reason),
                "{line}"
            );
        }
        assert_eq!(refused.len(), 4);
        assert!(Pool::of("\n \n").class.is_none());
    }

    /// Recalls 0.5, 0.6 and 0.7, then 0.9, 0.7 and 0.8: differences 0.4, 0.1 and 0.1, of mean 0.2 and standard error 0.1.
    #[test]
    fn seeds_are_pooled_and_models_compared_seed_by_seed() {
        let class = Pool::of(LINES).class.unwrap();
        let series = class.series();
        let names: Vec<&str> = series.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "rappel rare (CNN)",
                "rappel rare (DB-VAE)",
                "rappel rare : DB-VAE − CNN"
            ]
        );
        let [cnn, _, difference] = &series[..] else {
            panic!()
        };
        assert_eq!(cnn.points, [(1, 0.5), (3, 0.6), (7, 0.7)]);
        assert!(difference.difference && !cnn.difference);
        let [low, high] = difference.mean.1.unwrap();
        assert!((difference.mean.0 - 0.2).abs() < 1e-9);
        assert!((low - 0.2 + 0.4303).abs() < 1e-4 && (high - 0.2 - 0.4303).abs() < 1e-4);
        let table = class.table();
        assert!(
            table.contains("tp5 · 3 graines") && table.contains("Student"),
            "{table}"
        );
        assert!(table.contains("[−0,230 ; 0,630]"), "{table}");
        let json = class.json();
        assert_eq!(json["series"][0]["points"][2]["seed"], 7);
    }

    #[test]
    fn one_seed_has_no_interval() {
        let class = Pool::of("classe ; tp5 ; graine 2 ; rappel 0,5")
            .class
            .unwrap();
        let table = class.table();
        assert!(
            table.contains("1 graine") && table.contains('–') && !table.contains("Student"),
            "{table}"
        );
    }

    #[test]
    fn the_page_shows_a_point_a_seed() {
        let lines = LINES.replace("rappel rare", "rappel <rare>");
        let page = page::html(&Pool::of(&lines).class.unwrap());
        assert_eq!(page.matches("<circle").count(), 9);
        assert!(page.contains("rappel &lt;rare&gt;") && !page.contains("<rare>"));
        assert!(page.contains("graine 3 : 0,600"));
    }
}
