//! `migration-gate.toml`: what is written there, checked and resolved.
//!
//! [`parse`] reads a file in two steps: `raw` is the wire format, `resolve` turns its words
//! into the gate's own types. Every value that a later stage may want to point at keeps its place.
//! All problems of a file are reported together, each with its line and a way out.

mod changed;
mod command;
mod date;
mod error;
mod raw;
mod read;
mod resolve;
mod rollout;
mod schema;
mod shape;
mod target;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::{
    EngineKind, Level, RepoPath, Rollback, Rollout, Sited, Span, WAIVER_DAYS, Waiver, closest,
    known_words, quoted,
};

pub use error::{ConfigError, ConfigProblem};
pub use schema::json_schema;
pub use target::{BackupCommands, CheckpointMode, TargetConfig, TargetPlace};

use error::Source;

/// The file's name, at the top of the repository.
pub const FILE_NAME: &str = "migration-gate.toml";

/// The settings in force. [`Settings::default`] is what applies without a file.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The sets in the order of the file; empty where the gate is to find them itself.
    pub sets: Vec<SetConfig>,
    /// The targets in the order of the file.
    pub targets: Vec<TargetConfig>,
    /// What is asked of a change.
    pub policy: Policy,
    /// When what may be rolled out.
    pub rollout: Rollout,
    /// Accepted findings.
    pub waivers: Vec<Waiver>,
    source: Option<Arc<Source>>,
}

/// One `[[set]]`.
#[derive(Clone, Debug)]
pub struct SetConfig {
    /// The name, unique in the file.
    pub name: Sited<String>,
    /// The folder of the migrations.
    pub path: Sited<RepoPath>,
    /// The engine.
    pub engine: Sited<EngineKind>,
    /// The layout's name, where it is not to be found out; see [`Settings::check_layouts`].
    pub layout: Option<Sited<String>>,
    /// The manifest's file, where it is not one of the usual ones in the folder.
    pub manifest: Option<Sited<RepoPath>>,
    /// The id of the last migration that runs but is not judged.
    pub baseline: Option<Sited<String>>,
    /// A script with rows to put in before the judged migrations run.
    pub seed: Option<Sited<RepoPath>>,
    /// Values for placeholders in scripts.
    pub variables: BTreeMap<String, Sited<String>>,
    /// The oldest version of the engine that the team runs: numbers with dots.
    pub engine_version: Option<Sited<String>>,
    /// What prints the SQL of a set with the layout `command`.
    pub command: Option<CommandConfig>,
    /// Globs of the documents of a `documents` set.
    pub documents: Vec<Sited<String>>,
    /// The compatibility contract's file, where it is not one of the usual ones in the folder.
    pub contract: Option<Sited<RepoPath>>,
    /// Which JSON Schema holds for which documents, where there is no contract.
    pub schemas: Vec<SchemaBinding>,
    /// The whole entry.
    pub span: Span,
}

impl SetConfig {
    /// A set of documents that nobody named, and whose contract stands in that folder.
    #[must_use]
    pub fn of_documents(folder: &RepoPath) -> Self {
        let nowhere = Span::new(0, 0);
        Self {
            name: Sited::new(folder.to_string(), nowhere),
            path: Sited::new(folder.clone(), nowhere),
            engine: Sited::new(EngineKind::Documents, nowhere),
            layout: None,
            manifest: None,
            baseline: None,
            seed: None,
            variables: BTreeMap::new(),
            engine_version: None,
            command: None,
            documents: Vec::new(),
            contract: None,
            schemas: Vec::new(),
            span: nowhere,
        }
    }
}

/// What prints the SQL of a set: programs with their arguments, where `{id}` stands for the
/// migration and `{previous}` for the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandConfig {
    /// How the names of migrations end.
    pub ending: String,
    /// Prints what one migration does.
    pub up: Vec<String>,
    /// Prints what undoes one; empty where nothing does.
    pub down: Vec<String>,
    /// Prints the ids in order; empty where the sorted files are the order.
    pub list: Vec<String>,
    /// The folder in a copy of which the commands run.
    pub workdir: RepoPath,
    /// Their environment.
    pub environment: BTreeMap<String, String>,
}

/// A JSON Schema and the documents it holds for.
#[derive(Clone, Debug)]
pub struct SchemaBinding {
    /// Glob of the documents.
    pub files: Sited<String>,
    /// The JSON Schema's file.
    pub schema: Sited<RepoPath>,
}

/// Where the levels of rules start from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Blocks on what breaks deployments.
    #[default]
    Recommended,
    /// Blocks on every finding.
    Strict,
}

