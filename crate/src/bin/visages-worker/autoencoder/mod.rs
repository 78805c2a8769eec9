//! One seed of the measures that the lab on the variational autoencoder cites, for `tp bench effets tp7`: its drawings, its
//! networks, and all that its claims need.
//!
//! | file | owns |
//! |---|---|
//! | `mod` | sizes, what is trained, what is told |
//! | `training` | one training, and its losses on both parts |
//! | `measures` | what a trained network says: codes, factors, far images, small classifiers |

mod measures;
mod training;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use visages::{
    burn::tensor::Device,
    data::{
        DrawnFacesConfig, ImageStore, Labelled, LabelledSplit, LoadOptions, Preset, SplitConfig,
        drawn_objects, mean_image, picture_measures, squared_errors, utkface,
    },
    host::StopFlag,
    train::{latent_means, reconstruction_errors},
};

use self::{
    measures::{Classifier, Estimate, Far, Known, Outside},
    training::{Course, Training},
};
use crate::{
    age_classes::Size,
    error::{Error, Result},
};

/// Side of the images.
const SIDE: usize = 64;
/// Images a batch.
const BATCH: usize = 64;
/// Latent variables: the lab's, and many.
const LATENT: [usize; 2] = [4, 32];
/// Weights of the divergence that make variables collapse: of few variables, of many. A variable that lessens the error by
/// less than half the weight is not worth its divergence, in a network of straight lines.
const LARGE_BETA: [f64; 2] = [100.0, 10.0];
/// One training image in so many is kept for the small training, and shown as many times: the steps are as many.
const KEPT: usize = 10;
/// Share of the images in test.
const TEST: f64 = 0.2;
/// Seeds between the drawings of other things and those of the lab.
const OTHERS: u64 = 1_000;

/// What a preset computes.
struct Sizes {
    /// Images of both parts.
    images: usize,
    /// Passes over the images.
    epochs: u32,
    /// Pictures of things.
    objects: usize,
    /// Labels of the small classifiers.
    labels: [usize; 2],
}

const fn sizes(preset: Preset) -> Sizes {
    match preset {
        Preset::Quick => Sizes {
            images: 400,
            epochs: 2,
            objects: 60,
            labels: [100, 300],
        },
        _ => Sizes {
            images: 2_500,
            epochs: 40,
            objects: 300,
            labels: [100, 1_000],
        },
    }
}

/// What is drawn and trained.
#[derive(Debug, Deserialize)]
pub struct Trial {
    preset: Size,
    seed: u64,
    /// Where drawings are kept, the lab's own.
    cache: PathBuf,
}

/// Sums of squared errors of reconstructions, an image.
#[derive(Debug, Serialize)]
struct Errors {
    /// Test faces, and the same by the mean of the training faces.
    faces: Estimate,
    mean_face: Estimate,
    /// Reconstruction less mean face, image by image.
    gain: Estimate,
    /// Things that are no faces, and the same by the mean of the training faces.
    objects: Estimate,
    objects_by_mean_face: Estimate,
    objects_gain: Estimate,
}

/// What the networks are worth.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// Images to learn from, and of test.
    images: [usize; 2],
    few: usize,
    /// The lab's network; on few images; on pictures whose colours are mixed up; with a large β; with many variables; with both.
    usual: Course,
    small: Course,
    scrambled: Course,
    beta: Course,
    many: Course,
    many_beta: Course,
    /// Error on the test images: mixed up less right, few images less all, image by image.
    scrambled_less_usual: Estimate,
    small_less_usual: Estimate,
    errors: Errors,
    outside: Vec<Outside>,
    far: Vec<Far>,
    factors: Vec<Known>,
    classifiers: Vec<Classifier>,
}

