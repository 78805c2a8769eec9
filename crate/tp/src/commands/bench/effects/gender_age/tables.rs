//! Tables of what is measured, seed by seed: the differences that claims are made of stand beside.

use super::super::Preset;
use super::super::interval::Estimate;
use super::super::table::{Table, Unit, written};
use super::{EffectsArgs, Outcome, Study, coverage_name, covered};
use crate::commands::bench::gender_age::answers::{Age, Gender, Group};
use crate::french::{counted, fixed, grouped};

fn row(names: &[&str], cells: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    found.extend(cells);
    found
}

fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 1))
}

/// What the networks are worth, beside the constant answers.
pub(super) fn networks(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["réponse", "mesure, sur le test"], args.seeds, &[]);
    table.measures(
        &["constante", "exactitude du genre annoté le plus fréquent"],
        &study.each(|o| o.constant.accuracy),
        Unit::Rate,
    );
    table.push(&row(
        &["constante", "âge médian de l'entraînement"],
        study.each(|o| format!("{} ans", fixed(o.constant.age, 0))),
    ));
    table.measures(
        &["constante", "MAE de l'âge médian, en années"],
        &study.each(|o| o.constant.mae),
        Unit::Years,
    );
    type OfGender = fn(&Gender) -> Estimate;
    let measures: [(&str, OfGender); 5] = [
        ("exactitude", |found| found.accuracy),
        ("exactitude équilibrée", |found| found.balanced),
        ("AUC", |found| found.auc),
        ("F1, la classe cherchée est « femme »", |found| {
            found.f1[0]
        }),
        ("F1, la classe cherchée est « homme »", |found| {
            found.f1[1]
        }),
    ];
    for (place, title) in ["modèle 1", "modèle 3"].into_iter().enumerate() {
        for (name, measure) in measures {
            let found = study.each(|o| measure(&o.gender[place]));
            table.measures(&[title, name], &found, Unit::Rate);
        }
        table.push(&row(
            &[title, "part des réponses « femme »"],
            study.each(|o| percent(o.gender[place].feminine)),
        ));
        table.push(&row(
            &[title, "époque retenue"],
            study.each(|o| {
                let course = &o.courses[place];
                let best = course.best.map_or("–".to_owned(), |best| best.to_string());
                format!("{best} sur {}", course.epochs)
            }),
        ));
    }
    type OfAge = fn(&Age) -> Estimate;
    let measures: [(&str, Unit, OfAge); 4] = [
        ("MAE, en années", Unit::Years, |found| found.mae),
        ("RMSE, en années", Unit::Years, |found| found.rmse),
        ("erreur signée, en années", Unit::Years, |found| {
            found.signed
        }),
        ("erreurs de 5 ans au plus (CS@5)", Unit::Rate, |found| {
            found.cs5
        }),
    ];
    for (name, unit, measure) in measures {
        let found = study.each(|o| measure(&o.age));
        table.measures(&["modèle 3", name], &found, unit);
    }
    table.push(&row(
        &["modèle 3", "erreurs de 10 ans au plus"],
        study.each(|o| percent(o.age.within_ten)),
    ));
    format!(
        "Ce que valent les réseaux, à côté des réponses constantes :\n\n{}",
        table.finish()
    )
}

/// Errors by decade, code, gender and group of ages.
pub(super) fn groups(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["groupe", "mesure du modèle 3"], args.seeds, &[]);
    type Pick = fn(&Outcome) -> &Vec<Group>;
    type Title = fn(&str) -> String;
    let signed = ["MAE", "erreur signée"];
    let standard = ["MAE", "MAE standardisée"];
    let parts: [(Pick, [&str; 2], Title); 4] = [
        (|o| &o.age.by_decade, signed, decade),
        (|o| &o.age.by_age_group, signed, str::to_owned),
        (|o| &o.age.by_gender, standard, str::to_owned),
        (|o| &o.age.by_code, standard, |name| format!("code {name}")),
    ];
    for (pick, measures, title) in parts {
        let mut names = study.names(|o| pick(o).iter().map(|group| group.name.clone()).collect());
        // Decades and codes in their order, other groups as they come.
        names.sort_by_key(|name| name.parse::<i64>().unwrap_or(i64::MAX));
        for name in names {
            for (place, measure) in measures.iter().enumerate() {
                let cell = |o: &Outcome| {
                    let group = pick(o).iter().find(|group| group.name == name);
                    let found =
                        group.and_then(|group| Some((group.n, (*group.values.get(place)?)?)));
                    found.map_or("–".to_owned(), |(n, found)| {
                        format!("{} (n = {n})", written(&found, Unit::Years))
                    })
                };
                table.push(&row(&[&title(&name), measure], study.each(cell)));
            }
        }
    }
    format!(
        "Les erreurs d'âge par groupe, en années :\n\n{}",
        table.finish()
    )
}

