//! The one report that every format renders.

use std::fmt;

use super::{
    Class, Compared, Comparison, Direction, EngineKind, Evidenced, Finding, Level, Moment,
    RepoPath, SchemaChange, SchemaEvidence, Shard, StatementTrace, Waived,
};

/// Whom a finding belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The change that is checked; with `--all`, everything.
    Change,
    /// What stood there before.
    Baseline,
}

/// The gate's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing blocks, and everything that had to run did run.
    Pass,
    /// At least one error.
    Block,
    /// No error, but something could not be told.
    Inconclusive,
}

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Block => "block",
            Self::Inconclusive => "inconclusive",
        }
    }

    /// Whether it can be the answer where there are so many findings, and where everything could be
    /// told or not. Without a base nothing passes, whatever was found.
    #[must_use]
    pub fn weighs(self, counts: Counts, told: bool) -> bool {
        match self {
            Self::Block => counts.errors > 0,
            Self::Inconclusive => counts.errors == 0,
            Self::Pass => counts.errors == 0 && told,
        }
    }

    /// The process exit code: 0 pass, 1 blocked, 3 inconclusive.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Block => 1,
            Self::Inconclusive => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many findings of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Counts {
    /// Counts findings; those switched off do not count.
    #[must_use]
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.level {
                Level::Error => counts.errors += 1,
                Level::Warning => counts.warnings += 1,
                Level::Note => counts.notes += 1,
                Level::Off => {}
            }
        }
        counts
    }

    /// These and others together.
    #[must_use]
    pub fn and(self, more: Self) -> Self {
        Self {
            errors: self.errors.saturating_add(more.errors),
            warnings: self.warnings.saturating_add(more.warnings),
            notes: self.notes.saturating_add(more.notes),
        }
    }

    /// Errors, warnings and notes together.
    #[must_use]
    pub fn total(self) -> usize {
        self.errors + self.warnings + self.notes
    }
}

/// Something the gate could not tell, and how to make it able to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inconclusive {
    /// The set.
    pub set: String,
    /// The migration; `None` for the whole set.
    pub migration: Option<String>,
    /// The file it is about.
    pub path: RepoPath,
    /// Why.
    pub reason: String,
    /// What a person can do.
    pub way_out: String,
}

/// One judged migration in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationReport {
    /// The migration.
    pub id: String,
    /// Its file.
    pub path: RepoPath,
    /// The declared class, or else the inferred one.
    pub class: Class,
    /// Whether the class was declared.
    pub class_declared: bool,
    /// The ids that it needs, from the layout and the manifest together, in their order.
    pub depends_on: Vec<String>,
    /// The steps of the dry run in order, each with a word for how it ended and what that rests
    /// on: `("down", "schema differs", Proved)`.
    ///
    /// Three words have a meaning to every renderer: [`Self::OK`], [`Self::NOT_RUN`] and
    /// [`Self::CANNOT_RUN`]. Any other word says what went wrong.
    pub steps: Vec<(&'static str, &'static str, Evidenced)>,
    /// What the statements of the up were seen to do, in order; those that did nothing to relations
    /// that stood before are left out.
    pub trace: Vec<StatementTrace>,
}

