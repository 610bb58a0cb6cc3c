//! A connection, and how scripts run on it: the same in memory and on a file.
//!
//! Statements are split by the engine itself, so that triggers and odd quoting need no guess.

use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection, Statement};

use super::bounds;
use super::clock::Clock;
use super::errors::{self, broken};
use crate::engine::{EngineError, TargetError};
use crate::host::{self, Stop};
use crate::model::{Location, RepoPath, Script, Span, TransactionMode};

/// What holds for every script.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The longest a single statement may take.
    pub(super) statement_timeout: Duration,
    /// Whether foreign keys are enforced when a script begins.
    pub(super) foreign_keys: bool,
    /// The oldest engine of the team, where declared.
    pub(super) engine_version: Option<String>,
    /// What its statements are timed by.
    pub(super) clock: Clock,
}

impl Settings {
    /// How long another process may keep a statement waiting.
    pub(super) fn patience(&self) -> Duration {
        self.statement_timeout.min(Duration::from_secs(5))
    }
}

/// A connection on which scripts run.
pub(super) struct Session {
    pub(super) connection: Connection,
    pub(super) settings: Settings,
    /// Whether it is bounded in what it takes.
    is_bounded: bool,
}

/// Why a step of a script ended early.
enum Ended {
    Refused(rusqlite::Error, Span),
    Stopped(Stop, Span),
}

impl Ended {
    fn of(error: rusqlite::Error, stopped: Option<Stop>, span: Span) -> Self {
        match stopped {
            Some(stop) => Self::Stopped(stop, span),
            None => Self::Refused(error, span),
        }
    }
}

impl Session {
    /// Makes a connection one that scripts may run on.
    pub(super) fn new(mut connection: Connection, settings: Settings) -> rusqlite::Result<Self> {
        for (option, on) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
            (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, settings.foreign_keys),
        ] {
            connection.set_db_config(option, on)?;
        }
        connection.authorizer(Some(bounds::inside))?;
        settings.clock.attach(&mut connection)?;
        Ok(Self { connection, settings, is_bounded: false })
    }

    /// Makes a connection one that anybody's scripts may run on, with bounds to what they take.
    pub(super) fn bounded(connection: Connection, settings: Settings) -> rusqlite::Result<Self> {
        bounds::bound(&connection)?;
        let mut session = Self::new(connection, settings)?;
        session.connection.authorizer(Some(bounds::bounded))?;
        session.is_bounded = true;
        Ok(session)
    }

    /// Does some work of SQLite's within the time that a statement has; where it was stopped, the
    /// reason stands beside its result.
    pub(super) fn limited<T>(&self, work: impl FnOnce() -> T) -> (T, Option<Stop>) {
        self.settings.clock.limited(self.settings.statement_timeout, work)
    }

    /// Runs a script as its tool would, and then `record`: inside the script's transaction where
    /// the tool opens one, else each statement by itself.
    pub(super) fn execute(&self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(crate::engine::stopped(stop, script.location(), 0));
        }
        let result = self.run_script(script, record);
        self.reset()?;
        result
    }

    /// Puts back what a script may have left open or switched.
    pub(super) fn reset(&self) -> Result<(), EngineError> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").map_err(broken)?;
        }
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, self.settings.foreign_keys)
            .map_err(broken)?;
        Ok(())
    }

    fn run_script(&self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        // golang-migrate's SQLite driver, too, opens a transaction around the whole file.
        let wrapped = script.transaction != TransactionMode::Bare;
        if wrapped {
            // Other writers are waited for now, and not in the middle.
            self.connection.execute_batch("BEGIN IMMEDIATE").map_err(broken)?;
        }
        let last = self.run_sections(script)?;
        if !wrapped && !self.connection.is_autocommit() {
            return Err(crate::engine::left_open(Location::at(script.path.clone(), last)));
        }
        for statement in record {
            self.connection.execute_batch(statement).map_err(broken)?;
        }
        if !self.connection.is_autocommit() {
            self.connection
                .execute_batch("COMMIT")
                .map_err(|error| self.explain(Ended::Refused(error, last), &script.path))?;
        }
        Ok(())
    }

    /// Runs the sections of a script as they are; the place of the last statement.
    pub(super) fn run_sections(&self, script: &Script) -> Result<Span, TargetError> {
        let mut last = Span::new(0, 0);
        for section in &script.sections {
            match self.run(&script.text[section.clone()], section.start) {
                Ok(span) => last = span.unwrap_or(last),
                Err(ended) => return Err(self.explain(ended, &script.path)),
            }
        }
        Ok(last)
    }

    /// Runs one piece of SQL statement by statement; `offset` is its place in the file.
    fn run(&self, sql: &str, offset: usize) -> Result<Option<Span>, Ended> {
        // SQLite copies all that is left for every statement, unless it ends as its own texts do.
        let ended = format!("{sql}\0");
        let mut batch = Batch::new(&self.connection, &ended);
        let mut cursor = 0;
        let mut last = None;
        loop {
            let mut statement = match self.limited(|| batch.next()) {
                (Ok(Some(statement)), _) => statement,
                (Ok(None), _) => return Ok(last),
                (Err(error), stopped) => {
                    let span = place_of(&error, sql, cursor, offset);
                    return Err(Ended::of(error, stopped, span));
                }
            };
            // The text that was prepared begins with the white space and comments before it.
            let text = statement.expanded_sql().unwrap_or_default();
            let start = sql[cursor..].find(&text).map_or(cursor, |at| cursor + at);
            cursor = sql.floor_char_boundary(start + text.len());
            let span = trimmed(sql, start, cursor, offset);
            last = Some(span);
            // One that is over at once asks for nothing itself.
            if let Some(stop) = host::must_stop() {
                return Err(Ended::Stopped(stop, span));
            }
            if let (Err(error), stopped) = self.limited(|| step_through(&mut statement)) {
                return Err(Ended::of(error, stopped, span));
            }
        }
    }

    fn explain(&self, ended: Ended, path: &RepoPath) -> TargetError {
        match ended {
            Ended::Refused(error, span) => {
                let location = Location::at(path.clone(), span);
                let version = self.settings.engine_version.as_deref();
                errors::classify(&error, location, version, self.is_bounded)
            }
            Ended::Stopped(stop, span) => {
                let limit = self.settings.statement_timeout.as_secs();
                crate::engine::stopped(stop, Location::at(path.clone(), span), limit)
            }
        }
    }
}

