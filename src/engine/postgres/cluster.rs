//! A throwaway server: a private folder, a Unix socket in it, and a supervisor that takes both
//! away when this process ends, however it ends.
//!
//! One server per sandbox: roles, settings and a crash then belong to that sandbox alone, and its
//! state is a folder that can be put aside and brought back as it was.

mod reins;
mod start;

use std::fs;
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use super::account::{self, Account, copy_folder};
use super::confined;
use super::errors::{no_room, said, tell, trouble};
use super::session::{self, Halt};
use super::supervisor;
use crate::engine::EngineError;
use crate::host::{self, Stop};
use reins::Reins;

/// The longest a server may take until it answers; recovery after a kill included.
const START_LIMIT: Duration = Duration::from_secs(60);
/// The longest the supervisor may take to stop the server and remove the folder.
const END_LIMIT: Duration = Duration::from_secs(5);
/// What a fresh data folder takes.
const NEEDED_KIB: u64 = 60 * 1024;

/// Speed over safety: a crash of the machine loses nothing that anyone wants. What is committed
/// must outlive a kill of the server, though, so commits do wait for their write to the log.
pub(super) const SETTINGS: [&str; 21] = [
    "listen_addresses=",
    // The socket's name has it.
    "port=5432",
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=20",
    "max_worker_processes=8",
    "autovacuum=off",
    "jit=off",
    "shared_buffers=16MB",
    "dynamic_shared_memory_type=mmap",
    "timezone=UTC",
    "log_timezone=UTC",
    // Times connections: room for changes of thousands of tables at once.
    "max_locks_per_transaction=2048",
    "logging_collector=off",
    "log_destination=stderr",
    "log_line_prefix=",
    "log_checkpoints=off",
    "unix_socket_permissions=0700",
    "track_activities=off",
];

/// The user that initdb makes.
const SUPERUSER: &str = "postgres";

/// A running throwaway server.
pub(super) struct Cluster {
    home: PathBuf,
    account: Option<Account>,
    /// Who scripts run as.
    user: &'static str,
    /// How many bytes the server may have on disk.
    disk: u64,
    reins: Arc<Reins>,
}

fn broken(what: &str) -> EngineError {
    EngineError::Broken(format!("the PostgreSQL sandbox {what}"))
}

/// An error where the run must end now.
fn go_on() -> Result<(), EngineError> {
    match host::must_stop() {
        Some(Stop::Interrupted) => Err(EngineError::Interrupted),
        Some(_) => Err(EngineError::OutOfTime),
        None => Ok(()),
    }
}

/// The end of a file, which may be long.
fn tail(path: &Path) -> std::io::Result<Vec<u8>> {
    const KEPT: u64 = 64 << 10;
    let mut file = fs::File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(KEPT)))?;
    let mut end = Vec::new();
    file.take(KEPT).read_to_end(&mut end)?;
    Ok(end)
}

/// How long a server is asked on that gives this for an answer.
fn patience(error: &postgres::Error) -> Duration {
    /// It may be on its way up or down, or still be rid of those that left.
    const MOMENT: Duration = Duration::from_secs(3);
    let not_there = |error: &dyn std::error::Error| {
        let error = error.source().and_then(|cause| cause.downcast_ref::<std::io::Error>());
        error.is_some_and(|error| {
            matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
        })
    };
    match error.code() {
        Some(&SqlState::CANNOT_CONNECT_NOW) => START_LIMIT,
        Some(&SqlState::TOO_MANY_CONNECTIONS) => MOMENT,
        Some(_) => Duration::ZERO,
        None if not_there(error) => START_LIMIT,
        None => MOMENT,
    }
}

