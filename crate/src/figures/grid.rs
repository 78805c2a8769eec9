//! Pictures of images: grids, rows by group, the face / non-face pair.

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, TOP, TOP_LEFT, figure, font, text_width, wrap},
    style::{FAINT, LABEL, SMALL, TITLE},
};
use crate::{
    data::ImageStore,
    error::{Error, Result},
    french::count,
};

/// Width of a figure, in pixels.
const WIDTH: u32 = 900;
/// White border, in pixels.
pub(super) const MARGIN: u32 = 14;
/// Space between images, in pixels.
pub(super) const GAP: u32 = 8;
/// Widest place of one image, in pixels.
const MAX_CELL: u32 = 160;
/// Most images a figure shows.
const MAX_IMAGES: usize = 200;
/// Distance between two lines of a title, in pixels.
pub(super) const LINE: f64 = 19.0;
/// Most titles an alternative text quotes.
pub(super) const QUOTED: usize = 12;

/// What surrounds the images of [`image_grid`].
#[derive(Clone, Debug)]
pub struct GridOptions {
    /// Images a row, 8 by default.
    pub columns: usize,
    /// One title an image, above it; none by default.
    pub titles: Vec<String>,
    /// Title of the figure, none by default.
    pub caption: String,
    /// Width of one image, in pixels; by default as wide as fits in the figure.
    pub cell: Option<u32>,
}

impl GridOptions {
    /// Eight images a row, no titles, no caption.
    pub fn new() -> Self {
        Self {
            columns: 8,
            titles: Vec::new(),
            caption: String::new(),
            cell: None,
        }
    }

    /// Sets the number of images a row.
    pub fn with_columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }

    /// Sets one title an image.
    pub fn with_titles<S: Into<String>>(mut self, titles: impl IntoIterator<Item = S>) -> Self {
        self.titles = titles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the title of the figure.
    pub fn with_caption(mut self, caption: impl Into<String>) -> Self {
        self.caption = caption.into();
        self
    }

    /// Sets the width of one image, in pixels: the figure is as wide as it takes.
    pub fn with_cell(mut self, cell: u32) -> Self {
        self.cell = Some(cell);
        self
    }
}

impl Default for GridOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// All images of a collection (200 at most), row by row.
///
/// # Errors
/// [`Error::Argument`] without images or columns, or with more than 200 images;
/// [`Error::Shape`] when there are titles, but not one an image.
pub fn image_grid(images: &ImageStore, options: &GridOptions) -> Result<Figure> {
    check_count("images", images.len())?;
    if options.columns == 0 {
        return Err(Error::argument(
            "columns",
            options.columns,
            "au moins une image par ligne",
        ));
    }
    let titled = !options.titles.is_empty();
    if titled && options.titles.len() != images.len() {
        return Err(Error::shape(
            "titres de la grille (un par image)",
            [images.len()],
            [options.titles.len()],
        ));
    }

    let columns = options.columns.min(images.len()) as u32;
    let rows = images.len().div_ceil(columns as usize) as u32;
    let place = match options.cell {
        Some(width) => Place::fitted(images, width),
        None => Place::new(columns, images),
    };
    let head = head_height(&options.caption);
    let title_height = if titled { 2 * LINE as u32 + 4 } else { 0 };
    let row_height = title_height + place.height + if titled { 2 * GAP } else { GAP };
    let width = place
        .row_width(columns)
        .max(caption_width(&options.caption)?);
    let height = head + rows * row_height - GAP + MARGIN;

    let mut alt = format!(
        "Grille de {} de {} × {} pixels, {columns} par ligne.",
        count(images.len(), "image"),
        images.width(),
        images.height(),
    );
    if titled {
        let quoted: Vec<&str> = options
            .titles
            .iter()
            .take(QUOTED)
            .map(String::as_str)
            .collect();
        let rest = if options.titles.len() > QUOTED {
            "…"
        } else {
            ""
        };
        alt.push_str(&format!(" Titres : {}{rest}.", quoted.join(", ")));
    }
    figure(width, height, captioned(&options.caption, alt), |canvas| {
        draw_caption(canvas, &options.caption)?;
        for index in 0..images.len() {
            let (row, column) = (index as u32 / columns, index as u32 % columns);
            let x = f64::from(MARGIN + column * (place.width + GAP));
            let y = f64::from(head + row * row_height);
            if let Some(title) = options.titles.get(index) {
                draw_title(canvas, title, (x, y), &place, title_height)?;
            }
            let at = (x, y + f64::from(title_height));
            canvas.image(images, index, at, (place.width, place.height))?;
        }
        Ok(())
    })
}

