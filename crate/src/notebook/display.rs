//! Rich results of a cell: pictures and tables, through evcxr's display protocol.
//!
//! evcxr reads the cell's stdout line by line and takes what stands between
//! `EVCXR_BEGIN_CONTENT <type>` and `EVCXR_END_CONTENT` as one representation of the result; the last
//! block of a type wins, hence one figure a cell.

use std::{borrow::Cow, fmt::Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use polars::prelude::{AnyValue, Column, DataFrame};

use super::output::print_line;
use crate::{
    figures::Figure,
    french::{format_number, grouped},
    metrics,
    ready::Ready,
};

/// Rows of a frame that are shown; a longer one says how many it has.
const SHOWN_ROWS: usize = 50;

impl Figure {
    /// What the kernel calls for a cell's last expression: the picture, and its description where
    /// pictures cannot be shown.
    pub fn evcxr_display(&self) {
        print_blocks(&[
            ("image/png", &STANDARD.encode(self.png())),
            ("text/plain", self.alt_text()),
        ]);
    }
}

/// A data frame made for reading; see [`show_table`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    html: String,
    text: String,
}

/// Shows a frame as a table: `show_table(&frame)` as the last expression of a cell. Beyond 50 rows
/// the first 50 are shown and the number of rows is told. Numbers are French and stand on the right, with as many decimals in a
/// whole column; texts stand on the left. The columns of our own frames have French headers (the frame keeps its names), and
/// missing values read « — ». The frame may be one that waits for an exercise; see [`Ready`].
///
/// `show_table(&figure)` writes what a figure shows: its numbers, or its description where it keeps none.
pub fn show_table<A>(shown: &A) -> A::Out<Table>
where
    A: Ready,
    A::Value: Tabular,
{
    shown.with(|shown| {
        let frame = shown.as_table();
        Table {
            html: html_table(&frame),
            text: text_table(&frame),
        }
    })
}

/// What [`show_table`] writes as a table.
pub trait Tabular {
    /// Its frame.
    fn as_table(&self) -> Cow<'_, DataFrame>;
}

impl Tabular for DataFrame {
    fn as_table(&self) -> Cow<'_, DataFrame> {
        Cow::Borrowed(self)
    }
}

impl Tabular for Figure {
    fn as_table(&self) -> Cow<'_, DataFrame> {
        match self.table() {
            Some(table) => Cow::Borrowed(table),
            None => {
                let text = Column::new("description".into(), [self.alt_text()]);
                Cow::Owned(DataFrame::new_infer_height(vec![text]).unwrap_or_default())
            }
        }
    }
}

/// What the columns of our frames are called on the screen, metrics apart.
const HEADERS: [(&str, &str); 58] = [
    ("alpha", "α"),
    ("bin", "classe"),
    ("centre", "centre"),
    ("class", "classe"),
    ("criterion", "critère"),
    ("difference", "écart"),
    ("factor", "regroupement"),
    ("fewest", "groupe le moins nombreux"),
    ("fewest_n", "son effectif"),
    ("fn", "faux négatifs"),
    ("fp", "faux positifs"),
    ("from", "de"),
    ("gender", "genre annoté"),
    ("group", "groupe"),
    ("groups", "groupes"),
    ("high", "borne haute"),
    ("highest", "le plus haut"),
    ("highest_value", "valeur la plus haute"),
    ("label", "étiquette"),
    ("low", "borne basse"),
    ("lowest", "le plus bas"),
    ("lowest_value", "valeur la plus basse"),
    ("margin", "écart de probabilité, moyenne"),
    ("margin_variance", "écart de probabilité, variance"),
    ("median_age", "âge médian"),
    ("metric", "mesure"),
    ("model", "modèle"),
    ("n_copies", "images en double"),
    ("n_reference", "effectif de la référence"),
    ("n_train", "effectif de l'entraînement"),
    ("negatives", "négatifs"),
    ("note", "remarque"),
    ("only_first", "premier modèle seul"),
    ("only_second", "second modèle seul"),
    ("other_value", "second modèle"),
    ("p_holm", "p corrigée (Holm)"),
    ("p_value", "p"),
    ("positives", "positifs"),
    ("rate", "part de positifs"),
    ("ratio", "rapport"),
    ("recall", "rappel"),
    ("recall_high", "rappel, borne haute"),
    ("recall_low", "rappel, borne basse"),
    ("reference", "référence"),
    ("reference_value", "valeur de la référence"),
    ("score", "probabilité"),
    ("seeds", "graines"),
    ("small", "petit groupe"),
    ("threshold", "seuil"),
    ("tn", "vrais négatifs"),
    ("to", "à"),
    ("tp", "vrais positifs"),
    ("value", "valeur"),
    ("variance", "variance entre groupes"),
    ("weight", "poids"),
    ("worst", "le plus défavorisé"),
    ("y_pred", "réponse"),
    ("y_true", "étiquette"),
];

