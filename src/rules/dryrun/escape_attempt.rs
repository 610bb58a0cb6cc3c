//! `dryrun/escape-attempt`

use super::barred;
use crate::model::{Bar, Levels, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/escape-attempt",
        summary: "a script reaches out of its sandbox, which stopped it",
        why: "A migration changes its database. One that runs programs, reads or writes files of \
              the server, opens connections or takes memory and disk without end does on \
              production what the sandbox did not let it do here, with the server's rights. What \
              comes of the migration could not be seen.",
        fix: "Write the rows as INSERT, and leave files, programs and connections to the \
              deployment. Where the migration must reach out, have a person read it and accept it \
              by name: `accept-inconclusive` in the policy of the base branch.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    barred(cx, sink, Bar::Sandbox, "the sandbox stopped the");
}
