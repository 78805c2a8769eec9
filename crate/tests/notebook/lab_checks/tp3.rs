//! The checks of the lab of annotated gender and age, `tp3_genre_age`.

use std::sync::LazyLock;

use visages::{data::LabelledSplit, prelude::*};

// What the lab gives, and the reference solutions that it stands on; a module of cases replaces one of them.
lab_cells::given!("tp3_genre_age", "const BATCH_SIZE");
lab_cells::exercise!("tp3_genre_age", "heads");
lab_cells::given!("tp3_genre_age", "struct SmallNet {");
lab_cells::exercise!("tp3_genre_age", "joint_loss");
lab_cells::given!("tp3_genre_age", "const AGE_WEIGHT");
lab_cells::exercise!("tp3_genre_age", "validate");

/// A few drawn faces.
static SMALL: LazyLock<LabelledSplit> = LazyLock::new(|| {
    let drawn = DrawnFacesConfig::new().with_faces(80).with_side(64);
    let faces = Labelled::new(drawn.images().unwrap(), drawn.frame().unwrap()).unwrap();
    faces
        .split(&SplitConfig::new().with_shares(0.4, 0.0))
        .unwrap()
});

/// One module a solution: its items answer one check cell.
macro_rules! cases {
    ($cell:tt; $($name:ident: $expected:ident { $($item:item)* })*) => {$(
        #[allow(dead_code, unused_assignments, unused_imports, unused_mut, unused_variables)]
        mod $name {
            use crate::lab_checks::tp3::*;
            $($item)*
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                let device = Device::flex();
                let (small, small_side) = (&*SMALL, 64);
                $crate::lab_checks::judge(&lab_cells::checks!("tp3_genre_age", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

/// Batches whose pixels, gender and age are made as `$made` says.
macro_rules! batches {
    ($($name:ident: $expected:ident |$bytes:ident, $gender:ident, $age:ident| $made:expr;)*) => {
        cases! { "make_batch"; $($name: $expected {
            fn make_batch(set: &Labelled, device: &Device) -> Result<(Tensor<4>, Tensor<1>, Tensor<1>), Error> {
                let $bytes = pixel_bytes(set.images(), device)?;
                let $gender = set.target("gender", device)?;
                let $age = set.target("age", device)?;
                Ok($made)
            }
        })* }
    };
}

mod make_batch {
    cases! { "make_batch";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "make_batch");
        }
        stub: Zero {
            fn make_batch(_: &Labelled, _: &Device) -> Result<(Tensor<4>, Tensor<1>, Tensor<1>), Error> { todo!("À FAIRE"); }
        }
    }
    batches! {
        by_products: Full |bytes, gender, age| (bytes * (1.0 / 255.0), gender, age.div_scalar(120.0));
        nothing_divided: Zero |bytes, gender, age| (bytes, gender, age);
        pixels_alone: Less |bytes, gender, age| (bytes / 255.0, gender, age);
        age_alone: Less |bytes, gender, age| (bytes, gender, age / MAX_AGE);
        another_greatest_age: Less |bytes, gender, age| (bytes / 255.0, gender, age / 116.0);
        gender_divided: Less |bytes, gender, age| (bytes / 255.0, gender / 255.0, age / MAX_AGE);
        by_256: Less |bytes, gender, age| (bytes / 256.0, gender, age / MAX_AGE);
    }
}

mod seed_augmentation {
    cases! { "seed_augmentation";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "seed_augmentation");
        }
        one_at_a_time: Full {
            fn seed_augmentation(crop: usize, seed: u64) -> Augmenter {
                let mut augmenter = Augmenter::new(seed);
                for transform in [
                    Transform::RandomCrop { height: crop, width: crop, padding: 0 },
                    Transform::Flip { probability: 1.0 / 2.0 },
                    Transform::Brightness { share: 0.2 },
                ] {
                    augmenter = augmenter.with(transform);
                }
                augmenter
            }
        }
        stub: Zero {
            fn seed_augmentation(_: usize, _: u64) -> Augmenter { todo!("À FAIRE"); }
        }
        nothing: Zero {
            fn seed_augmentation(_: usize, seed: u64) -> Augmenter { Augmenter::new(seed) }
        }
        another_order: Zero {
            fn seed_augmentation(crop: usize, seed: u64) -> Augmenter {
                Augmenter::new(seed)
                    .with(Transform::Brightness { share: 0.2 })
                    .with(Transform::Flip { probability: 0.5 })
                    .with(Transform::RandomCrop { height: crop, width: crop, padding: 0 })
            }
        }
        with_a_margin: Less {
            fn seed_augmentation(crop: usize, seed: u64) -> Augmenter {
                Augmenter::new(seed)
                    .with(Transform::RandomCrop { height: crop, width: crop, padding: 4 })
                    .with(Transform::Flip { probability: 0.5 })
                    .with(Transform::Brightness { share: 0.2 })
            }
        }
        always_mirrored: Less {
            fn seed_augmentation(crop: usize, seed: u64) -> Augmenter {
                Augmenter::new(seed)
                    .with(Transform::RandomCrop { height: crop, width: crop, padding: 0 })
                    .with(Transform::Flip { probability: 1.0 })
                    .with(Transform::Brightness { share: 0.2 })
            }
        }
        another_size: Less {
            fn seed_augmentation(_: usize, seed: u64) -> Augmenter {
                Augmenter::new(seed)
                    .with(Transform::RandomCrop { height: 64, width: 64, padding: 0 })
                    .with(Transform::Flip { probability: 0.5 })
                    .with(Transform::Brightness { share: 0.2 })
            }
        }
    }
}

mod heads {
    cases! { "heads";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "heads");
        }
        by_reshape: Full {
            fn heads(features: Tensor<2>, gender: &Linear, age: &Linear) -> Heads {
                let [images, _] = features.dims();
                let logits = gender.forward(features.clone()).reshape([images]);
                (logits, age.forward(features).reshape([images]))
            }
        }
        stub: Zero {
            fn heads(_: Tensor<2>, _: &Linear, _: &Linear) -> Heads { todo!("À FAIRE"); }
        }
        swapped: Zero {
            fn heads(features: Tensor<2>, gender: &Linear, age: &Linear) -> Heads {
                (age.forward(features.clone()).flatten(0, 1), gender.forward(features).flatten(0, 1))
            }
        }
        one_layer_twice: Zero {
            fn heads(features: Tensor<2>, gender: &Linear, _: &Linear) -> Heads {
                let answer: Tensor<1> = gender.forward(features).flatten(0, 1);
                (answer.clone(), answer)
            }
        }
        with_a_sigmoid: Zero {
            fn heads(features: Tensor<2>, gender: &Linear, age: &Linear) -> Heads {
                (sigmoid(gender.forward(features.clone())).flatten(0, 1), age.forward(features).flatten(0, 1))
            }
        }
    }
}

