//! What a change did: base and head as trees of files, and the files that differ.
//!
//! [`compare`] reads a repository, [`compare_folders`] two plain folders. Nothing here runs a
//! hook, a filter or an external diff, follows a symbolic link, writes, or uses a network.

mod base;
mod commit;
mod compare;
mod diff;
mod disk;
mod entry;
mod folder;
mod head;
mod hooks;
mod index;
mod kept;
mod noted;
mod push;
mod repository;
mod revision;
mod sides;
mod target;
mod trees;
mod words;
mod workflow;
mod worktree;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use crate::model::{Entry, FileChange, RepoPath, Tree};

pub use compare::{compare, sides};
pub use folder::{compare_folders, folders};
pub use hooks::{Hooks, hooks, is_ignored};
pub use push::{Pushed, Since, since};
pub use sides::Sides;
pub use workflow::{gate_workflows, workflow_places};

/// What to compare.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// A folder or file anywhere inside a repository.
    pub path: PathBuf,
    /// `--base REV`: exactly this commit is the base.
    pub base: Option<String>,
    /// `--head REV`; `None` is the working tree with its untracked, but not its ignored files.
    pub head: Option<String>,
    /// `--all`: a missing base is no error.
    pub all: bool,
    /// The name of the target branch, where the CI gave one.
    pub target_branch: Option<String>,
    /// The id of the base commit, where the CI's event gave one.
    pub event_base: Option<String>,
    /// Files and folders that [`Comparison::files`] is limited to; empty is the whole tree.
    pub limit_to: Vec<RepoPath>,
}

/// Files of one side of a comparison: a commit, the working tree, or a plain folder.
pub trait Source {
    /// Every path below `folder` (itself a path of this side), sorted; files, links and
    /// submodules, no folders. Reads names only.
    ///
    /// # Errors
    /// When the side cannot be read.
    fn names(&self, folder: &RepoPath) -> Result<Vec<RepoPath>, ChangesError>;

    /// The files below `folder` with their contents; empty where there is no such folder.
    ///
    /// # Errors
    /// When the side cannot be read.
    fn tree(&self, folder: &RepoPath) -> Result<Tree, ChangesError>;

    /// One file; `None` where there is none.
    ///
    /// # Errors
    /// When the side cannot be read.
    fn file(&self, path: &RepoPath) -> Result<Option<Entry>, ChangesError>;

    /// What a file was, the newest state first: each with the time, in seconds of Unix time, since
    /// when it stood so, and `None` for a time without it. Only first parents are walked, at most
    /// `commits` of them; where the walk ends early (there, or at the border of a shallow clone),
    /// the last state is told with the time of the oldest commit that was seen. Empty where a side
    /// has no history: a working tree or a plain folder.
    ///
    /// # Errors
    /// When the side cannot be read.
    fn history(
        &self,
        path: &RepoPath,
        commits: usize,
    ) -> Result<Vec<(i64, Option<Entry>)>, ChangesError> {
        let _ = (path, commits);
        Ok(Vec::new())
    }
}

/// Base, head and what differs.
pub struct Comparison {
    /// The side the change starts from; `None` with `--all` where no base was asked for or found.
    pub base: Option<Box<dyn Source>>,
    /// The base in words for the report; never a path of the machine.
    pub base_label: Option<String>,
    /// The full id of the base's commit, where the base is one.
    pub base_commit: Option<String>,
    /// The changed side.
    pub head: Box<dyn Source>,
    /// The head in words for the report.
    pub head_label: String,
    /// The full id of the head's commit; `None` for a working tree or a folder.
    pub head_commit: Option<String>,
    /// The tip of the target branch, where it is known and is not the base itself.
    pub tip: Option<Box<dyn Source>>,
    /// The tip in words.
    pub tip_label: Option<String>,
    /// What differs between base and head, by path; empty without a base.
    pub files: Vec<FileChange>,
    /// The working tree, where the head is one.
    pub worktree: Option<Worktree>,
    /// The requested path, relative to the top of the repository; all paths of the comparison
    /// are relative to that top.
    pub scope: RepoPath,
}

/// A working tree on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worktree {
    /// Its top folder.
    pub top: PathBuf,
    /// The commit that it was checked out from, in full; `None` before the first.
    pub commit: Option<String>,
    /// Whether a merge in it waits for somebody to resolve conflicts.
    pub has_conflicts: bool,
}

/// Why base and head cannot be compared. Every text ends with the way out.
#[derive(Debug, thiserror::Error)]
pub enum ChangesError {
    /// There is no base, so there can be no verdict.
    #[error("{what}\n  help: {way_out}")]
    NoBase {
        /// What was looked for.
        what: String,
        /// The command that mends it.
        way_out: String,
    },
    /// The user named something that does not exist.
    #[error("{what}\n  help: {way_out}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to type instead.
        way_out: String,
    },
    /// The path is in no repository.
    #[error("{what}\n  help: {way_out}")]
    NotARepository {
        /// What was looked at.
        what: String,
        /// What to type instead.
        way_out: String,
    },
    /// The repository or folder cannot be read.
    #[error("{what}\n  help: {way_out}")]
    Unreadable {
        /// What could not be read, and the system's or Git's words.
        what: String,
        /// The way out.
        way_out: String,
    },
}
