//! Every figure decodes, shows something, says what, and refuses what it cannot show.
//!
//! `FIGURES=folder cargo test … figures` also writes them there, to be looked at.

use visages::{
    data::ImageStore,
    fairness::{AgeAudit, Audit, margins_by_class},
    figures::{
        Figure, GridOptions, age_scatter, confusion_matrix, crosstab_heatmap, cycle_gan_scheme,
        errors_by_factor, grouped_bars, histogram_by_group, probability_grid, reliability_diagram,
        roc_by_group, split_violin, stacked_bars, stacked_histogram,
    },
    image,
    metrics::{AgeMetric, Metric},
    notebook::{Attempt, show_table},
    polars::prelude::{DataFrame, df},
    train::{predictions, scored_predictions},
};

/// 600 images: tones I to VI, the last rare; scores lower and light weaker where faces are missed.
fn faces() -> DataFrame {
    let mut state = 11_u64;
    let mut unit = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut y_true, mut score, mut other) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tone, mut gender, mut light, mut smile) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut age, mut guess) = (Vec::new(), Vec::new());
    for i in 0..600 {
        let level = [0, 0, 0, 1, 1, 2, 2, 3, 4, 5][i % 10].min(if i % 50 == 9 { 5 } else { 4 });
        let label = unit() < 0.6;
        let dim = unit();
        let noise = unit() + unit() + unit() - 1.5;
        let base = if label {
            0.8 - 0.07 * level as f64 - 0.25 * (1.0 - dim)
        } else {
            0.3
        };
        y_true.push(i32::from(label));
        score.push((base + 0.25 * noise).clamp(0.0, 1.0));
        other.push((base + 0.1 + 0.2 * (unit() - 0.5)).clamp(0.0, 1.0));
        tone.push(["I", "II", "III", "IV", "V", "VI"][level]);
        gender.push(if unit() < 0.5 { "femme" } else { "homme" });
        light.push(dim);
        smile.push(["neutre", "sourire", "bouche ouverte", "yeux fermés"][(unit() * 4.0) as usize]);
        let years = (unit() + unit()) * 45.0;
        age.push(years.round());
        guess.push((years + 3.0 + 12.0 * (unit() + unit() - 1.0)).max(0.0));
    }
    df!(
        "y_true" => y_true, "score" => score, "autre" => other, "teinte" => tone, "genre" => gender,
        "lumière" => light, "expression" => smile, "âge" => age, "âge prédit" => guess,
    )
    .unwrap()
}

/// Decodes, is not blank, has these words in its alternative text; written to `$FIGURES` when that is set.
fn check(name: &str, figure: &Figure, words: &[&str]) {
    let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
    assert_eq!(
        (picture.width(), picture.height()),
        (figure.width(), figure.height())
    );
    let inked = picture.pixels().filter(|pixel| pixel.0 != [255; 3]).count();
    assert!(inked > 3000, "{name}: {inked}");
    for word in words {
        assert!(
            figure.alt_text().contains(word),
            "{name}: {}",
            figure.alt_text()
        );
    }
    if let Ok(folder) = std::env::var("FIGURES") {
        figure.save(format!("{folder}/{name}.png")).unwrap();
        let (width, height) = (picture.width() / 2, picture.height() / 2);
        image::imageops::thumbnail(&picture, width, height)
            .save(format!("{folder}/{name}_half.png"))
            .unwrap();
    }
}

#[test]
fn figures_of_a_data_set() {
    let frame = faces();
    check(
        "histogram",
        &histogram_by_group(&frame, "âge", "teinte", "Âges par teinte de peau").unwrap(),
        &["Âges par teinte", "médiane", "VI (n = 12)"],
    );
    check(
        "stacked_histogram",
        &stacked_histogram(&frame, "âge", "teinte", 3.0, "Âges, par teinte de peau").unwrap(),
        &["barres larges de 3", "empilées selon teinte"],
    );
    check(
        "stacked",
        &stacked_bars(
            &frame,
            "teinte",
            "expression",
            "Expressions par teinte de peau",
        )
        .unwrap(),
        &["Barres empilées", "sourire", "%"],
    );
    check(
        "violin",
        &split_violin(
            &frame,
            "âge",
            "teinte",
            "genre",
            "Âges par teinte et par genre",
        )
        .unwrap(),
        &["Violons d'âge", "femme", "médiane"],
    );
    check(
        "crosstab",
        &crosstab_heatmap(&frame, "teinte", "expression", "Effectifs").unwrap(),
        &["lignes", "yeux fermés", "cases vides"],
    );
}

