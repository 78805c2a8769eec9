//! Layers against hand-computed values, parameter counts, record paths and gradients.

use crate::support::{assert_close, gradient_error, gradients, seeded, values};
use visages::{
    burn::{
        module::{Initializer, Module, ModuleVisitor, Param},
        nn::PaddingConfig2d,
        prelude::*,
        tensor::{DType, Distribution},
    },
    models::{StandardCnn, StandardCnnConfig},
    ops::{BatchNormConfig, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, dense},
    train::binary_cross_entropy_with_logits,
};

/// One channel, given kernel, no bias.
fn conv_with(kernel: &[f32], side: usize, stride: usize) -> Conv2d {
    let device = Device::flex();
    let mut conv = Conv2dConfig::new([1, 1], [side, side])
        .with_stride([stride, stride])
        .with_bias(false)
        .init(&device);
    conv.weight = Param::from_data(
        TensorData::new(kernel.to_vec(), [1, 1, side, side]),
        &device,
    );
    conv
}

fn transpose_with(kernel: &[f32], side: usize, stride: usize) -> ConvTranspose2d {
    let device = Device::flex();
    let mut conv = ConvTranspose2dConfig::new([1, 1], [side, side])
        .with_stride([stride, stride])
        .with_bias(false)
        .init(&device);
    conv.weight = Param::from_data(
        TensorData::new(kernel.to_vec(), [1, 1, side, side]),
        &device,
    );
    conv
}

/// 1, 2, … 16 in a 4 × 4 image.
fn counting() -> Tensor<4> {
    let numbers: Vec<f32> = (1u8..=16).map(f32::from).collect();
    Tensor::from_data(TensorData::new(numbers, [1, 1, 4, 4]), &Device::flex())
}

#[test]
fn same_padding_at_stride_two_is_tensorflows() {
    // 4 → 2 with a 3 × 3 kernel: one pixel of padding, below and right. By hand:
    // top left 1+2+3+5+6+7+9+10+11, top right 3+4+7+8+11+12, …
    let ones = conv_with(&[1.0; 9], 3, 2).forward(counting());
    assert_close(&values(ones), &[54.0, 45.0, 72.0, 54.0], 1e-4);

    // 5 × 5: one pixel before, two after; the first window sees the whole image.
    let ones = conv_with(&[1.0; 25], 5, 2).forward(counting());
    assert_close(&values(ones), &[136.0, 108.0, 126.0, 99.0], 1e-4);

    // The kernel is not flipped: 1 at its top left, 2 at its bottom right.
    let mut corner = [0.0; 9];
    (corner[0], corner[8]) = (1.0, 2.0);
    let found = conv_with(&corner, 3, 2).forward(counting());
    assert_close(&values(found), &[1.0 + 22.0, 3.0, 9.0, 11.0], 1e-4);
}

#[test]
fn transposed_convolution_slices_the_last_row_and_column() {
    let kernel: Vec<f32> = (1u8..=9).map(f32::from).collect();
    let input = Tensor::<4>::from_data([[[[1.0, 2.0], [3.0, 4.0]]]], &Device::flex());
    let output = transpose_with(&kernel, 3, 2).forward(input);
    assert_eq!(output.dims(), [1, 1, 4, 4]);
    #[rustfmt::skip]
    let expected = [
         1.0,  2.0,  5.0,  4.0,
         4.0,  5.0, 14.0, 10.0,
        10.0, 14.0, 36.0, 24.0,
        12.0, 15.0, 34.0, 20.0,
    ];
    assert_close(&values(output), &expected, 1e-4);
}

#[test]
fn transposed_convolution_is_the_adjoint_of_the_convolution() {
    // ⟨conv(x), y⟩ = ⟨x, convᵀ(y)⟩ for every x and y, whatever the padding.
    let _guard = seeded(3);
    let device = Device::flex();
    for (kernel, stride, size) in [
        (3, 2, 8),
        (5, 2, 8),
        (3, 1, 7),
        (4, 2, 8),
        (1, 2, 6),
        (5, 3, 9),
    ] {
        let mut conv = Conv2dConfig::new([2, 3], [kernel, kernel])
            .with_stride([stride, stride])
            .with_bias(false)
            .init(&device);
        let mut transpose = ConvTranspose2dConfig::new([3, 2], [kernel, kernel])
            .with_stride([stride, stride])
            .with_bias(false)
            .init(&device);
        transpose.weight = conv.weight.clone();
        let draw = |shape: [usize; 4]| Tensor::<4>::random(shape, normal(), &device);
        for padding in [PaddingConfig2d::Same, PaddingConfig2d::Explicit(0, 1, 1, 0)] {
            // Where the stride does not divide, the convolution leaves the padding unread.
            let divides = size + 1 >= kernel && (size + 1 - kernel) % stride == 0;
            if padding != PaddingConfig2d::Same && !divides {
                continue;
            }
            conv.padding = padding.clone();
            transpose.padding = padding;
            let x = draw([2, 2, size, size]);
            let forward = conv.forward(x.clone());
            let y = draw(forward.dims());
            let back = transpose.forward(y.clone());
            let left: f32 = (forward * y).sum().into_scalar();
            let right: f32 = (x * back).sum().into_scalar();
            assert!(
                (left - right).abs() < 1e-3 * left.abs().max(1.0),
                "k{kernel} s{stride}: {left} ≠ {right}"
            );
        }
    }
}

