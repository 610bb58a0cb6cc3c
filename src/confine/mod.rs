//! What a process that runs a stranger's code may still do: which files it may reach, which
//! system calls it may make, how much it may take.
//!
//! A process cannot be confined from outside without privileges, so it confines itself and then
//! becomes the program in question: this program under the hidden command [`COMMAND`], with the
//! [`Policy`] as its first argument. The kernel keeps the bounds from then on, over every program
//! and child that follows, and nothing takes them back.
//!
//! Linux only: Landlock (<https://docs.kernel.org/userspace-api/landlock.html>) and seccomp. Where
//! the kernel lacks what is needed, nothing is done by halves: [`support`] says so beforehand, and
//! entering fails.

mod disk;
#[cfg(not(target_os = "linux"))]
mod elsewhere;
mod excess;
#[cfg(target_os = "linux")]
mod kernel;
mod limits;
#[cfg(target_os = "linux")]
mod syscalls;
mod workplace;

#[cfg(not(target_os = "linux"))]
use elsewhere as kernel;

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::host;
pub use disk::Disk;
pub use excess::{Excess, TOO_MUCH};
pub use workplace::{Unready, Workplace};

/// The hidden command under which this program confines itself and becomes another one.
pub const COMMAND: &str = "confine";

/// How much of what is needed a kernel has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Support {
    /// Too little: files can be reached that should not be.
    None,
    /// Everything but one thing: processes of the same user can be sent signals.
    AllButSignals,
    /// Everything.
    Full,
}

/// What kind of program is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A server: it listens on a Unix socket, connects to nothing, and its processes leave its
    /// group.
    Server,
    /// A program with children of its own, which all stay in its group; no sockets but pairs.
    Program,
    /// A calculation: threads, but no other process, program or socket.
    Calculation,
}

/// How much a process may take; what is `None` stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of address space of each process.
    pub memory: Option<u64>,
    /// Seconds of processor time of each process.
    pub processor: Option<u64>,
    /// Bytes of the largest file that may be written.
    pub file: Option<u64>,
    /// Open files of each process.
    pub open_files: Option<u64>,
    /// Processes and threads of the user beyond those that run when it begins; no limit for root.
    pub processes: Option<u64>,
}

/// What a process may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What kind of program it is.
    pub role: Role,
    /// Files, and folders with all below, that may be read. What is not there is left out.
    pub read: Vec<PathBuf>,
    /// The same for what may be read and executed.
    pub execute: Vec<PathBuf>,
    /// Folders below which files may be made, changed and removed, but not executed.
    pub write: Vec<PathBuf>,
    /// How much it may take.
    pub limits: Limits,
}

/// Why a process cannot be confined.
#[derive(Debug, thiserror::Error)]
#[error("this process cannot be confined: {0}")]
pub struct ConfineError(String);

impl Policy {
    /// Nothing but what the role needs.
    #[must_use]
    pub fn new(role: Role) -> Self {
        let (read, execute, write) = (Vec::new(), Vec::new(), Vec::new());
        Self { role, read, execute, write, limits: Limits::default() }
    }

    /// The command that confines itself and becomes `program`; `None` where this program cannot
    /// be found, or a path cannot be handed over.
    #[must_use]
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Option<Command> {
        let mut command = host::command(host::own_program_again()?);
        command.arg(COMMAND).arg(serde_json::to_string(self).ok()?).arg("--").arg(program);
        Some(command)
    }
}

/// How much of what is needed this kernel has; asked once.
#[must_use]
pub fn support() -> Support {
    kernel::support()
}

/// The way out where the kernel confines too little, for what a policy calls `name`.
#[must_use]
pub fn unconfined(name: &str) -> String {
    format!(
        "run the gate on Linux 6.2 or newer with Landlock, or accept it in the target branch: \
         `unconfined = [\"{name}\"]` under [policy] in migration-gate.toml"
    )
}

/// Confines the calling thread, and whatever it starts from then on, for ever. Limits hold for the
/// whole process.
///
/// # Errors
/// Where the kernel does not do all of it; some of it may be done by then.
pub fn enter(policy: &Policy) -> Result<(), ConfineError> {
    kernel::enter(policy).map_err(ConfineError)
}

/// Limits this process for ever, and does nothing else; works where the kernel confines nothing.
///
/// # Errors
/// Where the system does not have one of the limits.
pub fn limit(limits: &Limits) -> Result<(), ConfineError> {
    limits::set(limits).map_err(ConfineError)
}

/// Confines this process and becomes another program; returns only where that fails.
#[must_use]
pub fn become_program(policy: &str, words: &[OsString]) -> ConfineError {
    let policy: Policy = match serde_json::from_str(policy) {
        Ok(policy) => policy,
        Err(error) => return ConfineError(format!("its policy cannot be read: {error}")),
    };
    let [program, arguments @ ..] = words else {
        return ConfineError("it names no program".into());
    };
    if let Err(error) = enter(&policy) {
        return error;
    }
    let error = host::command(program).args(arguments).exec();
    ConfineError(format!("{} does not start: {error}", program.display()))
}

#[cfg(test)]
mod tests;
