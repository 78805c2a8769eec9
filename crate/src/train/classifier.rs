//! What a network must offer to be trained and evaluated here.

use burn::{Tensor, module::Module};

use crate::{
    error::{Error, Result},
    models::StandardCnn,
    ready::Ready,
};

/// A network that scores images: the one thing a student's own struct has to implement.
///
/// # Example
/// ```
/// use visages::burn::{self, prelude::*};
/// use visages::{ops::{Conv2d, Conv2dConfig, Linear, dense}, train::Classifier};
///
/// #[derive(Module, Debug)]
/// struct Tiny { conv: Conv2d, output: Linear }
///
/// impl Tiny {
///     fn new(device: &Device) -> Self {
///         let conv = Conv2dConfig::new([3, 4], [3, 3]).with_stride([2, 2]).init(device);
///         Self { conv, output: dense(4 * 8 * 8, 1, device) }
///     }
/// }
///
/// impl Classifier for Tiny {
///     fn forward(&self, images: Tensor<4>) -> Tensor<2> {
///         self.output.forward(self.conv.forward(images).flatten(1, 3))
///     }
/// }
///
/// let device = Device::flex();
/// let logits = Tiny::new(&device).forward(Tensor::ones([5, 3, 16, 16], &device));
/// assert_eq!(logits.dims(), [5, 1]);
/// ```
pub trait Classifier: Module {
    /// Scores of a batch of images.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, height, width]`, values in `[0, 1]`
    /// - output: `[batch, 1]`, the logit of « yes »: for a detector, « this is a face »
    fn forward(&self, images: Tensor<4>) -> Tensor<2>;
}

impl Classifier for StandardCnn {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        StandardCnn::forward(self, images)
    }
}

/// A network that is there; one that waits for an exercise is an attempt.
impl<M: Classifier> Ready for M {
    type Value = Self;
    type Out<U> = U;

    fn turn_all<U>(all: &[&Self], next: impl FnOnce(&[&Self]) -> Result<U>) -> Result<U> {
        next(all)
    }

    fn with<U>(&self, next: impl FnOnce(&Self) -> U) -> U {
        next(self)
    }
}

/// The logits of a batch as a vector, `[batch]`, after checking what `forward` returned.
pub(super) fn logits<M: Classifier>(model: &M, images: Tensor<4>) -> Result<Tensor<1>> {
    let [batch, ..] = images.dims();
    let logits = model.forward(images);
    if logits.dims() != [batch, 1] {
        return Err(Error::shape(
            "sortie de la méthode forward du modèle (un logit par image)",
            [batch, 1],
            logits.dims(),
        ));
    }
    Ok(logits.reshape([batch]))
}
