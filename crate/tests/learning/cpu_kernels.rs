//! Our CPU kernels against burn's operations on the same device, and against finite differences.

use crate::support::seeded;
use visages::{
    burn::{
        self,
        module::{Module, Param},
        optim::GradientsParams,
        tensor::{
            Device, Distribution, Tensor, module, ops::ConvOptions, ops::ConvTransposeOptions,
        },
    },
    ops::{BatchNormConfig, Conv2dConfig, ConvTranspose2dConfig, PaddingConfig2d},
    train::AdamConfig,
};

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

/// Equal to 1e-5 of the largest value; what is added up is of order 1, and differences of it keep its rounding.
fn close<const D: usize>(what: &str, ours: Tensor<D>, burns: Tensor<D>) {
    assert_eq!(ours.dims(), burns.dims(), "{what}");
    let scale = burns.clone().abs().max().into_scalar::<f32>().max(0.1);
    let worst = (ours - burns).abs().max().into_scalar::<f32>();
    assert!(
        worst <= 1e-5 * scale,
        "{what}: {worst} on values up to {scale}"
    );
}

/// Channels in and out, size, kernel, stride: the networks of the labs, then shapes that fill no tile, no vector
/// and no stride.
const CASES: [[[usize; 2]; 4]; 14] = [
    [[3, 12], [64, 64], [5, 5], [2, 2]],
    [[12, 24], [32, 32], [5, 5], [2, 2]],
    [[24, 48], [16, 16], [3, 3], [2, 2]],
    [[48, 72], [8, 8], [3, 3], [2, 2]],
    [[3, 32], [20, 20], [3, 3], [1, 1]],
    [[1, 1], [1, 1], [1, 1], [1, 1]],
    [[5, 7], [9, 13], [3, 3], [1, 1]],
    [[2, 13], [11, 6], [5, 3], [2, 1]],
    [[4, 3], [10, 7], [2, 2], [2, 2]],
    [[3, 5], [13, 17], [4, 4], [3, 3]],
    [[17, 25], [5, 5], [1, 1], [1, 1]],
    [[6, 2], [8, 33], [1, 7], [1, 2]],
    [[2, 4], [9, 9], [3, 3], [4, 4]],
    [[1, 14], [7, 16], [7, 7], [1, 1]],
];

#[test]
fn convolutions_and_their_gradients_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(11);
    let tracking = device.clone().autodiff();
    for [channels, size, kernel, stride] in CASES {
        for padding in [
            PaddingConfig2d::Same,
            PaddingConfig2d::Valid,
            PaddingConfig2d::Explicit(1, 0, 2, 1),
        ] {
            if padding == PaddingConfig2d::Valid && (kernel[0] > size[0] || kernel[1] > size[1]) {
                continue;
            }
            for batch in [1, 3, 17] {
                let name =
                    format!("{channels:?} {size:?} {kernel:?} {stride:?} {padding:?} × {batch}");
                let layer = Conv2dConfig::new(channels, kernel)
                    .with_stride(stride)
                    .with_padding(padding.clone())
                    .init(&tracking);
                let x = random([batch, channels[0], size[0], size[1]], &device);
                let ours_in = Tensor::from_inner(x.clone()).require_grad();
                let ours = layer.forward(ours_in.clone());
                let seen = random(ours.dims(), &device);
                let ours_grads = (ours.clone() * Tensor::from_inner(seen.clone()))
                    .sum()
                    .backward();

                let burns_in = Tensor::from_inner(x).require_grad();
                let [_, _, height, width] = ours.dims();
                let pads = pads(&padding, size, [height, width], kernel, stride);
                let burns = module::conv2d(
                    burns_in.clone(),
                    layer.weight.val(),
                    layer.bias.as_ref().map(|b| b.val()),
                    ConvOptions::new_with_padding(stride, pads, [1, 1], 1),
                );
                let burns_grads = (burns.clone() * Tensor::from_inner(seen)).sum().backward();

                close(&name, ours.inner(), burns.inner());
                close(
                    &name,
                    ours_in.grad(&ours_grads).unwrap(),
                    burns_in.grad(&burns_grads).unwrap(),
                );
                close(
                    &name,
                    layer.weight.val().grad(&ours_grads).unwrap(),
                    layer.weight.val().grad(&burns_grads).unwrap(),
                );
                let bias = layer.bias.as_ref().unwrap().val();
                close(
                    &name,
                    bias.grad(&ours_grads).unwrap(),
                    bias.grad(&burns_grads).unwrap(),
                );
            }
        }
    }
}

