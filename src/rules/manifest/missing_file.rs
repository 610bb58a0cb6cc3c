//! `manifest/missing-file`

use crate::model::{Levels, Location, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/missing-file",
        summary: "the manifest lists a migration that has no file",
        why: "An entry without a file promises a step that will never run: the file was forgotten, \
              renamed, or its id is misspelled.",
        fix: "Add the file, or take the entry out.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let Some(manifest) = &cx.catalog.manifest else { return };
    for listed in &manifest.entries {
        if cx.catalog.entry(&listed.id.value).is_none() {
            let location = Location::at(manifest.path.clone(), listed.id.span);
            let gone = cx.catalog.gone.iter().any(|gone| gone.migration.id == listed.id.value);
            let touched = gone || cx.catalog.is_changed(&manifest.path);
            let message = format!("{} is listed and has no file", listed.id.value);
            sink.push(Draft::new(location, touched, message).migration(&listed.id.value));
        }
    }
}
