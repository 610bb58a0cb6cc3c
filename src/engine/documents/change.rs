//! What a program makes of documents that are not ours, computed in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ledger::Ledger;
use super::operation::named;
use super::round::Round;
use super::{Documents, Skipped};
use crate::engine::TargetError;
use crate::model::{Action, CannotRun, Program, RepoPath};

/// What a program makes of the documents that it is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// The new texts of the documents that change, each valid under the version it leads to.
    pub texts: BTreeMap<RepoPath, Arc<str>>,
    /// How many documents are at that version already.
    pub already: usize,
    /// Documents of its schema that it is not for, each with the reason.
    pub skipped: Vec<Skipped>,
    /// Documents that it should be for, and that are not valid under the version it begins with, or
    /// cannot be read; each with the reason.
    pub unfit: Vec<Skipped>,
}

impl Documents {
    /// What a program makes of the documents as [`Documents::files`] holds them, computed twice.
    /// Nothing is written. That it finds no document to change is no error.
    ///
    /// What an up took out of a document is not kept here, so a derived way back that needs it is
    /// refused.
    ///
    /// # Errors
    /// See [`TargetError`].
    pub fn change(&self, program: &Program) -> Result<Changed, TargetError> {
        refuse_forgotten(program)?;
        let pass = self.pass(program)?;
        let documents = self.of(&pass);
        let mut round = Round::twice(&pass, &documents, &Ledger::default())?;
        for document in &documents {
            let is_same = |text: &Arc<str>| *text == document.text;
            if round.texts.get(&document.path).is_some_and(is_same) {
                round.texts.remove(&document.path);
            }
        }
        let (unfit, skipped): (Vec<_>, Vec<_>) =
            round.skipped.into_iter().enumerate().partition(|(at, _)| round.unfit.contains(at));
        let only = |all: Vec<(usize, Skipped)>| all.into_iter().map(|(_, one)| one).collect();
        let (skipped, unfit) = (only(skipped), only(unfit));
        Ok(Changed { texts: round.texts, already: round.done, skipped, unfit })
    }

    /// The documents that a program is for, each once, sorted.
    ///
    /// # Errors
    /// When the program's schema or versions are not known, or its globs are none.
    pub fn meant(&self, program: &Program) -> Result<Vec<RepoPath>, TargetError> {
        let pass = self.pass(program)?;
        Ok(self.of(&pass).into_iter().map(|document| document.path).collect())
    }

    /// The documents that are not what the program leaves: still at the version it begins with, or
    /// not valid under the one it leads to; each with the reason. Documents of other versions are
    /// none of them.
    ///
    /// # Errors
    /// When the program's schema or versions are not known, or its globs are none.
    pub fn misfits(&self, program: &Program) -> Result<Vec<(RepoPath, String)>, TargetError> {
        let pass = self.pass(program)?;
        let documents = self.of(&pass).into_iter();
        Ok(documents.filter_map(|one| pass.misfit(&one).map(|why| (one.path, why))).collect())
    }

    /// The documents that are not as a history leaves them that ends with this program: at one of
    /// the versions before, or not valid under the one it leads to; each with the reason. Those at
    /// newer versions are none of them.
    ///
    /// # Errors
    /// When the program's schema or versions are not known, or its globs are none.
    pub fn stale(
        &self,
        last: &Program,
        before: &BTreeSet<&str>,
    ) -> Result<Vec<(RepoPath, String)>, TargetError> {
        let pass = self.pass(last)?;
        let documents = self.of(&pass).into_iter();
        Ok(documents
            .filter_map(|one| pass.stale(&one, before).map(|why| (one.path, why)))
            .collect())
    }
}

/// Refuses a way back that hangs on what the up kept of each document.
fn refuse_forgotten(program: &Program) -> Result<(), TargetError> {
    let forgotten = program.operations.iter().find_map(|operation| match &operation.action {
        Action::Restore { .. } => Some(named(&operation.action)),
        _ => None,
    });
    let Some(operation) = forgotten else { return Ok(()) };
    Err(TargetError::CannotRun(CannotRun {
        reason: format!(
            "{operation} needs the values that the up took out of each document, and the documents \
             do not hold them any more"
        ),
        way_out: "restore the checkpoint of the migration, or write the way back out as [[down]]"
            .into(),
    }))
}
