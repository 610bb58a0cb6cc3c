//! Engines: what migrations change.
//!
//! The migration's fault and ours are different types: a script that fails is a
//! [`TargetError::Script`] and becomes evidence; a sandbox that cannot start is an
//! [`EngineError`] and becomes an exit code.

mod base;
mod courier;
pub mod documents;
pub mod postgres;
pub mod sqlite;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::host::Stop;
use crate::model::{
    Barred, BrokenReference, CannotRun, Failure, Location, NewRow, Program, ReadRow, Script,
    Snapshot, StatementTrace, Table, TableName, Work,
};

pub use base::{Base, Recalled};

/// A row as text, a value that is NULL as nothing.
pub type TextRow = Vec<Option<String>>;

/// Our own failure, or the machine's: never the migration's.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine is not on this machine.
    #[error("{what}\n  help: {way_out}")]
    Unavailable {
        /// What is missing.
        what: String,
        /// How to get it.
        way_out: String,
    },
    /// The engine is there and did not do its part.
    #[error("{0}")]
    Broken(String),
    /// The engine runs, and lets nobody in any more.
    #[error("{0}")]
    LockedOut(String),
    /// The whole run's deadline has passed.
    #[error("the whole run took longer than its limit\n  help: allow more with --timeout")]
    OutOfTime,
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

/// Why a script did not run to its end.
#[derive(Debug)]
pub enum TargetError {
    /// The engine refused the script: the migration's fault.
    Script(Failure),
    /// The statement was stopped at its deadline.
    TimedOut {
        /// The statement.
        location: Location,
        /// The limit in seconds.
        limit: u64,
    },
    /// The script needs something that is not here: nobody's fault.
    CannotRun(CannotRun),
    /// The script was kept from running, by its own doing.
    Barred(Barred),
    /// Ours.
    Engine(EngineError),
}

/// The error for a script that was stopped from outside.
fn stopped(stop: Stop, location: Location, limit: u64) -> TargetError {
    match stop {
        Stop::Deadline => TargetError::TimedOut { location, limit },
        Stop::RunDeadline => EngineError::OutOfTime.into(),
        Stop::Interrupted => EngineError::Interrupted.into(),
    }
}

/// The error for a script that opened a transaction and did not close it.
fn left_open(location: Location) -> TargetError {
    TargetError::Script(Failure {
        message: "the script ends inside a transaction that it opened, so nothing since that \
                  BEGIN is kept"
            .into(),
        code: None,
        detail: None,
        hint: Some("end the script with COMMIT".into()),
        location,
    })
}

impl From<EngineError> for TargetError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

/// A state of a target that can be returned to. Only the target that made it understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint(u64);

/// The rows of a target, and a place to try things on them.
pub trait Rows {
    /// Begins a trial: what is done until [`Rows::end_trial`] leaves nothing. `inside` asks for
    /// the cheap way, in one transaction that never ends well; the answer is whether that will
    /// do for these scripts, and where it will not nothing has begun.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn begin_trial(&mut self, scripts: &[&Script], inside: bool) -> Result<bool, EngineError>;

    /// Ends a trial and takes everything back, whatever happened in it.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn end_trial(&mut self) -> Result<(), EngineError>;

    /// Describes the tables of the schema, sorted by name, but those named in `without`.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn tables(&mut self, without: &[TableName]) -> Result<Vec<Table>, EngineError>;

    /// Puts rows into a table, of each list the first that the schema takes. Answers for each
    /// list with the place of that row, or with the engine's last word.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn load(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<Vec<Result<usize, String>>, EngineError>;

    /// Ends the loading: what numbers rows goes on after those that stand there.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn loaded(&mut self) -> Result<(), EngineError>;

    /// Reads rows; the inner error is the engine's refusal of the query. Nothing is changed.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn query(&mut self, sql: &str) -> Result<Result<Vec<ReadRow>, String>, EngineError>;

    /// Reads several times, like [`Rows::query`]; faster where a message takes its time.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn query_all(
        &mut self,
        queries: &[String],
    ) -> Result<Vec<Result<Vec<ReadRow>, String>>, EngineError> {
        queries.iter().map(|sql| self.query(sql)).collect()
    }

    /// Reads several times, like [`Rows::query_all`], where tables still have every column that
    /// is described, with its type; `None` where one has not, where a query is refused, and where
    /// the engine cannot tell more cheaply than by [`Rows::tables`].
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn query_again(
        &mut self,
        tables: &[&Table],
        queries: &[String],
    ) -> Result<Option<Vec<Vec<ReadRow>>>, EngineError> {
        let _ = (tables, queries);
        Ok(None)
    }
}

