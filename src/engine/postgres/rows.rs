//! Rows in PostgreSQL: tables from the catalog, rows one by one under savepoints, and trials
//! inside one transaction that is rolled back.

use postgres::{Client, Row, SimpleQueryMessage};

use super::errors::ours;
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
        sequences: Vec<(String, Option<i64>)>,
        /// A script may have prepared statements, or thrown them away.
        prepared: bool,
    },
    /// From a checkpoint; the statements that loaded rows so far.
    Whole { before: Checkpoint, loading: Vec<String> },
}

/// Where sequences stand.
const SEQUENCES: &str =
    "SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_catalog.pg_sequences";

/// Lets what numbers rows go on after the greatest number that is there.
const CATCH_UP: &str = "DO $$ DECLARE one record; most bigint; BEGIN \
    FOR one IN SELECT d.objid::regclass AS sequence, d.refobjid::regclass AS tab, a.attname AS col \
      FROM pg_catalog.pg_depend d \
      JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') \
        AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0 ORDER BY 1 LOOP \
      BEGIN \
        EXECUTE format('SELECT max(%I)::bigint FROM %s', one.col, one.tab) INTO most; \
        IF most > 0 THEN PERFORM pg_catalog.setval(one.sequence, most); END IF; \
      EXCEPTION WHEN others THEN NULL; \
      END; \
    END LOOP; END $$";

/// Lets those constraints wait again for the end of the transaction that do so by themselves.
const LET_WAIT: &str = "DO $$ DECLARE names text; BEGIN \
    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), ', ') \
      INTO names FROM pg_catalog.pg_constraint c \
      JOIN pg_catalog.pg_namespace n ON n.oid = c.connamespace \
      WHERE c.condeferrable AND c.condeferred AND c.conparentid = 0; \
    IF names IS NOT NULL THEN EXECUTE 'SET CONSTRAINTS ' || names || ' DEFERRED'; END IF; \
    END $$";

impl Sandbox {
    fn is_inside(&self) -> bool {
        matches!(self.trial, Some(Trial::Inside { .. }))
    }

    /// Runs something of ours over the connection; the inner error is the server's refusal.
    fn say<T>(
        &mut self,
        work: impl FnOnce(&mut Client) -> Result<T, postgres::Error>,
    ) -> Result<Result<T, String>, EngineError> {
        let limit = self.spec.statement_timeout;
        let Some(client) = self.client.as_mut() else { return Err(lost()) };
        match under_watch(client, self.server.as_ref(), limit, work) {
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
    fn tell(&mut self, sql: &str) -> Result<(), EngineError> {
        self.say(|client| client.batch_execute(sql))?.map_err(EngineError::Broken)
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
            if plan.touches_prepared {
                self.catalog.forget();
                if let Some(Trial::Inside { prepared, .. }) = &mut self.trial {
                    *prepared = true;
                }
            }
            for statement in &plan.statements {
                let sql = &script.text[statement.span.start..statement.span.end];
                self.send(sql).map_err(|ended| self.explain(ended, script, Some(statement)))?;
            }
            let last = plan.statements.last();
            self.send("SET CONSTRAINTS ALL IMMEDIATE")
                .map_err(|ended| self.explain(ended, script, last))?;
            let tidy = if plan.touches_prepared { "; DEALLOCATE ALL" } else { "" };
            self.tell(&format!("{}{tidy}; {LET_WAIT}", session::RESET))?;
            Ok(())
        })
    }

    fn sequences(&mut self) -> Result<Vec<(String, Option<i64>)>, EngineError> {
        let read = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        self.say(|client| client.query(SEQUENCES, &[])?.iter().map(read).collect())?
            .map_err(EngineError::Broken)
    }

    /// Puts sequences back that went on in a trial.
    fn wind_back(&mut self, before: &[(String, Option<i64>)]) -> Result<(), EngineError> {
        let moved: Vec<String> = self
            .sequences()?
            .into_iter()
            .filter(|one| !before.contains(one))
            .filter_map(|(name, _)| {
                let (_, stood) = before.iter().find(|(known, _)| *known == name)?;
                let quoted = name.replace('\'', "''");
                Some(match stood {
                    Some(value) => format!("SELECT pg_catalog.setval('{quoted}', {value})"),
                    None => format!(
                        "SELECT pg_catalog.setval('{quoted}', seqstart, false) \
                         FROM pg_catalog.pg_sequence WHERE seqrelid = '{quoted}'::regclass"
                    ),
                })
            })
            .collect();
        if moved.is_empty() { Ok(()) } else { self.tell(&moved.join("; ")) }
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
        self.connected()?;
        let sequences = self.sequences()?;
        self.tell("BEGIN")?;
        self.trial = Some(Trial::Inside { marks: 0, sequences, prepared: false });
        Ok(true)
    }

