//! Numbers that cannot be kept: those written with more digits, or larger, than the reader holds.
//!
//! Such a number may stand where it stands and move with its text. What would take it from the
//! text, or write what was read of it, is refused, since its digits could not be given back.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Edit, Refused, shown};
use crate::document::{Node, Value};
use crate::model::Pointer;

/// Refuses an edit through which a number would lose digits.
pub(super) fn check(text: &str, root: &Node, edit: &Edit) -> Result<(), Refused> {
    if let Edit::Set { at, .. } | Edit::Remove { at } = edit
        && let Some(node) = root.find(&at.0)
    {
        let mut lost = BTreeSet::new();
        inexact(text, node, &mut lost);
        if !lost.is_empty() {
            return Err(refused(at));
        }
    }
    if let Edit::Set { at, value } | Edit::Add { at, value } = edit {
        let mut written = BTreeSet::new();
        numbers(value, &mut written);
        if written.is_empty() {
            return Ok(());
        }
        let mut lost = BTreeSet::new();
        inexact(text, root, &mut lost);
        if !written.is_disjoint(&lost) {
            return Err(refused(at));
        }
    }
    Ok(())
}

fn refused(at: &Pointer) -> Refused {
    let reason = format!("a number of {} has more digits than can be kept", shown(at));
    Refused::new(reason)
}

/// What was read of the numbers that were not read exactly.
fn inexact(text: &str, node: &Node, lost: &mut BTreeSet<String>) {
    match &node.value {
        Value::Number(number) => {
            let written = text.get(node.span.start..node.span.end).unwrap_or_default();
            if !is_exact(written, number) {
                lost.insert(number.to_string());
            }
        }
        Value::List(items) => items.iter().for_each(|item| inexact(text, item, lost)),
        Value::Map(entries) => entries.iter().for_each(|(_, item)| inexact(text, item, lost)),
        Value::Null | Value::Bool(_) | Value::Text(_) => {}
    }
}

/// The numbers of a value; each may stand for what was not read exactly.
fn numbers(value: &Json, found: &mut BTreeSet<String>) {
    match value {
        Json::Number(number) => {
            found.insert(number.to_string());
        }
        Json::Array(items) => items.iter().for_each(|item| numbers(item, found)),
        Json::Object(map) => map.values().for_each(|item| numbers(item, found)),
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}

/// Whether a number says all that its text says.
fn is_exact(written: &str, number: &serde_json::Number) -> bool {
    let digits: String = written.chars().filter(|c| *c != '_').collect();
    let digits = digits.strip_prefix('+').unwrap_or(&digits);
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = digits.strip_prefix(prefix) {
            return u64::from_str_radix(digits, radix).ok() == number.as_u64();
        }
    }
    match (decimal(digits), decimal(&number.to_string())) {
        (Some(written), Some(read)) => written == read,
        _ => false,
    }
}

/// A decimal number by its significant digits and the power of ten that they are multiplied with.
fn decimal(text: &str) -> Option<(bool, String, i64)> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{part}");
    if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = all.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let exponent: i64 = exponent.parse().ok()?;
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let power = exponent.checked_sub(i64::try_from(part.len()).ok()?)?.checked_add(zeros)?;
    Some((negative, significant.to_owned(), power))
}

#[cfg(test)]
mod tests {
    use super::is_exact;

    #[test]
    fn numbers_are_exact_where_they_say_what_their_text_says() {
        let read = |text: &str| serde_json::Number::from_f64(text.parse().unwrap()).unwrap();
        for text in ["1.10", "1e3", "0.1", "-0.0", "1.5E+10", "100", "9007199254740993e0"] {
            assert_eq!(is_exact(text, &read(text)), text != "9007199254740993e0", "{text}");
        }
        for text in ["12345678901234567890123", "3.141592653589793238", "1e-400"] {
            assert!(!is_exact(text, &read(text)), "{text}");
        }
        assert!(is_exact("0xff", &255.into()));
        assert!(is_exact("1_000", &1000.into()));
        assert!(!is_exact("0xffffffffffffffffff", &u64::MAX.into()));
        assert!(!is_exact("1e99999999999999999999", &1.into()));
    }
}
