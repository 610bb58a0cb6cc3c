//! `cache`: what is kept between runs.

use std::fmt::Write as _;
use std::time::SystemTime;

use jiff::tz::TimeZone;

use super::output::print;
use crate::cache::{Cache, Entry, LIMIT, VARIABLE};
use crate::cli::CacheCommand;
use crate::error::GateError;
use crate::model::printable;
use crate::render::escape::log_line;

/// How many digits of a key tell it from others.
const SHORT: usize = 12;

/// Runs one of the commands. Returns the exit code.
///
/// # Errors
/// Where there is no cache, or standard output does not take what is said.
pub(super) fn cache(command: &CacheCommand) -> Result<u8, GateError> {
    let cache = Cache::of_user().ok_or_else(|| {
        GateError::Usage(format!(
            "there is no cache: {VARIABLE} is off, or there is no home folder\n  help: {VARIABLE} \
             names its folder"
        ))
    })?;
    print(&match command {
        CacheCommand::List => list(&cache.entries()),
        CacheCommand::Path => format!("{}\n", printable(&cache.folder().to_string_lossy())),
        CacheCommand::Prune { all: true, .. } => prune(&cache, 0),
        CacheCommand::Prune { size, .. } => prune(&cache, size.unwrap_or(LIMIT)),
    })?;
    Ok(0)
}

fn prune(cache: &Cache, limit: u64) -> String {
    let removed = cache.prune(limit);
    format!("removed {}, {}\n", entries(removed.entries), human(removed.bytes))
}

fn list(found: &[Entry]) -> String {
    let mut out = String::new();
    for entry in found {
        let label = entry.label.as_ref();
        let what = match label {
            None => "cannot be read".to_owned(),
            Some(label) if label.migrations > 0 => {
                format!("{} after {} migrations", label.engine, label.migrations)
            }
            Some(label) => label.engine.clone(),
        };
        let line = format!(
            "{}  {:<8}  {:>9}  {}  {}",
            &entry.key.as_str()[..SHORT],
            entry.kind.name(),
            human(entry.size),
            day(entry.used),
            printable(&what)
        );
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", log_line(line.trim_end()));
    }
    let total = found.iter().map(|entry| entry.size).sum();
    let _ = writeln!(out, "{}, {} of {}", entries(found.len()), human(total), human(LIMIT));
    out
}

fn entries(count: usize) -> String {
    format!("{count} {}", if count == 1 { "entry" } else { "entries" })
}

/// A moment to the minute, in UTC.
fn day(moment: SystemTime) -> String {
    let moment = jiff::Timestamp::try_from(moment).unwrap_or_default();
    moment.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%MZ").to_string()
}

/// Bytes in the greatest unit that leaves a whole number before the point.
fn human(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    let mut tenths = bytes.saturating_mul(10) / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_well() {
        for (bytes, text) in
            [(0, "0.0 KiB"), (1536, "1.5 KiB"), (10 << 20, "10.0 MiB"), (LIMIT, "2.0 GiB")]
        {
            assert_eq!(human(bytes), text);
        }
    }
}
