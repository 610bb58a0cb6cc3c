//! What the report of one shard has beyond that of a whole check.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Finding;

/// Present only in the report of one shard, which is no whole answer: `migration-gate merge` joins
/// the reports of all shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// Its number, from 1.
    pub index: usize,
    /// How many shards there are.
    pub of: usize,
    /// The judged migrations that it tried; of the others nothing is said here.
    pub tried: Vec<Tried>,
    /// The sets of which it tells what is about none of the judged migrations.
    pub sets: Vec<String>,
    /// The notices about no set in particular.
    pub notices: Vec<String>,
    /// What the notices about sets are made of.
    pub said: Vec<Said>,
    /// The waivers that may turn out to excuse nothing.
    pub waivers: Vec<WaiverUse>,
}

/// A judged migration that a shard tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tried {
    /// The set.
    pub set: String,
    /// The migration.
    pub migration: String,
}

/// What the notices about a set are made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Said {
    /// The set.
    pub set: String,
    /// Notices of what could not be told and the policy accepts.
    pub accepted: Vec<String>,
    /// Notices of migrations of the history that did not run.
    pub history: Vec<String>,
    /// Tables that no rows could be made for.
    pub unfilled: Vec<Unfilled>,
}

/// A table that no rows could be made for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unfilled {
    /// The table.
    pub table: String,
    /// Why.
    pub reason: String,
}

/// What is known of the use of a waiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverUse {
    /// The finding, should no shard have found what it excuses.
    pub unused: Finding,
    /// The sets in which what it is about is judged.
    pub sets: Vec<WaiverUseIn>,
}

/// What is known of the use of a waiver in one set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverUseIn {
    /// The set.
    pub set: String,
    /// Whether its rule has found something in this shard.
    pub found: bool,
    /// Whether something could not be told in this shard.
    pub untold: bool,
    /// The finding, should there be something to excuse; null where the waiver is for the content
    /// that there is.
    pub other_content: Option<Finding>,
}
