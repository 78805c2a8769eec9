//! The checks of the labs are fair: right solutions get all the points whatever their form, and known
//! mistakes lose some.
//!
//! The check cells are those of the notebook, hidden checks included, compiled here by `lab_cells`.

mod tp0;
mod tp1;
mod tp3;
mod tp5_losses;
mod tp5_model;
mod tp5_resampling;
mod tp5_training;
mod tp6;
mod tp7;

use std::sync::{Mutex, MutexGuard};

use visages::{notebook::Grade, prelude::*};

// What the lab gives, and the reference solutions: a module of cases replaces one of them.
lab_cells::given!("tp5_debiaisage", "struct ConvBlock {");
lab_cells::given!("tp5_debiaisage", "struct StandardClassifier {");
lab_cells::given!("tp5_debiaisage", "fn standard_train_step(");
lab_cells::exercise!("tp5_debiaisage", "train_cnn");
lab_cells::exercise!("tp5_debiaisage", "latent_loss");
lab_cells::exercise!("tp5_debiaisage", "reconstruction_loss");
lab_cells::exercise!("tp5_debiaisage", "vae_loss");
lab_cells::exercise!("tp5_debiaisage", "sampling");
lab_cells::exercise!("tp5_debiaisage", "classification_loss");
lab_cells::exercise!("tp5_debiaisage", "debiasing_loss");
lab_cells::given!("tp5_debiaisage", "struct FaceDecoder {");
lab_cells::exercise!("tp5_debiaisage", "db_vae");
lab_cells::given!("tp5_debiaisage", "fn get_latent_mu(");
lab_cells::exercise!("tp5_debiaisage", "variable_probabilities");
lab_cells::exercise!("tp5_debiaisage", "resampling_probabilities");
lab_cells::exercise!("tp5_debiaisage", "get_training_sample_probabilities");
lab_cells::exercise!("tp5_debiaisage", "debiasing_train_step");
lab_cells::exercise!("tp5_debiaisage", "train_dbvae");
lab_cells::exercise!("tp5_debiaisage", "drawn_share");

/// What a check cell must say of a solution.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// All the points.
    Full,
    /// Fewer than all.
    Less,
    /// None.
    Zero,
}

/// Random numbers are drawn by the whole process: a check that seeds them twice would see the seeds of another.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Keeps other checks waiting.
fn alone() -> MutexGuard<'static, ()> {
    GENERATOR
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Holds a note against what it must be.
fn judge(note: &Grade, expected: Expected) {
    let found = match (note.points(), note.max()) {
        (points, max) if points == max => Expected::Full,
        (0.0, _) => Expected::Zero,
        _ => Expected::Less,
    };
    let right = found == expected || (expected == Expected::Less && found == Expected::Zero);
    assert!(right, "{note}");
}

/// What students see of a check: it must find the mistakes that they are likely to make.
#[test]
fn hidden_checks_can_be_told_apart() {
    let device = Device::flex();
    let all = lab_cells::checks!("tp5_debiaisage", "sampling").total();
    let visible = lab_cells::visible_checks!("tp5_debiaisage", "sampling").total();
    assert!(0 < visible && visible < all);
}

/// One module a solution: its items replace those of the crate's root for one check cell.
macro_rules! cases {
    ($cell:tt; $($name:ident: $expected:ident { $($item:item)* })*) => {$(
        mod $name {
            #[allow(unused_imports)]
            use crate::lab_checks::*;
            $($item)*
            #[test]
            fn is_judged() {
                let _alone = $crate::lab_checks::alone();
                #[allow(unused_variables)]
                let device = Device::flex();
                $crate::lab_checks::judge(&lab_cells::checks!("tp5_debiaisage", $cell), $crate::lab_checks::Expected::$expected);
            }
        }
    )*};
}
pub(crate) use cases;
