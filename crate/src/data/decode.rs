//! One picture file → RGB bytes of the wanted size: the single preprocessing of every loader.

use std::{
    io::Cursor,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    metadata::Orientation,
};

use super::{
    jpeg,
    options::{Crop, Decoding, LoadOptions},
    picture_file::read_file,
    resize::{Source, Weights, resize},
};
use crate::error::io_reason;

/// Largest width or height that is decoded.
const MAX_SIDE: u32 = 20_000;
/// Most pixels that are decoded (192 MB of RGB): a small file can announce a huge picture.
const MAX_PIXELS: u64 = 64_000_000;
/// A decoded picture, already brought to the wanted size.
pub(super) struct Picture {
    /// `height * width * 3` bytes.
    pub rgb: Vec<u8>,
    /// Width and height in the file, after its orientation is applied.
    pub original_size: (u32, u32),
}

/// What a file turned out to be.
pub(super) enum Outcome {
    /// A picture.
    Picture(Picture),
    /// A picture that cannot be used; the reason is French.
    Unreadable(String),
    /// A file that the system did not give, this time; the reason is French.
    Unreachable(String),
    /// No picture: a text file, a table…
    Ignored,
}

/// What is said of a picture on which a decoder failed by itself.
pub(super) const INCOHERENT: &str = "données incohérentes";

/// Reads, decodes and resizes one file. Never panics, whatever the file holds.
pub(super) fn read_picture(path: &Path, options: &LoadOptions) -> Outcome {
    let (format, bytes) = match read_file(path) {
        Ok(Some(content)) => content,
        Ok(None) => return Outcome::Ignored,
        Err(failure) if failure.passing => return Outcome::Unreachable(failure.reason),
        Err(failure) => return Outcome::Unreadable(failure.reason),
    };
    // A decoder's bug on a damaged file must cost one picture, not the student's session.
    let read = catch_unwind(AssertUnwindSafe(|| match options.decoding {
        Decoding::Scaled if format == ImageFormat::Jpeg => match scaled(&bytes, options) {
            Some(picture) => Ok(picture),
            None => whole(&bytes, format, options),
        },
        _ => whole(&bytes, format, options),
    }));
    match read {
        Ok(Ok(picture)) => Outcome::Picture(picture),
        Ok(Err(reason)) => Outcome::Unreadable(reason),
        Err(_) => Outcome::Unreadable(INCOHERENT.to_owned()),
    }
}

/// Decodes a JPEG or a PNG that is in memory: upright, RGB; else why not, in French. Never panics, whatever the bytes.
pub(crate) fn decode_bytes(bytes: &[u8]) -> std::result::Result<RgbImage, String> {
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png)) => format,
        _ if bytes.is_empty() => return Err("fichier vide".to_owned()),
        _ => return Err("le contenu n'est ni du JPEG ni du PNG".to_owned()),
    };
    catch_unwind(|| decode(bytes, format)).unwrap_or_else(|_| Err(INCOHERENT.to_owned()))
}

/// The picture from a JPEG decoded at a fraction of its size, when that still is larger than wanted.
fn scaled(bytes: &[u8], options: &LoadOptions) -> Option<Picture> {
    if !jpeg_is_complete(bytes) {
        return None;
    }
    let (height, width) = options.size_u32();
    let mut original_size = (0, 0);
    let decoded = jpeg::decode(bytes, |size| {
        original_size = size;
        let part = part(size, options);
        let enough = |eighths: &u32| {
            part.width * eighths >= width * 8 && part.height * eighths >= height * 8
        };
        let fits = size.0 <= MAX_SIDE && size.1 <= MAX_SIDE;
        [1, 2, 4]
            .into_iter()
            .find(|eighths| fits && enough(eighths))
    })?;
    let part = part(original_size, options);
    let along = |start: u32, side: u32, of: usize| {
        let scale = f64::from(decoded.eighths) / 8.0;
        let end = (f64::from(start + side) * scale).min(of as f64);
        (f64::from(start) * scale, end)
    };
    Some(Picture {
        rgb: resize(
            Source::Planes(&decoded.planes),
            &Weights::new(along(part.x, part.width, decoded.size.0), options.width),
            &Weights::new(along(part.y, part.height, decoded.size.1), options.height),
        ),
        original_size,
    })
}

/// The picture from all its pixels.
fn whole(
    bytes: &[u8],
    format: ImageFormat,
    options: &LoadOptions,
) -> std::result::Result<Picture, String> {
    let image = decode(bytes, format)?;
    Ok(Picture {
        original_size: image.dimensions(),
        rgb: fit(image, options),
    })
}

/// Decodes to RGB, upright, transparent parts shown over white.
fn decode(bytes: &[u8], format: ImageFormat) -> std::result::Result<RgbImage, String> {
    let mut decoder = check_header(bytes, format)?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|error| reason(&error))?;
    image.apply_orientation(orientation);
    Ok(flatten(image))
}

