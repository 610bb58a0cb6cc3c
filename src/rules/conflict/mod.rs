//! Where the change and what the target branch gained meanwhile get in each other's way.

pub(super) mod dependency_edited;
pub(super) mod same_file;
pub(super) mod same_object;
pub(super) mod same_version;

use crate::catalog::{Entry, SetCatalog, renumber};

/// Whether one of these rules has something to say about the target branch. They tell what a
/// stale base leads to, so the rule about the base itself is then silent.
pub(super) fn speaks_of_the_tip(catalog: &SetCatalog) -> bool {
    !catalog.both_sides.is_empty()
        || catalog.entries.iter().any(|entry| {
            catalog.tip_twin(entry).is_some()
                || !dependency_edited::edited(catalog, entry).is_empty()
        })
        || !same_object::with_the_tip(catalog).is_empty()
}

/// The tip in words.
fn tip(catalog: &SetCatalog) -> &str {
    catalog.tip_label.as_deref().unwrap_or("the target branch")
}

/// The version that a late migration, or one whose version is taken, should have.
fn next_free(catalog: &SetCatalog, entry: &Entry) -> Option<String> {
    let all = renumber(catalog);
    all.into_iter().find(|new| new.id == entry.migration.id).map(|new| new.to)
}

/// The same in words.
pub(super) fn renumbered(catalog: &SetCatalog, entry: &Entry) -> Option<String> {
    let next = next_free(catalog, entry)?;
    let id = &entry.migration.id;
    Some(format!(
        "give {id} the next free version, {next}, or let `migration-gate check --fix` do it"
    ))
}
