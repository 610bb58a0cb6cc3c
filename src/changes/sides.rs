//! Base and head, before anybody asked what differs.

use super::diff::Limits;
use super::{ChangesError, Comparison, Source};
use crate::model::{FileChange, RepoPath};

type Differ = Box<dyn FnOnce(&Limits) -> Result<Vec<FileChange>, ChangesError>>;

/// Base and head. To compare them is what costs, and the configuration that says which folders
/// count is itself a file of theirs.
pub struct Sides {
    known: Comparison,
    differ: Differ,
}

impl Sides {
    /// Sides whose difference is found by `differ`.
    pub(super) fn new(
        known: Comparison,
        differ: impl FnOnce(&Limits) -> Result<Vec<FileChange>, ChangesError> + 'static,
    ) -> Self {
        Self { known, differ: Box::new(differ) }
    }

    /// Sides between which nothing differs, as there is no base.
    pub(super) fn equal(known: Comparison) -> Self {
        Self::new(known, |_| Ok(Vec::new()))
    }

    /// The side the change starts from.
    #[must_use]
    pub fn base(&self) -> Option<&dyn Source> {
        self.known.base.as_deref()
    }

    /// The changed side.
    #[must_use]
    pub fn head(&self) -> &dyn Source {
        &*self.known.head
    }

    /// The requested path, relative to the top of the repository.
    #[must_use]
    pub fn scope(&self) -> &RepoPath {
        &self.known.scope
    }

    /// Says what differs below the files and folders of `limit_to`; where there are none, in the
    /// whole tree.
    ///
    /// # Errors
    /// When a side cannot be read.
    pub fn compare(self, limit_to: &[RepoPath]) -> Result<Comparison, ChangesError> {
        let files = (self.differ)(&Limits::new(limit_to))?;
        Ok(Comparison { files, ..self.known })
    }
}
