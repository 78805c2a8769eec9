//! What a training shows while it runs, and its gentle interrupt, seen from outside: each case in a process of its own.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

use tp_protocol::{Marker, ProgressEnd};
use visages::{
    burn::{self, prelude::*},
    data::{DetectionLoader, ImageStore},
    models::{StandardCnn, StandardCnnConfig},
    notebook::{clear_output, progress_bar, run_cell, stop_requested},
    train::{AdamConfig, Classifier, FitConfig, TrainingLog, evaluate, fit, train_step},
};

/// Name of the test that plays the cell.
const CHILD: &str = "live::cell";
const CASE: &str = "VISAGES_TEST_CASE";
const SIDE: usize = 16;

#[test]
#[ignore = "played by the other tests in a process of its own"]
fn cell() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    // libtest may have begun a line.
    println!("\ndébut");
    // Of an earlier cell.
    let given = small();
    let outcome = run_cell(|| match case.as_str() {
        "fit" => train(given, FitConfig::new().with_epochs(2)),
        "quiet" => train(given, FitConfig::new().with_epochs(2).with_progress(false)),
        "saved" => {
            let folder = std::env::temp_dir().join(format!("visages-vif-{}", std::process::id()));
            train(
                given,
                FitConfig::new().with_epochs(1).with_checkpoints(&folder),
            );
            std::fs::remove_dir_all(folder).unwrap();
        }
        "measured" => measure_after_an_interrupt(given),
        "by hand" => by_hand(given),
        "bar" => {
            let mut bar = progress_bar("Recherche", 3);
            (0..2).for_each(|step| bar.advance(&format!("essai {step}")));
            clear_output();
        }
        "ended" => {
            let mut bar = progress_bar("Recherche", 2);
            (0..3).for_each(|step| bar.advance(&format!("essai {step}")));
            let _empty = progress_bar("Rien", 0);
        }
        "panic" => {
            let _bar = progress_bar("Recherche", 3);
            panic!("aïe");
        }
        other => unreachable!("{other}"),
    });
    println!("fin {}", outcome.is_ok());
}

/// A short training on noise; says what it gave.
fn train((loader, model): (DetectionLoader, StandardCnn), config: FitConfig) {
    let fitted = fit(model, &loader, &config.with_batch_size(8)).unwrap();
    println!("{} pas, arrêté : {}", fitted.history.len(), fitted.stopped);
}

/// A loop of one's own, validated.
fn by_hand((loader, model): (DetectionLoader, StandardCnn)) {
    let mut optimizer = AdamConfig::new().init();
    let mut log = TrainingLog::start(2, loader.train_size() / 8);
    let mut model = model.train();
    for epoch in log.epochs() {
        for batch in loader.batches(8, epoch.into(), &Device::flex()).unwrap() {
            let step = train_step(model, &mut optimizer, &batch.unwrap(), 1e-3);
            let (updated, loss) = step.unwrap();
            model = updated;
            log.step(epoch, loss).unwrap();
        }
        log.end_epoch(epoch, &[("perte", 1.0 / f64::from(epoch))])
            .unwrap();
    }
    let history = log.finish();
    println!(
        "{} pas, meilleure : {:?}",
        history.len(),
        history.best_epoch()
    );
}

/// Noise, and a network.
fn small() -> (DetectionLoader, StandardCnn) {
    let images = |seed: usize| {
        let mut store = ImageStore::new(SIDE, SIDE);
        for image in 0..40 {
            let byte = |i: usize| ((i * 31 + image * 7 + seed * 101) % 251) as u8;
            let pixels: Vec<u8> = (0..SIDE * SIDE * 3).map(byte).collect();
            store.push(&pixels).unwrap();
        }
        store
    };
    let loader = DetectionLoader::new(&images(0), &images(1), 0.2, 1).unwrap();
    let model = StandardCnnConfig::new()
        .with_n_filters(4)
        .with_image_size(SIDE)
        .with_n_hidden(16)
        .init(&Device::flex());
    (loader, model)
}

/// A network during whose pass number [`STOP_AT`] (from 1) the reader asks to stop.
#[derive(Module, Debug)]
struct Interrupting {
    network: StandardCnn,
}

static PASSES: AtomicUsize = AtomicUsize::new(0);
static STOP_AT: AtomicUsize = AtomicUsize::new(0);

