//! The end of a journal, where the next line goes.

use std::io;
use std::path::Path;

use super::line::{self, Link, MOST_LINE, TORN};
use crate::model::{printable, sha256};
use crate::runner::disk::{Disk, Kind};
use crate::runner::{Fault, FaultKind};

/// How much of the file is read at first, in bytes; most often that is more than enough.
const FIRST: u64 = 16 * 1024;
/// Where it stops: a whole line and several that were cut off.
const MOST: u64 = 8 * MOST_LINE as u64;

/// Where a journal ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    /// The number of the next event.
    pub(super) sequence: u64,
    /// The hash that it follows.
    pub(super) hash: String,
    /// What was cut off after that, with what will end it: bytes, and their hash.
    pub(super) torn: Option<(u64, String)>,
    /// What must be written before the next line.
    pub(super) lead: Vec<u8>,
}

impl End {
    /// The end behind a line.
    pub(super) fn after(sequence: u64, hash: String) -> Self {
        Self { sequence: sequence.saturating_add(1), hash, torn: None, lead: Vec::new() }
    }

    /// Reads the end of a journal; where there is none, one begins.
    pub(super) fn read(disk: &dyn Disk, path: &Path) -> Result<Self, Fault> {
        let error = |error: io::Error| Fault::file(path, &error);
        match disk.kind(path).map_err(error)? {
            None => return Ok(Self::after(0, line::no_hash())),
            Some(Kind::File) => {}
            Some(_) => return Err(no_file(path)),
        }
        let mut most = FIRST;
        loop {
            let bytes = disk.read_end(path, most).map_err(error)?;
            let whole = (bytes.len() as u64) < most;
            match find(&bytes, whole) {
                Found::End(end) => return Ok(end),
                Found::Further if most < MOST => most *= 2,
                Found::Further | Found::Changed => return Err(changed(path)),
            }
        }
    }
}

/// What the last bytes of a journal say.
enum Found {
    End(End),
    /// The line begins before them.
    Further,
    /// The last line is not what was written.
    Changed,
}

/// Looks for the last sound line. What was cut off after it has no line break, or was ended with
/// [`TORN`] by a run that was cut off in turn.
fn find(bytes: &[u8], whole: bool) -> Found {
    let mut until = bytes.len();
    while until > 0 {
        let ended = bytes[until - 1] == b'\n';
        let text = &bytes[..until - usize::from(ended)];
        let from = match text.iter().rposition(|byte| *byte == b'\n') {
            Some(at) => at + 1,
            None if whole => 0,
            None => return Found::Further,
        };
        match line::check(&text[from..]) {
            Ok(link) => return Found::End(behind(link, ended, &bytes[until..])),
            Err(_) if ended && !text.ends_with(TORN) => return Found::Changed,
            Err(_) => until = from,
        }
    }
    if !whole {
        return Found::Further;
    }
    let start = Link {
        sequence: 0,
        previous_hash: String::new(),
        hash: line::no_hash(),
        timestamp: None,
        torn: None,
    };
    Found::End(behind(start, true, bytes))
}

/// The end behind a sound line and what was cut off after it.
fn behind(link: Link, ended: bool, torn: &[u8]) -> End {
    let mut end = End::after(link.sequence, link.hash);
    if !ended {
        // Only its line break is missing.
        end.lead.push(b'\n');
    } else if !torn.is_empty() {
        if !torn.ends_with(b"\n") {
            end.lead = [TORN, b"\n"].concat();
        }
        let torn = [torn, &end.lead].concat();
        end.torn = Some((torn.len() as u64, sha256(&torn)));
    }
    end
}

fn no_file(path: &Path) -> Fault {
    let path = path.display().to_string();
    Fault::new(
        FaultKind::Environment,
        format!("{}: the journal is a link, has a second name, or is no file", printable(&path)),
        "put the file itself there",
    )
}

fn changed(path: &Path) -> Fault {
    let path = path.display().to_string();
    let path = printable(&path);
    Fault::new(
        FaultKind::PartialFailure,
        format!("{path}: the journal's last line is not what was written"),
        format!(
            "see what `migration-gate journal verify` says of this target and compare {path} with a \
             copy; then bring the copy back, or keep the file under another name: a new journal \
             begins"
        ),
    )
}
