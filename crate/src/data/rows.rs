//! The images that the rows of a frame name.

use std::path::Path;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::{
    cache::Seen,
    image_store::ImageStore,
    intake::{Intake, Taken},
    options::LoadOptions,
};
use crate::{
    error::{Error, Result},
    host::Reading,
};

/// Decodes the images of a frame, one a row and in the order of the rows: those whose file stands in its
/// column `path`, as in [`utkface::scan`](super::utkface::scan). Rows without a usable picture (an empty
/// `content_hash` there) are to be filtered out first: one image too few would give every later one the
/// labels of its neighbour. With a cache in `options`, the images of the folder that holds all these files are kept there.
///
/// [`Labelled::read`](super::Labelled::read) keeps images and rows together, and chooses some of them.
///
/// # Errors
/// [`Error::Frame`] without the column `path`, [`Error::Argument`] when `options` ask for fewer images than there are rows,
/// [`Error::DataFile`] for the first file that is no usable picture, [`Error::Memory`] when the images would not fit,
/// [`Error::Stopped`] for an interrupt.
pub fn read_images(df: &DataFrame, options: &LoadOptions) -> Result<ImageStore> {
    options.check()?;
    let paths: Vec<&str> = df
        .column("path")?
        .str()?
        .iter()
        .map(Option::unwrap_or_default)
        .collect();
    if let Some(max) = options.max_images.filter(|max| *max < paths.len()) {
        return Err(Error::argument(
            "max_images",
            max,
            format!(
                "une image par ligne, ici {} ; choisissez d'abord les lignes (head, filter), ou lisez images et lignes \
                 ensemble avec Labelled::read",
                paths.len()
            ),
        ));
    }
    let root = match common_folder(&paths) {
        here if here.as_os_str().is_empty() => Path::new("."),
        root => root,
    };
    let files: Vec<&Path> = paths.iter().map(|path| within(path, root)).collect();
    let mut intake = Intake::start("les images", root, &files, options)?;
    let mut reading = Reading::start("les images", paths.len(), options.verbose);
    for chunk in files.chunks(intake.chunk()) {
        let seen: Vec<Option<Seen>> = chunk.par_iter().map(|file| intake.look(file)).collect();
        for (file, seen) in chunk.iter().zip(seen) {
            let reason = match intake.take(file, seen)? {
                Taken::Image(_) => continue,
                Taken::Unreadable(reason) => reason,
                Taken::Ignored => "ce n'est pas une image".to_owned(),
            };
            return Err(Error::DataFile {
                path: root.join(file),
                reason,
            });
        }
        reading.at(intake.len())?;
    }
    intake.finish("les images")
}

/// The deepest folder that holds all the files.
fn common_folder<'a>(paths: &[&'a str]) -> &'a Path {
    let mut paths = paths.iter().map(|path| Path::new(*path));
    let first = paths.next().and_then(Path::parent);
    let mut common = first.unwrap_or(Path::new(""));
    for path in paths {
        while !path.starts_with(common) {
            common = common.parent().unwrap_or(Path::new(""));
        }
    }
    common
}

/// A path without the folder that it begins with.
fn within<'a>(path: &'a str, folder: &Path) -> &'a Path {
    let path = Path::new(path);
    path.strip_prefix(folder).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    /// An hour ago: a file that has just changed is not kept in a cache.
    fn age(path: &Path) {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        let hour = std::time::Duration::from_secs(3_600);
        file.set_modified(std::time::SystemTime::now() - hour)
            .unwrap();
    }

    #[test]
    fn files_of_several_folders_have_one_root() {
        let root = |paths: &[&str]| common_folder(paths).to_path_buf();
        assert_eq!(root(&["/a/b/1.jpg", "/a/b/c/2.jpg"]), Path::new("/a/b"));
        assert_eq!(root(&["/a/b/1.jpg", "/a/bc/2.jpg"]), Path::new("/a"));
        assert_eq!(root(&["x/1.jpg", "y/2.jpg"]), Path::new(""));
        assert_eq!(root(&[]), Path::new(""));
        assert_eq!(within("/a/b/1.jpg", Path::new("/a")), Path::new("b/1.jpg"));
    }

    #[test]
    fn images_come_in_the_order_of_the_rows() {
        let folder = std::env::temp_dir().join(format!("visages-lignes-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        for (name, grey) in [("a.png", 10), ("b.png", 200)] {
            image::RgbImage::from_pixel(4, 4, image::Rgb([grey; 3]))
                .save(folder.join(name))
                .unwrap();
        }
        let options = LoadOptions::new().with_size(4, 4).with_verbose(false);
        let rows = df!("path" => [path("b.png"), path("a.png"), path("b.png")]).unwrap();
        let images = read_images(&rows, &options).unwrap();
        let first = |index| images.image(index).unwrap()[0];
        assert_eq!([first(0), first(1), first(2)], [200, 10, 200]);

        let kept = folder.join("cache");
        let cached = options.clone().with_cache(&kept);
        age(&folder.join("a.png"));
        age(&folder.join("b.png"));
        assert_eq!(read_images(&rows, &cached).unwrap(), images);
        let files = || std::fs::read_dir(&kept).unwrap().map(|file| file.unwrap());
        assert_eq!(files().count(), 1);
        // What was kept is used, which a pixel put into it shows; « b.png » comes first.
        let file = files().next().unwrap().path();
        let mut marked = std::fs::read(&file).unwrap();
        let first_pixel = 8;
        assert_eq!(marked[first_pixel], 200);
        marked[first_pixel] = 7;
        std::fs::write(&file, marked).unwrap();
        let marked = read_images(&rows, &cached).unwrap();
        assert_eq!(
            [marked.image(0).unwrap()[0], marked.image(1).unwrap()[0]],
            [7, 10]
        );

        let error = read_images(&rows, &options.clone().with_max_images(Some(2)));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("« max_images »") && error.contains("ici 3"),
            "{error}"
        );
        let max = options.clone().with_max_images(Some(3));
        assert_eq!(read_images(&rows, &max).unwrap().len(), 3);

        std::fs::write(folder.join("c.png"), b"rien").unwrap();
        let broken = df!("path" => [path("a.png"), path("c.png")]).unwrap();
        let error = read_images(&broken, &options).unwrap_err().to_string();
        assert!(error.contains("c.png"), "{error}");
        let other = df!("fichier" => ["a.png"]).unwrap();
        assert!(read_images(&other, &options).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