mod joint_loss {
    cases! { "joint_loss";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "joint_loss");
        }
        one_mean: Full {
            fn joint_loss((logits, ages): Heads, gender: Tensor<1>, age: Tensor<1>, weight: f64) -> Result<Tensor<1>, Error> {
                let of_gender = binary_cross_entropy_with_logits(logits, gender)?;
                Ok((of_gender + squared_error(ages, age)? * weight).mean())
            }
        }
        by_formula: Full {
            fn joint_loss((logits, ages): Heads, gender: Tensor<1>, age: Tensor<1>, weight: f64) -> Result<Tensor<1>, Error> {
                let score = sigmoid(logits);
                let of_gender = -(gender.clone() * score.clone().log() + (-gender + 1.0) * (-score + 1.0).log());
                Ok(of_gender.mean() + (ages - age).powi_scalar(2).mean() * weight)
            }
        }
        stub: Zero {
            fn joint_loss(_: Heads, _: Tensor<1>, _: Tensor<1>, _: f64) -> Result<Tensor<1>, Error> { todo!("À FAIRE"); }
        }
        without_the_weight: Less {
            fn joint_loss((logits, ages): Heads, gender: Tensor<1>, age: Tensor<1>, _: f64) -> Result<Tensor<1>, Error> {
                Ok(binary_cross_entropy_with_logits(logits, gender)?.mean() + squared_error(ages, age)?.mean())
            }
        }
        weight_of_the_other: Zero {
            fn joint_loss((logits, ages): Heads, gender: Tensor<1>, age: Tensor<1>, weight: f64) -> Result<Tensor<1>, Error> {
                Ok(binary_cross_entropy_with_logits(logits, gender)?.mean() * weight + squared_error(ages, age)?.mean())
            }
        }
        sums: Less {
            fn joint_loss((logits, ages): Heads, gender: Tensor<1>, age: Tensor<1>, weight: f64) -> Result<Tensor<1>, Error> {
                Ok(binary_cross_entropy_with_logits(logits, gender)?.sum() + squared_error(ages, age)?.sum() * weight)
            }
        }
        absolute: Less {
            fn joint_loss((logits, ages): Heads, gender: Tensor<1>, age: Tensor<1>, weight: f64) -> Result<Tensor<1>, Error> {
                Ok(binary_cross_entropy_with_logits(logits, gender)?.mean() + absolute_error(ages, age)?.mean() * weight)
            }
        }
        gender_alone: Less {
            fn joint_loss((logits, _): Heads, gender: Tensor<1>, _: Tensor<1>, _: f64) -> Result<Tensor<1>, Error> {
                Ok(binary_cross_entropy_with_logits(logits, gender)?.mean())
            }
        }
    }
}

