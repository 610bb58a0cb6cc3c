//! SQLite, linked into the program: a private database in memory for every sandbox, and files.

mod base;
mod bounds;
mod clock;
mod copy;
mod errors;
mod real;
mod references;
mod rows;
mod schema;
mod session;

use rusqlite::Connection;

use super::{Base, Checkpoint, Engine, EngineError, Recalled, SandboxSpec, Target, TargetError};
use crate::host::Stop;
use crate::model::{BrokenReference, Script, Snapshot};
use base::Beginning;
pub use bounds::bound_memory;
pub use clock::Clock;
use errors::broken;
pub use real::{create, open};
use session::{Session, Settings};

/// The SQLite engine.
#[derive(Debug, Default)]
pub struct Sqlite {
    clock: Clock,
}

impl Sqlite {
    /// One whose statements are timed by a clock that others can look at.
    #[must_use]
    pub fn timed_by(clock: &Clock) -> Self {
        Self { clock: clock.clone() }
    }
}

impl Engine for Sqlite {
    fn sandbox(&self, spec: &SandboxSpec) -> Result<Box<dyn Target>, EngineError> {
        self.sandbox_on(spec, Base::default())
    }

    fn sandbox_on(&self, spec: &SandboxSpec, base: Base) -> Result<Box<dyn Target>, EngineError> {
        let settings = Settings {
            statement_timeout: spec.statement_timeout,
            foreign_keys: spec.sqlite_foreign_keys,
            engine_version: spec.engine_version.clone(),
            clock: self.clock.clone(),
        };
        let beginning = Beginning::on(base, &settings);
        let session = in_memory(settings)?;
        let mut target = SqliteTarget { session, checkpoints: vec![], trial: None, beginning };
        target.begin()?;
        Ok(Box::new(target))
    }
}

/// One database in memory.
struct SqliteTarget {
    session: Session,
    /// Copies by the number their checkpoint carries; forgotten ones are `None`.
    checkpoints: Vec<Option<Connection>>,
    /// The state before a trial that is under way.
    trial: Option<Checkpoint>,
    beginning: Beginning,
}

fn in_memory(settings: Settings) -> Result<Session, EngineError> {
    let connection = Connection::open_in_memory().map_err(broken)?;
    Session::bounded(connection, settings).map_err(broken)
}

impl SqliteTarget {
    /// Reads what the scripts made, within the time that a statement has: what it costs is theirs
    /// to say.
    fn look<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, EngineError> {
        let (found, stopped) = self.session.limited(|| read(&self.session.connection));
        found.map_err(|error| match stopped {
            None => broken(error),
            Some(Stop::Interrupted) => EngineError::Interrupted,
            Some(Stop::RunDeadline) => EngineError::OutOfTime,
            Some(Stop::Deadline) => EngineError::Broken(
                "SQLite takes longer than a statement may to describe what the migrations made"
                    .into(),
            ),
        })
    }
}

/// The engine that is linked in, as people say it.
fn version() -> String {
    format!("SQLite {}", rusqlite::version())
}

impl Target for SqliteTarget {
    fn version(&self) -> String {
        version()
    }

    fn execute(&mut self, script: &Script) -> Result<(), TargetError> {
        self.session.execute(script, &[])
    }

    fn recalled(&self) -> Option<&Recalled> {
        self.beginning.recalled.as_ref()
    }

    fn settle(&mut self, seen: Option<&str>) -> Result<(), EngineError> {
        self.settle_base(seen)
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        self.look(schema::snapshot)
    }

    fn broken_references(&mut self) -> Result<Vec<BrokenReference>, EngineError> {
        self.look(references::broken)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, EngineError> {
        let mut kept = Connection::open_in_memory().map_err(broken)?;
        copy::copy(&self.session.connection, &mut kept, self.session.settings.patience())?;
        self.checkpoints.push(Some(kept));
        Ok(Checkpoint(self.checkpoints.len() as u64 - 1))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), EngineError> {
        // A fresh connection, so that temporary tables and settings go as well.
        let mut fresh = in_memory(self.session.settings.clone())?;
        let kept = usize::try_from(checkpoint.0)
            .ok()
            .and_then(|index| self.checkpoints.get(index)?.as_ref())
            .ok_or_else(|| EngineError::Broken("an unknown checkpoint".into()))?;
        copy::copy(kept, &mut fresh.connection, self.session.settings.patience())?;
        self.session = fresh;
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
