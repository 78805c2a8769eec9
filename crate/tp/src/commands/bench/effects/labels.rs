//! The effects that the lab on labels claims: what copies of a file say of the noise of the labels, beside the truth, how ages
//! are spread, and what an answer that is always the same is worth.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::interval::{Estimate, bootstrap, less, mean, rate, rate_of};
use super::table::{Table, Unit};
use super::{EffectsArgs, Measured, Notes, Preset};
use crate::error::Result;
use crate::french::{counted, grouped};

/// Years of a bar of the lab's histogram.
const BAR: i32 = 3;

/// What identifies a drawing.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Trial {
    faces: u32,
    seed: u64,
}

/// Age, gender, code; −1 for one that is not known.
type Label = [i32; 3];
/// Places in a label.
const AGE: usize = 0;
const GENDER: usize = 1;
const CODE: usize = 2;

/// The worker's answer.
#[derive(Debug, Clone, Deserialize)]
struct Outcome {
    files: usize,
    people: Vec<Label>,
    tested: Vec<usize>,
    noise: Vec<f64>,
    copies: Vec<Vec<Label>>,
}

impl Outcome {
    /// Difference between the ages of each group of identical files.
    fn age_gaps(&self) -> Vec<f64> {
        let span = |group: &Vec<Label>| {
            let ages = || group.iter().map(|label| label[AGE]).filter(|age| *age >= 0);
            f64::from(ages().max().unwrap_or(0) - ages().min().unwrap_or(0))
        };
        self.copies.iter().map(span).collect()
    }

    /// Labels of identical files that are known, and those of them that must be wrong: all but the most frequent.
    fn imposed(&self, place: usize) -> (usize, usize) {
        let (mut wrong, mut all) = (0, 0);
        for group in &self.copies {
            let known: Vec<i32> = group
                .iter()
                .map(|label| label[place])
                .filter(|value| *value >= 0)
                .collect();
            let same = |value: &i32| known.iter().filter(|other| *other == value).count();
            let most = known.iter().map(same).max().unwrap_or(0);
            wrong += known.len() - most;
            all += known.len();
        }
        (wrong, all)
    }

    /// Ages of the labelled pictures.
    fn ages(&self) -> Vec<f64> {
        self.people
            .iter()
            .map(|label| f64::from(label[AGE]))
            .collect()
    }

    /// The fullest bar of the histogram, its first age and its count; bars begin at the smallest age.
    fn highest_bar(&self) -> (i32, usize) {
        let ages = || self.people.iter().map(|label| label[AGE]);
        let low = ages().min().unwrap_or(0);
        fullest(ages().map(|age| low + (age - low) / BAR * BAR))
    }

    /// The most frequent age and its count.
    fn commonest(&self) -> (i32, usize) {
        fullest(self.people.iter().map(|label| label[AGE]))
    }

    fn part(&self, tested: bool) -> Vec<Label> {
        let people = self.people.iter().enumerate();
        let kept = people.filter(|(row, _)| self.tested.binary_search(row).is_ok() == tested);
        kept.map(|(_, label)| *label).collect()
    }

    /// Absolute errors of the median age of the other part, on the tested pictures of one code or of all.
    fn median_errors(&self, code: Option<i32>) -> Vec<f64> {
        let chosen: Vec<f64> = self
            .part(false)
            .iter()
            .map(|label| f64::from(label[AGE]))
            .collect();
        let answer = median(&chosen);
        let tested = self.part(true);
        let kept = tested
            .iter()
            .filter(|label| code.is_none_or(|code| label[CODE] == code));
        kept.map(|label| (f64::from(label[AGE]) - answer).abs())
            .collect()
    }

    /// Ages of the pictures of one code.
    fn ages_of(&self, code: i32) -> Vec<f64> {
        let kept = self.people.iter().filter(|label| label[CODE] == code);
        kept.map(|label| f64::from(label[AGE])).collect()
    }

    /// Whether the most frequent gender of the other part is that of each tested picture.
    fn majority(&self) -> Vec<bool> {
        let chosen = self.part(false);
        let women = chosen.iter().filter(|label| label[GENDER] == 1).count();
        let answer = i32::from(2 * women > chosen.len());
        self.part(true)
            .iter()
            .map(|label| label[GENDER] == answer)
            .collect()
    }
}

/// The most frequent value and its count; the smallest of those that are as frequent.
fn fullest(values: impl Iterator<Item = i32>) -> (i32, usize) {
    let mut counts = std::collections::BTreeMap::new();
    for value in values {
        *counts.entry(value).or_insert(0_usize) += 1;
    }
    let mut best = (0, 0);
    for (value, count) in counts {
        if count > best.1 {
            best = (value, count);
        }
    }
    best
}

/// The middle value; the mean of the two middle ones of an even number.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => f64::NAN,
        (count, middle) if count % 2 == 1 => sorted[middle],
        (_, middle) => (sorted[middle - 1] + sorted[middle]) / 2.0,
    }
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn mode(values: &[f64]) -> f64 {
    f64::from(fullest(values.iter().map(|value| *value as i32)).0)
}

