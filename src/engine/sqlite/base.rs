//! The state that a sandbox begins with, and the end of its base.

use std::time::{Duration, Instant};

use rusqlite::{Connection, MAIN_DB};

use super::session::Settings;
use super::{SqliteTarget, copy, in_memory, version};
use crate::cache::Draft;
use crate::engine::base::Kept;
use crate::engine::{Base, EngineError, Recalled, Target as _};
use crate::host;

/// What a base must have taken to be worth keeping.
const WORTH_KEEPING: Duration = Duration::from_millis(50);

/// How a sandbox began.
pub(super) struct Beginning {
    at: Instant,
    base: Base,
    /// What everything that makes a state hangs on, but for the scripts.
    identity: String,
    pub(super) recalled: Option<Recalled>,
}

impl Beginning {
    pub(super) fn on(base: Base, settings: &Settings) -> Self {
        let identity = format!(
            "{}\n{}\n{:?}\n{:?}",
            version(),
            settings.foreign_keys,
            settings.statement_timeout,
            settings.engine_version
        );
        Self { at: host::now(), base, identity, recalled: None }
    }
}

impl SqliteTarget {
    /// Puts the state after the base in, where it is kept. Scripts may leave pragmas and temporary
    /// tables to the next one, so a part of the base will not do.
    pub(super) fn begin(&mut self) -> Result<(), EngineError> {
        let Beginning { base, identity, .. } = &self.beginning;
        let Some(kept) = base.recall(identity, base.steps()) else { return Ok(()) };
        match opened(&kept) {
            Some(connection) => {
                self.stand_on(&connection)?;
                let seen = kept.pack.label().note.clone();
                self.beginning.recalled = Some(Recalled { steps: kept.steps, seen });
            }
            None => kept.pack.discard(),
        }
        Ok(())
    }

    /// Goes on in a new connection; the state is kept where that is worth it.
    pub(super) fn settle_base(&mut self, seen: Option<&str>) -> Result<(), EngineError> {
        let here = self.checkpoint()?;
        self.restore(&here)?;
        self.forget(here);
        let base = std::mem::take(&mut self.beginning.base);
        let took = host::now().duration_since(self.beginning.at);
        if let Some(seen) = seen.filter(|_| took >= WORTH_KEEPING && base.may_be_kept()) {
            // Where it cannot be kept the next run takes as long as this one.
            if let Ok(state) = self.session.connection.serialize(MAIN_DB) {
                let label = base.label(version(), seen.to_owned());
                let draft = Draft::of_bytes(label, "main.db", state.to_vec());
                let _ = base.keep(&self.beginning.identity, draft);
            }
        }
        Ok(())
    }

    /// Takes over the content of another database.
    fn stand_on(&mut self, other: &Connection) -> Result<(), EngineError> {
        let mut fresh = in_memory(self.session.settings.clone())?;
        copy::copy(other, &mut fresh.connection, self.session.settings.patience())?;
        self.session = fresh;
        Ok(())
    }
}

/// The database in a pack; `None` where there is none in it.
fn opened(kept: &Kept) -> Option<Connection> {
    let bytes = kept.pack.bytes().ok()?;
    let mut connection = Connection::open_in_memory().ok()?;
    connection.deserialize_read_exact(MAIN_DB, bytes.as_slice(), bytes.len(), true).ok()?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).ok()?;
    Some(connection)
}
