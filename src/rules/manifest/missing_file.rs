//! `manifest/missing-file`

use crate::model::{Levels, Location, ProblemKind, RuleMeta};
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
        if cx.catalog.entry(&listed.id.value).is_none() && !is_refused(cx, &listed.id.value) {
            let location = Location::at(manifest.path.clone(), listed.id.span);
            let gone = cx.catalog.gone.iter().any(|gone| gone.migration.id == listed.id.value);
            let touched = gone || cx.catalog.is_changed(&manifest.path);
            let message = format!("{} is listed and has no file", listed.id.value);
            sink.push(Draft::new(location, touched, message).migration(&listed.id.value));
        }
    }
}

/// Whether files of that name are there and make no migration, which is said at the files.
fn is_refused(cx: &CatalogCx<'_>, id: &str) -> bool {
    let invalid = cx.catalog.problems.iter().filter(|found| found.kind == ProblemKind::Invalid);
    let is_named = |part: &str| {
        part.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    invalid
        .map(|problem| problem.location.path.to_string())
        .any(|path| path.split('/').any(is_named))
}
