//! The linter's rules as rules of this program.

use std::collections::BTreeSet;

use squawk_linter::{Linter, LinterSettings, Rule as Code, Violation};

use super::names;
use super::source::{self, Read};
use super::{PostgresCx, ScriptCx, Statement};
use crate::model::{Class, Levels, RuleMeta, printable};
use crate::rules::{Check, Direction, LevelPolicy, RULES, Rule, Sink};

/// Where a rule of the linter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Scope {
    /// Forward, on what was there before the change.
    Standing,
    /// As [`Scope::Standing`], unless the migration is declared to run when the old code is gone,
    /// or makes the same thing again.
    Drops,
    /// Forward.
    Up,
    /// Both ways.
    Always,
}

/// A rule of the linter with what it takes to make it one of ours.
#[derive(Clone, Copy, Debug)]
pub struct Linted {
    code: Code,
    scope: Scope,
    /// What is wrong; `{}` stands for what the statement works on.
    message: &'static str,
}

/// What a row of the tables says.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) levels: Levels,
    pub(super) scope: Scope,
    pub(super) message: &'static str,
    pub(super) summary: &'static str,
    pub(super) why: &'static str,
    pub(super) fix: &'static str,
}

/// Makes a rule of ours of a rule of the linter.
pub(super) const fn linted(code: Code, row: Row) -> Rule {
    let Row { id, levels, scope, message, summary, why, fix } = row;
    Rule {
        meta: RuleMeta { id, summary, why, fix, levels },
        check: Check::Linted(Linted { code, scope, message }),
    }
}

/// Runs the linter with every rule that is ours, is not switched off and holds the way the script
/// goes.
pub(super) fn run(
    script: &ScriptCx<'_>,
    (read, statements): (&Read, &[Statement]),
    levels: &LevelPolicy,
) -> Vec<Violation> {
    let told = RULES.iter().filter(|rule| !levels.silences(&rule.meta));
    let codes = told.filter_map(|rule| match &rule.check {
        Check::Linted(linted) if linted.holds(script.direction) => Some(linted.code),
        _ => None,
    });
    let (by_table, mut plain): (Vec<Code>, Vec<Code>) =
        codes.partition(|code| BY_TABLE.contains(code));
    let mut settings = LinterSettings {
        assume_in_transaction: statements.first().is_some_and(|one| one.transaction == Some(0)),
        ..LinterSettings::default()
    };
    let version = script.catalog.info.engine_version.as_deref();
    if let Some(version) = version.and_then(|version| version.parse().ok()) {
        settings.pg_version = version;
    }
    let with = |codes: Vec<Code>| {
        let mut linter = Linter::from(codes);
        linter.settings = settings.clone();
        linter
    };
    let lint = || {
        let mut found = Vec::new();
        match source::without_new_tables(read) {
            Some((text, parse)) => found = with(by_table).lint(&parse, &text),
            None => plain.extend(by_table),
        }
        found.extend(with(plain).lint(&read.parse, &read.text));
        found.sort_by_key(|one| (one.text_range.start(), one.text_range.end()));
        found
    };
    source::guarded(lint).unwrap_or_default()
}

/// Rules that the linter does not apply to a table that the script makes; what is new is for us to
/// say.
const BY_TABLE: [Code; 4] = [
    Code::AddingForeignKeyConstraint,
    Code::ConstraintMissingNotValid,
    Code::DisallowedUniqueConstraint,
    Code::RequireConcurrentIndexCreation,
];

impl Linted {
    /// Whether the rule holds in scripts that go this way.
    fn holds(&self, direction: Direction) -> bool {
        direction == Direction::Up || self.scope == Scope::Always
    }

