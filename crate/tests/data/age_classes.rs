//! The images of the young-or-old lab: three parts without a common person or picture, balanced, matched where gender and
//! code are known; from drawings, a folder in the format of UTKFace, and a prepared CACD.

use std::collections::{HashMap, HashSet};

use crate::support::{TempFolder, encode};
use visages::{
    Error,
    data::{
        AgeClasses, AgeClassesConfig, AgeSource, Labelled, LoadOptions, Preset, age_class,
        match_classes,
    },
    image::{ImageFormat, Rgb, RgbImage},
    polars::prelude::DataType,
};

fn parts(faces: &AgeClasses) -> [&Labelled; 3] {
    [&faces.train, &faces.validation, &faces.test]
}

fn sizes(faces: &AgeClasses) -> [usize; 3] {
    parts(faces).map(Labelled::len)
}

/// As many of both classes in every combination of these columns, in each part.
fn assert_balanced(faces: &AgeClasses, on: &[&str]) {
    for part in parts(faces) {
        let columns: Vec<Vec<usize>> = on.iter().map(|name| part.classes(name).unwrap()).collect();
        let mut counts: HashMap<Vec<usize>, [usize; 2]> = HashMap::new();
        for (row, label) in part.classes("label").unwrap().into_iter().enumerate() {
            let group = columns.iter().map(|values| values[row]).collect();
            counts.entry(group).or_default()[label] += 1;
        }
        assert!(
            counts.values().all(|count| count[0] == count[1]),
            "{counts:?}"
        );
    }
}

fn people(part: &Labelled) -> HashSet<usize> {
    part.classes("person").unwrap().into_iter().collect()
}

fn assert_apart(faces: &AgeClasses) {
    let [train, validation, test] = parts(faces).map(people);
    assert!(
        train.is_disjoint(&validation) && train.is_disjoint(&test) && validation.is_disjoint(&test)
    );
    for part in [&faces.validation, &faces.test] {
        assert_eq!(faces.people_met(part).unwrap(), (people(part).len(), 0));
    }
}

fn hashes(part: &Labelled) -> Vec<String> {
    (0..part.len())
        .map(|row| {
            part.images()
                .select(&[row])
                .unwrap()
                .content_hash()
                .unwrap()
        })
        .collect()
}

fn drawn() -> AgeClassesConfig {
    AgeClassesConfig::new()
        .with_images(60, 20, 20)
        .with_shots(4)
        .with_seed(3)
        .with_load(LoadOptions::new().with_size(32, 32))
}

#[test]
fn drawn_people_are_in_one_part_only() {
    let faces = drawn().drawn().unwrap();
    assert_eq!(
        (sizes(&faces), faces.source),
        ([120, 40, 40], AgeSource::Drawings)
    );
    assert_apart(&faces);
    assert_balanced(&faces, &["gender", "race"]);
    assert!(faces.knows_people().unwrap() && faces.source.is_matched());
    assert_eq!(people(&faces.test).len(), 10);
    assert_eq!(
        faces.to_string(),
        "des dessins de 50 personnes ; 120 images pour l'entraînement, 40 pour la validation et 40 pour le test"
    );
    // The same seed gives the same images in the same parts, another one others.
    let again = drawn().drawn().unwrap();
    for (part, same) in parts(&faces).into_iter().zip(parts(&again)) {
        assert_eq!(part, same);
    }
    let other = drawn().with_seed(4).drawn().unwrap();
    assert!(faces.test != other.test);
    // Whole people: of 9 images wanted, two people's four each are there; of 3, one's four.
    let few = drawn().with_images(9, 3, 4).drawn().unwrap();
    assert_eq!(sizes(&few), [16, 8, 8]);
    assert!(matches!(
        drawn().with_images(10, 0, 10).drawn(),
        Err(Error::Argument {
            name: "validation",
            ..
        })
    ));
}

#[test]
fn a_split_by_image_deals_the_same_images_and_meets_people_again() {
    let faces = drawn().drawn().unwrap();
    let leaking = faces.split_by_image(5).unwrap();
    assert_eq!(sizes(&leaking), sizes(&faces));
    assert_balanced(&leaking, &[]);
    let all = |faces: &AgeClasses| -> Vec<String> {
        let mut all: Vec<String> = parts(faces).into_iter().flat_map(hashes).collect();
        all.sort();
        all
    };
    assert_eq!(all(&leaking), all(&faces));
    // Every image keeps its row.
    let known: HashMap<String, usize> = parts(&faces)
        .into_iter()
        .flat_map(|part| {
            hashes(part)
                .into_iter()
                .zip(part.classes("person").unwrap())
        })
        .collect();
    for part in parts(&leaking) {
        for (hash, person) in hashes(part)
            .into_iter()
            .zip(part.classes("person").unwrap())
        {
            assert_eq!(known[&hash], person);
        }
    }
    let (tested, met) = leaking.people_met(&leaking.test).unwrap();
    assert!(met * 10 >= tested * 8, "{met} of {tested}");
    assert_eq!(leaking.test, faces.split_by_image(5).unwrap().test);
    assert_ne!(leaking.test, faces.split_by_image(6).unwrap().test);
}

