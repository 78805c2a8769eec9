//! What latent variables say of what is known, their map, their groups: oracles made by hand.

use crate::support::seeded;
use visages::{
    burn::prelude::*,
    data::{FACTORS, ImageStore, picture_measures},
    explain::{
        adjusted_rand_index, cluster_factors, interpolate, k_means, latent_factors, linear_probe,
        pixel_features, principal_components, prior_share_outside, prior_traversal, share_outside,
    },
    figures::{factor_heatmap, latent_map},
    models::Vae64Config,
    polars::prelude::{DataFrame, df},
    train::LatentTable,
};

/// Numbers in [-1, 1[ without order, from a generator of their own.
fn noise(count: usize, salt: u64) -> Vec<f64> {
    let mut state = salt.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    (0..count)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        })
        .collect()
}

fn table(columns: &[Vec<f64>]) -> LatentTable {
    let rows = (0..columns[0].len()).flat_map(|row| columns.iter().map(move |c| c[row] as f32));
    LatentTable::new(rows.collect(), columns.len()).unwrap()
}

/// The R² of a factor and a variable.
fn r_squared(frame: &DataFrame, factor: &str, variable: &str) -> f64 {
    let texts = |name: &str| -> Vec<String> {
        let column = frame.column(name).unwrap().str().unwrap().clone();
        column.iter().flatten().map(str::to_owned).collect()
    };
    let (factors, variables) = (texts("factor"), texts("variable"));
    let row = (0..factors.len())
        .find(|&row| factors[row] == factor && variables[row] == variable)
        .unwrap();
    frame
        .column("r_squared")
        .unwrap()
        .f64()
        .unwrap()
        .get(row)
        .unwrap()
}

#[test]
fn a_factor_alone_turned_or_absent() {
    const N: usize = 2_000;
    let (one, other) = (noise(N, 1), noise(N, 2));
    let sum: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a + b).collect();
    let difference: Vec<f64> = one.iter().zip(&other).map(|(a, b)| a - b).collect();
    // z0 is the first factor; z1 and z2 are both factors turned by 45 degrees; z3 is nothing.
    let mu = table(&[one.clone(), sum, difference, noise(N, 3)]);
    let words: Vec<&str> = one
        .iter()
        .map(|value| if *value > 0.0 { "oui" } else { "non" })
        .collect();
    let gaps: Vec<Option<f64>> = one
        .iter()
        .enumerate()
        .map(|(row, value)| Some(*value).filter(|_| row % 4 > 0))
        .collect();
    let frame = df!(
        "premier" => &one, "second" => &other, "bruit" => noise(N, 4), "constant" => vec![2.0; N],
        "signe" => words, "lacunes" => gaps,
    )
    .unwrap();
    let factors = ["premier", "second", "bruit", "constant", "signe", "lacunes"];
    let found = latent_factors(&mu, &frame, &factors, 42).unwrap();
    assert_eq!(found.height(), factors.len() * 5);
    let at = |factor: &str, variable: &str| r_squared(&found, factor, variable);
    assert!((at("premier", "z0") - 1.0).abs() < 1e-6);
    for turned in ["z1", "z2"] {
        for factor in ["premier", "second"] {
            let half = at(factor, turned);
            assert!((half - 0.5).abs() < 0.05, "{factor} {turned} {half}");
        }
    }
    assert!(at("second", "z0").abs() < 0.02);
    assert!((at("second", "ensemble") - 1.0).abs() < 1e-6);
    // Noise is not explained, and pays for the tries.
    for variable in ["z0", "z1", "z2", "z3", "ensemble"] {
        let noise = at("bruit", variable);
        assert!(noise < 0.005 && noise > -0.02, "{variable} {noise}");
        assert!(at("constant", variable).is_nan());
    }
    // A uniform law cut in two by its sign: correlation √3/2 with itself, R² ¾.
    assert!((at("signe", "z0") - 0.75).abs() < 0.03);
    assert!((at("lacunes", "z0") - 1.0).abs() < 1e-6);
    let sizes = found.column("n").unwrap().u32().unwrap();
    assert_eq!((sizes.get(0), sizes.get(25)), (Some(2_000), Some(1_500)));
    // The same seed, the same folds.
    let again = latent_factors(&mu, &frame, &factors, 42).unwrap();
    assert!(found.equals_missing(&again));

    let figure = factor_heatmap(&found, "Ce que disent les variables").unwrap();
    let alt = figure.alt_text();
    assert!(
        alt.contains("premier : z0 1,00") && alt.contains("constant : z0 —"),
        "{alt}"
    );
    assert_eq!(figure.table().unwrap().height(), 30);
    assert!(factor_heatmap(&found.head(Some(3)), "").is_ok());
    assert!(factor_heatmap(&found.head(Some(7)), "").is_err());

    for (frame, factors) in [
        (&frame, &["absent"][..]),
        (&frame, &[]),
        (&frame.head(Some(9)), &["premier"]),
    ] {
        assert!(latent_factors(&mu, frame, factors, 1).is_err());
    }
    let few = df!("x" => [None, Some(1.0)].repeat(N / 2)).unwrap();
    assert!(latent_factors(&mu, &few, &["x"], 1).is_ok());
    let few = df!("x" => (0..N).map(|row| (row < 9).then_some(1.0)).collect::<Vec<_>>()).unwrap();
    let message = latent_factors(&mu, &few, &["x"], 1)
        .unwrap_err()
        .to_string();
    assert!(message.contains("il en faut 10"), "{message}");
}

