//! The program's errors; every one knows its exit code.

use crate::catalog::CatalogError;
use crate::changes::ChangesError;
use crate::config::ConfigError;
use crate::confine::ConfineError;
use crate::engine::EngineError;
use crate::publish::PublishError;
use crate::report::v1::ReadError;
use crate::runner::Fault;

/// What ends a command before it has a verdict.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// The command line asks for something that is not there.
    #[error("{0}")]
    Usage(String),
    /// `--fix` cannot do its work safely; the text says whether anything is left of it.
    #[error("--fix: {0}\n  help: rename by hand, or run without --fix")]
    Fix(String),
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A set cannot be read without a person's word.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Base and head cannot be compared.
    #[error(transparent)]
    Changes(#[from] ChangesError),
    /// The engine is missing or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A real target, or what is known of it, does not allow it.
    #[error(transparent)]
    Runner(#[from] Fault),
    /// A file is not taken for a report.
    #[error("{file}: {source}")]
    Report {
        /// The file as the user named it, printable.
        file: String,
        /// Why not.
        source: ReadError,
    },
    /// A process cannot be confined, or the program in it does not start.
    #[error(transparent)]
    Confined(#[from] ConfineError),
    /// What hangs on GitHub's answer could not be asked.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// Standard output does not take what is written to it.
    #[error(
        "cannot write to standard output: {0}\n  help: see what it leads to; --report FORMAT=FILE writes to a file"
    )]
    Output(std::io::Error),
    /// A new file of a repository cannot be written.
    #[error(
        "{file} cannot be written: {source}\n  help: see to its folder (is it read-only, or somebody else's?), and run this again"
    )]
    Create {
        /// The file, from the top of the repository.
        file: String,
        /// The system's words, without a path.
        source: std::io::Error,
    },
    /// A report cannot be written.
    #[error(
        "cannot write {file}: {source}\n  help: name a file in a folder that exists and can be written"
    )]
    Write {
        /// The file as the user named it.
        file: String,
        /// The system's words.
        source: std::io::Error,
    },
}

impl GateError {
    /// The exit code: 2 for usage and configuration, 3 for the environment.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_)
            | Self::Fix(_)
            | Self::Config(_)
            | Self::Catalog(_)
            | Self::Report { .. }
            | Self::Create { .. }
            | Self::Write { .. } => 2,
            Self::Changes(ChangesError::Usage { .. } | ChangesError::NotARepository { .. }) => 2,
            Self::Runner(fault) => fault.kind.exit_code(),
            Self::Changes(_)
            | Self::Engine(_)
            | Self::Confined(_)
            | Self::Publish(_)
            | Self::Output(_) => 3,
        }
    }
}
