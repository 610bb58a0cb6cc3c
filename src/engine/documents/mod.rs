//! Documents: what config migrations change, as real files in a temporary folder.
//!
//! A program runs on all of its documents or on none. It is computed twice from the same files, so
//! that two runs are known to give the same bytes.

mod change;
pub mod jq;
mod ledger;
mod operation;
mod pass;
mod place;
mod round;
mod scale;
mod secret;
mod snapshot;
mod store;
mod target;
mod tools;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Engine, EngineError, SandboxSpec, Target, TargetError};
use crate::compat::SchemaVersions;
use crate::model::{Program, RepoPath, TrialDocument};
pub use change::Changed;
use pass::{Admission, Document, Pass};
pub use target::{DocumentTarget, Skipped};
pub use tools::Tools;

/// The engine of documents: the files of a set, and the schemas that hold for them.
#[derive(Clone)]
pub struct Documents {
    /// The schemas; of two with one name the first counts.
    pub schemas: Vec<SchemaVersions>,
    /// The documents. A path may come once for each of its schemas, with the same text.
    pub files: Vec<TrialDocument>,
    /// Ids of the migrations that must find something to do. The others are history: what they were
    /// for has gone through them.
    pub judged: BTreeSet<String>,
    /// What jq programs and commands may use.
    pub tools: Tools,
}

impl Engine for Documents {
    fn sandbox(&self, spec: &SandboxSpec) -> Result<Box<dyn Target>, EngineError> {
        Ok(Box::new(self.target(spec)?))
    }
}

impl Documents {
    /// Makes a throwaway folder with the documents; like [`Engine::sandbox`], with its own type.
    ///
    /// # Errors
    /// When the files cannot be written.
    pub fn target(&self, spec: &SandboxSpec) -> Result<DocumentTarget, EngineError> {
        let mut documents = self.clone();
        documents.tools.limit = documents.tools.limit.min(spec.statement_timeout);
        DocumentTarget::new(documents)
    }

    /// The texts of all documents after these ups, one after the other, each document by itself and
    /// without a folder: the text, or why one of the ups fails on it. Sorted by path.
    #[must_use]
    pub fn after(&self, programs: &[Arc<Program>]) -> Vec<(RepoPath, Result<String, String>)> {
        let members = self.members();
        let one = |document: &Document| -> Result<String, String> {
            let mut document = document.clone();
            for program in programs {
                if !members.get(&document.path).is_some_and(|all| all.contains(&program.schema)) {
                    continue;
                }
                let pass =
                    Pass::new(program, &self.schemas, &self.tools).map_err(|no| no.reason)?;
                if !pass.names(&document.path) {
                    continue;
                }
                if let Admission::Admitted(value) = pass.admit(&document) {
                    document.text = pass.migrate(&document, value, None).map_err(told)?.text;
                }
            }
            Ok(document.text.to_string())
        };
        let documents = self.documents();
        documents.iter().map(|document| (document.path.clone(), one(document))).collect()
    }

    fn pass<'a>(&'a self, program: &'a Program) -> Result<Pass<'a>, TargetError> {
        Pass::new(program, &self.schemas, &self.tools).map_err(TargetError::CannotRun)
    }

    /// The documents that a program is for, sorted by path; of two with one path the first counts.
    fn of(&self, pass: &Pass<'_>) -> Vec<Document> {
        let is_named =
            |file: &&TrialDocument| file.schema == pass.program.schema && pass.names(&file.path);
        sorted(self.files.iter().filter(is_named))
    }

    /// The documents, sorted by path; of two with one path the first counts.
    fn documents(&self) -> Vec<Document> {
        sorted(self.files.iter())
    }

    /// The names of the schemas that hold for each document.
    fn members(&self) -> BTreeMap<RepoPath, BTreeSet<String>> {
        let mut members: BTreeMap<RepoPath, BTreeSet<String>> = BTreeMap::new();
        for held in &self.files {
            members.entry(held.path.clone()).or_default().insert(held.schema.clone());
        }
        members
    }
}

fn sorted<'a>(files: impl Iterator<Item = &'a TrialDocument>) -> Vec<Document> {
    let mut documents = BTreeMap::new();
    for TrialDocument { path, text, origin, .. } in files {
        let document = || Document { path: path.clone(), text: Arc::clone(text), origin: *origin };
        documents.entry(path.clone()).or_insert_with(document);
    }
    documents.into_values().collect()
}

/// Why an up fails, in one sentence.
fn told(error: TargetError) -> String {
    match error {
        TargetError::Script(failure) => failure.message,
        TargetError::TimedOut { limit, .. } => format!("it was stopped after {limit} s"),
        TargetError::CannotRun(reason) => reason.reason,
        TargetError::Barred(barred) => barred.failure.message,
        TargetError::Engine(error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
