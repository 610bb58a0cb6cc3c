//! `dryrun/client-command`

use super::barred;
use crate::model::{Bar, Levels, RuleMeta};
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/client-command",
        summary: "a script holds what only psql understands",
        why: "Commands of psql, its includes and variables, and the data of COPY … FROM STDIN are \
              no SQL: the server never sees them, and most migration tools cannot run them \
              either. What the script does could not be seen.",
        fix: "Write it as SQL: COPY's data as INSERT, an included file in its place, a variable \
              as its value. Where psql runs the migrations, have a person read the script and \
              accept it by name: `accept-inconclusive` in the policy of the base branch.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    barred(cx, sink, Bar::Client, "psql alone can run the");
}
