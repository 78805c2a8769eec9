//! The resampling probabilities, variable by variable and together, and the share of the draws that goes to the rare.

use visages::prelude::*;

use crate::lab_checks::cases;

/// One module a solution of an exercise that needs the model.
macro_rules! model_cases {
    ($cell:tt; $($name:ident: $expected:ident { $($item:item)* })*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use crate::lab_checks::*;
            $($item)*
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                let device = Device::flex();
                let untrained_dbvae = DbVae::new(&device);
                $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

/// The lab's rule for one variable, with what a wrong solution changes.
struct Recipe {
    /// From smoothed density to weight.
    weight: fn(f64) -> f64,
    /// Whether the weights are normalised.
    normalise: bool,
    /// Whether the density is smoothed.
    smooth: bool,
    /// How far the bin looked up is from the right one.
    shift: usize,
}

const RIGHT: Recipe = Recipe {
    weight: |density| 1.0 / density,
    normalise: true,
    smooth: true,
    shift: 0,
};

fn cook(recipe: &Recipe, values: &[f64], bins: usize, smoothing: f64) -> Result<Vec<f64>, Error> {
    let (density, mut edges) = density_histogram(values, bins)?;
    (edges[0], edges[bins]) = (f64::NEG_INFINITY, f64::INFINITY);
    let alpha = if recipe.smooth { smoothing } else { 0.0 };
    let smoothed: Vec<f64> = density.iter().map(|one| one + alpha).collect();
    let bin_of = digitize(values, &edges).into_iter();
    let mut p: Vec<f64> = bin_of
        .map(|bin| (recipe.weight)(smoothed[(bin - 1 + recipe.shift) % bins]))
        .collect();
    if recipe.normalise {
        let total: f64 = p.iter().sum();
        p.iter_mut().for_each(|value| *value /= total);
    }
    Ok(p)
}

/// A module whose rule is a recipe.
macro_rules! recipe_cases {
    ($($name:ident: $expected:ident $recipe:expr;)*) => {
        cases! { "variable_probabilities"; $($name: $expected {
            fn variable_probabilities(values: &[f64], bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                use super::*;
                cook(&$recipe, values, bins, smoothing_fac)
            }
        })* }
    };
}

mod one_variable {
    use super::*;

    recipe_cases! {
        right_recipe: Full RIGHT;
        density_not_inverted: Less Recipe { weight: |density| density, ..RIGHT };
        not_normalised: Less Recipe { normalise: false, ..RIGHT };
        next_bin: Less Recipe { shift: 1, ..RIGHT };
        density_not_smoothed: Less Recipe { smooth: false, ..RIGHT };
        root_of_the_density: Less Recipe { weight: |density| 1.0 / density.sqrt(), ..RIGHT };
    }

    cases! { "variable_probabilities";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "variable_probabilities");
        }
        other_way: Full {
            // The library's own, written by someone else.
            fn variable_probabilities(values: &[f64], bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                let table = LatentTable::new(values.iter().map(|value| *value as f32).collect(), 1)?;
                visages::train::sample_probabilities(&table, bins, smoothing_fac)
            }
        }
        density_normalised_first: Full {
            fn variable_probabilities(values: &[f64], bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                let (density, mut edges) = density_histogram(values, bins)?;
                (edges[0], edges[bins]) = (f64::NEG_INFINITY, f64::INFINITY);
                let total: f64 = density.iter().map(|one| one + smoothing_fac).sum();
                let mut p = Vec::new();
                for bin in digitize(values, &edges) {
                    p.push(total / (density[bin - 1] + smoothing_fac));
                }
                let sum: f64 = p.iter().sum();
                for value in &mut p { *value /= sum; }
                Ok(p)
            }
        }
        stub: Zero {
            fn variable_probabilities(_: &[f64], _: usize, _: f64) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
        }
        uniform: Less {
            fn variable_probabilities(values: &[f64], _: usize, _: f64) -> Result<Vec<f64>, Error> {
                Ok(vec![1.0 / values.len() as f64; values.len()])
            }
        }
    }

    /// The visible checks find weights that are not normalised.
    mod visible {
        use crate::lab_checks::*;

        fn variable_probabilities(
            values: &[f64],
            bins: usize,
            smoothing_fac: f64,
        ) -> Result<Vec<f64>, Error> {
            use super::super::{RIGHT, Recipe, cook};
            let recipe = Recipe {
                normalise: false,
                ..RIGHT
            };
            cook(&recipe, values, bins, smoothing_fac)
        }

        #[test]
        fn lack_of_normalisation_is_seen() {
            judge(
                &lab_cells::visible_checks!("tp5_debiaisage", "variable_probabilities"),
                Expected::Less,
            );
        }
    }
}

