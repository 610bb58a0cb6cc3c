//! The manifest against the files.

pub(super) mod checksum_mismatch;
pub(super) mod dependency_cycle;
pub(super) mod dependency_order;
pub(super) mod invalid;
pub(super) mod invalid_class;
pub(super) mod missing_class;
pub(super) mod missing_file;
pub(super) mod unknown_dependency;
pub(super) mod unlisted_file;

use super::{CatalogCx, Draft, Sink};
use crate::catalog::Entry;
use crate::model::{Location, ProblemKind};

/// One finding for every problem of a kind, in the manifest and in the headers.
fn problems(cx: &CatalogCx<'_>, kind: ProblemKind, sink: &mut Sink<'_>) {
    let manifest = cx.catalog.manifest.iter().flat_map(|manifest| &manifest.problems);
    for problem in manifest.chain(&cx.catalog.header_problems).filter(|found| found.kind == kind) {
        let touched = cx.catalog.is_changed(&problem.location.path);
        let draft = Draft::new(problem.location.clone(), touched, problem.message.clone());
        let help = problem.help.clone();
        sink.push(if help.is_empty() { draft } else { draft.help(help) });
    }
}

/// Whether a finding about an entry and its declaration belongs to the change.
fn touched(cx: &CatalogCx<'_>, entry: &Entry, location: &Location) -> bool {
    entry.touch.is_touched() || cx.catalog.is_changed(&location.path)
}

/// The entries that the manifest must know: those after its baseline, and whatever is new.
fn after_baseline<'a>(cx: &'a CatalogCx<'_>) -> impl Iterator<Item = &'a Entry> {
    let listed_from = cx.catalog.after(cx.catalog.manifest_baseline.as_deref());
    cx.catalog
        .entries
        .iter()
        .enumerate()
        .filter(move |(index, entry)| *index >= listed_from || entry.touch.added)
        .map(|(_, entry)| entry)
}

/// Where a dependency of an entry is declared: its own place, else the migration.
pub(super) fn dependency_location(entry: &Entry, id: &str) -> Location {
    let declared = entry.declared.depends_on.iter().find(|dependency| dependency.id == id);
    declared.map_or_else(|| entry.migration.location(), |dependency| dependency.location.clone())
}
