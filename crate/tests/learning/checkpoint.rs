//! Checkpoints: an interrupted and resumed training equals an uninterrupted one, and everything
//! else is refused in one French line.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::support::seeded;
use visages::{
    burn::{
        self,
        module::{Module, ModuleVisitor, Param},
        optim::ModuleOptimizer,
        tensor::{Device, Tensor},
    },
    data::{Batch, DetectionLoader, ImageStore},
    error::Error,
    host::StopFlag,
    models::{DbVae, DbVaeConfig, StandardCnn, StandardCnnConfig},
    ops::{
        BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear, dense,
    },
    train::{
        Classifier, DebiasingConfig, FitConfig, Fitted, debiasing_loss, fit, fit_debiasing,
        fit_debiasing_with, fit_with, gradient_step, sampling, train_step,
    },
};

/// A small network with everything that has a state: batch norm, and dropout, which draws.
#[derive(Module, Debug)]
struct Tiny {
    conv: Conv2d,
    norm: BatchNorm,
    dropout: Dropout,
    output: Linear,
}

impl Tiny {
    fn new(filters: usize, device: &Device) -> Self {
        device.seed(5);
        Self {
            conv: Conv2dConfig::new([3, filters], [3, 3])
                .with_stride([2, 2])
                .init(device),
            norm: BatchNormConfig::new(filters).init(device),
            dropout: DropoutConfig::new(0.3).init(),
            output: dense(filters * 4 * 4, 1, device),
        }
    }
}

impl Classifier for Tiny {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let x = self.norm.forward(self.conv.forward(images));
        self.output.forward(self.dropout.forward(x.flatten(1, 3)))
    }
}

/// Bright and dark images of `side` pixels, all different.
fn data(side: usize, base: u8) -> DetectionLoader {
    let class = |level: usize| {
        let mut store = ImageStore::new(side, side);
        for index in 0..48_usize {
            let pixels: Vec<u8> = (0..side * side * 3)
                .map(|at| (level + (at * (index + 3)) % 90 + base as usize) as u8)
                .collect();
            store.push(&pixels).unwrap();
        }
        store
    };
    DetectionLoader::new(&class(90), &class(40), 0.15, 1).unwrap()
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("visages-point-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The points saved in the only folder of training.
    fn points(&self) -> Vec<PathBuf> {
        let trainings: Vec<_> = fs::read_dir(&self.0).unwrap().collect();
        assert_eq!(trainings.len(), 1);
        let training = trainings.into_iter().next().unwrap().unwrap().path();
        let mut points: Vec<PathBuf> = fs::read_dir(training)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        points.sort();
        points
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn config() -> FitConfig {
    FitConfig::new()
        .with_epochs(5)
        .with_batch_size(8)
        .with_learning_rate(0.01)
        .with_seed(3)
        .with_progress(false)
}

/// Every value of a model.
fn values<M: Module>(model: &M) -> Vec<f32> {
    struct Collect(Vec<f32>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(param.val().try_into_vec_as::<f32>().unwrap());
        }
    }
    let mut collect = Collect(Vec::new());
    model.visit(&mut collect);
    collect.0
}

fn assert_close<M: Module>(a: &M, b: &M) {
    let (a, b) = (values(a), values(b));
    assert_eq!(a.len(), b.len());
    assert!(!a.is_empty());
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() <= 1e-6, "{a} {b}");
    }
}

fn assert_same<M: Module>(a: &Fitted<M>, b: &Fitted<M>) {
    assert_close(&a.model, &b.model);
    assert_eq!(a.history.epochs(), b.history.epochs());
    for (a, b) in a.history.losses().iter().zip(b.history.losses()) {
        assert!((a - b).abs() <= 1e-6, "{a} {b}");
    }
    for (a, b) in a.history.smoothed().iter().zip(b.history.smoothed()) {
        assert!((a - b).abs() <= 1e-6, "{a} {b}");
    }
}

/// Trains with a network that dies in the middle of the third epoch, as a killed process would.
fn killed_in_epoch_three(data: &DetectionLoader, config: &FitConfig, device: &Device) {
    let steps = data.train_size() / config.batch_size;
    let short = config.clone().with_max_steps(2 * steps + steps / 2);
    fit(Tiny::new(4, device), data, &short).unwrap();
}

