//! Decoded images kept from one reading to the next: the same as read anew, whatever changes in between.

use std::path::PathBuf;

use crate::support::{TempFolder, jpeg, png};
use visages::data::{ImageFolder, LoadOptions};

fn options() -> LoadOptions {
    LoadOptions::new().with_size(16, 16).with_verbose(false)
}

#[test]
fn a_cache_gives_the_same_images_and_sees_every_change() {
    let folder = TempFolder::new();
    let kept = TempFolder::new();
    for index in 0..5 {
        folder.write(&format!("{index}.png"), &png(20, 20, index));
    }
    folder.write("abimee.jpg", b"x");
    folder.write("notes.txt", b"x");
    let age = |file: &str, seconds: u64| {
        let file = std::fs::File::options()
            .write(true)
            .open(folder.path().join(file))
            .unwrap();
        let then = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        file.set_modified(then).unwrap();
    };
    for file in [
        "0.png",
        "1.png",
        "2.png",
        "3.png",
        "4.png",
        "abimee.jpg",
        "notes.txt",
    ] {
        age(file, 3_600);
    }
    let load = || {
        let with_cache = options().with_cache(kept.path());
        let cached = ImageFolder::load("les essais", folder.path(), &with_cache).unwrap();
        let fresh = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
        assert_eq!(cached.images, fresh.images);
        assert_eq!(cached.files, fresh.files);
        assert_eq!(cached.unreadable, fresh.unreadable);
        assert_eq!(cached.original_sizes, fresh.original_sizes);
        assert_eq!(cached.ignored, fresh.ignored);
    };
    let written = || {
        let files: Vec<PathBuf> = std::fs::read_dir(kept.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(files.len(), 1, "{files:?}");
        files[0].clone()
    };
    load();
    let first = std::fs::read(written()).unwrap();
    // Nothing changed: the file is used, which a pixel put into it shows, and not written again.
    let mut marked = first.clone();
    // Image 4 comes after the signature and four others.
    let last = 8 + 5 * 16 * 16 * 3 - 1;
    marked[last] ^= 0xFF;
    std::fs::write(written(), &marked).unwrap();
    let with_cache = options().with_cache(kept.path());
    let recalled = ImageFolder::load("les essais", folder.path(), &with_cache).unwrap();
    assert_eq!(recalled.images.image(4).unwrap().last(), marked.get(last));
    std::fs::write(written(), &first).unwrap();

    // Other content under the same name and size, an hour later.
    folder.write("1.png", &png(20, 20, 77));
    age("1.png", 10);
    load();
    // A file more, one less.
    folder.write("5.png", &png(30, 20, 5));
    std::fs::remove_file(folder.path().join("0.png")).unwrap();
    load();
    // A change within the clock's precision: the file is too recent to be trusted.
    folder.write("2.png", &png(20, 20, 78));
    load();
    folder.write("2.png", &png(20, 20, 79));
    load();
    // Damaged, cut or foreign cache files are as good as none.
    let sound = std::fs::read(written()).unwrap();
    for bad in [
        &b""[..],
        &sound[..40],
        &sound[..sound.len() - 1],
        b"VISIMG-4\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
    ] {
        std::fs::write(written(), bad).unwrap();
        load();
    }
}

/// An hour ago: a file that has just changed is not kept in a cache.
fn age(file: &std::path::Path) -> std::time::SystemTime {
    let hour = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    set_modified(file, hour);
    hour
}

fn set_modified(file: &std::path::Path, then: std::time::SystemTime) {
    let file = std::fs::File::options().write(true).open(file).unwrap();
    file.set_modified(then).unwrap();
}

/// The one file of a cache.
fn kept_file(cache: &TempFolder) -> Vec<u8> {
    let mut files = std::fs::read_dir(cache.path()).unwrap();
    let file = std::fs::read(files.next().unwrap().unwrap().path()).unwrap();
    assert!(files.next().is_none());
    file
}

#[test]
fn a_smaller_reading_leaves_the_cache_as_large() {
    let (folder, kept) = (TempFolder::new(), TempFolder::new());
    for index in 0..6 {
        folder.write(&format!("{index}.png"), &png(20, 20, index));
        age(&folder.path().join(format!("{index}.png")));
    }
    let load = |max| {
        let options = options().with_cache(kept.path()).with_max_images(max);
        ImageFolder::load("les essais", folder.path(), &options).unwrap()
    };
    let whole = load(None);
    let first = kept_file(&kept);
    load(Some(2));
    assert_eq!(kept_file(&kept), first);

    // One of the two has changed: it alone is replaced.
    let chosen = load(Some(2)).files[1].clone();
    folder.write(chosen.to_str().unwrap(), &png(20, 20, 77));
    age(&folder.path().join(&chosen));
    load(Some(2));
    let second = kept_file(&kept);
    assert!(second.len() >= first.len() - 40 && second != first);
    let again = load(None);
    assert_eq!(kept_file(&kept), second);
    let differs =
        |index: &usize| whole.images.image(*index).unwrap() != again.images.image(*index).unwrap();
    let different: Vec<usize> = (0..6).filter(differs).collect();
    assert_eq!(different.len(), 1);
    assert_eq!(again.files[different[0]], chosen);

    // What is no longer in the folder is no longer in the cache.
    std::fs::remove_file(folder.path().join(&chosen)).unwrap();
    load(Some(2));
    assert!(kept_file(&kept).len() < second.len() - 16 * 16 * 3);
}

#[test]
fn a_file_replaced_under_the_same_date_and_length_is_seen() {
    let (folder, kept) = (TempFolder::new(), TempFolder::new());
    // What follows the end of a JPEG is not read: both have the same length.
    let padded = |variant| {
        let mut bytes = jpeg(20, 20, variant);
        bytes.resize(4_000, 0);
        bytes
    };
    let file = folder.path().join("x.jpg");
    let cached = options().with_cache(kept.path());
    let load = |options| ImageFolder::load("les essais", folder.path(), options).unwrap();
    folder.write("x.jpg", &padded(1));
    let then = age(&file);
    load(&cached);
    // The clock of files is coarse: the date of the change itself must differ.
    std::thread::sleep(std::time::Duration::from_millis(30));
    folder.write("x.jpg", &padded(40));
    set_modified(&file, then);
    assert_eq!(load(&cached).images, load(&options()).images);
}
