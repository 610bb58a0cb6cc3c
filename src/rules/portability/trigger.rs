//! `portability/trigger`

use squawk_syntax::ast::{self, AstNode};

use super::merged;
use crate::model::{EngineKind, Levels, RuleMeta};
use crate::rules::sql::postgres::{PostgresCx, names};
use crate::rules::{Check, Direction, Draft, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{acts, rebuilds};
use crate::sql::{Action, ObjectKind, Touched, touched_objects};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "portability/trigger",
        summary: "a trigger or a rule is created",
        why: "Triggers are written in each engine's own language: SQLite's hold statements and know \
              only FOR EACH ROW (https://sqlite.org/lang_createtrigger.html), PostgreSQL's call a \
              function (https://www.postgresql.org/docs/current/sql-createtrigger.html), and its \
              rules and event triggers exist nowhere else. What they do is also seen by nobody who \
              reads the program. A trigger that SQLite lost in a rebuild may be made again.",
        fix: "Do the work in the program, in the transaction that changes the row.",
        levels: Levels::TASTE,
    },
    check: Check::PerEngine { sqlite, postgres },
};

fn push(draft: Draft, sink: &mut Sink<'_>) {
    sink.push(draft.help("do the work in the program, in the transaction that changes the row"));
}

fn sqlite(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    for statement in cx.statements.iter().filter(|statement| is_trigger(&statement.words)) {
        let touched = touched_objects(cx.script, EngineKind::Sqlite);
        let Some(new) = touched.iter().find(|one| one.span == statement.span && makes(one)) else {
            push(cx.draft(statement, "a temporary trigger is created"), sink);
            continue;
        };
        let rebuilds = !rebuilds(&acts(&cx.script.text, cx.statements)).is_empty();
        let stood = || {
            let scripts = merged(cx).into_iter();
            let mut old = scripts.flat_map(|script| touched_objects(script, EngineKind::Sqlite));
            old.any(|old| makes(&old) && old.name == new.name)
        };
        if !(rebuilds && stood()) {
            push(cx.draft(statement, format!("{} is created", new.words())), sink);
        }
    }
}

fn is_trigger(words: &[String]) -> bool {
    let mut words = words.iter().map(String::as_str).filter(|word| !word.starts_with("TEMP"));
    words.next() == Some("CREATE") && words.next() == Some("TRIGGER")
}

fn makes(touched: &Touched) -> bool {
    touched.kind == ObjectKind::Trigger && touched.action == Action::Create
}

fn postgres(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in cx.statements.iter().filter(|_| cx.is_up()) {
        let (what, name) = match &statement.tree {
            ast::Stmt::CreateTrigger(new) => ("trigger", new.trigger().map(|name| text(&name))),
            ast::Stmt::CreateEventTrigger(new) => {
                ("event trigger", new.event_trigger().map(|name| text(&name)))
            }
            ast::Stmt::CreateRule(new) => ("rule", new.rule().map(|name| text(&name))),
            _ => continue,
        };
        let name = name.map(|name| format!(" `{name}`")).unwrap_or_default();
        push(cx.draft(statement.range.clone(), format!("{what}{name} is created")), sink);
    }
}

fn text(name: &impl AstNode) -> String {
    names::clipped(name.syntax().text().to_string().trim())
}
