//! The checks of the lab of two age classes, `tp6_jeune_age`.

use std::sync::LazyLock;

use visages::{
    data::{AgeClasses, AgeClassesConfig},
    prelude::*,
};

// What the lab gives; a module of cases adds one solution.
lab_cells::given!("tp6_jeune_age", "const CLASSES");
lab_cells::given!("tp6_jeune_age", "const CROP");
lab_cells::given!("tp6_jeune_age", "struct Net {");
lab_cells::given!("tp6_jeune_age", "fn probabilities(");
lab_cells::given!("tp6_jeune_age", "const LEARNING_RATE");
lab_cells::given!("tp6_jeune_age", "fn validation_loss(");

/// Few drawn people.
static DATA: LazyLock<AgeClasses> = LazyLock::new(|| {
    let config = AgeClassesConfig::new().with_images(80, 40, 40);
    config.drawn().unwrap()
});

/// One module a solution: its items answer one check cell.
macro_rules! cases {
    ($cell:tt; $($name:ident: $expected:ident { $($item:item)* })*) => {$(
        #[allow(dead_code, unused_assignments, unused_imports, unused_variables)]
        mod $name {
            use crate::lab_checks::tp6::*;
            $($item)*
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                let device = Device::flex();
                let data = &*DATA;
                let net = Net::new(42, &device);
                $crate::lab_checks::judge(&lab_cells::checks!("tp6_jeune_age", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

mod layer_parameters {
    cases! { "layer_parameters";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "layer_parameters");
        }
        by_formula: Full {
            fn layer_parameters() -> [usize; 5] {
                let conv = |from: usize, to: usize| to * (from * 9 + 1);
                let dense = |from: usize, to: usize| to * (from + 1);
                [conv(3, 32), conv(32, 64), dense(18_496, 256), dense(256, 128), dense(128, 2)]
            }
        }
        stub: Zero {
            fn layer_parameters() -> [usize; 5] { todo!("À FAIRE"); }
        }
        without_biases: Zero {
            fn layer_parameters() -> [usize; 5] { [864, 18_432, 4_734_976, 32_768, 256] }
        }
        whole_images: Less {
            fn layer_parameters() -> [usize; 5] { [896, 18_496, 64 * 23 * 23 * 256 + 256, 32_896, 258] }
        }
    }
}

mod untrained_accuracies {
    cases! { "untrained_accuracies";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "untrained_accuracies");
        }
        with_an_iterator: Full {
            fn untrained_accuracies(n: u64, set: &Labelled, device: &Device) -> Result<Vec<f64>, Error> {
                (0..n).map(|seed| evaluate(&Net::new(seed, device), set, device)).collect()
            }
        }
        stub: Zero {
            fn untrained_accuracies(_: u64, _: &Labelled, _: &Device) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
        }
        one_network_n_times: Zero {
            fn untrained_accuracies(n: u64, set: &Labelled, device: &Device) -> Result<Vec<f64>, Error> {
                let net = Net::new(0, device);
                (0..n).map(|_| evaluate(&net, set, device)).collect()
            }
        }
        nothing: Zero {
            fn untrained_accuracies(_: u64, _: &Labelled, _: &Device) -> Result<Vec<f64>, Error> { Ok(Vec::new()) }
        }
    }
}

/// A loop that measures as `$measure` does, after the step.
macro_rules! loops {
    ($($name:ident: $expected:ident |$log:ident, $step:ident, $every:ident, $model:ident, $validation:ident, $train:ident, $device:ident| $measure:expr;)*) => {
        cases! { "train_with_curve"; $($name: $expected {
            fn train_with_curve(
                model: Net, $train: &Labelled, $validation: &Labelled, batches: &BatchConfig, num_epochs: u32, $every: usize, $device: &Device,
            ) -> Result<Fitted<Net>, Error> {
                let mut $log = TrainingLog::start(num_epochs, $train.len() / batches.size());
                let mut optimizer = SgdConfig::new().with_momentum(MOMENTUM).init();
                let mut $model = model.train();
                let mut $step = 0;
                for epoch in $log.epochs() {
                    for batch in batches.epoch($train, epoch, $device)? {
                        let batch = batch?;
                        let logits = $model.forward(normalize(batch.images.clone()).autodiff());
                        let loss = softmax_cross_entropy(logits, batch.class_target("label")?.autodiff())?.mean();
                        let value: f64 = loss.clone().into_scalar();
                        let gradients = GradientsParams::from_grads(loss.backward(), &$model);
                        $model = optimizer.step(LEARNING_RATE, $model, gradients);
                        $log.step(epoch, value)?;
                        $step += 1;
                        $measure;
                    }
                }
                Ok($log.finish_with($model.valid()))
            }
        })* }
    };
}

mod train_with_curve {
    cases! { "train_with_curve";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "train_with_curve");
        }
        stub: Zero {
            fn train_with_curve(
                _: Net, _: &Labelled, _: &Labelled, _: &BatchConfig, _: u32, _: usize, _: &Device,
            ) -> Result<Fitted<Net>, Error> { todo!("À FAIRE"); }
        }
    }
    loops! {
        one_call: Full |log, step, every, model, validation, train, device| if step % every == 0 {
            log.validate(&[
                ("exactitude", evaluate(&model, validation, device)?),
                ("perte", validation_loss(&model, validation, device)?),
            ])?;
        };
        nothing_measured: Zero |log, step, every, model, validation, train, device| {};
        every_batch: Less |log, step, every, model, validation, train, device| {
            log.validate(&[
                ("perte", validation_loss(&model, validation, device)?),
                ("exactitude", evaluate(&model, validation, device)?),
            ])?;
        };
        on_the_training_set: Less |log, step, every, model, validation, train, device| if step % every == 0 {
            log.validate(&[
                ("perte", validation_loss(&model, train, device)?),
                ("exactitude", evaluate(&model, train, device)?),
            ])?;
        };
        loss_alone: Zero |log, step, every, model, validation, train, device| if step % every == 0 {
            log.validate(&[("perte", validation_loss(&model, validation, device)?)])?;
        };
    }
}

