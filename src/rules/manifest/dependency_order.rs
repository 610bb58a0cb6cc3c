//! `manifest/dependency-order`

use crate::catalog::{cycles, edges};
use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/dependency-order",
        summary: "a migration runs before one it depends on",
        why: "The tool runs migrations in the order of their versions and knows nothing of the \
              manifest, so a dependency that sorts later is not there yet.",
        fix: "Give the migration a version after the one it needs.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let entries = &cx.catalog.entries;
    // Some dependency of a circle always points forward; the circle is another rule's finding.
    let circles = cycles(&edges(cx.catalog));
    let circular =
        |a: &String, b: &String| circles.iter().any(|all| all.contains(a) && all.contains(b));
    for (index, entry) in entries.iter().enumerate() {
        for id in entry.depends_on() {
            let Some(needed) = entries[index + 1..].iter().find(|later| later.migration.id == id)
            else {
                continue;
            };
            if circular(&entry.migration.id, &id) {
                continue;
            }
            let location = super::dependency_location(entry, &id);
            let touched = super::touched(cx, entry, &location) || needed.touch.is_touched();
            let message = format!("{} runs before {id}, which it depends on", entry.migration.id);
            sink.push(Draft::new(location, touched, message).migration(&entry.migration.id));
        }
    }
}
