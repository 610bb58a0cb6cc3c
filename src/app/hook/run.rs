//! `hook run`: what a push brings, each commit checked once, and not the working tree.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use clap::Parser as _;

use crate::app::check::check;
use crate::app::output::complain;
use crate::changes::{Pushed, Since, since};
use crate::cli::{Check, Cli, Command, HookRun};
use crate::error::GateError;
use crate::host;

/// More than a push of every branch of a large repository.
const MOST_BYTES: u64 = 4 << 20;

/// Git's hooks run at the top of the working tree, or in the folder of a bare repository.
const HERE: &str = ".";

const AROUND: &str =
    "  help: mend it and push again; to push without the check: git push --no-verify";

pub(super) fn run(args: &HookRun, color: bool) -> Result<u8, GateError> {
    let pushed = match under_pre_commit() {
        Some(pushed) => vec![pushed],
        None => told()?,
    };
    let remote = args.remote.clone().or_else(|| host::env_text("PRE_COMMIT_REMOTE_NAME"));
    let mut checked = BTreeSet::new();
    let mut worst = 0;
    for pushed in &pushed {
        let Some(commit) = &pushed.commit else { continue };
        if pushed.branch().is_none() {
            complain(&format!("{} is no branch and is not checked", pushed.remote_ref));
            continue;
        }
        let verdict = since(Path::new(HERE), pushed, remote.as_deref())
            .map_err(GateError::from)
            .and_then(|since| match checked.insert((commit.clone(), since.clone())) {
                true => judge(pushed, commit, &since, color),
                false => Ok(0),
            });
        let code = verdict.unwrap_or_else(|error| {
            complain(&error.to_string());
            error.exit_code()
        });
        worst = worse(worst, code);
    }
    match worst {
        0 => {}
        1 => complain(&format!("the push is refused\n{AROUND}")),
        _ => complain(&format!("nothing can be told of the push, so it is refused\n{AROUND}")),
    }
    Ok(worst)
}

/// A blocked push outweighs one of which nothing can be told.
fn worse(one: u8, other: u8) -> u8 {
    if one == 1 || other == 1 { 1 } else { one.max(other) }
}

/// What Git says on standard input.
fn told() -> Result<Vec<Pushed>, GateError> {
    if host::stdin_is_terminal() {
        return Err(GateError::Usage(
            "`hook run` reads what Git tells a pre-push hook, and this is a terminal\n  help: \
             `migration-gate hook install` makes Git run it; `migration-gate check` checks the \
             working tree"
                .into(),
        ));
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text);
    let wrong = |what: &str| {
        GateError::Usage(format!(
            "{what}\n  help: standard input holds a line for each pushed branch: <local ref> \
             <local id> <remote ref> <remote id>, as githooks(5) says"
        ))
    };
    read.map_err(|error| wrong(&format!("cannot read what is pushed: {error}")))?;
    if text.len() as u64 > MOST_BYTES {
        return Err(wrong("this is more than any push brings"));
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| Pushed::parse(line).ok_or_else(|| wrong(&format!("no such line: {line}"))))
        .collect()
}

/// What the pre-commit framework says of the push: it reads standard input itself, and tells the
/// first branch by the environment. Of a push with a root commit, and outside of a push, it names
/// no commits.
fn under_pre_commit() -> Option<Pushed> {
    host::env("PRE_COMMIT")?;
    let named = |name: &str| host::env_text(name);
    let commit = named("PRE_COMMIT_TO_REF").or_else(|| named("PRE_COMMIT_LOCAL_BRANCH"));
    let branch = named("PRE_COMMIT_REMOTE_BRANCH");
    Some(Pushed {
        commit: Some(commit.unwrap_or_else(|| "HEAD".into())),
        remote_ref: branch.unwrap_or_else(|| "refs/heads/".into()),
        there: named("PRE_COMMIT_FROM_REF"),
    })
}

/// Checks one commit as `check` does.
fn judge(pushed: &Pushed, commit: &str, since: &Since, color: bool) -> Result<u8, GateError> {
    complain(&format!("migration-gate checks what goes to {}", pushed.remote_ref));
    check(&arguments(commit, since)?, color)
}

/// The arguments of `check`, with the defaults of its own.
fn arguments(commit: &str, since: &Since) -> Result<Check, GateError> {
    let mut words = vec!["migration-gate", "check", HERE, "--head", commit];
    match since {
        Since::Commit(base) => words.extend(["--base", base]),
        Since::TargetBranch => {}
        Since::Nothing => words.push("--all"),
    }
    match Cli::try_parse_from(words).map(|cli| cli.command) {
        Ok(Command::Check(check)) => Ok(*check),
        Ok(_) => Err(GateError::Usage("no check".into())),
        Err(error) => Err(GateError::Usage(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Since, arguments, worse};

    #[test]
    fn the_worst_verdict_counts_and_blocked_is_the_worst() {
        for (one, other, worst) in [(0, 0, 0), (0, 3, 3), (3, 1, 1), (1, 3, 1), (2, 3, 3)] {
            assert_eq!(worse(one, other), worst);
        }
    }

    #[test]
    fn a_pushed_commit_is_checked_like_any_other() {
        let base = Since::Commit("b".into());
        let check = arguments("h", &base).unwrap();
        assert_eq!((check.place.head.as_deref(), check.base.as_deref()), (Some("h"), Some("b")));
        assert!(!check.all && arguments("h", &Since::Nothing).unwrap().all);
        assert!(arguments("h", &Since::TargetBranch).unwrap().base.is_none());
    }
}
