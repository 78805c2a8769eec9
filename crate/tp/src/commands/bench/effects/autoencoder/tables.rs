//! Tables of what is measured, seed by seed: the differences that claims are made of stand beside.

use super::super::Preset;
use super::super::table::{Table, Unit, written};
use super::{Course, EffectsArgs, Outcome, Study};
use crate::french::{fixed, grouped};

fn row(names: &[&str], cells: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    found.extend(cells);
    found
}

fn percent(share: f64, digits: usize) -> String {
    format!("{} %", fixed(100.0 * share, digits))
}

/// The trainings, in the order of the tables.
type Pick = fn(&Outcome) -> &Course;
const COURSES: [(&str, Pick); 6] = [
    ("tous les visages", |o| &o.usual),
    ("peu de visages", |o| &o.small),
    ("images mélangées par reshape", |o| &o.scrambled),
    ("grand β", |o| &o.beta),
    ("beaucoup de variables", |o| &o.many),
    ("beaucoup de variables, grand β", |o| &o.many_beta),
];

/// Losses of each training.
pub(super) fn losses(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["entraînement", "mesure, par image"], args.seeds, &[]);
    type Read = fn(&Course) -> String;
    let measures: [(&str, Read); 7] = [
        ("perte sur l'entraînement", |c| fixed(c.train.total, 1)),
        ("perte sur le test", |c| fixed(c.test.total, 1)),
        ("erreur de reconstruction sur le test", |c| {
            fixed(c.test.reconstruction, 1)
        }),
        ("KL sur le test, en nats", |c| fixed(c.test.kl, 2)),
        ("erreur sur le test depuis les moyennes μ", |c| {
            written(&c.test.error, Unit::Years)
        }),
        ("images mesurées (entraînement ; test)", |c| {
            format!("{} ; {}", c.train.images, c.test.images)
        }),
        ("époques ; secondes", |c| {
            let seconds = c.seconds.map_or("–".to_owned(), |s| fixed(s, 0));
            format!("{} ; {seconds}", c.epochs)
        }),
    ];
    for (title, pick) in COURSES {
        for (name, read) in measures {
            table.push(&row(&[title, name], study.each(|o| read(pick(o)))));
        }
    }
    let named = study.0.first().map_or(String::new(), |o| {
        let courses = [&o.beta, &o.many, &o.many_beta];
        let texts = courses.map(|c| format!("{} variables et β = {}", c.latent, c.beta));
        texts.join(", puis ")
    });
    format!(
        "Les pertes. Les trois derniers entraînements ont {named}. Les erreurs sont des sommes de carrés sur les 12 288 valeurs d'une \
         image :\n\n{}",
        table.finish()
    )
}

/// Errors of the lab's network beside those of the mean face.
pub(super) fn errors(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["images", "dessinées par"], args.seeds, &[]);
    type Read = fn(&super::Errors) -> super::Estimate;
    let measures: [(&str, &str, Read); 4] = [
        ("visages de test", "le réseau", |e| e.faces),
        ("visages de test", "le visage moyen", |e| e.mean_face),
        ("objets dessinés", "le réseau", |e| e.objects),
        ("objets dessinés", "le visage moyen", |e| {
            e.objects_by_mean_face
        }),
    ];
    for (images, by, read) in measures {
        table.measures(&[images, by], &study.each(|o| read(&o.errors)), Unit::Years);
    }
    format!(
        "L'erreur de reconstruction par image, sur des visages et sur des images d'une autre sorte :\n\n{}",
        table.finish()
    )
}

/// Divergence of each variable, sorted.
pub(super) fn divergences(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["entraînement"], args.seeds, &[]);
    for (title, pick) in COURSES {
        let cell = |o: &Outcome| {
            let kl = pick(o).kl.iter();
            let shown: Vec<String> = kl.map(|kl| fixed(*kl, 2)).collect();
            shown.join(" · ")
        };
        table.push(&row(&[title], study.each(cell)));
    }
    format!(
        "La KL de chaque variable sur le test, de la plus grande à la plus petite, en nats :\n\n{}",
        table.finish()
    )
}

