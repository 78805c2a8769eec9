//! The short options of a cell, as jupytext hands them over in its metadata, and the nbgrader metadata that they stand for.

use serde_json::{Map, Value, json};
use tp_protocol::question::Kind;

use super::{master, spaces};

/// Tag of the cells of a closed question; `nbgrader.py` knows it too.
pub const QUESTION_TAG: &str = "question";

/// What a cell is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// Text or code that is given.
    Given,
    /// Code that the student completes.
    Exercise(String),
    /// Code that gives points for an exercise.
    Check {
        /// Its name, that of an exercise where it checks one.
        name: String,
        /// What it can give.
        points: f64,
    },
    /// Text that the student writes and a person grades.
    Answer {
        /// Its name.
        name: String,
        /// What it can give.
        points: f64,
    },
    /// Instructions and a mark scheme for free work.
    Task {
        /// Its name.
        name: String,
        /// What it can give.
        points: f64,
    },
    /// Text of the solution only.
    SolutionOnly,
    /// A closed question: the region of the source, then its text in the notebook.
    Closed {
        /// Its name, that of the variable which holds the answer.
        name: String,
        /// What it can give.
        points: f64,
        /// What it waits for.
        kind: Kind,
    },
    /// Code that publication makes: where the answers of some closed questions are written. The name is the first one's.
    ClosedAnswer(String),
    /// Code that publication makes: it judges the answers of some closed questions.
    ClosedCheck {
        /// The name of the first question.
        name: String,
        /// The titles of all of them.
        titles: Vec<String>,
        /// What all of them can give.
        points: f64,
    },
}

impl Role {
    /// nbgrader's identifier of the cell in a lab (« tp5 »).
    pub fn grade_id(&self, lab: &str) -> Option<String> {
        match self {
            Self::Given | Self::SolutionOnly | Self::Closed { .. } => None,
            Self::Exercise(name)
            | Self::Answer { name, .. }
            | Self::Task { name, .. }
            | Self::ClosedAnswer(name) => Some(format!("{lab}-{name}")),
            Self::Check { name, .. } | Self::ClosedCheck { name, .. } => {
                Some(format!("{lab}-{name}-verification"))
            }
        }
    }

    /// The name that the cell takes in its lab: no other may have it.
    pub fn claimed(&self, lab: &str) -> Option<String> {
        match self {
            Self::Closed { name, .. } => Some(format!("{lab}-{name}")),
            other => other.grade_id(lab),
        }
    }

    /// What it can give.
    pub fn points(&self) -> Option<f64> {
        match self {
            Self::Check { points, .. }
            | Self::Answer { points, .. }
            | Self::Task { points, .. }
            | Self::ClosedCheck { points, .. } => Some(*points),
            Self::Given
            | Self::Exercise(_)
            | Self::SolutionOnly
            | Self::Closed { .. }
            | Self::ClosedAnswer(_) => None,
        }
    }

    fn tag(&self) -> Option<&'static str> {
        match self {
            Self::Given => None,
            Self::Exercise(_) => Some("exercice"),
            Self::Check { .. } | Self::ClosedCheck { .. } => Some("verification"),
            Self::Closed { .. } | Self::ClosedAnswer(_) => Some(QUESTION_TAG),
            Self::Answer { .. } => Some("reponse"),
            Self::Task { .. } => Some("tache"),
            Self::SolutionOnly => Some("corrige"),
        }
    }

    /// nbgrader's metadata, schema 3.
    fn nbgrader(&self, lab: &str) -> Option<Value> {
        let grade_id = self.grade_id(lab)?;
        let (grade, solution, locked, task) = match self {
            Self::Given | Self::SolutionOnly | Self::Closed { .. } => return None,
            Self::Exercise(_) | Self::ClosedAnswer(_) => (false, true, false, false),
            Self::Check { .. } | Self::ClosedCheck { .. } => (true, false, true, false),
            Self::Answer { .. } => (true, true, false, false),
            // Without `locked`, every later `nbgrader autograde` of a task fails.
            Self::Task { .. } => (false, false, true, true),
        };
        let mut nbgrader = json!({
            "schema_version": 3, "grade_id": grade_id,
            "grade": grade, "solution": solution, "locked": locked, "task": task,
        });
        if let Some(points) = self.points() {
            nbgrader["points"] = json!(points);
        }
        Some(nbgrader)
    }
}

