//! How a conflict is resolved: chosen by a person, and checked like everything else.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::conflict::{Conflict, ConflictKind, Settlement, Severity};
use super::impact::effects;
use super::logic::Clash;
use super::make::PlanInput;
use super::wire::{Check, CheckName, Outcome, Plan};
use crate::catalog::{Edge, cycles, edges};
use crate::model::{Snapshot, known_words, printable, quoted};
use crate::runner::{Fault, FaultKind};
use crate::sql::{Action, ObjectKind};

/// A way to go on in spite of a conflict.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// The plan of now counts, and not the one that was agreed on.
    Replan,
    /// What was taken back runs again.
    Queue,
    /// The target is right as it is.
    AcceptTarget,
    /// The order of the plan is the one that is meant.
    InOrder,
}

impl Resolution {
    /// The word on the command line and in plans.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Replan => "replan",
            Self::Queue => "queue",
            Self::AcceptTarget => "accept-target",
            Self::InOrder => "in-order",
        }
    }

    /// The only one for conflicts of a kind.
    fn of(kind: ConflictKind) -> Self {
        match kind {
            ConflictKind::Content => Self::Replan,
            ConflictKind::Dependency => Self::Queue,
            ConflictKind::Schema => Self::AcceptTarget,
            ConflictKind::Logic => Self::InOrder,
        }
    }
}

/// What somebody chose for conflicts of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The kind.
    pub kind: ConflictKind,
    /// The way to go on.
    pub resolution: Resolution,
}

impl Choice {
    /// Reads `logic=in-order`.
    ///
    /// # Errors
    /// Where there is no such kind, or no such resolution of it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = |what: String, help: String| Err(Fault::new(FaultKind::Usage, what, help));
        let Some((kind, word)) = text.split_once('=') else {
            let what = format!("{} chooses nothing", quoted(text));
            return fault(what, "write KIND=RESOLUTION, such as logic=in-order".into());
        };
        let Some(kind) = ConflictKind::ALL.into_iter().find(|known| known.name() == kind) else {
            let help = known_words(kind, &ConflictKind::ALL.map(ConflictKind::name));
            return fault(format!("there are no conflicts of the kind {}", quoted(kind)), help);
        };
        let resolution = Resolution::of(kind);
        if word != resolution.name() {
            let what = format!("{} resolves no conflict of the kind {}", quoted(word), kind.name());
            return fault(what, known_words(word, &[resolution.name()]));
        }
        Ok(Self { kind, resolution })
    }
}

impl Plan {
    /// What resolved the conflicts of this plan: whoever agreed on it agreed on that.
    #[must_use]
    pub fn choices(&self) -> Vec<Choice> {
        let resolved = self.conflicts.iter().filter_map(|conflict| match conflict.settlement {
            Settlement::Resolved(resolution) => Some(Choice { kind: conflict.kind, resolution }),
            Settlement::Open | Settlement::Refused(_) => None,
        });
        resolved.collect()
    }
}

/// Applies what was chosen for a conflict, where everything holds with it. `checks` are those of
/// the plan as it is now, in which every choice is already at work: what is queued, stands in it,
/// and it is bound to the target as it is.
pub(super) fn settle(
    conflict: Conflict,
    checks: &[Check],
    clashes: &[Clash<'_>],
    input: &PlanInput<'_>,
) -> Conflict {
    let chosen = input.choices.iter().find(|choice| choice.kind == conflict.kind);
    let Some(Choice { resolution, .. }) = chosen.copied() else { return conflict };
    let refusal = match resolution {
        _ if !conflict.resolutions.contains(&resolution) => {
            Some(format!("{} does not resolve it", resolution.name()))
        }
        Resolution::Replan => failed(checks, |_| true),
        Resolution::Queue => failed(checks, |name| {
            matches!(name, CheckName::Dependencies | CheckName::Rehearsal | CheckName::Documents)
        }),
        Resolution::AcceptTarget => missed(input).or_else(|| {
            failed(checks, |name| matches!(name, CheckName::Rehearsal | CheckName::Documents))
        }),
        Resolution::InOrder => out_of_order(&conflict, clashes, input),
    };
    let settlement = match refusal {
        None => Settlement::Resolved(resolution),
        Some(reason) => Settlement::Refused(printable(&reason).into_owned()),
    };
    Conflict { settlement, ..conflict }
}

/// What the plan as it is now fails at, among the checks asked about.
fn failed(checks: &[Check], asked: impl Fn(CheckName) -> bool) -> Option<String> {
    let failed = checks.iter().filter(|check| check.outcome == Outcome::Failed);
    let details: Vec<&str> = failed
        .filter(|check| asked(check.name))
        .flat_map(|check| check.details.iter().map(String::as_str))
        .collect();
    (!details.is_empty()).then(|| details.join("; "))
}

/// Tables that the steps need and the target does not have, or make and it has.
fn missed(input: &PlanInput<'_>) -> Option<String> {
    let mut there = tables(input.snapshot);
    let mut faults = Vec::new();
    for entry in input.queue.iter().map(|one| one.entry) {
        let id = &entry.migration.id;
        let effects = effects(entry, input.catalog.info.engine);
        for one in effects.iter().filter(|one| one.kind == ObjectKind::Table) {
            let name = plain(&one.name);
            let makes = one.part.is_none() && one.action == Action::Create;
            match (makes, there.contains(&name)) {
                (true, true) if !one.guarded => {
                    faults.push(format!("{id} makes the table {}, which is there", one.name));
                }
                (false, false) if !one.guarded => {
                    faults.push(format!("{id} needs the table {}, which is not there", one.name));
                }
                _ => {}
            }
            if makes {
                there.insert(name);
            } else if one.part.is_none() && one.action == Action::Drop {
                there.remove(&name);
            }
        }
    }
    faults.dedup();
    (!faults.is_empty()).then(|| faults.join("; "))
}

/// What stands where a table may: statements do not say which of them they mean.
fn tables(snapshot: &Snapshot) -> BTreeSet<String> {
    const KINDS: [&str; 4] = ["table", "view", "materialized view", "foreign table"];
    let tables = snapshot.objects.keys().filter(|key| KINDS.contains(&key.kind.as_str()));
    tables.map(|key| plain(&key.name)).collect()
}

/// A name without quotes, capital letters and the schema that everybody has.
fn plain(name: &str) -> String {
    let name = name.replace('"', "").to_lowercase();
    let own = name.strip_prefix("public.").or_else(|| name.strip_prefix("main."));
    own.unwrap_or(&name).to_owned()
}

/// Why the order of the plan cannot be the one that is meant: it makes a circle with what is
/// declared, or the later migration does not find what it is for.
fn out_of_order(
    conflict: &Conflict,
    clashes: &[Clash<'_>],
    input: &PlanInput<'_>,
) -> Option<String> {
    let [first, second] = conflict.migrations.as_slice() else { return None };
    let mut edges = edges(input.catalog);
    edges.push(Edge { from: second.clone(), to: first.clone() });
    let circle =
        cycles(&edges).into_iter().find(|circle| circle.contains(first) && circle.contains(second));
    if let Some(circle) = circle {
        return Some(format!("they would need each other: {}", circle.join(" → ")));
    }
    // What was seen to run in this order found what it is for.
    let unproved = conflict.severity == Severity::Error;
    let loses = clashes.iter().any(|clash| {
        clash.loses && clash.earlier.migration.id == *first && clash.later.migration.id == *second
    });
    (unproved && loses).then(|| format!("after {first}, {second} does not find what it is for"))
}
