//! `sql/prefer-jsonb`

use squawk_syntax::ast::{self, AstNode};

use super::{PostgresCx, names, source};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/prefer-jsonb",
        summary: "a column is json, not jsonb",
        why: "json keeps the text as it came and parses it at every use; it has no equality, so \
              SELECT DISTINCT and UNION fail on it, and no index looks into it: \
              https://www.postgresql.org/docs/current/datatype-json.html.",
        fix: "Make it jsonb, unless white space, key order or repeated keys have to stay.",
        levels: Levels::TASTE,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_up() {
        return;
    }
    for statement in &cx.statements {
        for node in statement.tree.syntax().descendants() {
            let column = ast::Column::cast(node.clone()).and_then(|column| column.ty());
            let added = || ast::AddColumn::cast(node.clone()).and_then(|column| column.ty());
            let Some(ty) = column.or_else(added) else { continue };
            if !ty.syntax().text().to_string().trim().eq_ignore_ascii_case("json") {
                continue;
            }
            let range = source::range(ty.syntax());
            let column = names::column_at(&statement.tree, range.start).unwrap_or_default();
            sink.push(
                cx.draft(range, format!("{column} is json, which jsonb does better"))
                    .help(RULE.meta.fix),
            );
        }
    }
}
