//! The sandbox itself: scripts in, snapshots out, and the way back.

use std::time::Duration;

use postgres::Client;
use postgres::fallible_iterator::FallibleIterator as _;

use super::errors::{Circumstances, chain, explain};
use super::history::History;
use super::refuse::refusal;
use super::server::Server;
use super::session::{self, Ended, under_watch};
use super::snapshot::Catalog;
use crate::engine::{Checkpoint, EngineError, SandboxSpec, Target, TargetError, stopped};
use crate::host::{self, Stop};
use crate::model::{Failure, Location, Script, Snapshot, TransactionMode};
use crate::sql::{Statement, TransactionControl, statements, transaction_control};

/// The longest a snapshot may take; it reads only the catalog.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(60);

/// What there is to know of a script before it runs.
struct Plan {
    statements: Vec<Statement>,
    /// The script is put into a transaction.
    wrapped: bool,
    /// It opens or closes transactions itself.
    own_control: bool,
    /// It opens one transaction and rolls that back, as verify scripts do.
    undoes_itself: bool,
    /// It may throw prepared statements away.
    touches_prepared: bool,
}

/// What a script's own transaction control comes to.
enum OwnControl {
    /// `BEGIN; … COMMIT;` around everything: the wrap that other tools put around a script.
    Wrap,
    /// `BEGIN; … ROLLBACK;` around everything.
    Undo,
    /// None.
    None,
    /// Anything else.
    Other,
}

/// Whether a statement is one of those that may run inside a transaction; in doubt it is not.
fn fits_a_transaction(statement: &Statement) -> bool {
    let word = |index: usize| statement.words.get(index).map_or("", String::as_str);
    matches!(
        word(0),
        "ALTER"
            | "COMMENT"
            | "CREATE"
            | "DELETE"
            | "DROP"
            | "GRANT"
            | "INSERT"
            | "REVOKE"
            | "UPDATE"
    ) && !matches!(word(1), "DATABASE" | "SUBSCRIPTION" | "SYSTEM" | "TABLESPACE")
        && !statement.words.iter().any(|word| word == "CONCURRENTLY")
}

fn own_control(statements: &[Statement]) -> OwnControl {
    let free = |inner: &[Statement]| inner.iter().all(|one| transaction_control(one).is_none());
    match statements {
        all if free(all) => OwnControl::None,
        // A BEGIN with more words sets how the transaction behaves, and stays.
        [begin, inner @ .., end] if begin.words == ["BEGIN"] && free(inner) => {
            match transaction_control(end) {
                Some(TransactionControl::Commit) if end.words.len() == 1 => OwnControl::Wrap,
                Some(TransactionControl::Rollback) => OwnControl::Undo,
                _ => OwnControl::Other,
            }
        }
        _ => OwnControl::Other,
    }
}

impl Plan {
    fn of(script: &Script) -> Result<Self, TargetError> {
        let mut statements = statements(script);
        if let Some(reason) = refusal(script, &statements) {
            return Err(TargetError::CannotRun(reason));
        }
        let control = own_control(&statements);
        let wrapped = match (script.transaction, &control) {
            (TransactionMode::Wrapped, _) => true,
            (_, OwnControl::Wrap) => {
                statements.pop();
                statements.remove(0);
                true
            }
            // A statement alone is a transaction, said or unsaid.
            (_, OwnControl::None) if statements.len() == 1 => fits_a_transaction(&statements[0]),
            (TransactionMode::SingleBatch, OwnControl::None) => statements.len() > 1,
            (TransactionMode::Bare | TransactionMode::SingleBatch, _) => false,
        };
        let own_control = statements.iter().any(|one| transaction_control(one).is_some());
        let undoes_itself = !wrapped && matches!(control, OwnControl::Undo);
        let may_touch = statements.iter().any(|statement| {
            matches!(
                statement.words.first().map(String::as_str),
                Some("PREPARE" | "DEALLOCATE" | "DISCARD" | "DO" | "CALL" | "SELECT")
            )
        });
        let touches_prepared = may_touch && {
            let text = script.text.to_lowercase();
            ["prepare", "deallocate", "discard"].iter().any(|word| text.contains(word))
        };
        Ok(Self { statements, wrapped, own_control, undoes_itself, touches_prepared })
    }

