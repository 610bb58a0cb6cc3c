//! Keeps a throwaway server: takes orders on standard input, one a line, and answers each with 0
//! or 1. When they end, because the parent said so or died, or when a signal says so, it ends the
//! server with all that ever came of it, and removes the folder.
//!
//! It is a process of its own, so that it outlives its parent, and runs as the server's user. What
//! the server leaves behind falls to it, however it was left, and not to the machine.

mod processes;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::confine::{Disk, Policy};
use crate::engine::EngineError;
use crate::host;

/// The hidden command under which this program is the supervisor.
pub(super) const COMMAND: &str = "keep-server";

/// The orders that ask whether the server was ended for a bound: it had too much on disk, or too
/// many processes.
pub(super) const OVERFULL: &str = "overfull";
pub(super) const CROWDED: &str = "crowded";

/// How many processes a server may have: with every connection and worker there are, it has half
/// as many.
pub(super) const MOST_PROCESSES: usize = 100;

/// How often it looks at the disk and the processes.
const LOOK: Duration = Duration::from_millis(100);
/// How long a clean stop may take, which writes everything down.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// How long a server may take to heed its end.
const KILL_LIMIT: Duration = Duration::from_secs(3);
/// A signal that comes before the server listens is lost, so it is sent again.
const AGAIN: Duration = Duration::from_millis(100);

/// What the parent asks for: one argument, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Job {
    /// The private folder; removed in the end.
    pub(super) home: PathBuf,
    /// The program that makes a data folder, and its flags.
    pub(super) initdb: PathBuf,
    pub(super) init_flags: Vec<String>,
    /// The server's program, and its flags.
    pub(super) postgres: PathBuf,
    pub(super) flags: Vec<String>,
    /// What the server may do; everything where there is none.
    pub(super) policy: Option<Policy>,
    /// How many bytes the server may have on disk.
    pub(super) disk: u64,
}

/// Does the job until its end.
///
/// # Errors
/// When the job cannot be read, or the folder's disk not be looked at.
pub fn keep_server(job: &str) -> Result<(), EngineError> {
    let broken = |why: String| EngineError::Broken(format!("no server is kept: {why}"));
    let job: Job = serde_json::from_str(job).map_err(|error| broken(error.to_string()))?;
    let mut keeper = Keeper::new(job).map_err(|error| broken(error.to_string()))?;
    keeper.serve();
    keeper.clean();
    Ok(())
}

struct Keeper {
    job: Job,
    server: Option<Child>,
    disk: Disk,
    /// The bound for which the server was ended, while nobody has asked yet.
    ended_for: Option<&'static str>,
    /// Set by a signal.
    told_to_end: Arc<AtomicBool>,
}

impl Keeper {
    fn new(job: Job) -> io::Result<Self> {
        let told_to_end = Arc::default();
        for signal in signal_hook::consts::TERM_SIGNALS.iter().chain([&signal_hook::consts::SIGHUP])
        {
            signal_hook::flag::register(*signal, Arc::clone(&told_to_end))?;
        }
        processes::adopt_orphans();
        // A confined server cannot set modes, so files are born with the right ones.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        let disk = Disk::new(job.home.join("data"), job.disk)?;
        Ok(Self { job, server: None, disk, ended_for: None, told_to_end })
    }

