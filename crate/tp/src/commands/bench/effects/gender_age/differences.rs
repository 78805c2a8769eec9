//! What the lab claims, as differences that the seeds establish or not: all of them, and those that it cites.

use super::super::EffectsArgs;
use super::super::interval::{Estimate, less};
use super::super::table::{Table, Unit};
use super::{Outcome, Study, coverage_name, covered, tables};
use crate::commands::bench::gender_age::answers::{Group, ranking};

/// Level of the intervals around ages.
const LEVEL: Estimate = Estimate {
    value: 0.9,
    low: 0.9,
    high: 0.9,
};

/// The groups of ages that the lab tells of.
const TOLD: [&str; 2] = ["jeune", "âgé"];

/// One claim.
struct Difference {
    name: String,
    estimates: Vec<Estimate>,
    unit: Unit,
    /// Whether the lab shows it.
    cited: bool,
}

/// Claims, in the order of the lab.
struct Differences(Vec<Difference>);

impl Differences {
    fn push(&mut self, name: &str, estimates: Vec<Estimate>, unit: Unit, cited: bool) {
        self.0.push(Difference {
            name: name.to_owned(),
            estimates,
            unit,
            cited,
        });
    }

    fn table(&self, head: &str, args: &EffectsArgs, kept: impl Fn(&Difference) -> bool) -> String {
        let mut table = Table::new(&[head], args.seeds, &["verdict"]);
        for one in self.0.iter().filter(|one| kept(one)) {
            table.differences(&[&one.name], &one.estimates, one.unit);
        }
        table.finish()
    }
}

/// Differences of rates.
pub(super) fn points(study: &Study, args: &EffectsArgs) -> String {
    format!(
        "Les différences de taux, et ce que les graines établissent :\n\n{}",
        of_rates(study).table("différence, en points", args, |_| true)
    )
}

/// Differences of ages.
pub(super) fn years(study: &Study, args: &EffectsArgs) -> String {
    format!(
        "Les différences d'âge, et ce que les graines établissent :\n\n{}",
        of_ages(study).table("différence, en années", args, |_| true)
    )
}

/// What the lab cites, in short.
pub(super) fn cited(study: &Study, args: &EffectsArgs) -> String {
    let kept = |one: &Difference| one.cited;
    format!(
        "{}\n{}\n{}",
        of_rates(study).table("différence, en points", args, kept),
        of_ages(study).table("différence, en années", args, kept),
        tables::short_source(args),
    )
}

fn of_rates(study: &Study) -> Differences {
    let mut found = Differences(Vec::new());
    let mut push = |name: &str, estimates: Vec<Estimate>, cited: bool| {
        found.push(name, estimates, Unit::Points, cited);
    };
    push(
        "modèle 1 : exactitude − réponse constante",
        study.each(|o| o.gender[0].less_constant),
        true,
    );
    push(
        "modèle 3 : exactitude − réponse constante",
        study.each(|o| o.gender[1].less_constant),
        true,
    );
    push(
        "modèle 3 − modèle 1 : exactitude",
        study.each(|o| less(o.gender[1].accuracy, o.gender[0].accuracy)),
        false,
    );
    push(
        "modèle 1 : F1 de la classe « homme » − F1 de la classe « femme »",
        study.each(|o| less(o.gender[0].f1[1], o.gender[0].f1[0])),
        false,
    );
    push(
        "modèle 1 : exactitude sur l'image entière − sur le recadrage du centre",
        study.each(|o| o.crops.difference),
        true,
    );
    let techniques = study.0.first().map_or(0, |o| o.techniques.len());
    for place in 0..techniques {
        let title = study.0[0].techniques[place].title();
        let gap = |o: &Outcome| {
            let found = &o.techniques[place];
            less(found.train, found.validation)
        };
        push(
            &format!("{title} : exactitude d'entraînement − de validation"),
            study.each(gap),
            false,
        );
        if place > 0 {
            push(
                &format!("{title} − seul : exactitude de validation"),
                study.each(|o| o.techniques[place].gain),
                // Each alone.
                place < techniques - 1,
            );
        }
    }
    for name in study.names(covered) {
        let of = |o: &Outcome| {
            let found = o.coverage.iter().find(|one| coverage_name(one) == name);
            found.map_or(LEVEL, |found| found.coverage)
        };
        push(
            &format!("couverture de l'intervalle, {name} − 90 %"),
            study.each(|o| less(of(o), LEVEL)),
            TOLD.contains(&name.as_str()),
        );
    }
    found
}

