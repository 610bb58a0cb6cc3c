//! The commands that work on a real target.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::{EngineName, ListFormat, Place, seconds};

/// The commands on a real target.
#[derive(Debug, Subcommand)]
pub enum Runner {
    /// Show what would run on a target, in which order and why, and whether it can; changes
    /// nothing.
    Plan(Box<Plan>),
    /// Run the pending migrations on a target; what fails is taken back.
    Apply(Box<Apply>),
    /// Show what has run on a target and whether something was left half done.
    Status(Box<Status>),
    /// Bring a target back to a checkpoint, or by down scripts where it is not in production.
    Rollback(Box<Rollback>),
    /// Say that a migration which failed was mended by hand; changes the records only.
    Resolve(Box<Resolve>),
    /// Read what the runner did on a target.
    Journal {
        /// What to do with it.
        #[command(subcommand)]
        action: Journal,
    },
}

/// Which target, and by which limits.
#[derive(Debug, Args)]
pub struct OnTarget {
    /// A repository, or a folder in one; the files of its working tree are what runs.
    #[arg(default_value = ".")]
    pub path: PathBuf,
    /// The target of this name in the configuration; may be left away where there is only one.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["database", "set"])]
    pub target: Option<String>,
    /// A database that no target names, as postgres://… or the path of an SQLite file. It counts
    /// as production. Others on this machine see the command line, so put a URL with a password
    /// into MIGRATION_GATE_DATABASE_URL instead.
    #[arg(long, value_name = "URL|FILE")]
    pub database: Option<String>,
    /// With --database: the set whose migrations it takes, where there are several.
    #[arg(long, value_name = "NAME")]
    pub set: Option<String>,
    /// The engine of sets that do not say it themselves.
    #[arg(long, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
    /// The configuration file instead of migration-gate.toml at the top of the repository.
    #[arg(long, value_name = "FILE")]
    pub config: Option<String>,
    /// Run the commands of sets with the layout "command": code of the working tree.
    #[arg(long)]
    pub allow_commands: bool,
    /// The folder of the state, the checkpoints and the journal, instead of the target's own.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// The target is the one that the state is of, at another place than before.
    #[arg(long)]
    pub moved: bool,
    /// The longest a single statement may take.
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    pub statement_timeout: Duration,
    /// The longest the whole run may take.
    #[arg(long, value_name = "SECONDS", default_value = "14400", value_parser = seconds)]
    pub timeout: Duration,
    /// The folder of the PostgreSQL programs (pg_dump, pg_restore; initdb, postgres for the
    /// rehearsal).
    #[arg(long, value_name = "DIR")]
    pub postgres_bin: Option<PathBuf>,
}

impl OnTarget {
    /// Where the files are: always the working tree.
    #[must_use]
    pub fn place(&self) -> Place {
        Place {
            path: self.path.clone(),
            head: None,
            set: self.set.clone(),
            engine: self.engine,
            config: self.config.clone(),
            allow_commands: self.allow_commands,
        }
    }
}

/// Which of the pending migrations.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Only migrations of this class, and what they need; may be given any number of times.
    #[arg(long, value_name = "CLASS")]
    pub class: Vec<ClassName>,
    /// Only migrations up to and including this one, and what they need.
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// How to go on where the plan and the target disagree: content=replan, dependency=queue,
    /// schema=accept-target or logic=in-order. Everything is checked again with it.
    #[arg(long, value_name = "KIND=RESOLUTION")]
    pub on_conflict: Vec<String>,
}

/// A class by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum ClassName {
    /// Runs while the old code serves.
    Online,
    /// Runs after the new code is out.
    PostDeploy,
    /// An operator moves data.
    ManualBackfill,
}

/// `plan`
#[derive(Debug, Args)]
pub struct Plan {
    /// On which target.
    #[command(flatten)]
    pub on: OnTarget,
    /// Which migrations.
    #[command(flatten)]
    pub wanted: Wanted,
    /// The format on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: ListFormat,
    /// Also write the plan in JSON to a file, which `apply --plan` then holds itself to.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Do not try the migrations on a throwaway engine first: locks and rewrites are not known
    /// then, and neither is whether the down scripts work.
    #[arg(long)]
    pub no_rehearsal: bool,
}

/// `apply`
#[derive(Debug, Args)]
pub struct Apply {
    /// On which target.
    #[command(flatten)]
    pub on: OnTarget,
    /// Which migrations.
    #[command(flatten)]
    pub wanted: Wanted,
    /// Run exactly this plan, as `plan --out` wrote it, and stop where the target or a file is no
    /// longer what it was.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["class", "to"])]
    pub plan: Option<PathBuf>,
    /// A team that has agreed to the run; may be given any number of times.
    #[arg(long, value_name = "TEAM", value_parser = NonEmptyStringValueParser::new())]
    pub approved_by: Vec<String>,
    /// Try again after a failure that was taken back.
    #[arg(long)]
    pub retry: bool,
    /// Do not try the migrations on a throwaway engine first.
    #[arg(long)]
    pub no_rehearsal: bool,
}

