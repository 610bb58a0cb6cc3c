//! What was seen when migrations ran.

use super::{Location, SnapshotDiff};

/// Why something cannot be run here; neither the migration's fault nor a pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CannotRun {
    /// The reason, without anything that differs from machine to machine.
    pub reason: String,
    /// What a person can do about it.
    pub way_out: String,
}

/// A script's own failure, in the engine's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The engine's message.
    pub message: String,
    /// The engine's code: SQLSTATE, or SQLite's extended result code name.
    pub code: Option<String>,
    /// More from the engine.
    pub detail: Option<String>,
    /// Advice: the engine's own where there is a code, else the gate's.
    pub hint: Option<String>,
    /// The place the engine names, else the statement that failed.
    pub location: Location,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It ran to its end.
    Done,
    /// The engine refused it.
    Failed(Failure),
    /// It was stopped at the deadline.
    TimedOut {
        /// The statement that was running.
        location: Location,
        /// The limit, in seconds.
        limit: u64,
    },
    /// It could not be tried, or its failure is not the migration's fault.
    CannotRun(CannotRun),
    /// It was kept from running, and that is the script's own doing.
    Barred(Barred),
}

/// What keeps a script from running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bar {
    /// It reaches out of the sandbox.
    Sandbox,
    /// It holds what only a client understands, not the engine.
    Client,
}

/// A script that was kept from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barred {
    /// What kept it.
    pub by: Bar,
    /// What it did, in the engine's words or the gate's.
    pub failure: Failure,
}

impl Failure {
    /// Whether the engine misses something by name, which an earlier migration may have been
    /// meant to make: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    #[must_use]
    fn misses_something(&self) -> bool {
        const UNDEFINED: [&str; 6] = ["3F000", "42P01", "42703", "42704", "42883", "3D000"];
        self.code.as_deref().is_some_and(|code| UNDEFINED.contains(&code))
            || self.message.contains("no such ")
    }
}

impl Outcome {
    /// Whether what is missing here may be an earlier migration's to make.
    #[must_use]
    pub fn may_be_a_consequence(&self) -> bool {
        match self {
            Self::Failed(failure) => failure.misses_something(),
            Self::CannotRun(_) => true,
            Self::Done | Self::TimedOut { .. } | Self::Barred(_) => false,
        }
    }

    /// Whether the step ran to its end.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// One step of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepEvidence {
    /// How it ended.
    pub outcome: Outcome,
    /// The schema found after it against the one expected; empty unless the step is done.
    pub diff: SnapshotDiff,
}

impl StepEvidence {
    /// A step that ended before there was anything to compare.
    #[must_use]
    pub fn ended(outcome: Outcome) -> Self {
        Self { outcome, diff: SnapshotDiff::default() }
    }

    /// Whether it failed or gave another schema; what could not be told is not wrong.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        matches!(self.outcome, Outcome::Failed(_)) || self.diff.is_material()
    }

    /// Whether it ran and gave the schema expected, notes aside.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.outcome.is_done() && !self.diff.is_material()
    }
}

/// A table lock of PostgreSQL, from the weakest:
/// <https://www.postgresql.org/docs/current/explicit-locking.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are PostgreSQL's")]
pub enum LockMode {
    AccessShare,
    RowShare,
    RowExclusive,
    ShareUpdateExclusive,
    Share,
    ShareRowExclusive,
    Exclusive,
    AccessExclusive,
}

impl LockMode {
    /// Every mode, from the weakest.
    pub const ALL: [Self; 8] = [
        Self::AccessShare,
        Self::RowShare,
        Self::RowExclusive,
        Self::ShareUpdateExclusive,
        Self::Share,
        Self::ShareRowExclusive,
        Self::Exclusive,
        Self::AccessExclusive,
    ];

    /// Whether others cannot read while it is held.
    #[must_use]
    pub fn blocks_reads(self) -> bool {
        self == Self::AccessExclusive
    }

    /// Whether others cannot insert, update or delete while it is held.
    #[must_use]
    pub fn blocks_writes(self) -> bool {
        self >= Self::Share
    }