fn deviation(values: &[f64]) -> f64 {
    let centre = average(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0)).sqrt()
}

/// Draws what the journal lacks; the tables, and the measures as JSON.
pub fn measure(args: &EffectsArgs, notes: &mut Notes) -> Result<Measured> {
    let faces = match args.preset {
        Preset::Rapide => 600,
        Preset::Seance => 3_000,
    };
    let trials: Vec<Trial> = (args.seeds.0..=args.seeds.1)
        .map(|seed| Trial { faces, seed })
        .collect();
    let title = |trial: &Trial| format!("étiquettes dessinées, graine {}", trial.seed);
    let outcomes: Vec<Outcome> = notes.outcomes("labels", &trials, title)?;
    let text = [
        noise(&outcomes, args),
        ages(&outcomes, args),
        constants(&outcomes, args),
        source(args, faces),
    ]
    .join("\n");
    Ok((
        vec![("", text)],
        json!({ "lab": "tp1", "trials": trials, "known": notes.known }),
    ))
}

/// One estimate a seed.
fn each(outcomes: &[Outcome], measure: impl Fn(&Outcome) -> Estimate) -> Vec<Estimate> {
    outcomes.iter().map(measure).collect()
}

/// One text a seed, after a name.
fn texts(name: &str, outcomes: &[Outcome], text: impl Fn(&Outcome) -> String) -> Vec<String> {
    let mut cells = vec![name.to_owned()];
    cells.extend(outcomes.iter().map(text));
    cells
}

/// What copies say of the noise of the labels, and the truth.
fn noise(outcomes: &[Outcome], args: &EffectsArgs) -> String {
    let copies = |o: &Outcome| {
        let (wrong, all) = o.imposed(GENDER);
        rate(wrong, all)
    };
    // On drawings, a gender is wrong on the copies that contradict, and nowhere else.
    let truth = |o: &Outcome| rate(o.imposed(GENDER).0, o.files);
    let mut table = Table::new(&["mesure"], args.seeds, &[]);
    table.push(&texts("contenus présents plusieurs fois", outcomes, |o| {
        counted(o.copies.len(), "contenu")
    }));
    table.measures(
        &["genre : part d'étiquettes fausses qu'imposent les copies, parmi les copies"],
        &each(outcomes, copies),
        Unit::Rate,
    );
    table.measures(
        &["genre : part d'étiquettes contraires au dessin, parmi tous les fichiers"],
        &each(outcomes, truth),
        Unit::Rate,
    );
    table.measures(
        &["âge : écart moyen entre les copies d'un même contenu (ans)"],
        &each(outcomes, |o| mean(&o.age_gaps())),
        Unit::Years,
    );
    table.measures(
        &["âge : écart moyen entre l'âge dessiné et l'étiquette, tous les visages (ans)"],
        &each(outcomes, |o| mean(&o.noise)),
        Unit::Years,
    );
    let mut differences = Table::new(&["différence"], args.seeds, &["verdict"]);
    differences.differences(
        &["genre : part d'étiquettes fausses, parmi les copies − parmi tous les fichiers (points)"],
        &each(outcomes, |o| less(copies(o), truth(o))),
        Unit::Points,
    );
    format!(
        "Le bruit des étiquettes, estimé par les copies puis connu :\n\n{}\n{}",
        table.finish(),
        differences.finish()
    )
}

/// How ages are spread.
fn ages(outcomes: &[Outcome], args: &EffectsArgs) -> String {
    let mut table = Table::new(&["mesure"], args.seeds, &[]);
    table.push(&texts("âge le plus fréquent", outcomes, |o| {
        let (age, count) = o.commonest();
        format!("{age} ans ({})", counted(count, "image"))
    }));
    table.push(&texts("barre de trois ans la plus haute", outcomes, |o| {
        let (first, count) = o.highest_bar();
        format!(
            "{first} à {} ans ({})",
            first + BAR - 1,
            counted(count, "image")
        )
    }));
    table.measures(
        &["âge médian (ans)"],
        &each(outcomes, |o| bootstrap(&o.ages(), median)),
        Unit::Years,
    );
    table.measures(
        &["âge moyen (ans)"],
        &each(outcomes, |o| bootstrap(&o.ages(), average)),
        Unit::Years,
    );
    let mut differences = Table::new(&["différence"], args.seeds, &["verdict"]);
    differences.differences(
        &["âge médian − âge le plus fréquent (ans)"],
        &each(outcomes, |o| {
            bootstrap(&o.ages(), |ages| median(ages) - mode(ages))
        }),
        Unit::Years,
    );
    differences.differences(
        &["âge moyen − âge médian (ans)"],
        &each(outcomes, |o| {
            bootstrap(&o.ages(), |ages| average(ages) - median(ages))
        }),
        Unit::Years,
    );
    format!(
        "La répartition des âges :\n\n{}\n{}",
        table.finish(),
        differences.finish()
    )
}

