//! Links of a lab to other files: a student reads a copy in `notebooks/travail`, beside `notebooks/etudiant`.
//!
//! A link to another lab is the name of its notebook (`cargo tp lab` copies the labs that a lab links to beside it); any other
//! file is named from there (« ../droit.md »).

use std::path::Path;

use super::guide;
use super::headings;

/// The targets of the relative links of a text, outside code: the line, from 0, and the target without its fragment.
pub fn relative(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (line, written) in headings::prose(text) {
        // Pieces of code stand at odd places between backticks.
        let shown: Vec<&str> = written.split('`').step_by(2).collect();
        let shown = shown.join("`");
        for piece in shown.split("](").skip(1) {
            let target = piece.split(')').next().unwrap_or_default();
            let target = target.split([' ', '#']).next().unwrap_or_default();
            let target = target.trim_start_matches('<').trim_end_matches('>');
            if !target.is_empty() && !target.contains(':') {
                found.push((line, target.to_owned()));
            }
        }
    }
    found
}

/// The links of a text that lead nowhere from the notebooks of a student: the line, from 0, and what is wrong.
pub fn broken(text: &str, notebooks: &Path) -> Vec<(usize, String)> {
    let leads = |target: &str| match target.strip_suffix(".ipynb") {
        Some(lab) if !lab.contains('/') => notebooks
            .join("sources")
            .join(format!("{lab}.md"))
            .is_file(),
        _ => target
            .strip_prefix("../")
            .is_some_and(|file| guide::FILES.contains(&file) || notebooks.join(file).exists()),
    };
    relative(text)
        .into_iter()
        .filter(|(_, target)| !leads(target))
        .map(|(line, target)| {
            let what = format!(
                "le lien « {target} » ne mène nulle part depuis la copie de l'étudiant : un autre TP s'écrit « tp0_prise_en_main.ipynb », un fichier de notebooks/ « ../droit.md »."
            );
            (line, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_links_are_looked_at() {
        let text = "[a](http://x.fr) [b](#c) [d](tp0_x.ipynb#e) `[f](g)`\n```text\n[h](i)\n```\n![j](../k.png \"titre\")";
        assert_eq!(
            relative(text),
            [(0, "tp0_x.ipynb".to_owned()), (4, "../k.png".to_owned())]
        );
    }

    #[test]
    fn a_link_leads_to_a_lab_or_to_a_file_of_the_notebooks() {
        let root = std::env::temp_dir().join(format!("tp-liens-{}", std::process::id()));
        std::fs::create_dir_all(root.join("sources")).unwrap();
        std::fs::write(root.join("sources/tp0_x.md"), "").unwrap();
        std::fs::write(root.join("droit.md"), "").unwrap();
        for right in [
            "tp0_x.ipynb",
            "../droit.md",
            "../GLOSSAIRE.md",
            "../sources/tp0_x.md",
        ] {
            assert_eq!(broken(&format!("[a]({right})"), &root), [], "{right}");
        }
        for wrong in [
            "tp9_x.ipynb",
            "droit.md",
            "../absent.md",
            "sources/tp0_x.md",
        ] {
            let found = broken(&format!("\n[a]({wrong})"), &root);
            assert!(found.len() == 1 && found[0].0 == 1, "{wrong}: {found:?}");
        }
        std::fs::remove_dir_all(root).unwrap();
    }
}
