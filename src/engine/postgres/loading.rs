//! The statements that put rows into PostgreSQL: all at once where nothing is refused, as almost
//! always, else one by one under savepoints.

use super::rows::Trial;
use super::target::Sandbox;
use crate::engine::EngineError;
use crate::model::{NewRow, TableName};

/// Lets columns be written that number rows by themselves.
pub(super) const OVERRIDING: &str = "OVERRIDING SYSTEM VALUE ";

/// The sequences that number the rows of a column.
const NUMBERING: &str = "SELECT d.objid::pg_catalog.regclass AS sequence, \
      d.refobjid::pg_catalog.regclass AS tab, (SELECT attname FROM pg_catalog.pg_attribute \
        WHERE attrelid = d.refobjid AND attnum = d.refobjsubid) AS col \
      FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_depend d ON d.objid = s.seqrelid \
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i') \
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjsubid > 0";

/// Lets what numbers rows go on after the greatest number that is there, and what refuses that
/// where it stands.
pub(super) fn catch_up() -> String {
    format!(
        "DO $$ DECLARE one record; most bigint; BEGIN FOR one IN {NUMBERING} ORDER BY 1 LOOP \
           BEGIN {SET_ON} EXCEPTION WHEN others THEN NULL; END; \
         END LOOP; END $$"
    )
}

/// The same for one of them.
const SET_ON: &str = "EXECUTE format('SELECT max(%I)::bigint FROM %s', one.col, one.tab) INTO most; \
    IF most > 0 THEN PERFORM pg_catalog.setval(one.sequence, most); END IF;";

/// The same as [`catch_up`], faster, where none refuses it.
fn catch_up_at_once() -> String {
    format!(
        "DO $$ DECLARE one record; most bigint; some boolean; BEGIN FOR one IN {NUMBERING} LOOP \
           EXECUTE format('SELECT true FROM %s LIMIT 1', one.tab) INTO some; \
           IF some THEN {SET_ON} END IF; \
         END LOOP; END $$"
    )
}

impl Sandbox {
    /// Runs all of some statements of ours, or none of them; says which.
    fn all_or_none(&mut self, sql: &str) -> Result<bool, EngineError> {
        if !self.is_inside() {
            // Several statements in one message are one transaction.
            return Ok(self.say(|client| client.batch_execute(sql))?.is_ok());
        }
        let sql =
            format!("SAVEPOINT migration_gate_load; {sql}; RELEASE SAVEPOINT migration_gate_load");
        let done = self.say(|client| client.batch_execute(&sql))?.is_ok();
        if !done {
            self.tell(
                "ROLLBACK TO SAVEPOINT migration_gate_load; RELEASE SAVEPOINT migration_gate_load",
            )?;
        }
        Ok(done)
    }

    /// Lets what numbers rows go on after the greatest number that is there.
    pub(super) fn catch_up(&mut self) -> Result<(), EngineError> {
        if self.all_or_none(&catch_up_at_once())? { Ok(()) } else { self.tell(&catch_up()) }
    }

    /// Puts the first row of each list in; says whether all were taken, else none is there.
    pub(super) fn load_at_once(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<bool, EngineError> {
        let Some(first) = rows.iter().map(|tries| tries.first()).collect::<Option<Vec<_>>>() else {
            return Ok(false);
        };
        // Whatever acts on rows may act on one statement otherwise than on several.
        let apart = match &self.trial {
            Some(Trial::Inside { acting, .. }) => acting.contains(table),
            _ => true,
        };
        let inserts = inserts(table, &first, apart);
        // What waits for the end of the transaction must not wait.
        self.all_or_none(&format!("SET CONSTRAINTS ALL IMMEDIATE; {inserts}"))
    }

    /// Puts of each list the first row in that is taken; answers with the place of that row, or
    /// the last error.
    pub(super) fn load_in_turn(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<Vec<Result<usize, String>>, EngineError> {
        let answers = self.answers(&in_turn(table, rows))?;
        let said = answers.last().and_then(|row| row.get(0)).unwrap_or_default();
        let place = |line: &str| line.parse().map_err(|_| line.trim_start_matches('!').to_owned());
        Ok(said.lines().map(place).collect())
    }
}

/// The statements that put rows in, `apart` or those together that have the same columns.
fn inserts(table: &TableName, rows: &[&NewRow], apart: bool) -> String {
    let names = |row: &NewRow| row.values.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let mut sql = String::new();
    let mut last: Option<Vec<String>> = None;
    for row in rows {
        let own = names(row);
        let goes_on = !apart && !own.is_empty() && last.as_ref() == Some(&own);
        if goes_on {
            let values: Vec<String> = row.values.iter().map(|(_, value)| value.sql()).collect();
            sql.push_str(&format!(", ({})", values.join(", ")));
        } else {
            sql.push_str(if sql.is_empty() { "" } else { "; " });
            sql.push_str(&row.sql(table, OVERRIDING));
        }
        last = Some(own);
    }
    sql
}

/// A message that puts in of each list the first row that is taken, and answers with a line for
/// each list: the place of that row, or the last error.
fn in_turn(table: &TableName, rows: &[Vec<NewRow>]) -> String {
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
