//! `status` and `journal`: what is known of a target.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::looking_at;
use super::open::{self, Opened};
use crate::app::journal;
use crate::app::output::print;
use crate::cli::{Journal, ListFormat, Status, StatusFormat};
use crate::engine::TargetError;
use crate::error::GateError;
use crate::model::{EngineKind, Program, printable};
use crate::runner::journal::{FILE_NAME, Filter, metrics};
use crate::runner::lock::Lock;
use crate::runner::plan::{Outcome, STALE, forgotten, history};
use crate::runner::target::Strategy;
use crate::runner::tracking::{Tracked, TrackedState};
use crate::runner::{Checkpoint, Fault, FaultKind, Runner, Sight};

/// How many documents are named; the others are only counted.
const NAMED: usize = 20;

/// Where a target stands, as programs read it.
#[derive(Serialize)]
struct Standing {
    target: String,
    set: String,
    place: String,
    production: bool,
    /// One of the states of the lifecycle, or `unknown`.
    state: String,
    /// The other runner that is at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    at_work: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    way_out: Option<String>,
    applied: Vec<Applied>,
    /// What was begun and did not end, as the tracking says.
    unfinished: Vec<String>,
    pending: Vec<String>,
    checkpoints: Vec<Kept>,
    /// The folders of those that cannot be used.
    damaged_checkpoints: Vec<String>,
}

#[derive(Serialize)]
struct Applied {
    migration: String,
    /// Whether the set has it.
    known: bool,
    /// Whether the file is another than the one that ran.
    edited: bool,
}

#[derive(Serialize)]
struct Kept {
    name: String,
    before: String,
    created_at: String,
    /// Whether it holds a backup.
    backup: bool,
}

/// `status`: exit code 0 where nothing waits for a decision, else 1.
pub(super) fn status(args: &Status) -> Result<u8, GateError> {
    if args.metrics {
        let opened = open::open(&args.on)?;
        let metrics = metrics(&opened.state.join(FILE_NAME))?;
        print(&match args.format {
            StatusFormat::Plain => metrics.to_text(),
            StatusFormat::Json => metrics.to_json(),
            StatusFormat::Prometheus => metrics.to_prometheus(),
        })?;
        return Ok(0);
    }
    if args.format == StatusFormat::Prometheus {
        let help = "add --metrics, or choose plain or json";
        return Err(GateError::Usage(format!(
            "only metrics are told to Prometheus\n  help: {help}"
        )));
    }
    looking_at(&args.on, |opened, runner, doubt| {
        let standing = look(opened, runner, doubt)?;
        let text = match args.format {
            // Strings and booleans always serialise.
            StatusFormat::Json => {
                serde_json::to_string_pretty(&standing).unwrap_or_default() + "\n"
            }
            StatusFormat::Plain | StatusFormat::Prometheus => plain(&standing),
        };
        print(&text).map_err(|error| {
            Fault::new(FaultKind::Environment, error.to_string(), "see where it is to go")
        })?;
        Ok(u8::from(standing.problem.is_some()))
    })
}

/// What keeps a run from beginning: another runner ([`FaultKind::Locked`]), or what an earlier one
/// left.
pub(super) fn unready(
    opened: &Opened,
    runner: &mut Runner<'_>,
    doubt: Option<Fault>,
) -> Result<Option<Fault>, Fault> {
    match (Lock::held(&opened.state)?, doubt) {
        (Some(held), _) => Ok(Some(held)),
        (None, Some(doubt)) => Ok(Some(doubt)),
        (None, None) => runner.unfinished_run(),
    }
}

