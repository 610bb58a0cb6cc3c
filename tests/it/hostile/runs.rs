//! A run of the real binary over cases, and what has to be true of it afterwards.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use migration_gate::host;
use serde_json::Value;

use super::arena::{Arena, SECRETS, SONG};
use super::build::build;
use super::case::{Case, Kind, Verdict};
use super::processes::Watch;
use crate::support::{PROGRAM, bare};

/// The plain user that root can become.
pub(super) const PLAIN: &str = "nobody";
/// The longest that a run may take, however many cases it holds.
const LONGEST: Duration = Duration::from_secs(150);

/// Who runs the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    Root,
    Plain,
}

impl User {
    /// Whether the tests run as this user, or may become it.
    pub(super) fn is_here(self) -> bool {
        static ROOT: OnceLock<bool> = OnceLock::new();
        let is_root = *ROOT.get_or_init(|| {
            let output = host::command("id").arg("-u").output().unwrap();
            output.stdout == b"0\n"
        });
        self == Self::Plain || is_root
    }

    /// The gate as this user; a plain one gets a copy that it can reach.
    fn gate(self, arena: &Arena) -> Command {
        let mut command = match self {
            Self::Plain if Self::Root.is_here() => {
                let mut command = host::command("setpriv");
                command.args(["--reuid", PLAIN, "--regid", PLAIN_GROUP, "--clear-groups", "--"]);
                command.arg(reachable());
                command
            }
            _ => host::command(PROGRAM),
        };
        command = bare(command);
        let at = |name: &str| arena.path().join(name);
        command.env("HOME", at("home")).env("TMPDIR", at("tmp")).envs(SECRETS);
        command.env("XDG_CACHE_HOME", cache(self)).current_dir(at("repository"));
        command
    }
}

/// The group of [`PLAIN`], by number: its name differs between systems.
const PLAIN_GROUP: &str = "65534";

/// A copy of the binary, and caches, for everyone who is not root.
fn common() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::Builder::new().prefix("hostile-").tempdir_in("/tmp").unwrap();
        open(folder.path(), 0o755);
        fs::create_dir(folder.path().join("cache")).unwrap();
        open(&folder.path().join("cache"), 0o1777);
        fs::copy(PROGRAM, folder.path().join("migration-gate")).unwrap();
        folder
    });
    folder.path()
}

fn reachable() -> PathBuf {
    common().join("migration-gate")
}

fn cache(user: User) -> PathBuf {
    match user {
        User::Root => concat!(env!("CARGO_TARGET_TMPDIR"), "/cache").into(),
        User::Plain => common().join("cache"),
    }
}

fn open(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Runs cases together and gives whatever is not as it has to be.
pub(super) fn judge(cases: &[Case], user: User) -> Vec<String> {
    if !user.is_here() {
        eprintln!("SKIPPED: only root can run the gate as {user:?}");
        return Vec::new();
    }
    let mut arena = Arena::new();
    build(cases, &arena);
    if user == User::Plain && User::Root.is_here() {
        let folder = arena.path().join("repository");
        let mut command = host::command("chown");
        assert!(command.args(["-hR", PLAIN]).arg(folder).status().unwrap().success());
    }
    let begun = host::now();
    let ran = run(cases, user, &arena);
    let took = begun.elapsed();
    let mut faults = ran.faults.clone();
    if ran.text.contains("no PostgreSQL server") && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return faults;
    }
    faults.extend(arena.faults());
    faults.extend(unwanted(&ran));
    match serde_json::from_str::<Value>(&ran.out) {
        Ok(report) => {
            let verdicts = cases.iter().filter_map(|case| verdict_fault(case, &report));
            faults.extend(verdicts);
        }
        Err(_) => faults.extend(refused(cases, ran.code, &ran.text)),
    }
    let who = match cases {
        [case] => case.name.clone(),
        cases => format!("{} cases of {:?}", cases.len(), cases[0].kind),
    };
    eprintln!("{who} as {user:?} took {took:.1?}");
    let told = |fault: &String| format!("{who} as {user:?}: {fault}");
    faults.iter().map(told).inspect(|fault| eprintln!("{fault}")).collect()
}

/// What a run gave.
struct Ran {
    code: Option<i32>,
    out: String,
    /// Everything that was printed or written.
    text: String,
    faults: Vec<String>,
}

