//! `sql/dynamic-sql`

use squawk_syntax::ast::{self, AstNode};

use super::{PostgresCx, source};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/dynamic-sql",
        summary: "a DO block or a called function runs SQL that it puts together itself",
        why: "What is written out in a DO block, or in a function of the same history that a \
              migration calls, is judged like any other statement. What they pass to EXECUTE is \
              known only when it runs, so no rule that reads SQL has judged it; what the dry run \
              sees of it is judged. The same goes for functions in other languages, and for calls \
              more than four functions deep.",
        fix: "Write the statements out where you can; where not, name in the review what it runs.",
        levels: Levels::NOTE,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    let Some(file) = cx.file.as_ref().filter(|_| cx.is_up()) else { return };
    for statement in file.stmts() {
        let ast::Stmt::Do(block) = &statement else { continue };
        let readable = source::body(block).is_some_and(|body| !source::is_dynamic(&body));
        if !readable {
            let message = "this block runs SQL that is put together as it runs";
            sink.push(cx.at(source::range(statement.syntax()), message).help(RULE.meta.fix));
        }
    }
    for (call, function) in &cx.calls.unread {
        let message = format!("{function}() is called and runs SQL that cannot be read beforehand");
        sink.push(cx.at(call.clone(), message).help(RULE.meta.fix));
    }
}
