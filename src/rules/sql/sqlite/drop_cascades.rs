//! `sql/sqlite-drop-cascades`

use super::{draft, history, list, pragma_in_transaction, read, stands_empty};
use crate::model::{EngineKind, Levels, RuleMeta, Span};
use crate::rules::{Check, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, Link, Links, OnDelete, Placed, in_transaction, is_off, rebuilds};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-drop-cascades",
        summary: "a table is rebuilt while foreign keys are enforced, and others cascade from it",
        why: "With foreign keys enforced, DROP TABLE first deletes every row of the table \
              (https://sqlite.org/foreignkeys.html#fk_schemacommands). Where another table refers \
              to it with ON DELETE CASCADE, that table's rows go too; with SET NULL they lose \
              what they referred to. The rows of the rebuilt table were copied before, so nothing \
              fails and nothing looks wrong, except that the other table is empty. \
              defer_foreign_keys does not prevent it.",
        fix: "Run the script outside a transaction, with PRAGMA foreign_keys = OFF before its own \
              BEGIN and ON after its COMMIT; or change the table without dropping it.",
        levels: Levels::ERROR,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    let acts = read(cx);
    // A script that tried to switch them off is told why that did not work.
    if pragma_in_transaction::ignored_off(cx.script, &acts).is_some() {
        return;
    }
    let enforced = enforced(cx, &acts);
    for Cascade { table, span, children } in cascades(cx, &acts) {
        if acts.iter().zip(&enforced).any(|(placed, on)| placed.span == span && *on) {
            let message = format!("dropping {table} in order to rebuild it {}", effect(&children));
            let help = "switch foreign_keys off outside of any transaction before the rebuild";
            sink.push(draft(cx, span, message).help(help));
        }
    }
}

/// Whether foreign keys are enforced at each statement, as far as the tool and the script say.
fn enforced(cx: &ScriptCx<'_>, acts: &[Placed]) -> Vec<bool> {
    let mut on = cx.catalog.info.habits.sqlite_foreign_keys;
    let inside = in_transaction(cx.script.transaction, acts);
    let step = |(placed, inside): (&Placed, bool)| {
        if let Act::Pragma { name, value: Some(value) } = &placed.act
            && name == "foreign_keys"
            && !inside
        {
            on = !is_off(value);
        }
        on
    };
    acts.iter().zip(inside).map(step).collect()
}

/// A table whose rebuild takes rows of others along.
pub(super) struct Cascade {
    /// The table that is dropped.
    pub(super) table: String,
    /// The DROP.
    pub(super) span: Span,
    /// The tables that follow.
    pub(super) children: Vec<Link>,
}

/// What a script rebuilds that other tables follow, were foreign keys enforced.
pub(super) fn cascades(cx: &ScriptCx<'_>, acts: &[Placed]) -> Vec<Cascade> {
    let rebuilds = rebuilds(acts);
    if rebuilds.is_empty() {
        return Vec::new();
    }
    let mut links = Links::default();
    for (_, before) in history(cx.catalog, cx.entry, cx.direction) {
        before.iter().for_each(|placed| links.apply(&placed.act));
    }
    let mut found = Vec::new();
    for (at, placed) in acts.iter().enumerate() {
        let rebuild = rebuilds.iter().find(|rebuild| rebuild.dropped == placed.span);
        if let (Act::DropTable(name), Some(rebuild)) = (&placed.act, rebuild) {
            let mut children = links.that_follow(name);
            children.retain(|link| !stands_empty(cx.catalog, cx.entry, &acts[..at], &link.child));
            if !children.is_empty() {
                found.push(Cascade { table: rebuild.table.clone(), span: placed.span, children });
            }
        }
        links.apply(&placed.act);
    }
    found
}

/// What becomes of the children, as the end of a sentence.
pub(super) fn effect(children: &[Link]) -> String {
    let of = |kind| {
        let matching = children.iter().filter(move |link| link.on_delete == kind);
        list(&matching.map(|link| link.child.clone()).collect::<Vec<String>>())
    };
    let (gone, reset) = (of(OnDelete::Cascade), of(OnDelete::Reset));
    match (gone.is_empty(), reset.is_empty()) {
        (_, true) => format!("deletes the rows of {gone} that refer to it"),
        (true, false) => format!("clears the references of {reset} to it"),
        (false, false) => {
            format!(
                "deletes the rows of {gone} that refer to it and clears the references of {reset}"
            )
        }
    }
}
