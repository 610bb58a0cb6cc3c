//! The pre-push hook, with Git itself: what is pushed is checked, and what is blocked stays here.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use migration_gate::host;

use crate::support::{Folder, PROGRAM, Ran, bare, commit, gate, git, program, repository};

const UP: &str = "migrations/0001_users.up.sql";
const DOWN: &str = "migrations/0001_users.down.sql";

/// A remote and a clone of it that has the hook.
struct Pair {
    folder: Folder,
}

impl Pair {
    /// Both know a sound migration on `main`.
    fn new() -> Self {
        let pair = Self::empty();
        pair.write(UP, "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);");
        pair.write(DOWN, "DROP TABLE users;");
        commit(&pair.clone());
        git(&pair.clone(), &["push", "-q", "origin", "main"]);
        let out = gate(&pair.clone(), &["hook", "install"]).quiet(0);
        assert!(out.starts_with(".git/hooks/pre-push is written"), "{out}");
        pair
    }

    /// A remote without a branch, and a clone without a commit and without the hook.
    fn empty() -> Self {
        let folder = Folder::new(&[]);
        git(folder.path(), &["init", "-q", "--bare", "-b", "main", "remote"]);
        git(folder.path(), &["clone", "-q", "remote", "clone"]);
        Self { folder }
    }

    fn clone(&self) -> PathBuf {
        self.folder.path().join("clone")
    }

    fn write(&self, name: &str, text: &str) {
        self.folder.write(&format!("clone/{name}"), text);
    }

    /// Puts a migration beside the others whose down leaves its table behind, or not.
    fn second(&self, down: &str) {
        self.write(
            "migrations/0002_orders.up.sql",
            "CREATE TABLE orders (id INTEGER PRIMARY KEY);",
        );
        self.write("migrations/0002_orders.down.sql", down);
        commit(&self.clone());
    }

    fn push(&self, arguments: &[&str]) -> Ran {
        push(&self.clone(), arguments)
    }

    /// The commit that the remote has under a name.
    fn remote(&self, name: &str) -> Option<String> {
        let mut git = bare(host::command("git"));
        let git = git.args(["rev-parse", "--verify", "-q", name]);
        let out = git.current_dir(self.folder.path().join("remote")).output().unwrap();
        out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
    }
}

/// Demands that a push was refused for what the gate found, and gives all that was shown.
fn blocked(ran: &Ran) -> String {
    let shown = format!("{}{}", ran.out, ran.err);
    assert!(ran.code != 0 && shown.contains("the push is refused\n"), "{shown}");
    shown
}

/// Demands that a push went through.
fn passed(ran: &Ran) {
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

/// `git push`, with the program on the PATH and nothing of the machine's settings.
fn push(at: &Path, arguments: &[&str]) -> Ran {
    run(&mut pushing(at, arguments))
}

fn pushing(at: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(host::command("git"));
    let folder = Path::new(PROGRAM).parent().unwrap().display();
    command.env("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin"));
    command.arg("push").args(arguments).current_dir(at).env("HOME", at);
    command
}

fn run(command: &mut Command) -> Ran {
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_SYSTEM", "/dev/null")]);
    crate::support::finish(command)
}

const BROKEN: &str = "SELECT 1;";
const SOUND: &str = "DROP TABLE orders;";

