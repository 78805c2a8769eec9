//! Tables of what is measured, seed by seed: the differences that claims are made of stand beside.

use super::super::interval::{Estimate, rate_of};
use super::super::table::{Table, Unit};
use super::{
    CONSTANT, Choice, Comparison, Details, EffectsArgs, Elsewhere, Labels, Noise, Outcome, Preset,
    Split, Study, row,
};
use crate::french::{counted, decimal, fixed, grouped};

fn total(groups: &[[usize; 2]]) -> usize {
    groups.iter().map(|[all, _]| all).sum()
}

/// Whether the answers are right that give each group its most frequent class, and those that give all the most frequent
/// one, image by image in the same order.
pub(super) fn guesses(groups: &[[usize; 2]]) -> [Vec<bool>; 2] {
    let old: usize = groups.iter().map(|[_, old]| old).sum();
    let most = 2 * old > total(groups);
    let mut found = [Vec::new(), Vec::new()];
    for [all, old] in groups {
        let of_group = 2 * old > *all;
        for (class, count) in [(true, *old), (false, all - old)] {
            found[0].extend(std::iter::repeat_n(of_group == class, count));
            found[1].extend(std::iter::repeat_n(most == class, count));
        }
    }
    found
}

/// A p value of three decimals.
pub(super) fn p_value(p: f64) -> String {
    match p < 0.0005 {
        true => "p < 0,001".to_owned(),
        false => format!("p = {}", fixed(p, 3)),
    }
}

pub(super) fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 1))
}

pub(super) fn before(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["mesure, sur la validation"], args.seeds, &[]);
    table.measures(
        &["exactitude moyenne de vingt réseaux neufs"],
        &study.detailed(|d| d.untrained_mean),
        Unit::Rate,
    );
    let ends = |d: &Details| {
        let low = d.untrained.iter().copied().fold(f64::INFINITY, f64::min);
        let high = d.untrained.iter().copied().fold(0.0, f64::max);
        format!("{} et {}", fixed(low, 3), fixed(high, 3))
    };
    table.push(&row(
        "la plus faible et la plus forte des vingt",
        study.detailed(ends),
    ));
    format!("Avant l'entraînement :\n\n{}", table.finish())
}

pub(super) fn trained_network(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["découpage", "mesure"], args.seeds, &[]);
    for (split, outcomes) in [
        (Split::Person, &study.by_person),
        (Split::Image, &study.by_image),
    ] {
        let course = |o: &Outcome| {
            let after = o.course.iter().map(|accuracy| fixed(100.0 * accuracy, 0));
            after.collect::<Vec<_>>().join(" · ")
        };
        let mut cells = |name: &str, cell: &dyn Fn(&Outcome) -> String| {
            let mut found = vec![split.title().to_owned()];
            found.extend(row(name, outcomes.iter().map(cell)));
            table.push(&found);
        };
        cells(
            "exactitude de validation après chaque époque, en %",
            &course,
        );
        cells("personnes du test, dont vues à l'entraînement", &|o| {
            format!("{}, dont {}", grouped(o.people[0] as u64), o.people[1])
        });
        cells("part des réponses « 52–62 ans » sur le test", &|o| {
            percent(o.old)
        });
        for (name, measure) in [
            (
                "exactitude de validation",
                (|o| o.validation) as fn(&Outcome) -> Estimate,
            ),
            ("exactitude de test", |o| o.test),
        ] {
            let found: Vec<Estimate> = outcomes.iter().map(measure).collect();
            table.measures(&[split.title(), name], &found, Unit::Rate);
        }
    }
    format!(
        "Le réseau entraîné (la réponse constante vaut 0,500) :\n\n{}",
        table.finish()
    )
}

/// What another answer about the same test images changes.
pub(super) fn comparisons(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["réponses comparées", "mesure"], args.seeds, &[]);
    type Pick = fn(&Details) -> &Comparison;
    let both: [(&str, Pick); 2] = [
        ("normalisation par 0,5 et 0,5", |d| &d.trap),
        ("moyenne de dix recadrages", |d| &d.crops),
    ];
    for (name, pick) in both {
        table.measures(
            &[name, "exactitude"],
            &study.detailed(|d| pick(d).accuracy),
            Unit::Rate,
        );
        let mut cells = |measure: &str, cell: &dyn Fn(&Comparison) -> String| {
            let mut found = vec![name.to_owned()];
            found.extend(row(measure, study.detailed(|d| cell(pick(d)))));
            table.push(&found);
        };
        cells("part des réponses « 52–62 ans »", &|c| percent(c.old));
        cells(
            "erreurs corrigées, erreurs créées, test de McNemar",
            &|c| format!("{}, {}, {}", c.corrected, c.created, p_value(c.mcnemar)),
        );
        cells("test de l'écart par personne", &|c| p_value(c.p));
    }
    format!(
        "Deux façons de répondre sur les mêmes images de test, comparées à la réponse du recadrage du centre :\n\n{}",
        table.finish()
    )
}

