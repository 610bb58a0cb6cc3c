//! `sql/sqlite-add-column`

use std::cell::OnceCell;

use super::{History, ran};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Direction, EvidenceCx, Rule, Sink};
use crate::sql::sqlite::{Act, Column, ColumnDefault, Generated};

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
        let enforced = ran.catalog.info.habits.sqlite_foreign_keys;
        for (at, placed) in ran.acts.iter().enumerate() {
            let Act::AddColumn { table, column } = &placed.act else { continue };
            let Some((reason, help)) = refusal(column, enforced) else { continue };
            let history =
                history.get_or_init(|| History::before(ran.catalog, ran.entry, Direction::Up));
            if history.leaves_empty(table, &ran.acts[..at]) {
                continue;
            }
            let name = &column.name;
            let message =
                format!("adding {table}.{name} fails as soon as {table} has rows: {reason}");
            sink.push(ran.draft(placed.span, message).help(help));
        }
    }
}

/// Why SQLite refuses the column on a table with rows, and what to do instead; `enforced` says
/// whether foreign keys are.
fn refusal(column: &Column, enforced: bool) -> Option<(String, &'static str)> {
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
            if column.references.is_some() && enforced =>
        {
            Some((
                "it refers to another table and has a default".into(),
                "add it without a default and fill it with an UPDATE",
            ))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use crate::sql::sqlite::act;

    /// Whether the engine adds the column to a table with a row though it adds it to one without,
    /// or refuses only the former.
    fn needs_no_rows(definition: &str, enforced: bool) -> bool {
        let add = |fill: &str| {
            let engine = Connection::open_in_memory().unwrap();
            let sql = format!(
                "PRAGMA foreign_keys = {enforced}; CREATE TABLE p (id PRIMARY KEY);
                 CREATE TABLE t (a); {fill}; ALTER TABLE t ADD COLUMN {definition};"
            );
            engine.execute_batch(&sql).is_ok()
        };
        add("") && !add("INSERT INTO t VALUES (1)")
    }

    #[test]
    fn the_engine_says_the_same() {
        for definition in [
            "c",
            "c TEXT NOT NULL",
            "c TEXT NOT NULL DEFAULT ''",
            "c NOT NULL DEFAULT NULL",
            "c NOT NULL DEFAULT (NULL)",
            "c DEFAULT CURRENT_TIMESTAMP",
            "c DEFAULT (CURRENT_DATE)",
            "c DEFAULT (datetime('now'))",
            "c DEFAULT (abs(1))",
            "c DEFAULT (1 + 1)",
            "c DEFAULT (1 || 2)",
            "c DEFAULT (1 COLLATE nocase)",
            "c DEFAULT (-(1))",
            "c DEFAULT +1",
            "c DEFAULT true",
            "c DEFAULT \"word\"",
            "c DEFAULT x'00'",
            "c DEFAULT (CAST(1 AS TEXT))",
            "c REFERENCES p (id)",
            "c REFERENCES p (id) DEFAULT 1",
            "c REFERENCES p (id) DEFAULT NULL",
            "c AS (a) VIRTUAL",
            "c AS (a) STORED",
            "c AS (a) NOT NULL",
            // Refused on any table, so the dry run shows it.
            "c UNIQUE",
            "c PRIMARY KEY",
        ] {
            let sql = format!("ALTER TABLE t ADD COLUMN {definition}");
            let Act::AddColumn { column, .. } = act(&sql) else { panic!("{definition}") };
            for enforced in [false, true] {
                let told = refusal(&column, enforced).is_some();
                assert_eq!(told, needs_no_rows(definition, enforced), "{definition}, {enforced}");
            }
        }
    }
}
