//! A server that was named with `--postgres-url`: one database of our own on it, nothing else of
//! it is touched, and everything we made is dropped in the end.
//!
//! Copies are made with `CREATE DATABASE … TEMPLATE`. Roles belong to the whole server and keep
//! databases from being what they were, so while the sandbox has roles of its own no copy is
//! made: earlier states are then made again from scripts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls};

use super::beyond;
use super::confined::Hold;
use super::errors::{chain, said};
use super::server::Server;
use super::session;
use crate::engine::EngineError;
use crate::host;
use crate::model::{CannotRun, Script};
use crate::sql::Statement;

/// How long a server that was named may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);

/// How the names of our databases begin.
const DATABASE: &str = "migration_gate_";

/// A database of our own on somebody's server.
pub(super) struct Foreign {
    config: Config,
    database: String,
    /// Roles that stood before the sandbox.
    roles_before: Vec<String>,
    /// Roles that the sandbox's scripts made.
    roles_made: Vec<String>,
    saved: Vec<usize>,
}

impl Foreign {
    /// Makes a database on the server.
    pub(super) fn create(url: &str) -> Result<Self, EngineError> {
        // The parser's own message may repeat a part of the URL, and with it a password.
        let mut config: Config = url.parse().map_err(|_| EngineError::Unavailable {
            what: "--postgres-url is not a PostgreSQL connection string".into(),
            way_out: "write postgres://user:password@host:5432/database".into(),
        })?;
        config.application_name("migration-gate").connect_timeout(CONNECT_LIMIT);
        let options = config.get_options().map_or_else(String::new, |own| format!("{own} "));
        config.options(&(options + session::OPTIONS)).notice_callback(|_| {});
        let mut admin = connect(&config)?;
        let random: String = admin
            .query_one("SELECT left(md5(random()::text || clock_timestamp()::text), 8)", &[])
            .and_then(|row| row.try_get(0))
            .map_err(|error| refused(&error))?;
        let roles_before = roles(&mut admin)?;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let database = format!("{DATABASE}{}_{count}_{random}", std::process::id());
        let made = Self { config, database, roles_before, roles_made: vec![], saved: vec![] };
        made.create_database(&mut admin)?;
        Ok(made)
    }

    /// Roles that are no part of the sandbox.
    pub(super) fn roles_before(&self) -> &[String] {
        &self.roles_before
    }

    fn create_database(&self, admin: &mut Client) -> Result<(), EngineError> {
        let sql = format!("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", self.database);
        admin.batch_execute(&sql).map_err(|error| refused(&error))
    }

    fn copy_name(&self, number: usize) -> String {
        format!("{}_copy{number}", self.database)
    }

    fn copy(&self, admin: &mut Client, from: &str, to: &str) -> Result<(), EngineError> {
        self.wait_until_alone(admin, from)?;
        // From 15 on the default writes every page to the log, which is slower for small ones.
        let newer = server_version(admin)? >= 150_000;
        let strategy = if newer { " STRATEGY file_copy" } else { "" };
        admin
            .batch_execute(&format!("CREATE DATABASE {to} TEMPLATE {from}{strategy}"))
            .map_err(|error| refused(&error))
    }

    /// A connection that was closed takes the server a moment to notice.
    fn wait_until_alone(&self, admin: &mut Client, database: &str) -> Result<(), EngineError> {
        let deadline = host::now() + CONNECT_LIMIT;
        while host::now() < deadline {
            let users: i64 = admin
                .query_one("SELECT count(*) FROM pg_stat_activity WHERE datname = $1", &[&database])
                .and_then(|row| row.try_get(0))
                .map_err(|error| refused(&error))?;
            if users == 0 {
                break;
            }
            host::pause(Duration::from_millis(1));
        }
        Ok(())
    }

    fn drop_database(admin: &mut Client, name: &str) -> Result<(), EngineError> {
        admin
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .map_err(|error| refused(&error))
    }

    /// Drops the working database and the roles that its scripts made.
    fn clear(&mut self, admin: &mut Client) -> Result<(), EngineError> {
        Self::drop_database(admin, &self.database)?;
        for role in std::mem::take(&mut self.roles_made) {
            let quoted = role.replace('"', "\"\"");
            admin
                .batch_execute(&format!("DROP ROLE IF EXISTS \"{quoted}\""))
                .map_err(|error| refused(&error))?;
        }
        Ok(())
    }
}

