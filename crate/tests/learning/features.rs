//! Features of a frozen network: computed once, kept under what they depend on, read back.

use std::{
    cell::Cell,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::support::{seeded, values};
use visages::{
    Error, Result,
    burn::prelude::*,
    data::{
        BatchConfig, FeatureConfig, Features, ImageStore, Labelled, SplitConfig,
        augment::Augmenter, weights_hash,
    },
    ops::{BatchNormConfig, Linear, dense},
    polars::prelude::{col, df, lit},
};

/// `count` images of 2 × 2 pixels that hold their number, and their column `number`.
fn numbered(count: u16) -> Labelled {
    let mut images = ImageStore::new(2, 2);
    for number in 0..count {
        let mut pixels = [7; 12];
        pixels[..2].copy_from_slice(&number.to_le_bytes());
        images.push(&pixels).unwrap();
    }
    let numbers: Vec<u32> = (0..u32::from(count)).collect();
    let group: Vec<u32> = numbers.iter().map(|number| number / 2).collect();
    let frame = df!("number" => numbers, "content_hash" => group).unwrap();
    Labelled::new(images, frame).unwrap()
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("visages-traits-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    fn config(&self) -> FeatureConfig {
        FeatureConfig::new(&self.0)
            .with_batch_size(8)
            .with_verbose(false)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn network(seed: u64) -> Linear {
    let _g = seeded(seed);
    dense(12, 5, &Device::flex())
}

/// The features, and how many images went through the network.
fn compute(config: &FeatureConfig, network: &Linear, set: &Labelled) -> (Result<Features>, usize) {
    let seen = Cell::new(0);
    let features = config.compute(network, set, &Device::flex(), |network, images| {
        seen.set(seen.get() + images.dims()[0]);
        network.forward(images.flatten(1, 3))
    });
    (features, seen.get())
}

fn direct(network: &Linear, set: &Labelled) -> Vec<f32> {
    let images = set.images().all_to_tensor(&Device::flex()).unwrap();
    values(network.forward(images.flatten::<2>(1, 3)))
}

fn assert_are(features: &Features, expected: &[f32]) {
    let found = values(features.all_to_tensor(&Device::flex()).unwrap());
    crate::support::assert_close(&found, expected, 1e-5);
}

#[test]
fn features_are_computed_once_and_private() {
    let folder = Folder::new("une-fois");
    let (network, set) = (network(1), numbered(30));
    let expected = direct(&network, &set);
    let (first, seen) = compute(&folder.config(), &network, &set);
    let first = first.unwrap();
    // The first four show that the file is the right one.
    assert_eq!(seen, 34);
    assert_are(&first, &expected);
    let (second, seen) = compute(&folder.config(), &network, &set);
    assert_eq!(seen, 4);
    let second = second.unwrap();
    let bits = |features: &Features| values(features.all_to_tensor(&Device::flex()).unwrap());
    assert_eq!(bits(&first), bits(&second));
    assert_eq!((second.len(), second.dim()), (30, 5));
    assert_eq!(second.row(29).unwrap(), &bits(&first)[29 * 5..]);
    assert!(second.row(30).is_err());
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(folder.files().len(), 1);
    assert_eq!((mode(&folder.0), mode(&folder.files()[0])), (0o700, 0o600));
}

#[test]
fn what_features_depend_on_makes_another_file() {
    let folder = Folder::new("clés");
    let (one, set) = (network(1), numbered(20));
    compute(&folder.config(), &one, &set).0.unwrap();
    let mut files = 1;
    let mut other = |config: &FeatureConfig, network: &Linear, set: &Labelled| {
        let (features, seen) = compute(config, network, set);
        assert_are(&features.unwrap(), &direct(network, set));
        files += 1;
        assert_eq!((seen, folder.files().len()), (set.len() + 4, files));
    };
    other(&folder.config(), &network(2), &set);
    other(&folder.config().with_preprocessing("de -1 à 1"), &one, &set);
    other(&folder.config(), &one, &numbered(21));
    other(
        &folder.config(),
        &one,
        &set.sort(&["number"], true).unwrap(),
    );
    // The batch size and the frame change nothing.
    let (_, seen) = compute(&folder.config().with_batch_size(3), &one, &numbered(20));
    assert_eq!(seen, 4);
}

#[test]
fn running_statistics_are_weights_too() {
    let device = Device::flex();
    let norm = BatchNormConfig::new(3).init(&device);
    let hash = weights_hash(&norm).unwrap();
    assert_eq!(hash, weights_hash(&norm.clone()).unwrap());
    let followed = norm.clone().train();
    let images = Tensor::<4>::ones([2, 3, 4, 4], &device);
    followed.forward(images.autodiff());
    let followed = followed.valid();
    assert_ne!(hash, weights_hash(&followed).unwrap());
}

#[test]
fn damaged_or_foreign_files_and_other_computations_are_replaced() {
    let folder = Folder::new("abîmés");
    let (network, set) = (network(1), numbered(20));
    compute(&folder.config(), &network, &set).0.unwrap();
    let file = folder.files().remove(0);
    let sound = std::fs::read(&file).unwrap();
    let mut flipped = sound.clone();
    flipped[56 + 19 * 20] ^= 1;
    let mut foreign = sound.clone();
    foreign[9] ^= 1;
    for bad in [
        &sound[..sound.len() - 1],
        &sound[..60],
        &flipped,
        &foreign,
        b"",
    ] {
        std::fs::write(&file, bad).unwrap();
        let (features, seen) = compute(&folder.config(), &network, &set);
        assert_are(&features.unwrap(), &direct(&network, &set));
        assert_eq!(seen, 24);
        assert_eq!(std::fs::read(&file).unwrap(), sound);
    }
    // The same weights, used otherwise.
    let doubled = folder
        .config()
        .compute(&network, &set, &Device::flex(), |network, images| {
            network.forward(images.flatten(1, 3)) * 2.0
        });
    let expected: Vec<f32> = direct(&network, &set)
        .iter()
        .map(|value| 2.0 * value)
        .collect();
    assert_are(&doubled.unwrap(), &expected);
}

#[test]
fn a_computation_that_was_cut_goes_on() {
    let folder = Folder::new("reprise");
    let (network, set) = (network(1), numbered(30));
    compute(&folder.config(), &network, &set).0.unwrap();
    let file = folder.files().remove(0);
    let whole = std::fs::read(&file).unwrap();
    let partial = file.with_extension("partiel");
    std::fs::remove_file(&file).unwrap();
    // Two batches of eight and a part of a line; the file begins with 56 bytes, a line has 20.
    std::fs::write(&partial, &whole[..56 + 17 * 20 + 3]).unwrap();
    let (features, seen) = compute(&folder.config(), &network, &set);
    assert_eq!(seen, 4 + 14);
    assert_are(&features.unwrap(), &direct(&network, &set));
    assert_eq!(folder.files(), std::slice::from_ref(&file));
    assert_eq!(std::fs::read(&file).unwrap(), whole);

    // What another computation left is not used.
    std::fs::remove_file(&file).unwrap();
    let mut other = whole[..56 + 16 * 20].to_vec();
    other[56..60].copy_from_slice(&9e9_f32.to_le_bytes());
    for left in [&other[..], &whole[..30], b"x"] {
        std::fs::write(&partial, left).unwrap();
        let (_, seen) = compute(&folder.config(), &network, &set);
        assert_eq!(seen, 34);
        assert_eq!(std::fs::read(&file).unwrap(), whole);
        std::fs::remove_file(&file).unwrap();
    }

    // Another process computes the same: both end, neither spoils the other's.
    let held = std::fs::File::create(&partial).unwrap();
    held.try_lock().unwrap();
    let (features, _) = compute(&folder.config(), &network, &set);
    assert_are(&features.unwrap(), &direct(&network, &set));
    assert_eq!(std::fs::read(&file).unwrap(), whole);
    assert_eq!(held.metadata().unwrap().len(), 0);
    assert_eq!(folder.files().len(), 2);
}

#[test]
fn parts_and_batches_keep_their_features() {
    let folder = Folder::new("parts");
    let (network, set) = (network(3), numbered(60));
    let device = Device::flex();
    let features = compute(&folder.config(), &network, &set).0.unwrap();
    let parts = set.split(&SplitConfig::new()).unwrap();
    let view = parts.train.sort(&["number"], true).unwrap();
    let of_view = features.of(&view).unwrap();
    assert_are(&of_view, &direct(&network, &view));
    for config in [
        BatchConfig::new(7),
        BatchConfig::new(5).weighted(&vec![1.0; view.len()]),
    ] {
        let batches = of_view.batches(&config, 2, &device).unwrap();
        let images = config.epoch(&view, 2, &device).unwrap();
        assert_eq!(batches.len(), images.len());
        for (batch, images) in batches.zip(images) {
            let (batch, images) = (batch.unwrap(), images.unwrap());
            assert_eq!(batch.rows, images.rows);
            assert_eq!(
                values(batch.target("number").unwrap()),
                values(images.target("number").unwrap())
            );
            let expected = values(network.forward(images.images.flatten::<2>(1, 3)));
            crate::support::assert_close(&values(batch.features), &expected, 1e-5);
        }
    }
    // A part of a part, and sets that are not of this whole or not all in it.
    let few = of_view
        .of(&view.filter(col("number").lt(lit(20))).unwrap())
        .unwrap();
    assert_eq!(
        few.row(0).unwrap(),
        features.row(few.set().rows()[0]).unwrap()
    );
    assert!(features.of(&numbered(60)).is_err());
    assert!(of_view.of(&parts.test).is_err());
    let augmented = BatchConfig::new(7).with_augmenter(Augmenter::new(1));
    assert!(features.batches(&augmented, 1, &device).is_err());
}

#[test]
fn wrong_features_are_told() {
    let folder = Folder::new("fautes");
    let (network, set) = (network(1), numbered(10));
    let device = Device::flex();
    let config = folder.config();
    let one_line = config.compute(&network, &set, &device, |network, images| {
        network.forward(images.flatten(1, 3)).narrow(0, 0, 1)
    });
    assert!(matches!(one_line.unwrap_err(), Error::Shape { .. }));
    let nan = config.compute(&network, &set, &device, |network, images| {
        network.forward(images.flatten(1, 3)) * f32::NAN
    });
    let message = nan.unwrap_err().to_string();
    assert!(message.contains("NaN pour l'image 0"), "{message}");
    assert!(
        compute(&config.clone().with_batch_size(0), &network, &set)
            .0
            .is_err()
    );
    assert!(compute(&config, &network, &numbered(0)).0.is_err());
}