mod class_gaps {
    cases! { "class_gaps";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "class_gaps");
        }
        with_a_loop: Full {
            fn class_gaps(probabilities: &[f64], labels: &[usize]) -> Vec<f64> {
                let mut gaps = Vec::new();
                for i in 0..labels.len() {
                    let right = if labels[i] == 0 { 1.0 - probabilities[i] } else { probabilities[i] };
                    gaps.push(right - (1.0 - right));
                }
                gaps
            }
        }
        stub: Zero {
            fn class_gaps(_: &[f64], _: &[usize]) -> Vec<f64> { todo!("À FAIRE"); }
        }
        of_class_1_always: Zero {
            fn class_gaps(probabilities: &[f64], _: &[usize]) -> Vec<f64> {
                probabilities.iter().map(|p| 2.0 * p - 1.0).collect()
            }
        }
        absolute: Zero {
            fn class_gaps(probabilities: &[f64], _: &[usize]) -> Vec<f64> {
                probabilities.iter().map(|p| (2.0 * p - 1.0).abs()).collect()
            }
        }
        probability_of_the_class: Zero {
            fn class_gaps(probabilities: &[f64], labels: &[usize]) -> Vec<f64> {
                probabilities.iter().zip(labels).map(|(p, label)| if *label == 1 { *p } else { 1.0 - p }).collect()
            }
        }
    }
}

