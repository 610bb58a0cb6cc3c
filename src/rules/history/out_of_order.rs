//! `history/out-of-order`

use crate::catalog::Entry;
use crate::model::{Kind, LateMigrations, Levels, RuleMeta};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink, conflict};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/out-of-order",
        summary: "a new migration sorts before one that is already merged",
        why: "Targets have run the later one already. golang-migrate keeps one number, so it never \
              runs the late one and says nothing \
              (https://github.com/golang-migrate/migrate/issues/179), and drizzle does the same \
              with times; goose \
              (https://pressly.github.io/goose/blog/2021/out-of-order-migrations/), flyway \
              (https://github.com/flyway/flyway/issues/1363), refinery, sqitch and supabase \
              refuse to go on: there it is an error. Others, such as sqlx, dbmate and diesel, run it late, so that \
              old and new targets run the same files in different orders: a warning.",
        fix: "Give the new migration a version after the newest merged one; in a sqitch plan, move \
              it to the end.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    let catalog = cx.catalog;
    let Some(base) = &catalog.merged else { return };
    let (levels, consequence) = match catalog.info.habits.late {
        LateMigrations::Applied => {
            (Levels::WARNING, "runs it late, in another order than a new target")
        }
        LateMigrations::Skipped => {
            (Levels::ERROR, "never runs it on a target that is up to date, and says nothing")
        }
        LateMigrations::Refused => (Levels::ERROR, "refuses to run on a target that is up to date"),
    };
    let merged = || base.iter().chain(&catalog.tip).filter(|known| known.kind == Kind::Versioned);
    for (index, entry) in catalog.entries.iter().enumerate() {
        let migration = &entry.migration;
        if !entry.touch.added || migration.kind == Kind::Repeatable {
            continue;
        }
        // Its version is taken, which is said elsewhere and mended in the same way.
        let same = |other: &Entry| {
            !other.touch.added
                && other.migration.kind == Kind::Versioned
                && other.migration.version == migration.version
        };
        let is_taken = !catalog.info.habits.planned && catalog.entries.iter().any(same);
        if is_taken || catalog.tip_twin(entry).is_some() {
            continue;
        }
        let later = if catalog.info.habits.planned {
            // In a plan the place counts: the last merged change that now stands behind this one.
            let behind = &catalog.entries[index + 1..];
            behind.iter().rfind(|after| !after.touch.added).map(|after| &after.migration)
        } else {
            merged()
                .filter(|known| known.version > migration.version)
                .max_by(|a, b| a.version.cmp(&b.version))
        };
        if let Some(later) = later {
            let stands = if catalog.info.habits.planned {
                "stands in the plan before"
            } else {
                "sorts before"
            };
            let message = format!("{} {stands} {}, which is merged", migration.id, later.id);
            let unreleased = catalog.unreleased.contains(&later.id);
            let levels = if unreleased { Levels::WARNING } else { levels };
            sink.push(
                Draft::new(migration.location(), true, message)
                    .migration(&migration.id)
                    .levels(levels)
                    .detail(format!("{} {consequence}", catalog.info.layout))
                    .maybe_help(conflict::renumbered(catalog, entry)),
            );
        }
    }
}
