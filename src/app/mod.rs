//! The commands: each is a list of calls to the rooms below.

mod approvals;
mod bundle;
mod cache;
mod check;
mod ci;
mod confined;
mod create;
mod documents;
mod examples;
mod explain;
mod fix;
mod gather;
mod github;
mod govern;
mod graph;
mod hook;
mod init;
mod journal;
mod list;
mod manual;
mod merge;
mod output;
mod overdue;
mod plan;
mod printed;
mod progress;
mod publish;
mod pulls;
mod real;
mod sandbox;
mod shard;
mod written;

use crate::cli::{Cli, Color, Command, RulesFormat};
use crate::confine;
use crate::engine::documents::jq;
use crate::engine::postgres;
use crate::error::GateError;
use crate::host;

pub use explain::rules_markdown;
pub use plan::plan_text;

/// The exit code of a bug in this program (`EX_SOFTWARE` of sysexits.h).
const BUG: u8 = 70;

/// Runs a command; errors go to standard error. Returns the process exit code.
#[must_use]
pub fn main(cli: &Cli) -> u8 {
    match std::panic::catch_unwind(|| run(cli)) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            output::complain(&error.to_string());
            error.exit_code()
        }
        Err(_) => {
            output::complain(
                "this is a bug in migration-gate; please report it with the lines above",
            );
            BUG
        }
    }
}

fn run(cli: &Cli) -> Result<u8, GateError> {
    let color = match cli.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => host::terminal_colors(),
    };
    match &cli.command {
        Command::Check(args) => check::check(args, color),
        Command::Publish(args) => publish::publish(args),
        Command::Merge(args) => merge::merge(args, color),
        Command::List(args) => list::list(args),
        Command::Graph(args) => graph::graph(args),
        Command::Explain { rule } => explain::explain(rule, color),
        Command::Rules { markdown: true, .. } => explain::rules(RulesFormat::Markdown, color),
        Command::Rules { format, .. } => explain::rules(*format, color),
        Command::Init(args) => init::init(args),
        Command::Hook(command) => hook::hook(command, color),
        Command::Cache(command) => cache::cache(command),
        Command::Completions(args) => manual::completions(args),
        Command::Man(args) => manual::man(args),
        Command::Schema { file } => manual::schema(*file),
        Command::Pulls(args) => pulls::pulls(args),
        Command::OnTarget(command) => real::run(command),
        Command::EvaluateJq { unconfined } => {
            output::print(&jq::answer(std::io::stdin().lock(), *unconfined)).map(|()| 0)
        }
        Command::KeepServer { job } => Ok(postgres::keep_server(job).map(|()| 0)?),
        Command::Confine { policy, words } => {
            Err(GateError::Confined(confine::become_program(policy, words)))
        }
    }
}