mod group_rule {
    cases! { "group_rule";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "group_rule");
        }
        by_means: Full {
            fn group_rule(faces: &DataFrame) -> Result<f64, Error> {
                let table = faces.clone().lazy()
                    .group_by([col("race"), col("gender")])
                    .agg([len().alias("n"), col("class").mean().alias("old")])
                    .collect()?;
                let mut right = 0.0;
                for (n, old) in table.column("n")?.u32()?.iter().flatten().zip(table.column("old")?.f64()?.iter().flatten()) {
                    right += f64::from(n) * old.max(1.0 - old);
                }
                Ok(right / faces.height() as f64)
            }
        }
        stub: Zero {
            fn group_rule(_: &DataFrame) -> Result<f64, Error> { todo!("À FAIRE"); }
        }
        always_old: Less {
            fn group_rule(faces: &DataFrame) -> Result<f64, Error> {
                Ok(faces.column("class")?.i32()?.mean().unwrap_or(0.0))
            }
        }
        by_comparing: Full {
            fn group_rule(faces: &DataFrame) -> Result<f64, Error> {
                let table = faces.clone().lazy().group_by([col("gender"), col("race")])
                    .agg([len().alias("n").cast(DataType::Int64), col("class").sum().cast(DataType::Int64).alias("old")])
                    .collect()?;
                let (n, old) = (table.column("n")?.i64()?, table.column("old")?.i64()?);
                let right: i64 = n.iter().flatten().zip(old.iter().flatten()).map(|(n, old)| if 2 * old > n { old } else { n - old }).sum();
                Ok(right as f64 / faces.height() as f64)
            }
        }
        mean_of_groups: Less {
            fn group_rule(faces: &DataFrame) -> Result<f64, Error> {
                let table = faces.clone().lazy().group_by([col("gender")]).agg([col("class").mean().alias("old")]).collect()?;
                let rates: Vec<f64> = table.column("old")?.f64()?.iter().flatten().collect();
                Ok(rates.iter().sum::<f64>() / rates.len() as f64)
            }
        }
    }
}

mod multi_crop {
    cases! { "multi_crop";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "multi_crop");
        }
        sum_then_divide: Full {
            fn multi_crop(model: &Net, images: &ImageStore, k: usize, seed: u64, device: &Device) -> Result<Vec<f64>, Error> {
                let all: Vec<usize> = (0..images.len()).collect();
                let mut answers = Vec::new();
                for i in 0..k {
                    answers.push(probabilities(model, &random_crops(images, &all, CROP, 4, seed + i as u64)?, device)?);
                }
                Ok(all.iter().map(|image| answers.iter().map(|one| one[*image]).sum::<f64>() / k as f64).collect())
            }
        }
        stub: Zero {
            fn multi_crop(_: &Net, _: &ImageStore, _: usize, _: u64, _: &Device) -> Result<Vec<f64>, Error> { todo!("À FAIRE"); }
        }
        same_seed: Less {
            fn multi_crop(model: &Net, images: &ImageStore, k: usize, seed: u64, device: &Device) -> Result<Vec<f64>, Error> {
                let all: Vec<usize> = (0..images.len()).collect();
                let mut totals = vec![0.0; images.len()];
                for _ in 0..k {
                    let crops = random_crops(images, &all, CROP, 4, seed)?;
                    for (total, p) in totals.iter_mut().zip(probabilities(model, &crops, device)?) { *total += p / k as f64; }
                }
                Ok(totals)
            }
        }
        not_divided: Less {
            fn multi_crop(model: &Net, images: &ImageStore, k: usize, seed: u64, device: &Device) -> Result<Vec<f64>, Error> {
                let all: Vec<usize> = (0..images.len()).collect();
                let mut totals = vec![0.0; images.len()];
                for i in 0..k {
                    let crops = random_crops(images, &all, CROP, 4, seed + i as u64)?;
                    for (total, p) in totals.iter_mut().zip(probabilities(model, &crops, device)?) { *total += p; }
                }
                Ok(totals)
            }
        }
        crops_of_the_centre: Zero {
            fn multi_crop(model: &Net, images: &ImageStore, k: usize, seed: u64, device: &Device) -> Result<Vec<f64>, Error> {
                let all: Vec<usize> = (0..images.len()).collect();
                probabilities(model, &center_crops(images, &all, CROP)?, device)
            }
        }
    }
}