#[test]
fn factors_that_are_known_have_names_of_their_own() {
    let mut names = FACTORS.to_vec();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), FACTORS.len());
}

#[test]
fn groups_far_apart_are_found_and_compared() {
    // Three squares of forty points, far apart, and a factor that tells them.
    let (x, y) = (noise(120, 5), noise(120, 6));
    let places = [(0.0, 0.0), (30.0, 0.0), (0.0, 30.0)];
    let group = |row: usize| match row % 6 {
        0..3 => 0,
        3..5 => 1,
        _ => 2,
    };
    let mu = table(&[
        (0..120).map(|row| x[row] + places[group(row)].0).collect(),
        (0..120).map(|row| y[row] + places[group(row)].1).collect(),
    ]);
    let found = k_means(&mu, 3, 1).unwrap();
    // The largest group is the first.
    let truth: Vec<usize> = (0..120).map(group).collect();
    assert_eq!(found.labels, truth);
    assert!(found.inertia < 2.0 * 120.0, "{}", found.inertia);
    assert!((found.centers[1][0] - 30.0).abs() < 0.5);
    assert_eq!(k_means(&mu, 3, 1).unwrap(), found);

    let names: Vec<&str> = truth.iter().map(|group| ["a", "b", "c"][*group]).collect();
    let frame = df!(
        "mot" => names, "nombre" => truth.iter().map(|group| *group as i32).collect::<Vec<_>>(),
        "bruit" => noise(120, 8),
    )
    .unwrap();
    let told = cluster_factors(&found, &frame, &["bruit", "mot", "nombre"]).unwrap();
    let index = told.column("adjusted_rand").unwrap().f64().unwrap();
    assert_eq!((index.get(0), index.get(1)), (Some(1.0), Some(1.0)));
    assert!(index.get(2).unwrap().abs() < 0.06, "{index:?}");
    let last = told.column("factor").unwrap().str().unwrap().get(2);
    assert_eq!(last, Some("bruit"));

    // scikit-learn's adjusted_rand_score of the same lists.
    let found = adjusted_rand_index(&[0, 0, 1, 1, 2, 2], &[0, 0, 1, 2, 2, 2]).unwrap();
    assert!((found - 0.444_444_444_444_444_4).abs() < 1e-9, "{found}");
    assert!(adjusted_rand_index(&[0, 1], &[0, 1, 2]).is_err());
    assert!(k_means(&mu, 0, 1).is_err() && k_means(&mu, 121, 1).is_err());

    let map = latent_map(&mu, &frame, "mot", "Carte").unwrap();
    assert!(
        map.alt_text().contains("a : 60 images"),
        "{}",
        map.alt_text()
    );
    assert!(latent_map(&mu, &frame, "bruit", "Carte").is_ok());
    assert!(latent_map(&mu, &frame, "absent", "Carte").is_err());
    assert!(latent_map(&mu, &frame.head(Some(3)), "mot", "Carte").is_err());
}

