//! `manifest/unlisted-file`

use crate::manifest::Manifest;
use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/unlisted-file",
        summary: "the manifest does not list a migration",
        why: "The tool runs every file, listed or not. One without an entry runs without a class, \
              outside every window and approval.",
        fix: "Add an entry with its id and class, or name older history as the manifest's baseline.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    // Of a manifest that cannot be read at all, another rule speaks.
    let unreadable =
        |manifest: &&Manifest| manifest.entries.is_empty() && !manifest.problems.is_empty();
    let Some(manifest) = cx.catalog.manifest.as_ref().filter(|found| !unreadable(found)) else {
        return;
    };
    for entry in super::after_baseline(cx).filter(|entry| entry.declared.entry.is_none()) {
        let id = &entry.migration.id;
        let message = format!("{id} is not listed in {}", manifest.path.file_name());
        let location = entry.migration.location();
        let touched = super::touched(cx, entry, &location);
        sink.push(Draft::new(location, touched, message).migration(id));
    }
}
