//! Plain data that every other room speaks in. No I/O, no clock, no environment.

mod change;
mod contract;
mod digest;
mod evidence;
mod finding;
mod inverse;
mod migration;
mod moment;
mod path;
mod pointer;
mod problem;
mod program;
mod ratio;
mod report;
mod rule;
mod schema;
mod set;
mod shard;
mod snapshot;
mod span;
mod suggest;
mod table;
mod text;
mod tree;
mod trial;
mod version;
mod waiver;
mod window;

pub use change::{ChangeKind, FileChange};
pub use contract::{Compatibility, Contract, Deprecation, Direction, Governed, Release};
pub use digest::{hex, sha256};
pub use evidence::{
    Bar, Barred, BrokenHistory, BrokenReference, CannotRun, CrashPoint, DataFailure, Failure,
    LockMode, LockTaken, LossCause, LostValues, MigrationEvidence, Outcome, Position, RowsChanged,
    RowsEvidence, SetEvidence, StatementTrace, StepEvidence,
};
pub use finding::{Evidenced, Finding, Level, Levels, UNQUOTED_RULES};
pub use migration::{Class, Down, Kind, Migration, Script, Step, TransactionMode, Work};
pub use moment::{Moment, TIMED_RULES};
pub use path::RepoPath;
pub use pointer::Pointer;
pub use problem::{Problem, ProblemKind};
pub use program::{Action, Operation, Program};
pub use ratio::Ratio;
pub use report::{
    ComparisonReport, Counts, Identity, Inconclusive, MigrationReport, PolicyIdentity, Report,
    SchemaReport, SetReport, Side, Verdict,
};
pub use rule::RuleMeta;
pub use schema::{
    Compared, Comparison, InvalidDocument, RemovedProperty, SchemaChange, SchemaEvidence,
    SchemaFault,
};
pub use set::{EngineKind, Habits, LateMigrations, Rollback, SetInfo};
pub use shard::{SetNotices, Shard, ShardNumber, WaiverUse, WaiverUseIn};
pub use snapshot::{Difference, DifferenceKind, Object, ObjectKey, Snapshot, SnapshotDiff};
pub use span::{Location, Span, line_column};
pub use suggest::{closest, known_words};
pub use table::{
    Column, Condition, Family, Key, NewRow, ReadRow, Reference, Table, TableName, Value, identifier,
};
pub use text::{Sited, clipped, looks_secret, printable, quoted};
pub use tree::{Entry, EntryKind, Printed, Tree};
pub use trial::{DocumentOrigin, TrialDocument};
pub use version::{Part, Version};
pub use waiver::{Acceptance, Subject, WAIVER_DAYS, Waived, Waiver, WaiverState};
pub use window::{Approval, ClassPolicy, Freeze, Opening, Rollout, Window, day_name, time_zone};
