//! `sql/sqlite-foreign-key-check`

use super::ran;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

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
        for reference in &ran.seen.broken_references {
            let message = format!("after the up {reference}");
            let location = ran.entry.migration.location();
            sink.push(Draft::new(location, true, message).migration(&ran.seen.id).proved());
        }
    }
}
