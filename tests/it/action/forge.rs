//! A forge, the runner of its workflows, and what a step leaves behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use migration_gate::host;
use tiny_http::{Method, Response, Server};

use crate::support::{Folder, PROGRAM, Ran, bare, commit, copy, finish, git, repository};

pub(super) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

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
pub(super) struct Forge(pub(super) Folder);

impl Forge {
    /// `main` holds the shop's base, then a branch `change` its broken head, and `main` goes on.
    /// `pull` is the merge that GitHub makes of them.
    pub(super) fn new() -> Self {
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

    pub(super) fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn id(&self, revision: &str) -> String {
        id(&self.path("origin"), revision)
    }

    /// What `actions/checkout` does without options: one commit, and nothing of its history.
    pub(super) fn check_out(&self, revision: &str) {
        let work = self.path("work");
        let origin = format!("file://{}", self.path("origin").display());
        fs::create_dir_all(&work).unwrap();
        git(&work, &["init", "-q"]);
        git(&work, &["remote", "add", "origin", &origin]);
        git(&work, &["fetch", "-q", "--depth=1", "origin", &self.id(revision)]);
        git(&work, &["checkout", "-q", "--detach", "FETCH_HEAD"]);
    }

    /// Runs the action on an event. `settings` are variables of the environment.
    pub(super) fn run(&self, event: &str, body: &str, settings: &[(&str, &str)]) -> Step {
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
pub(super) struct Step {
    pub(super) ran: Ran,
    pub(super) outputs: BTreeMap<String, String>,
    pub(super) summary: String,
}

impl Step {
    pub(super) fn judged(&self, code: i32, verdict: &str, errors: &str) {
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

    pub(super) fn refused(&self, words: &str) {
        assert_eq!(self.ran.code, 2, "{self:#?}");
        assert!(self.ran.out.contains("::error") && self.ran.out.contains(words), "{self:#?}");
        assert!(self.outputs.is_empty(), "{self:#?}");
    }
}

/// GitHub as it is to a token that may only read, as that of a fork is.
pub(super) struct ReadOnly(Arc<Server>, Option<JoinHandle<()>>);

impl ReadOnly {
    pub(super) fn new() -> Self {
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

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.0.server_addr())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        self.0.unblock();
        self.1.take().map(JoinHandle::join);
    }
}

pub(super) fn publishing(url: &str) -> [(&str, &str); 3] {
    [("GITHUB_API_URL", url), ("INPUT_PUBLISH", "true"), ("INPUT_TOKEN", "s3cret")]
}
