//! One notebook's life: types, gradients, seeds, completion, the student's own crates.

use std::time::Instant;

use tp::jupyter::Client;
use tp_protocol::Marker;

use super::{LIMIT, Scratch, alone, kernel, numbers, ok, run, shared};

#[test]
fn types_are_inferred_and_completed() {
    let mut client = shared();

    // No `let` names a type.
    ok(&mut client, "let device = Device::flex();");
    ok(
        &mut client,
        "let tensor = Tensor::<2>::ones([2, 3], &device);",
    );
    ok(
        &mut client,
        "let produit = tensor.clone().matmul(tensor.clone().transpose());",
    );
    ok(
        &mut client,
        "let modele = visages::models::StandardCnnConfig::new().init(&device);",
    );
    ok(
        &mut client,
        "let df = df!(\"groupe\" => [\"A\", \"B\", \"A\"], \"n\" => [1_i64, 2, 3])?;",
    );
    ok(
        &mut client,
        "let sommes = df.clone().lazy().group_by([col(\"groupe\")]).agg([col(\"n\").sum()]).collect()?;",
    );
    // They are all there, with their values, in a later cell.
    assert_eq!(
        numbers(
            &mut client,
            "println!(\"{:?}\", produit.to_data().to_vec::<f32>().unwrap());"
        ),
        [[3.0; 4]]
    );
    assert_eq!(
        ok(
            &mut client,
            "println!(\"{}\", modele.num_trainable_params());"
        ),
        "640889\n"
    );
    assert_eq!(
        ok(
            &mut client,
            "println!(\"{} {}\", sommes.height(), df.height());"
        ),
        "2 3\n"
    );

    // The first question warms the analyser up; the second one is what a student meets.
    let tensor = completions(&mut client, "tensor.");
    assert!(tensor.len() >= 50, "{}: {tensor:?}", tensor.len());
    assert!(
        has(&tensor, "matmul") && has(&tensor, "sum_dim"),
        "{tensor:?}"
    );
    let frame = completions(&mut client, "df.");
    assert!(has(&frame, "lazy") && has(&frame, "column"), "{frame:?}");

    // evcxr looks at what comes before the cursor.
    let code = "tensor.sum_dim(1)";
    let help = client
        .inspect(code, 14, LIMIT)
        .unwrap()
        .expect("documentation of sum_dim");
    assert!(help.contains("sum_dim"), "{help}");
}

/// Completions at the end of `code`, asked twice; how long the second answer takes is printed.
fn completions(client: &mut Client, code: &str) -> Vec<String> {
    client.complete(code, code.chars().count(), LIMIT).unwrap();
    let start = Instant::now();
    let found = client.complete(code, code.chars().count(), LIMIT).unwrap();
    let elapsed = start.elapsed();
    eprintln!(
        "completion of « {code} »: {} in {elapsed:?}",
        found.matches.len()
    );
    found.matches
}

fn has(matches: &[String], name: &str) -> bool {
    matches.iter().any(|entry| {
        entry.strip_prefix(name).is_some_and(|rest| {
            !rest.starts_with(|next: char| next == '_' || next.is_alphanumeric())
        })
    })
}

