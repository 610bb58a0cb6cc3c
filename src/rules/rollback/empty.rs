//! `rollback/empty`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "rollback/empty",
        summary: "a rollback holds no statement or operation although the up does something",
        why: "An empty down script looks like a rollback to every tool: it reports success and \
              changes nothing, so the schema and the version table disagree from then on.",
        fix: "Undo what the up did. Where that is impossible, take the file away, so that the \
              missing rollback is seen, and go back by a checkpoint.",
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
        let Some(down) = migration.down.step() else { continue };
        if !super::is_empty(&migration.up) && super::is_empty(down) {
            let message = format!("the rollback of {} does nothing", migration.id);
            sink.push(
                Draft::new(down.location(), entry.touch.is_touched(), message)
                    .migration(&migration.id),
            );
        }
    }
}
