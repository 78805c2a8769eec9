//! The small network that the lab's reader writes, layer for layer: what a technique changes is seen in seconds.

use visages::{
    burn::{Tensor, module::Module, tensor::Device},
    ops::{
        BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, Dropout, DropoutConfig, Linear,
        PaddingConfig2d, dense, relu,
    },
};

use super::SIDE;

/// Channels of the two convolutions.
const CHANNELS: [usize; 2] = [24, 48];
/// Side and stride of their kernels.
const WINDOW: usize = 4;
/// Units of the hidden dense layer.
const HIDDEN: usize = 64;

/// 4×4 convolutions at stride 4, the first followed by a batch norm or not; a hidden layer with dropout; two answers.
#[derive(Module, Debug)]
pub struct SmallNet {
    conv1: Conv2d,
    conv2: Conv2d,
    norm: Option<BatchNorm>,
    hidden: Linear,
    dropout: Dropout,
    gender: Linear,
    age: Linear,
}

impl SmallNet {
    pub fn new(batch_norm: bool, dropout: f64, device: &Device) -> Self {
        let [first, second] = CHANNELS;
        let conv = |channels: [usize; 2]| {
            Conv2dConfig::new(channels, [WINDOW, WINDOW])
                .with_stride([WINDOW, WINDOW])
                .with_padding(PaddingConfig2d::Valid)
                .init(device)
        };
        let side = SIDE / WINDOW / WINDOW;
        Self {
            conv1: conv([3, first]),
            conv2: conv([first, second]),
            norm: batch_norm.then(|| BatchNormConfig::new(first).init(device)),
            hidden: dense(second * side * side, HIDDEN, device),
            dropout: DropoutConfig::new(dropout).init(),
            gender: dense(HIDDEN, 1, device),
            age: dense(HIDDEN, 1, device),
        }
    }

    /// Logits of class 1, `[batch]`, and ages divided by 120, `[batch]`, of `[batch, 3, 64, 64]` images.
    pub fn forward(&self, images: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
        let x = relu(self.conv1.forward(images)); // [_, 24, 16, 16]
        let x = match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        };
        let x = relu(self.conv2.forward(x)).flatten::<2>(1, 3); // [_, 768]
        let x = self.dropout.forward(relu(self.hidden.forward(x))); // [_, 64]
        let answer = |layer: &Linear| layer.forward(x.clone()).flatten(0, 1);
        (answer(&self.gender), answer(&self.age))
    }
}
