//! What has run on documents, which have no table of their own: a file with a line for each
//! migration, in the order in which they ran.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::host;
use crate::model::printable;
use crate::runner::disk::{self, Disk, Kind};
use crate::runner::{Fault, FaultKind};

/// The file's name in the folder of a target's state.
const FILE_NAME: &str = "history.jsonl";
/// The version of the lines.
const VERSION: u32 = 1;

/// A migration that has run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    version: u32,
    /// Its id.
    pub(super) migration: String,
    /// The digest of what it was.
    pub(super) content: String,
    applied_at: String,
}

impl Line {
    /// A migration that ran just now.
    pub(super) fn now(migration: &str, content: &str) -> Self {
        Self {
            version: VERSION,
            migration: migration.to_owned(),
            content: content.to_owned(),
            applied_at: host::wall_clock().to_string(),
        }
    }

    /// # Errors
    /// Why it is none, as the end of a sentence.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        match serde_json::from_slice::<Self>(bytes) {
            Ok(line) if line.version == VERSION => Ok(line),
            Ok(_) => Err("is of another version of migration-gate"),
            Err(_) => Err("cannot be read"),
        }
    }

    /// The line with its end.
    pub(super) fn written(&self) -> String {
        // A number and three texts are always JSON.
        let mut text = serde_json::to_string(self).unwrap_or_default();
        text.push('\n');
        text
    }
}

/// The file, as it was read and written since.
pub(super) struct History<'a> {
    disk: &'a dyn Disk,
    path: PathBuf,
    lines: Vec<Line>,
    /// Its end is a line that was cut off: of a migration that was not written down.
    torn: bool,
}

impl<'a> History<'a> {
    /// # Errors
    /// When the file cannot be read, is a link, or has a line that is none.
    pub(super) fn open(disk: &'a dyn Disk, folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(FILE_NAME);
        let at = |error: std::io::Error| Fault::file(&path, &error);
        let bytes = match disk.kind(&path).map_err(at)? {
            None => Vec::new(),
            Some(Kind::File) => disk.read(&path).map_err(at)?,
            Some(_) => return Err(distrust(&path, "is not a regular file with one name")),
        };
        let mut pieces: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        let torn = pieces.pop().is_some_and(|rest| !rest.is_empty());
        let mut lines: Vec<Line> = Vec::with_capacity(pieces.len());
        for (index, piece) in pieces.into_iter().enumerate() {
            let faulty = |why: &str| distrust(&path, &format!("line {} {why}", index + 1));
            let line = Line::read(piece).map_err(faulty)?;
            lines.push(line);
        }
        let mut ids: Vec<&str> = lines.iter().map(|line| line.migration.as_str()).collect();
        ids.sort_unstable();
        if let Some(twice) = ids.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(distrust(&path, &format!("names {} twice", printable(twice[0]))));
        }
        Ok(Self { disk, path, lines, torn })
    }

    /// What has run, in order.
    pub(super) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line of a migration, where it has run.
    pub(super) fn line(&self, migration: &str) -> Option<&Line> {
        // What was written last is asked for most.
        self.lines.iter().rev().find(|line| line.migration == migration)
    }

    /// Writes a migration down, durably; nothing where it is.
    pub(super) fn add(&mut self, line: Line) -> Result<(), Fault> {
        if self.line(&line.migration).is_some() {
            return Ok(());
        }
        if self.torn {
            return self.rewrite([self.lines.as_slice(), &[line]].concat());
        }
        let is_first = self.lines.is_empty();
        let text = line.written();
        // Until the end of the line is there, it counts as cut off.
        self.torn = true;
        let folder = self.path.parent().filter(|_| is_first);
        self.disk
            .append(&self.path, text.as_bytes())
            .and_then(|()| self.disk.sync(&self.path))
            .and_then(|()| folder.map_or(Ok(()), |folder| self.disk.sync_folder(folder)))
            .map_err(|error| Fault::file(&self.path, &error))?;
        self.torn = false;
        self.lines.push(line);
        Ok(())
    }

    /// Takes a migration out, durably; nothing where it is not in.
    pub(super) fn remove(&mut self, migration: &str) -> Result<(), Fault> {
        let mut lines = self.lines.clone();
        lines.retain(|line| line.migration != migration);
        // What an append that failed has left may be the whole line.
        if lines.len() == self.lines.len() && !self.torn {
            return Ok(());
        }
        self.rewrite(lines)
    }

    fn rewrite(&mut self, lines: Vec<Line>) -> Result<(), Fault> {
        let text: String = lines.iter().map(Line::written).collect();
        disk::replace(self.disk, &self.path, text.as_bytes())
            .map_err(|error| Fault::file(&self.path, &error))?;
        (self.lines, self.torn) = (lines, false);
        Ok(())
    }
}

fn distrust(path: &Path, why: &str) -> Fault {
    Fault::new(
        FaultKind::PartialFailure,
        format!("{} {why}", printable(&path.display().to_string())),
        "bring the file back from a backup; or take out what is wrong, and say what has run with \
         `migration-gate resolve`",
    )
}
