//! `class/frozen`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "class/frozen",
        summary: "a migration comes while roll-outs are frozen",
        why: "The team named days on which nothing is to change, by `[[freeze]]` in the base's \
              `migration-gate.toml`. What is merged in a freeze is rolled out in it, or waits \
              where nobody looks for it. The moment is that of the check, or `--as-of`.",
        fix: "Merge it after the freeze. What cannot wait needs a waiver, which is merged first.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let at = cx.terms.moment.timestamp();
    for entry in super::rolled_out(cx) {
        let class = entry.class();
        let mut freezes = cx.terms.rollout.freezes.iter();
        let Some(freeze) = freezes.find(|freeze| freeze.holds(class, at)) else { continue };
        let id = &entry.migration.id;
        let message = format!(
            "{id} is {class}, and roll-outs are frozen from {} to {}: {}",
            freeze.from, freeze.to, freeze.reason
        );
        let help = format!("merge it after {}, or have a waiver merged first", freeze.to);
        sink.push(super::draft(entry, message).help(help));
    }
}