/// The options of a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// What the cell is for.
    pub role: Role,
    /// Tags that the author asked for, `long` among them.
    pub tags: Vec<String>,
    /// Whether the short version of the lab gives this exercise.
    pub given: bool,
    /// The title under which the cell's outputs go into the hand-in's page.
    pub report: Option<String>,
}

impl Options {
    /// Reads the options of a cell from its metadata.
    ///
    /// # Errors
    /// What is wrong, in French.
    pub fn read(is_code: bool, metadata: &Map<String, Value>) -> Result<Self, String> {
        let mut role = Role::Given;
        let mut points = None;
        let mut tags = Vec::new();
        let mut is_long = false;
        let mut given = false;
        let mut report = None;
        let mut expected: Option<Expected> = None;
        let mut tolerance = None;
        for (option, value) in metadata {
            let named = |make: fn(String) -> Role| name(option, value).map(make);
            let found = match (option.as_str(), is_code) {
                ("exercice", true) => named(Role::Exercise)?,
                ("verification", true) => named(|name| Role::Check { name, points: 0.0 })?,
                ("reponse", false) => named(|name| Role::Answer { name, points: 0.0 })?,
                ("tache", false) => named(|name| Role::Task { name, points: 0.0 })?,
                ("question" | "prediction", false) => named(closed)?,
                ("corrige", false) if flag(option, value)? => Role::SolutionOnly,
                // jupytext takes the first bare word of a region for its title.
                ("title", false) if value == "corrige" => Role::SolutionOnly,
                ("exercice" | "verification", false) => {
                    return Err(format!(
                        "l'option « {option} » est pour une cellule de code."
                    ));
                }
                ("reponse" | "tache" | "corrige" | "question" | "prediction", true) => {
                    return Err(format!(
                        "l'option « {option} » est pour une cellule de texte (<!-- #region {option}… -->)."
                    ));
                }
                ("points", _) => {
                    points = Some(number(option, value)?);
                    continue;
                }
                ("long", true) => {
                    is_long = flag(option, value)?;
                    continue;
                }
                ("donne", true) => {
                    given = flag(option, value)?;
                    continue;
                }
                ("rapport", true) => {
                    report = Some(title(value)?);
                    continue;
                }
                ("rapport", false) => {
                    return Err("l'option « rapport » est pour une cellule de code : ses sorties vont dans le compte-rendu.".to_owned());
                }
                ("sorte", false) => {
                    expected = Some(Expected::read(value)?);
                    continue;
                }
                ("tolerance", false) => {
                    tolerance = Some(number(option, value)?);
                    continue;
                }
                ("tags", _) => {
                    tags = strings(value)?;
                    continue;
                }
                // jupytext's own notes on the layout of the source.
                ("lines_to_next_cell" | "region_name", _) => continue,
                ("incorrectly_encoded_metadata", _) => {
                    let text = value.as_str().unwrap_or_default();
                    return Err(format!(
                        "options illisibles : « {text} ». Un nom est entre guillemets : exercice=\"nom\"."
                    ));
                }
                (unknown, _) => {
                    let shown = if unknown == "title" {
                        value.as_str().unwrap_or_default()
                    } else {
                        unknown
                    };
                    let known = if is_code {
                        "exercice, verification, points, long, donne, rapport, tags"
                    } else {
                        "question, prediction, sorte, tolerance, reponse, tache, points, corrige, tags"
                    };
                    return Err(format!(
                        "l'option « {shown} » n'existe pas ici (options possibles : {known})."
                    ));
                }
            };
            if role != Role::Given {
                return Err("une cellule n'a qu'un rôle : exercice, vérification, question, prédiction, réponse, tâche ou corrigé.".to_owned());
            }
            role = found;
        }
        give_points(&mut role, points)?;
        give_kind(&mut role, expected, tolerance)?;
        if given && !matches!(role, Role::Exercise(_)) {
            return Err(
                "« donne » est pour un exercice, que la version courte donne fait.".to_owned(),
            );
        }
        if report.is_some() && !matches!(role, Role::Given | Role::Exercise(_)) {
            return Err("« rapport » n'est pas pour une vérification : ses points vont d'eux-mêmes dans le compte-rendu.".to_owned());
        }
        if is_long {
            tags.insert(0, "long".to_owned());
        }
        Ok(Self {
            role,
            tags,
            given,
            report,
        })
    }

