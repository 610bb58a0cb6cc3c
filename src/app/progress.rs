//! Progress on standard error, on a terminal only.

use std::io::Write as _;

use crate::host;
use crate::model::printable;

/// A line that is written over again and again.
pub(super) struct Progress {
    shown: bool,
    set: String,
    total: usize,
    done: usize,
}

impl Progress {
    pub(super) fn new(set: &str, total: usize) -> Self {
        Self { shown: host::stderr_is_terminal(), set: printable(set).into_owned(), total, done: 0 }
    }

    /// Says which migration runs now.
    pub(super) fn step(&mut self, id: &str) {
        self.done += 1;
        if self.shown {
            let id: String = printable(id).chars().take(60).collect();
            let Self { set, done, total, .. } = self;
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{set}: {done}/{total} {id}");
        }
    }
}

impl Progress {
    /// Says in which phase a migration is.
    pub(super) fn phase(&self, id: &str, phase: &str) {
        if self.shown {
            let id: String = printable(id).chars().take(60).collect();
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K{}: {id} {phase}", self.set);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown {
            let _ = write!(std::io::stderr().lock(), "\r\x1b[2K");
        }
    }
}
