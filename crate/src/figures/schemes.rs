//! The two schemes of the debiasing lab, redrawn: the variational auto-encoder and the DB-VAE.

use super::{
    Figure,
    blocks::{Block, DATA, LATENT, LINE, LOSS, NETWORK, RESAMPLING, WHITE, arrow, hat, title},
    canvas::{MIDDLE_LEFT, figure, font},
    style::{FAINT, SERIES, SMALL},
};
use crate::error::Result;

const WIDTH: u32 = 1010;

/// The variational auto-encoder: image, encoder, mean and log-variance, drawn latent vector, decoder,
/// reconstruction, and the two terms of its loss.
///
/// # Errors
/// [`Error::Figure`](crate::Error::Figure) when drawing fails.
pub fn vae_scheme() -> Result<Figure> {
    let alt = "Schéma d'un auto-encodeur variationnel. De gauche à droite : l'image x entre dans l'encodeur, \
               qui produit deux vecteurs, la moyenne μ et la log-variance log σ². Le vecteur latent z = μ + σ ∘ ε est tiré \
               avec un bruit ε de loi normale centrée réduite. Le décodeur en fait la reconstruction x̂. La perte latente \
               L_KL porte sur μ et log σ² ; la perte de reconstruction L_x compare x̂ à x.";
    figure(WIDTH, 400, alt.to_owned(), |canvas| {
        title(canvas, "L'auto-encodeur variationnel (VAE)")?;
        let image = Block::new(20.0, 130.0, 120.0, 90.0, DATA, &["Image", "x"]);
        let encoder = Block::new(
            185.0,
            110.0,
            130.0,
            130.0,
            NETWORK,
            &["Encodeur", "q_{φ}(z | x)"],
        );
        let mean = Block::new(365.0, 100.0, 130.0, 62.0, LATENT, &["Moyenne", "μ"]);
        let variance = Block::new(
            365.0,
            188.0,
            130.0,
            62.0,
            LATENT,
            &["Log-variance", "log σ²"],
        );
        let drawn = Block::new(
            545.0,
            130.0,
            130.0,
            90.0,
            LATENT,
            &["Vecteur latent", "z = μ + σ ∘ ε"],
        );
        let noise = Block::new(532.0, 52.0, 156.0, 44.0, DATA, &["Bruit ε ~ N(0, I)"]);
        let decoder = Block::new(
            706.0,
            110.0,
            110.0,
            130.0,
            NETWORK,
            &["Décodeur", "p(x | z)"],
        );
        let recon = Block::new(846.0, 130.0, 148.0, 90.0, DATA, &["Reconstruction", "x"]);
        // What both parameters of the latent law are in: the latent loss is about both.
        let law = Block::new(353.0, 88.0, 154.0, 174.0, WHITE, &[]);
        let latent_loss = Block::new(
            345.0,
            310.0,
            170.0,
            62.0,
            LOSS,
            &["Perte latente", "L_{KL}(μ, σ)"],
        );
        let recon_loss = Block::new(
            630.0,
            310.0,
            220.0,
            62.0,
            LOSS,
            &["Perte de reconstruction", "L_{x}"],
        );

        canvas.frame(law.from, law.to, FAINT, 1)?;
        arrow(canvas, &[image.right(), encoder.left()])?;
        for part in [&mean, &variance] {
            arrow(canvas, &[(encoder.right().0, part.left().1), part.left()])?;
            arrow(
                canvas,
                &[part.right(), (drawn.left().0, part.towards(&drawn))],
            )?;
        }
        arrow(canvas, &[noise.bottom(), drawn.top()])?;
        arrow(canvas, &[drawn.right(), decoder.left()])?;
        arrow(canvas, &[decoder.right(), recon.left()])?;
        arrow(canvas, &[law.bottom(), latent_loss.top()])?;
        arrow(
            canvas,
            &[
                recon.bottom(),
                (recon.bottom().0, recon_loss.right().1),
                recon_loss.right(),
            ],
        )?;
        // The image itself is compared too: a line under everything.
        arrow(
            canvas,
            &[
                image.bottom(),
                (image.bottom().0, 390.0),
                (recon_loss.bottom().0, 390.0),
                recon_loss.bottom(),
            ],
        )?;
        for block in [
            &image,
            &encoder,
            &mean,
            &variance,
            &drawn,
            &noise,
            &decoder,
            &recon,
            &latent_loss,
            &recon_loss,
        ] {
            block.draw(canvas)?;
        }
        hat(canvas, &recon)
    })
}

