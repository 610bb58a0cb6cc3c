//! A journal read from its beginning, line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::line::{Line, MOST_LINE};
use crate::runner::Fault;

/// A line as it stands in the file.
#[derive(Debug)]
pub(super) struct Raw {
    /// Its number, from 1.
    pub(super) number: u64,
    /// Without its line break; of a line that is longer than any of ours, only the beginning.
    pub(super) bytes: Vec<u8>,
    /// Whether it has a line break.
    pub(super) ended: bool,
}

impl Raw {
    /// The event; nothing where it is none.
    pub(super) fn event(&self) -> Option<Line> {
        serde_json::from_slice(&self.bytes).ok()
    }
}

/// The lines of a journal. No more than one is held in memory.
pub(super) struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    fn read(&mut self) -> io::Result<Option<Raw>> {
        let mut bytes = Vec::new();
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.unwrap_or(buffer.len());
            if taken == 0 && end.is_none() && bytes.is_empty() {
                return Ok(None);
            }
            // One byte more than allowed is enough to tell that a line is too long.
            let room = (MOST_LINE + 1).saturating_sub(bytes.len());
            bytes.extend_from_slice(&buffer[..taken.min(room)]);
            let last = end.is_some() || taken == 0;
            self.reader.consume(taken + usize::from(end.is_some()));
            if last {
                self.number += 1;
                return Ok(Some(Raw { number: self.number, bytes, ended: end.is_some() }));
            }
        }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Raw>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Opens a journal for reading.
pub(super) fn open(path: &Path) -> Result<BufReader<File>, Fault> {
    let open = || {
        // A pipe would keep us waiting.
        if !path.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        File::open(path)
    };
    open().map(BufReader::new).map_err(|error| Fault::file(path, &error))
}