    /// Whether a failure leaves nothing behind.
    fn is_atomic(&self) -> bool {
        self.wrapped && !self.own_control
    }
}

/// One PostgreSQL sandbox.
pub(super) struct Sandbox {
    /// Closed before `server` goes: fields are dropped in this order.
    client: Option<Client>,
    server: Box<dyn Server>,
    spec: SandboxSpec,
    catalog: Catalog,
    history: History,
    version: String,
    major: u32,
    superuser: bool,
    /// Scripts that may have made roles, in lower case.
    roles_made: Vec<String>,
}

fn broken(error: &postgres::Error) -> EngineError {
    EngineError::Broken(format!("the PostgreSQL sandbox: {}", chain(error)))
}

fn lost() -> EngineError {
    EngineError::Broken("the PostgreSQL sandbox lost its connection".into())
}

impl Sandbox {
    /// A sandbox on a server; `foreign_roles` are no part of it.
    pub(super) fn new(
        server: Box<dyn Server>,
        foreign_roles: Vec<String>,
        spec: &SandboxSpec,
    ) -> Result<Self, EngineError> {
        let mut client = server.connect()?;
        let row = client
            .query_one(
                "SELECT current_setting('server_version'), \
                 current_setting('server_version_num')::int / 10000, \
                 current_setting('is_superuser') = 'on', \
                 ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles ORDER BY 1)",
                &[],
            )
            .map_err(|error| broken(&error))?;
        let version: String = row.get(0);
        let major = u32::try_from(row.get::<_, i32>(1)).unwrap_or_default();
        if major < 13 {
            return Err(EngineError::Unavailable {
                what: format!("PostgreSQL {version} is too old for the sandbox"),
                way_out: "use PostgreSQL 13 or newer".into(),
            });
        }
        let roles = if foreign_roles.is_empty() { row.get(3) } else { foreign_roles };
        Ok(Self {
            client: Some(client),
            server,
            spec: spec.clone(),
            catalog: Catalog::new(major, roles),
            history: History::default(),
            version: version.split(' ').next().unwrap_or_default().to_owned(),
            major,
            superuser: row.get(2),
            roles_made: Vec::new(),
        })
    }

