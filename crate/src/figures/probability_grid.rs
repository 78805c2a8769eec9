//! Images with what a network of two classes answers: two bars of probability under each.

use polars::prelude::{Column, DataFrame};

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, MIDDLE_RIGHT, figure, font, text_width, wrap},
    grid::{
        GAP, GridOptions, LINE, MARGIN, Place, QUOTED, caption_width, captioned, check_count,
        draw_caption, draw_title, head_height,
    },
    style::{FAINT, GRID, SERIES, SMALL},
};
use crate::{
    data::ImageStore,
    error::{Error, Result},
    french::{count, decimal},
};

/// Colours of both classes: blue and orange, which colour-blind readers tell apart. The name stands over each bar.
const COLORS: [usize; 2] = [0, 1];
/// Height of the words over a bar, and of the bar, in pixels.
const WORDS: f64 = 20.0;
const BAR: f64 = 9.0;
/// Height of both bars and their words, in pixels.
const BARS: u32 = 66;
/// Narrowest image that has room for bars, in pixels.
const NARROWEST: u32 = 48;
/// How far from 1 two probabilities may add up.
const TOLERANCE: f64 = 1e-3;

/// All images of a collection (200 at most), row by row, and under each of them two bars: the probabilities that a network
/// gives to both classes. The name of the likelier class is in bold; its value is written where there is room.
///
/// `probabilities` are `[p(class 0), p(class 1)]`, one pair an image; titles, columns and caption come from `options`.
/// `show_table(&figure)` gives the numbers.
///
/// # Errors
/// [`Error::Argument`] without images or columns, with more than 200 images, or when images are narrower than 48 pixels;
/// [`Error::Shape`] when there is not one pair an image, or one title an image; [`Error::NotAProbability`] for a value
/// outside [0, 1], or two that do not add up to 1.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let mut images = ImageStore::new(2, 2);
/// images.push(&[120; 12])?;
/// let options = GridOptions::new().with_titles(["vrai : 20–26 ans"]);
/// let figure = probability_grid(&images, &[[0.75, 0.25]], ["20–26 ans", "52–62 ans"], &options)?;
/// assert!(figure.alt_text().contains("20–26 ans 0,75"));
/// # Ok::<(), Error>(())
/// ```
pub fn probability_grid(
    images: &ImageStore,
    probabilities: &[[f64; 2]],
    classes: [&str; 2],
    options: &GridOptions,
) -> Result<Figure> {
    check_count("images", images.len())?;
    check(images, probabilities, options)?;
    let columns = options.columns.min(images.len()) as u32;
    let rows = images.len().div_ceil(columns as usize) as u32;
    let place = match options.cell {
        Some(width) => Place::fitted(images, width),
        None => Place::new(columns, images),
    };
    if place.width < NARROWEST {
        return Err(Error::argument(
            "columns",
            options.columns,
            format!(
                "moins d'images par ligne : à {} pixels de large, une image n'a pas la place de ses barres",
                place.width
            ),
        ));
    }
    let titled = !options.titles.is_empty();
    let head = head_height(&options.caption);
    let title_height = if titled { 2 * LINE as u32 + 4 } else { 0 };
    let row_height = title_height + place.height + BARS + 2 * GAP;
    let width = place
        .row_width(columns)
        .max(caption_width(&options.caption)?);
    let height = head + rows * row_height - GAP + MARGIN;
    let alt = captioned(&options.caption, described(probabilities, classes, options));

    let drawn = figure(width, height, alt, |canvas| {
        draw_caption(canvas, &options.caption)?;
        for (index, pair) in probabilities.iter().enumerate() {
            let (row, column) = (index as u32 / columns, index as u32 % columns);
            let x = f64::from(MARGIN + column * (place.width + GAP));
            let y = f64::from(head + row * row_height);
            if let Some(title) = options.titles.get(index) {
                draw_title(canvas, title, (x, y), &place, title_height)?;
            }
            let top = y + f64::from(title_height);
            canvas.image(images, index, (x, top), (place.width, place.height))?;
            let under = top + f64::from(place.height) + 3.0;
            draw_bars(canvas, (x, under), f64::from(place.width), *pair, classes)?;
        }
        Ok(())
    })?;
    Ok(drawn.with_table(table(probabilities, classes, options)?))
}