/// Codes beyond a limit.
pub(super) fn outside(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["au-delà de", "part de"], args.seeds, &[]);
    let limits = study.0.first().map_or(0, |o| o.outside.len());
    for place in 0..limits {
        let limit = format!("±{}", study.0[0].outside[place].limit);
        let of = |read: fn(&super::Outside) -> String| {
            study.each(|o| o.outside.get(place).map_or("–".to_owned(), read))
        };
        table.push(&row(
            &[&limit, "la loi normale"],
            of(|found| percent(found.prior, if found.prior < 1e-4 { 5 } else { 2 })),
        ));
        table.push(&row(
            &[&limit, "les moyennes μ du test"],
            of(|found| {
                let n = grouped(found.n as u64);
                format!("{} (n = {n})", percent(found.means, 2))
            }),
        ));
    }
    format!("Les codes lointains :\n\n{}", table.finish())
}

/// Images decoded from codes that are far.
pub(super) fn far(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["images décodées", "mesure"], args.seeds, &[]);
    let kinds = study.0.first().map_or(0, |o| o.far.len());
    for place in 0..kinds {
        let first = &study.0[0].far[place];
        let name = format!("{} (n = {})", first.name, first.images);
        let of = |read: fn(&super::Far) -> String| {
            study.each(|o| o.far.get(place).map_or("–".to_owned(), read))
        };
        table.push(&row(
            &[
                &name,
                "carré de la distance au visage d'entraînement le plus proche",
            ],
            of(|found| fixed(found.nearest, 1)),
        ));
        table.push(&row(
            &[&name, "pixels presque noirs ou presque blancs"],
            of(|found| percent(found.saturated, 1)),
        ));
        table.push(&row(
            &[&name, "écart au visage du milieu, de 0 à 1"],
            of(|found| fixed(found.change, 3)),
        ));
    }
    format!(
        "Ce que dessine le décodeur, près et loin du milieu. À ±3 et ±5, une seule variable bouge, les autres valent 0 :\n\n{}",
        table.finish()
    )
}

/// R² of each variable with each factor.
pub(super) fn factors(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(&["facteur connu", "variable"], args.seeds, &[]);
    if let Some(first) = study.0.first() {
        for known in &first.factors {
            let cell = |o: &Outcome| {
                let mut same = o.factors.iter().filter(|other| {
                    other.factor == known.factor && other.variable == known.variable
                });
                same.next().map_or("–".to_owned(), |found| {
                    format!(
                        "{} (n = {})",
                        written(&found.r_squared, Unit::Rate),
                        found.n
                    )
                })
            };
            table.push(&row(&[&known.factor, &known.variable], study.each(cell)));
        }
    }
    format!(
        "Le R² de chaque variable seule et de l'« ensemble » avec chaque facteur, par validation croisée sur le test. L'ordre des \
         variables n'est pas le même d'une graine à l'autre :\n\n{}",
        table.finish()
    )
}

/// Accuracies and seconds of the small classifiers.
pub(super) fn classifiers(study: &Study, args: &EffectsArgs) -> String {
    let mut table = Table::new(
        &["facteur", "exemples étiquetés", "ce qui est lu"],
        args.seeds,
        &[],
    );
    if let Some(first) = study.0.first() {
        for asked in &first.classifiers {
            let cell = |o: &Outcome| {
                let mut same = o.classifiers.iter().filter(|other| {
                    (&other.label, other.labels, &other.reads)
                        == (&asked.label, asked.labels, &asked.reads)
                });
                same.next().map_or("–".to_owned(), |found| {
                    format!(
                        "{} en {} s (majorité {}, n = {})",
                        written(&found.accuracy, Unit::Rate),
                        fixed(found.seconds, 1),
                        fixed(found.majority, 3),
                        found.n
                    )
                })
            };
            let labels = grouped(asked.labels as u64);
            table.push(&row(
                &[&asked.label, &labels, &asked.reads],
                study.each(cell),
            ));
        }
    }
    format!(
        "Un petit classifieur dit si le facteur dépasse sa médiane : exactitude sur le test et durée de l'apprentissage. « Majorité » \
         est l'exactitude de la réponse la plus fréquente :\n\n{}",
        table.finish()
    )
}

