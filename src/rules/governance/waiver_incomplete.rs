//! `governance/waiver-incomplete`

use crate::model::{Levels, RuleMeta, WaiverState};
use crate::rules::{Check, GovernanceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance/waiver-incomplete",
        summary: "a waiver lacks what makes it one, or would last too long",
        why: "A waiver without the content it is for, a reason, an owner and a last day excuses \
              whatever comes, for ever and by nobody. One whose last day lies further ahead than \
              the policy's `waiver-days` (90) is no loan any more. Both excuse nothing.",
        fix: "Add what is missing. The content is shown by `migration-gate list --format json`, and \
              by this finding where the migration is at hand.",
        levels: Levels::WARNING,
    },
    check: Check::Governance(check),
};

fn check(cx: &GovernanceCx<'_>, sink: &mut Sink<'_>) {
    let days = cx.terms.waiver_days;
    for waiver in cx.waivers {
        let name = super::name(waiver);
        match waiver.state(cx.terms.moment, days) {
            WaiverState::Lacks(keys) => {
                let message = format!("{name} lacks {}, so it excuses nothing", keys.join(", "));
                let known = cx.catalogs.iter().find_map(|catalog| {
                    let about = waiver.is_for(&catalog.info.name);
                    about.then(|| catalog.content(&waiver.subject.value)).flatten()
                });
                let lines: Vec<String> = keys
                    .iter()
                    .map(|key| match (*key, &known) {
                        ("content", Some(content)) => format!("content = \"sha256:{content}\""),
                        ("content", None) => "content = \"sha256:…\"".to_owned(),
                        ("expires", _) => "expires = \"YYYY-MM-DD\"".to_owned(),
                        (key, _) => format!("{key} = \"…\""),
                    })
                    .collect();
                let help = format!("add {}", lines.join(", "));
                sink.push(super::about(cx, waiver, message).help(help));
            }
            WaiverState::TooLong => {
                let message =
                    format!("{name} lasts for more than {days} days, so it excuses nothing");
                let help = "bring its last day nearer, and renew it when that has come";
                sink.push(super::about(cx, waiver, message).help(help));
            }
            WaiverState::Expired | WaiverState::Holds => {}
        }
    }
}