    fn end_trial(&mut self) -> Result<(), EngineError> {
        match self.trial.take() {
            None => Ok(()),
            Some(Trial::Whole { before, .. }) => self.restore(&before),
            Some(Trial::Inside { sequences, prepared, .. }) => {
                // What the scripts did to the session and what they prepared goes as well.
                let ended = self.client.as_mut().map(session::reset);
                if ended.is_none_or(|ended| ended.is_err()) {
                    self.client = None;
                }
                self.connected()?;
                if prepared {
                    self.catalog.forget();
                    self.tell("DEALLOCATE ALL")?;
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
        // All in one message, since a row at a time takes as long as everything else together.
        let sql = loading(table, rows);
        let said = self.say(|client| {
            let messages = client.simple_query(&sql)?;
            let text = messages.iter().find_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            });
            Ok(text.unwrap_or_default())
        })?;
        let said = said.map_err(EngineError::Broken)?;
        let done: Vec<Result<usize, String>> = said
            .lines()
            .map(|line| line.parse().map_err(|_| line.trim_start_matches('!').to_owned()))
            .collect();
        if let Some(Trial::Whole { loading, .. }) = &mut self.trial {
            let taken =
                rows.iter().zip(&done).filter_map(|(tries, at)| tries.get(*at.as_ref().ok()?));
            loading.extend(taken.map(|row| row.sql(table, OVERRIDING)));
        }
        Ok(done)
    }

    fn loaded(&mut self) -> Result<(), EngineError> {
        if self.is_inside() {
            return self.tell(&format!("{CATCH_UP}; {LET_WAIT}"));
        }
        self.tell(CATCH_UP)?;
        if let Some(Trial::Whole { loading, .. }) = &mut self.trial {
            // The history can make this state again by the same statements.
            let mut sql = std::mem::take(loading).join(";\n");
            sql.push_str(if sql.is_empty() { "" } else { ";\n" });
            sql.push_str(CATCH_UP);
            let script = Script::whole(RepoPath::root(), sql.into(), TransactionMode::Wrapped);
            self.history.ran(&script, std::time::Duration::ZERO);
        }
        Ok(())
    }

    fn query(&mut self, sql: &str) -> Result<Result<Vec<ReadRow>, String>, EngineError> {
        Ok(self.read_rows(&[sql.to_owned()])?.map(|mut all| all.pop().unwrap_or_default()))
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

/// Lets columns be written that number rows by themselves.
const OVERRIDING: &str = "OVERRIDING SYSTEM VALUE ";

/// A message that puts in of each list the first row that is taken, and answers with a line for
/// each list: the place of that row, or the last error.
fn loading(table: &TableName, rows: &[Vec<NewRow>]) -> String {
    let mut body = String::new();
    for tries in rows {
        for (at, row) in tries.iter().enumerate() {
            // What waits for the end of the transaction must not wait.
            body.push_str(&format!(
                "BEGIN {}; SET CONSTRAINTS ALL IMMEDIATE; said := said || E'{at}\\n'; \
                 EXCEPTION WHEN OTHERS THEN last := '!' || translate(SQLERRM, E'\\n\\r', '  ');\n",
                row.sql(table, OVERRIDING)
            ));
        }
        body.push_str("said := said || last || E'\\n';\n");
        body.push_str(&"END; ".repeat(tries.len()));
    }
    // The values may hold anything, this tag too.
    let mut tag = "migration_gate".to_owned();
    while body.contains(&tag) {
        tag.push('_');
    }
    format!(
        "DO ${tag}$ DECLARE said text := ''; last text := '!'; BEGIN {body} \
         PERFORM pg_catalog.set_config('migration_gate.loaded', said, true); END ${tag}$; \
         SELECT pg_catalog.current_setting('migration_gate.loaded')"
    )
}
