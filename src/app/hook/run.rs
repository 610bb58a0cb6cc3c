//! `hook run`: what a push brings, each commit checked once, and not the working tree.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Parser as _;

use crate::app::check::check;
use crate::app::output::complain;
use crate::changes::{Pushed, Since, since};
use crate::cli::{Check, Cli, Command, HookRun};
use crate::error::GateError;
use crate::host;

/// More than a push of every branch of a large repository.
const MOST_BYTES: u64 = 4 << 20;

const AROUND: &str = "to push without the check: git push --no-verify";

pub(super) fn run(args: &HookRun, color: bool) -> Result<u8, GateError> {
    if host::stdin_is_terminal() && host::env("PRE_COMMIT").is_none() {
        return Err(GateError::Usage(
            "`hook run` reads what Git tells a pre-push hook, and this is a terminal\n  help: \
             `migration-gate hook install` makes Git run it; `migration-gate check` checks the \
             working tree"
                .into(),
        ));
    }
    let worst = told(args).map_or_else(|error| code_of(&error), |pushed| all(&pushed, args, color));
    match worst {
        0 => {}
        1 => complain(&format!("the push is refused\n  help: mend it and push again; {AROUND}")),
        _ => complain(&format!(
            "nothing can be told of the push, so it is refused\n  help: {AROUND}"
        )),
    }
    Ok(worst)
}

/// Checks all that is pushed; the worst exit code.
fn all(pushed: &[Pushed], args: &HookRun, color: bool) -> u8 {
    let remote = args.remote.clone().or_else(|| host::env_text("PRE_COMMIT_REMOTE_NAME"));
    let here = here();
    let mut checked = BTreeSet::new();
    let mut worst = 0;
    for pushed in pushed {
        let Some(commit) = &pushed.commit else { continue };
        if pushed.branch().is_none() {
            complain(&format!("{} is no branch and is not checked", pushed.remote_ref));
            continue;
        }
        let verdict =
            since(&here, pushed, remote.as_deref()).map_err(GateError::from).and_then(|since| {
                match checked.insert((commit.clone(), since.clone())) {
                    true => judge(&here, pushed, commit, &since, color),
                    false => Ok(0),
                }
            });
        worst = worse(worst, verdict.unwrap_or_else(|error| code_of(&error)));
    }
    worst
}

/// Says what went wrong, and gives its exit code.
fn code_of(error: &GateError) -> u8 {
    complain(&error.to_string());
    error.exit_code()
}

/// The repository that is pushed from. Git's hooks run at the top of the working tree, or in the
/// folder of a bare repository; where Git was told of another repository, it tells its hooks.
fn here() -> PathBuf {
    host::env("GIT_DIR").map_or_else(|| ".".into(), PathBuf::from)
}

/// A blocked push outweighs one of which nothing can be told.
fn worse(one: u8, other: u8) -> u8 {
    if one == 1 || other == 1 { 1 } else { one.max(other) }
}

/// What is pushed: what Git says on standard input, or what pre-commit says, which reads standard
/// input itself and tells its hooks no remote.
fn told(args: &HookRun) -> Result<Vec<Pushed>, GateError> {
    let mut text = String::new();
    let wrong = |what: &str| {
        GateError::Usage(format!(
            "{what}\n  help: standard input holds a line for each pushed branch: <local ref> \
             <local id> <remote ref> <remote id>, as githooks(5) says"
        ))
    };
    if !host::stdin_is_terminal() {
        let read = std::io::stdin().lock().take(MOST_BYTES + 1).read_to_string(&mut text);
        read.map_err(|error| wrong(&format!("cannot read what is pushed: {error}")))?;
    }
    if text.len() as u64 > MOST_BYTES {
        return Err(wrong("this is more than any push brings"));
    }
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.is_empty() && args.remote.is_none() {
        return Ok(under_pre_commit().into_iter().collect());
    }
    let parse =
        |line: &str| Pushed::parse(line).ok_or_else(|| wrong(&format!("no such line: {line}")));
    lines.into_iter().map(parse).collect()
}

/// What the pre-commit framework says of the push: the first branch, by the environment. Of a push
/// with a root commit, and outside of a push, it names no commits.
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
fn judge(
    here: &Path,
    pushed: &Pushed,
    commit: &str,
    since: &Since,
    color: bool,
) -> Result<u8, GateError> {
    complain(&format!("migration-gate checks what goes to {}", pushed.remote_ref));
    let mut check_it = arguments(commit, since)?;
    check_it.place.path = here.to_owned();
    check(&check_it, color)
}

/// The arguments of `check`, with the defaults of its own.
fn arguments(commit: &str, since: &Since) -> Result<Check, GateError> {
    let mut words = vec!["migration-gate", "check", "--head", commit];
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
