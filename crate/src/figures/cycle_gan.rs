//! The scheme of CycleGAN: two domains of faces, two generators, two discriminators, the cycle and its losses.

use super::{
    Figure,
    blocks::{Block, DATA, LATENT, LINE, LOSS, NETWORK, arrow, title},
    canvas::{Canvas, MIDDLE_LEFT, TOP, figure, font, text_width},
    style::{FAINT, INK, SERIES, SMALL},
};
use crate::error::Result;

const WIDTH: u32 = 1010;
const HEIGHT: u32 = 640;
/// Height between the two ways around the cycle.
const LOWER: f64 = 270.0;

/// CycleGAN between the faces of 20–26 years (X) and those of 52–62 years (Y): the generator G makes a face older, F makes
/// one younger, the discriminators tell drawn faces from real ones, and the cycle brings each face back to itself.
///
/// # Errors
/// [`Error::Figure`](crate::Error::Figure) when drawing fails.
///
/// # Source
/// J.-Y. Zhu et al., *Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks*, ICCV 2017.
pub fn cycle_gan_scheme() -> Result<Figure> {
    let alt = "Schéma de CycleGAN, entre les visages de 20 à 26 ans (domaine X) et ceux de 52 à 62 ans (domaine Y). \
               Aucun visage n'est présent aux deux âges. En haut, un visage x de X passe dans le générateur G, qui le vieillit : G(x). \
               Le discriminateur D_Y compare G(x) aux vrais visages de Y, d'où la perte adverse de G. \
               Le générateur F rajeunit ensuite G(x) : F(G(x)) doit redonner x, d'où la perte de cycle |F(G(x)) − x|. \
               En bas, un visage y de Y fait le trajet inverse : F le rajeunit en F(y), le discriminateur D_X compare F(y) aux vrais visages de X, \
               puis G(F(y)) doit redonner y. La perte totale est la somme des deux pertes adverses et de λ fois les deux pertes de cycle.";
    figure(WIDTH, HEIGHT, alt.to_owned(), |canvas| {
        title(canvas, "CycleGAN : vieillir et rajeunir un visage")?;
        way(
            canvas,
            0.0,
            SERIES[0],
            "Premier trajet : on vieillit, puis on rajeunit",
            &Way {
                start: ["Visage réel x", "20–26 ans (X)"],
                first: ["Générateur G", "vieillit"],
                made: ["Visage produit", "G(x), vers Y"],
                second: ["Générateur F", "rajeunit"],
                back: ["Visage retrouvé", "F(G(x)) ≈ x"],
                real: ["Visages réels", "52–62 ans (Y)"],
                judge: ["Discriminateur D_{Y}", "vrai ou produit ?"],
                adversarial: ["Perte adverse", "L_{adv}(G, D_{Y})"],
                cycle: ["Perte de cycle", "|F(G(x)) − x|"],
            },
        )?;
        way(
            canvas,
            LOWER,
            SERIES[5],
            "Second trajet : on rajeunit, puis on vieillit",
            &Way {
                start: ["Visage réel y", "52–62 ans (Y)"],
                first: ["Générateur F", "rajeunit"],
                made: ["Visage produit", "F(y), vers X"],
                second: ["Générateur G", "vieillit"],
                back: ["Visage retrouvé", "G(F(y)) ≈ y"],
                real: ["Visages réels", "20–26 ans (X)"],
                judge: ["Discriminateur D_{X}", "vrai ou produit ?"],
                adversarial: ["Perte adverse", "L_{adv}(F, D_{X})"],
                cycle: ["Perte de cycle", "|G(F(y)) − y|"],
            },
        )?;
        let total = "L = L_{adv}(G, D_{Y}) + L_{adv}(F, D_{X}) + λ · (les deux pertes de cycle)";
        let middle = f64::from(WIDTH) / 2.0;
        canvas.formula(total, (middle, 578.0), font(SMALL).bold())?;
        let same = "Les deux lignes emploient les mêmes réseaux G et F ; les générateurs réduisent L, les discriminateurs l'augmentent.";
        canvas.text(same, (middle, 606.0), font(SMALL).color(FAINT), TOP)
    })
}

