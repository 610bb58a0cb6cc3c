//! Where a plan, the target and the migrations do not agree.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::edited;
use super::logic::Clash;
use super::make::PlanInput;
use super::resolution::Resolution;
use super::wire::{Binding, Plan, Step, Why};
use crate::model::{EngineKind, printable};
use crate::runner::state::Left;
use crate::runner::tracking::Tracked;

/// One disagreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// What sort of disagreement.
    pub kind: ConflictKind,
    /// Whether it stops the plan.
    pub severity: Severity,
    /// The migrations it is about.
    pub migrations: Vec<String>,
    /// The files it is about: of migrations, or documents.
    pub files: Vec<String>,
    /// What does not agree.
    pub what: String,
    /// What to do about it.
    pub help: String,
    /// The words that resolve it; none where only an edit does.
    pub resolutions: Vec<Resolution>,
    /// What became of it.
    pub settlement: Settlement,
}

/// Sorts of disagreement.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Something is not what it was when it was agreed on, or when it ran.
    Content,
    /// A migration needs one that somebody took back.
    Dependency,
    /// Somebody changed the target, and no migration did.
    Schema,
    /// Two migrations write the same thing, and neither needs the other.
    Logic,
}

impl ConflictKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Content, Self::Dependency, Self::Schema, Self::Logic];

    /// The word on the command line and in plans.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Content => "content",
            Self::Dependency => "dependency",
            Self::Schema => "schema",
            Self::Logic => "logic",
        }
    }
}

/// How much a disagreement weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing runs until it is resolved.
    Error,
    /// It should be looked at.
    Warning,
}

/// What became of a disagreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// Nobody chose anything.
    Open,
    /// This was chosen, and everything holds with it.
    Resolved(Resolution),
    /// What was chosen does not resolve it, for this reason.
    Refused(String),
}

impl Conflict {
    /// Whether it stops the plan.
    #[must_use]
    pub fn blocks(&self) -> bool {
        match self.settlement {
            Settlement::Open => self.severity == Severity::Error,
            Settlement::Resolved(_) => false,
            Settlement::Refused(_) => true,
        }
    }
}

/// All conflicts, by kind and then in the order of the steps.
pub(super) fn conflicts(
    steps: &[Step],
    bound_to: &Binding,
    clashes: &[Clash<'_>],
    input: &PlanInput<'_>,
) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = edited_after(input).collect();
    if let Some(agreed) = input.agreed {
        found.extend(differs(agreed, steps, bound_to, input));
    }
    found.extend(taken_back(input));
    found.extend(drifted(bound_to, input));
    found.extend(clashes.iter().map(|clash| clash.conflict(input)));
    found
}

/// A conflict that stops the plan, about these migrations and their files.
pub(super) fn conflict(
    kind: ConflictKind,
    migrations: Vec<String>,
    what: &str,
    help: &str,
    input: &PlanInput<'_>,
) -> Conflict {
    let entries = migrations.iter().filter_map(|id| input.catalog.entry(id));
    let files: BTreeSet<String> =
        entries.map(|entry| entry.migration.up.path().to_string()).collect();
    Conflict {
        kind,
        severity: Severity::Error,
        migrations,
        files: files.into_iter().collect(),
        what: printable(what).into_owned(),
        help: help.to_owned(),
        resolutions: Vec::new(),
        settlement: Settlement::Open,
    }
}

fn edited_after<'a>(input: &'a PlanInput<'_>) -> impl Iterator<Item = Conflict> + 'a {
    edited(input).map(|entry| {
        let id = &entry.migration.id;
        let what = format!("{id} ran with another content than its files have now");
        let help = "bring back the files as they ran, and write a new migration for the change";
        conflict(ConflictKind::Content, vec![id.clone()], &what, help, input)
    })
}

