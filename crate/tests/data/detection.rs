//! Detection data: folder names, split, balanced batches, test faces.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use crate::support::{TempFolder, encode, jpeg, png};
use visages::{
    burn::tensor::Device,
    data::{
        Batch, DetectionConfig, DetectionLoader, Framing, ImageStore, LABEL, LoadOptions, TestFaces,
    },
    fairness::Audit,
    image::{ImageFormat, Rgb, RgbImage},
    metrics::Metric,
    models::StandardCnnConfig,
    train::predict,
};

/// `count` different images of 4 × 4 pixels whose first byte is `class`.
fn store(class: u8, count: u16) -> ImageStore {
    let mut store = ImageStore::new(4, 4);
    for index in 0..count {
        let mut pixels = [0; 48];
        pixels[0] = class;
        pixels[1..3].copy_from_slice(&index.to_le_bytes());
        store.push(&pixels).unwrap();
    }
    store
}

const FACE_BYTE: u8 = 200;
const OTHER_BYTE: u8 = 10;

fn loader(faces: u16, others: u16) -> DetectionLoader {
    DetectionLoader::new(
        &store(FACE_BYTE, faces),
        &store(OTHER_BYTE, others),
        0.2,
        42,
    )
    .unwrap()
}

/// Label and number of every image of a batch, read back from its pixels.
fn read(batch: &Batch) -> Vec<(f32, u8, u16)> {
    let labels: Vec<f32> = batch.labels.clone().try_into_vec_as().unwrap();
    let images = ImageStore::from_tensor(batch.images.clone()).unwrap();
    assert_eq!(images.len(), labels.len());
    labels
        .iter()
        .enumerate()
        .map(|(index, &label)| {
            let pixels = images.image(index).unwrap();
            let number = u16::from_le_bytes([pixels[1], pixels[2]]);
            (label, pixels[0], number)
        })
        .collect()
}

#[test]
fn train_and_held_out_share_no_image() {
    let loader = loader(300, 200);
    let held_out = loader.held_out();
    assert_eq!(loader.train_size() + held_out.len(), 500);
    let mut seen = HashSet::new();
    for images in [loader.faces(), loader.non_faces(), held_out.images()] {
        for index in 0..images.len() {
            assert!(seen.insert(images.image(index).unwrap().to_vec()));
        }
    }
    let labels = held_out.classes(LABEL).unwrap();
    for (index, &label) in labels.iter().enumerate() {
        let expected = if label == 1 { FACE_BYTE } else { OTHER_BYTE };
        assert_eq!(held_out.images().image(index).unwrap()[0], expected);
    }
    // Within five standard deviations of 20 % in each class.
    let faces = labels.iter().filter(|&&label| label == 1).count();
    assert!((26..=94).contains(&faces), "{faces}");
    assert!((12..=68).contains(&(held_out.len() - faces)));
}

#[test]
fn identical_images_never_straddle() {
    let mut faces = store(FACE_BYTE, 100);
    faces.extend(&store(FACE_BYTE, 100)).unwrap();
    let loader = DetectionLoader::new(&faces, &store(OTHER_BYTE, 100), 0.3, 1).unwrap();
    let train: HashSet<Cow<[u8]>> = (0..loader.faces().len())
        .map(|index| loader.faces().image(index).unwrap())
        .collect();
    let held_out = loader.held_out();
    for index in 0..held_out.len() {
        assert!(!train.contains(&held_out.images().image(index).unwrap()));
    }
    assert_eq!(loader.faces().len(), 2 * train.len());
}

#[test]
fn batches_are_balanced_seeded_and_without_repetition() {
    let device = Device::flex();
    let loader = loader(60, 50);
    let batch = loader.batch(20, 7, &device).unwrap();
    assert_eq!(batch.images.dims(), [20, 3, 4, 4]);
    let content = read(&batch);
    assert_eq!(
        content.iter().filter(|(label, ..)| *label == 1.0).count(),
        10
    );
    for (label, byte, _) in &content {
        assert_eq!(*byte, if *label == 1.0 { FACE_BYTE } else { OTHER_BYTE });
    }
    let different: HashSet<_> = content
        .iter()
        .map(|(_, byte, number)| (byte, number))
        .collect();
    assert_eq!(different.len(), 20);

    assert_eq!(content, read(&loader.batch(20, 7, &device).unwrap()));
    assert_ne!(content, read(&loader.batch(20, 8, &device).unwrap()));
}