#[test]
fn killed_and_resumed_equals_uninterrupted() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let whole = fit(Tiny::new(4, &device), &data, &config()).unwrap();

    let folder = Folder::new("reprise");
    let config = config().with_checkpoints(&folder.0);
    killed_in_epoch_three(&data, &config, &device);
    assert_eq!(folder.points().len(), 2);

    // Other starting weights and another state of the generator: both come from the point.
    device.seed(999);
    let fresh = Tiny::new(4, &device);
    let resumed = fit(fresh, &data, &config.clone().resume()).unwrap();
    assert_same(&whole, &resumed);
    assert_eq!(resumed.history.epochs().last(), Some(&5));

    // The training was not trivial: weights went on moving after the second epoch.
    let two = fit(Tiny::new(4, &device), &data, &config.with_epochs(2)).unwrap();
    let moved = values(&two.model)
        .iter()
        .zip(values(&whole.model))
        .any(|(a, b)| (a - b).abs() > 1e-3);
    assert!(moved);
}

#[test]
fn a_finished_training_can_be_made_longer() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let folder = Folder::new("plus-long");
    let short = config().with_epochs(2).with_checkpoints(&folder.0);
    fit(Tiny::new(4, &device), &data, &short).unwrap();
    // Nothing left to do: the same model comes back.
    let again = fit(Tiny::new(4, &device), &data, &short.clone().resume()).unwrap();
    assert_eq!(again.history.epochs().last(), Some(&2));
    let longer = fit(Tiny::new(4, &device), &data, &short.with_epochs(5).resume()).unwrap();
    let whole = fit(Tiny::new(4, &device), &data, &config()).unwrap();
    assert_same(&whole, &longer);
}

#[test]
fn without_resume_a_training_starts_from_zero() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let folder = Folder::new("zero");
    let config = config().with_epochs(2).with_checkpoints(&folder.0);
    let first = fit(Tiny::new(4, &device), &data, &config).unwrap();
    let second = fit(Tiny::new(4, &device), &data, &config).unwrap();
    assert_same(&first, &second);
    assert_eq!(second.history.epochs().first(), Some(&1));
    assert_eq!(folder.points().len(), 2);
}

#[test]
fn a_stop_keeps_the_epochs_that_were_finished() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let folder = Folder::new("arret");
    let config = config().with_checkpoints(&folder.0);
    killed_in_epoch_three(&data, &config, &device);
    let stop = StopFlag::new();
    stop.request();
    let resuming = config.clone().resume().with_stop(stop);
    let stopped = fit(Tiny::new(4, &device), &data, &resuming).unwrap();
    assert!(stopped.stopped);
    assert_eq!(stopped.history.epochs().last(), Some(&2));
    let whole = fit(Tiny::new(4, &device), &data, &config.clone()).unwrap();
    let resumed = fit(Tiny::new(4, &device), &data, &config.resume()).unwrap();
    assert_same(&whole, &resumed);
}

#[test]
fn a_db_vae_resumes_too() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(64, 0));
    let build = || {
        device.seed(8);
        DbVaeConfig::new().with_latent_dim(3).init(&device)
    };
    let debiasing = |epochs: u32| {
        let fit = config()
            .with_epochs(epochs)
            .with_batch_size(16)
            .with_learning_rate(5e-4);
        DebiasingConfig::new().with_fit(fit).with_bins(4)
    };
    let whole = fit_debiasing(build(), &data, &debiasing(3)).unwrap();

    let folder = Folder::new("dbvae");
    let saved = |epochs: u32| {
        let mut config = debiasing(epochs);
        config.fit = config.fit.with_checkpoints(&folder.0);
        config
    };
    fit_debiasing(build(), &data, &saved(2)).unwrap();
    let mut last = saved(3);
    last.fit = last.fit.resume();
    let resumed = fit_debiasing(build(), &data, &last).unwrap();
    assert_close::<DbVae>(&whole.model, &resumed.model);
    for (a, b) in whole.history.losses().iter().zip(resumed.history.losses()) {
        assert!((a - b).abs() <= 1e-6, "{a} {b}");
    }
    assert_eq!(resumed.history.len(), whole.history.len());

    let other = last.clone().with_smoothing(0.5);
    let error = fit_debiasing(build(), &data, &other)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("lissage (smoothing) : 0.001 à l'enregistrement, 0.5 ici"),
        "{error}"
    );
}