/// What the name of a metric's column may end in, and how it is said.
const ENDS: [(&str, &str); 8] = [
    ("_low", "borne basse"),
    ("_high", "borne haute"),
    ("_before", "avant"),
    ("_after", "après"),
    ("_change", "écart"),
    ("_sd", "écart-type"),
    ("_min", "le plus bas"),
    ("_max", "le plus haut"),
];

fn header(column: &str) -> String {
    if let Some((_, shown)) = HEADERS.iter().find(|(name, _)| *name == column) {
        return (*shown).to_owned();
    }
    let metric = |name: &str| metrics::find(name).map(|spec| spec.header());
    let end = ENDS.iter().find_map(|(suffix, words)| {
        let measure = metric(column.strip_suffix(suffix)?)?;
        Some(format!("{measure}, {words}"))
    });
    metric(column).or(end).unwrap_or_else(|| column.to_owned())
}

impl Table {
    /// The table as HTML, every text escaped.
    pub fn html(&self) -> &str {
        &self.html
    }

    /// The table as plain text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the kernel calls for a cell's last expression.
    pub fn evcxr_display(&self) {
        print_blocks(&[("text/html", &self.html), ("text/plain", &self.text)]);
    }
}

/// Prints one content block a representation, all in one write.
pub(super) fn print_blocks(blocks: &[(&str, &str)]) {
    let joined: Vec<String> = blocks
        .iter()
        .map(|(mime, body)| content_block(mime, body))
        .collect();
    print_line(&joined.join("\n"));
}

/// One content block, without its final newline.
fn content_block(mime: &str, body: &str) -> String {
    // A text that holds evcxr's own words must not end the block, nor the cell.
    let body = body.replace("EVCXR_", "EVCXR\u{200b}_");
    let body = body.trim_end_matches('\n');
    format!("EVCXR_BEGIN_CONTENT {mime}\n{body}\nEVCXR_END_CONTENT")
}

/// A column as it is shown.
struct Shown {
    header: String,
    /// The first rows.
    cells: Vec<String>,
    /// Numbers stand on the right, where they can be compared; texts on the left.
    is_number: bool,
}

fn shown_columns(frame: &DataFrame) -> Vec<Shown> {
    let rows = frame.height().min(SHOWN_ROWS);
    let columns = frame.columns().iter();
    columns
        .map(|column| {
            let values: Vec<AnyValue<'_>> = (0..rows)
                .map(|row| column.get(row).unwrap_or(AnyValue::Null))
                .collect();
            let floats = values.iter().filter_map(|value| match value {
                AnyValue::Float32(number) => Some(f64::from(*number)),
                AnyValue::Float64(number) => Some(*number),
                _ => None,
            });
            let digits = decimals(floats);
            Shown {
                header: header(column.name()),
                cells: values
                    .iter()
                    .map(|value| cell_text(value, digits))
                    .collect(),
                is_number: column.dtype().is_primitive_numeric(),
            }
        })
        .collect()
}

/// Decimals of a column: as many for all its numbers, and no more than the longest needs, up to four where all are below 10,
/// two from there on.
fn decimals(numbers: impl Iterator<Item = f64>) -> usize {
    let plain: Vec<f64> = numbers.filter(|number| !is_extreme(*number)).collect();
    let most = match plain.iter().any(|number| number.abs() >= 10.0) {
        true => 2,
        false => 4,
    };
    let needed = plain.iter().map(|number| {
        let text = format!("{number:.most$}");
        let (_, digits) = text.split_once('.').unwrap_or_default();
        digits.trim_end_matches('0').len()
    });
    needed.max().unwrap_or(0)
}

