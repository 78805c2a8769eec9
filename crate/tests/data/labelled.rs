//! Labelled sets: whatever is done to one, each image keeps its row.

use std::borrow::Cow;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use visages::{
    burn::tensor::Device,
    data::{
        BatchConfig, ImageStore, Labelled, SplitConfig,
        augment::{Augmenter, Transform},
    },
    error::Error,
    polars::prelude::{Column, NamedFrom, Series, col, df, lit},
};

/// `count` images of 2 × 2 pixels that hold their number; copies of a picture (equal `content_hash`) and persons
/// (`identity`) come several times.
fn numbered(count: u16) -> Labelled {
    let mut images = ImageStore::new(2, 2);
    for number in 0..count {
        let mut pixels = [7; 12];
        pixels[..2].copy_from_slice(&number.to_le_bytes());
        images.push(&pixels).unwrap();
    }
    let numbers: Vec<u32> = (0..u32::from(count)).collect();
    let of = |value: fn(u32) -> u32| numbers.iter().map(|n| value(*n)).collect::<Vec<u32>>();
    let frame = df!(
        "number" => &numbers,
        "age" => of(|n| n * 37 % 90),
        "gender" => of(|n| n % 2),
        "class" => of(|n| u32::from(n % 7 == 0)),
        "identity" => of(|n| n / 3),
        "content_hash" => of(|n| n / 2),
    );
    Labelled::new(images, frame.unwrap()).unwrap()
}

/// The number in the pixels of each image.
fn in_pixels(images: &ImageStore) -> Vec<f32> {
    let number = |image: Cow<[u8]>| f32::from(u16::from_le_bytes([image[0], image[1]]));
    (0..images.len())
        .map(|index| number(images.image(index).unwrap()))
        .collect()
}

/// Every image has its own row, and `rows` tells where it was in the whole.
fn assert_together(set: &Labelled) {
    let numbers = set.numbers("number").unwrap();
    assert_eq!(in_pixels(set.images()), numbers);
    assert_eq!(set.len(), set.frame().height());
    assert_eq!(
        (set.len(), set.is_empty()),
        (numbers.len(), numbers.is_empty())
    );
}

#[test]
fn any_chain_of_selections_keeps_images_and_rows_together() {
    let whole = numbered(300);
    for seed in 0..60 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut set = whole.clone();
        for _ in 0..rng.random_range(1..8) {
            let low = rng.random_range(0..60_u32);
            set = match rng.random_range(0..8) {
                0 => set.filter(col("age").gt_eq(lit(low))).unwrap(),
                1 => set.sort(&["age"], rng.random_bool(0.5)).unwrap(),
                2 => set.sort(&["gender", "age"], false).unwrap(),
                3 => set.sample(set.len() * 3 / 4, seed).unwrap(),
                4 => {
                    set.split(&SplitConfig::new().with_seed(seed))
                        .unwrap()
                        .train
                }
                5 => set.split_by_content(0.2, seed).unwrap().0,
                6 => {
                    let rows: Vec<usize> = (0..set.len().min(50)).rev().collect();
                    set.select(&rows).unwrap()
                }
                _ => set.head(set.len() * 9 / 10).unwrap(),
            };
            assert_together(&set);
            assert!(set.is_of_same_whole(&whole));
            let rows: Vec<f32> = set.rows().iter().map(|row| *row as f32).collect();
            assert_eq!(rows, set.numbers("number").unwrap());
        }
    }
}