/// A validation whose accuracy and MAE are `$measured`.
macro_rules! validations {
    ($($name:ident: $expected:ident |$logits:ident, $ages:ident, $gender:ident, $age:ident| $measured:expr;)*) => {
        cases! { "validate"; $($name: $expected {
            fn validate<M: Module>(
                model: &M, forward: fn(&M, Tensor<4>) -> Heads, set: &Labelled, device: &Device,
            ) -> Result<[(&'static str, f64); 4], Error> {
                let ($logits, $ages) = answers(model, forward, set.images(), device)?;
                let ($gender, $age) = (set.target("gender", device)?, set.target("age", device)?);
                let loss = joint_loss(($logits.clone(), $ages.clone()), $gender.clone(), $age.clone() / MAX_AGE, AGE_WEIGHT)?;
                let (accuracy, mae): (Tensor<1>, Tensor<1>) = $measured;
                let (accuracy, mae): (f64, f64) = (accuracy.into_scalar(), mae.into_scalar());
                Ok([("perte", loss.into_scalar()), ("exactitude", accuracy), ("MAE", mae), ("choix", 1.0 - accuracy + mae / 30.0)])
            }
        })* }
    };
}

mod validate {
    cases! { "validate";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "validate");
        }
        stub: Zero {
            fn validate<M: Module>(
                _: &M, _: fn(&M, Tensor<4>) -> Heads, _: &Labelled, _: &Device,
            ) -> Result<[(&'static str, f64); 4], Error> { todo!("À FAIRE"); }
        }
    }
    validations! {
        by_scores: Full |logits, ages, gender, age| {
            let right = sigmoid(logits).greater_elem(0.5).float().equal(gender);
            (right.float().mean(), (ages - age / MAX_AGE).abs().mean() * MAX_AGE)
        };
        in_shares_of_120_years: Less |logits, ages, gender, age| {
            (logits.greater_elem(0.0).float().equal(gender).float().mean(), (ages - age / MAX_AGE).abs().mean())
        };
        units_mixed: Less |logits, ages, gender, age| {
            (logits.greater_elem(0.0).float().equal(gender).float().mean(), (ages - age).abs().mean())
        };
        signed: Less |logits, ages, gender, age| {
            (logits.greater_elem(0.0).float().equal(gender).float().mean(), (ages * MAX_AGE - age).mean())
        };
        absolute_value_of_the_mean: Less |logits, ages, gender, age| {
            (logits.greater_elem(0.0).float().equal(gender).float().mean(), (ages * MAX_AGE - age).mean().abs())
        };
        swapped: Zero |logits, ages, gender, age| {
            ((ages * MAX_AGE - age).abs().mean(), logits.greater_elem(0.0).float().equal(gender).float().mean())
        };
    }
}

/// A loop whose step is `$step`.
macro_rules! loops {
    ($($name:ident: $expected:ident |$model:ident, $optimizer:ident, $forward:ident, $batch:ident, $rate:ident| $step:expr;)*) => {
        cases! { "train_two_heads"; $($name: $expected {
            fn train_two_heads<M: Module>(
                network: M, $forward: fn(&M, Tensor<4>) -> Heads, train: &Labelled, validation: &Labelled,
                batches: &BatchConfig, epochs: u32, device: &Device,
            ) -> Result<Fitted<M>, Error> {
                let mut log = TrainingLog::start(epochs, train.len() / batches.size());
                let mut $optimizer = AdamConfig::new().init();
                let mut $model = network.train();
                for epoch in log.epochs() {
                    for batch in batches.epoch(train, epoch, &device.clone().autodiff())? {
                        let $batch = batch?;
                        let $rate = 1e-3;
                        let (updated, value): (M, f64) = $step;
                        $model = updated;
                        log.step(epoch, value)?;
                    }
                    log.end_epoch(epoch, &validate(&$model, $forward, validation, device)?)?;
                }
                Ok(log.finish_with($model.valid()))
            }
        })* }
    };
}

mod train_two_heads {
    cases! { "train_two_heads";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "train_two_heads");
        }
        stub: Zero {
            fn train_two_heads<M: Module>(
                _: M, _: fn(&M, Tensor<4>) -> Heads, _: &Labelled, _: &Labelled, _: &BatchConfig, _: u32, _: &Device,
            ) -> Result<Fitted<M>, Error> { todo!("À FAIRE"); }
        }
    }
    loops! {
        gradients_by_hand: Full |model, optimizer, forward, batch, rate| {
            let age = batch.target("age")? / MAX_AGE;
            let loss = joint_loss(forward(&model, batch.images.clone()), batch.target("gender")?, age, AGE_WEIGHT)?;
            let value: f64 = loss.clone().into_scalar();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            (optimizer.step(rate, model, gradients), value)
        };
        never_updated: Less |model, optimizer, forward, batch, rate| {
            let age = batch.target("age")? / MAX_AGE;
            let loss = joint_loss(forward(&model, batch.images.clone()), batch.target("gender")?, age, AGE_WEIGHT)?;
            (model, loss.into_scalar())
        };
        ages_in_years: Less |model, optimizer, forward, batch, rate| {
            let outputs = forward(&model, batch.images.clone());
            let loss = joint_loss(outputs, batch.target("gender")?, batch.target("age")?, AGE_WEIGHT)?;
            gradient_step(model, &mut optimizer, loss, rate)?
        };
        another_weight: Less |model, optimizer, forward, batch, rate| {
            let outputs = forward(&model, batch.images.clone());
            let loss = joint_loss(outputs, batch.target("gender")?, batch.target("age")? / MAX_AGE, 1.0)?;
            gradient_step(model, &mut optimizer, loss, rate)?
        };
        labels_exchanged: Less |model, optimizer, forward, batch, rate| {
            let outputs = forward(&model, batch.images.clone());
            let loss = joint_loss(outputs, batch.target("age")? / MAX_AGE, batch.target("gender")?, AGE_WEIGHT)?;
            gradient_step(model, &mut optimizer, loss, rate)?
        };
    }
}

