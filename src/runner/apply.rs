//! Forward: the steps of a plan, one walk after the other.

use super::run::Runner;
use super::target::Direction;
use super::walk::{Permit, Walker, has_drifted};
use super::{Fault, FaultKind};
use crate::host::{self, Stop};
use crate::model::printable;

impl Runner<'_> {
    /// Applies these migrations, by their ids, in this order. `permit` is asked right before each.
    /// Answers with how many ran; the first that does not ends it.
    ///
    /// # Errors
    /// The number that ran before, and why the next did not.
    pub fn apply(
        &mut self,
        ids: &[String],
        permit: &Permit<'_>,
    ) -> Result<usize, (usize, Box<Fault>)> {
        let prepared = if ids.is_empty() { Ok(()) } else { self.target.prepare() };
        prepared.map_err(|fault| (0, Box::new(fault)))?;
        for (done, id) in ids.iter().enumerate() {
            let walked = unstopped().and_then(|()| self.entry(id)).and_then(|entry| {
                Walker::new(self, entry, Direction::Up, permit).walk().map(|_| ())
            });
            walked.map_err(|fault| (done, Box::new(fault)))?;
        }
        Ok(ids.len())
    }

    /// Whether the target is not what the last run left there, although its tracking says that
    /// nothing ran since.
    ///
    /// # Errors
    /// When the target cannot be looked at.
    pub fn has_drifted(&mut self) -> Result<bool, Fault> {
        let seen = self.look()?;
        Ok(has_drifted(self.standing.left.as_ref(), &seen))
    }

    /// Takes the target as it is now for what the next run is to find.
    ///
    /// # Errors
    /// When the target cannot be looked at, or that cannot be noted.
    pub fn accept_target(&mut self) -> Result<(), Fault> {
        let left = self.look()?.left();
        self.standing.left = Some(left);
        self.file.write(&self.standing)
    }
}

/// Between two migrations is the place to stop.
pub(super) fn unstopped() -> Result<(), Fault> {
    match host::must_stop() {
        None => Ok(()),
        Some(Stop::Interrupted) => Err(Fault::new(
            FaultKind::Interrupted,
            "interrupted between two migrations",
            "what ran stays; run again for the rest",
        )),
        Some(_) => Err(Fault::new(
            FaultKind::Environment,
            "the whole run took longer than its limit, between two migrations",
            "what ran stays; run again for the rest, with a longer --timeout",
        )),
    }
}

/// Names of migrations for a message.
pub(super) fn listed(ids: &[String]) -> String {
    let shown: Vec<String> = ids.iter().map(|id| printable(id).into_owned()).collect();
    shown.join(", ")
}
