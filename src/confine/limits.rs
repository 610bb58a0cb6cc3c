//! Limits of processes (`setrlimit(2)`).

use std::fs;
use std::os::unix::fs::MetadataExt as _;

use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

use super::Limits;

/// Lowers what is to be lowered; a limit that is lower already stays.
pub(super) fn set(limits: &Limits) -> Result<(), String> {
    let wanted = [
        (Resource::Core, Some(0), "core dumps"),
        (Resource::As, limits.memory, "memory"),
        (Resource::Cpu, limits.processor, "processor time"),
        (Resource::Fsize, limits.file, "the size of files"),
        (Resource::Nofile, limits.open_files, "open files"),
        (Resource::Nproc, limits.processes.map(|more| more.saturating_add(running())), "processes"),
    ];
    for (resource, most, what) in wanted {
        let Some(most) = most else { continue };
        let standing = getrlimit(resource);
        let most = standing.maximum.map_or(most, |maximum| most.min(maximum));
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|error| format!("{what} cannot be limited: {error}"))?;
    }
    Ok(())
}

/// How many processes and threads this user has, as far as the system tells; root has no limit that
/// they would count for.
fn running() -> u64 {
    let user = getuid();
    if user.is_root() {
        return 0;
    }
    // The folder of a process's threads has a link for each, and two of its own.
    let threads = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|process| {
        let folder = fs::metadata(process.path().join("task")).ok()?;
        (folder.uid() == user.as_raw()).then(|| folder.nlink().saturating_sub(2))
    });
    threads.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_more_is_counted() {
        if getuid().is_root() || !std::path::Path::new("/proc/self/task").exists() {
            assert_eq!(running(), 0);
            return;
        }
        assert!(running() >= 2, "the test runs on a thread of its own");
    }
}