mod age_errors {
    cases! { "age_errors";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "age_errors");
        }
        with_a_loop: Full {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let (mut absolute, mut signed) = (0.0, 0.0);
                for i in 0..truth.len() {
                    let error = predicted[i] - truth[i];
                    absolute += error.abs() / truth.len() as f64;
                    signed += error / truth.len() as f64;
                }
                (absolute, signed)
            }
        }
        stub: Zero {
            fn age_errors(_: &[f64], _: &[f64]) -> (f64, f64) { todo!("À FAIRE"); }
        }
        other_sign: Less {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let errors: Vec<f64> = predicted.iter().zip(truth).map(|(p, t)| t - p).collect();
                let n = errors.len() as f64;
                (errors.iter().map(|e| e.abs()).sum::<f64>() / n, errors.iter().sum::<f64>() / n)
            }
        }
        sign_forgotten: Less {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let total: f64 = predicted.iter().zip(truth).map(|(p, t)| (p - t).abs()).sum();
                let mae = total / truth.len() as f64;
                (mae, mae)
            }
        }
        absolute_of_the_mean: Less {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let total: f64 = predicted.iter().zip(truth).map(|(p, t)| p - t).sum();
                let mean = total / truth.len() as f64;
                (mean.abs(), mean)
            }
        }
        root_of_squares: Less {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let errors: Vec<f64> = predicted.iter().zip(truth).map(|(p, t)| p - t).collect();
                let n = errors.len() as f64;
                ((errors.iter().map(|e| e * e).sum::<f64>() / n).sqrt(), errors.iter().sum::<f64>() / n)
            }
        }
        sums: Less {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let errors: Vec<f64> = predicted.iter().zip(truth).map(|(p, t)| p - t).collect();
                (errors.iter().map(|e| e.abs()).sum(), errors.iter().sum())
            }
        }
        swapped: Less {
            fn age_errors(truth: &[f64], predicted: &[f64]) -> (f64, f64) {
                let errors: Vec<f64> = predicted.iter().zip(truth).map(|(p, t)| p - t).collect();
                let n = errors.len() as f64;
                (errors.iter().sum::<f64>() / n, errors.iter().map(|e| e.abs()).sum::<f64>() / n)
            }
        }
    }
}

