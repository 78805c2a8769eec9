//! The two age classes of the young-or-old lab, each described once.

use std::ops::RangeInclusive;

/// Ages of class 0, then of class 1, in years.
pub const AGE_CLASSES: [RangeInclusive<i32>; 2] = [20..=26, 52..=62];

/// The class of an age: 0 from 20 to 26, 1 from 52 to 62, none else.
///
/// ```
/// use visages::data::age_class;
/// assert_eq!([20, 62, 40].map(age_class), [Some(0), Some(1), None]);
/// ```
pub fn age_class(age: i32) -> Option<u8> {
    let class = AGE_CLASSES.iter().position(|ages| ages.contains(&age));
    class.map(|class| class as u8)
}