    /// The open connection; made anew where it was lost.
    fn connected(&mut self) -> Result<&mut Client, EngineError> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.client = None;
            self.catalog.forget();
            self.client = Some(self.server.revive()?);
        }
        self.client.as_mut().ok_or_else(lost)
    }

    /// Closes the connection for something that gives a new one.
    fn reconnect(
        &mut self,
        by: impl FnOnce(&mut dyn Server) -> Result<Client, EngineError>,
    ) -> Result<(), EngineError> {
        self.client = None;
        self.catalog.forget();
        self.client = Some(by(self.server.as_mut())?);
        Ok(())
    }

    fn send(&mut self, sql: &str) -> Result<(), Ended> {
        let limit = self.spec.statement_timeout;
        let Some(client) = self.client.as_mut() else { return Ok(()) };
        under_watch(client, self.server.as_ref(), limit, |client| client.batch_execute(sql))
    }

    /// Runs the statements inside what the tool puts around them, `closing` at the end.
    fn run(&mut self, script: &Script, plan: &Plan, closing: &str) -> Result<(), TargetError> {
        self.connected()?;
        if plan.wrapped {
            self.send("BEGIN").map_err(|ended| self.explain(ended, script, None))?;
        }
        for statement in &plan.statements {
            let sql = &script.text[statement.span.start..statement.span.end];
            self.send(sql).map_err(|ended| self.explain(ended, script, Some(statement)))?;
        }
        let last = plan.statements.last();
        if plan.wrapped {
            // What was put off to the end of the transaction fails here.
            self.send(closing).map_err(|ended| self.explain(ended, script, last))?;
        }
        if plan.own_control
            && let Some(client) = self.client.as_mut()
            && session::in_transaction(client).map_err(|error| broken(&error))?
        {
            return Err(TargetError::Script(Failure {
                message: "the script ends inside a transaction that it opened, so nothing since \
                          that BEGIN is kept"
                    .into(),
                code: None,
                detail: None,
                hint: Some("end the script with COMMIT".into()),
                location: place(script, last),
            }));
        }
        Ok(())
    }

    fn explain(&self, ended: Ended, script: &Script, statement: Option<&Statement>) -> TargetError {
        let error = match ended {
            Ended::Refused(error) => error,
            Ended::Stopped(stop) => {
                let limit = self.spec.statement_timeout.as_secs();
                return stopped(stop, place(script, statement), limit);
            }
        };
        let around = Circumstances {
            server: &self.version,
            major: self.major,
            declared: self.spec.engine_version.as_deref().and_then(super::binaries::major),
            superuser: self.superuser,
            roles_made: &self.roles_made,
        };
        let mut error = explain(&error, script, statement, &around);
        if let (TargetError::Script(failure), Some(name)) = (&mut error, self.server.private_name())
        {
            failure.message = failure.message.replace(name, "<sandbox>");
            failure.detail = failure.detail.take().map(|text| text.replace(name, "<sandbox>"));
        }
        error
    }

    /// Leaves the session as it was before the script, or connects anew where it is lost.
    fn tidy(&mut self, plan: &Plan) -> Result<(), EngineError> {
        let was_lost = self.client.as_ref().is_none_or(Client::is_closed);
        let client = self.connected()?;
        if was_lost {
            return Ok(());
        }
        session::reset(client).map_err(|error| broken(&error))?;
        // Nobody reads what LISTEN brought.
        let _ = client.notifications().iter().count();
        if plan.touches_prepared {
            client.batch_execute("DEALLOCATE ALL").map_err(|error| broken(&error))?;
            self.catalog.forget();
        }
        Ok(())
    }

    /// Remembers scripts that may make roles, so that a missing role is laid at the right door.
    fn note_roles(&mut self, script: &Script) {
        let text = script.sql().to_lowercase();
        if ["role", "user", "group"].iter().any(|word| text.contains(&format!("create {word}"))) {
            self.roles_made.push(text);
        }
    }

    /// Runs a script and records it.
    fn apply(&mut self, script: &Script) -> Result<(), TargetError> {
        let plan = Plan::of(script)?;
        self.note_roles(script);
        let started = host::now();
        let result = self.run(script, &plan, "COMMIT");
        let killed = self.client.as_ref().is_none_or(Client::is_closed);
        self.tidy(&plan)?;
        match &result {
            Ok(()) => {
                self.history.ran(script, host::now().duration_since(started));
                if let Some(client) = self.client.as_mut() {
                    self.server.observe(client, script)?;
                }
            }
            Err(_) if plan.is_atomic() && !killed => {}
            Err(_) => self.history.broke(),
        }
        result
    }

    fn read(&mut self, inside: bool) -> Result<Snapshot, EngineError> {
        let limit = SNAPSHOT_LIMIT;
        self.connected()?;
        let Some(client) = self.client.as_mut() else { return Err(lost()) };
        let catalog = &mut self.catalog;
        let seen = under_watch(client, self.server.as_ref(), limit, |client| {
            if inside { catalog.read_inside(client) } else { catalog.read(client) }
        });
        seen.map_err(|ended| match ended {
            Ended::Refused(error) => broken(&error),
            Ended::Stopped(Stop::Interrupted) => EngineError::Interrupted,
            Ended::Stopped(Stop::RunDeadline) => EngineError::OutOfTime,
            Ended::Stopped(Stop::Deadline) => {
                EngineError::Broken("the PostgreSQL sandbox does not describe its schema".into())
            }
        })
    }

    fn save(&mut self) -> Result<(), EngineError> {
        let number = self.history.next_number();
        self.reconnect(|server| server.save(number))?;
        for useless in self.history.saved(number) {
            self.server.discard(useless);
        }
        Ok(())
    }

    /// Runs a script inside a transaction, describes what it leaves, and rolls back.
    fn rehearse_inside(
        &mut self,
        script: &Script,
        plan: &Plan,
    ) -> Result<Result<Snapshot, TargetError>, EngineError> {
        self.note_roles(script);
        let ran = self.run(script, plan, "SET CONSTRAINTS ALL IMMEDIATE");
        let seen = match ran {
            Ok(()) => self.read(true).map(Ok),
            Err(TargetError::Engine(error)) => Err(error),
            Err(error) => Ok(Err(error)),
        };
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.history.broke();
        }
        self.tidy(plan)?;
        seen
    }
}

