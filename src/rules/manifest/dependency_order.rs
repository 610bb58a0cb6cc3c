//! `manifest/dependency-order`

use std::collections::{BTreeMap, BTreeSet};

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
    let circles: Vec<BTreeSet<String>> =
        cycles(&edges(cx.catalog)).into_iter().map(|circle| circle.into_iter().collect()).collect();
    let circular =
        |a: &String, b: &String| circles.iter().any(|all| all.contains(a) && all.contains(b));
    let places = entries.iter().enumerate();
    let places: BTreeMap<&str, usize> =
        places.map(|(place, entry)| (entry.migration.id.as_str(), place)).collect();
    for (index, entry) in entries.iter().enumerate() {
        for id in entry.depends_on() {
            let place = places.get(id.as_str()).filter(|place| **place > index);
            let Some(needed) = place.map(|place| &entries[*place]) else { continue };
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
