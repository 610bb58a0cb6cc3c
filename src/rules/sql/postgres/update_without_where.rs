//! `sql/update-without-where`

use squawk_syntax::ast::{self, AstNode};

use super::PostgresCx;
use crate::model::{Class, Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/update-without-where",
        summary: "an UPDATE without WHERE writes every row of a table that is in use",
        why: "Each row is written anew and stays locked until the transaction ends: on a large \
              table that is minutes in which other writers of those rows wait, and a table twice \
              its size afterwards. Often a WHERE was merely forgotten. A migration of the class \
              manual_backfill may do it.",
        fix: "Say which rows need it, such as WHERE email IS NULL, and go through a large table in \
              batches outside the migration.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_up() || cx.declared() == Some(Class::ManualBackfill) {
        return;
    }
    for statement in &cx.statements {
        for update in statement.done().filter_map(ast::Update::cast) {
            if update.where_clause_or_current_of().is_some() {
                continue;
            }
            let tree = ast::Stmt::Update(update);
            let Some(table) = cx.standing_of(&tree, statement.range.start) else { continue };
            let message = format!("this UPDATE writes every row of {}", table.shown());
            sink.push(cx.draft(super::source::range(tree.syntax()), message).help(RULE.meta.fix));
        }
    }
}
