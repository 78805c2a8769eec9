//! The study as Markdown: the map of the worlds and the choice, then the arms and the verdicts.

use super::confirmation::{Confirmation, MARGIN, Tested};
use super::screening::{Choice, LEAST_ENRICHMENT, LEAST_GAP, Screening};
use super::study::{Arm, Outcome, Sizes, World};
use crate::french::{counted, fixed, grouped};
use crate::statistics::{Mean, mean, summary};

/// The map, and the two worlds that it chooses.
pub fn map(screening: &Screening, sizes: &Sizes) -> String {
    let mut text = String::from(
        "| ce qui est rare | part | rappel, version fréquente | rappel, version rare | écart, par graine | part tirée ÷ part : règle du TP | variables actives | produit | variables actives (nombre) | R² de la rareté |\n\
         |---|---:|---:|---:|---|---:|---:|---:|---:|---:|\n",
    );
    for place in screening.places() {
        let gaps: Vec<String> = place.gaps.iter().map(|gap| points(*gap)).collect();
        text.push_str(&format!(
            "| {} | {} % | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            place.world.factor,
            fixed(100.0 * place.world.rare_share, 0),
            fixed(place.common, 3),
            fixed(place.rare, 3),
            gaps.join(" · "),
            fixed(place.rule, 2),
            fixed(place.active, 2),
            fixed(place.product, 2),
            fixed(place.active_variables, 0),
            fixed(place.r_squared, 2),
        ));
    }
    text.push_str(&format!("\n{}\n", chosen(&screening.choice())));
    let seeds = screening
        .places()
        .first()
        .map_or(0, |place| place.gaps.len());
    text.push_str(&format!(
        "\n*Visages dessinés, {} et autant d'autres images, {} par monde. Le seul DB-VAE entraîné ici tire ses visages uniformément. \
         Écarts en points, au seuil de 5 % de faux positifs. « Part tirée ÷ part » : ce que chaque règle tirerait avec ce modèle, \
         1 pour un tirage uniforme. Protocole : `notebooks/resultats/protocole_biais.md`. Mesuré par `cargo tp bench biais tri` en {}.*\n",
        grouped(sizes.images as u64),
        counted(seeds, "graine"),
        duration(screening.seconds()),
    ));
    text
}

/// The map for the library's `world_measures`, whose figure the lab draws.
pub fn measures(screening: &Screening) -> String {
    let mut text = String::from("monde;écart (points);part tirée ÷ part réelle\n");
    for place in screening.places() {
        let (gap, rule) = (100.0 * place.gap, place.rule);
        text.push_str(&format!("{};{gap:.2};{rule:.3}\n", place.world));
    }
    text
}

fn chosen(choice: &Choice) -> String {
    let Choice {
        most,
        least,
        by_active,
        few_gaps,
    } = choice;
    let mut text = format!("**Monde A** : {most}. **Monde B** : {least}.");
    if *few_gaps {
        text.push_str(&format!(
            " Moins de deux mondes ont un écart d'au moins {} points : les deux plus grands écarts sont retenus.",
            fixed(100.0 * LEAST_GAP, 0)
        ));
    }
    text.push_str(&match by_active {
        true => format!(
            " Parmi les mondes retenus, la règle du TP ne multiplie jamais la part des rares par {} : le monde A est celui où la règle \
             sur les variables actives la multiplie le plus.",
            fixed(LEAST_ENRICHMENT, 1)
        ),
        false => " Le monde A est celui où la règle du TP multiplie le plus la part des rares, le monde B celui où elle la multiplie le moins.".to_owned(),
    });
    text
}

/// Arms and verdicts.
pub fn verdict(found: &Confirmation, sizes: &Sizes) -> String {
    let Choice { most, least, .. } = found.choice;
    let mut text = String::new();
    for (name, world) in [("A", most), ("B", least)] {
        text.push_str(&format!(
            "Monde {name} ({world}) :\n\n{}\n",
            arms(found, &world)
        ));
    }
    text.push_str(
        "Ce que les deux règles changent dans le monde A, pour le rappel des rares :\n\n",
    );
    text.push_str(
        "| règle | − témoin, en points [95 %] | p | p de Holm | − placebo [95 %] | version fréquente − témoin | verdict |\n|---|---:|---:|---:|---:|---:|---|\n",
    );
    for tested in found.tested() {
        text.push_str(&tested_row(&tested));
    }
    let equivalence = found.equivalence();
    let interval = equivalence.interval.map_or("–".to_owned(), |[low, high]| {
        format!("[{} ; {}]", points(low), points(high))
    });
    text.push_str(&format!(
        "\nDans le monde B, la règle du TP moins le témoin : {} points, intervalle à 90 % {interval}, à comparer à ±{} points. Verdict : **{}**.\n",
        points(equivalence.difference.0),
        fixed(100.0 * MARGIN, 0),
        equivalence.word.name(),
    ));
    text.push_str(&format!("\n{}\n", mechanism(found)));
    text.push_str(&format!(
        "\n*Visages dessinés, {} et autant d'autres images ; {} personnes dessinées dans les deux versions ; {} nouvelles. Rappels au seuil de \
         5 % de faux positifs, fixé sur {} images à part. Intervalles de Student sur les graines. Protocole : \
         `notebooks/resultats/protocole_biais.md`. Mesuré par `cargo tp bench biais confirmation` en {}.*\n",
        grouped(sizes.images as u64),
        sizes.test[0],
        counted(found.seeds(), "graine"),
        sizes.test[2],
        duration(found.seconds()),
    ));
    text
}

