//! A collection of RGB images of one size: a list of places in pixels that collections share.
//!
//! Pixels are kept as bytes (a quarter of the memory of floats) in height-width-channel order, as
//! decoders give them, and turned into `[n, 3, height, width]` floats one batch at a time. They lie in memory, or in a file
//! that is read by position when they are larger than memory. Choosing, reordering and joining images copies no pixel.

use std::{borrow::Cow, sync::Arc};

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::pixel_file::PixelFile;
use crate::{
    error::{Error, Result},
    host,
};

/// Colour channels of every image: red, green, blue.
pub const CHANNELS: usize = 3;

/// A growable collection of RGB images of one size. Its clones, selections and unions share its pixels.
#[derive(Clone)]
pub struct ImageStore {
    height: usize,
    width: usize,
    parts: Vec<Arc<Part>>,
    places: Arc<Vec<Place>>,
}

/// Where pixels are.
enum Part {
    /// Image after image.
    Memory(Vec<u8>),
    File(PixelFile),
}

/// One image: its part and its number there.
#[derive(Clone, Copy)]
struct Place {
    part: u32,
    image: u32,
}

impl ImageStore {
    /// An empty collection of images of `height` × `width` pixels.
    pub fn new(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            parts: Vec::new(),
            places: Arc::default(),
        }
    }

    /// The same with room for so many images, so that reading them does not move those already read.
    pub fn with_capacity(height: usize, width: usize, images: usize) -> Self {
        let mut store = Self::new(height, width);
        let mut pixels = Vec::new();
        pixels.reserve_exact(images * store.image_len());
        store.parts.push(Arc::new(Part::Memory(pixels)));
        store
    }

    /// The images of a file, in the order of their numbers there.
    pub(super) fn from_file(
        height: usize,
        width: usize,
        file: PixelFile,
        images: impl IntoIterator<Item = u32>,
    ) -> Self {
        let place = |image| Place { part: 0, image };
        Self {
            height,
            width,
            parts: vec![Arc::new(Part::File(file))],
            places: Arc::new(images.into_iter().map(place).collect()),
        }
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
        // What others share stays as they know it: the image then begins a part of its own.
        let own = self.parts.last_mut().and_then(Arc::get_mut);
        let image = match own {
            Some(Part::Memory(pixels)) => {
                pixels.extend_from_slice(rgb);
                pixels.len() / expected - 1
            }
            _ => {
                self.parts.push(Arc::new(Part::Memory(rgb.to_vec())));
                0
            }
        };
        let place = Place::new(self.parts.len() - 1, image)?;
        Arc::make_mut(&mut self.places).push(place);
        Ok(())
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Height of every image, in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width of every image, in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Whether some of the pixels are read from a file each time rather than kept in memory.
    pub fn is_on_disk(&self) -> bool {
        let on_disk = |part: &Arc<Part>| matches!(**part, Part::File(_));
        self.parts.iter().any(on_disk)
    }

    /// RGB bytes of one image, rows from top to bottom: lent from memory, or read from the file.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image, [`Error::Io`] when the file cannot be read.
    pub fn image(&self, index: usize) -> Result<Cow<'_, [u8]>> {
        let place = *self.places.get(index).ok_or_else(|| self.no_such(index))?;
        let (part, start) = self.locate(place);
        match part {
            Some(Part::Memory(pixels)) => pixels
                .get(start..start + self.image_len())
                .map(Cow::Borrowed)
                .ok_or_else(|| self.no_such(index)),
            Some(Part::File(file)) => {
                let mut pixels = vec![0; self.image_len()];
                file.read(place.image, &mut pixels)?;
                Ok(Cow::Owned(pixels))
            }
            None => Err(self.no_such(index)),
        }
    }

    /// The part of a place, and where its image begins when that part is in memory.
    fn locate(&self, place: Place) -> (Option<&Part>, usize) {
        let part = self.parts.get(place.part as usize).map(Arc::as_ref);
        (part, place.image as usize * self.image_len())
    }

    /// A collection of the images at `indices`, in that order; an index may be repeated. It shares the pixels of this one.
    ///
    /// # Errors
    /// [`Error::Index`] when there is no such image.
    pub fn select(&self, indices: &[usize]) -> Result<ImageStore> {
        let places = indices
            .iter()
            .map(|&index| {
                self.places
                    .get(index)
                    .copied()
                    .ok_or_else(|| self.no_such(index))
            })
            .collect::<Result<Vec<Place>>>()?;
        Ok(Self {
            places: Arc::new(places),
            parts: self.parts.clone(),
            ..*self
        })
    }

    /// Appends the images of another collection of the same size, whose pixels are then shared.
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
        // Parts that both have are kept once.
        let mut new_parts = Vec::with_capacity(other.parts.len());
        for part in &other.parts {
            let known = self.parts.iter().position(|own| Arc::ptr_eq(own, part));
            new_parts.push(known.unwrap_or_else(|| {
                self.parts.push(part.clone());
                self.parts.len() - 1
            }));
        }
        let places = Arc::make_mut(&mut self.places);
        places.reserve(other.len());
        for place in other.places.iter() {
            let part = new_parts.get(place.part as usize).copied();
            places.push(Place::new(part.unwrap_or_default(), place.image as usize)?);
        }
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
        let values = self.planes(indices)?;
        let shape = [indices.len(), CHANNELS, self.height, self.width];
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// The same images with their colours last, as files have them: row after row, and within a row pixel after pixel, each
    /// with its red, its green and its blue. Networks read [`to_tensor`](Self::to_tensor).
    ///
    /// # Shapes
    /// - output: `[indices.len(), height, width, 3]`, values in `[0, 1]`
    ///
    /// # Errors
    /// Those of [`to_tensor`](Self::to_tensor).
    ///
    /// # Example
    /// ```
    /// use visages::prelude::*;
    /// let mut images = ImageStore::new(1, 2);
    /// images.push(&[255, 0, 0, 0, 255, 0])?; // red, then green
    /// let device = Device::flex();
    /// let last = images.to_tensor_channels_last(&[0], &device)?;
    /// assert_eq!(last.dims(), [1, 1, 2, 3]);
    /// let first = last.clone().permute([0, 3, 1, 2]);
    /// assert_eq!(first.into_data(), images.to_tensor(&[0], &device)?.into_data());
    /// // `reshape` moves nothing: the « red » of both pixels is the red and the green of the first.
    /// assert_ne!(last.reshape([1, 3, 1, 2]).into_data(), images.to_tensor(&[0], &device)?.into_data());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn to_tensor_channels_last(&self, indices: &[usize], device: &Device) -> Result<Tensor<4>> {
        if indices.is_empty() {
            return Err(Error::argument(
                "indices",
                "liste vide",
                "demandez au moins une image",
            ));
        }
        let mut values = Vec::with_capacity(indices.len() * self.image_len());
        for &index in indices {
            let image = self.image(index)?;
            values.extend(image.iter().map(|byte| f32::from(*byte) / 255.0));
        }
        let shape = [indices.len(), self.height, self.width, CHANNELS];
        Ok(Tensor::from_data(TensorData::new(values, shape), device))
    }

    /// The values of [`to_tensor`](Self::to_tensor), before they are on a device.
    pub(super) fn planes(&self, indices: &[usize]) -> Result<Vec<f32>> {
        let area = self.height * self.width;
        let mut values = vec![0.0_f32; indices.len() * self.image_len()];
        values
            .par_chunks_mut(self.image_len().max(1))
            .zip(indices)
            .try_for_each(|(planes, &index)| {
                let image = self.image(index)?;
                for (channel, plane) in planes.chunks_exact_mut(area).enumerate() {
                    for (value, pixel) in plane.iter_mut().zip(image.chunks_exact(CHANNELS)) {
                        *value = f32::from(pixel[channel]) / 255.0;
                    }
                }
                Ok::<(), Error>(())
            })?;
        Ok(values)
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
        let mut store = Self::with_capacity(height, width, count);
        let area = height * width;
        let mut pixels = vec![0; store.image_len()];
        for planes in values.chunks(store.image_len().max(1)) {
            for (channel, plane) in planes.chunks(area).enumerate() {
                for (pixel, value) in pixels.chunks_mut(CHANNELS).zip(plane) {
                    // `as` saturates, and turns not-a-number into 0.
                    pixel[channel] = (value.clamp(0.0, 1.0) * 255.0).round() as u8;
                }
            }
            store.push(&pixels)?;
        }
        Ok(store)
    }

    /// SHA-256 of the images in their order, sixteen hexadecimal digits: the same for the same pixels, wherever they lie.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the reader interrupts it, [`Error::Io`] when a file cannot be read.
    pub fn content_hash(&self) -> Result<String> {
        let digests = (0..self.len())
            .into_par_iter()
            .map(|index| {
                host::check("le calcul de l'empreinte des images")?;
                Ok(Sha256::digest(self.image(index)?).into())
            })
            .collect::<Result<Vec<[u8; 32]>>>()?;
        let mut hasher = Sha256::new();
        for number in [self.height, self.width, self.len()] {
            hasher.update((number as u64).to_le_bytes());
        }
        digests.iter().for_each(|digest| hasher.update(digest));
        Ok(hexadecimal(&hasher.finalize()[..8]))
    }

    fn no_such(&self, index: usize) -> Error {
        Error::Index {
            what: "la collection d'images",
            index,
            len: self.len(),
        }
    }

    /// Bytes of one image.
    pub(super) fn image_len(&self) -> usize {
        self.height * self.width * CHANNELS
    }

    /// Bytes of the pixels in memory, each part once.
    #[cfg(test)]
    pub(super) fn resident_bytes(&self) -> usize {
        let bytes = |part: &Arc<Part>| match &**part {
            Part::Memory(pixels) => pixels.len(),
            Part::File(_) => 0,
        };
        self.parts.iter().map(bytes).sum()
    }
}

