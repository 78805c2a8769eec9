//! The loss step after step, on a logarithmic scale, with what validation measured.

use super::{
    Figure,
    canvas::{Canvas, MIDDLE_LEFT, Point, TOP_LEFT, figure, font, text_width},
    loss_axes::{Axes, BOTTOM, LEFT, RIGHT, TOP_EDGE, log_range, log10},
    plot::{Plot, dashed, marker, padded},
    style::{EMPHASIS, FAINT, INK, RAW, SERIES, SMALL, TITLE},
};
use crate::{
    error::{Error, Result},
    french::{compact, count},
    host::TrainingTrace,
    metrics::shown_name,
    ready::Ready,
    train::{ON_TRAINING, Traced, VALIDATION_LOSS},
};

const WIDTH: u32 = 900;
const HEIGHT: u32 = 500;
/// The plotting area of the chosen metric, below, when it is not the loss.
const LOWER_TOP: f64 = 524.0;
const LOWER_BOTTOM: f64 = 704.0;
const LOWER_HEIGHT: u32 = 768;
/// Place among the colours and markers of the validated loss, of the chosen metric, and of the same on training images.
const VALIDATED: usize = 0;
const CHOSEN: usize = 2;
const TRAINED: usize = 5;
/// Most epochs that have a marker each.
const MARKED_EPOCHS: usize = 40;

/// The loss of every step and its smoothed curve, on a logarithmic axis.
///
/// With a validation: a validated loss beside them, the metric that choices are made by below them when it is another
/// one, the same measured on training images beside it ([`ON_TRAINING`]), and the best epoch, or the best step where
/// validation comes within epochs.
///
/// `training` is a [`History`](crate::train::History), what a loop returned, or either in an attempt.
///
/// # Errors
/// [`Error::Figure`] when the history is empty or holds a loss that is not finite.
pub fn loss_curve<A>(training: &A) -> Result<A::Out<Figure>>
where
    A: Ready,
    A::Value: Traced,
{
    training.turn(|training| trace_figure(&training.history().trace()))
}

/// [`loss_curve`] of what a host is told.
///
/// # Errors
/// Those of [`loss_curve`].
pub(crate) fn trace_figure(trace: &TrainingTrace<'_>) -> Result<Figure> {
    let (losses, smoothed) = (trace.losses, trace.smoothed);
    if losses.is_empty() {
        return Err(Error::Figure(
            "l'historique est vide, aucun pas d'entraînement n'a été fait".to_owned(),
        ));
    }
    if let Some(step) = losses.iter().position(|loss| !loss.is_finite()) {
        return Err(Error::Figure(format!(
            "la perte du pas {} n'est pas un nombre fini",
            step + 1
        )));
    }
    let steps = losses.len();
    let validated = Series::validated_loss(trace);
    let chosen = Series::chosen(trace);
    let trained = Series::on_training(trace, &chosen);
    let seen = losses.iter().chain(smoothed);
    // A point before the first step needs its place.
    let first = if trace.points.iter().any(|point| point.step == 0) {
        0.0
    } else {
        1.0
    };
    let axes = Axes::new((first, steps), log_range(seen.chain(validated.values())));
    let height = match chosen {
        Some(_) => LOWER_HEIGHT,
        None => HEIGHT,
    };
    figure(WIDTH, height, alt_text(trace), |canvas| {
        let title = "Perte pendant l'entraînement";
        canvas.text(title, (LEFT, 14.0), font(TITLE).bold(), TOP_LEFT)?;
        legend(canvas, steps, epochs(trace), &validated)?;
        axes.draw(canvas)?;
        canvas.line(&axes.points(losses), RAW, 1)?;
        canvas.line(&axes.points(smoothed), EMPHASIS, 3)?;
        validated.draw(canvas, VALIDATED, |step, loss| {
            (axes.x(step), axes.y(log10(loss)))
        })?;
        let best = best_step(trace);
        if let Some((step, label)) = &best {
            let step = *step;
            best_line(canvas, axes.x(step), TOP_EDGE, BOTTOM, Some(label))?;
        }
        let Some((name, series)) = &chosen else {
            return Ok(());
        };
        let plot = Plot {
            left: LEFT,
            right: RIGHT,
            top: LOWER_TOP,
            bottom: LOWER_BOTTOM,
            x: (axes.first, (steps as f64).max(axes.first + 1.0)),
            y: padded(series.values().chain(trained.values()).copied()),
        };
        let axis = match trained.0.is_empty() {
            true => format!("{} (validation)", shown_name(name)),
            false => shown_name(name),
        };
        plot.y_axis(canvas, &axis)?;
        axes.steps(canvas, LOWER_TOP, LOWER_BOTTOM)?;
        plot.edges(canvas)?;
        if !trained.0.is_empty() {
            lower_legend(canvas)?;
            trained.draw(canvas, TRAINED, |step, value| plot.at((step, value)))?;
        }
        series.draw(canvas, CHOSEN, |step, value| plot.at((step, value)))?;
        match &best {
            Some((step, _)) => best_line(canvas, axes.x(*step), LOWER_TOP, LOWER_BOTTOM, None),
            None => Ok(()),
        }
    })
}

