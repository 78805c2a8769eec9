//! A student at work on a lab: each answer cell is run empty, then wrong, then right, in one session without a restart.

use std::path::Path;

use tp::notebook::Notebook;
use tp_protocol::Marker;

use super::{alone, command, ok, run, start};

/// A plausible mistake: the answer cell, a text of the solution, and what a student wrote instead.
type Mistake = (&'static str, &'static str, &'static str);

/// A mistake for each answer cell of tp5.
const TP5: [Mistake; 14] = [
    (
        "tp5-train_cnn",
        "standard_train_step(model, &mut optimizer, &batch?, LEARNING_RATE)?",
        "{ let batch = batch?; let (_, loss) = standard_train_step(model.clone(), &mut optimizer, &batch, LEARNING_RATE)?; (model, loss) }",
    ),
    ("tp5-latent_loss", "(1) * 0.5", "(1)"),
    ("tp5-reconstruction_loss", ".mean_dim(1)", ".sum_dim(1)"),
    (
        "tp5-vae_loss",
        "latent_loss(mu, logvar) * kl_weight",
        "latent_loss(mu, logvar)",
    ),
    ("tp5-sampling", "(z_logvar * 0.5).exp()", "z_logvar.exp()"),
    (
        "tp5-classification_loss",
        "(y_logit.squeeze_dim::<1>(1), y)",
        "(y, y_logit.squeeze_dim::<1>(1))",
    ),
    ("tp5-debiasing_loss", "face_indicator * vae", "vae"),
    (
        "tp5-db_vae",
        "self.reparameterize(z_mean.clone(), z_logvar.clone())",
        "z_mean.clone()",
    ),
    (
        "tp5-variable_probabilities",
        "1.0 / smoothed[bin - 1]",
        "smoothed[bin - 1]",
    ),
    (
        "tp5-resampling_probabilities",
        "old.max(*new)",
        "old.min(*new)",
    ),
    (
        "tp5-get_training_sample_probabilities",
        "get_latent_mu(images, dbvae, device)?",
        "{ let _ = dbvae; get_latent_mu(images, &DbVae::new(device), device)? }",
    ),
    (
        "tp5-debiasing_train_step",
        "debiasing_loss(x, x_recon, y, y_logit, z_mean, z_logvar)?",
        "debiasing_loss(x, x_recon, y, y_logit, z_logvar, z_mean)?",
    ),
    (
        "tp5-train_dbvae",
        "get_training_sample_probabilities(loader.faces(), &model, device)?",
        "vec![1.0 / loader.faces().len() as f64; loader.faces().len()]",
    ),
    ("tp5-drawn_share", "**is_rare", "!**is_rare"),
];

/// A mistake for each answer cell of tp6.
const TP6: [Mistake; 8] = [
    ("tp6-layer_parameters", "64 * 32 * 9 + 64", "64 * 32 * 9"),
    (
        "tp6-untrained_accuracies",
        "Net::new(seed, device)",
        "Net::new(0 * seed, device)",
    ),
    (
        "tp6-train_with_curve",
        "evaluate(&model, validation, device)?",
        "evaluate(&model, train, device)?",
    ),
    (
        "tp6-class_gaps",
        "{ 2.0 * p - 1.0 } else { 1.0 - 2.0 * p }",
        "{ *p } else { 1.0 - p }",
    ),
    ("tp6-group_rule", "old.max(n - old)", "old.max(n / 2)"),
    ("tp6-multi_crop", "seed + i as u64", "seed + 0 * i as u64"),
    (
        "tp6-extremes",
        "gaps[*a].total_cmp(&gaps[*b])",
        "gaps[*b].total_cmp(&gaps[*a])",
    ),
    (
        "tp6-ascend",
        ".sum() - (image.clone()",
        ".sum() + (image.clone()",
    ),
];

/// A mistake for each answer cell of tp3.
const TP3: [Mistake; 8] = [
    ("tp3-make_batch", "bytes / 255.0", "bytes"),
    ("tp3-seed_augmentation", "padding: 0", "padding: 4"),
    (
        "tp3-heads",
        "(gender.forward(features.clone()).flatten(0, 1), age.forward(features).flatten(0, 1))",
        "(age.forward(features.clone()).flatten(0, 1), gender.forward(features).flatten(0, 1))",
    ),
    ("tp3-joint_loss", ".mean() * weight", ".mean()"),
    (
        "tp3-validate",
        "(ages * MAX_AGE - age)",
        "(ages - age / MAX_AGE)",
    ),
    (
        "tp3-train_two_heads",
        "batch.target(\"age\")? / MAX_AGE",
        "batch.target(\"age\")?",
    ),
    ("tp3-age_errors", "|(p, t)| p - t", "|(p, t)| t - p"),
    (
        "tp3-half_width",
        "errors.iter().map(|error| error.abs()).collect()",
        "errors.to_vec()",
    ),
];

/// A mistake for each answer cell of tp7.
const TP7: [Mistake; 8] = [
    (
        "tp7-channels_first",
        "pixels.permute([0, 3, 1, 2])",
        "{ let [n, h, w, c] = pixels.dims(); pixels.reshape([n, c, h, w]) }",
    ),
    (
        "tp7-heads",
        "(mean.forward(features.clone()), log_sigma.forward(features))",
        "(log_sigma.forward(features.clone()), mean.forward(features))",
    ),
    ("tp7-sampling", "log_sigma.exp()", "(log_sigma * 0.5).exp()"),
    (
        "tp7-kl_terms",
        "(log_sigma.clone() * 2.0).exp()",
        "log_sigma.clone().exp()",
    ),
    ("tp7-vae_loss", "kl * beta", "kl"),
    (
        "tp7-train_vae",
        "model.decode(z)",
        "model.decode(mean.clone())",
    ),
    ("tp7-face", "model.decode(z)", "model.decode(z * 0.0)"),
    ("tp7-sliders", "-range..=range", "-5.0..=5.0"),
];

fn code_cells(notebook: &str, copy: &str) -> Vec<(String, String)> {
    let notebooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../notebooks");
    let notebook = Notebook::read(&notebooks.join(copy).join(notebook)).unwrap();
    let cells = notebook.code_cells().into_iter();
    cells.map(|cell| (cell.id, cell.source)).collect()
}

#[test]
fn each_answer_of_tp5_goes_from_empty_to_wrong_to_right_in_one_session() {
    work("tp5_debiaisage.ipynb", &TP5);
}

#[test]
fn each_answer_of_tp6_goes_from_empty_to_wrong_to_right_in_one_session() {
    work("tp6_jeune_age.ipynb", &TP6);
}

#[test]
fn each_answer_of_tp3_goes_from_empty_to_wrong_to_right_in_one_session() {
    work("tp3_genre_age.ipynb", &TP3);
}

#[test]
fn each_answer_of_tp7_goes_from_empty_to_wrong_to_right_in_one_session() {
    work("tp7_vae.ipynb", &TP7);
}

fn work(notebook: &str, mistakes: &[Mistake]) {
    let _alone = alone();
    let [student, solution] = ["etudiant", "corrige"].map(|copy| code_cells(notebook, copy));
    let settings = command()
        .with_env("TP_DONNEES", "synthetique")
        .with_env("TP_IMAGES", "80")
        .with_env("TP_PRESET", "rapide");
    let mut client = start(&settings);
    let last = solution
        .iter()
        .rposition(|(id, _)| id.ends_with("-verification"))
        .unwrap();
    let mut tried = 0;
    for (position, (id, right)) in solution.iter().enumerate().take(last + 1) {
        if let Some((_, text, mistake)) = mistakes.iter().find(|(name, _, _)| name == id) {
            assert!(right.contains(text), "{id} no longer holds « {text} »");
            let stub = &student.iter().find(|(name, _)| name == id).unwrap().1;
            let wrong = right.replacen(text, mistake, 1);
            for answer in [stub, &wrong] {
                ok(&mut client, answer);
                // The cells up to the check, as a student runs them, answers still to come empty; the check is the
                // grader's, hidden cases included.
                for (empty, graded) in student[position + 1..=last]
                    .iter()
                    .zip(&solution[position + 1..])
                {
                    // Closed questions are judged by their own cells, whatever this answer is.
                    let name = empty.0.split_once('-').map_or("", |(_, name)| name);
                    if name.starts_with("q_") || name.starts_with("p_") {
                        continue;
                    }
                    let is_check = empty.0.ends_with("-verification");
                    let result = run(&mut client, if is_check { &graded.1 } else { &empty.1 });
                    let points = result.markers.iter().find_map(|marker| match marker {
                        Marker::Points { points, max, .. } => Some((*points, *max)),
                        _ => None,
                    });
                    if let Some((points, max)) = points {
                        assert!(
                            points < max,
                            "{id}: {points}/{max} after\n{answer}\n{}",
                            result.stdout()
                        );
                        tried += 1;
                        break;
                    }
                }
            }
        }
        let result = run(&mut client, right);
        for marker in &result.markers {
            match marker {
                Marker::Points { points, max, .. } => {
                    assert_eq!(points, max, "{id}: {}", result.stdout());
                }
                other => panic!("{id}: {other:?}"),
            }
        }
        assert!(result.error().is_none(), "{id}: {result:#?}");
    }
    assert_eq!(tried, 2 * mistakes.len());
}
