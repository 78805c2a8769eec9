//! Adaptive resampling: histogram and digitize against numpy, probabilities by hand, weighted batches.

use crate::support::{SIDE, assert_close, discs, loader, seeded, small_db_vae, values};
use visages::{
    Error,
    burn::prelude::*,
    data::ImageStore,
    train::{
        LatentTable, density_histogram, digitize, effective_sample_size, encode_images,
        latent_means, sample_probabilities,
    },
};

fn close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= tolerance, "{found:?} ≠ {expected:?}");
    }
}

/// A single latent variable.
fn one(values: &[f32]) -> LatentTable {
    LatentTable::new(values.to_vec(), 1).unwrap()
}

#[test]
fn histogram_and_digitize_are_numpys() {
    let v = [0.0, 0.1, 0.25, 0.3, 0.7, 0.7000001, 1.0, -0.4, 0.55, 2.0];
    // numpy 2.4: np.histogram(v, density=True, bins=10), then np.digitize(v, edges).
    let (density, mut edges) = density_histogram(&v, 10).unwrap();
    let expected = [5.0, 5.0, 15.0, 5.0, 10.0, 5.0, 0.0, 0.0, 0.0, 5.0].map(|d| d / 12.0);
    close(&density, &expected, 1e-8);
    let expected = [
        -0.4, -0.16, 0.08, 0.32, 0.56, 0.8, 1.04, 1.28, 1.52, 1.76, 2.0,
    ];
    close(&edges, &expected, 1e-12);
    assert_eq!(digitize(&v, &edges), [2, 3, 3, 3, 5, 5, 6, 1, 4, 11]);
    // With open outer edges the largest value is in the last bin, and nothing falls outside.
    (edges[0], edges[10]) = (f64::NEG_INFINITY, f64::INFINITY);
    assert_eq!(digitize(&v, &edges), [2, 3, 3, 3, 5, 5, 6, 1, 4, 10]);
    assert_eq!(digitize(&[-1e30, 1e30], &edges), [1, 10]);
    // A value on an inner edge belongs to the bin on its right.
    assert_eq!(digitize(&[0.5], &[0.0, 0.5, 1.0]), [2]);
}

#[test]
fn a_histogram_integrates_to_one_and_counts_everyone() {
    let mut state = 1_u64;
    for trial in 1..200 {
        let values: Vec<f64> = (0..trial)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                // Few different values, so that many lie on edges.
                ((state >> 33) % 11) as f64 / 10.0
            })
            .collect();
        let bins = 1 + trial % 12;
        let (density, mut edges) = density_histogram(&values, bins).unwrap();
        let integral: f64 = density
            .iter()
            .zip(edges.windows(2))
            .map(|(d, e)| d * (e[1] - e[0]))
            .sum();
        assert!((integral - 1.0).abs() < 1e-9);
        // Every value lies in a bin of positive density: no division by zero with α = 0.
        (edges[0], edges[bins]) = (f64::NEG_INFINITY, f64::INFINITY);
        assert!(
            digitize(&values, &edges)
                .iter()
                .all(|bin| density[bin - 1] > 0.0)
        );
    }
}

#[test]
fn dead_variables_and_wild_values_are_guarded() {
    // numpy: np.histogram([2.5] * 4, density=True, bins=4).
    let (density, edges) = density_histogram(&[2.5; 4], 4).unwrap();
    assert_eq!(density, [0.0, 0.0, 4.0, 0.0]);
    assert_eq!(edges, [2.0, 2.25, 2.5, 2.75, 3.0]);
    for value in [0.0, -7.0, 1e6, 1e20, -3e38] {
        // Constant, and apart by less than ten different numbers.
        for values in [
            [value; 3],
            [value, value, value * (1.0 + 2.0 * f64::EPSILON)],
        ] {
            let (density, edges) = density_histogram(&values, 10).unwrap();
            assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{value}");
            assert!(density.iter().all(|d| d.is_finite()), "{value}");
        }
    }
    for values in [
        &[][..],
        &[f64::NAN],
        &[1.0, f64::INFINITY],
        &[-1e308, 1e308],
    ] {
        assert!(
            matches!(density_histogram(values, 10), Err(Error::Argument { .. })),
            "{values:?}"
        );
    }
    assert!(density_histogram(&[1.0], 0).is_err());

    // A dead variable beside a live one changes nothing once the live one always decides.
    let live = [0.0, 0.0, 0.0, 1.0];
    let alone = sample_probabilities(&one(&live), 2, 0.0).unwrap();
    close(&alone, &[1.0 / 6.0, 1.0 / 6.0, 1.0 / 6.0, 0.5], 1e-12);
    let uniform = sample_probabilities(&one(&[3.0; 4]), 10, 0.001).unwrap();
    close(&uniform, &[0.25; 4], 1e-12);
}