/// What validation measured: steps and values, those that are finite.
struct Series(Vec<(f64, f64)>);

impl Series {
    fn of(trace: &TrainingTrace<'_>, metric: usize) -> Self {
        let pairs = trace.points.iter().filter_map(|point| {
            let value = *point.values.get(metric)?;
            value.is_finite().then_some((point.step as f64, value))
        });
        Self(pairs.collect())
    }

    /// The validated loss; empty when there is none.
    fn validated_loss(trace: &TrainingTrace<'_>) -> Self {
        let at = trace
            .metrics
            .iter()
            .position(|name| name == VALIDATION_LOSS);
        at.map_or(Self(Vec::new()), |at| Self::of(trace, at))
    }

    /// The metric that choices are made by and its name, unless it is the loss.
    fn chosen<'a>(trace: &TrainingTrace<'a>) -> Option<(&'a str, Self)> {
        let metric = trace.target?.metric;
        let name = trace.metrics.get(metric)?;
        (name != VALIDATION_LOSS).then(|| (name.as_str(), Self::of(trace, metric)))
    }

    /// What was measured on training images under the name of the chosen metric; empty when nothing was.
    fn on_training(trace: &TrainingTrace<'_>, chosen: &Option<(&str, Self)>) -> Self {
        let at = chosen.as_ref().and_then(|(name, _)| {
            let same = |metric: &String| metric.strip_suffix(ON_TRAINING) == Some(*name);
            trace.metrics.iter().position(same)
        });
        at.map_or(Self(Vec::new()), |at| Self::of(trace, at))
    }

    fn values(&self) -> impl Iterator<Item = &f64> {
        self.0.iter().map(|(_, value)| value)
    }

    fn draw(&self, canvas: &Canvas, index: usize, place: impl Fn(f64, f64) -> Point) -> Result<()> {
        let points: Vec<Point> = self.0.iter().map(|(x, y)| place(*x, *y)).collect();
        canvas.line(&points, SERIES[index], 2)?;
        if points.len() > MARKED_EPOCHS {
            return Ok(());
        }
        points
            .iter()
            .try_for_each(|at| marker(canvas, index, *at, 5.0))
    }
}

/// The step of the best validation, and how it is called: by its epoch, or by its step where validation comes within epochs.
fn best_step(trace: &TrainingTrace<'_>) -> Option<(f64, String)> {
    let point = trace.points.get(trace.target?.best?)?;
    let label = match within_epochs(trace) {
        true => format!("meilleure validation : pas {}", point.step),
        false => format!("meilleure époque : {}", point.epoch),
    };
    Some((point.step as f64, label))
}

/// Whether validation comes several times an epoch, or before the first step.
fn within_epochs(trace: &TrainingTrace<'_>) -> bool {
    let same = |pair: &[crate::host::EpochPoint]| pair[0].epoch == pair[1].epoch;
    trace.points.windows(2).any(same) || trace.points.iter().any(|point| point.step == 0)
}

/// Marks the best epoch, and says so on the side where there is room.
fn best_line(canvas: &Canvas, x: f64, top: f64, bottom: f64, label: Option<&str>) -> Result<()> {
    dashed(canvas, 1, &[(x, top), (x, bottom)], INK, 1)?;
    let Some(label) = label else { return Ok(()) };
    let width = text_width(label, font(SMALL))?;
    let at = if x + 8.0 + width <= RIGHT {
        x + 8.0
    } else {
        x - 8.0 - width
    };
    canvas.rectangle(
        (at - 3.0, top + 3.0),
        (at + width + 3.0, top + 23.0),
        super::plot::WHITE,
    )?;
    canvas.text(label, (at, top + 5.0), font(SMALL), TOP_LEFT)
}

