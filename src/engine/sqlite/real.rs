//! SQLite databases in files: what is done to them stays.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, Row};

use super::clock::Clock;
use super::copy::{check, copy, different, quoted};
use super::errors::broken;
use super::session::{Session, Settings};
use super::{rows, schema};
use crate::engine::{Database, EngineError, RealSpec, TargetError, TextRow};
use crate::host;
use crate::model::{Failure, Script, Snapshot, TableName, TransactionMode, hex, printable};
use crate::sql::{statements, transaction_control};

/// A database in a file.
struct SqliteFile {
    /// As it was named, for people.
    named: PathBuf,
    /// The file itself, links followed: two names of one database are one lock.
    path: PathBuf,
    session: Session,
    /// Held as long as other runners are to be kept out.
    lock: Option<File>,
}

/// Opens a database that is there.
///
/// # Errors
/// When there is no such file, it is no database, or another process holds it.
pub fn open(path: &Path, spec: &RealSpec) -> Result<Box<dyn Database>, EngineError> {
    let real = path.canonicalize().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => EngineError::Unavailable {
            what: format!("there is no database {}", shown(path)),
            way_out: "correct its path; for a new database make an empty file there first".into(),
        },
        _ => unusable(path, &error),
    })?;
    let settings = Settings {
        statement_timeout: spec.statement_timeout,
        foreign_keys: spec.sqlite_foreign_keys,
        engine_version: spec.engine_version.clone(),
        clock: Clock::default(),
    };
    let session = connect(&real, settings).map_err(named(path))?;
    Ok(Box::new(SqliteFile { named: path.to_owned(), path: real, session, lock: None }))
}

/// Makes an empty database where none is, readable by its owner alone, and opens it.
///
/// # Errors
/// When there is a file already, or it cannot be made.
pub fn create(path: &Path, spec: &RealSpec) -> Result<Box<dyn Database>, EngineError> {
    new_file(path)?;
    open(path, spec)
}

fn connect(path: &Path, settings: Settings) -> rusqlite::Result<Session> {
    // Without SQLITE_OPEN_URI, so that a name is a name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(settings.patience())?;
    let session = Session::new(connection, settings)?;
    // Nothing of the file was read until now.
    session.connection.query_row("SELECT count(*) FROM main.sqlite_schema", [], |_| Ok(()))?;
    Ok(session)
}

/// An empty file that only its owner may read; SQLite takes it for an empty database.
fn new_file(path: &Path) -> Result<(), EngineError> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    made.map(|_| ()).map_err(|error| unusable(path, &error))
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}

fn unusable(path: &Path, error: &io::Error) -> EngineError {
    EngineError::Unavailable {
        what: format!("{}: {error}", shown(path)),
        way_out: "check the path, and that the user of the runner may write there".into(),
    }
}

/// The error of a statement, with the file that it is about.
fn named(path: &Path) -> impl Fn(rusqlite::Error) -> EngineError + '_ {
    |error| match broken(error) {
        EngineError::Broken(what) => EngineError::Broken(format!("{}: {what}", shown(path))),
        EngineError::Unavailable { what, way_out } => {
            EngineError::Unavailable { what: format!("{}: {what}", shown(path)), way_out }
        }
        other => other,
    }
}

/// A count; SQLite knows only signed ones.
fn number(row: &Row<'_>) -> rusqlite::Result<u64> {
    row.get::<_, i64>(0).map(i64::unsigned_abs)
}

/// The script without what opens and closes transactions: it runs inside one that is taken back.
fn without_control(script: &Script) -> Script {
    let kept = statements(script).into_iter().filter(|one| transaction_control(one).is_none());
    let sections = kept.map(|one| one.span.start..one.span.end).collect();
    Script { sections, blocks: Vec::new(), ..script.clone() }
}

impl SqliteFile {
    fn connection(&self) -> &Connection {
        &self.session.connection
    }

    fn broken(&self) -> impl Fn(rusqlite::Error) -> EngineError + '_ {
        named(&self.named)
    }

    /// A fresh connection: what a script set on this one is gone.
    fn reconnect(&mut self) -> Result<(), EngineError> {
        self.session = connect(&self.path, self.session.settings.clone()).map_err(self.broken())?;
        Ok(())
    }

    fn transaction(&self, statements: &[String]) -> rusqlite::Result<()> {
        self.connection().execute_batch("BEGIN IMMEDIATE")?;
        for statement in statements {
            self.connection().execute_batch(statement)?;
        }
        self.connection().execute_batch("COMMIT")
    }

    /// Runs a script inside a transaction that cannot be committed.
    fn rehearse(&mut self, script: &Script) -> Result<(), TargetError> {
        // A COMMIT that was not recognised becomes a ROLLBACK.
        let refused = self.session.connection.commit_hook(Some(|| true));
        refused.map_err(self.broken())?;
        let begun = self.connection().execute_batch("BEGIN").map_err(self.broken());
        let ran = begun
            .map_err(TargetError::from)
            .and_then(|()| self.session.run_sections(&without_control(script)).map(|_| ()));
        let is_inside = !self.connection().is_autocommit();
        self.session.reset()?;
        match ran {
            Ok(()) if !is_inside => Err(TargetError::Script(Failure {
                message: "the script ends the transaction that is to take it back".into(),
                code: None,
                detail: None,
                hint: Some("let it open and close no transaction".into()),
                location: script.location(),
            })),
            ran => ran,
        }
    }

    /// A copy that was made by [`Database::back_up`], after a look at all of it.
    fn open_copy(&self, file: &Path) -> Result<Connection, EngineError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let kept = Connection::open_with_flags(file, flags).map_err(named(file))?;
        check(&kept, &format!("the copy {}", shown(file)))?;
        Ok(kept)
    }

    fn lock_file(&self) -> PathBuf {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.path.with_file_name(format!(".{name}.migration-gate.lock"))
    }
}

