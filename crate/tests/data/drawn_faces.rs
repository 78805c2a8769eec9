//! Drawn faces labelled as UTKFace: reproducible, of any size, labels from its joint table, cues that overlap, and a folder
//! whose defects are those that its manifest tells.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use visages::{
    Error,
    data::{
        Background, Bias, CHOICES, DrawnFacesConfig, FACTORS, FaceRecord, Glasses, Headwear,
        Labelled, LoadOptions, MANIFEST, MEASURES, Presentation, TONES_BY_CODE, draw_faces,
        drawn_objects, utkface,
    },
    host::StopFlag,
    polars::prelude::{DataFrame, IntoLazy, SortMultipleOptions, col},
};

/// A folder that is removed when the test ends.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("visages dessinés {}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn config(faces: usize) -> DrawnFacesConfig {
    DrawnFacesConfig::new()
        .with_faces(faces)
        .with_side(48)
        .with_seed(7)
}

#[test]
fn a_face_depends_on_its_seed_and_number_only() {
    let few = config(4);
    let many = config(30);
    assert_eq!(few.records().unwrap(), many.records().unwrap()[..4]);
    let images = many.images().unwrap();
    for index in 0..4 {
        let alone = few.images().unwrap();
        assert_eq!(alone.image(index).unwrap(), images.image(index).unwrap());
    }
    // Sizes share the factors; seeds do not.
    assert_eq!(
        few.records().unwrap(),
        config(4).with_side(200).records().unwrap()
    );
    assert_ne!(
        few.records().unwrap(),
        config(4).with_seed(8).records().unwrap()
    );

    let drawn_by = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| many.images().unwrap())
    };
    assert_eq!(drawn_by(1), images);
    assert_eq!(drawn_by(3), images);
}

#[test]
fn the_same_person_at_every_size() {
    let mean = |config: &DrawnFacesConfig| -> Vec<[f64; 3]> {
        let images = config.images().unwrap();
        (0..images.len())
            .map(|index| {
                let pixels = images.image(index).unwrap();
                let count = (pixels.len() / 3) as f64;
                std::array::from_fn(|channel| {
                    let values = pixels.iter().skip(channel).step_by(3);
                    values.map(|&value| f64::from(value)).sum::<f64>() / count
                })
            })
            .collect()
    };
    let large = mean(&config(12).with_side(200));
    for side in [32, 64, 101, 256] {
        for (a, b) in large.iter().zip(mean(&config(12).with_side(side))) {
            for (a, b) in a.iter().zip(b) {
                assert!((a - b).abs() < 6.0, "{side} : {a} {b}");
            }
        }
    }
    let factors = [config(1).records().unwrap()[0].factors];
    for side in [0, 31, 257] {
        assert!(matches!(
            draw_faces(&factors, side),
            Err(Error::Argument { name: "side", .. })
        ));
    }
}

