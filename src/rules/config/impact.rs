//! What a change does to the documents that there are.

use crate::model::{InvalidDocument, Pointer, SchemaEvidence, printable};
use crate::rules::Draft;

/// Documents that a finding names one by one.
const NAMED: usize = 50;

/// What made a document one that its schema refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breach {
    /// The schema's change: nobody edited the document.
    BySchema,
    /// Whoever wrote or edited it, or the schema, which is new to it.
    ByHand,
    /// Nothing in this change.
    Before,
    /// The schema, until the config migrations of the change have run.
    Mended,
}

impl Breach {
    fn of(document: &InvalidDocument) -> Self {
        match (document.was_valid, document.touched) {
            _ if document.mended => Self::Mended,
            (Some(true), false) => Self::BySchema,
            (Some(false), false) => Self::Before,
            (None, _) | (_, true) => Self::ByHand,
        }
    }
}

/// The documents that a schema refuses for one of these reasons, by path.
pub(super) fn broken<'a>(
    schema: &'a SchemaEvidence,
    breaches: &[Breach],
) -> Vec<&'a InvalidDocument> {
    schema.invalid.iter().filter(|document| breaches.contains(&Breach::of(document))).collect()
}

/// `3 of 41 files break`, `1 of 41 files breaks`
pub(super) fn headline(broken: usize, schema: &SchemaEvidence) -> String {
    let files = if schema.governed == 1 { "file" } else { "files" };
    let verb = if broken == 1 { "breaks" } else { "break" };
    format!("{broken} of {} {files} {verb}", schema.governed)
}

/// Adds each document: its place, and a line for it.
pub(super) fn listed(mut draft: Draft, documents: &[&InvalidDocument]) -> Draft {
    for document in documents.iter().take(NAMED) {
        draft = draft.also(document.location.clone()).detail(line(document));
    }
    match documents.len().saturating_sub(NAMED) {
        0 => draft,
        1 => draft.detail("and 1 more file"),
        more => draft.detail(format!("and {more} more files")),
    }
}

/// `config/app-eu.yaml /server/port: "80" is not of type "integer" (and 2 more)`
fn line(document: &InvalidDocument) -> String {
    let InvalidDocument { location, pointer, message, more, .. } = document;
    let place = if *pointer == Pointer::default() { String::new() } else { format!(" {pointer}") };
    let more = if *more > 0 { format!(" (and {more} more)") } else { String::new() };
    printable(&format!("{}{place}: {message}{more}", location.path)).into_owned()
}
