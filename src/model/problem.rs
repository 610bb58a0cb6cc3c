//! What is wrong with a file, before a rule makes a finding of it.

use super::Location;

/// What sort of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// No migration claims the file.
    Unclaimed,
    /// It cannot be read as what it should be: not UTF-8, a symlink, an LFS pointer, too large, a
    /// broken annotation, a down without its up, a manifest that breaks its schema.
    Invalid,
    /// A manifest or a header names a class that does not exist.
    InvalidClass,
}

/// Something that a layout could not make a migration of, or that is wrong with a manifest or a
/// header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What sort.
    pub kind: ProblemKind,
    /// Where.
    pub location: Location,
    /// One sentence for people.
    pub message: String,
    /// The way out; empty where there is nothing to add.
    pub help: String,
}
