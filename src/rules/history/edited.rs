//! `history/edited`

use crate::catalog::{Edit, Entry};
use crate::model::{Kind, Levels, RuleMeta, Script};
use crate::rules::{CatalogCx, Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "history/edited",
        summary: "a merged migration was edited",
        why: "Targets that ran the old text never see the new one, so old and new targets differ. \
              Tools that compare checksums (flyway, graphile-migrate, liquibase, postgres-migrations, \
              refinery, sqitch and sqlx, see \
              https://docs.rs/sqlx/latest/sqlx/migrate/enum.MigrateError.html) refuse to run, or \
              want the database reset (prisma): there any edit of an up is an error, even of a \
              comment. In sqitch this holds from the tag on that releases a change. Elsewhere it \
              is a warning, or a note where only comments and white space changed. An edited down \
              is a note, since rollbacks get mended; it is proved like a new one.",
        fix: "Take the edit back and write a new migration that changes what the old one did.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(check),
};

fn check(cx: &CatalogCx<'_>, sink: &mut Sink<'_>) {
    for entry in &cx.catalog.entries {
        // A repeatable migration is meant to be edited.
        if entry.touch.added || entry.migration.kind == Kind::Repeatable {
            continue;
        }
        let released = !cx.catalog.unreleased.contains(&entry.migration.id);
        up(entry, cx.catalog.info.habits.verifies_checksums && released, sink);
        // Of a down that was taken away another rule speaks.
        if entry.touch.down != Edit::None && entry.migration.down.step().is_some() {
            let id = &entry.migration.id;
            let down = entry.migration.down.step();
            let location = down
                .and_then(|step| step.script())
                .map_or_else(|| entry.migration.location(), Script::location);
            sink.push(
                Draft::new(location, true, format!("the rollback of {id} was edited"))
                    .migration(id)
                    .levels(Levels::NOTE),
            );
        }
    }
}

fn up(entry: &Entry, checked: bool, sink: &mut Sink<'_>) {
    let id = &entry.migration.id;
    let (what, levels) = match (entry.touch.up, checked) {
        (Edit::None, _) => return,
        (Edit::Real, true) => ("edited after it was merged", Levels::ERROR),
        (Edit::Cosmetic, true) => {
            ("edited after it was merged, if only in comments or white space", Levels::ERROR)
        }
        (Edit::Real, false) => ("edited after it was merged", Levels::WARNING),
        (Edit::Cosmetic, false) => {
            ("edited after it was merged, in comments or white space only", Levels::NOTE)
        }
    };
    let mut draft = Draft::new(entry.migration.location(), true, format!("{id} was {what}"))
        .migration(id)
        .levels(levels);
    if checked {
        draft =
            draft.detail("this tool compares checksums and does not accept an edited migration");
    }
    sink.push(draft);
}