mod extremes {
    cases! { "extremes";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "extremes");
        }
        by_descending_order: Full {
            fn extremes(gaps: &[f64], n: usize) -> (Vec<usize>, Vec<usize>) {
                let mut order: Vec<usize> = (0..gaps.len()).collect();
                order.sort_by(|a, b| gaps[*b].partial_cmp(&gaps[*a]).unwrap());
                let best = order.iter().take(n).copied().collect();
                (order.into_iter().rev().take(n).collect(), best)
            }
        }
        stub: Zero {
            fn extremes(_: &[f64], _: usize) -> (Vec<usize>, Vec<usize>) { todo!("À FAIRE"); }
        }
        swapped: Zero {
            fn extremes(gaps: &[f64], n: usize) -> (Vec<usize>, Vec<usize>) {
                let mut order: Vec<usize> = (0..gaps.len()).collect();
                order.sort_by(|a, b| gaps[*b].total_cmp(&gaps[*a]));
                (order[..n].to_vec(), order[order.len() - n..].iter().rev().copied().collect())
            }
        }
        best_not_reversed: Zero {
            fn extremes(gaps: &[f64], n: usize) -> (Vec<usize>, Vec<usize>) {
                let mut order: Vec<usize> = (0..gaps.len()).collect();
                order.sort_by(|a, b| gaps[*a].total_cmp(&gaps[*b]));
                (order[..n].to_vec(), order[order.len() - n..].to_vec())
            }
        }
        by_size_of_the_gap: Zero {
            fn extremes(gaps: &[f64], n: usize) -> (Vec<usize>, Vec<usize>) {
                let mut order: Vec<usize> = (0..gaps.len()).collect();
                order.sort_by(|a, b| gaps[*a].abs().total_cmp(&gaps[*b].abs()));
                (order[..n].to_vec(), order[order.len() - n..].iter().rev().copied().collect())
            }
        }
    }
}

/// A step of the ascent whose goal is `$goal`.
macro_rules! ascents {
    ($($name:ident: $expected:ident |$logits:ident, $image:ident, $start:ident, $weight:ident| $goal:expr;)*) => {
        cases! { "ascend"; $($name: $expected {
            fn ascend(model: &Net, image: Tensor<4>, $start: Tensor<4>, $weight: f64, rate: f64) -> Result<Tensor<4>, Error> {
                let $image = image.autodiff().require_grad();
                let $logits: Tensor<2> = model.valid().forward(normalize($image.clone()));
                let goal: Tensor<1> = $goal;
                let gradients = goal.backward();
                let gradient = $image.grad(&gradients).ok_or(Error::argument("image", "sans gradient", "une image"))?;
                let length: f64 = gradient.clone().powi_scalar(2).sum().sqrt().into_scalar();
                Ok(($image.inner() + gradient * (rate / length.max(1e-12))).clamp(0.0, 1.0))
            }
        })* }
    };
}

mod ascend {
    cases! { "ascend";
        reference: Full {
            lab_cells::exercise!("tp6_jeune_age", "ascend");
        }
        stub: Zero {
            fn ascend(_: &Net, _: Tensor<4>, _: Tensor<4>, _: f64, _: f64) -> Result<Tensor<4>, Error> { todo!("À FAIRE"); }
        }
    }
    ascents! {
        another_writing: Full |logits, image, start, weight| {
            let gap = image.clone() - start.autodiff();
            logits.slice([0..1, 0..1]).reshape([1]) - (gap.clone() * gap).mean().mul_scalar(weight)
        };
        descent: Less |logits, image, start, weight| {
            -logits.slice([0..1, 0..1]).sum() - (image.clone() - start.autodiff()).powi_scalar(2).mean() * weight
        };
        without_the_start: Less |logits, image, start, weight| logits.slice([0..1, 0..1]).sum();
        wrong_sign_of_the_weight: Less |logits, image, start, weight| {
            logits.slice([0..1, 0..1]).sum() + (image.clone() - start.autodiff()).powi_scalar(2).mean() * weight
        };
    }
}