/// Every variable, put together by `keep`, from `start`.
fn together(
    mu: &LatentTable,
    (bins, smoothing): (usize, f64),
    start: f64,
    keep: fn(f64, f64) -> f64,
) -> Result<Vec<f64>, Error> {
    let mut kept = vec![start; mu.len()];
    for variable in 0..mu.latent_dim() {
        let p = cook(&RIGHT, &mu.column(variable)?, bins, smoothing)?;
        for (old, new) in kept.iter_mut().zip(p) {
            *old = keep(*old, new);
        }
    }
    let total: f64 = kept.iter().sum();
    Ok(kept.iter().map(|value| value / total).collect())
}

mod all_variables {
    use super::*;

    cases! { "resampling_probabilities";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "resampling_probabilities");
        }
        other_way: Full {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                visages::train::sample_probabilities(mu, bins, smoothing_fac)
            }
        }
        with_a_loop: Full {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                super::super::together(mu, (bins, smoothing_fac), 0.0, |old, new| if new > old { new } else { old })
            }
        }
        stub: Zero {
            fn resampling_probabilities(_: &LatentTable, _: usize, _: f64) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
        }
        minimum: Less {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                super::super::together(mu, (bins, smoothing_fac), 1.0, f64::min)
            }
        }
        sum: Less {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                super::super::together(mu, (bins, smoothing_fac), 0.0, |old, new| old + new)
            }
        }
        product: Less {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                super::super::together(mu, (bins, smoothing_fac), 1.0, |old, new| old * new)
            }
        }
        last_variable_alone: Less {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                super::super::together(mu, (bins, smoothing_fac), 0.0, |_, new| new)
            }
        }
        first_variable_alone: Less {
            fn resampling_probabilities(mu: &LatentTable, bins: usize, smoothing_fac: f64) -> Result<Vec<f64>, Error> {
                super::super::together(mu, (bins, smoothing_fac), 0.0, |old, new| if old > 0.0 { old } else { new })
            }
        }
    }
}

mod of_a_model {
    model_cases! { "get_training_sample_probabilities";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "get_training_sample_probabilities");
        }
        other_way: Full {
            fn get_training_sample_probabilities(images: &ImageStore, dbvae: &DbVae, device: &Device) -> Result<Vec<f64>, Error> {
                let mu = latent_means(dbvae, images, 7, device)?;
                let mut p = resampling_probabilities(&mu, 10, 0.001)?;
                let total: f64 = p.iter().sum();
                p.iter_mut().for_each(|value| *value /= total);
                Ok(p)
            }
        }
        stub: Zero {
            fn get_training_sample_probabilities(_: &ImageStore, _: &DbVae, _: &Device) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
        }
        uniform_whatever_the_images: Less {
            fn get_training_sample_probabilities(images: &ImageStore, _: &DbVae, _: &Device) -> Result<Vec<f64>, Error> {
                Ok(vec![1.0 / images.len() as f64; images.len()])
            }
        }
        images_in_reverse: Less {
            fn get_training_sample_probabilities(images: &ImageStore, dbvae: &DbVae, device: &Device) -> Result<Vec<f64>, Error> {
                let mut p = crate::lab_checks::get_training_sample_probabilities(images, dbvae, device)?;
                p.reverse();
                Ok(p)
            }
        }
    }
}

mod share {
    use super::*;

    cases! { "drawn_share";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "drawn_share");
        }
        with_a_loop: Full {
            fn drawn_share(p: &[f64], rare: &[bool]) -> f64 {
                let mut share = 0.0;
                for i in 0..p.len() {
                    if rare[i] { share += p[i]; }
                }
                share
            }
        }
        other_way: Full {
            fn drawn_share(p: &[f64], rare: &[bool]) -> f64 {
                p.iter().zip(rare).map(|(p, is_rare)| if *is_rare { *p } else { 0.0 }).sum()
            }
        }
        stub: Zero {
            fn drawn_share(_: &[f64], _: &[bool]) -> f64 { todo!("À FAIRE"); }
        }
        share_of_the_faces: Less {
            fn drawn_share(_: &[f64], rare: &[bool]) -> f64 {
                rare.iter().filter(|is_rare| **is_rare).count() as f64 / rare.len() as f64
            }
        }
        share_of_the_others: Less {
            fn drawn_share(p: &[f64], rare: &[bool]) -> f64 {
                p.iter().zip(rare).filter(|(_, is_rare)| !**is_rare).map(|(p, _)| p).sum()
            }
        }
        mean_for_sum: Less {
            fn drawn_share(p: &[f64], rare: &[bool]) -> f64 {
                crate::lab_checks::drawn_share(p, rare) / p.len() as f64
            }
        }
    }
}
