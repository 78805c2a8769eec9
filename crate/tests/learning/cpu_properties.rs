//! Our CPU kernels on shapes drawn at random (always the same), against burn's operations.

use crate::support::seeded;
use visages::{
    burn::{
        module::Module,
        tensor::{
            Device, Distribution, Tensor, activation, module,
            ops::{ConvOptions, MaxPoolOptions},
        },
    },
    ops::{
        BatchNormConfig, Conv2dConfig, DropoutConfig, LinearConfig, MaxPool2dConfig,
        PaddingConfig2d, conv_norm, conv_norm_silu, global_average, mean_absolute_difference,
        scale_channels, silu,
    },
};

/// Sizes drawn one after the other.
struct Dice(u64);

impl Dice {
    /// A number from `low` to `high`, both possible.
    fn draw(&mut self, low: usize, high: usize) -> usize {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        low + (self.0 >> 33) as usize % (high - low + 1)
    }
}

fn random<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
}

/// Equal to 1e-5 of the largest value.
fn close<const D: usize>(what: &str, ours: Tensor<D>, burns: Tensor<D>) {
    assert_eq!(ours.dims(), burns.dims(), "{what}");
    let scale = burns.clone().abs().max().into_scalar::<f32>().max(0.1);
    let worst = (ours - burns).abs().max().into_scalar::<f32>();
    assert!(
        worst <= 1e-5 * scale,
        "{what}: {worst} on values up to {scale}"
    );
}

/// Output and gradient of the input of `layer`, the output weighted by `seen`.
fn both<const I: usize, const O: usize>(
    x: &Tensor<I>,
    seen: impl Fn([usize; O]) -> Tensor<O>,
    layer: impl Fn(Tensor<I>) -> Tensor<O>,
) -> (Tensor<O>, Tensor<I>) {
    let x = Tensor::from_inner(x.clone()).require_grad();
    let output = layer(x.clone());
    let seen = Tensor::from_inner(seen(output.dims()));
    let gradients = (output.clone() * seen).sum().backward();
    (output.inner(), x.grad(&gradients).unwrap())
}

/// The same values for the same shape.
fn seen<const D: usize>(shape: [usize; D]) -> Tensor<D> {
    let device = Device::flex();
    let count = shape.iter().product::<usize>() as i64;
    let places = Tensor::<1, visages::burn::tensor::Int>::arange(0..count, &device);
    // Sums of them do not cancel out: what is compared keeps its digits.
    ((places.float() * 0.7).sin() + 0.3).reshape(shape)
}

#[test]
fn convolutions_with_any_groups_strides_dilations_and_paddings_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(21);
    let tracking = device.clone().autodiff();
    let mut dice = Dice(2026);
    let (mut tried, mut depthwise) = (0, 0);
    while tried < 120 {
        let size = [dice.draw(1, 21), dice.draw(1, 40)];
        let kernel = [dice.draw(1, 5), dice.draw(1, 7)];
        let stride = [dice.draw(1, 3), dice.draw(1, 3)];
        let dilation = [dice.draw(1, 3), dice.draw(1, 2)];
        let groups = dice.draw(1, 5);
        // Half of the time, a kernel a channel.
        let each = match tried % 2 {
            0 => [1, 1],
            _ => [dice.draw(1, 6), dice.draw(1, 15)],
        };
        let channels = each.map(|each| each * groups);
        let batch = dice.draw(1, 9);
        let pads = [0; 4].map(|_| dice.draw(0, 3));
        let [top, left, bottom, right] = pads;
        let reach = [0, 1].map(|axis| (kernel[axis] - 1) * dilation[axis] + 1);
        if reach[0] > size[0] + top + bottom || reach[1] > size[1] + left + right {
            continue;
        }
        tried += 1;
        depthwise += usize::from(groups > 1 && each == [1, 1]);
        let name = format!(
            "{channels:?} {size:?} {kernel:?} {stride:?} {dilation:?} {groups} {pads:?} × {batch}"
        );
        let layer = Conv2dConfig::new(channels, kernel)
            .with_stride(stride)
            .with_dilation(dilation)
            .with_groups(groups)
            .with_padding(PaddingConfig2d::Explicit(top, left, bottom, right))
            .init(&tracking);
        let (weight, bias) = (layer.weight.val(), layer.bias.as_ref().unwrap().val());
        let x = random([batch, channels[0], size[0], size[1]], &device);
        let run = |ours: bool| {
            let x = Tensor::from_inner(x.clone()).require_grad();
            let output = if ours {
                layer.forward(x.clone())
            } else {
                let pads = [(top, bottom), (left, right)];
                let options = ConvOptions::new_with_padding(stride, pads, dilation, groups);
                module::conv2d(x.clone(), weight.clone(), Some(bias.clone()), options)
            };
            let seen = Tensor::from_inner(seen(output.dims()));
            let gradients = (output.clone() * seen).sum().backward();
            (
                output.inner(),
                x.grad(&gradients).unwrap(),
                weight.grad(&gradients).unwrap(),
                bias.grad(&gradients).unwrap(),
            )
        };
        let (ours, burns) = (run(true), run(false));
        close(&name, ours.0, burns.0);
        close(&name, ours.1, burns.1);
        close(&name, ours.2, burns.2);
        close(&name, ours.3, burns.3);
    }
    assert!(depthwise > 30, "{depthwise}");
}

