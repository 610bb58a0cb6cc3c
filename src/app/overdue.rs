//! The last resort against a run that does not look at the clock.

use std::time::Duration;

use super::output::complain;
use crate::{host, threads};

/// How long a run may go on after its time, to say what it has found.
const GRACE: Duration = Duration::from_secs(60);
/// How often that is looked at.
const POLL: Duration = Duration::from_millis(500);

/// Ends the program where it goes on for long after the deadline of the run: while files are read,
/// nothing asks for the time, and whoever wrote them may have found what takes for ever.
pub(super) fn end_when_overdue() {
    fail::fail_point!("overdue", |_| watch(Duration::ZERO));
    watch(GRACE);
}

fn watch(grace: Duration) {
    let watcher = threads::builder().spawn(move || {
        while !host::is_overdue(grace) {
            host::pause(POLL);
        }
        complain(
            "the run goes on long after its time is over, and was ended\n  \
             help: look for a file of the change that is far larger than the others, or allow more \
             with --timeout",
        );
        host::end(3);
    });
    // Without it the run is as long as it is.
    drop(watcher);
}
