//! What must hold before anything runs.

use std::collections::BTreeSet;

use super::conflict::Conflict;
use super::impact::evidence;
use super::make::{PlanInput, Rehearsal, Tried};
use super::resolution::Resolution;
use super::wire::{Check, CheckName, Outcome};
use crate::catalog::Entry;
use crate::model::{Barred, EngineKind, Kind, Outcome as Seen, Step, printable};
use crate::runner::Fault;
use crate::runner::target::Strategy;
use crate::runner::tracking::{Tracked, TrackedState};

/// What to do about documents that are not what the last migration left.
pub const STALE: &str = "`migration-gate rollback` brings record and documents back together, then \
                         apply again; or mend the documents";

/// All checks but that of conflicts, in the order in which they are told.
pub(super) fn checks(input: &PlanInput<'_>) -> Vec<Check> {
    let mut checks =
        vec![history(input.history), checksums(input), dependencies(input), rehearsal(input)];
    if input.catalog.info.engine == EngineKind::Documents {
        checks.push(documents(input));
    }
    checks.push(room(input));
    checks
}

/// A check that fails where there are faults.
fn held(name: CheckName, faults: &[String], way_out: &str) -> Check {
    let failed = !faults.is_empty();
    let outcome = if failed { Outcome::Failed } else { Outcome::Passed };
    let details = faults.iter().map(|fault| printable(fault).into_owned()).collect();
    Check { name, outcome, details, way_out: failed.then(|| way_out.to_owned()) }
}

impl Check {
    /// What was found elsewhere, a check for each fault; one that holds where there is none.
    #[must_use]
    pub fn of(name: CheckName, outcome: Outcome, faults: &[Fault]) -> Vec<Self> {
        if faults.is_empty() {
            return vec![held(name, &[], "")];
        }
        let check = |fault: &Fault| Self {
            name,
            outcome,
            details: fault.what.lines().map(|line| printable(line.trim()).into_owned()).collect(),
            way_out: Some(fault.way_out.clone()),
        };
        faults.iter().map(check).collect()
    }
}

fn not_known(name: CheckName, why: &str, way_out: &str) -> Check {
    let details = vec![printable(why).into_owned()];
    Check { name, outcome: Outcome::NotKnown, details, way_out: Some(way_out.to_owned()) }
}

/// The check of what the target says has run.
#[must_use]
pub fn history(history: &[Tracked]) -> Check {
    let half = history.iter().filter(|row| row.state == TrackedState::Unfinished);
    let faults = half.map(|row| format!("{} was begun, and nothing says that it ended", row.name));
    let help = "look at the target, mend it, and say so: `migration-gate resolve MIGRATION --as \
                applied|rolled-back --reason … --by …`";
    held(CheckName::History, &faults.collect::<Vec<_>>(), help)
}

/// Migrations that ran and hold something else now; what runs whenever it changes may.
pub(super) fn edited<'a>(input: &PlanInput<'a>) -> impl Iterator<Item = &'a Entry> {
    let rows = input.history.iter().filter(|row| row.edited);
    let entries = rows.filter_map(|row| input.catalog.entry(row.id.as_deref()?));
    entries.filter(|entry| entry.migration.kind == Kind::Versioned)
}

fn checksums(input: &PlanInput<'_>) -> Check {
    let faults = edited(input)
        .map(|entry| format!("{} was edited after it ran on the target", entry.migration.id));
    let help = "bring back the files as they ran, and write a new migration for what is to change";
    held(CheckName::Checksums, &faults.collect::<Vec<_>>(), help)
}

/// What runs finds what it needs, and so did what has run.
fn dependencies(input: &PlanInput<'_>) -> Check {
    let done = input.history.iter().filter(|row| row.state == TrackedState::Applied);
    let done: Vec<&str> =
        done.flat_map(|row| [Some(row.name.as_str()), row.id.as_deref()]).flatten().collect();
    let mut there: BTreeSet<&str> = done.iter().copied().collect();
    let mut faults = Vec::new();
    for entry in input.queue.iter().map(|one| one.entry) {
        let needs = entry.depends_on();
        for id in needs.iter().filter(|id| !there.contains(id.as_str())) {
            faults.push(format!("{} needs {id}, which has not run before it", entry.migration.id));
        }
        there.insert(&entry.migration.id);
    }
    let ran = input.catalog.entries.iter();
    for entry in ran.filter(|entry| done.contains(&entry.migration.id.as_str())) {
        let needs = entry.depends_on();
        for id in needs.iter().filter(|id| !there.contains(id.as_str())) {
            faults.push(format!("{} has run and needs {id}, which has not", entry.migration.id));
        }
    }
    let help = "apply what is needed as well, or correct `depends_on`";
    held(CheckName::Dependencies, &faults, help)
}