#[test]
fn poolings_and_their_gradients_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(22);
    let mut dice = Dice(5);
    for turn in 0..60 {
        let kernel = match turn % 2 {
            0 => [2, 2],
            _ => [dice.draw(1, 4), dice.draw(1, 3)],
        };
        let stride = match turn % 2 {
            0 => [2, 2],
            _ => [dice.draw(1, 3), dice.draw(1, 4)],
        };
        let shape = [
            dice.draw(1, 4),
            dice.draw(1, 7),
            dice.draw(kernel[0], 20),
            dice.draw(kernel[1], 75),
        ];
        let name = format!("{shape:?} {kernel:?} {stride:?}");
        let x = random(shape, &device);
        let layer = MaxPool2dConfig::new(kernel).with_stride(stride).init();
        let ours = both(&x, seen, |x| layer.forward(x));
        let burns = both(&x, seen, |x| {
            module::max_pool2d(x, MaxPoolOptions::new(kernel).with_stride(stride))
        });
        close(&name, ours.0, burns.0);
        close(&name, ours.1, burns.1);
    }
}

#[test]
fn the_first_of_equal_values_takes_the_gradient_of_a_pooling() {
    let _generator = seeded(0);
    let device = Device::flex();
    let x = Tensor::from_data(
        [[[[1.0, 1.0, 0.0], [1.0, 1.0, 5.0], [7.0, 2.0, 2.0]]]],
        &device,
    );
    let weights = |_: [usize; 4]| Tensor::from_data([[[[10.0, 20.0], [30.0, 40.0]]]], &device);
    let one_by_one = MaxPool2dConfig::new([2, 2]).with_stride([1, 1]).init();
    let (output, gradient) = both(&x, weights, |x| one_by_one.forward(x));
    let expected: Tensor<4> = Tensor::from_data([[[[1.0, 5.0], [7.0, 5.0]]]], &device);
    close("output", output, expected);
    let expected = [[[[10.0, 0.0, 0.0], [0.0, 0.0, 60.0], [30.0, 0.0, 0.0]]]];
    close("gradient", gradient, Tensor::from_data(expected, &device));

    let x = Tensor::from_data([[[[3.0, 3.0], [3.0, 3.0]]]], &device);
    let weights = |_: [usize; 4]| Tensor::from_data([[[[4.0]]]], &device);
    let side_by_side = MaxPool2dConfig::new([2, 2]).init();
    let (_, gradient) = both(&x, weights, |x| side_by_side.forward(x));
    let expected = [[[[4.0, 0.0], [0.0, 0.0]]]];
    close("equal", gradient, Tensor::from_data(expected, &device));
}