#[test]
fn labels_follow_the_joint_table() {
    // Counts of UTKFace by gender and code, then by age band (1–17, 18–29, 30–44, 45–64, 65 and more), from
    // utkface_joint_counts.csv without the three names that lack a code.
    const CELLS: [[f64; 5]; 2] = [
        [5_477.0, 2_318.0, 1_575.0, 2_261.0, 760.0],
        [4_601.0, 2_208.0, 1_859.0, 1_714.0, 932.0],
    ];
    const TOTAL: f64 = 23_705.0;
    let records = config(20_000).records().unwrap();
    let mut observed = [[0.0; 5]; 2];
    for FaceRecord { label, .. } in &records {
        observed[usize::from(label.presentation.code())][usize::from(label.code)] += 1.0;
        assert!((1..=116).contains(&label.age));
    }
    let mut chi2 = 0.0;
    for (observed, expected) in observed.iter().flatten().zip(CELLS.iter().flatten()) {
        let expected = expected / TOTAL * records.len() as f64;
        chi2 += (observed - expected) * (observed - expected) / expected;
    }
    // 9 degrees of freedom: 27.9 is passed once in a thousand.
    assert!(chi2 < 27.9, "{chi2}");

    // Ages: a few cells of the table, mode 26 with 2,197, 1 with 1,123; the mean ages of the codes differ.
    let of_age = |age: u8| records.iter().filter(|r| r.label.age == age).count() as f64;
    for (age, count) in [(26, 2_197.0), (1, 1_123.0)] {
        let expected: f64 = count / TOTAL * records.len() as f64;
        assert!(
            (of_age(age) - expected).abs() < 4.0 * expected.sqrt(),
            "{age}"
        );
    }
    let mean_age = |code: u8| {
        let ages: Vec<f64> = records
            .iter()
            .filter(|r| r.label.code == code)
            .map(|r| f64::from(r.label.age))
            .collect();
        ages.iter().sum::<f64>() / ages.len() as f64
    };
    for (code, age) in [(0, 38.0), (1, 33.9), (2, 25.9), (3, 31.5), (4, 23.2)] {
        assert!(
            (mean_age(code) - age).abs() < 1.6,
            "{code} : {}",
            mean_age(code)
        );
    }

    // Skins follow the codes.
    for (code, shares) in TONES_BY_CODE.iter().enumerate() {
        let members: Vec<_> = records
            .iter()
            .filter(|r| usize::from(r.label.code) == code)
            .collect();
        let mut chi2 = 0.0;
        for (tone, &share) in shares.iter().enumerate() {
            let count = members
                .iter()
                .filter(|r| r.factors.tone.index() == tone)
                .count() as f64;
            let expected = f64::from(share) / 100.0 * members.len() as f64;
            chi2 += (count - expected) * (count - expected) / expected;
        }
        // 5 degrees of freedom, once in a thousand.
        assert!(chi2 < 20.5, "{code} : {chi2}");
    }
}

/// Best share of right answers of « the value is above t » or « below t », both classes counting as much.
fn best_stump(values: &[f64], positive: &[bool]) -> f64 {
    let mut pairs: Vec<(f64, bool)> = values
        .iter()
        .copied()
        .zip(positive.iter().copied())
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = positive.iter().filter(|&&p| p).count() as f64;
    let negatives = positive.len() as f64 - positives;
    let (mut best, mut below) = (0.5_f64, [0.0, 0.0]);
    for (index, (value, positive)) in pairs.iter().enumerate() {
        below[usize::from(*positive)] += 1.0;
        if pairs.get(index + 1).is_some_and(|next| next.0 == *value) {
            continue;
        }
        let right = 0.5 * (below[0] / negatives + 1.0 - below[1] / positives);
        best = best.max(right).max(1.0 - right);
    }
    best
}

#[test]
fn a_stump_finds_what_is_there() {
    // Hand-made: 1, 2 | 3, 4 are told apart exactly; 1, 3 | 2, 4 three times in four.
    assert_eq!(
        best_stump(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true]),
        1.0
    );
    assert_eq!(
        best_stump(&[1.0, 3.0, 2.0, 4.0], &[false, false, true, true]),
        0.75
    );
    assert_eq!(best_stump(&[1.0, 1.0], &[false, true]), 0.5);
}

