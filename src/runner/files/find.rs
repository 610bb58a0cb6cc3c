//! What files are found to be, before anything is done to them.

use super::{Change, Changes, Fault, FaultKind, Files, RepoPath, printable, shown, staged};
use crate::runner::disk::Kind;

/// What a file was found to be.
pub(in crate::runner) enum Found {
    /// A file that may be changed, with its bytes.
    File(Vec<u8>),
    /// Something that is never touched, and why.
    Other(&'static str),
}

impl Files<'_> {
    /// Reads a file that may be changed: a regular one with one name, below folders that are no
    /// links.
    pub(in crate::runner) fn find(&self, path: &RepoPath) -> Result<Found, Fault> {
        let above = std::iter::successors(path.parent(), RepoPath::parent);
        for folder in above.filter(|folder| !folder.is_root()) {
            match self.do_to(&self.file(&folder), |disk, at| disk.kind(at))? {
                Some(Kind::Folder) => {}
                Some(Kind::Symlink) => return Ok(Found::Other("is below a symbolic link")),
                None => return Ok(Found::Other("is not there")),
                Some(_) => return Ok(Found::Other("is below what is no folder")),
            }
        }
        let file = self.file(path);
        Ok(match self.do_to(&file, |disk, at| disk.kind(at))? {
            Some(Kind::File) => Found::File(self.do_to(&file, |disk, at| disk.read(at))?),
            Some(Kind::Linked) => Found::Other("has several names (hard links)"),
            Some(Kind::Folder) => Found::Other("is a folder"),
            Some(Kind::Symlink) => Found::Other("is a symbolic link"),
            Some(Kind::Special) => Found::Other("is no regular file"),
            None => Found::Other("is not there"),
        })
    }

    /// Holds every file against the bytes that it must have now.
    pub(super) fn expect(
        &self,
        changes: &Changes,
        wanted: impl Fn(&Change) -> &[u8],
    ) -> Result<(), Fault> {
        let mut problems = Vec::new();
        for (path, change) in changes {
            match self.find(path)? {
                Found::File(bytes) if bytes == wanted(change) => {}
                Found::File(_) => problems.push((path, "was changed by somebody else")),
                Found::Other(why) => problems.push((path, why)),
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(conflict(
            &problems,
            "only regular files with one name are changed, and only what was planned: mend that, \
             then plan and apply again",
        ))
    }

    /// A staged file that is there before ours belongs to a run that was not put back.
    pub(super) fn expect_no_staged(&self, changes: &Changes) -> Result<(), Fault> {
        for path in changes.keys() {
            let staged = staged(&self.file(path));
            if self.do_to(&staged, |disk, at| disk.kind(at))?.is_some() {
                return Err(Fault::new(
                    FaultKind::Conflict,
                    format!("{} is in the way; an earlier run left it", shown(&staged)),
                    "if no run is unfinished (`migration-gate status`), remove it",
                ));
            }
        }
        Ok(())
    }
}

/// How many files a message names.
const MOST_TOLD: usize = 20;

/// Files that are not as they must be, each with the reason.
pub(super) fn conflict(problems: &[(&RepoPath, &'static str)], way_out: &str) -> Fault {
    let told = problems.iter().take(MOST_TOLD);
    let mut lines: Vec<String> =
        told.map(|(path, why)| format!("{} {why}", printable(path.as_str()))).collect();
    if problems.len() > MOST_TOLD {
        lines.push(format!("and {} more", problems.len() - MOST_TOLD));
    }
    Fault::new(FaultKind::Conflict, lines.join("\n"), way_out)
}
