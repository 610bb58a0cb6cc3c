//! What a schema says against an instance.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;

use super::{closest, resolve};
use crate::model::{Pointer, clipped};

/// How many characters are kept of a message, and shown of a place.
const LONGEST: usize = 300;

/// One thing that a schema has against an instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// JSON Pointer into the instance.
    pub pointer: String,
    /// One sentence for people, on one line and of bounded length.
    pub message: String,
    /// The keyword that is broken: the schema's file, empty for the root, `#` and a JSON Pointer.
    pub schema: String,
}

impl Violation {
    pub(super) fn of(error: &ValidationError<'_>) -> Self {
        let (pointer, message) = told(error);
        Self { pointer, message, schema: resolve::origin(error.schema_path().as_str()) }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.pointer.is_empty() {
            write!(f, "{}: ", clipped(&self.pointer, LONGEST))?;
        }
        f.write_str(&self.message)
    }
}

/// The place of a violation: of a key that should not be there, the key.
fn place(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => match unexpected.first() {
            Some(key) => format!("{at}/{}", Pointer::escaped(key)),
            None => at.to_owned(),
        },
        _ => at.to_owned(),
    }
}

/// The place and the message; of alternatives, what is wrong in the one that comes closest.
fn told(error: &ValidationError<'_>) -> (String, String) {
    let plainly = |error: &ValidationError<'_>| match closest::types(error) {
        Some(types) => clipped(&format!("value is not of type {types}"), LONGEST),
        None => text(error),
    };
    let Some((inner, alternatives)) = closest::closest(error) else {
        return (place(error), plainly(error));
    };
    let message = format!("{} (in the closest of {alternatives} alternatives)", plainly(inner));
    (place(inner), message)
}

/// The message of a violation, on one line and of bounded length.
pub(super) fn text(error: &ValidationError<'_>) -> String {
    // The value itself is left out: it may be long, and it may be a secret.
    clipped(&error.masked().to_string(), LONGEST)
}

/// Whether the validator gave up instead of judging.
pub(super) fn gave_up(error: &ValidationError<'_>) -> bool {
    match error.kind() {
        ValidationErrorKind::BacktrackLimitExceeded { .. }
        | ValidationErrorKind::RegexEngineFailure { .. } => true,
        ValidationErrorKind::AnyOf { context }
        | ValidationErrorKind::OneOfNotValid { context }
        | ValidationErrorKind::OneOfMultipleValid { context } => {
            context.iter().flatten().any(gave_up)
        }
        ValidationErrorKind::PropertyNames { error } => gave_up(error),
        _ => false,
    }
}