    /// Carries out orders until there are no more.
    fn serve(&mut self) {
        let orders = orders();
        while !self.told_to_end.load(Ordering::Relaxed) {
            match orders.recv_timeout(LOOK) {
                Ok(order) => {
                    let done = self.carry_out(&order);
                    let said = writeln!(io::stdout(), "{}", u8::from(!done));
                    // Nobody listens any more.
                    if said.is_err() {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look();
        }
    }

    fn carry_out(&mut self, order: &str) -> bool {
        match order {
            "init" => self.initialize().is_ok_and(|status| status.success()),
            "start" => self.start().is_ok(),
            "alive" => {
                self.server.as_mut().is_some_and(|server| matches!(server.try_wait(), Ok(None)))
            }
            // A clean stop writes everything down, which may take its time.
            "stop" => self.halt(Signal::INT, STOP_LIMIT),
            "kill" => self.halt(Signal::QUIT, KILL_LIMIT),
            OVERFULL | CROWDED => self.ended_for.take_if(|bound| *bound == order).is_some(),
            _ => false,
        }
    }

    fn log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(self.job.home.join("log"))
    }

    /// A command whose words go to the log.
    fn logged(&self, command: &mut Command) -> io::Result<Child> {
        let log = self.log()?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
    }

    /// Makes the data folder. It needs a shell and reads nothing of a stranger's: not confined.
    fn initialize(&self) -> io::Result<ExitStatus> {
        let mut command = host::command(&self.job.initdb);
        command.arg("-D").arg(self.job.home.join("data")).args(&self.job.init_flags);
        let mut child = self.logged(&mut command)?;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if self.told_to_end.load(Ordering::Relaxed) {
                child.kill()?;
            }
            host::pause(Duration::from_millis(2));
        }
    }

    fn start(&mut self) -> io::Result<()> {
        self.halt(Signal::QUIT, KILL_LIMIT);
        let postgres = &self.job.postgres;
        let mut command = match &self.job.policy {
            Some(policy) => policy
                .command(postgres)
                .ok_or_else(|| io::Error::other("the server cannot be confined"))?,
            None => host::command(postgres),
        };
        let data = self.job.home.join("data");
        command.arg("-D").arg(&data).arg("-k").arg(&data).args(&self.job.flags);
        self.server = Some(self.logged(&mut command)?);
        Ok(())
    }

    /// Ends a server that has more on disk, or more processes, than it may.
    fn look(&mut self) {
        if self.server.is_none() {
            return;
        }
        let overfull = self.disk.is_overfull().then_some(OVERFULL);
        let crowded = || (processes::descendants().len() > MOST_PROCESSES).then_some(CROWDED);
        if let Some(bound) = overfull.or_else(crowded) {
            self.ended_for = Some(bound);
            processes::end_all();
            self.halt(Signal::KILL, KILL_LIMIT);
        }
    }

    /// Ends the server by a signal, and by force where it does not heed that in time; then
    /// whatever it left behind. Answers whether it ended well.
    fn halt(&mut self, signal: Signal, limit: Duration) -> bool {
        let Some(mut server) = self.server.take() else { return true };
        let ended = wait_for(&mut server, signal, limit, &self.told_to_end);
        processes::end_all();
        let ended = ended.or_else(|| server.wait().ok());
        ended.is_some_and(|status| status.success())
    }

    /// Ends everything and removes the folder.
    fn clean(&mut self) {
        self.halt(Signal::QUIT, KILL_LIMIT);
        processes::end_all();
        let home = &self.job.home;
        if fs::remove_dir_all(home).is_err() && home.exists() {
            // Folders that are closed to their own user, or too deep for paths.
            let _ = host::command("chmod").args(["-R", "u+rwx", "--"]).arg(home).status();
            let _ = host::command("rm").args(["-rf", "--"]).arg(home).status();
        }
    }
}

/// The lines of standard input, read beside everything else.
fn orders() -> Receiver<String> {
    let (send, orders) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if send.send(line).is_err() {
                break;
            }
        }
    });
    orders
}

/// Sends a process a signal, again and again, until it ends; `None` where it does not in time. A
/// sign that everything must end shortens the time.
fn wait_for(
    server: &mut Child,
    signal: Signal,
    limit: Duration,
    told_to_end: &AtomicBool,
) -> Option<ExitStatus> {
    let pid = Pid::from_child(server);
    let started = host::now();
    let mut sent: Option<Instant> = None;
    loop {
        // Asked first, so that no number that went to somebody else is signalled.
        match server.try_wait() {
            Ok(None) => {}
            Ok(status) => return status,
            Err(_) => return None,
        }
        let limit = if told_to_end.load(Ordering::Relaxed) { limit.min(KILL_LIMIT) } else { limit };
        if started.elapsed() >= limit {
            return None;
        }
        if sent.is_none_or(|moment| moment.elapsed() >= AGAIN) {
            // One that ended by now is noticed at the next turn.
            let _ = kill_process(pid, signal);
            sent = Some(host::now());
        }
        host::pause(Duration::from_millis(1));
    }
}