    /// Hands on what the linter said under this rule, where it holds.
    pub(in crate::rules) fn report(
        &self,
        meta: &RuleMeta,
        cx: &PostgresCx<'_>,
        sink: &mut Sink<'_>,
    ) {
        if !self.holds(cx.script.direction) {
            return;
        }
        let mut said = BTreeSet::new();
        for violation in cx.violations.iter().filter(|violation| violation.code == self.code) {
            let start = usize::from(violation.text_range.start());
            let mut range = start..usize::from(violation.text_range.end());
            // What is lost is everything from there on.
            if self.code == Code::BanUncommittedTransaction {
                range.end = cx.statements.last().map_or(range.end, |last| last.range.end);
            }
            let Some(statement) = cx.statements.iter().rev().find(|one| one.range.start <= start)
            else {
                continue;
            };
            let subject = subject(statement, start);
            let unchecked = self.code == Code::AddingForeignKeyConstraint && adds_nulls(statement);
            if unchecked || self.is_silent(cx, statement) {
                continue;
            }
            let message = self.message.replacen("{}", &subject, 1);
            if !said.insert((statement.range.start, message.clone())) {
                continue;
            }
            // The linter's advice on nesting speaks of its own settings.
            let own = self.code == Code::TransactionNesting;
            let help = violation.help.as_deref().filter(|_| !own).unwrap_or(meta.fix);
            sink.push(cx.draft(range, message).help(printable(help)));
        }
    }

    fn is_silent(&self, cx: &PostgresCx<'_>, statement: &Statement) -> bool {
        match self.scope {
            Scope::Always | Scope::Up => false,
            Scope::Standing => is_new(cx, statement),
            Scope::Drops => {
                cx.declared() == Some(Class::PostDeploy)
                    || is_new(cx, statement)
                    || is_made_again(cx, statement)
            }
        }
    }
}

/// Whether the statement only adds columns that are NULL in every row: PostgreSQL then takes
/// their foreign keys as valid and reads nothing (`transformAlterTableStmt` in its
/// `parse_utilcmd.c`).
fn adds_nulls(statement: &Statement) -> bool {
    use squawk_syntax::ast::{AlterTableAction, AstNode, Constraint, Stmt};
    let Stmt::AlterTable(alter) = &statement.tree else { return false };
    let filled = |one: Constraint| {
        matches!(one, Constraint::DefaultConstraint(_) | Constraint::GeneratedConstraint(_))
    };
    let is_serial = |ty: squawk_syntax::ast::Type| {
        ty.syntax().text().to_string().to_ascii_lowercase().contains("serial")
    };
    alter.actions().all(|action| match action {
        AlterTableAction::AddColumn(column) => {
            !column.constraints().any(filled) && !column.ty().is_some_and(is_serial)
        }
        _ => false,
    })
}

/// Whether everything that the statement works on is new.
fn is_new(cx: &PostgresCx<'_>, statement: &Statement) -> bool {
    let targets = names::targets(&statement.tree);
    !targets.is_empty() && targets.iter().all(|name| cx.is_new(name, statement.range.start))
}

/// Whether the script, or a later one of the change, makes anew what is dropped here.
fn is_made_again(cx: &PostgresCx<'_>, statement: &Statement) -> bool {
    let targets = names::targets(&statement.tree);
    let later = || cx.statements.iter().filter(|one| one.range.start > statement.range.start);
    let again = |name| {
        cx.end.is_of_the_change(name)
            || later().any(|one| names::created(&one.tree).as_ref() == Some(name))
    };
    !targets.is_empty()
        && targets.iter().all(again)
        // A table that is made anew has lost its rows.
        && !matches!(statement.tree, squawk_syntax::ast::Stmt::DropTable(_))
}

/// What a violation is about, as people write it: `users.email`, `users`.
fn subject(statement: &Statement, at: usize) -> String {
    let target = names::targets(&statement.tree).into_iter().next();
    let target = names::created(&statement.tree)
        .filter(|_| !matches!(statement.tree, squawk_syntax::ast::Stmt::CreateIndex(_)))
        .or(target);
    let target = target.map_or_else(|| "this statement".to_owned(), |name| name.shown());
    let column = names::column_at(&statement.tree, at);
    match column {
        Some(column) => format!("{target}.{}", names::clipped(&column)),
        None => target,
    }
}
