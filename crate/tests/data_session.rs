//! What a session keeps of real pictures, and where: alone in this program, which sets the cache's variable.

mod data_support;

use data_support::{TempFolder, jpeg};
use visages::prelude::*;

#[test]
fn real_pictures_are_kept_in_the_cache_and_drawings_are_not() {
    let (data, cache) = (TempFolder::new(), TempFolder::new());
    // SAFETY: the only other thread of this program waits for this one.
    unsafe { std::env::set_var("TP_CACHE", cache.path()) };
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
    let kept = cache.path().join("images");
    let count = || std::fs::read_dir(&kept).map_or(0, |files| files.count());
    let session = || Seance::builder("tp5").preset(Preset::Rapide).device("flex");

    let drawn = session().data_dir("synthetique").open().unwrap();
    drawn.test_faces().unwrap();
    assert_eq!(count(), 0);

    let real = session().data_dir(data.path()).open().unwrap();
    let first = real.detection_loader().unwrap().content_hash().unwrap();
    // One file for each of the two folders; nothing beside the pictures themselves.
    assert_eq!(count(), 2);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 2);
    let again = real.detection_loader().unwrap().content_hash().unwrap();
    assert_eq!(again, first);
}
