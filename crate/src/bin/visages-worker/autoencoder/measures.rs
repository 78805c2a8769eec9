//! What a trained network says: codes far from the prior, images far from all faces, known factors, small classifiers.

use serde::Serialize;
use visages::{
    burn::tensor::Device,
    data::{FACTORS, ImageStore, LabelledSplit, squared_errors},
    explain::{
        latent_factors, linear_probe, pixel_features, prior_share_outside, prior_traversal,
        share_outside,
    },
    fairness::Z_95,
    models::Vae64,
    polars::prelude::{DataFrame, DataType},
    train::{LatentTable, reconstruct},
};

use super::BATCH;
use crate::error::{Error, Result};

/// How far codes are looked at, in units of the prior.
const LIMITS: [f64; 2] = [3.0, 5.0];
/// Test faces whose reconstructions are compared with decoded codes.
const COMPARED: usize = 100;
/// What the small classifiers are asked: whether a cause is above its median of the training images.
const ASKED: [&str; 3] = ["teint", "pose", "sourire"];
/// What is measured on the pixels, beside the causes that are known.
const MEASURED: [&str; 3] = ["luminosité", "luminosité du fond", "chaleur de l'image"];

/// A value and its 95 % interval.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Estimate {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

/// A mean, and 1.96 standard errors on each side.
pub fn mean(values: &[f64]) -> Estimate {
    let count = values.len() as f64;
    let value = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
    let half = Z_95 * (squares / (count - 1.0).max(1.0) / count).sqrt();
    Estimate {
        value,
        low: value - half,
        high: value + half,
    }
}

/// The mean difference of two measures of the same images.
pub fn paired(one: &[f64], other: &[f64]) -> Estimate {
    let differences: Vec<f64> = one.iter().zip(other).map(|(a, b)| a - b).collect();
    mean(&differences)
}

pub fn numbers(frame: &DataFrame, column: &str) -> Result<Vec<f64>> {
    let failed = |error: visages::polars::error::PolarsError| Error::Execution(error.to_string());
    let column = frame.column(column).map_err(failed)?;
    let column = column.cast(&DataType::Float64).map_err(failed)?;
    let values = column.f64().map_err(failed)?.iter();
    Ok(values.map(|value| value.unwrap_or(f64::NAN)).collect())
}

fn words(frame: &DataFrame, column: &str) -> Result<Vec<String>> {
    let failed = |error: visages::polars::error::PolarsError| Error::Execution(error.to_string());
    let column = frame.column(column).map_err(failed)?;
    let values = column.str().map_err(failed)?.iter();
    Ok(values
        .map(|value| value.unwrap_or_default().to_owned())
        .collect())
}

/// Shares of the prior and of the means of test images beyond a limit.
#[derive(Debug, Serialize)]
pub struct Outside {
    limit: f64,
    prior: f64,
    means: f64,
    /// Number of means, all variables together.
    n: usize,
}

pub fn outside(codes: &LatentTable) -> Vec<Outside> {
    let beyond = |limit| Outside {
        limit,
        prior: prior_share_outside(limit),
        means: share_outside(codes, limit),
        n: codes.len() * codes.latent_dim(),
    };
    LIMITS.map(beyond).into()
}

/// How far decoded codes are from the nearest training face, and how many of their pixels are nearly black or white.
#[derive(Debug, Serialize)]
pub struct Far {
    name: String,
    images: usize,
    /// Sum of squared differences to the nearest training face, on average.
    nearest: f64,
    saturated: f64,
    /// Root mean square of the difference to the face of the middle, in levels from 0 to 1.
    change: f64,
}

