//! `sql/sqlite-pragma-in-transaction`

use super::rebuild_referenced::{Referenced, effect, referenced};
use super::{draft, read};
use crate::model::{EngineKind, Levels, RuleMeta, Script, Span, TransactionMode};
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, OnDelete, Placed, in_transaction, is_off};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-pragma-in-transaction",
        summary: "a PRAGMA stands inside a transaction, where SQLite ignores it",
        why: "PRAGMA foreign_keys does nothing inside a transaction, and says nothing \
              (https://sqlite.org/pragma.html#pragma_foreign_keys); nor can the journal mode, the \
              page size or the way of vacuuming change there. Most tools put each migration into \
              a transaction. The usual recipe for rebuilding a table switches foreign keys off \
              first: inside a transaction they stay on, DROP TABLE deletes the rows first, and ON \
              DELETE CASCADE takes the rows of other tables along.",
        fix: "Tell the tool to run this migration without a transaction, and open one in the \
              script after the PRAGMA; a setting of connections belongs to the application. To \
              put checks off until the end of the transaction, PRAGMA defer_foreign_keys works \
              inside one.",
        levels: Levels::WARNING,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

/// Pragmas that a transaction keeps from having any effect.
const IGNORED: [&str; 4] = ["auto_vacuum", "foreign_keys", "journal_mode", "page_size"];

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    let acts = read(cx);
    let off = ignored_off(cx.script, &acts);
    // Switching them on again at the end is the other half of the same mistake.
    let mut told_foreign_keys = false;
    for (span, name) in ignored(cx.script, &acts) {
        if name == "foreign_keys" && std::mem::replace(&mut told_foreign_keys, true) {
            continue;
        }
        let whose = if cx.script.transaction == TransactionMode::Bare {
            "the script's own transaction"
        } else {
            "the transaction that the tool opens"
        };
        let message = format!("PRAGMA {name} has no effect inside {whose}");
        let mut finding = draft(cx, span, message).help(help(cx));
        let mut harms = false;
        if off == Some(span) {
            let dropped = referenced(cx.catalog, cx.entry, cx.direction, &acts);
            harms = dropped.iter().any(|dropped| hurts(cx, dropped));
            finding = dropped.iter().fold(finding, |finding, dropped| {
                finding.detail(format!(
                    "where foreign keys are enforced, dropping {} in order to rebuild it {}",
                    dropped.table,
                    effect(&dropped.children)
                ))
            });
        }
        // Of a way back only what it breaks counts.
        if harms {
            sink.push(finding.levels(Levels::ERROR));
        } else if cx.direction == Direction::Up {
            sink.push(finding);
        }
    }
}

/// Whether the drop takes rows along without a word, or fails with this tool.
fn hurts(cx: &ScriptCx<'_>, dropped: &Referenced) -> bool {
    let silent = dropped.children.iter().any(|link| link.on_delete != OnDelete::Refuse);
    silent || cx.catalog.info.habits.sqlite_foreign_keys
}

/// How the tool is told to open no transaction.
fn help(cx: &ScriptCx<'_>) -> String {
    let how = match (cx.script.transaction, cx.catalog.info.layout) {
        (TransactionMode::Bare, _) => return "put the PRAGMA before BEGIN".into(),
        (_, "goose") => "with `-- +goose NO TRANSACTION`",
        (_, "sqlx") => "with `-- no-transaction` as its first line",
        (_, "dbmate") => "with `transaction:false` after `-- migrate:up`",
        (_, "diesel") => "with `run_in_transaction = false` in its metadata.toml",
        _ => "if the tool can do that",
    };
    format!("run this migration without a transaction, {how}")
}

/// The first PRAGMA that is meant to switch foreign keys off and does not.
pub(super) fn ignored_off(script: &Script, acts: &[Placed]) -> Option<Span> {
    let (span, _) = *ignored(script, acts).iter().find(|(_, name)| name == "foreign_keys")?;
    let is_this = |placed: &&Placed| placed.span == span;
    let off = acts.iter().filter(is_this).any(
        |placed| matches!(&placed.act, Act::Pragma { value: Some(value), .. } if is_off(value)),
    );
    off.then_some(span)
}

/// The pragmas of a script that have no effect where they stand.
fn ignored(script: &Script, acts: &[Placed]) -> Vec<(Span, String)> {
    let inside = in_transaction(script.transaction, acts);
    let ignored = acts.iter().zip(inside).filter(|(_, inside)| *inside);
    ignored
        .filter_map(|(placed, _)| match &placed.act {
            Act::Pragma { name, value: Some(_) } if IGNORED.contains(&name.as_str()) => {
                Some((placed.span, name.clone()))
            }
            _ => None,
        })
        .collect()
}
