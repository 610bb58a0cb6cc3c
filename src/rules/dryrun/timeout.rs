//! `dryrun/timeout`

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
        let rows = seen.rows.as_ref();
        let steps = [
            ("up", Some(&seen.up)),
            ("second up", seen.again.as_ref()),
            ("verify script", seen.verify.as_ref()),
            ("down", seen.down.as_ref()),
            ("up after the down", seen.up_after_down.as_ref()),
            ("down in reverse order", seen.reverse.as_ref()),
            ("up over rows", rows.and_then(|rows| rows.up.as_ref())),
            ("down over rows", rows.and_then(|rows| rows.down.as_ref())),
        ];
        for (step, evidence) in steps {
            if let Some(Outcome::TimedOut { location, limit }) = evidence.map(|step| &step.outcome)
            {
                let message = format!("the {step} was stopped after {limit} s");
                sink.push(Draft::new(location.clone(), true, message).migration(&seen.id).proved());
            }
        }
    }
}