/// « de 20 à 29 ans ».
fn decade(first: &str) -> String {
    match first.parse::<i64>() {
        Ok(year) => format!("de {year} à {} ans", year + 9),
        Err(_) => first.to_owned(),
    }
}

pub(super) fn coverage(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["groupe", "intervalle à 90 %"], args.seeds, &[]);
    for name in study.names(covered) {
        let found = |o: &Outcome| {
            o.coverage
                .iter()
                .find(|one| coverage_name(one) == name)
                .cloned()
        };
        let cell = |o: &Outcome| {
            found(o).map_or("–".to_owned(), |one| {
                format!("{} (n = {})", written(&one.coverage, Unit::Rate), one.n)
            })
        };
        table.push(&row(&[&name, "couverture"], study.each(cell)));
        let width = |o: &Outcome| {
            found(o).map_or("–".to_owned(), |one| {
                format!("{} ans", fixed(one.width, 1))
            })
        };
        table.push(&row(&[&name, "largeur moyenne"], study.each(width)));
    }
    format!(
        "La part des âges qui tombent dans l'intervalle, dont la demi-largeur vient des erreurs de validation par décennie prédite :\n\n{}",
        table.finish()
    )
}

/// What wrong preparations cost.
pub(super) fn mistakes(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["réponse", "mesure, sur le test"], args.seeds, &[]);
    let both = ["modèle 1, recadrage du centre", "modèle 1, image entière"];
    for (place, title) in both.into_iter().enumerate() {
        let found = study.each(|o| [o.crops.centre, o.crops.whole][place]);
        table.measures(&[title, "exactitude"], &found, Unit::Rate);
        table.push(&row(
            &[title, "part des réponses « femme »"],
            study.each(|o| percent(o.crops.feminine[place])),
        ));
    }
    table.push(&row(
        &["modèle 1, 0 et 1 échangés", "exactitude"],
        study.each(|o| fixed(1.0 - o.gender[0].accuracy.value, 3)),
    ));
    let years = |value: f64| fixed(value, 2);
    let title = "modèle 3, ÷116 puis ×120";
    for (name, measure) in [
        ("MAE, en années", (|o| o.scale.mae) as fn(&Outcome) -> f64),
        ("erreur signée, en années", |o| o.scale.signed),
        ("années ajoutées en moyenne", |o| o.scale.shift),
    ] {
        table.push(&row(&[title, name], study.each(|o| years(measure(o)))));
    }
    format!(
        "Ce que coûtent trois erreurs de préparation :\n\n{}",
        table.finish()
    )
}

pub(super) fn techniques(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["réseau", "exactitude"], args.seeds, &[]);
    let count = study.0.first().map_or(0, |o| o.techniques.len());
    for place in 0..count {
        let title = study.0[0].techniques[place].title();
        let train = study.each(|o| o.techniques[place].train);
        table.measures(&[title, "d'entraînement"], &train, Unit::Rate);
        let validation = study.each(|o| o.techniques[place].validation);
        table.measures(&[title, "de validation"], &validation, Unit::Rate);
    }
    let epochs = study.0.first().map_or(0, |o| o.technique_epochs as usize);
    format!(
        "Le genre annoté par le petit réseau, qui apprend sur 600 images au plus, à la meilleure de {} d'après la validation :\n\n{}",
        counted(epochs, "époque"),
        table.finish()
    )
}

pub(super) fn factors(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["facteur", "ce qui change", "mesure"], args.seeds, &[]);
    for name in study.names(|o| o.factors.iter().map(|one| one.name.clone()).collect()) {
        let of = |o: &Outcome| o.factors.iter().find(|one| one.name == name).cloned();
        let Some(first) = study.0.iter().find_map(of) else {
            continue;
        };
        let mut push = |measure: &str, cell: &dyn Fn(&super::Factor) -> String| {
            let cells = study.each(|o| of(o).map_or("–".to_owned(), |one| cell(&one)));
            table.push(&row(&[&name, &first.description, measure], cells));
        };
        push("MAE avant et après", &|one| {
            format!("{} et {}", fixed(one.before, 2), fixed(one.after, 2))
        });
        push("personnes, test de l'écart", &|one| {
            let p = match one.p < 0.0005 {
                true => "p < 0,001".to_owned(),
                false => format!("p = {}", fixed(one.p, 3)),
            };
            format!("{}, {p}", one.people)
        });
        push("années ajoutées en moyenne", &|one| fixed(one.shift, 2));
    }
    format!(
        "Les mêmes adultes dessinés deux fois, un seul facteur changé ; erreurs d'âge du modèle 3, en années :\n\n{}",
        table.finish()
    )
}

