//! How far two batches are from each other.

use burn::Tensor;

use super::cpu;

/// The mean of `|a − b|` over colours, rows and columns, one value an image. It is differentiable in both; where the two
/// are equal the gradient is 0, and where their difference is NaN too.
///
/// # Shapes
/// - `a`, `b`: `[batch, channels, height, width]`, the same
/// - output: `[batch]`
///
/// # Panics
/// When the shapes differ.
pub fn mean_absolute_difference(a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
    assert_eq!(a.dims(), b.dims(), "batches of different shapes");
    let [batch, channels, height, width] = a.dims();
    let empty = channels * height * width == 0;
    if !empty && cpu::serves(&a) && cpu::serves(&b) {
        return cpu::extension::mean_absolute_difference(a, b);
    }
    (a - b)
        .abs()
        .flatten::<2>(1, 3)
        .mean_dim(1)
        .reshape([batch])
}
