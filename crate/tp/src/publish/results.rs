//! Measured numbers in a lab's text: a command writes them, publication inserts them, nobody copies them by hand.
//!
//! A line `<!-- resultat: biais -->` of a text cell becomes the content of `notebooks/resultats/biais.md`.

use std::path::Path;

/// Folder of the results, beside that of the sources.
pub const FOLDER: &str = "resultats";

const OPEN: &str = "<!-- resultat:";
const CLOSE: &str = "-->";

/// A text with its results in place.
///
/// # Errors
/// The line, from 0, and what is wrong: a file that is not there, a name that is none.
pub fn insert(text: &str, folder: &Path) -> Result<String, (usize, String)> {
    let mut filled = Vec::new();
    for (line, written) in text.lines().enumerate() {
        let Some(rest) = written.trim().strip_prefix(OPEN) else {
            filled.push(written.to_owned());
            continue;
        };
        let name = rest.strip_suffix(CLOSE).unwrap_or_default().trim();
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || !name.chars().all(plain) {
            let what = format!(
                "écrivez « {OPEN} nom {CLOSE} » seul sur sa ligne, le nom en minuscules, chiffres et « _ »."
            );
            return Err((line, what));
        }
        let path = folder.join(format!("{name}.md"));
        let result = std::fs::read_to_string(&path).map_err(|error| {
            let what = format!(
                "« {} » ne peut être lu ({error}) ; lancez la commande qui écrit ce résultat (notebooks/README.md).",
                path.display()
            );
            (line, what)
        })?;
        filled.push(result.trim_end().to_owned());
    }
    Ok(filled.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_takes_the_place_of_its_line() {
        let folder = std::env::temp_dir().join(format!("tp-resultats-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("essai_1.md"), "| a |\n|---|\n| 1 |\n").unwrap();
        let text = "Avant.\n\n<!-- resultat: essai_1 -->\n\nAprès.";
        let filled = insert(text, &folder).unwrap();
        assert_eq!(filled, "Avant.\n\n| a |\n|---|\n| 1 |\n\nAprès.");
        let (line, what) = insert("a\n<!-- resultat: autre -->", &folder).unwrap_err();
        assert!(line == 1 && what.contains("autre.md"), "{what}");
        for wrong in [
            "<!-- resultat: ../a -->",
            "<!-- resultat: -->",
            "<!-- resultat: a",
        ] {
            assert!(insert(wrong, &folder).is_err(), "{wrong}");
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