/// Images and epochs, with a comma behind.
fn sizes(study: &Study) -> String {
    study.0.first().map_or(String::new(), |o| {
        let [train, validation, test] = o.images.map(|images| grouped(images as u64));
        let [first, third] = [0, 1].map(|place| o.courses[place].epochs as usize);
        format!(
            "{train} images d'entraînement, {validation} de validation et {test} de test, {} pour le modèle 1, {third} pour le modèle 3, ",
            counted(first, "époque")
        )
    })
}

/// What was measured, for who reads the lab.
pub(super) fn short_source(args: &EffectsArgs) -> String {
    format!(
        "*Visages dessinés, {}. Entre crochets, l'intervalle à 95 %. Une différence est établie quand les intervalles de toutes les graines sont du même \
         côté de zéro. Mesuré par `cargo tp bench effets tp3`.*\n",
        args.seeds.in_words(),
    )
}

/// What was measured, and how intervals are made.
pub(super) fn source(study: &Study, args: &EffectsArgs) -> String {
    let preset = match args.preset {
        Preset::Rapide => "rapide",
        Preset::Seance => "seance",
    };
    let sizes = sizes(study);
    format!(
        "*Visages dessinés au format d'UTKFace ; {sizes}{} (préréglage « {preset} »). Chaque graine tire d'autres dessins, d'autres poids de départ et \
         un autre ordre. Entre crochets, l'intervalle à 95 % des images de test : Wilson pour une exactitude et pour une couverture, rééchantillonnage \
         (bootstrap) pour les autres mesures, images ou personnes appariées pour les différences entre deux réponses sur les mêmes images. Les autres différences \
         combinent les deux intervalles (méthode de Newcombe). Une différence est établie quand les intervalles de toutes les graines sont du même côté de \
         zéro. Mesuré par `cargo tp bench effets tp3`.*\n",
        args.seeds.in_words(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{args, study};
    use super::*;

    #[test]
    fn measures_by_hand() {
        let (study, args) = (study(), args());
        for (text, expected) in [
            (
                networks(&study, &args),
                "| constante | âge médian de l'entraînement | 29 ans |",
            ),
            (
                networks(&study, &args),
                "| modèle 3 | erreurs de 10 ans au plus | 78,0 % |",
            ),
            (
                networks(&study, &args),
                "| modèle 1 | époque retenue | 2 sur 2 |",
            ),
            (
                groups(&study, &args),
                "| de 20 à 29 ans | erreur signée | 0,50 [−0,50 ; 1,50] (n = 200) |",
            ),
            (groups(&study, &args), "| code 4 | MAE standardisée | – |"),
            (
                coverage(&study, &args),
                "| âgé | couverture | 0,600 [0,570 ; 0,630] (n = 90) |",
            ),
            (
                coverage(&study, &args),
                "| code 1 | largeur moyenne | 30,5 ans |",
            ),
            (
                mistakes(&study, &args),
                "| modèle 1, 0 et 1 échangés | exactitude | 0,200 |",
            ),
            (
                mistakes(&study, &args),
                "| modèle 1, image entière | part des réponses « femme » | 85,0 % |",
            ),
            (
                mistakes(&study, &args),
                "| modèle 3, ÷116 puis ×120 | années ajoutées en moyenne | 1,20 |",
            ),
            (
                techniques(&study, &args),
                "| petit réseau avec les deux | de validation | 0,760 [0,730 ; 0,790] |",
            ),
            (
                factors(&study, &args),
                "| flou | aucun, puis complet | MAE avant et après | 8,00 et 10,00 |",
            ),
            (
                factors(&study, &args),
                "| maquillage | aucun, puis complet | personnes, test de l'écart | 480, p < 0,001 |",
            ),
        ] {
            let text = text.replace(['\u{202f}', '\u{a0}'], " ");
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
