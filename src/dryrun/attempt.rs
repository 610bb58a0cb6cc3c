//! One script, walked through the lifecycle on a sandbox.

use crate::engine::{Checkpoint, EngineError, Target, TargetError};
use crate::lifecycle::{Phases, WalkEnd, drive};
use crate::model::{CannotRun, Outcome, Snapshot, StatementTrace, Work};

/// How a script's walk ended.
pub(super) enum Attempted {
    /// It ran; this is the schema it left, where that was asked for.
    Done(Snapshot),
    /// It did not, and the state before is back.
    Ended(Outcome),
}

/// What a phase has to say: the script's fault, or ours.
enum Fault {
    Theirs(Outcome),
    Ours(EngineError),
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Self::Ours(error)
    }
}

/// The script's own outcome of an error, or the sandbox's error.
pub(super) fn outcome(error: TargetError) -> Result<Outcome, EngineError> {
    Ok(match error {
        TargetError::Script(failure) => Outcome::Failed(failure),
        TargetError::TimedOut { location, limit } => Outcome::TimedOut { location, limit },
        TargetError::CannotRun(reason) => Outcome::CannotRun(reason),
        TargetError::Barred(barred) => Outcome::Barred(barred),
        TargetError::Engine(error) => return Err(error),
    })
}

struct Walked<'a> {
    target: &'a mut dyn Target,
    work: Work<'a>,
    /// The schema before; `None` where nothing is compared.
    before: Option<&'a Snapshot>,
    missing: Option<&'a str>,
    checkpoint: Option<Checkpoint>,
    after: Option<Snapshot>,
    /// Where to write what the statements are seen to do, where that is asked for.
    trace: Option<&'a mut Vec<StatementTrace>>,
}

impl Phases for Walked<'_> {
    type Fault = Fault;

    fn prepare(&mut self) -> Result<(), Fault> {
        match self.missing {
            None => Ok(()),
            Some(id) => Err(Fault::Theirs(Outcome::CannotRun(CannotRun {
                reason: format!("it depends on {id}, which did not run"),
                way_out: format!("mend {id} first"),
            }))),
        }
    }

    fn validate_pre(&mut self) -> Result<(), Fault> {
        self.checkpoint = Some(self.target.checkpoint()?);
        Ok(())
    }

    fn migrate(&mut self) -> Result<(), Fault> {
        let ran = match &mut self.trace {
            Some(trace) if let Work::Sql(script) = self.work => {
                self.target.execute_traced(script).map(|seen| **trace = seen)
            }
            _ => self.target.run(self.work),
        };
        ran.map_err(|error| match outcome(error) {
            Ok(outcome) => Fault::Theirs(outcome),
            Err(error) => Fault::Ours(error),
        })
    }

    fn validate_post(&mut self) -> Result<(), Fault> {
        if self.before.is_some() {
            self.after = Some(self.target.snapshot()?);
        }
        Ok(())
    }

    fn complete(&mut self) -> Result<(), Fault> {
        if let Some(checkpoint) = self.checkpoint.take() {
            self.target.forget(checkpoint);
        }
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), Fault> {
        let Some(checkpoint) = self.checkpoint.take() else { return Ok(()) };
        self.target.restore(&checkpoint)?;
        self.target.forget(checkpoint);
        match self.before {
            Some(before) if self.target.snapshot()? != *before => {
                Err(Fault::Ours(EngineError::Broken(
                    "the sandbox could not return to the state before a failed script".into(),
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Walks one script from the state `before`; without it, no schema is read. `missing` names a
/// dependency that did not run.
pub(super) fn attempt(
    target: &mut dyn Target,
    work: Work<'_>,
    before: Option<&Snapshot>,
    missing: Option<&str>,
) -> Result<Attempted, EngineError> {
    attempt_traced(target, work, before, missing, None)
}

/// Like [`attempt`]; writes what the statements were seen to do into `trace`.
pub(super) fn attempt_traced(
    target: &mut dyn Target,
    work: Work<'_>,
    before: Option<&Snapshot>,
    missing: Option<&str>,
    trace: Option<&mut Vec<StatementTrace>>,
) -> Result<Attempted, EngineError> {
    let mut walked = Walked { target, work, before, missing, checkpoint: None, after: None, trace };
    let walk = drive(&mut walked).map_err(|bug| EngineError::Broken(bug.to_string()))?;
    match walk.end {
        WalkEnd::Done => Ok(Attempted::Done(walked.after.take().unwrap_or_default())),
        WalkEnd::RolledBack(Fault::Theirs(outcome)) | WalkEnd::Refused(Fault::Theirs(outcome)) => {
            Ok(Attempted::Ended(outcome))
        }
        WalkEnd::RolledBack(Fault::Ours(error))
        | WalkEnd::Refused(Fault::Ours(error))
        | WalkEnd::Stuck { fault: Fault::Ours(error), .. }
        | WalkEnd::Stuck { rollback: Fault::Ours(error), .. } => Err(error),
        WalkEnd::Stuck { .. } | WalkEnd::Unnoted(_) => {
            Err(EngineError::Broken("a rollback failed".into()))
        }
    }
}
