//! What a session keeps of real pictures, and where.

use std::process::Command;

use crate::support::{TempFolder, jpeg};
use visages::prelude::*;

/// The cache's variable belongs to a process: the session is opened in one of its own.
#[test]
fn real_pictures_and_drawings_are_kept_in_the_cache() {
    let cache = TempFolder::new();
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "session::session_with_a_cache",
            "--ignored",
            "--nocapture",
        ])
        .env("TP_CACHE", cache.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&child.stdout);
    assert!(
        child.status.success() && told.contains("1 passed"),
        "{told}"
    );
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
    assert_eq!(drawings, 1);
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