#[test]
fn dense_layers_and_their_gradients_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(23);
    let tracking = device.clone().autodiff();
    let mut dice = Dice(8);
    for _ in 0..25 {
        let (batch, inputs, outputs) = (dice.draw(1, 70), dice.draw(1, 700), dice.draw(1, 600));
        let name = format!("{batch} {inputs} {outputs}");
        let layer = LinearConfig::new(inputs, outputs).init(&tracking);
        let (weight, bias) = (layer.weight.val(), layer.bias.as_ref().unwrap().val());
        let x = random([batch, inputs], &device);
        let run = |ours: bool| {
            let x = Tensor::from_inner(x.clone()).require_grad();
            let output = match ours {
                true => layer.forward(x.clone()),
                false => module::linear(x.clone(), weight.clone(), Some(bias.clone())),
            };
            let seen = Tensor::from_inner(seen(output.dims()));
            let gradients = (output.clone() * seen).sum().backward();
            (
                output.inner(),
                x.grad(&gradients).unwrap(),
                weight.grad(&gradients).unwrap(),
                bias.grad(&gradients).unwrap(),
            )
        };
        let (ours, burns) = (run(true), run(false));
        close(&name, ours.0, burns.0);
        close(&name, ours.1, burns.1);
        close(&name, ours.2, burns.2);
        close(&name, ours.3, burns.3);
    }
    // Any number of leading axes.
    let layer = LinearConfig::new(6, 5).with_bias(false).init(&device);
    let x = random([2, 3, 4, 6], &device);
    let burns = module::linear(x.clone(), layer.weight.val(), None);
    close("leading axes", layer.forward(x), burns);
}

#[test]
fn silu_and_its_gradient_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(24);
    let x = random([3, 1000], &device) * 4.0;
    let (ours, burns) = (both(&x, seen, silu), both(&x, seen, activation::silu));
    close("output", ours.0, burns.0);
    close("gradient", ours.1, burns.1);
}

#[test]
fn absolute_differences_and_their_gradients_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(25);
    let mut dice = Dice(25);
    for _ in 0..20 {
        let shape = [1; 4].map(|low| dice.draw(low, 9));
        let [x, y] = [0; 2].map(|_| random(shape, &device));
        // A third of the values are equal: no gradient.
        let equal = x.clone().greater_elem(0.5);
        let y = y.mask_where(equal, x.clone());
        let burns = |x: Tensor<4>, y: Tensor<4>| {
            let means: Tensor<2> = (x - y).abs().flatten::<2>(1, 3).mean_dim(1);
            means.squeeze_dim::<1>(1)
        };
        let fixed = Tensor::from_inner(y.clone());
        let ours = both(&x, seen, |x| mean_absolute_difference(x, fixed.clone()));
        let theirs = both(&x, seen, |x| burns(x, fixed.clone()));
        close("means", ours.0, theirs.0);
        close("gradient of the first", ours.1, theirs.1);
        let ours = both(&x, seen, |x| mean_absolute_difference(fixed.clone(), x));
        let theirs = both(&x, seen, |x| burns(fixed.clone(), x));
        close("gradient of the second", ours.1, theirs.1);
        let turned = [x.clone(), y.clone()].map(|values| values.swap_dims(2, 3));
        let [x, y] = turned.clone();
        let [s, t] = turned;
        close("not in order", mean_absolute_difference(x, y), burns(s, t));
    }
}

#[test]
fn a_difference_that_is_nan_makes_the_mean_nan_and_has_no_gradient() {
    let device = Device::flex();
    let x = Tensor::<1>::from_data([f32::NAN, 1.0, 2.0, 2.0], &device).reshape([2, 2, 1, 1]);
    let zeros = Tensor::from_inner(x.zeros_like());
    let (means, gradient) = both(&x, seen, |x| mean_absolute_difference(x, zeros.clone()));
    let means: Vec<f32> = means.try_into_vec_as().unwrap();
    assert!(means[0].is_nan() && means[1] == 2.0, "{means:?}");
    let gradient: Vec<f32> = gradient.try_into_vec_as().unwrap();
    assert!(
        gradient[0] == 0.0 && gradient[1..].iter().all(|g| *g > 0.0),
        "{gradient:?}"
    );
}

