//! The published JSON Schema of the contract.

use std::sync::LazyLock;

use schemars::JsonSchema;

use crate::document::Checker;

/// What is promised about the schemas of configuration documents: which documents each holds for,
/// how it may change, and which versions of it were given out.
#[derive(JsonSchema)]
#[schemars(title = "compatibility_contract", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
pub(super) struct RawContract {
    /// Where this schema is found, for editors.
    #[schemars(rename = "$schema", default, with = "String")]
    schema: Option<String>,
    /// Version of this format; the only one is 1.
    #[schemars(extend("const" = 1))]
    contract_version: i64,
    /// The folder with copies of schemas that a `$ref` names by an address of another host. The
    /// network is never used.
    #[schemars(default, with = "String", length(min = 1))]
    vendored: Option<String>,
    /// The schemas.
    schemas: Vec<RawGoverned>,
}

/// One schema and its documents.
#[derive(JsonSchema)]
#[schemars(rename = "Schema", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawGoverned {
    /// Its name in config migrations and reports; unique in this file.
    #[schemars(length(min = 1))]
    name: String,
    /// The file of the JSON Schema, from the top of the repository; JSON, YAML or TOML.
    #[schemars(length(min = 1))]
    schema: String,
    /// Patterns of the documents it holds for, from the top of the repository. `*` stays within a
    /// folder, `**` does not.
    #[schemars(length(min = 1), inner(length(min = 1)))]
    files: Vec<String>,
    /// Patterns of documents made for tests, which config migrations are tried on as well.
    #[schemars(default, with = "Vec<String>", inner(length(min = 1)))]
    fixtures: Vec<String>,
    /// The version that the schema's file holds now.
    #[schemars(default, with = "String", length(min = 1))]
    version: Option<String>,
    /// Where a document says its version, as a JSON Pointer: `/version`.
    #[schemars(
        default,
        with = "String",
        regex(pattern = r"^(/([^~/]|~[01])*)+$"),
        extend(
            "patternErrorMessage" =
                "is no JSON Pointer to a value: write the place as `/version`"
        )
    )]
    version_at: Option<String>,
    /// What is promised: `backward` (documents that were valid stay valid), `forward` (documents
    /// that are valid now were valid before), both (`full`) or nothing; against the version before,
    /// or against every release (`…_transitive`).
    #[schemars(
        default,
        with = "String",
        extend("enum" = super::words(), "default" = "backward")
    )]
    compatibility: Option<String>,
    /// The versions that were given out, the oldest first.
    #[schemars(default, with = "Vec<RawRelease>")]
    releases: Vec<RawRelease>,
    /// How long a property must have been marked `deprecated` before it may be removed. Where both
    /// are given, both must hold.
    #[schemars(default, with = "RawDeprecation")]
    deprecation: Option<RawDeprecation>,
}

/// A version that was given out.
#[derive(JsonSchema)]
#[schemars(rename = "Release", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawRelease {
    /// The version, as documents say it.
    #[schemars(length(min = 1))]
    version: String,
    /// The file with the schema of that version, from the top of the repository.
    #[schemars(length(min = 1))]
    schema: String,
}

/// How long a property must have been marked `deprecated` before it may be removed.
#[derive(JsonSchema)]
#[schemars(rename = "Deprecation", deny_unknown_fields, extend("minProperties" = 1))]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawDeprecation {
    /// In so many released versions.
    #[schemars(default, with = "u32", range(min = 0, max = 10_000))]
    releases: Option<u32>,
    /// For so many days, by the history of the repository.
    #[schemars(default, with = "u32", range(min = 0, max = 36_500))]
    days: Option<u32>,
}

pub(super) static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
    Checker::new::<RawContract>("compatibility_contract.schema.json", "the contract", &[])
});

/// The JSON Schema of a contract, as published in `docs/compatibility_contract.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    CHECKER.json_schema()
}
