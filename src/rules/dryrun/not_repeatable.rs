//! `dryrun/not-repeatable`

use super::engine_said;
use crate::model::{Levels, MigrationEvidence, Outcome, RuleMeta, StepEvidence};
use crate::rules::state::state;
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/not-repeatable",
        summary: "after a clean rollback the same up fails or gives another schema",
        why: "People roll back in order to mend something and go forward again. Where the second \
              up fails or ends elsewhere, the rollback was a one-way street: two targets with the \
              same history have different schemas.",
        fix: "Make the up depend only on the schema before it; do not let it depend on leftovers \
              such as sequence values, rows or session settings that the down keeps.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

/// Whether the way back itself was clean; otherwise another rule speaks and this one would only
/// repeat it.
fn went_back(seen: &MigrationEvidence) -> bool {
    seen.down.as_ref().or(seen.restore.as_ref()).is_some_and(StepEvidence::is_clean)
}

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in cx.evidence.migrations.iter().filter(|seen| went_back(seen)) {
        let Some(again) = &seen.up_after_down else { continue };
        if let Outcome::Failed(failure) = &again.outcome {
            let message = format!("the up fails after the rollback: {}", failure.message);
            sink.push(engine_said(failure, message).migration(&seen.id));
        } else if again.diff.is_material()
            && let Some(entry) = cx.catalog.entry(&seen.id)
        {
            let another = state(cx.catalog.info.engine).another;
            let message = format!("the up gives {another} after the rollback than before it");
            sink.push(
                Draft::new(entry.migration.location(), true, message)
                    .migration(&seen.id)
                    .proved()
                    .diff(&again.diff),
            );
        }
    }
}