/// How the plan that was agreed on differs from the one of now.
fn differs(
    agreed: &Plan,
    steps: &[Step],
    bound_to: &Binding,
    input: &PlanInput<'_>,
) -> Option<Conflict> {
    let mut told = Vec::new();
    let mut migrations = BTreeSet::new();
    for id in union(agreed.bound_to.migrations.keys(), bound_to.migrations.keys()) {
        let (then, now) = (agreed.bound_to.migrations.get(id), bound_to.migrations.get(id));
        match (then, now) {
            (Some(then), Some(now)) if then == now => continue,
            (Some(_), Some(_)) => told.push(format!("the files of {id} were edited")),
            (Some(_), None) => told.push(format!("{id} does not run any more")),
            (None, _) => told.push(format!("{id} runs as well")),
        }
        migrations.insert(id.clone());
    }
    let mut files = Vec::new();
    for path in union(agreed.bound_to.documents.keys(), bound_to.documents.keys()) {
        if agreed.bound_to.documents.get(path) != bound_to.documents.get(path) {
            told.push(format!("{path} is not what it was"));
            files.push(path.clone());
        }
    }
    if agreed.bound_to.tracking != bound_to.tracking {
        told.push("other migrations have run on the target since".into());
    }
    let order = |steps: &[Step]| -> Vec<String> {
        steps.iter().map(|step| step.migration.clone()).collect()
    };
    if migrations.is_empty() && order(&agreed.steps) != order(steps) {
        told.push("the steps run in another order".into());
    }
    if (&agreed.target, &agreed.place, &agreed.set)
        != (&input.target.to_owned(), &input.place.to_owned(), &input.catalog.info.name)
    {
        told.push(format!("it was made for {} at {}", agreed.target, agreed.place));
    }
    let what = format!("the plan that was agreed on no longer holds: {}", told.join("; "));
    let help = "make a plan anew and have it agreed on, or go on with --on-conflict content=replan";
    let kind = ConflictKind::Content;
    let migrations = migrations.into_iter().collect();
    (!told.is_empty()).then(|| {
        let mut found = conflict(kind, migrations, &what, help, input);
        found.files.extend(files);
        Conflict { resolutions: vec![Resolution::Replan], ..found }
    })
}

fn union<'a>(
    a: impl Iterator<Item = &'a String>,
    b: impl Iterator<Item = &'a String>,
) -> BTreeSet<&'a String> {
    a.chain(b).collect()
}

/// What is queued for another's sake although somebody took it back.
fn taken_back<'a>(input: &'a PlanInput<'_>) -> impl Iterator<Item = Conflict> + 'a {
    input.queue.iter().filter_map(|one| {
        let id = &one.entry.migration.id;
        let Why::NeededBy(by) = &one.why else { return None };
        input.rolled_back.contains(id).then(|| {
            let what = format!("{by} needs {id}, which was taken back on this target");
            let help =
                "find out why it was taken back; --on-conflict dependency=queue runs it again";
            let ids = vec![id.clone(), by.clone()];
            let found = conflict(ConflictKind::Dependency, ids, &what, help, input);
            Conflict { resolutions: vec![Resolution::Queue], ..found }
        })
    })
}

/// A target that knows of nothing any more, or documents whose history has become shorter: nobody
/// but the runner writes that. Everything would run again.
#[must_use]
pub fn forgotten(engine: EngineKind, left: Option<&Left>, history: &[Tracked]) -> Option<String> {
    let (ran, now) = (left?.ran, history.len() as u64);
    let is_ours = engine == EngineKind::Documents;
    (ran > 0 && (now == 0 || (is_ours && now < ran))).then(|| {
        format!(
            "{ran} migrations had run on the target after the last run, and it knows of {now} now"
        )
    })
}

fn lost(input: &PlanInput<'_>) -> Option<Conflict> {
    let what = forgotten(input.catalog.info.engine, input.left, input.history)?;
    let help = "find out whether its tracking was lost, or the target was replaced by an empty one; \
                --on-conflict schema=accept-target goes on from what is there";
    let found = conflict(ConflictKind::Schema, Vec::new(), &what, help, input);
    Some(Conflict { resolutions: vec![Resolution::AcceptTarget], ..found })
}

/// A database that is not what the last run left, or what the plan was made for, although nothing
/// else has run on it. People edit documents at any time: those are held against their schema, and
/// against the plan one by one.
fn drifted(bound_to: &Binding, input: &PlanInput<'_>) -> Option<Conflict> {
    if let Some(lost) = lost(input) {
        return Some(lost);
    }
    if input.catalog.info.engine == EngineKind::Documents {
        return None;
    }
    let left = input.left.map(|left| (&left.tracking, &left.fingerprint, "since the last run"));
    let planned = input.agreed.map(|plan| &plan.bound_to);
    let planned = planned.map(|then| (&then.tracking, &then.snapshot, "since the plan was made"));
    let (.., since) = left.into_iter().chain(planned).find(|(tracking, snapshot, _)| {
        **tracking == bound_to.tracking && **snapshot != bound_to.snapshot
    })?;
    let what = format!("the target was changed {since}, and by no migration");
    let help = "find out who changed it, and write a migration for it or take it back; \
                --on-conflict schema=accept-target goes on from what is there";
    let found = conflict(ConflictKind::Schema, Vec::new(), &what, help, input);
    Some(Conflict { resolutions: vec![Resolution::AcceptTarget], ..found })
}