#[test]
fn figures_of_a_detector() {
    let frame = faces();
    let audit = Audit::new(&frame)
        .score("score")
        .groups(&["teinte"])
        .resamples(200);
    let other = audit.clone().score("autre");
    let (one, two) = (audit.by_group().unwrap(), other.by_group().unwrap());
    let models = [("CNN standard", &one), ("DB-VAE", &two)];
    check(
        "bars",
        &grouped_bars(&models, Metric::Tpr, "Visages trouvés par teinte de peau").unwrap(),
        &[
            "CNN standard :",
            "DB-VAE :",
            "taux de vrais positifs",
            "intervalle",
        ],
    );
    check(
        "bars_auc",
        &grouped_bars(&models[..1], Metric::Auc, "AUC par teinte").unwrap(),
        &["AUC"],
    );
    let gender = audit.clone().groups(&["genre"]);
    check(
        "reliability",
        &reliability_diagram(&gender.reliability().unwrap(), "Fiabilité des scores").unwrap(),
        &["ensemble", "femme", "un score moyen de"],
    );
    check(
        "roc",
        &roc_by_group(&gender.roc().unwrap(), "Courbes ROC par genre").unwrap(),
        &["homme : AUC 0,"],
    );
    let light = audit.by_factor("lumière", Metric::Fnr, 6).unwrap();
    check(
        "factor_light",
        &errors_by_factor(&light, "Visages manqués selon la lumière").unwrap(),
        &["selon lumière", "taux de faux négatifs"],
    );
    let smile = audit.by_factor("expression", Metric::Fnr, 6).unwrap();
    check(
        "factor_smile",
        &errors_by_factor(&smile, "Visages manqués selon l'expression").unwrap(),
        &["yeux fermés"],
    );
    let mut answers = frame.clone();
    let yes: Vec<i32> = super::numbers(&frame, "score")
        .iter()
        .map(|s| i32::from(*s >= Some(0.5)))
        .collect();
    answers
        .with_column(visages::polars::prelude::Column::new("réponse".into(), yes))
        .unwrap();
    check(
        "confusion",
        &confusion_matrix(&answers, "y_true", "réponse", "Visages et autres images").unwrap(),
        &["Matrice de confusion", "exactitude", "vrai 1"],
    );
    check(
        "confusion_many",
        &confusion_matrix(&frame, "teinte", "expression", "Classes qui diffèrent").unwrap(),
        &["exactitude 0,0 %"],
    );
}

/// Two classes, no groups: what the lab on young and old faces has.
#[test]
fn figures_of_a_classifier_without_groups() {
    let faces = faces();
    let scores: Vec<f64> = super::numbers(&faces, "score")
        .into_iter()
        .flatten()
        .collect();
    let labels = faces.select(["y_true"]).unwrap();
    let answers = scored_predictions(&labels, "y_true", &scores).unwrap();
    let probabilities = predictions(&labels, "y_true", &scores).unwrap();
    let audit = Audit::new(&answers);
    let overall = audit.overall().unwrap();
    assert_eq!(overall.height(), 1);
    // Probabilities in `y_pred` are scores too.
    for frame in [&answers, &probabilities] {
        let audit = Audit::new(frame);
        assert_eq!(
            super::numbers(&audit.overall().unwrap(), "auc"),
            super::numbers(&overall, "auc")
        );
        check(
            "roc_alone",
            &roc_by_group(&audit.roc().unwrap(), "Courbe ROC").unwrap(),
            &["ensemble : AUC 0,"],
        );
        check(
            "reliability_alone",
            &reliability_diagram(&audit.reliability().unwrap(), "Fiabilité").unwrap(),
            &["ensemble : un score moyen de"],
        );
    }
    // Labels are numbers and answers yes or no: two classes all the same.
    let matrix = confusion_matrix(&answers, "y_true", "y_pred", "Deux classes").unwrap();
    let accuracy = super::numbers(&overall, "accuracy")[0].unwrap();
    let words = format!("exactitude {:.1} %", 100.0 * accuracy).replace('.', ",");
    check(
        "confusion_alone",
        &matrix,
        &[&words, "vrai 0 : répondu", "vrai 1 : répondu"],
    );
    assert!(!matrix.alt_text().contains("faux"), "{}", matrix.alt_text());
}

