//! The checks of the lab of the variational autoencoder, `tp7_vae`.

use visages::prelude::*;

// What the lab gives, and the reference solutions that it stands on; a module of cases replaces one of them.
lab_cells::exercise!("tp7_vae", "heads");
lab_cells::given!("tp7_vae", "fn encode(");
lab_cells::exercise!("tp7_vae", "sampling");
lab_cells::exercise!("tp7_vae", "kl_terms");
lab_cells::exercise!("tp7_vae", "vae_loss");
lab_cells::exercise!("tp7_vae", "face");
lab_cells::given!("tp7_vae", "fn portrait(");

/// The rate of the lab's loop, for the loops below.
const RATE: f64 = 1e-3;

/// One module a solution: its items answer one check cell.
macro_rules! cases {
    ($cell:tt; $($name:ident: $expected:ident { $($item:item)* })*) => {$(
        #[allow(dead_code, unused_assignments, unused_imports, unused_mut, unused_variables)]
        mod $name {
            use crate::lab_checks::tp7::*;
            $($item)*
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                let device = Device::flex();
                $crate::lab_checks::judge(&lab_cells::checks!("tp7_vae", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

mod channels_first {
    cases! { "channels_first";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "channels_first");
        }
        two_swaps: Full {
            fn channels_first(pixels: Tensor<4>) -> Tensor<4> { pixels.swap_dims(1, 3).swap_dims(2, 3) }
        }
        colour_by_colour: Full {
            fn channels_first(pixels: Tensor<4>) -> Tensor<4> {
                let [images, rows, columns, colours] = pixels.dims();
                let plane = |c: usize| pixels.clone().narrow(3, c, 1).reshape([images, 1, rows, columns]);
                Tensor::cat((0..colours).map(plane).collect(), 1)
            }
        }
        stub: Zero {
            fn channels_first(_: Tensor<4>) -> Tensor<4> { todo!("À FAIRE"); }
        }
        reshaped: Less {
            fn channels_first(pixels: Tensor<4>) -> Tensor<4> {
                let [images, rows, columns, colours] = pixels.dims();
                pixels.reshape([images, colours, rows, columns])
            }
        }
        unchanged: Zero {
            fn channels_first(pixels: Tensor<4>) -> Tensor<4> { pixels }
        }
        rows_and_columns_exchanged: Zero {
            fn channels_first(pixels: Tensor<4>) -> Tensor<4> { pixels.permute([0, 3, 2, 1]) }
        }
        back: Zero {
            fn channels_first(pixels: Tensor<4>) -> Tensor<4> { pixels.permute([0, 2, 3, 1]) }
        }
    }
}

mod heads {
    cases! { "heads";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "heads");
        }
        in_two_lines: Full {
            fn heads(features: Tensor<2>, mean: &Linear, log_sigma: &Linear) -> (Tensor<2>, Tensor<2>) {
                let log_sigmas = log_sigma.forward(features.clone());
                let means = mean.forward(features);
                (means, log_sigmas)
            }
        }
        stub: Zero {
            fn heads(_: Tensor<2>, _: &Linear, _: &Linear) -> (Tensor<2>, Tensor<2>) { todo!("À FAIRE"); }
        }
        exchanged: Zero {
            fn heads(features: Tensor<2>, mean: &Linear, log_sigma: &Linear) -> (Tensor<2>, Tensor<2>) {
                (log_sigma.forward(features.clone()), mean.forward(features))
            }
        }
        one_layer_twice: Zero {
            fn heads(features: Tensor<2>, mean: &Linear, _: &Linear) -> (Tensor<2>, Tensor<2>) {
                (mean.forward(features.clone()), mean.forward(features))
            }
        }
        sigma_itself: Zero {
            fn heads(features: Tensor<2>, mean: &Linear, log_sigma: &Linear) -> (Tensor<2>, Tensor<2>) {
                (mean.forward(features.clone()), log_sigma.forward(features).exp())
            }
        }
        with_a_relu: Zero {
            fn heads(features: Tensor<2>, mean: &Linear, log_sigma: &Linear) -> (Tensor<2>, Tensor<2>) {
                (relu(mean.forward(features.clone())), relu(log_sigma.forward(features)))
            }
        }
    }
}

mod sampling {
    cases! { "sampling";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "sampling");
        }
        noise_of_its_own: Full {
            fn sampling(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let device = mean.device();
                let noise = Tensor::<2>::random(mean.dims(), Distribution::Normal(0.0, 1.0), &device);
                noise * log_sigma.exp() + mean
            }
        }
        stub: Zero {
            fn sampling(_: Tensor<2>, _: Tensor<2>) -> Tensor<2> { todo!("À FAIRE"); }
        }
        as_a_log_variance: Less {
            fn sampling(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let epsilon = mean.random_like(Distribution::Normal(0.0, 1.0));
                mean + (log_sigma * 0.5).exp() * epsilon
            }
        }
        without_exponential: Less {
            fn sampling(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let epsilon = mean.random_like(Distribution::Normal(0.0, 1.0));
                mean + log_sigma * epsilon
            }
        }
        nothing_drawn: Less {
            fn sampling(mean: Tensor<2>, _: Tensor<2>) -> Tensor<2> { mean }
        }
        noise_added: Less {
            fn sampling(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let epsilon = mean.random_like(Distribution::Normal(0.0, 1.0));
                mean + log_sigma.exp() + epsilon
            }
        }
        sum_multiplied: Less {
            fn sampling(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let epsilon = mean.random_like(Distribution::Normal(0.0, 1.0));
                (mean + epsilon) * log_sigma.exp()
            }
        }
        one_draw_for_all: Less {
            fn sampling(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                mean + log_sigma.exp()
            }
        }
    }
}

