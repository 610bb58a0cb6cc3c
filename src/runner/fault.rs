//! What can stop a runner.

use std::io;
use std::path::Path;

use crate::engine::{EngineError, TargetError};
use crate::model::{Barred, Location, printable};

/// Whose fault it is; the word in journals is of low cardinality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// The migration's own.
    Migration,
    /// Something that must be there first is not.
    Dependency,
    /// The plan and the target do not agree.
    Conflict,
    /// The policy does not let it run now.
    Policy,
    /// An earlier run was left half done, or its records cannot be trusted.
    PartialFailure,
    /// Another runner is at work.
    Locked,
    /// The target or the machine did not do its part.
    Environment,
    /// The command line or the configuration asks for what is not there.
    Usage,
    /// Somebody stopped the run.
    Interrupted,
}

impl FaultKind {
    /// The word in journals.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Migration => "migration",
            Self::Dependency => "dependency",
            Self::Conflict => "conflict",
            Self::Policy => "policy",
            Self::PartialFailure => "partial_failure",
            Self::Locked => "locked",
            Self::Environment => "environment",
            Self::Usage => "usage",
            Self::Interrupted => "interrupted",
        }
    }

    /// The exit code of the program.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Migration
            | Self::Dependency
            | Self::Conflict
            | Self::Policy
            | Self::PartialFailure => 1,
            Self::Usage => 2,
            Self::Locked | Self::Environment | Self::Interrupted => 3,
        }
    }
}

/// Why something was not done, and the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}\n  help: {way_out}", line(.detail.as_deref()))]
pub struct Fault {
    /// Whose fault it is.
    pub kind: FaultKind,
    /// What happened, as the state file keeps it; not for the journal.
    pub what: String,
    /// What the engine says besides, which names values of rows: for the terminal alone.
    pub detail: Option<String>,
    /// What to do about it.
    pub way_out: String,
    /// The place in a migration, where it has one.
    pub location: Option<Location>,
}

/// A detail on a line of its own.
fn line(detail: Option<&str>) -> String {
    detail.map(|detail| format!("\n  detail: {detail}")).unwrap_or_default()
}

impl Fault {
    /// A fault without a place.
    #[must_use]
    pub fn new(kind: FaultKind, what: impl Into<String>, way_out: impl Into<String>) -> Self {
        let (what, way_out) = (what.into(), way_out.into());
        Self { kind, what, detail: None, way_out, location: None }
    }

    /// A file that cannot be read or written.
    #[must_use]
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let path = path.display().to_string();
        let help = match error.kind() {
            io::ErrorKind::PermissionDenied => "give the user of the runner the right to it",
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "make room on the disk, then run again"
            }
            io::ErrorKind::NotFound => "check that it is there",
            _ => "check the disk and the folder, then run again",
        };
        Self::new(FaultKind::Environment, format!("{}: {error}", printable(&path)), help)
    }
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Unavailable { what, way_out } => {
                Self::new(FaultKind::Environment, what, way_out)
            }
            EngineError::Broken(what) | EngineError::LockedOut(what) => {
                Self::new(FaultKind::Environment, what, "check the target, then run again")
            }
            EngineError::OutOfTime => Self::new(
                FaultKind::Environment,
                "the whole run took longer than its limit",
                "allow more with --timeout",
            ),
            EngineError::Interrupted => {
                Self::new(FaultKind::Interrupted, "interrupted", "run again when you are ready")
            }
        }
    }
}

impl From<TargetError> for Fault {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Script(failure) => {
                let mut what = failure.message;
                if let Some(code) = failure.code {
                    what.push_str(&format!(" [{code}]"));
                }
                let way_out = failure.hint.unwrap_or_else(|| {
                    "mend the migration, prove it with `migration-gate check`, then apply again"
                        .into()
                });
                let location = Some(failure.location);
                let kind = FaultKind::Migration;
                Self { kind, what, detail: failure.detail, way_out, location }
            }
            TargetError::TimedOut { location, limit } => Self {
                location: Some(location),
                ..Self::new(
                    FaultKind::Migration,
                    format!("a statement was stopped after {limit} s"),
                    "allow more with --statement-timeout, or do the work in smaller steps",
                )
            },
            TargetError::Barred(Barred { failure, .. }) => Self {
                location: Some(failure.location),
                ..Self::new(
                    FaultKind::Migration,
                    failure.message,
                    failure.hint.unwrap_or_else(|| "write it as SQL".into()),
                )
            },
            TargetError::CannotRun(reason) => {
                Self::new(FaultKind::Migration, reason.reason, reason.way_out)
            }
            TargetError::Engine(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, RepoPath};

    #[test]
    fn values_of_rows_are_shown_and_not_kept() {
        let path = RepoPath::new("a.sql").unwrap();
        let failure = Failure {
            message: "duplicate key".into(),
            code: Some("23505".into()),
            detail: Some("Key (email)=(mara)".into()),
            hint: None,
            location: Location::file(path),
        };
        let fault = Fault::from(TargetError::Script(failure));
        assert_eq!(fault.what, "duplicate key [23505]");
        let shown = fault.to_string();
        assert!(shown.starts_with("duplicate key [23505]\n  detail: Key (email)=(mara)\n  help: "));
    }
}
