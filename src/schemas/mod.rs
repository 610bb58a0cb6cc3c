//! What a change did to config schemas: which documents each governs, what it was before, and what
//! the new one makes of them.
//!
//! [`inspect`] judges the schemas of a contract; where there is none, [`discover`] makes up what
//! one would say from the looks of files. Everything a schema refers to is read from the same side
//! of the comparison, or from copies in the repository; nothing is fetched.

mod against;
mod discover;
mod documents;
mod evidence;
mod faults;
mod hold;
mod judge;
mod left;
mod load;
mod property;
mod secret;
mod side;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::changes::{ChangesError, Comparison};
use crate::compat::SchemaVersions;
use crate::model::{Contract, RepoPath, SchemaEvidence, TrialDocument};

pub use discover::{Discovered, discover, is_looked_at};

/// What to judge.
pub struct Request<'a> {
    /// Base, head and what differs; its files have to cover the contract, the schemas and their
    /// documents.
    pub comparison: &'a Comparison,
    /// The head's contract: it says which files there are.
    pub contract: &'a Contract,
    /// The base's contract: it says what is promised.
    pub base_contract: Option<&'a Contract>,
    /// For schemas that no contract names, how each was found, by the schema's name. Nothing is
    /// promised about these.
    pub assumed: &'a BTreeMap<String, Vec<String>>,
    /// The set's folder, whose numbered migrations are no documents.
    pub folder: Option<&'a RepoPath>,
    /// Globs that limit what is a document; empty for no limit.
    pub documents: &'a [String],
    /// Judge every schema, not only those that the change touches.
    pub all: bool,
    /// The change's new config migrations: the id, and the name of the schema.
    pub migrations: &'a [(String, String)],
}

/// What was found.
#[derive(Default)]
pub struct Inspected {
    /// The judged schemas, by name.
    pub evidence: Vec<SchemaEvidence>,
    /// Every schema of the contract, in each version that can be read: releases, the base's and the
    /// head's own.
    pub schemas: Vec<SchemaVersions>,
    /// Documents for the dry run of config migrations: those of the schemas that
    /// [`Request::migrations`] names, with [`Request::all`] of every schema.
    pub held: Vec<TrialDocument>,
    /// What a person should know.
    pub notices: Vec<String>,
}

/// Judges the schemas of a contract, and the documents that they govern.
///
/// # Errors
/// When a side cannot be read.
pub fn inspect(request: &Request<'_>) -> Result<Inspected, ChangesError> {
    judge::judge(request)
}
