//! Every mistake of a source is told with its line, all at once, and nothing is written.

use super::{Depot, FIXTURE};

/// What replaces what in the fixture; the text at which the mistake then is; what is said of it.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

/// Sources with mistakes in different cells: all of one source are told at once.
const MISTAKES: [&[Mistake]; 11] = [
    &[
        (
            "Un bloc à lire :",
            "Un bloc à lire. <!-- résultat : biais -->",
            "Un bloc à lire.",
            "commentaires connus",
        ),
        (
            "1 point : secret_tache.\n### END MARK SCHEME",
            "1 point.",
            "### BEGIN MARK SCHEME\n1 point.",
            "sans « END MARK SCHEME »",
        ),
        (
            "use visages::prelude::*;",
            "use visages::prelude::*;\nlet session = Session::open(\"tp99\")?;",
            "let session",
            "Session::open(\"tp8\")",
        ),
        (
            "    let secret_somme: f64 = valeurs.iter().sum();\n    secret_somme\n",
            "",
            "    // BEGIN SOLUTION\n    // END",
            "est vide",
        ),
    ],
    &[(
        "Un bloc à lire :",
        "[Un lien](droit.md)",
        "[Un lien]",
        "ne mène nulle part",
    )],
    &[
        (
            "exercice=\"somme\" long",
            "exercise=\"somme\"",
            "```rust exercise=",
            "« exercise » n'existe pas",
        ),
        (
            "verification=\"somme\" points=2",
            "verification=\"somme\"",
            "```rust verification=\"somme\"",
            "points manquent",
        ),
        (
            "reponse=\"q1\" points=3",
            "reponse=\"q1\"",
            "<!-- #region reponse=\"q1\"",
            "points manquent",
        ),
        (
            "reponse=\"q2\"",
            "exercice=\"q2\"",
            "<!-- #region exercice=",
            "cellule de code",
        ),
        (
            "```bash .noeval",
            "```bash",
            "```bash",
            "« ```bash .noeval »",
        ),
        (
            "println!(\"encore\");\n```\n\npuis",
            "impl Compteur {\n}\n```\n\npuis",
            "impl Compteur {\n}\n",
            "E0592",
        ),
    ],
    &[
        (
            "exercice=\"somme\" long",
            "exercice=somme",
            "```rust exercice=somme",
            "options illisibles",
        ),
        (
            "    // BEGIN HIDDEN TESTS\n",
            "",
            "    // END HIDDEN TESTS",
            "sans son début",
        ),
        (
            "+= 1;\n",
            "+= 1; // BEGIN SOLUTION\n",
            "        self.valeur += 1; //",
            "seul sur sa ligne",
        ),
    ],
    &[
        (
            "exercice=\"somme\" long",
            "exercice=\"Somme\"",
            "```rust exercice=\"Somme\"",
            "minuscules",
        ),
        ("grade(2.0", "grade(3.0", "grade(3.0", "points=2"),
        (
            "close(somme(&[]), 0.0",
            "close(somme(&sampling(3)), 0.0",
            "    check(\"la somme de rien",
            "device.seed(1)",
        ),
        (
            "        // END SOLUTION\n        self.v",
            "        self.v",
            "        // BEGIN SOLUTION\n        self.v",
            "sans « END SOLUTION »",
        ),
    ],
    &[(
        "<!-- #endregion -->\n\nDeux",
        "\nDeux",
        "<!-- #region corrige",
        "n'est pas fermée",
    )],
    &[(
        "verification=\"compteur\"",
        "verification=\"comteur\"",
        "```rust verification=\"comteur\"",
        "« comteur » ne correspond à aucun exercice",
    )],
    &[(
        "    // END SOLUTION\n}\n```\n",
        "    // END SOLUTION\n}\n",
        "```rust exercice=\"somme\"",
        "un autre s'ouvre à la ligne",
    )],
    &[(
        "<!-- #region reponse=\"q1\"",
        " <!-- #region reponse=\"q1\"",
        " <!-- #region reponse=\"q1\"",
        "jupytext ne reconnaît pas ce repère",
    )],
    // jupytext takes four backticks for an opening that three close: the region stays in the text.
    &[(
        "<!-- #region corrige",
        "````text\nx\n````\n\n<!-- #region corrige",
        "<!-- #region corrige",
        "n'a donné aucune cellule",
    )],
    &[(
        "language: rust",
        "language: python",
        "---\njupyter",
        "l'en-tête",
    )],
];

#[test]
fn mistakes_are_told_with_their_line_and_nothing_is_written() {
    for (index, mistakes) in MISTAKES.into_iter().enumerate() {
        let mut source = FIXTURE.to_owned();
        for (old, new, ..) in mistakes {
            assert!(source.contains(old), "{old}");
            source = source.replacen(old, new, 1);
        }
        let depot = Depot::new(&format!("faute {index}"), &source);
        let (status, stdout, stderr) = depot.tp(&[]);
        assert_eq!((status, &*stdout), (Some(2), ""), "{stderr}");
        for (_, _, place, said) in mistakes {
            let line = 1 + source[..source.find(place).unwrap()].matches('\n').count();
            let expected = format!("✘ « notebooks/sources/tp8_essai.md », ligne {line} : ");
            let told = stderr.lines().find(|told| told.starts_with(&expected));
            assert!(
                told.is_some_and(|told| told.contains(said)),
                "{expected}{said}\n{stderr}"
            );
        }
        assert_eq!(stderr.lines().count(), mistakes.len(), "{stderr}");
        assert!(!depot.path("etudiant").exists());
    }
}

#[test]
fn all_mistakes_come_at_once_and_names_are_unique() {
    let source = FIXTURE
        .replace("exercice=\"compteur\"", "exercice=\"somme\"")
        .replace("reponse=\"q2\"", "reponse=\"q1\"")
        .replace("tache=\"photos\" points=2", "tache=\"photos\"");
    let depot = Depot::new("fautes", &source);
    let (status, _, stderr) = depot.tp(&[]);
    assert_eq!(status, Some(2));
    assert_eq!(stderr.lines().count(), 4, "{stderr}");
    assert!(stderr.contains("« tp8-somme » est déjà celui"));
    assert!(stderr.contains("« tp8-q1 » est déjà celui"));
    assert!(stderr.contains("les points manquent"));
    // Its exercise now has another name and comes first: the check of « somme » stands before an exercise « somme ».
    assert!(stderr.contains("« somme » vient avant lui"));
}