fn connect(config: &Config) -> Result<Client, EngineError> {
    config.connect(NoTls).map_err(|error| {
        // A refusal by host names the address of this run.
        let host = error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION);
        let text = match error.as_db_error() {
            Some(db) if !host && !db.message().contains(DATABASE) => db.message().to_owned(),
            _ => said(&error),
        };
        let tls = ["TLS", "SSL", "encryption"].iter().any(|word| chain(&error).contains(word));
        EngineError::Unavailable {
            what: format!("the server of --postgres-url does not let us in: {text}"),
            way_out: if tls {
                "TLS is not supported here: use a server that allows plain connections \
                 (sslmode=disable), such as a service container of the CI job"
            } else {
                "check the host, port, user and password, or leave --postgres-url out to use a \
                 throwaway server"
            }
            .into(),
        }
    })
}

fn refused(error: &postgres::Error) -> EngineError {
    EngineError::Unavailable {
        what: format!("the server of --postgres-url refused: {}", said(error)),
        way_out: "its user must be allowed to create databases (ALTER ROLE … CREATEDB), best a \
                  superuser of a throwaway server"
            .into(),
    }
}

fn roles(client: &mut Client) -> Result<Vec<String>, EngineError> {
    let rows = client.query("SELECT rolname::text FROM pg_catalog.pg_roles ORDER BY 1", &[]);
    let rows = rows.map_err(|error| refused(&error))?;
    rows.iter().map(|row| row.try_get(0).map_err(|error| refused(&error))).collect()
}

fn server_version(client: &mut Client) -> Result<i32, EngineError> {
    client
        .query_one("SELECT current_setting('server_version_num')::int", &[])
        .and_then(|row| row.try_get(0))
        .map_err(|error| refused(&error))
}

/// What ends the connections to our database.
struct Killer {
    config: Config,
    database: String,
}

impl session::Halt for Killer {
    fn kill(&self) {
        // What cannot be ended now is tried again at the watchdog's next turn.
        if let Ok(mut admin) = connect(&self.config) {
            let _ = admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                &[&self.database],
            );
        }
    }
}

impl Server for Foreign {
    fn halt(&self) -> Arc<dyn session::Halt> {
        Arc::new(Killer { config: self.config.clone(), database: self.database.clone() })
    }

    fn connect(&self) -> Result<Client, EngineError> {
        connect(self.config.clone().dbname(&self.database))
    }

    fn revive(&self) -> Result<Client, EngineError> {
        self.connect()
    }

    fn can_save(&self) -> bool {
        self.roles_made.is_empty()
    }

    fn save(&mut self, number: usize) -> Result<Client, EngineError> {
        let mut admin = connect(&self.config)?;
        self.copy(&mut admin, &self.database, &self.copy_name(number))?;
        self.saved.push(number);
        self.connect()
    }

    fn load(&mut self, number: usize) -> Result<Client, EngineError> {
        let mut admin = connect(&self.config)?;
        self.clear(&mut admin)?;
        self.copy(&mut admin, &self.copy_name(number), &self.database)?;
        self.connect()
    }

    fn discard(&mut self, number: usize) {
        // A copy that cannot be dropped now is dropped with the sandbox.
        if let Ok(mut admin) = connect(&self.config)
            && Self::drop_database(&mut admin, &self.copy_name(number)).is_ok()
        {
            self.saved.retain(|saved| *saved != number);
        }
    }

    fn reset(&mut self) -> Result<Client, EngineError> {
        let mut admin = connect(&self.config)?;
        self.clear(&mut admin)?;
        self.create_database(&mut admin)?;
        self.connect()
    }

    fn refusal(&self, script: &Script, statements: &[Statement]) -> Option<CannotRun> {
        beyond::refusal(script, statements, &self.roles_before)
    }

    /// Only a role that appeared while a script ran that names it is taken for ours: somebody
    /// else may make roles on this server at the same time.
    fn observe(&mut self, client: &mut Client, script: &Script) -> Result<(), EngineError> {
        let text = script.sql().to_lowercase();
        if ["role", "user", "group"].iter().any(|word| text.contains(word)) {
            let now = roles(client)?;
            self.roles_made.retain(|role| now.contains(role));
            for role in now {
                let known = self.roles_before.contains(&role) || self.roles_made.contains(&role);
                if !known && text.contains(&role.to_lowercase()) {
                    self.roles_made.push(role);
                }
            }
        }
        Ok(())
    }

    fn private_name(&self) -> Option<&str> {
        Some(&self.database)
    }

    fn hold(&self) -> Option<Hold> {
        None
    }

    fn ended_for(&self) -> Option<String> {
        None
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        // There is nobody left to tell of a failure.
        let Ok(mut admin) = connect(&self.config) else { return };
        for number in std::mem::take(&mut self.saved) {
            let _ = Self::drop_database(&mut admin, &self.copy_name(number));
        }
        let _ = self.clear(&mut admin);
    }
}
