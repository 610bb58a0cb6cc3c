//! `sql/sqlite-rebuild-loses`

mod promises;

use super::{Ran, list, ran};
use crate::model::{Difference, DifferenceKind, Levels, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};
use crate::sql::sqlite::{Act, NewIndex, Rebuild, act, mentions, rebuilds, same};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-rebuild-loses",
        summary: "a table is rebuilt and an index, a trigger or a constraint does not come along",
        why: "What ALTER TABLE cannot do in SQLite is done by making a new table, copying the rows, \
              dropping the old table and renaming the new one. DROP TABLE takes the table's \
              indexes and triggers along, and what the new CREATE TABLE does not repeat (NOT NULL, \
              a default, a foreign key, UNIQUE, CHECK) is gone without a word: queries get slow, \
              an audit trail ends, bad rows get in. The schemas before and after the up were \
              compared. A lost index is a warning where it only made things fast, and so is a \
              constraint, which may be what the rebuild was for; where it is the only thing that \
              changed nothing is said of it.",
        fix: "Repeat the constraints in the new CREATE TABLE, and create the indexes and triggers \
              again after the rename. Say what is meant to go: DROP INDEX and DROP TRIGGER by name \
              before the rebuild.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for ran in ran(cx) {
        for rebuild in rebuilds(&ran.acts) {
            judge(&ran, &rebuild, sink);
        }
    }
}

/// What is gone, and how bad that is.
struct Lost {
    what: String,
    levels: Levels,
}

fn judge(ran: &Ran<'_>, rebuild: &Rebuild, sink: &mut Sink<'_>) {
    let mut lost = objects(ran, rebuild);
    let constraints = promises::lost(&ran.seen.up.diff, rebuild);
    // CREATE TABLE … AS keeps no constraint whatever, which is nobody's aim.
    let copied = rebuild.new.source.is_some();
    let levels = if copied { Levels::ERROR } else { Levels::WARNING };
    lost.extend(constraints.into_iter().map(|what| Lost { what, levels }));
    if lost.is_empty() {
        return;
    }
    let heavy = lost.iter().any(|lost| lost.levels == Levels::ERROR);
    let names: Vec<String> = lost.into_iter().map(|lost| lost.what).collect();
    let message = format!("rebuilding {} loses {}", rebuild.table, list(&names));
    let levels = if heavy { Levels::ERROR } else { Levels::WARNING };
    let help = "repeat it in the new table or after the rename, or drop it by name before";
    sink.push(ran.draft(rebuild.created, message).levels(levels).proved().help(help));
}

/// Indexes and triggers of the table that are gone though the script does not drop them by name.
fn objects(ran: &Ran<'_>, rebuild: &Rebuild) -> Vec<Lost> {
    let gone = ran.seen.up.diff.differences.iter().filter(|difference| {
        difference.kind == DifferenceKind::Lost
            && !ran.acts.iter().any(|placed| match &placed.act {
                Act::DropObject(name) => same(name, &difference.object.name),
                _ => false,
            })
            && !of_lost_column(ran, rebuild, difference)
    });
    gone.filter_map(|difference| match act(difference.expected.as_deref()?) {
        Act::CreateIndex(index) if same(&index.table, &rebuild.table) => {
            let levels = if index.unique { Levels::ERROR } else { Levels::WARNING };
            let kind = if index.unique { "unique index" } else { "index" };
            let what = format!("the {kind} {}", index.name);
            (!replaced(ran, rebuild, &index)).then_some(Lost { what, levels })
        }
        Act::CreateTrigger { table } if same(&table, &rebuild.table) => {
            let what = format!("the trigger {}", difference.object.name);
            Some(Lost { what, levels: Levels::ERROR })
        }
        _ => None,
    })
    .collect()
}

/// Whether it names a column that the table no longer has, and so had to go.
fn of_lost_column(ran: &Ran<'_>, rebuild: &Rebuild, object: &Difference) -> bool {
    let definition = object.expected.as_deref().unwrap_or_default();
    let columns = ran.seen.up.diff.differences.iter().filter(|difference| {
        difference.kind == DifferenceKind::Lost && difference.object.kind == "column"
    });
    columns
        .filter_map(|column| promises::member(&column.object.name, &rebuild.table))
        .any(|column| mentions(definition, column))
}

/// Whether another index or a constraint does the same work.
fn replaced(ran: &Ran<'_>, rebuild: &Rebuild, index: &NewIndex) -> bool {
    let new = ran.seen.up.diff.differences.iter().filter(|new| new.kind == DifferenceKind::Left);
    let by_index = new.filter_map(|new| new.found.as_deref()).any(|definition| {
        matches!(act(definition), Act::CreateIndex(other)
            if same(&other.table, &index.table)
                && other.columns.len() >= index.columns.len()
                && other.columns[..index.columns.len()] == index.columns[..]
                && other.unique >= index.unique)
    });
    let covers = |key: &Vec<String>| {
        key.len() >= index.columns.len()
            && key
                .iter()
                .zip(&index.columns)
                .all(|(key, column)| column.as_deref().is_some_and(|column| same(key, column)))
    };
    by_index || rebuild.new.unique.iter().chain([&rebuild.new.key]).any(covers)
}
