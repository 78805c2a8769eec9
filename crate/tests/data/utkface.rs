//! UTKFace as a frame: rows, issues, copies, on drawn folders and on the real one.

use std::path::PathBuf;

use crate::support::{TempFolder, jpeg, png};
use visages::{
    data::{
        DrawnFacesConfig,
        utkface::{self, joint_counts},
    },
    host::StopFlag,
    polars::prelude::*,
};

fn texts(df: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = df.column(column).unwrap().str().unwrap();
    column.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn every_file_has_its_row_and_what_is_wrong_with_it() {
    let folder = TempFolder::new();
    let face = jpeg(20, 20, 1);
    folder.write("UTKFace/26_1_2_20170116174525125.jpg.chip.jpg", &face);
    folder.write("UTKFace/27_1_2_20170116174525126.jpg.chip.jpg", &face);
    folder.write("UTKFace/26_1_20170116174525127.jpg.chip.jpg", &face);
    folder.write(
        "UTKFace/80_0_0_20170116174525128.jpg.chip.jpg",
        &jpeg(20, 20, 2),
    );
    folder.write(
        "UTKFace/sous dossier/5_0_4_2017011617452512.jpg",
        &png(20, 20, 3),
    );
    folder.write("UTKFace/6_0_4_20170116174525129.jpg.chip.jpg", b"");
    folder.write(
        "UTKFace/7_0_4_20170116174525129.jpg.chip.jpg",
        &face[..face.len() / 2],
    );
    folder.write("UTKFace/lisez-moi.txt", b"bonjour");
    folder.write("UTKFace/.cache", b"x");

    let df = utkface::scan(folder.path()).unwrap();
    assert_eq!(df.shape(), (8, 8));
    assert_eq!(
        texts(&df, "file"),
        [
            "26_1_20170116174525127.jpg.chip.jpg",
            "26_1_2_20170116174525125.jpg.chip.jpg",
            "27_1_2_20170116174525126.jpg.chip.jpg",
            "6_0_4_20170116174525129.jpg.chip.jpg",
            "7_0_4_20170116174525129.jpg.chip.jpg",
            "80_0_0_20170116174525128.jpg.chip.jpg",
            "lisez-moi.txt",
            "sous dossier/5_0_4_2017011617452512.jpg",
        ]
        .map(|name| Some(name.to_owned()))
    );
    let issues = texts(&df, "issue");
    let expected = [
        Some("origine absente"),
        None,
        None,
        Some("fichier vide"),
        Some("fichier JPEG tronqué ou abîmé"),
        None,
        Some("nom qui ne suit pas âge_genre_origine_date, ce n'est pas une image"),
        Some("date de 16 chiffres au lieu de 17"),
    ];
    assert_eq!(issues, expected.map(|issue| issue.map(str::to_owned)));
    let hashes = texts(&df, "content_hash");
    assert_eq!(hashes[0], hashes[1]);
    assert_eq!(hashes[0], hashes[2]);
    assert!(hashes[3].is_none() && hashes[4].is_none() && hashes[6].is_none());
    let ages: Vec<Option<i32>> = df.column("age").unwrap().i32().unwrap().iter().collect();
    assert_eq!(ages[..4], [Some(26), Some(26), Some(27), Some(6)]);
    for path in texts(&df, "path") {
        assert!(PathBuf::from(path.unwrap()).is_file());
    }

    let report = utkface::report(&df).unwrap();
    assert_eq!((report.files, report.labelled), (8, 6));
    assert_eq!(report.malformed.len(), 1);
    assert_eq!(report.odd.len(), 1);
    assert_eq!(report.unusable.len(), 3);
    assert_eq!((report.identical_groups, report.identical_files), (1, 3));
    assert_eq!(report.contradictory_groups, 1);
    let text = report.to_string();
    println!("{text}");
    assert!(
        text.starts_with("8 fichiers, dont 6 avec âge, genre et origine.\n"),
        "{text}"
    );
    assert!(
        text.contains("  · lisez-moi.txt : nom qui ne suit pas"),
        "{text}"
    );
    assert!(
        text.ends_with("3 fichiers en 1 groupe, dont 1 aux étiquettes contradictoires."),
        "{text}"
    );

    let copies = utkface::identical(&df).unwrap();
    assert_eq!(copies.height(), 3);
    assert_eq!(
        copies
            .column("contradictory")
            .unwrap()
            .bool()
            .unwrap()
            .sum(),
        Some(3)
    );
    // A scan is the same twice.
    assert!(df.equals_missing(&utkface::scan(folder.path().join("UTKFace")).unwrap()));
}

#[test]
fn an_unknown_label_contradicts_nothing() {
    let folder = TempFolder::new();
    let face = jpeg(20, 20, 1);
    folder.write("26_1_2_20170116174525125.jpg.chip.jpg", &face);
    folder.write("26_1_20170116174525127.jpg.chip.jpg", &face);
    let report = utkface::report(&utkface::scan(folder.path()).unwrap()).unwrap();
    assert_eq!(
        (report.identical_groups, report.contradictory_groups),
        (1, 0)
    );
}

#[test]
fn folders_without_files_are_told_in_one_line() {
    let folder = TempFolder::new();
    for missing in [folder.path().to_path_buf(), folder.path().join("absent")] {
        let message = utkface::scan(missing).unwrap_err().to_string();
        assert!(
            message.contains("UTKFace") && !message.contains('\n'),
            "{message}"
        );
    }
    // Tables that go with pictures are no pictures.
    folder.write("manifeste.csv", b"a,b\n");
    folder.write("reglages.json", b"{}");
    let message = utkface::scan(folder.path()).unwrap_err().to_string();
    assert!(message.contains("aucune image utilisable"), "{message}");
    let error = utkface::report(&df!("age" => [1]).unwrap()).unwrap_err();
    assert!(error.to_string().contains("tableau"), "{error}");
}

/// The counts of a script of its own on the real folder; see fixtures/utkface_count.py.
#[test]
fn the_real_folder_agrees_with_an_independent_count() {
    #[derive(serde::Deserialize)]
    struct Expected {
        files: usize,
        malformed: usize,
        odd: usize,
        identical_groups: usize,
        identical_files: usize,
        contradictory_groups: usize,
        men: u32,
        women: u32,
        races: [u32; 5],
        sum_of_ages: i32,
    }
    let root = std::env::var_os("TP_DONNEES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"),
        PathBuf::from,
    );
    if !root.join("UTKFace").is_dir() {
        println!(
            "test sauté : pas de dossier « UTKFace » dans « {} »",
            root.display()
        );
        return;
    }
    let expected: Expected =
        serde_json::from_str(include_str!("../fixtures/utkface_count.json")).unwrap();
    let there = std::fs::read_dir(root.join("UTKFace")).unwrap().count();
    if there != expected.files {
        println!("test sauté : {there} fichiers, et non {}", expected.files);
        return;
    }
    let df = utkface::scan(&root).unwrap();
    assert_eq!(df.height(), there);
    let report = utkface::report(&df).unwrap();
    println!("{report}");
    assert_eq!(report.malformed.len(), expected.malformed);
    assert_eq!(report.odd.len(), expected.odd);
    assert!(report.unusable.is_empty(), "{:?}", report.unusable);
    assert_eq!(report.labelled, expected.files - expected.malformed);
    assert_eq!(report.identical_groups, expected.identical_groups);
    assert_eq!(report.identical_files, expected.identical_files);
    assert_eq!(report.contradictory_groups, expected.contradictory_groups);
    let labelled = df.clone().lazy().filter(col("race").is_not_null());
    let labelled = labelled.collect().unwrap();
    let counts = |column: &str| -> Vec<u32> {
        let counts = joint_counts(&labelled, &[column]).unwrap();
        let counts = counts.column("count").unwrap().u32().unwrap();
        counts.iter().flatten().collect()
    };
    assert_eq!(counts("gender"), [expected.men, expected.women]);
    assert_eq!(counts("race"), expected.races);
    let ages = labelled.column("age").unwrap().i32().unwrap();
    assert_eq!(ages.sum(), Some(expected.sum_of_ages));
    // Once repaired by hand, every face has its three labels.
    let corrected = utkface::report(&utkface::correct(&df).unwrap()).unwrap();
    assert_eq!(corrected.labelled, expected.files);
}