/// What migrations change: a throwaway engine or a real one.
pub trait Target: Rows {
    /// The engine and its version: `PostgreSQL 15.18`.
    fn version(&self) -> String;

    /// What a reader should know of how the engine is held; nothing where it is held well.
    fn notices(&self) -> Vec<String> {
        Vec::new()
    }

    /// Runs a script as its tool would. After an error the state is whatever the engine left:
    /// unchanged where the script ran in a transaction, else anything.
    ///
    /// # Errors
    /// See [`TargetError`].
    fn execute(&mut self, script: &Script) -> Result<(), TargetError>;

    /// Runs the operations of a config migration on all of its documents, or on none.
    ///
    /// # Errors
    /// See [`TargetError`]; an engine that holds no documents cannot run them.
    fn operate(&mut self, program: &Arc<Program>) -> Result<(), TargetError> {
        let _ = program;
        Err(TargetError::CannotRun(CannotRun {
            reason: "operations on documents do not run on a database".into(),
            way_out: "name the set in migration-gate.toml with engine = \"documents\"".into(),
        }))
    }

    /// Runs whatever there is to run.
    ///
    /// # Errors
    /// See [`TargetError`].
    fn run(&mut self, work: Work<'_>) -> Result<(), TargetError> {
        match work {
            Work::Sql(script) => self.execute(script),
            Work::Program(program) => self.operate(program),
        }
    }

    /// Runs a script like [`Self::execute`] and tells what each statement was seen to do; nothing
    /// where the engine does not tell. It may end early: what comes after is not known.
    ///
    /// # Errors
    /// See [`TargetError`].
    fn execute_traced(&mut self, script: &Script) -> Result<Vec<StatementTrace>, TargetError> {
        self.execute(script).map(|()| Vec::new())
    }

    /// Describes the schema.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn snapshot(&mut self) -> Result<Snapshot, EngineError>;

    /// Remembers the current state. Cheap: work may be put off until a restore needs it.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn checkpoint(&mut self) -> Result<Checkpoint, EngineError>;

    /// Returns to a remembered state; that checkpoint and earlier ones stay valid.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), EngineError>;

    /// Gives up a checkpoint that will not be restored again.
    fn forget(&mut self, checkpoint: Checkpoint) {
        // Engines whose checkpoints cost nothing have nothing to give up.
        let _ = checkpoint;
    }

    /// References that do not hold as things stand, sorted: foreign keys to what does
    /// not exist or cannot be referred to, and rows that refer to no row. None for an engine that
    /// lets no such thing happen.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn broken_references(&mut self) -> Result<Vec<BrokenReference>, EngineError> {
        Ok(Vec::new())
    }

    /// The part of its base that it began with, where that was kept by an earlier run.
    fn recalled(&self) -> Option<&Recalled> {
        None
    }

    /// The base stands: what comes now begins in a session of its own, whether the base was
    /// recalled or run. Keeps the state for later runs where `seen`, what they have to know of
    /// it, is given and it is worth it.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn settle(&mut self, seen: Option<&str>) -> Result<(), EngineError> {
        let _ = seen;
        Ok(())
    }

    /// Runs a script, describes the schema it leaves, and takes everything back.
    ///
    /// # Errors
    /// The outer error is ours; the inner result is the script's.
    fn rehearse(&mut self, work: Work<'_>) -> Result<Result<Snapshot, TargetError>, EngineError> {
        rehearse_and_restore(self, work)
    }
}

/// [`Target::rehearse`] by way of a checkpoint.
fn rehearse_and_restore<T: Target + ?Sized>(
    target: &mut T,
    work: Work<'_>,
) -> Result<Result<Snapshot, TargetError>, EngineError> {
    let before = target.checkpoint()?;
    let seen = match target.run(work) {
        Ok(()) => Ok(target.snapshot()?),
        Err(TargetError::Engine(error)) => return Err(error),
        Err(error) => Err(error),
    };
    target.restore(&before)?;
    target.forget(before);
    Ok(seen)
}