fn legend(canvas: &Canvas, steps: usize, epochs: usize, validated: &Series) -> Result<()> {
    let y = 58.0;
    let mut x = LEFT;
    for (color, width, label) in [(RAW, 2, "perte du lot"), (EMPHASIS, 3, "perte lissée")] {
        canvas.line(&[(x, y), (x + 30.0, y)], color, width)?;
        canvas.text(label, (x + 38.0, y), font(SMALL), MIDDLE_LEFT)?;
        x += 38.0 + text_width(label, font(SMALL))? + 26.0;
    }
    if !validated.0.is_empty() {
        canvas.line(&[(x, y), (x + 30.0, y)], SERIES[VALIDATED], 2)?;
        marker(canvas, VALIDATED, (x + 15.0, y), 5.0)?;
        let label = "perte de validation";
        canvas.text(label, (x + 38.0, y), font(SMALL), MIDDLE_LEFT)?;
        x += 38.0 + text_width(label, font(SMALL))? + 26.0;
    }
    let note = format!("{steps} pas, {}", count(epochs, "époque"));
    canvas.text(&note, (x, y), font(SMALL).color(FAINT), MIDDLE_LEFT)
}

/// What both curves of the chosen metric are, above them.
fn lower_legend(canvas: &Canvas) -> Result<()> {
    let y = LOWER_TOP - 16.0;
    let mut x = LEFT;
    for (index, label) in [(CHOSEN, "en validation"), (TRAINED, "en entraînement")] {
        canvas.line(&[(x, y), (x + 30.0, y)], SERIES[index], 2)?;
        marker(canvas, index, (x + 15.0, y), 5.0)?;
        canvas.text(label, (x + 38.0, y), font(SMALL), MIDDLE_LEFT)?;
        x += 38.0 + text_width(label, font(SMALL))? + 26.0;
    }
    Ok(())
}

fn epochs(trace: &TrainingTrace<'_>) -> usize {
    trace.epochs.last().map_or(0, |epoch| *epoch as usize)
}

fn alt_text(trace: &TrainingTrace<'_>) -> String {
    let losses = trace.losses;
    let ends = |values: &[f64]| {
        let first = values.first().copied().unwrap_or(f64::NAN);
        let last = values.last().copied().unwrap_or(f64::NAN);
        format!("de {} à {}", compact(first), compact(last))
    };
    let lowest = losses
        .iter()
        .enumerate()
        .min_by(|a, b| a.1.total_cmp(b.1))
        .map_or(String::new(), |(step, loss)| {
            format!(
                " ; plus petite perte : {} au pas {}",
                compact(*loss),
                step + 1
            )
        });
    format!(
        "Courbe de la perte sur {} pas et {}, échelle logarithmique : la perte du lot va {}, \
         la perte lissée {}{lowest}.{}",
        losses.len(),
        count(epochs(trace), "époque"),
        ends(losses),
        ends(trace.smoothed),
        validation_text(trace),
    )
}

