//! Tables as their tools make them.

use super::{Fault, FaultKind, quote};

use crate::engine::{Database, TextRow};
use crate::model::{EngineKind, TableName, printable};

/// A tool's table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// The tool's name.
    pub(super) tool: &'static str,
    /// The table's name; it needs no quotes in either engine.
    pub(super) name: &'static str,
    /// Its columns in their order.
    pub(super) columns: &'static [&'static str],
    /// What makes it in SQLite.
    pub(super) sqlite: &'static [&'static str],
    /// What makes it in PostgreSQL.
    pub(super) postgres: &'static [&'static str],
}

impl Table {
    /// What makes the table; nothing where it is there.
    pub(super) fn create(
        &self,
        engine: EngineKind,
        database: &mut dyn Database,
    ) -> Result<Vec<String>, Fault> {
        if self.is_there(engine, database)? {
            return Ok(Vec::new());
        }
        let statements = if engine == EngineKind::Postgres { self.postgres } else { self.sqlite };
        Ok(statements.iter().map(|statement| (*statement).to_owned()).collect())
    }

    /// The rows of a query on the table; none where it is not there.
    pub(super) fn rows(
        &self,
        engine: EngineKind,
        database: &mut dyn Database,
        query: &str,
    ) -> Result<Vec<TextRow>, Fault> {
        if !self.is_there(engine, database)? {
            return Ok(Vec::new());
        }
        self.compare(engine, database)?;
        Ok(database.read(query)?)
    }

    /// A value that the tool always writes.
    pub(super) fn value<'r>(&self, row: &'r TextRow, at: usize) -> Result<&'r str, Fault> {
        let value = row.get(at).and_then(Option::as_deref);
        value.ok_or_else(|| self.strange("a row of it lacks a value"))
    }

    /// Tools look for their table in the current schema alone, and make it there.
    fn is_there(&self, engine: EngineKind, database: &mut dyn Database) -> Result<bool, Fault> {
        let schema = match engine {
            EngineKind::Postgres => database.read("SELECT current_schema()")?.pop(),
            _ => None,
        };
        let schema = schema.and_then(|row| row.into_iter().next()).flatten();
        let name = TableName { schema, ..TableName::plain(self.name) };
        Ok(database.has_table(&name)?)
    }

    /// Whether it has the columns that its tool gives it, and no others.
    fn compare(&self, engine: EngineKind, database: &mut dyn Database) -> Result<(), Fault> {
        let name = quote::text(engine, self.name);
        let found = database.read(&match engine {
            EngineKind::Postgres => format!(
                "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass({name}) \
                 AND attnum > 0 AND NOT attisdropped"
            ),
            _ => format!("SELECT name FROM pragma_table_info({name})"),
        })?;
        let found: Vec<&str> = found.iter().flatten().flatten().map(String::as_str).collect();
        if let Some(missing) = self.columns.iter().find(|column| !found.contains(*column)) {
            return Err(self.strange(&format!("it has no column {missing}")));
        }
        match found.iter().find(|column| !self.columns.contains(*column)) {
            Some(more) => Err(self.strange(&format!("it has a column {}", printable(more)))),
            None => Ok(()),
        }
    }

    /// The fault of a table that its tool did not make.
    pub(super) fn strange(&self, what: &str) -> Fault {
        let Self { tool, name, .. } = self;
        Fault::new(
            FaultKind::Conflict,
            format!("the table {name} is not as {tool} makes it: {what}"),
            "where another tool made it, name that one as the set's layout in migration-gate.toml; \
             else bring the table back to what its tool expects",
        )
    }
}