    /// The name in PostgreSQL's documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessShare => "ACCESS SHARE",
            Self::RowShare => "ROW SHARE",
            Self::RowExclusive => "ROW EXCLUSIVE",
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::Share => "SHARE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::Exclusive => "EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

/// A lock that a statement took on a relation that stood before its migration and stands after
/// the statement: what is dropped is not there to be locked. An index is told only where it is
/// written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockTaken {
    /// The relation: `public.users`.
    pub relation: String,
    /// How it is locked; the strongest mode new with this statement.
    pub mode: LockMode,
    /// How many later statements of the transaction run while it is held.
    pub held_for: usize,
}

/// What one statement of an up was seen to do to relations that stood before its migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementTrace {
    /// The statement.
    pub location: Location,
    /// The locks it took, by relation.
    pub locks: Vec<LockTaken>,
    /// Tables it wrote anew, and indexes where their table was not; sorted.
    pub rewrites: Vec<String>,
    /// Tables it read from end to end, sorted: to prove a constraint, to build an index, or because
    /// no index leads to the rows it wants.
    pub scans: Vec<String>,
}

/// An up that runs on empty tables and is refused on rows that the schema before it allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFailure {
    /// The engine's words.
    pub failure: Failure,
    /// The constraint, or what stands for one: `users.email NOT NULL`.
    pub constraint: String,
    /// The table.
    pub table: Option<String>,
    /// A row that it is refused on: column and value, as the engine writes it.
    pub row: Vec<(String, String)>,
    /// The query that finds such rows in production; it was seen to find them here.
    pub query: Option<String>,
    /// A constraint or a type refuses the rows; else it is something that the script does itself.
    pub by_schema: bool,
}

/// How many rows of a table an up changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowsChanged {
    /// The table.
    pub table: String,
    /// New rows.
    pub inserted: usize,
    /// Rows with other values, new and dropped columns aside.
    pub updated: usize,
    /// Rows that are gone.
    pub deleted: usize,
}

/// Where values went that stood before the up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LossCause {
    /// The up drops their column or table.
    Dropped,
    /// The up deletes their rows.
    Deleted,
    /// The up puts others in their place, and the down does not put them back.
    Changed,
    /// They stand after the up; the down takes them.
    Down,
}

/// Values that stood before the up and do not stand after the down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LostValues {
    /// The table.
    pub table: String,
    /// The column; `None` where whole rows are gone.
    pub column: Option<String>,
    /// How many values or rows.
    pub count: usize,
    /// Of how many.
    pub of: usize,
    /// Some of them, `before → after`, or the row.
    pub examples: Vec<String>,
    /// Where they went.
    pub cause: LossCause,
    /// Where the up keeps them, so that the down could bring them back: `users.full_name`.
    pub kept_in: Option<String>,
}

/// What was seen when the up and the down ran over rows.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct RowsEvidence {
    /// How many rows stood in each table before the up, by table.
    pub loaded: Vec<(String, usize)>,
    /// Why the up is refused on some of the rows; empty where it is not.
    pub refused: Vec<DataFailure>,
    /// What the up did to rows that it accepts, by table; tables that are new or gone left out.
    pub changed: Vec<RowsChanged>,
    /// What a second run of the up changes once more, by table.
    pub again: Vec<RowsChanged>,
    /// What is gone after the down, by table and column.
    pub lost: Vec<LostValues>,
    /// The up over rows, where it was neither done nor refused: stopped, or not to be run here.
    pub up: Option<StepEvidence>,
    /// The down over the rows that the up accepts; its diff is not read.
    pub down: Option<StepEvidence>,
    /// How the set's own rows failed to load.
    pub seed: Option<Outcome>,
    /// Tables that could not be filled, each with the reason; nothing is known of their rows.
    pub unfilled: Vec<(String, String)>,
}

/// A foreign key that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BrokenReference {
    /// The table that refers.
    pub table: String,
    /// The table it refers to, as the foreign key names it.
    pub to: String,
    /// What is wrong with it, in words that name both.
    pub problem: String,
}

