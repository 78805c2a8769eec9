//! The VAE of 64 × 64 images: against PyTorch (`fixtures/pytorch_vae64.py`), through a training that is killed and resumed, and
//! from a file read by another process.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    parity::{Parameters, assert_near, filled, hashed, images, norm, number, numbers, read},
    support::{assert_close, seeded, values},
};
use serde_json::Value;
use visages::{
    burn::{optim::GradientsParams, prelude::*},
    data::{
        BatchConfig, DrawnFacesConfig, ImageStore, Labelled, drawn_objects, mean_image,
        squared_errors,
    },
    explain::kl_by_dimension,
    models::{Vae64, Vae64Config, load_weights, save_weights},
    ops::dense,
    train::{
        AdamConfig, FitConfig, Fitted, LatentModel, Trainer, encode_images, evaluate_vae,
        gradient_step, reconstruct, reconstruction_errors, vae_terms,
    },
};

const FIXTURE: &str = include_str!("../fixtures/pytorch_vae64.json");
/// Weight of the divergence in the fixture.
const BETA: f64 = 3.0;
/// What PyTorch's bounds are multiplied by there.
const GAIN: f64 = 2.0;
const PARAMETERS: Parameters = &[
    ("conv1.weight", 27),
    ("conv1.bias", 27),
    ("conv2.weight", 288),
    ("conv2.bias", 288),
    ("conv3.weight", 576),
    ("conv3.bias", 576),
    ("hidden.weight", 4096),
    ("hidden.bias", 4096),
    ("mean.weight", 512),
    ("mean.bias", 512),
    ("log_sigma.weight", 512),
    ("log_sigma.bias", 512),
    ("latent.weight", 4),
    ("latent.bias", 4),
    ("expand.weight", 512),
    ("expand.bias", 512),
    ("up1.weight", 576),
    ("up1.bias", 576),
    ("up2.weight", 288),
    ("up2.bias", 288),
    ("up3.weight", 27),
    ("up3.bias", 27),
];

fn fixture() -> Value {
    serde_json::from_str(FIXTURE).unwrap()
}

fn device() -> Device {
    Device::flex()
}

/// The network of the fixture.
fn network() -> Vae64 {
    filled(
        Vae64Config::new().init(&device()).unwrap(),
        PARAMETERS,
        GAIN,
    )
}

fn noise(device: &Device) -> Tensor<2> {
    let noise: Vec<f32> = hashed(16, 200).map(|value| (1.7 * value) as f32).collect();
    Tensor::from_data(TensorData::new(noise, [4, 4]), device)
}

/// What the network says of the fixture's images, and both terms of its loss.
fn answers(model: &Vae64, device: &Device) -> [Tensor<1>; 5] {
    let x = images(64, device);
    let (mean, log_sigma) = model.encode(x.clone());
    let z = mean.clone() + log_sigma.clone().exp() * noise(device);
    let recon = model.decode(z);
    let terms = vae_terms(x, recon.clone(), mean.clone(), log_sigma.clone());
    let (squares, kl) = terms.unwrap();
    let flat = |latent: Tensor<2>| latent.flatten::<1>(0, 1);
    [
        flat(mean),
        flat(log_sigma),
        recon.flatten(0, 3),
        squares,
        kl,
    ]
}

fn loss(model: &Vae64, device: &Device) -> Tensor<1> {
    let [.., squares, kl] = answers(model, device);
    (squares + kl * BETA).mean()
}

#[test]
fn answers_and_both_terms_of_the_loss_are_those_of_pytorch() {
    let _generator = seeded(0);
    let fixture = fixture();
    let model = network();
    assert_eq!(model.num_params() as u64, fixture["parameters"]);
    let [mean, log_sigma, recon, squares, kl] = answers(&model, &device()).map(values);
    assert_near(&mean, &numbers(&fixture["mean"]), 1e-5);
    assert_near(&log_sigma, &numbers(&fixture["log_sigma"]), 1e-5);
    let some: Vec<f32> = recon.iter().copied().step_by(997).collect();
    assert_near(&some, &numbers(&fixture["recon"]), 1e-5);
    assert_near(&squares, &numbers(&fixture["squares"]), 1e-2);
    assert_near(&kl, &numbers(&fixture["kl"]), 1e-4);
    // The original adds up the images of a batch.
    let sum: f32 = squares.iter().chain(&kl).sum();
    let expected = number(&fixture["original_loss"]);
    assert!((f64::from(sum) / expected - 1.0).abs() < 1e-5, "{sum}");
    // The heads read the features: the same values, by hand.
    let features = model.features(images(64, &device()));
    assert_eq!(features.dims(), [4, 512]);
    assert_close(&values(model.mean.forward(features.clone())), &mean, 1e-6);
    assert_close(&values(model.log_sigma.forward(features)), &log_sigma, 1e-6);
}

