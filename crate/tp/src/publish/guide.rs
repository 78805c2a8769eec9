//! Two pages made from all labs: `LISEZMOI.md`, what each needs, lasts and teaches, and `GLOSSAIRE.md`, their terms.

use std::collections::BTreeMap;

use super::headings::unaccented;
use super::{Publication, budget};
use crate::french::decimal;

/// The files, beside the folders of the notebooks.
pub const FILES: [&str; 2] = ["LISEZMOI.md", "GLOSSAIRE.md"];

/// Routes through the labs: their name, then the labs of each session. Labs that are not there are left out.
const ROUTES: [(&str, &[&[&str]]); 3] = [
    ("En trois séances", &[&["tp0", "tp1"], &["tp3"], &["tp5"]]),
    (
        "En cinq séances",
        &[&["tp0", "tp1"], &["tp3"], &["tp7"], &["tp5"], &["tp6"]],
    ),
    (
        "En huit séances",
        &[
            &["tp0"],
            &["tp1"],
            &["tp3"],
            &["tp7"],
            &["tp5"],
            &["tp6"],
            &["tp4"],
            &["tp2"],
        ],
    ),
];

/// Both pages, in the order of [`FILES`].
pub fn pages(labs: &[Publication]) -> [String; 2] {
    [readme(labs), glossary(labs)]
}

fn readme(labs: &[Publication]) -> String {
    let mut page = "# Les TP\n\n\
        *Cette page est écrite par `cargo tp publish` : on ne la modifie pas à la main.*\n\n\
        Chaque TP est un notebook du dossier `etudiant/`. La commande `cargo tp lab tp5` en fait une copie de travail et l'ouvre.\n\n\
        | TP | ce qu'on y apprend | ce qu'il faut avant | durée | points |\n|---|---|---|---|---|\n"
        .to_owned();
    for lab in labs {
        let sheet = lab.notes.sheet.clone().unwrap_or_default();
        let said = |text: &str| match text {
            "" => "—".to_owned(),
            text => text.replace('|', "\\|"),
        };
        let duration = match sheet.duration.as_str() {
            "" => format!("≈ {}", budget::clock(lab.budget.minutes())),
            said => said.to_owned(),
        };
        page.push_str(&format!(
            "| [{}](etudiant/{}.ipynb) | {} | {} | {} | {}, dont {} à la main |\n",
            lab.title.replace('|', "\\|"),
            lab.name,
            said(&sheet.aims),
            said(&sheet.needs),
            said(&duration),
            decimal(lab.budget.points, 2),
            decimal(lab.budget.by_hand, 2),
        ));
    }
    page.push_str("\n## Parcours\n\n");
    page.push_str(&routes(labs));
    page.push_str(
        "\nUn TP qui porte une lettre après son numéro prolonge le TP de ce numéro, chez soi ou en projet.\n\n\
         Les mots techniques sont réunis dans le [glossaire](GLOSSAIRE.md).\n",
    );
    super::spaces::no_break(&page)
}

/// The routes through the labs that there are. A route that says nothing new is left out.
fn routes(labs: &[Publication]) -> String {
    let is_there = |lab: &&&str| labs.iter().any(|one| one.lab() == **lab);
    let mut shown: Vec<(&str, String)> = Vec::new();
    for (name, sessions) in ROUTES {
        let sessions: Vec<String> = sessions
            .iter()
            .map(|session| {
                let there: Vec<String> = session
                    .iter()
                    .filter(is_there)
                    .map(|lab| lab.replacen("tp", "TP ", 1))
                    .collect();
                there.join(" et ")
            })
            .filter(|session| !session.is_empty())
            .collect();
        let route = sessions.join(" → ");
        if !route.is_empty() && shown.iter().all(|(_, other)| *other != route) {
            shown.push((name, route));
        }
    }
    let lines = shown
        .iter()
        .map(|(name, route)| format!("- **{name}** : {route}.\n"));
    let known: usize = 8;
    let numbered = labs.iter().filter(|lab| !lab.is_companion()).count();
    let coming = match numbered < known {
        true => "\nLes autres TP prendront leur place dans ces parcours quand ils seront écrits.\n",
        false => "",
    };
    lines.collect::<String>() + coming
}

