//! Live controls through the real kernel, for a client that shows none: the first output, and what the compiler says.

use super::{ok, run, shared};

#[test]
fn the_first_output_is_shown_with_its_values_where_no_page_shows_controls() {
    let mut client = shared();
    let cell = "let controls = Controls::new().slider(\"Seuil\", 0.0..=1.0, 0.5).choice(\"Modèle\", &[\"CNN\"]);\n\
                interact(controls, |values| format!(\"seuil {}\", values.number(\"Seuil\")))?;";
    let result = run(&mut client, cell);
    assert!(result.error().is_none(), "{result:#?}");
    let text = result.stdout();
    assert_eq!(text, "Valeurs des curseurs · Seuil : 0,5 · Modèle : CNN\n");
    let outputs = format!("{:?}", result.outputs);
    assert!(outputs.contains("seuil 0.5"), "{outputs}");
    assert!(!outputs.contains("widget-view"), "{outputs}");
    // A wrong label is the cell's error, with those that exist.
    let cell = "interact(Controls::new().button(\"Tirer\"), |values| format!(\"{}\", values.clicks(\"Tire\")))?;";
    let error = run(&mut client, cell).error().expect("an error");
    assert!(error.value.contains("« Tirer »"), "{error:?}");
}

#[test]
fn a_function_that_does_not_own_what_it_uses_is_told_what_to_write() {
    let mut client = shared();
    ok(&mut client, "let scores = vec![0.2, 0.7];");
    for (cell, words) in [
        (
            "interact(Controls::new().button(\"Tirer\"), |_| format!(\"{}\", scores.len()))?;",
            "« move » devant les barres",
        ),
        (
            "let vus = &scores;\ninteract(Controls::new().button(\"Tirer\"), move |_| format!(\"{}\", vus.len()))?;",
            "let copie = scores.clone();",
        ),
        (
            "let notes = vec![1.0];\ninteract(Controls::new().button(\"Tirer\"), move |_| format!(\"{}\", notes.len()))?;\nprintln!(\"{}\", notes.len());",
            "let copie = notes.clone();",
        ),
    ] {
        let error = run(&mut client, cell).error().expect(cell);
        let told = format!("{} {}", error.value, error.traceback.join("\n"));
        assert!(told.contains(words), "{told}");
    }
    // The variable is still there: nothing ran.
    assert_eq!(ok(&mut client, "println!(\"{}\", scores.len());"), "2\n");
    // The errors of `?` in a function need no type.
    let cell = "interact(Controls::new().slider(\"Part\", 0.0..=1.0, 0.5), move |values| {\n\
                    let frame = df!(\"part\" => [values.number(\"Part\")])?;\n\
                    Ok(show_table(&frame))\n\
                })?;";
    let result = run(&mut client, cell);
    assert!(result.error().is_none(), "{result:#?}");
}
