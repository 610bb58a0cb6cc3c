//! The command line: types only, no I/O.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Runs every migration of a change up, again, down and up on a throwaway engine, and says what
/// happened.
#[derive(Debug, Parser)]
#[command(name = "migration-gate", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// When to use colours.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

const EXIT_CODES: &str = "Exit codes: 0 pass, 1 blocked, 2 usage or configuration, \
                          3 inconclusive or environment, 70 bug.";

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check what a change does to migrations; the exit code is the verdict.
    Check(Check),
    /// List the sets and their migrations.
    List(List),
    /// Print the dependency graph of the sets.
    Graph(Graph),
    /// Explain a rule: why it is there, how to mend it, a bad and a good example.
    Explain {
        /// The rule's id, such as rollback/missing.
        rule: String,
    },
    /// List all rules with their levels.
    Rules {
        /// Print docs/rules.md instead.
        #[arg(long)]
        markdown: bool,
    },
}

/// Where the files are.
#[derive(Debug, Args)]
pub struct Place {
    /// A repository, a folder in one, or with --base-dir any folder.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The revision to look at instead of the working tree.
    #[arg(long, value_name = "REV")]
    pub head: Option<String>,
    /// Only the set of this name.
    #[arg(long, value_name = "NAME")]
    pub set: Option<String>,
    /// The engine of sets that do not say it themselves.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
    /// The configuration file instead of migration-gate.toml at the top of the repository.
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
}

/// An engine by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// Where the files are.
    #[command(flatten)]
    pub place: Place,
    /// The revision the change starts from; by default the merge base with the target branch.
    #[arg(long, value_name = "REV", conflicts_with = "base_dir")]
    pub base: Option<String>,
    /// A folder to compare with, without Git.
    #[arg(long, value_name = "DIR", conflicts_with = "head")]
    pub base_dir: Option<PathBuf>,
    /// Judge everything, not only what the change touched.
    #[arg(long)]
    pub all: bool,
    /// First renumber what the change adds late, or under a version that the target branch took,
    /// to the next free version; renames files in the working tree.
    #[arg(long, conflicts_with_all = ["head", "base_dir"])]
    pub fix: bool,
    /// The format on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: String,
    /// Also write a report to a file, as FORMAT=FILE; may be given any number of times.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<String>,
    /// The folder of the PostgreSQL server programs (initdb, postgres).
    #[arg(long, value_name = "DIR")]
    pub postgres_bin: Option<PathBuf>,
    /// Use this PostgreSQL server, where a database of its own is created and dropped; also read
    /// from MIGRATION_GATE_POSTGRES_URL.
    #[arg(long, value_name = "URL")]
    pub postgres_url: Option<String>,
    /// The longest a single statement may take.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub statement_timeout: Duration,
    /// The longest the whole run may take.
    #[arg(long, value_name = "SECONDS", default_value = "1800", value_parser = seconds)]
    pub timeout: Duration,
}

/// `list`
#[derive(Debug, Args)]
pub struct List {
    /// Where the files are.
    #[command(flatten)]
    pub place: Place,
    /// The format.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: ListFormat,
}

/// Formats of `list`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For people.
    Plain,
    /// For programs.
    Json,
}

/// `graph`
#[derive(Debug, Args)]
pub struct Graph {
    /// Where the files are.
    #[command(flatten)]
    pub place: Place,
    /// The format.
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    pub format: GraphFormat,
}

/// Formats of `graph`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Graphviz.
    Dot,
    /// Mermaid, which GitHub and GitLab draw.
    Mermaid,
    /// For programs.
    Json,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(0) => Err("0 would stop everything at once; give at least 1".into()),
        Ok(seconds) if seconds <= 7 * 24 * 3600 => Ok(Duration::from_secs(seconds)),
        Ok(_) => Err("more than a week".into()),
        Err(_) => Err("not a whole number of seconds".into()),
    }
}
