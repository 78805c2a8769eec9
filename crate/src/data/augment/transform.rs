//! The random changes that can be made to an image, and what each draws.

use rand::{RngExt, rngs::StdRng};

use super::{colour::ColourMap, geometry, variant::Variant};
use crate::error::{Error, Result};

/// One random change of an image. Ranges are drawn uniformly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// A part of `height` × `width` pixels, anywhere in the image once `padding` black pixels are added
    /// on each side.
    RandomCrop {
        /// Height of the part, in pixels.
        height: usize,
        /// Width of the part, in pixels.
        width: usize,
        /// Black pixels added on each side.
        padding: usize,
    },
    /// The part of `height` × `width` pixels in the middle of the image: nothing is drawn.
    ///
    /// Where the middle falls between two pixels, the part begins where torchvision's `CenterCrop` begins.
    CenterCrop {
        /// Height of the part, in pixels.
        height: usize,
        /// Width of the part, in pixels.
        width: usize,
    },
    /// A part whose area is at least this share of the image's, of proportions from 3/4 to 4/3, brought
    /// to the size of the image.
    ResizedCrop {
        /// Smallest share of the area, in ]0, 1].
        smallest: f64,
    },
    /// The image in a mirror (left and right exchanged), with this probability.
    Flip {
        /// In [0, 1].
        probability: f64,
    },
    /// A turn by none, one, two or three quarters, with equal chances; for square images.
    QuarterTurns,
    /// A turn of at most so many degrees either way; what enters is mirrored from the edge.
    Rotation {
        /// In degrees, 0 to 180.
        degrees: f64,
    },
    /// A shift of at most this share of each side; what enters is mirrored from the edge.
    Translation {
        /// In [0, 1].
        share: f64,
    },
    /// A zoom by a factor from `1 - share` to `1 + share`: below 1 the image gets smaller, what enters
    /// is mirrored from the edge.
    Zoom {
        /// In [0, 1[.
        share: f64,
    },
    /// Light added or taken: at most this share of white.
    Brightness {
        /// In [0, 1].
        share: f64,
    },
    /// Distances to the mean grey multiplied by a factor from `1 - share` to `1 + share`.
    Contrast {
        /// In [0, 1].
        share: f64,
    },
    /// Distances of colours to their own grey multiplied by a factor from `1 - share` to `1 + share`.
    Saturation {
        /// In [0, 1].
        share: f64,
    },
    /// Colours turned around the grey axis by at most this share of a turn either way.
    Hue {
        /// In [0, 0.5].
        share: f64,
    },
    /// Gaussian noise of this standard deviation added to each value.
    Noise {
        /// As a share of white, in [0, 1].
        sd: f64,
    },
}