/// Refuses files that are cut, and those that announce more pixels than are decoded.
pub(super) fn check_header(
    bytes: &[u8],
    format: ImageFormat,
) -> std::result::Result<impl ImageDecoder, String> {
    // The JPEG decoder fills what is missing with grey and says nothing.
    if format == ImageFormat::Jpeg && !jpeg_is_complete(bytes) {
        return Err("fichier JPEG tronqué ou abîmé".to_owned());
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| reason(&error))?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err("image sans pixel".to_owned());
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(format!(
            "image de {width} × {height} pixels, trop grande (au plus {} millions de pixels)",
            MAX_PIXELS / 1_000_000
        ));
    }
    Ok(decoder)
}

/// RGB of a picture; a transparent one is laid over white, as a viewer shows it.
fn flatten(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    RgbImage::from_fn(rgba.width(), rgba.height(), |x, y| {
        let [red, green, blue, alpha] = rgba.get_pixel(x, y).0;
        let over_white = |value: u8| {
            let (value, alpha) = (u32::from(value), u32::from(alpha));
            // At most 255, so the conversion cannot fail.
            u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
        };
        Rgb([over_white(red), over_white(green), over_white(blue)])
    })
}

/// A part of a picture, in pixels.
#[derive(Clone, Copy)]
struct Part {
    x: u32,
    y: u32,
    width: u32,
    height: u32,
}

/// The part of a picture of this size that is kept.
fn part(size: (u32, u32), options: &LoadOptions) -> Part {
    let (height, width) = options.size_u32();
    let (kept_width, kept_height) = match options.fit {
        Crop::Stretch => size,
        Crop::CenterCrop => center_crop(size, (width, height)),
    };
    let framing = options.framing;
    // A zoom of at least 1 only shrinks a side, so `as` stays in range.
    let closer = |side: u32| ((f64::from(side) / framing.zoom).round() as u32).clamp(1, side);
    let (width, height) = (closer(kept_width), closer(kept_height));
    // As near to the wanted centre as the picture's edges allow.
    let start = |side: u32, kept: u32, center: f64| {
        let wanted = f64::from(side) * center - f64::from(kept) / 2.0;
        (wanted.max(0.0).floor() as u32).min(side - kept)
    };
    Part {
        x: start(size.0, width, framing.center_x),
        y: start(size.1, height, framing.center_y),
        width,
        height,
    }
}

/// Frames the picture, then resizes it.
fn fit(image: RgbImage, options: &LoadOptions) -> Vec<u8> {
    let size = image.dimensions();
    let part = part(size, options);
    let (height, width) = options.size_u32();
    if size == (width, height) && (part.width, part.height) == size {
        return image.into_raw();
    }
    let along = |start: u32, side: u32| (f64::from(start), f64::from(start + side));
    resize(
        Source::Rgb(image.as_raw(), size.0 as usize),
        &Weights::new(along(part.x, part.width), options.width),
        &Weights::new(along(part.y, part.height), options.height),
    )
}

/// Width and height of the largest part of a picture with the proportions of `target`.
fn center_crop((width, height): (u32, u32), target: (u32, u32)) -> (u32, u32) {
    let (w, h) = (u64::from(width), u64::from(height));
    let (target_w, target_h) = (u64::from(target.0), u64::from(target.1));
    let (crop_w, crop_h) = if w * target_h > h * target_w {
        (((h * target_w + target_h / 2) / target_h).clamp(1, w), h)
    } else {
        (w, ((w * target_h + target_w / 2) / target_w).clamp(1, h))
    };
    // Neither exceeds the picture's own side, so the conversions cannot fail.
    (
        u32::try_from(crop_w).unwrap_or(width),
        u32::try_from(crop_h).unwrap_or(height),
    )
}

/// Whether a JPEG file goes on to its end marker: segments are skipped by their length, the
/// compressed data of each scan is searched for the next marker.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let mut position = 2;
    loop {
        let Some(offset) = bytes
            .get(position..)
            .and_then(|rest| rest.iter().position(|&byte| byte == 0xFF))
        else {
            return false;
        };
        position += offset + 1;
        match bytes.get(position) {
            None => return false,
            // End of image.
            Some(0xD9) => return true,
            // A fill byte: the marker's own code follows.
            Some(0xFF) => {}
            // A stuffed zero within compressed data, or a marker without content.
            Some(0x00 | 0x01 | 0xD0..=0xD8) => position += 1,
            Some(_) => {
                let Some(&[high, low]) = bytes.get(position + 1..position + 3) else {
                    return false;
                };
                position += 1 + usize::from(u16::from_be_bytes([high, low]));
            }
        }
    }
}

