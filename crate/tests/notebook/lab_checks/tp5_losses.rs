//! The losses and the draw of the latent variables.

use crate::lab_checks::cases;

mod latent {
    use super::*;

    cases! { "latent_loss";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "latent_loss");
        }
        other_way: Full {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                let sigma = (logvar * 0.5).exp();
                let terms = sigma.clone().powi_scalar(2) + mu.clone() * mu - sigma.log() * 2.0 - 1.0;
                let [batch, _] = terms.dims();
                terms.sum_dim(1).mul_scalar(0.5).reshape([batch])
            }
        }
        term_by_term: Full {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                let half = |t: Tensor<2>| t.sum_dim(1).squeeze_dim::<1>(1) / 2.0;
                half(logvar.clone().exp() - 1.0) + half(mu.square()) - half(logvar)
            }
        }
        stub: Zero {
            fn latent_loss(_: Tensor<2>, _: Tensor<2>) -> Tensor<1> { todo!("À FAIRE"); }
        }
        no_half: Less {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                crate::lab_checks::latent_loss(mu, logvar) * 2.0
            }
        }
        mean_for_sum: Less {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                let latent = mu.dims()[1] as f64;
                crate::lab_checks::latent_loss(mu, logvar) / latent
            }
        }
        sigma_for_its_square: Less {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                crate::lab_checks::latent_loss(mu, logvar * 0.5)
            }
        }
        logvar_taken_for_log_sigma: Less {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                crate::lab_checks::latent_loss(mu, logvar * 2.0)
            }
        }
        mean_over_the_batch: Less {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                let [batch, _] = mu.dims();
                crate::lab_checks::latent_loss(mu, logvar).mean().expand([batch])
            }
        }
        arguments_swapped: Less {
            fn latent_loss(mu: Tensor<2>, logvar: Tensor<2>) -> Tensor<1> {
                crate::lab_checks::latent_loss(logvar, mu)
            }
        }
    }
}

mod reconstruction {
    use super::*;

    cases! { "reconstruction_loss";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "reconstruction_loss");
        }
        other_way: Full {
            fn reconstruction_loss(x: Tensor<4>, x_recon: Tensor<4>) -> Tensor<1> {
                let [batch, ..] = x.dims();
                (x_recon - x).abs().mean_dims(&[1, 2, 3]).reshape([batch])
            }
        }
        stub: Zero {
            fn reconstruction_loss(_: Tensor<4>, _: Tensor<4>) -> Tensor<1> { todo!("À FAIRE"); }
        }
        sum_for_mean: Less {
            fn reconstruction_loss(x: Tensor<4>, x_recon: Tensor<4>) -> Tensor<1> {
                (x - x_recon).abs().flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
            }
        }
        squares_for_absolute_values: Less {
            fn reconstruction_loss(x: Tensor<4>, x_recon: Tensor<4>) -> Tensor<1> {
                (x - x_recon).square().flatten::<2>(1, 3).mean_dim(1).squeeze_dim::<1>(1)
            }
        }
        no_absolute_value: Less {
            fn reconstruction_loss(x: Tensor<4>, x_recon: Tensor<4>) -> Tensor<1> {
                (x - x_recon).flatten::<2>(1, 3).mean_dim(1).squeeze_dim::<1>(1)
            }
        }
        mean_over_the_batch: Less {
            fn reconstruction_loss(x: Tensor<4>, x_recon: Tensor<4>) -> Tensor<1> {
                let [batch, ..] = x.dims();
                (x - x_recon).abs().mean().expand([batch])
            }
        }
        colours_alone: Less {
            fn reconstruction_loss(x: Tensor<4>, x_recon: Tensor<4>) -> Tensor<1> {
                let [batch, ..] = x.dims();
                (x - x_recon).abs().mean_dim(1).slice([0..batch, 0..1, 0..1, 0..1]).reshape([batch])
            }
        }
    }
}

mod vae {
    use super::*;

