//! The sandbox itself: scripts in, snapshots out, and the way back.

use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator as _;
use postgres::{Client, SimpleQueryRow};

use super::base::Beginning;
use super::confined;
use super::errors::{self, Circumstances, connection_lost, explain, ours};
use super::history::History;
use super::loading::Refusals;
use super::plan::Plan;
use super::rows::Trial;
use super::server::Server;
use super::session::{self, Ended, under_watch};
use super::snapshot::Catalog;
use super::trace::Tracer;
use crate::engine::{
    Checkpoint, EngineError, Recalled, SandboxSpec, Target, TargetError, left_open,
    rehearse_and_restore, stopped,
};
use crate::host::{self, Stop};
use crate::model::{Barred, Failure, Location, Script, Snapshot, StatementTrace, Work};
use crate::sql::Statement;

/// The longest a snapshot may take; it reads only the catalog.
const SNAPSHOT_LIMIT: Duration = Duration::from_secs(60);

/// One PostgreSQL sandbox.
pub(super) struct Sandbox {
    /// Closed before `server` goes: fields are dropped in this order.
    pub(super) client: Option<Client>,
    pub(super) server: Box<dyn Server>,
    pub(super) spec: SandboxSpec,
    pub(super) catalog: Catalog,
    pub(super) history: History,
    version: String,
    major: u32,
    superuser: bool,
    /// Scripts that may have made roles, in lower case.
    pub(super) roles_made: Vec<String>,
    pub(super) beginning: Beginning,
    /// Looks on while a script runs, where somebody wants to know.
    tracer: Option<Tracer>,
    /// A trial that is under way.
    pub(super) trial: Option<Trial>,
    /// Where rows were refused before.
    pub(super) refusals: Refusals,
}

