//! The escape hatches: processes that take a document and give one.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::jq;
use super::operation::Problem;
use crate::confine::{Unready, Workplace, unconfined};
use crate::host::{self, Captured};
use crate::model::{CannotRun, printable};

/// The most that a process may print, in bytes.
pub(super) const MOST: u64 = 16 * 1024 * 1024;

/// What the escape hatches of config migrations may use.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    /// What evaluates jq. `None` where none is to run.
    pub jq: Option<jq::Evaluator>,
    /// A copy of the repository's files, in which commands run. `None` where they may not run.
    pub commands: Option<Workplace>,
    /// The longest that a program's operations, or one of its processes, may take for one document.
    pub limit: Duration,
}

impl Tools {
    /// What a jq program makes of a document.
    pub(super) fn jq(&self, program: &str, document: &Value) -> Result<Value, Problem> {
        let evaluator = self.jq.as_ref().ok_or_else(|| {
            Problem::CannotRun(CannotRun {
                reason: "it runs a jq program, and none is to run here".into(),
                way_out: "check the change with the command line program".into(),
            })
        })?;
        evaluator.run(program, document, self.limit)
    }

    /// What a command makes of a document.
    pub(super) fn command(&self, words: &[String], document: &Value) -> Result<Value, Problem> {
        let place = self.commands.as_ref().ok_or_else(|| {
            Problem::CannotRun(CannotRun {
                reason: "it runs a command, and the change's own commands may not run here".into(),
                way_out: "write it with the other operations or in jq, or run the gate with \
                          --allow-commands"
                    .into(),
            })
        })?;
        let shown = printable(&words.join(" ")).into_owned();
        let home = host::temp_folder()
            .map_err(|error| Problem::Ours(format!("no temporary folder can be made: {error}")))?;
        let mut command = place
            .command(words, home.path(), self.limit)
            .map_err(|unready| refused(unready, &shown))?;
        match capture(&mut command, &shown, &document.to_string(), self.limit)? {
            Ended::Failed(said) => {
                Err(Problem::Fails(format!("fails: {}", last_line(&said, &place.folder))))
            }
            Ended::Printed(text) => serde_json::from_str(&text)
                .map_err(|error| Problem::Fails(format!("prints no JSON document: {error}"))),
        }
    }
}

/// Why a command does not run.
fn refused(unready: Unready, shown: &str) -> Problem {
    let (reason, way_out) = match unready {
        Unready::Nameless => return Problem::Fails("names no program".into()),
        Unready::Missing => {
            (format!("`{shown}` is not on this machine"), "install it where the gate runs".into())
        }
        Unready::Unconfined => (
            "it runs a command, and the kernel here cannot confine one".into(),
            unconfined("commands"),
        ),
    };
    Problem::CannotRun(CannotRun { reason, way_out })
}

/// The last line that a command said; the folder has another name in each run.
fn last_line(said: &str, folder: &Path) -> String {
    let said = said.replace(&*folder.to_string_lossy(), ".");
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    printable(last.unwrap_or("it does not say why").trim()).into_owned()
}

/// How a process ended.
pub(super) enum Ended {
    /// With success; this is what it printed.
    Printed(String),
    /// Without; this is what it complained.
    Failed(String),
}

/// Runs a process that reads `input`.
pub(super) fn capture(
    command: &mut Command,
    shown: &str,
    input: &str,
    limit: Duration,
) -> Result<Ended, Problem> {
    match host::capture_fed(command, input.as_bytes(), limit, MOST) {
        Ok(Captured::Done(true, out, _)) => String::from_utf8(out)
            .map(Ended::Printed)
            .map_err(|_| Problem::Fails("prints no UTF-8".into())),
        Ok(Captured::Done(false, _, said)) => Ok(Ended::Failed(said)),
        Ok(Captured::Stopped(stop)) => Err(Problem::Stopped(stop)),
        Ok(Captured::TooMuch) => Err(Problem::Fails("prints more than 16 MiB".into())),
        Err(error) => Err(Problem::Ours(format!("`{shown}` cannot be run: {error}"))),
    }
}
