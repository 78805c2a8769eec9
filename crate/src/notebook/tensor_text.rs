//! The text of a tensor: its shape, its kind, what its values span, and the values, aligned, as few as give an idea.

use burn::tensor::TensorData;

/// Values that are all written; of more, only those at the ends of each dimension.
const MOST_VALUES: usize = 100;

/// The text of a tensor of dimensions `shape`; `kind` is the second parameter of its type, empty for numbers with a
/// fractional part.
///
/// ```text
/// Tensor<2> [2, 3] f32 · min 1 · moyenne 2.3333 · max 4
/// [[1.0, 2.0, 3.0],
///  [4.0, 2.0, 2.0]]
/// ```
pub(super) fn describe(kind: &str, shape: &[usize], data: &TensorData) -> String {
    let rank = shape.len();
    let name = match kind {
        "" => format!("Tensor<{rank}>"),
        _ => format!("Tensor<{rank}, {kind}>"),
    };
    let places = Places::new(shape);
    let (dtype, span, values) = match kind {
        "Bool" => {
            let all: Vec<bool> = data.iter::<bool>().collect();
            let count = all.iter().filter(|value| **value).count();
            let span = format!(" · vrai : {count} sur {}", all.len());
            let values = places.of(&all).map(ToString::to_string).collect();
            ("bool", span, values)
        }
        "Int" => {
            let all: Vec<i64> = data.iter::<i64>().collect();
            let span = span(all.iter().map(|value| *value as f64));
            let values = places.of(&all).map(ToString::to_string).collect();
            (data.dtype().name(), span, values)
        }
        _ => {
            let all: Vec<f64> = data.iter::<f64>().collect();
            let shown: Vec<f64> = places.of(&all).copied().collect();
            let span = span(all.into_iter());
            (data.dtype().name(), span, written(&shown))
        }
    };
    let values: Vec<String> = values;
    let width = values.iter().map(|value| value.chars().count()).max();
    let mut values = values.into_iter().map(|value| {
        let width = width.unwrap_or_default();
        format!("{value:>width$}")
    });
    let mut text = format!("{name} {shape:?} {dtype}{span}\n");
    places.write(0, &mut values, &mut text);
    text
}

/// The least, the mean and the greatest of several values; what is no number is counted apart.
fn span(values: impl Iterator<Item = f64>) -> String {
    let (mut low, mut high, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let (mut numbers, mut others) = (0_usize, 0_usize);
    for value in values {
        if value.is_nan() {
            others += 1;
            continue;
        }
        numbers += 1;
        (low, high, sum) = (low.min(value), high.max(value), sum + value);
    }
    let mut text = String::new();
    if numbers > 1 {
        let mean = sum / numbers as f64;
        text = format!(
            " · min {} · moyenne {} · max {}",
            short(low),
            short(mean),
            short(high)
        );
    }
    if others > 0 {
        text.push_str(&format!(" · {others} NaN"));
    }
    text
}

/// A number in few digits.
fn short(value: f64) -> String {
    let magnitude = value.abs();
    if value != 0.0 && value.is_finite() && !(1e-3..1e7).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.4}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Several numbers, with the same digits.
fn written(values: &[f64]) -> Vec<String> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let whole = finite().all(|value| value.fract() == 0.0 && value.abs() < 1e7);
    let far = finite().any(|value| value != 0.0 && !(1e-4..1e7).contains(&value.abs()));
    let write = |value: &f64| match () {
        () if whole => format!("{value:.1}"),
        () if far => format!("{value:.3e}"),
        () => format!("{value:.4}"),
    };
    values.iter().map(write).collect()
}

/// Which values of a tensor are shown.
struct Places<'a> {
    shape: &'a [usize],
    /// Shown at each end of a dimension, where not all are.
    edge: Option<usize>,
}

impl<'a> Places<'a> {
    fn new(shape: &'a [usize]) -> Self {
        let total: usize = shape.iter().product();
        let edge = match shape.len() {
            0..=2 => 3,
            3 => 2,
            _ => 1,
        };
        Self {
            shape,
            edge: (total > MOST_VALUES).then_some(edge),
        }
    }