impl Classifier for Interrupting {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        if PASSES.fetch_add(1, Ordering::Relaxed) + 1 == STOP_AT.load(Ordering::Relaxed) {
            std::fs::write(std::env::var_os("TP_ARRET").unwrap(), "").unwrap();
        }
        self.network.forward(images)
    }
}

/// A training is interrupted at its third step, and what it gave is measured in the same cell; in the next one, a measure
/// is interrupted.
fn measure_after_an_interrupt((loader, network): (DetectionLoader, StandardCnn)) {
    let device = Device::flex();
    let config = FitConfig::new().with_batch_size(8).with_progress(false);
    STOP_AT.store(3, Ordering::Relaxed);
    let fitted = fit(Interrupting { network }, &loader, &config).unwrap();
    println!("{} pas, arrêté : {}", fitted.history.len(), fitted.stopped);
    let measured = evaluate(&fitted.model, loader.held_out(), 4, &device);
    println!("mesuré : {}", measured.is_ok());
    // The kernel takes the wish back at the end of the cell.
    std::fs::remove_file(std::env::var_os("TP_ARRET").unwrap()).unwrap();
    PASSES.store(0, Ordering::Relaxed);
    let measured = evaluate(&fitted.model, loader.held_out(), 4, &device);
    println!("{}", measured.unwrap_err());
    println!("{} lots", PASSES.load(Ordering::Relaxed));
    std::fs::remove_file(std::env::var_os("TP_ARRET").unwrap()).unwrap();
}

/// The lines that a case printed, and the messages among them.
fn play(case: &str, stop: Option<&Path>, protocol: bool) -> (Vec<String>, Vec<Marker>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", CHILD, "--ignored", "--nocapture"])
        .env(CASE, case)
        .env_remove("TP_PROTOCOLE")
        .env_remove("TP_SORTIE")
        .env_remove("TP_ARRET");
    if protocol {
        command.env("TP_PROTOCOLE", "1");
    }
    if let Some(file) = stop {
        command.env("TP_ARRET", file);
    }
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{case}: {stdout}");
    let (mut text, mut markers) = (Vec::new(), Vec::new());
    for line in stdout.lines().skip_while(|line| *line != "début").skip(1) {
        match Marker::decode(line) {
            Some(marker) => markers.push(marker.unwrap()),
            None => text.push(line.to_owned()),
        }
    }
    (text, markers)
}

