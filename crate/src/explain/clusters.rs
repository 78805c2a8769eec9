//! Groups of images whose latent variables are neighbours, and whether these groups are those of a label.

use std::collections::BTreeMap;

use polars::prelude::{DataFrame, DataType, df};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    error::{Error, Result},
    fairness::find,
    train::LatentTable,
};

/// Beginnings that are tried: the best end is kept.
const STARTS: usize = 10;
/// Steps after which Lloyd's algorithm is stopped.
const STEPS: usize = 300;

/// What [`k_means`] finds.
#[derive(Clone, Debug, PartialEq)]
pub struct Clusters {
    /// The group of each image, from 0, in their order; group 0 is the largest.
    pub labels: Vec<usize>,
    /// The middle of each group.
    pub centers: Vec<Vec<f64>>,
    /// Sum over the images of the squared distance to the middle of their group.
    pub inertia: f64,
}

/// Groups images by their latent means: Lloyd's algorithm from ten beginnings (k-means++), drawn from `seed`.
///
/// It always finds `clusters` groups, in a cloud without groups too: their number is the reader's choice, not a discovery.
///
/// # Source
/// S. Lloyd, *Least squares quantization in PCM*, 1982; D. Arthur and S. Vassilvitskii, *k-means++*, SODA 2007.
///
/// # Errors
/// [`Error::Argument`] for no group, or more groups than images.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// let mu = LatentTable::new(vec![0.0, 9.0, 0.1, 9.1, 0.2], 1)?;
/// assert_eq!(k_means(&mu, 2, 1)?.labels, [0, 1, 0, 1, 0]);
/// # Ok::<(), Error>(())
/// ```
pub fn k_means(mu: &LatentTable, clusters: usize, seed: u64) -> Result<Clusters> {
    if clusters == 0 || clusters > mu.len() {
        return Err(Error::argument(
            "clusters",
            clusters,
            format!("de 1 à {}, le nombre d'images", mu.len()),
        ));
    }
    let points: Vec<Vec<f64>> = (0..mu.len())
        .map(|image| Ok(mu.row(image)?.iter().map(|v| f64::from(*v)).collect()))
        .collect::<Result<_>>()?;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut best = lloyd(&points, beginning(&points, clusters, &mut rng));
    for _ in 1..STARTS {
        let other = lloyd(&points, beginning(&points, clusters, &mut rng));
        if other.inertia < best.inertia {
            best = other;
        }
    }
    // Groups by decreasing size: the same grouping has one writing.
    let mut sizes = vec![0_usize; clusters];
    best.labels.iter().for_each(|&label| sizes[label] += 1);
    let mut order: Vec<usize> = (0..clusters).collect();
    order.sort_by_key(|&at| std::cmp::Reverse(sizes[at]));
    let mut place = vec![0; clusters];
    (order.iter().enumerate()).for_each(|(new, &old)| place[old] = new);
    Ok(Clusters {
        labels: best.labels.iter().map(|&label| place[label]).collect(),
        centers: order.iter().map(|&at| best.centers[at].clone()).collect(),
        inertia: best.inertia,
    })
}

fn squared(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum()
}

/// The nearest center, and its squared distance.
fn nearest(point: &[f64], centers: &[Vec<f64>]) -> (usize, f64) {
    let distances = centers.iter().map(|center| squared(point, center));
    distances
        .enumerate()
        .fold((0, f64::INFINITY), |best, found| {
            if found.1 < best.1 { found } else { best }
        })
}

/// Centers drawn among the points, each with odds that grow as the square of the distance to those drawn before.
fn beginning(points: &[Vec<f64>], clusters: usize, rng: &mut StdRng) -> Vec<Vec<f64>> {
    let mut centers = vec![points[rng.random_range(0..points.len())].clone()];
    while centers.len() < clusters {
        let far: Vec<f64> = points.iter().map(|p| nearest(p, &centers).1).collect();
        let mut at = rng.random_range(0.0..1.0) * far.iter().sum::<f64>();
        let drawn = far.iter().position(|distance| {
            at -= distance;
            at < 0.0
        });
        centers.push(points[drawn.unwrap_or(points.len() - 1)].clone());
    }
    centers
}

fn lloyd(points: &[Vec<f64>], mut centers: Vec<Vec<f64>>) -> Clusters {
    let mut labels = vec![usize::MAX; points.len()];
    for _ in 0..STEPS {
        let found: Vec<usize> = points.iter().map(|p| nearest(p, &centers).0).collect();
        if found == labels {
            break;
        }
        labels = found;
        for (cluster, center) in centers.iter_mut().enumerate() {
            let members = || {
                let pairs = points.iter().zip(&labels);
                pairs.filter(|(_, label)| **label == cluster)
            };
            let count = members().count();
            // An empty group stays where it is.
            if count > 0 {
                for (axis, value) in center.iter_mut().enumerate() {
                    *value = members().map(|(p, _)| p[axis]).sum::<f64>() / count as f64;
                }
            }
        }
    }
    let pairs = points.iter().zip(&labels);
    let inertia = pairs.map(|(p, label)| squared(p, &centers[*label])).sum();
    Clusters {
        labels,
        centers,
        inertia,
    }
}

