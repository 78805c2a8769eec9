//! The short options of a cell, as jupytext hands them over in its metadata, and the nbgrader metadata that they stand for.

use serde_json::{Map, Value, json};

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
}

impl Role {
    /// nbgrader's identifier of the cell in a lab (« tp5 »).
    pub fn grade_id(&self, lab: &str) -> Option<String> {
        match self {
            Self::Given | Self::SolutionOnly => None,
            Self::Exercise(name) | Self::Answer { name, .. } | Self::Task { name, .. } => {
                Some(format!("{lab}-{name}"))
            }
            Self::Check { name, .. } => Some(format!("{lab}-{name}-verification")),
        }
    }

    /// What it can give.
    pub fn points(&self) -> Option<f64> {
        match self {
            Self::Check { points, .. }
            | Self::Answer { points, .. }
            | Self::Task { points, .. } => Some(*points),
            Self::Given | Self::Exercise(_) | Self::SolutionOnly => None,
        }
    }

    fn tag(&self) -> Option<&'static str> {
        match self {
            Self::Given => None,
            Self::Exercise(_) => Some("exercice"),
            Self::Check { .. } => Some("verification"),
            Self::Answer { .. } => Some("reponse"),
            Self::Task { .. } => Some("tache"),
            Self::SolutionOnly => Some("corrige"),
        }
    }

    /// nbgrader's metadata, schema 3.
    fn nbgrader(&self, lab: &str) -> Option<Value> {
        let grade_id = self.grade_id(lab)?;
        let (grade, solution, locked, task) = match self {
            Self::Given | Self::SolutionOnly => return None,
            Self::Exercise(_) => (false, true, false, false),
            Self::Check { .. } => (true, false, true, false),
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
        for (option, value) in metadata {
            let named = |make: fn(String) -> Role| name(option, value).map(make);
            let found = match (option.as_str(), is_code) {
                ("exercice", true) => named(Role::Exercise)?,
                ("verification", true) => named(|name| Role::Check { name, points: 0.0 })?,
                ("reponse", false) => named(|name| Role::Answer { name, points: 0.0 })?,
                ("tache", false) => named(|name| Role::Task { name, points: 0.0 })?,
                ("corrige", false) if flag(option, value)? => Role::SolutionOnly,
                // jupytext takes the first bare word of a region for its title.
                ("title", false) if value == "corrige" => Role::SolutionOnly,
                ("exercice" | "verification", false) => {
                    return Err(format!(
                        "l'option « {option} » est pour une cellule de code."
                    ));
                }
                ("reponse" | "tache" | "corrige", true) => {
                    return Err(format!(
                        "l'option « {option} » est pour une cellule de texte (<!-- #region {option}… -->)."
                    ));
                }
                ("points", _) => {
                    points = Some(number(value)?);
                    continue;
                }
                ("long", true) => {
                    is_long = flag(option, value)?;
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
                        "exercice, verification, points, long, tags"
                    } else {
                        "reponse, tache, points, corrige, tags"
                    };
                    return Err(format!(
                        "l'option « {shown} » n'existe pas ici (options possibles : {known})."
                    ));
                }
            };
            if role != Role::Given {
                return Err("une cellule n'a qu'un rôle : exercice, vérification, réponse, tâche ou corrigé.".to_owned());
            }
            role = found;
        }
        give_points(&mut role, points)?;
        if is_long {
            tags.insert(0, "long".to_owned());
        }
        Ok(Self { role, tags })
    }

    /// The cell's metadata in the notebook.
    pub fn metadata(&self, lab: &str) -> Value {
        let mut metadata = Map::new();
        let mut tags: Vec<&str> = self.role.tag().into_iter().collect();
        tags.extend(self.tags.iter().map(String::as_str));
        if !tags.is_empty() {
            metadata.insert("tags".to_owned(), json!(tags));
        }
        if let Some(nbgrader) = self.role.nbgrader(lab) {
            metadata.insert("nbgrader".to_owned(), nbgrader);
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
        (Role::Answer { points, .. } | Role::Task { points, .. }, Some(given)) => *points = given,
        (Role::Check { .. } | Role::Answer { .. } | Role::Task { .. }, None) => {
            return Err("les points manquent : ajoutez points=2, par exemple.".to_owned());
        }
        (Role::Given | Role::Exercise(_) | Role::SolutionOnly, Some(_)) => {
            return Err(
                "« points » est pour une vérification, une réponse ou une tâche.".to_owned(),
            );
        }
        (Role::Given | Role::Exercise(_) | Role::SolutionOnly, None) => {}
    }
    Ok(())
}

/// Longest name: with the lab's and « -verification », it still fits the 64 characters of a cell's identifier.
const LONGEST: usize = 40;

fn name(option: &str, value: &Value) -> Result<String, String> {
    let name = value.as_str().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(allowed) {
        return Err(format!(
            "{option}=\"{name}\" : un nom est fait de minuscules sans accent, de chiffres et de « _ » ({LONGEST} au plus)."
        ));
    }
    Ok(name.to_owned())
}

fn number(value: &Value) -> Result<f64, String> {
    value
        .as_f64()
        .filter(|points| points.is_finite() && *points >= 0.0)
        .ok_or_else(|| {
            format!("points={value} : donnez un nombre, avec un point décimal (points=1.5).")
        })
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
        let corrige = read(false, json!({"title": "corrige"})).unwrap();
        assert_eq!(corrige.role, Role::SolutionOnly);
        assert_eq!(corrige, read(false, json!({"corrige": true})).unwrap());
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
        assert!(refused(true, json!({"long": 3})).contains("sans valeur"));
        assert!(refused(true, json!({"tags": "x"})).contains("liste"));
    }
}
