//! Statements that do real work while others wait.
//!
//! A lock alone is an instant; it hurts where a statement reads or writes a whole table while the
//! lock is held, its own or one that an earlier statement of the transaction took. The sandbox
//! knows nothing of how many rows a table has, so this tells what is done, not how long it takes.

use std::collections::BTreeSet;

use crate::model::{
    DifferenceKind, Location, LockMode, MigrationEvidence, Script, StatementTrace, line_column,
};
use crate::rules::{Draft, EvidenceCx};
use crate::sql::{Statement, statements};

/// How many relations or lines a sentence names.
const NAMED: usize = 3;

/// A relation that others wait for.
struct Blocked<'a> {
    relation: &'a str,
    mode: LockMode,
    /// The number of the statement that locked it.
    by: usize,
}

/// A statement at work.
pub(super) struct Work<'a> {
    pub(super) id: &'a str,
    pub(super) seen: &'a StatementTrace,
    pub(super) statement: Statement,
    script: &'a Script,
    number: usize,
    blocked: Vec<Blocked<'a>>,
    /// The statements of the script, by number.
    all: &'a [StatementTrace],
}

/// Every statement that was seen to read or write a whole table that stood before the change,
/// migration by migration.
pub(super) fn works<'a>(cx: &'a EvidenceCx<'_>) -> Vec<Vec<Work<'a>>> {
    let migrations = cx.evidence.migrations.iter().enumerate();
    migrations.map(|(at, seen)| of_migration(cx, seen, &cx.evidence.migrations[..at])).collect()
}

fn of_migration<'a>(
    cx: &'a EvidenceCx<'_>,
    seen: &'a MigrationEvidence,
    earlier: &[MigrationEvidence],
) -> Vec<Work<'a>> {
    let script = cx.catalog.entry(&seen.id).and_then(|entry| entry.migration.up.script());
    let Some(script) = script else { return Vec::new() };
    let statements = statements(script);
    let is_old = |relation: &str| !earlier.iter().any(|earlier| makes(cx, earlier, relation));
    let mut works = Vec::new();
    for (number, trace) in seen.trace.iter().enumerate() {
        let mut touched = trace.rewrites.iter().chain(&trace.scans);
        if !touched.any(|relation| is_old(relation)) {
            continue;
        }
        let place = |statement: &&Statement| Some(statement.span) == trace.location.span;
        let Some(statement) = statements.iter().find(place).cloned() else { continue };
        let mut blocked = blocked(&seen.trace, number);
        blocked.retain(|blocked| is_old(blocked.relation));
        let (id, all) = (&*seen.id, &*seen.trace);
        works.push(Work { id, seen: trace, statement, script, number, blocked, all });
    }
    works
}

/// Whether the change itself brings a relation, by an earlier migration: nothing is in it yet.
/// Where a migration takes tables away, one that it leaves may be one of them with a new name.
pub(super) fn makes(cx: &EvidenceCx<'_>, earlier: &MigrationEvidence, relation: &str) -> bool {
    let differences = &earlier.up.diff.differences;
    let is_new = cx.catalog.entry(&earlier.id).is_some_and(|entry| entry.touch.added);
    let takes = differences.iter().any(|one| one.kind == DifferenceKind::Lost);
    let brings = differences.iter().filter(|one| one.kind == DifferenceKind::Left).any(|one| {
        let rest = relation.strip_prefix(&one.object.name);
        let inside = one.object.kind == "schema" && rest.is_some_and(|r| r.starts_with('.'));
        inside || rest == Some("")
    });
    is_new && !takes && brings
}

/// What others wait for while a statement runs, by name, each with its strongest lock.
fn blocked(all: &[StatementTrace], number: usize) -> Vec<Blocked<'_>> {
    let taken = all.iter().take(number + 1).enumerate();
    let held = taken.flat_map(|(by, statement)| {
        let locks = statement.locks.iter();
        locks
            .filter(move |lock| by + lock.held_for >= number && lock.mode.blocks_writes())
            .map(move |lock| Blocked { relation: &lock.relation, mode: lock.mode, by })
    });
    let mut held: Vec<Blocked<'_>> = held.collect();
    held.sort_by(|a, b| (a.relation, b.mode).cmp(&(b.relation, a.mode)));
    held.dedup_by_key(|blocked| blocked.relation);
    held
}