#[test]
fn no_single_factor_tells_gender_or_code() {
    let records: Vec<FaceRecord> = config(12_000).records().unwrap();
    let adults: Vec<&FaceRecord> = records.iter().filter(|r| r.label.age >= 18).collect();
    let feminine: Vec<bool> = adults
        .iter()
        .map(|r| r.label.presentation == Presentation::Feminine)
        .collect();
    for (name, value) in MEASURES {
        // The latent presentation is what the cues are drawn from; no picture shows it.
        if name == "femininity" {
            continue;
        }
        let values: Vec<f64> = adults
            .iter()
            .map(|r| f64::from(value(&r.factors)))
            .collect();
        let right = best_stump(&values, &feminine);
        assert!(right < 0.85, "{name} : {right}");
    }
    for (name, value) in CHOICES {
        for wanted in choices_of(&records, value) {
            let values: Vec<f64> = adults
                .iter()
                .map(|r| f64::from(u8::from(value(&r.factors) == wanted)))
                .collect();
            let right = best_stump(&values, &feminine);
            assert!(right < 0.85, "{name} « {wanted} » : {right}");
        }
    }
    for first in 0..5 {
        for second in first + 1..5 {
            let pair: Vec<&FaceRecord> = records
                .iter()
                .filter(|r| r.label.code == first || r.label.code == second)
                .collect();
            let of_first: Vec<bool> = pair.iter().map(|r| r.label.code == first).collect();
            let tones: Vec<f64> = pair.iter().map(|r| r.factors.tone.index() as f64).collect();
            let right = best_stump(&tones, &of_first);
            assert!(right < 0.85, "tone, {first} {second} : {right}");
            for wanted in choices_of(&records, |f| f.hair.name()) {
                let values: Vec<f64> = pair
                    .iter()
                    .map(|r| f64::from(u8::from(r.factors.hair.name() == wanted)))
                    .collect();
                assert!(best_stump(&values, &of_first) < 0.85, "{wanted}");
            }
        }
    }
}

fn choices_of(
    records: &[FaceRecord],
    value: fn(&visages::data::FaceFactors) -> &'static str,
) -> Vec<&'static str> {
    let mut choices: Vec<_> = records.iter().map(|r| value(&r.factors)).collect();
    choices.sort_unstable();
    choices.dedup();
    choices
}

#[test]
fn the_frame_tells_every_factor() {
    let config = config(40).with_bias(Bias::RareOnly);
    let (frame, records) = (config.frame().unwrap(), config.records().unwrap());
    assert_eq!(frame.height(), 40);
    assert_eq!(frame.width(), 5 + CHOICES.len() + MEASURES.len());
    let ages = frame.column("age").unwrap().i32().unwrap();
    let light = frame.column("light_side").unwrap().f32().unwrap();
    let tones = frame.column("tone").unwrap().str().unwrap();
    for (row, record) in records.iter().enumerate() {
        assert_eq!(ages.get(row), Some(i32::from(record.label.age)));
        assert_eq!(light.get(row), Some(record.factors.shot.light_side));
        assert_eq!(tones.get(row), Some(record.factors.tone.name()));
    }
}

/// What a name says, when it has its three labels: digits may be any number, as odd names have it.
fn labels_in(name: &str) -> Option<(u32, u32, u32)> {
    let fields: Vec<&str> = name.split('_').collect();
    let [age, gender, code, _] = fields.as_slice() else {
        return None;
    };
    Some((age.parse().ok()?, gender.parse().ok()?, code.parse().ok()?))
}

fn is_regular(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".jpg.chip.jpg") else {
        return false;
    };
    let time = stem.rsplit('_').next().unwrap();
    labels_in(name).is_some() && time.len() == 17 && time.bytes().all(|b| b.is_ascii_digit())
}

