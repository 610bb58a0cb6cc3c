//! Rows in PostgreSQL: tables from the catalog, rows one by one under savepoints, and trials
//! inside one transaction that is rolled back.

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

use super::errors::ours;
use super::loading;
use super::session::{self, Ended, under_watch};
use super::tables;
use super::target::{Sandbox, lost};
use crate::engine::{Checkpoint, EngineError, Rows, Target as _, TargetError};
use crate::host::Stop;
use crate::model::{NewRow, ReadRow, RepoPath, Script, Table, TableName, TransactionMode};

/// What makes values print the same whatever the session was set to.
const STEADY: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; \
    SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; \
    SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 1; \
    SET LOCAL bytea_output = 'hex'; SET LOCAL standard_conforming_strings = on; \
    SET LOCAL client_min_messages = error";

/// A trial that is under way.
pub(super) enum Trial {
    /// In one transaction: the number of the last savepoint, and the sequences as they were,
    /// since no rollback takes them back.
    Inside {
        marks: u64,
        sequences: Vec<(String, Option<String>)>,
        /// Where rows meet triggers and their like.
        acting: Vec<TableName>,
        /// A script may have left in the session what no reset takes back.
        marked: bool,
    },
    /// From a checkpoint; the statements that loaded rows so far.
    Whole { before: Checkpoint, loading: Vec<String> },
}

/// Where sequences stand, as far as they may be read.
const SEQUENCES: &str = "SELECT seqrelid, CASE WHEN \
      pg_catalog.has_sequence_privilege(seqrelid, 'SELECT,USAGE') \
      THEN pg_catalog.pg_sequence_last_value(seqrelid) END \
    FROM pg_catalog.pg_sequence";

/// The tables on which triggers, rules or partitions act when rows come.
const ACTING: &str = "SELECT n.nspname, c.relname FROM (\
      SELECT tgrelid FROM pg_catalog.pg_trigger WHERE NOT tgisinternal \
      UNION SELECT ev_class FROM pg_catalog.pg_rewrite WHERE ev_type <> '1' \
      UNION SELECT partrelid FROM pg_catalog.pg_partitioned_table) AS acting (acted_on) \
    JOIN pg_catalog.pg_class c ON c.oid = acted_on \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/// The constraints that by themselves wait for the end of the transaction.
const WAITING: &str = "SELECT pg_catalog.string_agg(\
      pg_catalog.format('%s.%I', connamespace::pg_catalog.regnamespace, conname), ', ') \
    FROM pg_catalog.pg_constraint WHERE condeferrable AND condeferred AND conparentid = 0";

impl Sandbox {
    pub(super) fn is_inside(&self) -> bool {
        matches!(self.trial, Some(Trial::Inside { .. }))
    }

    /// Runs something of ours over the connection; the inner error is the server's refusal.
    pub(super) fn say<T>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<Result<T, String>, EngineError> {
        let limit = self.spec.statement_timeout;
        let Some(client) = self.client.as_mut() else { return Err(lost()) };
        match under_watch(client, self.server.halt(), limit, work) {
            Ok(value) => Ok(Ok(value)),
            Err(Ended::Refused(error)) => match error.as_db_error() {
                Some(db) => Ok(Err(db.message().to_owned())),
                None => Err(ours(&error)),
            },
            Err(Ended::Stopped(Stop::Interrupted)) => Err(EngineError::Interrupted),
            Err(Ended::Stopped(Stop::RunDeadline)) => Err(EngineError::OutOfTime),
            Err(Ended::Stopped(Stop::Deadline)) => Ok(Err("it takes too long".into())),
        }
    }

    /// The same, for what must not be refused.
    pub(super) fn tell(&mut self, sql: &str) -> Result<(), EngineError> {
        self.say(|client| client.batch_execute(sql))?.map_err(EngineError::Broken)
    }

