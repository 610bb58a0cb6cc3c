//! `class/mixed-schema-and-data`

use super::effects::{Effect, effects};
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "class/mixed-schema-and-data",
        summary: "one migration changes the schema and moves rows that stood before",
        why: "In one transaction the schema's locks are held for as long as the rows take, and \
              outside of one a stop half-way leaves both half done. The two also belong to \
              different classes. Rows of tables that the same change brings do not count. It is \
              asked only where classes are declared.",
        fix: "Put the rows into a manual_backfill migration of their own, after the one that \
              changes the schema.",
        levels: Levels::WARNING,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in cx.evidence.migrations.iter().filter(|seen| seen.up.outcome.is_done()) {
        let Some(entry) = cx.catalog.entry(&seen.id).filter(|entry| super::is_judged(entry)) else {
            continue;
        };
        // An online migration that moves rows has the wrong class, which says it all.
        let waits = entry
            .declared
            .class
            .as_ref()
            .is_some_and(|(class, _)| *class != crate::model::Class::Online);
        if !waits || !seen.up.diff.is_material() {
            continue;
        }
        let found = effects(cx, entry, seen);
        let Some(data) = found.iter().find(|seen| seen.effect == Effect::Data) else { continue };
        let id = &entry.migration.id;
        let message = format!("{id} changes the schema, and it also {}", data.what);
        sink.push(
            Draft::new(data.location.clone(), true, message)
                .migration(id)
                .evidenced(data.evidenced),
        );
    }
}