/// World A in short, with the verdicts: what the lab itself shows.
pub fn essential(found: &Confirmation) -> String {
    let Choice { most, least, .. } = found.choice;
    let mut text = format!(
        "| monde A ({most}) | rappel, version rare [95 %] | rappel, version fréquente | version rare : − témoin, en points [95 %] | part des rares parmi les tirages |\n\
         |---|---:|---:|---:|---:|\n"
    );
    let recall = |outcome: &Outcome| outcome.rare.recall();
    for arm in Arm::ALL {
        let rare = found.values(&most, arm, &recall);
        if rare.is_empty() {
            continue;
        }
        let common = mean(&found.values(&most, arm, &|outcome| outcome.common.recall()));
        let gain = found.less(&most, arm, Arm::Uniform, &recall);
        let drawn = found.values(&most, arm, &|outcome| {
            outcome.drawn_share().unwrap_or(f64::NAN)
        });
        let against_control = match arm {
            Arm::Rule | Arm::Active | Arm::Placebo | Arm::Inverse => in_points(summary(&gain)),
            Arm::Uniform | Arm::CnnUniform | Arm::CnnInverse => "–".to_owned(),
        };
        text.push_str(&format!(
            "| {} | {} | {} | {against_control} | {} |\n",
            arm.name(),
            rates(summary(&rare)),
            fixed(common, 3),
            share(mean(&drawn)),
        ));
    }
    let words: Vec<String> = found
        .tested()
        .iter()
        .map(|tested| format!("{} **{}**", tested.arm.rule(), tested.word.name()))
        .collect();
    let equivalence = found.equivalence();
    text.push_str(&format!(
        "\nVerdicts du monde A : {}. Monde B ({least}) : rappel des rares, règle du TP − témoin : {} points ; verdict : **{}**.\n",
        words.join(", "),
        in_points(equivalence.difference),
        equivalence.word.name(),
    ));
    text.push_str(&format!(
        "\n*Dessins, {} ; rappels au seuil de 5 % de faux positifs ; intervalles de Student sur les graines. Tableaux entiers : TP 5 bis. \
         Mesuré par `cargo tp bench biais`.*\n",
        counted(found.seeds(), "graine"),
    ));
    text
}

/// « 5,9 % », or a dash where nothing is drawn by a rule.
fn share(value: f64) -> String {
    match value.is_nan() {
        true => "–".to_owned(),
        false => format!("{} %", fixed(100.0 * value, 1)),
    }
}

fn arms(found: &Confirmation, world: &World) -> String {
    let mut text = String::from(
        "| bras | rappel, rares [95 %] | rappel, fréquents | écart, en points [95 %] | rappel des rares à ½ | aire sous la courbe, rares | faux positifs | leurres clairs · foncés | part des rares tirés | taille effective |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for arm in Arm::ALL {
        let each = |of: &dyn Fn(&Outcome) -> f64| found.values(world, arm, of);
        let rare = each(&|outcome| outcome.rare.recall());
        if rare.is_empty() {
            continue;
        }
        let drawn = each(&|outcome| outcome.drawn_share().unwrap_or(f64::NAN));
        let effective = each(&|outcome| {
            mean(
                &outcome
                    .draws
                    .iter()
                    .map(|epoch| epoch.effective)
                    .collect::<Vec<_>>(),
            )
        });
        let cells = [
            arm.name().to_owned(),
            rates(summary(&rare)),
            fixed(mean(&each(&|outcome| outcome.common.recall())), 3),
            in_points(summary(&each(&Outcome::gap))),
            fixed(mean(&each(&|outcome| outcome.rare.recall_half())), 3),
            fixed(mean(&each(&|outcome| outcome.rare.auc)), 3),
            fixed(mean(&each(&|outcome| outcome.alarms.rate())), 3),
            format!(
                "{} · {}",
                fixed(mean(&each(&|outcome| outcome.light_decoys.rate())), 2),
                fixed(mean(&each(&|outcome| outcome.dark_decoys.rate())), 2)
            ),
            share(mean(&drawn)),
            match mean(&effective) {
                size if size.is_nan() => "–".to_owned(),
                size => fixed(size, 0),
            },
        ];
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

fn tested_row(tested: &Tested) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | **{}** |\n",
        tested.arm.name(),
        in_points(tested.difference),
        fixed(tested.p, 3),
        fixed(tested.adjusted, 3),
        tested.against_placebo.map_or("–".to_owned(), in_points),
        in_points(tested.common),
        tested.word.name(),
    )
}

