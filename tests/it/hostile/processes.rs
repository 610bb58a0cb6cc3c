//! The machine's processes, as `/proc` has them: what a run started must end with it.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use migration_gate::host;

use super::arena::SECRETS;

/// A process at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    parent: u32,
    /// When it started, which tells it from a later one of the same number.
    started: u64,
    command: String,
}

impl Process {
    /// Whether its command line, its environment or its folder names this.
    pub(super) fn mentions(&self, text: &str) -> bool {
        let file = |name: &str| fs::read(format!("/proc/{}/{name}", self.pid)).unwrap_or_default();
        let folder = fs::read_link(format!("/proc/{}/cwd", self.pid)).unwrap_or_default();
        self.command.contains(text)
            || String::from_utf8_lossy(&file("environ")).contains(text)
            || folder.to_string_lossy().contains(text)
    }

    /// Whether it still runs.
    fn is_there(&self) -> bool {
        read(self.pid).is_some_and(|now| now.started == self.started)
    }
}

/// `R`, `S`, `T`, `Z` and so on.
pub(super) fn state(pid: u32) -> Option<char> {
    stat(pid).and_then(|fields| fields.first()?.chars().next())
}

/// The fields behind the name, the state first (proc_pid_stat(5)).
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// `None` for one that has ended, waited for or not.
fn read(pid: u32) -> Option<Process> {
    let fields = stat(pid)?;
    if fields.first()? == "Z" {
        return None;
    }
    let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    let (parent, started) = (fields.get(1)?.parse().ok()?, fields.get(19)?.parse().ok()?);
    Some(Process { pid, parent, started, command })
}

/// All that run now.
pub(super) fn all() -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(read).collect()
}

/// Those that are still there after some seconds. They are ended, and told.
pub(super) fn left_over(is_ours: impl Fn(&Process) -> bool) -> Vec<String> {
    let mut left = Vec::new();
    for _ in 0..30 {
        left = all().into_iter().filter(|process| is_ours(process)).collect();
        if left.is_empty() {
            return Vec::new();
        }
        host::pause(Duration::from_millis(100));
    }
    let end = |process: &Process| {
        let pid = process.pid.to_string();
        let _ = host::command("kill").args(["-s", "KILL", &pid]).status();
        format!("process {pid} still runs: {}", process.command)
    };
    left.iter().map(end).collect()
}

/// Looks at the descendants of a process while it runs.
pub(super) struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Seen>,
}

#[derive(Default)]
struct Seen {
    family: BTreeMap<u32, Process>,
    faults: Vec<String>,
}

impl Watch {
    pub(super) fn new(pid: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while !until.load(Ordering::Relaxed) {
                seen.look(pid);
                host::pause(Duration::from_millis(15));
            }
            seen
        });
        Self { over, thread }
    }

    /// What was seen that should not be, and who is still there.
    pub(super) fn faults(self) -> Vec<String> {
        self.over.store(true, Ordering::Relaxed);
        let Seen { family, mut faults } = self.thread.join().unwrap();
        faults.extend(left_over(|process| {
            family.get(&process.pid).is_some_and(|known| known.started == process.started)
                && process.is_there()
        }));
        faults
    }
}

impl Seen {
    fn look(&mut self, gate: u32) {
        for process in all() {
            let is_child = process.parent == gate || self.family.contains_key(&process.parent);
            if !is_child || self.family.get(&process.pid) == Some(&process) {
                continue;
            }
            if let Some(secret) = engine_with_secret(&process) {
                self.faults.push(format!("{} got {secret}: {}", process.pid, process.command));
            }
            self.family.insert(process.pid, process);
        }
    }
}

/// The first secret that a server got.
fn engine_with_secret(process: &Process) -> Option<&'static str> {
    let environment = fs::read(format!("/proc/{}/environ", process.pid)).unwrap_or_default();
    let environment = String::from_utf8_lossy(&environment);
    let program = process.command.split(' ').next().unwrap_or_default();
    let is_engine = program.ends_with("/postgres");
    let held = SECRETS.iter().find(|(_, secret)| is_engine && environment.contains(secret));
    held.map(|(name, _)| *name)
}