#[test]
fn gradients_and_updates_by_adam_are_those_of_pytorch() {
    let _generator = seeded(0);
    let fixture = fixture();
    let training = device().autodiff();
    let mut model = network().train();
    let gradients = GradientsParams::from_grads(loss(&model, &training).backward(), &model);
    for ((name, _), gradient) in PARAMETERS
        .iter()
        .zip(read(&model, PARAMETERS, Some(&gradients)))
    {
        let found = norm(gradient.into_iter());
        let expected = number(&fixture["gradients"][*name]);
        assert!(
            (found / expected - 1.0).abs() < 1e-4,
            "{name}: {found} ≠ {expected}"
        );
    }

    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init();
    let expected = numbers(&fixture["losses"]);
    let before = read(&model, PARAMETERS, None);
    let mut losses = Vec::new();
    for update in 0..expected.len() - 1 {
        let value;
        let loss = loss(&model, &training);
        (model, value) = gradient_step(model, &mut optimizer, loss, 1e-3).unwrap();
        losses.push(value);
        if update == 0 {
            let after = read(&model, PARAMETERS, None);
            for (place, (before, after)) in before.iter().zip(&after).enumerate() {
                assert_moved(place, before, after, &fixture);
            }
        }
    }
    losses.push(loss(&model, &training).into_scalar());
    for (found, expected) in losses.iter().zip(expected) {
        assert!(
            (found / expected - 1.0).abs() < 1e-4,
            "{losses:?} ≠ {expected}"
        );
    }
}

/// How far an update moved a parameter, along a direction drawn by the fixture's hash.
fn assert_moved(place: usize, before: &[f32], after: &[f32], fixture: &Value) {
    let name = PARAMETERS[place].0;
    let moved: Vec<f32> = before.iter().zip(after).map(|(a, b)| b - a).collect();
    // Dense kernels are transposed, and the direction is in PyTorch's order.
    let moved = match name {
        "hidden.weight" => crate::parity::transposed(&moved, 4096, 512),
        "mean.weight" | "log_sigma.weight" => crate::parity::transposed(&moved, 512, 4),
        "latent.weight" => crate::parity::transposed(&moved, 4, 512),
        "expand.weight" => crate::parity::transposed(&moved, 512, 4096),
        _ => moved,
    };
    let direction = hashed(moved.len(), 300 + place as u32);
    let found: f64 = moved
        .iter()
        .zip(direction)
        .map(|(moved, along)| f64::from(*moved) * along)
        .sum();
    let expected = number(&fixture["moved"][name]);
    // Each value moves by 0.001: what a few values of the other sign would change.
    let scale = 1e-3 * (moved.len() as f64).sqrt();
    assert!(
        (found - expected).abs() < 0.01 * scale,
        "{name}: {found} ≠ {expected}"
    );
}

#[test]
fn sizes_that_the_network_has_not_are_refused_in_a_line() {
    let _generator = seeded(0);
    for (latent, side, expected) in [
        (4, 100, "64 × 64"),
        (0, 64, "de 1 à 64"),
        (65, 64, "de 1 à 64"),
    ] {
        let config = Vae64Config::new()
            .with_latent_dim(latent)
            .with_image_size(side);
        let message = config.init(&device()).unwrap_err().to_string();
        assert!(
            message.contains(expected) && !message.contains('\n'),
            "{message}"
        );
    }
    let model = Vae64Config::new().init(&device()).unwrap();
    let message = encode_images(&model, &objects(2, 48), 4, &device());
    let message = message.unwrap_err().to_string();
    assert!(
        message.contains("[2, 3, 64, 64]") && message.contains("[2, 3, 48, 48]"),
        "{message}"
    );
}

fn objects(count: usize, side: usize) -> ImageStore {
    drawn_objects(count, side, 7).unwrap()
}

