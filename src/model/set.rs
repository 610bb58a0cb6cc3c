//! What is known of a set besides its migrations.

use std::fmt;

use super::RepoPath;

/// The engine a set is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EngineKind {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB: recognised, not run.
    Mysql,
    /// JSON, YAML and TOML documents.
    Documents,
}

impl EngineKind {
    /// Every engine.
    pub const ALL: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::Mysql, Self::Documents];

    /// The name in configuration and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
            Self::Documents => "documents",
        }
    }
}

impl fmt::Display for EngineKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a tool does with a migration that sorts before one already applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateMigrations {
    /// It runs the late one.
    Applied,
    /// It never runs it and says nothing.
    Skipped,
    /// It stops with an error.
    Refused,
}

/// How a tool behaves on a target, as far as a rule needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// The tool compares checksums of applied files and refuses edited ones.
    pub verifies_checksums: bool,
    /// What becomes of late migrations.
    pub late: LateMigrations,
    /// The order is written in a plan, not in the versions.
    pub planned: bool,
    /// The tool's SQLite connections enforce foreign keys.
    pub sqlite_foreign_keys: bool,
}

/// An ordered collection of migrations: one folder, one layout, one engine.
#[derive(Clone, Debug)]
pub struct SetInfo {
    /// The name from the configuration, or the folder.
    pub name: String,
    /// The folder.
    pub path: RepoPath,
    /// The layout's name.
    pub layout: &'static str,
    /// The engine.
    pub engine: EngineKind,
    /// How the layout's tool behaves.
    pub habits: Habits,
    /// What was assumed for want of configuration, in words for the report.
    pub assumed: Vec<String>,
    /// Whether the set stands in the configuration.
    pub configured: bool,
    /// The oldest engine version the team runs, as `major` or `major.minor`, where declared.
    pub engine_version: Option<String>,
}

/// How a team goes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rollback {
    /// By a down script.
    #[default]
    Script,
    /// By restoring a checkpoint; no script is asked for.
    Checkpoint,
}