impl Database for SqliteFile {
    fn version(&self) -> String {
        super::version()
    }

    fn place(&self) -> String {
        shown(&self.named)
    }

    fn lock(&mut self) -> Result<bool, EngineError> {
        if self.lock.is_some() {
            return Ok(true);
        }
        let path = self.lock_file();
        let is_link = path.symlink_metadata().is_ok_and(|found| !found.is_file());
        if is_link {
            return Err(unusable(&path, &io::Error::other("it is no regular file")));
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|error| unusable(&path, &error))?;
        match file.try_lock() {
            Ok(()) => {
                self.lock = Some(file);
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
        }
    }

    /// A pragma that a transaction keeps from its effect does nothing there, so it leaves nothing.
    fn is_atomic(&self, script: &Script) -> bool {
        script.transaction != TransactionMode::Bare
            && statements(script).iter().all(|one| transaction_control(one).is_none())
    }

    fn execute(&mut self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        let is_atomic = self.is_atomic(script);
        let ran = self.session.execute(script, if is_atomic { record } else { &[] });
        self.reconnect()?;
        ran?;
        if !is_atomic {
            self.write(record)?;
        }
        Ok(())
    }

    fn verify(&mut self, script: &Script) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(crate::engine::stopped(stop, script.location(), 0));
        }
        let ran = self.rehearse(script);
        self.reconnect()?;
        ran
    }

    fn write(&mut self, statements: &[String]) -> Result<(), EngineError> {
        if statements.is_empty() {
            return Ok(());
        }
        let done = self.transaction(statements).map_err(self.broken());
        self.session.reset()?;
        done
    }

    fn read(&mut self, sql: &str) -> Result<Vec<TextRow>, EngineError> {
        let read = || -> rusqlite::Result<Vec<TextRow>> {
            let mut statement = self.connection().prepare(sql)?;
            let columns = statement.column_count();
            let mut found = statement.query([])?;
            let mut all = Vec::new();
            while let Some(row) = found.next()? {
                let cells = (0..columns).map(|at| {
                    Ok(match row.get_ref(at)? {
                        ValueRef::Blob(bytes) => Some(hex(bytes).to_uppercase()),
                        value => rows::written(value),
                    })
                });
                all.push(cells.collect::<rusqlite::Result<_>>()?);
            }
            Ok(all)
        };
        read().map_err(self.broken())
    }

    fn has_table(&mut self, name: &TableName) -> Result<bool, EngineError> {
        let is_here = name.schema.as_ref().is_none_or(|schema| schema.eq_ignore_ascii_case("main"));
        let sql = "SELECT EXISTS (SELECT 1 FROM main.sqlite_schema
                    WHERE type = 'table' AND name = ?1 COLLATE NOCASE)";
        let found = self.connection().query_row(sql, [&name.name], |row| row.get::<_, bool>(0));
        Ok(is_here && found.map_err(self.broken())?)
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        schema::snapshot(self.connection()).map_err(self.broken())
    }

    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, EngineError> {
        let count = |name: &str| {
            let sql = format!("SELECT count(*) FROM main.{}", quoted(name));
            self.connection().query_row(&sql, [], number)
        };
        let tables = rows::listed(self.connection()).map_err(self.broken())?;
        let counts = tables.into_iter().map(|(name, _)| count(&name).map(|rows| (name, rows)));
        counts.collect::<rusqlite::Result<_>>().map_err(self.broken())
    }

    fn size(&mut self) -> Result<u64, EngineError> {
        let pragma = |name: &str| self.connection().pragma_query_value(None, name, number);
        let pages = pragma("page_count").map_err(self.broken())?;
        Ok(pages.saturating_mul(pragma("page_size").map_err(self.broken())?))
    }

    fn back_up(&mut self, file: &Path) -> Result<(), EngineError> {
        new_file(file)?;
        let mut kept = Connection::open_with_flags(
            file,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .map_err(named(file))?;
        // One state of everything, however long it takes.
        let hold = "BEGIN; SELECT count(*) FROM main.sqlite_schema";
        self.connection().execute_batch(hold).map_err(self.broken())?;
        let copied = copy(self.connection(), &mut kept, self.session.settings.patience());
        self.session.reset()?;
        copied?;
        // A copy that nobody else writes to is one file, with no log beside it.
        kept.pragma_update(None, "journal_mode", "DELETE").map_err(named(file))?;
        kept.close().map_err(|(_, error)| named(file)(error))?;
        self.open_copy(file).map(|_| ())
    }

    fn restore(&mut self, file: &Path) -> Result<(), EngineError> {
        let kept = self.open_copy(file)?;
        self.reconnect()?;
        let patience = self.session.settings.patience();
        copy(&kept, &mut self.session.connection, patience)?;
        self.reconnect()?;
        match different(&kept, self.connection()).map_err(self.broken())? {
            None => Ok(()),
            Some(table) => Err(EngineError::Broken(format!(
                "{}: {} is not what the copy {} holds; another process may write to it: stop \
                 that, then restore again",
                shown(&self.named),
                printable(&table),
                shown(file)
            ))),
        }
    }
}

#[cfg(test)]
mod tests;