fn bars(markers: &[Marker]) -> Vec<(u64, Option<ProgressEnd>)> {
    markers
        .iter()
        .filter_map(|marker| match marker {
            Marker::Progress { done, ended, .. } => Some((*done, *ended)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_training_opens_a_bar_and_a_curve_and_ends_both() {
    let (text, markers) = play("fit", None, true);
    assert!(matches!(markers[0], Marker::Begin), "{markers:?}");
    let bars = bars(&markers);
    assert_eq!(bars[0], (0, None));
    assert_eq!(*bars.last().unwrap(), (16, Some(ProgressEnd::Done)));
    assert!(bars.is_sorted_by_key(|(done, _)| *done), "{bars:?}");
    let curves: Vec<_> = markers
        .iter()
        .filter_map(|marker| match marker {
            Marker::Display { id, update, data } => Some((id, *update, data)),
            _ => None,
        })
        .collect();
    // The first picture is opened, the last one, of the whole training, takes its place.
    assert!(curves.len() >= 2 && !curves[0].1, "{curves:?}");
    let (id, update, data) = curves.last().unwrap();
    assert!(*update && *id == curves[0].0);
    assert!(data["image/png"].starts_with("iVBORw0KGgo"));
    assert!(data["text/plain"].contains("16 pas"), "{data:?}");
    // The bar stands in the place of the lines; the last line stays.
    assert!(
        text.iter().any(|line| line == "16 pas, arrêté : false"),
        "{text:?}"
    );
    assert!(
        !text.iter().any(|line| line.starts_with("époque")),
        "{text:?}"
    );
    assert!(
        text.iter().any(|line| line.starts_with("terminé")),
        "{text:?}"
    );
}

#[test]
fn a_loop_of_ones_own_has_the_same_bar_and_curve() {
    let (text, markers) = play("by hand", None, true);
    assert_eq!(
        *bars(&markers).last().unwrap(),
        (16, Some(ProgressEnd::Done))
    );
    let last = markers.iter().rev().find_map(|marker| match marker {
        Marker::Display { update, data, .. } => Some((*update, data["text/plain"].clone())),
        _ => None,
    });
    let (update, alternative) = last.unwrap();
    assert!(update);
    assert!(
        alternative.contains("« perte » va de 1 à 0,5"),
        "{alternative}"
    );
    assert!(
        alternative.contains("La meilleure époque est l'époque 2"),
        "{alternative}"
    );
    assert_eq!(text[1], "16 pas, meilleure : Some(2)");
    assert!(text[0].starts_with("terminé : 16 pas"), "{text:?}");
    // Without an adapter: lines, those of the validation among them.
    let (text, _) = play("by hand", None, false);
    assert!(
        text.iter()
            .any(|line| line == "époque 1/2 · validation : perte 1"),
        "{text:?}"
    );
}

#[test]
fn a_training_that_asks_for_silence_shows_nothing_and_still_stops() {
    let (text, markers) = play("quiet", None, true);
    assert_eq!(markers, [Marker::Begin]);
    assert!(
        text.iter().any(|line| line == "16 pas, arrêté : false"),
        "{text:?}"
    );
    let here = std::env::current_exe().unwrap();
    let (text, markers) = play("quiet", Some(&here), true);
    assert!(
        text.iter().any(|line| line == "0 pas, arrêté : true"),
        "{text:?}"
    );
    let told = matches!(markers.last(), Some(Marker::Stopped { message }) if message.contains("au pas 0 sur 16"));
    assert!(told, "{markers:?}");
}

#[test]
fn an_interrupt_ends_the_bar_and_keeps_what_there_is() {
    let here = std::env::current_exe().unwrap();
    let (text, markers) = play("fit", Some(&here), true);
    assert_eq!(bars(&markers).last().unwrap().1, Some(ProgressEnd::Stopped));
    let ended = text.iter().any(|line| line == "fin true");
    assert!(ended, "the cell goes on to its end: {text:?}");
    assert!(!stop_requested(), "this process was asked nothing");
}

#[test]
fn what_a_stopped_training_gave_can_be_measured_in_its_cell() {
    let file = std::env::temp_dir().join(format!("visages-arret-{}", std::process::id()));
    let (text, markers) = play("measured", Some(&file), true);
    let told = markers
        .iter()
        .filter(|marker| matches!(marker, Marker::Stopped { .. }));
    assert_eq!(told.count(), 1, "{markers:?}");
    assert_eq!(text[..2], ["3 pas, arrêté : true", "mesuré : true"]);
    assert!(
        text[2].contains("arrêt demandé pendant le calcul des probabilités"),
        "{text:?}"
    );
    assert_eq!(text[3], "3 lots");
}

#[test]
fn what_is_saved_is_told() {
    let (_, markers) = play("saved", None, true);
    let saved = markers.iter().any(
        |marker| matches!(marker, Marker::Saved { folder, epoch: 1 } if folder.contains("visages-vif")),
    );
    assert!(saved, "{markers:?}");
}

#[test]
fn a_bar_of_one_s_own_tells_its_end() {
    let (_, markers) = play("bar", None, true);
    assert_eq!(
        bars(&markers).last().unwrap(),
        &(2, Some(ProgressEnd::Stopped))
    );
    assert!(markers.contains(&Marker::Clear), "{markers:?}");
    // A step too many, or none to do, is no interruption.
    let (_, markers) = play("ended", None, true);
    let done = Some(ProgressEnd::Done);
    assert_eq!(bars(&markers), [(0, None), (2, done), (0, done)]);
    let (_, markers) = play("panic", None, true);
    assert_eq!(
        bars(&markers).last().unwrap(),
        &(0, Some(ProgressEnd::Failed))
    );
    assert!(
        markers
            .iter()
            .any(|marker| matches!(marker, Marker::Panic { .. }))
    );
}

#[test]
fn without_an_adapter_lines_are_printed() {
    let (text, markers) = play("fit", None, false);
    assert_eq!(markers, []);
    assert!(
        text.iter().any(|line| line.contains("durée estimée")),
        "{text:?}"
    );
}
