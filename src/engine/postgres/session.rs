//! One connection: statements under a deadline, and a clean session between scripts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{CancelToken, Client, NoTls, SimpleQueryMessage, SimpleQueryRow};

use crate::host::{self, Stop};

/// How long a statement may ignore a cancel request before the server is ended by force.
const PATIENCE: Duration = Duration::from_secs(5);
/// The same once the whole run must end.
const LAST_PATIENCE: Duration = Duration::from_secs(1);

/// The longest a question about the catalog may take in the middle of a script.
const QUESTION_LIMIT: Duration = Duration::from_secs(20);

/// What `DISCARD ALL` does, but for prepared statements: ours must live on.
pub(super) const RESET: &str = "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; \
    SELECT pg_catalog.pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES";

/// Settings that a script's RESET does not take back. Which plan is chosen must not hang on the pages
/// that rolled-back rows leave behind, or what a migration is seen to read would differ from run to
/// run: a table is read from end to end only where no index serves.
pub(super) const OPTIONS: &str = "-c enable_seqscan=off";

/// Why a statement did not run to its end.
#[derive(Debug)]
pub(super) enum Ended {
    /// The server refused it.
    Refused(postgres::Error),
    /// It was stopped.
    Stopped(Stop),
}

impl From<postgres::Error> for Ended {
    fn from(error: postgres::Error) -> Self {
        Self::Refused(error)
    }
}

/// How what runs on a connection is stopped from outside it.
pub(super) trait Halt: Send + Sync {
    /// Asks the server to cancel what runs; a request that gets lost is followed by the next one.
    fn cancel(&self, token: &CancelToken) {
        let _ = token.cancel_query(NoTls);
    }

    /// Ends by force what does not heed that.
    fn kill(&self);
}

/// Does something over a connection, under a deadline.
pub(super) fn under_watch<T>(
    client: &mut Client,
    halt: Arc<dyn Halt>,
    limit: Duration,
    work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
) -> Result<T, Ended> {
    match watched(client, halt, limit, work) {
        (_, Some(stop)) => Err(Ended::Stopped(stop)),
        (result, None) => result.map_err(Ended::Refused),
    }
}

/// Like [`under_watch`], for work whose own result counts although it was asked to stop.
pub(super) fn watched<T>(
    client: &mut Client,
    halt: Arc<dyn Halt>,
    limit: Duration,
    work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
) -> (Result<T, postgres::Error>, Option<Stop>) {
    let token = client.cancel_token();
    let first: OnceLock<Instant> = OnceLock::new();
    let killed = AtomicBool::new(false);
    let cancel = move || {
        let since = *first.get_or_init(host::now);
        let patience = if host::must_stop().is_some() { LAST_PATIENCE } else { PATIENCE };
        if host::now() < since + patience {
            halt.cancel(&token);
        } else if !killed.swap(true, Ordering::Relaxed) {
            halt.kill();
        }
    };
    host::watched_often(limit, cancel, || work(client))
}

/// Asks something in the middle of a script; `None` where there is no answer. Nothing is prepared
/// for it that the script could throw away.
pub(super) fn ask(
    client: &mut Client,
    halt: Arc<dyn Halt>,
    sql: &str,
) -> Option<Vec<SimpleQueryRow>> {
    let answer = under_watch(client, halt, QUESTION_LIMIT, |client| client.simple_query(sql));
    let rows = answer.ok()?.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    Some(rows.collect())
}

/// Says something that may be said twice; a cancel request that comes late may hit it and is
/// outlived.
fn insist(client: &mut Client, sql: &str) -> Result<(), postgres::Error> {
    for _ in 0..3 {
        match client.batch_execute(sql) {
            Err(error) if error.code() == Some(&SqlState::QUERY_CANCELED) => {}
            other => return other,
        }
    }
    client.batch_execute(sql)
}

/// Gives up what is open.
pub(super) fn roll_back(client: &mut Client) -> Result<(), postgres::Error> {
    insist(client, "ROLLBACK")
}

/// Takes away whatever a script left in the session.
pub(super) fn reset(client: &mut Client) -> Result<(), postgres::Error> {
    insist(client, &format!("ROLLBACK; {RESET}"))
}

/// Whether a transaction is open that the script opened.
pub(super) fn in_transaction(client: &mut Client) -> Result<bool, postgres::Error> {
    match client.batch_execute("SAVEPOINT migration_gate") {
        Ok(()) => Ok(true),
        Err(error) if error.code() == Some(&SqlState::NO_ACTIVE_SQL_TRANSACTION) => Ok(false),
        Err(error) if error.code() == Some(&SqlState::IN_FAILED_SQL_TRANSACTION) => Ok(true),
        Err(error) => Err(error),
    }
}