/// `(begin, end)` of both axes, from the definition of each padding.
fn pads(
    padding: &PaddingConfig2d,
    size: [usize; 2],
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
) -> [(usize, usize); 2] {
    match padding {
        PaddingConfig2d::Valid => [(0, 0); 2],
        PaddingConfig2d::Explicit(top, left, bottom, right) => [(*top, *bottom), (*left, *right)],
        PaddingConfig2d::Same => [0, 1].map(|axis| {
            let total =
                ((output[axis] - 1) * stride[axis] + kernel[axis]).saturating_sub(size[axis]);
            (total / 2, total - total / 2)
        }),
    }
}

#[test]
fn transposed_convolutions_and_their_gradients_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(12);
    let tracking = device.clone().autodiff();
    for [channels, size, kernel, stride] in CASES {
        for batch in [1, 5] {
            let name = format!("{channels:?} {size:?} {kernel:?} {stride:?} × {batch}");
            let layer = ConvTranspose2dConfig::new(channels, kernel)
                .with_stride(stride)
                .with_padding(PaddingConfig2d::Valid)
                .init(&tracking);
            let x = random([batch, channels[0], size[0], size[1]], &device);
            let ours_in = Tensor::from_inner(x.clone()).require_grad();
            let ours = layer.forward(ours_in.clone());
            let seen = random(ours.dims(), &device);
            let ours_grads = (ours.clone() * Tensor::from_inner(seen.clone()))
                .sum()
                .backward();

            let burns_in = Tensor::from_inner(x).require_grad();
            let burns = module::conv_transpose2d(
                burns_in.clone(),
                layer.weight.val(),
                layer.bias.as_ref().map(|b| b.val()),
                ConvTransposeOptions::new(stride, [0, 0], [0, 0], [1, 1], 1),
            );
            let burns_grads = (burns.clone() * Tensor::from_inner(seen)).sum().backward();

            close(&name, ours.inner(), burns.inner());
            close(
                &name,
                ours_in.grad(&ours_grads).unwrap(),
                burns_in.grad(&burns_grads).unwrap(),
            );
            close(
                &name,
                layer.weight.val().grad(&ours_grads).unwrap(),
                layer.weight.val().grad(&burns_grads).unwrap(),
            );
            let bias = layer.bias.as_ref().unwrap().val();
            close(
                &name,
                bias.grad(&ours_grads).unwrap(),
                bias.grad(&burns_grads).unwrap(),
            );
        }
    }
}

#[test]
fn batch_normalisation_and_its_gradients_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(13);
    let tracking = device.clone().autodiff();
    for shape in [[32, 12, 32, 32], [2, 3, 1, 1], [5, 7, 3, 9]] {
        let layer = BatchNormConfig::new(shape[1]).init(&tracking);
        let x = random(shape, &device) * 3.0 + 1.0;
        let seen = random(shape, &device);
        let ours_in = Tensor::from_inner(x.clone()).require_grad();
        let ours = layer.forward(ours_in.clone());
        let ours_grads = (ours.clone() * Tensor::from_inner(seen.clone()))
            .sum()
            .backward();

        let burns_in = Tensor::from_inner(x).require_grad();
        let (gamma, beta) = (layer.gamma.val(), layer.beta.val());
        let burns = module::batch_norm_train(burns_in.clone(), gamma.clone(), beta.clone(), 1e-3);
        let burns_grads = (burns.output.clone() * Tensor::from_inner(seen))
            .sum()
            .backward();

        let name = format!("{shape:?}");
        close(&name, ours.inner(), burns.output.inner());
        close(
            &name,
            ours_in.grad(&ours_grads).unwrap(),
            burns_in.grad(&burns_grads).unwrap(),
        );
        close(
            &name,
            gamma.grad(&ours_grads).unwrap(),
            gamma.grad(&burns_grads).unwrap(),
        );
        close(
            &name,
            beta.grad(&ours_grads).unwrap(),
            beta.grad(&burns_grads).unwrap(),
        );
        // The statistics follow the batch: a tenth of it after one step.
        close(
            &name,
            layer.running_mean.value_sync().inner(),
            burns.mean.inner() * 0.1,
        );
    }
}