#[test]
fn a_tenth_of_the_faces_gets_half_of_the_draws() {
    // 90 faces around 0, 10 around 1.
    let values: Vec<f32> = (0..100)
        .map(|i| if i % 10 == 0 { 1.0 } else { 0.0 })
        .collect();
    let p = sample_probabilities(&one(&values), 10, 0.0).unwrap();
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((p[0] / p[1] - 9.0).abs() < 1e-9);
    let rare: f64 = p.iter().step_by(10).sum();
    assert!((rare - 0.5).abs() < 1e-9, "{rare}");

    // α is added to densities of 9 and 1 (bins of width 0.1): with α = 1, (9 + 1) / (1 + 1) = 5.
    let p = sample_probabilities(&one(&values), 10, 1.0).unwrap();
    assert!((p[0] / p[1] - 5.0).abs() < 1e-9);
    // The larger α, the closer to uniform, and the larger the effective size.
    let sizes: Vec<f64> = [0.0, 0.1, 1.0, 10.0, 1e9]
        .iter()
        .map(|alpha| {
            effective_sample_size(&sample_probabilities(&one(&values), 10, *alpha).unwrap())
                .unwrap()
        })
        .collect();
    assert!(sizes.windows(2).all(|pair| pair[0] < pair[1]), "{sizes:?}");
    // 1 / (90 · (1/180)² + 10 · (1/20)²) = 36 with α = 0.
    assert!(
        (sizes[0] - 36.0).abs() < 1e-6 && (sizes[4] - 100.0).abs() < 1e-3,
        "{sizes:?}"
    );
}

#[test]
fn a_face_keeps_its_largest_probability() {
    // Face 0 is rare in the first variable, face 1 in the second: alone 1/2 and 1/6 (of 4 faces).
    let mu = LatentTable::new(vec![1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0], 2).unwrap();
    let p = sample_probabilities(&mu, 2, 0.0).unwrap();
    // Maxima 1/2, 1/2, 1/6, 1/6, of sum 4/3. A minimum would make all equal.
    close(&p, &[0.375, 0.375, 0.125, 0.125], 1e-12);
}

#[test]
fn probabilities_equal_the_originals_on_fixed_latents() {
    let mut mu: Vec<f32> = (0..60)
        .map(|i| f64::sin(0.37 * f64::from(i * i)) as f32)
        .collect();
    mu.iter_mut()
        .skip(2)
        .step_by(3)
        .for_each(|value| *value = 1.5);
    let mu = LatentTable::new(mu, 3).unwrap();
    // The original's function in numpy, on the same 20 × 3 values (the last variable is dead).
    let strong = [
        0.0734819174737,
        0.0368121129045,
        0.041403448302,
        0.0331126684287,
        0.0826425824526,
        0.0331126684287,
        0.0826425824526,
        0.0734819174737,
        0.0734819174737,
        0.0331126684287,
        0.0734819174737,
        0.041403448302,
        0.0331126684287,
        0.0331126684287,
        0.0826425824526,
        0.0331126684287,
        0.0368121129045,
        0.0331126684287,
        0.0368121129045,
        0.0331126684287,
    ];
    close(
        &sample_probabilities(&mu, 10, 0.001).unwrap(),
        &strong,
        1e-9,
    );
    let weak = [
        0.0457982286964,
        0.0524541698767,
        0.0426420352286,
        0.0459428315653,
        0.0524541698767,
        0.0457982286964,
        0.073594677496,
        0.0739482379235,
        0.0525207309963,
        0.0525207309963,
        0.0524541698767,
        0.0457982286964,
        0.0426420352286,
        0.0525207309963,
        0.0459428315653,
        0.0426420352286,
        0.0459428315653,
        0.0426420352286,
        0.0459428315653,
        0.0457982286964,
    ];
    close(&sample_probabilities(&mu, 5, 0.5).unwrap(), &weak, 1e-9);

    // Faces in another order have the same probabilities, in that order.
    let rows: Vec<&[f32]> = (0..20).map(|i| mu.row(i * 7 % 20).unwrap()).collect();
    let moved = LatentTable::new(rows.concat(), 3).unwrap();
    let expected: Vec<f64> = (0..20).map(|i| strong[i * 7 % 20]).collect();
    close(
        &sample_probabilities(&moved, 10, 0.001).unwrap(),
        &expected,
        1e-9,
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let mu = one(&[0.0, 1.0]);
    for alpha in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(sample_probabilities(&mu, 10, alpha).is_err(), "{alpha}");
    }
    assert!(sample_probabilities(&mu, 0, 0.1).is_err());
    assert!(sample_probabilities(&one(&[]), 10, 0.1).is_err());
    let message = sample_probabilities(&one(&[0.0, f32::NAN]), 10, 0.1)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("NaN") && message.contains("divergé"),
        "{message}"
    );
    assert!(LatentTable::new(vec![0.0; 5], 2).is_err());
    assert!(LatentTable::new(vec![], 0).is_err());
    assert!(mu.column(1).is_err() && mu.row(2).is_err());

    assert!((effective_sample_size(&[0.25; 4]).unwrap() - 4.0).abs() < 1e-12);
    assert!((effective_sample_size(&[0.0, 1.0]).unwrap() - 1.0).abs() < 1e-12);
    assert!((effective_sample_size(&[3e-200, 1e-200]).unwrap() - 1.6).abs() < 1e-12);
    for p in [&[][..], &[0.0], &[-1.0, 2.0], &[f64::NAN]] {
        assert!(effective_sample_size(p).is_err(), "{p:?}");
    }
}