    /// Indices shown of a dimension, and after how many something is left out.
    fn indices(&self, dimension: usize) -> (Vec<usize>, Option<usize>) {
        let length = self.shape[dimension];
        match self.edge {
            Some(edge) if length > 2 * edge => {
                let ends = (0..edge).chain(length - edge..length);
                (ends.collect(), Some(edge))
            }
            _ => ((0..length).collect(), None),
        }
    }

    /// The values shown among all, row by row.
    fn of<'v, T>(&self, all: &'v [T]) -> impl Iterator<Item = &'v T> {
        let mut offsets = vec![0];
        for dimension in 0..self.shape.len() {
            let stride: usize = self.shape[dimension + 1..].iter().product();
            let (indices, _) = self.indices(dimension);
            offsets = offsets
                .iter()
                .flat_map(|offset| indices.iter().map(move |index| offset + index * stride))
                .collect();
        }
        offsets.into_iter().filter_map(|offset| all.get(offset))
    }

    /// Writes a dimension with all it holds.
    fn write(
        &self,
        dimension: usize,
        values: &mut impl Iterator<Item = String>,
        text: &mut String,
    ) {
        let (indices, left_out) = self.indices(dimension);
        let last = dimension + 1 == self.shape.len();
        let between = match last {
            true => ", ".to_owned(),
            false => format!(",\n{}", " ".repeat(dimension + 1)),
        };
        text.push('[');
        for position in 0..indices.len() {
            if position > 0 {
                text.push_str(&between);
            }
            if left_out == Some(position) {
                text.push('…');
                text.push_str(&between);
            }
            match last {
                true => text.push_str(&values.next().unwrap_or_default()),
                false => self.write(dimension + 1, values, text),
            }
        }
        text.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &[f32], shape: &[usize]) -> String {
        describe("", shape, &TensorData::new(values.to_vec(), shape.to_vec()))
    }

    #[test]
    fn values_are_aligned_under_what_they_span() {
        let text = floats(&[1.0, -2.5, 3.0, 10.0, 0.125, 0.0], &[2, 3]);
        assert_eq!(
            text,
            "Tensor<2> [2, 3] f32 · min -2.5 · moyenne 1.9375 · max 10\n\
             [[ 1.0000, -2.5000,  3.0000],\n \
             [10.0000,  0.1250,  0.0000]]"
        );
        assert_eq!(floats(&[2.0], &[1]), "Tensor<1> [1] f32\n[2.0]");
        assert_eq!(floats(&[], &[0]), "Tensor<1> [0] f32\n[]");
        let cube = floats(&[1.0, 2.0, 3.0, 4.0], &[2, 1, 2]);
        assert!(cube.ends_with("\n[[[1.0, 2.0]],\n [[3.0, 4.0]]]"), "{cube}");
    }

    #[test]
    fn what_is_no_number_is_counted_and_far_numbers_have_powers() {
        let text = floats(&[f32::NAN, 1.0, 3.0, f32::INFINITY], &[4]);
        assert!(
            text.contains("min 1 · moyenne inf · max inf · 1 NaN"),
            "{text}"
        );
        let text = floats(&[1e-6, 250.0], &[2]);
        assert!(
            text.ends_with("[1.000e-6, 2.500e2]") || text.contains("e-7"),
            "{text}"
        );
    }

    #[test]
    fn a_large_tensor_shows_its_ends() {
        let values: Vec<f32> = (0..6400).map(|value| value as f32).collect();
        let text = floats(&values, &[64, 100]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 8, "{text}");
        assert_eq!(
            lines[1],
            "[[   0.0,    1.0,    2.0, …,   97.0,   98.0,   99.0],"
        );
        assert_eq!(lines[4], " …,");
        assert!(lines[7].ends_with("6399.0]]"), "{text}");
        let images = floats(&vec![0.5; 4 * 3 * 32 * 32], &[4, 3, 32, 32]);
        assert!(images.lines().count() < 20, "{images}");
    }

    #[test]
    fn integers_and_booleans_are_themselves() {
        let data = TensorData::new(vec![3_i64, -1, 4], [3]);
        assert_eq!(
            describe("Int", &[3], &data),
            "Tensor<1, Int> [3] i64 · min -1 · moyenne 2 · max 4\n[ 3, -1,  4]"
        );
        let data = TensorData::new(vec![true, false], [2]);
        assert_eq!(
            describe("Bool", &[2], &data),
            "Tensor<1, Bool> [2] bool · vrai : 1 sur 2\n[ true, false]"
        );
    }
}