fn check(images: &ImageStore, probabilities: &[[f64; 2]], options: &GridOptions) -> Result<()> {
    if options.columns == 0 {
        return Err(Error::argument(
            "columns",
            options.columns,
            "au moins une image par ligne",
        ));
    }
    if probabilities.len() != images.len() {
        return Err(Error::shape(
            "probabilités (une paire par image)",
            [images.len(), 2],
            [probabilities.len(), 2],
        ));
    }
    let titles = options.titles.len();
    if titles != 0 && titles != images.len() {
        return Err(Error::shape(
            "titres de la grille (un par image)",
            [images.len()],
            [titles],
        ));
    }
    for (index, pair) in probabilities.iter().enumerate() {
        if let Some(value) = pair.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(Error::NotAProbability {
                what: format!("image {index}"),
                value: *value,
            });
        }
        let sum = pair[0] + pair[1];
        if (sum - 1.0).abs() > TOLERANCE {
            return Err(Error::NotAProbability {
                what: format!("somme des deux probabilités de l'image {index}"),
                value: sum,
            });
        }
    }
    Ok(())
}

/// Two bars on a track of `width` pixels: name and value above each.
fn draw_bars(
    canvas: &Canvas,
    (x, y): (f64, f64),
    width: f64,
    pair: [f64; 2],
    classes: [&str; 2],
) -> Result<()> {
    for (class, (value, name)) in pair.into_iter().zip(classes).enumerate() {
        let top = y + class as f64 * (WORDS + BAR + 3.0);
        let middle = top + WORDS / 2.0;
        let style = match value > pair[1 - class] {
            true => font(SMALL).bold(),
            false => font(SMALL),
        };
        let words = decimal(value, 2);
        let room = width - text_width(&words, style)? - 6.0;
        let name_width = text_width(name, style)?;
        // A cut name tells nothing: the bar shows the value all the same.
        let room = match name_width <= room {
            true => {
                canvas.text(&words, (x + width, middle), style, MIDDLE_RIGHT)?;
                room
            }
            false => width,
        };
        for line in wrap(name, style, room, 1)? {
            canvas.text(&line, (x, middle), style, MIDDLE_LEFT)?;
        }
        let (from, to) = ((x, top + WORDS), (x + width, top + WORDS + BAR));
        canvas.rectangle(from, to, GRID)?;
        canvas.rectangle(from, (x + value * width, to.1), SERIES[COLORS[class]])?;
        canvas.frame(from, to, FAINT, 1)?;
    }
    Ok(())
}

/// The numbers, image after image.
fn described(probabilities: &[[f64; 2]], classes: [&str; 2], options: &GridOptions) -> String {
    let one = |(index, pair): (usize, &[f64; 2])| {
        let name = match options.titles.get(index) {
            Some(title) => format!("image {} ({title})", index + 1),
            None => format!("image {}", index + 1),
        };
        let [first, second] = pair.map(|value| decimal(value, 2));
        format!("{name} : {} {first}, {} {second}", classes[0], classes[1])
    };
    let quoted: Vec<String> = probabilities
        .iter()
        .enumerate()
        .take(QUOTED)
        .map(one)
        .collect();
    let rest = if probabilities.len() > QUOTED {
        " ; …"
    } else {
        ""
    };
    format!(
        "Grille de {} et des probabilités que le réseau donne aux deux classes. {}{rest}.",
        count(probabilities.len(), "image"),
        quoted.join(" ; ")
    )
}

