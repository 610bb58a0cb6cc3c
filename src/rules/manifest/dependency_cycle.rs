//! `manifest/dependency-cycle`

use crate::catalog::{cycles, edges};
use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/dependency-cycle",
        summary: "migrations depend on each other in a circle",
        why: "No order satisfies a circle, so none of its migrations can ever run.",
        fix: "Take out the dependency that is not real; where both are, join the migrations.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for circle in cycles(&edges(cx.catalog)) {
        let Some(entry) = circle.first().and_then(|id| cx.catalog.entry(id)) else { continue };
        let next = circle.get(1).unwrap_or(&circle[0]);
        let location = super::dependency_location(entry, next);
        let touched = circle
            .iter()
            .filter_map(|id| cx.catalog.entry(id))
            .any(|entry| super::touched(cx, entry, &location));
        let message = format!("{} → {}", circle.join(" → "), circle[0]);
        sink.push(Draft::new(location, touched, message).migration(&entry.migration.id));
    }
}
