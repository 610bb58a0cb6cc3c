//! Values without parts, and the list that values are gathered in.

use std::collections::BTreeSet;

use serde_json::{Map, Number, Value};

use super::shape::Shape;
use super::strings;
use super::values::Sink;

/// The values so far, without repetition.
pub(super) struct Found<'s> {
    pub(super) values: Vec<Value>,
    known: BTreeSet<String>,
    pub(super) most: usize,
    /// Where the values go instead of into the list.
    pub(super) sink: Option<Sink<'s>>,
}

impl Found<'_> {
    pub(super) fn new(most: usize) -> Self {
        Self { values: Vec::new(), known: BTreeSet::new(), most, sink: None }
    }

    pub(super) fn is_full(&self) -> bool {
        self.known.len() >= self.most
    }

    pub(super) fn add(&mut self, mut value: Value) {
        // Maps with the same entries are the same value, whatever their order.
        value.sort_all_objects();
        if self.is_full() || !self.known.insert(value.to_string()) {
            return;
        }
        match &mut self.sink {
            Some(sink) => {
                if sink(&value) {
                    self.most = 0;
                }
            }
            None => self.values.push(value),
        }
    }
}

/// Whether the schemas speak of values of a type, or of no type at all.
pub(super) fn is_about(shape: &Shape<'_>, name: &str) -> bool {
    shape.types.is_empty()
        || shape.types.contains(name)
        || match name {
            "array" => !shape.counts.is_empty() || !shape.first.is_empty(),
            _ => !shape.properties.is_empty() || !shape.sizes.is_empty(),
        }
}

/// A value of each type.
pub(super) fn plain(shape: &Shape<'_>) -> Vec<Value> {
    let mut values = vec![
        Value::Null,
        Value::Bool(false),
        Value::Bool(true),
        Value::from(0),
        Value::from(1),
        Value::from(""),
        Value::from("a"),
        Value::from(-1),
        Value::from(1.5),
        Value::Array(Vec::new()),
        Value::Object(Map::new()),
        Value::from(1.0),
    ];
    // Values of the types that are named come first.
    let named = |value: &Value| match value {
        Value::Null => shape.types.contains("null"),
        Value::Bool(_) => shape.types.contains("boolean"),
        Value::Number(_) => shape.types.contains("number") || shape.types.contains("integer"),
        Value::String(_) => shape.types.contains("string"),
        Value::Array(_) => shape.types.contains("array"),
        Value::Object(_) => shape.types.contains("object"),
    };
    values.sort_by_key(|value| !named(value));
    values
}

pub(super) fn numbers(shape: &Shape<'_>, found: &mut Found<'_>) {
    let mut floats: Vec<f64> = Vec::new();
    for bound in &shape.bounds {
        for step in [-1, 0, 1] {
            if let Some(whole) = bound.as_i64().and_then(|bound| bound.checked_add(step)) {
                found.add(Value::from(whole));
            } else if let Some(whole) =
                bound.as_u64().and_then(|bound| bound.checked_add_signed(step))
            {
                found.add(Value::from(whole));
            }
        }
        let Some(bound) = bound.as_f64() else { continue };
        floats.extend([0.0, 0.5, -0.5, 0.01, -0.01, 1.0, -1.0].map(|step| bound + step));
        floats.extend([bound.floor(), bound.ceil(), bound.next_up(), bound.next_down()]);
        for unit in &shape.multiples {
            let times = (bound / unit).floor();
            floats.extend([-1.0, 0.0, 1.0, 2.0].map(|more| (times + more) * unit));
        }
    }
    for unit in &shape.multiples {
        floats.extend([1.0, 2.0, 3.0, 5.0, 7.0, 0.5, -1.0].map(|times| times * unit));
        let product: f64 = shape.multiples.iter().product();
        floats.extend([product, product + unit]);
    }
    for float in floats {
        // Whole numbers are written as such.
        let whole = float.abs() < 9.0e15 && float.fract() == 0.0;
        if whole {
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
            found.add(Value::from(float as i64));
        } else if let Some(number) = Number::from_f64(float) {
            found.add(Value::Number(number));
        }
    }
}

pub(super) fn texts(shape: &Shape<'_>, found: &mut Found<'_>) {
    for format in &shape.formats {
        strings::of_format(format).iter().for_each(|text| found.add((*text).into()));
    }
    let patterns: Vec<Vec<String>> =
        shape.patterns.iter().take(12).map(|pattern| strings::of_pattern(pattern)).collect();
    for text in patterns.iter().flatten() {
        found.add(text.as_str().into());
    }
    if let [one, other, ..] = patterns.as_slice() {
        for (one, other) in one.iter().take(4).zip(other.iter().take(4)) {
            found.add(format!("{one}{other}").into());
            found.add(format!("{other}{one}").into());
        }
    }
    let mut lengths: BTreeSet<u64> = BTreeSet::new();
    for length in &shape.lengths {
        lengths.extend([length.saturating_sub(1), *length, length.saturating_add(1)]);
    }
    for length in lengths.into_iter().filter(|length| *length <= 5_000).take(20) {
        let length = usize::try_from(length).unwrap_or(0);
        found.add("a".repeat(length).into());
        for text in patterns.iter().flat_map(|texts| texts.iter().take(6)) {
            // Fitted to the length by its own characters.
            let fitted: String = text.chars().chain(text.chars().cycle()).take(length).collect();
            found.add(fitted.into());
            let last: String =
                text.chars().chain(text.chars().last().into_iter().cycle()).take(length).collect();
            found.add(last.into());
        }
    }
}
