//! Errors of predicted ages, as rows of metrics.

use super::{
    columns::Factor,
    engine::{Measure, Task},
};
use crate::{
    fairness::SMALL_GROUP,
    metrics::{AgeMetric, Sample},
};

/// Images of a group that an age bin must have to serve in the comparison.
const MIN_CELL: usize = 10;

/// Errors and age bins, image by image.
pub(super) struct Ages {
    pub errors: Vec<f64>,
    pub bin: Vec<u16>,
    pub metrics: Vec<AgeMetric>,
}

impl Ages {
    /// Images of each bin, group by group.
    pub(super) fn cells(&self, factor: &Factor) -> Vec<Vec<usize>> {
        let bins = self
            .bin
            .iter()
            .max()
            .map_or(0, |last| usize::from(*last) + 1);
        let mut cells = vec![vec![0; factor.groups.len()]; bins];
        for (bin, group) in self.bin.iter().zip(&factor.label) {
            cells[usize::from(*bin)][usize::from(*group)] += 1;
        }
        cells
    }

    /// Weight of each bin: its share of the images of the bins that count.
    pub(super) fn weights(&self, factor: &Factor) -> Vec<f64> {
        let cells = self.cells(factor);
        let size = |group: usize| cells.iter().map(|bin| bin[group]).sum::<usize>();
        let large: Vec<usize> = (0..factor.groups.len())
            .filter(|group| size(*group) >= SMALL_GROUP)
            .collect();
        // One group alone has no one to be compared with.
        let counts =
            |bin: &Vec<usize>| large.len() > 1 && large.iter().all(|group| bin[*group] >= MIN_CELL);
        let sizes: Vec<usize> = cells
            .iter()
            .map(|bin| if counts(bin) { bin.iter().sum() } else { 0 })
            .collect();
        let total = sizes.iter().sum::<usize>().max(1) as f64;
        sizes.iter().map(|size| *size as f64 / total).collect()
    }

    fn standardised(&self, factor: &Factor) -> Sample {
        let weights = self.weights(factor);
        let cells = self.cells(factor);
        let fits = |group: u16| {
            let used = cells
                .iter()
                .zip(&weights)
                .filter(|(_, weight)| **weight > 0.0);
            used.map(|(bin, _)| bin[usize::from(group)])
                .all(|cell| cell >= MIN_CELL)
        };
        // Rows of a group that lacks images go to a bin without weight: the group has no value.
        let nowhere = weights.len() as u16;
        let pairs = self.bin.iter().zip(&factor.label);
        let bin: Vec<u16> = pairs
            .map(|(bin, group)| if fits(*group) { *bin } else { nowhere })
            .collect();
        let errors: Vec<f64> = self.errors.iter().map(|error| error.abs()).collect();
        let weights = weights.iter().copied().chain([0.0]).collect();
        Sample::standardised(&errors, &bin, weights)
    }

    fn measure(&self, metric: AgeMetric, factor: &Factor) -> Measure {
        let sample = metric.sample(&self.errors);
        let sample = sample.unwrap_or_else(|| self.standardised(factor));
        let strata = match metric {
            AgeMetric::MaeStd => self.bin.clone(),
            _ => vec![0; self.bin.len()],
        };
        Measure {
            spec: metric.spec(),
            sample,
            available: true,
            strata,
        }
    }
}

impl Task for Ages {
    fn rows(&self) -> usize {
        self.errors.len()
    }

    fn measures(&self, factor: &Factor) -> Vec<Measure> {
        let metrics = self.metrics.iter();
        metrics
            .map(|metric| self.measure(*metric, factor))
            .collect()
    }

    fn counts(&self, _: &[u32]) -> Vec<(&'static str, u32)> {
        Vec::new()
    }

    fn remarks(&self, rows: &[u32], missing: &[&str]) -> Vec<String> {
        match !rows.is_empty() && missing.contains(&AgeMetric::MaeStd.name()) {
            true => vec![format!(
                "pas de mae_std : moins de {MIN_CELL} images dans une tranche d'âge commune, ou moins de deux groupes de {SMALL_GROUP} images"
            )],
            false => Vec::new(),
        }
    }
}