#[test]
fn figures_wait_for_exercises() {
    let frame = df!("y_true" => [0, 1, 1, 0], "score" => [0.1, 0.8, 0.4, 0.3]).unwrap();
    let answers =
        Attempt::Done(scored_predictions(&frame, "y_true", &[0.1, 0.8, 0.4, 0.3]).unwrap());
    let missing: Attempt<DataFrame> = Attempt::Missing("à faire".to_owned());
    let roc = answers.then(|answers| Audit::new(answers).roc()).unwrap();
    let reliability = answers
        .then(|answers| Audit::new(answers).reliability())
        .unwrap();
    for (there, waits) in [
        (roc_by_group(&roc, "t"), roc_by_group(&missing, "t")),
        (
            reliability_diagram(&reliability, "t"),
            reliability_diagram(&missing, "t"),
        ),
        (
            confusion_matrix(&answers, "y_true", "y_pred", "t"),
            confusion_matrix(&missing, "y_true", "y_pred", "t"),
        ),
    ] {
        assert!(there.unwrap().done().is_some());
        assert!(waits.unwrap().done().is_none());
    }
    let margins = margins_by_class(&answers, ["20–26 ans", "52–62 ans"]).unwrap();
    let shown = show_table(&margins);
    let text = shown.done().unwrap().text();
    assert!(
        text.contains("écart de probabilité, moyenne") && text.contains("rappel"),
        "{text}"
    );
    assert!(show_table(&missing).done().is_none());
}

#[test]
fn a_figure_gives_its_numbers_as_a_table() {
    let mut images = ImageStore::new(2, 2);
    images.push(&[100; 12]).unwrap();
    let grid = probability_grid(
        &images,
        &[[0.25, 0.75]],
        ["20–26 ans", "52–62 ans"],
        &GridOptions::new(),
    );
    let text = show_table(&grid.unwrap()).text().to_owned();
    assert!(
        text.contains("p(52–62 ans)") && text.contains("0,75"),
        "{text}"
    );
    // A figure without numbers has its description.
    let scheme = show_table(&cycle_gan_scheme().unwrap());
    assert!(scheme.text().contains("discriminateur"), "{scheme:?}");
}

#[test]
fn figures_of_ages() {
    let frame = faces();
    let few = frame.head(Some(150));
    check(
        "scatter_few",
        &age_scatter(&few, "âge", "âge prédit", "Âges prédits").unwrap(),
        &["150 images", "à ±5 ans", "MAE"],
    );
    let many = frame.vstack(&frame).unwrap();
    check(
        "scatter_many",
        &age_scatter(&many, "âge", "âge prédit", "Âges prédits").unwrap(),
        &["1\u{202f}200 images"],
    );
    let audit = AgeAudit::new(&frame)
        .label("âge")
        .prediction("âge prédit")
        .groups(&["teinte"])
        .resamples(200);
    let table = audit.by_group().unwrap();
    check(
        "bars_mae",
        &grouped_bars(&[("réseau", &table)], AgeMetric::Mae, "Erreur par teinte").unwrap(),
        &["erreur absolue moyenne"],
    );
    check(
        "bars_bias",
        &grouped_bars(
            &[("réseau", &table)],
            AgeMetric::SignedError,
            "Erreur signée par teinte",
        )
        .unwrap(),
        &["erreur moyenne signée (ans)"],
    );
    let light = audit.by_factor("lumière", AgeMetric::Mae, 5).unwrap();
    check(
        "factor_mae",
        &errors_by_factor(&light, "Erreur selon la lumière").unwrap(),
        &["erreur absolue moyenne (ans) selon lumière"],
    );
}

#[test]
fn odd_data_are_drawn_too() {
    // One image a group, equal values, one class, a value that is missing.
    let frame = df!(
        "y_true" => [1, 1], "score" => [0.5, 0.5], "group" => ["A", "B"], "side" => [0, 1], "age" => [30, 30],
    )
    .unwrap();
    check(
        "odd_histogram",
        &histogram_by_group(&frame, "age", "group", "Deux").unwrap(),
        &["A (n = 1)"],
    );
    check(
        "odd_stacked_histogram",
        &stacked_histogram(&frame, "age", "group", 3.0, "Deux").unwrap(),
        &["de 30 à 33 (non compris) : 2 images (A 1, B 1)"],
    );
    check(
        "odd_violin",
        &split_violin(&frame, "age", "group", "side", "Deux").unwrap(),
        &["aucune valeur"],
    );
    check(
        "odd_stacked",
        &stacked_bars(&frame, "group", "side", "Deux").unwrap(),
        &["A (n = 1)"],
    );
    check(
        "odd_crosstab",
        &crosstab_heatmap(&frame, "group", "side", "Deux").unwrap(),
        &["2 cases vides"],
    );
    check(
        "odd_scatter",
        &age_scatter(&frame, "age", "age", "Deux").unwrap(),
        &["MAE : 0,00"],
    );
    let audit = Audit::new(&frame)
        .score("score")
        .groups(&["group"])
        .resamples(100);
    check(
        "odd_bars",
        &grouped_bars(
            &[("m", &audit.by_group().unwrap())],
            Metric::Fpr,
            "Aucun négatif",
        )
        .unwrap(),
        &["non défini"],
    );
    check(
        "odd_factor",
        &errors_by_factor(
            &audit.by_factor("age", Metric::Fpr, 3).unwrap(),
            "Aucun négatif",
        )
        .unwrap(),
        &["non défini"],
    );
    check(
        "odd_reliability",
        &reliability_diagram(&audit.reliability().unwrap(), "Un point").unwrap(),
        &["ensemble"],
    );
}

