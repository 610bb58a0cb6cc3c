//! What no limit of a single process bounds: how many there are, of which root may have any number,
//! and how much they have on disk together.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::disk::Disk;
use crate::host;

/// The most processes and threads of a group.
const MOST_THREADS: u64 = 512;
/// The most bytes of a folder.
const MOST_ON_DISK: u64 = 2 << 30;

/// What is said of a program that was stopped for it.
pub const TOO_MUCH: &str =
    "prints more than 16 MiB, starts more than 512 processes or writes more than 2 GiB";

/// Looks at a group of processes and at the folders that they may write to.
#[derive(Debug)]
pub struct Excess {
    disks: Vec<Disk>,
    /// How many threads the machine had at the start; nothing where it does not tell.
    threads: Option<u64>,
    /// When the disk is looked at next.
    next: Instant,
}

/// How often the disk is looked at: room for a file is had in no time.
const LOOK: Duration = Duration::from_millis(20);

impl Excess {
    /// A look at these folders, and at a group that is not there yet.
    ///
    /// # Errors
    /// When a folder's disk cannot be looked at.
    pub fn of(folders: &[&Path]) -> io::Result<Self> {
        let disks = folders.iter().map(|folder| Disk::new((*folder).to_owned(), MOST_ON_DISK));
        Ok(Self { disks: disks.collect::<io::Result<_>>()?, threads: threads(), next: host::now() })
    }

    /// Whether the group of processes takes too much. Cheap while the machine as a whole has about
    /// as many as it had.
    pub fn is_reached(&mut self, group: u32) -> bool {
        let more = threads().zip(self.threads).map_or(0, |(now, then)| now.saturating_sub(then));
        if more > MOST_THREADS && threads_of(group) > MOST_THREADS {
            return true;
        }
        let now = host::now();
        if now < self.next {
            return false;
        }
        self.next = now + LOOK;
        self.disks.iter_mut().any(Disk::is_overfull)
    }
}

/// How many threads the machine has: `0.20 0.18 0.12 1/80 11206`, by `proc(5)`.
fn threads() -> Option<u64> {
    let said = fs::read_to_string("/proc/loadavg").ok()?;
    said.split_whitespace().nth(3)?.split_once('/')?.1.parse().ok()
}

/// How many threads the processes of a group have.
fn threads_of(group: u32) -> u64 {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let stats = processes.filter_map(|one| fs::read_to_string(one.path().join("stat")).ok());
    let counts = stats.filter_map(|text| {
        // 4711 (name) S 4710 4711 …; a name may hold anything.
        let mut fields = text.rsplit(')').next()?.split_whitespace();
        let is_one = fields.nth(2)?.parse() == Ok(group);
        fields.nth(14)?.parse().ok().filter(|_: &u64| is_one)
    });
    counts.sum()
}
