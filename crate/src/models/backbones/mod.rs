//! Networks made to be pre-trained elsewhere and given a head of one's own.

mod efficientnet;

pub use efficientnet::{EfficientNet, EfficientNetConfig};
