//! The statements that put rows into PostgreSQL: all at once where nothing is refused, as almost
//! always, else one by one under savepoints.

use std::collections::{BTreeMap, BTreeSet};

use postgres::{SimpleQueryMessage, SimpleQueryRow};

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

/// The lists, by their places, of which the first row was refused when as many were put into a
/// table: they go one by one the next time, which is a guess that costs time alone where it is wrong.
pub(super) type Refusals = BTreeMap<(TableName, usize), BTreeSet<usize>>;

/// What became of lists of rows: of each the place of the row that was taken, or the last error.
type Taken = Vec<Result<usize, String>>;

impl Sandbox {
    /// Runs all of some statements of ours and gives the rows they answer with, or runs none.
    fn all_or_none(&mut self, sql: &str) -> Result<Option<Vec<SimpleQueryRow>>, EngineError> {
        // Outside a transaction the statements of one message are one.
        let guarded = match self.is_inside() {
            true => format!("{SAVEPOINT}; {sql}; {RELEASE}"),
            false => sql.to_owned(),
        };
        let rows = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        };
        let answers = self.say(|client| {
            Ok(client.simple_query(&guarded)?.into_iter().filter_map(rows).collect())
        })?;
        if answers.is_err() && self.is_inside() {
            self.tell(&format!("ROLLBACK TO {SAVEPOINT}; {RELEASE}"))?;
        }
        Ok(answers.ok())
    }

    /// Lets what numbers rows go on after the greatest number that is there.
    pub(super) fn catch_up(&mut self) -> Result<(), EngineError> {
        match self.all_or_none(&catch_up_at_once())? {
            Some(_) => Ok(()),
            None => self.tell(&catch_up()),
        }
    }

    /// Puts of each list the first row in that is taken.
    pub(super) fn put_in(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
    ) -> Result<Taken, EngineError> {
        let key = (table.clone(), rows.len());
        let refused = self.refusals.get(&key).cloned().unwrap_or_default();
        let taken = match self.put_in_at_once(table, rows, &refused)? {
            Some(taken) => taken,
            None => said(&self.answers(&in_turn(table, rows))?),
        };
        let refused = (0..rows.len()).filter(|at| taken.get(*at) != Some(&Ok(0)));
        self.refusals.insert(key, refused.collect());
        Ok(taken)
    }

    /// The same, where the first row is taken of all lists but those that are `in_turn`; else
    /// none is there.
    fn put_in_at_once(
        &mut self,
        table: &TableName,
        rows: &[Vec<NewRow>],
        refused: &BTreeSet<usize>,
    ) -> Result<Option<Taken>, EngineError> {
        // Whatever acts on rows may act on one statement otherwise than on several.
        let apart = match &self.trial {
            Some(Trial::Inside { acting, .. }) => acting.contains(table),
            _ => true,
        };
        // What acts may also answer.
        if apart && !refused.is_empty() {
            return Ok(None);
        }
        // What waits for the end of the transaction must not wait.
        let mut sql = vec!["SET CONSTRAINTS ALL IMMEDIATE".to_owned()];
        let mut at = 0;
        while at < rows.len() {
            let slow = refused.contains(&at);
            let end = (at..rows.len()).find(|at| refused.contains(at) != slow);
            let alike = &rows[at..end.unwrap_or(rows.len())];
            if slow {
                sql.push(in_turn(table, alike));
            } else {
                let first: Option<Vec<&NewRow>> = alike.iter().map(|tries| tries.first()).collect();
                let Some(first) = first else { return Ok(None) };
                sql.push(inserts(table, &first, apart));
            }
            at += alike.len();
        }
        let Some(answers) = self.all_or_none(&sql.join("; "))? else { return Ok(None) };
        let mut slow = said(&answers).into_iter();
        let taken = |at| if refused.contains(&at) { slow.next().unwrap_or(Ok(0)) } else { Ok(0) };
        Ok(Some((0..rows.len()).map(taken).collect()))
    }
}

/// What the answers of [`in_turn`] say.
fn said(answers: &[SimpleQueryRow]) -> Taken {
    let lines = answers.iter().flat_map(|row| row.get(0).unwrap_or_default().lines());
    lines.map(|line| line.parse().map_err(|_| line.trim_start_matches('!').to_owned())).collect()
}

const SAVEPOINT: &str = "SAVEPOINT migration_gate_load";
const RELEASE: &str = "RELEASE SAVEPOINT migration_gate_load";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;

    #[test]
    fn rows_of_the_same_columns_share_a_statement_where_nothing_acts_on_them() {
        let row = |names: &[&str]| NewRow {
            values: names.iter().map(|name| ((*name).into(), Value::Number("1".into()))).collect(),
        };
        let (both, one, none) = (row(&["a", "b"]), row(&["a"]), row(&[]));
        let table = TableName::plain("t");
        assert_eq!(
            inserts(&table, &[&both, &both, &one, &none, &none], false),
            "INSERT INTO t (a, b) OVERRIDING SYSTEM VALUE VALUES (1, 1), (1, 1); \
             INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1); \
             INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES"
        );
        assert_eq!(
            inserts(&table, &[&one, &one], true),
            "INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1); \
             INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1)"
        );
    }
}
