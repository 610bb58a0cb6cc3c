//! Limits of processes (`setrlimit(2)`).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::Limits;

/// Lowers what is to be lowered; a limit that is lower already stays.
pub(super) fn set(limits: &Limits) -> Result<(), String> {
    let wanted = [
        (Resource::Core, Some(0), "core dumps"),
        (Resource::As, limits.memory, "memory"),
        (Resource::Cpu, limits.processor, "processor time"),
        (Resource::Fsize, limits.file, "the size of files"),
        (Resource::Nofile, limits.open_files, "open files"),
        (Resource::Nproc, limits.processes, "processes"),
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
