//! `sql/sqlite-nullable-key`

use super::{draft, list, read};
use crate::model::{EngineKind, Levels, RuleMeta};
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, Column, NewTable, same};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-nullable-key",
        summary: "a primary key takes NULL, as only INTEGER PRIMARY KEY numbers itself",
        why: "Only a column of the exact type INTEGER becomes the row's number when it is the \
              primary key. INT PRIMARY KEY or BIGINT PRIMARY KEY is an ordinary column with an \
              index, and by an old mistake that is kept for compatibility it even takes NULL, any \
              number of times (https://sqlite.org/lang_createtable.html#the_primary_key): an \
              INSERT that counts on a number being given stores a row without an id. For keys of \
              text the rule is a matter of taste and speaks only under `strict`.",
        fix: "Write INTEGER PRIMARY KEY; where the key is not numbered, add NOT NULL.",
        levels: Levels::WARNING,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    for placed in read(cx) {
        let Act::CreateTable(table) = &placed.act else { continue };
        // The keys of these are never NULL.
        if table.strict || table.without_rowid {
            continue;
        }
        match nullable(table).as_slice() {
            [] => {}
            [column] if table.key.len() == 1 && is_number(column) => {
                let kind = column.kind.as_deref().unwrap_or_default();
                let message = format!(
                    "{}.{} is declared {kind} PRIMARY KEY, which does not number itself and takes \
                     NULL",
                    table.name, column.name
                );
                sink.push(draft(cx, placed.span, message).help("declare it INTEGER PRIMARY KEY"));
            }
            columns => {
                let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
                let message = format!("the primary key of {} takes NULL", table.name);
                let help = format!("declare {} NOT NULL", list(&names));
                sink.push(draft(cx, placed.span, message).levels(Levels::TASTE).help(help));
            }
        }
    }
}

/// The columns of the key that take NULL; none where the key is the row's own number.
fn nullable(table: &NewTable) -> Vec<&Column> {
    let of_key = |column: &&Column| table.key.iter().any(|key| same(key, &column.name));
    let numbers_itself = |column: &Column| {
        table.key.len() == 1 && column.kind.as_deref().is_some_and(|kind| same(kind, "INTEGER"))
    };
    let columns = table.columns.iter().filter(of_key);
    columns.filter(|column| !column.not_null && !numbers_itself(column)).collect()
}

/// Whether it is declared to hold whole numbers.
fn is_number(column: &Column) -> bool {
    let kind = column.kind.as_deref().unwrap_or_default().to_ascii_uppercase();
    kind.contains("INT") || kind == "SERIAL" || kind == "BIGSERIAL"
}
