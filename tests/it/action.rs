//! `.github/action/run.sh` as a runner calls it: the inputs and the event come by the environment.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use migration_gate::host;
use tiny_http::{Method, Response, Server};

use crate::support::{Folder, PROGRAM, Ran, bare, commit, copy, finish, git, repository};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const NOWHERE: &str = "0000000000000000000000000000000000000000";

/// The inputs that action.yml hands on by the environment, with their defaults.
fn inputs() -> BTreeMap<String, String> {
    let text = fs::read_to_string(Path::new(ROOT).join("action.yml")).unwrap();
    let (declared, rest) = text.split_once("\noutputs:").unwrap();
    let mut defaults = BTreeMap::new();
    let mut name = "";
    for line in declared.lines() {
        if let Some(default) = line.strip_prefix("    default: ") {
            defaults.insert(name.to_owned(), default.trim_matches('"').to_owned());
        } else if line.starts_with("  ") && !line.starts_with("   ") {
            name = line.trim().trim_end_matches(':');
        }
    }
    let handed_on = rest.lines().filter_map(|line| {
        let (variable, value) = line.trim().split_once(": ${{ inputs.")?;
        Some((variable.to_owned(), defaults.remove(value.trim_end_matches(" }}")).unwrap()))
    });
    let found: BTreeMap<_, _> = handed_on.collect();
    assert!(defaults.is_empty(), "no use is made of {defaults:?}");
    found
}

