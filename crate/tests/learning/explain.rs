//! Latent traversal and the divergence of each latent variable.

use crate::support::{SIDE, assert_close, discs, seeded, small_db_vae, values};
use visages::{
    burn::prelude::*,
    data::ImageStore,
    explain::{kl_by_dimension, latent_traversal, most_active},
    figures::image_rows,
    polars::prelude::DataType,
    train::{LatentTable, encode_images, latent_means, vae_loss},
};

#[test]
fn a_row_moves_one_variable_and_keeps_the_others() {
    let _guard = seeded(1);
    let device = Device::flex();
    let model = small_db_vae();
    // Variable 0: mean 1, deviation 1. Variable 2 is dead. Means of the others: 2, 5, −1.
    let mu = LatentTable::new(vec![0.0, 1.0, 5.0, -4.0, 2.0, 3.0, 5.0, 2.0], 4).unwrap();
    let (mean, deviation): (Vec<f64>, Vec<f64>) = mu.mean_and_deviation().into_iter().unzip();
    assert_eq!(
        (mean, deviation),
        (vec![1.0, 2.0, 5.0, -1.0], vec![1.0, 1.0, 0.0, 3.0])
    );

    let steps = [-2.0, 0.0, 2.0];
    let traversal = latent_traversal(&model, &mu, None, &[3, 2], &steps, &device).unwrap();
    let rows = traversal.rows();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0].0, "Variable 3, de −7 à 5");
    let z = Tensor::<2>::from_data(
        [
            [1.0, 2.0, 5.0, -7.0],
            [1.0, 2.0, 5.0, -1.0],
            [1.0, 2.0, 5.0, 5.0],
        ],
        &device,
    );
    assert_eq!(
        *rows[0].1,
        ImageStore::from_tensor(model.decode(z)).unwrap()
    );
    assert_ne!(rows[0].1.image(0).unwrap(), rows[0].1.image(2).unwrap());
    // A dead variable shows the same face thrice.
    assert_eq!(rows[1].1.image(0).unwrap(), rows[1].1.image(2).unwrap());

    // From a given face, the other variables are that face's.
    let start = mu.row(0).unwrap();
    let from_face = latent_traversal(&model, &mu, Some(start), &[0], &[0.0], &device).unwrap();
    let z = Tensor::<2>::from_data([[1.0, 1.0, 5.0, -4.0]], &device);
    assert_eq!(
        *from_face.rows()[0].1,
        ImageStore::from_tensor(model.decode(z)).unwrap()
    );

    let figure = image_rows(&rows, 3, "Parcours de l'espace latent").unwrap();
    assert!(
        figure.alt_text().contains("Variable 3"),
        "{}",
        figure.alt_text()
    );

    for (dimensions, steps, start) in [
        (&[4][..], &[0.0][..], None),
        (&[], &[0.0], None),
        (&[0], &[], None),
        (&[0], &[f64::NAN], None),
        (&[0], &[0.0], Some(&[0.0; 3][..])),
    ] {
        assert!(latent_traversal(&model, &mu, start, dimensions, steps, &device).is_err());
    }
    let nobody = LatentTable::new(vec![], 4).unwrap();
    assert!(latent_traversal(&model, &nobody, None, &[0], &[0.0], &device).is_err());
}

#[test]
fn divergences_sum_to_the_latent_loss_and_are_sorted() {
    let _guard = seeded(2);
    let device = Device::flex();
    let (model, store) = (small_db_vae(), discs(6, true));
    let frame = kl_by_dimension(&model, &store, 4, &device).unwrap();
    assert_eq!(frame.shape(), (4, 4));
    assert_eq!(
        *frame.column("dimension").unwrap().dtype(),
        DataType::UInt32
    );
    let column = |name: &str| -> Vec<f64> {
        let column = frame.column(name).unwrap().f64().unwrap();
        column.iter().flatten().collect()
    };
    let kl = column("kl");
    assert!(
        kl.windows(2).all(|pair| pair[0] >= pair[1]) && kl[3] > 0.0,
        "{kl:?}"
    );

    // Mean over the images of the latent loss, from the loss function itself.
    let (mu, logvar) = encode_images(&model, &store, 6, &device).unwrap();
    let x = store.all_to_tensor(&device).unwrap();
    let loss = vae_loss(
        x.clone(),
        x,
        mu.to_tensor(&device),
        logvar.to_tensor(&device),
        1.0,
    );
    let expected = values(loss.unwrap().mean());
    assert_close(&[kl.iter().sum::<f64>() as f32], &expected, 1e-5);

    let order = most_active(&frame, 2).unwrap();
    let means = latent_means(&model, &store, 6, &device)
        .unwrap()
        .mean_and_deviation();
    assert_eq!(order.len(), 2);
    for (row, dimension) in order.into_iter().enumerate() {
        assert!((column("mean")[row] - means[dimension].0).abs() < 1e-6);
        assert!((column("deviation")[row] - means[dimension].1).abs() < 1e-6);
    }
    assert_eq!(most_active(&frame, 9).unwrap().len(), 4);
    assert!(kl_by_dimension(&model, &ImageStore::new(SIDE, SIDE), 4, &device).is_err());
}
