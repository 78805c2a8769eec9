//! The wish to stop, heard by everything that lasts: what each loop keeps, and what it says of it.
//!
//! Whether a wish was answered belongs to the process, so that these tests take turns with all that look at it.

use std::{
    cell::{Cell, RefCell},
    path::{Path, PathBuf},
};

use crate::support::seeded;
use visages::{
    Error, Result,
    burn::{module::Module, tensor::Device},
    data::{
        DetectionConfig, DetectionLoader, FeatureConfig, ImageFolder, ImageStore, Labelled,
        LoadOptions, TestFaces, read_h5, split_by_content,
    },
    explain::{kl_by_dimension, latent_traversal},
    host::{self, Host, StopFlag},
    models::{DbVae, DbVaeConfig, StandardCnn, StandardCnnConfig},
    polars::prelude::df,
    train::{
        AdamConfig, DebiasingConfig, FitConfig, History, TrainingLog, ValidationTarget, evaluate,
        fit, fit_debiasing, latent_means, predict_probabilities, train_step,
    },
};

const SIDE: usize = 16;

thread_local! {
    static LOOKS_LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    static TOLD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Does `work` on one thread, the stop being wanted after so many looks; gives what it returned and what it told.
fn interrupted<R: Send>(looks: usize, work: impl FnOnce() -> R + Send) -> (R, Vec<String>) {
    host::install(Host {
        asked: || {
            LOOKS_LEFT.with(|left| match left.get() {
                Some(0) => true,
                Some(more) => {
                    left.set(Some(more - 1));
                    false
                }
                None => false,
            })
        },
        answered: |message| TOLD.with_borrow_mut(|told| told.push(message.to_owned())),
        reading: None,
        training: None,
    });
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.unwrap().install(|| {
        LOOKS_LEFT.set(Some(looks));
        (work(), TOLD.take())
    })
}

fn assert_stopped<R: std::fmt::Debug>(result: Result<R>, what: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }), "{error:?}");
    assert!(error.to_string().contains(what), "{error}");
}

fn images(count: usize, first: u8) -> ImageStore {
    let mut store = ImageStore::new(SIDE, SIDE);
    for image in 0..count {
        let pixels: Vec<u8> = (0..SIDE * SIDE * 3)
            .map(|at| (at * 7 + image * 31) as u8 ^ first)
            .collect();
        store.push(&pixels).unwrap();
    }
    store
}

fn loader() -> DetectionLoader {
    DetectionLoader::new(&images(60, 0), &images(60, 255), 0.25, 1).unwrap()
}

fn cnn() -> StandardCnn {
    let config = StandardCnnConfig::new().with_n_filters(4).with_n_hidden(8);
    config.with_image_size(SIDE).init(&Device::flex())
}

fn db_vae() -> DbVae {
    let config = DbVaeConfig::new().with_n_filters(4).with_n_hidden(8);
    let config = config.with_latent_dim(4).with_image_size(SIDE);
    config.init(&Device::flex())
}