/// Whether a migration was seen to run after those that run before it.
pub(super) fn is_proved(entry: &Entry, input: &PlanInput<'_>) -> bool {
    let tried = input.facts.get(&entry.migration.id).map(|facts| &facts.tried);
    tried == Some(&Tried::Ran)
        || evidence(entry, input).is_some_and(|seen| seen.up.outcome.is_done())
}

/// Why a migration cannot run, as far as that was seen.
fn refusal(entry: &Entry, input: &PlanInput<'_>) -> Option<String> {
    let id = &entry.migration.id;
    if let Step::Foreign { language, .. } = &entry.migration.up {
        return Some(format!("{id} is {language}, which only its own tool can run"));
    }
    if let Some(Tried::Refused(why)) = input.facts.get(id).map(|facts| &facts.tried) {
        return Some(format!("{id}: {why}"));
    }
    match &evidence(entry, input)?.up.outcome {
        Seen::Failed(failure) | Seen::Barred(Barred { failure, .. }) => {
            Some(format!("{id}: {}", failure.message))
        }
        Seen::TimedOut { limit, .. } => {
            Some(format!("{id}: a statement was stopped after {limit} s"))
        }
        // What the sandbox cannot run, the target may.
        Seen::Done | Seen::CannotRun(_) => None,
    }
}

fn rehearsal(input: &PlanInput<'_>) -> Check {
    let entries = || input.queue.iter().map(|one| one.entry);
    let faults: Vec<String> = entries().filter_map(|entry| refusal(entry, input)).collect();
    let help = "mend the migration and prove it with `migration-gate check`";
    let unproved: Vec<&str> = entries()
        .filter(|entry| !is_proved(entry, input))
        .map(|entry| entry.migration.id.as_str())
        .collect();
    if !faults.is_empty() || unproved.is_empty() {
        return held(CheckName::Rehearsal, &faults, help);
    }
    let why = match input.rehearsal {
        Rehearsal::NotDone(reason) => reason.to_owned(),
        Rehearsal::Seen(_) => format!("these were not seen to run: {}", unproved.join(", ")),
    };
    not_known(CheckName::Rehearsal, &why, "`migration-gate check` tries every migration")
}

fn documents(input: &PlanInput<'_>) -> Check {
    if !input.stale.is_empty() {
        return held(CheckName::Documents, input.stale, STALE);
    }
    let invalid = input.queue.iter().flat_map(|one| {
        let id = &one.entry.migration.id;
        let facts = input.facts.get(id);
        facts
            .into_iter()
            .flat_map(|facts| &facts.invalid)
            .map(move |why| format!("after {id} this would not be valid: {why}"))
    });
    let help = "mend the migration or the documents, so that each is valid by its schema";
    held(CheckName::Documents, &invalid.collect::<Vec<_>>(), help)
}

/// Checkpoints are kept, so that each needs room of its own.
fn room(input: &PlanInput<'_>) -> Check {
    let sizes: Vec<(&str, Option<u64>)> = input
        .queue
        .iter()
        .filter_map(|one| {
            Some((&*one.entry.migration.id, input.facts.get(&one.entry.migration.id)?))
        })
        .filter(|(_, facts)| facts.strategy == Some(Strategy::Backup))
        .map(|(id, facts)| (id, facts.checkpoint_bytes))
        .collect();
    let known = sizes.iter().filter_map(|(_, bytes)| *bytes);
    let needed = known.fold(0_u64, u64::saturating_add);
    let untold: Vec<&str> =
        sizes.iter().filter(|(_, bytes)| bytes.is_none()).map(|(id, _)| *id).collect();
    let help = "make room where the state is kept, or name another folder with `state`";
    match input.free_bytes {
        Some(free) if needed > free => {
            let fault = format!("the checkpoints take about {needed} bytes, and {free} are free");
            held(CheckName::Room, &[fault], help)
        }
        None if !sizes.is_empty() => {
            not_known(CheckName::Room, "how much is free is not known", help)
        }
        Some(_) if !untold.is_empty() => {
            let why = format!("how much these take is not known: {}", untold.join(", "));
            not_known(CheckName::Room, &why, help)
        }
        _ => held(CheckName::Room, &[], help),
    }
}

/// The check of conflicts that are not resolved.
pub(super) fn open_conflicts(conflicts: &[Conflict]) -> Check {
    let open: Vec<&Conflict> = conflicts.iter().filter(|conflict| conflict.blocks()).collect();
    let what: Vec<String> = open.iter().map(|conflict| conflict.what.clone()).collect();
    let words = open.iter().flat_map(|conflict| {
        let word = |one: &Resolution| format!("{}={}", conflict.kind.name(), one.name());
        conflict.resolutions.iter().map(word)
    });
    let words: BTreeSet<String> = words.collect();
    let mut help = "`migration-gate plan` says of each conflict what to do".to_owned();
    for word in words {
        help.push_str(&format!("; --on-conflict {word} goes on where it is right"));
    }
    held(CheckName::Conflicts, &what, &help)
}