impl Cluster {
    /// The data folder, which holds the server's socket, too: it may write nowhere else.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    fn order(&self, order: &str) -> Result<bool, EngineError> {
        self.reins.order(order)
    }

    /// Starts the server on its data folder and waits until it answers; never once the run must
    /// end.
    fn run(&self) -> Result<Client, EngineError> {
        go_on()?;
        self.order("start")?;
        self.wait_for_answer()
    }

    /// Waits until the server lets us in. One that takes a connection and never answers is ended,
    /// and with it the wait.
    fn wait_for_answer(&self) -> Result<Client, EngineError> {
        match self.reins.bounded(START_LIMIT, || self.knock()) {
            (Err(EngineError::Broken(_)), Some(Stop::Deadline)) => Err(broken("does not answer")),
            (answer, _) => answer,
        }
    }

    fn knock(&self) -> Result<Client, EngineError> {
        let started = host::now();
        let mut attempts = 0_u32;
        loop {
            let error = match self.config().connect(NoTls) {
                Ok(client) => return Ok(client),
                Err(error) => error,
            };
            attempts += 1;
            if attempts.is_multiple_of(20) && !self.order("alive")? {
                return Err(self.failure("does not start"));
            }
            go_on()?;
            if started.elapsed() >= patience(&error) {
                let said = said(&error);
                return Err(EngineError::LockedOut(format!(
                    "the PostgreSQL sandbox lets nobody in: {said}"
                )));
            }
            host::pause(Duration::from_millis(2));
        }
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        config.host_path(self.data()).user(self.user).dbname("postgres");
        config.application_name("migration-gate").options(session::OPTIONS);
        config.notice_callback(|_| {});
        config
    }

    /// A new connection.
    pub(super) fn connect(&self) -> Result<Client, EngineError> {
        self.wait_for_answer()
    }

    /// What ends the server from another thread.
    pub(super) fn halt(&self) -> Arc<dyn Halt> {
        self.reins.clone()
    }

    /// Kills the server where it stands. The data folder stays and can be started again.
    pub(super) fn kill(&self) {
        self.reins.kill();
    }

    /// Starts the server again after a kill.
    pub(super) fn revive(&self) -> Result<Client, EngineError> {
        go_on()?;
        self.kill();
        self.run()
    }

    /// Puts the whole state aside under a number; every connection must be closed first.
    pub(super) fn save(&self, number: usize) -> Result<Client, EngineError> {
        // A clean stop, since recovery after a kill would empty unlogged tables.
        if !self.order("stop")? {
            go_on()?;
            return Err(broken("cannot keep a checkpoint: its server did not stop cleanly"));
        }
        let copied = copy_folder(&self.data(), &self.saved(number), self.account);
        if copied.is_err() {
            self.discard(number);
        }
        let client = self.run()?;
        copied.map_err(|error| trouble("cannot keep a checkpoint", &error))?;
        Ok(client)
    }

    /// Stops the server, has its data folder looked at, and starts it again.
    pub(super) fn stopped<T>(
        &self,
        look: impl FnOnce(&Path) -> T,
    ) -> Result<(Client, Option<T>), EngineError> {
        // As with a checkpoint, only what was stopped cleanly is all there.
        let seen = self.order("stop")?.then(|| look(&self.data()));
        Ok((self.run()?, seen))
    }

    /// Starts the server anew, so that what was set for its next start holds.
    pub(super) fn restart(&self) -> Result<Client, EngineError> {
        self.order("stop")?;
        self.run().map_err(|error| match error {
            EngineError::Broken(what) => EngineError::LockedOut(what),
            other => other,
        })
    }

    /// Brings a state back that was put aside.
    pub(super) fn load(&self, number: usize) -> Result<Client, EngineError> {
        go_on()?;
        self.kill();
        let failed = |error| trouble("cannot restore a checkpoint", &error);
        fs::remove_dir_all(self.data()).map_err(failed)?;
        copy_folder(&self.saved(number), &self.data(), self.account).map_err(failed)?;
        self.run()
    }

    /// Gives up a state that was put aside.
    pub(super) fn discard(&self, number: usize) {
        // What cannot be removed now goes with the folder.
        let _ = fs::remove_dir_all(self.saved(number));
    }

    fn saved(&self, number: usize) -> PathBuf {
        self.home.join(format!("saved-{number}"))
    }

    /// An error; the last lines of the server's own words, with times and ids, are not for a
    /// report.
    fn failure(&self, what: &str) -> EngineError {
        let log = tail(&self.home.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
        let tail = lines[lines.len().saturating_sub(6)..].join("\n");
        // On a full disk the log itself may be cut short.
        let full = ["No space left", "quota exceeded", "Cannot allocate memory"]
            .iter()
            .any(|words| log.contains(words))
            || account::free_kib(&self.home).is_some_and(|kib| kib < NEEDED_KIB);
        if full {
            return no_room(&tail);
        }
        tell(&tail);
        broken(&format!("{what}; its own words are on standard error"))
    }

    /// What the server was ended for, where it took more than it may.
    pub(super) fn ended_for(&self) -> Option<String> {
        // Without a supervisor there is no server, and the next order says so.
        let ended_for = |bound| self.order(bound).unwrap_or(false);
        if ended_for(supervisor::OVERFULL) {
            return Some(format!("it wrote more than {} to disk", confined::size(self.disk)));
        }
        ended_for(supervisor::CROWDED)
            .then(|| format!("it started more than {} processes", supervisor::MOST_PROCESSES))
    }

    /// The private folder.
    pub(super) fn home(&self) -> &std::path::Path {
        &self.home
    }
}

#[cfg(test)]
impl Cluster {
    /// What a machine that runs out of memory may do.
    pub(super) fn kill_supervisor(&self) {
        self.reins.kill_supervisor();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The end of its orders is the supervisor's sign to clean up.
        self.reins.let_go();
        let deadline = host::now() + END_LIMIT;
        while host::now() < deadline {
            if self.reins.is_over() {
                break;
            }
            host::pause(Duration::from_millis(1));
        }
        if self.home.exists() {
            self.reins.kill_all();
            // What the server's last children write now is gone at the second try.
            for _ in 0..3 {
                if fs::remove_dir_all(&self.home).is_ok() {
                    break;
                }
                host::pause(Duration::from_millis(200));
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;
