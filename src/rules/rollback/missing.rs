//! `rollback/missing`

use crate::model::{Class, Down, Kind, Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "rollback/missing",
        summary: "a migration has no rollback",
        why: "When a release goes wrong at night, the way back has to be there already. A \
              migration without one turns a rollback into an improvisation on production data. A \
              config migration gets its way back computed; where an operation has none, it needs \
              one of its own, or the class manual_backfill, which says that an operator goes back \
              by the backup.",
        fix: "Write the down script beside the up, or `[[down]]` into a config migration. A team \
              that goes back by restoring says so \
              once, with `rollback = \"checkpoint\"` under `[policy]`; the dry run then proves the \
              restore instead.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    if cx.restores {
        return;
    }
    for entry in cx.catalog.judged() {
        let migration = &entry.migration;
        let is_program = migration.up.program().is_some();
        let declared = entry.declared.class.as_ref().map(|(class, _)| *class);
        // An operator who migrates documents by hand goes back by the backup.
        let is_by_hand = is_program && declared == Some(Class::ManualBackfill);
        // A repeatable migration is replaced by its next version, not undone.
        if migration.kind == Kind::Versioned
            && matches!(migration.down, Down::Missing)
            && !is_by_hand
        {
            let message = format!("{} has no rollback", migration.id);
            let help = "write the way back as `[[down]]`, or declare the class manual_backfill";
            sink.push(
                Draft::new(migration.location(), entry.touch.is_touched(), message)
                    .migration(&migration.id)
                    .maybe_help(is_program.then(|| help.to_owned())),
            );
        }
    }
}