/// `status`
#[derive(Debug, Args)]
pub struct Status {
    /// On which target.
    #[command(flatten)]
    pub on: OnTarget,
    /// Sum up the journal: runs, failures, durations, rows and files.
    #[arg(long)]
    pub metrics: bool,
    /// The format on standard output; prometheus is for --metrics.
    #[arg(long, value_name = "FORMAT", default_value = "plain")]
    pub format: StatusFormat,
}

/// Formats of `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// For people.
    Plain,
    /// For programs.
    Json,
    /// The text form that Prometheus reads.
    Prometheus,
}

/// `rollback`
#[derive(Debug, Args)]
pub struct Rollback {
    /// On which target.
    #[command(flatten)]
    pub on: OnTarget,
    /// Take back everything that ran after this migration, which stays; by default the last one.
    #[arg(long, value_name = "ID")]
    pub to: Option<String>,
    /// Run down scripts where there is no checkpoint; only on a target with production = false.
    #[arg(long)]
    pub allow_down: bool,
    /// Try again after a rollback that failed.
    #[arg(long)]
    pub retry: bool,
    /// Bring back a checkpoint although what others wrote since is lost with it.
    #[arg(long)]
    pub accept_data_loss: bool,
}

/// `resolve`
#[derive(Debug, Args)]
pub struct Resolve {
    /// The id of the migration.
    pub migration: String,
    /// What is true of the target now.
    #[arg(long = "as", value_name = "STATE")]
    pub outcome: ResolvedAs,
    /// Why that is so; it stands in the journal.
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub reason: String,
    /// Who says so; it stands in the journal.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// With --as rolled-back: take the target as it is, although it is not what it was at the
    /// checkpoint.
    #[arg(long)]
    pub accept_difference: bool,
    /// On which target.
    #[command(flatten)]
    pub on: OnTarget,
}

/// How a migration was mended by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ResolvedAs {
    /// All it does is done.
    Applied,
    /// Nothing it does is left.
    RolledBack,
}

/// `journal`
#[derive(Debug, Subcommand)]
pub enum Journal {
    /// Print the events, the oldest first.
    Show {
        /// On which target.
        #[command(flatten)]
        on: Box<OnTarget>,
        /// Only events of this migration.
        #[arg(long, value_name = "ID")]
        migration: Option<String>,
        /// Only so many, the last ones.
        #[arg(long, value_name = "COUNT")]
        last: Option<usize>,
        /// The format on standard output; json is one event a line, as the journal holds them.
        #[arg(long, value_name = "FORMAT", default_value = "plain")]
        format: ListFormat,
    },
    /// Check that no event was edited, taken out or cut off.
    Verify {
        /// On which target.
        #[command(flatten)]
        on: Box<OnTarget>,
    },
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(subcommand)]
        command: Runner,
    }

    fn read(line: &str) -> Result<Runner, String> {
        let words = std::iter::once("migration-gate").chain(line.split(' '));
        let read = Program::try_parse_from(words);
        read.map(|program| program.command).map_err(|error| error.kind().to_string())
    }

    #[test]
    fn the_commands_are_sound() {
        Program::command().debug_assert();
    }

    #[test]
    fn a_line_says_what_it_means() {
        let Ok(Runner::Apply(apply)) = read(
            "apply db --target production --class post_deploy --class online --on-conflict \
             logic=in-order --approved-by dba --retry",
        ) else {
            panic!("apply")
        };
        assert_eq!(apply.wanted.class, [ClassName::PostDeploy, ClassName::Online]);
        assert_eq!(apply.wanted.on_conflict, ["logic=in-order"]);
        assert_eq!(apply.on.place().path.to_str(), Some("db"));
        assert_eq!((apply.on.place().head, apply.retry), (None, true));
        let line = "resolve 0003_a --as rolled-back --reason because --by me --target t";
        let Ok(Runner::Resolve(resolve)) = read(line) else { panic!("resolve") };
        assert_eq!(
            (resolve.migration.as_str(), resolve.outcome),
            ("0003_a", ResolvedAs::RolledBack)
        );
        assert_eq!(resolve.on.path.to_str(), Some("."));
        assert!(matches!(
            read("journal verify --database a.db --set shop"),
            Ok(Runner::Journal { action: Journal::Verify { .. } })
        ));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for line in [
            "plan --target a --database b.db",
            "plan --target a --set b",
            "plan --head HEAD",
            "apply --plan p.json --class online",
            "apply --class sometimes",
            "apply --allow-down",
            "apply --as-of 2026-11-21",
            "resolve 1 --as mended --reason a --by b",
            "resolve 1 --as applied --by b",
            "resolve 1 --as applied --reason a",
            "resolve 1 --as applied --reason= --by b",
            "resolve 1 --as applied --reason a --by=",
            "apply --approved-by=",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
