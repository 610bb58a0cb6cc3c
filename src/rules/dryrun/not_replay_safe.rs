//! `dryrun/not-replay-safe`

use super::{engine_said, half_done};
use crate::model::{Class, CrashPoint, Levels, MigrationEvidence, Outcome, RuleMeta, StepEvidence};
use crate::rules::state::state;
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/not-replay-safe",
        summary: "running the up a second time fails or changes the schema again",
        why: "A script that stopped half-way outside a transaction, and a backfill that an \
              operator starts again, must survive a second run; there it is an error. Inside a \
              transaction a half-way stop leaves nothing, so it is a warning, which the strict \
              preset turns into an error.",
        fix: "Use IF NOT EXISTS, IF EXISTS or a guard on what is already done; in PostgreSQL drop \
              the INVALID index that a failed CREATE INDEX CONCURRENTLY leaves behind before \
              creating it again, since IF NOT EXISTS passes over it (see \
              https://www.postgresql.org/docs/current/sql-createindex.html). For a config migration \
              name in the contract where documents say their version, so that those that are done \
              are passed over.",
        levels: Levels::WARNING,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in &cx.evidence.migrations {
        let (Some(again), Some(entry)) = (&seen.again, cx.catalog.entry(&seen.id)) else {
            continue;
        };
        let atomic = entry.migration.up.script().is_none_or(crate::sql::is_atomic);
        let declared = entry.declared.class.as_ref().map(|(class, _)| *class);
        let (weight, reason) = weigh(atomic, declared);
        let stuck = half_done::stuck(seen).next();
        let draft = if let Outcome::Failed(failure) = &again.outcome {
            let message = format!("a second run of the up fails: {}", failure.message);
            let draft = engine_said(failure, message);
            match stuck {
                // What it leaves at the first of the places that are told below.
                Some(point) => draft.diff(&point.left),
                None => draft,
            }
        } else if again.diff.is_material() {
            let state = state(cx.catalog.info.engine).name;
            let message = format!("a second run of the up changes {state} again");
            Draft::new(entry.migration.location(), true, message).proved().diff(&again.diff)
        } else {
            continue;
        };
        let mut draft = draft.migration(&seen.id).levels(weight);
        if let Some(reason) = reason {
            draft = draft.detail(reason);
        }
        for point in half_done::stuck(seen) {
            draft = draft.detail(half_done::told(point));
        }
        if !seen.crashes.is_empty() && seen.crashes.iter().all(CrashPoint::has_a_way_out) {
            draft = draft.detail("wherever it was stopped, the up or the down led on from there");
        }
        sink.push(draft);
    }
}

/// Whether this rule has something to say about a migration.
pub(super) fn speaks_of(seen: &MigrationEvidence) -> bool {
    seen.again.as_ref().is_some_and(StepEvidence::is_wrong)
}

/// An error where a second run is to be expected.
fn weigh(atomic: bool, declared: Option<Class>) -> (Levels, Option<&'static str>) {
    match (atomic, declared) {
        (false, _) => {
            (Levels::ERROR, Some("it runs outside a transaction, so it can stop half-way"))
        }
        (true, Some(Class::ManualBackfill)) => {
            (Levels::ERROR, Some("its class is manual_backfill, so an operator may start it again"))
        }
        (true, _) => (Levels::WARNING, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Levels, weigh};

    #[test]
    fn only_what_may_well_run_twice_is_an_error() {
        assert_eq!(weigh(true, None), (Levels::WARNING, None));
        assert_eq!(weigh(true, Some(Class::PostDeploy)), (Levels::WARNING, None));
        assert_eq!(weigh(true, Some(Class::ManualBackfill)).0, Levels::ERROR);
        // Where both hold, the reason that no declaration can take away is given.
        let (levels, reason) = weigh(false, Some(Class::ManualBackfill));
        assert_eq!(levels, Levels::ERROR);
        assert!(reason.is_some_and(|reason| reason.contains("outside a transaction")));
    }
}