mod kl_terms {
    cases! { "kl_terms";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "kl_terms");
        }
        as_the_original: Full {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let sigma = log_sigma.clone().exp();
                (log_sigma * 2.0 + 1.0 - mean.powi_scalar(2) - sigma.powi_scalar(2)) * -0.5
            }
        }
        by_parts: Full {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                let variance = log_sigma.clone().mul_scalar(2.0).exp();
                let logvar = variance.clone().log();
                (mean.clone() * mean + variance - 1.0 - logvar) / 2.0
            }
        }
        stub: Zero {
            fn kl_terms(_: Tensor<2>, _: Tensor<2>) -> Tensor<2> { todo!("À FAIRE"); }
        }
        of_a_log_variance: Less {
            fn kl_terms(mean: Tensor<2>, logvar: Tensor<2>) -> Tensor<2> {
                (mean.square() + logvar.clone().exp() - 1.0 - logvar) * 0.5
            }
        }
        half_of_all: Less {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                (mean.square() + (log_sigma.clone() * 2.0).exp() - 1.0 - log_sigma) * 0.5
            }
        }
        half_forgotten: Less {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                mean.square() + (log_sigma.clone() * 2.0).exp() - 1.0 - log_sigma
            }
        }
        sum_of_an_image: Less {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                ((mean.square() + (log_sigma.clone() * 2.0).exp() - 1.0) * 0.5 - log_sigma).sum_dim(1)
            }
        }
        other_sign: Zero {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                log_sigma.clone() - (mean.square() + (log_sigma * 2.0).exp() - 1.0) * 0.5
            }
        }
        mean_not_squared: Less {
            fn kl_terms(mean: Tensor<2>, log_sigma: Tensor<2>) -> Tensor<2> {
                (mean + (log_sigma.clone() * 2.0).exp() - 1.0) * 0.5 - log_sigma
            }
        }
    }
}

/// A loss that is `$loss`.
macro_rules! losses {
    ($($name:ident: $expected:ident |$images:ident, $drawn:ident, $mean:ident, $log_sigma:ident, $beta:ident| $loss:expr;)*) => {
        cases! { "vae_loss"; $($name: $expected {
            fn vae_loss($images: Tensor<4>, $drawn: Tensor<4>, $mean: Tensor<2>, $log_sigma: Tensor<2>, $beta: f64) -> Tensor<1> {
                $loss
            }
        })* }
    };
}