    /// The cell's metadata in the notebook.
    pub fn metadata(&self, lab: &str) -> Value {
        let mut metadata = Map::new();
        let mut tags: Vec<&str> = self.role.tag().into_iter().collect();
        tags.extend(self.tags.iter().map(String::as_str));
        if !tags.is_empty() {
            metadata.insert("tags".to_owned(), json!(tags));
        }
        if matches!(self.role, Role::Check { .. } | Role::ClosedCheck { .. }) {
            metadata.insert("jupyter".to_owned(), json!({ "source_hidden": true }));
        }
        if let Some(nbgrader) = self.role.nbgrader(lab) {
            metadata.insert("nbgrader".to_owned(), nbgrader);
        }
        if let Some(report) = &self.report {
            metadata.insert(master::OWN.to_owned(), json!({ "report": report }));
        }
        Value::Object(metadata)
    }
}

fn give_points(role: &mut Role, given: Option<f64>) -> Result<(), String> {
    match (role, given) {
        (Role::Check { points, .. }, Some(given)) if given > 0.0 => *points = given,
        (Role::Check { .. }, Some(_)) => {
            return Err("une vérification vaut plus de 0 point.".to_owned());
        }
        (Role::Closed { points, .. }, Some(given)) if given > 0.0 => *points = given,
        (Role::Closed { .. }, Some(_)) => {
            return Err("une question fermée vaut plus de 0 point.".to_owned());
        }
        (Role::Answer { points, .. } | Role::Task { points, .. }, Some(given)) => *points = given,
        (
            Role::Check { .. } | Role::Answer { .. } | Role::Task { .. } | Role::Closed { .. },
            None,
        ) => {
            return Err("les points manquent : ajoutez points=2, par exemple.".to_owned());
        }
        (_, Some(_)) => {
            return Err(
                "« points » est pour une vérification, une question, une prédiction, une réponse ou une tâche."
                    .to_owned(),
            );
        }
        (_, None) => {}
    }
    Ok(())
}

/// The part of a region by the first letters of its name: `q_…` a question, `p_…` a prediction.
fn closed(name: String) -> Role {
    let kind = match name.starts_with(PREDICTION) {
        true => Kind::Prediction,
        false => Kind::One,
    };
    Role::Closed {
        name,
        points: 0.0,
        kind,
    }
}

/// What the name of a question and of a prediction begin with: they are variables of the student's.
const QUESTION: &str = "q_";
const PREDICTION: &str = "p_";

/// The kind of a question that is not one of choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Several,
    Number,
    Order,
}

impl Expected {
    fn read(value: &Value) -> Result<Self, String> {
        match value.as_str() {
            Some("plusieurs") => Ok(Self::Several),
            Some("nombre") => Ok(Self::Number),
            Some("ordre") => Ok(Self::Order),
            _ => Err(format!(
                "sorte={value} : écrivez \"plusieurs\", \"nombre\" ou \"ordre\" (sans « sorte », un seul choix est juste)."
            )),
        }
    }
}

fn give_kind(
    role: &mut Role,
    expected: Option<Expected>,
    tolerance: Option<f64>,
) -> Result<(), String> {
    let Role::Closed { kind, .. } = role else {
        return match expected.is_some() || tolerance.is_some() {
            true => Err("« sorte » et « tolerance » sont pour une question fermée.".to_owned()),
            false => Ok(()),
        };
    };
    if tolerance.is_some() && expected != Some(Expected::Number) {
        return Err("« tolerance » est pour une question dont la sorte est \"nombre\".".to_owned());
    }
    *kind = match (*kind, expected) {
        (Kind::Prediction, Some(_)) => {
            return Err("une prédiction n'a pas de sorte : on y choisit une lettre.".to_owned());
        }
        (kind, None) => kind,
        (_, Some(Expected::Several)) => Kind::Several,
        (_, Some(Expected::Order)) => Kind::Order,
        (_, Some(Expected::Number)) => Kind::Number {
            tolerance: tolerance.unwrap_or(0.0),
        },
    };
    Ok(())
}

/// Longest name: with the lab's and « -verification », it still fits the 64 characters of a cell's identifier.
const LONGEST: usize = 40;
/// Longest title of an output in the hand-in's page.
const LONGEST_TITLE: usize = 80;

