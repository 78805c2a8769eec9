//! Font, colours and sizes common to all figures.

use std::sync::OnceLock;

use plotters::style::{FontStyle, RGBColor, register_font};

use crate::error::{Error, Result};

/// Name under which plotters knows the embedded font.
pub(super) const FONT: &str = "visages";

/// Heights of text, in pixels of the finished figure.
pub(super) const TITLE: u32 = 22;
pub(super) const LABEL: u32 = 18;
pub(super) const SMALL: u32 = 16;

pub(super) const INK: RGBColor = RGBColor(34, 34, 34);
pub(super) const FAINT: RGBColor = RGBColor(110, 110, 110);
pub(super) const GRID: RGBColor = RGBColor(222, 222, 222);

/// Okabe and Ito's palette without black and yellow, in the order series take them.
pub(super) const SERIES: [RGBColor; 6] = [
    RGBColor(0, 114, 178),   // blue
    RGBColor(230, 159, 0),   // orange
    RGBColor(0, 158, 115),   // bluish green
    RGBColor(204, 121, 167), // reddish purple
    RGBColor(86, 180, 233),  // sky blue
    RGBColor(213, 94, 0),    // vermilion
];

/// Sky blue for what is raw, vermilion for what is to be read.
pub(super) const RAW: RGBColor = SERIES[4];
pub(super) const EMPHASIS: RGBColor = SERIES[5];

/// Makes the embedded font known to plotters, once a process.
pub(super) fn load_font() -> Result<()> {
    static LOADED: OnceLock<bool> = OnceLock::new();
    let loaded = *LOADED.get_or_init(|| {
        let faces: [(FontStyle, &'static [u8]); 2] = [
            (
                FontStyle::Normal,
                include_bytes!("../../assets/DejaVuSans-subset.ttf"),
            ),
            (
                FontStyle::Bold,
                include_bytes!("../../assets/DejaVuSans-Bold-subset.ttf"),
            ),
        ];
        faces
            .into_iter()
            .all(|(style, bytes)| register_font(FONT, style, bytes).is_ok())
    });
    match loaded {
        true => Ok(()),
        false => Err(Error::Figure(
            "la police de caractères intégrée est illisible".to_owned(),
        )),
    }
}
