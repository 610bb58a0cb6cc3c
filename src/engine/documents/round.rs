//! One program on all of its documents, in memory.

use std::collections::BTreeMap;

use super::ledger::{Ledger, Record};
use super::pass::{Admission, Document, Migrated, Pass};
use super::store::Texts;
use super::target::{Skipped, failure};
use crate::engine::{TargetError, stopped};
use crate::host;
use crate::model::{RepoPath, printable};

/// What came of it.
#[derive(Default, PartialEq)]
pub(super) struct Round {
    /// The new texts of the documents that the program is for.
    pub(super) texts: Texts,
    /// What was done to each of them.
    pub(super) records: BTreeMap<RepoPath, Record>,
    /// How many are at the new version already.
    pub(super) done: usize,
    /// Those that it is not for, each with the reason.
    pub(super) skipped: Vec<Skipped>,
    /// Those among them that it should be for, by their place in `skipped`.
    pub(super) unfit: Vec<usize>,
}

impl Round {
    /// Runs a program on its documents; what was taken out is kept in `ledger`.
    pub(super) fn run(
        pass: &Pass<'_>,
        documents: &[Document],
        ledger: &Ledger,
    ) -> Result<Self, TargetError> {
        let taken_back = ledger.to_take_back(pass.program);
        let mut round = Self::default();
        for document in documents {
            if let Some(stop) = host::must_stop() {
                return Err(stopped(stop, pass.program.location(), 0));
            }
            // The way back is for what the up changed, and for nothing that was new already.
            let record = match taken_back {
                None => None,
                Some(records) => match records.get(&document.path) {
                    None => continue,
                    record => record,
                },
            };
            match pass.admit(document) {
                Admission::Done => round.done += 1,
                Admission::Left(reason) => round.skip(pass, document, reason),
                Admission::Unfit(reason) => {
                    round.unfit.push(round.skipped.len());
                    round.skip(pass, document, reason);
                }
                Admission::Admitted(value) => {
                    let Migrated { text, record } = pass.migrate(document, value, record)?;
                    round.texts.insert(document.path.clone(), text);
                    round.records.insert(document.path.clone(), record);
                }
            }
        }
        Ok(round)
    }

    /// Runs a program twice, and refuses one that does not give the same texts.
    pub(super) fn twice(
        pass: &Pass<'_>,
        documents: &[Document],
        ledger: &Ledger,
    ) -> Result<Self, TargetError> {
        let round = Self::run(pass, documents, ledger)?;
        let again = Self::run(pass, documents, ledger)?;
        let Some(path) = round.different(&again) else { return Ok(round) };
        Err(TargetError::Script(failure(
            pass.program.location(),
            format!("two runs give two texts of {}", printable(path.as_str())),
            "let the command give the same for the same document, without clock and chance",
        )))
    }

    /// The first document of which two runs do not agree.
    fn different(&self, other: &Self) -> Option<&RepoPath> {
        let in_one = self.texts.iter().find(|(path, text)| other.texts.get(*path) != Some(text));
        in_one.map(|(path, _)| path)
    }

    fn skip(&mut self, pass: &Pass<'_>, document: &Document, reason: String) {
        let (migration, path) = (pass.program.migration.clone(), document.path.clone());
        self.skipped.push(Skipped { migration, path, reason });
    }

    /// The first operation that did nothing to any document, by its index.
    pub(super) fn idle(&self) -> Option<usize> {
        let first = self.records.values().next()?;
        let is_idle = |index: &usize| {
            self.records
                .values()
                .all(|record| record.operations.get(*index).is_some_and(|(_, did)| did.is_empty()))
        };
        (0..first.operations.len()).find(is_idle)
    }

    /// Why the documents were left, in words.
    pub(super) fn excuse(&self) -> String {
        let mut parts = Vec::new();
        if self.done > 0 {
            parts.push(format!("{} already migrated", self.done));
        }
        if let Some(first) = self.skipped.first() {
            let more = match self.skipped.len() - 1 {
                0 => String::new(),
                more => format!(" ({more} more are left as well)"),
            };
            parts.push(format!("{}: {}{more}", printable(first.path.as_str()), first.reason));
        }
        parts.join("; ")
    }
}
