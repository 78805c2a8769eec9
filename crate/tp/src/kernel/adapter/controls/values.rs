//! Values of controls, as pages send and show them.

use serde_json::{Value as Json, json};
use tp_protocol::controls::{Kind, Value};

/// A number without what binary fractions leave at its end: 0.30000000000000004 is 0.3.
pub(super) fn tidy(number: f64) -> f64 {
    format!("{number:.9e}").parse().unwrap_or(number)
}

/// The value that a page sends for a control; `None` for what is none of its values.
pub(super) fn read_value(kind: &Kind, state: &Json) -> Option<Value> {
    let value = &state["value"];
    match kind {
        Kind::Slider { min, max, .. } => {
            let number = value.as_f64().filter(|number| number.is_finite())?;
            Some(Value::Number(tidy(number).clamp(*min, *max)))
        }
        Kind::IntSlider { min, max, .. } => {
            let number = value.as_i64().or_else(|| {
                let number = value.as_f64()?;
                (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
            })?;
            Some(Value::Integer(number.clamp(*min, *max)))
        }
        Kind::Choice { options, .. } => {
            let index = usize::try_from(state["index"].as_u64()?).ok()?;
            (index < options.len()).then_some(Value::Index(index))
        }
        Kind::Checkbox { .. } => Some(Value::Checked(value.as_bool()?)),
        Kind::Button | Kind::Upload { .. } => None,
    }
}

/// The part of a model's state that says its value.
pub(super) fn value_state(value: &Value) -> Json {
    match value {
        Value::Number(number) => json!({"value": number}),
        Value::Integer(number) => json!({"value": number}),
        Value::Index(index) => json!({"index": index}),
        Value::Checked(checked) => json!({"value": checked}),
        Value::Clicks(_) | Value::Files(_) => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_values_of_the_control_are_taken() {
        let slider = Kind::Slider {
            min: 0.0,
            max: 1.0,
            step: 0.1,
            value: 0.3,
        };
        let read = |value: Json| read_value(&slider, &json!({"value": value}));
        assert_eq!(read(json!(1)), Some(Value::Number(1.0)));
        assert_eq!(read(json!(7.5)), Some(Value::Number(1.0)));
        assert_eq!(read(json!(0.1 + 0.2)), Some(Value::Number(0.3)));
        assert_eq!(read(json!("1")), None);
        assert_eq!(read(json!(null)), None);
        let whole = Kind::IntSlider {
            min: 0,
            max: 9,
            step: 1,
            value: 1,
        };
        assert_eq!(
            read_value(&whole, &json!({"value": 4.0})),
            Some(Value::Integer(4))
        );
        assert_eq!(read_value(&whole, &json!({"value": 4.5})), None);
        let choice = Kind::Choice {
            options: vec!["a".to_owned()],
            index: 0,
        };
        assert_eq!(read_value(&choice, &json!({"index": 1})), None);
        assert_eq!(
            read_value(&choice, &json!({"index": 0})),
            Some(Value::Index(0))
        );
    }
}