/// How far two groupings of the same images agree, over what chance alone gives: 1 when they are the same whatever the names of
/// the groups, 0 on average for groupings that have nothing to do with each other.
///
/// # Source
/// L. Hubert and P. Arabie, *Comparing partitions*, Journal of Classification, 1985.
///
/// # Errors
/// [`Error::Shape`] when one has more images than the other; [`Error::Argument`] for fewer than two images.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// assert_eq!(adjusted_rand_index(&[0, 0, 1, 1], &[5, 5, 2, 2])?, 1.0);
/// assert!((adjusted_rand_index(&[0, 0, 1, 1], &[0, 1, 0, 1])? + 0.5).abs() < 1e-12);
/// # Ok::<(), Error>(())
/// ```
pub fn adjusted_rand_index(one: &[usize], other: &[usize]) -> Result<f64> {
    if one.len() != other.len() {
        return Err(Error::shape(
            "deux groupements des mêmes images",
            [one.len()],
            [other.len()],
        ));
    }
    if one.len() < 2 {
        return Err(Error::argument("labels", one.len(), "au moins deux images"));
    }
    let pairs_in = |count: &usize| *count as f64 * (*count as f64 - 1.0) / 2.0;
    let tally = |labels: &mut dyn Iterator<Item = (usize, usize)>| -> f64 {
        let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
        labels.for_each(|label| *counts.entry(label).or_default() += 1);
        counts.values().map(pairs_in).sum()
    };
    let both = tally(&mut one.iter().copied().zip(other.iter().copied()));
    let [first, second] = [one, other].map(|labels| tally(&mut labels.iter().map(|l| (*l, 0))));
    let expected = first * second / pairs_in(&one.len());
    let most = (first + second) / 2.0;
    // Both have one group, or a group an image: they are the same.
    Ok(match most == expected {
        true => 1.0,
        false => (both - expected) / (most - expected),
    })
}

/// How far the groups of [`k_means`] are those of each known factor, as an [`adjusted_rand_index`], the largest first. Numbers
/// that take more values than there are groups are cut in as many parts of equal sizes; words and few numbers are taken as
/// they are. Images for which a factor is null are left out.
///
/// | column | type | content |
/// |---|---|---|
/// | `factor` | str | the column of `frame` |
/// | `adjusted_rand` | f64 | 1 the same groups, 0 nothing in common |
/// | `n` | u32 | images |
///
/// # Errors
/// [`Error::Shape`] when there is not one line an image; [`Error::Column`] for a column that is missing or has neither numbers
/// nor words; those of [`adjusted_rand_index`].
pub fn cluster_factors(
    clusters: &Clusters,
    frame: &DataFrame,
    factors: &[&str],
) -> Result<DataFrame> {
    if clusters.labels.len() != frame.height() {
        return Err(Error::shape(
            "tableau des facteurs (une ligne par image)",
            [clusters.labels.len()],
            [frame.height()],
        ));
    }
    let mut lines = Vec::new();
    for name in factors {
        let groups = groups(frame, name, clusters.centers.len())?;
        let rows: Vec<usize> = (0..groups.len())
            .filter(|&row| groups[row].is_some())
            .collect();
        let own: Vec<usize> = rows.iter().map(|&row| clusters.labels[row]).collect();
        let theirs: Vec<usize> = rows.iter().filter_map(|&row| groups[row]).collect();
        let index = adjusted_rand_index(&own, &theirs)?;
        lines.push((*name, index, rows.len() as u32));
    }
    lines.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(df!(
        "factor" => lines.iter().map(|line| line.0).collect::<Vec<_>>(),
        "adjusted_rand" => lines.iter().map(|line| line.1).collect::<Vec<f64>>(),
        "n" => lines.iter().map(|line| line.2).collect::<Vec<u32>>(),
    )?)
}

/// The group of each row for a factor, `parts` of them for numbers of many values; none where it is null.
fn groups(frame: &DataFrame, name: &str, parts: usize) -> Result<Vec<Option<usize>>> {
    let column = find(frame, name)?;
    if *column.dtype() == DataType::String {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let words = column.str()?.iter();
        return Ok(words
            .map(|word| {
                let next = names.len();
                word.map(|word| *names.entry(word).or_insert(next))
            })
            .collect());
    }
    if !(column.dtype().is_primitive_numeric() || column.dtype().is_bool()) {
        return Err(Error::column(name, "des nombres ou des mots sont attendus"));
    }
    let column = column.cast(&DataType::Float64)?;
    let values: Vec<Option<f64>> = column
        .f64()?
        .iter()
        .map(|value| value.filter(|value| value.is_finite()))
        .collect();
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let mut different = sorted.clone();
    different.dedup();
    let bounds: Vec<f64> = match different.len() > parts {
        true => (1..parts)
            .map(|part| sorted[part * sorted.len() / parts])
            .collect(),
        false => different.into_iter().skip(1).collect(),
    };
    let group = |value: f64| bounds.iter().filter(|bound| value >= **bound).count();
    Ok(values.into_iter().map(|value| value.map(group)).collect())
}