fn normal() -> Distribution {
    Distribution::Normal(0.0, 1.0)
}

#[test]
fn bias_is_added_to_every_position() {
    let _generator = seeded(0);
    let device = Device::flex();
    let mut conv = Conv2dConfig::new([1, 2], [1, 1])
        .with_initializer(Initializer::Ones)
        .init(&device);
    conv.bias = Some(Param::from_data([10.0, -1.0], &device));
    let output = conv.forward(Tensor::from_data([[[[1.0, 2.0]]]], &device));
    assert_close(&values(output), &[11.0, 12.0, 0.0, 1.0], 1e-6);
}

#[test]
fn batch_norm_normalises_and_follows_the_batch() {
    let _generator = seeded(0);
    let device = Device::flex().autodiff();
    // Mean 3, variance 4; ε = 1e-3 and momentum 0.01 as in Keras.
    let norm = BatchNormConfig::new(1).with_momentum(0.01).init(&device);
    let input = Tensor::<2>::from_data([[1.0], [5.0]], &device);
    let output = norm.forward(input.clone());
    let scale = 2.0 / 4.001_f32.sqrt();
    assert_close(&values(output), &[-scale, scale], 1e-5);
    assert_close(&values(norm.running_mean.value_sync()), &[0.03], 1e-6);
    assert_close(&values(norm.running_var.value_sync()), &[0.99 + 0.04], 1e-6);

    // Evaluation uses the running statistics and leaves them alone.
    let norm = norm.valid();
    let output = norm.forward(input.inner());
    let expected = [1.0, 5.0].map(|x: f32| (x - 0.03) / (1.03_f32 + 1e-3).sqrt());
    assert_close(&values(output), &expected, 1e-5);
    assert_close(&values(norm.running_mean.value_sync()), &[0.03], 1e-6);
}

#[test]
fn frozen_batch_norm_keeps_its_statistics() {
    let _generator = seeded(0);
    let device = Device::flex().autodiff();
    let norm = BatchNormConfig::new(1).init(&device).freeze();
    let output = norm.forward(Tensor::<2>::from_data([[1.0], [5.0]], &device));
    let scale = 1.001_f32.sqrt();
    assert_close(&values(output), &[1.0 / scale, 5.0 / scale], 1e-5);
    assert_close(&values(norm.running_mean.value_sync()), &[0.0], 0.0);
}

#[test]
fn kernels_start_as_in_keras_and_depend_on_the_seed_alone() {
    let device = Device::flex();
    let first = {
        let _guard = seeded(11);
        Conv2dConfig::new([3, 12], [5, 5]).init(&device)
    };
    let second = {
        let _guard = seeded(11);
        let conv = Conv2dConfig::new([3, 12], [5, 5]).init(&device);
        // Drawn at construction: what is drawn later changes nothing.
        drop(dense(3, 3, &device));
        conv
    };
    assert_eq!(values(first.weight.val()), values(second.weight.val()));
    let other = {
        let _guard = seeded(12);
        Conv2dConfig::new([3, 12], [5, 5]).init(&device)
    };
    assert_ne!(values(first.weight.val()), values(other.weight.val()));

    // Glorot: uniform on ±√(6 / (25·3 + 25·12)), variance limit² / 3.
    let limit = (6.0_f32 / 375.0).sqrt();
    let weights = values(first.weight.val());
    assert!(weights.iter().all(|w| w.abs() <= limit));
    let variance = weights.iter().map(|w| w * w).sum::<f32>() / weights.len() as f32;
    assert!((variance / (limit * limit / 3.0) - 1.0).abs() < 0.15);
    assert!(values(first.bias.unwrap().val()).iter().all(|b| *b == 0.0));

    let _guard = seeded(1);
    let layer = dense(100, 200, &device);
    let limit = (6.0_f32 / 300.0).sqrt();
    let weights = values(layer.weight.val());
    let largest = weights.iter().fold(0.0_f32, |m, w| m.max(w.abs()));
    assert!(largest <= limit && largest > 0.98 * limit);
    assert!(values(layer.bias.unwrap().val()).iter().all(|b| *b == 0.0));
}

