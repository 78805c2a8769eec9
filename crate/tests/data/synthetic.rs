//! Drawn faces and other images: the same from the same seed, balanced where they say so, and a
//! detector learns them, not too easily.

use std::borrow::Cow;

use visages::{
    burn::tensor::Device,
    data::{
        ImageStore, Preset, RareFactor, SkinTone, TestFaces, World, WorldConfig, draw_faces,
        faces_frame,
    },
    error::Error,
    models::StandardCnnConfig,
    polars::prelude::DataFrame,
    train::{FitConfig, evaluate, fit, predict_probabilities},
};

fn small() -> WorldConfig {
    WorldConfig::new(World::LAB)
        .with_images(80, 60)
        .with_people(18)
}

#[test]
fn a_seed_decides_of_every_pixel() {
    let (a, b) = (
        small().detection_loader().unwrap(),
        small().detection_loader().unwrap(),
    );
    assert_eq!(a.faces(), b.faces());
    assert_eq!(a.non_faces(), b.non_faces());
    assert_eq!(a.held_out(), b.held_out());
    assert_eq!(a.content_hash().unwrap(), b.content_hash().unwrap());
    assert_eq!(a.train_size() + a.held_out().len(), 140);

    let other = small().with_seed(43).detection_loader().unwrap();
    assert_ne!(a.content_hash().unwrap(), other.content_hash().unwrap());
    assert_ne!(a.faces().image(0).unwrap(), other.faces().image(0).unwrap());
}

/// Every image of the stores, sorted.
fn sorted<'a>(stores: &[&'a ImageStore]) -> Vec<Cow<'a, [u8]>> {
    let mut images: Vec<Cow<[u8]>> = stores
        .iter()
        .flat_map(|store| (0..store.len()).map(|index| store.image(index).unwrap()))
        .collect();
    images.sort_unstable();
    images
}

#[test]
fn no_image_comes_twice_in_training_and_test_sets() {
    let loader = small().detection_loader().unwrap();
    let tests = small().test_faces().unwrap();
    let mut stores = vec![
        loader.faces(),
        loader.non_faces(),
        loader.held_out().images(),
    ];
    stores.extend(tests.groups.iter().map(|group| &group.images));
    let mut images = sorted(&stores);
    let count = images.len();
    assert_eq!(count, 140 + 36);
    images.dedup();
    assert_eq!(images.len(), count);
}

/// Mean luma of the middle of each image, where the face is.
fn lumas(store: &ImageStore) -> Vec<f64> {
    (0..store.len())
        .map(|index| {
            let image = store.image(index).unwrap();
            let mut sum = 0.0;
            for y in 24..44 {
                for x in 24..40 {
                    let pixel = &image[(y * 64 + x) * 3..][..3];
                    sum += 0.299 * f64::from(pixel[0])
                        + 0.587 * f64::from(pixel[1])
                        + 0.114 * f64::from(pixel[2]);
                }
            }
            sum / 320.0
        })
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn test_faces(factor: RareFactor) -> TestFaces {
    WorldConfig::new(World::new(factor, 0.03))
        .with_people(120)
        .test_faces()
        .unwrap()
}

#[test]
fn test_faces_are_the_same_people_in_both_versions() {
    let faces = test_faces(RareFactor::Tone);
    assert_eq!(faces.len(), 240);
    let codes: Vec<&str> = faces.groups.iter().map(|g| g.code.as_str()).collect();
    assert_eq!(codes, ["CF", "CM", "RF", "RM"]);
    let names: Vec<&str> = faces.groups.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names[0], "Femmes à peau claire");
    assert_eq!(names[3], "Hommes à peau foncée");
    assert!(faces.groups.iter().all(|g| g.images.len() == 60));
    assert!(
        faces
            .groups
            .iter()
            .all(|g| g.original_sizes == [(64, 64); 60])
    );

    let luma: Vec<f64> = faces
        .groups
        .iter()
        .map(|g| mean(&lumas(&g.images)))
        .collect();
    // Light faces are lighter, women and men alike; both presentations have the same skins.
    assert!(luma[0] - luma[2] > 40.0, "{luma:?}");
    assert!(luma[1] - luma[3] > 40.0, "{luma:?}");
    assert!((luma[0] - luma[1]).abs() < 12.0, "{luma:?}");
    assert!((luma[2] - luma[3]).abs() < 12.0, "{luma:?}");
}