#[test]
fn an_activation_leaves_values_that_something_else_holds() {
    let device = Device::flex();
    let x: Tensor<1> = Tensor::from_data([-1.0, 2.0], &device);
    let y = visages::ops::relu(x.clone());
    assert_eq!(
        x.into_data(),
        Tensor::<1>::from_data([-1.0, 2.0], &device).into_data()
    );
    assert_eq!(
        y.into_data(),
        Tensor::<1>::from_data([0.0, 2.0], &device).into_data()
    );
}

#[test]
fn a_normalised_convolution_in_one_pass_is_the_three_layers() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(25);
    let mut dice = Dice(13);
    for turn in 0..40 {
        let groups = if turn % 2 == 0 { 1 } else { dice.draw(2, 20) };
        let channels = match groups {
            1 => [dice.draw(1, 30), dice.draw(1, 40)],
            _ => [groups; 2],
        };
        let side = dice.draw(1, 5);
        let conv = Conv2dConfig::new(channels, [side, side])
            .with_stride([dice.draw(1, 2); 2])
            .with_groups(groups)
            .with_bias(turn % 3 == 0)
            .init(&device);
        let norm = BatchNormConfig::new(channels[1]).init(&device.clone().autodiff());
        // Statistics, γ and β that change something.
        for _ in 0..3 {
            let batch = random([2, channels[1], 3, 3], &device) * 2.0 + 1.0;
            norm.forward(Tensor::from_inner(batch));
        }
        let mut norm = norm.valid();
        norm.gamma = norm.gamma.map(|gamma| gamma * 1.5);
        norm.beta = norm.beta.map(|beta| beta + 0.25);
        let x = random(
            [
                dice.draw(1, 5),
                channels[0],
                dice.draw(5, 15),
                dice.draw(5, 40),
            ],
            &device,
        );
        let name = format!("{conv} {:?}", x.dims());
        let plain = norm.forward(conv.forward(x.clone()));
        close(&name, conv_norm(&conv, &norm, x.clone()), plain.clone());
        close(
            &name,
            conv_norm_silu(&conv, &norm, x),
            activation::silu(plain),
        );
    }
}

#[test]
fn inference_of_a_batch_norm_is_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(26);
    let norm = BatchNormConfig::new(7).init(&device.clone().autodiff());
    norm.forward(Tensor::from_inner(
        random([4, 7, 5, 3], &device) * 3.0 + 2.0,
    ));
    let norm = norm.valid();
    let x = random([2, 7, 6, 9], &device);
    let burns = module::batch_norm(
        x.clone(),
        norm.gamma.val(),
        norm.beta.val(),
        norm.running_mean.value_sync(),
        norm.running_var.value_sync(),
        norm.epsilon,
    );
    close("output", norm.forward(x), burns);
}

#[test]
fn means_and_gates_are_burn_s() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(27);
    for shape in [[2, 3, 5, 7], [4, 40, 1, 1], [1, 17, 16, 16]] {
        let x = random(shape, &device);
        let factors = random([shape[0], shape[1], 1, 1], &device);
        let name = format!("{shape:?}");
        close(
            &name,
            global_average(x.clone()),
            x.clone().mean_dim(3).mean_dim(2),
        );
        close(
            &name,
            scale_channels(x.clone(), factors.clone()),
            x * factors,
        );
    }
}

#[test]
fn a_gate_whose_factors_are_maps_is_a_product() {
    let device = Device::flex();
    let maps = Tensor::<4>::from_data(
        [[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]],
        &device,
    );
    let gated = scale_channels(maps.clone(), maps.clone());
    gated
        .into_data()
        .assert_eq(&(maps.clone() * maps).into_data(), true);
}