impl Work<'_> {
    /// Whether rows are written anew.
    pub(super) fn rewrites(&self) -> bool {
        !self.seen.rewrites.is_empty()
    }

    /// Whether others cannot read something meanwhile.
    pub(super) fn blocks_reads(&self) -> bool {
        self.blocked.iter().any(|blocked| blocked.mode.blocks_reads())
    }

    /// Whether others cannot write something meanwhile.
    pub(super) fn blocks_writes(&self) -> bool {
        !self.blocked.is_empty()
    }

    /// Whether the statement's words, quoted or not, hold these, one after the other.
    pub(super) fn says(&self, words: &str) -> bool {
        let span = self.statement.span;
        let text = self.script.text[span.start..span.end].to_uppercase();
        let own: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let own: Vec<&str> = own.into_iter().filter(|word| !word.is_empty()).collect();
        let words: Vec<&str> = words.split(' ').collect();
        own.windows(words.len()).any(|window| window == words)
    }

    /// The relations that others wait for, in words: those that they cannot read, or all.
    pub(super) fn waited_for(&self) -> String {
        let unreadable = self.blocks_reads();
        let names = self.blocked.iter().filter(|one| one.mode.blocks_reads() || !unreadable);
        list(names.map(|one| one.relation))
    }

    /// The tables read, in words.
    pub(super) fn read(&self) -> String {
        list(self.seen.scans.iter())
    }

    /// A finding at the statement, with its locks and the known way to do it better.
    pub(super) fn draft(&self, message: String, way_out: Option<&str>) -> Draft {
        let mut draft = Draft::new(self.seen.location.clone(), true, message);
        for Blocked { relation, mode, by } in self.blocked.iter().take(NAMED) {
            let by = self.all.get(*by).filter(|_| *by != self.number);
            let since = by.and_then(|by| self.line(&by.location));
            let since = since.map(|line| format!(" since line {line}")).unwrap_or_default();
            draft = draft.detail(format!("lock: {} on {relation}{since}", mode.name()));
        }
        let inherits = self.blocked.iter().any(|one| one.by != self.number);
        let apart = inherits.then_some(
            "run this in a migration of its own, so that no earlier statement's lock is held \
             meanwhile",
        );
        let draft = draft.migration(self.id).traced();
        match way_out.or(apart) {
            Some(help) => draft.help(help),
            None => draft,
        }
    }

    /// A finding for this statement and for others that are to be mended in the same way.
    pub(super) fn draft_with(&self, others: &[&Self], message: String, way: Option<&str>) -> Draft {
        let mut draft = self.draft(message, way);
        if !others.is_empty() {
            let lines = others.iter().filter_map(|other| self.line(&other.seen.location));
            let tables: BTreeSet<&String> = others.iter().flat_map(|one| &one.seen.scans).collect();
            let (lines, tables) = (list(lines), list(tables));
            let word = if others.len() == 1 { "line" } else { "lines" };
            draft = draft.detail(format!("likewise on {word} {lines}: {tables}"));
        }
        others.iter().fold(draft, |draft, other| draft.also(other.seen.location.clone()))
    }

    fn line(&self, location: &Location) -> Option<usize> {
        location.span.map(|span| line_column(&self.script.text, span.start).0)
    }
}

/// One finding for one cause: the statements of a migration that are to be mended in the same way
/// stand together, each group with that way.
pub(super) fn causes<'w, 'a>(
    works: impl Iterator<Item = &'w Work<'a>>,
    way_out: fn(&Work<'_>) -> Option<&'static str>,
) -> Vec<(Option<&'static str>, Vec<&'w Work<'a>>)> {
    let mut causes: Vec<(Option<&'static str>, Vec<&Work<'_>>)> = Vec::new();
    for work in works {
        let way = way_out(work);
        match causes.iter_mut().find(|(known, _)| *known == way) {
            Some((_, group)) => group.push(work),
            None => causes.push((way, vec![work])),
        }
    }
    causes
}

/// `a, b, c and 2 more`.
pub(super) fn list(names: impl IntoIterator<Item = impl ToString>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let named = names.join(", ");
    if more > 0 { format!("{named} and {more} more") } else { named }
}
