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

/// `cache`: what is kept between runs.
#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// List what is kept, with its size and when it was last of use.
    List,
    /// Print the folder; MIGRATION_GATE_CACHE names another one, or switches the cache off with
    /// "off".
    Path,
    /// Remove what was longest of no use, until no more than 2 GiB are left.
    Prune {
        /// Remove everything.
        #[arg(long)]
        all: bool,
        /// Leave this much instead, in bytes or as 500M, 2G.
        #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "all")]
        size: Option<u64>,
    },
}

fn size(text: &str) -> Result<u64, String> {
    let (digits, unit) = match text.char_indices().last() {
        Some((at, 'K' | 'k')) => (&text[..at], 1_u64 << 10),
        Some((at, 'M' | 'm')) => (&text[..at], 1 << 20),
        Some((at, 'G' | 'g')) => (&text[..at], 1 << 30),
        _ => (text, 1),
    };
    let number = digits.parse::<u64>().ok().filter(|_| digits.bytes().all(|b| b.is_ascii_digit()));
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "not a size; write it in bytes or as 500M, 2G".to_owned())
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_bytes_or_have_a_unit() {
        for (text, bytes) in [("0", 0), ("7", 7), ("3k", 3072), ("500M", 524_288_000)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for bad in ["", "G", "-1", "+1", "1.5G", "2T", "99999999999G"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }
}
