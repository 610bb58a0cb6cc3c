//! `sql/foreign-key-without-index`

use std::ops::Range;

use squawk_syntax::ast::{self, AstNode, NameLike};

use super::names::{self, Name};
use super::{PostgresCx, Statement, source};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/foreign-key-without-index",
        summary: "a new foreign key has no index on its own column",
        why: "PostgreSQL makes no index for the referencing side. Whenever a referenced row goes \
              or changes its key, it reads the whole referencing table while it holds the row: \
              https://www.postgresql.org/docs/current/ddl-constraints.html. The indexes of the \
              whole history count, keys included, where the column comes first.",
        fix: "Create an index that begins with the column, or leave the finding be where \
              referenced rows are never deleted.",
        levels: Levels::NOTE,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_up() {
        return;
    }
    for statement in &cx.statements {
        let Some(table) = table(statement) else { continue };
        for (column, range) in foreign_keys(statement) {
            if !cx.end.is_indexed(&table, &column) {
                let message = format!("no index begins with {}.{column}", table.shown());
                sink.push(cx.draft(range, message).help(RULE.meta.fix));
            }
        }
    }
}

fn table(statement: &Statement) -> Option<Name> {
    match &statement.tree {
        ast::Stmt::CreateTable(_) => names::created(&statement.tree),
        ast::Stmt::AlterTable(_) => names::targets(&statement.tree).pop(),
        _ => None,
    }
}

/// The first column of each foreign key, and where the key stands.
fn foreign_keys(statement: &Statement) -> Vec<(String, Range<usize>)> {
    let of = |node| {
        let range = source::range(&node);
        if let Some(key) = ast::ForeignKeyConstraint::cast(node.clone()) {
            let first = key.from_columns()?.column_name_refs().next()?;
            return Some((first.text(), range));
        }
        ast::ReferencesConstraint::cast(node)?;
        Some((names::column_at(&statement.tree, range.start)?, range))
    };
    statement.tree.syntax().descendants().filter_map(of).collect()
}