/// The message of a refusal: one French line.
fn refusal<M: Classifier>(model: M, data: &DetectionLoader, config: &FitConfig) -> String {
    let error = fit(model, data, &config.clone().resume()).unwrap_err();
    assert!(matches!(error, Error::Checkpoint { .. }), "{error:?}");
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn resuming_another_training_is_refused_with_what_differs() {
    let _alone = seeded(0);
    let (device, here) = (Device::flex(), data(8, 0));
    let folder = Folder::new("refus");
    let config = config().with_epochs(1).with_checkpoints(&folder.0);
    let nothing = refusal(Tiny::new(4, &device), &here, &config);
    assert!(nothing.contains("aucun point de reprise"), "{nothing}");
    assert!(nothing.contains("sans .resume()"), "{nothing}");

    fit(Tiny::new(4, &device), &here, &config).unwrap();
    let tiny = || Tiny::new(4, &device);

    let rate = refusal(tiny(), &here, &config.clone().with_learning_rate(0.02));
    assert!(
        rate.contains("learning_rate) : 0.01 à l'enregistrement, 0.02 ici"),
        "{rate}"
    );
    assert!(!rate.contains("graine"), "{rate}");
    let batch = refusal(tiny(), &here, &config.clone().with_batch_size(4));
    assert!(
        batch.contains("taille de lot : 8 à l'enregistrement, 4 ici"),
        "{batch}"
    );
    let seed = refusal(tiny(), &here, &config.clone().with_seed(4));
    assert!(
        seed.contains("graine : 3 à l'enregistrement, 4 ici"),
        "{seed}"
    );
    let other_data = refusal(tiny(), &data(8, 1), &config);
    assert!(other_data.contains("données (empreinte)"), "{other_data}");
    let wider = refusal(Tiny::new(5, &device), &here, &config);
    assert!(wider.contains("architecture du modèle : Tiny ("), "{wider}");
    let cnn: StandardCnn = StandardCnnConfig::new().with_image_size(8).init(&device);
    let cnn = refusal(cnn, &here, &config);
    assert!(cnn.contains("StandardCnn ("), "{cnn}");

    // Without a folder there is nothing to go on from.
    let error = fit(tiny(), &here, &FitConfig::new().resume()).unwrap_err();
    assert!(error.to_string().contains(".with_checkpoints"), "{error}");
}

#[test]
fn a_step_or_probabilities_that_were_edited_are_not_resumed() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(64, 0));
    let folder = Folder::new("etape");
    let build = || {
        device.seed(8);
        DbVaeConfig::new()
            .with_latent_dim(3)
            .with_n_filters(2)
            .init(&device)
    };
    let fit = config().with_epochs(1).with_learning_rate(5e-4);
    let saved = DebiasingConfig::new().with_fit(fit.with_checkpoints(&folder.0));
    let train = |power: i32, scale: f64, epochs: u32, resume: bool| {
        let mut config = saved.clone();
        config.fit = config.fit.with_epochs(epochs);
        if resume {
            config.fit = config.fit.resume();
        }
        let probabilities = |faces: &ImageStore, _: &DbVae| {
            Ok((1..=faces.len())
                .map(|face| (face as f64).powi(power))
                .collect())
        };
        let step = |model: DbVae, optimizer: &mut ModuleOptimizer, batch: &Batch, rate: f64| {
            let images = batch.images.clone().autodiff();
            let (logit, mean, logvar) = model.encode(images.clone());
            let recon = model.decode(sampling(mean.clone(), logvar.clone())?);
            let labels = batch.labels.clone().autodiff();
            let (loss, _) = debiasing_loss(images, recon, labels, logit, mean, logvar)?;
            gradient_step(model, optimizer, loss * scale, rate)
        };
        fit_debiasing_with(build(), &data, &config, probabilities, step)
    };
    train(1, 1.0, 1, false).unwrap();
    let message = train(1, 1.1, 2, true).unwrap_err().to_string();
    assert!(message.contains("perte sur un lot d'essai"), "{message}");
    assert!(message.contains("sans .resume()"), "{message}");
    let message = train(2, 1.0, 2, true).unwrap_err().to_string();
    assert!(
        message.contains("taille effective du tirage des visages"),
        "{message}"
    );
    assert_eq!(
        train(1, 1.0, 2, true).unwrap().history.epochs().last(),
        Some(&2)
    );
}