#[test]
fn filters_sorts_and_heads_by_hand() {
    let mut images = ImageStore::new(1, 1);
    for grey in [0, 1, 2, 3] {
        images.push(&[grey; 3]).unwrap();
    }
    let frame = df!("age" => [Some(30), None, Some(5), Some(30)], "name" => ["a", "b", "c", "d"]);
    let set = Labelled::new(images, frame.unwrap()).unwrap();
    let greys = |set: &Labelled| -> Vec<u8> {
        (0..set.len())
            .map(|row| set.images().image(row).unwrap()[0])
            .collect()
    };
    // An unknown age is not above 10, nor below: it is dropped.
    assert_eq!(greys(&set.filter(col("age").gt(lit(10))).unwrap()), [0, 3]);
    assert_eq!(greys(&set.filter(lit(true)).unwrap()), [0, 1, 2, 3]);
    assert_eq!(greys(&set.filter(lit(false)).unwrap()), [0_u8; 0]);
    assert_eq!(greys(&set.sort(&["age"], false).unwrap()), [2, 0, 3, 1]);
    assert_eq!(greys(&set.sort(&["age"], true).unwrap()), [0, 3, 2, 1]);
    assert_eq!(greys(&set.head(9).unwrap()), [0, 1, 2, 3]);
    assert!(set.filter(col("age")).is_err());
    assert!(set.filter(col("taille").gt(lit(1))).is_err());
    assert!(set.sort(&["taille"], true).is_err());
    assert!(set.sample(5, 0).is_err());
    assert!(set.select(&[4]).is_err());

    let message = set.numbers("age").unwrap_err().to_string();
    assert!(message.contains("1 lignes sur 4"), "{message}");
    let message = set.numbers("name").unwrap_err().to_string();
    assert!(
        message.contains("un réseau apprend des nombres"),
        "{message}"
    );
    let message = set.numbers("taille").unwrap_err().to_string();
    assert!(message.contains("« age », « name »"), "{message}");
    let known = set.filter(col("age").is_not_null()).unwrap();
    assert_eq!(known.classes("age").unwrap(), [30, 5, 30]);
    let halves = known
        .with_column(Series::new("half".into(), [0.5, 1.0, 2.0]))
        .unwrap();
    assert!(
        halves
            .classes("half")
            .unwrap_err()
            .to_string()
            .contains("0.5")
    );
}

#[test]
fn a_set_has_one_row_an_image() {
    let set = numbered(10);
    let images = set.images().clone();
    let error = Labelled::new(images, df!("age" => [1, 2]).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error:?}");
    assert!(set.with_column(Series::new("x".into(), [1, 2])).is_err());
    let scores: Column = Series::new("score".into(), vec![0.5_f32; 10]).into();
    let scored = set.with_column(scores).unwrap();
    assert_eq!(scored.numbers("score").unwrap(), [0.5; 10]);
    assert!(scored.is_of_same_whole(&set));
}

#[test]
fn joined_tables_find_their_rows() {
    let set = numbered(9).sort(&["age"], true).unwrap();
    let table = df!("identity" => [2, 0, 7], "name" => ["two", "zero", "seven"]).unwrap();
    let joined = set.join(&table, "identity").unwrap();
    assert_together(&joined);
    let names = joined.frame().column("name").unwrap().clone();
    for (row, identity) in joined.classes("identity").unwrap().into_iter().enumerate() {
        let expected = [Some("zero"), None, Some("two")][identity];
        assert_eq!(names.str().unwrap().get(row), expected);
    }
    let twice = df!("identity" => [1, 1], "name" => ["x", "y"]).unwrap();
    let message = set.join(&twice, "identity").unwrap_err().to_string();
    assert!(message.contains("lignes 0 et 1"), "{message}");
    assert!(joined.join(&table, "identity").is_err());
    assert!(set.join(&table, "prénom").is_err());
}

#[test]
fn sets_are_put_one_after_the_other() {
    let (few, many) = (numbered(3), numbered(200));
    let both = few.concat(&many.sort(&["age"], false).unwrap()).unwrap();
    assert_together(&both);
    assert_eq!(both.len(), 203);
    assert_eq!(both.rows()[202], 202);
    assert!(!both.is_of_same_whole(&few));
    let other = Labelled::new(ImageStore::new(2, 2), df!("x" => [0_u32; 0]).unwrap()).unwrap();
    assert!(few.concat(&other).is_err());
}

