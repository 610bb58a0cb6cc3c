//! `conflict/dependency-edited`

use super::tip;
use crate::catalog::{Entry, Fate, SetCatalog, TipEdit};
use crate::model::{Levels, Location, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "conflict/dependency-edited",
        summary: "the target branch changed a migration that this one depends on",
        why: "The change was proved on a dependency as it was. Where that was edited on the target \
              branch meanwhile, what stands on it was not run on what it will meet: a warning. \
              Where it was deleted or renamed there, the dependency names nothing after the merge: \
              an error.",
        fix: "Merge the target branch, name the dependency as it is called there, and let the gate \
              run the result.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(check),
};

/// What the target branch did to the migrations that a new or edited one needs.
pub(super) fn edited<'a>(catalog: &'a SetCatalog, entry: &Entry) -> Vec<&'a TipEdit> {
    if !entry.touch.is_touched() {
        return Vec::new();
    }
    let needs = entry.depends_on();
    catalog.tip_edits.iter().filter(|edit| needs.contains(&edit.id)).collect()
}

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let catalog = cx.catalog;
    for entry in &catalog.entries {
        for edit in edited(catalog, entry) {
            let (what, levels, help) = match &edit.fate {
                Fate::Edited => ("edited".into(), Levels::WARNING, None),
                Fate::Renamed(to) => {
                    (format!("renamed to {to}"), Levels::ERROR, Some(format!("depend on {to}")))
                }
                Fate::Deleted => ("deleted".into(), Levels::ERROR, None),
            };
            let id = &entry.migration.id;
            let tip = tip(catalog);
            let message = format!("{id} depends on {}, which was {what} on {tip}", edit.id);
            let help = help.unwrap_or_else(|| {
                format!("merge {tip}, look at what became of {}, and run the gate again", edit.id)
            });
            sink.push(
                Draft::new(place(entry, &edit.id), true, message)
                    .migration(id)
                    .levels(levels)
                    .help(help),
            );
        }
    }
}

/// Where the dependency is declared, else the migration.
fn place(entry: &Entry, id: &str) -> Location {
    let declared = entry.declared.depends_on.iter().find(|dependency| dependency.id == id);
    declared.map_or_else(|| entry.migration.location(), |dependency| dependency.location.clone())
}