/// What a script leaves when it stops after one of its statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrashPoint {
    /// The last statement that ran.
    pub after: Location,
    /// Its number, from 1.
    pub number: usize,
    /// How many statements the script has.
    pub of: usize,
    /// What it left: the schema before the up against the one found.
    pub left: SnapshotDiff,
    /// The whole up from there, expected to give the schema after the up.
    pub again: StepEvidence,
    /// The down from there, expected to give the schema before the up; `None` where there is
    /// none, and where the up goes on by itself.
    pub down: Option<StepEvidence>,
}

impl CrashPoint {
    /// Whether the up or the down leads from there to the schema it should.
    #[must_use]
    pub fn has_a_way_out(&self) -> bool {
        self.again.is_clean() || self.down.as_ref().is_some_and(StepEvidence::is_clean)
    }

    /// Whether neither the up nor the down leads to a schema that anyone meant.
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        self.again.is_wrong() && self.down.as_ref().is_none_or(StepEvidence::is_wrong)
    }
}

/// Where a migration stands in the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It runs so that the change has its history; it is not judged.
    Baseline,
    /// The whole protocol is walked with it.
    Judged,
}

/// What was seen of one judged migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationEvidence {
    /// The migration.
    pub id: String,
    /// An earlier migration that did not run and that this one may need; set only where this
    /// one did not run either.
    pub blocked_by: Option<String>,
    /// The up, on the history before it. Its diff is what the up changed (S0 against S1).
    pub up: StepEvidence,
    /// The up a second time, expected to leave the schema of the first.
    pub again: Option<StepEvidence>,
    /// The verify script, which must change nothing.
    pub verify: Option<StepEvidence>,
    /// The down, expected to give back the schema from before the up.
    pub down: Option<StepEvidence>,
    /// The up after the down, expected to give the schema of the first up.
    pub up_after_down: Option<StepEvidence>,
    /// The restored checkpoint, where the team rolls back by restoring.
    pub restore: Option<StepEvidence>,
    /// The down in the strict reverse walk after the last migration; that of the first judged
    /// migration is expected to give back the schema from before it.
    pub reverse: Option<StepEvidence>,
    /// A later migration that did not go back cleanly before that; what fails after it may be its
    /// doing.
    pub reverse_after: Option<String>,
    /// References that the up broke and that no later migration mended.
    pub broken_references: Vec<BrokenReference>,
    /// What each statement of the up did; empty where the engine does not tell.
    pub trace: Vec<StatementTrace>,
    /// The up and the down over rows; `None` where that was not tried.
    pub rows: Option<RowsEvidence>,
    /// What an up outside a transaction leaves when it stops half-way, by statement.
    pub crashes: Vec<CrashPoint>,
}

impl MigrationEvidence {
    /// Evidence that begins, and perhaps ends, with the up.
    #[must_use]
    pub fn new(id: impl Into<String>, up: StepEvidence) -> Self {
        Self {
            id: id.into(),
            blocked_by: None,
            up,
            again: None,
            verify: None,
            down: None,
            up_after_down: None,
            restore: None,
            reverse: None,
            reverse_after: None,
            broken_references: Vec::new(),
            trace: Vec::new(),
            rows: None,
            crashes: Vec::new(),
        }
    }
}

/// A migration of the history that did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenHistory {
    /// The migration.
    pub id: String,
    /// Why.
    pub outcome: Outcome,
    /// An earlier migration that did not run and that this one may need.
    pub blocked_by: Option<String>,
}

/// What was seen of one set.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SetEvidence {
    /// The engine and its version: `PostgreSQL 15.18`.
    pub engine: String,
    /// What is worth saying about how the engine was held.
    pub notices: Vec<String>,
    /// How many ups of the history ran before the judged migrations.
    pub baseline_applied: usize,
    /// Migrations of the history that did not run.
    pub baseline_broken: Vec<BrokenHistory>,
    /// Migrations of the history that ran before the change and do not run any more.
    pub newly_broken: Vec<BrokenHistory>,
    /// The judged migrations in the order they ran.
    pub migrations: Vec<MigrationEvidence>,
}
