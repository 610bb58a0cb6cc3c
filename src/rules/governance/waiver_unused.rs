//! `governance/waiver-unused`

use crate::catalog::SetCatalog;
use crate::model::{Levels, RuleMeta, TIMED_RULES, Waiver, WaiverState};
use crate::rules::{Check, GovernanceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance/waiver-unused",
        summary: "a waiver excuses nothing although its migration is judged",
        why: "A waiver that is not needed would excuse what nobody has looked at, and one for \
              other content does not excuse what stands there now. Of a waiver whose migration is \
              not judged in this run, or could not be run, nothing is said.",
        fix: "Take the waiver out; where the migration was edited since, look at it again and write \
              its new content.",
        levels: Levels::WARNING,
    },
    check: Check::Governance(check),
};

fn check(cx: &GovernanceCx<'_>, sink: &mut Sink<'_>) {
    let holds = |waiver: &&Waiver| {
        waiver.state(cx.terms.moment, cx.terms.waiver_days) == WaiverState::Holds
            && super::is_in_force(cx, waiver)
            // Windows and freezes come and go.
            && !TIMED_RULES.contains(&&*waiver.rule.value)
    };
    for waiver in cx.waivers.iter().filter(holds) {
        let judged = super::judged(cx, waiver);
        let judged: Vec<_> =
            judged.iter().filter(|(catalog, _)| !is_untold(cx, catalog, waiver)).collect();
        let found = |(catalog, _): &&&(&SetCatalog, String)| has_finding(cx, catalog, waiver);
        let name = super::name(waiver);
        let (message, help) = match judged.iter().find(found) {
            None if judged.is_empty() => continue,
            None => (format!("{name} excuses nothing any more"), "take it out".to_owned()),
            Some((_, content)) if waiver.content.as_ref() != Some(content) => (
                format!("{name} is for other content than there is now"),
                format!("look at it again and write content = \"sha256:{content}\""),
            ),
            Some(_) => continue,
        };
        sink.push(super::about(cx, waiver, message).help(help));
    }
}

fn has_finding(cx: &GovernanceCx<'_>, catalog: &SetCatalog, waiver: &Waiver) -> bool {
    cx.findings.iter().any(|finding| {
        finding.rule == waiver.rule.value
            && finding.set == catalog.info.name
            && finding.is_about(&waiver.subject.value)
    })
}

/// Whether something about the migration could not be told; the rule might have spoken.
fn is_untold(cx: &GovernanceCx<'_>, catalog: &SetCatalog, waiver: &Waiver) -> bool {
    cx.inconclusive.iter().any(|item| {
        item.set == catalog.info.name
            && item.migration.as_ref().is_none_or(|id| id == waiver.subject.value.name())
    })
}
