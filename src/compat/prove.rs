//! The provers: libraries that decide whether one schema admits everything another does.

use std::cell::Cell;

use jsonschema::Draft;
use jsonschema::canonical::{self, CanonicalSchema, Containment, Satisfiability};
use serde_json::Value;

use super::{budget, schema};

/// What a prover says of two schemas.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// The new one admits everything that the old one does.
    Proof,
    /// It does not, or so the prover believes; the schema of what is lost where it is known.
    Loss(Option<Value>),
    /// It cannot tell.
    Unknown,
}

impl Answer {
    pub(super) fn is_proof(&self) -> bool {
        matches!(self, Self::Proof)
    }
}

/// Decides whether a schema admits everything that another does.
pub(super) trait Prover {
    /// Whether there are steps left to ask it at all.
    fn is_ready(&self) -> bool;

    /// Looks at two documents whose references stay inside them.
    fn covers(&self, draft: Draft, old: &Value, new: &Value) -> Answer;
}

/// What it costs to find out that something is too large.
const REFUSAL: u64 = 1_000;

/// `jsonschema::canonical`, kept to a number of steps that is estimated beforehand, for it cannot
/// be interrupted.
pub(super) struct Canonical {
    steps: Cell<u64>,
    too_large: Cell<bool>,
}

impl Canonical {
    pub(super) fn new() -> Self {
        Self { steps: Cell::new(budget::STEPS), too_large: Cell::new(false) }
    }

    /// Whether something was too large to be looked at.
    pub(super) fn refused(&self) -> bool {
        self.too_large.get()
    }

    /// Takes the estimate from what is left.
    fn affords(&self, cost: u64) -> bool {
        let left = self.steps.get().checked_sub(cost);
        match left {
            Some(left) => self.steps.set(left),
            None => {
                self.too_large.set(true);
                self.steps.set(self.steps.get().saturating_sub(REFUSAL));
            }
        }
        left.is_some()
    }
}

impl Prover for Canonical {
    fn is_ready(&self) -> bool {
        self.steps.get() >= REFUSAL
    }

    fn covers(&self, draft: Draft, old: &Value, new: &Value) -> Answer {
        if !self.affords(budget::cost(draft, old, new)) {
            return Answer::Unknown;
        }
        let read = |document| read(draft, document);
        let (Some(old), Some(new)) = (read(old), read(new)) else {
            return Answer::Unknown;
        };
        match new.covers(&old) {
            Ok(Containment::Yes) => return Answer::Proof,
            Ok(Containment::No | Containment::Unknown) => {}
            Err(_) => return Answer::Unknown,
        }
        match old.subtract(&new) {
            Ok(lost) if lost.satisfiability() == Satisfiability::No => Answer::Proof,
            Ok(lost) => Answer::Loss(Some(lost.to_json_schema())),
            Err(_) => Answer::Loss(None),
        }
    }
}

fn read(draft: Draft, document: &Value) -> Option<CanonicalSchema> {
    canonical::options()
        .with_draft(draft)
        .should_validate_formats(draft <= Draft::Draft7)
        .with_pattern_options(schema::patterns())
        .offline()
        .canonicalize(document)
        .ok()
}