/// The first thing that anyone types.
#[test]
fn a_plain_value_is_shown() {
    let mut client = shared();
    let device = "Device::flex()";
    ok(&mut client, "let vecteur = vec![4, 5];");
    for (code, value) in [
        ("let entier = 3;\nentier", Some("3")),
        ("let moitie = 1.0 / 2.0;\nmoitie", Some("0.5")),
        (
            "let mut total = 0;\nfor i in 0..4 {\n    total += i;\n}\ntotal",
            Some("6"),
        ),
        ("let premier = vecteur[0];\npremier", Some("4")),
        ("entier + 1", Some("4")),
        ("vecteur", Some("[4, 5]")),
        (
            "(1, \"a\", Some(2.5)) // fini",
            Some("(1, \"a\", Some(2.5))"),
        ),
        // Nothing to show.
        ("for i in 0..2 {\n    total += i;\n}", None),
        ("if total > 3 {\n    total = 0;\n}", None),
        ("println!(\"{total}\")", None),
    ] {
        let result = run(&mut client, code);
        assert_eq!(result.value(), value, "{code}: {result:#?}");
        assert!(result.error().is_none(), "{code}: {result:#?}");
    }
    ok(
        &mut client,
        &format!("let tenseur = Tensor::<2>::ones([2, 3], &{device});"),
    );
    let text =
        "Tensor<2> [2, 3] f32 · min 2 · moyenne 2 · max 2\n[[2.0, 2.0, 2.0],\n [2.0, 2.0, 2.0]]";
    for code in ["tenseur.clone() * 2.0", "2.0 * tenseur.clone()"] {
        assert_eq!(run(&mut client, code).value(), Some(text), "{code}");
    }
    let both = run(&mut client, "(tenseur.clone().sum(), 7)");
    assert!(
        both.value()
            .is_some_and(|value| value.starts_with("(\n  Tensor<1> [1] f32")),
        "{both:#?}"
    );
}

#[test]
fn interleaved_graphs_and_seeds_hold_across_cells() {
    let mut client = shared();

    // Two models, whose graphs grow by turns, one operation a cell.
    for cell in [
        "let device = Device::flex().autodiff();",
        "let modele_a: Linear = LinearConfig::new(3, 2).init(&device);",
        "let modele_b: Linear = LinearConfig::new(2, 4).init(&device);",
        "let x_a = Tensor::<2>::from_floats([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], &device);",
        "let x_b = Tensor::<2>::from_floats([[1.0, -0.5], [0.3, 0.8], [-1.2, 0.4]], &device);",
        "let h_a = modele_a.forward(x_a.clone());",
        "let h_b = modele_b.forward(x_b.clone());",
        "let t_b = h_b.tanh();",
        "let t_a = h_a.tanh();",
        "let perte_a = t_a.powf_scalar(2.0).mean();",
        "let perte_b = t_b.powf_scalar(2.0).mean();",
        "let gradients_b = perte_b.backward();",
        "let gradients_a = perte_a.backward();",
    ] {
        ok(&mut client, cell);
    }
    let x_a = [[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]];
    let x_b = [[1.0, -0.5], [0.3, 0.8], [-1.2, 0.4]];
    check_gradient(&mut client, "a", &x_a.map(Vec::from));
    check_gradient(&mut client, "b", &x_b.map(Vec::from));

    // A seed set in one cell holds in the next: same draws after the same seed, other draws without it.
    let draw = "println!(\"{:?}\", Tensor::<1>::random([6], Distribution::Default, &device).to_data().to_vec::<f32>().unwrap());";
    ok(&mut client, "device.seed(7);");
    let first = ok(&mut client, draw);
    let next = ok(&mut client, draw);
    ok(&mut client, "device.seed(7);");
    assert_eq!(ok(&mut client, draw), first);
    assert_eq!(ok(&mut client, draw), next);
    assert_ne!(first, next);
    ok(&mut client, "device.seed(8);");
    assert_ne!(ok(&mut client, draw), first);
}

/// Compares the gradient of model `name` with central differences of its loss, computed here in double precision.
fn check_gradient(client: &mut Client, name: &str, inputs: &[Vec<f64>]) {
    let read = |expression: &str| {
        format!("println!(\"{{:?}}\", {expression}.to_data().to_vec::<f32>().unwrap());\n")
    };
    let code = read(&format!("modele_{name}.weight.val()"))
        + &read(&format!("modele_{name}.bias.clone().unwrap().val()"))
        + &read(&format!(
            "modele_{name}.weight.val().grad(&gradients_{name}).unwrap()"
        ));
    let printed = numbers(client, &code);
    let [weights, bias, gradient] = &printed[..] else {
        panic!("{printed:?}")
    };
    assert_eq!(weights.len(), inputs[0].len() * bias.len());
    for index in 0..weights.len() {
        let shifted = |step: f64| {
            let mut moved = weights.clone();
            moved[index] += step;
            loss(inputs, &moved, bias)
        };
        let expected = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
        let error = (gradient[index] - expected).abs();
        assert!(
            error < 1e-5,
            "model {name}, weight {index}: {} instead of {expected}",
            gradient[index]
        );
    }
    assert!(
        gradient.iter().any(|value| value.abs() > 1e-3),
        "a gradient of zeros proves nothing: {gradient:?}"
    );
}