fn short() -> FitConfig {
    FitConfig::new().with_batch_size(8).with_progress(false)
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("visages-arret-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn picture(&self, name: &str) {
        let path = self.0.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        image::RgbImage::new(4, 4).save(path).unwrap();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_training_keeps_its_steps() {
    let _generator = seeded(0);
    let data = loader();
    // One look before the epoch, one before each step.
    let (fitted, told) = interrupted(4, || fit(cnn(), &data, &short()).unwrap());
    assert_eq!((fitted.history.len(), fitted.stopped), (3, true));
    assert!(told[0].contains("au pas 3 sur"), "{told:?}");
    let (fitted, told) = interrupted(1_000, || fit(cnn(), &data, &short()).unwrap());
    assert_eq!((fitted.stopped, told.len()), (false, 0));
}

/// The loop that a student writes in a cell.
fn train_by_hand(
    model: StandardCnn,
    loader: &DetectionLoader,
    device: &Device,
) -> Result<(StandardCnn, History)> {
    let mut optimizer = AdamConfig::new().init();
    let mut log = TrainingLog::start(2, loader.train_size() / 8);
    let mut model = model.train();
    for epoch in log.epochs() {
        for batch in loader.batches(8, epoch.into(), device)? {
            if log.stops() {
                return Ok((model.valid(), log.finish()));
            }
            let (updated, loss) = train_step(model, &mut optimizer, &batch?, 5e-4)?;
            model = updated;
            log.step(epoch, loss)?;
        }
        let held_out = evaluate(&model, loader.held_out(), 32, device)?;
        log.end_epoch(epoch, &[("exactitude", held_out.accuracy)])?;
    }
    Ok((model.valid(), log.finish()))
}

#[test]
fn a_loop_of_ones_own_keeps_its_steps_too() {
    let _generator = seeded(0);
    let (data, device) = (loader(), Device::flex());
    let by_hand = || train_by_hand(cnn(), &data, &device).unwrap();
    // One look before each step.
    let ((_, history), told) = interrupted(3, by_hand);
    assert_eq!((history.len(), history.points().len()), (3, 0));
    assert!(told[0].contains("au pas 3 sur"), "{told:?}");
    let steps = data.train_size() / 8;
    let ((_, history), told) = interrupted(1_000, by_hand);
    assert_eq!((history.len(), told.len()), (2 * steps, 0));
    assert_eq!(history.epochs().last(), Some(&2));
    assert_eq!(history.metrics(), ["exactitude"]);
    assert_eq!(history.points()[1].step, 2 * steps);
    // Nothing says that more of it is better.
    assert_eq!(history.best_epoch(), None);
    let history = history.with_target(ValidationTarget::highest("exactitude"));
    assert!(history.best_epoch().is_some());
}

#[test]
fn a_loop_of_ones_own_hears_of_a_divergence() {
    let mut log = TrainingLog::start(1, 3);
    log.step(1, 0.5).unwrap();
    let message = log.step(1, f64::NAN).unwrap_err().to_string();
    assert!(message.contains("au pas 2, époque 1"), "{message}");
    assert!(message.contains("réduisez learning_rate, ou"), "{message}");
    let mut log = TrainingLog::start(2, 1);
    log.step(1, 0.5).unwrap();
    log.end_epoch(1, &[("perte", 0.4)]).unwrap();
    assert_eq!(log.history().best_epoch(), Some(1));
    for other in [
        &[("rappel", 0.1)][..],
        &[][..],
        &[("perte", 0.1), ("perte", 0.2)][..],
    ] {
        let message = log.end_epoch(2, other).unwrap_err().to_string();
        assert!(message.contains("validation"), "{message}");
    }
}

#[test]
fn a_debiasing_keeps_its_steps_and_its_model_while_it_encodes() {
    let _generator = seeded(0);
    let data = loader();
    let config = DebiasingConfig::new()
        .with_encoding_batch_size(10)
        .with_fit(short());
    let encodings = data.faces().len().div_ceil(10);
    // While the faces of the first epoch are encoded; after three steps; while those of the second epoch are encoded.
    let steps = data.train_size() / 8;
    for (looks, expected) in [
        (3, 0),
        (1 + encodings + 3, 3),
        (1 + encodings + steps + 1 + 2, steps),
    ] {
        let (fitted, told) =
            interrupted(looks, || fit_debiasing(db_vae(), &data, &config).unwrap());
        assert_eq!((fitted.history.len(), fitted.stopped), (expected, true));
        assert_eq!(told.len(), 1, "{told:?}");
    }
    // The other way to ask is heard there too.
    let flag = StopFlag::new();
    flag.request();
    let config = config.with_fit(short().with_stop(flag));
    let fitted = fit_debiasing(db_vae(), &data, &config).unwrap();
    assert_eq!((fitted.history.len(), fitted.stopped), (0, true));
}

#[test]
fn what_has_nothing_to_return_says_so() {
    let _generator = seeded(0);
    let (data, device) = (loader(), Device::flex());
    let (result, _) = interrupted(2, || {
        predict_probabilities(&cnn(), data.faces(), 10, &device)
    });
    assert_stopped(result, "le calcul des probabilités");
    let (result, _) = interrupted(2, || evaluate(&cnn(), data.held_out(), 10, &device));
    assert_stopped(result, "le calcul des probabilités");
    let (result, _) = interrupted(2, || latent_means(&db_vae(), data.faces(), 10, &device));
    assert_stopped(result, "l'encodage des images");
    let (result, _) = interrupted(2, || kl_by_dimension(&db_vae(), data.faces(), 10, &device));
    assert_stopped(result, "l'encodage des images");
    let (result, _) = interrupted(20, || split_by_content(data.faces(), 0.5, 1));
    assert_stopped(result, "la séparation des images");
    let (result, _) = interrupted(20, || data.content_hash());
    assert_stopped(result, "l'empreinte des images");
}

#[test]
fn a_traversal_keeps_its_rows() {
    let _generator = seeded(0);
    let (data, device, model) = (loader(), Device::flex(), db_vae());
    let mu = latent_means(&model, data.faces(), 10, &device).unwrap();
    let (traversal, told) = interrupted(1, || {
        latent_traversal(&model, &mu, None, &[0, 1, 2, 3], &[-1.0, 1.0], &device).unwrap()
    });
    // No look before the first row.
    assert_eq!(traversal.rows().len(), 2);
    assert!(told[0].contains("2 variables sur 4"), "{told:?}");
}

#[test]
fn a_folder_keeps_the_first_pictures() {
    let _generator = seeded(0);
    let folder = Folder::new("dossier");
    (0..30).for_each(|index| folder.picture(&format!("{index:02}.png")));
    let load = || ImageFolder::load("les essais", &folder.0, &LoadOptions::new());
    let (loaded, told) = interrupted(12, || load().unwrap());
    assert_eq!((loaded.len(), loaded.stopped), (12, true));
    assert_eq!(
        loaded.files.last().map(PathBuf::as_path),
        Some(Path::new("11.png"))
    );
    assert!(told[0].contains("12 fichiers lus sur 30"), "{told:?}");
    assert_stopped(interrupted(0, load).0, "la lecture (les essais)");
    let (loaded, told) = interrupted(30, || load().unwrap());
    assert_eq!((loaded.len(), loaded.stopped, told.len()), (30, false, 0));
}

#[test]
fn fairface_keeps_the_groups_of_the_first_pictures() {
    let _generator = seeded(0);
    let folder = Folder::new("fairface");
    let mut labels = "file,gender,race\n".to_owned();
    for (index, gender) in ["Male", "Female"].into_iter().enumerate() {
        for picture in 0..4 {
            let file = format!("{index}{picture}.png");
            folder.picture(&format!("fairface/{file}"));
            labels += &format!("{file},{gender},White\n");
        }
    }
    std::fs::write(folder.0.join("fairface/labels.csv"), labels).unwrap();
    let load = || TestFaces::fairface(&folder.0, &LoadOptions::new());
    // The table of labels comes first in the order of names that is read: « 00.png »… then « labels.csv ».
    let (faces, _) = interrupted(5, || load().unwrap().unwrap());
    let groups: Vec<_> = faces
        .groups
        .iter()
        .map(|group| (group.name.as_str(), group.images.len()))
        .collect();
    assert_eq!(groups, [("Femmes blanches", 1), ("Hommes blancs", 4)]);
    assert_stopped(interrupted(0, load).0, "la lecture (FairFace)");
}

#[test]
fn an_h5_file_keeps_the_first_window_of_rows() {
    let _generator = seeded(0);
    const FACES: usize = 1_000;
    const OTHERS: usize = 1_500;
    let folder = Folder::new("h5");
    let path = folder.0.join("train_face.h5");
    let mut builder = hdf5_pure::FileBuilder::new();
    let rows = FACES + OTHERS;
    let pixels: Vec<u8> = (0..rows)
        .flat_map(|row| [row as u8, (row >> 8) as u8].repeat(64 * 64 * 3 / 2))
        .collect();
    let shape = [rows as u64, 64, 64, 3];
    builder
        .create_dataset("images")
        .with_u8_data(&pixels)
        .with_shape(&shape);
    let labels: Vec<u8> = (0..rows).map(|row| u8::from(row < FACES)).collect();
    builder
        .create_dataset("labels")
        .with_u8_data(&labels)
        .with_shape(&[rows as u64, 1]);
    std::fs::write(&path, builder.finish().unwrap()).unwrap();

    let ((faces, others), told) = interrupted(2, || read_h5(&path, None, None).unwrap());
    assert_eq!((faces.len(), others.len()), (FACES, 1_024));
    assert!(told[0].contains("1024 images lues sur 1500"), "{told:?}");
    assert_stopped(
        interrupted(0, || read_h5(&path, None, None)).0,
        "les visages",
    );
    assert_stopped(
        interrupted(1, || read_h5(&path, None, None)).0,
        "les images sans visage",
    );
    // What was read is split all the same: the wish was answered.
    let (loader, _) = interrupted(2, || DetectionConfig::default().init(&path).unwrap());
    assert!(loader.train_size() > 1_000);
}

#[test]
fn features_keep_what_is_computed() {
    let folder = Folder::new("traits");
    let set = Labelled::new(
        images(40, 0),
        df!("number" => (0..40).collect::<Vec<i32>>()).unwrap(),
    );
    let set = set.unwrap();
    let network = cnn();
    let features = |looks| {
        let config = FeatureConfig::new(folder.0.join("traits")).with_batch_size(10);
        interrupted(looks, || {
            let seen = Cell::new(0);
            let features = config.compute(&network, &set, &Device::flex(), |network, images| {
                seen.set(seen.get() + images.dims()[0]);
                network.forward(images)
            });
            (features, seen.get())
        })
    };
    // One look an image for the content, then one before each batch.
    let ((stopped, seen), told) = features(42);
    assert_stopped(stopped, "le calcul des caractéristiques");
    assert_eq!(seen, 4 + 20);
    assert!(
        told[0].contains("20 images sur 40 sont gardées"),
        "{told:?}"
    );
    let ((features, seen), _) = features(1_000);
    assert_eq!((features.unwrap().len(), seen), (40, 4 + 20));
}
