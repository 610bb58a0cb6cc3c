//! diesel's `__diesel_schema_migrations`.
//!
//! Source: `diesel::migration` and `diesel_migrations`. The version is what stands before the
//! first `_` of the folder's name, without its `-`. `run_on` is filled in by the database.

use super::table::Table;
use super::versions::Versions;
use super::{Set, Tracker};

const CREATE: &[&str] = &["CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
     version VARCHAR(50) PRIMARY KEY NOT NULL, \
     run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)"];

const TABLE: Table = Table {
    tool: "diesel",
    name: "__diesel_schema_migrations",
    columns: &["version", "run_on"],
    sqlite: CREATE,
    postgres: CREATE,
};

/// See the module.
pub(super) fn tracker<'a>(set: Set<'a>) -> Box<dyn Tracker + 'a> {
    Box::new(Versions {
        set,
        table: TABLE,
        version: |migration| migration.version.as_str().replace('-', ""),
    })
}
