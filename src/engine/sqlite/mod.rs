//! SQLite, linked into the program: a private database in memory for every sandbox.
//!
//! Statements are split by the engine itself, so that triggers and odd quoting need no guess.

mod errors;
mod references;
mod rows;
mod schema;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Batch, Connection, Statement};

use super::{Checkpoint, Engine, EngineError, SandboxSpec, Target, TargetError};
use crate::host::{self, Stop};
use crate::model::{BrokenReference, Location, RepoPath, Script, Snapshot, Span, TransactionMode};

/// The SQLite engine.
#[derive(Debug)]
pub struct Sqlite;

impl Engine for Sqlite {
    fn sandbox(&self, spec: &SandboxSpec) -> Result<Box<dyn Target>, EngineError> {
        let connection = open(spec.sqlite_foreign_keys)?;
        Ok(Box::new(SqliteTarget {
            connection,
            spec: spec.clone(),
            checkpoints: vec![],
            trial: None,
        }))
    }
}

/// One database in memory.
struct SqliteTarget {
    connection: Connection,
    spec: SandboxSpec,
    /// Copies by the number their checkpoint carries; forgotten ones are `None`.
    checkpoints: Vec<Option<Connection>>,
    /// The state before a trial that is under way.
    trial: Option<Checkpoint>,
}

#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
fn broken(error: rusqlite::Error) -> EngineError {
    EngineError::Broken(format!("SQLite: {error}"))
}

fn open(foreign_keys: bool) -> Result<Connection, EngineError> {
    let mut connection = Connection::open_in_memory().map_err(broken)?;
    for (option, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, foreign_keys),
    ] {
        connection.set_db_config(option, on).map_err(broken)?;
    }
    connection.authorizer(Some(authorize)).map_err(broken)?;
    Ok(connection)
}

/// Keeps a script inside its own database: no other file is opened or written.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        // VACUUM attaches a nameless scratch database; VACUUM INTO and ATTACH name a file.
        AuthAction::Attach { filename } if !filename.is_empty() => Authorization::Deny,
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) }
            if errors::is_file_pragma(pragma_name) =>
        {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}

/// Why a step of a script ended early.
enum Ended {
    Refused(rusqlite::Error, Span),
    Stopped(Stop, Span),
}

impl SqliteTarget {
    /// Runs one piece of SQL statement by statement; `offset` is its place in the file.
    fn run(&self, sql: &str, offset: usize) -> Result<Option<Span>, Ended> {
        let mut batch = Batch::new(&self.connection, sql);
        let mut cursor = 0;
        let mut last = None;
        loop {
            let mut statement = match batch.next() {
                Ok(Some(statement)) => statement,
                Ok(None) => return Ok(last),
                Err(error) => {
                    let span = place_of(&error, sql, cursor, offset);
                    return Err(Ended::Refused(error, span));
                }
            };
            // The text that was prepared begins with the white space and comments before it.
            let text = statement.expanded_sql().unwrap_or_default();
            let start = sql[cursor..].find(&text).map_or(cursor, |at| cursor + at);
            cursor = sql.floor_char_boundary(start + text.len());
            let span = trimmed(sql, start, cursor, offset);
            last = Some(span);
            let interrupt = self.connection.get_interrupt_handle();
            let (result, stopped) = host::watched(
                self.spec.statement_timeout,
                || interrupt.interrupt(),
                || step_through(&mut statement),
            );
            match (result, stopped) {
                (Ok(()), _) => {}
                (Err(_), Some(stop)) => return Err(Ended::Stopped(stop, span)),
                (Err(error), None) => return Err(Ended::Refused(error, span)),
            }
        }
    }

