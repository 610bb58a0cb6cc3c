//! What a sandbox needs from the server under it, be it our own or one that was named.

use postgres::Client;

use super::binaries::Binaries;
use super::cluster::Cluster;
use super::confined::Hold;
use super::session::Halt;
use crate::engine::EngineError;
use crate::model::{CannotRun, Script};
use crate::sql::Statement;

/// A server with one database for one sandbox.
///
/// The methods that give a new connection need the old one to be closed.
pub(super) trait Server: Halt {
    /// A new connection to the sandbox's database.
    fn connect(&self) -> Result<Client, EngineError>;
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
    /// Empties the sandbox; whatever was put aside is lost.
    fn reset(&mut self) -> Result<Client, EngineError>;
    /// Why a script may not run here, before any of it runs.
    fn refusal(&self, script: &Script, statements: &[Statement]) -> Option<CannotRun>;
    /// Is told of each script that ran, over the connection it ran on.
    fn observe(&mut self, client: &mut Client, script: &Script) -> Result<(), EngineError>;
    /// A name that differs from run to run and must not be in a report.
    fn private_name(&self) -> Option<&str>;
}

/// A server of our own, gone with the sandbox.
pub(super) struct Own {
    binaries: Binaries,
    hold: Hold,
    cluster: Cluster,
}

impl Own {
    /// Starts it.
    pub(super) fn start(binaries: Binaries, hold: Hold) -> Result<Self, EngineError> {
        Ok(Self { cluster: Cluster::start(&binaries, hold)?, hold, binaries })
    }

    /// The running server.
    #[cfg(test)]
    pub(super) fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}

impl Halt for Own {
    fn kill(&self) {
        self.cluster.kill();
    }
}

impl Server for Own {
    fn connect(&self) -> Result<Client, EngineError> {
        self.cluster.connect()
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
        self.cluster = Cluster::start(&self.binaries, self.hold)?;
        self.cluster.connect()
    }

    fn refusal(&self, _: &Script, _: &[Statement]) -> Option<CannotRun> {
        None
    }

    fn observe(&mut self, _: &mut Client, _: &Script) -> Result<(), EngineError> {
        Ok(())
    }

    fn private_name(&self) -> Option<&str> {
        None
    }
}
