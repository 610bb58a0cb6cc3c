//! What a migration changes, read from its statements and from what was seen of it.

use std::collections::{BTreeMap, BTreeSet};

use super::make::{PlanInput, Rehearsal, StepFacts};
use super::wire::{
    Count, DownState, Impact, Lock, Rollback, StatementWork, TableRows, Touch, Way, Work,
};
use crate::catalog::Entry;
use crate::model::{
    self, Down, EngineKind, Location, MigrationEvidence, Program, Script, StatementTrace,
    line_column,
};
use crate::runner::target::Strategy;
use crate::sql::{
    Action, ObjectKind, Statement, Touched, net_effects, row_change, statements, touched_objects,
};

/// What a migration does to objects when it has run to its end.
pub(super) fn effects(entry: &Entry, engine: EngineKind) -> Vec<Touched> {
    let script = entry.migration.up.script();
    script.map_or_else(Vec::new, |script| net_effects(&touched_objects(script, engine)))
}

/// The impact of one migration.
pub(super) fn impact(entry: &Entry, facts: &StepFacts, input: &PlanInput<'_>) -> Impact {
    let up = &entry.migration.up;
    let effects = effects(entry, input.catalog.info.engine);
    let mut objects: Vec<Touch> = effects.iter().map(touch).collect();
    objects.extend(up.program().into_iter().flat_map(|program| values(program)));
    objects.extend(up.script().into_iter().flat_map(changed_rows));
    objects.sort();
    objects.dedup();
    let kinds = match (up.script(), up.program()) {
        (Some(script), _) => statements(script).iter().map(kind).collect(),
        (_, Some(program)) => words(program),
        (None, None) => Vec::new(),
    };
    let mut files = facts.files.clone();
    files.sort();
    Impact {
        objects,
        rows: rows(&effects, input),
        statements: counts(kinds),
        files,
        work: work(entry, input),
    }
}

fn touch(touched: &Touched) -> Touch {
    let action = match touched.action {
        Action::Use => "use",
        Action::Alter => "alter",
        Action::Replace => "replace",
        Action::Create => "create",
        Action::Drop => "drop",
    };
    let kind = match (touched.kind, &touched.part) {
        (ObjectKind::Type, Some(_)) => "value",
        (_, Some(_)) => "column",
        (kind, None) => kind.name(),
    };
    Touch {
        action: action.into(),
        kind: kind.into(),
        name: touched.name.clone(),
        part: touched.part.clone(),
    }
}

/// The tables whose rows statements change.
fn changed_rows(script: &Script) -> Vec<Touch> {
    let statements = statements(script);
    let changes = statements.iter().filter_map(|statement| row_change(script, statement));
    changes
        .map(|change| Touch {
            action: change.verb.to_lowercase(),
            kind: "rows".into(),
            name: change.table,
            part: None,
        })
        .collect()
}

/// The values of documents that operations work on.
fn values(program: &Program) -> impl Iterator<Item = Touch> + '_ {
    let value = |action: &str, name: String| Touch {
        action: action.into(),
        kind: "value".into(),
        name,
        part: None,
    };
    program.operations.iter().flat_map(move |operation| {
        let (word, places) = operation.action.places();
        if places.is_empty() {
            vec![value(word, format!("any, of {}", program.schema))]
        } else {
            places.iter().map(|at| value(word, at.to_string())).collect()
        }
    })
}

fn words(program: &Program) -> Vec<String> {
    program.operations.iter().map(|operation| operation.action.places().0.to_owned()).collect()
}

/// The kind of a statement in capital letters, without the words that may stand between:
/// `CREATE INDEX`, `UPDATE`.
fn kind(statement: &Statement) -> String {
    const BETWEEN: [&str; 11] = [
        "OR",
        "REPLACE",
        "UNIQUE",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "CONSTRAINT",
        "MATERIALIZED",
        "FOREIGN",
        "GLOBAL",
        "LOCAL",
    ];
    let first = statement.words.first().map_or("", String::as_str);
    if !matches!(first, "CREATE" | "ALTER" | "DROP") {
        return first.to_owned();
    }
    let rest = statement.words.iter().skip(1);
    let object = rest.map(String::as_str).find(|word| !BETWEEN.contains(word));
    object.map_or_else(|| first.to_owned(), |object| format!("{first} {object}"))
}

