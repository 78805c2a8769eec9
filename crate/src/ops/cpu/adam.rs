//! The Adam update of one parameter in one pass over memory.

use rayon::prelude::*;

use super::tile::vectorized;

/// Values that one thread takes at a time.
const PIECE: usize = 1 << 15;

/// Constants of one Adam update.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    pub learning_rate: f32,
    pub beta_1: f32,
    pub beta_2: f32,
    pub epsilon: f32,
    /// Number of this update, from 1.
    pub time: i32,
}

/// Updates both moments and the parameter in place.
///
/// # Source
/// D. Kingma and J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015, algorithm 1 with both
/// corrections gathered in one factor, as burn does.
pub(crate) fn update(
    parameter: &mut [f32],
    gradient: &[f32],
    moment_1: &mut [f32],
    moment_2: &mut [f32],
    with: Update,
) {
    let correction_2 = (1.0 - with.beta_2.powi(with.time)).sqrt();
    let rate = with.learning_rate * correction_2 / (1.0 - with.beta_1.powi(with.time));
    let epsilon = with.epsilon * correction_2;
    let (beta_1, beta_2) = (with.beta_1, with.beta_2);
    parameter
        .par_chunks_mut(PIECE)
        .zip(gradient.par_chunks(PIECE))
        .zip(moment_1.par_chunks_mut(PIECE))
        .zip(moment_2.par_chunks_mut(PIECE))
        .for_each(|(((parameter, gradient), moment_1), moment_2)| {
            vectorized(
                #[inline(always)]
                move || {
                    let moments = moment_1.iter_mut().zip(moment_2.iter_mut());
                    for ((p, g), (m, v)) in parameter.iter_mut().zip(gradient).zip(moments) {
                        *m = *m * beta_1 + *g * (1.0 - beta_1);
                        *v = *v * beta_2 + *g * *g * (1.0 - beta_2);
                        *p -= *m * rate / (v.sqrt() + epsilon);
                    }
                },
            );
        });
}
