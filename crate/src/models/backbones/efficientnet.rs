//! EfficientNet B0 to B2, without their classification head.
//!
//! # Source
//! M. Tan and Q. Le, *EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks*,
//! ICML 2019, arXiv:1905.11946; paddings, ε of the batch norms and names of the layers as in Keras.

use burn::{Tensor, module::Module, tensor::Device};

use crate::ops::{
    BatchNorm, BatchNormConfig, Conv2d, Conv2dConfig, conv_norm, conv_norm_silu, global_average,
    scale_channels, sigmoid, silu,
};

/// One stage of B0: kernel, repeats, channels out, expansion, stride of its first block.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
];
/// Channels of B0 before the first stage and after the last.
const STEM: usize = 32;
const TOP: usize = 1280;
/// Numbers of channels are multiples of it.
const DIVISOR: usize = 8;
/// Channels of a block's input for one unit of its squeeze-and-excitation.
const SQUEEZE: usize = 4;

/// Images that go through the network together when it only answers: their largest feature maps (5 MB an
/// image for B0) are still in the caches, or at least in memory already obtained, when the next layer
/// reads them.
const IMAGES: usize = 4;

/// Configuration of an [`EfficientNet`].
///
/// # Example
/// ```
/// use visages::{burn::prelude::*, models::EfficientNetConfig};
///
/// let device = Device::flex();
/// let model = EfficientNetConfig::b0().init(&device);
/// assert_eq!(model.num_trainable_params(), 4_007_548);
/// assert_eq!(model.forward(Tensor::zeros([1, 3, 64, 64], &device)).dims(), [1, 1280]);
/// ```
#[derive(Clone, Debug)]
pub struct EfficientNetConfig {
    /// Factor of the numbers of channels, those of B0 being 1.
    pub width: f64,
    /// Factor of the numbers of blocks, those of B0 being 1.
    pub depth: f64,
}

impl EfficientNetConfig {
    /// B0, made for 224 × 224 images.
    pub fn b0() -> Self {
        Self {
            width: 1.0,
            depth: 1.0,
        }
    }

    /// B1, made for 240 × 240 images.
    pub fn b1() -> Self {
        Self {
            width: 1.0,
            depth: 1.1,
        }
    }

    /// B2, made for 260 × 260 images.
    pub fn b2() -> Self {
        Self {
            width: 1.1,
            depth: 1.2,
        }
    }

    /// A number of channels of B0, scaled: the nearest multiple of 8, unless it loses more than 10 %.
    fn channels(&self, of_b0: usize) -> usize {
        let scaled = of_b0 as f64 * self.width;
        let near = ((scaled + DIVISOR as f64 / 2.0) as usize / DIVISOR * DIVISOR).max(DIVISOR);
        if (near as f64) < 0.9 * scaled {
            near + DIVISOR
        } else {
            near
        }
    }

    /// Builds the network on `device`, with Glorot kernels; call [`Device::seed`] before for
    /// reproducible weights. The labs put pre-trained ones in their place.
    pub fn init(&self, device: &Device) -> EfficientNet {
        let stem = self.channels(STEM);
        let mut channels = stem;
        let mut blocks = Vec::new();
        for (kernel, repeats, out, expansion, stride) in STAGES {
            let out = self.channels(out);
            let repeats = (repeats as f64 * self.depth).ceil() as usize;
            for repeat in 0..repeats {
                let stride = if repeat == 0 { stride } else { 1 };
                blocks.push(block([channels, out], kernel, expansion, stride, device));
                channels = out;
            }
        }
        let top = self.channels(TOP);
        EfficientNet {
            stem_conv: conv([3, stem], 3, 2, device),
            stem_bn: norm(stem, device),
            blocks,
            top_conv: conv([channels, top], 1, 1, device),
            top_bn: norm(top, device),
        }
    }
}

/// A convolution without bias: a batch norm follows.
fn conv(channels: [usize; 2], kernel: usize, stride: usize, device: &Device) -> Conv2d {
    Conv2dConfig::new(channels, [kernel, kernel])
        .with_stride([stride, stride])
        .with_bias(false)
        .init(device)
}

/// Keras' batch norm: ε 1e-3, the running statistics move by 1 % a batch.
fn norm(channels: usize, device: &Device) -> BatchNorm {
    BatchNormConfig::new(channels)
        .with_momentum(0.01)
        .init(device)
}

