//! Connections to a real server: the one that works, and how it is stopped.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use postgres::{CancelToken, Client, Config};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::tls;
use crate::engine::EngineError;
use crate::engine::postgres::errors::chain;
use crate::engine::postgres::session::{self, Ended, Halt};
use crate::host::{self, Stop};

/// How long a connection may take to show that it still stands.
pub(super) const ANSWER: Duration = Duration::from_secs(10);

/// How to reach a database.
pub(super) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    /// What people may read.
    pub(super) place: String,
    /// The same connection for programs that use libpq.
    pub(super) variables: Vec<(&'static str, Option<OsString>)>,
}

impl Connector {
    /// Reads a connection string.
    pub(super) fn new(url: &str) -> Result<Self, EngineError> {
        let address = Address::parse(url)?;
        let tls = tls::connector(&address)?;
        let variables = address.variables();
        Ok(Self { config: address.config, tls, place: address.place, variables })
    }

    /// A new connection.
    pub(super) fn connect(&self) -> Result<Client, EngineError> {
        if let Some(stop) = host::must_stop() {
            return Err(stopped(stop));
        }
        self.dial().map_err(|error| EngineError::Unavailable {
            what: format!("{} does not let us in: {}", self.place, words(&error)),
            way_out: "check the host, the port, the user, its password (PGPASSWORD, PGPASSFILE) \
                      and sslmode"
                .into(),
        })
    }

    fn dial(&self) -> Result<Client, postgres::Error> {
        self.config.connect(self.tls.clone())
    }

    /// An error of the server that is not a script's.
    pub(super) fn trouble(&self, error: &postgres::Error) -> EngineError {
        EngineError::Broken(format!("{}: {}", self.place, words(error)))
    }

    /// An error of ours.
    pub(super) fn broken(&self, what: &str) -> EngineError {
        EngineError::Broken(format!("{}: {what}", self.place))
    }

    /// The end of work that is not a script's.
    pub(super) fn ended(&self, ended: Ended) -> EngineError {
        match ended {
            Ended::Refused(error) => self.trouble(&error),
            Ended::Stopped(Stop::Deadline) => self.broken(
                "a statement of our own took longer than a statement may\n  help: allow more with \
                 --statement-timeout",
            ),
            Ended::Stopped(stop) => stopped(stop),
        }
    }
}

/// The server's own words, without the rows that it shows in its details.
fn words(error: &postgres::Error) -> String {
    error.as_db_error().map_or_else(|| chain(error), |db| db.message().to_owned())
}

/// The error for a run that has to end.
pub(super) fn stopped(stop: Stop) -> EngineError {
    match stop {
        Stop::Interrupted => EngineError::Interrupted,
        Stop::Deadline | Stop::RunDeadline => EngineError::OutOfTime,
    }
}

/// The connection that works.
pub(super) struct Line {
    pub(super) connector: Arc<Connector>,
    client: Client,
    /// The server's process at the other end.
    process: i32,
}

impl Line {
    /// Connects.
    pub(super) fn open(connector: Connector) -> Result<Self, EngineError> {
        let (client, process) = connect(&connector)?;
        Ok(Self { connector: Arc::new(connector), client, process })
    }

    /// The connection; between scripts it is made anew where it was lost, and then the answer is
    /// `true`.
    pub(super) fn mend(&mut self) -> Result<bool, EngineError> {
        // The end of a connection may be noticed only by the next word over it.
        let is_lost = self.client.is_valid(ANSWER).is_err();
        if is_lost {
            (self.client, self.process) = connect(&self.connector)?;
        }
        Ok(is_lost)
    }

    /// The connection as it stands.
    pub(super) fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    fn backend(&self) -> Arc<dyn Halt> {
        Arc::new(Backend { connector: self.connector.clone(), process: self.process })
    }

    /// Does something under a deadline.
    pub(super) fn run<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<T, Ended> {
        let backend = self.backend();
        session::under_watch(&mut self.client, backend, limit, work)
    }

    /// Commits: what the server says counts, although it may have been asked to stop.
    pub(super) fn commit(
        &mut self,
        limit: Duration,
    ) -> Result<(), (postgres::Error, Option<Stop>)> {
        let backend = self.backend();
        let work = |client: &mut Client| client.batch_execute("COMMIT");
        let (result, stop) = session::watched(&mut self.client, backend, limit, work);
        result.map_err(|error| (error, stop))
    }
}

fn connect(connector: &Connector) -> Result<(Client, i32), EngineError> {
    let mut client = connector.connect()?;
    let process = client
        .query_one("SELECT pg_catalog.pg_backend_pid()", &[])
        .and_then(|row| row.try_get(0))
        .map_err(|error| connector.trouble(&error))?;
    Ok((client, process))
}

/// The server's process behind a connection.
struct Backend {
    connector: Arc<Connector>,
    process: i32,
}

impl Halt for Backend {
    fn cancel(&self, token: &CancelToken) {
        let _ = token.cancel_query(self.connector.tls.clone());
    }

    fn kill(&self) {
        // Where the server lets nobody in any more the connection ends by its own limits.
        if let Ok(mut other) = self.connector.dial() {
            let _ = other.execute("SELECT pg_catalog.pg_terminate_backend($1)", &[&self.process]);
        }
    }
}
