//! Which objects of a schema a script touches, read from its statements.
//!
//! The reader looks at words and names, so it works for PostgreSQL and SQLite alike and never
//! fails; what it does not know it leaves out. Bodies of functions and DO blocks are not read.

mod cursor;
mod read;

use std::collections::BTreeMap;

use super::{is_trivia, lex, statements};
use crate::model::{EngineKind, Script, Span};
use cursor::Cursor;

/// What sort of object; those that share a sort share their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are SQL's")]
pub enum ObjectKind {
    Table,
    View,
    Index,
    /// A type or a domain; its `part` is a value of an enum.
    Type,
    Sequence,
    /// A function, a procedure or an aggregate, whatever its arguments.
    Function,
    Trigger,
    Policy,
    Constraint,
    Schema,
    Extension,
}

impl ObjectKind {
    /// The word for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::Index => "index",
            Self::Type => "type",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Trigger => "trigger",
            Self::Policy => "policy",
            Self::Constraint => "constraint",
            Self::Schema => "schema",
            Self::Extension => "extension",
        }
    }
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// It must be there: rows are written, an index or a foreign key is put on it.
    Use,
    /// It is changed and stays.
    Alter,
    /// It is dropped and made anew under its name, as a rebuild of a table does.
    Replace,
    /// It is made.
    Create,
    /// It is dropped, or has another name afterwards.
    Drop,
}

/// One touch of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// What sort of object.
    pub kind: ObjectKind,
    /// Its name as the engine folds it, without the schema everybody has (`public`, `main`);
    /// objects whose names count only on their table read `name on table`.
    pub name: String,
    /// The column of a table or the value of an enum, where only that is touched.
    pub part: Option<String>,
    /// What is done to it.
    pub action: Action,
    /// It says IF EXISTS, IF NOT EXISTS or OR REPLACE.
    pub guarded: bool,
    /// The statement, in `Script::text`.
    pub span: Span,
}

impl Touched {
    /// The object in words: ``table `users` ``, ``column `users.email` ``.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.part {
            Some(part) if self.kind == ObjectKind::Type => {
                format!("value {part} of type `{}`", self.name)
            }
            Some(part) => format!("column `{}.{part}`", self.name),
            None => format!("{} `{}`", self.kind.name(), self.name),
        }
    }
}

/// Every touch of a script, in order.
#[must_use]
pub fn touched_objects(script: &Script, engine: EngineKind) -> Vec<Touched> {
    let mut touched = Vec::new();
    for statement in statements(script) {
        let range = statement.span.start..statement.span.end;
        let lexemes = lex(&script.text, &range).filter(|lexeme| !is_trivia(lexeme.kind)).collect();
        let mut cursor = Cursor::new(lexemes, engine);
        let found = read::statement(&mut cursor);
        touched.extend(found.into_iter().map(|found| Touched { span: statement.span, ..found }));
    }
    touched
}

/// What a script does to each object when it has run to its end: what it makes and drops again
/// is not there, and what it does to an object of its own making is part of the making.
#[must_use]
pub fn net_effects(touched: &[Touched]) -> Vec<Touched> {
    let mut by_object: BTreeMap<(ObjectKind, &str, Option<&str>), Vec<&Touched>> = BTreeMap::new();
    for touch in touched {
        let key = (touch.kind, touch.name.as_str(), touch.part.as_deref());
        by_object.entry(key).or_default().push(touch);
    }
    let net: Vec<Touched> = by_object.into_values().filter_map(|all| net(&all)).collect();
    // Nothing is left to say of the parts of a table that is new or gone as a whole.
    let own: Vec<(ObjectKind, String)> = touched
        .iter()
        .filter(|touch| touch.part.is_none() && touch.action == Action::Create)
        .map(|touch| (touch.kind, touch.name.clone()))
        .collect();
    let is_own = |touch: &Touched| {
        (touch.part.is_some() || matches!(touch.action, Action::Use | Action::Alter))
            && own.iter().any(|(kind, name)| *kind == touch.kind && *name == touch.name)
    };
    net.into_iter().filter(|touch| !is_own(touch)).collect()
}

/// The touches of one object taken together; `None` where it was made and dropped again.
fn net(all: &[&Touched]) -> Option<Touched> {
    let makes = |touch: &&&Touched| matches!(touch.action, Action::Create | Action::Drop);
    let first = all.iter().find(makes);
    let last = all.iter().rfind(makes);
    let (chosen, action) = match (first, last) {
        (Some(first), Some(last)) => match (first.action, last.action) {
            (Action::Create, Action::Drop) => return None,
            (Action::Drop, Action::Create) => (first, Action::Replace),
            (_, action) => (first, action),
        },
        _ => {
            let strongest = all.iter().max_by_key(|touch| touch.action)?;
            (strongest, strongest.action)
        }
    };
    Some(Touched { action, ..(**chosen).clone() })
}

#[cfg(test)]
mod tests;
