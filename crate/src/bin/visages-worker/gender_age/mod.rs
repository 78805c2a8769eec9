//! The networks of the gender-and-age lab, trained and measured: on drawings for `tp bench effets tp3`, on photographs for
//! `tp bench genre-age`.
//!
//! | file | owns |
//! |---|---|
//! | `faces` | pictures, each once, in three parts and two sizes |
//! | `training` | the lab's three trainings, and what the networks answer |
//! | `small_net` | the network that the lab's reader writes, with and without the techniques |
//! | `measures` | estimates of answers: gender, age, groups |
//! | `effects` | one seed of the measures that the lab cites |
//! | `headline` | one network on photographs, one seed |

mod effects;
mod faces;
mod headline;
mod measures;
mod small_net;
mod training;

pub use effects::{Outcome, Trial};
pub use headline::{Headline, Result as HeadlineOutcome};

/// Side of the pictures of which model 1 sees a part: 96 of 128 pixels for the authors, 72 of 96 here.
const LARGE: usize = 96;
/// Side of that part.
const CROP: usize = 72;
/// Side of the pictures of models 2 and 3.
const SIDE: usize = 64;
/// Images that the small network learns from.
const FEW: usize = 600;
/// Images a batch, in training.
const BATCH: usize = 32;
/// Learning rate of Adam in the first epoch; a cosine leads it towards 0.
const LEARNING_RATE: f64 = 1e-3;
/// That of model 1, which has one batch norm for four convolutions: at 1e-3 its units die in the first steps.
const GENDER_LEARNING_RATE: f64 = 3e-4;
/// Shares of the images in validation and test: 20 % of all, then 20 % of the rest.
const SHARES: [f64; 2] = [0.16, 0.20];
/// Years that ages are divided by.
const OLDEST: f64 = 120.0;
/// Weight of the loss of ages beside that of genders, in model 3: the squares of errors divided by 120 are small numbers.
const AGE_WEIGHT: f64 = 10.0;
/// Weight of a batch in the running statistics of batch norms: the authors' 0.01 needs thousands of steps.
const NORM_MOMENTUM: f64 = 0.1;
/// What the initial weights of model 3's last layer of ages are multiplied by.
const AGE_GAIN: f64 = 0.01;
/// Largest change of brightness of the augmentation.
const BRIGHTNESS: f64 = 0.2;
