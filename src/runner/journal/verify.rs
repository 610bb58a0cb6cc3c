//! Whether a journal is still what was written.

use std::io::{self, BufRead};

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::line::{self, Broken, Link, MOST_LINE, TORN};
use super::lines::{Lines, Raw};
use crate::model::hex;

/// The most problems, and notes, that are told; the others are only counted.
const MOST_TOLD: usize = 100;

/// What was found in a journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// How many events it has.
    pub events: u64,
    /// The number of the last event.
    pub last_sequence: u64,
    /// The hash of the last event; kept elsewhere, it tells whether events were cut off the end.
    pub last_hash: Option<String>,
    /// How many problems there are.
    pub problem_count: u64,
    /// What is not as it was written; at most 100.
    pub problems: Vec<Remark>,
    /// What is worth knowing and nothing against the journal; at most 100.
    pub notes: Vec<Remark>,
}

/// Something about a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Remark {
    /// The line's number in the file, from 1.
    pub line: u64,
    /// What there is to say.
    pub what: String,
}

impl Verification {
    /// Whether the journal is as it was written.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problem_count == 0
    }
}

/// Reads a journal to its end; no more than a line of it is held in memory.
///
/// # Errors
/// When it cannot be read.
pub(super) fn verify(reader: impl BufRead) -> io::Result<Verification> {
    let mut chain = Chain::new();
    for raw in Lines::new(reader) {
        chain.line(&raw?);
    }
    chain.unfinished_torn();
    Ok(chain.said)
}

/// What the next line has to follow.
struct Chain {
    said: Verification,
    /// The number of the line before.
    sequence: u64,
    /// The hash of the line before; unknown where that was changed.
    hash: Option<String>,
    timestamp: Option<Timestamp>,
    torn: Option<Torn>,
}

/// Lines that were cut off and that no event has told of yet.
struct Torn {
    line: u64,
    bytes: u64,
    hash: Sha256,
}

impl Chain {
    fn new() -> Self {
        Self {
            said: Verification::default(),
            sequence: 0,
            hash: Some(line::no_hash()),
            timestamp: None,
            torn: None,
        }
    }

    fn line(&mut self, raw: &Raw) {
        if raw.bytes.len() > MOST_LINE {
            return self.changed(raw, "it is longer than any line that was written");
        }
        match line::check(&raw.bytes) {
            Ok(link) => {
                if !raw.ended {
                    self.note(raw.number, "its line break is missing; the next event adds it");
                }
                self.link(raw.number, link);
            }
            Err(Broken::NoEvent) if raw.ended && raw.bytes.ends_with(TORN) => self.torn(raw),
            Err(Broken::NoEvent) if !raw.ended => {
                self.problem(raw.number, "it was cut off; the next event will say so".into());
            }
            Err(broken) => self.changed(raw, &broken.to_string()),
        }
    }

    /// A line that was changed; only its place in the order is known.
    fn changed(&mut self, raw: &Raw, what: &str) {
        self.unfinished_torn();
        self.problem(raw.number, what.to_owned());
        self.sequence = self.sequence.saturating_add(1);
        self.hash = None;
    }

    fn torn(&mut self, raw: &Raw) {
        let start = || Torn { line: raw.number, bytes: 0, hash: Sha256::new() };
        let torn = self.torn.get_or_insert_with(start);
        torn.bytes += raw.bytes.len() as u64 + 1;
        torn.hash.update(&raw.bytes);
        torn.hash.update(b"\n");
    }

    fn link(&mut self, number: u64, link: Link) {
        self.torn_is_told(number, link.torn.as_ref());
        let expected = self.sequence.saturating_add(1);
        let follows = self.hash.as_ref().is_none_or(|hash| *hash == link.previous_hash);
        if link.sequence > expected {
            let (first, last) = (expected, link.sequence - 1);
            let what = match first == last {
                true => format!("event {first} is missing before it"),
                false => format!("events {first} to {last} are missing before it"),
            };
            self.problem(number, what);
        } else if link.sequence < expected {
            let what = format!("event {} stands after event {}", link.sequence, self.sequence);
            self.problem(number, what);
        } else if !follows {
            self.problem(number, "it was written after another line than the one before it".into());
        }
        if let Some((before, now)) = self.timestamp.zip(link.timestamp)
            && now < before
        {
            self.note(number, &format!("the clock went back, from {before} to {now}"));
        }
        self.timestamp = link.timestamp.or(self.timestamp);
        self.said.events += 1;
        self.said.last_sequence = link.sequence;
        self.said.last_hash = Some(link.hash.clone());
        self.sequence = link.sequence;
        self.hash = Some(link.hash);
    }

    /// Holds what an event tells of lines that were cut off against what stands before it.
    fn torn_is_told(&mut self, number: u64, told: Option<&(u64, String)>) {
        let found = self.torn.take();
        let line = found.as_ref().map(|torn| torn.line);
        let found = found.map(|torn| (torn.bytes, hex(&torn.hash.finalize())));
        match (line, told) {
            _ if found.as_ref() == told => {
                if let (Some(line), Some((bytes, _))) = (line, told) {
                    let what = format!("a crash cut it off; line {number} says so ({bytes} bytes)");
                    self.note(line, &what);
                }
            }
            (Some(line), None) => {
                self.problem(line, format!("it was cut off, and line {number} does not say so"));
            }
            (Some(line), Some(_)) => {
                self.problem(line, format!("it is not what line {number} says was cut off"));
            }
            (None, _) => {
                self.problem(number, "what it says was cut off before it is not there".to_owned());
            }
        }
    }

    /// What was cut off, and nothing sound follows.
    fn unfinished_torn(&mut self) {
        if let Some(torn) = self.torn.take() {
            self.problem(torn.line, "it was cut off, and no event says so".to_owned());
        }
    }

    fn problem(&mut self, line: u64, what: String) {
        self.said.problem_count += 1;
        if self.said.problems.len() < MOST_TOLD {
            self.said.problems.push(Remark { line, what });
        }
    }

    fn note(&mut self, line: u64, what: &str) {
        if self.said.notes.len() < MOST_TOLD {
            self.said.notes.push(Remark { line, what: what.to_owned() });
        }
    }
}
