//! The command line: types only, no I/O.

mod local;
mod publish;
mod pulls;
mod runner;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, civil::DateTime, fmt::temporal::DateTimeParser};

pub use local::{CacheCommand, Completions, Hook, HookRun, Init, Man, SchemaOf};
pub use publish::Publish;
pub use pulls::Pulls;
pub use runner::{
    Apply, ClassName, Journal, OnTarget, Plan, Resolve, ResolvedAs, Rollback, Runner, Status,
    StatusFormat, Wanted,
};

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
    Check(Box<Check>),
    /// Post a report to GitHub: a check run, a comment on the pull request, the step's summary.
    Publish(Publish),
    /// Join the reports of all shards of a check into the report of the whole; the exit code is
    /// the verdict.
    Merge(Merge),
    /// List the sets and their migrations.
    List(List),
    /// Print the dependency graph of the sets.
    Graph(Graph),
    /// Explain a rule: why it is there, how to mend it, a bad and a good example.
    Explain {
        /// The rule's id, such as rollback/missing, or a group of rules, such as rollback.
        rule: String,
    },
    /// List all rules with their levels.
    Rules {
        /// The format.
        #[arg(long, value_name = "FORMAT", default_value = "plain")]
        format: RulesFormat,
        /// Print docs/rules.md, as --format markdown does.
        #[arg(long, conflicts_with = "format")]
        markdown: bool,
    },
    /// Set a repository up: configuration, manifests, workflow and pre-push hook.
    Init(Init),
    /// Git's pre-push hook: the check before a push.
    #[command(subcommand)]
    Hook(Hook),
    /// What is kept between runs: states of engines, so that a base runs once.
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Print completions for a shell.
    Completions(Completions),
    /// Print the manual page.
    Man(Man),
    /// Print the JSON Schema of a file, for editors.
    Schema {
        /// The file.
        file: SchemaOf,
    },
    /// List open pull requests on GitHub that touch migrations or config schemas, and which of them
    /// get in each other's way.
    Pulls(Pulls),
    /// Real targets.
    #[command(flatten)]
    OnTarget(Runner),
    /// Evaluate the jq program of a config migration, in a process that confines itself.
    #[command(name = "evaluate-jq", hide = true)]
    EvaluateJq {
        /// Keep to the limits, and do without the other bounds.
        #[arg(long)]
        unconfined: bool,
    },
    /// Keep a throwaway PostgreSQL server until its orders end.
    #[command(name = "keep-server", hide = true)]
    KeepServer {
        /// The job, as JSON.
        job: String,
    },
    /// Become another program, with bounds that nothing takes back.
    #[command(hide = true)]
    Confine {
        /// What it may do, as JSON.
        policy: String,
        /// The program and its arguments.
        #[arg(last = true)]
        words: Vec<std::ffi::OsString>,
    },
}

/// Where the files are.
#[derive(Clone, Debug, Args)]
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
    /// Run the commands of sets with the layout "command" although the base does not name them.
    #[arg(long)]
    pub allow_commands: bool,
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
    /// The moment at which windows, freezes and last days are decided instead of now, such as
    /// 2026-11-21, 2026-11-21T10:00 (in UTC) or 2026-11-21T10:00[Europe/Berlin].
    #[arg(long, value_name = "MOMENT", value_parser = moment)]
    pub as_of: Option<Timestamp>,
    /// A team that has agreed to the change; may be given any number of times.
    #[arg(long, value_name = "TEAM")]
    pub approved_by: Vec<String>,
    /// Where to ask which teams agreed; what cannot be read is said in the report and is no
    /// approval.
    #[arg(long, value_name = "WHERE")]
    pub approvals: Option<ApprovalSource>,
    /// First renumber what the change adds late, or under a version that the target branch took,
    /// to the next free version; renames files in the working tree.
    #[arg(long, conflicts_with_all = ["head", "base_dir"])]
    pub fix: bool,
    /// Try only this share of the judged migrations, such as 2/5, the second of five; merge joins
    /// the JSON reports of all shares.
    #[arg(long, value_name = "K/N", value_parser = shard, conflicts_with_all = ["bundle", "fix"])]
    pub shard: Option<ShardNumber>,
    /// Where the report goes.
    #[command(flatten)]
    pub outputs: Outputs,
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

