//! `class/dependency-class`

use crate::catalog::Entry;
use crate::model::{Class, Levels, RuleMeta};
use crate::rules::manifest::dependency_location;
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "class/dependency-class",
        summary: "an online migration depends on one that runs only after the deployment",
        why: "Online migrations run before the new code is out, post_deploy and manual_backfill \
              ones after it. An online migration that needs one of those from the same change has \
              nothing to stand on when its turn comes. What was merged before has run already.",
        fix: "Make the dependency online, or give the migration the later class.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn declared(entry: &Entry) -> Option<Class> {
    entry.declared.class.as_ref().map(|(class, _)| *class)
}

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for entry in cx.catalog.entries.iter().filter(|entry| declared(entry) == Some(Class::Online)) {
        for id in entry.depends_on() {
            let Some(needed) = cx.catalog.entry(&id).filter(|needed| needed.touch.added) else {
                continue;
            };
            let Some(later) = declared(needed).filter(|class| *class != Class::Online) else {
                continue;
            };
            let name = &entry.migration.id;
            let message = format!("{name} is online and depends on {id}, which is {later}");
            let location = dependency_location(entry, &id);
            sink.push(Draft::new(location, true, message).migration(name));
        }
    }
}