fn run(cases: &[Case], user: User, arena: &Arena) -> Ran {
    let mut command = user.gate(arena);
    command.args(["check", "--format", "json", "--statement-timeout", "1"]);
    for format in ["plain", "markdown", "html", "sarif", "junit", "github", "gitlab"] {
        let file = arena.path().join("out").join(format);
        command.arg("--report").arg(format!("{format}={}", file.display()));
    }
    command.args(cases.iter().flat_map(|case| &case.options));
    if cases.iter().any(|case| case.kind == Kind::Command) {
        command.arg("--allow-commands");
    }
    if !arena.path().join("repository/head/.git").exists() {
        command.args(["--base-dir", "base", "head"]);
    } else {
        command.current_dir(arena.path().join("repository/head"));
    }
    let file = |name: &str| fs::File::create(arena.path().join("home").join(name)).unwrap();
    command.stdin(Stdio::null()).stdout(file("stdout")).stderr(file("stderr"));
    let mut child = command.spawn().unwrap();
    let watch = Watch::new(child.id());
    let (code, mut faults) = ended(&mut child);
    faults.extend(watch.faults());
    let read = |name: &str| {
        let bytes = fs::read(arena.path().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let out = read("home/stdout");
    let written = fs::read_dir(arena.path().join("out")).unwrap().flatten();
    let written = written.map(|entry| read(&format!("out/{}", entry.file_name().display())));
    // In the other formats it is text like any other, in Markdown within code.
    if read("out/html").contains("<script>alert") {
        faults.push("the script of a stranger runs in a browser".into());
    }
    let text =
        written.fold(format!("{out}\n{}", read("home/stderr")), |all, one| all + "\n" + &one);
    Ran { code, out, text, faults }
}

/// Waits for the gate, but not for ever.
fn ended(child: &mut Child) -> (Option<i32>, Vec<String>) {
    let begun = host::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > LONGEST {
            child.kill().unwrap();
            child.wait().unwrap();
            return (None, vec!["it does not end".into()]);
        }
        host::pause(Duration::from_millis(10));
    }
    (child.wait().unwrap().code(), Vec::new())
}

/// What no output may hold, in no format.
fn unwanted(Ran { text, out, .. }: &Ran) -> Vec<String> {
    let mut faults = Vec::new();
    // JSON carries text as it was found, apart from what controls a terminal.
    if text[out.len()..].contains('\u{202e}') {
        faults.push("the output turns the direction of text".into());
    }
    let held = |what: &str| text.contains(what).then(|| format!("the output holds {what:?}"));
    faults.extend(held(SONG));
    faults.extend(SECRETS.iter().filter_map(|(_, secret)| held(secret)));
    faults.extend(["\u{1b}", "\u{7}", "\0"].into_iter().filter_map(held));
    let is_command = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("::set-output") || line.starts_with("::stop-commands")
    };
    let commands = text.lines().filter(is_command);
    faults.extend(commands.map(|line| format!("the output holds the command {line}")));
    faults
}

/// What is wrong with the report of a case's set.
fn verdict_fault(case: &Case, report: &Value) -> Option<String> {
    let list = |key: &str| report[key].as_array().cloned().unwrap_or_default();
    let is_ours = |entry: &Value| case.kind == Kind::Files || entry["set"] == *case.name;
    let findings: Vec<Value> = list("findings").into_iter().filter(is_ours).collect();
    let untold: Vec<Value> = list("inconclusive").into_iter().filter(is_ours).collect();
    let verdict = if findings.iter().any(|finding| finding["level"] == "error") {
        Verdict::Block
    } else if !untold.is_empty() || report["verdict"] == "inconclusive" {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    };
    let fits = match case.verdict {
        Verdict::NotPass => verdict != Verdict::Pass,
        wanted => verdict == wanted,
    };
    let has_rule = |rule: &str| findings.iter().any(|finding| finding["rule"] == rule);
    let told = serde_json::to_string(&(&findings, &untold)).unwrap();
    let fits = fits
        && case.rule.as_deref().is_none_or(has_rule)
        && case.says.as_deref().is_none_or(|says| told.contains(says));
    let told: String = told.chars().take(1500).collect();
    let (wanted, rule, says) = (case.verdict, &case.rule, &case.says);
    (!fits).then(|| format!("{}: {verdict:?}, not {wanted:?} {rule:?} {says:?}: {told}", case.name))
}

/// What is wrong where the gate gave no report.
fn refused(cases: &[Case], code: Option<i32>, text: &str) -> Option<String> {
    let text: String = text.chars().take(1500).collect();
    match cases {
        [Case { verdict: Verdict::Usage, says, .. }]
            if code == Some(2) && says.as_ref().is_none_or(|says| text.contains(says)) =>
        {
            None
        }
        [Case { verdict: Verdict::Inconclusive | Verdict::NotPass, says, .. }]
            if code == Some(3) && says.as_ref().is_none_or(|says| text.contains(says)) =>
        {
            None
        }
        _ => Some(format!("exit code {code:?} and no report: {text}")),
    }
}