pub fn far(
    model: &Vae64,
    train: &ImageStore,
    test: &ImageStore,
    codes: &LatentTable,
    device: &Device,
) -> Result<Vec<Far>> {
    let middle = vec![0.0_f32; codes.latent_dim()];
    let dimensions: Vec<usize> = (0..codes.latent_dim()).collect();
    let rows: Vec<usize> = (0..test.len().min(COMPARED)).collect();
    let faces = reconstruct(model, &test.select(&rows)?, BATCH, device)?;
    // Odd steps: the image of the middle is among them.
    let row = prior_traversal(model, &middle, &dimensions[..1], 1.0, 3, device)?;
    let center = row.rows()[0].1.select(&[1])?;
    let told = |name: &str, images: &ImageStore| {
        let mut nearest = 0.0;
        for index in 0..images.len() {
            let distances = squared_errors(train, &images.select(&[index])?)?;
            nearest += distances.into_iter().fold(f64::INFINITY, f64::min);
        }
        let (mut saturated, mut values) = (0_usize, 0_usize);
        for index in 0..images.len() {
            let image = images.image(index)?;
            saturated += image.iter().filter(|v| **v <= 5 || **v >= 250).count();
            values += image.len();
        }
        let changes = squared_errors(images, &center)?;
        let pixels = (images.height() * images.width() * 3) as f64;
        Ok::<_, Error>(Far {
            name: name.to_owned(),
            images: images.len(),
            nearest: nearest / images.len() as f64,
            saturated: saturated as f64 / values as f64,
            change: (mean(&changes).value / pixels).sqrt(),
        })
    };
    let mut found = vec![
        told("visage du milieu (0 partout)", &center)?,
        told("reconstructions de visages de test", &faces)?,
    ];
    for limit in LIMITS {
        let moved = prior_traversal(model, &middle, &dimensions, limit, 2, device)?;
        let mut images = ImageStore::new(test.height(), test.width());
        for (_, ends) in moved.rows() {
            images.extend(ends)?;
        }
        found.push(told(&format!("une variable à ±{limit}"), &images)?);
    }
    Ok(found)
}

/// What a variable says of a known factor.
#[derive(Debug, Serialize)]
pub struct Known {
    factor: String,
    variable: String,
    r_squared: Estimate,
    n: usize,
}

pub fn factors(codes: &LatentTable, frame: &DataFrame, seed: u64) -> Result<Vec<Known>> {
    let names = [&FACTORS[..], &MEASURED].concat();
    let found = latent_factors(codes, frame, &names, seed)?;
    let (factors, variables) = (words(&found, "factor")?, words(&found, "variable")?);
    let [values, lows, highs, sizes] =
        ["r_squared", "low", "high", "n"].map(|name| numbers(&found, name));
    let (values, lows, highs, sizes) = (values?, lows?, highs?, sizes?);
    let line = |(row, (factor, variable))| {
        let _: usize = row;
        Known {
            factor,
            variable,
            r_squared: Estimate {
                value: values[row],
                low: lows[row],
                high: highs[row],
            },
            n: sizes[row] as usize,
        }
    };
    let names = factors.into_iter().zip(variables).enumerate();
    // A factor that never varies has no R².
    let known = names.map(line).filter(|known| {
        let Estimate { value, low, high } = known.r_squared;
        value.is_finite() && low.is_finite() && high.is_finite()
    });
    Ok(known.collect())
}

/// A small classifier that reads codes or pixels.
#[derive(Debug, Serialize)]
pub struct Classifier {
    label: String,
    reads: String,
    labels: usize,
    accuracy: Estimate,
    majority: f64,
    n: usize,
    seconds: f64,
}

/// Codes of the training images and of the test images, by the name of what is read.
type Codes<'a> = [(&'a str, [LatentTable; 2])];

pub fn classifiers(
    parts: &LabelledSplit,
    codes: &Codes<'_>,
    counts: &[usize],
    device: &Device,
) -> Result<Vec<Classifier>> {
    let pixels = [
        pixel_features(parts.train.images())?,
        pixel_features(parts.test.images())?,
    ];
    let mut found = Vec::new();
    for cause in ASKED {
        let mut sorted = parts.train.numbers(cause)?;
        sorted.sort_by(f32::total_cmp);
        let median = sorted[sorted.len() / 2];
        let yes = |values: Vec<f32>| -> Vec<f32> {
            let answers = values.into_iter().map(|value| value > median);
            answers.map(|said| f32::from(u8::from(said))).collect()
        };
        let train = yes(parts.train.numbers(cause)?);
        let test = yes(parts.test.numbers(cause)?);
        for &count in counts {
            let count = count.min(train.len());
            let mut ask = |reads: &str, features: &[LatentTable; 2]| {
                let [known, asked] = features;
                let known = known.head(count);
                let probe = linear_probe(&known, &train[..count], asked, &test, device)?;
                found.push(Classifier {
                    label: cause.to_owned(),
                    reads: reads.to_owned(),
                    labels: count,
                    accuracy: Estimate {
                        value: probe.accuracy,
                        low: probe.low,
                        high: probe.high,
                    },
                    majority: probe.majority,
                    n: probe.n,
                    seconds: probe.seconds,
                });
                Ok::<(), Error>(())
            };
            for (reads, features) in codes {
                ask(reads, features)?;
            }
            ask("pixels", &pixels)?;
        }
    }
    Ok(found)
}
