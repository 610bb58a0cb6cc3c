//! What statements of SQLite do, as far as rules ask.
//!
//! The grammar is that of a parser of its own; what it cannot read is [`Act::Unread`], never a
//! guess. Names are without quotes, as written; SQLite compares them whatever their case
//! ([`same`]).

mod features;
mod links;
mod read;
mod rebuild;
mod words;

pub use features::{Feature, features};
pub use links::{Link, Links};
pub use rebuild::{Copied, Rebuild, rebuilds};
pub use words::{calls, parameters};

use super::Statement;
use crate::model::{Span, TransactionMode};

/// What one statement does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `CREATE TABLE`
    CreateTable(NewTable),
    /// `DROP TABLE`
    DropTable(String),
    /// `DROP INDEX`, `DROP TRIGGER`, `DROP VIEW`: the object's name.
    DropObject(String),
    /// `CREATE INDEX`
    CreateIndex(NewIndex),
    /// `CREATE TRIGGER`
    CreateTrigger {
        /// The table or view it watches.
        table: String,
    },
    /// `ALTER TABLE … RENAME TO …`
    RenameTable {
        /// The name until then.
        from: String,
        /// The name from then on.
        to: String,
    },
    /// `ALTER TABLE … ADD COLUMN …`
    AddColumn {
        /// The table.
        table: String,
        /// The column.
        column: Column,
    },
    /// `ALTER TABLE … DROP COLUMN …`
    DropColumn,
    /// `ALTER TABLE … RENAME COLUMN …`
    RenameColumn,
    /// `ALTER TABLE` with a constraint or NOT NULL to set or drop.
    AlterConstraint,
    /// `INSERT` and `REPLACE`
    Insert(Insert),
    /// `UPDATE`
    Update {
        /// The table.
        table: String,
        /// Whether it has a FROM clause.
        from: bool,
    },
    /// `PRAGMA`
    Pragma {
        /// Its name in lower case.
        name: String,
        /// The value it is set to, where it is a word or a number.
        value: Option<String>,
    },
    /// `BEGIN` and `SAVEPOINT`
    Begin,
    /// `COMMIT`, `END` and `ROLLBACK`, but not to a savepoint.
    End,
    /// Anything else.
    Other,
    /// It cannot be read.
    Unread,
}

/// A table as `CREATE TABLE` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewTable {
    /// Its name.
    pub name: String,
    /// Its columns, in order; none for `CREATE TABLE … AS SELECT`.
    pub columns: Vec<Column>,
    /// The columns of its primary key.
    pub key: Vec<String>,
    /// Columns of UNIQUE constraints.
    pub unique: Vec<Vec<String>>,
    /// Its foreign keys, those of columns included.
    pub foreign_keys: Vec<ForeignKey>,
    /// How many CHECK constraints it has, those of columns included.
    pub checks: usize,
    /// `AUTOINCREMENT`
    pub autoincrement: bool,
    /// `STRICT`
    pub strict: bool,
    /// `WITHOUT ROWID`
    pub without_rowid: bool,
    /// What it is filled from, for `CREATE TABLE … AS SELECT`.
    pub source: Option<Source>,
}

/// A column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as declared.
    pub kind: Option<String>,
    /// `NOT NULL`
    pub not_null: bool,
    /// Its default.
    pub default: ColumnDefault,
    /// What it refers to.
    pub references: Option<ForeignKey>,
    /// Whether it is generated, and how.
    pub generated: Option<Generated>,
}

/// How a generated column is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generated {
    /// Computed when read.
    Virtual,
    /// Written to the row.
    Stored,
}

/// A column's default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ColumnDefault {
    /// There is none, or it is NULL.
    #[default]
    Null,
    /// A value that is the same for every row.
    Constant,
    /// Something in double quotes, which is no column here and so a string.
    Quoted(String),
    /// It is worked out for each row, as written.
    Computed(String),
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// Its own columns.
    pub columns: Vec<String>,
    /// The table it refers to.
    pub table: String,
    /// What becomes of the rows when those they refer to are deleted.
    pub on_delete: OnDelete,
}

/// What a foreign key does with its rows when those they refer to are deleted, from the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnDelete {
    /// They are deleted too.
    Cascade,
    /// Their columns become NULL or the default.
    Reset,
    /// The deletion is refused.
    Refuse,
}

/// An index as `CREATE INDEX` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewIndex {
    /// Its name.
    pub name: String,
    /// The table.
    pub table: String,
    /// `UNIQUE`
    pub unique: bool,
    /// The columns; `None` for an expression.
    pub columns: Vec<Option<String>>,
}

/// `INSERT` and `REPLACE`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Insert {
    /// The table.
    pub table: String,
    /// The columns named; `None` where none are.
    pub columns: Option<Vec<String>>,
    /// Where the rows come from; `None` for VALUES.
    pub source: Option<Source>,
    /// `OR IGNORE`, or `ON CONFLICT … DO NOTHING`
    pub ignores: bool,
    /// A word in double quotes among VALUES, which is no column there and so a string.
    pub quoted: Option<String>,
}

/// The tables a SELECT reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Source {
    /// Their names.
    pub tables: Vec<String>,
    /// Whether rows are left out: by WHERE, DISTINCT, LIMIT, GROUP BY or a join.
    pub filtered: bool,
}

/// A statement that was read, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The bytes of the statement, in the script's text.
    pub span: Span,
    /// What it does.
    pub act: Act,
}

/// Whether a statement is too large or too deeply nested to be read: all of it is [`Act::Unread`].
#[must_use]
pub fn is_too_complex(text: &str) -> bool {
    read::is_too_deep(text) || read::is_too_wide(text)
}

/// What one statement does; the first where there are several.
#[must_use]
pub fn act(text: &str) -> Act {
    read::acts(text).into_iter().next().unwrap_or(Act::Other)
}

/// Whether a name stands in a statement, as a whole word or in quotes.
#[must_use]
pub fn mentions(text: &str, name: &str) -> bool {
    features::tokens(text).any(|token| same(&read::plain(&token), name))
}

/// Reads the statements of a script; a block of several statements gives several acts.
#[must_use]
pub fn acts(text: &str, statements: &[Statement]) -> Vec<Placed> {
    let of = |statement: &Statement| {
        let span = statement.span;
        let acts = text.get(span.start..span.end).map(read::acts).unwrap_or_default();
        acts.into_iter().map(move |act| Placed { span, act })
    };
    statements.iter().flat_map(of).collect()
}

/// Whether two names are the same to SQLite, which folds ASCII only.
#[must_use]
pub fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Whether a pragma's value switches it off.
#[must_use]
pub fn is_off(value: &str) -> bool {
    ["0", "off", "false", "no"].iter().any(|off| same(off, value))
}

/// Whether a script's statements run inside a transaction: for each act, in order.
#[must_use]
pub fn in_transaction(mode: TransactionMode, acts: &[Placed]) -> Vec<bool> {
    // SQLite knows no batch that is a transaction of its own; the tools open one.
    let mut inside = mode != TransactionMode::Bare;
    let mut told = Vec::new();
    for placed in acts {
        told.push(inside);
        match placed.act {
            Act::Begin => inside = true,
            Act::End => inside = false,
            _ => {}
        }
    }
    told
}

#[cfg(test)]
mod tests;