/// What the labels of a drawn folder are worth is known: the files say one thing, the factors another.
#[test]
fn the_noise_of_drawn_labels_is_read_from_the_folder() {
    let folder = TempFolder::new();
    let config = config(200).with_side(32);
    config
        .write_utkface_folder(folder.path(), &StopFlag::new(), |_, _| {})
        .unwrap();
    let truth = DrawnFacesConfig::true_labels(folder.path())
        .unwrap()
        .unwrap();
    let files = utkface::scan(folder.path()).unwrap();
    assert_eq!(truth.height(), files.height());

    // The labels are those of the names.
    let by_name = |frame: &DataFrame| {
        let sorted = frame.sort(["file"], SortMultipleOptions::default());
        sorted
            .and_then(|sorted| sorted.select(["file", "age", "gender", "race"]))
            .unwrap()
    };
    assert!(by_name(&truth).equals_missing(&by_name(&files)));

    // What was drawn is in the factors, face by face: the first rows are the faces in their order.
    let records = config.records().unwrap();
    let ages = truth.column("drawn_age").unwrap().f64().unwrap();
    let genders = truth.column("drawn_gender").unwrap().u8().unwrap();
    for (row, record) in records.iter().enumerate() {
        let drawn = f64::from(record.factors.age);
        assert!((ages.get(row).unwrap() - drawn).abs() < 1e-3);
        assert_eq!(genders.get(row), Some(record.factors.presentation.code()));
    }

    // Only contradicted copies have a gender that is not drawn; ages have noise everywhere.
    let wrong = truth
        .clone()
        .lazy()
        .filter(col("gender").neq(col("drawn_gender")))
        .collect()
        .unwrap();
    let defects = wrong.column("defect").unwrap().str().unwrap();
    assert!(defects.iter().all(|d| d == Some("copie contradictoire")));
    let noise = utkface::label_noise(&files, Some(&truth)).unwrap();
    let drawn = noise.column("drawn").unwrap().f64().unwrap();
    let expected = records.iter().map(|record| {
        let sd = 0.2 + 0.07 * f64::from(record.label.age);
        sd * (2.0 / std::f64::consts::PI).sqrt()
    });
    let expected: f64 = expected.sum::<f64>() / records.len() as f64;
    let found = drawn.get(0).unwrap();
    assert!(
        (0.6..1.6).contains(&(found / expected)),
        "{found} {expected}"
    );
    assert_eq!(
        drawn.get(1).unwrap(),
        wrong.height() as f64 / truth.height() as f64
    );

    // Photographs have no manifest; another list is told apart.
    let photographs = TempFolder::new();
    std::fs::create_dir_all(photographs.path()).unwrap();
    assert!(
        DrawnFacesConfig::true_labels(photographs.path())
            .unwrap()
            .is_none()
    );
    std::fs::write(photographs.path().join(MANIFEST), "nom,valeur\na,1\n").unwrap();
    let error = DrawnFacesConfig::true_labels(photographs.path()).unwrap_err();
    assert!(error.to_string().contains(MANIFEST), "{error}");
}

#[test]
fn the_factors_of_a_folder_are_those_of_its_faces() {
    let folder = TempFolder::new();
    let config = config(60).with_side(32);
    config
        .write_utkface_folder(folder.path(), &StopFlag::new(), |_, _| {})
        .unwrap();
    let found = DrawnFacesConfig::true_factors(folder.path())
        .unwrap()
        .unwrap();
    let names = found.get_column_names();
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    assert_eq!((names[0], &names[1..]), ("file", &FACTORS[..]));
    // One row a file, copies included; the first rows are the faces in their order.
    assert!(found.height() > 60);
    let at = |name: &str, row: usize| found.column(name).unwrap().f64().unwrap().get(row).unwrap();
    for (row, record) in config.records().unwrap().iter().enumerate() {
        let factors = record.factors;
        let yes = |said: bool| f32::from(u8::from(said));
        for (name, expected) in [
            ("teint", factors.tone.index() as f32 + 1.0),
            ("pose", factors.yaw),
            ("côté de la lumière", factors.shot.light_side),
            ("exposition", factors.shot.exposure),
            ("lumière chaude", factors.shot.warmth),
            ("sourire", factors.smile),
            ("lunettes", yes(factors.glasses != Glasses::None)),
            ("chapeau", yes(factors.headwear != Headwear::None)),
            ("âge dessiné", factors.age),
            ("taille du visage", factors.size),
            (
                "fond uni",
                yes(factors.shot.background == Background::Plain),
            ),
        ] {
            let found = at(name, row);
            assert!(
                (found - f64::from(expected)).abs() < 1e-4,
                "{name} {found} {expected}"
            );
        }
    }
    // They are joined to the files by name.
    let people = utkface::usable(&utkface::scan(folder.path()).unwrap()).unwrap();
    let faces = Labelled::read(&people, &LoadOptions::new().with_size(32, 32)).unwrap();
    let known = faces.join(&found, "file").unwrap();
    assert_eq!(known.numbers("pose").unwrap().len(), faces.len());
    assert!(
        DrawnFacesConfig::true_factors(TempFolder::new().path())
            .unwrap()
            .is_none()
    );
}

