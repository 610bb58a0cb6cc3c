//! `history/stale-base`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink, conflict};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/stale-base",
        summary: "the target branch gained migrations since this change branched off",
        why: "What was proved here was proved on an older history. The merged result may fail \
              where neither side does alone: both drop a column, one needs what the other renamed. \
              Where the two sides are seen to collide, the rules of the group `conflict` say so \
              instead.",
        fix: "Rebase or merge the target branch, so that the gate runs what will be merged.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let catalog = cx.catalog;
    let touched = catalog.entries.iter().find(|entry| entry.touch.is_touched());
    let missing: Vec<_> =
        catalog.tip.iter().filter(|migration| catalog.entry(&migration.id).is_none()).collect();
    let (Some(entry), false) = (touched, missing.is_empty()) else { return };
    if conflict::speaks_of_the_tip(catalog) {
        return;
    }
    let label = catalog.tip_label.as_deref().unwrap_or("the target branch");
    let message = format!("{label} has {} more in this set", count(missing.len()));
    let mut draft = Draft::new(entry.migration.location(), true, message);
    for migration in missing.iter().take(5) {
        draft = draft.detail(migration.up.path().to_string());
    }
    if missing.len() > 5 {
        draft = draft.detail(format!("and {} more", missing.len() - 5));
    }
    sink.push(draft);
}

fn count(number: usize) -> String {
    if number == 1 { "1 migration".into() } else { format!("{number} migrations") }
}