/// Group by group and row by row, the frame is that of the pictures, and two versions differ by the factor alone.
#[test]
fn the_frame_of_the_test_faces_is_in_their_order() {
    let config = small();
    let (faces, known) = (config.test_faces().unwrap(), config.test_frame().unwrap());
    assert_eq!(known.height(), 36);
    let genders = known.column("gender").unwrap().u8().unwrap().clone();
    for (group, women) in [1, 0, 1, 0].into_iter().enumerate() {
        assert!((0..9).all(|row| genders.get(9 * group + row) == Some(women)));
        assert_eq!(faces.groups[group].images.len(), 9);
    }
    let tilts = known.column("roll").unwrap().f32().unwrap().clone();
    let smiles = known.column("smile").unwrap().f32().unwrap().clone();
    for row in 0..18 {
        assert_eq!(tilts.get(row), tilts.get(row + 18));
        assert_eq!(smiles.get(row), smiles.get(row + 18));
    }
}

#[test]
fn the_rare_share_is_exact_and_under_exposure_is_of_dark_skins_only() {
    for share in [0.03, 0.5] {
        for count in [50, 333, 1_000] {
            let records = |factor| {
                WorldConfig::new(World::new(factor, share))
                    .with_images(count, 40)
                    .training_records()
                    .unwrap()
            };
            let (taken, fair) = (
                records(RareFactor::UnderexposedTone),
                records(RareFactor::Tone),
            );
            let dark = taken.iter().filter(|r| r.factors.tone.is_dark()).count();
            assert_eq!(dark, (count as f64 * share) as usize);

            // The same persons, well exposed: nothing else differs.
            for (taken, fair) in taken.iter().zip(&fair) {
                let lost = fair.factors.shot.exposure - taken.factors.shot.exposure;
                let most = match taken.factors.tone {
                    SkinTone::IV => 0.6,
                    SkinTone::V => 0.85,
                    SkinTone::VI => 1.0,
                    _ => 0.0,
                };
                assert!((f64::from(lost) - 2.6 * most * 0.5).abs() < 1e-5);
                let mut factors = taken.factors;
                factors.shot.exposure = fair.factors.shot.exposure;
                factors.shot.contrast = fair.factors.shot.contrast;
                assert_eq!((taken.label, factors), (fair.label, fair.factors));
            }
        }
    }
}

#[test]
fn what_is_known_of_each_picture_is_in_its_order() {
    let config = small();
    let set = config.training().unwrap();
    let loader = config.detection_loader().unwrap();
    assert_eq!(set.loader.faces(), loader.faces());
    assert_eq!(set.loader.held_out(), loader.held_out());
    assert_eq!(set.faces.height(), loader.faces().len());
    assert_eq!(set.rare.len(), loader.faces().len());
    let held_out = set.held_out_faces.height() + set.held_out_non_faces.height();
    assert_eq!(held_out, loader.held_out().len());

    // The row's face, drawn from its factors, is the loader's.
    let records = config.training_records().unwrap();
    let sizes = set.faces.column("size").unwrap().f32().unwrap().clone();
    for row in [0, 17, set.faces.height() - 1] {
        let size = sizes.get(row).unwrap();
        let record = records.iter().find(|r| r.factors.size == size).unwrap();
        let drawn = draw_faces(&[record.factors], 64).unwrap();
        assert_eq!(drawn.image(0).unwrap(), loader.faces().image(row).unwrap());
    }
}

#[test]
fn both_classes_have_the_same_light_and_camera() {
    let config = WorldConfig::new(World::new(RareFactor::Tone, 0.03))
        .with_images(400, 400)
        .with_held_out(0.6)
        .with_side(32);
    let set = config.training().unwrap();
    let faces = faces_frame(&config.training_records().unwrap()).unwrap();
    let others = set.held_out_non_faces;
    for name in [
        "light_side",
        "light_height",
        "light_hardness",
        "exposure",
        "contrast",
        "warmth",
        "blur",
        "grain",
        "jpeg",
    ] {
        let values = |frame: &DataFrame| -> Vec<f64> {
            let column = frame.column(name).unwrap().f32().unwrap();
            column.into_no_null_iter().map(f64::from).collect()
        };
        let (a, b) = (values(&faces), values(&others));
        let variance = |v: &[f64]| {
            let m = mean(v);
            mean(&v.iter().map(|x| (x - m).powi(2)).collect::<Vec<_>>())
        };
        let error = (variance(&a) / a.len() as f64 + variance(&b) / b.len() as f64).sqrt();
        let z = (mean(&a) - mean(&b)) / error;
        assert!(z.abs() < 4.0, "{name} : {z}");
    }
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for share in [-0.1, 1.1, f64::NAN] {
        let mut config = small();
        config.world.rare_share = share;
        let error = config.detection_loader().unwrap_err();
        assert!(
            matches!(
                error,
                Error::Argument {
                    name: "rare_share",
                    ..
                }
            ),
            "{error}"
        );
    }
    assert!(small().with_difficulty(1.5).detection_loader().is_err());
    assert!(small().with_side(31).test_faces().is_err());
    assert!(small().with_images(0, 50).detection_loader().is_err());
    assert!(small().with_held_out(1.0).detection_loader().is_err());
    // A group has one person at least.
    assert_eq!(small().with_people(0).test_faces().unwrap().len(), 4);
}

