//! What the machine is, without its name.

use std::fs;

/// Processors, memory, system and when.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let kernel = text("/proc/sys/kernel/osrelease");
    // "6.1.0-13-amd64" is 6.1.0; what follows may name the machine's owner.
    let kernel = kernel.trim().split('-').next().unwrap_or_default().to_owned();
    let info = text("/proc/meminfo");
    let kib = info.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib: Option<f64> = kib.and_then(|line| line.split_whitespace().next()?.parse().ok());
    let memory = kib.map_or_else(String::new, |kib| format!(", {:.0} GiB", kib / 1024.0 / 1024.0));
    let os = std::env::consts::OS;
    format!("{cores} cores{memory}, {os} {kernel} on {}", std::env::consts::ARCH)
}