#[test]
fn measures_are_those_of_the_loss_itself() {
    let _generator = seeded(3);
    let model = network();
    let store = objects(7, 64);
    let x = store.all_to_tensor(&device()).unwrap();
    let (mean, log_sigma) = model.encode(x.clone());
    let (squares, kl) = vae_terms(
        x.clone(),
        model.decode(mean.clone()),
        mean.clone(),
        log_sigma.clone(),
    )
    .unwrap();
    // From the means, nothing is drawn: image by image, whatever the batch.
    let errors = reconstruction_errors(&model, &store, 3, &device()).unwrap();
    for (found, expected) in errors.iter().zip(values(squares)) {
        assert!(
            (found / f64::from(expected) - 1.0).abs() < 1e-4,
            "{errors:?}"
        );
    }
    // In bytes, a pixel is off by half a step at most.
    let drawn = reconstruct(&model, &store, 4, &device()).unwrap();
    for (bytes, exact) in squared_errors(&store, &drawn).unwrap().iter().zip(&errors) {
        assert!((bytes / exact - 1.0).abs() < 0.02, "{bytes} {exact}");
    }
    // The divergence draws nothing either.
    let losses = evaluate_vae(&model, &store, 3, &device()).unwrap();
    let expected = values(kl).iter().sum::<f32>() / 7.0;
    assert!((losses.kl / f64::from(expected) - 1.0).abs() < 1e-4);
    assert_eq!(losses.images, 7);
    let total = losses.reconstruction + 4.0 * losses.kl;
    assert!((losses.total(4.0) - total).abs() < 1e-9);
    let by_dimension = kl_by_dimension(&model, &store, 3, &device()).unwrap();
    let sum: f64 = by_dimension
        .column("kl")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .flatten()
        .sum();
    assert!((sum / losses.kl - 1.0).abs() < 1e-4, "{sum} {losses:?}");
    // Drawn latent variables, from the same seed, give the same; σ of e⁻²⁰ gives what the means give.
    device().seed(1);
    let one = evaluate_vae(&model, &store, 7, &device()).unwrap();
    device().seed(1);
    assert_eq!(evaluate_vae(&model, &store, 7, &device()).unwrap(), one);
    // Log-variances are twice the log-deviations.
    let (_, logvar) = model.posterior(x).unwrap();
    assert_close(&values(logvar), &values(log_sigma * 2.0), 1e-6);
    // A network that draws the mean face, whatever the image, has the error of the mean face.
    let mean_face = mean_image(&store).unwrap();
    assert_eq!((mean_face.len(), mean_face.width()), (1, 64));
    let nobody = ImageStore::new(64, 64);
    assert!(evaluate_vae(&model, &nobody, 4, &device()).is_err());
    assert!(reconstruct(&model, &store, 0, &device()).is_err());
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("visages-vae-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where a child process finds what it works on.
const PLACE: &str = "VISAGES_TEST_VAE";

/// This test binary again, for one of its tests that is ignored elsewhere.
fn child(test: &str, place: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(PLACE, place)
        .stdout(Stdio::null());
    command
}

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

/// Trains the lab's network on a few drawn faces; `waits` stops before the second epoch, until it is killed.
fn train(checkpoints: &Path, resume: bool, waits: bool) -> Fitted<Vae64> {
    let config = DrawnFacesConfig::new().with_faces(12).with_side(64);
    let faces = Labelled::new(config.images().unwrap(), config.frame().unwrap()).unwrap();
    device().seed(11);
    let model = Vae64Config::new()
        .with_latent_dim(2)
        .init(&device())
        .unwrap();
    let batches = BatchConfig::new(4).with_seed(5);
    let trainer = Trainer::new(model, |start| {
        if waits && start.epoch == 2 {
            std::thread::sleep(Duration::from_secs(600));
        }
        batches.epoch(&faces, start.epoch, &start.device)
    });
    let config = FitConfig::new()
        .with_epochs(3)
        .with_learning_rate(1e-3)
        .with_optimizer(AdamConfig::new().with_epsilon(1e-8))
        .with_progress(false)
        .with_checkpoints(checkpoints);
    let config = if resume { config.resume() } else { config };
    trainer
        .with_fingerprint(faces.content_hash(&[]).unwrap())
        .with_setting("β", 1.0)
        .with_loss(|vae, batch| {
            let x = batch.images.clone();
            let (recon, mean, log_sigma) = vae.forward(x.clone());
            let (squares, kl) = vae_terms(x, recon, mean, log_sigma)?;
            Ok((squares + kl).mean())
        })
        .with_validation(|vae| {
            // Draws latent variables: the next epoch must not depend on it.
            let losses = evaluate_vae(vae, faces.images(), 4, &device())?;
            Ok(vec![("perte", losses.total(1.0))])
        })
        .fit(&config)
        .unwrap()
}

#[test]
#[ignore = "the child of a_training_killed_after_an_epoch_ends_as_if_it_had_not_been"]
fn a_training_that_waits_to_be_killed() {
    if let Some(folder) = place() {
        let _generator = seeded(0);
        train(&folder, false, true);
    }
}

#[test]
fn a_training_killed_after_an_epoch_ends_as_if_it_had_not_been() {
    let _generator = seeded(0);
    let (killed, whole) = (Folder::new("tue"), Folder::new("entier"));
    let mut process = child("vae64::a_training_that_waits_to_be_killed", &killed.0)
        .spawn()
        .unwrap();
    let saved = || {
        let trainings = std::fs::read_dir(&killed.0).unwrap();
        let folders =
            trainings.filter_map(|training| std::fs::read_dir(training.ok()?.path()).ok());
        folders.flatten().flatten().any(|point| {
            let name = point.file_name();
            !name.to_string_lossy().starts_with("ecriture") && point.path().is_dir()
        })
    };
    let start = Instant::now();
    while !saved() {
        assert!(start.elapsed() < Duration::from_secs(300), "no checkpoint");
        assert!(process.try_wait().unwrap().is_none(), "the child ended");
        std::thread::sleep(Duration::from_millis(50));
    }
    process.kill().unwrap();
    process.wait().unwrap();

    let resumed = train(&killed.0, true, false);
    let uninterrupted = train(&whole.0, false, false);
    assert_eq!(resumed.history.losses(), uninterrupted.history.losses());
    assert_eq!(
        resumed.history.validation("perte").unwrap(),
        uninterrupted.history.validation("perte").unwrap()
    );
    let bits = |fitted: &Fitted<Vae64>| -> Vec<u32> {
        struct Bits(Vec<u32>);
        impl visages::burn::module::ModuleVisitor for Bits {
            fn visit_float<const D: usize>(
                &mut self,
                param: &visages::burn::module::Param<Tensor<D>>,
            ) {
                self.0
                    .extend(values(param.val()).iter().map(|value| value.to_bits()));
            }
        }
        let mut found = Bits(Vec::new());
        fitted.model.visit(&mut found);
        found.0
    };
    assert!(bits(&resumed) == bits(&uninterrupted));
}

/// The images of a few codes.
fn decoded(model: &Vae64) -> ImageStore {
    let z = Tensor::<2>::from_data([[0.0, 0.0, 0.0, 0.0], [1.0, -2.0, 0.5, 3.0]], &device());
    ImageStore::from_tensor(model.decode(z)).unwrap()
}

#[test]
#[ignore = "the child of a_saved_model_decodes_the_same_in_another_process"]
fn another_process_decodes_what_was_saved() {
    if let Some(folder) = place() {
        let _generator = seeded(99);
        let fresh = Vae64Config::new().init(&device()).unwrap();
        let model = load_weights(fresh, folder.join("modele64.vae")).unwrap();
        let hash = decoded(&model).content_hash().unwrap();
        std::fs::write(folder.join("empreinte"), hash).unwrap();
    }
}

#[test]
fn a_saved_model_decodes_the_same_in_another_process() {
    let _generator = seeded(0);
    let folder = Folder::new("poids");
    let model = network();
    let file = folder.0.join("modele64.vae");
    save_weights(&model, &file).unwrap();
    let status = child("vae64::another_process_decodes_what_was_saved", &folder.0).status();
    assert!(status.unwrap().success());
    let found = std::fs::read_to_string(folder.0.join("empreinte")).unwrap();
    assert_eq!(found, decoded(&model).content_hash().unwrap());

    // Nothing is left beside the file, and writing it again replaces it.
    save_weights(&model, &file).unwrap();
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2);

    let refused = |latent: usize| {
        let other = Vae64Config::new()
            .with_latent_dim(latent)
            .init(&device())
            .unwrap();
        load_weights(other, &file).unwrap_err().to_string()
    };
    let message = refused(8);
    assert!(
        message.contains("[512, 4]") && message.contains("[512, 8]") && !message.contains('\n'),
        "{message}"
    );
    // Another network, a file cut short, one that is something else.
    let message = load_weights(dense(2, 2, &device()), &file)
        .unwrap_err()
        .to_string();
    assert!(message.contains("« weight »"), "{message}");
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() - 8]).unwrap();
    let message = refused(4);
    assert!(message.contains("tronqué"), "{message}");
    for content in [&b"un texte\n"[..], b"{}\n", b""] {
        std::fs::write(&file, content).unwrap();
        let message = refused(4);
        assert!(message.contains("save_weights"), "{message}");
    }
    assert!(load_weights(network(), folder.0.join("absent")).is_err());
}