/// The DB-VAE: the auto-encoder of the faces, a supervised output for all images, and the loop that
/// resamples the training faces by how rare their latent means are.
///
/// # Errors
/// [`Error::Figure`](crate::Error::Figure) when drawing fails.
pub fn db_vae_scheme() -> Result<Figure> {
    let alt = "Schéma du DB-VAE. Un lot d'images, avec et sans visage, entre dans l'encodeur, qui produit trois sorties : \
               le logit supervisé z_o, qui sert à la perte de classification L_y de toutes les images, la moyenne μ et la log-variance \
               log σ². Pour les visages seulement, z = μ + σ ∘ ε passe dans le décodeur, qui donne la reconstruction x̂ et la perte L_VAE. \
               Une boucle part de la moyenne μ des visages : un histogramme par variable latente donne la densité de chaque visage, son inverse \
               donne la probabilité de le tirer, et les visages rares entrent plus souvent dans le lot suivant.";
    figure(WIDTH, 500, alt.to_owned(), |canvas| {
        title(
            canvas,
            "L'auto-encodeur variationnel de débiaisement (DB-VAE)",
        )?;
        let data = Block::new(
            20.0,
            150.0,
            130.0,
            110.0,
            DATA,
            &["Lot d'images", "avec et sans", "visage"],
        );
        let encoder = Block::new(
            200.0,
            140.0,
            120.0,
            130.0,
            NETWORK,
            &["Encodeur", "(le CNN)", "2k + 1 sorties"],
        );
        let class = Block::new(
            367.0,
            62.0,
            160.0,
            62.0,
            LATENT,
            &["Sortie supervisée", "z_{o} (logit)"],
        );
        let variance = Block::new(367.0, 150.0, 160.0, 52.0, LATENT, &["Log-variance"]);
        // Below the log-variance: the loop starts from it.
        let mean = Block::new(367.0, 222.0, 160.0, 52.0, LATENT, &["Moyenne μ"]);
        let drawn = Block::new(560.0, 172.0, 120.0, 76.0, LATENT, &["z = μ + σ ∘ ε"]);
        let decoder = Block::new(720.0, 155.0, 100.0, 110.0, NETWORK, &["Décodeur"]);
        let recon = Block::new(846.0, 165.0, 148.0, 90.0, DATA, &["Reconstruction", "x"]);
        let class_loss = Block::new(
            640.0,
            62.0,
            352.0,
            62.0,
            LOSS,
            &["Perte de classification L_{y}", "toutes les images"],
        );
        let vae_loss = Block::new(
            640.0,
            320.0,
            352.0,
            62.0,
            LOSS,
            &["Perte L_{VAE} = c · L_{KL} + L_{x}", "visages seulement"],
        );
        let histogram = Block::new(
            345.0,
            396.0,
            200.0,
            84.0,
            RESAMPLING,
            &["Un histogramme", "par variable latente"],
        );
        let odds = Block::new(
            60.0,
            396.0,
            236.0,
            84.0,
            RESAMPLING,
            &[
                "Probabilités de tirage :",
                "1 / densité, visages rares",
                "plus souvent tirés",
            ],
        );

        arrow(canvas, &[data.right(), encoder.left()])?;
        for part in [&class, &variance, &mean] {
            arrow(
                canvas,
                &[(encoder.right().0, part.towards(&encoder)), part.left()],
            )?;
        }
        for part in [&mean, &variance] {
            arrow(
                canvas,
                &[part.right(), (drawn.left().0, part.towards(&drawn))],
            )?;
        }
        arrow(canvas, &[class.right(), class_loss.left()])?;
        arrow(canvas, &[drawn.right(), decoder.left()])?;
        arrow(canvas, &[decoder.right(), recon.left()])?;
        arrow(
            canvas,
            &[recon.bottom(), (recon.bottom().0, vae_loss.top().1)],
        )?;
        // From the means of the faces back to the data.
        arrow(
            canvas,
            &[mean.bottom(), (mean.bottom().0, histogram.top().1)],
        )?;
        arrow(canvas, &[histogram.left(), odds.right()])?;
        arrow(canvas, &[(data.bottom().0, odds.top().1), data.bottom()])?;
        for (index, line) in ["rééchantillonnage,", "au début de chaque époque"]
            .iter()
            .enumerate()
        {
            let at = (98.0, 318.0 + LINE * index as f64);
            canvas.text(line, at, font(SMALL).color(SERIES[2]).bold(), MIDDLE_LEFT)?;
        }
        let size = "k variables latentes (ici 100)";
        canvas.text(size, (458.0, 300.0), font(SMALL).color(FAINT), MIDDLE_LEFT)?;
        for block in [
            &data,
            &encoder,
            &class,
            &mean,
            &variance,
            &drawn,
            &decoder,
            &recon,
            &class_loss,
            &vae_loss,
            &histogram,
            &odds,
        ] {
            block.draw(canvas)?;
        }
        hat(canvas, &recon)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_drawn_and_described() {
        for (figure, words) in [
            (vae_scheme(), ["encodeur", "log σ²", "L_KL", "L_x"]),
            (
                db_vae_scheme(),
                ["z_o", "visages seulement", "histogramme", "probabilité"],
            ),
        ] {
            let figure = figure.unwrap();
            assert_eq!(figure.width(), WIDTH);
            for word in words {
                assert!(figure.alt_text().contains(word), "{word}");
            }
            // Something else than white, all over the picture.
            let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
            let inked = |x: std::ops::Range<u32>| {
                x.flat_map(|x| (0..picture.height()).map(move |y| (x, y)))
                    .any(|(x, y)| picture.get_pixel(x, y).0 != [255; 3])
            };
            assert!(inked(0..WIDTH / 3) && inked(2 * WIDTH / 3..WIDTH));
        }
    }
}
