//! What a change did to a file.

use super::RepoPath;

/// What happened to one file between base and head.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// New.
    Added,
    /// Its content differs.
    Modified,
    /// Gone.
    Deleted,
    /// It moved, perhaps with edits.
    Renamed {
        /// Its former path.
        from: RepoPath,
        /// Whether the content is the same.
        exact: bool,
    },
    /// Only its mode differs.
    ModeChanged,
    /// It became another kind of thing: a file a symlink, a symlink a submodule.
    TypeChanged,
}

/// One changed file; `path` is the head's, or the base's where it is gone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileChange {
    /// The file.
    pub path: RepoPath,
    /// What happened.
    pub kind: ChangeKind,
}
