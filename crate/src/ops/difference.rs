//! How far two batches are from each other.

use burn::Tensor;

use super::cpu;

/// The mean of `|a − b|` over colours, rows and columns, one value an image. It is differentiable in both; where the two
/// are equal the gradient is 0.
///
/// # Shapes
/// - `a`, `b`: `[batch, channels, height, width]`, the same
/// - output: `[batch]`
///
/// # Panics
/// Like every tensor operation of burn, when the shapes differ.
pub fn mean_absolute_difference(a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
    let [batch, ..] = a.dims();
    if a.dims() == b.dims() && cpu::serves(&a) && cpu::serves(&b) {
        return cpu::extension::mean_absolute_difference(a, b);
    }
    (a - b)
        .abs()
        .flatten::<2>(1, 3)
        .mean_dim(1)
        .reshape([batch])
}