#[test]
fn components_follow_the_widest_directions() {
    // Three variables: the second is three times the first, the third apart and narrow.
    let (wide, narrow) = (noise(500, 1), noise(500, 2));
    let mu = table(&[
        wide.iter().map(|x| 1.0 + x).collect(),
        wide.iter().map(|x| 3.0 * x - 2.0).collect(),
        narrow.iter().map(|x| 0.1 * x).collect(),
    ]);
    let found = principal_components(&mu, 3).unwrap();
    let direction = &found.directions[0];
    assert!((direction[1] / direction[0] - 3.0).abs() < 0.01 && direction[1] > 0.0);
    assert!((found.explained.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert!(found.explained[0] > 0.99 && found.explained[2] < 1e-6);
    // Coordinates are centred, and as far apart as the points.
    let moments = found.coordinates.mean_and_deviation();
    assert!(moments.iter().all(|(mean, _)| mean.abs() < 1e-5));
    let apart = |table: &LatentTable| -> f64 {
        let (one, other) = (table.row(0).unwrap(), table.row(1).unwrap());
        let squares = one.iter().zip(other).map(|(a, b)| f64::from(a - b).powi(2));
        squares.sum()
    };
    assert!((apart(&found.coordinates) / apart(&mu) - 1.0).abs() < 1e-4);
    assert!(principal_components(&mu, 4).is_err() && principal_components(&mu, 0).is_err());
}

#[test]
fn a_small_classifier_on_numbers_and_on_pixels() {
    let _generator = seeded(0);
    let device = Device::flex();
    let signal = noise(400, 1);
    let mu = table(&[signal.clone(), noise(400, 2), vec![5.0; 400]]);
    let labels: Vec<f32> = signal
        .iter()
        .map(|x| f32::from(u8::from(*x > 0.2)))
        .collect();
    let rest: Vec<f32> = labels[300..].to_vec();
    let test = LatentTable::new(
        (300..400)
            .flat_map(|row| mu.row(row).unwrap().to_vec())
            .collect(),
        3,
    )
    .unwrap();
    let probe = linear_probe(&mu.head(300), &labels[..300], &test, &rest, &device).unwrap();
    assert!(probe.accuracy > 0.93, "{probe:?}");
    assert!(probe.low < probe.accuracy && probe.accuracy <= probe.high && probe.n == 100);
    let dark = rest.iter().filter(|label| **label < 0.5).count();
    assert!((probe.majority - dark as f64 / 100.0).abs() < 1e-9);
    assert!(probe.seconds > 0.0);
    // Labels that have nothing to do with the numbers are not learnt.
    let other: Vec<f32> = noise(400, 9)
        .iter()
        .map(|x| f32::from(u8::from(*x > 0.0)))
        .collect();
    let probe = linear_probe(&mu.head(300), &other[..300], &test, &other[300..], &device).unwrap();
    assert!(probe.accuracy < 0.66, "{probe:?}");
    assert!(linear_probe(&mu, &labels[..300], &test, &rest, &device).is_err());
    assert!(linear_probe(&mu.head(300), &[0.5; 300], &test, &rest, &device).is_err());

    let mut images = ImageStore::new(2, 1);
    images.push(&[0, 51, 255, 102, 0, 0]).unwrap();
    let pixels = pixel_features(&images).unwrap();
    assert_eq!(pixels.row(0).unwrap(), [0.0, 0.2, 1.0, 0.4, 0.0, 0.0]);
    assert!(pixel_features(&ImageStore::new(2, 1)).is_err());
}

#[test]
fn codes_that_move_are_decoded() {
    let _generator = seeded(4);
    let device = Device::flex();
    let vae = Vae64Config::new().with_latent_dim(2).init(&device).unwrap();
    let decode = |codes: [[f32; 2]; 3]| {
        let z = Tensor::<2>::from_data(codes, &device);
        ImageStore::from_tensor(vae.decode(z)).unwrap()
    };
    let found = prior_traversal(&vae, &[0.5, -1.0], &[1, 0], 5.0, 3, &device).unwrap();
    let rows = found.rows();
    assert_eq!((rows[0].0, rows.len()), ("Variable 1, de −5 à 5", 2));
    assert_eq!(*rows[0].1, decode([[0.5, -5.0], [0.5, 0.0], [0.5, 5.0]]));
    assert_eq!(*rows[1].1, decode([[-5.0, -1.0], [0.0, -1.0], [5.0, -1.0]]));
    let way = interpolate(&vae, &[-2.0, 1.0], &[2.0, 0.0], 3, &device).unwrap();
    assert_eq!(way, decode([[-2.0, 1.0], [0.0, 0.5], [2.0, 0.0]]));
    for (start, dimensions, range, steps) in [
        (&[0.0, 0.0][..], &[2][..], 3.0, 5),
        (&[0.0, 0.0], &[], 3.0, 5),
        (&[0.0, 0.0], &[0], 0.0, 5),
        (&[0.0, 0.0], &[0], 3.0, 1),
        (&[f32::NAN, 0.0], &[0], 3.0, 5),
    ] {
        assert!(prior_traversal(&vae, start, dimensions, range, steps, &device).is_err());
    }
    assert!(interpolate(&vae, &[0.0], &[0.0, 1.0], 3, &device).is_err());
    assert!(interpolate(&vae, &[0.0, 1.0], &[0.0, 1.0], 1, &device).is_err());
}

#[test]
fn light_is_measured_on_the_pixels() {
    let mut images = ImageStore::new(16, 16);
    // White corners at the top, a red rest.
    let pixels = (0..256).flat_map(|pixel| match (pixel / 16, pixel % 16) {
        (0..2, 0..2 | 14..16) => [255; 3],
        _ => [255, 0, 0],
    });
    images.push(&pixels.collect::<Vec<u8>>()).unwrap();
    let found = picture_measures(&images).unwrap();
    let at = |name: &str| found.column(name).unwrap().f64().unwrap().get(0).unwrap();
    assert_eq!(at("luminosité du fond"), 1.0);
    assert!((at("luminosité") - (8.0 + 248.0 / 3.0) / 256.0).abs() < 1e-9);
    assert!((at("chaleur de l'image") - 248.0 / 256.0).abs() < 1e-9);

    let mu = table(&[vec![0.0, 3.1, -3.1, 2.9]]);
    assert_eq!(share_outside(&mu, 3.0), 0.5);
    assert!((prior_share_outside(5.0) - 5.733e-7).abs() < 1e-9);
}
