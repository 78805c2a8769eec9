//! The folder loader: order, formats, sizes, and files that lie, are cut, or are damaged.

use std::path::PathBuf;

use crate::support::{TempFolder, encode, jpeg, picture, png};
use visages::{
    data::{Crop, ImageFolder, LoadOptions},
    image::{DynamicImage, ImageFormat},
};

fn options() -> LoadOptions {
    LoadOptions::new().with_size(16, 16).with_verbose(false)
}

fn names(folder: &ImageFolder) -> Vec<String> {
    folder
        .files
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}

#[test]
fn files_are_read_in_sorted_order_whatever_their_extension_says() {
    let folder = TempFolder::new();
    folder.write("b/2.png", &jpeg(20, 20, 1));
    folder.write("b/10.jpg", &png(20, 20, 2));
    folder.write("a.jpeg", &jpeg(30, 20, 3));
    folder.write("c/d/e/sans_extension", &png(16, 16, 4));
    folder.write("notes.txt", b"pas une image");
    folder.write("labels.csv", b"a,b\n1,2\n");
    folder.write(".cache/x.png", &png(16, 16, 5));
    folder.write(".DS_Store", b"x");

    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(
        names(&loaded),
        ["a.jpeg", "b/10.jpg", "b/2.png", "c/d/e/sans_extension"]
    );
    assert_eq!(loaded.len(), 4);
    assert_eq!(loaded.original_sizes[0], (30, 20));
    assert_eq!(loaded.ignored, 2);
    assert_eq!(loaded.report("essais"), None);

    let again = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(loaded.images, again.images);
}

#[test]
fn pixels_of_a_picture_of_the_right_size_are_untouched() {
    let folder = TempFolder::new();
    folder.write("x.png", &png(16, 16, 9));
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(
        loaded.images.image(0).unwrap(),
        picture(16, 16, 9).as_raw().as_slice()
    );
}

#[test]
fn a_centre_crop_keeps_proportions_and_a_stretch_keeps_everything() {
    // Three bands of 16 × 16: red, green, blue from top to bottom.
    let bands = visages::image::RgbImage::from_fn(16, 48, |_, y| {
        let mut pixel = [0; 3];
        pixel[(y / 16) as usize] = 255;
        visages::image::Rgb(pixel)
    });
    let folder = TempFolder::new();
    folder.write("bandes.png", &encode(bands, ImageFormat::Png));

    let cropped = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    let pixels = cropped.images.image(0).unwrap();
    assert!(pixels.chunks(3).all(|pixel| pixel == [0, 255, 0]));

    let stretch = options().with_crop(Crop::Stretch);
    let stretched = ImageFolder::load("les essais", folder.path(), &stretch).unwrap();
    let pixels = stretched.images.image(0).unwrap();
    assert_eq!(pixels[..3], [255, 0, 0]);
    assert_eq!(pixels[pixels.len() - 3..], [0, 0, 255]);
}

#[test]
fn shrinking_averages_instead_of_picking_pixels() {
    // Columns of black and white: any picking filter would give one of the two.
    let stripes = visages::image::RgbImage::from_fn(64, 64, |x, _| {
        visages::image::Rgb([if x % 2 == 0 { 0 } else { 255 }; 3])
    });
    let folder = TempFolder::new();
    folder.write("rayures.png", &encode(stripes, ImageFormat::Png));
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    let pixels = loaded.images.image(0).unwrap();
    assert!(
        pixels.iter().all(|value| (96..=160).contains(value)),
        "{pixels:?}"
    );
}

#[test]
fn every_colour_type_becomes_rgb() {
    let rgb = picture(16, 16, 3);
    let dynamic = DynamicImage::ImageRgb8(rgb.clone());
    let folder = TempFolder::new();
    folder.write("1_gris.png", &encode(dynamic.to_luma8(), ImageFormat::Png));
    folder.write("2_gris.jpg", &encode(dynamic.to_luma8(), ImageFormat::Jpeg));
    folder.write(
        "3_gris16.png",
        &encode(dynamic.to_luma16(), ImageFormat::Png),
    );
    folder.write("4_rgba.png", &encode(dynamic.to_rgba8(), ImageFormat::Png));
    folder.write("5_rgb16.png", &encode(dynamic.to_rgb16(), ImageFormat::Png));
    folder.write(
        "6_rgba16.png",
        &encode(dynamic.to_rgba16(), ImageFormat::Png),
    );
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(loaded.len(), 6, "{:?}", loaded.unreadable);
    for gray in 0..3 {
        let pixels = loaded.images.image(gray).unwrap();
        assert!(pixels.chunks(3).all(|p| p[0] == p[1] && p[1] == p[2]));
    }
    for colour in 3..6 {
        assert_eq!(
            loaded.images.image(colour).unwrap(),
            rgb.as_raw().as_slice()
        );
    }
}

