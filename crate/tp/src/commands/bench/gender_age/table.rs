//! The tables of the study on photographs.

use super::answers::{Age, Gender, Group};
use super::{Entry, GenderAgeArgs, Network};
use crate::commands::bench::effects::interval::Estimate;
use crate::commands::bench::effects::table::{Table, Unit, written};
use crate::french::{counted, fixed, grouped};

/// The name of each file, and its text.
pub(super) fn markdown(entries: &[Entry], args: &GenderAgeArgs) -> Vec<(&'static str, String)> {
    let study = Study { entries, args };
    let source = study.source();
    let whole = |text: String| format!("{text}\n{source}");
    vec![
        ("genre_age", whole(study.scores())),
        (
            "genre_age_essentiel",
            format!("{}\n{}", study.essentials(), study.short_source()),
        ),
        ("genre_age_groupes", whole(study.groups())),
        ("genre_age_modele2", study.curve()),
    ]
}

struct Study<'a> {
    entries: &'a [Entry],
    args: &'a GenderAgeArgs,
}

impl Study<'_> {
    fn of(&self, network: Network) -> Vec<&Entry> {
        let of = self.entries.iter();
        of.filter(|entry| entry.trial.model == network).collect()
    }

    fn table(&self, before: &[&str], after: &[&str]) -> Table {
        Table::new(before, self.args.seeds, after)
    }

    /// Something of the answers about genders, one a seed; nothing when the network does not give it.
    fn genders<T>(&self, network: Network, measure: impl Fn(&Gender) -> T) -> Vec<T> {
        let of = self.of(network).into_iter();
        of.filter_map(|entry| entry.outcome.gender.as_ref().map(&measure))
            .collect()
    }

    fn ages<T>(&self, network: Network, measure: impl Fn(&Age) -> T) -> Vec<T> {
        let of = self.of(network).into_iter();
        of.filter_map(|entry| entry.outcome.age.as_ref().map(&measure))
            .collect()
    }

    /// The two constant answers, as rows of a table: on the test images of each seed, whatever the network.
    fn constants(&self, table: &mut Table, name: &str, measures: [&str; 2]) {
        let Some(network) = super::asked(&self.args.networks).into_iter().next() else {
            return;
        };
        let constants = self.of(network);
        type Pick = fn(&Entry) -> Estimate;
        let each =
            |pick: Pick| -> Vec<Estimate> { constants.iter().map(|entry| pick(entry)).collect() };
        let picks: [(Pick, Unit); 2] = [
            (|entry| entry.outcome.constant.accuracy, Unit::Rate),
            (|entry| entry.outcome.constant.mae, Unit::Years),
        ];
        for (measure, (pick, unit)) in measures.into_iter().zip(picks) {
            table.measures(&[name, measure], &each(pick), unit);
        }
    }

    /// What the lab itself shows: one or two measures a network.
    fn essentials(&self) -> String {
        let mut table = self.table(&["réponse", "mesure"], &[]);
        let [accuracy, mae] = ["exactitude", "MAE (ans)"];
        self.constants(&mut table, "constante", [accuracy, mae]);
        for (place, network) in super::asked(&[]).into_iter().enumerate() {
            let name = format!("modèle {}", place + 1);
            let found = self.genders(network, |found| found.accuracy);
            if !found.is_empty() {
                table.measures(&[&name, accuracy], &found, Unit::Rate);
            }
            let found = self.ages(network, |found| found.mae);
            if !found.is_empty() {
                table.measures(&[&name, mae], &found, Unit::Years);
            }
        }
        table.finish()
    }

    fn scores(&self) -> String {
        let mut table = self.table(&["réponse", "mesure, sur le test"], &[]);
        self.constants(
            &mut table,
            "constante",
            [
                "exactitude du genre annoté le plus fréquent",
                "MAE de l'âge médian, en années",
            ],
        );
        for network in super::asked(&self.args.networks) {
            self.rows(&mut table, network);
        }
        let mut gains = self.table(&["différence"], &["verdict"]);
        for network in super::asked(&self.args.networks) {
            let title = network.title();
            let right = self.genders(network, |found| found.less_constant);
            if !right.is_empty() {
                let name = format!("{title} : exactitude − réponse constante, en points");
                gains.differences(&[&name], &right, Unit::Points);
            }
            let errors = self.ages(network, |found| found.less_median);
            if !errors.is_empty() {
                let name = format!("{title} : MAE − celle de l'âge médian, en années");
                gains.differences(&[&name], &errors, Unit::Years);
            }
        }
        format!(
            "Ce que valent les trois modèles sur des photographies qu'ils n'ont jamais vues, à côté des réponses constantes :\n\n{}\n\
             Les différences sur les mêmes images, et ce que les graines établissent :\n\n{}",
            table.finish(),
            gains.finish()
        )
    }

    fn rows(&self, table: &mut Table, network: Network) {
        let title = network.title();
        type OfGender = fn(&Gender) -> Estimate;
        let genders: [(&str, OfGender); 5] = [
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
        for (name, measure) in genders {
            let found = self.genders(network, measure);
            if !found.is_empty() {
                table.measures(&[title, name], &found, Unit::Rate);
            }
        }
        type OfAge = fn(&Age) -> Estimate;
        let ages: [(&str, Unit, OfAge); 4] = [
            ("MAE, en années", Unit::Years, |found| found.mae),
            ("RMSE, en années", Unit::Years, |found| found.rmse),
            ("erreur signée, en années", Unit::Years, |found| {
                found.signed
            }),
            ("erreurs de 5 ans au plus (CS@5)", Unit::Rate, |found| {
                found.cs5
            }),
        ];
        for (name, unit, measure) in ages {
            let found = self.ages(network, measure);
            if !found.is_empty() {
                table.measures(&[title, name], &found, unit);
            }
        }
        let kept = self.of(network).into_iter().map(|entry| {
            let course = &entry.outcome.course;
            let best = course.best.map_or("–".to_owned(), |best| best.to_string());
            format!("{best} sur {}", course.epochs)
        });
        let mut cells = vec![title.to_owned(), "époque retenue".to_owned()];
        cells.extend(kept);
        table.push(&cells);
    }

    fn groups(&self) -> String {
        let mut decades = self.table(&["réponse", "décennie", "mesure"], &[]);
        let mut codes = self.table(&["réponse", "code", "mesure"], &[]);
        for network in super::asked(&self.args.networks) {
            let title = network.title();
            let age_measures = ["MAE, en années", "erreur signée, en années"];
            let by = self.ages(network, |found| found.by_decade.clone());
            self.lines(&mut decades, title, &by, &age_measures, Unit::Years);
            let by = self.genders(network, |found| found.by_decade.clone());
            self.lines(&mut decades, title, &by, &["exactitude"], Unit::Rate);
            let age_measures = ["MAE, en années", "MAE standardisée, en années"];
            let by = self.ages(network, |found| found.by_code.clone());
            self.lines(&mut codes, title, &by, &age_measures, Unit::Years);
            let by = self.genders(network, |found| found.by_code.clone());
            self.lines(&mut codes, title, &by, &["exactitude"], Unit::Rate);
        }
        format!(
            "Par décennie de l'âge annoté (« 20 » : de 20 à 29 ans) :\n\n{}\nPar code :\n\n{}",
            decades.finish(),
            codes.finish()
        )
    }

    /// A row for each measure of each group, with the numbers of images.
    fn lines(
        &self,
        table: &mut Table,
        title: &str,
        by_seed: &[Vec<Group>],
        measures: &[&str],
        unit: Unit,
    ) {
        let mut names: Vec<&str> = by_seed
            .iter()
            .flatten()
            .map(|group| group.name.as_str())
            .collect();
        names.sort_by_key(|name| (name.parse::<i64>().unwrap_or(i64::MAX), *name));
        names.dedup();
        for name in names {
            for (place, measure) in measures.iter().enumerate() {
                let cell = |groups: &Vec<Group>| {
                    let group = groups.iter().find(|group| group.name == name);
                    let found =
                        group.and_then(|group| Some((group.n, (*group.values.get(place)?)?)));
                    found.map_or("–".to_owned(), |(n, found)| {
                        format!("{} (n = {})", written(&found, unit), grouped(n as u64))
                    })
                };
                let mut cells = [title, name, measure].map(str::to_owned).to_vec();
                cells.extend(by_seed.iter().map(cell));
                table.push(&cells);
            }
        }
    }

    /// The validation of model 2, epoch by epoch.
    fn curve(&self) -> String {
        let mut table = self.table(&["époque"], &[]);
        let courses: Vec<&[f64]> = self
            .of(Network::Age)
            .into_iter()
            .map(|entry| entry.outcome.course.measured("mae"))
            .collect();
        let epochs = courses.iter().map(|course| course.len()).max().unwrap_or(0);
        // Where a curve bends, then every fourth epoch and the last.
        let shown =
            |epoch: &usize| [1, 2, epochs].contains(&(epoch + 1)) || (epoch + 1).is_multiple_of(4);
        for epoch in (0..epochs).filter(shown) {
            let mut cells = vec![(epoch + 1).to_string()];
            let at = |course: &&[f64]| {
                course
                    .get(epoch)
                    .map_or("–".to_owned(), |mae| fixed(*mae, 2))
            };
            cells.extend(courses.iter().map(at));
            table.push(&cells);
        }
        format!(
            "MAE du modèle 2 sur la validation, en années :\n\n{}",
            table.finish()
        )
    }

    /// How many photographs, and epochs.
    fn sizes(&self) -> String {
        let epochs = self.entries.iter().map(|entry| entry.outcome.course.epochs);
        let longest = epochs.max().unwrap_or(0);
        self.entries.first().map_or(String::new(), |entry| {
            let [train, validation, test] = entry.outcome.images.map(|n| grouped(n as u64));
            format!(
                "{train} photographies d'entraînement, {validation} de validation et {test} de test, {} au plus",
                counted(longest as usize, "époque")
            )
        })
    }

    fn short_source(&self) -> String {
        format!(
            "*{}. Entre crochets, l'intervalle à 95 %. Mesuré par `cargo tp bench genre-age`.*\n",
            self.sizes()
        )
    }

    /// What was measured, and how intervals are made.
    fn source(&self) -> String {
        let sizes = self.sizes();
        format!(
            "*UTKFace, chaque photographie une fois et d'un seul côté ; {sizes}, {}. Chaque graine tire un autre découpage, d'autres poids de départ et un \
             autre ordre. L'époque est choisie sur la validation, le test est mesuré une fois. Entre crochets, l'intervalle à 95 % des images de test : \
             Wilson pour une exactitude et pour CS@5, rééchantillonnage (bootstrap) pour les autres mesures, images appariées pour les différences. Mesuré par \
             `cargo tp bench genre-age`.*\n",
            self.args.seeds.in_words(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{args, entries};
    use super::*;

    #[test]
    fn tables_by_hand() {
        let args = args(&["--graines", "42-43"]);
        let found = markdown(&entries(&args), &args);
        let names: Vec<&str> = found.iter().map(|(name, _)| *name).collect();
        assert_eq!(
            names,
            [
                "genre_age",
                "genre_age_essentiel",
                "genre_age_groupes",
                "genre_age_modele2"
            ]
        );
        for (place, expected) in [
            (
                0,
                "| constante | exactitude du genre annoté le plus fréquent | 0,520 [0,490 ; 0,550] | 0,520 [0,490 ; 0,550] |",
            ),
            (
                0,
                "| modèle 1 (genre) | exactitude | 0,880 [0,860 ; 0,900] |",
            ),
            (
                0,
                "| modèle 2 (âge) | MAE, en années | 7,20 [6,80 ; 7,60] |",
            ),
            (
                0,
                "| modèle 3 (genre et âge) | époque retenue | 2 sur 2 | 2 sur 2 |",
            ),
            (
                0,
                "| modèle 1 (genre) : exactitude − réponse constante, en points | 36,0 [33,0 ; 39,0] | 36,0 [33,0 ; 39,0] | établi, positif |",
            ),
            (
                0,
                "| modèle 2 (âge) : MAE − celle de l'âge médian, en années | −8,00 [−8,80 ; −7,20] |",
            ),
            (0, "7 500 photographies d'entraînement"),
            (1, "| constante | exactitude | 0,520 [0,490 ; 0,550] |"),
            (1, "| modèle 1 | exactitude | 0,880 [0,860 ; 0,900] |"),
            (1, "| modèle 3 | MAE (ans) | 7,20 [6,80 ; 7,60] |"),
            (
                2,
                "| modèle 2 (âge) | 20 | erreur signée, en années | 0,50 [−0,50 ; 1,50] (n = 200) |",
            ),
            (
                2,
                "| modèle 3 (genre et âge) | 4 | MAE standardisée, en années | – | – |",
            ),
            (3, "| 1 | 11,25 | 11,25 |\n| 2 | 8,50 | 8,50 |"),
        ] {
            let text = found[place].1.replace(['\u{202f}', '\u{a0}'], " ");
            assert!(text.contains(expected), "{expected}\n{text}");
        }
        // A network that gives no age has no row of ages.
        assert!(!found[0].1.contains("| modèle 1 (genre) | MAE"));
    }
}