/// One line an image: its number, its title where there are titles, both probabilities.
fn table(
    probabilities: &[[f64; 2]],
    classes: [&str; 2],
    options: &GridOptions,
) -> Result<DataFrame> {
    let numbers: Vec<u32> = (1..).take(probabilities.len()).collect();
    let mut columns = vec![Column::new("image".into(), numbers)];
    if !options.titles.is_empty() {
        columns.push(Column::new("titre".into(), &options.titles));
    }
    for (class, name) in classes.into_iter().enumerate() {
        let values: Vec<f64> = probabilities.iter().map(|pair| pair[class]).collect();
        columns.push(Column::new(format!("p({name})").into(), values));
    }
    Ok(DataFrame::new_infer_height(columns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [&str; 2] = ["20–26 ans", "52–62 ans"];

    /// Drawings of one grey each, 10 × 10 pixels.
    fn images(count: usize) -> ImageStore {
        let mut images = ImageStore::new(10, 10);
        for image in 0..count {
            images.push(&[(40 + 20 * image) as u8; 300]).unwrap();
        }
        images
    }

    fn write(name: &str, figure: &Figure) {
        if let Some(folder) = std::env::var_os("FIGURES") {
            figure
                .save(std::path::Path::new(&folder).join(name))
                .unwrap();
        }
    }

    #[test]
    fn bars_are_as_long_as_probabilities() {
        let pairs = [[0.75, 0.25], [0.0, 1.0]];
        let options = GridOptions::new()
            .with_columns(2)
            .with_titles(["vrai : 20–26 ans", "vrai : 52–62 ans"])
            .with_caption("Deux images de test et les réponses du réseau");
        let figure = probability_grid(&images(2), &pairs, CLASSES, &options).unwrap();
        write("probability_grid.png", &figure);
        let alt = figure.alt_text();
        for words in [
            "image 1 (vrai : 20–26 ans) : 20–26 ans 0,75, 52–62 ans 0,25",
            "image 2 (vrai : 52–62 ans) : 20–26 ans 0,00, 52–62 ans 1,00",
        ] {
            assert!(alt.contains(words), "{alt}");
        }
        // Pixels of each class' colour in one row of a bar of 160 pixels, frames apart.
        let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
        let longest = |image: u32, class: usize| {
            let left = MARGIN + image * (160 + GAP);
            let color = SERIES[COLORS[class]];
            let row = |y| {
                let pixel = |x: u32| picture.get_pixel(x, y).0 == [color.0, color.1, color.2];
                (left..left + 160).filter(|x| pixel(*x)).count()
            };
            (0..picture.height()).map(row).max().unwrap()
        };
        for (image, class, share) in [(0, 0, 0.75), (0, 1, 0.25), (1, 0, 0.0), (1, 1, 1.0)] {
            let found = longest(image, class) as f64;
            assert!(
                (found - 160.0 * share).abs() <= 4.0,
                "{image}, {class} : {found}"
            );
        }
        let table = figure.table().unwrap();
        assert_eq!(
            table.get_column_names(),
            ["image", "titre", "p(20–26 ans)", "p(52–62 ans)"]
        );
        let second = table.column("p(52–62 ans)").unwrap().f64().unwrap();
        assert_eq!(second.get(0), Some(0.25));
    }

    #[test]
    fn narrow_images_keep_their_names() {
        let pairs: Vec<[f64; 2]> = (0..10)
            .map(|at| f64::from(at) / 9.0)
            .map(|p| [p, 1.0 - p])
            .collect();
        for (columns, name) in [
            (8, "probability_grid_8.png"),
            (10, "probability_grid_10.png"),
        ] {
            let options = GridOptions::new().with_columns(columns);
            let figure = probability_grid(&images(10), &pairs, CLASSES, &options).unwrap();
            write(name, &figure);
            assert!(figure.table().is_some_and(|table| table.height() == 10));
        }
        let narrow = GridOptions::new().with_cell(20);
        assert!(probability_grid(&images(10), &pairs, CLASSES, &narrow).is_err());
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        let grid = |pairs: &[[f64; 2]], options: &GridOptions| {
            probability_grid(&images(1), pairs, CLASSES, options)
                .unwrap_err()
                .to_string()
        };
        let plain = GridOptions::new();
        assert!(grid(&[], &plain).contains("une paire par image"));
        assert!(
            grid(&[[1.2, -0.2]], &plain).contains("1,2")
                || grid(&[[1.2, -0.2]], &plain).contains("1.2")
        );
        assert!(grid(&[[0.5, 0.6]], &plain).contains("somme"));
        assert!(grid(&[[f64::NAN, 0.6]], &plain).contains("image 0"));
        grid(&[[0.5, 0.5]], &GridOptions::new().with_titles(["a", "b"]));
        grid(&[[0.5, 0.5]], &GridOptions::new().with_columns(0));
    }
}