/// The measure that the drawings were set for: in the amount of `rapide`, the standard network
/// learns to tell most faces from the rest, and not all of them.
#[test]
fn a_detector_learns_the_drawings_but_not_perfectly() {
    let device = Device::flex();
    let config = WorldConfig::for_preset(World::LAB, Preset::Quick);
    let start = std::time::Instant::now();
    let loader = config.detection_loader().unwrap();
    let tests = config.test_faces().unwrap();
    println!("dessin : {:.1} s", start.elapsed().as_secs_f64());

    device.seed(42);
    let model = StandardCnnConfig::new().init(&device);
    let fitted = fit(model, &loader, &FitConfig::new().with_seed(42)).unwrap();
    let evaluation = evaluate(&fitted.model, loader.held_out(), 64, &device).unwrap();
    println!("mises de côté : {evaluation:?}");
    for group in &tests.groups {
        let answers = predict_probabilities(&fitted.model, &group.images, 64, &device).unwrap();
        let found = answers.iter().filter(|&&p| p >= 0.5).count();
        println!("{} : {found} sur {}", group.name, answers.len());
    }
    let accuracy = evaluation.accuracy;
    assert!((0.85..0.998).contains(&accuracy), "{accuracy}");
}

/// A set that was kept is the one that would be drawn, and no other set is taken for it.
#[test]
fn kept_drawings_are_those_that_would_be_drawn() {
    let cache = crate::support::TempFolder::new();
    let config = WorldConfig::new(World::LAB)
        .with_images(40, 40)
        .with_side(32)
        .with_people(6)
        .with_seed(5);
    let kept = config.clone().with_cache(cache.path());
    let drawn = config.detection_loader().unwrap().content_hash().unwrap();
    for _ in 0..2 {
        let found = kept.detection_loader().unwrap().content_hash().unwrap();
        assert_eq!(found, drawn);
    }
    let count = || std::fs::read_dir(cache.path()).unwrap().count();
    assert_eq!(count(), 2);
    let faces = [&config, &kept, &kept].map(|config| config.test_faces().unwrap());
    for group in 0..4 {
        assert!(
            faces[1..]
                .iter()
                .all(|other| other.groups[group].images == faces[0].groups[group].images)
        );
    }
    assert_eq!(count(), 6);
    // All that changes the pixels makes other files.
    for other in [
        kept.clone().with_world(kept.world.balanced()),
        kept.clone().with_difficulty(0.1),
        kept.clone().with_seed(6),
        kept.clone().with_images(41, 40),
    ] {
        let before = count();
        let hash = other.detection_loader().unwrap().content_hash().unwrap();
        assert!(hash != drawn && count() > before);
    }
}

/// Drawings that are kept live as long as these pixels: when they change, so must the version in `synthetic/cache.rs`. (Sines of other
/// systems differ by their last digit.)
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_version_of_the_drawings_is_that_of_these_pixels() {
    let config = WorldConfig::new(World::new(RareFactor::UnderexposedTone, 0.03))
        .with_images(30, 30)
        .with_side(32)
        .with_seed(1);
    let loader = config.detection_loader().unwrap();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for store in [loader.faces(), loader.non_faces()] {
        for image in 0..store.len() {
            for byte in store.image(image).unwrap().iter() {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    assert_eq!(
        hash, 14_012_848_523_502_020_223,
        "give VERSION in data/synthetic/cache.rs its next value, then write this hash here"
    );
}