fn glossary(labs: &[Publication]) -> String {
    // By the term without its accents, then the term itself.
    let mut terms: BTreeMap<(String, String), Entry<'_>> = BTreeMap::new();
    for lab in labs {
        for term in &lab.notes.terms {
            let key = (sorted_as(&term.french), term.french.to_lowercase());
            let entry = terms.entry(key).or_insert_with(|| Entry {
                french: &term.french,
                english: &term.english,
                meaning: &term.meaning,
                labs: Vec::new(),
            });
            if !entry.labs.contains(&lab.lab()) {
                entry.labs.push(lab.lab());
            }
        }
    }
    let mut page = "# Glossaire\n\n\
        *Cette page est écrite par `cargo tp publish`, d'après les termes des TP : on ne la modifie pas à la main.*\n\n\
        | terme | en anglais | ce qu'il désigne | TP |\n|---|---|---|---|\n"
        .to_owned();
    for entry in terms.values() {
        let places: Vec<String> = entry
            .labs
            .iter()
            .map(|lab| lab.trim_start_matches("tp").to_owned())
            .collect();
        page.push_str(&format!(
            "| {} | *{}* | {} | {} |\n",
            entry.french,
            entry.english,
            entry.meaning,
            places.join(", ")
        ));
    }
    super::spaces::no_break(&page)
}

struct Entry<'a> {
    french: &'a str,
    english: &'a str,
    meaning: &'a str,
    labs: Vec<&'a str>,
}

/// What a term is sorted by.
fn sorted_as(term: &str) -> String {
    let mut plain = String::new();
    for c in term.chars().flat_map(char::to_lowercase) {
        match unaccented(c) {
            Some(letters) => plain.push_str(letters),
            None => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::super::budget::Budget;
    use super::super::notes::{Notes, Sheet, Term};
    use super::super::{Publication, Summary};
    use super::*;

    fn lab(name: &str, terms: &[(&str, &str)]) -> Publication {
        let terms = terms.iter().map(|(french, english)| Term {
            french: (*french).to_owned(),
            english: (*english).to_owned(),
            meaning: "un sens".to_owned(),
        });
        Publication {
            name: name.to_owned(),
            title: format!("Titre de {name}"),
            student: String::new(),
            solution: String::new(),
            summary: Summary::default(),
            notes: Notes {
                terms: terms.collect(),
                sheet: Some(Sheet {
                    aims: "lire".to_owned(),
                    needs: "rien".to_owned(),
                    duration: "3 h".to_owned(),
                }),
                machine: None,
            },
            budget: {
                let mut budget = Budget::default();
                (budget.points, budget.by_hand) = (20.0, 5.0);
                budget
            },
        }
    }

    #[test]
    fn the_guide_lists_what_there_is() {
        let labs = [
            lab("tp0_a", &[]),
            lab("tp1_b", &[]),
            lab("tp5_c", &[]),
            lab("tp5b_d", &[]),
        ];
        let [page, _] = pages(&labs);
        assert!(page.contains("| [Titre de tp5b_d](etudiant/tp5b_d.ipynb) | lire | rien | 3\u{a0}h | 20, dont 5 à la main |"), "{page}");
        assert!(page.contains("TP 0 et TP 1 → TP 5."), "{page}");
        assert!(page.contains("TP 0 → TP 1 → TP 5."), "{page}");
        // Five sessions say nothing new yet.
        assert!(
            !page.contains("cinq") && !page.contains("TP 7") && page.contains("quand ils seront")
        );
    }

    #[test]
    fn the_glossary_is_sorted_and_says_a_term_once() {
        let labs = [
            lab("tp1_b", &[("rappel", "recall"), ("écart", "gap")]),
            lab(
                "tp5_c",
                &[
                    ("rappel", "recall"),
                    ("exactitude", "accuracy"),
                    ("abîme", "abyss"),
                ],
            ),
        ];
        let [_, page] = pages(&labs);
        let rows: Vec<&str> = page
            .lines()
            .filter(|line| line.contains("un sens"))
            .collect();
        assert_eq!(
            rows,
            [
                "| abîme | *abyss* | un sens | 5 |",
                "| écart | *gap* | un sens | 1 |",
                "| exactitude | *accuracy* | un sens | 5 |",
                "| rappel | *recall* | un sens | 1, 5 |",
            ]
        );
    }
}
