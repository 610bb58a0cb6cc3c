//! Config schemas, and the documents they govern.

mod cause;
pub(super) mod deprecation_window;
pub(super) mod document_invalid;
pub(super) mod downgrade_unsafe;
mod impact;
pub(super) mod migration_required;
pub(super) mod schema_breaking;
pub(super) mod schema_invalid;
pub(super) mod secret_in_default;
#[cfg(test)]
mod tests;
pub(super) mod version_not_bumped;

use crate::model::{SchemaChange, SchemaEvidence};

/// Whether the change edits the schema's own file.
fn is_touched(schema: &SchemaEvidence) -> bool {
    schema.change != SchemaChange::Unchanged
}

/// `a`, `a and b`, `a, b and c`.
fn join<T: AsRef<str>>(names: &[T]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// `1 day`, `2 days`.
fn count(number: impl Into<u64>, one: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => format!("{number} {one}s"),
    }
}