impl MigrationReport {
    /// The word of a step that ran and left what was expected.
    pub const OK: &'static str = "ok";
    /// The word of a step that was not asked for or came after one that failed.
    pub const NOT_RUN: &'static str = "not run";
    /// The word of a step that could not be tried here.
    pub const CANNOT_RUN: &'static str = "cannot run";
    /// The names of the steps.
    pub const STEPS: [&'static str; 7] =
        ["up", "again", "verify", "down", "restore", "up again", "reverse"];
    /// The words for how a step ended.
    pub const OUTCOMES: [&'static str; 7] =
        [Self::OK, Self::NOT_RUN, Self::CANNOT_RUN, "differs", "fails", "timed out", "missing"];
}

/// A comparison of a schema with another version of it, in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComparisonReport {
    /// Which of the two has to accept what the other accepts.
    pub direction: Direction,
    /// The other version in words: `the base`.
    pub against: String,
    /// [`Self::COMPATIBLE`], [`Self::BREAKING`] or [`Self::UNKNOWN`].
    pub verdict: &'static str,
    /// What that rests on.
    pub evidenced: Evidenced,
}

impl ComparisonReport {
    /// Nothing that was accepted is refused.
    pub const COMPATIBLE: &'static str = "compatible";
    /// A document shows the break.
    pub const BREAKING: &'static str = "breaking";
    /// Neither could be proved.
    pub const UNKNOWN: &'static str = "unknown";
    /// The words for how a comparison ended.
    pub const VERDICTS: [&'static str; 3] = [Self::COMPATIBLE, Self::BREAKING, Self::UNKNOWN];
}

impl From<&Comparison> for ComparisonReport {
    fn from(comparison: &Comparison) -> Self {
        let (verdict, evidenced) = match comparison.verdict {
            Compared::Compatible => (Self::COMPATIBLE, Evidenced::Proved),
            Compared::Breaking { .. } => (Self::BREAKING, Evidenced::Proved),
            Compared::Unknown { .. } => (Self::UNKNOWN, Evidenced::Static),
        };
        let Comparison { direction, against, .. } = comparison;
        Self { direction: *direction, against: against.clone(), verdict, evidenced }
    }
}

/// One config schema in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaReport {
    /// Its name in the contract, or its path.
    pub name: String,
    /// Its file.
    pub path: RepoPath,
    /// What the change did to it.
    pub change: SchemaChange,
    /// It against its other versions.
    pub comparisons: Vec<ComparisonReport>,
    /// How many documents it governs.
    pub governed: usize,
    /// Whether it was asked about each of them.
    pub validated: bool,
    /// How many of them it refuses.
    pub invalid: usize,
    /// How many of those the change's config migrations mend.
    pub mended: usize,
}

impl From<&SchemaEvidence> for SchemaReport {
    fn from(seen: &SchemaEvidence) -> Self {
        Self {
            name: seen.name.clone(),
            path: seen.path.clone(),
            change: seen.change,
            comparisons: seen.comparisons.iter().map(ComparisonReport::from).collect(),
            governed: seen.governed,
            validated: seen.validated,
            invalid: seen.invalid.len(),
            mended: seen.invalid.iter().filter(|document| document.mended).count(),
        }
    }
}

/// One set in the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetReport {
    /// The set's name.
    pub name: String,
    /// Its folder.
    pub path: RepoPath,
    /// Its layout.
    pub layout: String,
    /// Its engine.
    pub engine: EngineKind,
    /// The engine that ran it, with its version; `None` where none did.
    pub ran_on: Option<String>,
    /// What was assumed for want of configuration.
    pub assumed: Vec<String>,
    /// How many migrations the set holds at the head.
    pub total: usize,
    /// How many ups of the history ran before the judged ones.
    pub baseline_applied: usize,
    /// How many of the judged ups ran.
    pub judged_applied: usize,
    /// The config schemas that are judged, of a set of documents.
    pub schemas: Vec<SchemaReport>,
    /// The judged migrations, in the order they ran.
    pub migrations: Vec<MigrationReport>,
}

/// What exactly was compared, and under which policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The full id of the base's commit, where the base is one.
    pub base_commit: Option<String>,
    /// The full id of the commit that was checked; `None` for a working tree or a folder.
    pub head_commit: Option<String>,
    /// The policy in force.
    pub policy: PolicyIdentity,
}

/// The policy in force, by its file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicyIdentity {
    /// The configuration's file.
    pub path: RepoPath,
    /// Whether it is the base's; without a base it is the head's.
    pub of_base: bool,
    /// SHA-256 of the file's bytes, in lower case hexadecimal; `None` where there is no such file
    /// and the defaults hold.
    pub sha256: Option<String>,
}

/// Everything that a check has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The answer.
    pub verdict: Verdict,
    /// The base in words: a commit and how it was chosen, or a folder's role.
    pub base: Option<String>,
    /// The head in words.
    pub head: String,
    /// What exactly was compared, and under which policy.
    pub identity: Identity,
    /// Whether everything was judged, not only what the change touched.
    pub all: bool,
    /// The moment at which windows, freezes and last days were decided; `None` where nothing
    /// hangs on it.
    pub as_of: Option<Moment>,
    /// The sets, by name.
    pub sets: Vec<SetReport>,
    /// The findings shown: those of the change, or all.
    pub findings: Vec<Finding>,
    /// Findings that were accepted; they do not weigh.
    pub waived: Vec<Waived>,
    /// Counts of `findings`.
    pub counts: Counts,
    /// Old findings that are counted and not shown.
    pub baseline: Counts,
    /// What could not be told.
    pub inconclusive: Vec<Inconclusive>,
    /// Things worth saying that are no findings.
    pub notices: Vec<String>,
    /// Of the report of one shard, what it takes to make one of all; `None` for a whole check.
    pub shard: Option<Shard>,
}
