//! Latent traversal: the faces decoded while one latent variable moves and the others stay.

use burn::tensor::Device;
use polars::prelude::{DataFrame, df};

use super::decoding::{decode, finite};
use crate::{
    data::ImageStore,
    error::{Error, Result},
    french::compact,
    host,
    train::{LatentModel, LatentTable, encode_images},
};

/// The faces of [`latent_traversal`], one row a latent variable.
#[derive(Clone)]
pub struct Traversal {
    labels: Vec<String>,
    rows: Vec<ImageStore>,
}

impl Traversal {
    /// Names of the variables and their faces, ready for [`image_rows`](crate::figures::image_rows).
    pub fn rows(&self) -> Vec<(&str, &ImageStore)> {
        self.labels
            .iter()
            .map(String::as_str)
            .zip(&self.rows)
            .collect()
    }
}

impl std::fmt::Debug for Traversal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Traversal({})", self.labels.join(" ; "))
    }
}

/// Decodes faces along chosen latent variables.
///
/// In the row of variable `j`, `z_j = meanⱼ + step · sdⱼ` where mean and standard deviation are those
/// of `mu` over its images; the other variables keep the values of `start`, or their means when
/// there is no start. A variable that the model does not use has a standard deviation near 0: its
/// row shows the same face over and over. An interrupt keeps the rows that are drawn.
///
/// # Arguments
/// - `mu`: latent means of a collection of faces, as [`latent_means`](crate::train::latent_means)
///   returns them;
/// - `start`: the latent values of one face ([`LatentTable::row`]), or `None` for the mean face;
/// - `dimensions`: the variables, from 0; `steps`: in standard deviations, such as −3 to 3.
///
/// # Errors
/// [`Error::Argument`] without faces, variables or steps, or for a step that is not a finite number;
/// [`Error::Index`] when there is no such variable; [`Error::Shape`] when `start` has another number of
/// variables, or when `decode` does not return one RGB image a step.
pub fn latent_traversal<M: LatentModel>(
    model: &M,
    mu: &LatentTable,
    start: Option<&[f32]>,
    dimensions: &[usize],
    steps: &[f64],
    device: &Device,
) -> Result<Traversal> {
    let missing = |name, expected: &str| Err(Error::argument(name, "liste vide", expected));
    if mu.is_empty() {
        return missing("mu", "les variables latentes d'au moins un visage");
    }
    if dimensions.is_empty() {
        return missing("dimensions", "au moins une variable latente");
    }
    if steps.is_empty() {
        return missing("steps", "au moins un pas, par exemple de −3.0 à 3.0");
    }
    if let Some(step) = steps.iter().find(|step| !step.is_finite()) {
        return Err(Error::argument("steps", step, "des nombres finis"));
    }
    let statistics = mu.mean_and_deviation();
    let base: Vec<f32> = match start {
        Some(start) if start.len() != mu.latent_dim() => {
            return Err(Error::shape(
                "point de départ (une valeur par variable latente)",
                [mu.latent_dim()],
                [start.len()],
            ));
        }
        Some(start) => start.to_vec(),
        None => statistics.iter().map(|(mean, _)| *mean as f32).collect(),
    };

    let device = device.clone().without_autodiff();
    let model = model.valid().to_device(&device);
    let (mut labels, mut rows) = (Vec::new(), Vec::new());
    for &dimension in dimensions {
        if !rows.is_empty() && host::asked() {
            host::answer(&format!(
                "Parcours arrêté à votre demande : {} variables sur {}, leurs images sont gardées.",
                rows.len(),
                dimensions.len()
            ));
            break;
        }
        let &(mean, deviation) = statistics.get(dimension).ok_or(Error::Index {
            what: "la liste des variables latentes",
            index: dimension,
            len: mu.latent_dim(),
        })?;
        let mut codes = Vec::with_capacity(steps.len() * base.len());
        for step in steps {
            let first = codes.len();
            codes.extend_from_slice(&base);
            codes[first + dimension] = (mean + step * deviation) as f32;
        }
        let faces = decode(&model, codes, base.len(), &device)?;
        labels.push(format!(
            "Variable {dimension}, de {} à {}",
            compact(mean + steps[0] * deviation),
            compact(mean + steps[steps.len() - 1] * deviation),
        ));
        rows.push(faces);
    }
    Ok(Traversal { labels, rows })
}