mod vae_loss {
    cases! { "vae_loss";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "vae_loss");
        }
        stub: Zero {
            fn vae_loss(_: Tensor<4>, _: Tensor<4>, _: Tensor<2>, _: Tensor<2>, _: f64) -> Tensor<1> { todo!("À FAIRE"); }
        }
    }
    losses! {
        one_division: Full |images, drawn, mean, log_sigma, beta| {
            let n = images.dims()[0] as f64;
            ((images - drawn).powi_scalar(2).sum() + kl_terms(mean, log_sigma).sum() * beta) / n
        };
        two_means: Full |images, drawn, mean, log_sigma, beta| {
            let values = images.dims()[1] * images.dims()[2] * images.dims()[3];
            let kl = kl_terms(mean, log_sigma).sum_dim(1).mean();
            (images - drawn).square().mean() * values as f64 + kl * beta
        };
        mean_of_pixels: Less |images, drawn, mean, log_sigma, beta| {
            (images - drawn).square().mean() + kl_terms(mean, log_sigma).sum_dim(1).mean() * beta
        };
        sum_of_the_batch: Zero |images, drawn, mean, log_sigma, beta| {
            (images - drawn).square().sum() + kl_terms(mean, log_sigma).sum() * beta
        };
        mean_of_variables: Less |images, drawn, mean, log_sigma, beta| {
            let squares: Tensor<2> = (images - drawn).square().flatten::<2>(1, 3).sum_dim(1);
            squares.mean() + kl_terms(mean, log_sigma).mean() * beta
        };
        weight_of_the_other: Less |images, drawn, mean, log_sigma, beta| {
            let squares: Tensor<2> = (images - drawn).square().flatten::<2>(1, 3).sum_dim(1);
            (squares * beta + kl_terms(mean, log_sigma).sum_dim(1)).mean()
        };
        weight_forgotten: Less |images, drawn, mean, log_sigma, beta| {
            let squares: Tensor<2> = (images - drawn).square().flatten::<2>(1, 3).sum_dim(1);
            (squares + kl_terms(mean, log_sigma).sum_dim(1)).mean()
        };
        weight_of_both: Less |images, drawn, mean, log_sigma, beta| {
            let squares: Tensor<2> = (images - drawn).square().flatten::<2>(1, 3).sum_dim(1);
            (squares + kl_terms(mean, log_sigma).sum_dim(1)).mean() * beta
        };
        absolute: Less |images, drawn, mean, log_sigma, beta| {
            let gaps: Tensor<2> = (images - drawn).abs().flatten::<2>(1, 3).sum_dim(1);
            (gaps + kl_terms(mean, log_sigma).sum_dim(1) * beta).mean()
        };
        reconstruction_alone: Less |images, drawn, mean, log_sigma, beta| {
            let squares: Tensor<2> = (images - drawn).square().flatten::<2>(1, 3).sum_dim(1);
            squares.mean()
        };
    }
}

/// A loop whose step is `$step`.
macro_rules! loops {
    ($($name:ident: $expected:ident |$model:ident, $optimizer:ident, $images:ident, $beta:ident| $step:expr;)*) => {
        cases! { "train_vae"; $($name: $expected {
            fn train_vae(
                model: Vae64, train: &Labelled, test: &Labelled, batches: &BatchConfig, epochs: u32, $beta: f64, device: &Device,
            ) -> Result<Fitted<Vae64>, Error> {
                let mut log = TrainingLog::start(epochs, train.len().div_ceil(batches.size()));
                let mut $optimizer = AdamConfig::new().init();
                let mut $model = model.train();
                for epoch in log.epochs() {
                    for batch in batches.epoch(train, epoch, &device.clone().autodiff())? {
                        let $images: Tensor<4> = batch?.images;
                        let (updated, value): (Vae64, f64) = $step;
                        $model = updated;
                        log.step(epoch, value)?;
                    }
                    let measured = evaluate_vae(&$model, test.images(), 64, device)?;
                    log.end_epoch(epoch, &[("perte", measured.total($beta))])?;
                }
                Ok(log.finish_with($model.valid()))
            }
        })* }
    };
}