#[test]
fn presets_have_their_sizes() {
    let sizes = |preset, drawn| {
        let config = AgeClassesConfig::for_preset(preset, drawn);
        assert_eq!((config.load.width, config.load.height), (100, 100));
        [config.train, config.validation, config.test].map(|images| 2 * images)
    };
    for drawn in [true, false] {
        assert_eq!(sizes(Preset::Quick, drawn), [400, 100, 200]);
        assert_eq!(sizes(Preset::Session, drawn), [3_000, 600, 1_200]);
    }
    let [train, validation, test] = sizes(Preset::Full, false);
    assert_eq!((train + validation, test), (40_000, 8_000));
    assert_eq!(sizes(Preset::Full, true), [8_000, 1_600, 3_200]);
}

/// A picture of one colour, far enough from that of any other `number` for its file to be another.
fn face(number: u32) -> Vec<u8> {
    let colour = [number % 7 * 40, number / 7 % 7 * 40, number / 49 * 12].map(|value| value as u8);
    encode(RgbImage::from_pixel(20, 20, Rgb(colour)), ImageFormat::Jpeg)
}

/// Faces of a folder in the format of UTKFace: `count` of this age, gender and code, different pictures from `first` on.
pub fn write_utkface(
    folder: &TempFolder,
    (age, gender, code): (u32, u32, u32),
    first: u32,
    count: u32,
) {
    for index in first..first + count {
        let name = format!("UTKFace/{age}_{gender}_{code}_2017011617{index:07}.jpg.chip.jpg");
        folder.write(&name, &face(index));
    }
}

fn small() -> AgeClassesConfig {
    AgeClassesConfig::new()
        .with_seed(1)
        .with_load(LoadOptions::new().with_size(16, 16).with_verbose(false))
}

#[test]
fn utkface_is_matched_and_each_picture_is_there_once() {
    let folder = TempFolder::new();
    // Young women of code 0: 30, old ones 8; men of code 1: 10 and 14; young men of code 2 alone; ages between.
    write_utkface(&folder, (22, 1, 0), 0, 30);
    write_utkface(&folder, (55, 1, 0), 30, 8);
    write_utkface(&folder, (26, 0, 1), 40, 10);
    write_utkface(&folder, (52, 0, 1), 60, 14);
    write_utkface(&folder, (20, 0, 2), 80, 12);
    write_utkface(&folder, (40, 1, 0), 100, 20);
    // A second name of an old woman's picture, and an old one that has a young one's: nobody knows which is right.
    folder.write("UTKFace/55_1_0_20180116170000000.jpg.chip.jpg", &face(30));
    folder.write("UTKFace/60_0_1_20180116170000001.jpg.chip.jpg", &face(40));
    folder.write("UTKFace/illisible.jpg", b"rien");

    let faces = small().utkface(folder.path()).unwrap();
    // By hand: min(30, 8) = 8 pairs of women, min(10 − 1, 14) = 9 of men, 34 images; shares 1500 : 300 : 600.
    let sizes = sizes(&faces);
    assert_eq!(sizes.iter().sum::<usize>(), 34);
    for (size, share) in sizes.into_iter().zip([0.625, 0.125, 0.25]) {
        assert!((size as f64 - 34.0 * share).abs() <= 2.5, "{sizes:?}");
    }
    assert_balanced(&faces, &["gender", "race"]);
    assert_apart(&faces);
    assert!(!faces.knows_people().unwrap());
    let mut all: Vec<String> = parts(&faces).into_iter().flat_map(hashes).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 34);
    for part in parts(&faces) {
        let ages = part.classes("age").unwrap().into_iter();
        for (age, label) in ages.zip(part.classes("label").unwrap()) {
            assert_eq!(age_class(age as i32).map(usize::from), Some(label));
        }
        assert!(part.frame().column("path").is_err() && part.frame().column("file").is_err());
        let already = match_classes(part.frame(), "label", &["gender", "race"], 9).unwrap();
        assert_eq!(already.height(), part.len());
    }
    // Fewer are wanted than there are.
    let few = small().with_images(5, 1, 2).utkface(folder.path()).unwrap();
    assert_eq!(few.train.len() + few.validation.len() + few.test.len(), 16);
    assert_balanced(&few, &["gender", "race"]);
    // Another seed draws others of the young women.
    let other = small().with_seed(2).utkface(folder.path()).unwrap();
    assert_ne!(other.train, faces.train);
}

