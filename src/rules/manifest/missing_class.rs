//! `manifest/missing-class`

use std::collections::BTreeMap;

use crate::catalog::Entry;
use crate::model::{Class, EngineKind, Levels, Program, RuleMeta, Step};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/missing-class",
        summary: "a migration declares no class",
        why: "Whether a migration runs before, after or beside a deployment is a decision, and the \
              author is the one who knows. Where a manifest or a configured set stands it is an \
              error; else one warning names the classes that were inferred from the statements.",
        fix: "Declare it in the manifest, or in the script's header: \
              `-- migration-gate: class=online`. A config migration says it itself: \
              `class = \"online\"`.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let manifest = cx.catalog.manifest.as_ref();
    // A class that cannot be read is another rule's finding, and so is a missing entry.
    let silent = |entry: &&Entry| {
        !is_unread(cx, entry)
            && entry.declared.class.is_none()
            && !entry.declared.invalid_class
            && (manifest.is_none() || entry.declared.entry.is_some())
    };
    let silent: Vec<&Entry> = super::after_baseline(cx).filter(silent).collect();
    if manifest.is_some() || cx.catalog.info.configured {
        for entry in silent {
            let declared = entry.declared.entry.clone();
            let location = declared.unwrap_or_else(|| entry.migration.location());
            let touched = super::touched(cx, entry, &location);
            let id = &entry.migration.id;
            let class = entry.class();
            let (source, help) = match &entry.migration.up {
                Step::Program(program) => ("operations", Some(in_the_file(program, class))),
                Step::Sql(_) | Step::Foreign { .. } => ("statements", None),
            };
            let message = format!("{id} declares no class; its {source} suggest {class}");
            sink.push(Draft::new(location, touched, message).migration(id).maybe_help(help));
        }
    } else {
        for touched in [true, false] {
            let entries: Vec<&Entry> = silent
                .iter()
                .copied()
                .filter(|entry| entry.touch.is_touched() == touched)
                .collect();
            inferred(&entries, touched, sink);
        }
    }
}

/// Whether it is a config migration that cannot be read, which says its class as all else.
fn is_unread(cx: &CatalogCx<'_>, entry: &Entry) -> bool {
    cx.catalog.info.engine == EngineKind::Documents && entry.migration.up.program().is_none()
}

/// How a config migration says its class.
fn in_the_file(program: &Program, class: Class) -> String {
    let ending = program.path.file_name().rsplit_once('.').map_or("", |(_, ending)| ending);
    let line = match ending.to_ascii_lowercase().as_str() {
        "toml" => format!("class = \"{class}\""),
        "yaml" | "yml" => format!("class: {class}"),
        _ => format!("\"class\": \"{class}\""),
    };
    format!("add `{line}` to the file")
}

/// One warning for all of them: without a manifest the lack is the set's, not each migration's.
fn inferred(entries: &[&Entry], touched: bool, sink: &mut Sink<'_>) {
    let Some(first) = entries.first() else { return };
    let mut classes: BTreeMap<Class, Vec<&str>> = BTreeMap::new();
    for entry in entries {
        classes.entry(entry.class()).or_default().push(&entry.migration.id);
    }
    let message = match entries {
        [one] => format!("{} declares no class", one.migration.id),
        many => format!("{} migrations declare no class", many.len()),
    };
    let mut draft =
        Draft::new(first.migration.location(), touched, message).levels(Levels::WARNING);
    for (class, ids) in classes {
        let shown = ids.iter().take(3).copied().collect::<Vec<_>>().join(", ");
        let rest = ids.len().saturating_sub(3);
        let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
        draft = draft.detail(format!("inferred {class}: {shown}{more}"));
    }
    sink.push(draft);
}
