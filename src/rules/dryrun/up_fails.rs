//! `dryrun/up-fails`

use super::engine_said;
use crate::model::{Levels, Outcome, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "dryrun/up-fails",
        summary: "the up does not run on the history before it",
        why: "A migration that fails stops the deployment half-way; what it would do to production \
              was seen on a throwaway engine that holds the same history. A sqitch verify script \
              that fails after its deploy counts as well, since `sqitch deploy --verify` then \
              reverts the change. Where a change edits or takes away merged history, everything \
              after it is run too: what ran before and fails now is the change's doing, as no new \
              target can be built any more.",
        fix: "Mend the statement that is marked; the engine's own words stand below it.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    // Those that only lack what another broken one would have made are that one's matter.
    for broken in cx.evidence.newly_broken.iter().filter(|broken| broken.blocked_by.is_none()) {
        if let Outcome::Failed(failure) = &broken.outcome {
            let message =
                format!("merged, and after this change it no longer runs: {}", failure.message);
            sink.push(engine_said(failure, message).migration(&broken.id));
        }
    }
    for seen in &cx.evidence.migrations {
        match &seen.up.outcome {
            // A failure after another one may be its consequence; that cannot be told here.
            Outcome::Failed(failure) if seen.blocked_by.is_none() => {
                let message = format!("the up fails: {}", failure.message);
                sink.push(engine_said(failure, message).migration(&seen.id));
            }
            _ => {}
        }
        let Some(verify) = &seen.verify else { continue };
        if let Outcome::Failed(failure) = &verify.outcome {
            let message = format!("the verify script fails after the up: {}", failure.message);
            sink.push(engine_said(failure, message).migration(&seen.id));
        } else if verify.diff.is_material()
            && let Some(entry) = cx.catalog.entry(&seen.id)
            && let Some(script) = &entry.migration.verify
        {
            sink.push(
                Draft::new(script.location(), true, "the verify script changes the schema")
                    .migration(&seen.id)
                    .proved()
                    .diff(&verify.diff)
                    .help("let it only look, and end it with ROLLBACK"),
            );
        }
    }
}
