//! `sql/delete-without-where`

use squawk_syntax::ast::{self, AstNode};

use super::PostgresCx;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/delete-without-where",
        summary: "a DELETE without WHERE empties a table that is in use",
        why: "Every row goes, and no down brings them back. Where a WHERE was forgotten this is the \
              worst day of the year; where it was not, the rows stay locked while they go one by \
              one.",
        fix: "Say which rows are meant. To empty the table on purpose, copy what may be needed \
              first and say so to the reviewer.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_up() {
        return;
    }
    for statement in &cx.statements {
        for delete in statement.done().filter_map(ast::Delete::cast) {
            if delete.where_clause_or_current_of().is_some() {
                continue;
            }
            let tree = ast::Stmt::Delete(delete);
            let Some(table) = cx.standing_of(&tree, statement.range.start) else { continue };
            let message = format!("this DELETE takes every row of {}", table.shown());
            sink.push(cx.draft(super::source::range(tree.syntax()), message).help(RULE.meta.fix));
        }
    }
}
