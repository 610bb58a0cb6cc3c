//! What was found about config schemas and the documents they govern.

use super::{Deprecation, Direction, Location, Pointer, RepoPath};

/// Old against new, in one direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Proved: nothing that was accepted is refused.
    Compatible,
    /// A document that shows the break.
    Breaking {
        /// The document, as JSON in one line; valid under one, invalid under the other.
        witness: String,
        /// What the other says of it, each with its place in the document.
        violations: Vec<String>,
        /// The part of the schema that refuses it, where that is known.
        location: Option<Location>,
    },
    /// Neither proved nor refuted: a person decides.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// A comparison of a schema with another version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Which of the two has to accept what the other accepts.
    pub direction: Direction,
    /// The other version in words: [`Comparison::BASE`], `release 1`.
    pub against: String,
    /// Whether the contract asks for it.
    pub demanded: bool,
    /// What came of it.
    pub verdict: Compared,
}

impl Comparison {
    /// What [`Comparison::against`] says of the version that stood there before the change.
    pub const BASE: &'static str = "the base";

    /// Whether the other version is the one from before the change.
    #[must_use]
    pub fn is_against_base(&self) -> bool {
        self.against == Self::BASE
    }
}

/// What is wrong with a schema itself, or with a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// Where.
    pub location: Location,
    /// One sentence for people.
    pub message: String,
    /// The way out; empty where there is nothing to add.
    pub help: String,
    /// Whether the base has it already.
    pub old: bool,
}

/// A document that its schema refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidDocument {
    /// The file, and the place in it.
    pub location: Location,
    /// The place as a pointer.
    pub pointer: Pointer,
    /// What the schema, or the reader, says.
    pub message: String,
    /// How many more violations there are.
    pub more: usize,
    /// Whether it was accepted at the base; `None` where it was not there, or nothing is compared.
    pub was_valid: Option<bool>,
    /// The change edits the document itself.
    pub touched: bool,
    /// The config migrations of the change make it valid, as the dry run saw.
    pub mended: bool,
}

/// A property that the change takes out of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedProperty {
    /// Its name with those above it: `server.port`.
    pub name: String,
    /// Where it stood, at the base.
    pub location: Location,
    /// In how many released versions it was deprecated.
    pub releases: u32,
    /// Since when, in seconds of Unix time; `None` where it never was.
    pub since: Option<i64>,
    /// What the contract asks.
    pub asked: Deprecation,
}

/// What a change did to a schema's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaChange {
    /// It is new.
    Added,
    /// Its content differs.
    Modified,
    /// It is gone.
    Deleted,
    /// Nothing; a document that it governs is touched.
    Unchanged,
}

impl SchemaChange {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Added, Self::Modified, Self::Deleted, Self::Unchanged];

    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What was found about one schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaEvidence {
    /// Its name in the contract, or its path.
    pub name: String,
    /// Its file, at the head or, where it is gone, at the base.
    pub path: RepoPath,
    /// SHA-256 of its file, by which a waiver knows it, in hexadecimal digits.
    pub content: String,
    /// What the change did to it.
    pub change: SchemaChange,
    /// How it was found to govern documents, in words; empty where the contract says so.
    pub assumed: Vec<String>,
    /// What is wrong with it.
    pub faults: Vec<SchemaFault>,
    /// It against its other versions.
    pub comparisons: Vec<Comparison>,
    /// How many documents of the head it governs.
    pub governed: usize,
    /// Whether it was asked about each of them; else nothing is known of those it does not refuse.
    pub validated: bool,
    /// Whether the head's contract names it; always, where there is none.
    pub named: bool,
    /// Those that it refuses, by path.
    pub invalid: Vec<InvalidDocument>,
    /// The version that the contract gives at the base and at the head, each where it is given.
    pub versions: (Option<String>, Option<String>),
    /// Where the head's version stands, or would.
    pub version_location: Location,
    /// Config migrations that the change adds for it, by id.
    pub migrations: Vec<String>,
    /// Properties that the change takes out.
    pub removed: Vec<RemovedProperty>,
    /// Defaults, constants and examples that look like secrets: where, and what each looks like,
    /// with its article: `a private key`.
    pub secrets: Vec<(Location, String)>,
}

impl SchemaEvidence {
    /// Whether what is to be said of it hangs on the moment of the check.
    #[must_use]
    pub fn depends_on_moment(&self) -> bool {
        self.removed.iter().any(|property| property.asked.days.is_some())
    }
}
