//! An image and what augmentation makes of it.

use super::{Figure, image_rows};
use crate::{
    data::{
        ImageStore,
        augment::{Augmenter, Transform},
    },
    error::{Error, Result},
};

/// Most variants in a row.
const LARGEST: usize = 12;

/// One row a transformation: the image, then `variants` draws of it (1 to 12). The same seed gives the same
/// figure.
///
/// # Errors
/// [`Error::Argument`] without transformations, for a number of variants out of 1 to 12 or an amount out of
/// its range, and for a crop that changes the size of the image; [`Error::Index`] when there is no such image.
pub fn augmentation_rows(
    images: &ImageStore,
    index: usize,
    transforms: &[Transform],
    variants: usize,
    seed: u64,
) -> Result<Figure> {
    if !(1..=LARGEST).contains(&variants) {
        return Err(Error::argument(
            "variants",
            variants,
            format!("de 1 à {LARGEST} variantes"),
        ));
    }
    let original = images.select(&[index])?;
    let rows = transforms
        .iter()
        .map(|transform| {
            let augmenter = Augmenter::new(seed).with(*transform);
            let mut row = original.clone();
            for epoch in 0..variants as u64 {
                let variant = augmenter.apply(&original, &[0], epoch)?;
                if (variant.height(), variant.width()) != (row.height(), row.width()) {
                    return Err(Error::argument(
                        "transforms",
                        format!(
                            "{} de {} × {} pixels",
                            transform.name(),
                            variant.height(),
                            variant.width()
                        ),
                        format!(
                            "la taille de l'image, {} × {}, pour que les variantes se comparent",
                            row.height(),
                            row.width()
                        ),
                    ));
                }
                row.extend(&variant)?;
            }
            Ok(row)
        })
        .collect::<Result<Vec<ImageStore>>>()?;
    let groups: Vec<(&str, &ImageStore)> =
        transforms.iter().map(Transform::name).zip(&rows).collect();
    image_rows(
        &groups,
        variants + 1,
        "Une image (à gauche) et ses variantes",
    )
}
