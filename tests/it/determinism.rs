//! The same inputs give the same bytes, on whatever machine and by whomever they are checked.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;

use migration_gate::host;

use crate::support::{Folder, PROGRAM, bare, commit, finish, git, repository, write};

/// History: two sets, of which the second cannot run here.
const BASE: &[(&str, &str)] = &[
    ("go.mod", ""),
    (
        "db/sqlite/0001_users.up.sql",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, at TEXT DEFAULT CURRENT_TIMESTAMP);\n\
         INSERT INTO users (at) VALUES (datetime('now', 'localtime')), (random());\n",
    ),
    ("db/sqlite/0001_users.down.sql", "DROP TABLE users;\n"),
    ("db/sqlite/0002_posts.up.sql", "CREATE TABLE posts (id INTEGER PRIMARY KEY);\n"),
    ("db/sqlite/0002_posts.down.sql", "DROP TABLE posts;\n"),
    ("db/mysql/1_a.up.sql", "CREATE TABLE a (b int);\n"),
];

/// What the change writes: something for many rules to say.
const HEAD: &[(&str, &str)] = &[
    ("db/sqlite/0001_users.up.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY);\n"),
    (
        "db/sqlite/0003_trace.up.sql",
        "CREATE TABLE kept (a);\nCREATE TABLE tags (id, name);\nCREATE INDEX tag ON tags (name);\n",
    ),
    ("db/sqlite/0003_trace.down.sql", "DROP TABLE tags;\n"),
    ("db/sqlite/0003_twin.up.sql", "CREATE VIEW twin AS SELECT random() AS r FROM users;\n"),
    ("db/sqlite/0003_twin.down.sql", "DROP VIEW IF EXISTS twin;\n"),
    ("db/sqlite/0005_fails.up.sql", "INSERT INTO\n  nowhere VALUES ('größe', datetime('now'));\n"),
    ("db/sqlite/0006_one_way.up.sql", "ALTER TABLE users ADD COLUMN Ünï TEXT;\n"),
    ("db/sqlite/Notes.txt", "not a migration\n"),
    ("db/sqlite/notes.md", "not a migration\n"),
    ("db/mysql/2_b.up.sql", "CREATE TABLE b (c int);\n"),
    ("db/mysql/2_b.down.sql", "DROP TABLE b;\n"),
];

const REMOVED: &[&str] = &["db/sqlite/0002_posts.up.sql", "db/sqlite/0002_posts.down.sql"];

/// What differs between two machines and must not show.
struct Machine {
    folder: &'static str,
    variables: &'static [(&'static str, &'static str)],
    umask: &'static str,
    /// Files are created in the opposite order.
    backwards: bool,
    /// The binary is started elsewhere and given absolute paths.
    elsewhere: bool,
    /// Another user, where the tests may become one.
    nobody: bool,
}

