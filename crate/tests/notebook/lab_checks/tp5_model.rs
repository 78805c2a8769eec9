//! The methods of the DB-VAE.

/// The model of the lab, its four slots given by functions of the invoking module.
macro_rules! db_vae_of_slots {
    () => {
        #[derive(Module, Debug)]
        struct DbVae {
            encoder: StandardClassifier,
            decoder: FaceDecoder,
        }

        impl DebiasingModel for DbVae {
            fn encode(&self, x: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>) {
                let output = self.encoder.forward(x);
                let part = |start, length| output.clone().narrow(1, start, length);
                (
                    part(0, 1),
                    part(1, LATENT_DIM),
                    part(1 + LATENT_DIM, LATENT_DIM),
                )
            }

            fn reparameterize(&self, z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
                reparameterize(z_mean, z_logvar)
            }

            fn decode(&self, z: Tensor<2>) -> Tensor<4> {
                decode(&self.decoder, z)
            }
        }

        impl DbVae {
            fn new(device: &Device) -> Self {
                let encoder = StandardClassifier::new(2 * LATENT_DIM + 1, device);
                Self {
                    encoder,
                    decoder: FaceDecoder::new(LATENT_DIM, device),
                }
            }

            fn call(&self, x: Tensor<4>) -> (Tensor<2>, Tensor<2>, Tensor<2>, Tensor<4>) {
                let (y_logit, z_mean, z_logvar) = self.encode(x);
                let z = draw(self, &z_mean, &z_logvar);
                let recon = reconstruct(self, &z, &z_mean);
                (y_logit, z_mean, z_logvar, recon)
            }
        }
    };
}

/// Like [`cases`], for the whole model.
macro_rules! model_cases {
    ($($name:ident: $expected:ident { $($item:item)* })*) => {$(
        mod $name {
            use crate::lab_checks::*;
            $($item)*
            db_vae_of_slots!();
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                let device = Device::flex();
                $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", "db_vae"), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}

#[test]
fn the_reference_is_right() {
    use crate::lab_checks::*;
    let device = Device::flex();
    judge(
        &lab_cells::checks!("tp5_debiaisage", "db_vae"),
        Expected::Full,
    );
}

model_cases! {
    right_slots: Full {
        fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> { sampling(z_mean, z_logvar) }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z) }
        fn draw(model: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> { model.reparameterize(mean.clone(), logvar.clone()) }
        fn reconstruct(model: &DbVae, z: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { model.decode(z.clone()) }
    }
    other_way: Full {
        fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
            let epsilon = z_mean.random_like(Distribution::Normal(0.0, 1.0));
            epsilon * (z_logvar / 2.0).exp() + z_mean
        }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z) }
        fn draw(_: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> { sampling(mean.clone(), logvar.clone()) }
        fn reconstruct(model: &DbVae, z: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { model.decoder.forward(z.clone()) }
    }
    stub: Zero {
        fn reparameterize(_: Tensor<2>, _: Tensor<2>) -> Tensor<2> { todo!("À FAIRE"); }
        fn decode(_: &FaceDecoder, _: Tensor<2>) -> Tensor<4> { todo!("À FAIRE"); }
        fn draw(_: &DbVae, _: &Tensor<2>, _: &Tensor<2>) -> Tensor<2> { todo!("À FAIRE"); }
        fn reconstruct(_: &DbVae, _: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { todo!("À FAIRE"); }
    }
    arguments_swapped: Less {
        fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> { sampling(z_logvar, z_mean) }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z) }
        fn draw(model: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> { model.reparameterize(mean.clone(), logvar.clone()) }
        fn reconstruct(model: &DbVae, z: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { model.decode(z.clone()) }
    }
    no_draw: Less {
        fn reparameterize(z_mean: Tensor<2>, _: Tensor<2>) -> Tensor<2> { z_mean }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z) }
        fn draw(model: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> { model.reparameterize(mean.clone(), logvar.clone()) }
        fn reconstruct(model: &DbVae, z: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { model.decode(z.clone()) }
    }
    decodes_something_else: Less {
        fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> { sampling(z_mean, z_logvar) }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z * 0.0) }
        fn draw(model: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> { model.reparameterize(mean.clone(), logvar.clone()) }
        fn reconstruct(model: &DbVae, z: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { model.decode(z.clone()) }
    }
    call_takes_the_mean_for_z: Less {
        fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> { sampling(z_mean, z_logvar) }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z) }
        fn draw(_: &DbVae, mean: &Tensor<2>, _: &Tensor<2>) -> Tensor<2> { mean.clone() }
        fn reconstruct(model: &DbVae, z: &Tensor<2>, _: &Tensor<2>) -> Tensor<4> { model.decode(z.clone()) }
    }
    call_decodes_the_mean: Less {
        fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> { sampling(z_mean, z_logvar) }
        fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> { decoder.forward(z) }
        fn draw(model: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> { model.reparameterize(mean.clone(), logvar.clone()) }
        fn reconstruct(model: &DbVae, _: &Tensor<2>, mean: &Tensor<2>) -> Tensor<4> { model.decode(mean.clone()) }
    }
}

/// The visible checks find a reconstruction that starts from the mean.
mod visible {
    use crate::lab_checks::*;

    fn reparameterize(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
        sampling(z_mean, z_logvar)
    }
    fn decode(decoder: &FaceDecoder, z: Tensor<2>) -> Tensor<4> {
        decoder.forward(z)
    }
    fn draw(model: &DbVae, mean: &Tensor<2>, logvar: &Tensor<2>) -> Tensor<2> {
        model.reparameterize(mean.clone(), logvar.clone())
    }
    fn reconstruct(model: &DbVae, _: &Tensor<2>, mean: &Tensor<2>) -> Tensor<4> {
        model.decode(mean.clone())
    }
    db_vae_of_slots!();

    #[test]
    fn decoding_the_mean_is_seen() {
        let device = Device::flex();
        judge(
            &lab_cells::visible_checks!("tp5_debiaisage", "db_vae"),
            Expected::Less,
        );
    }
}
