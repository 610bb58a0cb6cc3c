//! What is wrong with a schema.

use crate::model::RepoPath;

/// What sort of problem a schema has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProblemKind {
    /// It breaks the rules of its draft.
    Invalid,
    /// A `$ref` leads nowhere.
    MissingReference,
    /// A `$ref` leads to a URI that is not vendored.
    RemoteReference,
    /// A `$ref` leads back to itself without a step into the instance.
    EndlessReference,
    /// Its `$schema` names no known draft, or its files follow several.
    UnknownDraft,
    /// It is too large, too deep or too costly to judge with.
    TooLarge,
    /// It uses something that is not judged.
    Unsupported,
}

/// Something wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaProblem {
    /// The file; that of the root for what lies in a vendored schema.
    pub file: RepoPath,
    /// JSON Pointer into that file.
    pub pointer: String,
    /// What sort.
    pub kind: ProblemKind,
    /// One sentence for people.
    pub message: String,
    /// The way out.
    pub help: String,
}
