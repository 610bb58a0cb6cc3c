//! `sql/dynamic-sql`

use squawk_syntax::ast::{self, AstNode};

use super::{PostgresCx, source};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/dynamic-sql",
        summary: "a DO block runs SQL that it puts together itself",
        why: "What is written out in a DO block is judged like any other statement. What a block \
              passes to EXECUTE is known only when it runs, so no rule that reads SQL has judged \
              it; what the dry run sees of it is judged.",
        fix: "Write the statements out where you can; where not, name in the review what it runs.",
        levels: Levels::NOTE,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    let Some(file) = cx.file.as_ref().filter(|_| cx.is_up()) else { return };
    for statement in file.stmts() {
        let ast::Stmt::Do(block) = &statement else { continue };
        let readable = source::body(block).is_some_and(|body| {
            !body
                .syntax()
                .descendants()
                .any(|node| ast::PlpgsqlDynExecuteStmt::can_cast(node.kind()))
        });
        if !readable {
            let message = "this block runs SQL that is put together as it runs";
            sink.push(cx.draft(source::range(statement.syntax()), message).help(RULE.meta.fix));
        }
    }
}