/// One row of images a group, under the name of the group.
///
/// At most `per_row` images a group are shown; a row that leaves some out says how many there are.
///
/// # Errors
/// [`Error::Argument`] without groups or when `per_row` is 0, [`Error::EmptyGroup`] for a group
/// without images.
pub fn image_rows(groups: &[(&str, &ImageStore)], per_row: usize, caption: &str) -> Result<Figure> {
    if per_row == 0 {
        return Err(Error::argument(
            "per_row",
            per_row,
            "au moins une image par ligne",
        ));
    }
    if let Some((name, _)) = groups.iter().find(|(_, images)| images.is_empty()) {
        return Err(Error::EmptyGroup {
            name: (*name).to_owned(),
        });
    }
    let widest = groups.iter().map(|(_, images)| images.len()).max();
    let Some(columns) = widest.map(|widest| widest.min(per_row) as u32) else {
        return Err(Error::argument(
            "groups",
            "liste vide",
            "au moins un groupe d'images",
        ));
    };
    check_count("groups", groups.len() * columns as usize)?;

    let head = head_height(caption);
    let name_height = 28;
    let places: Vec<Place> = groups
        .iter()
        .map(|(_, images)| Place::new(columns, images))
        .collect();
    let block = |place: &Place| name_height + place.height + GAP;
    let body: u32 = places.iter().map(block).sum();
    let widest_row = places.iter().map(|place| place.row_width(columns)).max();
    let width = widest_row.unwrap_or(WIDTH).max(caption_width(caption)?);

    let parts: Vec<String> = groups
        .iter()
        .map(|(name, images)| format!("{name} ({})", count(images.len(), "image")))
        .collect();
    let alt = format!("Une ligne d'images par groupe : {}.", parts.join(", "));
    figure(
        width,
        head + body + MARGIN,
        captioned(caption, alt),
        |canvas| {
            draw_caption(canvas, caption)?;
            let mut y = head;
            for ((name, images), place) in groups.iter().zip(&places) {
                let middle = f64::from(y) + 12.0;
                let x = f64::from(MARGIN);
                let bold = font(LABEL).bold();
                canvas.text(name, (x, middle), bold, MIDDLE_LEFT)?;
                let after = x + text_width(name, bold)? + 10.0;
                let shown = images.len().min(per_row);
                if shown < images.len() {
                    let size = format!("{shown} images sur {}", images.len());
                    let faint = font(SMALL).color(FAINT);
                    canvas.text(&size, (after, middle), faint, MIDDLE_LEFT)?;
                }
                for index in 0..shown {
                    let x = MARGIN + index as u32 * (place.width + GAP);
                    let at = (f64::from(x), f64::from(y + name_height));
                    canvas.image(images, index, at, (place.width, place.height))?;
                }
                y += block(place);
            }
            Ok(())
        },
    )
}