fn of_ages(study: &Study) -> Differences {
    let mut found = Differences(Vec::new());
    let mut push = |name: &str, estimates: Vec<Estimate>, cited: bool| {
        found.push(name, estimates, Unit::Years, cited);
    };
    push(
        "modèle 3 : MAE − celle de l'âge médian",
        study.each(|o| o.age.less_median),
        true,
    );
    for end in 0..2 {
        let name = study
            .0
            .first()
            .map_or(String::new(), |o| o.age.ends[end].name.clone());
        let of = |o: &Outcome| o.age.ends[end].values.first().copied().flatten();
        push(
            &format!("modèle 3 : erreur signée, {name}"),
            study.each(|o| of(o).unwrap_or(UNKNOWN)),
            true,
        );
    }
    push(
        "modèle 3 : MAE avec ÷116 puis ×120 − MAE",
        study.each(|o| o.scale.difference),
        false,
    );
    for name in study.names(|o| o.factors.iter().map(|one| one.name.clone()).collect()) {
        let of = |o: &Outcome| {
            let found = o.factors.iter().find(|one| one.name == name);
            found.map_or(UNKNOWN, |found| found.difference)
        };
        push(
            &format!("modèle 3, même personne : MAE après − avant, {name}"),
            study.each(of),
            true,
        );
    }
    found
}

/// What has no value.
const UNKNOWN: Estimate = Estimate {
    value: f64::NAN,
    low: f64::NAN,
    high: f64::NAN,
};

/// Whether codes keep their order once ages are standardised.
pub(super) fn ranks(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(
        &["codes, de la plus petite MAE à la plus grande"],
        args.seeds,
        &[],
    );
    // Only codes that have both are compared.
    let both = |o: &Outcome| {
        let complete = |group: &&_| {
            let group: &Group = group;
            group.values.iter().all(Option::is_some)
        };
        let codes: Vec<_> = o.age.by_code.iter().filter(complete).cloned().collect();
        [ranking(&codes, 0), ranking(&codes, 1)]
    };
    let mut push = |name: &str, cells: Vec<String>| {
        let mut row = vec![name.to_owned()];
        row.extend(cells);
        table.push(&row);
    };
    push("MAE brute", study.each(|o| both(o)[0].clone()));
    push(
        "MAE standardisée sur l'âge",
        study.each(|o| both(o)[1].clone()),
    );
    push(
        "le classement change",
        study.each(|o| {
            let [raw, standardised] = both(o);
            match raw == standardised {
                true => "non".to_owned(),
                false => "oui".to_owned(),
            }
        }),
    );
    format!(
        "Le classement des codes par la MAE du modèle 3. Des codes voisins peuvent changer de place par hasard :\n\n{}",
        table.finish()
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{args, study};
    use super::*;

    #[test]
    fn differences_by_hand() {
        let (study, args) = (study(), args());
        let text = [points(&study, &args), years(&study, &args)].concat();
        for expected in [
            "| modèle 1 : exactitude − réponse constante | 28,0 [25,0 ; 31,0] | établi, positif |",
            // Both intervals are 2 points on each side: 2 × √2.
            "| modèle 3 − modèle 1 : exactitude | 2,0 [−0,8 ; 4,8] | non établi |",
            "| modèle 1 : exactitude sur l'image entière − sur le recadrage du centre | −20,0 [−24,0 ; −16,0] | établi, négatif |",
            "| petit réseau avec abandon (dropout) − seul : exactitude de validation | 5,0 [3,0 ; 7,0] | établi, positif |",
            "| petit réseau avec normalisation par lot − seul : exactitude de validation | 1,0 [−1,0 ; 3,0] | non établi |",
            "| couverture de l'intervalle, ensemble − 90 % | 0,0 [−3,0 ; 3,0] | non établi |",
            "| couverture de l'intervalle, code 1 − 90 % | −2,0 [−5,0 ; 1,0] | non établi |",
            "| couverture de l'intervalle, âgé − 90 % | −30,0 [−33,0 ; −27,0] | établi, négatif |",
            "| modèle 3 : MAE − celle de l'âge médian | −6,20 [−7,00 ; −5,40] | établi, négatif |",
            "| modèle 3 : erreur signée, moins de 10 ans | 5,00 [4,00 ; 6,00] | établi, positif |",
            "| modèle 3 : erreur signée, 60 ans et plus | −12,00 [−13,00 ; −11,00] | établi, négatif |",
            "| modèle 3, même personne : MAE après − avant, maquillage | 0,10 [−0,40 ; 0,60] | non établi |",
            "| modèle 3, même personne : MAE après − avant, flou | 2,00 [1,50 ; 2,50] | établi, positif |",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        assert!(!text.contains("petit réseau seul − seul"), "{text}");
    }

    #[test]
    fn rankings_compare_codes_that_have_both() {
        let text = ranks(&study(), &args());
        for expected in [
            "| MAE brute | 1 < 0 |",
            "| MAE standardisée sur l'âge | 0 < 1 |",
            "| le classement change | oui |",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }

    #[test]
    fn the_lab_cites_some_of_them() {
        let text = cited(&study(), &args());
        assert!(
            text.contains("| modèle 3 : exactitude − réponse constante |"),
            "{text}"
        );
        assert!(
            text.contains("| couverture de l'intervalle, âgé − 90 % |"),
            "{text}"
        );
        assert!(!text.contains("code 1") && !text.contains("F1"), "{text}");
    }
}
