//! Our own kernels for the processor: what a training step spends its time on, in `f32`, for the
//! device [`flex`](burn::tensor::Device::flex).
//!
//! burn-flex forms the gradient of a kernel as one convolution with a giant kernel, copies every image
//! into a matrix before each product, and writes batch normalisation and Adam as a dozen passes over
//! memory. Here:
//! - `convolve` (forward), `spread` (gradient of the input, and the transposed convolution) lay
//!   out the pixels of one **panel** at a time, small enough for the first caches, and multiply it by
//!   the kernel at once (`product`);
//! - `correlate` (gradient of the kernel) lays out nothing: in `[height, width, channels]` order a
//!   window of the image is already contiguous;
//! - `thin` is its like where there are few channels;
//! - `depthwise` takes each channel as one long vector when every channel has a kernel of its own;
//! - `dense` reads the weights of a dense layer once, in order;
//! - `difference` compares two batches;
//! - `normalize`, `activate`, `dropout`, `pool` and `adam` read and write each number once or
//!   twice, in place where nothing else holds the values;
//! - `inference` normalises and activates what a convolution gives before it is written.
//!
//! Images of a batch are shared out over rayon's threads in pieces whose number does not depend on
//! the number of threads: neither do the results, to the last bit.
//!
//! A training step belongs to one thread: burn holds its graph for the whole backward pass, in which the kernels wait for
//! rayon. Two steps of one model within a rayon loop of one's own could wait for each other.
//!
//! `extension` puts the kernels under burn's tensors, `gradients` adds their gradients. `TP_OPERATIONS=burn`
//! turns all of it off ([`enabled`]): burn's own operations then run everywhere.

mod activate;
pub(crate) mod adam;
mod convolve;
mod correlate;
mod dense;
mod depthwise;
mod difference;
mod dropout;
pub(super) mod extension;
mod gradients;
mod grid;
pub(super) mod inference;
mod normalize;
mod output;
mod pool;
mod product;
mod shape;
mod spread;
mod thin;
mod tile;

use std::sync::OnceLock;

use burn::tensor::{DType, Device, Tensor};

pub(super) use activate::Activation;
pub(super) use pool::PoolShape;
pub(super) use shape::ConvShape;

/// Environment variable that chooses the operations under the layers: `visages` (default) or `burn`.
pub const OPERATIONS_VARIABLE: &str = "TP_OPERATIONS";

/// Whether our kernels are used, unless `TP_OPERATIONS=burn` says otherwise. Read once.
pub fn enabled() -> bool {
    static ENABLED: OnceLock<bool> = OnceLock::new();
    *ENABLED.get_or_init(|| {
        std::env::var(OPERATIONS_VARIABLE)
            .map_or(true, |value| !value.trim().eq_ignore_ascii_case("burn"))
    })
}

/// Whether our kernels can compute with `tensor`: `f32` on flex, with or without autodiff.
pub(crate) fn serves<const D: usize>(tensor: &Tensor<D>) -> bool {
    // Equality of devices compares the hardware and ignores autodiff.
    enabled() && tensor.dtype() == DType::F32 && tensor.device() == Device::flex()
}

/// Whether our kernels can add `bias` to that many channels.
pub(crate) fn serves_bias(bias: Option<&Tensor<1>>, channels: usize) -> bool {
    bias.is_none_or(|bias| serves(bias) && bias.dims() == [channels])
}

/// Whether `tensor` is served and no gradient can be asked of it.
pub(crate) fn only_answers<const D: usize>(tensor: &Tensor<D>) -> bool {
    serves(tensor) && !tensor.device().is_autodiff()
}

/// Whether `tensor` is served and no gradient is asked of it: it only answers, or it belongs to the frozen part of a
/// network that trains.
pub(crate) fn asks_nothing<const D: usize>(tensor: &Tensor<D>) -> bool {
    serves(tensor) && !tensor.is_tracked()
}

/// Computes with `input` without autodiff; the result is a constant of the graph that `input` has, if it has one.
pub(crate) fn without_autodiff<const D: usize>(
    input: Tensor<D>,
    compute: impl FnOnce(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let strategy = input.gradient_checkpointing_strategy();
    let output = compute(input.without_autodiff());
    match strategy {
        Some(strategy) => output
            .autodiff()
            .with_gradient_checkpointing_strategy(strategy),
        None => output,
    }
}

/// Images of one piece of work: at most eight pieces a batch, whatever the number of threads.
fn images_per_piece(batch: usize) -> usize {
    batch.div_ceil(8).max(1)
}
