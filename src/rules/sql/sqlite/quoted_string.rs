//! `sql/sqlite-quoted-string`

use super::{draft, read};
use crate::model::{EngineKind, Levels, RuleMeta};
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, Column, ColumnDefault};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-quoted-string",
        summary: "text stands in double quotes, which are for names",
        why: "In SQL a word in double quotes is the name of a column. SQLite takes it for text only \
              where no such column exists, and calls that a misfeature \
              (https://sqlite.org/quirks.html#dblquote): builds with it switched off, such as its \
              own command line since 3.41, refuse the statement, and a column of that name that is \
              added later changes what it means.",
        fix: "Put text in single quotes.",
        levels: Levels::WARNING,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    for placed in read(cx) {
        let quoted = match &placed.act {
            Act::CreateTable(table) => of_columns(&table.columns),
            Act::AddColumn { column, .. } => of_columns(std::slice::from_ref(column)),
            Act::Insert(insert) => insert.quoted.clone(),
            _ => None,
        };
        if let Some(text) = quoted {
            // It comes from the change and may be of any length.
            let shown: String = text.chars().take(40).collect();
            let message = format!("\"{shown}\" stands in double quotes and is meant as text");
            let help = format!("write '{}'", shown.replace('\'', "''"));
            sink.push(draft(cx, placed.span, message).help(help));
        }
    }
}

fn of_columns(columns: &[Column]) -> Option<String> {
    columns.iter().find_map(|column| match &column.default {
        ColumnDefault::Quoted(text) => Some(text.clone()),
        _ => None,
    })
}
