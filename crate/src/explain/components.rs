//! Principal components: the plane in which latent variables spread most.

use crate::{
    error::{Error, Result},
    train::LatentTable,
};

/// Sweeps after which the rotations of Jacobi have long converged.
const SWEEPS: usize = 60;
/// Off-diagonal part, relative to the diagonal, below which a matrix is diagonal.
const DIAGONAL: f64 = 1e-14;
/// Most variables: the matrix of covariances has their square.
const MOST_VARIABLES: usize = 512;

/// Where each image lies along the directions of largest variance.
#[derive(Clone, Debug)]
pub struct PrincipalComponents {
    /// One line an image, one column a component, the first one the widest.
    pub coordinates: LatentTable,
    /// Share of the variance that each component holds, from 0 to 1.
    pub explained: Vec<f64>,
    /// Each component as weights of the variables, of length 1.
    pub directions: Vec<Vec<f64>>,
}

/// The first `count` principal components of latent means: the eigenvectors of their covariances, the widest first. The sign
/// of each is such that its largest weight is positive.
///
/// A map in a plane keeps what is far apart only as well as [`explained`](PrincipalComponents::explained) says.
///
/// # Errors
/// [`Error::Argument`] for fewer than two images, for no component or more than there are variables, or beyond 512 variables.
///
/// # Example
/// ```
/// use visages::prelude::*;
/// // Points on a line of slope 1, in a plane.
/// let mu = LatentTable::new(vec![0.0, 0.0, 1.0, 1.0, 2.0, 2.0], 2)?;
/// let found = principal_components(&mu, 2)?;
/// assert!((found.explained[0] - 1.0).abs() < 1e-6);
/// assert!((found.coordinates.row(2)?[0] - 2_f32.sqrt()).abs() < 1e-5);
/// # Ok::<(), Error>(())
/// ```
pub fn principal_components(mu: &LatentTable, count: usize) -> Result<PrincipalComponents> {
    let size = mu.latent_dim();
    if mu.len() < 2 {
        return Err(Error::argument("mu", mu.len(), "au moins deux images"));
    }
    if size > MOST_VARIABLES {
        return Err(Error::argument(
            "mu",
            size,
            format!("au plus {MOST_VARIABLES} variables"),
        ));
    }
    if count == 0 || count > size {
        return Err(Error::argument(
            "count",
            count,
            format!("de 1 à {size}, le nombre de variables"),
        ));
    }
    let means: Vec<f64> = mu
        .mean_and_deviation()
        .iter()
        .map(|(mean, _)| *mean)
        .collect();
    let centered = |image: usize| -> Result<Vec<f64>> {
        let row = mu.row(image)?.iter().zip(&means);
        Ok(row.map(|(value, mean)| f64::from(*value) - mean).collect())
    };
    let mut covariance = vec![0.0; size * size];
    for image in 0..mu.len() {
        let row = centered(image)?;
        for i in 0..size {
            for j in 0..size {
                covariance[i * size + j] += row[i] * row[j] / mu.len() as f64;
            }
        }
    }
    let (values, vectors) = eigen(covariance, size);
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|a, b| values[*b].total_cmp(&values[*a]));
    let directions: Vec<Vec<f64>> = order
        .iter()
        .take(count)
        .map(|&at| {
            let direction: Vec<f64> = (0..size).map(|i| vectors[i * size + at]).collect();
            let largest = direction
                .iter()
                .fold(0.0_f64, |a, b| if b.abs() > a.abs() { *b } else { a });
            direction.iter().map(|v| v * largest.signum()).collect()
        })
        .collect();
    let mut coordinates = Vec::with_capacity(mu.len() * count);
    for image in 0..mu.len() {
        let row = centered(image)?;
        for direction in &directions {
            let place: f64 = row.iter().zip(direction).map(|(x, w)| x * w).sum();
            coordinates.push(place as f32);
        }
    }
    let total: f64 = values.iter().sum();
    let share = |at: &usize| match total > 0.0 {
        true => values[*at] / total,
        false => 0.0,
    };
    Ok(PrincipalComponents {
        coordinates: LatentTable::new(coordinates, count)?,
        explained: order.iter().take(count).map(share).collect(),
        directions,
    })
}

/// Eigenvalues and eigenvectors (one a column) of a symmetric matrix, by the rotations of Jacobi.
fn eigen(mut matrix: Vec<f64>, size: usize) -> (Vec<f64>, Vec<f64>) {
    let mut vectors = vec![0.0; size * size];
    (0..size).for_each(|i| vectors[i * size + i] = 1.0);
    for _ in 0..SWEEPS {
        let square = |i: usize, j: usize| matrix[i * size + j].powi(2);
        let off: f64 = (0..size)
            .flat_map(|i| (0..i).map(move |j| (i, j)))
            .map(|(i, j)| square(i, j))
            .sum();
        let diagonal: f64 = (0..size).map(|i| square(i, i)).sum();
        if off <= DIAGONAL * DIAGONAL * diagonal {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                rotate(&mut matrix, &mut vectors, size, p, q);
            }
        }
    }
    let values = (0..size).map(|i| matrix[i * size + i]).collect();
    (values, vectors)
}

/// The rotation that brings the element `(p, q)` to zero.
fn rotate(matrix: &mut [f64], vectors: &mut [f64], size: usize, p: usize, q: usize) {
    let off = matrix[p * size + q];
    if off == 0.0 {
        return;
    }
    let theta = (matrix[q * size + q] - matrix[p * size + p]) / (2.0 * off);
    let t = match theta >= 0.0 {
        true => 1.0 / (theta + (theta * theta + 1.0).sqrt()),
        false => -1.0 / (-theta + (theta * theta + 1.0).sqrt()),
    };
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = t * c;
    let turn = |values: &mut [f64], a: usize, b: usize| {
        let (x, y) = (values[a], values[b]);
        values[a] = c * x - s * y;
        values[b] = s * x + c * y;
    };
    for k in 0..size {
        turn(matrix, k * size + p, k * size + q);
    }
    for k in 0..size {
        turn(matrix, p * size + k, q * size + k);
    }
    for k in 0..size {
        turn(vectors, k * size + p, k * size + q);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eigenvalues_by_hand() {
        // [[2, 1], [1, 2]]: 3 along (1, 1), 1 along (1, −1).
        let (mut values, vectors) = eigen(vec![2.0, 1.0, 1.0, 2.0], 2);
        assert!((vectors[0].abs() - 0.5_f64.sqrt()).abs() < 1e-12);
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_matrix_is_made_again_of_its_eigenvectors() {
        let size = 12;
        let entry = |i: usize, j: usize| ((i * j + i + j) as f64 * 0.7).sin();
        let matrix: Vec<f64> = (0..size * size)
            .map(|at| entry(at / size, at % size))
            .collect();
        let (values, vectors) = eigen(matrix.clone(), size);
        for i in 0..size {
            for j in 0..size {
                let made: f64 = (0..size)
                    .map(|k| vectors[i * size + k] * values[k] * vectors[j * size + k])
                    .sum();
                assert!((made - matrix[i * size + j]).abs() < 1e-10);
            }
        }
    }
}