/// Decodes images along chosen latent variables, in the units of the standard normal law that training pulls them to: in the
/// row of variable `j`, `z_j` goes from `−range` to `range` in `steps` images, and the other variables keep the values of
/// `start`.
///
/// # Arguments
/// - `start`: the values of all latent variables, 0 (their prior mean) for the middle;
/// - `dimensions`: the variables, from 0; `range`: 3 holds 99.7 % of a standard normal law, 5 all but one in two million.
///
/// # Errors
/// [`Error::Argument`] without variables, for fewer than two steps, or for a value that is not a finite number;
/// [`Error::Index`] when there is no such variable; [`Error::Shape`] when the network does not return one RGB image a step.
pub fn prior_traversal<M: LatentModel>(
    model: &M,
    start: &[f32],
    dimensions: &[usize],
    range: f64,
    steps: usize,
    device: &Device,
) -> Result<Traversal> {
    if dimensions.is_empty() {
        return Err(Error::argument(
            "dimensions",
            "liste vide",
            "au moins une variable latente",
        ));
    }
    if !(range.is_finite() && range > 0.0) {
        return Err(Error::argument(
            "range",
            range,
            "un nombre positif, par exemple 3.0",
        ));
    }
    if steps < 2 {
        return Err(Error::argument("steps", steps, "au moins deux images"));
    }
    finite("start", start)?;
    let device = device.clone().without_autodiff();
    let model = model.valid().to_device(&device);
    let (mut labels, mut rows) = (Vec::new(), Vec::new());
    for &dimension in dimensions {
        if dimension >= start.len() {
            return Err(Error::Index {
                what: "la liste des variables latentes",
                index: dimension,
                len: start.len(),
            });
        }
        let mut codes = start.repeat(steps);
        for (step, code) in codes.chunks_exact_mut(start.len()).enumerate() {
            let share = step as f64 / (steps - 1) as f64;
            code[dimension] = (range * (2.0 * share - 1.0)) as f32;
        }
        rows.push(decode(&model, codes, start.len(), &device)?);
        labels.push(format!(
            "Variable {dimension}, de {} à {}",
            compact(-range),
            compact(range)
        ));
    }
    Ok(Traversal { labels, rows })
}

/// How much each latent variable says about the images, the most active first.
///
/// | column | type | content |
/// |---|---|---|
/// | `dimension` | u32 | the variable, from 0 |
/// | `kl` | f64 | mean over the images of ½ (σ² + μ² − 1 − ln σ²), in nats: near 0, the variable is not used |
/// | `mean` | f64 | mean of μ over the images |
/// | `deviation` | f64 | standard deviation of μ over the images |
///
/// The sum of `kl` is the mean latent loss L_KL.
///
/// # Errors
/// Those of [`encode_images`]; [`Error::Frame`] when polars refuses the columns.
pub fn kl_by_dimension<M: LatentModel>(
    model: &M,
    images: &ImageStore,
    batch_size: usize,
    device: &Device,
) -> Result<DataFrame> {
    let (means, logvars) = encode_images(model, images, batch_size, device)?;
    let statistics = means.mean_and_deviation();
    let mut rows = Vec::with_capacity(statistics.len());
    for (dimension, (mean, deviation)) in statistics.into_iter().enumerate() {
        let mu = means.column(dimension)?;
        let logvar = logvars.column(dimension)?;
        let sum: f64 = mu
            .iter()
            .zip(&logvar)
            .map(|(m, s)| 0.5 * (s.exp() + m * m - 1.0 - s))
            .sum();
        rows.push((dimension as u32, sum / mu.len() as f64, mean, deviation));
    }
    rows.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(df!(
        "dimension" => rows.iter().map(|row| row.0).collect::<Vec<u32>>(),
        "kl" => rows.iter().map(|row| row.1).collect::<Vec<f64>>(),
        "mean" => rows.iter().map(|row| row.2).collect::<Vec<f64>>(),
        "deviation" => rows.iter().map(|row| row.3).collect::<Vec<f64>>(),
    )?)
}

/// The first `count` variables of a frame of [`kl_by_dimension`], all of them when there are fewer.
///
/// # Errors
/// [`Error::Frame`] when the column `dimension` is missing or of another type.
pub fn most_active(frame: &DataFrame, count: usize) -> Result<Vec<usize>> {
    let dimensions = frame.column("dimension")?.u32()?;
    Ok(dimensions
        .iter()
        .flatten()
        .take(count)
        .map(|dimension| dimension as usize)
        .collect())
}
