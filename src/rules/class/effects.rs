//! What a migration does to what stood before it, from its SQL and from what was seen of it.

use std::collections::BTreeSet;

use crate::catalog::Entry;
use crate::model::{
    DifferenceKind, EngineKind, Evidenced, Location, LockMode, LockTaken, MigrationEvidence,
    ObjectKey, Script,
};
use crate::rules::EvidenceCx;
use crate::sql::{Statement, statements};

/// A kind of effect; a migration may have several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// Takes away what running code may use.
    Destructive,
    /// Keeps others from writing or reading while it works.
    Blocking,
    /// Changes rows.
    Data,
    /// Brings what was not there.
    Additive,
}

/// One effect.
pub(super) struct Seen {
    pub(super) effect: Effect,
    /// The statement, where it can be told, else the migration.
    pub(super) location: Location,
    /// `drops the column public.users.email`
    pub(super) what: String,
    pub(super) evidenced: Evidenced,
}

/// Everything that one judged migration does, in the order of the kinds, then of the statements.
pub(super) fn effects(cx: &EvidenceCx<'_>, entry: &Entry, seen: &MigrationEvidence) -> Vec<Seen> {
    let Some(script) = entry.migration.up.script() else { return Vec::new() };
    let statements = statements(script);
    let new = made_by_the_change(cx, seen);
    let mut found = schema_effects(script, &statements, seen, &new);
    found.extend(lock_effects(seen, &new));
    found.extend(data_effects(cx, script, &statements, seen, &new));
    found.sort_by(|a, b| (a.effect, &a.location).cmp(&(b.effect, &b.location)));
    found
}

/// Names of tables and the like that this change itself brought before this migration ran; no
/// running code uses them yet.
fn made_by_the_change(cx: &EvidenceCx<'_>, seen: &MigrationEvidence) -> BTreeSet<String> {
    let earlier = cx.evidence.migrations.iter().take_while(|other| other.id != seen.id);
    earlier
        .filter(|other| cx.catalog.entry(&other.id).is_some_and(|entry| entry.touch.added))
        .flat_map(|other| &other.up.diff.differences)
        .filter(|difference| difference.kind == DifferenceKind::Left)
        .map(|difference| difference.object.name.clone())
        .collect()
}

/// Kinds of objects that code speaks to by name.
fn is_used_by_code(object: &ObjectKey) -> bool {
    const KINDS: [&str; 10] = [
        "column",
        "foreign table",
        "function",
        "materialized view",
        "procedure",
        "schema",
        "sequence",
        "table",
        "type",
        "view",
    ];
    KINDS.contains(&object.kind.as_str())
}

fn schema_effects(
    script: &Script,
    statements: &[Statement],
    seen: &MigrationEvidence,
    new: &BTreeSet<String>,
) -> Vec<Seen> {
    let is_new = |name: &str| {
        let owner = name.rsplit_once('.').map_or(name, |(owner, _)| owner);
        new.contains(name) || new.contains(owner)
    };
    let differences = seen.up.diff.differences.iter();
    differences
        .filter(|difference| !difference.note && is_used_by_code(&difference.object))
        .filter_map(|difference| {
            let object = &difference.object;
            let (effect, verb) = match difference.kind {
                DifferenceKind::Lost if !is_new(&object.name) => (Effect::Destructive, "drops"),
                DifferenceKind::Left => (Effect::Additive, "adds"),
                DifferenceKind::Lost | DifferenceKind::Changed => return None,
            };
            Some(Seen {
                effect,
                location: statement_about(script, statements, &object.name),
                what: format!("{verb} the {object}"),
                evidenced: Evidenced::Proved,
            })
        })
        .collect()
}