/// Whether seeds whose draws were richer gained more.
fn mechanism(found: &Confirmation) -> String {
    let Choice { most, least, .. } = found.choice;
    let said = |world: World, arm: Arm| {
        found
            .gain_and_enrichment(&world, arm)
            .map_or("non calculable".to_owned(), |rho| fixed(rho, 2))
    };
    format!(
        "Corrélation de rang, sur les graines, entre le gain de rappel et la part des rares tirés : {} (règle du TP, monde A), {} (variables \
         actives, monde A), {} (règle du TP, monde B). Elle est descriptive.",
        said(most, Arm::Rule),
        said(most, Arm::Active),
        said(least, Arm::Rule),
    )
}

/// « −1,5 ».
fn points(part: f64) -> String {
    fixed(100.0 * part, 1)
}

fn in_points((centre, interval): Mean) -> String {
    match interval {
        Some([low, high]) => format!("{} [{} ; {}]", points(centre), points(low), points(high)),
        None => points(centre),
    }
}

fn rates((centre, interval): Mean) -> String {
    match interval {
        Some([low, high]) => format!(
            "{} [{} ; {}]",
            fixed(centre, 3),
            fixed(low.max(0.0), 3),
            fixed(high.min(1.0), 3)
        ),
        None => fixed(centre, 3),
    }
}

/// « 1 h 17 min ».
fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match minutes / 60 {
        0 => format!("{minutes} min"),
        hours => format!("{hours} h {:02} min", minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::study::{CONFIRMATION_SEEDS, examples::entry};
    use super::*;

    #[test]
    fn the_map_names_both_worlds() {
        let entries = World::ALL.into_iter().enumerate().map(|(place, world)| {
            let found = if place == 4 || place == 6 { 200 } else { 280 };
            entry(
                world,
                Arm::Uniform,
                101,
                [290, found],
                if place == 4 { 2.0 } else { 1.1 },
            )
        });
        let text = map(&Screening::new(entries.collect()), &Sizes::STUDY);
        assert!(
            text.contains(
                "| couvre-chef | 3 % | 0,967 | 0,667 | 30,0 | 2,00 | 4,00 | 1,00 | 7 | 0,25 |"
            ),
            "{text}"
        );
        assert!(
            text.contains("**Monde A** : couvre-chef, 3 %. **Monde B** : lunettes de soleil, 3 %."),
            "{text}"
        );
        let measures = measures(&Screening::new(
            World::ALL
                .map(|world| entry(world, Arm::Uniform, 101, [290, 275], 1.5))
                .to_vec(),
        ));
        assert_eq!(measures.lines().nth(1), Some("teint, 3 %;5.00;1.500"));
        assert_eq!(measures.lines().count(), 15);
        assert!(
            text.contains("1 graine par monde") && text.contains("en 14 min"),
            "{text}"
        );
    }

    #[test]
    fn the_verdict_says_its_words_and_skips_arms_that_were_left_out() {
        let choice = Choice {
            most: World::ALL[4],
            least: World::ALL[6],
            by_active: true,
            few_gaps: false,
        };
        let mut entries = Vec::new();
        for seed in CONFIRMATION_SEEDS {
            for world in [choice.most, choice.least] {
                let wobble = (seed % 3) as usize;
                for (arm, rare) in [
                    (Arm::Uniform, 200),
                    (Arm::Rule, 200 + wobble),
                    (Arm::Active, 230 + wobble),
                    (Arm::Placebo, 200),
                ] {
                    entries.push(entry(world, arm, seed, [290, rare], 1.0));
                }
            }
        }
        let found = Confirmation::new(&choice, entries);
        let text = verdict(&found, &Sizes::STUDY);
        assert!(
            text.contains("| DB-VAE, règle sur les variables actives | 10,3 ["),
            "{text}"
        );
        assert!(
            text.contains("**aide**") && text.contains("Verdict : **n'aide pas**"),
            "{text}"
        );
        assert!(
            !text.contains("CNN") && text.contains("16 graines nouvelles"),
            "{text}"
        );
        assert!(text.contains("en 2 h 08 min"), "{text}");
        let short = essential(&found);
        assert!(
            short.contains("la règle du TP **aide**, les variables actives **aide**"),
            "{short}"
        );
        assert!(
            short.contains(
                "| DB-VAE, placebo | 0,667 [0,667 ; 0,667] | 0,967 | 0,0 [0,0 ; 0,0] | 3,0 % |"
            ),
            "{short}"
        );
        assert!(
            short.contains("règle du TP − témoin : 0,3 [") && short.contains("16 graines"),
            "{short}"
        );
    }
}
