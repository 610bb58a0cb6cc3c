//! `rollback/leaves-trace`

use crate::catalog::Entry;
use crate::model::{Levels, MigrationEvidence, Outcome, RuleMeta, StepEvidence};
use crate::rules::state::{State, state};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "rollback/leaves-trace",
        summary: "after the down the schema, or the documents, are not what they were before the up",
        why: "What a rollback leaves behind, loses or changes surfaces later: the next up fails on \
              a type that still exists, an index that was there is gone, a column comes back \
              nullable. The schemas before the up and after the down were compared object by \
              object, and config documents value by value. Column order, generated names and \
              white space are notes, never errors.",
        fix: "Extend the down by what the difference shows: + is left behind, - is lost, ~ is \
              changed.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    let state = state(cx.catalog.info.engine);
    for seen in &cx.evidence.migrations {
        let Some(entry) = cx.catalog.entry(&seen.id) else { continue };
        let steps = [
            (seen.down.as_ref(), "after the down"),
            (seen.restore.as_ref(), "after restoring the checkpoint"),
            (seen.reverse.as_ref(), "after every down in reverse order"),
        ];
        for (step, when) in steps {
            if let Some(step) = step {
                report(entry, seen, step, (&state, when), sink);
            }
        }
    }
}

fn report(
    entry: &Entry,
    seen: &MigrationEvidence,
    step: &StepEvidence,
    (state, when): (&State, &str),
    sink: &mut Sink<'_>,
) {
    let down = entry.migration.down.step();
    let location = down.map_or_else(|| entry.migration.location(), super::work_of);
    if !step.diff.is_material() {
        if !step.diff.is_empty() {
            let message = match state.rewritten(&step.diff) {
                Some(which) => format!("{when} {which}"),
                None => format!("{when} {} the same but for order, names or space", state.is),
            };
            sink.push(
                Draft::new(location, true, message)
                    .migration(&seen.id)
                    .levels(Levels::OBSERVATION)
                    .proved()
                    .diff(&state.told(&step.diff)),
            );
        }
        return;
    }
    // An empty down has a rule of its own; its trace is all that the up did.
    if down.is_some_and(super::is_empty) {
        return;
    }
    let message = format!("{when} {} not what {} before the up", state.is, state.it_was);
    let mut draft = Draft::new(location, true, message)
        .migration(&seen.id)
        .proved()
        .diff(&state.told(&step.diff));
    if let Some(Outcome::Failed(failure)) = seen.up_after_down.as_ref().map(|up| &up.outcome) {
        draft = draft.detail(format!("because of it the next up fails: {}", failure.message));
    }
    sink.push(draft);
}
