//! The page of a report: one HTML file that holds everything, readable on paper too.

use std::fmt::Write as _;

use super::closed::Judged;
use super::contents::{Body, Check, Deadline, Entry, Own, Report};
use super::told::Told;
use super::{escaped, header, markdown, outputs};
use crate::french::{counted, decimal};
use crate::publish::spaces;

const STYLE: &str = include_str!("page.css");

/// Nothing but what the page holds: a browser refuses the rest, should any be left.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// The whole page.
pub fn html(report: &Report) -> String {
    let title = format!("Compte-rendu · {}", report.title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(&title)
    );
    page.push_str(&header::head(report));
    page.push_str(&lacks(report));
    page.push_str(&deadlines(report));
    page.push_str(&points(report));
    page.push_str(&header::zones(report));
    let mut section = "";
    for (index, entry) in report.entries.iter().enumerate() {
        if index == 0 || entry.section != section {
            section = &entry.section;
            let shown = match section {
                "" => "Réponses".to_owned(),
                named => markdown::inline(named),
            };
            let _ = writeln!(page, "<h2>{shown}</h2>");
        }
        page.push_str(&self::entry(index, entry, report));
    }
    if report.entries.is_empty() {
        page.push_str("<p>Ce TP ne demande ni code ni réponse.</p>\n");
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// What is empty, with a link to each.
fn lacks(report: &Report) -> String {
    let mut items: Vec<String> = report
        .lacks()
        .into_iter()
        .map(|(index, lack)| {
            format!(
                "<li><a href=\"#{}\">{}</a>{}</li>\n",
                anchor(index),
                markdown::inline(&report.entries[index].heading),
                french(&format!(" : {lack}"))
            )
        })
        .collect();
    let gone = report
        .deadlines
        .iter()
        .flat_map(|deadline| &deadline.parts)
        .filter(|(name, ..)| report.entry(name).is_none());
    items.extend(gone.map(|(name, label, _)| {
        format!(
            "<li>{}</li>\n",
            french(&format!(
                "{label} (« {name} ») : sa cellule n'est plus dans le notebook"
            ))
        )
    }));
    if report.entries.is_empty() && items.is_empty() {
        return String::new();
    }
    if items.is_empty() {
        return "<section><h2>Ce qui est vide</h2>\n<p>Rien n'est vide.</p>\n</section>\n"
            .to_owned();
    }
    format!(
        "<section class=\"vide\">\n<h2>Ce qui est vide ({} sur {})</h2>\n<ul>\n{}</ul>\n</section>\n",
        items.len(),
        report.entries.len().max(items.len()),
        items.concat()
    )
}

fn deadlines(report: &Report) -> String {
    if report.deadlines.is_empty() {
        return String::new();
    }
    let rows: String = report
        .deadlines
        .iter()
        .map(|deadline| deadline_row(deadline, report))
        .collect();
    format!(
        "<section>\n<h2>Remises</h2>\n<div class=\"tableau\"><table>\n<thead><tr><th scope=\"col\">remise</th>\
         <th scope=\"col\">à rendre, avec les points</th><th scope=\"col\" class=\"nombre\">points</th>\
         <th scope=\"col\" class=\"nombre\">vide</th></tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n</section>\n"
    )
}

fn deadline_row(deadline: &Deadline, report: &Report) -> String {
    let is_empty = |name: &str| {
        report
            .entry(name)
            .is_none_or(|index| report.entries[index].lack().is_some())
    };
    let parts: Vec<String> = deadline
        .parts
        .iter()
        .map(|(name, label, points)| {
            let label = match report.entry(name) {
                Some(index) => format!("<a href=\"#{}\">{}</a>", anchor(index), escaped(label)),
                None => escaped(label),
            };
            format!("{label} ({})", decimal(*points, 2))
        })
        .collect();
    let empty = deadline
        .parts
        .iter()
        .filter(|(name, ..)| is_empty(name))
        .count();
    let points: f64 = deadline.parts.iter().map(|(_, _, points)| points).sum();
    format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"nombre\">{}</td><td class=\"nombre\">{empty} sur {}</td></tr>\n",
        french(&deadline.when),
        parts.join(", "),
        decimal(points, 2),
        deadline.parts.len()
    )
}

fn points(report: &Report) -> String {
    let by_hand = report.by_hand();
    if report.checks.is_empty() && by_hand == 0.0 {
        return String::new();
    }
    let mut text = "<section>\n<h2>Points</h2>\n".to_owned();
    if !report.checks.is_empty() {
        let (told, max) = report.points();
        let count = |told: fn(&Told) -> bool| {
            report
                .checks
                .iter()
                .filter(|check| told(&check.told))
                .count()
        };
        let not_run = count(|told| *told == Told::NotRun);
        let doubtful = count(|told| matches!(told, Told::Unclear | Told::Stopped));
        let said = match not_run == report.checks.len() {
            true => format!(
                "Aucune vérification automatique n'a été exécutée. Elles valent <strong>{}</strong>.",
                in_points(max)
            ),
            false => format!(
                "Les sorties du notebook annoncent <strong>{} sur {}</strong> aux vérifications automatiques.",
                in_points(told),
                decimal(max, 2)
            ),
        };
        let _ = writeln!(
            text,
            "<p>{said} Seuls comptent les points que donnera l'exécution faite par l'enseignant.</p>"
        );
        if (1..report.checks.len()).contains(&not_run) {
            let _ = writeln!(
                text,
                "<p class=\"points\">Sans sortie : {} sur {}.</p>",
                counted(not_run, "vérification"),
                report.checks.len()
            );
        }
        if doubtful > 0 {
            let _ = writeln!(
                text,
                "<p class=\"points\">Sans points lisibles : {}.</p>",
                counted(doubtful, "vérification")
            );
        }
    }
    if by_hand > 0.0 {
        let _ = writeln!(
            text,
            "<p>L'enseignant note à la main <strong>{}</strong>.</p>",
            in_points(by_hand)
        );
    }
    spaces::no_break(&text) + "</section>\n"
}

fn entry(index: usize, entry: &Entry, report: &Report) -> String {
    let mut text = format!(
        "<article id=\"{}\">\n<h3>{}</h3>\n",
        anchor(index),
        markdown::inline(&entry.heading)
    );
    if let Some(lack) = entry.lack() {
        let _ = writeln!(
            text,
            "<p class=\"manque\">{}</p>",
            french(&format!("À compléter : {lack}."))
        );
    }
    match &entry.body {
        Body::Exercise { cells } => {
            for (_, code) in cells {
                let _ = writeln!(text, "<pre><code>{}</code></pre>", escaped(code.trim_end()));
            }
        }
        Body::Closed {
            statement,
            answer,
            choices,
            judged,
            met,
            ..
        } => {
            text.push_str(&asked(statement));
            text.push_str(&closed(answer, choices, *judged, met));
        }
        Body::Open {
            statement,
            answer,
            attachments,
            ..
        } => {
            text.push_str(&asked(statement));
            if !answer.is_empty() {
                let answer = markdown::answer(answer, attachments);
                let _ = writeln!(text, "<div class=\"reponse\">\n{answer}</div>");
            }
        }
        Body::Task {
            statement, cells, ..
        } => {
            text.push_str(&asked(statement));
            for cell in cells {
                match cell {
                    Own::Text(source, attachments) => {
                        let own = markdown::answer(source, attachments);
                        let _ = writeln!(text, "<div class=\"reponse\">\n{own}</div>");
                    }
                    Own::Code(source, shown) => {
                        let _ = write!(
                            text,
                            "<pre><code>{}</code></pre>\n{}",
                            escaped(source.trim_end()),
                            outputs::to_html(shown)
                        );
                    }
                }
            }
        }
        Body::Figure { outputs: shown } => text.push_str(&outputs::to_html(shown)),
    }
    let names = entry.names();
    for check in &report.checks {
        if names.contains(&check.name.as_str()) {
            text.push_str(&told(check, entry));
        }
    }
    text + "</article>\n"
}

/// What a check's outputs tell.
fn told(check: &Check, entry: &Entry) -> String {
    let what = match check.told {
        Told::Points(points) => format!("{} sur {}", in_points(points), decimal(check.max, 2)),
        Told::Stopped => "la cellule s'est arrêtée sur une erreur".to_owned(),
        Told::Unclear => "ses sorties ne disent pas ses points".to_owned(),
        Told::NotRun => "non exécutée".to_owned(),
    };
    let several = matches!(&entry.body, Body::Exercise { cells } if cells.len() > 1);
    let of = match several {
        true => format!(" de <code>{}</code>", escaped(&check.name)),
        false => String::new(),
    };
    spaces::no_break(&format!(
        "<p class=\"points\">Vérification{of} : {what}.</p>\n"
    ))
}

fn asked(statement: &str) -> String {
    match statement {
        "" => String::new(),
        said => format!(
            "<div class=\"enonce\">\n{}</div>\n",
            markdown::to_html(said, &serde_json::Value::Null)
        ),
    }
}

fn closed(answer: &str, choices: &[String], judged: Judged, met: &[String]) -> String {
    let letters = answer.chars().filter(|c| c.is_alphabetic());
    let named: Vec<String> = letters
        .zip(choices)
        .map(|(letter, choice)| {
            let letter = letter.to_ascii_uppercase();
            format!("<strong>{letter}.</strong> {}", markdown::inline(choice))
        })
        .collect();
    let given = match judged {
        Judged::Empty => return String::new(),
        Judged::Unknown => String::new(),
        _ if named.is_empty() => format!("<strong>{}</strong><br>\n", escaped(answer)),
        _ => named.join("<br>\n") + "<br>\n",
    };
    let met: Vec<String> = met.iter().map(|line| markdown::inline(line)).collect();
    // The lab speaks of a choice, and does not know whether the measure agrees.
    let of = match judged {
        Judged::Unknown => "du choix attendu",
        _ => "de ce choix",
    };
    let met = match &met[..] {
        [] => String::new(),
        lines => format!(
            "<p>{} {}</p>\n",
            french(&format!(
                "Le TP dit {of}, que la mesure le confirme ou non :"
            )),
            lines.join("<br>\n")
        ),
    };
    format!(
        "<div class=\"reponse\">\n<p>{given}{}</p>\n{met}</div>\n",
        judged.in_words()
    )
}

fn anchor(index: usize) -> String {
    format!("partie-{}", index + 1)
}

/// « 1,5 point », « 2 points ».
pub(super) fn in_points(points: f64) -> String {
    let plural = if points < 2.0 { "" } else { "s" };
    format!("{} point{plural}", decimal(points, 2))
}

/// A text with the spaces of French, for HTML.
pub(super) fn french(text: &str) -> String {
    escaped(&spaces::no_break(text))
}
