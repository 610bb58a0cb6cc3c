//! `portability/foreign-key`

use squawk_syntax::ast::{self, AstNode};

use super::{TakenOver, list};
use crate::model::{Levels, Location, RuleMeta};
use crate::rules::sql::postgres::PostgresCx;
use crate::rules::sql::postgres::names::{self, Name};
use crate::rules::{Check, Direction, Draft, Rule, ScriptCx, Sink};
use crate::sql::sqlite::{Act, ForeignKey, acts, same};
use crate::sql::statements;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "portability/foreign-key",
        summary: "a foreign key is created",
        why: "Some teams keep references in the program: a foreign key ties two tables to one \
              database and one order of changes, and SQLite checks it only where each connection \
              asks for that (https://sqlite.org/foreignkeys.html#fk_enable). Most teams are better \
              off with them, so no preset has this rule: it speaks where the policy gives it a \
              level. What a rebuilt table of SQLite takes over is not new.",
        fix: "Leave the foreign key out and let the program keep the reference, or take the rule's \
              level out of `[policy.levels]`.",
        levels: Levels::DOCTRINE,
    },
    check: Check::PerEngine { sqlite, postgres },
};

fn message(table: &str, targets: Vec<String>) -> String {
    format!("{table} refers to {} by a foreign key", list(targets))
}

const HELP: &str = "leave it out and let the program keep the reference";

fn sqlite(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    if cx.direction == Direction::Down {
        return;
    }
    let acts = acts(&cx.script.text, cx.statements);
    let taken_over = TakenOver::new(cx, &acts);
    for placed in &acts {
        let (table, mut keys) = keys(&placed.act);
        if keys.is_empty() {
            continue;
        }
        for script in taken_over.by(placed.span) {
            let old = self::acts(&script.text, &statements(script));
            let old: Vec<&ForeignKey> = old.iter().flat_map(|old| self::keys(&old.act).1).collect();
            keys.retain(|key| !old.iter().any(|old| is_alike(old, key)));
        }
        if !keys.is_empty() {
            let targets = keys.iter().map(|key| key.table.clone()).collect();
            let location = Location::at(cx.script.path.clone(), placed.span);
            let draft = Draft::new(location, cx.touched, message(table, targets));
            sink.push(draft.migration(&cx.entry.migration.id).help(HELP));
        }
    }
}

/// The foreign keys that a statement makes, and their table.
fn keys(act: &Act) -> (&str, Vec<&ForeignKey>) {
    match act {
        Act::CreateTable(new) => (&new.name, new.foreign_keys.iter().collect()),
        Act::AddColumn { table, column } => (table, column.references.iter().collect()),
        _ => ("", Vec::new()),
    }
}

fn is_alike(one: &ForeignKey, two: &ForeignKey) -> bool {
    let columns = one.columns.iter().zip(&two.columns).all(|(one, two)| same(one, two));
    same(&one.table, &two.table) && one.columns.len() == two.columns.len() && columns
}

fn postgres(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    for statement in cx.statements.iter().filter(|_| cx.is_up()) {
        let keys = statement.tree.syntax().descendants().filter_map(|node| {
            let key = ast::ForeignKeyConstraint::cast(node.clone());
            let table = match key {
                Some(key) => key.table_name_ref(),
                None => ast::ReferencesConstraint::cast(node)?.table(),
            };
            Some(Name::relation(&table?.path_ref()?)?.shown())
        });
        let targets: Vec<String> = keys.collect();
        if !targets.is_empty() {
            let table = names::created(&statement.tree)
                .or_else(|| names::targets(&statement.tree).pop())
                .map_or_else(|| "the statement".to_owned(), |name| name.shown());
            let draft = cx.draft(statement.range.clone(), message(&table, targets));
            sink.push(draft.help(HELP));
        }
    }
}
