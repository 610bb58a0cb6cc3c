//! `governance/waiver-unused`

use crate::catalog::SetCatalog;
use crate::model::{
    Level, Levels, RuleMeta, TIMED_RULES, Waiver, WaiverState, WaiverUse, WaiverUseIn,
};
use crate::rules::{Check, Draft, GovernanceCx, LevelPolicy, Rule, Sink};

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
    check: Check::WaiverUse(check),
};

fn check(cx: &GovernanceCx<'_>, sink: &mut Sink<'_>) {
    uses(cx).filter_map(WaiverUse::told).for_each(|draft| sink.push(draft));
}

/// What this run knows of the use of each waiver. One shard of several knows its own findings only;
/// the same of all shards together is what the whole check knows.
pub fn waiver_uses(cx: &GovernanceCx<'_>, levels: &LevelPolicy) -> Vec<WaiverUse> {
    let finding = |draft: Draft| Sink::finding(&RULE.meta, "", cx.all, levels, draft);
    let told = uses(cx).map(|one| one.map(finding));
    told.filter(|one| one.unused.level != Level::Off).collect()
}

fn uses(cx: &GovernanceCx<'_>) -> impl Iterator<Item = WaiverUse<Draft>> {
    let holds = |waiver: &&Waiver| {
        waiver.state(cx.terms.moment, cx.terms.waiver_days) == WaiverState::Holds
            && super::is_in_force(cx, waiver)
            // Windows and freezes come and go.
            && !TIMED_RULES.contains(&&*waiver.rule.value)
    };
    cx.waivers.iter().filter(holds).map(|waiver| of_waiver(cx, waiver))
}

fn of_waiver(cx: &GovernanceCx<'_>, waiver: &Waiver) -> WaiverUse<Draft> {
    let name = super::name(waiver);
    let in_set = |(catalog, content): (&SetCatalog, String)| WaiverUseIn {
        set: catalog.info.name.clone(),
        found: has_finding(cx, catalog, waiver),
        untold: is_untold(cx, catalog, waiver),
        other_content: (waiver.content.as_ref() != Some(&content)).then(|| {
            let message = format!("{name} is for other content than there is now");
            let help = format!("look at it again and write content = \"sha256:{content}\"");
            super::about(cx, waiver, message).help(help)
        }),
    };
    let unused = super::about(cx, waiver, format!("{name} excuses nothing any more"));
    WaiverUse {
        sets: super::judged(cx, waiver).into_iter().map(in_set).collect(),
        unused: unused.help("take it out"),
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
