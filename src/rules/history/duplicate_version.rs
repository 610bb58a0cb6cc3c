//! `history/duplicate-version`

use std::collections::BTreeMap;

use crate::catalog::Entry;
use crate::model::{Kind, Levels, RuleMeta, Version};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink, conflict};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/duplicate-version",
        summary: "two migrations carry the same version",
        why: "Tools record versions, not names: the second of two is skipped, refused or run in an \
              order that depends on the machine. It happens when two branches take the same \
              number.",
        fix: "Give the newer one the next free version.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let mut by_version: BTreeMap<&Version, Vec<&Entry>> = BTreeMap::new();
    for entry in &cx.catalog.entries {
        if entry.migration.kind == Kind::Versioned && !cx.catalog.info.habits.planned {
            by_version.entry(&entry.migration.version).or_default().push(entry);
        }
    }
    for (version, entries) in by_version.into_iter().filter(|(_, entries)| entries.len() > 1) {
        let touched = entries.iter().any(|entry| entry.touch.is_touched());
        // The finding points at the one that came last: a touched one, else the last by name.
        let newest = entries.iter().rev().find(|entry| entry.touch.added);
        let Some(newest) = newest.or(entries.last()) else { continue };
        let mut draft = Draft::new(
            newest.migration.location(),
            touched,
            format!("version {version} is taken more than once"),
        )
        .migration(&newest.migration.id)
        .maybe_help(conflict::renumbered(cx.catalog, newest));
        for entry in &entries {
            draft = draft.detail(format!("{version}: {}", entry.migration.up.path()));
        }
        sink.push(draft);
    }
}