#[test]
fn latent_means_do_not_depend_on_the_batch_or_the_mode() {
    let _guard = seeded(1);
    let device = Device::flex();
    let (model, store) = (small_db_vae(), discs(9, true));
    let (_, expected, logvar) = model.encode(store.all_to_tensor(&device).unwrap());
    let whole = latent_means(&model, &store, 9, &device).unwrap();
    assert_eq!((whole.len(), whole.latent_dim()), (9, 4));
    assert_close(&values(whole.to_tensor(&device)), &values(expected), 1e-6);
    // Batches that do not divide the number of images; a model in training mode.
    let pieces = latent_means(&model.clone().train(), &store, 4, &device).unwrap();
    assert_close(
        &values(pieces.to_tensor(&device)),
        &values(whole.to_tensor(&device)),
        1e-5,
    );
    let (_, logvars) = encode_images(&model, &store, 2, &device).unwrap();
    assert_close(&values(logvars.to_tensor(&device)), &values(logvar), 1e-5);

    let row: Vec<f64> = whole
        .row(3)
        .unwrap()
        .iter()
        .map(|v| f64::from(*v))
        .collect();
    for (dimension, value) in row.iter().enumerate() {
        assert_eq!(whole.column(dimension).unwrap()[3], *value);
    }
    assert!(latent_means(&model, &store, 0, &device).is_err());
    assert!(latent_means(&model, &ImageStore::new(SIDE, SIDE), 4, &device).is_err());
}

#[test]
fn weighted_batches_draw_faces_by_their_probabilities() {
    let _generator = seeded(0);
    let device = Device::flex();
    let data = loader();
    let faces = data.faces().len();
    // Face 0 is drawn ten times as often as another; face 1 never.
    let mut weights = vec![1.0; faces];
    (weights[0], weights[1]) = (10.0, 0.0);
    let index_of = |pixels: &[u8]| (0..faces).find(|i| *data.faces().image(*i).unwrap() == *pixels);
    let mut drawn = vec![0_usize; faces];
    let mut batches = 0_usize;
    for seed in 0..120 {
        for batch in data.weighted_batches(8, &weights, seed, &device).unwrap() {
            let batch = batch.unwrap();
            assert_eq!(values(batch.labels), [[1.0; 4], [0.0; 4]].concat());
            let images = ImageStore::from_tensor(batch.images).unwrap();
            let chosen: Vec<usize> = (0..4)
                .map(|i| index_of(&images.image(i).unwrap()).unwrap())
                .collect();
            // Without replacement within a batch; the rest of the batch are no faces.
            assert!(
                (0..4).all(|i| !chosen[..i].contains(&chosen[i])),
                "{chosen:?}"
            );
            assert!((4..8).all(|i| index_of(&images.image(i).unwrap()).is_none()));
            chosen.iter().for_each(|i| drawn[*i] += 1);
            batches += 1;
        }
    }
    assert_eq!(batches, 120 * (data.train_size() / 8));
    assert_eq!(drawn[1], 0);
    // Face 0 is missed only when four draws in turn miss it; w others of weight 1 remain.
    let others = (faces - 2) as f64;
    let missed: f64 = (0..4)
        .map(|k| (others - f64::from(k)) / (others - f64::from(k) + 10.0))
        .product();
    let share = drawn[0] as f64 / batches as f64;
    // Standard error below 0.01.
    assert!(
        (share - (1.0 - missed)).abs() < 0.04,
        "{share} ≠ {}",
        1.0 - missed
    );
    let rest = &drawn[2..];
    let mean = rest.iter().sum::<usize>() as f64 / others;
    assert!(
        rest.iter().all(|n| (*n as f64 - mean).abs() < 0.35 * mean),
        "{rest:?}"
    );

    // Seeded; and refused when they cannot be.
    let first = |seed| {
        let mut batches = data.weighted_batches(8, &weights, seed, &device).unwrap();
        values(batches.next().unwrap().unwrap().images)
    };
    assert_eq!(first(3), first(3));
    assert_ne!(first(3), first(4));
    let refused = |weights: &[f64]| {
        data.weighted_batches(8, weights, 0, &device)
            .err()
            .unwrap()
            .to_string()
    };
    assert!(refused(&[1.0; 3]).contains("[3]"));
    let mut few = vec![0.0; faces];
    few[..3].fill(1.0);
    assert!(
        refused(&few).contains("3 visages de probabilité non nulle"),
        "{}",
        refused(&few)
    );
    few[3] = -1.0;
    assert!(
        refused(&few).contains("-1 pour le visage 3"),
        "{}",
        refused(&few)
    );
}
