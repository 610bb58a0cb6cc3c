//! `history/renamed`

use crate::model::{Kind, Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/renamed",
        summary: "a merged migration has another name or version",
        why: "A target that ran it under the old version takes it for a new migration and runs it \
              again: an error. Under the same version most tools do not care about the name, \
              which makes it a warning; flyway, refinery and sqitch compare names too and refuse, so there it is an error.",
        fix: "Give the file its old name back.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

/// Tools that compare names besides versions.
const COMPARE_NAMES: [&str; 3] = ["flyway", "refinery", "sqitch"];

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let base = cx.catalog.merged.as_deref().unwrap_or(&[]);
    for entry in &cx.catalog.entries {
        let migration = &entry.migration;
        let Some(former) = &entry.touch.renamed_from else { continue };
        if migration.kind == Kind::Repeatable {
            continue;
        }
        let same_version =
            base.iter().any(|known| known.id == *former && known.version == migration.version);
        let harmless = same_version && !COMPARE_NAMES.contains(&cx.catalog.info.layout);
        let levels = if harmless || cx.catalog.unreleased.contains(former) {
            Levels::WARNING
        } else {
            Levels::ERROR
        };
        let what = if same_version { "name" } else { "version" };
        let message = format!("{former} was merged and now has another {what}: {}", migration.id);
        sink.push(
            Draft::new(migration.location(), true, message).migration(&migration.id).levels(levels),
        );
    }
}