/// Whether a number is written with a power of ten.
fn is_extreme(number: f64) -> bool {
    number != 0.0 && !(1e-3..1e9).contains(&number.abs())
}

fn html_table(frame: &DataFrame) -> String {
    let columns = shown_columns(frame);
    let rows = frame.height();
    // JupyterLab aligns everything on the right: texts say where they stand too.
    let style = |column: &Shown| match column.is_number {
        true => " style=\"text-align:right\"",
        false => " style=\"text-align:left\"",
    };
    let mut html = String::from("<table>\n<thead><tr>");
    for column in &columns {
        let _ = write!(html, "<th{}>{}</th>", style(column), escape(&column.header));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in 0..rows.min(SHOWN_ROWS) {
        html.push_str("<tr>");
        for column in &columns {
            let _ = write!(
                html,
                "<td{}>{}</td>",
                style(column),
                escape(&column.cells[row])
            );
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>");
    if rows > SHOWN_ROWS {
        let rows = grouped(&rows.to_string());
        let _ = write!(html, "\n<p>{SHOWN_ROWS} premières lignes sur {rows}</p>");
    }
    html
}

/// The table as plain text, columns aligned.
fn text_table(frame: &DataFrame) -> String {
    let shown = frame.height().min(SHOWN_ROWS);
    let columns: Vec<(Vec<String>, bool)> = shown_columns(frame)
        .into_iter()
        .map(|column| {
            let mut texts = vec![column.header];
            texts.extend(column.cells);
            (texts, column.is_number)
        })
        .collect();
    let mut text = String::new();
    for row in 0..=shown {
        let cells: Vec<String> = columns
            .iter()
            .map(|(texts, is_number)| {
                let width = texts.iter().map(|text| text.chars().count()).max();
                let width = width.unwrap_or_default();
                match is_number {
                    true => format!("{:>width$}", texts[row]),
                    false => format!("{:<width$}", texts[row]),
                }
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    if frame.height() > SHOWN_ROWS {
        let rows = grouped(&frame.height().to_string());
        let _ = writeln!(text, "{SHOWN_ROWS} premières lignes sur {rows}");
    }
    text
}

/// A value; a float with `digits` decimals.
fn cell_text(value: &AnyValue<'_>, digits: usize) -> String {
    match value {
        AnyValue::Null => "—".to_owned(),
        AnyValue::String(text) => (*text).to_owned(),
        AnyValue::StringOwned(text) => text.to_string(),
        AnyValue::Boolean(true) => "oui".to_owned(),
        AnyValue::Boolean(false) => "non".to_owned(),
        AnyValue::Float32(number) => float_text(f64::from(*number), digits),
        AnyValue::Float64(number) => float_text(*number, digits),
        other if other.is_primitive_numeric() => grouped(&other.to_string().replace('-', "−")),
        other => other.to_string(),
    }
}

fn float_text(number: f64, digits: usize) -> String {
    if number.is_finite() && is_extreme(number) {
        let text = format!("{number:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{digits} × 10{}", superscript(power))
            .replace('.', ",")
            .replace('-', "−");
    }
    format_number(number, digits)
}

/// « −5 » as a power is written.
fn superscript(power: &str) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = power.chars().map(|sign| match sign.to_digit(10) {
        Some(digit) => DIGITS[digit as usize],
        None => '⁻',
    });
    raised.collect()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use polars::prelude::df;

    use super::*;

    /// Reads blocks as evcxr 0.22 does (`eval_context.rs`, `run_and_capture_output`).
    fn parse(output: &str) -> Vec<(String, String)> {
        let mut blocks = Vec::new();
        let mut lines = output.lines();
        while let Some(line) = lines.next() {
            let Some((_, mime)) = line.split_once("EVCXR_BEGIN_CONTENT ") else {
                continue;
            };
            let body: Vec<&str> = lines
                .by_ref()
                .take_while(|line| *line != "EVCXR_END_CONTENT")
                .collect();
            blocks.push((mime.to_owned(), body.join("\n")));
        }
        blocks
    }

    #[test]
    fn blocks_are_read_back_whatever_they_hold() {
        let hostile =
            "a\nEVCXR_END_CONTENT\nEVCXR_PANIC_NOTIFICATION\nEVCXR_EXECUTION_COMPLETE\nb\n";
        let output = [
            content_block("text/plain", hostile),
            content_block("image/png", "iVBORw0KGgo="),
        ]
        .join("\n");
        let blocks = parse(&output);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].0, "text/plain");
        assert_eq!(blocks[0].1.lines().count(), 5);
        assert!(
            !output
                .lines()
                .any(|line| line == "EVCXR_PANIC_NOTIFICATION")
        );
        assert_eq!(
            blocks[1],
            ("image/png".to_owned(), "iVBORw0KGgo=".to_owned())
        );
    }

    #[test]
    fn a_table_is_escaped_and_aligned() {
        let frame = df!(
            "groupe <i>" => [Some("<script>alert('x')</script>"), None],
            "taux" => [0.25, 1.0],
            "n" => [3_i64, 20],
            "gardé" => [true, false]
        )
        .unwrap();
        let table = show_table(&frame);
        assert_eq!(
            table.html(),
            "<table>\n<thead><tr><th L>groupe &lt;i&gt;</th><th R>taux</th><th R>n</th><th L>gardé</th></tr></thead>\n\
             <tbody>\n\
             <tr><td L>&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</td>\
             <td R>0,25</td><td R>3</td><td L>oui</td></tr>\n\
             <tr><td L>—</td><td R>1,00</td><td R>20</td><td L>non</td></tr>\n\
             </tbody>\n</table>"
                .replace(" L>", " style=\"text-align:left\">")
                .replace(" R>", " style=\"text-align:right\">")
        );
        assert_eq!(
            table.text().lines().nth(2).unwrap(),
            "—                            1,00  20  non"
        );
    }

    #[test]
    fn our_columns_have_french_headers_and_numbers() {
        let frame =
            df!("group" => ["a"], "mean_score" => [0.5], "n" => [12_345_u32], "fpr" => [-0.0312])
                .unwrap();
        let table = show_table(&frame);
        for shown in [
            "groupe",
            "probabilité moyenne",
            "taux de faux positifs",
            "12\u{202f}345",
            "−0,0312",
        ] {
            assert!(table.html().contains(shown), "{shown}");
            assert!(table.text().contains(shown), "{shown}");
        }
        assert!(frame.column("group").is_ok());
        for (column, shown) in [
            ("tpr_low", "rappel (TPR), borne basse"),
            ("mean_score_change", "probabilité moyenne, écart"),
            ("mae_sd", "MAE (ans), écart-type"),
            ("low", "borne basse"),
            ("inconnue_low", "inconnue_low"),
        ] {
            assert_eq!(header(column), shown);
        }
    }

    #[test]
    fn a_long_table_says_how_many_rows_it_has() {
        let frame = df!("x" => (0..120).collect::<Vec<i32>>()).unwrap();
        let html = show_table(&frame).html().to_owned();
        assert_eq!(html.matches("<tr>").count(), 51);
        assert!(
            html.ends_with("<p>50 premières lignes sur 120</p>"),
            "{html}"
        );
        let empty = show_table(&frame.head(Some(0)));
        assert_eq!(empty.html().matches("<td").count(), 0);
    }

    #[test]
    fn a_column_has_as_many_decimals_everywhere() {
        let cells = |values: &[f64]| {
            let frame = df!("x" => values).unwrap();
            shown_columns(&frame).remove(0).cells
        };
        assert_eq!(cells(&[0.93, 0.9155, 0.9]), ["0,9300", "0,9155", "0,9000"]);
        assert_eq!(cells(&[0.123_456, 2.0]), ["0,1235", "2,0000"]);
        assert_eq!(cells(&[-2.5, 0.0, f64::NAN]), ["−2,5", "0,0", "non défini"]);
        assert_eq!(cells(&[33.258_1, 4.0, 100.5]), ["33,26", "4,00", "100,50"]);
        assert_eq!(cells(&[100.0, 3.0]), ["100", "3"]);
        // A power of ten makes nothing longer beside it.
        assert_eq!(
            cells(&[1e-5, 0.5, 3e12]),
            ["1,00 × 10⁻⁵", "0,5", "3,00 × 10¹²"]
        );
        assert_eq!(cells(&[f64::INFINITY, 1.0]), ["∞", "1"]);
    }
}