#[test]
fn other_picture_formats_and_lying_names_are_reported() {
    let folder = TempFolder::new();
    folder.write("bon.png", &png(16, 16, 1));
    folder.write("anime.gif", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;");
    folder.write("vide.jpg", b"");
    folder.write("page.jpg", b"<!DOCTYPE html><html>Erreur 404</html>");
    std::fs::create_dir(folder.path().join("dossier.jpg")).unwrap();
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(names(&loaded), ["bon.png"]);
    let reasons: Vec<(PathBuf, String)> = loaded
        .unreadable
        .iter()
        .map(|file| (file.path.clone(), file.reason.clone()))
        .collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[0].1.contains("format gif"), "{reasons:?}");
    assert!(reasons[1].1.contains("ni du JPEG ni du PNG"), "{reasons:?}");
    assert!(reasons[2].1.contains("fichier vide"), "{reasons:?}");
    let report = loaded.report("essais").unwrap();
    assert!(report.contains("3 fichiers illisibles écartés"), "{report}");
    assert!(report.contains("« anime.gif »"), "{report}");
}

#[test]
fn a_report_names_the_first_files_only() {
    let folder = TempFolder::new();
    folder.write("bon.png", &png(16, 16, 1));
    for index in 0..20 {
        folder.write(&format!("abimee_{index:02}.jpg"), b"x");
    }
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    let report = loaded.report("essais").unwrap();
    assert!(report.contains("20 fichiers illisibles"), "{report}");
    assert!(
        report.contains("abimee_04") && !report.contains("abimee_05"),
        "{report}"
    );
    assert!(report.ends_with('…'), "{report}");
}

/// Cuts and damages of good files, drawn by a fixed recurrence: none may panic, hang or be lost.
#[test]
fn damaged_files_are_read_or_reported_never_lost() {
    let folder = TempFolder::new();
    let sources = [
        ("jpg", jpeg(40, 30, 1)),
        ("png", png(40, 30, 1)),
        (
            "rgba",
            encode(
                DynamicImage::ImageRgb8(picture(24, 24, 2)).to_rgba8(),
                ImageFormat::Png,
            ),
        ),
    ];
    let mut state = 12345_u64;
    let mut random = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % bound
    };
    let mut total = 0;
    let mut cut = 0;
    for (name, good) in &sources {
        folder.write(&format!("{name}/bon.{name}"), good);
        total += 1;
        for index in 0..100 {
            let end = random(good.len());
            folder.write(&format!("{name}/coupe_{index}.jpg"), &good[..end]);
            cut += 1;

            let mut damaged = good.clone();
            for _ in 0..=random(8) {
                let position = random(good.len());
                damaged[position] ^= 1 << random(8);
            }
            folder.write(&format!("{name}/abime_{index}.png"), &damaged);
            total += 2;
        }
    }
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(
        loaded.len() + loaded.unreadable.len() + loaded.ignored,
        total
    );
    assert!(
        loaded
            .files
            .iter()
            .any(|path| path.ends_with("jpg/bon.jpg"))
    );
    // A cut JPEG is always seen; a PNG cut within its last 12 bytes (IEND) still has all its pixels.
    let kept: Vec<&PathBuf> = loaded
        .files
        .iter()
        .filter(|path| path.to_string_lossy().contains("coupe"))
        .collect();
    assert!(kept.iter().all(|path| !path.starts_with("jpg")), "{kept:?}");
    assert!(
        kept.len() * 5 < cut,
        "{} of {cut} cut files passed",
        kept.len()
    );
    for file in &loaded.unreadable {
        assert!(!file.reason.is_empty(), "{file:?}");
    }
}

#[test]
fn missing_and_empty_folders_say_what_to_do() {
    let folder = TempFolder::new();
    let missing = folder.path().join("nulle part");
    let message = ImageFolder::load("les visages", &missing, &options())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("les visages") && message.contains("nulle part"),
        "{message}"
    );

    let message = ImageFolder::load("les visages", folder.path(), &options())
        .unwrap_err()
        .to_string();
    assert!(message.contains("aucune image utilisable"), "{message}");

    folder.write("x.jpg", b"non");
    let message = ImageFolder::load("les visages", folder.path(), &options())
        .unwrap_err()
        .to_string();
    assert!(message.contains("« x.jpg »"), "{message}");

    // A file where a folder is expected.
    let file = folder.path().join("x.jpg");
    assert!(ImageFolder::load("les visages", &file, &options()).is_err());
}

#[test]
fn a_maximum_count_takes_a_share_of_every_subfolder() {
    let folder = TempFolder::new();
    for class in ["a", "b", "c", "d"] {
        for index in 0..10 {
            folder.write(&format!("{class}/{index}.png"), &png(16, 16, index));
        }
    }
    let limited = options().with_max_images(Some(8));
    let loaded = ImageFolder::load("les essais", folder.path(), &limited).unwrap();
    assert_eq!(loaded.len(), 8);
    for class in ["a", "b", "c", "d"] {
        let of_class = loaded.files.iter().filter(|path| path.starts_with(class));
        assert_eq!(of_class.count(), 2, "{class}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed_once_and_loops_end() {
    use std::os::unix::fs::symlink;
    let folder = TempFolder::new();
    folder.write("vrai/1.png", &png(16, 16, 1));
    symlink(folder.path(), folder.path().join("vrai/boucle")).unwrap();
    symlink(folder.path().join("vrai"), folder.path().join("lien")).unwrap();
    symlink("nulle/part.png", folder.path().join("pendant.png")).unwrap();
    let loaded = ImageFolder::load("les essais", folder.path(), &options()).unwrap();
    assert_eq!(loaded.len(), 1, "{:?}", loaded.files);
    assert_eq!(loaded.unreadable.len(), 1);
}
