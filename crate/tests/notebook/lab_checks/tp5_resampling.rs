//! The resampling probabilities: slots 12 to 15, and the steps around them.

use visages::prelude::*;

/// The lab's algorithm, with what a wrong solution changes.
struct Recipe {
    /// From smoothed density to weight.
    weight: fn(f64) -> f64,
    /// Whether each latent variable's weights are normalised.
    normalise: bool,
    /// Old and new probability of a face.
    keep: fn(f64, f64) -> f64,
    /// What every face has before the first variable.
    start: f64,
    /// Whether the result is normalised.
    finish: bool,
    /// How far the bin looked up is from the right one.
    shift: usize,
}

const RIGHT: Recipe = Recipe {
    weight: |density| 1.0 / density,
    normalise: true,
    keep: f64::max,
    start: 0.0,
    finish: true,
    shift: 0,
};

fn cook(recipe: &Recipe, mu: &LatentTable, bins: usize, smoothing: f64) -> Result<Vec<f64>, Error> {
    let mut probabilities = vec![recipe.start; mu.len()];
    for variable in 0..mu.latent_dim() {
        let values = mu.column(variable)?;
        let (density, mut edges) = density_histogram(&values, bins)?;
        (edges[0], edges[bins]) = (f64::NEG_INFINITY, f64::INFINITY);
        let smoothed: Vec<f64> = density.iter().map(|one| one + smoothing).collect();
        let total: f64 = smoothed.iter().sum();
        let bin_of = digitize(&values, &edges).into_iter();
        let mut p: Vec<f64> = bin_of
            .map(|bin| (recipe.weight)(smoothed[(bin - 1 + recipe.shift) % bins] / total))
            .collect();
        if recipe.normalise {
            let total: f64 = p.iter().sum();
            p.iter_mut().for_each(|value| *value /= total);
        }
        for (old, new) in probabilities.iter_mut().zip(p) {
            *old = (recipe.keep)(*old, new);
        }
    }
    if recipe.finish {
        let total: f64 = probabilities.iter().sum();
        probabilities.iter_mut().for_each(|value| *value /= total);
    }
    Ok(probabilities)
}

/// One module a solution, with both functions of the exercise.
macro_rules! resampling_cases {
    ($($name:ident: $expected:ident { $($item:item)* })*) => {$(
        mod $name {
            use crate::lab_checks::*;
            $($item)*
            #[test]
            fn is_judged() {
                let device = Device::flex();
                let untrained_dbvae = DbVae::new(&device);
                $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", "resampling"), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

/// A module whose algorithm is a recipe.
macro_rules! recipe_cases {
    ($($name:ident: $expected:ident $recipe:expr;)*) => {
        resampling_cases! { $($name: $expected {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                use super::*;
                cook(&$recipe, mu, bins, smoothing_fac)
            }
            fn get_training_sample_probabilities(images: &ImageStore, dbvae: &DbVae, device: &Device) -> Result<Vec<f64>, Error> {
                resampling_probabilities(&get_latent_mu(images, dbvae, device)?, 10, 0.001)
            }
        })* }
    };
}

recipe_cases! {
    right_recipe: Full RIGHT;
    density_not_inverted: Less Recipe { weight: |density| density, ..RIGHT };
    minimum_for_maximum: Less Recipe { keep: f64::min, start: 1.0, ..RIGHT };
    minimum_from_zero: Less Recipe { keep: f64::min, finish: false, ..RIGHT };
    sum_for_maximum: Less Recipe { keep: |old, new| old + new, ..RIGHT };
    last_variable_alone: Less Recipe { keep: |_, new| new, ..RIGHT };
    no_final_normalisation: Less Recipe { finish: false, ..RIGHT };
    no_normalisation_of_a_variable: Less Recipe { normalise: false, ..RIGHT };
    next_bin: Less Recipe { shift: 1, ..RIGHT };
}

resampling_cases! {
    reference: Full {
        lab_cells::exercise!("tp5_debiaisage", "resampling");
    }
    other_way: Full {
        fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
            // The library's own, written by someone else.
            visages::train::sample_probabilities(mu, bins, smoothing_fac)
        }
        fn get_training_sample_probabilities(images: &ImageStore, dbvae: &DbVae, device: &Device) -> Result<Vec<f64>, Error> {
            let mu = latent_means(dbvae, images, 7, device)?;
            let mut p = resampling_probabilities(&mu, 10, 0.001)?;
            let total: f64 = p.iter().sum();
            p.iter_mut().for_each(|value| *value /= total);
            Ok(p)
        }
    }
    stub: Zero {
        fn resampling_probabilities(_: &LatentTable, _: usize, _: f64) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
        fn get_training_sample_probabilities(_: &ImageStore, _: &DbVae, _: &Device) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
    }
    uniform_whatever_the_images: Less {
        fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
            crate::lab_checks::resampling_probabilities(mu, bins, smoothing_fac)
        }
        fn get_training_sample_probabilities(images: &ImageStore, _: &DbVae, _: &Device) -> Result<Vec<f64>, Error> {
            Ok(vec![1.0 / images.len() as f64; images.len()])
        }
    }
    smoothing_ignored: Less {
        fn resampling_probabilities(mu: &LatentTable, bins: usize, _: f64) -> Result<Vec<f64>, Error> {
            crate::lab_checks::resampling_probabilities(mu, bins, 0.0)
        }
        fn get_training_sample_probabilities(images: &ImageStore, dbvae: &DbVae, device: &Device) -> Result<Vec<f64>, Error> {
            resampling_probabilities(&get_latent_mu(images, dbvae, device)?, 10, 0.001)
        }
    }
}

/// The visible checks find weights that are not normalised.
mod visible {
    use crate::lab_checks::*;

    fn resampling_probabilities(
        mu: &LatentTable,
        bins: usize,
        smoothing_fac: f64,
    ) -> Result<Vec<f64>, Error> {
        use super::{RIGHT, Recipe, cook};
        let recipe = Recipe {
            normalise: false,
            ..RIGHT
        };
        cook(&recipe, mu, bins, smoothing_fac)
    }

    fn get_training_sample_probabilities(
        images: &ImageStore,
        dbvae: &DbVae,
        device: &Device,
    ) -> Result<Vec<f64>, Error> {
        resampling_probabilities(&get_latent_mu(images, dbvae, device)?, 10, 0.001)
    }

    #[test]
    fn lack_of_normalisation_is_seen() {
        let device = Device::flex();
        let untrained_dbvae = DbVae::new(&device);
        judge(
            &lab_cells::visible_checks!("tp5_debiaisage", "resampling"),
            Expected::Less,
        );
    }
}