fn name(option: &str, value: &Value) -> Result<String, String> {
    let name = value.as_str().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(allowed) {
        return Err(format!(
            "{option}=\"{name}\" : un nom est fait de minuscules sans accent, de chiffres et de « _ » ({LONGEST} au plus)."
        ));
    }
    let prefix = match option {
        "question" => QUESTION,
        "prediction" => PREDICTION,
        _ => "",
    };
    // The name is that of a variable: with its prefix, it is no word of Rust and seldom another variable.
    if !name.starts_with(prefix) || name.len() == prefix.len() {
        return Err(format!(
            "{option}=\"{name}\" : ce nom est celui d'une variable, il commence par « {prefix} »."
        ));
    }
    Ok(name.to_owned())
}

fn number(option: &str, value: &Value) -> Result<f64, String> {
    value
        .as_f64()
        .filter(|points| points.is_finite() && *points >= 0.0)
        .ok_or_else(|| {
            format!("{option}={value} : donnez un nombre, avec un point décimal ({option}=1.5).")
        })
}

/// The title of what goes into the hand-in's page.
fn title(value: &Value) -> Result<String, String> {
    let title = value.as_str().unwrap_or_default().trim();
    if title.is_empty() || title.chars().count() > LONGEST_TITLE || title.contains('\n') {
        return Err(format!(
            "rapport={value} : donnez un titre entre guillemets, de {LONGEST_TITLE} caractères au plus (rapport=\"Courbe d'apprentissage\")."
        ));
    }
    Ok(spaces::no_break(title))
}

/// A word alone means yes.
fn flag(option: &str, value: &Value) -> Result<bool, String> {
    match value {
        Value::Null => Ok(true),
        Value::Bool(yes) => Ok(*yes),
        _ => Err(format!("l'option « {option} » s'écrit seule, sans valeur.")),
    }
}