const MACHINES: &[Machine] = &[
    Machine {
        folder: "a",
        variables: &[("TZ", "UTC"), ("LANG", "C"), ("USER", "gate-alice"), ("LC_ALL", "C")],
        umask: "022",
        backwards: false,
        elsewhere: false,
        nobody: false,
    },
    Machine {
        folder: "b/somewhere much deeper/größe",
        variables: &[
            ("TZ", "Pacific/Kiritimati"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("USER", "gate-bob"),
            ("TERM", "xterm-256color"),
            ("COLUMNS", "40"),
            ("CI", "true"),
        ],
        umask: "077",
        backwards: true,
        elsewhere: true,
        nobody: false,
    },
    Machine {
        folder: "c",
        variables: &[("TZ", "America/St_Johns"), ("USER", "gate-carol"), ("COLUMNS", "300")],
        umask: "000",
        backwards: true,
        elsewhere: false,
        nobody: true,
    },
];

/// A user who owns nothing; Linux calls it `nobody`.
const NOBODY: u32 = 65534;

#[test]
fn folders_give_the_same_bytes_everywhere() {
    same_everywhere(&["head", "--base-dir", "base"], &|at, machine| {
        fill(&at.join("base"), BASE, machine);
        fill(&at.join("head"), BASE, machine);
        for name in REMOVED {
            fs::remove_file(at.join("head").join(name)).unwrap();
        }
        fill(&at.join("head"), HEAD, machine);
    });
}

/// One machine has the repository itself, another a clone of it, where objects are packed and
/// times differ; the working tree holds a part of the change.
#[test]
fn repositories_give_the_same_bytes_everywhere() {
    same_everywhere(&["repo", "--base", "main"], &|at, machine| {
        let made = at.join(if machine.backwards { "origin" } else { "repo" });
        fill(&made, BASE, machine);
        repository(&made);
        git(&made, &["checkout", "-q", "-b", "change"]);
        for name in REMOVED {
            fs::remove_file(made.join(name)).unwrap();
        }
        commit(&made);
        if machine.backwards {
            git(at, &["clone", "-q", "origin", "repo"]);
            git(&at.join("repo"), &["branch", "-q", "main", "origin/main"]);
            fs::remove_dir_all(made).unwrap();
        }
        fill(&at.join("repo"), HEAD, machine);
    });
}

/// Sets run side by side where there are processors for it, in whatever order they end.
#[test]
fn sets_side_by_side_give_the_same_bytes_as_one_after_another() {
    let top = Folder::new(&[]);
    for set in ["a", "b", "c", "d", "e"] {
        for number in 1..=12 {
            let up = format!("CREATE TABLE t{number} (id INTEGER PRIMARY KEY);\n{set}{number};\n");
            let up = if number % 4 == 0 { up } else { up.replace(&format!("{set}{number};"), "") };
            write(top.path(), &format!("{set}/{number:04}_{set}.up.sql"), &up);
            let down = format!("DROP TABLE t{};\n", number - number % 5);
            write(top.path(), &format!("{set}/{number:04}_{set}.down.sql"), &down);
        }
    }
    let report = |one: bool| {
        let mut command = bare(host::command(if one { "taskset" } else { PROGRAM }));
        if one {
            command.args(["-c", "0", PROGRAM]);
        }
        command.args(["check", "--all", "--engine", "sqlite", "--format", "json"]);
        finish(command.current_dir(top.path())).quiet(1)
    };
    let alone = report(true);
    for set in ["a", "b", "c", "d", "e"] {
        assert!(alone.contains(&format!("near \\\"{set}12\\\"")), "{alone}");
    }
    for _ in 0..4 {
        assert_eq!(report(false), alone);
    }
}

fn fill(at: &Path, files: &[(&str, &str)], machine: &Machine) {
    let mut files = files.to_vec();
    if machine.backwards {
        files.reverse();
    }
    for (name, text) in files {
        write(at, name, text);
    }
}

/// Runs the check on every machine, `make` having put the files there.
fn same_everywhere(arguments: &[&str; 3], make: &dyn Fn(&Path, &Machine)) {
    let mut first: Option<[String; 3]> = None;
    for machine in MACHINES {
        let top = Folder::new(&[]);
        let at = top.path().join(machine.folder);
        fs::create_dir_all(&at).unwrap();
        make(&at, machine);
        let reports = reports(top.path(), &at, machine, arguments);
        for report in &reports {
            no_trace_of_the_machine(report, top.path());
        }
        // Every part of a report has something to say here, or the comparison proves little.
        for part in [
            "rollback/leaves-trace",
            "rollback/missing",
            "dryrun/up-fails",
            "history/duplicate-version",
            "history/deleted",
            "layout/unclaimed-file",
            "does not run mysql",
            "assumed",
        ] {
            assert!(reports[0].contains(part), "{part} is not in\n{}", reports[0]);
        }
        match &first {
            None => first = Some(reports),
            Some(first) => {
                for (one, other) in first.iter().zip(&reports) {
                    assert_eq!(one, other, "{}", machine.folder);
                }
            }
        }
    }
}

/// The plain, the JSON and the Markdown report of one run.
fn reports(top: &Path, at: &Path, machine: &Machine, arguments: &[&str; 3]) -> [String; 3] {
    for folder in ["out", "tmp", "home", "cwd"] {
        fs::create_dir(top.join(folder)).unwrap();
    }
    let nobody = machine.nobody && becomes_nobody();
    let mut binary = Path::new(PROGRAM).to_path_buf();
    if nobody {
        binary = top.join("gate");
        // A copy made by this process could still be open for writing in a child of another test.
        let status = host::command("cp").arg(PROGRAM).arg(&binary).status().unwrap();
        assert!(status.success());
        give(top);
    }
    let [head, option, base] = arguments.map(str::to_owned);
    let place = |name: String| match machine.elsewhere {
        true if name == "main" => name,
        true => at.join(name).to_str().unwrap().to_owned(),
        false => name,
    };
    let file = |format: &str| format!("{format}={}/{format}", top.join("out").display());
    let mut command = bare(host::command("/bin/sh"));
    command
        .args(["-c", "umask \"$1\"; shift; exec \"$@\"", "sh", machine.umask])
        .arg(binary)
        .args(["check", &place(head), &option, &place(base)])
        .args(["--report", &file("json"), "--report", &file("markdown")])
        .current_dir(if machine.elsewhere { top.join("cwd") } else { at.to_path_buf() })
        .envs(machine.variables.iter().copied())
        .envs([("HOME", top.join("home")), ("TMPDIR", top.join("tmp"))]);
    if nobody {
        command.uid(NOBODY).gid(NOBODY);
    }
    let plain = finish(&mut command).quiet(1);
    let left: Vec<_> = fs::read_dir(top.join("tmp")).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    let owner = fs::metadata(top.join("out/json")).unwrap().uid();
    assert!(!nobody || owner == NOBODY, "the other user did not run it");
    let read = |format: &str| fs::read_to_string(top.join("out").join(format)).unwrap();
    [plain, read("json"), read("markdown")]
}

/// Whether the tests run as a user who may become another.
fn becomes_nobody() -> bool {
    let output = host::command("id").arg("-u").output().unwrap();
    output.stdout == b"0\n"
}

/// Hands a folder and everything in it to nobody.
fn give(path: &Path) {
    chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    if path.is_dir() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path());
        }
    }
}

