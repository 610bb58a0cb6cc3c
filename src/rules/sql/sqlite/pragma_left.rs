//! `sql/sqlite-pragma-left`

use std::collections::BTreeMap;

use super::{draft, read};
use crate::model::{EngineKind, Levels, RuleMeta, Span};
use crate::rules::{Check, Direction, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, in_transaction, is_off};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-pragma-left",
        summary: "a PRAGMA that takes a safety off is not set back",
        why: "These settings belong to the connection and outlive the script: the migrations after \
              it, and an application that migrates when it starts, go on with foreign keys \
              unchecked, with renames that leave views and triggers behind, or with a schema table \
              that anybody can write to.",
        fix: "Set the PRAGMA back at the end of the script.",
        levels: Levels::WARNING,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

/// The pragmas, whether the dangerous value is ON, and what is lost with it.
const SAFETIES: [(&str, bool, &str); 4] = [
    ("foreign_keys", false, "foreign keys are not enforced"),
    ("ignore_check_constraints", true, "CHECK constraints are not enforced"),
    ("legacy_alter_table", true, "renaming a table leaves the views and triggers that use it"),
    ("writable_schema", true, "a mistaken write destroys the database"),
];

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    let acts = read(cx);
    let inside = in_transaction(cx.script.transaction, &acts);
    let mut left: BTreeMap<&str, (Span, &str)> = BTreeMap::new();
    for (placed, inside) in acts.iter().zip(inside) {
        let Act::Pragma { name, value: Some(value) } = &placed.act else { continue };
        let Some((name, on, lost)) = SAFETIES.iter().find(|(known, ..)| known == name) else {
            continue;
        };
        // Inside a transaction this one does nothing at all.
        if *name == "foreign_keys" && inside {
            continue;
        }
        if is_off(value) == *on {
            left.remove(name);
        } else {
            left.insert(name, (placed.span, lost));
        }
    }
    for (name, (span, lost)) in left {
        let message = format!("PRAGMA {name} is left as it is set here: from here on {lost}");
        let value = if name == "foreign_keys" { "ON" } else { "OFF" };
        let help = format!("end the script with PRAGMA {name} = {value}");
        sink.push(draft(cx, span, message).help(help));
    }
}
