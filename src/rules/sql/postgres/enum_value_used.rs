//! `sql/enum-value-used-in-same-transaction`

use squawk_syntax::ast::{self, AstNode};

use super::{PostgresCx, Statement, source};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/enum-value-used-in-same-transaction",
        summary: "a new enum value is used in the transaction that adds it",
        why: "PostgreSQL refuses it with \"unsafe use of new value\" until the addition is \
              committed: https://www.postgresql.org/docs/current/sql-altertype.html. Where the dry \
              run meets the error, dryrun/up-fails speaks for this rule.",
        fix: "Add the value in a migration of its own, before the one that uses it.",
        levels: Levels::ERROR,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    let mut added: Vec<(&Statement, String)> = Vec::new();
    for statement in &cx.statements {
        if let ast::Stmt::AlterType(alter) = &statement.tree {
            // A type that is made in the same transaction may be used at once.
            if let Some(ast::AlterTypeAction::AddValue(value)) = alter.action()
                && let Some(value) = value.literal().and_then(|literal| literal.string_value())
                && statement.transaction.is_some()
                && cx.standing(statement).is_some()
            {
                added.push((statement, value));
            }
            continue;
        }
        let statement_literals = statement.tree.syntax().descendants();
        for literal in statement_literals.filter_map(ast::Literal::cast) {
            let Some(value) = literal.string_value() else { continue };
            let uses = |(by, known): &&(&Statement, String)| {
                by.transaction == statement.transaction && *known == value
            };
            if let Some((by, _)) = added.iter().find(uses) {
                let kind = cx.standing(by).map(|name| name.shown()).unwrap_or_default();
                let message = format!("'{value}' of {kind} is used before it is committed");
                sink.push(cx.draft(source::range(literal.syntax()), message).help(RULE.meta.fix));
            }
        }
    }
}