fn strings(value: &Value) -> Result<Vec<String>, String> {
    let list = value.as_array().and_then(|list| {
        list.iter()
            .map(|tag| tag.as_str().map(str::to_owned))
            .collect()
    });
    list.ok_or_else(|| "tags attend une liste : tags=[\"raises-exception\"].".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(is_code: bool, metadata: Value) -> Result<Options, String> {
        Options::read(is_code, metadata.as_object().unwrap())
    }

    #[test]
    fn options_become_nbgrader_metadata() {
        let metadata = |is_code, value| read(is_code, value).unwrap().metadata("tp5");
        assert_eq!(metadata(true, json!({})), json!({}));
        assert_eq!(
            metadata(
                true,
                json!({"exercice": "perte", "long": null, "tags": ["a"]})
            ),
            json!({"tags": ["exercice", "long", "a"], "nbgrader": {"schema_version": 3, "grade_id": "tp5-perte",
                   "grade": false, "solution": true, "locked": false, "task": false}})
        );
        assert_eq!(
            metadata(true, json!({"verification": "perte", "points": 2}))["nbgrader"],
            json!({"schema_version": 3, "grade_id": "tp5-perte-verification", "points": 2.0,
                   "grade": true, "solution": false, "locked": true, "task": false})
        );
        assert_eq!(
            metadata(false, json!({"reponse": "q1", "points": 0.5}))["nbgrader"],
            json!({"schema_version": 3, "grade_id": "tp5-q1", "points": 0.5,
                   "grade": true, "solution": true, "locked": false, "task": false})
        );
        assert_eq!(
            metadata(false, json!({"tache": "photos", "points": 3}))["nbgrader"],
            json!({"schema_version": 3, "grade_id": "tp5-photos", "points": 3.0,
                   "grade": false, "solution": false, "locked": true, "task": true})
        );
        assert_eq!(
            metadata(true, json!({"rapport": "Courbe d'apprentissage"})),
            json!({"tp": {"report": "Courbe d’apprentissage"}})
        );
        let corrige = read(false, json!({"title": "corrige"})).unwrap();
        assert_eq!(corrige.role, Role::SolutionOnly);
        assert_eq!(corrige, read(false, json!({"corrige": true})).unwrap());
    }

    #[test]
    fn closed_questions_have_a_kind() {
        let role = |value| read(false, value).map(|options| options.role);
        let of = |name: &str, kind| Role::Closed {
            name: name.to_owned(),
            points: 1.0,
            kind,
        };
        assert_eq!(
            role(json!({"question": "q_a", "points": 1})),
            Ok(of("q_a", Kind::One))
        );
        let tolerance = 0.01;
        assert_eq!(
            role(json!({"question": "q_a", "points": 1, "sorte": "nombre", "tolerance": 0.01})),
            Ok(of("q_a", Kind::Number { tolerance }))
        );
        assert_eq!(
            role(json!({"sorte": "ordre", "question": "q_a", "points": 1})),
            Ok(of("q_a", Kind::Order))
        );
        assert_eq!(
            role(json!({"prediction": "p_a", "points": 1})),
            Ok(of("p_a", Kind::Prediction))
        );
        let refused = |value| read(false, value).unwrap_err();
        assert!(refused(json!({"question": "q_a"})).contains("points manquent"));
        assert!(refused(json!({"question": "q_a", "points": 0})).contains("plus de 0"));
        assert!(refused(json!({"question": "a", "points": 1})).contains("« q_ »"));
        assert!(refused(json!({"question": "p_a", "points": 1})).contains("« q_ »"));
        assert!(refused(json!({"prediction": "q_a", "points": 1})).contains("« p_ »"));
        assert!(refused(json!({"question": "q_", "points": 1})).contains("« q_ »"));
        let odd = json!({"question": "q_a", "points": 1, "sorte": "vrai"});
        assert!(refused(odd).contains("plusieurs"));
        let odd = json!({"question": "q_a", "points": 1, "tolerance": 0.1});
        assert!(refused(odd).contains("nombre"));
        let odd = json!({"prediction": "p_a", "points": 1, "sorte": "ordre"});
        assert!(refused(odd).contains("une lettre"));
        assert!(refused(json!({"sorte": "ordre"})).contains("question fermée"));
        assert!(
            read(true, json!({"question": "q_a", "points": 1}))
                .unwrap_err()
                .contains("cellule de texte")
        );
        assert!(
            read(true, json!({"exercice": "a", "donne": null}))
                .unwrap()
                .given
        );
        assert!(
            read(true, json!({"donne": null}))
                .unwrap_err()
                .contains("exercice")
        );
    }

    #[test]
    fn mistakes_are_told_in_french() {
        let refused = |is_code, value| read(is_code, value).unwrap_err();
        assert!(refused(true, json!({"exercise": "x"})).contains("« exercise » n'existe pas"));
        assert!(refused(false, json!({"title": "Titre"})).contains("« Titre » n'existe pas"));
        assert!(refused(true, json!({"verification": "x"})).contains("points manquent"));
        assert!(refused(false, json!({"reponse": "x"})).contains("points manquent"));
        assert!(refused(true, json!({"verification": "x", "points": 0})).contains("plus de 0"));
        assert!(
            refused(true, json!({"exercice": "x", "points": 1})).contains("« points » est pour")
        );
        assert!(
            refused(true, json!({"verification": "x", "points": [2, 5]})).contains("point décimal")
        );
        assert!(
            refused(true, json!({"verification": "x", "points": -1})).contains("point décimal")
        );
        assert!(refused(true, json!({"exercice": "Perte"})).contains("minuscules"));
        assert!(refused(true, json!({"exercice": "a".repeat(41)})).contains("40"));
        assert!(refused(true, json!({"reponse": "x", "points": 1})).contains("cellule de texte"));
        assert!(refused(false, json!({"exercice": "x"})).contains("cellule de code"));
        assert!(
            refused(
                true,
                json!({"exercice": "x", "verification": "x", "points": 1})
            )
            .contains("qu'un rôle")
        );
        assert!(
            refused(true, json!({"incorrectly_encoded_metadata": "exercice=x"}))
                .contains("illisibles")
        );
        assert!(refused(true, json!({"rapport": ""})).contains("donnez un titre"));
        assert!(refused(true, json!({"rapport": null})).contains("donnez un titre"));
        assert!(refused(false, json!({"rapport": "a"})).contains("cellule de code"));
        assert!(
            refused(
                true,
                json!({"rapport": "a", "verification": "x", "points": 1})
            )
            .contains("vérification")
        );
        assert!(refused(true, json!({"long": 3})).contains("sans valeur"));
        assert!(refused(true, json!({"tags": "x"})).contains("liste"));
    }
}