impl Sandbox {
    /// Runs a script that rolls back what it did.
    fn rehearse_as_is(
        &mut self,
        script: &Script,
        plan: &Plan,
    ) -> Result<Result<Snapshot, TargetError>, EngineError> {
        let ran = self.run(script, plan, "");
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.history.broke();
        }
        self.tidy(plan)?;
        match ran {
            Ok(()) => self.read(false).map(Ok),
            Err(TargetError::Engine(error)) => Err(error),
            Err(error) => Ok(Err(error)),
        }
    }
}

fn place(script: &Script, statement: Option<&Statement>) -> Location {
    statement.map_or_else(
        || script.location(),
        |statement| Location::at(script.path.clone(), statement.span),
    )
}

fn no_way_back() -> EngineError {
    EngineError::Broken("the PostgreSQL sandbox cannot return to an earlier state".into())
}

impl Target for Sandbox {
    fn version(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    fn execute(&mut self, script: &Script) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(stopped(stop, script.location(), 0));
        }
        self.apply(script)
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        self.read(false)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, EngineError> {
        if self.history.wants_saving() && self.server.can_save() {
            self.save()?;
        }
        Ok(Checkpoint(self.history.position() as u64))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), EngineError> {
        let position = usize::try_from(checkpoint.0).map_err(|_| no_way_back())?;
        if position == self.history.position() {
            return Ok(());
        }
        let route = self.history.back_to(position).ok_or_else(no_way_back)?;
        match route.from {
            Some(number) => self.reconnect(|server| server.load(number))?,
            None => self.reconnect(|server| server.reset())?,
        }
        for number in route.useless {
            self.server.discard(number);
        }
        for script in &route.scripts {
            let plan = Plan::of(script).map_err(|_| no_way_back())?;
            match self.run(script, &plan, "COMMIT") {
                Ok(()) => {}
                Err(TargetError::Engine(error)) => return Err(error),
                Err(_) => return Err(no_way_back()),
            }
            self.tidy(&plan)?;
            if let Some(client) = self.client.as_mut() {
                self.server.observe(client, script)?;
            }
        }
        Ok(())
    }

    fn rehearse(&mut self, script: &Script) -> Result<Result<Snapshot, TargetError>, EngineError> {
        match Plan::of(script) {
            Ok(plan) if plan.is_atomic() => return self.rehearse_inside(script, &plan),
            Ok(plan) if plan.undoes_itself => return self.rehearse_as_is(script, &plan),
            Ok(_) => {}
            Err(TargetError::Engine(error)) => return Err(error),
            Err(error) => return Ok(Err(error)),
        }
        let before = self.checkpoint()?;
        let seen = match self.execute(script) {
            Ok(()) => Ok(self.snapshot()?),
            Err(TargetError::Engine(error)) => return Err(error),
            Err(error) => Err(error),
        };
        self.restore(&before)?;
        Ok(seen)
    }
}
