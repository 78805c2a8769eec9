//! One image while it is transformed: where its values are, and the one resampling that its changes of place wait for.

use rand::rngs::StdRng;

use super::{
    colour::{self, ColourMap},
    geometry::{Part, Placement, Sampler, Size},
    noise,
};
use crate::data::image_store::CHANNELS;

/// Working memory, used for one image after the other.
#[derive(Default)]
pub(super) struct Scratch {
    /// The image that is resampled, red, green, blue and nothing: four values are moved at once.
    pixels: Vec<[f32; 4]>,
    sampler: Sampler,
    /// Values before the last change of size.
    planes: Vec<f32>,
}

/// An image that becomes a variant.
pub(super) struct Variant<'a> {
    source: &'a [u8],
    size: Size,
    at: Values,
    /// Changes of place that are not made yet.
    pending: Option<Placement>,
    out: &'a mut [f32],
    scratch: &'a mut Scratch,
}

/// Where the values of the image are.
#[derive(Clone, Copy, PartialEq)]
enum Values {
    /// Untouched, as bytes.
    Source,
    /// In planes of their own, since the variant has another size.
    Scratch,
    /// In the planes of the variant.
    Out,
}

impl<'a> Variant<'a> {
    /// A variant of `source`, RGB bytes of this size, to be written in `out`, planes of values in `[0, 1]`.
    pub(super) fn new(
        source: &'a [u8],
        size: Size,
        out: &'a mut [f32],
        scratch: &'a mut Scratch,
    ) -> Self {
        Self {
            source,
            size,
            at: Values::Source,
            pending: None,
            out,
            scratch,
        }
    }

    /// Height and width of the image as it is now.
    pub(super) fn size(&self) -> Size {
        self.size
    }

    /// Changes the place of pixels.
    pub(super) fn place(&mut self, change: Placement) {
        let whole = || Placement::whole(self.size);
        self.pending = Some(self.pending.take().unwrap_or_else(whole).then(&change));
    }

    /// Brings a part to the size of the image.
    pub(super) fn enlarge(&mut self, part: Part) {
        // A part has edges of its own: what comes before is made first.
        self.resample();
        self.pending = Some(Placement::enlarged(self.size, part));
    }

    /// Takes the part of `size` at `corner` (top, left) of the image with `padding` black pixels around it.
    pub(super) fn crop(&mut self, (top, left): (usize, usize), size: Size, padding: usize) {
        self.resample();
        self.load_pixels();
        let (height, width) = std::mem::replace(&mut self.size, size);
        let pixels = std::mem::take(&mut self.scratch.pixels);
        let inside =
            |place: usize, side: usize| place.checked_sub(padding).filter(|place| *place < side);
        let planes = self.planes_to_write();
        let area = size.0 * size.1;
        for (place, (y, x)) in (0..area).map(|place| (place, (place / size.1, place % size.1))) {
            let pixel = match (inside(top + y, height), inside(left + x, width)) {
                (Some(y), Some(x)) => pixels[y * width + x],
                _ => [0.0; 4],
            };
            for channel in 0..CHANNELS {
                planes[channel * area + place] = pixel[channel];
            }
        }
        self.scratch.pixels = pixels;
    }

    /// Changes every colour alone, from what is known of the image.
    pub(super) fn recolour(&mut self, map: impl FnOnce(Grey) -> ColourMap) {
        self.resample();
        let planes = self.planes();
        map(Grey(planes)).apply(planes);
    }

    /// Adds Gaussian noise of this standard deviation, a share of white.
    pub(super) fn add_noise(&mut self, sd: f32, rng: &mut StdRng) {
        self.resample();
        noise::add(self.planes(), sd, rng);
    }

    /// Makes what is not made yet.
    pub(super) fn finish(mut self) {
        self.resample();
        self.planes();
    }

    /// Makes the changes of place that wait.
    fn resample(&mut self) {
        let Some(placement) = self.pending.take() else {
            return;
        };
        self.load_pixels();
        let pixels = std::mem::take(&mut self.scratch.pixels);
        let mut sampler = std::mem::take(&mut self.scratch.sampler);
        let size = self.size;
        sampler.sample(&pixels, size, &placement, self.planes_to_write());
        (self.scratch.pixels, self.scratch.sampler) = (pixels, sampler);
    }

    /// Copies the image where it is resampled from.
    fn load_pixels(&mut self) {
        let pixels = &mut self.scratch.pixels;
        pixels.clear();
        let area = self.size.0 * self.size.1;
        let planes = match self.at {
            Values::Source => {
                colour::spread(self.source, pixels);
                return;
            }
            Values::Scratch => &self.scratch.planes[..],
            Values::Out => &*self.out,
        };
        let (red, rest) = planes.split_at(area);
        let (green, blue) = rest.split_at(area);
        let colours = red.iter().zip(green).zip(blue);
        pixels.extend(colours.map(|((red, green), blue)| [*red, *green, *blue, 0.0]));
    }

    /// The planes of an image of the present size that is written anew.
    fn planes_to_write(&mut self) -> &mut [f32] {
        let len = CHANNELS * self.size.0 * self.size.1;
        // An image of another size than the variant's will still be cropped.
        if len == self.out.len() {
            self.at = Values::Out;
            return self.out;
        }
        self.at = Values::Scratch;
        self.scratch.planes.resize(len, 0.0);
        &mut self.scratch.planes
    }

    /// The planes of the image, to be changed.
    fn planes(&mut self) -> &mut [f32] {
        match self.at {
            Values::Source => {
                let source = self.source;
                let planes = self.planes_to_write();
                colour::separate(source, planes);
                planes
            }
            Values::Scratch => &mut self.scratch.planes,
            Values::Out => self.out,
        }
    }
}

/// An image whose light is asked for.
pub(super) struct Grey<'a>(&'a [f32]);

impl Grey<'_> {
    /// The mean grey, in `[0, 1]`.
    pub(super) fn mean(&self) -> f32 {
        colour::mean_grey(self.0)
    }
}
