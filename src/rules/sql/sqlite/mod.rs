//! What SQLite's users get hurt by.

pub(in crate::rules) mod add_column;
pub(in crate::rules) mod affinity;
pub(in crate::rules) mod foreign_key_check;
pub(in crate::rules) mod newer_feature;
pub(in crate::rules) mod nullable_key;
pub(in crate::rules) mod pragma_in_transaction;
pub(in crate::rules) mod pragma_left;
pub(in crate::rules) mod quoted_string;
pub(in crate::rules) mod rebuild_loses;
pub(in crate::rules) mod rebuild_loses_rows;
pub(in crate::rules) mod rebuild_referenced;

use crate::catalog::{Entry, SetCatalog};
use crate::model::{EngineKind, Location, MigrationEvidence, Script, Span};
use crate::rules::{Direction, Draft, EvidenceCx, ScriptCx};
use crate::sql::sqlite::{Act, Placed, acts, same};
use crate::sql::statements;

/// What the statements of a script do.
fn read(cx: &ScriptCx<'_>) -> Vec<Placed> {
    acts(&cx.script.text, cx.statements)
}

/// A finding at a place in a script.
fn draft(cx: &ScriptCx<'_>, span: Span, message: impl Into<String>) -> Draft {
    let location = Location::at(cx.script.path.clone(), span);
    Draft::new(location, cx.touched, message).migration(&cx.entry.migration.id)
}

/// A judged up that ran, and what it says.
struct Ran<'a> {
    catalog: &'a SetCatalog,
    seen: &'a MigrationEvidence,
    entry: &'a Entry,
    script: &'a Script,
    acts: Vec<Placed>,
}

impl Ran<'_> {
    /// A finding at a place in the up.
    fn draft(&self, span: Span, message: impl Into<String>) -> Draft {
        let location = Location::at(self.script.path.clone(), span);
        Draft::new(location, true, message).migration(&self.seen.id)
    }
}

/// The judged ups of an SQLite set that ran to their end; another rule speaks of the others.
fn ran<'a>(cx: &'a EvidenceCx<'a>) -> impl Iterator<Item = Ran<'a>> {
    let seen = cx.evidence.migrations.iter();
    seen.filter(|seen| cx.catalog.info.engine == EngineKind::Sqlite && seen.up.outcome.is_done())
        .filter_map(|seen| {
            let entry = cx.catalog.entry(&seen.id)?;
            let script = entry.migration.up.script()?;
            let acts = acts(&script.text, &statements(script));
            Some(Ran { catalog: cx.catalog, seen, entry, script, acts })
        })
}

/// What the ups before a script do, in order; before a down, its own up has run as well.
struct History<'a>(Vec<(&'a Entry, Vec<Placed>)>);

impl<'a> History<'a> {
    fn before(catalog: &'a SetCatalog, entry: &Entry, direction: Direction) -> Self {
        let entries = catalog.entries.iter();
        let place = entries.take_while(|other| other.migration.id != entry.migration.id).count();
        let count = place + usize::from(direction == Direction::Down);
        let read = |entry: &'a Entry| {
            let script = entry.migration.up.script()?;
            Some((entry, acts(&script.text, &statements(script))))
        };
        Self(catalog.entries.iter().take(count).filter_map(read).collect())
    }

    /// Whether a table is new with this change and nothing was put into it, so that it is empty
    /// wherever the script meets it. `own` are the script's statements before the one in question.
    fn leaves_empty(&self, table: &str, own: &[Placed]) -> bool {
        let fills = |placed: &Placed| match &placed.act {
            Act::Insert(insert) => same(&insert.table, table),
            Act::CreateTable(new) => same(&new.name, table) && new.source.is_some(),
            Act::RenameTable { to, .. } => same(to, table),
            Act::Unread => true,
            _ => false,
        };
        let creates = |placed: &Placed| match &placed.act {
            Act::CreateTable(new) => same(&new.name, table),
            _ => false,
        };
        let (added, merged): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|(entry, _)| entry.touch.added);
        let new = || added.iter().flat_map(|(_, acts)| acts).chain(own);
        !merged.iter().flat_map(|(_, acts)| acts).any(creates)
            && new().any(creates)
            && !new().any(fills)
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`; what is too much is counted.
fn list(names: &[String]) -> String {
    const SHOWN: usize = 6;
    let more = names.len().saturating_sub(SHOWN);
    match names {
        [] => String::new(),
        [only] => only.clone(),
        names if more > 0 => format!("{} and {more} more", names[..SHOWN].join(", ")),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}

#[cfg(test)]
mod tests;
