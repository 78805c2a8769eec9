//! Who each image is of: images of one person go together.

use std::collections::HashMap;

use polars::prelude::{Column, DataType};

use super::stats::{Draws, bca_interval};
use crate::{
    error::{Error, Result},
    french::count,
};

/// Fewest persons that resampling can tell something of.
const FEWEST_PERSONS: usize = 10;

/// The person of each image.
pub(super) struct Groups {
    of: Vec<usize>,
    sizes: Vec<f64>,
    /// How many persons there are.
    pub count: usize,
}

impl Groups {
    /// Each image its own person when there is no column.
    pub(super) fn read(n: usize, persons: Option<&Column>) -> Result<Self> {
        let Some(column) = persons else {
            return Ok(Self {
                of: (0..n).collect(),
                sizes: vec![1.0; n],
                count: n,
            });
        };
        if column.len() != n {
            return Err(Error::shape(
                "personnes (une par image)",
                [n],
                [column.len()],
            ));
        }
        let words = column.cast(&DataType::String)?;
        let mut known: HashMap<&str, usize> = HashMap::new();
        let (mut of, mut sizes) = (Vec::with_capacity(n), Vec::new());
        for (row, person) in words.str()?.iter().enumerate() {
            let person = person.ok_or_else(|| {
                Error::column(
                    column.name().as_str(),
                    format!(
                        "case vide à la ligne {} ; chaque image a sa personne",
                        row + 1
                    ),
                )
            })?;
            let next = known.len();
            let place = *known.entry(person).or_insert(next);
            if place == sizes.len() {
                sizes.push(0.0);
            }
            sizes[place] += 1.0;
            of.push(place);
        }
        if sizes.len() < FEWEST_PERSONS {
            return Err(Error::argument(
                "persons",
                count(sizes.len(), "personne"),
                format!(
                    "au moins {FEWEST_PERSONS} personnes : avec moins, le tirage de personnes ne dit rien du hasard"
                ),
            ));
        }
        Ok(Self {
            of,
            count: sizes.len(),
            sizes,
        })
    }

    /// The sum over the images of each person.
    pub(super) fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.count];
        for (person, value) in self.of.iter().zip(values) {
            sums[*person] += value;
        }
        sums
    }

    /// The interval of the mean over images, persons drawn anew; none when nothing varies.
    pub(super) fn interval(&self, sums: &[f64], draws: Draws) -> Option<(f64, f64)> {
        let all: Vec<u32> = (0..self.count as u32).collect();
        bca_interval(&[all], draws, |weights| {
            let drawn = |values: &[f64]| -> f64 {
                let pairs = values.iter().zip(weights);
                pairs.map(|(value, times)| value * f64::from(*times)).sum()
            };
            drawn(sums) / drawn(&self.sizes)
        })
    }
}
