//! A plan as it is written: version 1 of its format, which `apply --plan` reads again.

use std::collections::BTreeMap;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};

use super::conflict::Conflict;
use crate::model::{self, clipped};
use crate::runner::{Fault, FaultKind};

/// The version that this module writes.
pub const PLAN_VERSION: u32 = 1;
/// The bytes of the largest plan that is read.
const LARGEST: usize = 64 << 20;

/// What would run on a target, in which order and why, and whether it can.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "migration-gate plan")]
pub struct Plan {
    /// The version of this format: 1.
    #[schemars(extend("const" = 1))]
    pub plan_version: u32,
    /// The set of migrations.
    pub set: String,
    /// The engine: `sqlite`, `postgres` or `documents`.
    pub engine: String,
    /// The target's name.
    pub target: String,
    /// Where the target is, without a password.
    pub place: String,
    /// Whether the target serves people.
    pub production: bool,
    /// What would run, in this order.
    pub steps: Vec<Step>,
    /// What must hold first.
    pub checks: Vec<Check>,
    /// Where the plan, the target and the migrations do not agree.
    pub conflicts: Vec<Conflict>,
    /// What is worth knowing and stops nothing.
    pub notes: Vec<String>,
    /// What the plan was made for; where any of it changes, it has to be made anew.
    pub bound_to: Binding,
}

/// One migration that would run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The migration's id.
    pub migration: String,
    /// SHA-256 of its files, as `migration-gate list --format json` shows it.
    pub content: String,
    /// When it may run.
    pub class: Class,
    /// Whether somebody declared the class; else it is what the scripts suggest.
    pub class_declared: bool,
    /// Why it runs.
    pub why: Why,
    /// Ids of the migrations that it needs.
    pub depends_on: Vec<String>,
    /// What it changes.
    pub impact: Impact,
    /// How it is taken back.
    pub rollback: Rollback,
}

/// When a migration may run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// While the old code serves.
    Online,
    /// After the new code is out.
    PostDeploy,
    /// When an operator moves data.
    ManualBackfill,
}

impl From<model::Class> for Class {
    fn from(class: model::Class) -> Self {
        match class {
            model::Class::Online => Self::Online,
            model::Class::PostDeploy => Self::PostDeploy,
            model::Class::ManualBackfill => Self::ManualBackfill,
        }
    }
}

impl From<Class> for model::Class {
    fn from(class: Class) -> Self {
        match class {
            Class::Online => Self::Online,
            Class::PostDeploy => Self::PostDeploy,
            Class::ManualBackfill => Self::ManualBackfill,
        }
    }
}

/// Why a migration runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It, or its class, was asked for by name.
    Requested,
    /// It has not run on the target.
    Pending,
    /// It runs whenever it changes, and it changed.
    Changed,
    /// The migration of that id needs it.
    NeededBy(String),
}

/// What a migration changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// What it does to which object of the schema, or to which values of documents.
    pub objects: Vec<Touch>,
    /// The rows of the tables that it touches, as they were counted.
    pub rows: Vec<TableRows>,
    /// Its statements or operations by kind.
    pub statements: Vec<Count>,
    /// The documents that it changes.
    pub files: Vec<FileBefore>,
    /// What its statements lock, write anew and read from end to end.
    pub work: Work,
}

/// What is done to an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Touch {
    /// What is done: `create`, `alter`, `drop`, `replace`, `use`; to rows `insert`,
    /// `update`, `delete`, `merge`; to values of documents `set`, `move`, ….
    pub action: String,
    /// The kind of object: `table`, `column`, `index`, `rows`, `value`, ….
    pub kind: String,
    /// Its name; of a column the table's, of a document's value the JSON Pointer.
    pub name: String,
    /// The column of the table, or the value of the enum.
    pub part: Option<String>,
}

/// How many rows a table has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its rows; null where they were not counted.
    pub rows: Option<u64>,
}

/// How many statements there are of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The kind: `ALTER TABLE`, `UPDATE`; of operations `set`.
    pub kind: String,
    /// How many.
    pub count: usize,
}

/// A document that is changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileBefore {
    /// Its path, from the folder that documents start from.
    pub path: String,
    /// SHA-256 of its bytes when its turn comes.
    pub before: String,
}

/// What statements were seen to do on a throwaway engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// What was seen, by statement; those that do none of it are left out.
    Seen(Vec<StatementWork>),
    /// Nothing is known, for this reason.
    NotKnown(String),
}

