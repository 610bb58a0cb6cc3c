//! `manifest/unknown-dependency`

use crate::model::{Levels, RuleMeta};
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
    for entry in &cx.catalog.entries {
        for id in entry.depends_on() {
            if cx.catalog.entry(&id).is_none() {
                let location = super::dependency_location(entry, &id);
                let touched = super::touched(cx, entry, &location);
                let message =
                    format!("{} depends on {id}, which is not in this set", entry.migration.id);
                sink.push(Draft::new(location, touched, message).migration(&entry.migration.id));
            }
        }
    }
}
