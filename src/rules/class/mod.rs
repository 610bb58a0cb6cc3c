//! What a class promises, held against what a migration does.

pub(super) mod dependency_class;
mod effects;
pub(super) mod mismatch;
pub(super) mod mixed_schema_and_data;

use crate::catalog::{Edit, Entry};

/// Whether what a migration does is new with the change; a mended down is not.
fn is_judged(entry: &Entry) -> bool {
    !entry.touch.is_touched() || entry.touch.added || entry.touch.up == Edit::Real
}
