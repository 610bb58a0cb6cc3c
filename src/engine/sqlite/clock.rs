//! How long a statement may take: SQLite asks every so many steps whether to go on.

use std::ffi::c_int;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use crate::host::{self, Stop};

/// After how many steps of its virtual machine SQLite asks: some microseconds of work.
const STEPS: c_int = 1000;

/// The clock of the statements of a session; clones are the same clock.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// When the statement under way must have ended; `None` between statements.
    deadline: Option<Instant>,
    /// Why it was told to stop.
    stopped: Option<Stop>,
}

impl Clock {
    /// Whether a statement is under way whose time ended that long ago: it is in a place where
    /// SQLite does not ask.
    #[must_use]
    pub fn is_overdue(&self, grace: Duration) -> bool {
        self.state().deadline.is_some_and(|deadline| host::now() >= deadline + grace)
    }

    /// Lets the statements of a connection ask this clock.
    pub(super) fn attach(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let clock = self.clone();
        connection.progress_handler(STEPS, Some(move || clock.must_stop()))
    }

    /// Does some work of SQLite's; where it was stopped, the reason stands beside its result.
    pub(super) fn limited<T>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T,
    ) -> (T, Option<Stop>) {
        *self.state() = State { deadline: Some(host::now() + limit), stopped: None };
        let done = work();
        let stopped = std::mem::take(&mut *self.state()).stopped;
        (done, stopped)
    }

    fn must_stop(&self) -> bool {
        let mut state = self.state();
        // What is not limited, such as our own look at the schema, goes on.
        let Some(deadline) = state.deadline else { return false };
        let reason = host::must_stop().or((host::now() >= deadline).then_some(Stop::Deadline));
        state.stopped = state.stopped.or(reason);
        state.stopped.is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