/// The same in short, for the lab; the optional one has the whole text.
pub(super) fn short_source(study: &Study, args: &EffectsArgs) -> String {
    let [images, test] = study.0.first().map_or([0, 0], |o| o.images);
    let epochs = study.0.first().map_or(0, |o| o.usual.epochs);
    format!(
        "*Dessins, {} : {} images d'entraînement, {epochs} époques, {} images de test. Entre crochets, l'intervalle à 95 %. Une différence est établie quand \
         les intervalles de toutes les graines sont du même côté de zéro. Le tableau entier est dans le TP 7 bis. Mesuré par \
         `cargo tp bench effets tp7`.*\n",
        args.seeds.in_words(),
        grouped(images as u64),
        grouped(test as u64),
    )
}

/// What the tables are and where they come from.
pub(super) fn source(study: &Study, args: &EffectsArgs) -> String {
    let preset = match args.preset {
        Preset::Rapide => "rapide",
        Preset::Seance => "seance",
    };
    let [images, test] = study.0.first().map_or([0, 0], |o| o.images);
    let first = study.0.first();
    let epochs = first.map_or(0, |o| o.usual.epochs);
    let few = first.map_or(0, |o| o.few);
    format!(
        "*Préréglage « {preset} », sur des dessins. Les {} images de test n'ont servi à aucun apprentissage. Le réseau apprend sur {} \
         images pendant {epochs} époques. L'autre n'en a que {}, montrées dix fois par époque. Chaque graine change les dessins, le découpage, les poids \
         de départ et les lots. Sous une graine, l'intervalle à 95 % ne tient compte que du hasard des images de test. Pour deux \
         réponses sur les mêmes images, il porte sur la différence image par image. Une différence est établie quand les intervalles \
         de toutes les graines sont du même côté de zéro. Mesuré par `cargo tp bench effets tp7`.*\n",
        grouped(test as u64),
        grouped(images as u64),
        grouped(few as u64),
    )
}

#[cfg(test)]
mod tests {
    use super::super::tests::{args, study};
    use super::*;

    #[test]
    fn tables_by_hand() {
        let (study, args) = (study(), args());
        let text = [
            losses(&study, &args),
            errors(&study, &args),
            divergences(&study, &args),
            outside(&study, &args),
            far(&study, &args),
            factors(&study, &args),
            classifiers(&study, &args),
            source(&study, &args),
        ]
        .concat()
        .replace('\u{202f}', " ");
        for expected in [
            "| tous les visages | perte sur le test | 224,5 |",
            "| grand β | perte sur l'entraînement | 762,0 |",
            "| peu de visages | erreur sur le test depuis les moyennes μ | 330,00 [327,00 ; 333,00] |",
            "| tous les visages | 5,00 · 5,00 · 5,00 · 5,00 |",
            "| objets dessinés | le réseau | 700,00 [670,00 ; 730,00] |",
            "| objets dessinés | le visage moyen | 690,00 [660,00 ; 720,00] |",
            "| ±3 | la loi normale | 0,27 % |",
            "| ±3 | les moyennes μ du test | 1,20 % (n = 1 960) |",
            "| une variable à ±5 (n = 8) | pixels presque noirs ou presque blancs | 31,0 % |",
            "| pose | ensemble | 0,620 [0,570 ; 0,670] (n = 490) |",
            "| lunettes | 100 | pixels | 0,900 [0,870 ; 0,930] en 0,2 s (majorité 0,700, n = 490) |",
            "Les 490 images de test",
        ] {
            assert!(text.contains(expected), "{expected}\n{text}");
        }
    }
}