/// Defects planted in drawn faces are found, all of them and no other.
#[test]
fn a_drawn_folder_agrees_with_its_manifest() {
    let folder = TempFolder::new();
    let drawn = DrawnFacesConfig::new()
        .with_faces(300)
        .with_side(32)
        .write_utkface_folder(&folder.path().join("UTKFace"), &StopFlag::new(), |_, _| {})
        .unwrap();
    let df = utkface::scan(folder.path()).unwrap();
    let report = utkface::report(&df).unwrap();
    println!("{report}");
    assert_eq!(report.files, drawn.files);
    assert_eq!(report.malformed.len() + report.odd.len(), drawn.malformed);
    assert!(report.unusable.is_empty(), "{:?}", report.unusable);
    assert_eq!(report.identical_groups, drawn.duplicates);
    assert_eq!(report.identical_files, 2 * drawn.duplicates);
    assert_eq!(report.contradictory_groups, drawn.contradictions);

    // Row by row: the manifest's first column is the file, one of its columns the defect.
    let mut manifest = csv::Reader::from_path(folder.path().join("UTKFace/manifeste.csv")).unwrap();
    let issues: std::collections::HashMap<Option<String>, Option<String>> = texts(&df, "file")
        .into_iter()
        .zip(texts(&df, "issue"))
        .collect();
    let mut rows = 0;
    for record in manifest.records() {
        let record = record.unwrap();
        let named = record
            .iter()
            .any(|field| ["champ manquant", "nom irrégulier"].contains(&field));
        let issue = &issues[&Some(record[0].to_owned())];
        assert_eq!(issue.is_some(), named, "{record:?} {issue:?}");
        rows += 1;
    }
    assert_eq!(rows, report.files);
}
