//! The published JSON Schema of the manifest.

use std::sync::LazyLock;

use schemars::JsonSchema;

use crate::document::Checker;

/// The manifest of a set of migrations: each migration's class and what it depends on.
#[derive(JsonSchema)]
#[schemars(title = "migration_manifest", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawManifest {
    /// Where this schema is found, for editors.
    #[schemars(rename = "$schema", default, with = "String")]
    schema: Option<String>,
    /// Version of this format; the only one is 1.
    #[schemars(extend("const" = 1))]
    manifest_version: i64,
    /// The id of the last migration that needs no entry: history up to and including it runs but
    /// is not judged.
    #[schemars(default, with = "String", length(min = 1))]
    baseline: Option<String>,
    /// The migrations, in the order in which they run.
    migrations: Vec<RawEntry>,
}

/// One migration.
#[derive(JsonSchema)]
#[schemars(rename = "Migration", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawEntry {
    /// The migration's id, as reports show it: the file's name without direction and extension.
    #[schemars(length(min = 1))]
    id: String,
    /// When it may run: `online` while the old code serves, `post_deploy` after the new code is
    /// out, `manual_backfill` when an operator moves the data.
    #[schemars(
        default,
        with = "String",
        extend("enum" = ["online", "post_deploy", "manual_backfill"])
    )]
    class: Option<String>,
    /// Ids of the migrations that must have run before.
    #[schemars(
        default,
        with = "Vec<String>",
        inner(length(min = 1)),
        extend("uniqueItems" = true)
    )]
    depends_on: Vec<String>,
    /// Ids of migrations that must have run before where the set holds them; one that it does not
    /// hold is only reported.
    #[schemars(
        default,
        with = "Vec<String>",
        inner(length(min = 1)),
        extend("uniqueItems" = true)
    )]
    optional_depends_on: Vec<String>,
    /// SHA-256 of the up script's file, in hexadecimal digits.
    #[schemars(
        default,
        with = "String",
        regex(pattern = r"^[0-9a-fA-F]{64}$"),
        extend("patternErrorMessage" = "is not a SHA-256: write 64 hexadecimal digits")
    )]
    checksum: Option<String>,
    /// What it is for, in words for people.
    #[schemars(default, with = "String")]
    description: Option<String>,
}

pub(super) static CHECKER: LazyLock<Checker> =
    LazyLock::new(|| Checker::new::<RawManifest>("manifest.schema.json", "the manifest", &[]));

/// The JSON Schema of a manifest, as published in `docs/manifest.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    CHECKER.json_schema()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_schema_is_sound() {
        super::CHECKER.assert_sound();
    }
}
