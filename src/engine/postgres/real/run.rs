//! Scripts on a real server, and what is written down of them.

use postgres::fallible_iterator::FallibleIterator as _;

use super::Real;
use crate::engine::postgres::errors::{self, failure};
use crate::engine::postgres::plan::Plan;
use crate::engine::postgres::session::{self, Ended};
use crate::engine::{EngineError, TargetError, left_open, stopped};
use crate::host;
use crate::model::{CannotRun, Failure, Location, Script, TransactionMode};
use crate::sql::Statement;

/// Gives the session back what it was when it began; a script's settings are not for our own
/// statements.
const OUR_OWN: &str = "SET SESSION AUTHORIZATION DEFAULT; RESET ROLE; RESET ALL";

/// What runs ends soon after a runner that is killed.
const LOOK_AFTER_US: &str = "SET client_connection_check_interval = '2s'";

/// How a script's transaction ends.
#[derive(Clone, Copy)]
enum End<'a> {
    /// With these statements of ours, and a COMMIT.
    Kept(&'a [String]),
    /// With a ROLLBACK.
    TakenBack,
}

impl Real {
    /// Runs a script and writes it down.
    pub(super) fn apply(&mut self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        let plan = Plan::of(script)?;
        self.begin_work(script)?;
        let inside: &[String] = if plan.is_atomic() { record } else { &[] };
        let ran = self.run(script, &plan, End::Kept(inside));
        let tidied = self.tidy(&plan);
        ran?;
        tidied?;
        if plan.is_atomic() {
            return Ok(());
        }
        self.write_down(record).map_err(|error| {
            self.broken(&format!(
                "{} has run, and that could not be recorded: {error}",
                script.path
            ))
            .into()
        })
    }

    /// Runs a script and takes back what it did.
    pub(super) fn try_out(&mut self, script: &Script) -> Result<(), TargetError> {
        // However the tool wraps its scripts, this transaction is ours.
        let script = &Script { transaction: TransactionMode::Bare, ..script.clone() };
        let mut plan = Plan::of(script)?;
        if plan.own_control && !plan.undoes_itself {
            return Err(TargetError::CannotRun(CannotRun {
                reason: format!("{} commits, and what it does has to be taken back", script.path),
                way_out: "leave BEGIN and COMMIT out of it, or end it with ROLLBACK".into(),
            }));
        }
        self.begin_work(script)?;
        plan.wrapped = !plan.undoes_itself;
        let ran = self.run(script, &plan, End::TakenBack);
        let tidied = self.tidy(&plan);
        ran?;
        Ok(tidied?)
    }

