//! The processes that came of this one, wherever they went.

use std::fs;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::host;

/// How long processes are ended for: one that makes others faster than they are ended is not of
/// this world.
const END_LIMIT: Duration = Duration::from_secs(5);

/// Makes this process the parent of every orphan among its descendants, those included that left
/// their session.
pub(super) fn adopt_orphans() {
    // Any process will do for a yes; where the system cannot do this, orphans go free.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Kills every descendant, and waits until none is left. What became of this process's own children
/// is forgotten.
pub(super) fn end_all() {
    let deadline = host::now() + END_LIMIT;
    loop {
        let found = descendants();
        if found.is_empty() || host::now() >= deadline {
            return;
        }
        // What stands still makes no others meanwhile.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &found {
                // One that is gone by now is what is wanted.
                let _ = kill_process(*pid, signal);
            }
        }
        for pid in found {
            // Those that are not its own children, or not dead yet, are no matter.
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

/// Every process below this one; nothing where the system does not tell.
fn descendants() -> Vec<Pid> {
    let mut found = children(std::process::id());
    let mut next = 0;
    while let Some(pid) = found.get(next) {
        let below = children(pid.as_raw_pid().unsigned_abs());
        next += 1;
        // What moved up to this process meanwhile is found at its new place.
        found.extend(below);
    }
    found
}

/// The children of a process, by `proc(5)`.
fn children(pid: u32) -> Vec<Pid> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.flatten().map(|thread| fs::read_to_string(thread.path().join("children")));
    match lists.collect::<Result<String, _>>() {
        Ok(list) => {
            list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
        }
        // Kernels without CONFIG_PROC_CHILDREN say it only of each process.
        Err(_) => with_parent(pid),
    }
}

/// All processes whose parent this is.
fn with_parent(parent: u32) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let mut found = Vec::new();
    for process in processes.flatten() {
        let Ok(text) = fs::read_to_string(process.path().join("stat")) else { continue };
        // 4711 (name) S 4710 …; a name may hold anything.
        let after_name = text.rsplit(')').next().unwrap_or_default();
        let said = after_name.split_whitespace().nth(1).and_then(|said| said.parse().ok());
        let pid = process.file_name().to_str().and_then(|pid| pid.parse().ok());
        if said == Some(parent) {
            found.extend(pid.and_then(Pid::from_raw));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn children_are_found_in_both_ways() {
        if !std::path::Path::new("/proc/self").exists() {
            return;
        }
        let mut child = host::command("sleep").arg("60").spawn().unwrap();
        let (pid, own) = (Pid::from_child(&child), std::process::id());
        assert!(children(own).contains(&pid) && with_parent(own).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!children(own).contains(&pid) && !with_parent(own).contains(&pid));
    }
}