    cases! { "vae_loss";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "vae_loss");
        }
        other_way: Full {
            fn vae_loss(x: Tensor<4>, x_recon: Tensor<4>, mu: Tensor<2>, logvar: Tensor<2>, kl_weight: f64) -> Tensor<1> {
                reconstruction_loss(x, x_recon).add(latent_loss(mu, logvar).mul_scalar(kl_weight))
            }
        }
        stub: Zero {
            fn vae_loss(_: Tensor<4>, _: Tensor<4>, _: Tensor<2>, _: Tensor<2>, _: f64) -> Tensor<1> { todo!("À FAIRE"); }
        }
        weight_on_the_wrong_term: Less {
            fn vae_loss(x: Tensor<4>, x_recon: Tensor<4>, mu: Tensor<2>, logvar: Tensor<2>, kl_weight: f64) -> Tensor<1> {
                latent_loss(mu, logvar) + reconstruction_loss(x, x_recon) * kl_weight
            }
        }
        weight_on_both: Less {
            fn vae_loss(x: Tensor<4>, x_recon: Tensor<4>, mu: Tensor<2>, logvar: Tensor<2>, kl_weight: f64) -> Tensor<1> {
                (latent_loss(mu, logvar) + reconstruction_loss(x, x_recon)) * kl_weight
            }
        }
        weight_ignored: Less {
            fn vae_loss(x: Tensor<4>, x_recon: Tensor<4>, mu: Tensor<2>, logvar: Tensor<2>, _: f64) -> Tensor<1> {
                crate::lab_checks::vae_loss(x, x_recon, mu, logvar, 5e-4)
            }
        }
        means_and_variances_swapped: Less {
            fn vae_loss(x: Tensor<4>, x_recon: Tensor<4>, mu: Tensor<2>, logvar: Tensor<2>, kl_weight: f64) -> Tensor<1> {
                crate::lab_checks::vae_loss(x, x_recon, logvar, mu, kl_weight)
            }
        }
        latent_loss_alone: Less {
            fn vae_loss(_: Tensor<4>, _: Tensor<4>, mu: Tensor<2>, logvar: Tensor<2>, kl_weight: f64) -> Tensor<1> {
                latent_loss(mu, logvar) * kl_weight
            }
        }
    }
}

mod sampling {
    use super::*;

    cases! { "sampling";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "sampling");
        }
        other_way: Full {
            fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
                let sigma = z_logvar.exp().sqrt();
                let epsilon = Tensor::<2>::random(z_mean.dims(), Distribution::Normal(0.0, 1.0), &z_mean.device());
                epsilon.mul(sigma).add(z_mean)
            }
        }
        stub: Zero {
            fn sampling(_: Tensor<2>, _: Tensor<2>) -> Tensor<2> { todo!("À FAIRE"); }
        }
        exp_of_logvar: Less {
            fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
                crate::lab_checks::sampling(z_mean, z_logvar * 2.0)
            }
        }
        no_noise: Less {
            fn sampling(z_mean: Tensor<2>, _: Tensor<2>) -> Tensor<2> { z_mean }
        }
        deviation_added_without_noise: Less {
            fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> { z_mean + (z_logvar * 0.5).exp() }
        }
        no_mean: Less {
            fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
                crate::lab_checks::sampling(z_mean * 0.0, z_logvar)
            }
        }
        no_deviation: Less {
            fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
                crate::lab_checks::sampling(z_mean, z_logvar * 0.0)
            }
        }
        one_noise_for_all: Less {
            fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
                let epsilon = Tensor::<2>::random([1, 1], Distribution::Normal(0.0, 1.0), &z_mean.device());
                let shape = z_mean.dims();
                z_mean + (z_logvar * 0.5).exp() * epsilon.expand(shape)
            }
        }
    }
}

/// The visible checks find the lack of noise.
mod visible_sampling {
    use crate::lab_checks::*;

    fn sampling(z_mean: Tensor<2>, z_logvar: Tensor<2>) -> Tensor<2> {
        z_mean + (z_logvar * 0.5).exp()
    }

    #[test]
    fn lack_of_noise_is_seen() {
        let device = Device::flex();
        judge(
            &lab_cells::visible_checks!("tp5_debiaisage", "sampling"),
            Expected::Less,
        );
    }
}

mod classification {
    use super::*;

    cases! { "classification_loss";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "classification_loss");
        }
        other_way: Full {
            fn classification_loss(y_logit: Tensor<2>, y: Tensor<1>) -> Result<Tensor<1>, Error> {
                let l = y_logit.reshape([y.dims()[0]]);
                // max(l, 0) − l·y + log(1 + e^{−|l|})
                Ok(relu(l.clone()) - l.clone() * y + (l.abs().neg().exp() + 1.0).log())
            }
        }
        stub: Zero {
            fn classification_loss(_: Tensor<2>, _: Tensor<1>) -> Result<Tensor<1>, Error> { todo!("À FAIRE"); }
        }
        mean_of_the_batch: Less {
            fn classification_loss(y_logit: Tensor<2>, y: Tensor<1>) -> Result<Tensor<1>, Error> {
                Ok(crate::lab_checks::classification_loss(y_logit, y)?.mean())
            }
        }
        logits_and_labels_swapped: Less {
            fn classification_loss(y_logit: Tensor<2>, y: Tensor<1>) -> Result<Tensor<1>, Error> {
                binary_cross_entropy_with_logits(y, y_logit.squeeze_dim::<1>(1))
            }
        }
        probabilities_for_logits: Less {
            fn classification_loss(y_logit: Tensor<2>, y: Tensor<1>) -> Result<Tensor<1>, Error> {
                binary_cross_entropy_with_logits(sigmoid(y_logit.squeeze_dim::<1>(1)), y)
            }
        }
    }
}

