//! What can be told in a journal.

use std::time::Duration;

use serde_json::Value;

use crate::model::printable;
use crate::runner::target::FileDone;

/// The most characters of a text in a journal.
pub(super) const MOST_TEXT: usize = 512;
/// The most files that one event names; [`Event::with_files`] counts them all.
pub(super) const MOST_FILES: usize = 100;
/// The largest whole number that every JSON reader keeps (RFC 8785).
const MOST_COUNT: u64 = (1 << 53) - 1;

/// What happened. In the journal of documents the names begin with `config`, else with `database`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventName {
    /// `config.migrated`
    Migrated,
    /// `config.migration.failed`
    Failed,
    /// `config.migration.blocked_by_partial_failure`
    BlockedByPartialFailure,
    /// `config.migration.checkpoint.created`
    CheckpointCreated,
    /// `config.migration.rollback.started`
    RollbackStarted,
    /// `config.migration.rollback.completed`
    RollbackCompleted,
    /// `config.migration.rollback.failed`
    RollbackFailed,
    /// `config.migration.resolved`
    Resolved,
}

impl EventName {
    /// Every name.
    pub const ALL: [Self; 8] = [
        Self::Migrated,
        Self::Failed,
        Self::BlockedByPartialFailure,
        Self::CheckpointCreated,
        Self::RollbackStarted,
        Self::RollbackCompleted,
        Self::RollbackFailed,
        Self::Resolved,
    ];

    /// The name behind its prefix.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Migrated => "migrated",
            Self::Failed => "migration.failed",
            Self::BlockedByPartialFailure => "migration.blocked_by_partial_failure",
            Self::CheckpointCreated => "migration.checkpoint.created",
            Self::RollbackStarted => "migration.rollback.started",
            Self::RollbackCompleted => "migration.rollback.completed",
            Self::RollbackFailed => "migration.rollback.failed",
            Self::Resolved => "migration.resolved",
        }
    }

    /// The name in a journal.
    pub(super) fn full(self, documents: bool) -> String {
        format!("{}.{}", prefix(documents), self.name())
    }

    /// The event of a name in a journal.
    pub(super) fn parse(full: &str) -> Option<Self> {
        let (_, name) = full.split_once('.')?;
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// OpenTelemetry's severity. A person's word in place of the machine's is worth a look.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::Migrated | Self::CheckpointCreated | Self::RollbackCompleted => Severity::Info,
            Self::RollbackStarted | Self::Resolved => Severity::Warn,
            Self::Failed | Self::BlockedByPartialFailure => Severity::Error,
            Self::RollbackFailed => Severity::Fatal,
        }
    }
}

/// How bad it is, as OpenTelemetry's log data model counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// As it should be.
    Info = 9,
    /// To be looked at.
    Warn = 13,
    /// Something was not done.
    Error = 17,
    /// A target is left half done.
    Fatal = 21,
}

impl Severity {
    /// Every severity.
    pub(super) const ALL: [Self; 4] = [Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The short name.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }
}

/// What names of a set's kind begin with.
pub(super) fn prefix(documents: bool) -> &'static str {
    if documents { "config" } else { "database" }
}

/// A detail of an event. There is no way to make one of a document's value or a row: it is a word
/// of this program, a number, a name, a hash, or what the operator gave as a reason.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact(Value);

impl Fact {
    /// The name of something: an id, a path, a version, a person.
    #[must_use]
    pub fn name(text: &str) -> Self {
        Self(clean(text).into())
    }

    /// What the operator wrote on the command line.
    #[must_use]
    pub fn said(text: &str) -> Self {
        Self(clean(text).into())
    }

    /// A SHA-256 in hexadecimal; nothing else of the text is kept. Empty where there is no file.
    #[must_use]
    pub fn hash(text: &str) -> Self {
        let digit = |c: &char| matches!(c, '0'..='9' | 'a'..='f');
        let hash: String = text.chars().filter(digit).take(64).collect();
        Self(if hash.len() == 64 { hash } else { String::new() }.into())
    }

    /// The first 100 of these names; nothing where there is none.
    pub(super) fn names(names: &[String]) -> Option<Self> {
        let named = || names.iter().take(MOST_FILES).map(|name| Self::name(name));
        (!names.is_empty()).then(|| Self::list(named()))
    }

    fn list(facts: impl Iterator<Item = Self>) -> Self {
        Self(facts.map(|fact| fact.0).collect::<Vec<_>>().into())
    }

    pub(super) fn into_value(self) -> Value {
        self.0
    }
}

impl From<&'static str> for Fact {
    fn from(word: &'static str) -> Self {
        Self(word.into())
    }
}

impl From<u64> for Fact {
    fn from(count: u64) -> Self {
        Self(count.min(MOST_COUNT).into())
    }
}

impl From<usize> for Fact {
    fn from(count: usize) -> Self {
        (count as u64).into()
    }
}

impl From<Duration> for Fact {
    /// Seconds, to the microsecond: so many digits are read back as they were written.
    fn from(duration: Duration) -> Self {
        Self((duration.as_micros() as f64 / 1e6).into())
    }
}

/// Foreign text on one line, without what a terminal obeys, and not too long.
pub(super) fn clean(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(MOST_TEXT) {
        None => text.into_owned(),
        Some(_) => text.chars().take(MOST_TEXT - 1).chain(['…']).collect(),
    }
}

/// One event, as the runner tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What happened.
    pub name: EventName,
    /// The migration it happened to.
    pub migration: Option<String>,
    /// Details, by names without the prefix: `migration.state` becomes `config.migration.state`.
    /// `error.*` and `vcs.*` are OpenTelemetry's own names and stay as they are.
    pub attributes: Vec<(&'static str, Fact)>,
}

impl Event {
    /// An event about a migration.
    #[must_use]
    pub fn of(name: EventName, migration: &str) -> Self {
        Self { name, migration: Some(migration.to_owned()), attributes: Vec::new() }
    }

    /// With one more detail; of two of the same name the last one counts.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Fact>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// With the files that were changed. The first 100 are named.
    #[must_use]
    pub fn with_files(self, files: &[FileDone]) -> Self {
        let named = || files.iter().take(MOST_FILES);
        self.with("file.count", files.len())
            .with("file.path", Fact::list(named().map(|file| Fact::name(&file.path))))
            .with("file.sha256.before", Fact::list(named().map(|file| Fact::hash(&file.before))))
            .with("file.sha256.after", Fact::list(named().map(|file| Fact::hash(&file.after))))
    }
}

/// What every event of a run carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// Whether the target holds documents.
    pub documents: bool,
    /// The run.
    pub run_id: String,
    /// The set's name.
    pub set: String,
    /// The target's name.
    pub target: String,
    /// The commit that the migrations come from, where there is one.
    pub revision: Option<String>,
    /// `TRACEPARENT` as it was given.
    pub traceparent: Option<String>,
}