/// Statements that keep others waiting for as long as they work: those that write a table anew,
/// and those that read it from end to end or build an index while nobody may write.
fn lock_effects(seen: &MigrationEvidence, new: &BTreeSet<String>) -> Vec<Seen> {
    let blocking = |location: &Location, what: String| Seen {
        effect: Effect::Blocking,
        location: location.clone(),
        what,
        evidenced: Evidenced::Traced,
    };
    // What fails on rows anyway has a finding of its own, and holds nobody up for long.
    let refused = |location: &Location| {
        let mut refused = seen.rows.iter().flat_map(|rows| &rows.refused);
        refused.any(|refused| refused.failure.location == *location)
    };
    let mut found = Vec::new();
    for statement in seen.trace.iter().filter(|statement| !refused(&statement.location)) {
        let old = |names: &[String]| names.iter().any(|name| !new.contains(name));
        if old(&statement.rewrites) {
            let what = format!("writes {} anew", statement.rewrites.join(", "));
            found.push(blocking(&statement.location, what));
            continue;
        }
        let works = |lock: &&LockTaken| {
            let scanned = statement.scans.contains(&lock.relation);
            // Only the building of an index takes it.
            (lock.mode == LockMode::Share || (scanned && lock.mode.blocks_writes()))
                && !new.contains(&lock.relation)
        };
        if let Some(lock) = statement.locks.iter().find(works) {
            let what = format!("holds {} on {} while it works", lock.mode.name(), lock.relation);
            found.push(blocking(&statement.location, what));
        }
    }
    found
}

/// The first statement that names the last part of `name`, one that drops or renames before
/// others; the script where none does.
fn statement_about(script: &Script, statements: &[Statement], name: &str) -> Location {
    let last = name.rsplit('.').next().unwrap_or(name).trim_matches('"').to_lowercase();
    let text = |statement: &Statement| {
        script.text[statement.span.start..statement.span.end].to_lowercase()
    };
    let naming: Vec<&Statement> =
        statements.iter().filter(|statement| text(statement).contains(&last)).collect();
    let drops = |statement: &&&Statement| {
        let text = text(statement);
        text.contains("drop") || text.contains("rename")
    };
    let chosen = naming.iter().find(drops).or(naming.first());
    chosen.map_or_else(
        || script.location(),
        |statement| Location::at(script.path.clone(), statement.span),
    )
}

/// Rows changed in tables that stood before: what the engine counted, and what the statements
/// say where the rows at hand were not those that a condition asks for.
fn data_effects(
    cx: &EvidenceCx<'_>,
    script: &Script,
    statements: &[Statement],
    seen: &MigrationEvidence,
    new: &BTreeSet<String>,
) -> Vec<Seen> {
    let made = |table: &str| {
        let here = seen.up.diff.differences.iter();
        let mut here = here
            .filter(|found| found.kind == DifferenceKind::Left && found.object.kind == "table")
            .map(|found| &found.object.name)
            .chain(new);
        here.any(|name| name.rsplit('.').next() == table.rsplit('.').next())
    };
    let mut found: Vec<Seen> = statements
        .iter()
        .filter_map(|statement| {
            let change = crate::sql::row_change(script, statement)?;
            let copies = change.verb == "INSERT";
            // Rows that are copied into a table which takes the old one's place are SQLite's way
            // to alter a table.
            let rebuilds = cx.catalog.info.engine == EngineKind::Sqlite && copies;
            (!made(&change.table) && !rebuilds).then(|| Seen {
                effect: Effect::Data,
                location: Location::at(script.path.clone(), statement.span),
                what: format!("{} rows of {}", change.says(), change.table),
                evidenced: Evidenced::Static,
            })
        })
        .collect();
    // The table that takes its place has the rows as its columns ask for them.
    let is_rebuilt = |table: &str| {
        let table = table.rsplit('.').next().unwrap_or(table);
        let drops = |one: &&Statement| one.starts_with(&["DROP", "TABLE"]);
        let names = |one: &Statement| one.words.iter().any(|word| word.eq_ignore_ascii_case(table));
        cx.catalog.info.engine == EngineKind::Sqlite && statements.iter().filter(drops).any(names)
    };
    let changed = seen.rows.iter().flat_map(|rows| &rows.changed);
    let changed = changed.filter(|one| !is_rebuilt(&one.table));
    for changed in changed.filter(|one| one.updated + one.deleted > 0 && !made(&one.table)) {
        let table = changed.table.rsplit('.').next().unwrap_or(&changed.table).to_lowercase();
        let known = |one: &&mut Seen| one.what.to_lowercase().contains(&table);
        match found.iter_mut().find(known) {
            Some(known) => known.evidenced = Evidenced::Traced,
            None => found.push(Seen {
                effect: Effect::Data,
                location: statement_about(script, statements, &changed.table),
                what: format!("changes rows of {}", changed.table),
                evidenced: Evidenced::Traced,
            }),
        }
    }
    found
}