pub(super) fn noise(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["réseau", "vingt lots de"], args.seeds, &[]);
    let details = study.details();
    let places = details.first().map_or(0, |d| d.noise.len());
    for place in 0..places {
        let found: Vec<&Noise> = details.iter().filter_map(|d| d.noise.get(place)).collect();
        let Some(first) = found.first() else { continue };
        let mut cells = row(
            &format!("après {}", counted(first.epochs as usize, "époque")),
            [counted(first.size, "image")],
        );
        cells.extend(found.iter().map(|n| {
            format!(
                "{} à {}",
                fixed(100.0 * n.lowest, 1),
                fixed(100.0 * n.highest, 1)
            )
        }));
        table.push(&cells);
    }
    format!(
        "Le même réseau, mesuré sur vingt lots tirés de la validation : la plus faible et la plus forte exactitude, en % :\n\n{}",
        table.finish()
    )
}

pub(super) fn elsewhere(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["visages d'ailleurs", "normalisation"], args.seeds, &[]);
    for (place, count) in study.elsewhere_sizes().into_iter().enumerate() {
        let faces = counted(count, "visage");
        type Pick = fn(&Elsewhere) -> Estimate;
        let both: [(&str, Pick); 2] = [
            ("de l'entraînement", |found| found.accuracy),
            ("par 0,5 et 0,5", |found| found.trap),
        ];
        for (name, pick) in both {
            let found = study.detailed(|d| d.elsewhere.get(place).map_or(CONSTANT, pick));
            table.measures(&[&faces, name], &found, Unit::Rate);
        }
    }
    format!(
        "L'exactitude sur des personnes nouvelles, dans des conditions plus difficiles :\n\n{}",
        table.finish()
    )
}

/// What the habit of choosing on the test adds.
pub(super) fn choice(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(
        &["l'époque est choisie sur une moitié du test"],
        args.seeds,
        &[],
    );
    let mut cells = |name: &str, cell: &dyn Fn(&Choice) -> String| {
        table.push(&row(name, study.detailed(|d| cell(&d.choice))));
    };
    cells("époques choisies par les deux moitiés", &|c| {
        format!("{} et {}", c.epochs[0], c.epochs[1])
    });
    cells(
        "exactitude de ces époques sur la moitié qui a choisi",
        &|c| fixed(c.own, 3),
    );
    cells("exactitude de ces époques sur l'autre moitié", &|c| {
        fixed(c.other, 3)
    });
    cells("différence, en points", &|c| {
        fixed(100.0 * (c.own - c.other), 1)
    });
    format!(
        "Ce que l'on gagne en apparence quand l'époque est choisie sur les images qui servent à mesurer. Les personnes du test sont partagées en deux \
         moitiés : chacune choisit l'époque qui lui convient le mieux, et l'exactitude est la moyenne des deux. Choisir sur la même moitié vaut toujours au \
         moins autant :\n\n{}",
        table.finish()
    )
}

pub(super) fn shortcut(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["étiquettes", "réponse"], args.seeds, &[]);
    type Pick = fn(&Labels) -> &Vec<[usize; 2]>;
    let both: [(&str, Pick); 2] = [
        ("toutes", |labels| &labels.groups),
        ("appariées", |labels| &labels.matched),
    ];
    for (name, pick) in both {
        let sizes = study.labels.iter().map(|labels| total(pick(labels)));
        let mut cells = vec![name.to_owned()];
        cells.extend(row("effectif", sizes.map(|size| counted(size, "image"))));
        table.push(&cells);
        for (place, answer) in [
            (1, "la classe la plus fréquente"),
            (0, "d'après le genre annoté et le code"),
        ] {
            let shares = study.labels.iter();
            let shares = shares.map(|labels| rate_of(&guesses(pick(labels))[place]));
            table.measures(&[name, answer], &shares.collect::<Vec<_>>(), Unit::Rate);
        }
    }
    format!(
        "Les réponses qui ne regardent pas l'image, dans le dossier dessiné au format d'UTKFace. La règle est choisie et mesurée sur les mêmes \
         étiquettes : elle vaut toujours au moins la classe la plus fréquente.\n\n{}",
        table.finish()
    )
}

