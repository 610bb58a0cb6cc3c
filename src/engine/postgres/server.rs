//! What a sandbox needs from the server under it, be it our own or one that was named.

use std::sync::Arc;

use postgres::Client;

use super::base::{Note, Start};
use super::binaries::Binaries;
use super::cluster::Cluster;
use super::confined::Hold;
use super::session::Halt;
use super::template::Template;
use crate::cache::Label;
use crate::engine::base::Kept;
use crate::engine::{Base, EngineError};
use crate::model::{CannotRun, Script};
use crate::sql::Statement;

/// A server with one database for one sandbox.
///
/// The methods that give a new connection need the old one to be closed.
pub(super) trait Server {
    /// What ends by force what runs on it.
    fn halt(&self) -> Arc<dyn Halt>;
    /// A new connection to the sandbox's database.
    fn connect(&self) -> Result<Client, EngineError>;
    /// A new connection, after a new start where the server is ours: what a script set for that
    /// holds from then on.
    fn renew(&self) -> Result<Client, EngineError> {
        self.connect()
    }
    /// A new connection after the old one was lost.
    fn revive(&self) -> Result<Client, EngineError>;
    /// Whether the state can be put aside now.
    fn can_save(&self) -> bool;
    /// Puts the state aside under a number.
    fn save(&mut self, number: usize) -> Result<Client, EngineError>;
    /// Brings a state back.
    fn load(&mut self, number: usize) -> Result<Client, EngineError>;
    /// Gives up a state that was put aside.
    fn discard(&mut self, number: usize);
    /// Keeps the state for later runs, from where the sandbox then begins; says whether it did.
    fn keep(&mut self, base: &Base, label: Label) -> Result<(Client, bool), EngineError> {
        let _ = (base, label);
        Ok((self.connect()?, false))
    }
    /// Takes the sandbox back to where it began; whatever was put aside is lost.
    fn reset(&mut self) -> Result<Client, EngineError>;
    /// Why a script may not run here, before any of it runs.
    fn refusal(&self, script: &Script, statements: &[Statement]) -> Option<CannotRun>;
    /// Is told of each script that ran, over the connection it ran on.
    fn observe(&mut self, client: &mut Client, script: &Script) -> Result<(), EngineError>;
    /// A name that differs from run to run and must not be in a report.
    fn private_name(&self) -> Option<&str>;
    /// How it is held; `None` for one that was named, which is not ours to hold.
    fn hold(&self) -> Option<Hold>;
    /// What it was ended for, where it took more than it may; told once.
    fn ended_for(&self) -> Option<String>;
}

/// A server of our own, gone with the sandbox.
pub(super) struct Own {
    binaries: Binaries,
    hold: Hold,
    cluster: Cluster,
    /// What everything that makes a state hangs on, but for the scripts.
    identity: String,
    /// The state that it begins with; `None` is the empty one.
    start: Option<Kept>,
}

impl Own {
    /// Starts it, on a state that was kept where there is one. One that does not start is
    /// forgotten.
    pub(super) fn start(
        binaries: &Binaries,
        hold: Hold,
        identity: String,
        start: Option<Start>,
    ) -> Result<(Self, Option<Note>), EngineError> {
        let own =
            |cluster, start| Self { binaries: binaries.clone(), hold, cluster, identity, start };
        if let Some(Start { kept, note }) = start {
            match Cluster::start_from(binaries, hold, &kept) {
                Ok(cluster) => return Ok((own(cluster, Some(kept)), Some(note))),
                Err(error @ (EngineError::Interrupted | EngineError::OutOfTime)) => {
                    return Err(error);
                }
                Err(_) => kept.pack.discard(),
            }
        }
        Ok((own(Cluster::start(binaries, hold)?, None), None))
    }

    /// The running server.
    #[cfg(test)]
    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

impl Server for Own {
    fn halt(&self) -> Arc<dyn Halt> {
        self.cluster.halt()
    }

    fn connect(&self) -> Result<Client, EngineError> {
        self.cluster.connect()
    }

    fn renew(&self) -> Result<Client, EngineError> {
        self.cluster.restart()
    }

    fn revive(&self) -> Result<Client, EngineError> {
        self.cluster.revive()
    }

    fn can_save(&self) -> bool {
        true
    }

    fn save(&mut self, number: usize) -> Result<Client, EngineError> {
        self.cluster.save(number)
    }

    fn load(&mut self, number: usize) -> Result<Client, EngineError> {
        self.cluster.load(number)
    }

    fn discard(&mut self, number: usize) {
        self.cluster.discard(number);
    }

    fn reset(&mut self) -> Result<Client, EngineError> {
        self.cluster = match &self.start {
            Some(kept) => Cluster::start_from(&self.binaries, self.hold, kept)?,
            None => Cluster::start(&self.binaries, self.hold)?,
        };
        self.cluster.connect()
    }

    fn keep(&mut self, base: &Base, label: Label) -> Result<(Client, bool), EngineError> {
        let (template, identity) = (Template::of(&self.binaries), &self.identity);
        let (client, kept) = self.cluster.stopped(|data| {
            let template = template?;
            base.keep(identity, template.draft(label, data).ok()?)
        })?;
        let kept = kept.flatten();
        let is_kept = kept.is_some();
        self.start = kept.or(self.start.take());
        Ok((client, is_kept))
    }

    fn refusal(&self, _: &Script, _: &[Statement]) -> Option<CannotRun> {
        None
    }

    fn observe(&mut self, _: &mut Client, _: &Script) -> Result<(), EngineError> {
        Ok(())
    }

    fn private_name(&self) -> Option<&str> {
        self.cluster.home().to_str()
    }

    fn hold(&self) -> Option<Hold> {
        Some(self.hold)
    }

    fn ended_for(&self) -> Option<String> {
        self.cluster.ended_for()
    }
}
