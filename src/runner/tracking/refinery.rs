//! refinery's `refinery_schema_history`.
//!
//! Source: `refinery_core::traits` and `refinery_core::runner` of refinery 0.8 to 0.10. A checksum
//! is the SipHash 1-3 of name, version and text, in decimal. Rust's hashes depend on the width of
//! the version, which is 32 bits, or 64 where refinery is built with `int8-versions`; the type of
//! the column says which. refinery has no downs; where one is taken back, its row goes.

use std::hash::{Hash as _, Hasher as _};

use siphasher::sip::SipHasher13;

use super::table::Table;
use super::{Fault, Note, Set, Tracked, Tracker, number, quote};
use crate::engine::Database;
use crate::model::{EngineKind, Migration};

const CREATE: &[&str] = &["CREATE TABLE IF NOT EXISTS refinery_schema_history(\
     version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), \
     checksum VARCHAR(255))"];

const TABLE: Table = Table {
    tool: "refinery",
    name: "refinery_schema_history",
    columns: &["version", "name", "applied_on", "checksum"],
    sqlite: CREATE,
    postgres: CREATE,
};

/// See the module.
#[derive(Debug)]
pub(super) struct Refinery<'a>(pub(super) Set<'a>);

impl Refinery<'_> {
    /// The checksums of a build with narrow versions and of one with wide versions; the same for
    /// a version that is too large for the former.
    fn checksums(&self, migration: &Migration) -> [String; 2] {
        let wide = migration.version.number().and_then(|number| i64::try_from(number).ok());
        let wide = wide.unwrap_or_default();
        let text = String::from_utf8_lossy(self.0.bytes(migration.up.path()));
        let sum = |narrow: Option<i32>| {
            let mut hasher = SipHasher13::new();
            name(migration).hash(&mut hasher);
            match narrow {
                Some(version) => version.hash(&mut hasher),
                None => wide.hash(&mut hasher),
            }
            text.hash(&mut hasher);
            hasher.finish().to_string()
        };
        [sum(i32::try_from(wide).ok()), sum(None)]
    }

    /// Whether the column holds wide versions, as an expression.
    fn is_wide(&self) -> &'static str {
        match self.0.engine {
            EngineKind::Postgres => {
                "(SELECT atttypid = 'int8'::regtype FROM pg_catalog.pg_attribute WHERE attrelid = \
                 to_regclass('refinery_schema_history') AND attname = 'version')"
            }
            _ => {
                "(SELECT lower(type) = 'int8' FROM pragma_table_info('refinery_schema_history') \
                 WHERE name = 'version')"
            }
        }
    }
}

/// What stands between `V1__` and the extension.
fn name(migration: &Migration) -> &str {
    let file = migration.up.path().file_name();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    stem.split_once("__").map_or(stem, |(_, name)| name)
}

impl Tracker for Refinery<'_> {
    fn table(&self) -> &'static str {
        TABLE.name
    }

    fn read(&self, database: &mut dyn Database) -> Result<Vec<Tracked>, Fault> {
        let query = "SELECT CAST(version AS text), name, checksum FROM refinery_schema_history \
                     ORDER BY refinery_schema_history.version";
        let known = self.0.by(number);
        let rows = TABLE.rows(self.0.engine, database, query)?;
        let tracked = rows.iter().map(|row| {
            let version = TABLE.value(row, 0)?;
            let (called, checksum) = (TABLE.value(row, 1)?, TABLE.value(row, 2)?);
            let migration = known.get(version).copied();
            // What a migration in Rust comes to is not known here.
            let edited = migration.is_some_and(|own| {
                let same = self.checksums(own).iter().any(|own| own == checksum);
                name(own) != called || (own.up.script().is_some() && !same)
            });
            let called = format!("{version}__{called}");
            Ok(Tracked { edited, ..Tracked::applied(migration, &called) })
        });
        tracked.collect()
    }

    fn create(&self, database: &mut dyn Database) -> Result<Vec<String>, Fault> {
        let mut statements = TABLE.create(self.0.engine, database)?;
        let largest = self.0.migrations.iter().filter_map(|one| one.version.number()).max();
        if largest > Some(i32::MAX.unsigned_abs().into()) {
            statements.iter_mut().for_each(|one| *one = one.replace("int4", "int8"));
        }
        Ok(statements)
    }

    fn applied(&self, note: &Note<'_>) -> Vec<String> {
        let [narrow, wide] = self.checksums(note.migration);
        vec![format!(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             VALUES ({}, {}, '{}', CASE WHEN {} THEN '{wide}' ELSE '{narrow}' END)",
            number(note.migration),
            quote::text(self.0.engine, name(note.migration)),
            note.at,
            self.is_wide(),
        )]
    }

    fn undone(&self, note: &Note<'_>) -> Vec<String> {
        let version = number(note.migration);
        vec![format!("DELETE FROM refinery_schema_history WHERE version = {version}")]
    }
}