mod half_width {
    cases! { "half_width";
        reference: Full {
            lab_cells::exercise!("tp3_genre_age", "half_width");
        }
        smallest_that_covers: Full {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(|a, b| a.partial_cmp(b).unwrap());
                let covers = |size: f64| sizes.iter().filter(|other| **other <= size).count() as f64 >= level * sizes.len() as f64;
                sizes.iter().copied().find(|size| covers(*size)).unwrap()
            }
        }
        stub: Zero {
            fn half_width(_: &[f64], _: f64) -> f64 { todo!("À FAIRE"); }
        }
        without_absolute_values: Zero {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes = errors.to_vec();
                sizes.sort_by(f64::total_cmp);
                sizes[((level * sizes.len() as f64).ceil() as usize).max(1) - 1]
            }
        }
        not_sorted: Less {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes[((level * sizes.len() as f64).ceil() as usize).max(1) - 1]
            }
        }
        one_rank_too_far: Less {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(f64::total_cmp);
                sizes[(level * sizes.len() as f64) as usize]
            }
        }
        rounded_down: Less {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(f64::total_cmp);
                let n = sizes.len() as f64;
                sizes[((level * n) as usize).max(1) - 1]
            }
        }
        rounded: Less {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(f64::total_cmp);
                let n = sizes.len() as f64;
                sizes[((level * n).round() as usize).max(1) - 1]
            }
        }
        between_ranks: Less {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(f64::total_cmp);
                let n = sizes.len() as f64;
                sizes[(level * (n - 1.0)) as usize]
            }
        }
        largest_first: Less {
            fn half_width(errors: &[f64], level: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(|a, b| b.total_cmp(a));
                sizes[((level * sizes.len() as f64).ceil() as usize).max(1) - 1]
            }
        }
        level_forgotten: Less {
            fn half_width(errors: &[f64], _: f64) -> f64 {
                let mut sizes: Vec<f64> = errors.iter().map(|error| error.abs()).collect();
                sizes.sort_by(f64::total_cmp);
                sizes[((0.9 * sizes.len() as f64).ceil() as usize).max(1) - 1]
            }
        }
    }
}