#[test]
fn objects_are_drawn_from_their_seed() {
    let some = drawn_objects(6, 32, 1).unwrap();
    assert!(some == drawn_objects(6, 32, 1).unwrap());
    // More of them begin with the same.
    let more = drawn_objects(9, 32, 1).unwrap();
    assert!(more.select(&[0, 1, 2, 3, 4, 5]).unwrap() == some);
    assert!(some != drawn_objects(6, 32, 2).unwrap());
    assert!(drawn_objects(0, 32, 1).is_err() && drawn_objects(1, 31, 1).is_err());
}

#[test]
fn the_manifest_equals_a_recount_of_the_folder() {
    let folder = TempFolder::new();
    let config = config(400).with_side(32);
    let mut seen = Vec::new();
    let report = config
        .write_utkface_folder(folder.path(), &StopFlag::new(), |done, total| {
            seen.push((done, total))
        })
        .unwrap();
    assert!(report.is_complete());
    // 400 × 0.0165 = 6.6 copies, 69 % of 7 contradict.
    assert_eq!(
        (
            report.files,
            report.malformed,
            report.duplicates,
            report.contradictions
        ),
        (407, 8, 7, 5)
    );
    assert_eq!((seen[0], *seen.last().unwrap()), ((0, 407), (407, 407)));

    // Count again, from the files alone.
    let mut by_content: HashMap<Vec<u8>, Vec<String>> = HashMap::new();
    let mut irregular = Vec::new();
    let mut images = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if !name.contains("chip") {
            continue;
        }
        images += 1;
        if !is_regular(&name) {
            irregular.push(name.clone());
        }
        by_content
            .entry(std::fs::read(entry.path()).unwrap())
            .or_default()
            .push(name);
    }
    assert_eq!(images, 407);
    assert_eq!(irregular.len(), 8);
    assert_eq!(
        irregular
            .iter()
            .filter(|name| labels_in(name).is_none())
            .count(),
        3
    );
    let groups: Vec<&Vec<String>> = by_content
        .values()
        .filter(|names| names.len() > 1)
        .collect();
    assert_eq!(groups.len(), 7);
    let contradict = |names: &Vec<String>| labels_in(&names[0]) != labels_in(&names[1]);
    assert_eq!(groups.iter().filter(|names| contradict(names)).count(), 5);

    // And the manifest line by line.
    let mut lines = csv::Reader::from_path(folder.path().join(MANIFEST)).unwrap();
    let header = lines.headers().unwrap().clone();
    let column = |name: &str| header.iter().position(|h| h == name).unwrap();
    let records = config.records().unwrap();
    let images = config.images().unwrap();
    let mut count = 0;
    for line in lines.records() {
        let line = line.unwrap();
        let field = |name: &str| &line[column(name)];
        let name = field("file");
        let bytes = std::fs::read(folder.path().join(name)).unwrap();
        let index: usize = field("index").parse().unwrap();
        let record = &records[index];
        let decoded = visages::image::load_from_memory(&bytes)
            .unwrap()
            .into_rgb8();
        assert_eq!(images.image(index).unwrap(), decoded.as_raw().as_slice());
        assert_eq!(field("age"), record.label.age.to_string());
        assert_eq!(field("code"), record.label.code.to_string());
        assert_eq!(field("tone"), record.factors.tone.name());
        let expected = match (
            is_regular(name),
            labels_in(name).is_some(),
            field("copy_of").is_empty(),
        ) {
            (true, _, true) => "",
            (false, false, true) => "champ manquant",
            (false, true, true) => "nom irrégulier",
            (.., false) if labels_in(name) == labels_in(field("copy_of")) => "copie",
            (.., false) => "copie contradictoire",
        };
        assert_eq!(field("defect"), expected, "{name}");
        if let Some((age, gender, code)) = labels_in(name) {
            let written = [
                field("written_age"),
                field("written_gender"),
                field("written_code"),
            ];
            assert_eq!(
                written,
                [age, gender, code]
                    .map(|n| n.to_string())
                    .each_ref()
                    .map(|s| s.as_str())
            );
        }
        count += 1;
    }
    assert_eq!(count, 407);
}