    /// Puts back what a script may have left open or switched.
    fn reset(&self) -> Result<(), EngineError> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").map_err(broken)?;
        }
        self.connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, self.spec.sqlite_foreign_keys)
            .map_err(broken)?;
        Ok(())
    }

    fn run_script(&self, script: &Script) -> Result<(), TargetError> {
        // golang-migrate's SQLite driver, too, opens a transaction around the whole file.
        let wrapped = script.transaction != TransactionMode::Bare;
        if wrapped {
            self.connection.execute_batch("BEGIN").map_err(broken)?;
        }
        let mut last = Span::new(0, 0);
        for section in &script.sections {
            match self.run(&script.text[section.clone()], section.start) {
                Ok(span) => last = span.unwrap_or(last),
                Err(ended) => return Err(self.explain(ended, &script.path)),
            }
        }
        if wrapped && !self.connection.is_autocommit() {
            self.connection
                .execute_batch("COMMIT")
                .map_err(|error| self.explain(Ended::Refused(error, last), &script.path))?;
        }
        if !self.connection.is_autocommit() {
            return Err(super::left_open(Location::at(script.path.clone(), last)));
        }
        Ok(())
    }

    fn explain(&self, ended: Ended, path: &RepoPath) -> TargetError {
        match ended {
            Ended::Refused(error, span) => {
                let location = Location::at(path.clone(), span);
                errors::classify(&error, location, self.spec.engine_version.as_deref())
            }
            Ended::Stopped(stop, span) => {
                let limit = self.spec.statement_timeout.as_secs();
                super::stopped(stop, Location::at(path.clone(), span), limit)
            }
        }
    }
}

fn step_through(statement: &mut Statement<'_>) -> rusqlite::Result<()> {
    let mut rows = statement.raw_query();
    while rows.next()?.is_some() {}
    Ok(())
}

/// The place an error names: SQLite counts from the start of the text that was left to prepare.
fn place_of(error: &rusqlite::Error, sql: &str, cursor: usize, offset: usize) -> Span {
    if let rusqlite::Error::SqlInputError { sql: rest, offset: at, .. } = error
        && let Ok(at) = usize::try_from(*at)
        && rest.len() <= sql.len()
    {
        let start = sql.floor_char_boundary(sql.len() - rest.len() + at);
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

fn copy(from: &Connection, to: &mut Connection) -> Result<(), EngineError> {
    let backup = Backup::new(from, to).map_err(broken)?;
    match backup.step(-1).map_err(broken)? {
        StepResult::Done => Ok(()),
        other => Err(EngineError::Broken(format!("SQLite: the copy stopped early ({other:?})"))),
    }
}

impl Target for SqliteTarget {
    fn version(&self) -> String {
        format!("SQLite {}", rusqlite::version())
    }

    fn execute(&mut self, script: &Script) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(super::stopped(stop, script.location(), 0));
        }
        let result = self.run_script(script);
        self.reset()?;
        result
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        schema::snapshot(&self.connection).map_err(broken)
    }

    fn broken_references(&mut self) -> Result<Vec<BrokenReference>, EngineError> {
        references::broken(&self.connection).map_err(broken)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, EngineError> {
        let mut kept = open(self.spec.sqlite_foreign_keys)?;
        copy(&self.connection, &mut kept)?;
        self.checkpoints.push(Some(kept));
        Ok(Checkpoint(self.checkpoints.len() as u64 - 1))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), EngineError> {
        // A fresh connection, so that temporary tables and settings go as well.
        let mut fresh = open(self.spec.sqlite_foreign_keys)?;
        let kept = usize::try_from(checkpoint.0)
            .ok()
            .and_then(|index| self.checkpoints.get(index)?.as_ref())
            .ok_or_else(|| EngineError::Broken("an unknown checkpoint".into()))?;
        copy(kept, &mut fresh)?;
        self.connection = fresh;
        Ok(())
    }

    fn forget(&mut self, checkpoint: Checkpoint) {
        if let Some(kept) =
            usize::try_from(checkpoint.0).ok().and_then(|index| self.checkpoints.get_mut(index))
        {
            *kept = None;
        }
    }
}

#[cfg(test)]
mod tests;
