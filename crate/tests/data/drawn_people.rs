//! Drawn people: the same in all their pictures, which differ; matched; the same pictures from the same seed.

use std::collections::HashMap;

use crate::support::TempFolder;
use visages::{
    Error,
    data::{AGE_CLASSES, CHOICES, DrawnPeopleConfig, MEASURES, age_class},
    polars::prelude::{DataFrame, DataType},
};

fn config() -> DrawnPeopleConfig {
    DrawnPeopleConfig::new()
        .with_people(40)
        .with_shots(4)
        .with_side(32)
        .with_seed(7)
}

/// A column as texts, whatever it holds.
fn texts(frame: &DataFrame, name: &str) -> Vec<String> {
    let column = frame.column(name).unwrap().cast(&DataType::String).unwrap();
    let values = column.str().unwrap().iter();
    values.map(|value| value.unwrap().to_owned()).collect()
}

fn numbers(frame: &DataFrame, name: &str) -> Vec<i32> {
    texts(frame, name)
        .iter()
        .map(|text| text.parse().unwrap())
        .collect()
}

#[test]
fn a_picture_depends_on_seed_person_and_shot_only() {
    let few = config().with_people(2).with_shots(2).labelled().unwrap();
    let many = config().with_people(6).labelled().unwrap();
    // Two people in two pictures are among six in four: rows 0, 1 and 4, 5.
    for (row, same) in [0, 1, 4, 5].into_iter().enumerate() {
        assert_eq!(
            few.images().image(row).unwrap(),
            many.images().image(same).unwrap()
        );
    }
    assert_eq!(many, config().with_people(6).labelled().unwrap());
    let other = config().with_people(6).with_seed(8);
    assert_ne!(many.images(), &other.images().unwrap());

    let drawn_by = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap()
            .install(|| config().with_people(6).images().unwrap())
    };
    assert_eq!(&drawn_by(1), many.images());
    assert_eq!(&drawn_by(3), many.images());
}

#[test]
fn drawings_are_kept_and_found_again() {
    let folder = TempFolder::new();
    let kept = config().with_people(4).with_cache(folder.path());
    let drawn = kept.images().unwrap();
    let count = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(count(), 1);
    assert_eq!(kept.images().unwrap(), drawn);
    assert_eq!(count(), 1);
    // What is found is what was kept, as a pixel put there shows.
    let file = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut bytes = std::fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 255;
    std::fs::write(&file, bytes).unwrap();
    assert_ne!(kept.images().unwrap(), drawn);
    // All that decides of the pixels tells sets apart.
    for other in [
        kept.clone().with_seed(1),
        kept.clone().with_difficulty(0.9),
        kept.clone().with_people(8).with_shots(2),
    ] {
        let before = count();
        other.images().unwrap();
        assert_eq!(count(), before + 1);
    }
}

#[test]
fn a_person_keeps_the_features_and_each_picture_has_its_own_pose_and_light() {
    let frame = config().frame().unwrap();
    let people = numbers(&frame, "person");
    assert_eq!(frame.height(), 160);
    let distinct = |name: &str| -> Vec<usize> {
        let mut values: HashMap<i32, Vec<String>> = HashMap::new();
        for (person, value) in people.iter().zip(texts(&frame, name)) {
            values.entry(*person).or_default().push(value);
        }
        assert_eq!(values.len(), 40);
        let mut counts = Vec::new();
        for mut values in values.into_values() {
            values.sort();
            values.dedup();
            counts.push(values.len());
        }
        counts
    };
    for name in [
        "label",
        "gender",
        "race",
        "tone",
        "femininity",
        "hair",
        "cut",
        "beard",
        "receding",
        "freckles",
        "makeup",
    ] {
        assert!(distinct(name).iter().all(|&count| count == 1), "{name}");
    }
    for name in [
        "yaw",
        "pitch",
        "roll",
        "light_side",
        "exposure",
        "smile",
        "offset_x",
    ] {
        assert!(distinct(name).iter().all(|&count| count > 1), "{name}");
    }
    // One of a few, or of eleven ages: not always another, but mostly.
    for name in ["age", "background"] {
        let differ = distinct(name).iter().filter(|&&count| count > 1).count();
        assert!(differ >= 36, "{name} {differ}");
    }
    for name in ["glasses", "headwear"] {
        assert!(distinct(name).iter().any(|&count| count > 1), "{name}");
    }
    // Every column of the frames of drawn faces is there, the code under the name that the format gives it.
    let known = MEASURES
        .iter()
        .map(|(name, _)| *name)
        .chain(CHOICES.iter().map(|(name, _)| *name));
    for name in known {
        assert!(frame.column(name).is_ok(), "{name}");
    }
    assert!(frame.column("code").is_err());
}

#[test]
fn classes_are_those_of_the_ages_and_matched_on_gender_and_code() {
    let frame = config().frame().unwrap();
    let (labels, ages) = (numbers(&frame, "label"), numbers(&frame, "age"));
    for (label, age) in labels.iter().zip(&ages) {
        assert_eq!(age_class(*age).map(i32::from), Some(*label));
    }
    // Both ends of both ranges are drawn: 80 pictures of seven ages and 80 of eleven.
    for range in &AGE_CLASSES {
        for end in [range.start(), range.end()] {
            assert!(ages.contains(end), "{end}");
        }
    }
    let mut counts: HashMap<(i32, i32), [usize; 2]> = HashMap::new();
    let groups = numbers(&frame, "gender")
        .into_iter()
        .zip(numbers(&frame, "race"));
    for (group, label) in groups.zip(labels) {
        counts.entry(group).or_default()[label as usize] += 1;
    }
    assert_eq!(counts.len(), 10);
    // Forty people: two of each class in each of ten groups, in four pictures.
    assert!(counts.values().all(|count| *count == [8, 8]), "{counts:?}");
    for age in texts(&frame, "apparent_age") {
        assert!(age.parse::<f32>().unwrap() >= 18.0, "{age}");
    }
}

#[test]
fn difficulty_moves_looks_away_from_ages() {
    let distance = |difficulty: f64| -> f64 {
        let frame = config().with_difficulty(difficulty).frame().unwrap();
        let looks = texts(&frame, "apparent_age");
        let looks = looks.iter().map(|text| text.parse::<f64>().unwrap());
        let ages = numbers(&frame, "age").into_iter().map(f64::from);
        looks
            .zip(ages)
            .map(|(look, age)| (look - age).abs())
            .sum::<f64>()
            / 160.0
    };
    assert_eq!(distance(0.0), 0.0);
    assert!(distance(0.5) > 1.0 && distance(1.0) > distance(0.5));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for (wrong, name) in [
        (config().with_people(0), "people"),
        (config().with_people(3), "people"),
        (config().with_shots(0), "shots"),
        (config().with_side(31), "side"),
        (config().with_difficulty(1.1), "difficulty"),
    ] {
        match wrong.frame() {
            Err(Error::Argument { name: told, .. }) => assert_eq!(told, name),
            other => panic!("{name} {other:?}"),
        }
    }
}
