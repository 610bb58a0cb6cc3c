//! `sql/vacuum-full`

use squawk_syntax::ast;

use super::PostgresCx;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/vacuum-full",
        summary: "VACUUM FULL writes a whole table anew while nobody can read it",
        why: "It holds an ACCESS EXCLUSIVE lock from beginning to end and needs room for a second \
              copy: https://www.postgresql.org/docs/current/sql-vacuum.html.",
        fix: "Use a plain VACUUM, or pg_repack where the space has to go back.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in &cx.statements {
        let ast::Stmt::Vacuum(vacuum) = &statement.tree else { continue };
        if vacuum.is_full() && cx.is_up() {
            let table = cx.standing(statement);
            let what = table.map_or_else(|| "every table".to_owned(), |table| table.shown());
            let message = format!("VACUUM FULL shuts everybody out of {what} while it runs");
            sink.push(cx.draft(statement.range.clone(), message).help(RULE.meta.fix));
        }
    }
}
