//! `sql/sqlite-foreign-key-check`

use std::collections::BTreeMap;

use super::ran;
use crate::model::{BrokenReference, Levels, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};
use crate::sql::sqlite::{Act, Placed, same};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-foreign-key-check",
        summary: "after the up a reference does not hold",
        why: "SQLite accepts a foreign key to a table that does not exist, to a column that is not \
              unique, and, while foreign keys are off, rows that refer to nothing. It hurts later: \
              with foreign keys on, every write to the table fails with \"no such table\" or \
              \"foreign key mismatch\". A table that is renamed in order to rebuild it takes the \
              references of others along and leaves them at the old copy. The references were \
              looked at before the up, after it, and at the end, where what a later migration \
              makes counts.",
        fix: "Let the reference name a table that exists and columns that are its primary key or \
              unique; mend or delete the rows that refer to nothing. In a rebuild create the new \
              table under another name, drop the old one, then rename the new one.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for ran in ran(cx) {
        let mut causes: BTreeMap<Option<usize>, Vec<&BrokenReference>> = BTreeMap::new();
        for reference in &ran.seen.broken_references {
            let cause = culprit(&ran.acts, reference);
            causes.entry(cause).or_default().push(reference);
        }
        for (cause, references) in causes {
            let message = match references.as_slice() {
                [only] => format!("after the up a reference does not hold: {}", only.problem),
                several => format!("after the up {} references do not hold", several.len()),
            };
            let mut finding = match cause.and_then(|at| ran.acts.get(at)) {
                Some(placed) => ran.draft(placed.span, message),
                None => Draft::new(ran.entry.migration.location(), true, message),
            };
            if references.len() > 1 {
                finding = references
                    .iter()
                    .fold(finding, |finding, reference| finding.detail(reference.problem.clone()));
            }
            sink.push(finding.migration(&ran.seen.id).proved());
        }
    }
}

/// The index of the statement that most likely broke it: what makes or changes the table that refers, else
/// what takes the other one away, else what writes to either.
fn culprit(acts: &[Placed], reference: &BrokenReference) -> Option<usize> {
    let BrokenReference { table, to, .. } = reference;
    let of = |test: &dyn Fn(&Act) -> bool| acts.iter().rposition(|placed| test(&placed.act));
    let makes = |act: &Act| match act {
        Act::CreateTable(new) => {
            let refers = new.foreign_keys.iter().any(|key| same(&key.table, to));
            refers && !same(&new.name, to)
        }
        Act::AddColumn { table: altered, column } => {
            same(altered, table) && column.references.is_some()
        }
        _ => false,
    };
    let takes = |act: &Act| match act {
        Act::DropTable(name) => same(name, to),
        Act::RenameTable { to: name, .. } => same(name, to),
        _ => false,
    };
    let writes = |act: &Act| match act {
        Act::Insert(insert) => same(&insert.table, table) || same(&insert.table, to),
        Act::Update { table: name, .. } => same(name, table) || same(name, to),
        _ => false,
    };
    of(&makes).or_else(|| of(&takes)).or_else(|| of(&writes))
}
