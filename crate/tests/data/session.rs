//! What a session keeps of real pictures, and where.

use std::process::Command;

use crate::{
    age_classes::{write_cacd, write_utkface},
    support::{TempFolder, jpeg},
};
use visages::prelude::*;

/// The cache's variable belongs to a process: the session is opened in one of its own.
fn run_with_a_cache(test: &str, settings: &[(&str, &str)]) {
    let cache = TempFolder::new();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("TP_CACHE", cache.path())
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && told.contains("1 passed"),
        "{told}"
    );
}

#[test]
fn real_pictures_and_drawings_are_kept_in_the_cache() {
    run_with_a_cache("session::session_with_a_cache", &[]);
}

#[test]
fn the_age_classes_of_a_session_are_cacd_then_utkface_then_drawings() {
    // Fewer drawings than the preset has, which take time.
    run_with_a_cache("session::session_of_age_classes", &[("TP_IMAGES", "80")]);
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn session_of_age_classes() {
    let session = |data: &std::path::Path| {
        let builder = Session::builder("tp6").preset(Preset::Quick).device("flex");
        builder.seed(5).data_dir(data).open().unwrap()
    };
    let total = |faces: &AgeClasses| faces.train.len() + faces.validation.len() + faces.test.len();
    let drawn = session(std::path::Path::new("synthetique"));
    let faces = drawn.age_classes().unwrap();
    assert_eq!(faces.source, AgeSource::Drawings);
    // At most 80 of each class; the validation part of the preset has fewer.
    assert_eq!(
        (faces.train.len(), faces.validation.len(), faces.test.len()),
        (160, 100, 160)
    );
    assert_eq!(
        (faces.test.images().width(), faces.test.images().height()),
        (100, 100)
    );
    let cache = std::path::PathBuf::from(std::env::var_os("TP_CACHE").unwrap());
    let drawings = || std::fs::read_dir(cache.join("dessins")).unwrap().count();
    assert_eq!(drawings(), 1);
    assert_eq!(drawn.age_classes().unwrap().test, faces.test);
    assert_eq!(drawings(), 1);

    let folder = TempFolder::new();
    for (gender, first) in [(0, 0), (1, 200)] {
        write_utkface(&folder, (23, gender, 0), first, 20);
        write_utkface(&folder, (60, gender, 0), first + 100, 20);
    }
    let faces = session(folder.path()).age_classes().unwrap();
    assert_eq!((faces.source, total(&faces)), (AgeSource::UtkFace, 80));
    assert_eq!(faces.train.images().width(), 100);
    write_cacd(&folder);
    let faces = session(folder.path()).age_classes().unwrap();
    assert_eq!(faces.source, AgeSource::Cacd);
    let missing = session(&folder.path().join("absent")).age_classes();
    let missing = missing.unwrap_err().to_string();
    assert!(missing.contains("absent"), "{missing}");
}

#[test]
#[ignore = "run by the test above, in a process of its own"]
fn session_with_a_cache() {
    let data = TempFolder::new();
    let cache = std::path::PathBuf::from(std::env::var_os("TP_CACHE").unwrap());
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    for (folder, first) in [("CelebA", 0), ("imagenette", 60)] {
        for index in 0..60 {
            let file = format!("{folder}/{index}.jpg");
            data.write(&file, &jpeg(70, 70, first + index));
            let file = std::fs::File::options()
                .write(true)
                .open(data.path().join(file));
            file.unwrap().set_modified(hour).unwrap();
        }
    }
    let kept = cache.join("images");
    let count = || std::fs::read_dir(&kept).map_or(0, |files| files.count());
    let session = || Session::builder("tp5").preset(Preset::Quick).device("flex");

    let drawn = session().data_dir("synthetique").open().unwrap();
    let first = drawn.test_faces().unwrap();
    assert_eq!(count(), 0);
    let drawings = std::fs::read_dir(cache.join("dessins")).unwrap().count();
    assert_eq!(drawings, 4);
    let again = drawn.test_faces().unwrap();
    assert!(first.groups[3].images == again.groups[3].images);

    let real = session().data_dir(data.path()).open().unwrap();
    let first = real.detection_loader().unwrap().content_hash().unwrap();
    // One file for each of the two folders; nothing beside the pictures themselves.
    assert_eq!(count(), 2);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 2);
    let again = real.detection_loader().unwrap().content_hash().unwrap();
    assert_eq!(again, first);
}
