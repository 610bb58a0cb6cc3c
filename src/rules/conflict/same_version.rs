//! `conflict/same-version`

use super::{renumbered, tip};
use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "conflict/same-version",
        summary: "the target branch gained a migration of the same version",
        why: "Two branches took the same number. Git merges the two files without a word, and \
              then there are two migrations of one version, of which tools run one, none, or \
              either, by chance.",
        fix: "Give the new migration the next free version after the target branch's newest; \
              `migration-gate check --fix` does it.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let catalog = cx.catalog;
    for entry in &catalog.entries {
        let Some(twin) = catalog.tip_twin(entry) else { continue };
        let migration = &entry.migration;
        let message = format!(
            "{} has the version {} that {} took on {}",
            migration.id,
            migration.version,
            twin.id,
            tip(catalog)
        );
        sink.push(
            Draft::new(migration.location(), true, message)
                .migration(&migration.id)
                .detail(format!("{}: {}", twin.version, twin.up.path()))
                .maybe_help(renumbered(catalog, entry)),
        );
    }
}
