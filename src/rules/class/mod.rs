//! What a class promises and asks for, held against what a migration does and when.

pub(super) mod approval_missing;
pub(super) mod dependency_class;
mod effects;
pub(super) mod frozen;
pub(super) mod mismatch;
pub(super) mod mixed_schema_and_data;
pub(super) mod outside_window;

use super::{CatalogCx, Draft};
use crate::catalog::{Edit, Entry};
use crate::model::{ClassPolicy, Kind};

/// The migrations that the change brings to a roll-out: new ones, and repeatable ones that run
/// again because they were edited.
fn rolled_out<'a>(cx: &'a CatalogCx<'_>) -> impl Iterator<Item = &'a Entry> {
    cx.catalog.entries.iter().filter(|entry| {
        let runs_again = entry.migration.kind == Kind::Repeatable && entry.touch.up == Edit::Real;
        entry.touch.added || runs_again
    })
}

/// What the policy asks of the class of a migration.
fn policy<'a>(cx: &'a CatalogCx<'_>, entry: &Entry) -> Option<&'a ClassPolicy> {
    cx.terms.rollout.classes.get(&entry.class())
}

/// A finding about the class of a migration, where the class is declared.
fn draft(entry: &Entry, message: String) -> Draft {
    let declared = entry.declared.class.as_ref().map(|(_, place)| place.clone());
    let location = declared.unwrap_or_else(|| entry.migration.location());
    Draft::new(location, true, message).migration(&entry.migration.id)
}

/// Whether what a migration does is new with the change; a mended down is not.
fn is_judged(entry: &Entry) -> bool {
    !entry.touch.is_touched() || entry.touch.added || entry.touch.up == Edit::Real
}