/// The same in a few words, for the lab.
pub(super) fn short_source(study: &Study, args: &EffectsArgs) -> String {
    let sizes = study.by_person.first().map_or(String::new(), |o| {
        let [train, _, test] = o.images.map(|images| grouped(images as u64));
        format!("{train} images d'entraînement, {test} de test, ")
    });
    format!(
        "*Personnes dessinées, {sizes}{}. Entre crochets, l'intervalle à 95 %. Une différence est établie quand les intervalles de toutes les graines sont \
         du même côté de zéro. Mesuré par `cargo tp bench effets tp6`, qui explique chaque intervalle dans `effets_tp6.md`.*\n",
        args.seeds.in_words(),
    )
}

/// What was measured, and how intervals are made.
pub(super) fn source(study: &Study, args: &EffectsArgs) -> String {
    let preset = match args.preset {
        Preset::Rapide => "rapide",
        Preset::Seance => "seance",
    };
    let sizes = study.by_person.first().map_or(String::new(), |o| {
        let [train, validation, test] = o.images.map(|images| grouped(images as u64));
        format!(
            "difficulté {}, {train} images d'entraînement, {validation} de validation et {test} de test, {}, ",
            decimal(o.difficulty, 2),
            counted(o.epochs as usize, "époque")
        )
    });
    format!(
        "*Personnes dessinées, cinq images chacune ; {sizes}{} (préréglage « {preset} »). Chaque graine tire d'autres dessins, d'autres poids de départ et \
         un autre ordre. Entre crochets, l'intervalle à 95 % : Student pour la moyenne des réseaux neufs, rééchantillonnage des personnes (bootstrap) pour \
         une exactitude de validation ou de test et pour une différence sur les mêmes images, Wilson pour les visages d'ailleurs et pour les étiquettes, \
         Newcombe apparié pour la différence des étiquettes. Les autres différences opposent des images différentes : leur intervalle combine les deux \
         intervalles (méthode de Newcombe), comme si les deux mesures étaient indépendantes. Celui du découpage par image ignore le hasard de l'entraînement. \
         Une différence est établie quand les intervalles de toutes les graines sont du même côté de zéro. Mesuré par `cargo tp bench effets tp6`.*\n",
        args.seeds.in_words(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{args, study};
    use super::*;

    /// Of 30 images, 10 are of class 1: « class 0 » is right 20 times, the groups' own answers 7 + 8 + 9 times.
    #[test]
    fn answers_that_see_no_face_by_hand() {
        let [rule, most] = guesses(&[[10, 7], [10, 2], [10, 1]]);
        assert_eq!((rule.len(), most.len()), (30, 30));
        assert!((rate_of(&rule).value - 0.8).abs() < 1e-12);
        assert!((rate_of(&most).value - 20.0 / 30.0).abs() < 1e-12);
        // Seven images of the first group are corrected, three are spoiled.
        let both = rule.iter().zip(&most);
        assert_eq!(both.filter(|(a, b)| a != b).count(), 10);
        let [rule, most] = guesses(&[[6, 3], [4, 2]]);
        assert_eq!((rate_of(&rule).value, rate_of(&most).value), (0.5, 0.5));
    }

    #[test]
    fn measures_by_hand() {
        let (study, args) = (study(), args());
        for (text, expected) in [
            (before(&study, &args), "| 0,440 et 0,570 |"),
            (trained_network(&study, &args), "| 50 · 72 |"),
            (comparisons(&study, &args), "| 12, 5, p = 0,144 |"),
            (comparisons(&study, &args), "| p < 0,001 |"),
            (
                noise(&study, &args),
                "| après 1 époque | 300 images | 61,0 à 68,5 |",
            ),
            (
                elsewhere(&study, &args),
                "| 20 visages | de l'entraînement | 0,650 [",
            ),
            (choice(&study, &args), "| différence, en points | 1,7 |"),
            (choice(&study, &args), "| 9 et 12 |"),
            (shortcut(&study, &args), "| toutes | effectif | 30 images |"),
            (
                shortcut(&study, &args),
                "| appariées | d'après le genre annoté et le code | 0,500 [",
            ),
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