/// How a sandbox is to be made.
#[derive(Clone, Debug)]
pub struct SandboxSpec {
    /// The longest a single statement may take.
    pub statement_timeout: Duration,
    /// Whether SQLite enforces foreign keys from the start, as the set's tool does.
    pub sqlite_foreign_keys: bool,
    /// The oldest server version the team runs, where declared.
    pub engine_version: Option<String>,
    /// A folder with the PostgreSQL server binaries; found on the machine where `None`.
    pub postgres_bin: Option<PathBuf>,
    /// A server to use instead of a throwaway one.
    pub postgres_url: Option<String>,
    /// Whether the policy lets scripts have all rights where the kernel cannot confine the engine.
    pub unconfined: bool,
}

/// An engine that can make throwaway targets.
pub trait Engine: Sync {
    /// Makes an empty throwaway target, gone when it is dropped.
    ///
    /// # Errors
    /// When the engine is not here or does not start.
    fn sandbox(&self, spec: &SandboxSpec) -> Result<Box<dyn Target>, EngineError>;

    /// Like [`Engine::sandbox`], with as much of a base as is kept; [`Target::recalled`] says how
    /// much that is.
    ///
    /// # Errors
    /// When the engine is not here or does not start.
    fn sandbox_on(&self, spec: &SandboxSpec, base: Base) -> Result<Box<dyn Target>, EngineError> {
        let _ = base;
        self.sandbox(spec)
    }
}

/// How a database that stays is worked on.
#[derive(Clone, Debug)]
pub struct RealSpec {
    /// The longest a single statement may take.
    pub statement_timeout: Duration,
    /// Whether SQLite enforces foreign keys from the start, as the set's tool does.
    pub sqlite_foreign_keys: bool,
    /// The oldest server version the team runs, where declared.
    pub engine_version: Option<String>,
    /// The folder of `pg_dump` and `pg_restore`; found on the machine where `None`.
    pub tools: Option<PathBuf>,
    /// The operator's own backup, `{file}` for the file to write; `pg_dump` where empty. The
    /// connection is given by `PG*` environment variables.
    pub backup_command: Vec<String>,
    /// The operator's own restore, likewise; `pg_restore` where empty.
    pub restore_command: Vec<String>,
}

/// A database that stays: what is done to it is taken back by no drop.
pub trait Database {
    /// The engine and its version: `PostgreSQL 15.18`.
    fn version(&self) -> String;

    /// Where it is, for people and without a password: `postgres://db.example.org:5432/shop`,
    /// `var/app.db`.
    fn place(&self) -> String;

    /// Keeps other runners out until this is dropped; `false` where another one is at work.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn lock(&mut self) -> Result<bool, EngineError>;

    /// Whether a script and what is recorded of it run in one transaction, so that a failure or a
    /// lost connection leaves nothing of either.
    fn is_atomic(&self, script: &Script) -> bool;

    /// Runs a script as its tool would, and then `record`, statements of our own: inside the
    /// script's transaction where [`Database::is_atomic`], else after it in one of their own.
    ///
    /// # Errors
    /// See [`TargetError`].
    fn execute(&mut self, script: &Script, record: &[String]) -> Result<(), TargetError>;

    /// Runs a script that must change nothing, and takes back what it did.
    ///
    /// # Errors
    /// See [`TargetError`].
    fn verify(&mut self, script: &Script) -> Result<(), TargetError>;

    /// Runs statements of our own in one transaction.
    ///
    /// # Errors
    /// When one is refused.
    fn write(&mut self, statements: &[String]) -> Result<(), EngineError>;

    /// Reads rows.
    ///
    /// # Errors
    /// When the query is refused.
    fn read(&mut self, sql: &str) -> Result<Vec<TextRow>, EngineError>;

    /// Whether there is a table of that name: in the schema named, else where names without one
    /// are looked up.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn has_table(&mut self, name: &TableName) -> Result<bool, EngineError>;

    /// Describes the schema.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn snapshot(&mut self) -> Result<Snapshot, EngineError>;

    /// How many rows each table has, by its name as people say it; exact.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, EngineError>;

    /// About how many bytes a backup takes at most.
    ///
    /// # Errors
    /// Only when the engine itself fails.
    fn size(&mut self) -> Result<u64, EngineError>;

    /// Writes a copy of everything to a new file and makes sure that it can be read. The caller
    /// makes it durable.
    ///
    /// # Errors
    /// When it cannot be written, or does not read.
    fn back_up(&mut self, file: &Path) -> Result<(), EngineError>;

    /// Brings everything back to what it was when the copy was made: all of it, or nothing.
    ///
    /// # Errors
    /// When it cannot be brought back; the database is as it was before.
    fn restore(&mut self, file: &Path) -> Result<(), EngineError>;
}