pub(super) fn lost() -> EngineError {
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
            .map_err(|error| ours(&error))?;
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
            catalog: Catalog::new(major, roles.clone()),
            history: History::default(),
            version: version.split(' ').next().unwrap_or_default().to_owned(),
            major,
            superuser: row.get(2),
            roles_made: Vec::new(),
            beginning: Beginning::new(roles),
            tracer: None,
            trial: None,
            refusals: Refusals::new(),
        })
    }

    /// The open connection; made anew where it was lost.
    pub(super) fn connected(&mut self) -> Result<&mut Client, EngineError> {
        if self.client.as_ref().is_none_or(Client::is_closed) {
            self.client = None;
            self.catalog.forget();
            self.client = Some(self.server.revive()?);
        }
        self.client.as_mut().ok_or_else(lost)
    }

    /// A new session on the same state.
    pub(super) fn begin_session(&mut self) -> Result<(), EngineError> {
        self.client = None;
        self.catalog.prepare_again();
        self.client = Some(self.server.connect()?);
        Ok(())
    }

    /// Closes the connection for something that gives a new one, perhaps to another state.
    pub(super) fn reconnect(
        &mut self,
        by: impl FnOnce(&mut dyn Server) -> Result<Client, EngineError>,
    ) -> Result<(), EngineError> {
        self.client = None;
        self.catalog.forget();
        self.client = Some(by(self.server.as_mut())?);
        Ok(())
    }

    pub(super) fn send(&mut self, sql: &str) -> Result<(), Ended> {
        let limit = self.spec.statement_timeout;
        let Some(client) = self.client.as_mut() else { return Ok(()) };
        under_watch(client, self.server.halt(), limit, |client| client.batch_execute(sql))
    }

    /// Asks something in the middle of a script; `None` where there is no answer.
    pub(super) fn ask(&mut self, sql: &str) -> Option<Vec<SimpleQueryRow>> {
        let client = self.client.as_mut()?;
        session::ask(client, self.server.halt(), sql)
    }

    /// Lets the tracer look, where there is one.
    fn traced<T>(&mut self, look: impl FnOnce(&mut Tracer, &mut Self) -> T) -> Option<T> {
        let mut tracer = self.tracer.take()?;
        let seen = look(&mut tracer, self);
        self.tracer = Some(tracer);
        Some(seen)
    }

    /// Runs the statements inside what the tool puts around them, `closing` at the end.
    fn run(&mut self, script: &Script, plan: &Plan, closing: &str) -> Result<(), TargetError> {
        self.connected()?;
        if plan.wrapped {
            self.send("BEGIN").map_err(|ended| self.explain(ended, script, None))?;
            self.traced(Tracer::opened);
        }
        for statement in &plan.statements {
            let sql = &script.text[statement.span.start..statement.span.end];
            let ran = self
                .traced(|tracer, sandbox| tracer.step(sandbox, script, plan, statement))
                .unwrap_or_else(|| self.send(sql));
            ran.map_err(|ended| self.explain(ended, script, Some(statement)))?;
        }
        let last = plan.statements.last();
        if plan.wrapped {
            // What was put off to the end of the transaction fails here.
            self.send(closing).map_err(|ended| self.explain(ended, script, last))?;
        }
        if plan.own_control
            && let Some(client) = self.client.as_mut()
        {
            match session::in_transaction(client) {
                Ok(false) => {}
                Ok(true) => return Err(left_open(place(script, last))),
                Err(error) => return Err(self.explain(error.into(), script, last)),
            }
        }
        Ok(())
    }

    pub(super) fn explain(
        &self,
        ended: Ended,
        script: &Script,
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
            return connection_lost(script, statement, self.server.ended_for());
        }
        let around = Circumstances {
            server: &self.version,
            major: self.major,
            declared: self.spec.engine_version.as_deref().and_then(super::binaries::major),
            superuser: self.superuser,
            confined: self.server.hold().is_some_and(|hold| hold.confined),
            named: self.server.hold().is_none(),
            roles_made: &self.roles_made,
        };
        let mut error = explain(&error, script, statement, &around);
        if let (
            TargetError::Script(failure) | TargetError::Barred(Barred { failure, .. }),
            Some(name),
        ) = (&mut error, self.server.private_name())
        {
            failure.message = failure.message.replace(name, "<sandbox>");
            failure.detail = failure.detail.take().map(|text| text.replace(name, "<sandbox>"));
        }
        error
    }

    /// Leaves the session as it was before the script, or connects anew where it is lost, and
    /// says so.
    fn tidy(&mut self, plan: &Plan) -> Result<bool, EngineError> {
        let mut is_lost = self.client.as_ref().is_none_or(Client::is_closed);
        if !is_lost {
            let client = self.connected()?;
            match session::reset(client) {
                Ok(()) => {}
                // The end of a connection may be noticed only by the next word over it.
                Err(error) if errors::is_lost(&error) || client.is_closed() => is_lost = true,
                Err(error) => return Err(ours(&error)),
            }
        }
        if is_lost {
            self.client = None;
            self.connected()?;
            return Ok(true);
        }
        let client = self.connected()?;
        // Nobody reads what LISTEN brought.
        let _ = client.notifications().iter().count();
        if plan.sets_up_server {
            self.reconnect(|server| server.renew())?;
        } else if plan.marks_sessions {
            self.begin_session()?;
        } else if plan.touches_prepared {
            client.batch_execute("DEALLOCATE ALL").map_err(|error| ours(&error))?;
            self.catalog.prepare_again();
        }
        Ok(false)
    }

    /// Remembers scripts that may make roles, so that a missing role is laid at the right door.
    fn note_roles(&mut self, script: &Script) {
        let text = script.sql().to_lowercase();
        if ["role", "user", "group"].iter().any(|word| text.contains(&format!("create {word}"))) {
            self.roles_made.push(text);
        }
    }

    /// What is decided about a script before it runs here.
    pub(super) fn plan(&self, script: &Script) -> Result<Plan, TargetError> {
        let plan = Plan::of(script)?;
        match self.server.refusal(script, &plan.statements) {
            Some(reason) => Err(TargetError::CannotRun(reason)),
            None => Ok(plan),
        }
    }

    /// Runs a script and records it.
    fn apply(&mut self, script: &Script) -> Result<(), TargetError> {
        let plan = self.plan(script)?;
        self.note_roles(script);
        let started = host::now();
        let mut result = self.run(script, &plan, "COMMIT");
        let last = plan.statements.last();
        let killed = match self.tidy(&plan) {
            Ok(killed) => killed,
            Err(EngineError::LockedOut(said)) => {
                result = result.and_then(|()| Err(locked_out(place(script, last), &said)));
                true
            }
            Err(error) => return Err(error.into()),
        };
        if killed && result.is_ok() {
            result = Err(connection_lost(script, last, self.server.ended_for()));
        }
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
        let seen = under_watch(client, self.server.halt(), limit, |client| {
            if inside { catalog.read_inside(client) } else { catalog.read(client) }
        });
        seen.map_err(|ended| match ended {
            Ended::Refused(error) => ours(&error),
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
        if self.tidy(plan)? {
            self.history.broke();
        }
        seen
    }

    /// Runs a script that rolls back what it did.
    fn rehearse_as_is(
        &mut self,
        script: &Script,
        plan: &Plan,
    ) -> Result<Result<Snapshot, TargetError>, EngineError> {
        let ran = self.run(script, plan, "");
        if self.tidy(plan)? {
            self.history.broke();
        }
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

/// The error of a script after which no session can begin.
fn locked_out(location: Location, said: &str) -> TargetError {
    TargetError::Script(Failure {
        message: format!("nobody can connect after this script: {said}"),
        code: None,
        detail: None,
        hint: Some("look for what it sets for new sessions, the role or the database".into()),
        location,
    })
}

fn no_way_back() -> EngineError {
    EngineError::Broken("the PostgreSQL sandbox cannot return to an earlier state".into())
}

impl Target for Sandbox {
    fn version(&self) -> String {
        format!("PostgreSQL {}", self.version)
    }

    fn notices(&self) -> Vec<String> {
        confined::notice(self.server.hold(), self.superuser)
            .into_iter()
            .map(str::to_owned)
            .collect()
    }

    fn execute(&mut self, script: &Script) -> Result<(), TargetError> {
        if let Some(stop) = host::must_stop() {
            return Err(stopped(stop, script.location(), 0));
        }
        if let Some(result) = self.run_inside(script) {
            return result;
        }
        self.apply(script)
    }

    fn execute_traced(&mut self, script: &Script) -> Result<Vec<StatementTrace>, TargetError> {
        self.tracer = Plan::of(script).ok().map(|plan| Tracer::new(script, &plan));
        let ran = self.execute(script);
        let tracer = self.tracer.take();
        ran.map(|()| tracer.map(Tracer::finish).unwrap_or_default())
    }

    fn recalled(&self) -> Option<&Recalled> {
        self.beginning.recalled.as_ref()
    }

    fn settle(&mut self, seen: Option<&str>) -> Result<(), EngineError> {
        self.settle_base(seen)
    }

    fn snapshot(&mut self) -> Result<Snapshot, EngineError> {
        self.read(false)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint, EngineError> {
        if let Some(mark) = self.mark()? {
            return Ok(mark);
        }
        if self.history.wants_saving() && self.server.can_save() {
            self.save()?;
        }
        Ok(Checkpoint(self.history.position() as u64))
    }

    fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), EngineError> {
        if self.back_to(checkpoint)? {
            return Ok(());
        }
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
        if route.is_long && self.server.can_save() {
            self.save()?;
        }
        Ok(())
    }

    fn rehearse(&mut self, work: Work<'_>) -> Result<Result<Snapshot, TargetError>, EngineError> {
        let Work::Sql(script) = work else { return rehearse_and_restore(self, work) };
        match self.plan(script) {
            Ok(plan) if plan.is_atomic() => return self.rehearse_inside(script, &plan),
            Ok(plan) if plan.undoes_itself => return self.rehearse_as_is(script, &plan),
            Ok(_) => {}
            Err(TargetError::Engine(error)) => return Err(error),
            Err(error) => return Ok(Err(error)),
        }
        rehearse_and_restore(self, work)
    }
}