/// The reason of a decoding failure in French.
fn reason(error: &ImageError) -> String {
    match error {
        ImageError::Limits(_) => "image trop grande".to_owned(),
        ImageError::Unsupported(detail) => format!("variante non prise en charge ({detail})"),
        ImageError::IoError(detail) => io_reason(detail),
        ImageError::Decoding(detail) => format!("données abîmées ({detail})"),
        other => format!("décodage impossible ({other})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Framing;

    fn jpeg(width: u32, height: u32) -> Vec<u8> {
        let image = RgbImage::from_fn(width, height, |x, y| {
            Rgb([
                (x * 3 % 256) as u8,
                (y * 5 % 256) as u8,
                ((x + y) % 256) as u8,
            ])
        });
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn truncated_jpegs_are_seen_wherever_they_stop() {
        let whole = jpeg(40, 30);
        assert!(jpeg_is_complete(&whole));
        for end in 0..whole.len() {
            assert!(!jpeg_is_complete(&whole[..end]), "{end}");
        }
        let mut followed = whole.clone();
        followed.extend_from_slice(b"\xFF\xDA trailing data of a camera");
        assert!(jpeg_is_complete(&followed));
    }

    #[test]
    fn the_crop_keeps_proportions() {
        assert_eq!(center_crop((89, 109), (64, 64)), (89, 89));
        assert_eq!(center_crop((109, 89), (64, 64)), (89, 89));
        assert_eq!(center_crop((64, 64), (64, 64)), (64, 64));
        assert_eq!(center_crop((100, 100), (50, 100)), (50, 100));
        assert_eq!(center_crop((1, 1000), (64, 64)), (1, 1));
        assert_eq!(center_crop((1000, 1), (1, 1000)), (1, 1));
    }

    #[test]
    fn a_zoom_keeps_the_middle() {
        // A white square of 32 × 32 in the middle of 64 × 64 black pixels.
        let image = RgbImage::from_fn(64, 64, |x, y| {
            let inside = (16..48).contains(&x) && (16..48).contains(&y);
            Rgb([if inside { 255 } else { 0 }; 3])
        });
        let options = |zoom, center_y| {
            LoadOptions::new().with_size(32, 32).with_framing(Framing {
                zoom,
                center_y,
                ..Framing::default()
            })
        };
        let whites = |zoom, center_y| {
            let framed = fit(image.clone(), &options(zoom, center_y));
            let white = |value: &&u8| **value == 255;
            framed.iter().filter(white).count() as f64 / framed.len() as f64
        };
        assert_eq!(whites(2.0, 0.5), 1.0);
        // Moved down by a quarter of the picture, half of the square is left.
        assert_eq!(whites(2.0, 0.75), 0.5);
        // Beyond the edge, the last part of the picture is kept.
        assert_eq!(whites(2.0, 1.0), 0.5);
        // However strong the zoom, one pixel remains.
        assert_eq!(whites(100.0, 0.5), 1.0);
    }

    #[test]
    fn transparent_pixels_show_white() {
        let mut rgba = image::RgbaImage::from_pixel(3, 1, image::Rgba([10, 20, 30, 255]));
        rgba.put_pixel(1, 0, image::Rgba([10, 20, 30, 0]));
        rgba.put_pixel(2, 0, image::Rgba([0, 0, 0, 128]));
        let rgb = flatten(DynamicImage::ImageRgba8(rgba));
        assert_eq!(rgb.get_pixel(0, 0).0, [10, 20, 30]);
        assert_eq!(rgb.get_pixel(1, 0).0, [255, 255, 255]);
        // 255 · 127/255 = 127.
        assert_eq!(rgb.get_pixel(2, 0).0, [127, 127, 127]);
    }

    #[test]
    fn a_picture_bomb_is_refused_before_it_is_decoded() {
        // The header of a PNG that announces 60,000 × 60,000 pixels.
        let mut bomb = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        bomb.extend_from_slice(&60_000_u32.to_be_bytes());
        bomb.extend_from_slice(&60_000_u32.to_be_bytes());
        bomb.extend_from_slice(&[8, 2, 0, 0, 0]);
        let error = decode(&bomb, ImageFormat::Png).unwrap_err();
        assert!(!error.is_empty());
        // 20,000 × 20,000 passes the limit of each side but not that of the area.
        let wide = jpeg(64, 1);
        let mut announced = wide.clone();
        let frame = wide
            .windows(2)
            .position(|pair| pair == [0xFF, 0xC0])
            .unwrap();
        announced[frame + 5..frame + 9].copy_from_slice(&[0x4E, 0x20, 0x4E, 0x20]);
        let error = decode(&announced, ImageFormat::Jpeg).unwrap_err();
        assert!(error.contains("trop grande"), "{error}");
    }
}
