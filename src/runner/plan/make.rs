//! From what was selected and what the target tells to a plan.

use std::collections::{BTreeMap, BTreeSet};

use super::check::{checks, open_conflicts};
use super::conflict::{Conflict, conflicts};
use super::digest::{fingerprint, tracking};
use super::impact::{impact, rollback};
use super::logic::clashes;
use super::resolution::{Choice, settle};
use super::select::Queued;
use super::wire::{Binding, Check, CheckName, FileBefore, Outcome, PLAN_VERSION, Plan, Step};
use crate::catalog::SetCatalog;
use crate::model::{SetEvidence, Snapshot, printable};
use crate::runner::state::Left;
use crate::runner::target::Strategy;
use crate::runner::tracking::Tracked;
use crate::runner::{Fault, FaultKind};

/// All that a plan is made from.
#[derive(Clone, Copy)]
pub struct PlanInput<'a> {
    /// The set.
    pub catalog: &'a SetCatalog,
    /// What runs, as [`super::select`] queued it.
    pub queue: &'a [Queued<'a>],
    /// What the target says has run.
    pub history: &'a [Tracked],
    /// The target's name.
    pub target: &'a str,
    /// Where the target is, without a password.
    pub place: &'a str,
    /// Whether the target serves people.
    pub production: bool,
    /// The target as it is.
    pub snapshot: &'a Snapshot,
    /// The rows of its tables; empty for documents.
    pub rows: &'a BTreeMap<String, u64>,
    /// What the target tells of each migration that runs, by id.
    pub facts: &'a BTreeMap<String, StepFacts>,
    /// The free bytes where checkpoints are kept; `None` where that is not known.
    pub free_bytes: Option<u64>,
    /// What the last run left; `None` before the first.
    pub left: Option<&'a Left>,
    /// Ids of migrations that somebody took back on this target.
    pub rolled_back: &'a BTreeSet<String>,
    /// What was seen on a throwaway engine.
    pub rehearsal: Rehearsal<'a>,
    /// The plan that was agreed on.
    pub agreed: Option<&'a Plan>,
    /// Documents that are not what the migrations that ran leave: the path and why, without a value.
    pub stale: &'a [String],
    /// How conflicts are to be resolved.
    pub choices: &'a [Choice],
}

/// What a target tells of a migration before it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepFacts {
    /// How it would be taken back; `None` where nothing would.
    pub strategy: Option<Strategy>,
    /// About how many bytes its checkpoint takes; `None` where that is not known.
    pub checkpoint_bytes: Option<u64>,
    /// The documents that it changes.
    pub files: Vec<FileBefore>,
    /// Documents that would not be valid after it: the path and why, without a value.
    pub invalid: Vec<String>,
    /// Whether it was tried on a copy of the target's documents.
    pub tried: Tried,
}

/// Whether a migration was tried on a copy of a target's documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tried {
    /// It was not.
    #[default]
    No,
    /// It ran, after those that run before it.
    Ran,
    /// It was refused, for this reason, which holds no value.
    Refused(String),
}

/// What was seen on a throwaway engine.
#[derive(Clone, Copy, Debug)]
pub enum Rehearsal<'a> {
    /// This.
    Seen(&'a SetEvidence),
    /// Nothing, for this reason.
    NotDone(&'a str),
}

/// Makes a plan: describes each step, looks for conflicts, applies the choices about them and
/// checks everything with them. What stops it is in [`Plan::faults`].
#[must_use]
pub fn make(input: &PlanInput<'_>) -> Plan {
    let nothing = StepFacts::default();
    let steps: Vec<Step> = input
        .queue
        .iter()
        .map(|one| {
            let id = &one.entry.migration.id;
            let facts = input.facts.get(id).unwrap_or(&nothing);
            Step {
                migration: id.clone(),
                content: one.entry.declared.content.clone(),
                class: one.entry.class().into(),
                class_declared: one.entry.declared.class.is_some(),
                why: one.why.clone(),
                depends_on: one.entry.depends_on(),
                impact: impact(one.entry, facts, input),
                rollback: rollback(one.entry, facts, input),
            }
        })
        .collect();
    let bound_to = binding(&steps, input);
    let mut checks = checks(input);
    let clashes = clashes(input);
    let found = conflicts(&steps, &bound_to, &clashes, input);
    let conflicts: Vec<Conflict> =
        found.into_iter().map(|conflict| settle(conflict, &checks, &clashes, input)).collect();
    checks.push(open_conflicts(&conflicts));
    Plan {
        plan_version: PLAN_VERSION,
        set: input.catalog.info.name.clone(),
        engine: input.catalog.info.engine.name().into(),
        target: input.target.to_owned(),
        place: input.place.to_owned(),
        production: input.production,
        steps,
        checks,
        conflicts,
        notes: notes(input),
        bound_to,
    }
}

fn binding(steps: &[Step], input: &PlanInput<'_>) -> Binding {
    let mut documents = BTreeMap::new();
    for file in steps.iter().flat_map(|step| &step.impact.files) {
        // The first change meets what stands there now.
        documents.entry(file.path.clone()).or_insert_with(|| file.before.clone());
    }
    Binding {
        tracking: tracking(input.history),
        snapshot: fingerprint(input.snapshot),
        migrations: steps
            .iter()
            .map(|step| (step.migration.clone(), step.content.clone()))
            .collect(),
        documents,
    }
}

/// What is missing and may be, and what is there and unknown.
fn notes(input: &PlanInput<'_>) -> Vec<String> {
    let absent = input.queue.iter().flat_map(|one| {
        let id = &one.entry.migration.id;
        one.entry.declared.absent.iter().map(move |needed| {
            format!(
                "{id} would run after {}, which the set does not hold; it is optional",
                needed.id
            )
        })
    });
    let unknown = input.history.iter().filter(|row| row.id.is_none());
    let unknown = unknown
        .map(|row| format!("{} has run on the target, and the set does not hold it", row.name));
    absent.chain(unknown).map(|note| printable(&note).into_owned()).collect()
}

impl Plan {
    /// What stops this plan, as faults.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let failed = self.checks.iter().filter(|check| check.outcome == Outcome::Failed);
        failed.map(Check::fault).collect()
    }
}

impl Check {
    /// What does not hold, as a fault.
    #[must_use]
    pub fn fault(&self) -> Fault {
        let kind = match self.name {
            CheckName::History | CheckName::State => FaultKind::PartialFailure,
            CheckName::Checksums | CheckName::Conflicts => FaultKind::Conflict,
            CheckName::Dependencies => FaultKind::Dependency,
            CheckName::Rehearsal | CheckName::Documents => FaultKind::Migration,
            CheckName::Room => FaultKind::Environment,
            CheckName::Rules | CheckName::RollOut => FaultKind::Policy,
        };
        Fault::new(kind, self.details.join("\n"), self.way_out.clone().unwrap_or_default())
    }
}
