//! The images that the rows of a frame name.

use std::path::Path;

use polars::prelude::DataFrame;
use rayon::prelude::*;

use super::{
    decode::{Outcome, read_picture},
    image_store::{CHANNELS, ImageStore},
    memory,
    options::LoadOptions,
    watch::Reading,
};
use crate::error::{Error, Result};

/// Pictures decoded between two looks at the clock and at the stop flag.
const CHUNK: usize = 256;

/// Decodes the images of a frame, one a row and in the order of the rows: those whose file stands in its
/// column `path`, as in [`utkface::scan`](super::utkface::scan). Rows without a usable picture (an empty
/// `content_hash` there) are to be filtered out first: one image too few would give every later one the
/// labels of its neighbour.
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
    for chunk in paths.chunks(CHUNK) {
        let outcomes: Vec<Outcome> = chunk
            .par_iter()
            .map(|path| read_picture(Path::new(path), options))
            .collect();
        for (path, outcome) in chunk.iter().zip(outcomes) {
            let reason = match outcome {
                Outcome::Picture(picture) => {
                    images.push(&picture.rgb)?;
                    continue;
                }
                Outcome::Unreadable(reason) => reason,
                Outcome::Ignored => "ce n'est pas une image".to_owned(),
            };
            return Err(Error::DataFile {
                path: path.into(),
                reason,
            });
        }
        reading.at(images.len())?;
    }
    Ok(images)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

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

        std::fs::write(folder.join("c.png"), b"rien").unwrap();
        let broken = df!("path" => [path("a.png"), path("c.png")]).unwrap();
        let error = read_images(&broken, &options).unwrap_err().to_string();
        assert!(error.contains("c.png"), "{error}");
        let other = df!("fichier" => ["a.png"]).unwrap();
        assert!(read_images(&other, &options).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
