//! `dryrun/timeout`

use super::steps;
use crate::model::{Levels, Outcome, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/timeout",
        summary: "a statement did not end before its deadline",
        why: "A statement that takes this long on a nearly empty engine waits for itself or never \
              ends; on production it would hold its locks all the while.",
        fix: "Look for an endless recursion, a sleep or a lock on itself; where the work is real, \
              allow more with `--statement-timeout`.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in &cx.evidence.migrations {
        for (step, evidence) in steps(seen) {
            if let Some(Outcome::TimedOut { location, limit }) = evidence.map(|step| &step.outcome)
            {
                let message = format!("the {step} was stopped after {limit} s");
                sink.push(Draft::new(location.clone(), true, message).migration(&seen.id).proved());
            }
        }
    }
}
