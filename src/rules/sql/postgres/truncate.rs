//! `sql/truncate`

use squawk_syntax::ast;

use super::PostgresCx;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/truncate",
        summary: "TRUNCATE empties a table that is in use",
        why: "Every row goes at once, no down brings them back, and nobody can read the table \
              until the transaction ends.",
        fix: "Delete what is not needed any more in batches, or copy the rows first where the \
              table really has to be empty.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in &cx.statements {
        if !matches!(statement.tree, ast::Stmt::Truncate(_)) || !cx.is_up() {
            continue;
        }
        if let Some(table) = cx.standing(statement) {
            let message = format!("this takes every row of {}", table.shown());
            sink.push(cx.draft(statement.range.clone(), message).help(RULE.meta.fix));
        }
    }
}
