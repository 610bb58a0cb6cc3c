//! The published JSON Schema of a config migration. Its descriptions are what editors show.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use serde_json::Value;

use crate::document::Checker;

/// A config migration: what becomes of the documents of one schema between two of its versions.
///
/// The file is called `<number>_<name>` and lies in the set's folder. The way back is computed;
/// only `jq` and `command` need one of their own, under `down`.
#[derive(JsonSchema)]
#[schemars(title = "config_migration", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
struct RawMigration {
    /// Where this schema is found, for editors.
    #[schemars(rename = "$schema", default, with = "String")]
    at: Option<String>,
    /// What it is for, in words for people.
    #[schemars(default, with = "String")]
    description: Option<String>,
    /// When it may run: `online` while the old code serves, `post_deploy` after the new code is
    /// out, `manual_backfill` when an operator moves the data.
    #[schemars(
        default,
        with = "String",
        extend("enum" = ["online", "post_deploy", "manual_backfill"])
    )]
    class: Option<String>,
    /// The schema whose documents it migrates, by its name in the compatibility contract.
    #[schemars(length(min = 1))]
    schema: String,
    /// The version of the schema in which it finds the documents, as the contract writes it.
    #[schemars(length(min = 1))]
    from: String,
    /// The version of the schema in which it leaves them.
    #[schemars(length(min = 1))]
    to: String,
    /// Ids of the migrations that must have run before: their file names without extension.
    #[schemars(
        default,
        with = "Vec<String>",
        inner(length(min = 1)),
        extend("uniqueItems" = true)
    )]
    depends_on: Vec<String>,
    /// Globs of the documents it is for, from the top of the repository; all of the schema's where
    /// nothing is said.
    #[schemars(
        default,
        with = "Vec<String>",
        length(min = 1),
        inner(length(min = 1)),
        extend("uniqueItems" = true)
    )]
    targets: Vec<String>,
    /// What is done to each document, in this order.
    #[schemars(length(min = 1, max = 1000))]
    up: Vec<RawOperation>,
    /// The way back, in the place of the computed one. Needed where `up` has a `jq` or a `command`
    /// and the class is not `manual_backfill`.
    #[schemars(default, with = "Vec<RawOperation>", length(max = 1000))]
    down: Option<Vec<RawOperation>>,
}

/// A place in a document as a JSON Pointer: `/server/port`. The token `*` stands for every key of
/// a map and every item of a list; `~1` is written for `/` inside a key, `~0` for `~`.
#[derive(JsonSchema)]
#[schemars(rename = "Pointer")]
#[expect(dead_code, reason = "only its schema is used")]
struct RawPointer(#[schemars(regex(pattern = r"^(/([^~/]|~[01])*)*$"))] String);

/// One operation. But for `test`, one that finds nothing at its place leaves a document alone.
#[derive(JsonSchema)]
#[schemars(rename = "Operation", untagged, deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used; values are read together with their place")]
enum RawOperation {
    /// Refuses documents in which another value stands there, or none.
    Test {
        /// The place.
        test: RawPointer,
        /// The value that must stand there.
        value: Value,
    },
    /// Puts a value where none stands. What stands there stays.
    Add {
        /// The place.
        add: RawPointer,
        /// The value.
        value: Value,
    },
    /// Takes a value out. It is kept for the way back.
    Remove {
        /// The place.
        remove: RawPointer,
    },
    /// Takes a value to a place where none stands.
    Move {
        /// The place now.
        #[schemars(rename = "move")]
        from: RawPointer,
        /// The place afterwards, with as many `*`.
        to: RawPointer,
    },
    /// Puts another value in the place of the one that stands there, which is kept for the way
    /// back.
    Set {
        /// The place.
        set: RawPointer,
        /// The new value.
        value: Value,
    },
    /// Puts another value for each of a table. A value that the table does not name is refused.
    Map {
        /// The place.
        map: RawPointer,
        /// Old and new; no two lead to the same.
        table: RawTable,
    },
    /// Puts a value into a new map, or into a new list.
    Wrap {
        /// The place.
        wrap: RawPointer,
        /// The key in the new map; a list of one item where nothing is said.
        #[schemars(default, with = "String")]
        key: Option<String>,
    },
    /// Takes the only value out of its map or list.
    Unwrap {
        /// The place.
        unwrap: RawPointer,
        /// The map's only key; a list of one item where nothing is said.
        #[schemars(default, with = "String")]
        key: Option<String>,
    },
    /// Multiplies a number, exactly.
    Scale {
        /// The place.
        scale: RawPointer,
        /// The factor: a number, or in quotes a decimal or a fraction, such as `"1/60"`. Not 0.
        by: RawFactor,
    },
    /// Runs a program in jq, without clock and environment: a document in, a document out. It
    /// needs a way back under `down`.
    Jq {
        /// The program.
        jq: RawJq,
    },
    /// Runs a command: a document as JSON on its standard input, a document as JSON on its
    /// standard output. It needs a way back under `down`.
    Command {
        /// The program and its arguments.
        #[schemars(length(min = 1))]
        command: Vec<String>,
    },
}

/// Old and new values.
#[derive(JsonSchema)]
#[schemars(rename = "Table", untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum RawTable {
    /// Old text and what takes its place.
    Texts(#[schemars(extend("minProperties" = 1))] BTreeMap<String, Value>),
    /// Pairs of an old value and its new one, for old values that are not text.
    Pairs(#[schemars(length(min = 1))] Vec<(Value, Value)>),
}

/// What a number is multiplied with.
#[derive(JsonSchema)]
#[schemars(rename = "Factor", untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum RawFactor {
    /// A number.
    Number(f64),
    /// A whole number, a decimal or a fraction.
    Text(#[schemars(regex(pattern = r"^[-+]?[0-9]{1,18}([./][0-9]{1,18})?$"))] String),
}

/// A program in jq.
#[derive(JsonSchema)]
#[schemars(rename = "Program", untagged, deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
enum RawJq {
    /// Its text.
    Text(#[schemars(length(min = 1))] String),
    /// The file it stands in.
    File {
        /// The file, from the set's folder on: `0003_nest.up.jq`.
        #[schemars(regex(pattern = r"\.jq$"))]
        file: String,
    },
}

/// An operation that is none is told better by who reads it: which one was meant can be seen.
pub(super) static CHECKER: LazyLock<Checker> = LazyLock::new(|| {
    Checker::new::<RawMigration>("config_migration.schema.json", "the migration", &["Operation"])
});

/// The JSON Schema of a config migration, as published in `docs/config_migration.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    CHECKER.json_schema()
}
