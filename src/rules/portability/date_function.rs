//! `portability/date-function`

use std::cell::OnceCell;

use squawk_syntax::ast::{self, AstNode};

use super::{TakenOver, list};
use crate::model::{Levels, RuleMeta};
use crate::rules::sql::postgres::PostgresCx;
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{acts, calls};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "portability/date-function",
        summary: "a function for dates is called that only this engine knows",
        why: "Nearly every function for dates and times is one engine's own: strftime() and \
              datetime() are SQLite's (https://sqlite.org/lang_datefunc.html), now() and \
              date_trunc() are PostgreSQL's \
              (https://www.postgresql.org/docs/current/functions-datetime.html). The SQL standard \
              has CURRENT_DATE, CURRENT_TIME and CURRENT_TIMESTAMP, which both know, and EXTRACT, \
              which SQLite lacks. The bodies of PostgreSQL's functions are not read, and what a \
              rebuilt table of SQLite takes over is not new.",
        fix: "Write CURRENT_TIMESTAMP for the present moment; work anything else out in the \
              program and store the result.",
        levels: Levels::TASTE,
    },
    check: Check::PerEngine { sqlite, postgres },
};

const SQLITE: &[&str] =
    &["date", "datetime", "julianday", "strftime", "time", "timediff", "unixepoch"];

const POSTGRES: &[&str] = &[
    "age",
    "clock_timestamp",
    "date_add",
    "date_bin",
    "date_part",
    "date_subtract",
    "date_trunc",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "now",
    "statement_timestamp",
    "timeofday",
    "to_date",
    "to_timestamp",
    "transaction_timestamp",
];

const HELP: &str = "write CURRENT_TIMESTAMP for the present moment, and work anything else out in \
                    the program";

fn message(names: &[String], engine: &str) -> String {
    let shown = list(names.iter().map(|name| format!("{name}()")).collect());
    let one = names.iter().all(|name| *name == names[0]);
    format!("{shown} {} known to {engine} alone", if one { "is" } else { "are" })
}

fn sqlite(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    let taken_over = OnceCell::new();
    for statement in cx.statements {
        let of = |text: &str| -> Vec<String> {
            let called = calls(text).into_iter();
            called.filter(|name| SQLITE.contains(&name.as_str())).collect()
        };
        let mut names = of(cx.text(statement));
        if names.is_empty() {
            continue;
        }
        // Few scripts call such a function, and the others need not be read for it.
        let taken_over =
            taken_over.get_or_init(|| TakenOver::new(cx, &acts(&cx.script.text, cx.statements)));
        for script in taken_over.by(statement.span) {
            let old = of(&script.text);
            names.retain(|name| !old.contains(name));
        }
        if !names.is_empty() {
            sink.push(cx.draft(statement, message(&names, "SQLite")).help(HELP));
        }
    }
}

fn postgres(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in cx.statements.iter().filter(|_| cx.is_up()) {
        let calls = statement.tree.syntax().descendants().filter_map(ast::CallExpr::cast);
        let names: Vec<String> = calls.filter_map(|call| function(&call)).collect();
        if !names.is_empty() {
            let draft = cx.draft(statement.range.clone(), message(&names, "PostgreSQL"));
            sink.push(draft.help(HELP));
        }
    }
}

/// The function of PostgreSQL's own that is called; those of other schemas are the team's.
fn function(call: &ast::CallExpr) -> Option<String> {
    let name = call.expr()?.syntax().text().to_string().trim().to_ascii_lowercase();
    let name = name.strip_prefix("pg_catalog.").unwrap_or(&name);
    POSTGRES.contains(&name).then(|| name.to_owned())
}
