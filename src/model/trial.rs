//! Documents that config migrations are tried on.

use std::sync::Arc;

use super::RepoPath;

/// Where a document of the dry run comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentOrigin {
    /// The head.
    Head,
    /// The base, because the change migrated it by hand.
    Base,
    /// The contract's fixtures, at the head.
    Fixture,
    /// Made from the schema of a version.
    Generated,
}

/// A document for the dry run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialDocument {
    /// Its file, whose ending tells the format; a generated one has a path below `generated`.
    pub path: RepoPath,
    /// Its text.
    pub text: Arc<str>,
    /// The name of the schema that governs it.
    pub schema: String,
    /// Where it comes from.
    pub origin: DocumentOrigin,
}
