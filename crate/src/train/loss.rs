//! The classification loss.

use burn::{Tensor, tensor::activation::log_sigmoid};

use crate::error::{Error, Result};

/// Binary cross-entropy of every image: `−y·log σ(l) − (1 − y)·log(1 − σ(l))`.
///
/// Computed through `log σ`, it stays finite for any logit; it equals
/// `max(l, 0) − l·y + log(1 + e^{−|l|})`, the formula of TensorFlow's
/// `sigmoid_cross_entropy_with_logits`, and its gradient is `σ(l) − y`.
///
/// # Shapes
/// - `logits`, `labels` (0 or 1) and output: `[batch]`
///
/// # Errors
/// [`Error::Shape`] when the lengths differ: with `[batch, 1]` against `[batch]`, a silent broadcast
/// would compare every image with every label.
pub fn binary_cross_entropy_with_logits(logits: Tensor<1>, labels: Tensor<1>) -> Result<Tensor<1>> {
    if logits.dims() != labels.dims() {
        return Err(Error::shape(
            "étiquettes comparées aux logits",
            logits.dims(),
            labels.dims(),
        ));
    }
    let face = labels.clone() * log_sigmoid(logits.clone());
    let not_face = (-labels + 1.0) * log_sigmoid(-logits);
    Ok(-(face + not_face))
}
