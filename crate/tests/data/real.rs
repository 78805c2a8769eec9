//! The loaders on the real data sets, where they are: `TP_DONNEES`, else `../shared/data`.

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    time::Instant,
};

use visages::{
    burn::tensor::Device,
    data::{
        AgeClassesConfig, DetectionConfig, ImageFolder, LoadOptions, Preset, TestFaces, age_class,
        match_classes,
        utkface::{self, UtkName},
    },
};

/// The data folder, if it holds `needed`; otherwise says that the test is skipped.
fn real_data(needed: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TP_DONNEES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    if root.join(needed).is_dir() {
        return Some(root);
    }
    println!(
        "test sauté : pas de dossier « {needed} » dans « {} » (TP_DONNEES peut en indiquer un autre)",
        root.display()
    );
    None
}

#[test]
fn the_twenty_test_faces() {
    let Some(root) = real_data("ppb") else { return };
    let faces = TestFaces::load(&root, &LoadOptions::default()).unwrap();
    assert_eq!(faces.len(), 20);
    for group in &faces.groups {
        assert_eq!(group.images.len(), 5, "{}", group.name);
    }
    // The confounding that the lab discusses: light faces are small, dark ones mostly are not.
    let large = |code: &str| {
        let group = faces
            .groups
            .iter()
            .find(|group| group.code == code)
            .unwrap();
        group
            .original_sizes
            .iter()
            .filter(|(width, _)| *width > 64)
            .count()
    };
    assert_eq!((large("LF"), large("LM")), (0, 0));
    assert_eq!(large("DF") + large("DM"), 7);
}

#[test]
fn celeba_and_imagenette_load_whole_and_fast() {
    let Some(root) = real_data("CelebA") else {
        return;
    };
    if real_data("imagenette").is_none() {
        return;
    }
    let start = Instant::now();
    let loader = DetectionConfig::default().init(&root).unwrap();
    println!("{loader} ({:.1} s)", start.elapsed().as_secs_f64());
    let held_out = loader.held_out();
    assert!(loader.train_size() + held_out.len() > 1_000);
    let share = held_out.len() as f64 / (loader.train_size() + held_out.len()) as f64;
    assert!((0.13..0.17).contains(&share), "{share}");
    let train: HashSet<std::borrow::Cow<[u8]>> = (0..loader.faces().len())
        .map(|index| loader.faces().image(index).unwrap())
        .collect();
    for index in 0..held_out.len() {
        assert!(!train.contains(&held_out.images().image(index).unwrap()));
    }
    let batch = loader.batch(100, 42, &Device::flex()).unwrap();
    let mean: f32 = batch.images.mean().into_scalar();
    assert!((0.2..0.8).contains(&mean), "{mean}");
}

/// What `Session` does: the second reading comes from the cache, and is the same.
#[test]
fn a_cache_gives_the_same_detection_set() {
    let Some(root) = real_data("CelebA") else {
        return;
    };
    let kept = std::env::temp_dir().join(format!("visages-reel-{}", std::process::id()));
    let load = |options: LoadOptions| {
        let start = Instant::now();
        let config = DetectionConfig::default().with_load(options.with_verbose(false));
        let hash = config.init(&root).unwrap().content_hash().unwrap();
        println!("{:.2} s", start.elapsed().as_secs_f64());
        hash
    };
    let plain = load(LoadOptions::default());
    let with_cache = || load(LoadOptions::default().with_cache(&kept));
    assert_eq!(with_cache(), plain);
    assert_eq!(with_cache(), plain);
    std::fs::remove_dir_all(&kept).unwrap();
}

#[test]
fn every_utkface_picture_is_readable() {
    let Some(root) = real_data("UTKFace") else {
        return;
    };
    let options = LoadOptions::new().with_max_images(Some(1_000));
    let start = Instant::now();
    let folder = ImageFolder::load("UTKFace", root.join("UTKFace"), &options).unwrap();
    println!(
        "{} images en {:.1} s",
        folder.len(),
        start.elapsed().as_secs_f64()
    );
    assert!(
        folder.unreadable.is_empty(),
        "{:?}",
        folder.report("UTKFace")
    );
    assert!(folder.original_sizes.iter().all(|&size| size == (200, 200)));
}

/// The classes of UTKFace against a count of its own, of names and of bytes.
#[test]
fn the_age_classes_of_utkface_are_matched() {
    let Some(root) = real_data("UTKFace") else {
        return;
    };
    // What the names of all the files with the same bytes say: nothing, where they disagree.
    let mut contents: HashMap<Vec<u8>, HashSet<_>> = HashMap::new();
    for file in std::fs::read_dir(root.join("UTKFace")).unwrap() {
        let path = file.unwrap().path();
        let name = UtkName::parse(&path.file_name().unwrap().to_string_lossy());
        let labels = (name.age.and_then(age_class), name.gender, name.race);
        let bytes = std::fs::read(path).unwrap();
        contents.entry(bytes).or_default().insert(labels);
    }
    let mut counts: HashMap<(u8, u8), [usize; 2]> = HashMap::new();
    for labels in contents.into_values() {
        let mut labels = labels.into_iter();
        if let (Some((Some(class), Some(gender), Some(race))), None) =
            (labels.next(), labels.next())
        {
            counts.entry((gender, race)).or_default()[usize::from(class)] += 1;
        }
    }
    let pairs: usize = counts.values().map(|[young, old]| *young.min(old)).sum();
    let faces = AgeClassesConfig::for_preset(Preset::Full, false)
        .utkface(&root.join("UTKFace"))
        .unwrap();
    println!("{faces}");
    let found = [&faces.train, &faces.validation, &faces.test].map(|part| {
        let labels = part.classes("label").unwrap();
        assert_eq!(2 * labels.iter().sum::<usize>(), part.len());
        let matched = match_classes(part.frame(), "label", &["gender", "race"], 0).unwrap();
        assert_eq!(matched.height(), part.len());
        part.len() / 2
    });
    // A name that lacks a label may be corrected: one pair more each.
    let total: usize = found.iter().sum();
    let most = pairs + utkface::corrections().unwrap().height();
    assert!((pairs..=most).contains(&total), "{total} of {pairs}");
}