#[test]
fn dropout_drops_its_share_and_its_gradient_is_what_it_did_to_the_values() {
    let _generator = seeded(0);
    let device = Device::flex();
    let layer = DropoutConfig::new(0.25).init().train();
    let x: Tensor<2> = Tensor::ones([40, 1000], &device);
    let run = |seed: u64| {
        device.seed(seed);
        both(
            &x,
            |shape| Tensor::ones(shape, &device),
            |x| layer.forward(x),
        )
    };
    let (output, gradient) = run(3);
    close("gradient", gradient, output.clone());
    let values = output.clone().into_data().try_into_vec::<f32>().unwrap();
    let zeros = values.iter().filter(|value| **value == 0.0).count() as f64;
    // Four standard deviations of a binomial.
    assert!(
        (zeros - 10_000.0).abs() < 4.0 * 7500.0_f64.sqrt(),
        "{zeros}"
    );
    assert!(
        values
            .iter()
            .all(|value| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6)
    );
    assert_eq!(output.clone().into_data(), run(3).0.into_data());
    assert_ne!(output.into_data(), run(4).0.into_data());
    // Without autodiff, and once frozen, nothing is dropped.
    assert_eq!(layer.forward(x.clone()).into_data(), x.clone().into_data());
    let frozen = layer.freeze();
    let kept = frozen.forward(Tensor::from_inner(x.clone())).inner();
    assert_eq!(kept.into_data(), x.into_data());
}

#[test]
fn the_new_kernels_do_not_depend_on_the_number_of_threads() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(28);
    let tracking = device.clone().autodiff();
    let depthwise = Conv2dConfig::new([21, 21], [3, 3])
        .with_groups(21)
        .init(&tracking);
    let dense = LinearConfig::new(21 * 9 * 9, 70).init(&tracking);
    let pool = MaxPool2dConfig::new([2, 2]).init();
    let x = random([9, 21, 18, 18], &device);
    let gradients = || {
        let x = Tensor::from_inner(x.clone()).require_grad();
        let maps = pool.forward(silu(depthwise.forward(x.clone())));
        let output = dense.forward(maps.flatten::<2>(1, 3));
        let gradients = output.clone().square().sum().backward();
        (
            output.inner().into_data(),
            x.grad(&gradients).unwrap().into_data(),
            depthwise.weight.val().grad(&gradients).unwrap().into_data(),
        )
    };
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(gradients)
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn finite_differences_agree_with_the_gradients() {
    let _generator = seeded(0);
    let device = Device::flex();
    device.seed(29);
    let depthwise = Conv2dConfig::new([3, 3], [3, 3])
        .with_groups(3)
        .with_stride([2, 2])
        .init(&device)
        .train();
    let pool = MaxPool2dConfig::new([2, 2]).init();
    let dense = LinearConfig::new(12, 4).init(&device).train();
    let loss = |x: Tensor<4>| {
        let maps = pool.forward(silu(depthwise.forward(x)));
        dense.forward(maps.flatten::<2>(1, 3)).square().sum()
    };
    let x = random([2, 3, 8, 8], &device);
    let tracked = Tensor::from_inner(x.clone()).require_grad();
    let gradient = tracked.grad(&loss(tracked.clone()).backward()).unwrap();
    let gradient = gradient.into_data().try_into_vec::<f32>().unwrap();
    let mut checked = 0;
    for index in (0..gradient.len()).step_by(7) {
        let moved = |by: f32| {
            let mut step = vec![0.0_f32; gradient.len()];
            step[index] = by;
            let step = Tensor::<1>::from_floats(step.as_slice(), &device).reshape([2, 3, 8, 8]);
            loss(Tensor::from_inner(x.clone() + step))
                .inner()
                .into_scalar::<f32>()
        };
        let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        // Next to a tie of the pooling the two sides have other slopes.
        let slopes = [moved(1e-2) - moved(0.0), moved(0.0) - moved(-1e-2)];
        if (slopes[0] - slopes[1]).abs() > 1e-3 {
            continue;
        }
        checked += 1;
        let found = gradient[index];
        assert!(
            (expected - found).abs() < 2e-2 * expected.abs().max(0.5),
            "{index}: {expected} and {found}"
        );
    }
    assert!(checked > 40, "{checked}");
}