/// The texts of one way around the cycle.
struct Way<'a> {
    start: [&'a str; 2],
    first: [&'a str; 2],
    made: [&'a str; 2],
    second: [&'a str; 2],
    back: [&'a str; 2],
    real: [&'a str; 2],
    judge: [&'a str; 2],
    adversarial: [&'a str; 2],
    cycle: [&'a str; 2],
}

/// Draws one way, so far below the first.
fn way(
    canvas: &Canvas,
    down: f64,
    color: plotters::style::RGBColor,
    name: &str,
    texts: &Way,
) -> Result<()> {
    let (upper, lower) = (down + 86.0, down + 206.0);
    let start = Block::new(20.0, upper, 150.0, 76.0, DATA, &texts.start);
    let first = Block::new(222.0, upper, 150.0, 76.0, NETWORK, &texts.first);
    let made = Block::new(424.0, upper, 160.0, 76.0, DATA, &texts.made);
    let second = Block::new(636.0, upper, 150.0, 76.0, NETWORK, &texts.second);
    let back = Block::new(838.0, upper, 152.0, 76.0, DATA, &texts.back);
    let real = Block::new(20.0, lower, 150.0, 62.0, DATA, &texts.real);
    let judge = Block::new(404.0, lower, 200.0, 62.0, LATENT, &texts.judge);
    let adversarial = Block::new(636.0, lower, 160.0, 62.0, LOSS, &texts.adversarial);
    let cycle = Block::new(838.0, lower, 152.0, 62.0, LOSS, &texts.cycle);

    canvas.text(
        name,
        (20.0, down + 64.0),
        font(SMALL).bold().color(color),
        MIDDLE_LEFT,
    )?;
    for (from, to) in [
        (&start, &first),
        (&first, &made),
        (&made, &second),
        (&second, &back),
    ] {
        arrow(canvas, &[from.right(), to.left()])?;
    }
    arrow(canvas, &[made.bottom(), judge.top()])?;
    arrow(canvas, &[real.right(), judge.left()])?;
    arrow(canvas, &[judge.right(), adversarial.left()])?;
    arrow(canvas, &[back.bottom(), cycle.top()])?;
    // The face itself is compared too: a line between both rows.
    let between = (start.to.1 + real.from.1) / 2.0;
    let (x, _) = start.bottom();
    arrow(
        canvas,
        &[
            (x, start.to.1),
            (x, between),
            (cycle.from.0 + 34.0, between),
            (cycle.from.0 + 34.0, cycle.from.1),
        ],
    )?;
    let compared = "comparé au visage de départ";
    let width = text_width(compared, font(SMALL))?;
    let at = (624.0, between - LINE / 2.0);
    let white = super::blocks::WHITE;
    canvas.rectangle((at.0 - 6.0, at.1), (at.0 + width + 6.0, at.1 + LINE), white)?;
    canvas.text(
        compared,
        (at.0, between),
        font(SMALL).color(INK),
        MIDDLE_LEFT,
    )?;
    for block in [
        &start,
        &first,
        &made,
        &second,
        &back,
        &real,
        &judge,
        &adversarial,
        &cycle,
    ] {
        block.draw(canvas)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cycle_is_drawn_and_described() {
        let figure = cycle_gan_scheme().unwrap();
        assert_eq!((figure.width(), figure.height()), (WIDTH, HEIGHT));
        for word in [
            "20 à 26 ans",
            "52 à 62 ans",
            "D_X",
            "D_Y",
            "perte de cycle",
            "générateur G",
        ] {
            assert!(figure.alt_text().contains(word), "{word}");
        }
        if let Some(folder) = std::env::var_os("FIGURES") {
            figure
                .save(std::path::Path::new(&folder).join("cycle_gan.png"))
                .unwrap();
        }
        // Every box is filled: its colour is met on its left edge.
        let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
        for (x, y) in [(26, 120), (228, 120), (640, 390), (642, 240), (846, 520)] {
            assert_ne!(picture.get_pixel(x, y).0, [255; 3], "{x}, {y}");
        }
    }
}
