//! The published JSON Schema of the configuration.

use schemars::generate::SchemaSettings;

use super::raw::RawSettings;

/// The JSON Schema of `migration-gate.toml`, as published in `docs/config.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    let mut schema =
        SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<RawSettings>();
    schema.insert("$id".to_owned(), "migration-gate/config.schema.json".into());
    format!("{:#}\n", schema.to_value())
}
