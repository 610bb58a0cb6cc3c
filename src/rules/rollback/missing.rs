//! `rollback/missing`

use crate::catalog::Entry;
use crate::model::{Class, Down, Kind, Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "rollback/missing",
        summary: "a migration has no rollback",
        why: "When a release goes wrong at night, the way back has to be there already. A \
              migration without one turns a rollback into an improvisation on production data.",
        fix: "Write the down script beside the up. A team that goes back by restoring says so \
              once, with `rollback = \"checkpoint\"` under `[policy]`; the dry run then proves the \
              restore instead. The way back of a config migration is computed; one with `jq` or a \
              `command` needs a `[[down]]`, or the class `manual_backfill`.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    if cx.restores {
        return;
    }
    for entry in &cx.catalog.entries {
        let migration = &entry.migration;
        // A repeatable migration is replaced by its next version, not undone.
        if migration.kind == Kind::Versioned
            && matches!(migration.down, Down::Missing)
            && !is_run_by_hand(entry)
        {
            let message = format!("{} has no rollback", migration.id);
            sink.push(
                Draft::new(migration.location(), entry.touch.is_touched(), message)
                    .migration(&migration.id),
            );
        }
    }
}

/// Whether it is a config migration that an operator runs, who goes back from a backup.
fn is_run_by_hand(entry: &Entry) -> bool {
    let class = entry.declared.class.as_ref().map(|(class, _)| *class);
    entry.migration.up.program().is_some() && class == Some(Class::ManualBackfill)
}
