//! The program under test, and small repositories.

use std::path::Path;
use std::process::{Command, Stdio};

use migration_gate::host;

/// The program, as it is released.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_migration-gate");

/// The program with the working state of nobody: an environment without a CI, and a cache folder
/// of its own.
pub(crate) fn gate(home: &Path) -> Command {
    let mut command = host::command(PROGRAM);
    for name in ["GITHUB_ACTIONS", "CI_MERGE_REQUEST_DIFF_BASE_SHA", "MIGRATION_GATE_POSTGRES_URL"]
    {
        command.env_remove(name);
    }
    command.env("XDG_CACHE_HOME", home).env("MIGRATION_GATE_CACHE", "off");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a program whose words nobody wants; answers with its exit code.
pub(crate) fn exit_code(command: &mut Command) -> i32 {
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.expect("it starts").code().unwrap_or(-1)
}

/// Runs a check that comes to a verdict: passed or blocked.
pub(crate) fn judged(command: &mut Command) {
    let code = exit_code(command);
    assert!(code == 0 || code == 1, "{command:?} ended with {code}");
}

/// Runs a program that must succeed.
pub(crate) fn succeed(command: &mut Command) {
    let code = exit_code(command);
    assert!(code == 0, "{command:?} ended with {code}");
}

/// Git in a folder, away from the machine's settings.
pub(crate) fn git(folder: &Path, words: &[&str]) -> Command {
    let mut command = host::command("git");
    command.args(["-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "gc.auto=0"]);
    command.args(words).current_dir(folder);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command
}

/// Makes a folder a repository with everything in one commit.
pub(crate) fn first_commit(folder: &Path) {
    succeed(&mut git(folder, &["init", "-q", "-b", "main", "."]));
    commit(folder);
}

/// Commits everything, in a pack, as a fresh clone has it.
pub(crate) fn commit(folder: &Path) {
    succeed(&mut git(folder, &["add", "-A"]));
    succeed(&mut git(folder, &["commit", "-q", "-m", "state"]));
    succeed(&mut git(folder, &["repack", "-q", "-a", "-d"]));
}
