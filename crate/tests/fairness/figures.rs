//! Intervals and group frames against known values; figures that decode, show something and say what.

use std::collections::HashSet;

use polars::prelude::{DataFrame, df};
use visages::{
    Error,
    burn::prelude::*,
    data::{ImageStore, LABEL, Labelled},
    fairness::{Audit, Z_95, wilson_interval},
    figures::{
        Figure, GridOptions, grouped_bars, image_grid, image_pair, image_rows, loss_curve,
        recall_bars,
    },
    image,
    metrics::Metric,
    models::StandardCnnConfig,
    train::{History, predict, predictions},
};

#[test]
fn wilson_intervals_equal_known_values() {
    for (successes, n, low, high) in [
        (5, 5, 0.566, 1.0),
        (4, 5, 0.376, 0.964),
        (270, 318, 0.806, 0.884),
        (286, 318, 0.861, 0.928),
    ] {
        let found = wilson_interval(successes, n, Z_95).unwrap();
        assert!(
            (found.0 - low).abs() < 5e-4 && (found.1 - high).abs() < 5e-4,
            "{successes}/{n}: {found:?}"
        );
    }
    for n in 1..60 {
        for successes in 0..=n {
            let (low, high) = wilson_interval(successes, n, Z_95).unwrap();
            let rate = successes as f64 / n as f64;
            assert!((0.0..=rate + 1e-12).contains(&low) && (rate - 1e-12..=1.0).contains(&high));
            // Counting the failures mirrors the interval.
            let (other_low, other_high) = wilson_interval(n - successes, n, Z_95).unwrap();
            assert!((low + other_high - 1.0).abs() < 1e-9 && (high + other_low - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn an_interval_on_nothing_is_refused() {
    assert!(
        wilson_interval(0, 0, Z_95)
            .unwrap_err()
            .to_string()
            .contains("zéro image")
    );
    assert!(wilson_interval(6, 5, Z_95).is_err());
    for z in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(wilson_interval(1, 5, z).is_err(), "{z}");
    }
}

/// Faces whose scores these are, group by group, as a model's predictions.
fn scores(groups: &[(&str, &[f32])]) -> DataFrame {
    let names: Vec<&str> = groups
        .iter()
        .flat_map(|(name, scores)| vec![*name; scores.len()])
        .collect();
    let scores: Vec<f64> = groups
        .iter()
        .flat_map(|(_, scores)| scores.iter().copied().map(f64::from))
        .collect();
    df!("y_true" => vec![true; scores.len()], "score" => scores, "group" => names).unwrap()
}

/// The recall and the mean probability of each group, in the order of the frame.
fn audited(predictions: &DataFrame) -> DataFrame {
    Audit::new(predictions)
        .groups(&["group"])
        .keep_order()
        .metrics(&[Metric::Tpr, Metric::MeanScore])
        .by_group()
        .unwrap()
}

fn four_groups() -> DataFrame {
    audited(&scores(&[
        ("Femmes à peau claire", &[0.9, 0.8, 0.99, 0.7, 0.6]),
        ("Hommes à peau claire", &[0.9, 0.95, 0.99, 0.97, 1.0]),
        ("Femmes à peau foncée", &[0.9, 0.2, 0.8, 0.6, 0.7]),
        ("Hommes à peau foncée", &[0.1, 0.2, 0.3, 0.0, 0.4]),
    ]))
}

#[test]
fn the_audit_of_scores_by_hand() {
    let frame = audited(&scores(&[("B", &[0.9, 0.5, 0.4, 0.2]), ("A", &[1.0; 30])]));
    let number = |column: &str, row: usize| {
        let column = frame.column(column).unwrap().f64().unwrap();
        column.get(row).unwrap()
    };
    // In the order of the frame.
    let groups = frame.column("group").unwrap().str().unwrap();
    assert_eq!((groups.get(0), groups.get(1)), (Some("B"), Some("A")));
    assert!((number("mean_score", 0) - 0.5).abs() < 1e-6);
    // A score of ½ is a « yes ».
    assert_eq!((number("tpr", 0), number("tpr", 1)), (0.5, 1.0));
    let (low, high) = wilson_interval(2, 4, Z_95).unwrap();
    assert_eq!((number("tpr_low", 0), number("tpr_high", 0)), (low, high));
    let small = frame.column("small").unwrap().bool().unwrap();
    assert_eq!((small.get(0), small.get(1)), (Some(true), Some(false)));
}

/// Images of `side` pixels with a gradient that depends on their number.
fn gradients(count: usize, side: usize) -> ImageStore {
    let mut store = ImageStore::new(side, side);
    for image in 0..count {
        let pixels: Vec<u8> = (0..side * side * 3)
            .map(|i| ((i / 3 % side * 7 + i / 3 / side * 3 * (i % 3) + image * 40) % 256) as u8)
            .collect();
        store.push(&pixels).unwrap();
    }
    store
}

#[test]
fn a_model_s_predictions_are_a_frame_for_the_audit() {
    let one = gradients(3, 16);
    let mut images = one.clone();
    images.extend(&one).unwrap();
    let known = df!(LABEL => [1_u8; 6], "group" => ["B", "B", "B", "A", "A", "A"]).unwrap();
    let faces = Labelled::new(images.clone(), known.clone()).unwrap();
    let device = Device::flex();
    let model = StandardCnnConfig::new()
        .with_image_size(16)
        .with_n_filters(2)
        .init(&device);
    let answers = predict(&model, &faces, 2, &device).unwrap();
    let names: Vec<&str> = answers
        .get_column_names()
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["label", "group", "y_true", "score", "y_pred"]);
    // The same images get the same answers whatever their group.
    let score = answers.column("score").unwrap().f64().unwrap();
    for image in 0..3 {
        assert_eq!(score.get(image), score.get(image + 3));
    }
    assert_eq!(audited(&answers).height(), 2);

    let unknown = Labelled::new(images, known.drop(LABEL).unwrap()).unwrap();
    let error = predict(&model, &unknown, 2, &device).unwrap_err();
    assert!(error.to_string().contains("présentes : group"), "{error}");
    let error = predictions(&known, LABEL, &[1.0]).unwrap_err();
    assert!(matches!(error, Error::Shape { .. }), "{error}");
}

/// The decoded picture, after the checks every figure must pass.
fn check(figure: &Figure, mentions: &[&str]) -> image::RgbImage {
    let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
    assert_eq!(
        (picture.width(), picture.height()),
        (figure.width(), figure.height())
    );
    assert!(figure.width() >= 300 && figure.width() <= 900, "{figure:?}");
    assert!(figure.height() >= 100);
    let colours: HashSet<[u8; 3]> = picture.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 20, "{} couleurs", colours.len());
    // Nothing touches the border: what would be clipped there is not.
    let (right, bottom) = (picture.width() - 1, picture.height() - 1);
    let border = picture
        .enumerate_pixels()
        .filter(|(x, y, _)| *x == 0 || *y == 0 || *x == right || *y == bottom);
    assert!(
        border.into_iter().all(|(_, _, pixel)| pixel.0 == [255; 3]),
        "{figure:?}"
    );
    for mention in mentions {
        assert!(
            figure.alt_text().contains(mention),
            "{mention} : {}",
            figure.alt_text()
        );
    }
    picture
}

#[test]
fn grids_show_every_image() {
    let store = gradients(11, 64);
    let figure = image_grid(
        &store,
        &GridOptions::new().with_columns(4).with_caption("Visages"),
    )
    .unwrap();
    check(&figure, &["Visages", "11 images de 64 × 64", "4 par ligne"]);
    let titles: Vec<String> = (0..11)
        .map(|i| format!("une image avec un titre bien trop long n° {i}"))
        .collect();
    let titled = image_grid(
        &store,
        &GridOptions::new().with_columns(4).with_titles(titles),
    )
    .unwrap();
    assert!(titled.height() > figure.height());
    check(&titled, &["Titres", "n° 10"]);
    // One tiny image, and pixels of its own colours.
    let one = image_grid(
        &gradients(1, 4),
        &GridOptions::new().with_caption("Une image"),
    )
    .unwrap();
    assert!(one.alt_text().contains("1 image de 4 × 4"));
    // A caption longer than the images widens the figure, up to its limit.
    let long = "Un titre vraiment très long, ".repeat(8);
    check(
        &image_grid(
            &store.select(&[0]).unwrap(),
            &GridOptions::new().with_caption(long),
        )
        .unwrap(),
        &[],
    );
}

#[test]
fn an_image_of_one_colour_keeps_it() {
    let mut store = ImageStore::new(8, 8);
    store.push(&[200, 30, 60].repeat(64)).unwrap();
    let figure = image_grid(&store, &GridOptions::new()).unwrap();
    let picture = image::load_from_memory(figure.png()).unwrap().to_rgb8();
    let centre = picture.get_pixel(figure.width() / 2, figure.height() / 2);
    assert_eq!(centre.0, [200, 30, 60]);
}

#[test]
fn grids_refuse_what_they_cannot_show() {
    let store = gradients(3, 8);
    assert!(image_grid(&ImageStore::new(8, 8), &GridOptions::new()).is_err());
    assert!(image_grid(&store, &GridOptions::new().with_columns(0)).is_err());
    let titles = image_grid(&store, &GridOptions::new().with_titles(["un seul"])).unwrap_err();
    assert!(titles.to_string().contains("titres"), "{titles}");
    let many = image_grid(&gradients(201, 2), &GridOptions::new()).unwrap_err();
    assert!(many.to_string().contains("201 images"), "{many}");
    assert!(image_rows(&[("A", &store), ("Vide", &ImageStore::new(8, 8))], 5, "").is_err());
    assert!(image_rows(&[], 5, "").is_err());
    assert!(image_rows(&[("A", &store)], 0, "").is_err());
    assert!(image_pair(&store, 3, &store, 0).is_err());
}

#[test]
fn rows_and_pairs_name_what_they_show() {
    let (five, two) = (gradients(5, 64), gradients(2, 64));
    let groups = [
        ("Femmes à peau claire", &five),
        ("Hommes à peau foncée", &two),
    ];
    let figure = image_rows(&groups, 4, "Visages de test").unwrap();
    check(
        &figure,
        &[
            "Visages de test",
            "Femmes à peau claire (5 images)",
            "Hommes à peau foncée (2 images)",
        ],
    );
    check(
        &image_pair(&five, 3, &two, 1).unwrap(),
        &["visage n° 3", "n° 1"],
    );
}

#[test]
fn loss_curves_sum_up_the_training() {
    let mut history = History::new(0.99).unwrap();
    for step in 0..300 {
        history.push(
            1 + step / 150,
            0.7 * f64::exp(-f64::from(step) / 100.0) + 0.01,
        );
    }
    let picture = check(
        &loss_curve(&history).unwrap(),
        &["300 pas", "2 époques", "0,71", "pas 300"],
    );
    // Both curves are drawn in their colours.
    for colour in [[86, 180, 233], [213, 94, 0]] {
        assert!(
            picture.pixels().filter(|pixel| pixel.0 == colour).count() > 50,
            "{colour:?}"
        );
    }
    // One step, equal losses, and a loss of zero are drawn too.
    for losses in [vec![0.5], vec![0.2, 0.2, 0.2], vec![0.3, 0.0]] {
        let mut history = History::new(0.99).unwrap();
        for loss in losses {
            history.push(1, loss);
        }
        check(&loss_curve(&history).unwrap(), &["1 époque"]);
    }
    assert!(loss_curve(&History::new(0.99).unwrap()).is_err());
    let mut broken = History::new(0.99).unwrap();
    broken.push(1, f64::NAN);
    assert!(
        loss_curve(&broken)
            .unwrap_err()
            .to_string()
            .contains("pas 1")
    );
}

#[test]
fn bars_show_every_group_with_its_size() {
    let frame = four_groups();
    let figure = recall_bars(&[("CNN standard", &frame)], "Visages de test").unwrap();
    let picture = check(
        &figure,
        &[
            "Visages de test",
            "Femmes à peau foncée 0,80 (4 sur 5",
            "de 0,38 à 0,96",
            "Hommes à peau foncée 0,00",
        ],
    );
    assert!(
        picture
            .pixels()
            .filter(|pixel| pixel.0 == [0, 114, 178])
            .count()
            > 10_000
    );

    let two = recall_bars(
        &[("CNN standard", &frame), ("DB-VAE", &frame)],
        "Deux modèles",
    )
    .unwrap();
    let picture = check(&two, &["CNN standard :", "DB-VAE :"]);
    assert!(
        picture
            .pixels()
            .filter(|pixel| pixel.0 == [230, 159, 0])
            .count()
            > 2_000
    );
}

#[test]
fn bars_refuse_frames_that_do_not_match() {
    let frame = four_groups();
    assert!(recall_bars::<DataFrame>(&[], "Rien").is_err());
    assert!(recall_bars(&[("m", &frame); 5], "Trop").is_err());
    let other = audited(&scores(&[("A", &[0.5])]));
    let message = recall_bars(&[("x", &frame), ("y", &other)], "t")
        .unwrap_err()
        .to_string();
    assert!(message.contains("« y »"), "{message}");
    assert!(recall_bars(&[("x", &frame.head(Some(0)))], "t").is_err());
    for column in ["tpr", "mean_score", "positives"] {
        let missing = frame.drop(column).unwrap();
        let error = recall_bars(&[("x", &missing)], "t").unwrap_err();
        assert!(error.to_string().contains(column), "{error}");
    }
    // The diamonds alone need the mean probability.
    let recalls = frame.drop("mean_score").unwrap();
    grouped_bars(&[("x", &recalls)], Metric::Tpr, "t").unwrap();
}

#[test]
fn figures_are_saved_as_files() {
    let folder = std::env::temp_dir().join(format!("visages-figures-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let figure = image_grid(&gradients(2, 8), &GridOptions::new()).unwrap();
    let path = folder.join("été 1.png");
    figure.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), figure.png());
    std::fs::remove_dir_all(&folder).unwrap();
    let error = figure
        .save(folder.join("absent").join("x.png"))
        .unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error:?}");
}