#[test]
fn the_standard_cnn_has_the_originals_size() {
    let _guard = seeded(1);
    let device = Device::flex();
    let model = StandardCnnConfig::new().init(&device);
    assert_eq!(model.num_trainable_params(), 640_889);
    assert_eq!(model.num_params(), 641_201);
    // Counting does not depend on the mode, and follows freezing.
    assert_eq!(model.clone().train().num_trainable_params(), 640_889);
    assert_eq!(model.clone().freeze().num_trainable_params(), 0);

    let encoder = StandardCnnConfig::new().with_n_outputs(201).init(&device);
    assert_eq!(encoder.num_trainable_params(), 743_489);

    let images = Tensor::<4>::ones([2, 3, 64, 64], &device);
    let features = model.features(images.clone());
    assert_eq!(features.dims(), [2, 72, 4, 4]);
    let whole = values(model.forward(images));
    assert_close(&whole, &values(model.head(features)), 0.0);
}

#[test]
fn a_printed_model_has_one_line_a_layer() {
    let _guard = seeded(1);
    let model = StandardCnnConfig::new().init(&Device::flex());
    let text = format!("{model}");
    let first = "conv1: Conv2d {channels: [3, 12], kernel_size: [5, 5], stride: [2, 2], padding: Same, params: 912}";
    assert!(text.contains(first), "{text}");
    assert!(text.contains("params: 641201"), "{text}");
    assert_eq!(text.lines().count(), 13, "{text}");
    assert_eq!(format!("{model:?}"), text);
}

#[test]
fn record_paths_and_layer_names_are_burns() {
    let _guard = seeded(1);
    #[derive(Default)]
    struct Paths {
        stack: Vec<String>,
        kinds: Vec<(String, String)>,
        leaves: Vec<String>,
    }
    impl ModuleVisitor for Paths {
        fn enter_module(&mut self, name: &str, container: &str) {
            self.stack.push(name.to_owned());
            self.kinds.push((name.to_owned(), container.to_owned()));
        }
        fn exit_module(&mut self, _name: &str, _container: &str) {
            self.stack.pop();
        }
        fn visit_float<const D: usize>(&mut self, _param: &Param<Tensor<D>>) {
            self.leaves.push(self.stack.join("."));
        }
    }
    let model = StandardCnnConfig::new()
        .with_n_filters(1)
        .init(&Device::flex());
    let mut paths = Paths::default();
    model.visit(&mut paths);
    for path in [
        "conv1.weight",
        "conv4.bias",
        "norm2.gamma",
        "norm2.beta",
        "norm3.running_mean",
        "norm3.running_var",
        "hidden.weight",
        "output.bias",
    ] {
        assert!(
            paths.leaves.iter().any(|leaf| leaf == path),
            "{path} : {:?}",
            paths.leaves
        );
    }
    let containers: Vec<&str> = paths.kinds.iter().map(|kind| kind.1.as_str()).collect();
    for name in ["Struct:Conv2d", "Struct:BatchNorm", "Struct:Linear"] {
        assert!(containers.contains(&name), "{name} : {containers:?}");
    }
}

#[test]
fn a_saved_model_answers_the_same_when_loaded() {
    let device = Device::flex();
    let config = StandardCnnConfig::new()
        .with_n_filters(2)
        .with_image_size(16);
    let _guard = seeded(5);
    let images = Tensor::<4>::random([3, 3, 16, 16], normal(), &device);
    let model = config.init(&device);
    let expected = values(model.forward(images.clone()));
    let other = config.init(&device);
    assert_ne!(values(other.forward(images.clone())), expected);
    let loaded = other.load_record(model.into_record());
    assert_close(&values(loaded.forward(images)), &expected, 0.0);
}

#[test]
fn gradients_equal_finite_differences() {
    let device = Device::flex();
    let _guard = seeded(21);
    let model = StandardCnnConfig::new()
        .with_n_filters(2)
        .with_image_size(20)
        .with_n_hidden(6)
        .init(&device);
    let images = Tensor::<4>::random([6, 3, 20, 20], normal(), &device);
    let labels = Tensor::<1>::from_data([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], &device);
    let (images, labels) = (
        images.cast(DType::F64).autodiff(),
        labels.cast(DType::F64).autodiff(),
    );
    // Training mode: the batch statistics are part of what is differentiated.
    let in_precision = |dtype: DType| {
        let (images, labels) = (images.clone().cast(dtype), labels.clone().cast(dtype));
        move |model: &StandardCnn| {
            let logits = model.forward(images.clone()).reshape([6]);
            binary_cross_entropy_with_logits(logits, labels.clone())
                .unwrap()
                .mean()
        }
    };
    let found = gradients(&model, in_precision(DType::F32));
    let count: usize = found
        .iter()
        .filter_map(|(_, gradient)| gradient.as_ref())
        .map(Vec::len)
        .sum();
    assert_eq!(count, model.num_trainable_params());

    let (error, compared) = gradient_error(&model, in_precision(DType::F64), "");
    assert!(compared >= 50, "{compared}");
    assert!(error < 1e-5, "{error}");
}
