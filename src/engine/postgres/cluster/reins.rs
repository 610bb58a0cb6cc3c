//! The hold on a supervisor: orders, and the end of all that it started. A watchdog has one, too.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::super::session::Halt;
use super::broken;
use crate::engine::EngineError;
use crate::host::{self, Stop};

/// The longest the supervisor may take for one order; initdb on a slow disk is the slowest.
const ORDER_LIMIT: Duration = Duration::from_secs(60);
/// The longest an order may still take once the run must end.
const GRACE: Duration = Duration::from_secs(4);

/// The supervisor's two ends.
struct Link {
    orders: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

/// A supervisor and the way to it.
pub(super) struct Reins {
    supervisor: Mutex<Child>,
    link: Mutex<Link>,
}

impl Reins {
    pub(super) fn new(supervisor: Child, orders: ChildStdin, replies: ChildStdout) -> Self {
        let link = Link { orders: Some(orders), replies: BufReader::new(replies) };
        Self { supervisor: Mutex::new(supervisor), link: Mutex::new(link) }
    }

    /// Gives the supervisor an order and waits for its answer.
    pub(super) fn order(&self, order: &str) -> Result<bool, EngineError> {
        let mut link = self.link.lock().unwrap_or_else(PoisonError::into_inner);
        let Link { orders: Some(orders), replies } = &mut *link else {
            return Err(broken("lost its supervisor"));
        };
        let talk = || {
            writeln!(orders, "{order}")?;
            let mut reply = String::new();
            replies.read_line(&mut reply)?;
            Ok::<_, std::io::Error>(reply)
        };
        match self.bounded(ORDER_LIMIT, talk) {
            (_, Some(Stop::Deadline)) => Err(broken("hangs")),
            (Ok(reply), _) if !reply.is_empty() => Ok(reply.trim() == "0"),
            _ => Err(broken("lost its supervisor")),
        }
    }

    /// Does something that waits for the supervisor or the server, and kills both where it takes
    /// too long.
    pub(super) fn bounded<T>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T,
    ) -> (T, Option<Stop>) {
        // Orders are short and some clean up: a run that must end still gives them a moment.
        let deadline = host::now() + limit;
        let asked: OnceLock<Instant> = OnceLock::new();
        let killed = AtomicBool::new(false);
        let give_up = || {
            let now = host::now();
            let late = now >= deadline || now >= *asked.get_or_init(|| now) + GRACE;
            if late && !killed.swap(true, Ordering::Relaxed) {
                self.kill_all();
            }
        };
        host::watched(limit, give_up, work)
    }

    /// Kills the supervisor and all that it started; the last resort.
    pub(super) fn kill_all(&self) {
        let pid = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).id();
        // Children of the server are in groups of their own: QUIT is passed on to them by it.
        let script = "kill -s QUIT -- \"-$1\"; sleep 0.3; kill -s KILL -- \"-$1\"";
        let _ = host::command("/bin/sh")
            .args(["-c", script, "sh", &pid.to_string()])
            .stderr(Stdio::null())
            .status();
    }

    /// Gives no more orders, which is the supervisor's sign to clean up.
    pub(super) fn let_go(&self) {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).orders = None;
    }

    /// Whether the supervisor has ended.
    pub(super) fn is_over(&self) -> bool {
        let mut child = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(child.try_wait(), Ok(None))
    }

    /// What a machine that runs out of memory may do.
    #[cfg(test)]
    pub(super) fn kill_supervisor(&self) {
        self.supervisor.lock().unwrap().kill().unwrap();
    }
}

impl Halt for Reins {
    fn kill(&self) {
        // An error means that the supervisor is gone, and the server with it.
        let _ = self.order("kill");
    }
}
