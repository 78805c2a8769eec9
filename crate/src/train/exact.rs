//! Numbers that JSON keeps to the last bit, NaN and infinities included.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A number written as the shortest text that reads back as itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Exact(pub(super) f64);

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(D::Error::custom)
    }
}

/// Numbers as [`Exact`] ones.
pub(super) fn exact(values: &[f64]) -> Vec<Exact> {
    values.iter().copied().map(Exact).collect()
}

/// [`Exact`] numbers as numbers.
pub(super) fn inexact(values: &[Exact]) -> Vec<f64> {
    values.iter().map(|value| value.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back_to_the_last_bit() {
        let values = [
            0.1 + 0.2,
            f64::from(0.1_f32),
            f64::MIN_POSITIVE / 3.0,
            -0.0,
            f64::INFINITY,
            f64::NAN,
        ];
        let text = serde_json::to_string(&exact(&values)).unwrap();
        let back: Vec<Exact> = serde_json::from_str(&text).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&inexact(&back)), bits(&values));
    }
}
