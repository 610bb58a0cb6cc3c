//! What the text of a scalar means: YAML 1.2's core schema.

use std::str::FromStr as _;

use serde_json::Number;

use crate::document::node::Value;

/// What a plain scalar is.
pub(in crate::document) enum Plain {
    /// A value of JSON.
    Value(Value),
    /// A number that JSON cannot hold: too large (then the nearest that it can), infinite or none.
    Unheld(Option<Number>),
}

/// Resolves a plain scalar.
pub(in crate::document) fn plain(text: &str) -> Plain {
    let value = match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_not_finite(text) => return Plain::Unheld(None),
        _ => match number(text) {
            None => Value::Text(text.to_owned()),
            Some(Ok(number)) => Value::Number(number),
            Some(Err(nearest)) => return Plain::Unheld(Some(nearest)),
        },
    };
    Plain::Value(value)
}

/// A number; the nearest that JSON can hold is the error, where it is too large.
pub(in crate::document) fn number(text: &str) -> Option<Result<Number, Number>> {
    let radix = |prefix: &str, radix| {
        let digits = text.strip_prefix(prefix)?;
        let fits = !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        fits.then(|| match u64::from_str_radix(digits, radix) {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(u64::MAX.into()),
        })
    };
    if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
        return Some(number);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        || !digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
    {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(Ok(number.into()));
    }
    if let Ok(number) = text.parse::<u64>() {
        return Some(Ok(number.into()));
    }
    let number = f64::from_str(text).ok()?;
    let nearest = Number::from_f64(number.clamp(f64::MIN, f64::MAX))?;
    Some(if number.is_finite() { Ok(nearest) } else { Err(nearest) })
}

/// Whether it is one of the numbers that are infinite or none at all.
fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}
