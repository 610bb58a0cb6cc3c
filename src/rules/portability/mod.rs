//! What ties a migration to one engine, for teams that want to leave it or run on two.

pub(super) mod date_function;
pub(super) mod foreign_key;
pub(super) mod placeholder;
pub(super) mod timestamp;
pub(super) mod trigger;

use std::collections::BTreeSet;

use super::ScriptCx;
use crate::model::{Script, Span};
use crate::sql::sqlite::{Placed, rebuilds};

/// What tables that a script rebuilds may take over from before: SQLite changes most of a table in
/// no other way, so what the new one takes over is not new.
struct TakenOver<'a> {
    /// Where the statements begin that make those tables.
    created: BTreeSet<usize>,
    merged: Vec<&'a Script>,
}

impl<'a> TakenOver<'a> {
    fn new(cx: &ScriptCx<'a>, acts: &[Placed]) -> Self {
        let created = rebuilds(acts).iter().map(|rebuild| rebuild.created.start).collect();
        Self { created, merged: merged(cx) }
    }

    /// The merged scripts, where the table that a statement creates only takes the place of one that
    /// stands.
    fn by(&self, span: Span) -> &[&'a Script] {
        if self.created.contains(&span.start) { &self.merged } else { &[] }
    }
}

/// The ups that stood before the change.
fn merged<'a>(cx: &ScriptCx<'a>) -> Vec<&'a Script> {
    let entries = cx.catalog.entries.iter();
    let others =
        entries.filter(|entry| !entry.touch.added && entry.migration.id != cx.entry.migration.id);
    others.filter_map(|entry| entry.migration.up.script()).collect()
}

/// Words in a sentence, each once: `a`, `a and b`, `a, b and c`; what is too much is counted.
fn list(mut words: Vec<String>) -> String {
    const SHOWN: usize = 4;
    let mut seen = BTreeSet::new();
    words.retain(|word| seen.insert(word.clone()));
    let more = words.len().saturating_sub(SHOWN);
    match words.as_slice() {
        words if more > 0 => format!("{} and {more} more", words[..SHOWN].join(", ")),
        [] => String::new(),
        [only] => only.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests;
