//! `governance/policy-changed`

use crate::model::{Level, Levels, Location, RuleMeta};
use crate::rules::{Check, Draft, GovernanceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance/policy-changed",
        summary: "the change touches what it is judged by",
        why: "Policy, waivers and the classes of merged migrations are read from the base, so a \
              change cannot excuse itself; what it writes there counts from the next change on. \
              A workflow that runs the gate is another matter: many forges take it from the \
              change. A person should look at both. Sets that are only added, comments and white \
              space count for nothing. It stays a warning under every preset, as otherwise no \
              policy could be mended.",
        fix: "Make it a change of its own, reviewed by those who answer for the policy.",
        levels: Levels { recommended: Level::Warning, strict: Level::Warning },
    },
    check: Check::Governance(check),
};

fn check(cx: &GovernanceCx<'_>, sink: &mut Sink<'_>) {
    if !cx.changed_keys.is_empty() {
        let keys = cx.changed_keys.join(", ");
        let mut message = format!("the change edits {keys} in {}", cx.config);
        // Of the sets the head's count already.
        if cx.changed_keys.iter().any(|key| key != "set") {
            message.push_str("; the base's policy is in force here");
        }
        sink.push(Draft::new(Location::file(cx.config.clone()), true, message));
    }
    for path in cx.workflows {
        let message = format!("the change edits {path}, which runs the gate");
        let help = "make sure that the gate still runs, and still as a required check";
        sink.push(Draft::new(Location::file(path.clone()), true, message).help(help));
    }
    for catalog in cx.catalogs {
        for (place, edit) in &catalog.promises {
            let message = format!("the change edits {edit}; the base's promise is in force here");
            sink.push(Draft::new(place.clone(), true, message).set(&catalog.info.name));
        }
        for entry in &catalog.entries {
            let (id, declared) = (&entry.migration.id, &entry.declared);
            let (false, Some(place)) = (declared.relabelled.is_empty(), &declared.entry) else {
                continue;
            };
            let keys = declared.relabelled.join(" and ");
            let mut message = format!("{id} is merged, and the change edits its {keys}");
            if declared.relabelled.contains(&"class") {
                message.push_str(&format!("; it is judged as {}", entry.class()));
            }
            let draft = Draft::new(place.clone(), true, message).migration(id);
            sink.push(draft.set(&catalog.info.name));
        }
    }
}