impl Place {
    /// # Errors
    /// [`Error::Argument`] beyond four thousand million.
    fn new(part: usize, image: usize) -> Result<Self> {
        let number = |value: usize| {
            u32::try_from(value)
                .map_err(|_| Error::argument("images", value, "moins de 4 milliards d'images"))
        };
        Ok(Self {
            part: number(part)?,
            image: number(image)?,
        })
    }
}

/// The same size and the same pixels, wherever they lie.
impl PartialEq for ImageStore {
    fn eq(&self, other: &Self) -> bool {
        let same = |index| match (self.image(index), other.image(index)) {
            (Ok(one), Ok(another)) => one == another,
            // What cannot be read equals nothing.
            _ => false,
        };
        (self.height, self.width, self.len()) == (other.height, other.width, other.len())
            && (0..self.len()).all(same)
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
        assert_eq!(*store.image(0).unwrap(), [0, 128, 0, 0, 255, 255]);
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
        assert_eq!(*selected.image(0).unwrap(), [9; 6]);
        assert_eq!(selected.image(1).unwrap(), store.image(0).unwrap());
        assert_eq!(
            format!("{selected:?}"),
            "ImageStore(3 images RVB de 1 × 2 pixels)"
        );
    }

    #[test]
    fn collections_that_share_pixels_grow_apart() {
        let mut store = tiny();
        let mut other = store.clone();
        store.push(&[1; 6]).unwrap();
        other.push(&[2; 6]).unwrap();
        other.push(&[3; 6]).unwrap();
        let mut both = store.clone();
        both.extend(&other.select(&[2, 0]).unwrap()).unwrap();
        both.extend(&both.clone()).unwrap();
        let firsts = |store: &ImageStore| -> Vec<u8> {
            (0..store.len())
                .map(|index| store.image(index).unwrap()[0])
                .collect()
        };
        assert_eq!(firsts(&store), [0, 1]);
        assert_eq!(firsts(&other), [0, 2, 3]);
        assert_eq!(firsts(&both), [0, 1, 3, 0, 0, 1, 3, 0]);
        // What is told twice is kept once: the first image, 1, and the others' own.
        assert_eq!(both.resident_bytes(), 24);
        assert_eq!(
            both.select(&[0, 1]).unwrap().content_hash().unwrap(),
            store.content_hash().unwrap()
        );
        assert_ne!(both.content_hash().unwrap(), store.content_hash().unwrap());
        let wider = ImageStore::new(2, 1);
        assert_ne!(
            wider.content_hash().unwrap(),
            ImageStore::new(1, 2).content_hash().unwrap()
        );
    }
}
