//! Findings and their levels.

use std::fmt;

use super::{Location, Side, SnapshotDiff, Subject};

/// How much a finding weighs. Errors block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Blocks.
    Error,
    /// Should be looked at.
    Warning,
    /// Worth knowing.
    Note,
    /// Switched off by the policy.
    Off,
}

impl Level {
    /// Every level, from the heaviest.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warning, Self::Note, Self::Off];

    /// The word in configuration and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A level under each preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// Under `recommended`.
    pub recommended: Level,
    /// Under `strict`.
    pub strict: Level,
}

impl Levels {
    /// An error under both presets.
    pub const ERROR: Self = Self { recommended: Level::Error, strict: Level::Error };
    /// A warning that `strict` turns into an error.
    pub const WARNING: Self = Self { recommended: Level::Warning, strict: Level::Error };
    /// A note that `strict` turns into an error.
    pub const NOTE: Self = Self { recommended: Level::Note, strict: Level::Error };
    /// A matter of taste: nothing under `recommended`, an error for a team that wants everything.
    pub const TASTE: Self = Self { recommended: Level::Off, strict: Level::Error };
    /// Nothing under either preset: a doctrine that only some teams hold and name themselves.
    pub const DOCTRINE: Self = Self { recommended: Level::Off, strict: Level::Off };
    /// A note under every preset: an observation that is nobody's fault.
    pub const OBSERVATION: Self = Self { recommended: Level::Note, strict: Level::Note };
}

/// What a finding rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidenced {
    /// Read from files and history.
    Static,
    /// Seen on the engine while it ran.
    Traced,
    /// Shown by running the migration and comparing the states.
    Proved,
}

impl Evidenced {
    /// The label in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Traced => "traced",
            Self::Proved => "proved",
        }
    }
}

/// The rules whose findings point at what must not be repeated in a report.
pub const UNQUOTED_RULES: [&str; 1] = ["config/secret-in-default"];

/// Something to say about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id, `group/name`.
    pub rule: &'static str,
    /// Its weight under the policy in force.
    pub level: Level,
    /// The set; empty for what concerns the whole repository.
    pub set: String,
    /// The migration, where it is about one.
    pub migration: Option<String>,
    /// The config schema, where it is about one: its name in the contract, or its path.
    pub schema: Option<String>,
    /// Where it points.
    pub location: Location,
    /// More places of the same cause, which are no findings of their own.
    pub also: Vec<Location>,
    /// One sentence: what is wrong.
    pub message: String,
    /// What it rests on.
    pub evidenced: Evidenced,
    /// The schema difference that shows it.
    pub diff: SnapshotDiff,
    /// More lines: the engine's detail, the facts compared.
    pub details: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Whether it belongs to the change or to the baseline.
    pub side: Side,
}

impl Finding {
    /// Whether it is about that migration or schema.
    #[must_use]
    pub fn is_about(&self, subject: &Subject) -> bool {
        match subject {
            Subject::Migration(id) => self.migration.as_ref() == Some(id),
            Subject::Schema(name) => self.schema.as_ref() == Some(name),
        }
    }

    /// Whether a report may show the source at its place.
    #[must_use]
    pub fn may_be_quoted(&self) -> bool {
        !UNQUOTED_RULES.contains(&self.rule)
    }
}