impl Transform {
    /// Name in figures: « rotation », « bruit »…
    pub fn name(&self) -> &'static str {
        match self {
            Self::RandomCrop { .. } => "recadrage",
            Self::CenterCrop { .. } => "recadrage au centre",
            Self::ResizedCrop { .. } => "recadrage agrandi",
            Self::Flip { .. } => "miroir",
            Self::QuarterTurns => "quarts de tour",
            Self::Rotation { .. } => "rotation",
            Self::Translation { .. } => "décalage",
            Self::Zoom { .. } => "zoom",
            Self::Brightness { .. } => "luminosité",
            Self::Contrast { .. } => "contraste",
            Self::Saturation { .. } => "saturation",
            Self::Hue { .. } => "teinte",
            Self::Noise { .. } => "bruit",
        }
    }

    /// Height and width of what it makes of an image of this size.
    pub(super) fn size_of(&self, size: (usize, usize)) -> (usize, usize) {
        match *self {
            Self::RandomCrop { height, width, .. } | Self::CenterCrop { height, width } => {
                (height, width)
            }
            _ => size,
        }
    }

    /// Refuses amounts that make no sense for images of this size.
    pub(super) fn check(&self, (h, w): (usize, usize)) -> Result<()> {
        let (value, accepted, valid) = match *self {
            Self::RandomCrop {
                height,
                width,
                padding,
            } => (
                format!("{height} × {width} avec un bord de {padding}"),
                format!(
                    "une partie d'au moins un pixel, qui tient dans l'image ({h} × {w}) et ses bords"
                ),
                (1..=h + 2 * padding).contains(&height)
                    && (1..=w + 2 * padding).contains(&width)
                    && padding <= h.max(w),
            ),
            Self::CenterCrop { height, width } => (
                format!("{height} × {width}"),
                format!("une partie d'au moins un pixel, qui tient dans l'image ({h} × {w})"),
                (1..=h).contains(&height) && (1..=w).contains(&width),
            ),
            Self::QuarterTurns => (
                format!("{h} × {w}"),
                "des images carrées : un quart de tour échange leur hauteur et leur largeur"
                    .to_owned(),
                h == w,
            ),
            Self::ResizedCrop { smallest } => within(smallest, f64::MIN_POSITIVE, 1.0),
            Self::Flip { probability } => within(probability, 0.0, 1.0),
            Self::Rotation { degrees } => within(degrees, 0.0, 180.0),
            Self::Zoom { share } => within(share, 0.0, 0.99),
            Self::Hue { share } => within(share, 0.0, 0.5),
            Self::Noise { sd } => within(sd, 0.0, 1.0),
            Self::Translation { share }
            | Self::Brightness { share }
            | Self::Contrast { share }
            | Self::Saturation { share } => within(share, 0.0, 1.0),
        };
        match valid {
            true => Ok(()),
            false => Err(Error::argument(self.name(), value, accepted)),
        }
    }

    /// Draws one change and makes it.
    pub(super) fn apply(&self, variant: &mut Variant, rng: &mut StdRng) {
        let mut around = |center: f64, share: f64| match share > 0.0 {
            true => rng.random_range(center - share..=center + share),
            false => center,
        };
        let size = variant.size();
        match *self {
            Self::RandomCrop {
                height,
                width,
                padding,
            } => {
                let top = rng.random_range(0..=size.0 + 2 * padding - height);
                let left = rng.random_range(0..=size.1 + 2 * padding - width);
                variant.crop((top, left), (height, width), padding);
            }
            Self::CenterCrop { height, width } => {
                let corner = (centred(size.0, height), centred(size.1, width));
                variant.crop(corner, (height, width), 0);
            }
            Self::ResizedCrop { smallest } => {
                variant.enlarge(geometry::draw_part(size, smallest, rng));
            }
            Self::Flip { probability } => {
                if rng.random_bool(probability) {
                    variant.place(geometry::mirror(size));
                }
            }
            Self::QuarterTurns => {
                let quarters = rng.random_range(0..4);
                if quarters > 0 {
                    variant.place(geometry::quarter_turns(size, quarters));
                }
            }
            Self::Rotation { degrees } => {
                let angle = around(0.0, degrees).to_radians();
                variant.place(geometry::rotation(size, angle));
            }
            Self::Translation { share } => {
                let down = around(0.0, share) * size.0 as f64;
                let right = around(0.0, share) * size.1 as f64;
                variant.place(geometry::shift(down, right));
            }
            Self::Zoom { share } => variant.place(geometry::zoom(size, around(1.0, share))),
            Self::Brightness { share } => {
                variant.recolour(|_| ColourMap::brighten(around(0.0, share) as f32));
            }
            Self::Contrast { share } => {
                let factor = around(1.0, share) as f32;
                variant.recolour(|grey| ColourMap::contrast(factor, grey.mean()));
            }
            Self::Saturation { share } => {
                variant.recolour(|_| ColourMap::saturate(around(1.0, share) as f32));
            }
            Self::Hue { share } => {
                variant.recolour(|_| ColourMap::turn_hue(around(0.0, share)));
            }
            Self::Noise { sd } => variant.add_noise(sd as f32, rng),
        }
    }
}

/// Where the middle part of a side begins. Halves go to the even pixel, as `round` of Python takes them.
fn centred(side: usize, part: usize) -> usize {
    ((side - part) as f64 / 2.0).round_ties_even() as usize
}

/// A value, what is accepted, and whether it is.
fn within(value: f64, low: f64, high: f64) -> (String, String, bool) {
    let accepted = format!(
        "un nombre de {} à {high}",
        if low > 0.0 { 0.0 } else { low }
    );
    (value.to_string(), accepted, (low..=high).contains(&value))
}
