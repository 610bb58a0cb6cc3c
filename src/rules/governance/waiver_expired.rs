//! `governance/waiver-expired`

use crate::model::{Levels, RuleMeta, WaiverState};
use crate::rules::{Check, GovernanceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance/waiver-expired",
        summary: "the last day of a waiver is over",
        why: "A waiver is a loan. After its last day it excuses nothing, and what it excused \
              weighs again. It belongs to a change only where that brings the waiver or touches \
              its migration.",
        fix: "Mend what was waived, or look at it once more and give the waiver a new last day.",
        levels: Levels::WARNING,
    },
    check: Check::Governance(check),
};

fn check(cx: &GovernanceCx<'_>, sink: &mut Sink<'_>) {
    for waiver in cx.waivers {
        let state = waiver.state(cx.terms.moment, cx.terms.waiver_days);
        if let (WaiverState::Expired, Some(last)) = (state, &waiver.expires) {
            let message = format!("{} ended on {}", super::name(waiver), last.value);
            sink.push(super::about(cx, waiver, message).help("take it out, or renew it"));
        }
    }
}