fn id(at: &Path, revision: &str) -> String {
    let output = host::command("git").args(["rev-parse", revision]).current_dir(at).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

/// A forge with a repository `origin`, and a runner with its checkout `work`.
struct Forge(Folder);

impl Forge {
    /// `main` holds the shop's base, then a branch `change` its broken head, and `main` goes on.
    /// `pull` is the merge that GitHub makes of them.
    fn new() -> Self {
        let forge = Self(Folder::new(&[("runner/home/.keep", "")]));
        let shop = Path::new(ROOT).join("fixtures/repos/web-shop");
        let origin = forge.path("origin");
        copy(&shop.join("base"), &origin);
        repository(&origin);
        git(&origin, &["config", "uploadpack.allowAnySHA1InWant", "true"]);
        git(&origin, &["checkout", "-q", "-b", "change"]);
        copy(&shop.join("head"), &origin);
        fs::write(origin.join("$(touch hit) `touch hit`\n::error::hit.sql"), "SELECT 1;\n")
            .unwrap();
        commit(&origin);
        git(&origin, &["checkout", "-q", "main"]);
        fs::write(origin.join("README.md"), "A shop.\n").unwrap();
        commit(&origin);
        git(&origin, &["checkout", "-q", "-b", "pull"]);
        git(&origin, &["merge", "-q", "--no-ff", "-m", "Merge 1 into 2", "change"]);
        git(&origin, &["checkout", "-q", "main"]);
        forge
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn id(&self, revision: &str) -> String {
        id(&self.path("origin"), revision)
    }

    /// What `actions/checkout` does without options: one commit, and nothing of its history.
    fn check_out(&self, revision: &str) {
        let work = self.path("work");
        let origin = format!("file://{}", self.path("origin").display());
        fs::create_dir_all(&work).unwrap();
        git(&work, &["init", "-q"]);
        git(&work, &["remote", "add", "origin", &origin]);
        git(&work, &["fetch", "-q", "--depth=1", "origin", &self.id(revision)]);
        git(&work, &["checkout", "-q", "--detach", "FETCH_HEAD"]);
    }

    /// Runs the action on an event. `settings` are variables of the environment.
    fn run(&self, event: &str, body: &str, settings: &[(&str, &str)]) -> Step {
        self.0.write("runner/event.json", body);
        self.0.write("runner/output", "");
        self.0.write("runner/summary", "");
        let mut command = bare(host::command("bash"));
        command
            .arg(Path::new(ROOT).join(".github/action/run.sh"))
            .current_dir(self.path("work"))
            .envs(inputs())
            .env("INPUT_BINARY", PROGRAM)
            .env("INPUT_TOKEN", "")
            .env("INPUT_PUBLISH", "false")
            .env("ACTION_PATH", ROOT)
            .env("ACTION_REPOSITORY", "")
            .env("HOME", self.path("runner/home"))
            .env("RUNNER_TEMP", self.path("runner"))
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_NAME", event)
            .env("GITHUB_EVENT_PATH", self.path("runner/event.json"))
            .env("GITHUB_OUTPUT", self.path("runner/output"))
            .env("GITHUB_REPOSITORY", "shop/shop")
            .env("GITHUB_SERVER_URL", "https://github.example")
            .env("GITHUB_SHA", id(&self.path("work"), "HEAD"))
            .env("GITHUB_STEP_SUMMARY", self.path("runner/summary"))
            .env("GITHUB_WORKSPACE", self.path("work"))
            .envs(settings.iter().copied());
        let ran = finish(&mut command);
        let output = self.0.read("runner/output");
        let outputs = output.lines().filter_map(|line| line.split_once('='));
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        assert!(!self.path("work/hit").exists(), "a name of a file was run");
        Step { ran, outputs, summary: self.0.read("runner/summary") }
    }
}

/// What a step left behind.
#[derive(Debug)]
struct Step {
    ran: Ran,
    outputs: BTreeMap<String, String>,
    summary: String,
}

impl Step {
    fn judged(&self, code: i32, verdict: &str, errors: &str) {
        let output = |name: &str| self.outputs.get(name).map(String::as_str);
        assert_eq!(
            (self.ran.code, output("verdict"), output("errors")),
            (code, Some(verdict), Some(errors)),
            "{self:#?}"
        );
        assert_eq!(output("warnings"), Some("0"), "{self:#?}");
        assert_eq!(output("notes"), Some("0"), "{self:#?}");
        assert_eq!(output("digest").map(str::len), Some(64), "{self:#?}");
        let report = fs::read_to_string(output("report").unwrap()).unwrap();
        assert!(report.contains(output("digest").unwrap()), "{report}");
    }

    fn refused(&self, words: &str) {
        assert_eq!(self.ran.code, 2, "{self:#?}");
        assert!(self.ran.out.contains("::error") && self.ran.out.contains(words), "{self:#?}");
        assert!(self.outputs.is_empty(), "{self:#?}");
    }
}

#[test]
fn a_pull_request_is_judged_from_a_checkout_of_one_commit() {
    let forge = Forge::new();
    forge.check_out("pull");
    let event = r#"{"pull_request":{"number":1}}"#;
    let step = forge.run("pull_request", event, &[("GITHUB_BASE_REF", "main")]);
    step.judged(1, "block", "6");
    assert!(step.ran.out.contains("::error file=db/migrations/0006_track_stock.down.sql,line=1"));
    assert!(!step.ran.out.contains("\n::error::hit"), "{}", step.ran.out);
    assert!(step.summary.contains("Migrations blocked: 6 errors"), "{}", step.summary);
}

#[test]
fn the_head_of_a_pull_request_is_compared_with_where_it_branched_off() {
    let forge = Forge::new();
    forge.check_out("change");
    let merge = forge.id("pull");
    let settings = [("GITHUB_BASE_REF", "main"), ("GITHUB_SHA", &merge)];
    forge.run("pull_request", "{}", &settings).judged(1, "block", "6");
}

#[test]
fn a_merge_group_is_compared_with_its_own_base() {
    let forge = Forge::new();
    forge.check_out("pull");
    let event = format!(r#"{{"merge_group":{{"base_sha":"{}"}}}}"#, forge.id("main"));
    forge.run("merge_group", &event, &[]).judged(1, "block", "6");
}

fn push(before: &str) -> String {
    format!(r#"{{"before":"{before}","repository":{{"default_branch":"main"}}}}"#)
}

#[test]
fn a_push_is_compared_with_the_branch_before_it() {
    let forge = Forge::new();
    forge.check_out("pull");
    let on = [("GITHUB_REF", "refs/heads/main")];
    forge.run("push", &push(&forge.id("main")), &on).judged(1, "block", "6");
    // Only the shop's README came with the last commit.
    let forge = Forge::new();
    forge.check_out("main");
    forge.run("push", &push(&forge.id("main~1")), &on).judged(0, "pass", "0");
}

#[test]
fn a_new_branch_is_compared_with_the_default_branch() {
    let forge = Forge::new();
    forge.check_out("change");
    let on = [("GITHUB_REF", "refs/heads/change")];
    forge.run("push", &push(NOWHERE), &on).judged(1, "block", "6");
}

#[test]
fn of_a_new_default_branch_everything_is_judged() {
    let forge = Forge::new();
    forge.check_out("change");
    let on = [("GITHUB_REF", "refs/heads/main")];
    let step = forge.run("push", &push(NOWHERE), &on);
    assert_eq!(step.outputs["verdict"], "block", "{step:#?}");
    assert!(step.summary.contains("0001_create_customers"), "{}", step.summary);
}

#[test]
fn a_default_branch_whose_former_commit_is_gone_does_not_pass() {
    let forge = Forge::new();
    forge.check_out("main");
    let gone = "1234567890123456789012345678901234567890";
    let step = forge.run("push", &push(gone), &[("GITHUB_REF", "refs/heads/main")]);
    assert!(step.ran.code > 1, "{step:#?}");
    assert!(!step.outputs.values().any(|value| value == "pass"), "{step:#?}");
}

#[test]
fn a_change_that_touches_nothing_passes() {
    let forge = Forge::new();
    let origin = forge.path("origin");
    git(&origin, &["checkout", "-q", "-b", "words"]);
    fs::write(origin.join("README.md"), "A shop of books.\n").unwrap();
    commit(&origin);
    forge.check_out("words");
    let event = format!(r#"{{"merge_group":{{"base_sha":"{}"}}}}"#, forge.id("main"));
    forge.run("merge_group", &event, &[]).judged(0, "pass", "0");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let forge = Forge::new();
    forge.check_out("main");
    let run = |event: &str, settings: &[(&str, &str)]| forge.run(event, "{}", settings);
    run("pull_request_target", &[("GITHUB_BASE_REF", "main")])
        .refused("not on pull_request_target");
    run("merge_group", &[("INPUT_ALL", "yes")]).refused("is \"true\" or \"false\", not \"yes\"");
    run("merge_group", &[("INPUT_COMMAND", "apply")]).refused("check, merge or publish");
    run("merge_group", &[("INPUT_BINARY", "/nowhere")]).refused("names no program");
}

#[test]
fn shards_are_joined_into_the_report_of_the_whole() {
    let forge = Forge::new();
    forge.check_out("pull");
    let run = |settings: &[(&str, &str)]| {
        let settings = [&[("GITHUB_BASE_REF", "main")], settings].concat();
        forge.run("pull_request", "{}", &settings)
    };
    let whole = run(&[]);
    whole.judged(1, "block", "6");
    for shard in ["1/3", "2/3", "3/3"] {
        let step = run(&[("INPUT_SHARD", shard), ("INPUT_FORMAT", "plain")]);
        let report = fs::read_to_string(&step.outputs["report"]).unwrap();
        forge.0.write(&format!("runner/shards/shard-{}/report.json", &shard[..1]), &report);
    }
    let shards = forge.path("runner/shards").display().to_string();
    let merged = run(&[("INPUT_COMMAND", "merge"), ("INPUT_FILES", &shards)]);
    merged.judged(1, "block", "6");
    assert_eq!(merged.outputs["digest"], whole.outputs["digest"]);
    let bytes = |step: &Step| fs::read(&step.outputs["report"]).unwrap();
    assert_eq!(bytes(&merged), bytes(&whole));
    let part = forge.path("runner/shards/shard-2").display().to_string();
    let part = run(&[("INPUT_COMMAND", "merge"), ("INPUT_FILES", &part)]);
    assert!(part.ran.code > 1 && part.outputs.is_empty(), "{part:#?}");
}

/// GitHub as it is to a token that may only read, as that of a fork is.
struct ReadOnly(Arc<Server>, Option<JoinHandle<()>>);

impl ReadOnly {
    fn new() -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let listener = Arc::clone(&server);
        let answers = move || {
            for request in listener.incoming_requests() {
                let (status, body) = match (request.method(), request.url().contains("/commits/")) {
                    (Method::Get, true) => (404, r#"{"message":"Not Found"}"#),
                    (Method::Get, false) => (200, "[]"),
                    _ => (403, r#"{"message":"Resource not accessible by integration"}"#),
                };
                let answer = Response::from_string(body).with_status_code(status);
                // Whoever asked may be gone.
                let _ = request.respond(answer);
            }
        };
        Self(server, Some(std::thread::spawn(answers)))
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.server_addr())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        self.0.unblock();
        self.1.take().map(JoinHandle::join);
    }
}

fn publishing(url: &str) -> [(&str, &str); 3] {
    [("GITHUB_API_URL", url), ("INPUT_PUBLISH", "true"), ("INPUT_TOKEN", "s3cret")]
}

#[test]
fn the_verdict_stands_where_nothing_may_be_posted() {
    let (forge, github) = (Forge::new(), ReadOnly::new());
    forge.check_out("pull");
    let event = format!(
        r#"{{"pull_request":{{"number":1,"head":{{"sha":"{}","repo":null}}}}}}"#,
        forge.id("change")
    );
    let url = github.url();
    let settings = [&publishing(&url)[..], &[("GITHUB_BASE_REF", "main")]].concat();
    let step = forge.run("pull_request", &event, &settings);
    step.judged(1, "block", "6");
    assert!(step.ran.out.contains("::error file=db/migrations/"), "{step:#?}");
    assert!(step.summary.contains("blocked: 6 errors"), "{step:#?}");
    assert_eq!(step.summary.matches("blocked: 6 errors").count(), 1, "{step:#?}");
    assert!(!format!("{step:?}").contains("s3cret"), "{step:#?}");
}

#[test]
fn the_report_of_another_job_is_published_for_its_own_commit_only() {
    let (forge, github) = (Forge::new(), ReadOnly::new());
    let url = github.url();
    forge.check_out("change");
    let merge = forge.id("pull");
    let settings = [("GITHUB_BASE_REF", "main"), ("GITHUB_SHA", merge.as_str())];
    let checked = forge.run("pull_request", "{}", &settings);
    let publish = |head: &str| {
        let event = format!(
            r#"{{"workflow_run":{{"id":1,"head_sha":"{head}","event":"pull_request","pull_requests":[{{"number":1}}]}}}}"#
        );
        let files = [("INPUT_COMMAND", "publish"), ("INPUT_FILES", &*checked.outputs["report"])];
        forge.run("workflow_run", &event, &[&publishing(&url)[..], &files].concat())
    };
    let step = publish(&forge.id("change"));
    step.judged(1, "block", "6");
    assert!(step.summary.contains("blocked: 6 errors"), "{step:#?}");
    let step = publish(&forge.id("main"));
    assert!(step.ran.code > 1 && step.summary.is_empty(), "{step:#?}");
}

/// A release of this version, with another archive than `checksum` says where it is given.
fn released(forge: &Forge, checksum: Option<&str>) -> [(&'static str, String); 4] {
    let version = env!("CARGO_PKG_VERSION");
    let action = forge.path("action");
    copy(&Path::new(ROOT).join(".github/action"), &action.join(".github/action"));
    fs::copy(Path::new(ROOT).join("Cargo.toml"), action.join("Cargo.toml")).unwrap();
    let folder = forge.path(&format!("releases/v{version}"));
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("migration-gate");
    fs::write(&program, format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut table = String::from("# a comment\n");
    for machine in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
        .into_iter()
        .chain(["x86_64-apple-darwin", "aarch64-apple-darwin"])
    {
        let name = format!("migration-gate-{version}-{machine}.tar.gz");
        let mut tar = host::command("tar");
        let made = tar.current_dir(&folder).args(["-czf", &name, "migration-gate"]).status();
        assert!(made.unwrap().success());
        let found = sha256(&folder.join(&name));
        table.push_str(&format!("{}  {name}\n", checksum.unwrap_or(&found)));
    }
    fs::write(action.join(".github/action/checksums.txt"), table).unwrap();
    [
        ("ACTION_PATH", action.display().to_string()),
        ("INPUT_BINARY", String::new()),
        ("MIGRATION_GATE_DOWNLOADS", format!("file://{}", forge.path("releases").display())),
        // There is nothing to build with, so that a fallback would be seen.
        ("CARGO_HOME", forge.path("nowhere").display().to_string()),
    ]
}

fn sha256(file: &Path) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(fs::read(file).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run_released(forge: &Forge, settings: &[(&'static str, String)], version: &str) -> Step {
    forge.check_out("main");
    let mut settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.push(("INPUT_VERSION", version));
    let event = format!(r#"{{"merge_group":{{"base_sha":"{}"}}}}"#, forge.id("main~1"));
    forge.run("merge_group", &event, &settings)
}

#[test]
fn a_released_archive_is_used_when_its_checksum_is_that_of_the_table() {
    let forge = Forge::new();
    let settings = released(&forge, None);
    run_released(&forge, &settings, "").judged(0, "pass", "0");
}

#[test]
fn another_archive_than_that_of_the_table_is_refused() {
    let forge = Forge::new();
    let settings = released(&forge, Some(&"0".repeat(64)));
    run_released(&forge, &settings, "").refused("and the action's table says 0000");
}

#[test]
fn a_version_that_the_table_does_not_hold_is_refused() {
    let forge = Forge::new();
    let settings = released(&forge, None);
    run_released(&forge, &settings, "9.9.9").refused("not in this action's table");
    let forge = Forge::new();
    let settings = released(&forge, None);
    run_released(&forge, &settings, "../1").refused("is no version");
}