/// One of several shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardNumber {
    /// Its number, from 1.
    pub index: usize,
    /// How many there are.
    pub of: usize,
}

/// Where a report goes, and how it is written.
#[derive(Clone, Debug, Args)]
pub struct Outputs {
    /// The format on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: String,
    /// Also write a report to a file, as FORMAT=FILE; may be given any number of times.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<String>,
    /// Also write the report, its checksum and an in-toto statement about it into this folder.
    #[arg(long, value_name = "DIR")]
    pub bundle: Option<PathBuf>,
}

/// `merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// The JSON reports of all shards, in any order.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where the report goes.
    #[command(flatten)]
    pub outputs: Outputs,
}

/// Where approvals are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ApprovalSource {
    /// The reviews and labels of the pull request of GitHub's event, with GITHUB_TOKEN.
    Github,
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

/// Formats of `rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RulesFormat {
    /// For people.
    Plain,
    /// For programs.
    Json,
    /// The page docs/rules.md.
    Markdown,
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

/// The most shards that a check has.
const MOST_SHARDS: usize = 256;

fn shard(text: &str) -> Result<ShardNumber, String> {
    let number = |digits: &str| {
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<usize>().ok().filter(|_| plain)
    };
    let parts = text.split_once('/').and_then(|(index, of)| number(index).zip(number(of)));
    match parts {
        None => Err("write it as K/N, such as 2/5 for the second of five".into()),
        Some((_, of)) if of > MOST_SHARDS => Err(format!("there are at most {MOST_SHARDS} shards")),
        Some((index, of)) if index == 0 || index > of => {
            Err(format!("the first number is from 1 to the second, {of}"))
        }
        Some((index, of)) => Ok(ShardNumber { index, of }),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<u64>() {
        Ok(0) => Err("0 would stop everything at once; give at least 1".into()),
        Ok(seconds) if seconds <= 7 * 24 * 3600 => Ok(Duration::from_secs(seconds)),
        Ok(_) => Err("more than a week".into()),
        Err(_) => Err("not a whole number of seconds".into()),
    }
}

/// Without a zone the moment is in UTC, without a time it is the first of the day. Zones are those
/// that come with the program.
fn moment(text: &str) -> Result<Timestamp, String> {
    let zones = TimeZoneDatabase::bundled();
    let utc = |civil: DateTime| civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>()
        .or_else(|_| {
            let zoned = DateTimeParser::new().parse_zoned_with(&zones, text);
            zoned.map(|zoned| zoned.timestamp())
        })
        .or_else(|error| if text.contains('[') { Err(error) } else { text.parse().and_then(utc) })
        .map_err(|_| {
            "not a moment; write 2026-11-21, 2026-11-21T10:00Z or 2026-11-21T10:00[Europe/Berlin]"
                .to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::{ShardNumber, moment, shard};

    #[test]
    fn a_shard_is_one_of_several() {
        assert_eq!(shard("2/5"), Ok(ShardNumber { index: 2, of: 5 }));
        assert_eq!(shard("1/1"), Ok(ShardNumber { index: 1, of: 1 }));
        for bad in
            ["0/3", "4/3", "1/0", "a/b", "2", "", "/", "1/", "-1/2", "+1/2", "1/2/3", "1/257"]
        {
            assert!(shard(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn moments_are_read_with_and_without_time_and_zone() {
        for (text, expected) in [
            ("2026-11-21", "2026-11-21T00:00:00Z"),
            ("2026-11-21T10:00", "2026-11-21T10:00:00Z"),
            ("2026-11-21T10:00Z", "2026-11-21T10:00:00Z"),
            ("2026-11-21T10:00+01:00", "2026-11-21T09:00:00Z"),
            ("2026-11-21T10:00[Europe/Berlin]", "2026-11-21T09:00:00Z"),
        ] {
            assert_eq!(moment(text).unwrap().to_string(), expected, "{text}");
        }
        for bad in ["", "now", "10:00", "2026-02-30", "2026-11-21T25:00", "2026-11-21T10:00[Here]"]
        {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }
}