mod train_vae {
    cases! { "train_vae";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "train_vae");
        }
        stub: Zero {
            fn train_vae(
                _: Vae64, _: &Labelled, _: &Labelled, _: &BatchConfig, _: u32, _: f64, _: &Device,
            ) -> Result<Fitted<Vae64>, Error> { todo!("À FAIRE"); }
        }
    }
    loops! {
        by_the_library: Full |model, optimizer, images, beta| {
            let (drawn, mean, log_sigma) = model.forward(images.clone());
            let (squares, kl) = vae_terms(images, drawn, mean, log_sigma)?;
            gradient_step(model, &mut optimizer, (squares + kl * beta).mean(), RATE)?
        };
        gradients_by_hand: Full |model, optimizer, images, beta| {
            let (mean, log_sigma) = encode(&model, images.clone());
            let drawn = model.decode(sampling(mean.clone(), log_sigma.clone()));
            let loss = vae_loss(images, drawn, mean, log_sigma, beta);
            let value: f64 = loss.clone().into_scalar();
            let gradients = GradientsParams::from_grads(loss.backward(), &model);
            (optimizer.step(RATE, model, gradients), value)
        };
        never_updated: Less |model, optimizer, images, beta| {
            let (mean, log_sigma) = encode(&model, images.clone());
            let drawn = model.decode(sampling(mean.clone(), log_sigma.clone()));
            let value: f64 = vae_loss(images, drawn, mean, log_sigma, beta).into_scalar();
            (model, value)
        };
        nothing_drawn: Less |model, optimizer, images, beta| {
            let (mean, log_sigma) = encode(&model, images.clone());
            let loss = vae_loss(images, model.decode(mean.clone()), mean, log_sigma, beta);
            gradient_step(model, &mut optimizer, loss, RATE)?
        };
        weight_forgotten: Less |model, optimizer, images, beta| {
            let (mean, log_sigma) = encode(&model, images.clone());
            let drawn = model.decode(sampling(mean.clone(), log_sigma.clone()));
            let loss = vae_loss(images, drawn, mean, log_sigma, 1.0);
            gradient_step(model, &mut optimizer, loss, RATE)?
        };
        heads_exchanged: Less |model, optimizer, images, beta| {
            let (log_sigma, mean) = encode(&model, images.clone());
            let drawn = model.decode(sampling(mean.clone(), log_sigma.clone()));
            let loss = vae_loss(images, drawn, mean, log_sigma, beta);
            gradient_step(model, &mut optimizer, loss, RATE)?
        };
        rate_too_small: Less |model, optimizer, images, beta| {
            let (mean, log_sigma) = encode(&model, images.clone());
            let drawn = model.decode(sampling(mean.clone(), log_sigma.clone()));
            let loss = vae_loss(images, drawn, mean, log_sigma, beta);
            gradient_step(model, &mut optimizer, loss, 1e-9)?
        };
    }
}

mod face {
    cases! { "face";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "face");
        }
        by_its_data: Full {
            fn face(model: &Vae64, numbers: &[f32], device: &Device) -> Result<ImageStore, Error> {
                let z = Tensor::<1>::from_floats(numbers, device).unsqueeze::<2>();
                let image = model.decode(z);
                ImageStore::from_tensor(image)
            }
        }
        stub: Zero {
            fn face(_: &Vae64, _: &[f32], _: &Device) -> Result<ImageStore, Error> { todo!("À FAIRE"); }
        }
        zeros: Less {
            fn face(model: &Vae64, numbers: &[f32], device: &Device) -> Result<ImageStore, Error> {
                ImageStore::from_tensor(model.decode(Tensor::zeros([1, numbers.len()], device)))
            }
        }
        one_image_a_number: Less {
            fn face(model: &Vae64, numbers: &[f32], device: &Device) -> Result<ImageStore, Error> {
                let z: Tensor<2> = Tensor::<1>::from_floats(numbers, device).reshape([numbers.len(), 1]);
                ImageStore::from_tensor(model.decode(z))
            }
        }
        drawn_around: Less {
            fn face(model: &Vae64, numbers: &[f32], device: &Device) -> Result<ImageStore, Error> {
                let z: Tensor<2> = Tensor::<1>::from_floats(numbers, device).reshape([1, numbers.len()]);
                ImageStore::from_tensor(model.decode(sampling(z.clone(), z * 0.0)))
            }
        }
    }
}

