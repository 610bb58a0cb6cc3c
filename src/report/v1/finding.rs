//! What a finding is on the wire.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Label;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// It blocks.
    Error,
    /// It should be looked at.
    Warning,
    /// It is worth knowing.
    Note,
}

/// Something to say about the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule, `group/name`; `migration-gate explain` knows it.
    pub rule: String,
    /// Its weight under the policy in force.
    pub level: Weight,
    /// The set; empty for what concerns the whole repository.
    pub set: String,
    /// The migration; null where it is not about one.
    pub migration: Option<String>,
    /// The config schema, by its name in the contract or its path; absent where it is not about
    /// one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The file in the repository.
    pub file: String,
    /// The first byte, from 0; null where the whole file is meant.
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
    /// More places of the same cause.
    pub also: Vec<Site>,
    /// What is wrong.
    pub message: String,
    /// What this rests on.
    pub label: Label,
    /// Whether it stood there before the change; true only where everything is judged.
    pub baseline: bool,
    /// Whether it hangs on the moment of the check, and so is no part of the digest.
    pub timed: bool,
    /// More lines: the engine's detail, the facts compared.
    pub details: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// The schema difference that shows it.
    pub differences: Vec<Difference>,
    /// The source lines at the place, as every format shows them; null where there are none to
    /// show.
    pub snippet: Option<Snippet>,
}

/// One more place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// The file in the repository.
    pub file: String,
    /// The first byte, from 0; null where the whole file is meant.
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
}

/// Source lines, at most five, with what cannot be seen made visible and long lines cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Snippet {
    /// The lines.
    pub lines: Vec<Line>,
    /// How many lines of the place follow that are not shown.
    pub more: usize,
}

/// A source line as it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Its text.
    pub text: String,
    /// Whether it belongs to the place.
    pub marked: bool,
    /// The first column to underline, and one past the last, as a terminal counts columns, from 0;
    /// null where the place takes several lines.
    pub under: Option<[usize; 2]>,
}

/// An accepted finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// Why it does no harm.
    pub reason: String,
    /// Who answers for it; `inline` where the script says it itself.
    pub owner: String,
    /// The last day it is accepted, `YYYY-MM-DD`; null where there is none.
    pub expires: Option<String>,
    /// The file that accepts it.
    pub file: String,
}

/// How one object of the schema differs from what was expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// Left, lost or changed.
    pub kind: DifferenceKind,
    /// The object.
    pub object: Object,
    /// The attribute that changed; null where the whole object is left or lost.
    pub attribute: Option<String>,
    /// The value expected, or the facts of a lost object.
    pub expected: Option<String>,
    /// The value found, or the facts of a left object.
    pub found: Option<String>,
    /// How many objects hang on this one and are left or lost with it.
    pub dependents: usize,
    /// Order, generated names and white space: worth a note, never an error.
    pub note: bool,
}

/// The ways to differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DifferenceKind {
    /// It should be gone and is still there.
    Left,
    /// It should be there and is gone.
    Lost,
    /// It is there and is not what it was.
    Changed,
}

/// An object of a schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Object {
    /// What it is, in the engine's words: `table`, `index`, `column`, …
    pub kind: String,
    /// Its full name.
    pub name: String,
}
