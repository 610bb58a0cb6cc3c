//! `dryrun/half-done`

use super::not_replay_safe;
use crate::model::{CrashPoint, Levels, MigrationEvidence, Outcome, RuleMeta, StepEvidence};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/half-done",
        summary: "an up outside a transaction can stop where neither the down nor a second up helps",
        why: "A lost connection or a full disk stops a script anywhere. Inside a transaction \
              nothing of it stays; outside, what ran so far does. The gate stops such a script \
              after each statement (of a long one after twelve, spread evenly) and tries to go on \
              with the up and to go back with the down. Where neither leads to a schema that \
              anyone meant, somebody has to mend production by hand, at night. Where the up does \
              not survive a second run at all, `dryrun/not-replay-safe` says so, and from where \
              there is no way out.",
        fix: "Run the statements in a transaction, or split the migration so that each part holds \
              one statement that cannot; else guard every statement, so that the up goes on from \
              wherever it stopped.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in &cx.evidence.migrations {
        let stuck: Vec<&CrashPoint> = stuck(seen).collect();
        let Some(first) = stuck.first() else { continue };
        if not_replay_safe::speaks_of(seen) {
            continue;
        }
        let message = format!(
            "the up can stop after statement {} of {}, from where neither a second up nor the \
             down leads on",
            first.number, first.of
        );
        let mut draft = Draft::new(first.after.clone(), true, message)
            .migration(&seen.id)
            .proved()
            .diff(&first.left);
        for point in stuck {
            draft = draft.detail(told(point));
        }
        sink.push(draft.detail("the difference is what it leaves there"));
    }
}

/// The points of a migration without a way out.
pub(super) fn stuck(seen: &MigrationEvidence) -> impl Iterator<Item = &CrashPoint> {
    seen.crashes.iter().filter(|point| point.is_stuck())
}

/// One such point in words.
pub(super) fn told(point: &CrashPoint) -> String {
    let down = match &point.down {
        None => "there is no down".into(),
        Some(down) => format!("the down {}", ended(down)),
    };
    format!("stopped after statement {}, the up {}; {down}", point.number, ended(&point.again))
}

fn ended(step: &StepEvidence) -> String {
    match &step.outcome {
        Outcome::Failed(failure) => format!("fails: {}", failure.message),
        _ => "gives another schema".into(),
    }
}