/// What is asked of a change.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Where the levels start from.
    pub preset: Preset,
    /// How the team goes back.
    pub rollback: Rollback,
    /// Levels of single rules, by rule id; the span is the rule id's.
    pub levels: BTreeMap<String, Sited<Level>>,
    /// Migrations that may pass although they cannot run here.
    pub accept_inconclusive: Vec<Accepted>,
    /// How many days ahead a waiver may expire.
    pub waiver_days: u16,
    /// The rules that a script may allow itself to break: ids, or groups as `sql/*`.
    pub inline_allow: Vec<Sited<String>>,
    /// What may run all the same where the kernel cannot confine it.
    pub unconfined: Vec<Unconfined>,
}

/// What runs code of a change, and only confined unless the policy accepts less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconfined {
    /// Scripts on a throwaway PostgreSQL server.
    Postgres,
    /// Commands that print SQL, and those of config migrations.
    Commands,
    /// The jq programs of config migrations.
    Jq,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            preset: Preset::default(),
            rollback: Rollback::default(),
            levels: BTreeMap::new(),
            accept_inconclusive: Vec::new(),
            waiver_days: WAIVER_DAYS,
            inline_allow: Vec::new(),
            unconfined: Vec::new(),
        }
    }
}

/// A migration that may pass although it cannot run here.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The migration's id.
    pub migration: Sited<String>,
    /// The set's name; without one, the migration of that id in any set.
    pub set: Option<Sited<String>>,
    /// Why, for the report.
    pub reason: String,
}

/// Reads a configuration file.
///
/// # Errors
///
/// Where the file is not valid: all its problems.
pub fn parse(path: &RepoPath, text: &str) -> Result<Settings, ConfigError> {
    let source = Arc::new(Source { path: path.clone(), text: text.to_owned() });
    let mut problems = Vec::new();
    let raw = read::read(text, &mut problems);
    let settings = raw.map(|raw| resolve::resolve(raw, &mut problems));
    match settings {
        Some(settings) if problems.is_empty() => Ok(Settings { source: Some(source), ..settings }),
        _ => Err(ConfigError::new(&source, problems)),
    }
}

impl Settings {
    /// Whether the migration of that id may pass although it cannot run here.
    #[must_use]
    pub fn accepts_inconclusive(&self, set: &str, migration: &str) -> Option<&Accepted> {
        self.policy.accept_inconclusive.iter().find(|accepted| {
            accepted.migration.value == migration
                && accepted.set.as_ref().is_none_or(|name| name.value == set)
        })
    }

    /// Whether that may run where the kernel cannot confine it.
    #[must_use]
    pub fn accepts_unconfined(&self, what: Unconfined) -> bool {
        self.policy.unconfined.contains(&what)
    }

    /// Whether something in the policy hangs on the moment of a check.
    #[must_use]
    pub fn depends_on_moment(&self) -> bool {
        self.rollout.needs_minutes() || !self.rollout.freezes.is_empty() || !self.waivers.is_empty()
    }

    /// Checks every rule id in levels, waivers and allowances against the rules there are.
    ///
    /// # Errors
    ///
    /// Where an id is unknown: all of them.
    pub fn check_rule_ids(&self, known: &[&str]) -> Result<(), ConfigError> {
        let in_levels = self.policy.levels.iter().map(|(id, level)| (id.as_str(), level.span));
        let in_waivers = self.waivers.iter().map(|w| (w.rule.value.as_str(), w.rule.span));
        let help = |id: &str| match closest(id, known) {
            Some(close) => format!("did you mean \"{close}\"?"),
            None => "`migration-gate rules` lists every rule id".to_owned(),
        };
        let exists = |group: &str| known.iter().any(|id| id.starts_with(group));
        let allowed = self.policy.inline_allow.iter().filter(|allowed| {
            !allowed.value.strip_suffix('*').is_some_and(|rest| rest.ends_with('/') && exists(rest))
        });
        let allowed = allowed.map(|allowed| (allowed.value.as_str(), allowed.span));
        self.check_words("rule", in_levels.chain(in_waivers).chain(allowed), known, &help)
    }

    /// Checks every set's layout against the layouts there are.
    ///
    /// # Errors
    ///
    /// Where a layout is unknown: all of them.
    pub fn check_layouts(&self, known: &[&str]) -> Result<(), ConfigError> {
        let named = self.sets.iter().filter_map(|set| set.layout.as_ref());
        let words = named.map(|layout| (layout.value.as_str(), layout.span));
        self.check_words("layout", words, known, &|word| known_words(word, known))
    }

    fn check_words<'a>(
        &self,
        what: &str,
        words: impl Iterator<Item = (&'a str, Span)>,
        known: &[&str],
        help: &dyn Fn(&str) -> String,
    ) -> Result<(), ConfigError> {
        let problems: Vec<ConfigProblem> = words
            .filter(|(word, _)| !known.contains(word))
            .map(|(word, span)| {
                ConfigProblem::new(span, format!("unknown {what} {}", quoted(word)), help(word))
            })
            .collect();
        match &self.source {
            Some(source) if !problems.is_empty() => Err(ConfigError::new(source, problems)),
            _ => Ok(()),
        }
    }
}