#[test]
fn adam_is_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(14);
    let start = Conv2dConfig::new([3, 5], [3, 3]).init(&device);
    let x = random([4, 3, 8, 8], &device);
    let train = |mut optimizer: burn::optim::ModuleOptimizer| {
        let mut layer = start.clone().train();
        for _ in 0..7 {
            let loss = layer.forward(Tensor::from_inner(x.clone())).square().mean();
            let gradients = GradientsParams::from_grads(loss.backward(), &layer);
            layer = optimizer.step(0.01, layer, gradients);
        }
        layer.valid()
    };
    let ours = train(AdamConfig::new().with_epsilon(1e-7).init());
    let burns = train(burn::optim::AdamConfig::new().with_epsilon(1e-7).init());
    close("weight", ours.weight.val(), burns.weight.val());
    assert!(
        (ours.weight.val() - start.weight.val())
            .abs()
            .max()
            .into_scalar::<f32>()
            > 0.03
    );
}

#[test]
fn the_kernels_do_not_depend_on_the_number_of_threads() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(15);
    let layer = Conv2dConfig::new([3, 12], [5, 5])
        .with_stride([2, 2])
        .init(&device)
        .train();
    let x = random([33, 3, 20, 20], &device);
    let gradient = || {
        let loss = layer.forward(Tensor::from_inner(x.clone())).square().sum();
        let weight = layer.weight.val();
        weight.grad(&loss.backward()).unwrap().into_data()
    };
    let with = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(gradient)
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn finite_differences_agree_with_the_gradient_of_a_convolution() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(16);
    let layer = Conv2dConfig::new([2, 3], [3, 3])
        .with_stride([2, 2])
        .init(&device)
        .train();
    let x = random([2, 2, 6, 6], &device);
    let loss = |x: Tensor<4>| layer.forward(Tensor::from_inner(x)).square().sum();
    let tracked = Tensor::from_inner(x.clone()).require_grad();
    let gradient = tracked
        .grad(&layer.forward(tracked.clone()).square().sum().backward())
        .unwrap();
    for index in [0, 37, 143] {
        let mut step = vec![0.0_f32; 144];
        step[index] = 1e-2;
        let step = Tensor::<1>::from_floats(step.as_slice(), &device).reshape([2, 2, 6, 6]);
        let up = loss(x.clone() + step.clone()).inner().into_scalar::<f32>();
        let down = loss(x.clone() - step).inner().into_scalar::<f32>();
        let expected = (up - down) / 2e-2;
        let found = gradient
            .clone()
            .flatten::<1>(0, 3)
            .slice(index..index + 1)
            .into_scalar::<f32>();
        assert!(
            (expected - found).abs() < 1e-2 * expected.abs().max(1.0),
            "{index}: {expected} and {found}"
        );
    }
}

#[test]
fn a_weight_of_another_size_than_the_layer_s_is_used_whole() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(12);
    let x = random([2, 3, 9, 8], &device);
    let mut layer = Conv2dConfig::new([3, 4], [3, 3])
        .with_padding(PaddingConfig2d::Valid)
        .init(&device);
    let (weight, bias) = (random([4, 3, 5, 2], &device), random([4], &device));
    layer.weight = Param::from_tensor(weight.clone());
    layer.bias = Some(Param::from_tensor(bias.clone()));
    let options = ConvOptions::new_with_padding([2, 2], [(0, 0); 2], [1, 1], 1);
    let burns = module::conv2d(x.clone(), weight, Some(bias), options);
    layer.stride = [2, 2];
    close("convolution", layer.forward(x.clone()), burns);

    let mut layer = ConvTranspose2dConfig::new([3, 4], [3, 3])
        .with_padding(PaddingConfig2d::Valid)
        .init(&device);
    let weight = random([3, 4, 2, 5], &device);
    layer.weight = Param::from_tensor(weight.clone());
    let options = ConvTransposeOptions::new(layer.stride, [0, 0], [0, 0], [1, 1], 1);
    let bias = layer.bias.as_ref().map(|bias| bias.val());
    let burns = module::conv_transpose2d(x.clone(), weight, bias, options);
    close("transposed convolution", layer.forward(x), burns);
}

/// A loss on « the faces of the batch », in a batch without a face.
#[test]
fn a_batch_of_no_image_has_a_gradient_of_zeros() {
    let _generator = seeded(0);
    let device = Device::flex().autodiff();
    for [channels_in, side] in [[16, 3], [3, 5], [3, 1]] {
        let layer = Conv2dConfig::new([channels_in, 8], [side, side]).init(&device);
        let x = Tensor::<4>::zeros([0, channels_in, 32, 32], &device);
        let gradients = layer.forward(x).sum().backward();
        let gradient = layer.weight.val().grad(&gradients).unwrap();
        assert_eq!(gradient.dims(), layer.weight.dims());
        assert_eq!(gradient.abs().sum().into_scalar::<f32>(), 0.0);
    }
}
