//! The class's trainings as one page: a row of points a measure, one point a seed, the mean and its interval, and the table of
//! the numbers. Nothing is fetched: it opens without a network.

use super::{Class, Series, interval};
use crate::french::{counted, fixed};

/// Width of a figure, in pixels, and margins on its left and right.
const WIDTH: f64 = 640.0;
const MARGIN: f64 = 20.0;

/// The whole page.
pub fn html(class: &Class) -> String {
    let series = class.series();
    let title = format!("{} : les entraînements de la classe", class.lab());
    let figures: String = series.iter().map(figure).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>\n\
         body {{ font-family: sans-serif; max-width: 760px; margin: 2em auto; padding: 0 1em; line-height: 1.5; }}\n\
         table {{ border-collapse: collapse; }} th, td {{ padding: 0.2em 0.8em; border-bottom: 1px solid #ccc; text-align: right; }}\n\
         svg {{ max-width: 100%; height: auto; }}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n<p>{count}. {note}</p>\n{figures}{table}</body>\n</html>\n",
        title = escaped(&title),
        count = counted(class.lines.len(), "graine"),
        note = class.note(),
        table = table(class, &series),
    )
}

/// A row of points.
fn figure(series: &Series) -> String {
    let values = || series.points.iter().map(|(_, value)| *value);
    // Rates have their whole axis; what leaves it, and differences, have an axis around zero.
    let rates = !series.difference && values().all(|value| (0.0..=1.0).contains(&value));
    let bounds = series.mean.1.into_iter().flatten();
    let reach = values()
        .chain(bounds)
        .fold(0.0_f64, |reach, value| reach.max(value.abs()));
    let (low, high) = match rates {
        true => (0.0, 1.0),
        false => (-1.1 * reach.max(0.01), 1.1 * reach.max(0.01)),
    };
    let x = |value: f64| {
        MARGIN + (value.clamp(low, high) - low) / (high - low) * (WIDTH - 2.0 * MARGIN)
    };
    let mut body = format!(
        "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"60\" y2=\"60\" stroke=\"#888\"/>",
        x(low),
        x(high)
    );
    for mark in [low, (low + high) / 2.0, high] {
        body.push_str(&format!(
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"56\" y2=\"64\" stroke=\"#888\"/>\
             <text x=\"{0:.1}\" y=\"80\" font-size=\"12\" text-anchor=\"middle\">{1}</text>",
            x(mark),
            fixed(mark, 2)
        ));
    }
    if let Some([from, to]) = series.mean.1 {
        body.push_str(&format!(
            "<line x1=\"{:.1}\" x2=\"{:.1}\" y1=\"20\" y2=\"20\" stroke=\"#000\" stroke-width=\"3\"/>",
            x(from),
            x(to)
        ));
    }
    body.push_str(&format!(
        "<path d=\"M {0:.1} 12 l 6 8 l -6 8 l -6 -8 z\" fill=\"#000\"/>",
        x(series.mean.0)
    ));
    for (seed, value) in &series.points {
        body.push_str(&format!(
            "<circle cx=\"{:.1}\" cy=\"44\" r=\"6\" fill=\"#0072b2\" fill-opacity=\"0.6\" stroke=\"#00344f\"><title>graine {seed} : {}</title></circle>",
            x(*value),
            fixed(*value, 3)
        ));
    }
    let told = format!(
        "{} : moyenne {}, intervalle {}",
        series.name,
        fixed(series.mean.0, 3),
        interval(series.mean)
    );
    format!(
        "<h2>{}</h2>\n<svg viewBox=\"0 0 {WIDTH} 90\" role=\"img\" aria-label=\"{}\">{body}</svg>\n\
         <p>Un rond par graine ; le losange est la moyenne ({}), le trait son intervalle à 95 % : {}.</p>\n",
        escaped(&series.name),
        escaped(&told),
        fixed(series.mean.0, 3),
        interval(series.mean),
    )
}

fn table(class: &Class, series: &[Series]) -> String {
    let names: String = series
        .iter()
        .map(|one| format!("<th scope=\"col\">{}</th>", escaped(&one.name)))
        .collect();
    let mut rows = String::new();
    for (index, line) in class.lines.iter().enumerate() {
        let cells: String = series
            .iter()
            .map(|one| format!("<td>{}</td>", fixed(one.points[index].1, 3)))
            .collect();
        rows.push_str(&format!(
            "<tr><th scope=\"row\">{}</th>{cells}</tr>\n",
            line.seed
        ));
    }
    format!(
        "<h2>Les nombres</h2>\n<table>\n<tr><th scope=\"col\">graine</th>{names}</tr>\n{rows}</table>\n"
    )
}

/// Text for HTML: names come from whoever wrote the lines.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