fn step_through(statement: &mut Statement<'_>) -> rusqlite::Result<()> {
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// What a text that is prepared has beyond its SQL.
const END: usize = "\0".len();

/// The place an error names: SQLite counts from the start of the text that was left to prepare.
fn place_of(error: &rusqlite::Error, sql: &str, cursor: usize, offset: usize) -> Span {
    if let rusqlite::Error::SqlInputError { sql: rest, offset: at, .. } = error
        && let Ok(at) = usize::try_from(*at)
        && let Some(done) = (sql.len() + END).checked_sub(rest.len())
    {
        let start = sql.floor_char_boundary((done + at).min(sql.len()));
        let token = sql[start..]
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(sql.len(), |length| start + length.max(1));
        return Span::new(offset + start, offset + sql.ceil_char_boundary(token));
    }
    // What is left begins with the statement that was refused; nobody came to the others.
    let refused = pieces(sql, cursor, sql.len()).first().map(|statement| statement.span);
    refused.map_or_else(
        || Span::new(offset + cursor, offset + sql.len()),
        |span| Span::new(offset + cursor + span.start, offset + cursor + span.end),
    )
}

/// The statements in a range of `sql`, with their places in it.
fn pieces(sql: &str, start: usize, end: usize) -> Vec<crate::sql::Statement> {
    let piece = Script::whole(RepoPath::root(), sql[start..end].into(), TransactionMode::Bare);
    crate::sql::statements(&piece)
}

/// A range of `sql` without the white space and comments around it, as a place in the file.
fn trimmed(sql: &str, start: usize, end: usize, offset: usize) -> Span {
    let statements = pieces(sql, start, end);
    match (statements.first(), statements.last()) {
        (Some(first), Some(last)) => {
            Span::new(offset + start + first.span.start, offset + start + last.span.end)
        }
        _ => Span::new(offset + start, offset + end),
    }
}