#[test]
fn a_stopped_folder_goes_on_and_a_foreign_one_is_refused() {
    let folder = TempFolder::new();
    let config = config(100).with_side(32);
    let stop = StopFlag::new();
    let write = |config: &DrawnFacesConfig, stop: &StopFlag| {
        config.write_utkface_folder(folder.path(), stop, |done, _| {
            if done >= 32 {
                stop.request();
            }
        })
    };
    let partial = write(&config, &stop).unwrap();
    assert_eq!(
        (partial.files, partial.written, partial.is_complete()),
        (104, 32, false)
    );
    assert!(!folder.path().join(MANIFEST).exists());

    // What a killed process left long ago goes away; what another one is writing stays.
    let [left, writing] = [".x.jpg.1-0.partiel", ".y.jpg.1-1.partiel"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, "moitié").unwrap();
        path
    });
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(86_400);
    let file = std::fs::File::options().append(true).open(&left).unwrap();
    file.set_modified(yesterday).unwrap();
    let other = config.clone().with_seed(9);
    let refused = write(&other, &StopFlag::new()).unwrap_err().to_string();
    assert!(
        refused.contains("autres réglages") && !refused.contains('\n'),
        "{refused}"
    );
    let never = StopFlag::new();
    let resumed = config
        .write_utkface_folder(folder.path(), &never, |_, _| ())
        .unwrap();
    assert_eq!((resumed.written, resumed.resumed), (104, 32));
    assert!(folder.path().join(MANIFEST).exists() && !left.exists() && writing.exists());
    std::fs::remove_file(writing).unwrap();

    // The same bytes as at one go.
    let whole = TempFolder::new();
    config
        .write_utkface_folder(whole.path(), &never, |_, _| ())
        .unwrap();
    for entry in std::fs::read_dir(whole.path()).unwrap() {
        let entry = entry.unwrap();
        let other = folder.path().join(entry.file_name());
        assert_eq!(
            std::fs::read(entry.path()).unwrap(),
            std::fs::read(other).unwrap()
        );
    }

    std::fs::write(folder.path().join("photo.jpg"), "à moi").unwrap();
    let refused = config
        .write_utkface_folder(folder.path(), &never, |_, _| ())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("photo.jpg"), "{refused}");
    let foreign = TempFolder::new();
    std::fs::create_dir_all(foreign.path()).unwrap();
    std::fs::write(foreign.path().join("these.tex"), "à moi").unwrap();
    let refused = config
        .write_utkface_folder(foreign.path(), &never, |_, _| ())
        .unwrap_err()
        .to_string();
    assert!(refused.contains("autre chose"), "{refused}");
    assert!(
        config
            .with_faces(10)
            .write_utkface_folder(foreign.path(), &never, |_, _| ())
            .is_err()
    );
}

/// Two kernels that open the same lab on an empty cache.
#[test]
fn several_may_write_the_same_folder_at_once() {
    let folder = TempFolder::new();
    let config = config(200).with_side(32);
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    config.write_utkface_folder(folder.path(), &StopFlag::new(), |_, _| ())
                })
            })
            .collect();
        for writer in writers {
            assert!(writer.join().unwrap().unwrap().is_complete());
        }
    });
    // Nothing else than the faces, the manifest and the settings.
    let report = config
        .write_utkface_folder(folder.path(), &StopFlag::new(), |_, _| ())
        .unwrap();
    let there = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!((report.resumed, there), (report.files, report.files + 2));
}

#[test]
fn a_sheet_has_a_legend_without_names() {
    let sheet = visages::figures::drawn_faces_sheet(&config(12)).unwrap();
    assert!(
        sheet.width() > 900 && sheet.alt_text().contains(" · g "),
        "{}",
        sheet.alt_text()
    );
}
