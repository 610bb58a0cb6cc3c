//! What ups did to each document, as the ways back need it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Pointer, Program, RepoPath, Span};

/// One thing that an operation did.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Did {
    /// It put a value where none stood.
    Added {
        at: Pointer,
        /// The outermost of the maps that it made for it.
        made: Option<Pointer>,
    },
    /// It took this value out.
    Removed { at: Pointer, value: Value },
    /// It put something else in the place of this value.
    Replaced { at: Pointer, value: Value },
    /// It took a value elsewhere.
    Moved { from: Pointer, to: Pointer, made: Option<Pointer> },
    /// It looked, and changed nothing.
    Looked,
}

/// What a migration did to one document.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Record {
    /// What each operation did, in order, with the place where the operation is written.
    pub(super) operations: Vec<(Span, Vec<Did>)>,
    /// How it wrote the version.
    pub(super) version: Vec<Did>,
}

impl Record {
    /// What the operation at this place did.
    pub(super) fn at(&self, span: Span) -> Option<&[Did]> {
        self.operations.iter().find(|(own, _)| *own == span).map(|(_, did)| did.as_slice())
    }
}

/// The records of one direction of one migration, by document.
type Records = BTreeMap<RepoPath, Record>;

/// A migration, and the versions from and to which it went.
type Direction = (String, String, String);

/// What has run, and what it did.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ledger(BTreeMap<Direction, Records>);

impl Ledger {
    /// What the opposite of a program did, where that has run and the program takes it back.
    pub(super) fn to_take_back(&self, program: &Program) -> Option<&Records> {
        self.0.get(&opposite(program)?)
    }

    /// Whether the program itself has run.
    pub(super) fn has_run(&self, program: &Program) -> bool {
        self.0.contains_key(&own(program))
    }

    /// Notes that a program ran: what it took back is done with, else what it did is kept.
    pub(super) fn note(&mut self, program: &Program, records: Records) {
        let taken_back = opposite(program).and_then(|opposite| self.0.remove(&opposite));
        if taken_back.is_none() {
            self.0.entry(own(program)).or_default().extend(records);
        }
    }
}

fn own(program: &Program) -> Direction {
    (program.migration.clone(), program.from.clone(), program.to.clone())
}

/// The direction that a program takes back. One that is written out and stays in its version could
/// be either direction, so it takes nothing back.
fn opposite(program: &Program) -> Option<Direction> {
    let is_down = program.span.is_none() || program.from != program.to;
    is_down.then(|| (program.migration.clone(), program.to.clone(), program.from.clone()))
}