#[test]
fn each_photograph_is_of_one_test() {
    let folder = TempFolder::new();
    write_utkface(&folder, (22, 1, 0), 0, 20);
    write_utkface(&folder, (55, 1, 0), 20, 12);
    write_utkface(&folder, (26, 0, 1), 40, 9);
    write_utkface(&folder, (52, 0, 1), 60, 14);
    let folds = small().utkface_folds(folder.path(), 3).unwrap();
    // By hand: 12 pairs of women and 9 of men.
    assert_eq!(folds.len(), 3);
    let mut tested = Vec::new();
    for faces in &folds {
        assert_balanced(faces, &["gender", "race"]);
        assert_apart(faces);
        let [train, validation, test] = sizes(faces);
        assert_eq!((train + validation + test, test), (42, 14));
        assert!(validation >= 2 && validation < train);
        tested.extend(hashes(&faces.test));
    }
    tested.sort();
    tested.dedup();
    assert_eq!(tested.len(), 42);
    // The images are those of the other split, and another seed deals them otherwise.
    let other = small()
        .with_seed(2)
        .utkface_folds(folder.path(), 3)
        .unwrap();
    assert_ne!(other[0].test, folds[0].test);
    let error = small().utkface_folds(folder.path(), 1).unwrap_err();
    assert!(error.to_string().contains("folds"), "{error}");
    let empty = TempFolder::new();
    write_utkface(&empty, (22, 1, 0), 0, 3);
    assert!(small().utkface_folds(empty.path(), 3).is_err());
}

#[test]
fn too_few_photographs_are_told() {
    let folder = TempFolder::new();
    write_utkface(&folder, (22, 1, 0), 0, 3);
    write_utkface(&folder, (55, 0, 0), 10, 3);
    let error = small().utkface(folder.path()).unwrap_err();
    assert!(matches!(error, Error::FolderEmpty { .. }), "{error}");
    let error = small().cacd(folder.path()).unwrap_err();
    assert!(
        error.to_string().contains("cargo tp data import"),
        "{error}"
    );
}

/// A prepared CACD: `people` of each class in `train`, half as many in `test`, five pictures each.
pub fn write_cacd(folder: &TempFolder) {
    let mut picture = 0;
    for (side, people) in [("train", 0..12), ("test", 12..18)] {
        for person in people {
            for (class, age) in [(0, 21), (1, 58)] {
                for shot in 0..5 {
                    // Two people out of three are of one class.
                    if person % 3 != class + 1 {
                        let file = format!(
                            "cacd/{side}/{class}/{}_P{person}_É_{shot:04}.jpg",
                            age + shot % 3
                        );
                        folder.write(&file, &face(picture));
                        picture += 1;
                    }
                }
            }
        }
    }
}

#[test]
fn a_prepared_cacd_keeps_people_apart() {
    let folder = TempFolder::new();
    write_cacd(&folder);
    // Someone who is in the test part too, a copy of a picture of the test, and files that no name tells of.
    folder.write("cacd/train/0/22_P12_É_0900.jpg", &face(900));
    let tested = std::fs::read_dir(folder.path().join("cacd/test/1"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let copy = std::fs::read(tested.path()).unwrap();
    folder.write("cacd/train/1/58_Autre_Nom_0001.jpg", &copy);
    for index in 0..6 {
        folder.write(
            &format!("cacd/train/{}/photo{index}.jpg", index % 2),
            &face(950 + index),
        );
    }
    let cacd = folder.path().join("cacd");
    let faces = small().cacd(&cacd).unwrap();
    assert_eq!(faces.source, AgeSource::Cacd);
    assert_apart(&faces);
    assert_balanced(&faces, &[]);
    assert!(faces.knows_people().unwrap() && !faces.source.is_matched());
    // Six people of test: four in class 0, four in class 1, five pictures each.
    assert_eq!(faces.test.len(), 40);
    // Twelve of training: eight in each class, and three unknown faces; a sixth to validate.
    assert!(
        (70..=86).contains(&(faces.train.len() + faces.validation.len())),
        "{faces}"
    );
    assert!((8..=20).contains(&faces.validation.len()), "{faces}");
    let test: HashSet<String> = hashes(&faces.test).into_iter().collect();
    for part in [&faces.train, &faces.validation] {
        assert!(hashes(part).iter().all(|hash| !test.contains(hash)));
    }
    // Nobody's name is shown.
    for part in parts(&faces) {
        for column in part.frame().columns() {
            assert!(!["path", "file", "identity"].contains(&column.name().as_str()));
            if let Ok(texts) = column.cast(&DataType::String) {
                let texts = texts.str().unwrap().clone();
                assert!(
                    texts.iter().flatten().all(|text| !text.contains("P1")),
                    "{}",
                    column.name()
                );
            }
        }
    }
    let few = small().with_images(10, 4, 6).cacd(&cacd).unwrap();
    assert_eq!(sizes(&few), [20, 8, 12]);
}