fn counts(kinds: Vec<String>) -> Vec<Count> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for kind in kinds {
        *counts.entry(kind).or_default() += 1;
    }
    counts.into_iter().map(|(kind, count)| Count { kind, count }).collect()
}

/// The rows of the tables that stood before.
fn rows(effects: &[Touched], input: &PlanInput<'_>) -> Vec<TableRows> {
    let old = |one: &&Touched| {
        one.kind == ObjectKind::Table && (one.part.is_some() || one.action != Action::Create)
    };
    let tables: BTreeSet<&str> = effects.iter().filter(old).map(|one| one.name.as_str()).collect();
    // The engine may say the schema that statements leave away.
    let count = |table: &str| {
        let names = ["", "public.", "main."].map(|schema| format!("{schema}{table}"));
        names.iter().find_map(|name| input.rows.get(name).copied())
    };
    tables
        .into_iter()
        .map(|table| TableRows { table: table.to_owned(), rows: count(table) })
        .collect()
}

/// What was seen of a migration on the throwaway engine.
pub(super) fn evidence<'a>(entry: &Entry, input: &PlanInput<'a>) -> Option<&'a MigrationEvidence> {
    let Rehearsal::Seen(evidence) = input.rehearsal else { return None };
    evidence.migrations.iter().find(|one| one.id == entry.migration.id)
}

fn work(entry: &Entry, input: &PlanInput<'_>) -> Work {
    // Documents have no locks.
    if input.catalog.info.engine == EngineKind::Documents {
        return Work::Seen(Vec::new());
    }
    let seen = match (input.rehearsal, evidence(entry, input)) {
        (Rehearsal::NotDone(reason), _) => return Work::NotKnown(reason.to_owned()),
        (Rehearsal::Seen(_), None) => {
            return Work::NotKnown("it was not among what was rehearsed".into());
        }
        (Rehearsal::Seen(_), Some(seen)) => seen,
    };
    if !seen.up.outcome.is_done() {
        return Work::NotKnown("it did not run to its end in the rehearsal".into());
    }
    if input.catalog.info.engine == EngineKind::Sqlite {
        return Work::NotKnown("SQLite locks the whole database and tells of nothing else".into());
    }
    let idle = |one: &&StatementTrace| {
        !one.locks.is_empty() || !one.rewrites.is_empty() || !one.scans.is_empty()
    };
    let script = entry.migration.up.script();
    Work::Seen(seen.trace.iter().filter(idle).map(|one| statement(one, script)).collect())
}

fn statement(trace: &StatementTrace, script: Option<&Script>) -> StatementWork {
    let Location { path, span } = &trace.location;
    let text = script.filter(|script| script.path == *path).map(|script| &script.text);
    let line = text.zip(*span).map(|(text, span)| line_column(text, span.start).0);
    let lock = |lock: &model::LockTaken| Lock {
        relation: lock.relation.clone(),
        mode: lock.mode.name().into(),
        blocks_reads: lock.mode.blocks_reads(),
        blocks_writes: lock.mode.blocks_writes(),
        held_for: lock.held_for,
    };
    StatementWork {
        file: path.to_string(),
        line,
        locks: trace.locks.iter().map(lock).collect(),
        rewrites: trace.rewrites.clone(),
        scans: trace.scans.clone(),
    }
}

/// How a migration is taken back.
pub(super) fn rollback(entry: &Entry, facts: &StepFacts, input: &PlanInput<'_>) -> Rollback {
    let way = match facts.strategy {
        Some(Strategy::Backup) => Way::Checkpoint,
        Some(Strategy::Transaction) => Way::Transaction,
        None => Way::None,
    };
    let seen = evidence(entry, input).and_then(|seen| seen.down.as_ref());
    let down = match (&entry.migration.down, seen) {
        (Down::Missing, _) => DownState::Missing,
        (Down::Step(_), Some(seen)) if seen.is_clean() => DownState::Proved,
        (Down::Step(_), Some(seen)) if seen.is_wrong() => DownState::Broken,
        (Down::Step(_), _) => DownState::NotProved,
    };
    let checkpoint_bytes = facts.checkpoint_bytes.filter(|_| way == Way::Checkpoint);
    Rollback { way, checkpoint_bytes, down }
}
