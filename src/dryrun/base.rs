//! The base of a plan: the history that runs before anything is judged, and what is seen of it.
//! The state after it is kept between runs, and what was seen comes back with it.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{Planned, Run};
use crate::engine::EngineError;
use crate::model::{
    Bar, Barred, BrokenHistory, CannotRun, Failure, Location, Outcome, Position, RepoPath, Span,
    Step,
};

/// The history at the beginning of a plan.
pub(super) fn history<'a, 'p>(plan: &'a [Planned<'p>]) -> &'a [Planned<'p>] {
    let end = plan.iter().position(|planned| planned.position == Position::Judged);
    &plan[..end.unwrap_or(plan.len())]
}

/// What decides the state after the base of a plan: for each migration of it all that decides what
/// it does and what is seen of that. Nothing where one of them is no SQL that an engine runs.
#[must_use]
pub fn base_steps(plan: &[Planned<'_>]) -> Vec<String> {
    history(plan).iter().map(step).collect::<Option<_>>().unwrap_or_default()
}

fn step(planned: &Planned<'_>) -> Option<String> {
    let up = match &planned.migration.up {
        Step::Program(_) => return None,
        Step::Sql(script) => format!(
            "{:?}\n{:?}\n{:?}\n{:?}\n{}",
            script.path, script.sections, script.blocks, script.transaction, script.text
        ),
        Step::Foreign { path, language } => format!("{path:?}\n{language}"),
    };
    let mut said = format!("{:?}\n{:?}\n", planned.migration.id, planned.depends_on);
    // Writing to a String cannot fail.
    let _ = write!(said, "{up}");
    Some(said)
}

/// What was seen of a base.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    applied: usize,
    broken: Vec<Broken>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Broken {
    id: String,
    blocked_by: Option<String>,
    why: Why,
}

/// Why a migration of the history did not run, wherever it is tried.
#[derive(Debug, Serialize, Deserialize)]
enum Why {
    Failed(Fault),
    /// It holds what only a client understands.
    ForClients(Fault),
    CannotRun {
        reason: String,
        way_out: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
struct Fault {
    message: String,
    code: Option<String>,
    detail: Option<String>,
    hint: Option<String>,
    path: String,
    span: Option<(usize, usize)>,
}

impl From<&Failure> for Fault {
    fn from(failure: &Failure) -> Self {
        let Failure { message, code, detail, hint, location } = failure.clone();
        let path = location.path.as_str().to_owned();
        let span = location.span.map(|span| (span.start, span.end));
        Self { message, code, detail, hint, path, span }
    }
}

impl Fault {
    fn back(self) -> Option<Failure> {
        let Self { message, code, detail, hint, path, span } = self;
        let span = span.map(|(start, end)| Span::new(start, end));
        let location = Location { path: RepoPath::new(&path)?, span };
        Some(Failure { message, code, detail, hint, location })
    }
}

impl Broken {
    /// `None` for what a faster machine may see otherwise.
    fn of(broken: &BrokenHistory) -> Option<Self> {
        let why = match &broken.outcome {
            Outcome::Done
            | Outcome::TimedOut { .. }
            | Outcome::Barred(Barred { by: Bar::Sandbox, .. }) => return None,
            Outcome::Barred(Barred { by: Bar::Client, failure }) => Why::ForClients(failure.into()),
            Outcome::CannotRun(CannotRun { reason, way_out }) => {
                Why::CannotRun { reason: reason.clone(), way_out: way_out.clone() }
            }
            Outcome::Failed(failure) => Why::Failed(failure.into()),
        };
        Some(Self { id: broken.id.clone(), blocked_by: broken.blocked_by.clone(), why })
    }

    fn back(self) -> Option<BrokenHistory> {
        let outcome = match self.why {
            Why::CannotRun { reason, way_out } => Outcome::CannotRun(CannotRun { reason, way_out }),
            Why::Failed(fault) => Outcome::Failed(fault.back()?),
            Why::ForClients(fault) => {
                Outcome::Barred(Barred { by: Bar::Client, failure: fault.back()? })
            }
        };
        Some(BrokenHistory { id: self.id, outcome, blocked_by: self.blocked_by })
    }
}

impl Run<'_> {
    /// Brings the history to where the judged migrations begin: from the state that was recalled,
    /// or from nothing.
    pub(super) fn stand_on(
        &mut self,
        history: &[Planned<'_>],
        progress: &mut dyn FnMut(&str),
    ) -> Result<(), EngineError> {
        let recalled = self.recall()?;
        for (place, planned) in history.iter().enumerate() {
            progress(&planned.migration.id);
            if place >= recalled {
                self.apply(planned)?;
            }
        }
        if recalled < history.len() {
            let seen = self.seen();
            self.target.settle(seen.as_deref())?;
        }
        Ok(())
    }

    /// Takes over what was seen of the part of the history that stands already; says how much.
    fn recall(&mut self) -> Result<usize, EngineError> {
        let Some(recalled) = self.target.recalled() else { return Ok(0) };
        let seen = serde_json::from_str::<Seen>(&recalled.seen).ok().and_then(|seen| {
            let broken: Option<Vec<_>> = seen.broken.into_iter().map(Broken::back).collect();
            Some((seen.applied, broken?))
        });
        let Some((applied, broken)) = seen else {
            return Err(EngineError::Broken(
                "what is kept of the base cannot be read\n  help: remove it: migration-gate cache \
                 prune --all"
                    .into(),
            ));
        };
        self.evidence.baseline_applied = applied;
        self.broken = broken.iter().map(|broken| broken.id.clone()).collect();
        self.evidence.baseline_broken = broken;
        Ok(recalled.steps)
    }

    /// What another run has to know of the history; `None` where it could see something else.
    fn seen(&self) -> Option<String> {
        let broken = self.evidence.baseline_broken.iter().map(Broken::of);
        let broken = broken.collect::<Option<_>>()?;
        serde_json::to_string(&Seen { applied: self.evidence.baseline_applied, broken }).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_of_a_broken_base_comes_back_as_it_was() {
        let location = Location::at(RepoPath::new("a/1.sql").unwrap(), Span::new(3, 9));
        let failure = Failure {
            message: "no such table".into(),
            code: Some("42P01".into()),
            detail: None,
            hint: Some("look".into()),
            location: location.clone(),
        };
        let reason = CannotRun { reason: "r".into(), way_out: "w".into() };
        let barred = |by| Outcome::Barred(Barred { by, failure: failure.clone() });
        let foreign = barred(Bar::Client);
        let stopped = barred(Bar::Sandbox);
        for outcome in [Outcome::Failed(failure.clone()), Outcome::CannotRun(reason), foreign] {
            let broken = BrokenHistory { id: "1".into(), outcome, blocked_by: Some("0".into()) };
            let text = serde_json::to_string(&Broken::of(&broken).unwrap()).unwrap();
            let back: Broken = serde_json::from_str(&text).unwrap();
            assert_eq!(back.back().unwrap(), broken);
        }
        for outcome in [Outcome::TimedOut { location, limit: 3 }, stopped] {
            let slow = BrokenHistory { id: "1".into(), outcome, blocked_by: None };
            assert!(Broken::of(&slow).is_none(), "another machine may have more");
        }
    }
}
