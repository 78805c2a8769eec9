//! Both training loops and the step of the DB-VAE.

use visages::prelude::*;

/// Bright « faces » and dark other images, enough for a few steps.
fn small_loader() -> DetectionLoader {
    let device = Device::flex();
    device.seed(1);
    let noise = |low, high| {
        let images = Tensor::random([60, 3, 64, 64], Distribution::Uniform(low, high), &device);
        ImageStore::from_tensor(images).unwrap()
    };
    DetectionLoader::new(&noise(0.4, 1.0), &noise(0.0, 0.6), 0.3, 1).unwrap()
}

mod cnn {
    /// One module a loop.
    macro_rules! loop_cases {
        ($($name:ident: $expected:ident { $($item:item)* })*) => {$(
            mod $name {
                #[allow(unused_imports)]
                use crate::lab_checks::*;
                $($item)*
                #[test]
                fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                    let device = Device::flex();
                    let untrained = StandardClassifier::new(1, &device);
                    $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", "train_cnn"), $crate::lab_checks::Expected::$expected);
                }
            }
        )*};
    }

    /// A loop whose step is `$step`, of the model, the optimizer and the batch.
    macro_rules! step_cases {
        ($($name:ident: $expected:ident |$model:ident, $optimizer:ident, $batch:ident| $step:expr;)*) => {
            loop_cases! { $($name: $expected {
                fn train_cnn(
                    model: StandardClassifier, loader: &DetectionLoader, epochs: u32, seed: u64, device: &Device,
                ) -> Result<Fitted<StandardClassifier>, Error> {
                    let mut model = model.train();
                    let mut optimizer = AdamConfig::new().with_epsilon(1e-7).init();
                    let mut log = TrainingLog::start(epochs, loader.train_size() / BATCH_SIZE);
                    for epoch in log.epochs() {
                        for batch in loader.batches(BATCH_SIZE, seed + u64::from(epoch), device)? {
                            let batch = batch?;
                            let (updated, loss): (StandardClassifier, f64) = {
                                let ($model, $optimizer, $batch) = (model, &mut optimizer, &batch);
                                $step
                            };
                            model = updated;
                            log.step(epoch, loss)?;
                        }
                    }
                    Ok(log.finish_with(model.valid()))
                }
            })* }
        };
    }

    loop_cases! {
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "train_cnn");
        }
        stub: Zero {
            fn train_cnn(
                _: StandardClassifier, _: &DetectionLoader, _: u32, _: u64, _: &Device,
            ) -> Result<Fitted<StandardClassifier>, Error> { todo!("À FAIRE"); }
        }
    }

    step_cases! {
        the_labs_step: Full |model, optimizer, batch| standard_train_step(model, optimizer, batch, 5e-4)?;
        the_librarys_step: Full |model, optimizer, batch| train_step(model, optimizer, batch, LEARNING_RATE)?;
        no_step: Less |model, _optimizer, _batch| (model, 0.5);
        old_model_kept: Less |model, optimizer, batch| {
            let (_, loss) = standard_train_step(model.clone(), optimizer, batch, LEARNING_RATE)?;
            (model, loss)
        };
        rate_for_loss: Less |model, optimizer, batch| {
            let (model, _) = standard_train_step(model, optimizer, batch, LEARNING_RATE)?;
            (model, LEARNING_RATE)
        };
    }
}

mod step {
    /// One module a step.
    macro_rules! training_cases {
        ($($name:ident: $expected:ident { $($item:item)* })*) => {$(
            mod $name {
                use crate::lab_checks::*;
                $($item)*
                #[test]
                fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                    let device = Device::flex();
                    let untrained_dbvae = DbVae::new(&device);
                    let loader = super::super::small_loader();
                    $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", "debiasing_train_step"), $crate::lab_checks::Expected::$expected);
                }
            }
        )*};
    }

    /// A step whose loss is wrong.
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
            })* }
        };
    }

    /// What the model says of a batch: images, labels, and the four outputs of `call`.
    type Outputs = (
        visages::prelude::Tensor<4>,
        visages::prelude::Tensor<1>,
        (
            visages::prelude::Tensor<2>,
            visages::prelude::Tensor<2>,
            visages::prelude::Tensor<2>,
            visages::prelude::Tensor<4>,
        ),
    );

    fn outputs(model: &crate::lab_checks::DbVae, batch: &visages::prelude::Batch) -> Outputs {
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
        }
        other_way: Full {
            fn debiasing_train_step(
                model: DbVae, optimizer: &mut ModuleOptimizer, batch: &Batch, learning_rate: f64,
            ) -> Result<(DbVae, f64), Error> {
                // The library's own step.
                visages::train::debiasing_train_step(model, optimizer, batch, learning_rate)
            }
        }
        stub: Zero {
            fn debiasing_train_step(_: DbVae, _: &mut ModuleOptimizer, _: &Batch, _: f64) -> Result<(DbVae, f64), Error> { todo!("À FAIRE"); }
        }
        no_gradient: Less {
            fn debiasing_train_step(
                model: DbVae, optimizer: &mut ModuleOptimizer, batch: &Batch, learning_rate: f64,
            ) -> Result<(DbVae, f64), Error> {
                let (x, y, (y_logit, mean, logvar, recon)) = super::outputs(&model, batch);
                let value: f64 = debiasing_loss(x, recon, y, y_logit, mean, logvar)?.0.into_scalar();
                Ok((optimizer.step(learning_rate, model, GradientsParams::new()), value))
            }
        }
    }
}

