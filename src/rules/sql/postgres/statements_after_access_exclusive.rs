//! `sql/statements-after-access-exclusive`

use squawk_syntax::ast::{self, AstNode};

use super::{PostgresCx, Statement};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/statements-after-access-exclusive",
        summary: "rows are moved while a table is locked against everybody",
        why: "A lock is held until its transaction ends. ALTER TABLE takes an instant, but with \
              slow work after it in the same transaction nobody can read the table until that \
              work is done too.",
        fix: "Move the rows in a migration of their own: first the one, then the other.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_up() {
        return;
    }
    let mut said = None;
    for (at, statement) in cx.statements.iter().enumerate() {
        if statement.transaction.is_none()
            || said == statement.transaction
            || !is_slow(cx, statement)
        {
            continue;
        }
        let before = cx.statements[..at].iter();
        let mut before = before.filter(|other| other.transaction == statement.transaction);
        if let Some(locked) =
            before.find_map(|other| cx.standing(other).filter(|_| takes_it_all(&other.tree)))
        {
            said = statement.transaction;
            let message = format!("nobody can read {} until this is done", locked.shown());
            sink.push(cx.draft(statement.range.clone(), message).help(RULE.meta.fix));
        }
    }
}

/// Whether the statement takes as long as a table in use is large.
fn is_slow(cx: &PostgresCx<'_>, statement: &Statement) -> bool {
    match &statement.tree {
        ast::Stmt::Update(_) | ast::Stmt::Delete(_) => {
            cx.standing(statement).is_some() && super::unbatched_backfill::moves_much(cx, statement)
        }
        ast::Stmt::Insert(_) => super::unbatched_backfill::moves_much(cx, statement),
        ast::Stmt::Refresh(_) => cx.standing(statement).is_some(),
        _ => false,
    }
}

/// Whether it takes an ACCESS EXCLUSIVE lock:
/// <https://www.postgresql.org/docs/current/explicit-locking.html>.
fn takes_it_all(tree: &ast::Stmt) -> bool {
    match tree {
        ast::Stmt::AlterTable(alter) => alter.actions().any(|action| !is_mild(&action)),
        ast::Stmt::DropTable(_) | ast::Stmt::Truncate(_) => true,
        _ => false,
    }
}

/// Whether an action of ALTER TABLE lets others go on reading:
/// <https://www.postgresql.org/docs/current/sql-altertable.html>.
fn is_mild(action: &ast::AlterTableAction) -> bool {
    match action {
        ast::AlterTableAction::ValidateConstraint(_)
        | ast::AlterTableAction::EnableTrigger(_)
        | ast::AlterTableAction::DisableTrigger(_)
        | ast::AlterTableAction::SetOptions(_)
        | ast::AlterTableAction::ResetOptions(_)
        | ast::AlterTableAction::ClusterOn(_)
        | ast::AlterTableAction::SetWithoutCluster(_)
        | ast::AlterTableAction::AttachPartition(_) => true,
        ast::AlterTableAction::AddConstraint(add) => add
            .syntax()
            .children()
            .any(|constraint| ast::ForeignKeyConstraint::can_cast(constraint.kind())),
        ast::AlterTableAction::AlterColumn(alter) => matches!(
            alter.option(),
            Some(
                ast::AlterColumnOption::SetStatistics(_)
                    | ast::AlterColumnOption::SetOptions(_)
                    | ast::AlterColumnOption::ResetOptions(_)
            )
        ),
        _ => false,
    }
}
