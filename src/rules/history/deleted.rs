//! `history/deleted`

use crate::model::{Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/deleted",
        summary: "a merged migration is gone",
        why: "Targets that ran it keep its effects, new ones never get them. Tools that compare \
              checksums (sqlx, flyway, refinery, sqitch) refuse to run at all when an applied \
              migration is missing; there it is an error, elsewhere a warning.",
        fix: "Put the file back and undo its effects with a new migration. To squash old history, \
              ship the squashed script as a baseline in a change of its own.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for gone in &cx.catalog.gone {
        let released = !cx.catalog.unreleased.contains(&gone.migration.id);
        let refuses = cx.catalog.info.habits.verifies_checksums && released;
        let levels = if refuses { Levels::ERROR } else { Levels::WARNING };
        let message = format!("{} was merged and is gone", gone.migration.id);
        sink.push(
            Draft::new(gone.migration.location(), true, message)
                .migration(&gone.migration.id)
                .levels(levels),
        );
    }
}
