//! `sql/sqlite-rebuild-loses-rows`

use super::{History, Ran, ran};
use crate::model::{DifferenceKind, Levels, RuleMeta};
use crate::rules::{Check, Direction, EvidenceCx, Rule, Sink};
use crate::sql::sqlite::{Copied, Rebuild, rebuilds, same};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-rebuild-loses-rows",
        summary: "a table is rebuilt and not all of its rows and values come along",
        why: "What ALTER TABLE cannot do in SQLite is done by making a new table, copying the rows, \
              dropping the old table and renaming the new one. Nothing checks the copy: without \
              an INSERT the table is empty, a column that the INSERT leaves out is NULL or its \
              default in every row, a condition or OR IGNORE leaves rows behind, and the old \
              table is gone in the same script. On an empty sandbox nothing of it shows.",
        fix: "Copy every row and every column that stays: INSERT INTO new (columns) SELECT columns \
              FROM old, without a condition. Delete rows in a statement of their own that says so.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for ran in ran(cx) {
        let rebuilds = rebuilds(&ran.acts);
        if rebuilds.is_empty() {
            continue;
        }
        let history = History::before(ran.catalog, ran.entry, Direction::Up);
        for rebuild in rebuilds {
            if !is_new(&ran, &rebuild) && !history.leaves_empty(&rebuild.table, &[]) {
                judge(&ran, &rebuild, sink);
            }
        }
    }
}

/// Whether the table did not stand before the up.
fn is_new(ran: &Ran<'_>, rebuild: &Rebuild) -> bool {
    ran.seen.up.diff.differences.iter().any(|difference| {
        difference.kind == DifferenceKind::Left
            && difference.object.kind == "table"
            && same(&difference.object.name, &rebuild.table)
    })
}

fn judge(ran: &Ran<'_>, rebuild: &Rebuild, sink: &mut Sink<'_>) {
    let table = &rebuild.table;
    let deleted = deleted(ran, table);
    let proof = deleted.map(|(count, of)| format!("{count} of {of} rows were gone after the up"));
    let (span, message, levels) = match &rebuild.copied {
        Copied::Nothing if rebuild.anew => (
            rebuild.dropped,
            format!("{table} is dropped and made anew; its rows are gone"),
            Levels::WARNING,
        ),
        Copied::Nothing => (
            rebuild.dropped,
            format!("rebuilding {table} loses all its rows: nothing is copied from the old table"),
            Levels::ERROR,
        ),
        Copied::By { span, filtered: true, .. } => (
            *span,
            format!("rebuilding {table} copies only some of its rows; the others are gone"),
            if deleted.is_some() { Levels::ERROR } else { Levels::WARNING },
        ),
        Copied::By { span, ignores: true, .. } => (
            *span,
            format!("rebuilding {table} leaves out rows that the new table refuses"),
            if deleted.is_some() { Levels::ERROR } else { Levels::WARNING },
        ),
        Copied::By { span, columns: Some(columns), .. } => {
            let forgotten = forgotten(ran, rebuild, columns);
            if forgotten.is_empty() {
                return;
            }
            let names: Vec<String> =
                forgotten.iter().map(|name| format!("{table}.{name}")).collect();
            let message = format!("rebuilding {table} does not copy {}", super::list(&names));
            (*span, message, Levels::ERROR)
        }
        Copied::By { .. } | Copied::Unclear => return,
    };
    let help = format!("copy every row and every column that {table} keeps");
    let mut finding = ran.draft(span, message).levels(levels).help(help);
    if let Some(proof) = proof {
        finding = finding.proved().detail(proof);
    }
    sink.push(finding);
}

/// How many rows of how many the up was seen to take away.
fn deleted(ran: &Ran<'_>, table: &str) -> Option<(usize, usize)> {
    let rows = ran.seen.rows.as_ref()?;
    let changed = rows.changed.iter().find(|changed| same(&changed.table, table))?;
    let (_, loaded) = rows.loaded.iter().find(|(name, _)| same(name, table))?;
    (changed.deleted > 0).then_some((changed.deleted, *loaded))
}

/// Columns that the table had, still has, and that the copy does not fill.
fn forgotten<'a>(ran: &Ran<'_>, rebuild: &'a Rebuild, copied: &[String]) -> Vec<&'a str> {
    let is_added = |name: &str| {
        let full = format!("{}.{name}", rebuild.table);
        ran.seen.up.diff.differences.iter().any(|difference| {
            difference.kind == DifferenceKind::Left
                && difference.object.kind == "column"
                && same(&difference.object.name, &full)
        })
    };
    let columns = rebuild.new.columns.iter().filter(|column| column.generated.is_none());
    columns
        .map(|column| column.name.as_str())
        .filter(|name| !copied.iter().any(|known| same(known, name)) && !is_added(name))
        .collect()
}
