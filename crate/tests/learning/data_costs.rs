//! What data cost while a network learns. Measures rather than tests, run one at a time on an idle machine:
//!
//! ```text
//! cargo test --release -p visages --test learning data_costs -- --ignored --nocapture --test-threads 1
//! ```

use std::{path::PathBuf, time::Instant};

use crate::support::seeded;
use visages::{
    burn::{self, optim::ModuleOptimizer, prelude::*},
    data::{
        BatchConfig, DetectionConfig, ImageFolder, ImageStore, Labelled, LoadOptions, Storage,
        augment::{Augmenter, Transform},
    },
    models::StandardCnnConfig,
    ops::{
        BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Linear, MaxPool2d, MaxPool2dConfig,
        dense, relu,
    },
    polars::prelude::df,
    train::{AdamConfig, Classifier, train_step},
};

/// Network 2 of the original gender and age lab: four convolutions on 128 pixels, their mean, two dense layers.
#[derive(Module, Debug)]
struct Deep {
    convs: Vec<Conv2d>,
    norms: Vec<BatchNorm>,
    pool: MaxPool2d,
    hidden: Linear,
    output: Linear,
}

impl Deep {
    fn new(device: &Device) -> Self {
        let channels = [3, 32, 64, 128, 256];
        let conv = |pair: &[usize]| Conv2dConfig::new([pair[0], pair[1]], [3, 3]).init(device);
        Self {
            convs: channels.windows(2).map(conv).collect(),
            norms: channels[1..]
                .iter()
                .map(|n| BatchNormConfig::new(*n).init(device))
                .collect(),
            pool: MaxPool2dConfig::new([2, 2]).with_stride([2, 2]).init(),
            hidden: dense(256, 128, device),
            output: dense(128, 1, device),
        }
    }
}

impl Classifier for Deep {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let layers = self.convs.iter().zip(&self.norms);
        let features = layers.fold(images, |images, (conv, norm)| {
            self.pool.forward(norm.forward(relu(conv.forward(images))))
        });
        let means: Tensor<2> = features.mean_dims(&[2, 3]).flatten(1, 3);
        self.output.forward(relu(self.hidden.forward(means)))
    }
}

/// A network that costs nearly nothing: what is measured is how images come.
#[derive(Module, Debug)]
struct Shallow {
    conv: Conv2d,
    output: Linear,
}

impl Classifier for Shallow {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        let means: Tensor<2> = self.conv.forward(images).mean_dims(&[2, 3]).flatten(1, 3);
        self.output.forward(means)
    }
}

/// All that the networks of the original gender and age lab do to their images.
fn whole_list() -> Augmenter {
    [
        Transform::Flip { probability: 0.5 },
        Transform::QuarterTurns,
        Transform::Rotation { degrees: 15.0 },
        Transform::Translation { share: 0.1 },
        Transform::Zoom { share: 0.2 },
        Transform::Brightness { share: 0.1 },
        Transform::Contrast { share: 0.3 },
        Transform::Saturation { share: 0.2 },
        Transform::Hue { share: 0.1 },
        Transform::Noise { sd: 0.02 },
    ]
    .into_iter()
    .fold(Augmenter::new(1), Augmenter::with)
}

fn set(count: usize, side: usize) -> Labelled {
    let mut images = ImageStore::with_capacity(side, side, count);
    for image in 0..count {
        let pixel = |at: usize| ((at * at * 7 + image * 31) % 256) as u8;
        images
            .push(&(0..side * side * 3).map(pixel).collect::<Vec<u8>>())
            .unwrap();
    }
    let labels: Vec<u32> = (0..count as u32).map(|image| image % 2).collect();
    Labelled::new(images, df!("label" => labels).unwrap()).unwrap()
}

/// One epoch; seconds it took.
fn epoch<M: Classifier>(
    model: M,
    optimizer: &mut ModuleOptimizer,
    set: &Labelled,
    config: &BatchConfig,
    number: u32,
) -> (M, f64) {
    let start = Instant::now();
    let mut model = model;
    for batch in config.epoch(set, number, &Device::flex()).unwrap() {
        let batch = batch.unwrap();
        let batch = visages::data::Batch {
            labels: batch.target("label").unwrap(),
            images: batch.images,
        };
        model = train_step(model, optimizer, &batch, 1e-4).unwrap().0;
    }
    (model, start.elapsed().as_secs_f64())
}

