//! What is promised about the schemas of documents.

use super::{Pointer, RepoPath, Sited, Span};

/// Which of two schemas has to accept what the other accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Documents that were valid stay valid.
    Backward,
    /// Documents that are valid now were valid before: what a rollback meets.
    Forward,
}

impl Direction {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Backward, Self::Forward];

    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        }
    }
}

/// What is promised about a schema's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compatibility {
    /// Documents that were valid stay valid.
    pub backward: bool,
    /// Documents that are valid now were valid before.
    pub forward: bool,
    /// Each holds against every released version, not only against the one before.
    pub transitive: bool,
}

impl Default for Compatibility {
    fn default() -> Self {
        Self { backward: true, forward: false, transitive: false }
    }
}

/// A version of a schema that was given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its version, as documents say it.
    pub version: Sited<String>,
    /// The file that holds the schema of that version.
    pub schema: Sited<RepoPath>,
}

/// How long a property must have been marked `deprecated` before it may be removed; every part
/// given must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deprecation {
    /// In so many released versions.
    pub releases: Option<u32>,
    /// For so many days.
    pub days: Option<u32>,
}

/// What is promised about one schema.
#[derive(Clone, Debug)]
pub struct Governed {
    /// Its name; unique in the contract.
    pub name: Sited<String>,
    /// The file of the schema.
    pub schema: Sited<RepoPath>,
    /// Globs of the documents it holds for, from the top of the repository.
    pub files: Vec<Sited<String>>,
    /// Globs of documents made for tests, which config migrations are tried on as well.
    pub fixtures: Vec<Sited<String>>,
    /// The version that the schema's file holds.
    pub version: Option<Sited<String>>,
    /// Where a document says its version. A config migration writes it there.
    pub version_at: Option<Sited<Pointer>>,
    /// What is promised.
    pub compatibility: Compatibility,
    /// The released versions, in the order of the file: the oldest first.
    pub releases: Vec<Release>,
    /// How properties go.
    pub deprecation: Deprecation,
    /// The whole entry.
    pub span: Span,
}

impl Governed {
    /// A schema of which nothing is said but its file and its documents: it is named by its file,
    /// and backward compatibility is promised.
    #[must_use]
    pub fn by_file(schema: Sited<RepoPath>, files: Vec<Sited<String>>, span: Span) -> Self {
        Self {
            name: Sited::new(schema.value.to_string(), schema.span),
            schema,
            files,
            fixtures: Vec::new(),
            version: None,
            version_at: None,
            compatibility: Compatibility::default(),
            releases: Vec::new(),
            deprecation: Deprecation::default(),
            span,
        }
    }
}

/// The compatibility contract: one file, which config migrations refer to.
#[derive(Clone, Debug, Default)]
pub struct Contract {
    /// Its file.
    pub path: RepoPath,
    /// The schemas.
    pub schemas: Vec<Governed>,
    /// The folder with copies of remote schemas.
    pub vendored: Option<Sited<RepoPath>>,
}

impl Contract {
    /// The schema of that name.
    #[must_use]
    pub fn schema(&self, name: &str) -> Option<&Governed> {
        self.schemas.iter().find(|schema| schema.name.value == name)
    }
}