/// Demands that neither a path, nor a name, nor a time of this machine is in the text.
fn no_trace_of_the_machine(report: &str, top: &Path) {
    let own = top.file_name().unwrap().to_str().unwrap();
    for name in [own, "somewhere much deeper", "gate-alice", "gate-bob", "gate-carol"] {
        assert!(!report.contains(name), "{name} is in\n{report}");
    }
    let words: Vec<&str> =
        report.split(|c: char| !c.is_alphanumeric() && !matches!(c, '.' | '-')).collect();
    let named = ["hostname", "whoami"].map(|program| {
        let output = host::command(program).output();
        output.map(|output| String::from_utf8(output.stdout).unwrap()).unwrap_or_default()
    });
    for name in named.iter().map(|name| name.trim()).chain(["nobody"]) {
        assert!(!words.contains(&name) || name.is_empty(), "{name} is in\n{report}");
    }
    for pair in words.windows(2) {
        assert!(!is_duration(pair[0], pair[1]), "{} {} is in\n{report}", pair[0], pair[1]);
        assert!(!is_date(pair[0]), "{} is in\n{report}", pair[0]);
    }
}

/// `12ms`, `1.5 s` and the like.
fn is_duration(word: &str, next: &str) -> bool {
    let unit = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let unit = if unit.is_empty() { next } else { unit };
    word.starts_with(|c: char| c.is_ascii_digit())
        && ["ns", "µs", "us", "ms", "s", "sec", "seconds"].contains(&unit)
}

/// `2026-01-31` and what begins so.
fn is_date(word: &str) -> bool {
    let shape: String =
        word.chars().take(10).map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00"
}

#[test]
fn traces_would_be_seen() {
    assert!(is_duration("12ms", "x") && is_duration("1.5", "s") && is_duration("3", "seconds"));
    assert!(!is_duration("3", "judged") && !is_duration("0003_s", "s") && !is_duration("ms", "s"));
    assert!(is_date("2026-01-31") && is_date("2026-01-31T10") && !is_date("0001_users"));
}