mod dbvae {
    /// One module a loop.
    macro_rules! loop_cases {
        ($($name:ident: $expected:ident { $($item:item)* })*) => {$(
            mod $name {
                use crate::lab_checks::*;
                $($item)*
                #[test]
                fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                    let device = Device::flex();
                    let untrained_dbvae = DbVae::new(&device);
                    $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", "train_dbvae"), $crate::lab_checks::Expected::$expected);
                }
            }
        )*};
    }

    /// A loop whose probabilities are `$p`, of the loader, the model and the device.
    macro_rules! draw_cases {
        ($($name:ident: $expected:ident |$loader:ident, $model:ident, $device:ident| $p:expr;)*) => {
            loop_cases! { $($name: $expected {
                fn train_dbvae(
                    model: DbVae, loader: &DetectionLoader, epochs: u32, seed: u64, device: &Device,
                ) -> Result<DebiasedFit<DbVae>, Error> {
                    let mut model = model.train();
                    let mut optimizer = AdamConfig::new().with_epsilon(1e-7).init();
                    let mut log = DebiasingLog::start(epochs, BATCH_SIZE, loader)?;
                    for epoch in log.epochs() {
                        let p_faces: Vec<f64> = {
                            let ($loader, $model, $device) = (loader, &model, device);
                            $p
                        };
                        log.draws(epoch, &p_faces)?;
                        for batch in loader.weighted_batches(BATCH_SIZE, &p_faces, seed + u64::from(epoch), device)? {
                            let (updated, loss) = debiasing_train_step(model, &mut optimizer, &batch?, LEARNING_RATE)?;
                            model = updated;
                            log.step(epoch, loss)?;
                        }
                    }
                    Ok(log.finish_with(model.valid()))
                }
            })* }
        };
    }

    loop_cases! {
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "train_dbvae");
        }
        the_librarys_loop: Full {
            fn train_dbvae(
                model: DbVae, loader: &DetectionLoader, epochs: u32, seed: u64, device: &Device,
            ) -> Result<DebiasedFit<DbVae>, Error> {
                let fit = FitConfig::new().with_epochs(epochs).with_seed(seed);
                let probabilities = |faces: &ImageStore, dbvae: &DbVae| {
                    resampling_probabilities(&latent_means(dbvae, faces, 16, device)?, 10, 0.001)
                };
                fit_debiasing_with(model, loader, &DebiasingConfig::new().with_fit(fit), probabilities, debiasing_train_step)
            }
        }
        stub: Zero {
            fn train_dbvae(
                _: DbVae, _: &DetectionLoader, _: u32, _: u64, _: &Device,
            ) -> Result<DebiasedFit<DbVae>, Error> { todo!("À FAIRE"); }
        }
    }

    draw_cases! {
        lab_probabilities: Full |loader, model, device| get_training_sample_probabilities(loader.faces(), model, device)?;
        plain_model: Full |loader, model, device| get_training_sample_probabilities(loader.faces(), &model.valid(), device)?;
        uniform_drawing: Zero |loader, _model, _device| vec![1.0 / loader.faces().len() as f64; loader.faces().len()];
        other_images: Zero |loader, model, device| get_training_sample_probabilities(loader.non_faces(), model, device)?;
        one_variable_alone: Zero |loader, model, device| {
            variable_probabilities(&get_latent_mu(loader.faces(), model, device)?.column(0)?, 10, 0.001)?
        };
    }
}

/// What is proposed to whoever is stuck replaces the student's model and training in what follows.
#[test]
fn who_is_stuck_can_go_on() -> Result<(), Error> {
    let _alone = super::alone();
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
    let answers: Attempt<DataFrame> = predict(&dbvae, &faces.labelled()?, 64, &device)?;
    assert_eq!(
        recall_by_group(&answers)?.done().map(DataFrame::height),
        Some(1)
    );
    let mu: Attempt<LatentTable> =
        dbvae.then(|model| latent_means(model, loader.faces(), 256, &device))?;
    let rows = mu.zip(&dbvae).then(|(mu, dbvae)| {
        let activity = kl_by_dimension(*dbvae, loader.faces(), 256, &device)?;
        latent_traversal(
            *dbvae,
            mu,
            None,
            &most_active(&activity, 5)?,
            &[-1.0, 0.0, 1.0],
            &device,
        )
    })?;
    assert_eq!(rows.done().map(|traversal| traversal.rows().len()), Some(5));
    Ok(())
}