#[test]
fn a_step_of_ones_own_is_the_shortcuts_when_it_is_the_same() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let shortcut = fit(Tiny::new(4, &device), &data, &config()).unwrap();
    let own = fit_with(Tiny::new(4, &device), &data, &config(), train_step).unwrap();
    assert_eq!(values(&shortcut.model), values(&own.model));
    assert_eq!(shortcut.history.losses(), own.history.losses());
}

#[test]
fn a_damaged_point_gives_way_to_the_one_before() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let whole = fit(Tiny::new(4, &device), &data, &config()).unwrap();
    for file in ["modele.bpk", "optimiseur.bpk", "etat.json"] {
        let folder = Folder::new(file);
        let config = config().with_checkpoints(&folder.0);
        killed_in_epoch_three(&data, &config, &device);
        let points = folder.points();
        let cut = |point: &Path| {
            let path = point.join(file);
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        };
        cut(&points[1]);
        let resumed = fit(Tiny::new(4, &device), &data, &config.clone().resume()).unwrap();
        assert_same(&whole, &resumed);

        folder.points().iter().for_each(|point| cut(point));
        let message = refusal(Tiny::new(4, &device), &data, &config);
        assert!(message.contains("est tronqué ou modifié"), "{message}");
        assert!(message.contains(file), "{message}");
    }
}

#[test]
fn another_format_is_refused() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let folder = Folder::new("format");
    let config = config().with_epochs(1).with_checkpoints(&folder.0);
    fit(Tiny::new(4, &device), &data, &config).unwrap();
    let state = folder.points()[0].join("etat.json");
    let text = fs::read_to_string(&state).unwrap();
    fs::write(&state, text.replacen("\"version\": 2", "\"version\": 1", 1)).unwrap();
    let message = refusal(Tiny::new(4, &device), &data, &config);
    assert!(message.contains("format 1"), "{message}");
}

#[test]
fn a_folder_that_cannot_be_made_is_refused_before_training() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let folder = Folder::new("fichier");
    let file = folder.0.join("occupe");
    fs::write(&file, "un fichier").unwrap();
    let config = config().with_checkpoints(file.join("dessous"));
    let error = fit(Tiny::new(4, &device), &data, &config).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("points de reprise"), "{message}");
    assert!(message.contains("n'est pas un dossier"), "{message}");
    assert!(!message.contains('\n'));
}

/// Writing fails because a file stands where the point is prepared. (Half-way failures are tested beside
/// the code that writes.)
#[test]
fn a_failed_writing_leaves_the_points_before_and_nothing_else() {
    let _alone = seeded(0);
    let (device, data) = (Device::flex(), data(8, 0));
    let folder = Folder::new("plein");
    let config = config().with_epochs(2).with_checkpoints(&folder.0);
    let first = fit(Tiny::new(4, &device), &data, &config).unwrap();
    let points = folder.points();
    assert_eq!(points.len(), 2);
    let training = points[0].parent().unwrap().to_path_buf();
    let in_the_way = training.join(format!("ecriture-{}", std::process::id()));
    fs::write(&in_the_way, "en travers").unwrap();

    let longer = config.clone().with_epochs(3).resume();
    let error = fit(Tiny::new(4, &device), &data, &longer).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("les précédents sont intacts"), "{message}");
    assert!(!message.contains('\n'), "{message}");

    fs::remove_file(&in_the_way).unwrap();
    assert_eq!(folder.points(), points);
    let again = fit(Tiny::new(4, &device), &data, &config.resume()).unwrap();
    assert_same(&first, &again);
}
