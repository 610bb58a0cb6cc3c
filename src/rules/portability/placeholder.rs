//! `portability/placeholder`

use super::list;
use crate::model::{EngineKind, Levels, RuleMeta};
use crate::rules::{Check, Rule, ScriptCx, Sink};
use crate::sql::sqlite::parameters;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "portability/placeholder",
        summary: "a migration for SQLite holds a parameter, to which nobody gives a value",
        why: "A parameter in a migration is NULL, silently: no tool binds values to a script, and \
              SQLite takes NULL for each parameter without one \
              (https://sqlite.org/lang_expr.html#parameters), whether it is written ?, :name, @name \
              or $1. In queries the portable form is $1, the only one that PostgreSQL knows and one \
              that SQLite takes too; in a migration there is none. PostgreSQL refuses a script \
              with a parameter, so there the dry run tells.",
        fix: "Write the value itself, or name the word under `variables` in the configuration \
              where the tool replaces it before SQLite sees it.",
        levels: Levels::TASTE,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    for statement in cx.statements {
        let found = parameters(cx.text(statement));
        if !found.is_empty() {
            let one = found.iter().all(|name| *name == found[0]);
            let verb = if one { "is a parameter" } else { "are parameters" };
            let shown = list(found);
            let message = format!("{shown} {verb}, which nobody fills here: SQLite takes NULL");
            sink.push(cx.draft(statement, message).help("write the value itself"));
        }
    }
}