    fn begin_work(&mut self, script: &Script) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(stopped(stop, script.location(), 0));
        }
        self.ready()?;
        if self.major >= 14 {
            // A server that cannot look after us, as on macOS, does without.
            let _ = self.send(LOOK_AFTER_US);
        }
        Ok(())
    }

    fn run(&mut self, script: &Script, plan: &Plan, end: End<'_>) -> Result<(), TargetError> {
        if plan.wrapped {
            self.send("BEGIN").map_err(|ended| self.explain(ended, script, plan, None))?;
        }
        for statement in &plan.statements {
            let sql = &script.text[statement.span.start..statement.span.end];
            let ran = self.send(sql);
            ran.map_err(|ended| self.explain(ended, script, plan, Some(statement)))?;
        }
        let last = plan.statements.last();
        if plan.wrapped {
            // What was put off to the end of the transaction fails here, as the script's.
            let checked = self.send("SET CONSTRAINTS ALL IMMEDIATE");
            checked.map_err(|ended| self.explain(ended, script, plan, last))?;
            if let End::Kept(record) = end {
                self.record(script, record)?;
                self.commit(script, plan)?;
            }
        }
        if plan.own_control {
            match session::in_transaction(self.line.client()) {
                Ok(false) => {}
                Ok(true) => return Err(left_open(place(script, last))),
                Err(error) => return Err(self.explain(error.into(), script, plan, last)),
            }
        }
        Ok(())
    }

    /// Writes a script down inside its transaction.
    fn record(&mut self, script: &Script, record: &[String]) -> Result<(), TargetError> {
        if record.is_empty() {
            return Ok(());
        }
        for sql in std::iter::once(OUR_OWN).chain(record.iter().map(String::as_str)) {
            self.send(sql).map_err(|ended| {
                let error = self.line.connector.ended(ended);
                let what =
                    format!("{} cannot be recorded, and is taken back: {error}", script.path);
                self.broken(&what)
            })?;
        }
        Ok(())
    }

    fn commit(&mut self, script: &Script, plan: &Plan) -> Result<(), TargetError> {
        // Without the lock another runner may have begun; nothing is kept then.
        self.still_locked()?;
        let last = plan.statements.last();
        host::reached("postgres.commit");
        let committed = self.line.commit(self.spec.statement_timeout);
        host::reached("postgres.committed");
        let Err((error, stop)) = committed else { return Ok(()) };
        if errors::is_lost(&error) {
            return Err(TargetError::Script(Failure {
                message: "the connection was lost while the script was being committed: from here \
                          nobody can tell whether it was committed"
                    .into(),
                code: None,
                detail: None,
                hint: Some(
                    "look into the tracking table: it knows the script if it was committed".into(),
                ),
                location: place(script, last),
            }));
        }
        let ended = stop.map_or(Ended::Refused(error), Ended::Stopped);
        Err(self.explain(ended, script, plan, last))
    }

    /// The end of a statement as the script's.
    fn explain(
        &self,
        ended: Ended,
        script: &Script,
        plan: &Plan,
        statement: Option<&Statement>,
    ) -> TargetError {
        let error = match ended {
            Ended::Refused(error) => error,
            Ended::Stopped(stop) => {
                let limit = self.spec.statement_timeout.as_secs();
                return stopped(stop, place(script, statement), limit);
            }
        };
        if errors::is_lost(&error) {
            return TargetError::Script(lost(script, plan, statement));
        }
        match error.as_db_error() {
            // The server itself is in trouble: no room, no memory, no files.
            Some(db) if matches!(db.code().code().get(..2), Some("53" | "58")) => {
                self.line.connector.trouble(&error).into()
            }
            Some(db) => TargetError::Script(failure(db, script, statement)),
            None => self.line.connector.trouble(&error).into(),
        }
    }

    /// Leaves the session as it was before the script. A connection that was lost is made anew
    /// when it is needed next.
    fn tidy(&mut self, plan: &Plan) -> Result<(), EngineError> {
        let client = self.line.client();
        let mut tidied = session::reset(client);
        // Nobody reads what LISTEN brought.
        let _ = client.notifications().iter().count();
        if plan.touches_prepared && tidied.is_ok() {
            tidied = client.batch_execute("DEALLOCATE ALL");
            self.catalog.forget();
        }
        match tidied {
            Err(error) if !errors::is_lost(&error) && !self.line.client().is_closed() => {
                Err(self.line.connector.trouble(&error))
            }
            _ => Ok(()),
        }
    }
}

fn place(script: &Script, statement: Option<&Statement>) -> Location {
    statement.map_or_else(
        || script.location(),
        |statement| Location::at(script.path.clone(), statement.span),
    )
}

/// The failure of a script whose connection ended before it was committed.
fn lost(script: &Script, plan: &Plan, statement: Option<&Statement>) -> Failure {
    let left = if plan.is_atomic() {
        "nothing of it was kept"
    } else {
        "it is not one transaction, so what ran before that stays, and this statement may have"
    };
    Failure {
        message: format!("the connection was lost while the script ran; {left}"),
        code: None,
        detail: None,
        hint: Some("find out what ended the connection, then run again".into()),
        location: place(script, statement),
    }
}
