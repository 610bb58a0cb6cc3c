//! `sql/unbatched-backfill`

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::{PostgresCx, Statement};
use crate::model::{Class, Level, Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/unbatched-backfill",
        summary: "data of a table in use is moved in one piece",
        why: "One statement over a large table locks all rows it touches until its transaction \
              ends, holds back vacuum and makes replicas lag. It is judged in migrations that are \
              declared online, and wherever the same transaction also changes a table.",
        fix: "Move the data in batches of some thousand rows, each in a transaction of its own: \
              outside of migrations, or in one of the class manual_backfill.",
        levels: Levels { recommended: Level::Warning, strict: Level::Warning },
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_up() {
        return;
    }
    for statement in &cx.statements {
        let online = cx.declared() == Some(Class::Online);
        if !moves_much(cx, statement) || !(online || is_beside_ddl(cx, statement)) {
            continue;
        }
        if let Some(table) = cx.standing(statement) {
            let message = format!("this moves data of {} in one piece", table.shown());
            sink.push(cx.draft(statement.range.clone(), message).help(RULE.meta.fix));
        }
    }
}

/// Whether the statement may touch many rows: nothing limits it, and no row is named. A function
/// names rows by its variables.
pub(super) fn moves_much(cx: &PostgresCx<'_>, statement: &Statement) -> bool {
    let tree = &statement.tree;
    let variables = cx.calls.piece(statement.range.start).is_some();
    let chosen = match tree {
        ast::Stmt::Update(update) => update.where_clause_or_current_of(),
        ast::Stmt::Delete(delete) => delete.where_clause_or_current_of(),
        ast::Stmt::Insert(insert) => {
            let select = matches!(
                insert.insert_source(),
                Some(ast::InsertSource::SelectVariant(source))
                    if ast::Select::can_cast(source.syntax().kind())
                        && source.syntax().descendants().any(|n| ast::FromClause::can_cast(n.kind()))
            );
            return select && !is_limited(tree);
        }
        _ => return false,
    };
    let named = chosen.is_some_and(|chosen| variables || names_rows(chosen.syntax()));
    !named && !is_limited(tree)
}

fn is_limited(tree: &ast::Stmt) -> bool {
    tree.syntax().descendants().any(|node| {
        ast::LimitClause::can_cast(node.kind())
            || ast::FetchClause::can_cast(node.kind())
            || ast::BetweenExpr::can_cast(node.kind())
    })
}

/// Whether a condition compares with values that are written out, or with both ends of a range.
fn names_rows(condition: &squawk_syntax::SyntaxNode) -> bool {
    let mut comparisons = condition.descendants().filter_map(ast::BinExpr::cast);
    comparisons.any(|comparison| {
        let token = |kind| comparison.syntax().children_with_tokens().any(|t| t.kind() == kind);
        let literal = |side: Option<ast::Expr>| matches!(side, Some(ast::Expr::Literal(_)));
        let listed = matches!(comparison.op(), Some(ast::BinOp::In(_)))
            && !comparison.syntax().descendants().any(|node| ast::Select::can_cast(node.kind()));
        let equal = (token(SyntaxKind::EQ) || token(SyntaxKind::LTEQ))
            && (literal(comparison.lhs()) || literal(comparison.rhs()));
        equal || listed
    })
}

/// Whether a table in use is changed in the same transaction.
fn is_beside_ddl(cx: &PostgresCx<'_>, statement: &Statement) -> bool {
    statement.transaction.is_some()
        && cx.statements.iter().any(|other| {
            other.transaction == statement.transaction
                && matches!(other.tree, ast::Stmt::AlterTable(_) | ast::Stmt::DropTable(_))
                && cx.standing(other).is_some()
        })
}
