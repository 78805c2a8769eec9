//! JPEG files of every kind: scaled and whole decodes against Pillow's, and damaged files.
//! See fixtures/make_jpegs.py.

use std::{collections::BTreeMap, path::PathBuf};

use crate::support::TempFolder;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use visages::data::{Decoding, ImageFolder, ImageStore, LoadOptions, classes};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/jpeg")
}

fn load(decoding: Decoding) -> (Vec<String>, ImageStore) {
    let options = LoadOptions::new()
        .with_size(24, 24)
        .with_decoding(decoding)
        .with_verbose(false);
    let folder = ImageFolder::load("les essais", fixtures(), &options).unwrap();
    assert!(folder.unreadable.is_empty(), "{:?}", folder.unreadable);
    let name = |file: &PathBuf| file.file_stem().unwrap().to_str().unwrap().to_owned();
    (folder.files.iter().map(name).collect(), folder.images)
}

fn mean_difference(one: &[u8], other: &[u8]) -> f64 {
    let sum: u64 = one
        .iter()
        .zip(other)
        .map(|(a, b)| u64::from(a.abs_diff(*b)))
        .sum();
    sum as f64 / one.len() as f64
}

#[test]
fn pixels_are_those_of_pillow() {
    let expected: BTreeMap<String, Vec<u8>> =
        serde_json::from_str(include_str!("../fixtures/jpeg/expected.json")).unwrap();
    for (decoding, most) in [(Decoding::Full, 1.0), (Decoding::Scaled, 2.0)] {
        let (names, images) = load(decoding);
        assert_eq!(names.len(), expected.len());
        for (index, name) in names.iter().enumerate() {
            let pixels = images.image(index).unwrap();
            let difference = mean_difference(&pixels, &expected[name]);
            println!("{decoding:?} {name} : {difference:.2}");
            assert!(difference < most, "{decoding:?} {name}: {difference}");
        }
    }
}

#[test]
fn both_decodings_tell_the_same_size() {
    let sizes = |decoding| {
        let options = LoadOptions::new()
            .with_size(24, 24)
            .with_decoding(decoding)
            .with_verbose(false);
        let folder = ImageFolder::load("les essais", fixtures(), &options).unwrap();
        folder.original_sizes
    };
    assert_eq!(sizes(Decoding::Scaled), sizes(Decoding::Full));
}

/// 10,000 files damaged by a seeded draw: flipped bits, bytes that change, cuts, repeated parts. None may panic,
/// each is read or reported, and enough of them are still pictures for the decoder itself to be tried.
#[test]
fn ten_thousand_damaged_files() {
    const FILES: usize = 10_000;
    let sources: Vec<Vec<u8>> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jpg"))
        .map(|path| std::fs::read(path).unwrap())
        .chain([crate::support::png(40, 30, 1)])
        .collect();
    let mut rng = StdRng::seed_from_u64(20_240);
    let folder = TempFolder::new();
    for index in 0..FILES {
        let mut bytes = sources[index % sources.len()].clone();
        // Damage anywhere; most of it after the tables, where a decoder gets the farthest.
        for _ in 0..rng.random_range(1..4) {
            let from = if rng.random_bool(0.75) {
                bytes.len() / 2
            } else {
                2
            };
            let at = rng.random_range(from..bytes.len());
            match rng.random_range(0..8) {
                0..=3 => bytes[at] ^= 1 << rng.random_range(0..8),
                4 | 5 => bytes[at] = rng.random(),
                6 => {
                    let end = (at + rng.random_range(1..40)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    bytes.splice(at..at, copy);
                }
                _ => bytes.truncate(at.max(4)),
            }
        }
        folder.write(&format!("{index:05}.jpg"), &bytes);
    }
    for decoding in [Decoding::Scaled, Decoding::Full] {
        let options = LoadOptions::new()
            .with_size(24, 24)
            .with_decoding(decoding)
            .with_verbose(false);
        let loaded = ImageFolder::load("les essais", folder.path(), &options).unwrap();
        let seen = loaded.len() + loaded.unreadable.len() + loaded.ignored;
        assert_eq!(seen, FILES);
        println!("{decoding:?} : {} images lues sur {FILES}", loaded.len());
        assert!(loaded.len() >= FILES * 3 / 10, "{}", loaded.len());
        assert!(loaded.unreadable.iter().all(|file| !file.reason.is_empty()));
    }
    let scanned = classes::scan(folder.path()).unwrap();
    assert_eq!(scanned.height(), FILES);
    let hashes = scanned.column("content_hash").unwrap();
    let usable = FILES - hashes.null_count();
    println!("Examen : {usable} images sur {FILES}");
    assert!((FILES * 3 / 10..FILES).contains(&usable), "{usable}");
}
