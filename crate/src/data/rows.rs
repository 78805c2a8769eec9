//! The images that the rows of a frame name.

use std::path::Path;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::{
    cache::{Cache, Seen},
    decode::Outcome,
    image_store::{CHANNELS, ImageStore},
    memory,
    options::LoadOptions,
};
use crate::{
    error::{Error, Result},
    host::Reading,
};

/// Pictures decoded between two looks at the clock and at the stop flag.
const CHUNK: usize = 256;

/// Decodes the images of a frame, one a row and in the order of the rows: those whose file stands in its
/// column `path`, as in [`utkface::scan`](super::utkface::scan). Rows without a usable picture (an empty
/// `content_hash` there) are to be filtered out first: one image too few would give every later one the
/// labels of its neighbour. With a cache in `options`, the images of the folder that holds all these files are kept there.
///
/// # Errors
/// [`Error::Frame`] without the column `path`, [`Error::DataFile`] for the first file that is no usable
/// picture, [`Error::Memory`] when the images would not fit, [`Error::Stopped`] for an interrupt.
pub fn read_images(df: &DataFrame, options: &LoadOptions) -> Result<ImageStore> {
    options.check()?;
    let paths: Vec<&str> = df
        .column("path")?
        .str()?
        .iter()
        .map(Option::unwrap_or_default)
        .collect();
    memory::check(
        "les images",
        paths.len(),
        options.height * options.width * CHANNELS,
    )?;
    let mut images = ImageStore::with_capacity(options.height, options.width, paths.len());
    let mut reading = Reading::start("les images", paths.len(), options.verbose);
    let root = common_folder(&paths);
    let mut cache = match &options.cache {
        Some(folder) if root.is_dir() => Some(Cache::open(folder, root, options)?),
        _ => None,
    };
    for chunk in paths.chunks(CHUNK) {
        let seen: Vec<Seen> = chunk
            .par_iter()
            .map(|path| Seen::look(cache.as_ref(), root, within(path, root), options))
            .collect();
        for (path, seen) in chunk.iter().zip(seen) {
            if let Some(cache) = &mut cache {
                cache.note(within(path, root), &seen);
            }
            let reason = match seen.outcome {
                Outcome::Picture(picture) => {
                    images.push(&picture.rgb)?;
                    continue;
                }
                Outcome::Unreadable(reason) | Outcome::Unreachable(reason) => reason,
                Outcome::Ignored => "ce n'est pas une image".to_owned(),
            };
            return Err(Error::DataFile {
                path: path.into(),
                reason,
            });
        }
        reading.at(images.len())?;
    }
    if let Some(cache) = cache
        && let Err(error) = cache.save(root, &images)
    {
        // The images are there all the same.
        println!("⚠ les images : {error}");
    }
    Ok(images)
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
        let first_pixel = marked.len() - 2 * 48;
        assert_eq!(marked[first_pixel], 200);
        marked[first_pixel] = 7;
        std::fs::write(&file, marked).unwrap();
        let marked = read_images(&rows, &cached).unwrap();
        assert_eq!(
            [marked.image(0).unwrap()[0], marked.image(1).unwrap()[0]],
            [7, 10]
        );

        std::fs::write(folder.join("c.png"), b"rien").unwrap();
        let broken = df!("path" => [path("a.png"), path("c.png")]).unwrap();
        let error = read_images(&broken, &options).unwrap_err().to_string();
        assert!(error.contains("c.png"), "{error}");
        let other = df!("fichier" => ["a.png"]).unwrap();
        assert!(read_images(&other, &options).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