/// The documents that are not what the last migration of their schema left, each with the reason.
pub(super) fn stale(opened: &Opened, has_run: &BTreeSet<String>) -> Result<Vec<String>, Fault> {
    let Some(documents) = opened.documents() else { return Ok(Vec::new()) };
    let entries = opened.catalog().entries.iter();
    let ran = entries.filter(|entry| has_run.contains(&entry.migration.id));
    let mut schemas: BTreeMap<&str, Vec<&Program>> = BTreeMap::new();
    for program in ran.filter_map(|entry| entry.migration.up.program()) {
        schemas.entry(&program.schema).or_default().push(program);
    }
    let mut stale = Vec::new();
    for programs in schemas.values() {
        let Some(last) = programs.last() else { continue };
        let before = programs.iter().map(|program| program.from.as_str()).collect();
        match documents.stale(last, &before) {
            Ok(found) => stale.extend(found.iter().map(|(path, why)| format!("{path}: {why}"))),
            // The contract does not hold its versions any more.
            Err(TargetError::CannotRun(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if let more @ 1.. = stale.len().saturating_sub(NAMED) {
        stale.truncate(NAMED);
        stale.push(format!("and {more} more documents"));
    }
    Ok(stale)
}

/// What waits for a decision on a target that nobody is at work on.
fn problem(
    opened: &Opened,
    runner: &mut Runner<'_>,
    sight: &Sight,
) -> Result<Option<Fault>, Fault> {
    let history = history(&sight.history);
    if history.outcome == Outcome::Failed {
        return Ok(Some(history.fault()));
    }
    let stale = stale(opened, &sight.applied())?;
    if !stale.is_empty() {
        return Ok(Some(Fault::new(FaultKind::Conflict, stale.join("\n"), STALE)));
    }
    let engine = opened.catalog().info.engine;
    let lost = forgotten(engine, runner.standing().left.as_ref(), &sight.history);
    let has_drifted = engine != EngineKind::Documents && runner.has_drifted()?;
    let drifted = || "the target was changed since the last run, and by no migration".to_owned();
    Ok(lost.or_else(|| has_drifted.then(drifted)).map(|what| {
        let help = "`migration-gate plan` says what to do about it";
        Fault::new(FaultKind::Conflict, what, help)
    }))
}

fn look(opened: &Opened, runner: &mut Runner<'_>, doubt: Option<Fault>) -> Result<Standing, Fault> {
    let sight = runner.sight()?;
    let is_doubtful = doubt.is_some();
    let (at_work, problem) = match unready(opened, runner, doubt)? {
        Some(fault) if fault.kind == FaultKind::Locked => (Some(fault.what), None),
        Some(fault) => (None, Some(fault)),
        None => (None, problem(opened, runner, &sight)?),
    };
    let (unfinished, ran): (Vec<&Tracked>, Vec<&Tracked>) =
        sight.history.iter().partition(|one| one.state == TrackedState::Unfinished);
    let is_known = |id: &String| sight.history.iter().any(|one| one.id.as_ref() == Some(id));
    let entries = &opened.catalog().entries;
    let ids = entries.iter().map(|entry| entry.migration.id.clone());
    let (checkpoints, damaged) = runner.ready_checkpoints()?;
    Ok(Standing {
        target: opened.name.clone(),
        set: opened.catalog().info.name.clone(),
        place: sight.place.clone(),
        production: opened.production,
        state: if is_doubtful { "unknown".into() } else { runner.state().name().into() },
        at_work,
        problem: problem.as_ref().map(|fault| fault.what.clone()),
        way_out: problem.map(|fault| fault.way_out),
        applied: ran.into_iter().map(applied).collect(),
        unfinished: unfinished.into_iter().map(name).collect(),
        pending: ids.filter(|id| !is_known(id)).collect(),
        checkpoints: checkpoints.iter().map(kept).collect(),
        damaged_checkpoints: damaged,
    })
}

fn name(tracked: &Tracked) -> String {
    tracked.id.as_ref().unwrap_or(&tracked.name).clone()
}

fn applied(tracked: &Tracked) -> Applied {
    Applied { migration: name(tracked), known: tracked.id.is_some(), edited: tracked.edited }
}

fn kept(checkpoint: &Checkpoint) -> Kept {
    Kept {
        name: checkpoint.name.clone(),
        before: checkpoint.migration.clone(),
        created_at: checkpoint.created_at.to_string(),
        backup: checkpoint.strategy == Strategy::Backup,
    }
}

fn plain(standing: &Standing) -> String {
    let Standing { target, set, place, state, .. } = standing;
    let production = if standing.production { "production" } else { "not production" };
    let mut lines = vec![format!("{target}: {place} ({production}), set {set}, {state}")];
    lines.extend(standing.at_work.clone());
    if let Some(problem) = &standing.problem {
        lines.push(format!("problem: {problem}"));
        lines.extend(standing.way_out.iter().map(|way_out| format!("  help: {way_out}")));
    }
    lines.push(format!("{} applied", standing.applied.len()));
    for one in &standing.applied {
        let mut marks = Vec::new();
        marks.extend((!one.known).then_some("not in the set"));
        marks.extend(one.edited.then_some("edited since it ran"));
        let marks =
            if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
        lines.push(format!("  {}{marks}", one.migration));
    }
    if !standing.unfinished.is_empty() {
        lines.push(format!("{} begun and not ended", standing.unfinished.len()));
        lines.extend(standing.unfinished.iter().map(|id| format!("  {id}")));
    }
    lines.push(format!("{} pending", standing.pending.len()));
    lines.extend(standing.pending.iter().map(|id| format!("  {id}")));
    lines.push(match standing.checkpoints.len() {
        1 => "1 checkpoint".to_owned(),
        more => format!("{more} checkpoints"),
    });
    for one in &standing.checkpoints {
        let what = if one.backup { "" } else { ", no backup: its transaction was the way back" };
        // To the second: people read this.
        let at = one
            .created_at
            .parse()
            .map_or_else(|_| one.created_at.clone(), |at: jiff::Timestamp| format!("{at:.0}"));
        lines.push(format!("  {}  {at}{what}", one.name));
    }
    for name in &standing.damaged_checkpoints {
        lines.push(format!("  {name} is damaged: bring its folder back from a copy, or remove it"));
    }
    lines.iter().map(|line| format!("{}\n", shown(line))).collect()
}

/// A line with what is not printable spelled out; line ends stay.
fn shown(line: &str) -> String {
    line.split('\n').map(|part| printable(part).into_owned()).collect::<Vec<_>>().join("\n")
}

/// `journal show` and `journal verify`.
pub(super) fn journal(action: &Journal) -> Result<u8, GateError> {
    match action {
        Journal::Show { on, migration, last, format } => {
            let opened = open::open(on)?;
            let filter = Filter { migration: migration.clone(), last: *last };
            let json = *format == ListFormat::Json;
            journal::show(&opened.state.join(FILE_NAME), &filter, json)
        }
        Journal::Verify { on } => {
            let opened = open::open(on)?;
            journal::verify(&opened.state.join(FILE_NAME), false)
        }
    }
}