    /// The rows with which several statements answer together.
    pub(super) fn answers(&mut self, sql: &str) -> Result<Vec<SimpleQueryRow>, EngineError> {
        let rows = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        };
        self.say(|client| Ok(client.simple_query(sql)?.into_iter().filter_map(rows).collect()))?
            .map_err(EngineError::Broken)
    }

    /// The rows of several queries: one message there and back, since this is asked often.
    fn read_rows(
        &mut self,
        queries: &[String],
    ) -> Result<Result<Vec<Vec<ReadRow>>, String>, EngineError> {
        self.connected()?;
        let (opening, closing) = if self.is_inside() {
            (
                "SAVEPOINT migration_gate_read",
                "ROLLBACK TO migration_gate_read; RELEASE migration_gate_read",
            )
        } else {
            ("BEGIN", "ROLLBACK")
        };
        let all = format!("{opening}; {STEADY}; {}; {closing}", queries.join("; "));
        let before = 1 + STEADY.matches("SET LOCAL").count();
        let found = self.say(|client| {
            let mut found: Vec<Vec<ReadRow>> = vec![Vec::new(); queries.len()];
            let mut done = 0_usize;
            for message in client.simple_query(&all)? {
                match message {
                    SimpleQueryMessage::Row(row) => {
                        let cells = row.columns().iter().enumerate().map(|(at, column)| {
                            (column.name().to_owned(), row.get(at).map(str::to_owned))
                        });
                        let place = done.checked_sub(before);
                        if let Some(rows) = place.and_then(|at| found.get_mut(at)) {
                            rows.push(cells.collect());
                        }
                    }
                    SimpleQueryMessage::CommandComplete(_) => done += 1,
                    _ => {}
                }
            }
            Ok(found)
        })?;
        if found.is_err() {
            self.tell(closing)?;
        }
        Ok(found)
    }

    /// The mark of a state inside a trial.
    pub(super) fn mark(&mut self) -> Result<Option<Checkpoint>, EngineError> {
        let Some(Trial::Inside { marks, .. }) = &mut self.trial else { return Ok(None) };
        *marks += 1;
        let number = *marks;
        self.tell(&format!("SAVEPOINT migration_gate_{number}"))?;
        Ok(Some(Checkpoint(number)))
    }

    /// Goes back to a mark; says whether a trial is under way in which there are marks.
    pub(super) fn back_to(&mut self, mark: &Checkpoint) -> Result<bool, EngineError> {
        if self.is_inside() {
            self.tell(&format!("ROLLBACK TO SAVEPOINT migration_gate_{}", mark.0))?;
        }
        Ok(self.is_inside())
    }

    /// Runs a script inside the transaction of a trial.
    pub(super) fn run_inside(&mut self, script: &Script) -> Option<Result<(), TargetError>> {
        self.is_inside().then(|| {
            let plan = self.plan(script)?;
            if let Some(Trial::Inside { marked, .. }) = &mut self.trial {
                *marked |= plan.touches_prepared || plan.marks_sessions;
            }
            if plan.touches_prepared {
                self.catalog.prepare_again();
            }
            for statement in &plan.statements {
                let sql = &script.text[statement.span.start..statement.span.end];
                self.send(sql).map_err(|ended| self.explain(ended, script, Some(statement)))?;
            }
            let last = plan.statements.last();
            self.send("SET CONSTRAINTS ALL IMMEDIATE")
                .map_err(|ended| self.explain(ended, script, last))?;
            let tidy = if plan.touches_prepared { "; DEALLOCATE ALL" } else { "" };
            self.let_wait(&format!("{}{tidy}", session::RESET))?;
            Ok(())
        })
    }

    /// Says something and lets those constraints wait again for the end of the transaction that
    /// do so by themselves.
    fn let_wait(&mut self, after: &str) -> Result<(), EngineError> {
        let answers = self.answers(&format!("{after}; {WAITING}"))?;
        match answers.last().and_then(|row| row.get(0)) {
            Some(names) => self.tell(&format!("SET CONSTRAINTS {names} DEFERRED")),
            None => Ok(()),
        }
    }

    /// Opens a transaction for a trial.
    fn open_inside(&mut self) -> Result<Trial, EngineError> {
        self.connected()?;
        let mut sequences = Vec::new();
        let mut acting = Vec::new();
        for row in self.answers(&format!("BEGIN; {SEQUENCES}; {ACTING}"))? {
            let cell = |at: usize| row.get(at).map(str::to_owned);
            if row.columns().first().is_some_and(|column| column.name() == "seqrelid") {
                sequences.push((cell(0).unwrap_or_default(), cell(1)));
            } else {
                acting.push(tables::table_name(cell(0), cell(1)));
            }
        }
        Ok(Trial::Inside { marks: 0, sequences, acting, marked: false })
    }

    /// Puts sequences back that went on in a trial.
    fn wind_back(&mut self, before: &[(String, Option<String>)]) -> Result<(), EngineError> {
        if before.is_empty() {
            return Ok(());
        }
        let stood = before.iter().map(|(oid, value)| {
            let value = value.as_deref().unwrap_or("NULL");
            format!("({oid}::pg_catalog.oid, {value}::pg_catalog.int8)")
        });
        let stood = stood.collect::<Vec<_>>().join(", ");
        self.tell(&format!(
            "SELECT pg_catalog.setval(seqrelid, coalesce(stood, seqstart), stood IS NOT NULL) \
             FROM ({SEQUENCES}) AS now (seqrelid, value) \
             JOIN (VALUES {stood}) AS before (sequence, stood) ON sequence = seqrelid \
             JOIN pg_catalog.pg_sequence USING (seqrelid) WHERE value IS DISTINCT FROM stood"
        ))
    }
}

