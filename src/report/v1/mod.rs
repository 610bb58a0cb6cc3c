//! The report as other programs read it: version 1 of the wire format.
//!
//! These types are the format. They are filled from the inner ones and never shared with them,
//! so that a change inside cannot change what others read. `docs/report.md` is the promise made
//! about it, `docs/report.schema.json` its schema.

mod digest;
mod fill;
mod finding;
mod read;
mod shard;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

pub use digest::{digest, digest_of};
pub use finding::{
    Difference, DifferenceKind, Finding, Line, Object, Site, Snippet, Waived, Weight,
};
pub use read::{ReadError, read, read_shard};
pub use shard::{Said, Shard, Tried, Unfilled, WaiverUse, WaiverUseIn};

/// The version that this module writes.
pub const SCHEMA_VERSION: u32 = 1;

/// The report of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "migration-gate report")]
pub struct Document {
    /// The version of this format: 1.
    #[schemars(extend("const" = 1))]
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// SHA-256, in lower case hexadecimal, of the facts in this document: what does not hang on
    /// the moment of the check. `docs/report.md` says how it is computed.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub digest: String,
    /// The answer.
    pub verdict: Verdict,
    /// What the change was compared with, in words; null where there was nothing.
    pub base: Option<String>,
    /// What was checked, in words.
    pub head: String,
    /// The full id of the base's commit; null where the base is none.
    pub base_commit: Option<String>,
    /// The full id of the commit that was checked; null for a working tree or a folder.
    pub head_commit: Option<String>,
    /// The policy in force.
    pub policy: Policy,
    /// Whether everything was judged, not only what the change touched.
    pub all: bool,
    /// The moment at which windows, freezes and last days were decided, in UTC, as a day or a
    /// minute; null where nothing hangs on it.
    pub as_of: Option<String>,
    /// How many findings of each level are listed.
    pub counts: Counts,
    /// How many older findings are not listed and do not weigh.
    pub baseline: Counts,
    /// The sets of migrations, by name.
    pub sets: Vec<Set>,
    /// The findings, by set, migration and level.
    pub findings: Vec<Finding>,
    /// Findings that were accepted and do not weigh, in the same order.
    pub waived: Vec<Waived>,
    /// What could not be told.
    pub inconclusive: Vec<Inconclusive>,
    /// Things worth saying that are no findings.
    pub notices: Vec<String>,
    /// What is only in the report of one shard; absent in that of a whole check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// The policy in force, by its file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Policy {
    /// The configuration's file in the repository.
    pub file: String,
    /// Whether it is the base's; without a base it is the head's.
    pub of_base: bool,
    /// SHA-256 of the file's bytes, in lower case hexadecimal; null where there is no such file and
    /// the defaults hold.
    pub sha256: Option<String>,
}

/// The program that wrote a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The answer of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing blocks, and everything that had to run did run.
    Pass,
    /// At least one error.
    Block,
    /// No error, but something could not be told.
    Inconclusive,
}

/// Findings by level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// They block.
    pub errors: usize,
    /// They should be looked at.
    pub warnings: usize,
    /// They are worth knowing.
    pub notes: usize,
}

/// An ordered collection of migrations: one folder, one layout, one engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Set {
    /// Its name.
    pub name: String,
    /// Its folder in the repository; `.` for the top.
    pub path: String,
    /// The layout it was read by.
    pub layout: String,
    /// Its engine: `sqlite`, `postgres`, `mysql` or `documents`.
    pub engine: String,
    /// The engine that ran it, with its version; null where none did.
    pub ran_on: Option<String>,
    /// What was assumed for want of configuration.
    pub assumed: Vec<String>,
    /// How many migrations it holds.
    pub total: usize,
    /// How many ups of the history ran before the judged ones.
    pub baseline_applied: usize,
    /// How many of the judged ups ran.
    pub judged_applied: usize,
    /// The config schemas that are judged, of a set of documents; absent where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<ConfigSchema>,
    /// The judged migrations, in the order they ran.
    pub migrations: Vec<Migration>,
}

/// A config schema, and what its change means for the documents that it governs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigSchema {
    /// Its name in the contract, or its path.
    pub name: String,
    /// Its file in the repository.
    pub path: String,
    /// `added`, `modified`, `deleted` or `unchanged`.
    pub change: String,
    /// It against its other versions.
    pub comparisons: Vec<Comparison>,
    /// How many documents it governs.
    pub governed: usize,
    /// Whether the schema could be asked about each of them; else nothing is known of those that
    /// are not among `invalid`.
    pub validated: bool,
    /// How many of them it refuses.
    pub invalid: usize,
    /// How many of those the change's config migrations mend.
    pub mended: usize,
}

/// A comparison of a schema with another version of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// `backward`: documents that were valid stay valid. `forward`: documents that are valid now
    /// were valid before.
    pub direction: String,
    /// The other version, in words.
    pub against: String,
    /// `compatible`, `breaking` or `unknown`.
    pub verdict: String,
    /// What this rests on.
    pub label: Label,
}