/// 0.3 / 0.1 falls just short of 3: the value must stay in the bar that its edge begins.
#[test]
fn a_value_on_an_edge_is_in_the_bar_that_begins_there() {
    let frame = df!("écart" => [0.0, 0.1, 0.3, 0.3, 0.3, 0.4], "genre" => ["femme"; 6]).unwrap();
    let figure = stacked_histogram(&frame, "écart", "genre", 0.1, "Écarts").unwrap();
    let alt = figure.alt_text();
    assert!(
        alt.contains("La plus haute va de 0,3 à 0,4 (non compris) : 3 images"),
        "{alt}"
    );
    assert!(alt.contains("Un histogramme d'écart,"), "{alt}");
}

#[test]
fn figures_refuse_what_they_cannot_show() {
    let frame = faces();
    let told = |figure: visages::Result<Figure>, words: &[&str]| {
        let message = figure.unwrap_err().to_string();
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    };
    told(
        histogram_by_group(&frame, "absente", "teinte", "t"),
        &["« absente »", "colonnes présentes"],
    );
    for width in [0.0, -3.0, f64::NAN, 1e-3] {
        told(
            stacked_histogram(&frame, "âge", "teinte", width, "t"),
            &["bar_width", "nombre positif"],
        );
    }
    told(
        histogram_by_group(&frame, "teinte", "teinte", "t"),
        &["des nombres"],
    );
    told(
        histogram_by_group(&frame, "score", "âge", "t"),
        &["de 1 à 10 par figure"],
    );
    told(
        split_violin(&frame, "âge", "genre", "teinte", "t"),
        &["deux groupes"],
    );
    told(
        stacked_bars(&frame, "genre", "score", "t"),
        &["nombres à virgule"],
    );
    told(
        crosstab_heatmap(&frame.head(Some(0)), "genre", "teinte", "t"),
        &["0 groupe"],
    );
    told(
        age_scatter(&frame.head(Some(0)), "âge", "score", "t"),
        &["tableau vide"],
    );
    let audit = Audit::new(&frame).score("score").resamples(100);
    let both = audit
        .clone()
        .groups(&["teinte", "genre"])
        .by_group()
        .unwrap();
    told(
        grouped_bars(&[("m", &both)], Metric::Tpr, "t"),
        &["plusieurs colonnes", "filter"],
    );
    let (tone, gender) = (
        audit.clone().groups(&["teinte"]).by_group().unwrap(),
        audit.clone().groups(&["genre"]).by_group().unwrap(),
    );
    told(
        grouped_bars(&[("a", &tone), ("b", &gender)], Metric::Tpr, "t"),
        &["« b » a d'autres groupes"],
    );
    told(
        grouped_bars(&[("a", &tone)], AgeMetric::Mae, "t"),
        &["« mae »"],
    );
    told(
        grouped_bars::<DataFrame>(&[], Metric::Tpr, "t"),
        &["0 modèle"],
    );
    // The whole and six tones: seven curves.
    told(
        roc_by_group(&audit.clone().groups(&["teinte"]).roc().unwrap(), "t"),
        &["7 courbes", "filtrez"],
    );
    told(errors_by_factor(&tone, "t"), &["« metric »"]);
    told(reliability_diagram(&tone, "t"), &["« mean_score »"]);
}

#[test]
fn an_unwritable_folder_is_told() {
    let figure = age_scatter(&faces(), "âge", "âge prédit", "t").unwrap();
    let message = figure
        .save("/proc/nulle part/x.png")
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("impossible d") && message.contains("nulle part"),
        "{message}"
    );
}
