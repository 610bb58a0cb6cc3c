//! `sql/cluster`

use squawk_syntax::ast;

use super::PostgresCx;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/cluster",
        summary: "CLUSTER writes a whole table anew while nobody can read it",
        why: "It holds an ACCESS EXCLUSIVE lock from beginning to end, and rows written later are \
              not kept in that order: https://www.postgresql.org/docs/current/sql-cluster.html.",
        fix: "Use pg_repack with --order-by, or do it in a maintenance window.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in &cx.statements {
        if !matches!(statement.tree, ast::Stmt::Cluster(_)) || !cx.is_up() {
            continue;
        }
        if let Some(table) = cx.standing(statement) {
            let message = format!("CLUSTER shuts everybody out of {} while it runs", table.shown());
            sink.push(cx.draft(statement.range.clone(), message).help(RULE.meta.fix));
        }
    }
}
