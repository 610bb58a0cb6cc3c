//! Migrations and their scripts.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::{Location, Program, RepoPath, Version};

/// When a migration may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// While the old code serves.
    Online,
    /// After the new code is out: drops and clean-up.
    PostDeploy,
    /// Data moved by an operator.
    ManualBackfill,
}

impl Class {
    /// All classes, in the order of a roll-out.
    pub const ALL: [Self; 3] = [Self::Online, Self::PostDeploy, Self::ManualBackfill];

    /// The word in manifests and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::PostDeploy => "post_deploy",
            Self::ManualBackfill => "manual_backfill",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the layout's tool puts a script's statements into transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionMode {
    /// The tool opens one transaction around the script.
    Wrapped,
    /// Each statement commits by itself, unless the script says BEGIN.
    Bare,
    /// The tool sends the whole script as one message: one implicit transaction where it holds
    /// several statements, none where it holds one.
    SingleBatch,
}

/// SQL to run: a file, or a section of one.
#[derive(Clone, Debug)]
pub struct Script {
    /// The file the text comes from.
    pub path: RepoPath,
    /// The whole file as text, so that byte offsets are those of the file.
    pub text: Arc<str>,
    /// The sections of `text` that are this script, in order (goose and dbmate keep up and down
    /// in one file). Every range lies on character borders.
    pub sections: Vec<Range<usize>>,
    /// Sections that must run as one statement whatever they contain (goose's `StatementBegin`);
    /// each lies inside one of `sections`.
    pub blocks: Vec<Range<usize>>,
    /// How it is wrapped.
    pub transaction: TransactionMode,
}

impl Script {
    /// A script that is a whole file.
    #[must_use]
    pub fn whole(path: RepoPath, text: Arc<str>, transaction: TransactionMode) -> Self {
        let sections = std::iter::once(0..text.len()).collect();
        Self { path, text, sections, blocks: Vec::new(), transaction }
    }

    /// The SQL of all sections, one after the other.
    #[must_use]
    pub fn sql(&self) -> String {
        self.sections.iter().map(|range| &self.text[range.clone()]).collect()
    }

    /// Where the script stands: its file, and the section where it is not the whole file.
    #[must_use]
    pub fn location(&self) -> Location {
        match self.sections.as_slice() {
            [only] if *only != (0..self.text.len()) => {
                Location::at(self.path.clone(), super::Span::new(only.start, only.end))
            }
            _ => Location::file(self.path.clone()),
        }
    }
}

/// One direction of a migration.
#[derive(Clone, Debug)]
pub enum Step {
    /// SQL that can be run here.
    Sql(Script),
    /// Operations on documents.
    Program(Arc<Program>),
    /// Code of another language that stands in the sequence (Go, Java, Rust, …).
    Foreign {
        /// The file.
        path: RepoPath,
        /// The language's name.
        language: &'static str,
    },
}

impl Step {
    /// The language of SQL into which values have to be put, and one is not known.
    pub const UNSET: &'static str = "SQL with variables that have no value";

    /// The file of this step.
    #[must_use]
    pub fn path(&self) -> &RepoPath {
        match self {
            Self::Sql(script) => &script.path,
            Self::Program(program) => &program.path,
            Self::Foreign { path, .. } => path,
        }
    }

    /// Where findings about it as a whole point.
    #[must_use]
    pub fn location(&self) -> Location {
        match self {
            Self::Sql(script) => script.location(),
            Self::Program(program) => program.location(),
            Self::Foreign { path, .. } => Location::file(path.clone()),
        }
    }

    /// The SQL, where it is SQL.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        match self {
            Self::Sql(script) => Some(script),
            Self::Program(_) | Self::Foreign { .. } => None,
        }
    }

    /// The operations on documents, where it is such.
    #[must_use]
    pub fn program(&self) -> Option<&Arc<Program>> {
        match self {
            Self::Program(program) => Some(program),
            Self::Sql(_) | Self::Foreign { .. } => None,
        }
    }

    /// What there is to run; `Err` with the language's name where that cannot be run here.
    ///
    /// # Errors
    /// Where it is code of another language.
    pub fn work(&self) -> Result<Work<'_>, &'static str> {
        match self {
            Self::Sql(script) => Ok(Work::Sql(script)),
            Self::Program(program) => Ok(Work::Program(program)),
            Self::Foreign { language, .. } => Err(language),
        }
    }
}

/// What an engine runs.
#[derive(Clone, Copy, Debug)]
pub enum Work<'a> {
    /// SQL.
    Sql(&'a Script),
    /// Operations on documents.
    Program(&'a Arc<Program>),
}

impl Work<'_> {
    /// Where it stands.
    #[must_use]
    pub fn location(&self) -> Location {
        match self {
            Self::Sql(script) => script.location(),
            Self::Program(program) => program.location(),
        }
    }
}

/// What undoes a migration.
#[derive(Clone, Debug)]
pub enum Down {
    /// There is a step for it.
    Step(Step),
    /// There is none.
    Missing,
}

impl Down {
    /// The step, where there is one.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        match self {
            Self::Step(step) => Some(step),
            Self::Missing => None,
        }
    }
}

/// Whether a migration runs once or whenever it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Runs once, in its place.
    Versioned,
    /// Runs after all others whenever its content changed (flyway's `R__`); it has no down.
    Repeatable,
}

/// One migration as a layout read it.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The name people use for it, unique in its set: `0001_create_users`.
    pub id: String,
    /// Its place in the order.
    pub version: Version,
    /// Runs once or repeatedly.
    pub kind: Kind,
    /// Forward.
    pub up: Step,
    /// Backward.
    pub down: Down,
    /// A script that proves the up did its work (sqitch's verify); it must change nothing.
    pub verify: Option<Script>,
    /// Ids of migrations this one needs, as the layout says (sqitch's plan).
    pub depends_on: Vec<String>,
    /// Every file that belongs to it, sorted.
    pub files: Vec<RepoPath>,
}

impl Migration {
    /// Where findings about the migration as a whole point: the up's place.
    #[must_use]
    pub fn location(&self) -> Location {
        self.up.location()
    }
}
