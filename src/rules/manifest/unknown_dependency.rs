//! `manifest/unknown-dependency`

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Levels, Location, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/unknown-dependency",
        summary: "a migration depends on one that the set does not hold",
        why: "A dependency that cannot be resolved is either misspelled or was never merged; in \
              both cases the migration may run without what it needs.",
        fix: "Name the id of a migration of this set, or merge the one it needs first.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let entries = &cx.catalog.entries;
    let known: BTreeSet<&str> = entries.iter().map(|entry| &*entry.migration.id).collect();
    for entry in entries {
        // The first place of each, looked up rather than searched for.
        let declared = entry.declared.depends_on.iter().rev();
        let places: BTreeMap<&str, &Location> =
            declared.map(|dependency| (&*dependency.id, &dependency.location)).collect();
        for id in entry.depends_on() {
            if !known.contains(&*id) {
                let place = places.get(&*id).copied().cloned();
                let location = place.unwrap_or_else(|| entry.migration.location());
                let touched = super::touched(cx, entry, &location);
                let message =
                    format!("{} depends on {id}, which is not in this set", entry.migration.id);
                sink.push(Draft::new(location, touched, message).migration(&entry.migration.id));
            }
        }
    }
}