/// Pairs of epochs without and with augmentation, in turn; the median of their ratios.
fn ratio<M: Classifier>(name: &str, model: M, set: &Labelled, pairs: u32) -> f64 {
    let plain = BatchConfig::new(32);
    let augmented = plain.clone().with_augmenter(whole_list());
    let mut optimizer = AdamConfig::new().init();
    let (mut model, _) = epoch(model.train(), &mut optimizer, set, &plain, 0);
    let mut ratios = Vec::new();
    for pair in 1..=pairs {
        let (next, without) = epoch(model, &mut optimizer, set, &plain, pair);
        let (next, with) = epoch(next, &mut optimizer, set, &augmented, pair);
        model = next;
        let steps = set.len() as f64 / 32.0;
        println!(
            "{name} : {:.1} ms un pas sans, {:.1} ms avec, rapport {:.3}",
            1e3 * without / steps,
            1e3 * with / steps,
            with / without
        );
        ratios.push(with / without);
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

#[test]
#[ignore = "a measure: minutes, on an idle machine"]
fn augmentation_beside_a_training() {
    let _g = seeded(1);
    let device = Device::flex();
    let small = ratio(
        "CNN 64",
        StandardCnnConfig::new().init(&device),
        &set(1_280, 64),
        7,
    );
    let large = ratio("CNN 128", Deep::new(&device), &set(320, 128), 7);
    println!("médianes : CNN 64 {small:.3}, CNN 128 {large:.3}");
    assert!(small <= 1.35 && large <= 1.05);
}

/// A line of `/proc/self/status`, in MB.
fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .unwrap();
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kibibytes * 1024.0 / 1e6
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `count` JPEG pictures of `side` pixels.
fn generate(folder: &std::path::Path, count: usize, side: u32) {
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..count as u32 {
        let picture = visages::image::RgbImage::from_fn(side, side, |x, y| {
            visages::image::Rgb([x as u8, y as u8, (number / 100) as u8])
                .0
                .map(|value| value.wrapping_add((number * 37) as u8))
                .into()
        });
        picture
            .save(folder.join(format!("{number:05}.jpg")))
            .unwrap();
    }
}

#[test]
#[ignore = "a measure: 24,000 generated pictures, minutes, 5 GB of disk"]
fn pictures_larger_than_memory() {
    let _g = seeded(1);
    let folder =
        Folder(std::env::temp_dir().join(format!("visages-memoire-{}", std::process::id())));
    generate(&folder.0.join("images"), 24_000, 224);
    println!("après la génération : pic {:.0} Mo", status("VmHWM:"));
    let options = LoadOptions::new()
        .with_size(224, 224)
        .with_cache(folder.0.join("cache"))
        .with_storage(Storage::Disk);
    let device = Device::flex();
    for reading in ["décodage", "relecture"] {
        let start = Instant::now();
        let images = ImageFolder::load("les images", folder.0.join("images"), &options).unwrap();
        assert!(images.images.is_on_disk());
        println!(
            "{reading} : {:.0} s, pic {:.0} Mo",
            start.elapsed().as_secs_f64(),
            status("VmHWM:")
        );
    }
    let images = ImageFolder::load("les images", folder.0.join("images"), &options)
        .unwrap()
        .images;
    let labels: Vec<u32> = (0..images.len() as u32).map(|image| image % 2).collect();
    let set = Labelled::new(images, df!("label" => labels).unwrap()).unwrap();
    let start = Instant::now();
    set.split_by_content(0.2, 1).unwrap();
    println!(
        "séparation : {:.0} s, pic {:.0} Mo",
        start.elapsed().as_secs_f64(),
        status("VmHWM:")
    );
    let network = Shallow {
        conv: Conv2dConfig::new([3, 8], [7, 7])
            .with_stride([4, 4])
            .init(&device),
        output: dense(8, 1, &device),
    };
    let augmenter = whole_list();
    let mut optimizer = AdamConfig::new().init();
    let plain = BatchConfig::new(32);
    let (network, seconds) = epoch(network.train(), &mut optimizer, &set, &plain, 1);
    println!(
        "une époque : {seconds:.0} s, pic {:.0} Mo",
        status("VmHWM:")
    );
    let augmented = plain.with_augmenter(augmenter);
    let (_, seconds) = epoch(network, &mut optimizer, &set, &augmented, 2);
    println!(
        "une époque augmentée : {seconds:.0} s, pic {:.0} Mo",
        status("VmHWM:")
    );
    assert!(status("VmHWM:") < 1_500.0);
}

/// What a detection set takes of memory, beside the bytes of its pixels.
#[test]
#[ignore = "a measure: it is run alone, for the memory of other tests counts"]
fn a_detection_set_takes_its_pixels_once() {
    let folder =
        Folder(std::env::temp_dir().join(format!("visages-copies-{}", std::process::id())));
    generate(&folder.0.join("visages"), 12_000, 64);
    generate(&folder.0.join("non_visages"), 12_000, 64);
    let before = status("VmRSS:");
    let config = DetectionConfig::default().with_load(LoadOptions::new().with_size(128, 128));
    let loader = config.init(&folder.0).unwrap();
    let pixels = (loader.train_size() + loader.held_out().len()) as f64 * 128.0 * 128.0 * 3.0 / 1e6;
    let peak = status("VmHWM:") - before;
    println!(
        "pixels {pixels:.0} Mo, pic {peak:.0} Mo, rapport {:.2}",
        peak / pixels
    );
    assert!(peak < 1.15 * pixels);
}
