//! `governance/allow-not-permitted`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink, by_id};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance/allow-not-permitted",
        summary: "a script allows itself what the policy does not let it allow",
        why: "`-- migration-gate: allow RULE` is written by the author of the change. It counts \
              only for the rules that the base's policy names under `inline-allow`, and has no \
              effect for any other.",
        fix: "Mend what the rule finds, or have a waiver merged; where scripts are to decide it, \
              add the rule to `inline-allow` in a change of its own.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for entry in &cx.catalog.entries {
        for allowed in &entry.declared.allowed {
            let rule = &allowed.rule;
            let message = match by_id(rule) {
                Some(_) if super::is_permitted(cx.terms, rule) => continue,
                Some(_) => format!("the policy does not let a script allow {rule}"),
                None => format!("there is no rule {rule} that could be allowed"),
            };
            let touched = cx.catalog.is_changed(&allowed.location.path);
            sink.push(
                Draft::new(allowed.location.clone(), touched, message)
                    .migration(&entry.migration.id)
                    .help("take the comment out; it has no effect"),
            );
        }
    }
}
