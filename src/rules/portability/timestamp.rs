//! `portability/timestamp`

use squawk_syntax::ast::{self, AstNode};

use super::{TakenOver, list};
use crate::model::{Levels, RuleMeta};
use crate::rules::sql::postgres::{PostgresCx, names};
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, Column, acts, same};
use crate::sql::statements;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "portability/timestamp",
        summary: "a column for moments has a type whose values do not carry over",
        why: "SQLite has no type for moments (https://sqlite.org/datatype3.html#date_and_time_datatype): \
              DATETIME and TIMESTAMP are NUMERIC to it and keep text, days or seconds, whichever \
              each writer chose, and PostgreSQL has no DATETIME at all. In PostgreSQL a timestamp \
              without time zone is another moment for each reader \
              (https://wiki.postgresql.org/wiki/Don't_Do_This#Don.27t_use_timestamp_.28without_time_zone.29). \
              What carries over is text in ISO 8601 in UTC, or a whole number of seconds or \
              milliseconds; PostgreSQL's timestamptz is fine too, as it is a moment and turns into \
              either without loss. What a rebuilt table of SQLite takes over is not new.",
        fix: "In SQLite declare it TEXT (ISO 8601 in UTC) or INTEGER (seconds since 1970); in \
              PostgreSQL make it timestamptz, or the same text or bigint.",
        levels: Levels::TASTE,
    },
    check: Check::PerEngine { sqlite, postgres },
};

fn sqlite(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    let acts = acts(&cx.script.text, cx.statements);
    let taken_over = TakenOver::new(cx, &acts);
    for placed in &acts {
        let (table, columns) = columns(&placed.act);
        let mut found: Vec<&Column> = columns.iter().filter(|column| is_moment(column)).collect();
        if found.is_empty() {
            continue;
        }
        for script in taken_over.by(placed.span) {
            let old = self::acts(&script.text, &statements(script));
            let old: Vec<&Column> =
                old.iter().flat_map(|placed| self::columns(&placed.act).1).collect();
            found.retain(|column| !old.iter().any(|old| is_alike(old, column)));
        }
        if !found.is_empty() {
            let tell = |column: &&Column| {
                let kind = column.kind.as_deref().unwrap_or_default();
                format!("{table}.{} as {kind}", column.name)
            };
            let shown = list(found.iter().map(tell).collect());
            let message = format!("SQLite has no type for moments, but declares {shown}");
            let location = crate::model::Location::at(cx.script.path.clone(), placed.span);
            let draft = crate::rules::Draft::new(location, cx.touched, message);
            sink.push(
                draft
                    .migration(&cx.entry.migration.id)
                    .help("declare it TEXT (ISO 8601 in UTC) or INTEGER (seconds since 1970)"),
            );
        }
    }
}

/// The columns that a statement defines, and their table.
fn columns(act: &Act) -> (&str, &[Column]) {
    match act {
        Act::CreateTable(new) => (&new.name, &new.columns),
        Act::AddColumn { table, column } => (table, std::slice::from_ref(column)),
        _ => ("", &[]),
    }
}

fn is_moment(column: &Column) -> bool {
    let kind = column.kind.as_deref().unwrap_or_default();
    let first = kind.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    ["DATETIME", "DATETIME2", "TIMESTAMP", "TIMESTAMPTZ"].iter().any(|known| same(known, first))
}

fn is_alike(one: &Column, two: &Column) -> bool {
    same(&one.name, &two.name) && one.kind == two.kind
}

fn postgres(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in cx.statements.iter().filter(|_| cx.is_up()) {
        let table = names::created(&statement.tree)
            .or_else(|| names::targets(&statement.tree).pop())
            .map(|name| format!("{}.", name.shown()))
            .unwrap_or_default();
        let columns = statement.tree.syntax().descendants().filter_map(|node| {
            let ty = ast::Column::cast(node.clone())
                .and_then(|column| column.ty())
                .or_else(|| ast::AddColumn::cast(node.clone())?.ty())
                .or_else(|| ast::SetType::cast(node)?.ty())?;
            let at = usize::from(ty.syntax().text_range().start());
            is_local(&ty).then(|| names::column_at(&statement.tree, at)).flatten()
        });
        let columns: Vec<String> = columns.map(|column| format!("{table}{column}")).collect();
        if !columns.is_empty() {
            let verb = if columns.len() == 1 { "does" } else { "do" };
            let message = format!("{} {verb} not say which time zone is meant", list(columns));
            let draft = cx.draft(statement.range.clone(), message);
            sink.push(draft.help("make it timestamptz, text in ISO 8601, or bigint"));
        }
    }
}

/// Whether it is a timestamp without time zone, or an array of them.
fn is_local(ty: &ast::Type) -> bool {
    match ty {
        ast::Type::ArrayType(array) => array.ty().is_some_and(|ty| is_local(&ty)),
        ast::Type::TimestampType(ty) => {
            !matches!(ty.timezone(), Some(ast::Timezone::WithTimezone(_)))
        }
        _ => false,
    }
}