/// Sliders made from `$controls`, a picture of the numbers `$numbers`.
macro_rules! panels {
    ($($name:ident: $expected:ident |$names:ident, $order:ident, $range:ident| $controls:expr, |$values:ident| $numbers:expr;)*) => {
        cases! { "sliders"; $($name: $expected {
            fn sliders(model: &Vae64, $order: &[usize], $range: f64, device: &Device) -> Result<(), Error> {
                let (model, device) = (model.clone(), device.clone());
                let $names: Vec<String> = (0..model.latent_dim()).map(|j| format!("Variable {j}")).collect();
                let $order = $order.to_vec();
                let controls: Controls = $controls;
                interact(controls, move |$values| {
                    let numbers: Vec<f32> = $numbers;
                    portrait(&model, &numbers, &device)
                })
            }
        })* }
    };
}

mod sliders {
    cases! { "sliders";
        reference: Full {
            lab_cells::exercise!("tp7_vae", "sliders");
        }
        stub: Zero {
            fn sliders(_: &Vae64, _: &[usize], _: f64, _: &Device) -> Result<(), Error> { todo!("À FAIRE"); }
        }
        nothing_shown: Zero {
            fn sliders(_: &Vae64, _: &[usize], _: f64, _: &Device) -> Result<(), Error> { Ok(()) }
        }
    }
    panels! {
        by_a_fold: Full |names, order, range|
            order.iter().fold(Controls::new(), |controls, j| controls.slider(&names[*j], -range..=range, 0.0)),
            |values| (0..names.len()).map(|j| values.number(&format!("Variable {j}")) as f32).collect();
        other_order: Less |names, order, range|
            names.iter().fold(Controls::new(), |controls, name| controls.slider(name, -range..=range, 0.0)),
            |values| names.iter().map(|name| values.number(name) as f32).collect();
        numbers_in_the_order_of_sliders: Less |names, order, range|
            order.iter().fold(Controls::new(), |controls, j| controls.slider(&names[*j], -range..=range, 0.0)),
            |values| order.iter().map(|j| values.number(&names[*j]) as f32).collect();
        always_five: Less |names, order, range|
            order.iter().fold(Controls::new(), |controls, j| controls.slider(&names[*j], -5.0..=5.0, 0.0)),
            |values| names.iter().map(|name| values.number(name) as f32).collect();
        from_zero: Less |names, order, range|
            order.iter().fold(Controls::new(), |controls, j| controls.slider(&names[*j], 0.0..=range, 0.0)),
            |values| names.iter().map(|name| values.number(name) as f32).collect();
        never_read: Less |names, order, range|
            order.iter().fold(Controls::new(), |controls, j| controls.slider(&names[*j], -range..=range, 0.0)),
            |values| vec![0.0; names.len()];
        one_slider: Zero |names, order, range|
            Controls::new().slider(&names[0], -range..=range, 0.0),
            |values| names.iter().map(|name| values.number(name) as f32).collect();
        starts_elsewhere: Less |names, order, range|
            order.iter().fold(Controls::new(), |controls, j| controls.slider(&names[*j], -range..=range, range / 2.0)),
            |values| names.iter().map(|name| values.number(name) as f32).collect();
    }
}

/// What is proposed to whoever is stuck takes the place of the training in what follows.
#[test]
fn who_is_stuck_can_go_on() -> Result<(), Error> {
    let session = Session::builder("tp7")
        .preset(Preset::Quick)
        .data_dir("synthetique")
        .open()?;
    let device = Device::flex();
    let (batch_size, epochs) = (8, 1);
    let drawn = DrawnFacesConfig::new().with_faces(20).with_side(64);
    let faces = Labelled::new(drawn.images()?, drawn.frame()?)?
        .split(&SplitConfig::new().with_shares(0.0, 0.2))?;
    let untrained: Vae64 = Vae64Config::new().init(&device)?;
    lab_cells::shown!("tp7_vae", "let secours");
    let shown = vae.then(|vae| portrait(vae, &[0.0; 4], &device))?;
    assert!(shown.done().is_some());
    Ok(())
}
