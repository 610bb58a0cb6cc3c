//! `sql/sqlite-add-column`

use std::cell::OnceCell;

use super::{History, Ran, ran};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Direction, EvidenceCx, Rule, Sink};
use crate::sql::sqlite::{Act, Column, ColumnDefault, Generated, same};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-add-column",
        summary: "a column is added in a way that SQLite refuses on a table with rows",
        why: "SQLite adds a column without writing to the rows that stand there, so it must know \
              one value for all of them. A column that is NOT NULL and has no default, one whose \
              default is worked out (CURRENT_TIMESTAMP, a function, an expression), a STORED \
              column, and, with foreign keys enforced, a reference with a default: each is added \
              to an empty table without a word and refused on one with rows, which is to say in \
              production only (https://sqlite.org/lang_altertable.html#altertabaddcol).",
        fix: "Give the column a constant default, or add it without one and fill it; where it has \
              to be NOT NULL with another value in each row, rebuild the table.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for ran in ran(cx) {
        let history = OnceCell::new();
        for (at, placed) in ran.acts.iter().enumerate() {
            let Act::AddColumn { table, column } = &placed.act else { continue };
            let Some((reason, help)) = refusal(&ran, column) else { continue };
            let refused = ran.seen.rows.iter().flat_map(|rows| &rows.refused);
            // Where the run over rows met it, that finding shows the row as well.
            let met = refused.filter_map(|failure| failure.table.as_ref()).any(|t| same(t, table));
            let history =
                history.get_or_init(|| History::before(ran.catalog, ran.entry, Direction::Up));
            if met || history.leaves_empty(table, &ran.acts[..at]) {
                continue;
            }
            let name = &column.name;
            let message =
                format!("adding {table}.{name} fails as soon as {table} has rows: {reason}");
            sink.push(ran.draft(placed.span, message).help(help));
        }
    }
}

/// Why SQLite refuses the column on a table with rows, and what to do instead.
fn refusal(ran: &Ran<'_>, column: &Column) -> Option<(String, &'static str)> {
    let constant = "give it a constant default, or add it nullable and fill it with an UPDATE";
    match (&column.default, column.generated) {
        (_, Some(Generated::Stored)) => Some((
            "a STORED column cannot be added".into(),
            "make it VIRTUAL, or rebuild the table",
        )),
        (_, Some(Generated::Virtual)) => None,
        (ColumnDefault::Computed(what), None) => {
            Some((format!("its default, {what}, is not constant"), constant))
        }
        (ColumnDefault::Null, None) if column.not_null => {
            Some(("it is NOT NULL and has no default".into(), constant))
        }
        (ColumnDefault::Constant | ColumnDefault::Quoted(_), None)
            if column.references.is_some() && ran.catalog.info.habits.sqlite_foreign_keys =>
        {
            Some((
                "it refers to another table and has a default".into(),
                "add it without a default and fill it with an UPDATE",
            ))
        }
        _ => None,
    }
}