/// A judged migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Migration {
    /// Its name, unique in its set.
    pub id: String,
    /// Its file in the repository.
    pub path: String,
    /// Its class: `online`, `post_deploy` or `manual_backfill`.
    pub class: String,
    /// Whether the class was declared; it was inferred otherwise.
    pub class_declared: bool,
    /// The migrations that it needs, by their names.
    pub depends_on: Vec<String>,
    /// The steps of the dry run, in order.
    pub steps: Vec<Step>,
    /// What the statements of the up were seen to do to what stood before it, in order; absent
    /// where nothing was seen or the engine does not tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace: Vec<Statement>,
}

/// What one statement was seen to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    /// The first byte in the migration's file, from 0.
    pub start_byte: Option<usize>,
    /// One past the last byte.
    pub end_byte: Option<usize>,
    /// The line of the first byte, from 1; null where the file's text is not known.
    pub line: Option<usize>,
    /// Its column in characters, from 1.
    pub column: Option<usize>,
    /// The line of the end, from 1.
    pub end_line: Option<usize>,
    /// Its column in characters, from 1; it is one past the last character.
    pub end_column: Option<usize>,
    /// The locks it took, by relation.
    pub locks: Vec<Lock>,
    /// Tables that it wrote anew, and indexes where their table was not.
    pub rewrites: Vec<String>,
    /// Tables that it read from end to end.
    pub scans: Vec<String>,
}

/// A lock that a statement took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lock {
    /// The relation.
    pub relation: String,
    /// PostgreSQL's name for it: `ACCESS EXCLUSIVE`, `SHARE`, …
    pub mode: String,
    /// How many later statements of the transaction ran while it was held.
    pub held_for: usize,
}

/// A step of the dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// `up`, `again`, `down`, …
    pub name: String,
    /// `ok`, `not run`, `cannot run`, or in a few words what went wrong.
    pub outcome: String,
    /// What this rests on.
    pub label: Label,
}

/// What a claim rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Read from files and history.
    Static,
    /// Seen on the engine while it ran.
    Traced,
    /// Shown by running the migration and comparing the states.
    Proved,
}

/// Something that could not be told, and how to make it possible.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Inconclusive {
    /// The set.
    pub set: String,
    /// The migration; null for the whole set.
    pub migration: Option<String>,
    /// The file it is about.
    pub file: String,
    /// Why.
    pub reason: String,
    /// What a person can do.
    pub way_out: String,
}

/// The JSON Schema (draft 2020-12) of this format, indented, with a closing newline.
#[must_use]
pub fn json_schema() -> String {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let schema = settings.into_generator().into_root_schema_for::<Document>();
    format!("{:#}\n", schema.as_value())
}

#[cfg(test)]
mod tests {
    use super::{Document, SCHEMA_VERSION, json_schema};
    use crate::model::{Location, LockMode, LockTaken, RepoPath, Span, StatementTrace};
    use crate::render::sample;

    const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");

    #[test]
    fn the_published_schema_is_this_one() {
        #[expect(clippy::disallowed_methods, reason = "a test's switch, not part of a run")]
        let bless = std::env::var_os("MIGRATION_GATE_BLESS").is_some();
        if bless {
            std::fs::write(PUBLISHED, json_schema()).unwrap();
        }
        let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
        assert!(
            published == json_schema(),
            "docs/report.schema.json is stale; run the tests with MIGRATION_GATE_BLESS=1"
        );
    }

    #[test]
    fn every_sample_fits_the_schema_and_survives_the_way_back() {
        let schema = serde_json::from_str(&json_schema()).unwrap();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for (name, report) in sample::all() {
            let document = Document::from((&report, &sample::sources()));
            let value = serde_json::to_value(&document).unwrap();
            assert!(validator.is_valid(&value), "{name}: {:?}", validator.validate(&value).err());
            assert_eq!(serde_json::from_value::<Document>(value).unwrap(), document, "{name}");
        }
    }

    #[test]
    fn what_was_seen_of_statements_is_told() {
        let mut report = sample::blocked();
        let relation = "public.orders".to_owned();
        let path = RepoPath::new("0001_a.sql").unwrap();
        let set = report.sets.iter().position(|set| !set.migrations.is_empty()).unwrap();
        report.sets[set].migrations[0].trace.push(StatementTrace {
            location: Location::at(path, Span::new(3, 9)),
            locks: vec![LockTaken { relation, mode: LockMode::Share, held_for: 2 }],
            rewrites: Vec::new(),
            scans: vec!["public.orders".to_owned()],
        });
        let document = Document::from((&report, &sample::sources()));
        let value = serde_json::to_value(&document).unwrap();
        let schema = serde_json::from_str(&json_schema()).unwrap();
        assert!(jsonschema::draft202012::new(&schema).unwrap().is_valid(&value));
        let told = &value["sets"][set]["migrations"][0]["trace"];
        assert_eq!(told[0]["locks"][0]["mode"], "SHARE");
        assert_eq!(told[0]["end_byte"], 9);
    }

    #[test]
    fn the_version_is_the_schemas() {
        let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
        assert_eq!(schema["properties"]["schema_version"]["const"], SCHEMA_VERSION);
    }
}
