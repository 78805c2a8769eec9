//! What a network must offer to be trained as a DB-VAE, and one step of that training.

use burn::{Tensor, module::Module, optim::ModuleOptimizer};

use super::{Classifier, LatentModel, debiasing_loss, gradient_step};
use crate::{
    data::Batch,
    error::{Error, Result},
    models::{DbVae, draw_latents},
};

/// A detector that also encodes images into latent variables and decodes them.
///
/// A `DebiasingModel` is a [`Classifier`] too (its logit is what [`encode`](Self::encode) returns
/// first), so everything that evaluates a classifier takes it.
///
/// # Example
/// ```
/// use visages::burn::{self, prelude::*};
/// use visages::{models::*, train::{Classifier, DebiasingModel}};
///
/// #[derive(Module, Debug)]
/// struct MyDbVae { encoder: StandardCnn, decoder: FaceDecoder }
///
/// impl DebiasingModel for MyDbVae {
///     fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
///         let output = self.encoder.forward(images); // [batch, 1 + 2 · 10]
///         let part = |start, length| output.clone().narrow(1, start, length);
///         (part(0, 1), part(1, 10), part(11, 10))
///     }
///     fn decode(&self, z: Tensor<2>) -> Tensor<4> {
///         self.decoder.forward(z)
///     }
/// }
///
/// let device = Device::flex();
/// let model = MyDbVae {
///     encoder: StandardCnnConfig::new().with_n_outputs(21).init(&device),
///     decoder: FaceDecoderConfig::new().with_latent_dim(10).init(&device),
/// };
/// let images = Tensor::zeros([2, 3, 64, 64], &device);
/// assert_eq!(model.encode(images.clone()).1.dims(), [2, 10]);
/// assert_eq!(model.forward(images).dims(), [2, 1]); // the logit, as a classifier
/// ```
pub trait DebiasingModel: Module {
    /// What the encoder reads in a batch of images: `(y_logit, z_mean, z_logvar)`.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, height, width]`, values in `[0, 1]`
    /// - `y_logit`: `[batch, 1]`, the logit of « this is a face »
    /// - `z_mean`, `z_logvar`: `[batch, latent_dim]`, mean and log-variance of the latent variables
    fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>);

    /// Images from latent variables.
    ///
    /// # Shapes
    /// - `z`: `[batch, latent_dim]`
    /// - output: `[batch, 3, height, width]`
    fn decode(&self, z: Tensor<2>) -> Tensor<4>;

    /// Draws latent variables; by default `z_mean + exp(½·z_logvar) ⊙ ε`, as
    /// [`sampling`](super::sampling) does.
    ///
    /// # Shapes
    /// - `z_mean`, `z_logvar` and output: `[batch, latent_dim]`
    fn reparameterize(&self, z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
        draw_latents(z_mean, z_logvar)
    }
}

impl DebiasingModel for DbVae {
    fn encode(&self, images: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
        DbVae::encode(self, images)
    }

    fn decode(&self, z: Tensor<2>) -> Tensor<4> {
        DbVae::decode(self, z)
    }
}

impl<M: DebiasingModel> Classifier for M {
    fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.encode(images).0
    }
}

impl<M: DebiasingModel> LatentModel for M {
    fn posterior(&self, images: Tensor<4>) -> Result<(Tensor<2>, Tensor<2>)> {
        let (_, mean, logvar) = encode_checked(self, images)?;
        Ok((mean, logvar))
    }

    fn generate(&self, z: Tensor<2>) -> Tensor<4> {
        self.decode(z)
    }
}

/// The outputs of `encode`, after checking their shapes.
pub(super) fn encode_checked<M: DebiasingModel>(
    model: &M,
    images: Tensor<4>,
) -> Result<(Tensor<2>, Tensor<2>, Tensor<2>)> {
    let [batch, ..] = images.dims();
    let (y_logit, z_mean, z_logvar) = model.encode(images);
    if y_logit.dims() != [batch, 1] {
        return Err(Error::shape(
            "première sortie de la méthode encode (un logit par image)",
            [batch, 1],
            y_logit.dims(),
        ));
    }
    let [encoded, latent_dim] = z_mean.dims();
    if encoded != batch || latent_dim == 0 {
        return Err(Error::Shape {
            what: "deuxième sortie de la méthode encode (moyennes latentes)".to_owned(),
            expected: format!("[{batch}, nombre de variables latentes]"),
            found: format!("{:?}", z_mean.dims()),
        });
    }
    if z_logvar.dims() != z_mean.dims() {
        return Err(Error::shape(
            "troisième sortie de la méthode encode (log-variances latentes)",
            z_mean.dims(),
            z_logvar.dims(),
        ));
    }
    Ok((y_logit, z_mean, z_logvar))
}

/// Trains `model` on one batch with [`debiasing_loss`]; returns it updated, with the total loss
/// before the update.
///
/// The model must be in training mode (`model.train()`); it stays there. The latent variables are
/// drawn from the device's generator.
///
/// # Errors
/// [`Error::Shape`] when a method of the model returns another shape than it should,
/// [`Error::NotTraining`] when the model is not in training mode.
pub fn debiasing_train_step<M: DebiasingModel>(
    model: M,
    optimizer: &mut ModuleOptimizer,
    batch: &Batch,
    learning_rate: f64,
) -> Result<(M, f64)> {
    let loss = debiasing_batch_loss(&model, batch)?;
    gradient_step(model, optimizer, loss, learning_rate)
}

/// The total loss of a batch.
pub(super) fn debiasing_batch_loss<M: DebiasingModel>(
    model: &M,
    batch: &Batch,
) -> Result<Tensor<1>> {
    let images = batch.images.clone().autodiff();
    let (y_logit, z_mean, z_logvar) = encode_checked(model, images.clone())?;
    let z = model.reparameterize(z_mean.clone(), z_logvar.clone());
    let recon = model.decode(z);
    let labels = batch.labels.clone().autodiff();
    let (loss, _) = debiasing_loss(images, recon, labels, y_logit, z_mean, z_logvar)?;
    Ok(loss)
}
