//! The head of the page: who, what the lab is worth, how it was executed, what was changed.

use super::contents::Report;
use super::page::{french, in_points};
use super::{escaped, told};

pub(super) fn head(report: &Report) -> String {
    let names = match &report.authors[..] {
        [] => "<span class=\"ligne\">&nbsp;</span>".to_owned(),
        names => escaped(&names.join(", ")),
    };
    let mut facts = vec![("Nom(s)", names)];
    if report.total() > 0.0 {
        facts.push(("Total", french(&total(report))));
    }
    if let Some(preset) = report.session.as_deref().and_then(told::preset) {
        facts.push(("Préréglage", escaped(preset)));
    }
    if let Some(session) = &report.session {
        facts.push(("Réglages", french(session)));
    }
    match (&report.day, report.executed) {
        (Some(day), _) => facts.push(("Exécuté le", escaped(day))),
        (None, false) => facts.push((
            "Exécution",
            french("ce notebook n'a pas été exécuté : il ne contient aucune sortie."),
        )),
        (None, true) => {}
    }
    for line in &report.class_lines {
        // As it was printed: it is copied.
        facts.push(("Ligne de classe", format!("<code>{}</code>", escaped(line))));
    }
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{name}</dt><dd>{value}</dd>\n"))
        .collect();
    format!(
        "<p class=\"genre\">Compte-rendu</p>\n<h1>{}</h1>\n<dl>\n{facts}</dl>\n",
        escaped(&report.title)
    )
}

/// « 43 points : 31 points vérifiés par la machine, 12 points notés à la main ».
fn total(report: &Report) -> String {
    let total = in_points(report.total());
    let (by_machine, by_hand) = (report.points().1, report.by_hand());
    match by_machine > 0.0 && by_hand > 0.0 {
        true => format!(
            "{total}, dont {} aux vérifications automatiques et {} à la main",
            in_points(by_machine),
            in_points(by_hand)
        ),
        false => total,
    }
}

/// The values that the lab invites to change.
pub(super) fn zones(report: &Report) -> String {
    if report.zones.is_empty() {
        return String::new();
    }
    let shown: String = report
        .zones
        .iter()
        .map(|zone| format!("<pre><code>{}</code></pre>\n", escaped(zone)))
        .collect();
    format!("<section>\n<h2>Zone modifiable</h2>\n{shown}</section>\n")
}
