//! `dryrun/blocks-reads`

use super::work::{Work, causes, works};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/blocks-reads",
        summary: "nobody can read a table while a statement reads a whole table",
        why: "Under an ACCESS EXCLUSIVE lock every query on the table waits, and the lock stays \
              until the transaction ends. Taken for an instant it is harmless; held while every \
              row of a table with many rows is read, it is an outage (see \
              https://www.postgresql.org/docs/current/explicit-locking.html). The sandbox saw the \
              lock and the scan; it cannot know how many rows production has.",
        fix: "Take the lock for an instant only: prove a constraint beforehand with NOT VALID and \
              VALIDATE CONSTRAINT, build an index CONCURRENTLY, and change rows in a migration of \
              their own.",
        levels: Levels::WARNING,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for works in works(cx) {
        let blocking = works.iter().filter(|work| !work.rewrites() && work.blocks_reads());
        for (way, group) in causes(blocking, way_out) {
            let [work, others @ ..] = group.as_slice() else { continue };
            let (waited, read) = (work.waited_for(), work.read());
            let message =
                format!("nobody can read or write {waited} while this reads every row of {read}");
            sink.push(work.draft_with(others, message, way));
        }
    }
}

/// What an ALTER TABLE says that makes PostgreSQL read every row, and the known way to do the same
/// with a lock for an instant only or none that others mind.
const WAYS: &[(&str, &str)] = &[
    (
        "ATTACH PARTITION",
        "first give the partition a CHECK constraint with its bounds, NOT VALID, and validate it; \
         ATTACH PARTITION then reads no rows",
    ),
    (
        "SET NOT NULL",
        "first add CHECK (column IS NOT NULL) NOT VALID and validate it in a later migration; SET \
         NOT NULL then reads no rows",
    ),
    ("REFERENCES", "add the foreign key NOT VALID, and VALIDATE CONSTRAINT in a later migration"),
    (
        "UNIQUE",
        "build a unique index with CREATE UNIQUE INDEX CONCURRENTLY first, then add the \
         constraint USING INDEX",
    ),
    (
        "PRIMARY KEY",
        "build a unique index with CREATE UNIQUE INDEX CONCURRENTLY first, then add the primary \
         key USING INDEX",
    ),
    ("CHECK", "add the constraint NOT VALID, and VALIDATE CONSTRAINT in a later migration"),
    (
        "TYPE",
        "add a column of the new type, keep both filled by a trigger, copy the old rows in \
         batches, and switch over in a later migration",
    ),
    (
        "NOT NULL",
        "add the column without NOT NULL, fill it, and prove it by CHECK (column IS NOT NULL) NOT \
         VALID, which a later migration validates",
    ),
];

/// The known way to do what a statement does without making others wait.
pub(super) fn way_out(work: &Work<'_>) -> Option<&'static str> {
    match work.statement.words.first()?.as_str() {
        "CREATE" if work.says("INDEX") => Some(
            "build the index with CREATE INDEX CONCURRENTLY, in a migration that runs outside a \
             transaction",
        ),
        "ALTER" => WAYS.iter().find(|(words, _)| work.says(words)).map(|(_, way)| *way),
        _ => None,
    }
}