#[test]
fn a_broken_migration_is_not_pushed_and_a_mended_one_is() {
    let pair = Pair::new();
    git(&pair.clone(), &["switch", "-q", "-c", "orders"]);
    pair.second(BROKEN);
    // What is not committed is not pushed, and not checked.
    pair.write("migrations/0002_orders.down.sql", SOUND);
    let shown = blocked(&pair.push(&["origin", "orders"]));
    for part in ["0002_orders", "rollback/", "git push --no-verify"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert_eq!(pair.remote("orders"), None);

    commit(&pair.clone());
    let pushed = pair.push(&["origin", "orders"]);
    passed(&pushed);
    assert!(pair.remote("orders").is_some());

    // What only a branch had may still be edited: it is no merged migration.
    pair.write("migrations/0002_orders.up.sql", "CREATE TABLE orders (id INTEGER, note TEXT);");
    commit(&pair.clone());
    let edited = pair.push(&["origin", "orders"]);
    passed(&edited);

    let forced = {
        git(&pair.clone(), &["commit", "-q", "--amend", "-m", "other words"]);
        pair.push(&["--force", "origin", "orders"])
    };
    passed(&forced);

    let before = pair.remote("orders");
    pair.write("migrations/0002_orders.down.sql", BROKEN);
    git(&pair.clone(), &["add", "-A"]);
    git(&pair.clone(), &["commit", "-q", "--amend", "-m", "broken again"]);
    blocked(&pair.push(&["--force", "origin", "orders"]));
    assert_eq!(pair.remote("orders"), before);
    passed(&pair.push(&["--force", "--no-verify", "origin", "orders"]));
    assert_ne!(pair.remote("orders"), before);

    let deleted = pair.push(&["origin", "--delete", "orders"]);
    passed(&deleted);
    assert_eq!(pair.remote("orders"), None);
}

#[test]
fn a_push_to_the_target_branch_starts_from_what_the_remote_has() {
    let pair = Pair::new();
    pair.write(UP, "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, mail TEXT);");
    commit(&pair.clone());
    let edited = pair.push(&["origin", "main"]);
    passed(&edited);
    let shown = format!("{}{}", edited.out, edited.err);
    assert!(shown.contains("history/edited"), "{shown}");

    // Somebody else was faster, and this clone has never seen that commit.
    let other = pair.folder.path().join("other");
    git(pair.folder.path(), &["clone", "-q", "remote", "other"]);
    std::fs::write(other.join("README"), "new").unwrap();
    commit(&other);
    git(&other, &["push", "-q", "origin", "main"]);
    pair.second(SOUND);
    let forced = pair.push(&["--force", "origin", "main"]);
    passed(&forced);
}

#[test]
fn the_first_push_to_an_empty_remote_is_judged_as_a_whole() {
    let pair = Pair::empty();
    pair.write(UP, "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);");
    pair.write(DOWN, BROKEN);
    commit(&pair.clone());
    gate(&pair.clone(), &["hook", "install"]).quiet(0);
    blocked(&pair.push(&["origin", "main"]));
    pair.write(DOWN, "DROP TABLE users;");
    commit(&pair.clone());
    // What is baseline is not judged, and nothing is said of it that does not hold.
    gate(&pair.clone(), &["init", "--yes"]).quiet(0);
    commit(&pair.clone());
    let pushed = pair.push(&["origin", "main"]);
    passed(&pushed);
    let shown = format!("{}{}", pushed.out, pushed.err);
    for part in ["passed: 1 migration, none judged\n", "base    none, everything is judged\n"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn tags_are_told_of_and_a_commit_is_checked_once() {
    let pair = Pair::new();
    git(&pair.clone(), &["tag", "v1"]);
    let tagged = pair.push(&["origin", "v1"]);
    assert_eq!(tagged.code, 0);
    assert!(tagged.err.contains("refs/tags/v1 is no branch and is not checked"), "{}", tagged.err);
    pair.second(BROKEN);
    let both = pair.push(&["origin", "HEAD:refs/heads/a", "HEAD:refs/heads/b"]);
    let shown = blocked(&both);
    assert_eq!(shown.matches("blocked: ").count(), 1, "{shown}");
}

/// The line of a push, straight to the program.
fn told(at: &Path, line: &str) -> Ran {
    let folder = Folder::new(&[("line", line)]);
    let input = std::fs::File::open(folder.path().join("line")).unwrap();
    let mut command = program(at);
    let output = command.args(["hook", "run"]).stdin(Stdio::from(input)).output().unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn the_environment_of_pre_commit_does_not_outweigh_what_git_says() {
    let pair = Pair::new();
    git(&pair.clone(), &["branch", "orders"]);
    git(&pair.clone(), &["switch", "-q", "orders"]);
    pair.second(BROKEN);
    git(&pair.clone(), &["switch", "-q", "main"]);
    let mut inside = pushing(&pair.clone(), &["origin", "orders"]);
    blocked(&run(inside.env("PRE_COMMIT", "1")));
    assert_eq!(pair.remote("orders"), None);

    // The framework itself has read standard input, and gives no arguments.
    let commit = git(&pair.clone(), &["rev-parse", "orders"]);
    let mut hook = program(&pair.clone());
    hook.args(["hook", "run"]).envs([("PRE_COMMIT", "1"), ("PRE_COMMIT_TO_REF", &commit)]);
    hook.env("PRE_COMMIT_REMOTE_BRANCH", "refs/heads/orders");
    blocked(&run(&mut hook));
    // Nothing is pushed.
    let mut hook = program(&pair.clone());
    passed(&run(hook.args(["hook", "run", "origin", "url"]).env("PRE_COMMIT", "1")));
}

#[test]
fn the_repository_that_git_was_told_of_is_checked() {
    let pair = Pair::new();
    let clone = pair.clone();
    git(&clone, &["switch", "-q", "-c", "orders"]);
    pair.second(BROKEN);
    git(&clone, &["switch", "-q", "-c", "mended"]);
    pair.write("migrations/0002_orders.down.sql", SOUND);
    commit(&clone);
    let linked = pair.folder.path().join("linked");
    git(&clone, &["worktree", "add", "-q", linked.to_str().unwrap(), "orders"]);
    let outside = Folder::new(&[("sub/a", "a")]);
    let dir = clone.join(".git").display().to_string();
    let tree = clone.display().to_string();
    let of_linked = clone.join(".git/worktrees/linked").display().to_string();
    let name = Path::new(&tree).file_name().unwrap().to_str().unwrap().to_owned() + "/.git";
    for (at, variables) in [
        (outside.path(), vec![("GIT_DIR", &dir)]),
        (outside.path(), vec![("GIT_DIR", &dir), ("GIT_WORK_TREE", &tree)]),
        (outside.path(), vec![("GIT_DIR", &of_linked)]),
        (pair.folder.path(), vec![("GIT_DIR", &name)]),
        (linked.as_path(), vec![]),
    ] {
        let pushing = |branch| {
            let mut command = pushing(at, &["origin", branch]);
            command.envs(variables.clone());
            run(&mut command)
        };
        let shown = blocked(&pushing("orders"));
        assert!(shown.contains("rollback/"), "{variables:?}: {shown}");
        passed(&pushing("mended"));
        git(&clone, &["push", "-q", "--no-verify", "origin", ":mended"]);
    }
    // A bare repository has no working tree to run in.
    let bare = pair.folder.path().join("bare");
    git(pair.folder.path(), &["clone", "-q", "--bare", "clone", "bare"]);
    std::fs::copy(clone.join(".git/hooks/pre-push"), bare.join("hooks/pre-push")).unwrap();
    let remote = pair.folder.path().join("remote");
    let shown = blocked(&push(&bare, &[remote.to_str().unwrap(), "orders"]));
    assert!(shown.contains("rollback/"), "{shown}");
}

#[test]
fn every_refusal_says_so_and_only_what_is_broken_is_to_be_mended() {
    let folder = Folder::new(&[("a", "a")]);
    repository(folder.path());
    for line in ["nonsense\n", "a b c\n--help\n"] {
        let refused = told(folder.path(), line);
        assert_eq!(refused.code, 2);
        for part in ["no such line", "so it is refused\n", "git push --no-verify"] {
            assert!(refused.err.contains(part), "{part}: {}", refused.err);
        }
        assert!(!refused.err.contains("mend it"), "{}", refused.err);
    }
}

#[test]
fn what_cannot_be_told_is_no_pass() {
    let folder = Folder::new(&[
        (UP, "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);"),
        (DOWN, "DROP TABLE users;"),
    ]);
    repository(folder.path());
    let (one, zero) = ("1".repeat(40), "0".repeat(40));
    assert_eq!(told(folder.path(), "").code, 0, "everything is up to date");
    assert_eq!(told(folder.path(), "nonsense\n").code, 2);
    assert_eq!(told(folder.path(), &format!("(delete) {zero} refs/heads/a {one}\n")).code, 0);
    let gone = told(folder.path(), &format!("refs/heads/a {one} refs/heads/a {zero}\n"));
    assert_ne!(gone.code, 0, "{}", gone.out);
    assert!(gone.err.contains("nothing can be told of the push"), "{}", gone.err);
    // The remote's commit is not here, and there is no other branch to compare with.
    git(folder.path(), &["branch", "-m", "dev"]);
    let head = std::fs::read_to_string(folder.path().join(".git/refs/heads/dev")).unwrap();
    let unknown =
        told(folder.path(), &format!("refs/heads/dev {} refs/heads/dev {one}\n", head.trim()));
    assert_eq!(unknown.code, 3, "{}{}", unknown.out, unknown.err);
    assert!(unknown.err.contains("git fetch origin refs/heads/dev"), "{}", unknown.err);
    // With 64 digits an id is as long as SHA-256 makes it.
    let long = "0".repeat(64);
    assert_eq!(told(folder.path(), &format!("x {long} refs/heads/a {long}\n")).code, 0);
}

#[test]
fn a_hook_of_somebody_else_is_left_alone() {
    let folder = Folder::new(&[("a", "a")]);
    repository(folder.path());
    let hook = folder.path().join(".git/hooks/pre-push");
    let install = || gate(folder.path(), &["hook", "install"]);
    let uninstall = || gate(folder.path(), &["hook", "uninstall"]);
    assert!(uninstall().quiet(0).contains("was not there"));
    install().quiet(0);
    assert_eq!(hook.metadata().unwrap().permissions().mode() & 0o100, 0o100);
    assert!(install().quiet(0).contains("is there already"));
    assert!(uninstall().quiet(0).contains("is removed"));
    assert!(!hook.exists());

    std::fs::write(&hook, "#!/bin/sh\ngit lfs pre-push \"$@\"\n").unwrap();
    let refused = install().refused(2);
    assert!(refused.contains("somebody else's") && refused.contains("git lfs"), "{refused}");
    uninstall().refused(2);
    assert!(std::fs::read_to_string(&hook).unwrap().contains("lfs"));

    std::fs::remove_file(&hook).unwrap();
    symlink(folder.path().join("target"), &hook).unwrap();
    install().refused(2);
    assert!(!folder.path().join("target").exists());
    std::fs::remove_file(&hook).unwrap();

    for (name, text, said) in [
        ("lefthook.yml", "", "use_stdin: true"),
        (".pre-commit-config.yaml", "repos: []", "stages: [pre-push]"),
    ] {
        folder.write(name, text);
        let refused = install().refused(2);
        assert!(refused.contains(said), "{refused}");
        // The guide says the same, line by line.
        let guide = include_str!("../../docs/local.md");
        for line in refused.lines().skip(2) {
            assert!(guide.contains(line.trim()), "docs/local.md lacks {line}");
        }
        std::fs::remove_file(folder.path().join(name)).unwrap();
        assert!(!hook.exists());
    }
}

#[test]
fn the_folder_that_git_uses_gets_the_hook() {
    let folder = Folder::new(&[("a", "a")]);
    let at = folder.path();
    repository(at);
    git(at, &["worktree", "add", "-q", "linked"]);
    let said = gate(&at.join("linked"), &["hook", "install"]).quiet(0);
    assert!(at.join(".git/hooks/pre-push").is_file(), "{said}");

    git(at, &["config", "core.hooksPath", ".githooks"]);
    gate(at, &["hook", "install"]).quiet(0);
    assert!(at.join(".githooks/pre-push").is_file());

    git(at, &["config", "core.hooksPath", ".husky/_"]);
    assert!(gate(at, &["hook", "install"]).refused(2).contains(".husky/pre-push"));

    let shared = Folder::new(&[]);
    git(at, &["config", "core.hooksPath", shared.path().to_str().unwrap()]);
    assert!(gate(at, &["hook", "install"]).refused(2).contains("leads out of the repository"));
    assert!(!shared.path().join("pre-push").exists());

    git(folder.path(), &["init", "-q", "--object-format=sha256", "long"]);
    let refused = gate(&at.join("long"), &["hook", "install"]).refused(3);
    assert!(refused.contains("SHA-256, which is not supported"), "{refused}");
    assert!(!at.join("long/.git/hooks/pre-push").exists());

    let outside = Folder::new(&[]);
    let refused = gate(outside.path(), &["hook", "install"]).refused(2);
    assert!(refused.contains("not inside a Git repository"), "{refused}");
}
