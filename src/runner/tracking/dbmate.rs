//! dbmate's `schema_migrations`.
//!
//! Source: `pkg/driver/sqlite` and `pkg/driver/postgres` of dbmate. The version is the digits at
//! the start of the file's name, as they are written; the row is written in the migration's
//! transaction, or after a migration that has none, and goes with its down.

use super::table::Table;
use super::versions::Versions;
use super::{Set, Tracker};

const TABLE: Table = Table {
    tool: "dbmate",
    name: "schema_migrations",
    columns: &["version"],
    sqlite: &["CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(128) PRIMARY KEY)"],
    postgres: &["CREATE TABLE IF NOT EXISTS schema_migrations (version varchar PRIMARY KEY)"],
};

/// See the module.
pub(super) fn tracker<'a>(set: Set<'a>) -> Box<dyn Tracker + 'a> {
    Box::new(Versions {
        set,
        table: TABLE,
        version: |migration| migration.version.as_str().to_owned(),
    })
}