/// What validation measured, and the best epoch.
fn validation_text(trace: &TrainingTrace<'_>) -> String {
    let mut text = String::new();
    for (at, name) in trace.metrics.iter().enumerate() {
        let values: Vec<f64> = Series::of(trace, at).values().copied().collect();
        if let (Some(first), Some(last)) = (values.first(), values.last()) {
            let (place, name) = match name.strip_suffix(ON_TRAINING) {
                Some(name) => ("entraînement", name),
                None => ("validation", name.as_str()),
            };
            text.push_str(&format!(
                " En {place}, « {} » va de {} à {}.",
                shown_name(name),
                compact(*first),
                compact(*last)
            ));
        }
    }
    if let Some(point) = trace.target.and_then(|t| trace.points.get(t.best?)) {
        text.push_str(&match within_epochs(trace) {
            true => format!(" La meilleure validation suit le pas {}.", point.step),
            false => format!(" La meilleure époque est l'époque {}.", point.epoch),
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::History;
    use crate::train::ValidationTarget;

    #[test]
    fn a_jagged_curve_stays_inside_its_axes() {
        // Up and down at every step, two steps a pixel.
        let mut history = History::new(0.99).unwrap();
        for step in 0..1680 {
            history.push(1, [0.06, 0.9, 0.07][step % 3]);
        }
        let figure = loss_curve(&history).unwrap();
        let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
        let coloured = |pixel: &image::Rgb<u8>| {
            let [low, high] = [pixel.0.iter().min(), pixel.0.iter().max()].map(|c| c.copied());
            high.unwrap_or(0) - low.unwrap_or(0) > 24
        };
        // The legend's samples are above, at y = 58.
        let outside = |x: f64, y: f64| {
            let legend = (52.0..64.0).contains(&y);
            let inside = (TOP_EDGE - 3.0..=BOTTOM + 3.0).contains(&y)
                && (LEFT - 3.0..=RIGHT + 3.0).contains(&x);
            !legend && !inside
        };
        let stray: Vec<_> = picture
            .enumerate_pixels()
            .filter(|(x, y, pixel)| coloured(pixel) && outside(f64::from(*x), f64::from(*y)))
            .map(|(x, y, _)| (x, y))
            .collect();
        assert_eq!(stray, []);
        // It fills the height between its extremes.
        let blue =
            |y: f64| (LEFT as u32..RIGHT as u32).any(|x| coloured(picture.get_pixel(x, y as u32)));
        assert!(blue(TOP_EDGE + 40.0) && blue(BOTTOM - 40.0));
    }

    /// Six epochs of forty steps: the loss falls, the validation rises again after the fourth.
    fn validated(metrics: &[&str]) -> History {
        let mut history = History::new(0.9).unwrap();
        for epoch in 1..=6_u32 {
            for step in 0..40 {
                let at = f64::from((epoch - 1) * 40 + step);
                history.push(epoch, (0.3 + 0.2 * (at * 1.3).sin()) * (-at / 90.0).exp());
            }
            let away = (f64::from(epoch) - 4.0).powi(2);
            let measured: Vec<(&str, f64)> = metrics
                .iter()
                .map(|name| match *name {
                    "perte" => (*name, 0.06 + 0.02 * away),
                    _ => (*name, 0.93 - 0.03 * away),
                })
                .collect();
            history.end_epoch(epoch, 1e-3, &measured).unwrap();
        }
        history
    }

    #[test]
    fn validation_adds_its_curve_the_chosen_metric_and_the_best_epoch() {
        let size = |figure: &Figure| {
            let picture = image::load_from_memory(figure.png()).unwrap();
            (picture.width(), picture.height())
        };
        let loss = loss_curve(&validated(&["perte"])).unwrap();
        assert_eq!(size(&loss), (WIDTH, HEIGHT));
        assert!(
            loss.alt_text().contains(
                "En validation, « perte » va de 0,24 à 0,14. La meilleure époque est l'époque 4."
            ),
            "{}",
            loss.alt_text()
        );
        let history = validated(&["perte", "exactitude"])
            .with_target(ValidationTarget::highest("exactitude"));
        let both = loss_curve(&history).unwrap();
        assert_eq!(size(&both), (WIDTH, LOWER_HEIGHT));
        assert!(
            both.alt_text().contains("« exactitude » va de 0,66 à 0,81"),
            "{}",
            both.alt_text()
        );
        // Without validation nothing changes, whatever epochs were ended.
        let none = validated(&[]);
        let mut bare = History::new(0.9).unwrap();
        for (epoch, loss) in none.epochs().iter().zip(none.losses()) {
            bare.push(*epoch, *loss);
        }
        assert_eq!(
            loss_curve(&none).unwrap().png(),
            loss_curve(&bare).unwrap().png()
        );
    }

    #[test]
    fn validation_every_k_steps_shows_both_sets() {
        let mut history = History::new(0.9)
            .unwrap()
            .with_target(ValidationTarget::highest("exactitude"));
        let measured = |step: f64| {
            let rise = |top: f64| 0.5 + top * (1.0 - (-step / 60.0).exp());
            let fall = (step - 180.0).max(0.0) / 1000.0;
            [
                ("perte", 0.69 * (-step / 150.0).exp() + 0.1 + fall),
                ("exactitude", rise(0.32) - fall),
                ("exactitude en entraînement", rise(0.42)),
            ]
        };
        history.validate(1e-2, &measured(0.0)).unwrap();
        for step in 1..=240_u32 {
            let at = f64::from(step);
            history.push(1, (0.7 + 0.1 * (at * 1.3).sin()) * (-at / 120.0).exp());
            if step % 20 == 0 {
                history.validate(1e-2, &measured(at)).unwrap();
            }
        }
        // The same step again, as at the end of an epoch: the point is replaced.
        history.validate(1e-2, &measured(240.0)).unwrap();
        assert_eq!(
            (history.points().len(), history.best_step()),
            (13, Some(180))
        );
        let figure = loss_curve(&history).unwrap();
        if let Some(folder) = std::env::var_os("FIGURES") {
            let folder = std::path::Path::new(&folder);
            figure.save(folder.join("learning_curve.png")).unwrap();
        }
        for words in [
            "En validation, « exactitude » va de 0,5 à",
            "En entraînement, « exactitude » va de 0,5 à",
            "La meilleure validation suit le pas 180.",
        ] {
            assert!(figure.alt_text().contains(words), "{}", figure.alt_text());
        }
        // Names that differ are refused, and nothing is lost.
        assert!(history.validate(1e-2, &[("autre", 1.0)]).is_err());
        assert_eq!(history.points().len(), 13);
    }
}