#[test]
fn an_epoch_has_the_right_length_and_spreads_over_the_images() {
    let device = Device::flex();
    let loader = loader(200, 120);
    let batches = loader.batches(16, 3, &device).unwrap();
    let expected = loader.train_size() / 16;
    assert_eq!(batches.len(), expected);
    let mut uses: HashMap<(u8, u16), u32> = HashMap::new();
    let mut epoch = Vec::new();
    for batch in batches {
        let content = read(&batch.unwrap());
        for (_, byte, number) in &content {
            *uses.entry((*byte, *number)).or_default() += 1;
        }
        epoch.push(content);
    }
    assert_eq!(epoch.len(), expected);
    // Faces outnumber what an epoch needs: none is seen twice. The others are dealt again only
    // once the whole deck has passed.
    let most = |class: u8| {
        let counts = uses.iter().filter(|((byte, _), _)| *byte == class);
        counts.map(|(_, count)| *count).max().unwrap()
    };
    assert_eq!(most(FACE_BYTE), 1);
    assert!(most(OTHER_BYTE) <= 2);

    let again: Vec<_> = loader
        .batches(16, 3, &device)
        .unwrap()
        .map(|batch| read(&batch.unwrap()))
        .collect();
    assert_eq!(epoch, again);
    let first_of_another_seed = loader
        .batches(16, 4, &device)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_ne!(epoch[0], read(&first_of_another_seed));
}