#[test]
fn parts_share_nobody() {
    let set = numbered(240);
    let config = SplitConfig::new().with_together(&["identity", "content_hash"]);
    let parts = set.split(&config.with_stratify(&["gender"])).unwrap();
    let sides = [&parts.train, &parts.validation, &parts.test];
    for (side, others) in [(0, [1, 2]), (1, [0, 2]), (2, [0, 1])] {
        assert_together(sides[side]);
        for other in others {
            for column in ["number", "identity", "content_hash"] {
                let own = sides[side].classes(column).unwrap();
                let theirs = sides[other].classes(column).unwrap();
                assert!(own.iter().all(|value| !theirs.contains(value)), "{column}");
            }
        }
    }
    assert_eq!(sides.iter().map(|side| side.len()).sum::<usize>(), 240);
}

#[test]
fn batches_carry_their_rows_and_targets() {
    let device = Device::flex();
    let set = numbered(50).sort(&["age"], false).unwrap();
    let config = BatchConfig::new(8).with_seed(3);
    for config in [
        config.clone().in_turn(),
        config.clone(),
        config.clone().balanced("class"),
        config.clone().weighted(&[1.0; 50]),
    ] {
        let batches = config.epoch(&set, 1, &device).unwrap();
        let expected = batches.len();
        let mut seen = Vec::new();
        for batch in batches {
            let batch = batch.unwrap();
            let images = ImageStore::from_tensor(batch.images.clone()).unwrap();
            let numbers: Vec<f32> = batch.target("number").unwrap().try_into_vec_as().unwrap();
            assert_eq!(in_pixels(&images), numbers);
            let rows = batch.frame().unwrap();
            assert_eq!(rows.height(), batch.len());
            let both: Vec<f32> = batch
                .targets(&["number", "class"])
                .unwrap()
                .try_into_vec_as()
                .unwrap();
            assert_eq!(both.iter().copied().step_by(2).collect::<Vec<_>>(), numbers);
            let classes: Vec<i32> = batch
                .class_target("class")
                .unwrap()
                .try_into_vec_as()
                .unwrap();
            if config == config.clone().balanced("class") {
                assert_eq!(classes.iter().filter(|class| **class == 1).count(), 4);
            }
            seen.push(batch.rows);
        }
        assert_eq!(seen.len(), expected);
        let again = |epoch| -> Vec<Vec<usize>> {
            let batches = config.epoch(&set, epoch, &device).unwrap();
            batches.map(|batch| batch.unwrap().rows).collect()
        };
        assert_eq!(seen, again(1));
        if config != config.clone().in_turn() {
            assert_ne!(seen, again(2));
        }
    }
    let all: Vec<usize> = config
        .clone()
        .in_turn()
        .epoch(&set, 5, &device)
        .unwrap()
        .flat_map(|batch| batch.unwrap().rows)
        .collect();
    assert_eq!(all, (0..50).collect::<Vec<_>>());
    assert!(
        config
            .clone()
            .weighted(&[1.0; 3])
            .epoch(&set, 1, &device)
            .is_err()
    );
    assert!(
        config
            .clone()
            .balanced("taille")
            .epoch(&set, 1, &device)
            .is_err()
    );
    assert!(BatchConfig::new(0).epoch(&set, 1, &device).is_err());
    let wrong = Augmenter::new(0).with(Transform::Flip { probability: 2.0 });
    assert!(
        config
            .with_augmenter(wrong)
            .epoch(&set, 1, &device)
            .is_err()
    );
}

#[test]
fn content_hashes_tell_images_and_columns() {
    let set = numbered(20);
    let hash = set.content_hash(&["age"]).unwrap();
    assert_eq!(hash, numbered(20).content_hash(&["age"]).unwrap());
    let others = [
        numbered(19).content_hash(&["age"]).unwrap(),
        set.content_hash(&["gender"]).unwrap(),
        set.sort(&["age"], false)
            .unwrap()
            .content_hash(&["age"])
            .unwrap(),
        set.content_hash(&[]).unwrap(),
    ];
    assert!(!others.contains(&hash));
    assert!(set.content_hash(&["taille"]).is_err());
}
