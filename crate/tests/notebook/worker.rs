//! The worker over its pipes: what `tp bench pas` relies on. Its losses are TensorFlow's, from the
//! fixture of `tensorflow_parity.rs`, whose formulas and batch of four are the worker's.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Value, json};

const FIXTURE: &str = include_str!("../fixtures/tensorflow_parity.json");
const BATCH: usize = 4;

struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Worker {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_visages-worker"))
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            input: child.stdin.take(),
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn prepared(model: &str, batch: usize) -> (Self, Value) {
        let mut worker = Self::start();
        let answer = worker.ask(json!({
            "op": "prepare", "model": model, "batch": batch, "threads": 1,
            "learning_rate": 5e-4, "epsilon": 1e-7,
        }));
        assert_eq!(answer["ok"], true, "{answer}");
        (worker, answer)
    }

    fn ask(&mut self, request: impl ToString) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{}", request.to_string()).unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn refusal(&mut self, request: impl ToString) -> String {
        let answer = self.ask(request);
        assert_eq!(answer["ok"], false, "{answer}");
        answer["error"].as_str().unwrap().to_owned()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its input is the end of its work.
        drop(self.input.take());
        assert!(self.child.wait().is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

fn numbers(list: &Value) -> Vec<f64> {
    let list = list.as_array().unwrap();
    list.iter().map(|value| value.as_f64().unwrap()).collect()
}

/// The loss that TensorFlow finds before the first step.
fn expected(network: &str, losses: &str) -> f64 {
    let fixture: Value = serde_json::from_str(FIXTURE).unwrap();
    let values = numbers(&fixture[format!("{network}_training")][losses]);
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn first_losses_are_tensorflows_and_training_lowers_them() {
    for (model, expected, trainable) in [
        ("cnn", expected("cnn", "losses"), 640_889),
        ("dbvae", expected("db_vae", "total_loss"), 909_500),
    ] {
        let (mut worker, answer) = Worker::prepared(model, BATCH);
        assert_eq!(
            (answer["trainable"].as_u64(), answer["threads"].as_u64()),
            (Some(trainable), Some(1))
        );
        let losses = numbers(&worker.ask(json!({ "op": "check", "steps": 12 }))["losses"]);
        assert_eq!(losses.len(), 12);
        assert!(
            (losses[0] / expected - 1.0).abs() < 1e-4,
            "{model} : {} ≠ {expected}",
            losses[0]
        );
        assert!(losses[11] < 0.9 * losses[0], "{losses:?}");
    }
}

/// What TensorFlow 2.21.0 answers, by `peer_tensorflow.py keras` beside the sources of `tp bench pas`,
/// to `prepare` with a batch of 2, then to `check`; for the networks of gender and age, `peer_tensorflow.py tensorflow`, which
/// lies between Keras and PyTorch (5·10⁻⁵ below it and 2·10⁻⁵ above).
#[test]
fn the_other_networks_lose_what_tensorflows_do() {
    for (model, expected, trainable) in [
        ("vae64", 3_086.990_966_8, 4_318_155),
        ("jeune-age", 0.706_246_495_2, 4_787_778),
        ("genre", 0.801_797_568_8, 2_600_705),
        ("age", 1.014_801_144_6, 422_401),
        ("genre-age", 0.998_651_981_4, 8_779_010),
        ("efficientnet-b0", 0.099_504_254_8, 4_007_548),
    ] {
        let (mut worker, answer) = Worker::prepared(model, 2);
        assert_eq!(answer["trainable"].as_u64(), Some(trainable));
        let losses = numbers(&worker.ask(json!({ "op": "check", "steps": 1 }))["losses"]);
        assert!(
            (losses[0] / expected - 1.0).abs() < 1e-4,
            "{model} : {} ≠ {expected}",
            losses[0]
        );
    }
}

#[test]
fn steps_are_timed_and_taken_apart() {
    let (mut worker, _) = Worker::prepared("dbvae", BATCH);
    let times = numbers(&worker.ask(json!({ "op": "time", "steps": 3 }))["milliseconds"]);
    assert!(times.len() == 3 && times.iter().all(|time| *time > 0.0));

    let profile = worker.ask(json!({ "op": "profile", "repeats": 1 }));
    let phases: Vec<&str> = profile["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|phase| phase["name"].as_str().unwrap())
        .collect();
    assert_eq!(phases[0], "encodeur");
    assert!(phases.contains(&"rétropropagation") && phases.contains(&"optimiseur (Adam)"));
    let layers = profile["layers"].as_array().unwrap();
    let shape = |name: &str| {
        let layer = layers.iter().find(|layer| layer["name"] == name);
        layer.unwrap_or_else(|| panic!("{name}"))["output"].clone()
    };
    assert_eq!(shape("conv4"), json!([BATCH, 72, 4, 4]));
    assert_eq!(shape("output"), json!([BATCH, 201]));
    assert_eq!(shape("up4"), json!([BATCH, 3, 64, 64]));
}

#[test]
fn a_bad_request_is_refused_in_french_and_the_next_is_answered() {
    let mut worker = Worker::start();
    let refusal = worker.refusal(json!({ "op": "check", "steps": 1 }));
    assert!(refusal.contains("prepare"), "{refusal}");
    for bad in ["bonjour", "{}", r#"{"op":"danse"}"#] {
        assert!(worker.refusal(bad).starts_with("requête illisible"));
    }
    let prepare = |model: &str, batch: usize, learning_rate: f64| {
        json!({
            "op": "prepare", "model": model, "batch": batch,
            "learning_rate": learning_rate, "epsilon": 1e-7,
        })
    };
    assert!(
        worker
            .refusal(prepare("resnet", 4, 5e-4))
            .contains("resnet")
    );
    for batch in [0, 3, 5000] {
        let refusal = worker.refusal(prepare("cnn", batch, 5e-4));
        assert!(refusal.contains("nombre pair de 2 à 4096"), "{refusal}");
    }
    let refusal = worker.refusal(prepare("cnn", 4, -1.0));
    assert!(refusal.contains("learning_rate = -1"), "{refusal}");
    assert_eq!(worker.ask(prepare("cnn", 2, 5e-4))["ok"], true);
}

#[test]
fn faces_are_drawn_with_lines_that_tell_how_far_it_is() {
    let folder = std::env::temp_dir().join(format!("visages-worker-synth-{}", std::process::id()));
    let mut worker = Worker::start();
    let request = json!({
        "op": "synth", "faces": 40, "side": 32, "seed": 3, "bias": "balanced", "difficulty": 0.2,
        "output": folder,
    });
    let mut answer = worker.ask(&request);
    let mut advances = Vec::new();
    while answer.get("ok").is_none() {
        advances.push((
            answer["done"].as_u64().unwrap(),
            answer["total"].as_u64().unwrap(),
        ));
        let mut line = String::new();
        worker.output.read_line(&mut line).unwrap();
        answer = serde_json::from_str(&line).unwrap();
    }
    assert_eq!(advances, [(0, 44), (32, 44), (44, 44)]);
    assert_eq!(
        answer,
        json!({ "ok": true, "files": 44, "resumed": 0, "malformed": 8, "duplicates": 4, "contradictions": 3 })
    );
    // The files, the manifest, the settings.
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 46);

    let sheet = folder.join("planche.png");
    let mut asked = request.clone();
    (asked["op"], asked["output"]) = (json!("sheet"), json!(sheet));
    assert_eq!(worker.ask(&asked), json!({ "ok": true }));
    assert!(std::fs::metadata(&sheet).unwrap().len() > 10_000);

    // The sheet is foreign to the folder: what is refused is said in one French line.
    assert!(worker.refusal(&request).contains("planche.png"));
    let _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn a_training_set_in_one_file_is_counted_or_refused() {
    let mut worker = Worker::start();
    let path = |name| format!("{}/tests/fixtures/h5/{name}", env!("CARGO_MANIFEST_DIR"));
    let answer = worker.ask(json!({ "op": "h5", "path": path("chunked.h5") }));
    assert_eq!(
        (&answer["faces"], &answer["others"]),
        (&json!(8), &json!(4))
    );
    let refusal = worker.refusal(json!({ "op": "h5", "path": path("floats.h5") }));
    assert!(refusal.contains("de type f32"), "{refusal}");
}

/// What `tp bench effets tp5` asks: the same set for both detectors, and everything that its claims need.
#[test]
fn a_training_of_the_debiasing_lab_tells_its_answers_and_its_draws() {
    let cache = std::env::temp_dir().join(format!("visages-effets-{}", std::process::id()));
    let mut worker = Worker::start();
    let mut ask = |arm: &str| {
        worker.ask(json!({
            "op": "effects", "balanced": true, "arm": arm, "seed": 3, "images": 120, "epochs": 1,
            "people": 12, "cache": cache,
        }))
    };
    let (cnn, uniform) = (ask("cnn"), ask("uniform"));
    for outcome in [&cnn, &uniform] {
        assert_eq!(outcome["ok"], true, "{outcome}");
        let lengths = |set: &Value| -> Vec<usize> {
            let answers = set.as_array().unwrap().iter();
            answers
                .map(|one| one["at_half"].as_str().unwrap().len())
                .collect()
        };
        assert_eq!(lengths(&outcome["groups"]), [6; 4]);
        // About 15 % of 240 images, by their content.
        let held_out = lengths(&outcome["held_out"]);
        assert!(
            (20..=60).contains(&held_out.iter().sum::<usize>()),
            "{held_out:?}"
        );
        let seen = lengths(&outcome["seen"]);
        assert!(seen[0] == seen[1] && seen[0] > 90, "{seen:?}");
        for (factor, values) in outcome["factors"].as_object().unwrap() {
            assert_eq!(values.as_array().unwrap().len(), 24, "{factor}");
            assert!(
                values.as_array().unwrap().iter().all(Value::is_number),
                "{factor}"
            );
        }
        // At most 5 % of the other images held out.
        let said = outcome["held_out"][1]["at_equal"].as_str().unwrap();
        let alarms = said.matches('1').count();
        assert!(20 * alarms <= held_out[1], "{said}");
    }
    assert!(cnn["draws"].is_null() && uniform["same_batch"].is_null());
    let losses: Vec<f64> = serde_json::from_value(cnn["same_batch"].clone()).unwrap();
    assert!(losses[1] < losses[0], "{losses:?}");

    // Drawn uniformly, a group has its share and every face counts.
    let draws = &uniform["draws"];
    let number = |value: &Value| value.as_f64().unwrap();
    let (faces, rare) = (number(&draws["faces"]), number(&draws["rare"]));
    let epoch = &draws["epochs"][0];
    assert!((number(&epoch[0]) - rare / faces).abs() < 1e-6, "{draws}");
    assert!((number(&epoch[1]) - faces).abs() < 1e-3, "{draws}");
    // By a rule, some are drawn more often; the larger the smoothing, the less so.
    let all = draws["rules"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|rule| rule["of"] == "all");
    let sizes: Vec<f64> = all.map(|rule| number(&rule["effective"])).collect();
    assert!(
        sizes.len() == 6 && sizes.is_sorted() && sizes[0] < 0.99 * faces,
        "{sizes:?}"
    );
    let _ = std::fs::remove_dir_all(&cache);
}

/// What `tp bench biais` asks: the arms of a world share its pictures, and each draws the rare as it should.
#[test]
fn the_arms_of_a_world_draw_the_rare_as_they_should() {
    let cache = std::env::temp_dir().join(format!("visages-etude-{}", std::process::id()));
    let mut worker = Worker::start();
    let mut ask = |arm: &str| {
        worker.ask(json!({
            "op": "study", "factor": "lunettes de soleil", "rare_share": 0.1, "arm": arm, "seed": 3,
            "images": 160, "test": [8, 30, 20], "epochs": 1, "cache": cache,
        }))
    };
    let number = |value: &Value| value.as_f64().unwrap();
    let arms = [
        "uniform",
        "rule",
        "active",
        "placebo",
        "inverse",
        "cnn-uniform",
        "cnn-inverse",
    ];
    let found: Vec<Value> = arms.into_iter().map(&mut ask).collect();
    for (arm, outcome) in arms.iter().zip(&found) {
        assert_eq!(outcome["ok"], true, "{arm} {outcome}");
        assert_eq!([&outcome["common"]["n"], &outcome["rare"]["n"]], [8, 8]);
        assert_eq!(outcome["alarms"]["n"], 30);
        assert_eq!(outcome["faces"], found[0]["faces"], "{arm}");
        assert_eq!(outcome["rare_faces"], found[0]["rare_faces"], "{arm}");
        assert_eq!(outcome["mechanism"].is_null(), *arm != "uniform", "{arm}");
    }
    let (faces, rare) = (number(&found[0]["faces"]), number(&found[0]["rare_faces"]));
    let drawn = |place: usize| number(&found[place]["draws"][0]["rare"]);
    assert!((drawn(0) - rare / faces).abs() < 1e-9, "{}", drawn(0));
    // Each version takes half of the draws.
    assert!((drawn(4) - 0.5).abs() < 1e-9, "{}", drawn(4));
    // Dealt at random, the rule's probabilities are as uneven as its own.
    let effective = |place: usize| number(&found[place]["draws"][0]["effective"]);
    assert!((effective(1) - effective(3)).abs() < 1e-6 * effective(1));
    assert_ne!(drawn(1), drawn(3));
    assert!(found[5]["draws"].as_array().unwrap().is_empty());
    // Again, with the same seed: the same numbers but for the time.
    let without_time = |mut outcome: Value| {
        outcome["seconds"] = json!(0);
        outcome
    };
    assert_eq!(without_time(ask("rule")), without_time(found[1].clone()));
    let _ = std::fs::remove_dir_all(&cache);
}

/// What `tp bench effets tp1` asks.
#[test]
fn drawn_labels_are_told_with_their_copies_and_their_noise() {
    let answer = Worker::start().ask(json!({ "op": "labels", "faces": 120, "seed": 3 }));
    assert_eq!(answer["ok"], true, "{answer}");
    let count = |name: &str| answer[name].as_array().unwrap().len();
    // Four copies; three names lack their code.
    assert_eq!(answer["files"], 124);
    assert_eq!(
        (count("people"), count("noise"), count("copies")),
        (117, 120, 4)
    );
    assert!((20..=27).contains(&count("tested")));
    for group in answer["copies"].as_array().unwrap() {
        assert_eq!(group.as_array().unwrap().len(), 2);
    }
}

/// What `tp bench effets tp6` asks of a network: what it says of itself adds up.
#[test]
fn a_training_of_the_young_or_old_lab_tells_all_that_its_claims_need() {
    let asked = json!({ "op": "ages", "preset": "rapide", "split": "person", "seed": 3 });
    // On one thread: whoever makes augmented batches beside the training would wait for it, and it for them.
    let answer = Worker::start().ask(asked);
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(answer["images"], json!([400, 100, 200]));
    // Forty people, five pictures each; none is met in training.
    assert_eq!(answer["people"], json!([40, 0]));
    let course = numbers(&answer["course"]);
    assert_eq!(
        course.last().copied(),
        answer["validation"]["value"].as_f64()
    );
    let details = &answer["details"];
    assert_eq!(numbers(&details["untrained"]).len(), 20);
    for name in ["trap", "crops"] {
        let other = &details[name];
        let number = |value: &Value| value.as_f64().unwrap();
        let gain = number(&other["corrected"]) - number(&other["created"]);
        let difference = number(&other["difference"]["value"]);
        assert!((difference - gain / 200.0).abs() < 1e-9, "{name}: {other}");
        let usual = number(&answer["test"]["value"]);
        let accuracy = number(&other["accuracy"]["value"]);
        assert!(
            (accuracy - usual - difference).abs() < 1e-9,
            "{name}: {other}"
        );
    }
    let elsewhere = details["elsewhere"].as_array().unwrap();
    let faces: Vec<u64> = elsewhere
        .iter()
        .map(|found| found["faces"].as_u64().unwrap())
        .collect();
    assert_eq!(faces, [20, 300]);
}

/// What `tp bench effets tp6` asks of drawn labels: matched, each group has as many of both classes.
#[test]
fn groups_of_drawn_labels_are_told_before_and_after_matching() {
    let answer = Worker::start().ask(json!({ "op": "shortcut", "preset": "rapide", "seed": 42 }));
    assert_eq!(answer["ok"], true, "{answer}");
    let groups = |name: &str| -> Vec<Vec<f64>> {
        answer[name]
            .as_array()
            .unwrap()
            .iter()
            .map(numbers)
            .collect()
    };
    let (all, matched) = (groups("groups"), groups("matched"));
    assert!(matched.iter().all(|group| group[0] == 2.0 * group[1]));
    let pairs: f64 = all
        .iter()
        .map(|group| group[1].min(group[0] - group[1]))
        .sum();
    let kept: f64 = matched.iter().map(|group| group[1]).sum();
    assert!(all.len() == 10 && kept == pairs, "{answer}");
    assert!(all.iter().any(|group| group[0] != 2.0 * group[1]));
}
