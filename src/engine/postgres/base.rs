//! The state that a sandbox begins with, and the end of its base.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::binaries::Binaries;
use super::cluster::SETTINGS;
use super::confined::Hold;
use super::history::History;
use super::server::Own;
use super::session;
use super::target::Sandbox;
use super::template::INIT_FLAGS;
use crate::cache::Label;
use crate::engine::base::Kept;
use crate::engine::{Base, EngineError, Recalled, SandboxSpec, Target as _};
use crate::host;

/// What a base must have taken to be worth keeping: a stop and a start of the server.
const WORTH_KEEPING: Duration = Duration::from_millis(100);

/// What a sandbox has to know of a state that it did not make.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// Roles that stood before the base.
    pub(super) roles: Vec<String>,
    /// Scripts that may have made roles, in lower case.
    pub(super) roles_made: Vec<String>,
    /// What it is to the caller.
    recalled: Recalled,
}

/// A state that was made before, with what is known of it.
pub(super) struct Start {
    pub(super) kept: Kept,
    pub(super) note: Note,
}

impl Start {
    /// The state to begin with, where one is kept.
    pub(super) fn of(base: &Base, identity: &str) -> Option<Self> {
        let kept = base.recall(identity, 0)?;
        match serde_json::from_str::<Note>(&kept.pack.label().note) {
            Ok(note) if note.recalled.steps == kept.steps => Some(Self { kept, note }),
            _ => {
                kept.pack.discard();
                None
            }
        }
    }
}

/// How a sandbox began.
pub(super) struct Beginning {
    at: Instant,
    base: Base,
    /// Roles that stood before it.
    roles: Vec<String>,
    pub(super) recalled: Option<Recalled>,
}

impl Beginning {
    pub(super) fn new(roles: Vec<String>) -> Self {
        Self { at: host::now(), base: Base::default(), roles, recalled: None }
    }
}

/// Everything that decides what scripts make of an empty server, but for the scripts.
pub(super) fn identity(binaries: &Binaries, hold: Hold, spec: &SandboxSpec) -> String {
    format!(
        "{}\n{}\n{INIT_FLAGS}\n{SETTINGS:?}\n{}\n{:?}\n{:?}\n{hold:?}",
        binaries.identity(),
        binaries.surroundings(),
        session::OPTIONS,
        spec.statement_timeout,
        spec.engine_version,
    )
}

impl Sandbox {
    /// A sandbox on a server that stands on a base, or on the part of it that is told by `note`.
    pub(super) fn on(
        server: Own,
        base: Base,
        note: Option<Note>,
        spec: &SandboxSpec,
    ) -> Result<Self, EngineError> {
        let Some(note) = note else {
            let mut sandbox = Self::new(Box::new(server), Vec::new(), spec)?;
            sandbox.beginning.base = base;
            return Ok(sandbox);
        };
        let mut sandbox = Self::new(Box::new(server), note.roles, spec)?;
        sandbox.roles_made = note.roles_made;
        sandbox.beginning.base = base;
        sandbox.beginning.recalled = Some(note.recalled);
        Ok(sandbox)
    }

    /// Goes on in a new session, from a state that is kept where that is worth it.
    pub(super) fn settle_base(&mut self, seen: Option<&str>) -> Result<(), EngineError> {
        let base = std::mem::take(&mut self.beginning.base);
        let took = host::now().duration_since(self.beginning.at);
        let label = seen
            .filter(|_| took >= WORTH_KEEPING && base.may_be_kept())
            .and_then(|seen| self.label(&base, seen));
        let Some(label) = label else { return self.reconnect(|server| server.connect()) };
        let mut is_kept = false;
        self.reconnect(|server| {
            let (client, kept) = server.keep(&base, label)?;
            is_kept = kept;
            Ok(client)
        })?;
        if is_kept {
            // From now on it is the beginning.
            self.history = History::default();
        }
        Ok(())
    }

    fn label(&self, base: &Base, seen: &str) -> Option<Label> {
        let note = Note {
            roles: self.beginning.roles.clone(),
            roles_made: self.roles_made.clone(),
            recalled: Recalled { steps: base.steps(), seen: seen.to_owned() },
        };
        let note = serde_json::to_string(&note).ok()?;
        Some(base.label(self.version(), note))
    }
}
