//! The training step and the loop: slots 16 to 18.

use visages::prelude::*;

/// Bright « faces » and dark other images, enough for a few steps.
fn small_loader() -> DetectionLoader {
    let device = Device::flex();
    let noise = |low, high| {
        let images = Tensor::random([40, 3, 64, 64], Distribution::Uniform(low, high), &device);
        ImageStore::from_tensor(images).unwrap()
    };
    DetectionLoader::new(&noise(0.4, 1.0), &noise(0.0, 0.6), 0.2, 1).unwrap()
}

/// One module a solution, with both functions of the exercises.
macro_rules! training_cases {
    ($($name:ident: $expected:ident { $($item:item)* })*) => {$(
        mod $name {
            use crate::lab_checks::*;
            $($item)*
            #[test]
            fn is_judged() {
                let device = Device::flex();
                let untrained_dbvae = DbVae::new(&device);
                let loader = super::small_loader();
                $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", "train_dbvae"), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

/// A module whose training step is wrong, and whose loop is the lab's.
macro_rules! step_cases {
    ($($name:ident: $expected:ident |$model:ident, $batch:ident| $loss:expr;)*) => {
        training_cases! { $($name: $expected {
            fn debiasing_train_step(
                model: DbVae, optimizer: &mut ModuleOptimizer, batch: &Batch, learning_rate: f64,
            ) -> Result<(DbVae, f64), Error> {
                let loss: Tensor<1> = {
                    let ($model, $batch) = (&model, batch);
                    $loss
                };
                let value: f64 = loss.clone().into_scalar();
                let gradients = GradientsParams::from_grads(loss.backward(), &model);
                Ok((optimizer.step(learning_rate, model, gradients), value))
            }
            lab_cells::exercise!("tp5_debiaisage", "train_dbvae");
        })* }
    };
}

/// What the model says of a batch: images, labels, and the four outputs of `call`.
type Outputs = (
    Tensor<4>,
    Tensor<1>,
    (Tensor<2>, Tensor<2>, Tensor<2>, Tensor<4>),
);

fn outputs(model: &crate::lab_checks::DbVae, batch: &Batch) -> Outputs {
    let (x, y) = (
        batch.images.clone().autodiff(),
        batch.labels.clone().autodiff(),
    );
    (x.clone(), y, model.call(x))
}

step_cases! {
    right_loss: Full |model, batch| {
        let (x, y, (y_logit, mean, logvar, recon)) = super::outputs(model, batch);
        debiasing_loss(x, recon, y, y_logit, mean, logvar)?.0
    };
    classification_alone: Less |model, batch| {
        let (x, y, (y_logit, mean, logvar, recon)) = super::outputs(model, batch);
        debiasing_loss(x, recon, y, y_logit, mean, logvar)?.1.mean()
    };
    means_and_variances_swapped: Less |model, batch| {
        let (x, y, (y_logit, mean, logvar, recon)) = super::outputs(model, batch);
        debiasing_loss(x, recon, y, y_logit, logvar, mean)?.0
    };
    image_in_place_of_its_reconstruction: Less |model, batch| {
        let (x, y, (y_logit, mean, logvar, _)) = super::outputs(model, batch);
        debiasing_loss(x.clone(), x, y, y_logit, mean, logvar)?.0
    };
    loss_upside_down: Less |model, batch| {
        let (x, y, (y_logit, mean, logvar, recon)) = super::outputs(model, batch);
        -debiasing_loss(x, recon, y, y_logit, mean, logvar)?.0
    };
}

training_cases! {
    reference: Full {
        lab_cells::exercise!("tp5_debiaisage", "debiasing_train_step");
        lab_cells::exercise!("tp5_debiaisage", "train_dbvae");
    }
    other_way: Full {
        fn debiasing_train_step(
            model: DbVae, optimizer: &mut ModuleOptimizer, batch: &Batch, learning_rate: f64,
        ) -> Result<(DbVae, f64), Error> {
            // The library's own step.
            visages::train::debiasing_train_step(model, optimizer, batch, learning_rate)
        }
        fn train_dbvae(
            model: DbVae, loader: &DetectionLoader, config: &DebiasingConfig, device: &Device,
        ) -> Result<DebiasedFit<DbVae>, Error> {
            let probabilities = |_: &ImageStore, dbvae: &DbVae| {
                resampling_probabilities(&latent_means(dbvae, loader.faces(), 16, device)?, 10, 0.001)
            };
            fit_debiasing_with(model, loader, config, probabilities, debiasing_train_step)
        }
    }
    stub: Zero {
        fn debiasing_train_step(_: DbVae, _: &mut ModuleOptimizer, _: &Batch, _: f64) -> Result<(DbVae, f64), Error> { todo!("À FAIRE"); }
        fn train_dbvae(
            model: DbVae, loader: &DetectionLoader, config: &DebiasingConfig, _: &Device,
        ) -> Result<DebiasedFit<DbVae>, Error> {
            fit_debiasing_with(model, loader, config, |_: &ImageStore, _: &DbVae| { todo!("À FAIRE"); }, debiasing_train_step)
        }
    }
    no_gradient: Less {
        fn debiasing_train_step(
            model: DbVae, optimizer: &mut ModuleOptimizer, batch: &Batch, learning_rate: f64,
        ) -> Result<(DbVae, f64), Error> {
            let (x, y, (y_logit, mean, logvar, recon)) = super::outputs(&model, batch);
            let value: f64 = debiasing_loss(x, recon, y, y_logit, mean, logvar)?.0.into_scalar();
            Ok((optimizer.step(learning_rate, model, GradientsParams::new()), value))
        }
        lab_cells::exercise!("tp5_debiaisage", "train_dbvae");
    }
    uniform_drawing: Less {
        lab_cells::exercise!("tp5_debiaisage", "debiasing_train_step");
        fn train_dbvae(
            model: DbVae, loader: &DetectionLoader, config: &DebiasingConfig, _: &Device,
        ) -> Result<DebiasedFit<DbVae>, Error> {
            let uniform = |faces: &ImageStore, _: &DbVae| Ok(vec![1.0 / faces.len() as f64; faces.len()]);
            fit_debiasing_with(model, loader, config, uniform, debiasing_train_step)
        }
    }
}

/// What is proposed to whoever is stuck replaces the student's model and training in what follows.
#[test]
fn who_is_stuck_can_go_on() -> Result<(), Error> {
    let session = Session::builder("tp5")
        .preset(Preset::Quick)
        .data_dir("synthetique")
        .open()?;
    let device = Device::flex();
    let loader = small_loader();
    lab_cells::shown!("tp5_debiaisage", "let secours");
    let faces = TestFaces {
        groups: vec![FaceGroup {
            name: "un groupe".to_owned(),
            code: "LF".to_owned(),
            images: loader.faces().select(&[0, 1, 2])?,
            original_sizes: vec![(64, 64); 3],
        }],
    };
    let groups = debiased.then(|_| crate::lab_checks::rates(&dbvae, &faces, &device))?;
    assert_eq!(groups.done().map(DataFrame::height), Some(1));
    let mu: LatentTable = latent_means(&dbvae, loader.faces(), 256, &device)?;
    let activity = kl_by_dimension(&dbvae, loader.faces(), 256, &device)?;
    let variables = most_active(&activity, 5)?;
    latent_traversal(&dbvae, &mu, None, &variables, &[-1.0, 0.0, 1.0], &device)?;
    Ok(())
}