/// A face and an image without a face, side by side: the viewer of the lab's first part.
///
/// # Errors
/// [`Error::Index`] when there is no such image.
pub fn image_pair(
    faces: &ImageStore,
    face: usize,
    non_faces: &ImageStore,
    non_face: usize,
) -> Result<Figure> {
    let sides = [
        ("Visage", faces, face),
        ("Pas un visage", non_faces, non_face),
    ];
    // An index out of range is told before anything is drawn.
    for (_, images, index) in sides {
        images.image(index)?;
    }
    let side = 256;
    let top = f64::from(MARGIN) + 32.0;
    let width = 2 * side + 2 * MARGIN + 3 * GAP;
    let alt = format!(
        "Deux images côte à côte : le visage n° {face} et l'image sans visage n° {non_face}."
    );
    figure(width, top as u32 + side + MARGIN, alt, |canvas| {
        for (position, (title, images, index)) in sides.into_iter().enumerate() {
            let x = f64::from(MARGIN + position as u32 * (side + 3 * GAP));
            let middle = x + f64::from(side) / 2.0;
            canvas.text(title, (middle, f64::from(MARGIN)), font(TITLE).bold(), TOP)?;
            let place = Place::fitted(images, side);
            let shift = f64::from(side - place.width) / 2.0;
            canvas.image(images, index, (x + shift, top), (place.width, place.height))?;
        }
        Ok(())
    })
}

/// Size at which images are shown.
pub(super) struct Place {
    pub width: u32,
    pub height: u32,
}

impl Place {
    /// As large as `columns` images a row allow.
    pub(super) fn new(columns: u32, images: &ImageStore) -> Self {
        let room = WIDTH - 2 * MARGIN - GAP * (columns - 1).min(100);
        Self::fitted(images, (room / columns).clamp(16, MAX_CELL))
    }

    /// Fitted into a square of `side` pixels, proportions kept.
    pub(super) fn fitted(images: &ImageStore, side: u32) -> Self {
        let (width, height) = (images.width() as f64, images.height() as f64);
        let scale = f64::from(side) / width.max(height);
        Self {
            width: ((width * scale).round() as u32).max(1),
            height: ((height * scale).round() as u32).max(1),
        }
    }

    pub(super) fn row_width(&self, columns: u32) -> u32 {
        2 * MARGIN + columns * (self.width + GAP) - GAP
    }
}

pub(super) fn check_count(name: &'static str, number: usize) -> Result<()> {
    if (1..=MAX_IMAGES).contains(&number) {
        return Ok(());
    }
    Err(Error::argument(
        name,
        count(number, "image"),
        format!("de 1 à {MAX_IMAGES} images par figure ; choisissez-en avec select(&[…])"),
    ))
}

/// Height above the images.
pub(super) fn head_height(caption: &str) -> u32 {
    if caption.is_empty() {
        MARGIN
    } else {
        MARGIN + 36
    }
}

/// A captioned figure is wide enough for its caption, up to the usual width.
pub(super) fn caption_width(caption: &str) -> Result<u32> {
    let text = text_width(caption, font(TITLE).bold())?.ceil() as u32;
    Ok((text + 2 * MARGIN).min(WIDTH))
}

pub(super) fn draw_caption(canvas: &Canvas, caption: &str) -> Result<()> {
    let bold = font(TITLE).bold();
    let room = f64::from(WIDTH - 2 * MARGIN);
    for line in wrap(caption, bold, room, 1)? {
        canvas.text(&line, (f64::from(MARGIN), 14.0), bold, TOP_LEFT)?;
    }
    Ok(())
}

/// At most two lines, the last one just above the image.
pub(super) fn draw_title(
    canvas: &Canvas,
    title: &str,
    (x, y): (f64, f64),
    place: &Place,
    height: u32,
) -> Result<()> {
    let width = f64::from(place.width);
    let lines = wrap(title, font(SMALL), width + f64::from(GAP) - 2.0, 2)?;
    let first = y + f64::from(height) - LINE * lines.len() as f64;
    for (index, line) in lines.iter().enumerate() {
        let at = (x + width / 2.0, first + LINE * index as f64);
        canvas.text(line, at, font(SMALL), TOP)?;
    }
    Ok(())
}

pub(super) fn captioned(caption: &str, alt: String) -> String {
    if caption.is_empty() {
        alt
    } else {
        format!("{caption}. {alt}")
    }
}
