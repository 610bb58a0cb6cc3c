//! Plain data that every other room speaks in. No I/O, no clock, no environment.

mod change;
mod evidence;
mod finding;
mod migration;
mod path;
mod problem;
mod report;
mod rule;
mod set;
mod snapshot;
mod span;
mod table;
mod text;
mod tree;
mod version;

pub use change::{ChangeKind, FileChange};
pub use evidence::{
    BrokenHistory, CannotRun, CrashPoint, DataFailure, Failure, LockMode, LockTaken, LossCause,
    LostValues, MigrationEvidence, Outcome, Position, RowsChanged, RowsEvidence, SetEvidence,
    StatementTrace, StepEvidence,
};
pub use finding::{Evidenced, Finding, Level, Levels};
pub use migration::{Class, Down, Kind, Migration, Script, Step, TransactionMode};
pub use path::RepoPath;
pub use problem::{Problem, ProblemKind};
pub use report::{Counts, Inconclusive, MigrationReport, Report, SetReport, Side, Verdict};
pub use rule::RuleMeta;
pub use set::{EngineKind, Habits, LateMigrations, Rollback, SetInfo};
pub use snapshot::{Difference, DifferenceKind, Object, ObjectKey, Snapshot, SnapshotDiff};
pub use span::{Location, Span, line_column};
pub use table::{
    Column, Condition, Family, Key, NewRow, ReadRow, Reference, Table, TableName, Value, identifier,
};
pub use text::{Sited, printable, quoted};
pub use tree::{Entry, EntryKind, Tree};
pub use version::{Part, Version};