/// mean(tanh(x·W + b)²), W stored row by row as `[inputs, outputs]`.
fn loss(inputs: &[Vec<f64>], weights: &[f64], bias: &[f64]) -> f64 {
    let outputs = bias.len();
    let value = |row: &Vec<f64>, column: usize| {
        let product: f64 = row
            .iter()
            .enumerate()
            .map(|(k, x)| x * weights[k * outputs + column])
            .sum();
        (product + bias[column]).tanh().powi(2)
    };
    let all = inputs
        .iter()
        .flat_map(|row| (0..outputs).map(move |column| value(row, column)));
    all.sum::<f64>() / (inputs.len() * outputs) as f64
}

#[test]
fn a_student_s_own_crate_and_check_cells_work() {
    let _alone = alone();
    let scratch = Scratch::new("dep");
    std::fs::create_dir(scratch.0.join("src")).unwrap();
    let manifest = "[package]\nname = \"petit\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    std::fs::write(scratch.0.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(
        scratch.0.join("src/lib.rs"),
        "pub fn triple(x: i32) -> i32 {\n    3 * x\n}\n#[derive(Debug)]\npub struct Chose;\n\
         pub trait Montre {\n    fn evcxr_display(&self);\n}\nimpl Montre for Chose {\n    fn evcxr_display(&self) {\n        \
         println!(\"EVCXR_BEGIN_CONTENT text/plain\\nune chose\\nEVCXR_END_CONTENT\");\n    }\n}\n",
    )
    .unwrap();

    let mut client = kernel();
    ok(
        &mut client,
        "let avant = Tensor::<1>::ones([3], &Device::flex());",
    );
    ok(
        &mut client,
        &format!(
            ":dep petit = {{ path = {:?} }}\nprintln!(\"{{}}\", petit::triple(14));",
            scratch.0
        ),
    );
    // Ours still works beside it, and what was there before is still there.
    let text = ok(
        &mut client,
        "println!(\"{} {}\", petit::triple(2), avant.sum().into_scalar::<f32>());",
    );
    assert_eq!(text, "6 3\n");

    // What another crate shows in its own way stays so; the rest is as before.
    let code = "use petit::Montre;\npetit::Chose";
    assert_eq!(run(&mut client, code).value(), Some("une chose"));
    assert_eq!(run(&mut client, "let trois = 3;\ntrois").value(), Some("3"));
    assert_eq!(run(&mut client, "vec![1]").value(), Some("[1]"));

    let code = "use visages::notebook::{check, grade};\ngrade(2.0, &[check(\"juste\", || true), check(\"fausse\", || 1 + 1 == 3)])";
    let result = run(&mut client, code);
    let [
        Marker::Points {
            points,
            max,
            passed,
            total,
            ..
        },
    ] = &result.markers[..]
    else {
        panic!("{result:#?}")
    };
    assert_eq!((*points, *max, *passed, *total), (1.0, 2.0, 1, 2));
    assert_eq!(
        result.value(),
        Some("1"),
        "nbgrader reads the points from the value"
    );
    let text = result.stdout();
    assert!(
        text.contains("✔ juste")
            && text.contains("✘ fausse")
            && !text.contains(tp_protocol::PREFIX),
        "{text}"
    );
}
