//! The arguments of the commands for one's own machine.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::EngineName;

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// A folder in the repository.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// Write everything that is not there yet, and ask nothing.
    #[arg(long)]
    pub yes: bool,
    /// Show what would be written, and write nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// The engine of sets that do not say it themselves.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
}

/// `hook`
#[derive(Debug, Subcommand)]
pub enum Hook {
    /// Write Git's pre-push hook of this repository; a hook of somebody else is left alone.
    Install {
        /// A folder in the repository.
        #[arg(default_value = ".")]
        path: PathBuf,
    },
    /// Check what a push brings, as Git tells a pre-push hook on standard input.
    Run(HookRun),
    /// Remove the pre-push hook that `hook install` wrote.
    Uninstall {
        /// A folder in the repository.
        #[arg(default_value = ".")]
        path: PathBuf,
    },
}

/// `hook run`: what Git gives a pre-push hook.
#[derive(Debug, Args)]
pub struct HookRun {
    /// The name of the remote.
    pub remote: Option<String>,
    /// The URL of the remote.
    pub url: Option<String>,
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct Man {
    /// Write a page for every command into this folder, which must be there, instead of the one of
    /// the program to standard output.
    #[arg(long, value_name = "DIR")]
    pub output: Option<PathBuf>,
}

/// `schema`: the files that have a JSON Schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// migration-gate.toml
    Config,
    /// migration_manifest.json, .toml, .yaml
    Manifest,
    /// compatibility_contract.toml, .yaml, .json
    Contract,
    /// Config migrations.
    ConfigMigration,
    /// The report of --format json.
    Report,
}
