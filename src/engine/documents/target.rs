//! The sandbox of documents.

use std::sync::Arc;

use super::ledger::Ledger;
use super::pass::Document;
use super::round::Round;
use super::store::{Store, Texts};
use super::{Documents, snapshot};
use crate::engine::{Checkpoint, EngineError, Rows, Target, TargetError, stopped};
use crate::host;
use crate::model::{
    CannotRun, Failure, Location, NewRow, Program, ReadRow, RepoPath, Script, Snapshot, Table,
    TableName, printable, sha256,
};

/// A document of a migration's schema that it was not run on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// The migration.
    pub migration: String,
    /// The document.
    pub path: RepoPath,
    /// Why, as a sentence without its end.
    pub reason: String,
}

/// Real files in a temporary folder, and what was done to them.
pub struct DocumentTarget {
    documents: Documents,
    /// A digest of all documents as they were at first.
    salt: String,
    store: Store,
    ledger: Ledger,
    /// States by the number that their checkpoint carries; forgotten ones are `None`.
    checkpoints: Vec<Option<(Texts, Ledger)>>,
    skipped: Vec<Skipped>,
}

impl DocumentTarget {
    pub(super) fn new(documents: Documents) -> Result<Self, EngineError> {
        let files = documents.documents();
        let texts = files.iter().map(|file| (file.path.clone(), Arc::clone(&file.text))).collect();
        let store = Store::new(&texts)?;
        let salt: String = texts.values().map(|text| sha256(text.as_bytes())).collect();
        let (salt, ledger) = (sha256(salt.as_bytes()), Ledger::default());
        Ok(Self { documents, salt, store, ledger, checkpoints: Vec::new(), skipped: Vec::new() })
    }

    /// The documents on which programs were not run, sorted; those at the new version left out.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// The text of a document as it stands.
    ///
    /// # Errors
    /// When there is no such document.
    pub fn text(&self, path: &RepoPath) -> Result<Arc<str>, EngineError> {
        self.store.read(path)
    }

    /// The documents as they stand.
    fn current(&self) -> Result<Vec<Document>, EngineError> {
        let mut documents = self.documents.documents();
        for document in &mut documents {
            document.text = self.store.read(&document.path)?;
        }
        Ok(documents)
    }

    /// Computes what a program makes of its documents; nothing is written.
    fn compute(&self, program: &Program) -> Result<Round, TargetError> {
        let pass = self.documents.pass(program)?;
        let mut documents = self.documents.of(&pass);
        for document in &mut documents {
            document.text = self.store.read(&document.path)?;
        }
        let round = Round::twice(&pass, &documents, &self.ledger)?;
        self.judge(program, &round, documents.len())?;
        Ok(round)
    }

    /// Refuses a run that shows nothing of a migration that is to be judged.
    fn judge(&self, program: &Program, round: &Round, of: usize) -> Result<(), TargetError> {
        let is_way_back = self.ledger.to_take_back(program).is_some() || program.span.is_none();
        let is_first = !is_way_back && !self.ledger.has_run(program);
        if !is_first || !self.documents.judged.contains(&program.migration) {
            return Ok(());
        }
        let (schema, from) = (printable(&program.schema), printable(&program.from));
        if round.records.is_empty() {
            let reason = match of {
                0 => format!("there is no document of {schema} to run it on"),
                _ => {
                    let excuse = round.excuse();
                    format!("none of {of} documents of {schema} is at version {from}: {excuse}")
                }
            };
            let way_out = format!(
                "add a document of version {from} to the `fixtures` of {schema} in the \
                 compatibility contract"
            );
            return Err(TargetError::CannotRun(CannotRun { reason, way_out }));
        }
        let idle = round.idle().and_then(|index| Some((index, program.operations.get(index)?)));
        if let Some((index, operation)) = idle {
            let (number, name) = (index + 1, super::operation::named(&operation.action));
            let count = round.records.len();
            return Err(TargetError::Script(failure(
                Location::at(program.path.clone(), operation.span),
                format!("operation {number} ({name}) finds nothing in any of {count} documents"),
                "mend its place, take it out, or add a fixture that has what it is for",
            )));
        }
        Ok(())
    }
}

pub(super) fn failure(location: Location, message: String, hint: &str) -> Failure {
    Failure { message, code: None, detail: None, hint: Some(hint.into()), location }
}

impl Target for DocumentTarget {
    fn version(&self) -> String {
        "documents (JSON Schema)".into()
    }

    fn execute(&mut self, script: &Script) -> Result<(), TargetError> {
        let _ = script;
        Err(TargetError::CannotRun(CannotRun {
            reason: "SQL does not run on documents".into(),
            way_out: "name the set in migration-gate.toml with the engine of its database".into(),
        }))
    }

    fn operate(&mut self, program: &Arc<Program>) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(stopped(stop, program.location(), 0));
        }
        let round = self.compute(program)?;
        self.store.write(&round.texts)?;
        self.ledger.note(program, round.records);
        self.skipped.extend(round.skipped);
        self.skipped.sort();
        self.skipped.dedup();
        Ok(())
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        Ok(snapshot::of(&self.current()?, &self.salt))
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, EngineError> {
        self.checkpoints.push(Some((self.store.read_all()?, self.ledger.clone())));
        Ok(Checkpoint(self.checkpoints.len() as u64 - 1))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), EngineError> {
        let kept = usize::try_from(checkpoint.0)
            .ok()
            .and_then(|index| self.checkpoints.get(index)?.as_ref())
            .ok_or_else(|| EngineError::Broken("an unknown checkpoint".into()))?;
        self.store.restore(&kept.0)?;
        self.ledger = kept.1.clone();
        Ok(())
    }

    fn forget(&mut self, checkpoint: Checkpoint) {
        let index = usize::try_from(checkpoint.0).ok();
        if let Some(kept) = index.and_then(|index| self.checkpoints.get_mut(index)) {
            *kept = None;
        }
    }
}

/// Documents have no tables.
impl Rows for DocumentTarget {
    fn begin_trial(&mut self, scripts: &[&Script], inside: bool) -> Result<bool, EngineError> {
        let _ = (scripts, inside);
        Ok(false)
    }

    fn end_trial(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn tables(&mut self, without: &[TableName]) -> Result<Vec<Table>, EngineError> {
        let _ = without;
        Ok(Vec::new())
    }

    fn load(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<Vec<Result<usize, String>>, EngineError> {
        let _ = table;
        Ok(rows.iter().map(|_| Err("documents have no tables".into())).collect())
    }

    fn loaded(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn query(&mut self, sql: &str) -> Result<Result<Vec<ReadRow>, String>, EngineError> {
        let _ = sql;
        Ok(Err("documents have no tables".into()))
    }
}