/// FNV-1a of what batches hold: labels, classes and numbers, in order.
fn fingerprint<B: std::borrow::Borrow<Batch>>(batches: impl Iterator<Item = B>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for batch in batches {
        for (label, byte, number) in read(batch.borrow()) {
            for part in [label as u64, u64::from(byte), u64::from(number)] {
                hash = (hash ^ part).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    hash
}

/// What a seed draws is part of what a training is: these values were taken before batches became views of one set.
#[test]
fn a_seed_draws_what_it_always_drew() {
    let device = Device::flex();
    let loader = loader(60, 50);
    let epoch = |seed| {
        let batches = loader.batches(16, seed, &device).unwrap();
        fingerprint(batches.map(|batch| batch.unwrap()))
    };
    let probabilities: Vec<f64> = (0..loader.faces().len()).map(|i| (i % 5) as f64).collect();
    let weighted = loader
        .weighted_batches(10, &probabilities, 4, &device)
        .unwrap();
    let found = [
        epoch(3),
        epoch(3 ^ (2 << 32)),
        fingerprint(weighted.map(|batch| batch.unwrap())),
        fingerprint([loader.batch(20, 7, &device).unwrap()].iter()),
    ];
    assert_eq!(
        found,
        [
            2_835_649_933_533_069_397,
            11_168_199_722_150_377_845,
            9_717_241_235_609_443_426,
            7_536_640_199_185_837_469
        ]
    );
    assert_eq!(loader.content_hash().unwrap(), "405142b20de153ed");
}

#[test]
fn impossible_batches_say_what_is_possible() {
    let device = Device::flex();
    let loader = loader(60, 50);
    let largest = 2 * loader.non_faces().len().min(loader.faces().len());
    for size in [0, 1, 7, largest + 2, usize::MAX] {
        let message = loader.batch(size, 0, &device).unwrap_err().to_string();
        assert!(message.contains(&format!("2 à {largest}")), "{message}");
        assert!(loader.batches(size, 0, &device).is_err());
    }
    assert_eq!(loader.batch(largest, 0, &device).unwrap().len(), largest);
}

#[test]
fn held_out_images_make_batches_too() {
    let device = Device::flex();
    let loader = loader(100, 100);
    let held_out = loader.held_out();
    let last = held_out.len() - 1;
    let content = held_out.batch(&[0, last], &device).unwrap();
    let content = read(&Batch {
        labels: content.target(LABEL).unwrap(),
        images: content.images,
    });
    assert_eq!((content[0].0, content[1].0), (1.0, 0.0));
    assert!(held_out.batch(&[last + 1], &device).is_err());
    assert!(held_out.batch(&[], &device).is_err());
}

#[test]
fn too_few_images_or_other_sizes_are_refused() {
    let message = DetectionLoader::new(&store(1, 1), &store(2, 50), 0.15, 42)
        .unwrap_err()
        .to_string();
    assert!(message.contains("trop peu d'images"), "{message}");
    let mut other_size = ImageStore::new(2, 2);
    for index in 0..100 {
        other_size.push(&[index; 12]).unwrap();
    }
    assert!(DetectionLoader::new(&store(1, 100), &other_size, 0.2, 42).is_err());
}

fn config() -> DetectionConfig {
    DetectionConfig::default()
        .with_load(LoadOptions::new().with_size(8, 8).with_verbose(false))
        .with_held_out(0.3)
}

#[test]
fn folders_are_found_under_each_accepted_name() {
    for (faces, others) in [("CelebA", "imagenette"), ("visages", "non_visages")] {
        let root = TempFolder::new();
        for index in 0..30 {
            root.write(&format!("{faces}/{index}.png"), &png(10, 12, index));
            root.write(
                &format!("{others}/n0/{index}.png"),
                &jpeg(9, 9, 500 + index),
            );
        }
        let loader = config().init(root.path()).unwrap();
        assert_eq!(loader.train_size() + loader.held_out().len(), 60);
        let summary = loader.to_string();
        assert!(summary.contains("taille : 8 × 8 pixels"), "{summary}");

        let few = config()
            .with_max_images(Some(20))
            .init(root.path())
            .unwrap();
        assert_eq!(few.train_size() + few.held_out().len(), 40);
        // An image keeps its side when fewer are read.
        let train: HashSet<Cow<[u8]>> = (0..loader.faces().len())
            .map(|index| loader.faces().image(index).unwrap())
            .collect();
        for index in 0..few.faces().len() {
            assert!(train.contains(&few.faces().image(index).unwrap()));
        }
    }
}

#[test]
fn celeba_portraits_are_framed_on_the_face() {
    // A dark picture with a white square where an aligned portrait has its face.
    let portrait = |variant: u8| {
        let image = RgbImage::from_fn(89, 109, |x, y| {
            let face = (20..69).contains(&x) && (37..87).contains(&y);
            Rgb([if face { 255 } else { 0 }, variant, 0])
        });
        encode(image, ImageFormat::Png)
    };
    let white = |folder: &str, config: DetectionConfig| {
        let root = TempFolder::new();
        for index in 0..30 {
            root.write(&format!("{folder}/{index}.png"), &portrait(index));
            root.write(&format!("imagenette/{index}.png"), &png(9, 9, index.into()));
        }
        let loader = config.init(root.path()).unwrap();
        let pixels = loader.faces().image(0).unwrap();
        pixels.chunks(3).filter(|pixel| pixel[0] == 255).count()
    };
    // 8 × 8 pixels: the face fills the picture, or less than half of it.
    assert_eq!(white("CelebA", config()), 64);
    assert!(white("visages", config()) < 32);
    assert!(white("CelebA", config().with_face_framing(Framing::default())) < 32);
    assert_eq!(
        white("visages", config().with_face_framing(Framing::CELEBA)),
        64
    );
}

#[test]
fn a_missing_folder_lists_the_accepted_names() {
    let root = TempFolder::new();
    let message = config().init(root.path()).unwrap_err().to_string();
    for expected in ["les visages", "« CelebA »", "« visages »", "data/README.md"] {
        assert!(message.contains(expected), "{message}");
    }
    root.write("visages/1.png", &png(8, 8, 1));
    let message = config().init(root.path()).unwrap_err().to_string();
    assert!(
        message.contains("« imagenette » ou « non_visages »"),
        "{message}"
    );
}

#[test]
fn test_faces_come_in_four_named_groups() {
    let root = TempFolder::new();
    let load = || TestFaces::load(root.path(), &LoadOptions::new().with_verbose(false));
    let message = load().unwrap_err().to_string();
    assert!(message.contains("« ppb » ou « visages_test »"), "{message}");

    for (variant, code) in ["LF", "LM", "DF"].into_iter().enumerate() {
        root.write(&format!("ppb/{code}/1.png"), &png(59, 64, variant as u32));
    }
    let message = load().unwrap_err().to_string();
    assert!(message.contains("Hommes à peau foncée"), "{message}");
    assert!(message.contains("LF, LM, DF et DM"), "{message}");

    std::fs::create_dir(root.path().join("ppb/DM")).unwrap();
    let message = load().unwrap_err().to_string();
    assert!(message.contains("aucune image utilisable"), "{message}");

    root.write("ppb/DM/2.png", &png(644, 644, 9));
    root.write("ppb/DM/1.png", &png(64, 61, 8));
    let faces = load().unwrap();
    assert_eq!(faces.len(), 5);
    let codes: Vec<&str> = faces
        .groups
        .iter()
        .map(|group| group.code.as_str())
        .collect();
    assert_eq!(codes, ["LF", "LM", "DF", "DM"]);
    assert_eq!(faces.groups[3].original_sizes, [(64, 61), (644, 644)]);
    assert_eq!(faces.groups[3].images.height(), 64);
}

/// A tiny PPB as published: its table, whose lines end in a carriage return alone, and portraits; beside it, one of the 20
/// faces of the MIT lab, which the whole set takes the place of.
#[test]
fn a_whole_ppb_is_measured_by_the_path_of_the_test_faces() {
    let root = TempFolder::new();
    let people = [
        ("a_1.jpg", "Male", "Darker"),
        ("b_2.jpg", "Female", "Lighter"),
        ("c_3.jpg", "Female", "Darker"),
        ("d_4.jpg", "Male", "Lighter"),
        ("e_5.jpg", "Female", "Lighter"),
        ("absent.jpg", "Male", "Lighter"),
    ];
    let mut table = String::from("n,name,gender,numeric,bi.fitz,country");
    for (number, (file, gender, skin)) in (1..).zip(people) {
        table.push_str(&format!("\r{number},{file},{gender},0,{skin},Senegal"));
        if file != "absent.jpg" {
            root.write(&format!("ppb/imgs/{file}"), &jpeg(40, 50, number));
        }
    }
    root.write("ppb/PPB-2017-metadata.csv", table.as_bytes());
    root.write("ppb/imgs/stranger.jpg", &jpeg(40, 50, 90));
    root.write("ppb/LF/1.png", &png(64, 64, 91));

    let load = || TestFaces::load(root.path(), &LoadOptions::new().with_verbose(false));
    let faces = load().unwrap();
    let groups: Vec<(&str, usize)> = faces
        .groups
        .iter()
        .map(|group| (group.code.as_str(), group.images.len()))
        .collect();
    assert_eq!(groups, [("LF", 2), ("LM", 1), ("DF", 1), ("DM", 1)]);
    assert_eq!(faces.groups[2].original_sizes, [(40, 50)]);

    let device = Device::flex();
    let model = StandardCnnConfig::new().init(&device);
    let answers = predict(&model, &faces.labelled().unwrap(), 4, &device).unwrap();
    let audit = Audit::new(&answers)
        .groups(&["group"])
        .keep_order()
        .metrics(&[Metric::Tpr])
        .by_group()
        .unwrap();
    let counts = audit.column("n").unwrap().u32().unwrap();
    assert_eq!(counts.iter().flatten().collect::<Vec<_>>(), [2, 1, 1, 1]);
    let number = |column: &str, row| {
        audit
            .column(column)
            .unwrap()
            .f64()
            .unwrap()
            .get(row)
            .unwrap()
    };
    for row in 0..4 {
        let (low, high) = (number("tpr_low", row), number("tpr_high", row));
        assert!((0.0..high).contains(&low) && high <= 1.0, "{low} {high}");
    }

    root.write("ppb/PPB-2017-metadata.csv", b"n,name\r1,a_1.jpg,Male,0,,x");
    let message = load().unwrap_err().to_string();
    assert!(
        message.contains("ligne 2") && message.contains("Darker"),
        "{message}"
    );
}
