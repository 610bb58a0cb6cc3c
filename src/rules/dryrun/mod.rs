//! What happened when the migrations ran.

pub(super) mod blocks_reads;
pub(super) mod blocks_writes;
pub(super) mod client_command;
pub(super) mod escape_attempt;
pub(super) mod fails_on_data;
pub(super) mod half_done;
pub(super) mod not_repeatable;
pub(super) mod not_replay_safe;
pub(super) mod rewrites_table;
pub(super) mod timeout;
pub(super) mod up_fails;
mod work;

use super::{Draft, EvidenceCx, Sink};
use crate::model::{Bar, Barred, Failure, Finding, MigrationEvidence, Outcome, StepEvidence};

/// Every step of a migration's walk, by name.
fn steps(seen: &MigrationEvidence) -> [(&'static str, Option<&StepEvidence>); 8] {
    let rows = seen.rows.as_ref();
    [
        ("up", Some(&seen.up)),
        ("second up", seen.again.as_ref()),
        ("verify script", seen.verify.as_ref()),
        ("down", seen.down.as_ref()),
        ("up after the down", seen.up_after_down.as_ref()),
        ("down in reverse order", seen.reverse.as_ref()),
        ("up over rows", rows.and_then(|rows| rows.up.as_ref())),
        ("down over rows", rows.and_then(|rows| rows.down.as_ref())),
    ]
}

/// Whether a finding says that a script was kept from running, so that nobody knows what it does.
#[must_use]
pub fn is_barred(finding: &Finding) -> bool {
    [escape_attempt::RULE.meta.id, client_command::RULE.meta.id].contains(&finding.rule)
}

/// A finding for every place that was barred by this; `what` begins what is said of the step.
fn barred(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>, bar: Bar, what: &str) {
    let of = |outcome: &Outcome| match outcome {
        Outcome::Barred(Barred { by, failure }) if *by == bar => Some(failure.clone()),
        _ => None,
    };
    // Here the hint is the gate's own, whatever code the engine gave.
    let said = |failure: &Failure, message: String| {
        let draft = engine_said(&Failure { hint: None, ..failure.clone() }, message);
        match &failure.hint {
            Some(hint) => draft.help(hint.as_str()),
            None => draft,
        }
    };
    for broken in &cx.evidence.newly_broken {
        if let Some(failure) = of(&broken.outcome) {
            let message = format!("merged, and changed: {what} up: {}", failure.message);
            sink.push(said(&failure, message).migration(&broken.id));
        }
    }
    for seen in &cx.evidence.migrations {
        // What stops the up stops it each time; one place is told once.
        let mut told = Vec::new();
        for (step, evidence) in steps(seen) {
            let Some(failure) = evidence.and_then(|evidence| of(&evidence.outcome)) else {
                continue;
            };
            if !told.contains(&failure.location) {
                let message = format!("{what} {step}: {}", failure.message);
                sink.push(said(&failure, message).migration(&seen.id));
                told.push(failure.location);
            }
        }
    }
}

/// A finding at the place the engine named, with everything the engine said.
pub(super) fn engine_said(failure: &Failure, message: String) -> Draft {
    let mut draft = Draft::new(failure.location.clone(), true, message).proved();
    if let Some(code) = &failure.code {
        draft = draft.detail(format!("code: {code}"));
    }
    if let Some(detail) = &failure.detail {
        draft = draft.detail(format!("detail: {detail}"));
    }
    match (&failure.hint, &failure.code) {
        // The engine's own words come with a code; without one the advice is the gate's.
        (Some(hint), None) => draft = draft.help(hint.as_str()),
        (Some(hint), Some(_)) => draft = draft.detail(format!("hint: {hint}")),
        (None, _) => {}
    }
    draft
}
