//! What a schema says against an instance.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;

use super::resolve;
use crate::model::printable;

/// How many characters of a message are kept.
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
        Self {
            pointer: place(error),
            message: text(error),
            schema: resolve::origin(error.schema_path().as_str()),
        }
    }
}

/// The place of a violation: of a key that should not be there, the key.
fn place(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => match unexpected.first() {
            Some(key) => format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
            None => at.to_owned(),
        },
        _ => at.to_owned(),
    }
}

/// The message of a violation, on one line and of bounded length.
pub(super) fn text(error: &ValidationError<'_>) -> String {
    // The value itself is left out: it may be long, and it may be a secret.
    let message = error.masked().to_string();
    let short: String = message.chars().take(LONGEST).collect();
    let more = if short.len() < message.len() { "…" } else { "" };
    format!("{}{more}", printable(&short))
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
