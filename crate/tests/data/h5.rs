//! The reader of `train_face.h5` on small files made by h5py; see `fixtures/make_h5.py`.

use std::path::{Path, PathBuf};

use visages::{
    data::{DetectionConfig, count_h5, read_h5},
    error::Error,
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/h5")
        .join(name)
}

/// RGB pixel of image `i` of the fixtures; their formula counts channels from blue.
fn pixel(i: usize, y: usize, x: usize) -> [u8; 3] {
    [2, 1, 0].map(|c| ((31 * i + 5 * y + 3 * x + 70 * c) % 256) as u8)
}

/// Checks every pixel of an image.
fn assert_is(rgb: &[u8], i: usize) {
    for (at, found) in rgb.chunks(3).enumerate() {
        assert_eq!(found, pixel(i, at / 64, at % 64), "image {i}, pixel {at}");
    }
}

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("visages-h5-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn contiguous_and_compressed_layouts_give_rgb_images_by_class() {
    let (faces, others) = read_h5(&fixture("contiguous.h5"), None, None).unwrap();
    assert_eq!((faces.len(), others.len()), (2, 1));
    assert_is(&faces.image(0).unwrap(), 0);
    assert_is(&faces.image(1).unwrap(), 2);
    assert_is(&others.image(0).unwrap(), 1);

    for name in [
        "chunked.h5",
        "labels_i64_flat.h5",
        "labels_f32.h5",
        "v110.h5",
    ] {
        let (faces, others) = read_h5(&fixture(name), None, None).unwrap();
        let expected = [0, 1, 2, 3, 4, 5, 10, 11];
        assert_eq!(faces.len(), expected.len(), "{name}");
        for (index, image) in expected.into_iter().enumerate() {
            assert_is(&faces.image(index).unwrap(), image);
        }
        for index in 0..4 {
            assert_is(&others.image(index).unwrap(), 6 + index);
        }
    }
}

#[test]
fn what_a_file_holds_is_counted() {
    assert_eq!(count_h5(&fixture("chunked.h5")).unwrap(), (8, 4));
    assert_eq!(count_h5(&fixture("faces_only.h5")).unwrap(), (12, 0));
    let error = count_h5(&fixture("too_few_labels.h5")).unwrap_err();
    assert!(error.to_string().contains("« labels »"), "{error}");
}

#[test]
fn a_subset_is_spread_over_each_class() {
    let (faces, others) = read_h5(&fixture("chunked.h5"), Some(4), Some(2)).unwrap();
    assert_eq!((faces.len(), others.len()), (4, 2));
    // One face in two, one other image in two.
    for (index, image) in [1, 3, 5, 11].into_iter().enumerate() {
        assert_is(&faces.image(index).unwrap(), image);
    }
    for (index, image) in [7, 9].into_iter().enumerate() {
        assert_is(&others.image(index).unwrap(), image);
    }
}

#[test]
fn a_file_or_the_folder_it_is_in_makes_a_loader() {
    // With twelve images a side of the split is often empty: take a seed where none is.
    let config = DetectionConfig::default().with_held_out(0.4);
    let path = fixture("chunked.h5");
    let seed = (0..100)
        .find(|&seed| config.clone().with_seed(seed).init(&path).is_ok())
        .unwrap();
    let config = config.with_seed(seed);
    let loader = config.init(&path).unwrap();
    assert_eq!(loader.train_size() + loader.held_out().len(), 12);
    assert_eq!(config.init(&path).unwrap().faces(), loader.faces());

    let folder = Folder::new("dossier");
    folder.file("train_face.h5", &std::fs::read(&path).unwrap());
    assert_eq!(config.init(&folder.0).unwrap().faces(), loader.faces());
}

/// The message of a refusal, which must be one French line that names the file.
fn refusal(path: &Path) -> String {
    let error = read_h5(path, None, None).unwrap_err();
    assert!(matches!(error, Error::DataFile { .. }), "{error:?}");
    let message = error.to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(message.contains(&path.display().to_string()), "{message}");
    assert!(message.contains("data/README.md"), "{message}");
    message
}

#[test]
fn other_layouts_are_refused_with_what_was_found() {
    for (name, expected) in [
        ("other_names.h5", "« data », « target »"),
        ("no_labels.h5", "n'a pas le tableau « labels »"),
        ("group.h5", "aucun tableau à sa racine"),
        (
            "channels_first.h5",
            "« images » est de forme [12, 3, 64, 64]",
        ),
        ("v200.h5", "forme récente de HDF5"),
        ("floats.h5", "de type f32"),
        ("too_few_labels.h5", "« labels » est de forme [11, 1]"),
        ("label_2.h5", "l'étiquette de l'image 0 vaut 2"),
        ("faces_only.h5", "12 visages et 0 images sans visage"),
    ] {
        let message = refusal(&fixture(name));
        assert!(message.contains(expected), "{name} : {message}");
    }
}

#[test]
fn empty_foreign_and_missing_files_are_told_apart() {
    let folder = Folder::new("mauvais");
    assert!(refusal(&folder.file("vide.h5", b"")).contains("il est vide"));
    let foreign = folder.file("photo.h5", b"\x89PNG\r\n\x1a\n and so on, for a while");
    assert!(refusal(&foreign).contains("ce n'est pas un fichier HDF5"));
    let page = folder.file("page.h5", b"<!DOCTYPE html><html>404</html>");
    assert!(refusal(&page).contains("ce n'est pas un fichier HDF5"));
    let missing = read_h5(&folder.0.join("absent.h5"), None, None).unwrap_err();
    assert!(missing.to_string().contains("introuvable"), "{missing}");
    let directory = read_h5(&folder.0, None, None).unwrap_err();
    assert!(
        directory.to_string().contains("c'est un dossier"),
        "{directory}"
    );
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let folder = Folder::new("coupe");
    for name in ["contiguous.h5", "chunked.h5", "v110.h5"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        for cut in (0..whole.len())
            .step_by(whole.len() / 60)
            .chain([whole.len() - 1])
        {
            refusal(&folder.file("coupe.h5", &whole[..cut]));
        }
    }
}

#[test]
fn damage_is_refused_or_changes_pixels_but_never_panics() {
    let folder = Folder::new("abime");
    for name in ["contiguous.h5", "chunked.h5"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        // The structure of the file is at its beginning.
        for at in (0..whole.len().min(4096)).step_by(7) {
            let mut damaged = whole.clone();
            damaged[at] ^= 0xff;
            let path = folder.file("abime.h5", &damaged);
            if let Err(error) = read_h5(&path, None, None) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}
