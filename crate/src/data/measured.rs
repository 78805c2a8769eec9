//! What is measured on the pixels of pictures, drawn or taken: light, colour, distances.

use polars::prelude::{DataFrame, df};
use rayon::prelude::*;

use super::image_store::{CHANNELS, ImageStore};
use crate::error::{Error, Result};

/// Width of the edge whose light is that of the background, as a share of the side.
const EDGE: usize = 8;

/// Light and colour of each picture, from its pixels alone, in their order: what can be known of a photograph without a label.
///
/// | column | type | content |
/// |---|---|---|
/// | `luminosité` | f64 | mean of the pixels, from 0 (black) to 1 (white) |
/// | `luminosité du fond` | f64 | the same for the upper corners, an eighth of the side: there is no face |
/// | `chaleur de l'image` | f64 | mean of red less mean of blue |
///
/// # Errors
/// [`Error::Argument`] without pictures; those of reading their pixels.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let mut images = ImageStore::new(8, 8);
/// images.push(&[255, 0, 0].repeat(64))?; // red
/// let measures = picture_measures(&images)?;
/// assert_eq!(measures.column("chaleur de l'image")?.f64()?.get(0), Some(1.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn picture_measures(images: &ImageStore) -> Result<DataFrame> {
    some(images)?;
    let (height, width) = (images.height(), images.width());
    let (tall, wide) = ((height / EDGE).max(1), (width / EDGE).max(1));
    let is_corner = |pixel: usize| {
        let (row, column) = (pixel / width, pixel % width);
        row < tall && (column < wide || column + wide >= width)
    };
    let measured = (0..images.len())
        .into_par_iter()
        .map(|index| {
            let image = images.image(index)?;
            let (mut sums, mut corner, mut corners) = ([0.0_f64; CHANNELS], 0.0, 0_usize);
            for (place, pixel) in image.chunks_exact(CHANNELS).enumerate() {
                for (sum, value) in sums.iter_mut().zip(pixel) {
                    *sum += f64::from(*value);
                }
                if is_corner(place) {
                    corner += pixel.iter().map(|value| f64::from(*value)).sum::<f64>();
                    corners += CHANNELS;
                }
            }
            let area = (height * width) as f64 * 255.0;
            let [red, green, blue] = sums.map(|sum| sum / area);
            Ok([
                (red + green + blue) / 3.0,
                corner / corners as f64 / 255.0,
                red - blue,
            ])
        })
        .collect::<Result<Vec<[f64; 3]>>>()?;
    let column = |place: usize| -> Vec<f64> { measured.iter().map(|m| m[place]).collect() };
    Ok(df!(
        "luminosité" => column(0),
        "luminosité du fond" => column(1),
        "chaleur de l'image" => column(2),
    )?)
}

/// The mean of all pictures, as a collection of one: what a network that looks at none would draw.
///
/// # Errors
/// [`Error::Argument`] without pictures; those of reading their pixels.
pub fn mean_image(images: &ImageStore) -> Result<ImageStore> {
    some(images)?;
    let mut sums = vec![0_u64; images.image_len()];
    for index in 0..images.len() {
        for (sum, value) in sums.iter_mut().zip(images.image(index)?.iter()) {
            *sum += u64::from(*value);
        }
    }
    let count = images.len() as f64;
    let mean: Vec<u8> = sums
        .into_iter()
        .map(|sum| (sum as f64 / count).round() as u8)
        .collect();
    let mut store = ImageStore::new(images.height(), images.width());
    store.push(&mean)?;
    Ok(store)
}

/// How far each picture is from that of the other collection, in their order: the sum over the pixels and colours of the
/// squares of differences, where a pixel goes from 0 to 1. The other collection may have a single picture, which then stands
/// for all ([`mean_image`]).
///
/// # Errors
/// [`Error::Shape`] when sizes or numbers of pictures differ; [`Error::Argument`] without pictures.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let mut images = ImageStore::new(1, 1);
/// images.push(&[0, 0, 0])?;
/// images.push(&[255, 255, 255])?;
/// let mean = mean_image(&images)?; // 128, and half of the way is 127.5
/// assert!(squared_errors(&images, &mean)?.iter().all(|error| (error - 0.75).abs() < 0.01));
/// # Ok::<(), Error>(())
/// ```
pub fn squared_errors(images: &ImageStore, others: &ImageStore) -> Result<Vec<f64>> {
    some(images)?;
    let shape = |store: &ImageStore| [store.len(), store.height(), store.width(), CHANNELS];
    let [count, sizes @ ..] = shape(others);
    if sizes != shape(images)[1..] || (count != 1 && count != images.len()) {
        return Err(Error::shape(
            "images à comparer (autant d'images, ou une seule)",
            shape(images),
            shape(others),
        ));
    }
    (0..images.len())
        .into_par_iter()
        .map(|index| {
            let image = images.image(index)?;
            let other = others.image(if count == 1 { 0 } else { index })?;
            let squares = image.iter().zip(other.iter()).map(|(one, another)| {
                let difference = (f64::from(*one) - f64::from(*another)) / 255.0;
                difference * difference
            });
            Ok(squares.sum())
        })
        .collect()
}

fn some(images: &ImageStore) -> Result<()> {
    match images.is_empty() {
        false => Ok(()),
        true => Err(Error::argument(
            "images",
            "collection vide",
            "au moins une image",
        )),
    }
}
