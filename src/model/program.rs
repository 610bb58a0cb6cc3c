//! Config migrations: what they do to documents.

use std::sync::Arc;

use serde_json::Value;

use super::{Class, Location, Pointer, Ratio, RepoPath, Sited, Span};

/// One direction of a config migration: operations on each of the documents it is for.
#[derive(Clone, Debug)]
pub struct Program {
    /// The file it stands in.
    pub path: RepoPath,
    /// That file's text.
    pub text: Arc<str>,
    /// The part of the file that says what to do; `None` where it is derived from the other
    /// direction.
    pub span: Option<Span>,
    /// The id of the migration.
    pub migration: String,
    /// The name of the schema in the contract whose documents it is for.
    pub schema: String,
    /// The version of that schema in which it finds documents.
    pub from: String,
    /// The version in which it leaves them.
    pub to: String,
    /// Globs of the documents, where not all of the schema's; from the top of the repository.
    pub targets: Vec<String>,
    /// What is done to each document, in order.
    pub operations: Vec<Operation>,
    /// The class that the file declares, and the word where it is none.
    pub class: Option<Sited<Result<Class, String>>>,
    /// Ids of migrations that must have run before.
    pub depends_on: Vec<Sited<String>>,
}

impl Program {
    /// Where findings about it point.
    #[must_use]
    pub fn location(&self) -> Location {
        Location { path: self.path.clone(), span: self.span }
    }

    /// Whether it runs commands.
    #[must_use]
    pub fn runs_commands(&self) -> bool {
        self.operations.iter().any(|one| matches!(one.action, Action::Command { .. }))
    }

    /// Whether both do the same to the same documents, wherever they are written.
    #[must_use]
    pub fn does_the_same(&self, other: &Self) -> bool {
        let actions = |program: &Self| -> Vec<Action> {
            program.operations.iter().map(|operation| operation.action.clone()).collect()
        };
        (&self.schema, &self.from, &self.to, &self.targets)
            == (&other.schema, &other.from, &other.to, &other.targets)
            && actions(self) == actions(other)
    }
}

/// One operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Where it is written; for a derived one, where the operation that it takes back is.
    pub span: Span,
    /// What it does.
    pub action: Action,
}

/// What an operation does to a document. In a pointer the token `*` stands for every key of a map
/// and every item of a list. A value that stands nowhere is nothing to act on: but for `Test`, an
/// operation that finds nothing at its place leaves a document alone.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// The value must be there and be this.
    Test {
        /// The place.
        at: Pointer,
        /// The value.
        value: Value,
    },
    /// Puts a value where none stands; what stands there stays, and the way back leaves it.
    Add {
        /// The place.
        at: Pointer,
        /// The value.
        value: Value,
    },
    /// Takes a value out, and keeps it for the way back.
    Remove {
        /// The place.
        at: Pointer,
    },
    /// Takes a value to a place where none stands.
    Move {
        /// The place now; as many `*` as in `to`.
        from: Pointer,
        /// The place afterwards.
        to: Pointer,
    },
    /// Puts a value in the place of the one that stands there, and keeps that for the way back.
    Set {
        /// The place.
        at: Pointer,
        /// The new value.
        value: Value,
    },
    /// Puts another value for each of a table; no two lead to the same. A value that the table does
    /// not name is refused.
    Map {
        /// The place.
        at: Pointer,
        /// Old and new.
        table: Vec<(Value, Value)>,
    },
    /// Puts a value into a new map under a key, or into a new list.
    Wrap {
        /// The place.
        at: Pointer,
        /// The key; `None` for a list of one.
        key: Option<String>,
    },
    /// Takes the only value out of its map or list.
    Unwrap {
        /// The place.
        at: Pointer,
        /// The map's only key; `None` for a list of one.
        key: Option<String>,
    },
    /// Multiplies a number, exactly.
    Scale {
        /// The place.
        at: Pointer,
        /// What it is multiplied with; not zero.
        by: Ratio,
    },
    /// Takes back what an `Add`, `Remove` or `Set` did, by what was kept.
    Restore {
        /// The index of that operation in the other direction.
        of: usize,
    },
    /// A program in jq, without clock and environment: a document in, a document out.
    Jq {
        /// The program.
        program: String,
    },
    /// A command: a document in JSON on its standard input, a document in JSON on its output.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
}

impl Action {
    /// The operation's word, and the places that it works on: of a `Move` both. None where it may
    /// work on the whole document (`Jq`, `Command`), or where another operation says it
    /// (`Restore`).
    #[must_use]
    pub fn places(&self) -> (&'static str, Vec<&Pointer>) {
        match self {
            Self::Test { at, .. } => ("test", vec![at]),
            Self::Add { at, .. } => ("add", vec![at]),
            Self::Remove { at } => ("remove", vec![at]),
            Self::Move { from, to } => ("move", vec![from, to]),
            Self::Set { at, .. } => ("set", vec![at]),
            Self::Map { at, .. } => ("map", vec![at]),
            Self::Wrap { at, .. } => ("wrap", vec![at]),
            Self::Unwrap { at, .. } => ("unwrap", vec![at]),
            Self::Scale { at, .. } => ("scale", vec![at]),
            Self::Restore { .. } => ("restore", Vec::new()),
            Self::Jq { .. } => ("jq", Vec::new()),
            Self::Command { .. } => ("command", Vec::new()),
        }
    }
}