/// What an answer that is always the same is worth.
fn constants(outcomes: &[Outcome], args: &EffectsArgs) -> String {
    let error = |code| move |o: &Outcome| bootstrap(&o.median_errors(code), average);
    let mut table = Table::new(&["réponse constante", "visages", "mesure"], args.seeds, &[]);
    table.measures(
        &["âge médian", "tous", "erreur absolue moyenne (ans)"],
        &each(outcomes, error(None)),
        Unit::Years,
    );
    for code in 0..5 {
        let group = format!("groupe {code}");
        table.measures(
            &["âge médian", &group, "erreur absolue moyenne (ans)"],
            &each(outcomes, error(Some(code))),
            Unit::Years,
        );
    }
    for code in 0..5 {
        let mut cells = vec![
            "–".to_owned(),
            format!("groupe {code}"),
            "effectif, et écart-type des âges (ans)".to_owned(),
        ];
        cells.extend(outcomes.iter().map(|o| {
            let ages = o.ages_of(code);
            format!(
                "{}, {}",
                grouped(ages.len() as u64),
                crate::french::fixed(deviation(&ages), 2)
            )
        }));
        table.push(&cells);
    }
    table.measures(
        &["genre le plus fréquent", "tous", "exactitude"],
        &each(outcomes, |o| rate_of(&o.majority())),
        Unit::Rate,
    );
    let mut differences = Table::new(&["différence"], args.seeds, &["verdict"]);
    for code in 1..5 {
        let name =
            format!("erreur absolue moyenne de l'âge médian : groupe 0 − groupe {code} (ans)");
        let gap = |o: &Outcome| less(error(Some(0))(o), error(Some(code))(o));
        differences.differences(&[&name], &each(outcomes, gap), Unit::Years);
    }
    format!(
        "Les réponses constantes, choisies sur quatre images sur cinq et mesurées sur les autres :\n\n{}\n{}",
        table.finish(),
        differences.finish()
    )
}

fn source(args: &EffectsArgs, faces: u32) -> String {
    let preset = match args.preset {
        Preset::Rapide => "rapide",
        Preset::Seance => "seance",
    };
    format!(
        "*Visages dessinés au format d'UTKFace ; {} visages, {} (préréglage « {preset} »). Entre crochets, l'intervalle à 95 % : Wilson pour un taux, \
         rééchantillonnage des images (bootstrap) pour une médiane ou une erreur, moyenne ± 1,96 erreur type pour les autres moyennes. Une différence \
         est établie quand les intervalles de toutes les graines sont du même côté de zéro. Mesuré par `cargo tp bench effets tp1`.*\n",
        grouped(faces.into()),
        args.seeds.in_words(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        Outcome {
            files: 100,
            people: (0..10).map(|i| [20 + i.min(7), i % 2, i % 5]).collect(),
            tested: vec![0, 5],
            noise: vec![1.0, 3.0],
            copies: vec![
                vec![[20, 0, 1], [26, 0, 1]],
                vec![[30, 0, 1], [30, 1, 1]],
                vec![[40, 0, 1], [40, 1, 1], [40, 0, -1]],
                vec![[50, 0, 0], [-1, -1, 0]],
            ],
        }
    }

    #[test]
    fn copies_by_hand() {
        let found = outcome();
        assert_eq!(found.age_gaps(), [6.0, 0.0, 0.0, 0.0]);
        // One gender of two, one of three; an unknown one counts for nothing.
        assert_eq!(found.imposed(GENDER), (2, 8));
        assert_eq!(found.imposed(AGE), (1, 8));
        assert_eq!(found.imposed(CODE), (0, 8));
    }

    #[test]
    fn ages_by_hand() {
        let found = outcome();
        assert_eq!(found.commonest(), (27, 3));
        // 20–22, 23–25, 26–28.
        assert_eq!(found.highest_bar(), (26, 4));
        assert_eq!(
            (median(&[1.0, 9.0, 2.0]), median(&[1.0, 2.0, 5.0, 9.0])),
            (2.0, 3.5)
        );
        assert_eq!(
            (average(&[1.0, 2.0, 6.0]), mode(&[3.0, 1.0, 3.0])),
            (3.0, 3.0)
        );
        assert!((deviation(&[1.0, 2.0, 3.0]) - 1.0).abs() < 1e-12);
    }

    /// Pictures 0 and 5 are scored (20 and 25 years, genders 0 and 1); the ages of the others are 21 to 24, 26 and three 27.
    #[test]
    fn constant_answers_by_hand() {
        let found = outcome();
        assert_eq!(found.median_errors(None), [5.0, 0.0]);
        assert_eq!(found.median_errors(Some(1)), [0.0; 0]);
        // As many of both: the first.
        assert_eq!(found.majority(), [true, false]);
        assert_eq!(found.ages_of(4), [24.0, 27.0]);
    }
}