impl Trial {
    /// Draws, trains and asks.
    pub fn run(&self) -> Result<Outcome> {
        let device = Device::flex();
        let preset = Preset::from(self.preset);
        let sizes = sizes(preset);
        let parts = self.parts(preset, &sizes)?;
        let (train, test) = (parts.train.images(), parts.test.images());
        // Someone who stops this process finds again what it has learnt.
        let kept = self
            .cache
            .join(format!("apprentissages-tp7-{preset}-{}", self.seed));
        let training = |latent: usize, beta: f64, name: &str| Training {
            seed: self.seed,
            latent,
            beta,
            epochs: sizes.epochs,
            device: &device,
            checkpoints: Some(kept.join(name)),
        };
        let [few_latent, many_latent] = LATENT;

        let (model, usual) = training(few_latent, 1.0, "usual").run(train, train.len(), test)?;
        let [mixed_train, mixed_test] = [train, test].map(|images| scrambled(images, &device));
        let (mixed_train, mixed_test) = (mixed_train?, mixed_test?);
        let (mixed_model, scrambled) =
            training(few_latent, 1.0, "scrambled").run(&mixed_train, train.len(), &mixed_test)?;
        let (_, beta) =
            training(few_latent, LARGE_BETA[0], "beta").run(train, train.len(), test)?;
        let (many_model, many) =
            training(many_latent, 1.0, "many").run(train, train.len(), test)?;
        let (_, many_beta) =
            training(many_latent, LARGE_BETA[1], "many-beta").run(train, train.len(), test)?;
        // Images are in no order: the first ones are any.
        let few = (train.len() / KEPT).max(1);
        let rows: Vec<usize> = (0..train.len()).map(|row| row % few).collect();
        let (small_model, small) =
            training(few_latent, 1.0, "small").run(&train.select(&rows)?, few, test)?;

        let errors = |model, images| reconstruction_errors(model, images, BATCH, &device);
        let usual_errors = errors(&model, test)?;
        let small_errors = errors(&small_model, test)?;
        let mixed_errors = errors(&mixed_model, &mixed_test)?;
        let things = drawn_objects(sizes.objects, SIDE, self.seed + OTHERS)?;
        let things_errors = errors(&model, &things)?;
        let mean_face = mean_image(train)?;
        let [by_mean, things_by_mean] =
            [test, &things].map(|images| squared_errors(images, &mean_face));
        let (by_mean, things_by_mean) = (by_mean?, things_by_mean?);

        let codes = [&model, &many_model].map(|model| {
            let [of_train, of_test] =
                [train, test].map(|images| latent_means(model, images, BATCH, &device));
            Ok::<_, Error>([of_train?, of_test?])
        });
        let [codes, many_codes] = codes;
        let (codes, many_codes) = (codes?, many_codes?);
        let outcome = Outcome {
            images: [train.len(), test.len()],
            few,
            usual,
            small,
            scrambled,
            beta,
            many,
            many_beta,
            scrambled_less_usual: measures::paired(&mixed_errors, &usual_errors),
            small_less_usual: measures::paired(&small_errors, &usual_errors),
            errors: Errors {
                faces: measures::mean(&usual_errors),
                gain: measures::paired(&usual_errors, &by_mean),
                mean_face: measures::mean(&by_mean),
                objects: measures::mean(&things_errors),
                objects_gain: measures::paired(&things_errors, &things_by_mean),
                objects_by_mean_face: measures::mean(&things_by_mean),
            },
            outside: measures::outside(&codes[1]),
            far: measures::far(&model, train, test, &codes[1], &device)?,
            factors: measures::factors(&codes[1], parts.test.frame(), self.seed)?,
            classifiers: measures::classifiers(
                &parts,
                &[("4 nombres", codes), ("32 nombres", many_codes)],
                &sizes.labels,
                &device,
            )?,
        };
        // States that are left behind only take room.
        let _ = std::fs::remove_dir_all(&kept);
        Ok(outcome)
    }

    /// The lab's pictures in two parts, with what is known of each.
    fn parts(&self, preset: Preset, sizes: &Sizes) -> Result<LabelledSplit> {
        let config = DrawnFacesConfig::for_preset(preset).with_seed(self.seed);
        let folder = self.cache.join(config.folder_name());
        config.write_utkface_folder(&folder, &StopFlag::new(), |_, _| {})?;
        let files = utkface::usable(&utkface::correct(&utkface::scan(&folder)?)?)?;
        let options = LoadOptions::new()
            .with_size(SIDE, SIDE)
            .with_max_images(Some(sizes.images))
            .with_verbose(false);
        let factors = DrawnFacesConfig::true_factors(&folder)?
            .ok_or_else(|| Error::Execution("le dossier dessiné n'a pas de liste".to_owned()))?;
        let split = SplitConfig::new()
            .with_shares(0.0, TEST)
            .with_seed(self.seed);
        let mut faces = Labelled::read(&files, &options)?.join(&factors, "file")?;
        for column in picture_measures(faces.images())?.columns() {
            faces = faces.with_column(column.clone())?;
        }
        // Files are sorted by name, which begins with the age.
        Ok(faces.sample(faces.len(), self.seed)?.split(&split)?)
    }
}

/// The pictures as a network gets them when rows, columns and colours are read as colours, rows and columns.
fn scrambled(images: &ImageStore, device: &Device) -> Result<ImageStore> {
    let mut mixed = ImageStore::with_capacity(images.height(), images.width(), images.len());
    let rows: Vec<usize> = (0..images.len()).collect();
    for rows in rows.chunks(BATCH) {
        let last = images.to_tensor_channels_last(rows, device)?;
        let wrong = last.reshape([rows.len(), 3, SIDE, SIDE]);
        mixed.extend(&ImageStore::from_tensor(wrong)?)?;
    }
    Ok(mixed)
}