mod debiasing {
    use super::*;

    /// The terms of the loss, one an image: classification, indicator, VAE.
    fn terms(
        x: crate::lab_checks::Tensor<4>,
        x_recon: crate::lab_checks::Tensor<4>,
        y: crate::lab_checks::Tensor<1>,
        y_logit: crate::lab_checks::Tensor<2>,
        mu: crate::lab_checks::Tensor<2>,
        logvar: crate::lab_checks::Tensor<2>,
    ) -> [crate::lab_checks::Tensor<1>; 3] {
        let vae = crate::lab_checks::vae_loss(x, x_recon, mu, logvar, crate::lab_checks::KL_WEIGHT);
        let logits = y_logit.squeeze_dim::<1>(1);
        let classification =
            crate::lab_checks::binary_cross_entropy_with_logits(logits, y.clone()).unwrap();
        [classification, y, vae]
    }

    cases! { "debiasing_loss";
        reference: Full {
            lab_cells::exercise!("tp5_debiaisage", "debiasing_loss");
        }
        other_way: Full {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let batch = y.dims()[0];
                let class = classification_loss(y_logit, y.clone())?;
                let vae = vae_loss(x, x_recon, mu, logvar, 0.0005).mask_fill(y.equal_elem(0.0), 0.0);
                Ok(((class.clone().sum() + vae.sum()) / batch as f64, class))
            }
        }
        stub: Zero {
            fn debiasing_loss(
                _: Tensor<4>, _: Tensor<4>, _: Tensor<1>, _: Tensor<2>, _: Tensor<2>, _: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> { todo!("À FAIRE"); }
        }
        indicator_on_the_classification: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let [class, face, vae] = super::terms(x, x_recon, y, y_logit, mu, logvar);
                Ok(((class.clone() * face + vae).mean(), class))
            }
        }
        indicator_on_both: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let [class, face, vae] = super::terms(x, x_recon, y, y_logit, mu, logvar);
                Ok((((class.clone() + vae) * face).mean(), class))
            }
        }
        no_indicator: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let [class, _, vae] = super::terms(x, x_recon, y, y_logit, mu, logvar);
                Ok(((class.clone() + vae).mean(), class))
            }
        }
        batch_by_batch_broadcast: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let [class, face, vae] = super::terms(x, x_recon, y, y_logit, mu, logvar);
                // [batch, 1] + [batch, 1] · [1, batch] = [batch, batch], as in the original.
                let total = class.clone().unsqueeze_dim::<2>(1) + face.unsqueeze_dim::<2>(1) * vae.unsqueeze_dim::<2>(0);
                Ok((total.mean(), class))
            }
        }
        sum_for_mean: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let [class, face, vae] = super::terms(x, x_recon, y, y_logit, mu, logvar);
                Ok(((class.clone() + face * vae).sum(), class))
            }
        }
        logits_and_labels_swapped: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let [_, face, vae] = super::terms(x, x_recon, y.clone(), y_logit.clone(), mu, logvar);
                let class = binary_cross_entropy_with_logits(y, y_logit.squeeze_dim::<1>(1))?;
                Ok(((class.clone() + face * vae).mean(), class))
            }
        }
        means_and_variances_swapped: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                crate::lab_checks::debiasing_loss(x, x_recon, y, y_logit, logvar, mu)
            }
        }
        mean_classification: Less {
            fn debiasing_loss(
                x: Tensor<4>, x_recon: Tensor<4>, y: Tensor<1>, y_logit: Tensor<2>, mu: Tensor<2>, logvar: Tensor<2>,
            ) -> Result<(Tensor<1>, Tensor<1>), Error> {
                let (total, class) = crate::lab_checks::debiasing_loss(x, x_recon, y, y_logit, mu, logvar)?;
                Ok((total, class.mean()))
            }
        }
    }
}
