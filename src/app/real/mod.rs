//! The commands on real targets.

mod apply;
mod back;
mod doctrine;
mod open;
mod status;

use std::path::Path;

use jiff::Timestamp;

use super::output::complain;
use crate::catalog::SetCatalog;
use crate::cli::{OnTarget, Runner as Command};
use crate::error::GateError;
use crate::host;
use crate::model::line_column;
use crate::runner::disk::{Disk as _, RealDisk};
use crate::runner::lock::Lock;
use crate::runner::{Fault, Parts, Runner};
use open::Opened;

/// Runs one of the commands.
pub(super) fn run(command: &Command) -> Result<u8, GateError> {
    match command {
        Command::Plan(args) => apply::plan(args),
        Command::Apply(args) => apply::apply(args),
        Command::Status(args) => status::status(args),
        Command::Rollback(args) => back::roll_back(args),
        Command::Resolve(args) => back::resolve(args),
        Command::Journal { action } => status::journal(action),
    }
}

/// What a command does with a runner, and with what is doubtful about its state.
type Work<'w> = dyn FnOnce(&Opened, &mut Runner<'_>, Option<Fault>) -> Result<u8, Fault> + 'w;

/// Keeps other runners out and hands a runner to `work`.
fn with_runner(
    on: &OnTarget,
    work: impl FnOnce(&Opened, &mut Runner<'_>, Option<Fault>) -> Result<u8, Fault>,
) -> Result<u8, GateError> {
    let opened = open::open(on)?;
    let lock = Lock::take(&opened.state)?;
    ignored_by_git(&opened.state)?;
    // Targets with states of their own may hold the same documents.
    let shared = opened.root().map(|root| root.join(open::STATE));
    let shared = shared.filter(|folder| *folder != opened.state);
    let _root = shared.as_deref().map(Lock::take).transpose()?;
    shared.as_deref().map(ignored_by_git).transpose()?;
    run_with(&opened, on, Some(lock), Box::new(work))
}

/// Hands a runner to `work` that looks and does not touch.
fn looking_at(
    on: &OnTarget,
    work: impl FnOnce(&Opened, &mut Runner<'_>, Option<Fault>) -> Result<u8, Fault>,
) -> Result<u8, GateError> {
    run_with(&open::open(on)?, on, None, Box::new(work))
}

fn run_with(
    opened: &Opened,
    on: &OnTarget,
    lock: Option<Lock>,
    work: Box<Work<'_>>,
) -> Result<u8, GateError> {
    let disk = RealDisk;
    let migrations = opened.migrations();
    let mut target = opened.connect(on, &migrations, &disk, lock.is_some())?;
    let progress = super::progress::Progress::new(&opened.name, 0);
    let clock: fn() -> Timestamp = host::wall_clock;
    let parts = Parts {
        disk: &disk,
        folder: &opened.state,
        lock,
        target: &mut *target,
        entries: &opened.catalog().entries,
        clock: &clock,
        context: opened.context(),
        keep: opened.keep,
        has_moved: on.moved,
        progress: &mut |id, state| progress.phase(id, state.name()),
    };
    let done = Runner::open(parts).and_then(|(mut runner, doubt)| work(opened, &mut runner, doubt));
    done.map_err(|fault| located(fault, opened).into())
}

/// Backups are no part of a repository.
fn ignored_by_git(state: &Path) -> Result<(), Fault> {
    let file = state.join(".gitignore");
    match RealDisk.kind(&file) {
        Ok(Some(_)) => Ok(()),
        Ok(None) => {
            RealDisk.create(&file, b"*\n", None).map_err(|error| Fault::file(&file, &error))
        }
        Err(error) => Err(Fault::file(&file, &error)),
    }
}

/// A fault with the file, the line and the column of its place in front.
fn located(mut fault: Fault, opened: &Opened) -> Fault {
    if let Some(location) = fault.location.take() {
        let catalog: &SetCatalog = opened.catalog();
        let location = catalog.as_written(location);
        let text = opened.gathered.comparison.head.file(&location.path).ok().flatten();
        let text = text.as_ref().and_then(|entry| std::str::from_utf8(&entry.bytes).ok());
        let place = match (location.span, text) {
            (Some(span), Some(text)) if span.start <= text.len() => {
                let (line, column) = line_column(text, span.start);
                format!("{}:{line}:{column}", location.path)
            }
            _ => location.path.to_string(),
        };
        fault.what = format!("{place}: {}", fault.what);
    }
    fault
}

/// Says what was done with what an earlier run left.
fn tell(notices: &[String]) {
    for notice in notices {
        complain(notice);
    }
}