/// What one statement does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatementWork {
    /// The file.
    pub file: String,
    /// The line on which it begins, from 1.
    pub line: Option<usize>,
    /// Locks of PostgreSQL.
    pub locks: Vec<Lock>,
    /// Tables and indexes that it writes anew.
    pub rewrites: Vec<String>,
    /// Tables that it reads from end to end.
    pub scans: Vec<String>,
}

/// A lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The table.
    pub relation: String,
    /// The mode in PostgreSQL's words.
    pub mode: String,
    /// Whether others can read meanwhile.
    pub blocks_reads: bool,
    /// Whether others can write meanwhile.
    pub blocks_writes: bool,
    /// How many later statements run while it is held.
    pub held_for: usize,
}

/// How a migration is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rollback {
    /// By what, when it fails.
    pub way: Way,
    /// About how many bytes its checkpoint takes; null where that is not known, or there is none.
    pub checkpoint_bytes: Option<u64>,
    /// Whether its down works.
    pub down: DownState,
}

/// What takes a migration back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// The backup that the checkpoint holds, also after it has run.
    Checkpoint,
    /// Its transaction, until that is committed.
    Transaction,
    /// Nothing.
    None,
}

/// What is known of a down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DownState {
    /// It was seen to give back what was there.
    Proved,
    /// It was not tried, or could not be.
    NotProved,
    /// It was seen not to.
    Broken,
    /// There is none.
    Missing,
}

/// Something that must hold before anything runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is checked.
    pub name: CheckName,
    /// Whether it holds.
    pub outcome: Outcome,
    /// What was found, a sentence each.
    pub details: Vec<String>,
    /// What to do where it does not hold.
    pub way_out: Option<String>,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    /// No migration of the history was left half done.
    History,
    /// Migrations that ran hold what they held then.
    Checksums,
    /// What a migration needs has run, or runs before it.
    Dependencies,
    /// Each migration can run: on a throwaway engine, or on a copy of the documents, it did.
    Rehearsal,
    /// Documents are valid by their schemas afterwards.
    Documents,
    /// The disk has room for the checkpoints.
    Room,
    /// No conflict is open.
    Conflicts,
    /// No run is under way on the target, and none was left half done.
    State,
    /// The rules find no error in what runs.
    Rules,
    /// Windows, freezes and approvals let it run now.
    RollOut,
}

impl CheckName {
    /// The name in text and messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Checksums => "checksums",
            Self::Dependencies => "dependencies",
            Self::Rehearsal => "rehearsal",
            Self::Documents => "documents",
            Self::Room => "room",
            Self::Conflicts => "conflicts",
            Self::State => "state",
            Self::Rules => "rules",
            Self::RollOut => "roll-out",
        }
    }
}

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It does.
    Passed,
    /// It does not, and nothing may run.
    Failed,
    /// It cannot be told; that stops nothing.
    NotKnown,
}

/// Digests of what a plan was made for, each a SHA-256 in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// What the target says has run.
    pub tracking: String,
    /// The target's schema, or its documents.
    pub snapshot: String,
    /// The migrations, by id.
    pub migrations: BTreeMap<String, String>,
    /// The documents before the first change, by path.
    pub documents: BTreeMap<String, String>,
}

impl Plan {
    /// Reads a plan that was written earlier.
    ///
    /// # Errors
    /// When it is none, or one of another version.
    pub fn read(text: &str) -> Result<Self, Fault> {
        let fault = |what: String| {
            Fault::new(FaultKind::Usage, what, "write one with `migration-gate plan --out FILE`")
        };
        if text.len() > LARGEST {
            return Err(fault("the plan is larger than 64 MiB".into()));
        }
        let told = |error: serde_json::Error| {
            fault(format!("this is no plan: {}", clipped(&error.to_string(), 200)))
        };
        let value: serde_json::Value = serde_json::from_str(text).map_err(told)?;
        match value.get("plan_version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(PLAN_VERSION) => {}
            Some(version) => {
                return Err(fault(format!("plans of version {version} are not known")));
            }
            None => return Err(fault("this is no plan: it has no plan_version".into())),
        }
        serde_json::from_value(value).map_err(told)
    }

    /// The plan in JSON, as [`Plan::read`] takes it.
    #[must_use]
    pub fn json(&self) -> String {
        // Strings, numbers and maps by text always serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

/// The JSON Schema of a plan, as published in `docs/plan.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Plan>();
    schema.insert("$id".to_owned(), "migration-gate/plan.schema.json".into());
    format!("{:#}\n", schema.to_value())
}