fn block(
    [channels_in, channels_out]: [usize; 2],
    kernel: usize,
    expansion: usize,
    stride: usize,
    device: &Device,
) -> Block {
    let wide = channels_in * expansion;
    let expands = expansion > 1;
    let squeezed = (channels_in / SQUEEZE).max(1);
    let dwconv = Conv2dConfig::new([wide, wide], [kernel, kernel])
        .with_groups(wide)
        .with_stride([stride, stride])
        .with_bias(false)
        .init(device);
    Block {
        expand_conv: expands.then(|| conv([channels_in, wide], 1, 1, device)),
        expand_bn: expands.then(|| norm(wide, device)),
        dwconv,
        bn: norm(wide, device),
        se_reduce: Conv2dConfig::new([wide, squeezed], [1, 1]).init(device),
        se_expand: Conv2dConfig::new([squeezed, wide], [1, 1]).init(device),
        project_conv: conv([wide, channels_out], 1, 1, device),
        project_bn: norm(channels_out, device),
        has_shortcut: stride == 1 && channels_in == channels_out,
    }
}

/// The convolutional part of an EfficientNet.
///
/// B0: a 3×3 convolution at stride 2 to 32 channels, sixteen mobile inverted bottlenecks in seven
/// stages (16, 24, 40, 80, 112, 192 and 320 channels), a 1×1 convolution to 1,280, each with batch
/// norm and SiLU; 32 times smaller maps than the image. 4,007,548 trainable parameters (4,049,564
/// values with the batch-norm statistics); B1 6,513,184, B2 7,700,994.
///
/// The images must be normalised as for the weights put in it; Keras' own networks do it themselves.
/// There is no stochastic depth: the labs train heads on a frozen backbone.
#[derive(Module)]
pub struct EfficientNet {
    stem_conv: Conv2d,
    stem_bn: BatchNorm,
    blocks: Vec<Block>,
    top_conv: Conv2d,
    top_bn: BatchNorm,
}

impl EfficientNet {
    /// The last feature maps.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, height, width]`, normalised
    /// - output: `[batch, 1280, ⌈height / 32⌉, ⌈width / 32⌉]` for B0 and B1, 1,408 channels for B2
    pub fn features(&self, images: Tensor<4>) -> Tensor<4> {
        let [batch, ..] = images.dims();
        if batch <= IMAGES || images.device().is_autodiff() {
            return self.features_at_once(images);
        }
        let parts = images.split(IMAGES, 0).into_iter();
        Tensor::cat(parts.map(|part| self.features_at_once(part)).collect(), 0)
    }

    fn features_at_once(&self, images: Tensor<4>) -> Tensor<4> {
        let x = conv_norm_silu(&self.stem_conv, &self.stem_bn, images);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x));
        conv_norm_silu(&self.top_conv, &self.top_bn, x)
    }

    /// The mean of every feature map: what a head of one's own reads.
    ///
    /// # Shapes
    /// - `images`: `[batch, 3, height, width]`, normalised
    /// - output: `[batch, 1280]` for B0 and B1, `[batch, 1408]` for B2
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        global_average(self.features(images)).flatten(1, 3)
    }

    /// Number of values the model holds, batch-norm statistics included.
    pub fn num_params(&self) -> usize {
        super::super::num_params(self)
    }

    /// Number of values that training changes by gradient descent.
    pub fn num_trainable_params(&self) -> usize {
        super::super::num_trainable_params(self)
    }
}

// The derived form would list every tensor; a reader wants one line a layer.
impl std::fmt::Debug for EfficientNet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A mobile inverted bottleneck: 1×1 expansion, depthwise convolution, squeeze-and-excitation, 1×1
/// projection, and a shortcut where input and output have the same shape.
#[derive(Module, Debug)]
struct Block {
    expand_conv: Option<Conv2d>,
    expand_bn: Option<BatchNorm>,
    dwconv: Conv2d,
    bn: BatchNorm,
    se_reduce: Conv2d,
    se_expand: Conv2d,
    project_conv: Conv2d,
    project_bn: BatchNorm,
    has_shortcut: bool,
}

impl Block {
    fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let x = match (&self.expand_conv, &self.expand_bn) {
            (Some(conv), Some(norm)) => conv_norm_silu(conv, norm, input.clone()),
            _ => input.clone(),
        };
        let x = conv_norm_silu(&self.dwconv, &self.bn, x);
        let squeezed = silu(self.se_reduce.forward(global_average(x.clone()))); // [_, squeezed, 1, 1]
        let x = scale_channels(x, sigmoid(self.se_expand.forward(squeezed)));
        let x = conv_norm(&self.project_conv, &self.project_bn, x);
        match self.has_shortcut {
            true => x + input,
            false => x,
        }
    }
}
