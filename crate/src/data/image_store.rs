//! Images in memory: one contiguous buffer of 8-bit RGB pixels, all of one size.
//!
//! Pixels are kept as bytes (a quarter of the memory of floats) in height-width-channel order, as
//! decoders give them, and turned into `[n, 3, height, width]` floats one batch at a time.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::error::{Error, Result};

/// Colour channels of every image: red, green, blue.
pub const CHANNELS: usize = 3;

/// A growable collection of RGB images of one size.
#[derive(Clone, PartialEq, Eq)]
pub struct ImageStore {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
}

impl ImageStore {
    /// An empty collection of images of `height` × `width` pixels.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            pixels: Vec::new(),
        }
    }

    /// The same with room for so many images, so that reading them does not move those already read.
    pub fn with_capacity(height: usize, width: usize, images: usize) -> Self {
        let mut store = Self::new(height, width);
        store.pixels.reserve_exact(images * store.image_len());
        store
    }

    /// Appends one image: `height * width * 3` bytes, rows from top to bottom, RGB within a pixel.
    ///
    /// # Errors
    /// [`Error::Shape`] when the length differs, [`Error::Argument`] when the collection's size is zero.
    pub fn push(&mut self, rgb: &[u8]) -> Result<()> {
        let expected = self.image_len();
        if expected == 0 {
            return Err(Error::argument(
                "height, width",
                format!("{} × {}", self.height, self.width),
                "une image a au moins un pixel",
            ));
        }
        if rgb.len() != expected {
            return Err(Error::shape(
                format!("image RVB de {} × {} pixels", self.height, self.width),
                [expected],
                [rgb.len()],
            ));
        }
        self.pixels.extend_from_slice(rgb);
        Ok(())
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len().checked_div(self.image_len()).unwrap_or(0)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Height of every image, in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width of every image, in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// RGB bytes of one image, rows from top to bottom.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image.
    pub fn image(&self, index: usize) -> Result<&[u8]> {
        let len = self.image_len();
        // An index beyond usize::MAX / len cannot exist: the product is checked.
        index
            .checked_mul(len)
            .and_then(|start| self.pixels.get(start..start.checked_add(len)?))
            .filter(|image| !image.is_empty())
            .ok_or(Error::Index {
                what: "la collection d'images",
                index,
                len: self.len(),
            })
    }

    /// A new collection with the images at `indices`, in that order; an index may be repeated.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image.
    pub fn select(&self, indices: &[usize]) -> Result<ImageStore> {
        let mut selected = Self::new(self.height, self.width);
        selected
            .pixels
            .reserve_exact(indices.len() * self.image_len());
        for &index in indices {
            selected.pixels.extend_from_slice(self.image(index)?);
        }
        Ok(selected)
    }

    /// Appends the images of another collection of the same size.
    ///
    /// # Errors
    /// [`Error::Shape`] when the sizes differ.
    pub fn extend(&mut self, other: &ImageStore) -> Result<()> {
        if (self.height, self.width) != (other.height, other.width) {
            return Err(Error::shape(
                "taille des images à réunir",
                [self.height, self.width],
                [other.height, other.width],
            ));
        }
        self.pixels.extend_from_slice(&other.pixels);
        Ok(())
    }

    /// A batch: the images at `indices`, as floats in `[0, 1]` (byte / 255).
    ///
    /// # Shapes
    /// - output: `[indices.len(), 3, height, width]`
    ///
    /// # Errors
    /// [`Error::Argument`] for an empty list, [`Error::Index`] when there is no such image.
    pub fn to_tensor(&self, indices: &[usize], device: &Device) -> Result<Tensor<4>> {
        if indices.is_empty() {
            return Err(Error::argument(
                "indices",
                "liste vide",
                "demandez au moins une image",
            ));
        }
        let images = indices
            .iter()
            .map(|&index| self.image(index))
            .collect::<Result<Vec<&[u8]>>>()?;
        let area = self.height * self.width;
        let mut values = vec![0.0_f32; indices.len() * self.image_len()];
        values
            .par_chunks_mut(self.image_len())
            .zip(images)
            .for_each(|(planes, image)| {
                for (channel, plane) in planes.chunks_exact_mut(area).enumerate() {
                    for (value, pixel) in plane.iter_mut().zip(image.chunks_exact(CHANNELS)) {
                        *value = f32::from(pixel[channel]) / 255.0;
                    }
                }
            });
        let shape = [indices.len(), CHANNELS, self.height, self.width];
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// All the images as one tensor; see [`to_tensor`](Self::to_tensor).
    ///
    /// # Errors
    /// [`Error::Argument`] when the collection is empty.
    pub fn all_to_tensor(&self, device: &Device) -> Result<Tensor<4>> {
        let indices: Vec<usize> = (0..self.len()).collect();
        self.to_tensor(&indices, device)
    }

    /// Images from floats: values are clamped to `[0, 1]` and rounded to the nearest byte
    /// (not-a-number becomes 0).
    ///
    /// # Shapes
    /// - `images`: `[n, 3, height, width]`
    ///
    /// # Errors
    /// [`Error::Shape`] when there are not three channels, [`Error::TensorRead`] when the device fails.
    pub fn from_tensor(images: Tensor<4>) -> Result<ImageStore> {
        let [count, channels, height, width] = images.dims();
        if channels != CHANNELS {
            return Err(Error::shape(
                "images RVB",
                [count, CHANNELS, height, width],
                [count, channels, height, width],
            ));
        }
        let values = images.try_into_vec_as::<f32>()?;
        let mut store = Self::new(height, width);
        store.pixels = vec![0; values.len()];
        let area = height * width;
        for (pixels, planes) in store
            .pixels
            .chunks_mut(store.height * store.width * CHANNELS)
            .zip(values.chunks(area * CHANNELS))
        {
            for (channel, plane) in planes.chunks(area).enumerate() {
                for (pixel, value) in pixels.chunks_mut(CHANNELS).zip(plane) {
                    // `as` saturates, and turns not-a-number into 0.
                    pixel[channel] = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            }
        }
        Ok(store)
    }

    /// Bytes of one image.
    fn image_len(&self) -> usize {
        self.height * self.width * CHANNELS
    }
}

// A derived `Debug` would print millions of bytes at the end of a cell.
impl std::fmt::Debug for ImageStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ImageStore({} images RVB de {} × {} pixels)",
            self.len(),
            self.height,
            self.width
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One image of 1 × 2 pixels: (0, 51, 102) then (153, 204, 255).
    fn tiny() -> ImageStore {
        let mut store = ImageStore::new(1, 2);
        store.push(&[0, 51, 102, 153, 204, 255]).unwrap();
        store
    }

    #[test]
    fn channels_come_first_and_values_lie_in_unit_range() {
        let mut store = tiny();
        store.push(&[255; 6]).unwrap();
        let tensor = store.to_tensor(&[1, 0], &Device::flex()).unwrap();
        assert_eq!(tensor.dims(), [2, 3, 1, 2]);
        let values: Vec<f32> = tensor.try_into_vec_as().unwrap();
        // Reds of both pixels, then greens, then blues.
        let expected = [
            1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.6, 0.2, 0.8, 0.4, 1.0_f32,
        ];
        for (value, expected) in values.iter().zip(expected) {
            assert!((value - expected).abs() < 1e-6, "{values:?}");
        }
    }

    #[test]
    fn tensor_round_trip_is_exact_for_every_byte() {
        let mut store = ImageStore::new(16, 16);
        let bytes: Vec<u8> = (0..16 * 16 * 3).map(|i| (i * 7 % 256) as u8).collect();
        store.push(&bytes).unwrap();
        store
            .push(&bytes.iter().rev().copied().collect::<Vec<u8>>())
            .unwrap();
        let back = ImageStore::from_tensor(store.all_to_tensor(&Device::flex()).unwrap()).unwrap();
        assert_eq!(back, store);
    }

    #[test]
    fn out_of_range_values_are_clamped() {
        let device = Device::flex();
        let values = [-1.0, 0.0, 0.5, 2.0, f32::NAN, f32::INFINITY];
        let tensor =
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), [1, 3, 1, 2]), &device);
        let store = ImageStore::from_tensor(tensor).unwrap();
        // Planes (-1, 0), (0.5, 2), (NaN, inf), read pixel by pixel.
        assert_eq!(store.image(0).unwrap(), [0, 128, 0, 0, 255, 255]);
    }

    #[test]
    fn wrong_lengths_indices_and_shapes_are_errors() {
        let mut store = tiny();
        let message = store.push(&[0; 5]).unwrap_err().to_string();
        assert!(
            message.contains("[6]") && message.contains("[5]"),
            "{message}"
        );
        assert_eq!(store.len(), 1);
        assert!(store.image(1).is_err());
        assert!(store.image(usize::MAX).is_err());
        assert!(store.select(&[0, 2]).is_err());
        assert!(store.to_tensor(&[], &Device::flex()).is_err());
        assert!(store.extend(&ImageStore::new(2, 1)).is_err());
        assert!(ImageStore::new(0, 4).push(&[]).is_err());
        assert!(ImageStore::new(0, 4).image(0).is_err());
        assert_eq!(ImageStore::new(0, 4).len(), 0);
        let gray = Tensor::<4>::zeros([1, 1, 2, 2], &Device::flex());
        assert!(ImageStore::from_tensor(gray).is_err());
    }

    #[test]
    fn select_repeats_and_reorders() {
        let mut store = tiny();
        store.push(&[9; 6]).unwrap();
        let selected = store.select(&[1, 0, 1]).unwrap();
        assert_eq!(selected.len(), 3);
        assert_eq!(selected.image(0).unwrap(), [9; 6]);
        assert_eq!(selected.image(1).unwrap(), store.image(0).unwrap());
        assert_eq!(
            format!("{selected:?}"),
            "ImageStore(3 images RVB de 1 × 2 pixels)"
        );
    }
}
