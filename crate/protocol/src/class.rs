//! The line that each pair of students prints, and that `tp classe` pools: « classe ; tp5 ; graine 12 ; rappel rare 0,81 ».

/// What every line begins with.
const START: &str = "classe";

/// The measures of one pair, trained with its own seed.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassLine {
    /// The lab: « tp5 ».
    pub lab: String,
    /// The seed of the pair's session.
    pub seed: u64,
    /// Name and value of each measure, in their order.
    pub measures: Vec<(String, f64)>,
}

impl ClassLine {
    /// The line. A value has four decimals, so that nothing is lost of a share of 10,000 images.
    ///
    /// # Errors
    /// A French reason when a name holds a semicolon or a line end or is empty, or a value is not a finite number.
    pub fn encode(&self) -> Result<String, String> {
        let mut line = format!("{START} ; {} ; graine {}", self.lab, self.seed);
        for (name, value) in &self.measures {
            let name = name.trim();
            if name.is_empty() || name.contains([';', '\n', '\r']) {
                return Err(format!(
                    "« {name} » ne peut pas nommer une mesure : il faut des mots, sans point-virgule"
                ));
            }
            if !value.is_finite() {
                return Err(format!("la mesure « {name} » n'est pas un nombre fini"));
            }
            let value = format!("{value:.4}").replace('.', ",").replace('-', "−");
            line.push_str(&format!(" ; {name} {value}"));
        }
        Ok(line)
    }

    /// Reads a line that was copied from a notebook, with what a copy adds: spaces of any kind, a bullet, a point instead of a
    /// comma.
    ///
    /// # Errors
    /// A French reason.
    pub fn decode(line: &str) -> Result<Self, String> {
        // No-break spaces, tabs and runs of spaces come from pages and messages.
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = line.trim_start_matches(['-', '•', '*', '>', ' ', '"', '«', '`']);
        let line = line.trim_end_matches(['"', '»', '`', ' ', '.']);
        let mut parts = line.split(';').map(str::trim);
        if parts.next().map(str::to_lowercase).as_deref() != Some(START) {
            return Err(format!("elle ne commence pas par « {START} ; »"));
        }
        let lab = parts.next().filter(|lab| !lab.is_empty());
        let lab = lab.ok_or("le nom du TP manque")?.to_lowercase();
        let seed = parts.next().unwrap_or_default().to_lowercase();
        let seed = seed
            .strip_prefix("graine ")
            .and_then(|number| number.trim().parse().ok())
            .ok_or_else(|| format!("« graine » et un entier sont attendus après « {lab} »"))?;
        let mut measures: Vec<(String, f64)> = Vec::new();
        for part in parts.filter(|part| !part.is_empty()) {
            let (name, value) = part
                .rsplit_once(' ')
                .and_then(|(name, value)| Some((name.trim().to_owned(), number(value)?)))
                .ok_or_else(|| format!("« {part} » n'est pas un nom suivi d'un nombre"))?;
            if measures.iter().any(|(known, _)| *known == name) {
                return Err(format!("la mesure « {name} » y est deux fois"));
            }
            measures.push((name, value));
        }
        match measures.is_empty() {
            true => Err("elle ne contient aucune mesure".to_owned()),
            false => Ok(Self {
                lab,
                seed,
                measures,
            }),
        }
    }
}

/// A finite number with a comma or a point, and any minus sign.
fn number(text: &str) -> Option<f64> {
    let text = text.replace(',', ".").replace(['−', '–'], "-");
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> ClassLine {
        ClassLine {
            lab: "tp5".to_owned(),
            seed: 12,
            measures: vec![
                ("rappel rare (CNN)".to_owned(), 0.8125),
                ("écart".to_owned(), -0.05),
            ],
        }
    }

    #[test]
    fn a_line_comes_back() {
        let text = line().encode().unwrap();
        assert_eq!(
            text,
            "classe ; tp5 ; graine 12 ; rappel rare (CNN) 0,8125 ; écart −0,0500"
        );
        assert_eq!(ClassLine::decode(&text), Ok(line()));
        let copied =
            "  • Classe ;\u{a0}TP5;graine\u{202f}12 ; rappel  rare (CNN)\t0.8125 ; écart -0,05 ; ";
        assert_eq!(ClassLine::decode(copied), Ok(line()));
    }

    #[test]
    fn a_bad_line_says_why() {
        for (text, reason) in [
            ("graine 12 ; rappel 0,5", "commence"),
            ("classe", "nom du TP"),
            ("classe ; tp5", "graine"),
            ("classe ; tp5 ; graine douze ; rappel 0,5", "graine"),
            ("classe ; tp5 ; graine -3 ; rappel 0,5", "graine"),
            ("classe ; tp5 ; graine 3", "aucune mesure"),
            ("classe ; tp5 ; graine 3 ; rappel", "« rappel »"),
            ("classe ; tp5 ; graine 3 ; rappel NaN", "« rappel NaN »"),
            ("classe ; tp5 ; graine 3 ; a 1 ; a 2", "deux fois"),
        ] {
            let said = ClassLine::decode(text).unwrap_err();
            assert!(said.contains(reason), "{text}: {said}");
        }
    }

    #[test]
    fn what_would_not_come_back_is_refused() {
        for (name, value) in [("a ; b", 1.0), ("", 1.0), ("a\nb", 1.0), ("a", f64::NAN)] {
            let mut line = line();
            line.measures[0] = (name.to_owned(), value);
            assert!(line.encode().is_err(), "{name:?} {value}");
        }
    }
}