impl Rows for Sandbox {
    fn begin_trial(&mut self, scripts: &[&Script], inside: bool) -> Result<bool, EngineError> {
        if !inside {
            let before = self.checkpoint()?;
            self.trial = Some(Trial::Whole { before, loading: Vec::new() });
            return Ok(true);
        }
        let fits = |script: &&Script| self.plan(script).is_ok_and(|plan| plan.is_atomic());
        if !scripts.iter().all(fits) {
            return Ok(false);
        }
        self.trial = Some(self.open_inside()?);
        Ok(true)
    }

    fn end_trial(&mut self) -> Result<(), EngineError> {
        match self.trial.take() {
            None => Ok(()),
            Some(Trial::Whole { before, .. }) => self.restore(&before),
            Some(Trial::Inside { sequences, marked, .. }) => {
                // What the scripts did to the session goes as well.
                let ended = self.client.as_mut().map(session::reset);
                if ended.is_none_or(|ended| ended.is_err()) {
                    self.client = None;
                }
                self.connected()?;
                if marked {
                    self.begin_session()?;
                }
                self.wind_back(&sequences)
            }
        }
    }

    fn tables(&mut self, without: &[TableName]) -> Result<Vec<Table>, EngineError> {
        self.connected()?;
        let space = |name: &TableName| name.schema.clone().unwrap_or_else(|| "public".into());
        let spaces: Vec<String> = without.iter().map(space).collect();
        let names: Vec<&str> = without.iter().map(|name| name.name.as_str()).collect();
        let mut query = self.catalog.tables.clone();
        let rows = self
            .say(|client| query.rows(client, &[&spaces, &names]))?
            .map_err(EngineError::Broken)?;
        self.catalog.tables = query;
        tables::of(&rows).map_err(|error| ours(&error))
    }

    fn load(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<Vec<Result<usize, String>>, EngineError> {
        let done = self.put_in(table, rows)?;
        if let Some(Trial::Whole { loading, .. }) = &mut self.trial {
            let taken =
                rows.iter().zip(&done).filter_map(|(tries, at)| tries.get(*at.as_ref().ok()?));
            loading.extend(taken.map(|row| row.sql(table, loading::OVERRIDING)));
        }
        Ok(done)
    }

    fn loaded(&mut self) -> Result<(), EngineError> {
        self.catch_up()?;
        if self.is_inside() {
            return self.let_wait("");
        }
        if let Some(Trial::Whole { loading, .. }) = &mut self.trial {
            // The history can make this state again by the same statements.
            let mut sql = std::mem::take(loading).join(";\n");
            sql.push_str(if sql.is_empty() { "" } else { ";\n" });
            sql.push_str(&loading::catch_up());
            let script = Script::whole(RepoPath::root(), sql.into(), TransactionMode::Wrapped);
            self.history.ran(&script, std::time::Duration::ZERO);
        }
        Ok(())
    }

    fn query(&mut self, sql: &str) -> Result<Result<Vec<ReadRow>, String>, EngineError> {
        Ok(self.read_rows(&[sql.to_owned()])?.map(|mut all| all.pop().unwrap_or_default()))
    }

    fn query_again(
        &mut self,
        tables: &[&Table],
        queries: &[String],
    ) -> Result<Option<Vec<Vec<ReadRow>>>, EngineError> {
        if tables.is_empty() || tables.iter().any(|table| table.columns.is_empty()) {
            return Ok(None);
        }
        let mut all = vec![tables::columns(tables)];
        all.extend_from_slice(queries);
        let Ok(mut found) = self.read_rows(&all)? else { return Ok(None) };
        let columns = found.remove(0);
        Ok(tables::have_all_columns(tables, &columns).then_some(found))
    }

    fn query_all(
        &mut self,
        queries: &[String],
    ) -> Result<Vec<Result<Vec<ReadRow>, String>>, EngineError> {
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        match self.read_rows(queries)? {
            Ok(all) => Ok(all.into_iter().map(Ok).collect()),
            // One that is refused takes the others with it.
            Err(_) => queries.iter().map(|sql| self.query(sql)).collect(),
        }
    }
}
