//! `dryrun/blocks-writes`

use super::blocks_reads::way_out;
use super::work::{causes, works};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/blocks-writes",
        summary: "nobody can write to a table while a statement reads a whole table",
        why: "CREATE INDEX, a new foreign key and others lock tables against INSERT, UPDATE and \
              DELETE until the transaction ends. On a table with many rows that is read from end \
              to end meanwhile, every writer waits (see \
              https://www.postgresql.org/docs/current/explicit-locking.html). The sandbox saw the \
              lock and the scan; it cannot know how many rows production has.",
        fix: "Use CREATE INDEX CONCURRENTLY outside a transaction; add a foreign key NOT VALID and \
              validate it in a later migration; change rows in a migration of their own.",
        levels: Levels::WARNING,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for works in works(cx) {
        let blocking = works
            .iter()
            .filter(|work| !work.rewrites() && work.blocks_writes() && !work.blocks_reads());
        for (way, group) in causes(blocking, way_out) {
            let [work, others @ ..] = group.as_slice() else { continue };
            let (waited, read) = (work.waited_for(), work.read());
            let message =
                format!("nobody can write to {waited} while this reads every row of {read}");
            sink.push(work.draft_with(others, message, way));
        }
    }
}
