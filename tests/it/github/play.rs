//! A repository, its pull request on GitHub, and the workflow that GitHub runs for its events.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::events;
use super::server::GitHub;
use super::state::Token;
use crate::support::{Folder, Ran, commit, finish, git, program, repository};

/// The number of the pull request.
pub(super) const PULL: u64 = 7;
/// What the workflow's first step writes.
const REPORT: &str = "out/report.json";

pub(super) struct Play {
    pub(super) github: GitHub,
    pub(super) folder: Folder,
    pub(super) token: Token,
    /// Where the pull request's commits lie.
    pub(super) head_repository: &'static str,
    /// More of the first step's arguments.
    pub(super) options: &'static [&'static str],
}

impl Play {
    /// A repository with one migration on its main branch.
    pub(super) fn new() -> Self {
        Self::on(&[])
    }

    /// The same with more files on its main branch.
    pub(super) fn on(more: &[(&str, &str)]) -> Self {
        let folder = Folder::new(&[
            ("out/.keep", ""),
            (".gitignore", "out/\n"),
            ("go.mod", "module shop\n"),
            ("db/000001_members.up.sql", "CREATE TABLE members (id INTEGER PRIMARY KEY);"),
            ("db/000001_members.down.sql", "DROP TABLE members;"),
        ]);
        more.iter().for_each(|(name, text)| folder.write(name, text));
        repository(folder.path());
        git(folder.path(), &["checkout", "-q", "-b", "change"]);
        let (github, token) = (GitHub::start(), Token::Full);
        Self { github, folder, token, head_repository: "acme/shop", options: &[] }
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(self.folder.path(), arguments)
    }

    fn id(&self, name: &str) -> String {
        self.git(&["rev-parse", name])
    }

    /// The commit at the head of the pull request.
    pub(super) fn head(&self) -> String {
        self.id("change")
    }

    /// Pushes a commit to the pull request, which is opened by the first.
    pub(super) fn push(&self, files: &[(&str, &str)]) {
        self.git(&["checkout", "-q", "change"]);
        files.iter().for_each(|(name, text)| self.folder.write(name, text));
        commit(self.folder.path());
        self.github.state().pull(PULL, &self.head(), &self.id("main"));
    }

    /// Puts another history in the place of the pull request's.
    pub(super) fn force_push(&self, files: &[(&str, &str)]) {
        self.git(&["checkout", "-q", "change"]);
        self.git(&["reset", "-q", "--hard", "main"]);
        self.push(files);
    }

    /// Checks out what GitHub runs a pull request's workflow on: the merge of head and base.
    fn merge(&self) -> String {
        let (base, head) = (self.id("main"), self.head());
        self.git(&["checkout", "-q", "--detach", "main"]);
        self.git(&["merge", "-q", "--no-ff", "--no-edit", "change"]);
        let merge = self.id("HEAD");
        self.github.state().commits.insert(merge.clone(), vec![base, head]);
        merge
    }

    /// The program as a step of the workflow.
    pub(super) fn step(&self, name: &str, event: &Value, sha: &str) -> Command {
        let mut command = program(self.folder.path());
        command.env("GITHUB_ACTIONS", "true").env("GITHUB_EVENT_NAME", name);
        command.env("GITHUB_EVENT_PATH", self.event(event)).env("GITHUB_SHA", sha);
        command.env("GITHUB_API_URL", self.github.url()).env("GITHUB_TOKEN", self.token.name());
        command.env("GITHUB_REPOSITORY", "acme/shop").env("GITHUB_RUN_ID", "42");
        command.env("GITHUB_STEP_SUMMARY", self.file("summary.md"));
        if name == "pull_request" {
            command.env("GITHUB_BASE_REF", "main");
        }
        command
    }

    /// The first step of the workflow: the verdict's exit code, and its report.
    fn check(&self, name: &str, event: &Value, sha: &str) -> i32 {
        let mut command = self.step(name, event, sha);
        command.args(["check", "--engine", "sqlite", "--head", "HEAD", "--report"]);
        let ran = finish(command.arg(format!("json={REPORT}")).args(self.options));
        assert_ne!(ran.code, 2, "{}", ran.err);
        ran.code
    }

    /// The second: what was found is posted.
    fn publish(&self, name: &str, event: &Value, sha: &str) -> Ran {
        let mut command = self.step(name, event, sha);
        let ran = finish(command.args(["publish", "--report", REPORT]));
        assert!(!format!("{}{}", ran.out, ran.err).contains(self.token.name()), "a token is shown");
        ran
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("out").join(name)
    }

    fn event(&self, event: &Value) -> PathBuf {
        self.folder.write("out/event.json", &event.to_string());
        self.file("event.json")
    }

    /// The event of the pull request, such as `opened`.
    fn pull_request(&self, action: &str) -> Value {
        let branch = |name: &str, sha: &str, repository: &str| json!({ "ref": name, "sha": sha, "repo": { "full_name": repository } });
        let state = if action == "closed" { "closed" } else { "open" };
        let pull = json!({
            "number": PULL, "state": state,
            "head": branch("change", &self.head(), self.head_repository),
            "base": branch("main", &self.id("main"), "acme/shop"),
        });
        let told = json!({
            "number": PULL, "pull_request": pull, "repository": { "full_name": "acme/shop" },
        });
        events::payload(&format!("pull-request-{action}"), told)
    }

    /// The event of a pull request that was just opened.
    pub(super) fn opened(&self) -> Value {
        self.pull_request("opened")
    }

    /// The workflow as GitHub runs it on a pull request's event, both steps of it.
    pub(super) fn on_pull_request(&self, action: &str) -> Ran {
        let (event, merge) = (self.pull_request(action), self.merge());
        let code = self.check("pull_request", &event, &merge);
        let ran = self.publish("pull_request", &event, &merge);
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        ran
    }

    /// The first half of the workflow alone; the report is left for the other.
    pub(super) fn first_half(&self) -> i32 {
        let merge = self.merge();
        self.check("pull_request", &self.pull_request("opened"), &merge)
    }

    /// The other half: GitHub names no pull request of a fork, and runs on the main branch.
    pub(super) fn trusted_half(&self) -> Ran {
        let run = json!({
            "id": 42, "event": "pull_request", "head_sha": self.head(), "pull_requests": [],
            "head_repository": { "full_name": self.head_repository },
        });
        let told = json!({ "workflow_run": run, "repository": { "full_name": "acme/shop" } });
        let event = events::payload("workflow-run-completed", told);
        self.publish("workflow_run", &event, &self.id("main"))
    }

    /// The workflow on the merge queue; the queue's commit.
    pub(super) fn on_merge_group(&self) -> (String, Ran) {
        let queued = self.merge();
        let group = json!({
            "head_sha": queued, "base_sha": self.id("main"), "base_ref": "refs/heads/main",
            "head_ref": "refs/heads/gh-readonly-queue/main/pr-7",
        });
        let told = json!({ "merge_group": group, "repository": { "full_name": "acme/shop" } });
        let event = events::payload("merge-group-checks-requested", told);
        let code = self.check("merge_group", &event, &queued);
        let ran = self.publish("merge_group", &event, &queued);
        assert_eq!(ran.code, code, "{}{}", ran.out, ran.err);
        (queued, ran)
    }

    /// The report that the first step wrote.
    pub(super) fn report(&self) -> String {
        self.folder.read(REPORT)
    }

    pub(super) fn write_report(&self, text: &str) {
        self.folder.write(REPORT, text);
    }

    pub(super) fn summary(&self) -> String {
        self.folder.read("out/summary.md")
    }

    /// The texts of the pull request's comments.
    pub(super) fn comments(&self) -> Vec<String> {
        self.github.state().comments_of(PULL).into_iter().map(str::to_owned).collect()
    }

    /// The check runs on a commit: conclusion and number of annotations.
    pub(super) fn check_runs(&self, sha: &str) -> Vec<(String, usize)> {
        self.github.state().check_runs_on(sha)
    }

    /// Whether nothing was posted at all.
    pub(super) fn is_silent(&self) -> bool {
        let state = self.github.state();
        state.comments.is_empty() && state.check_runs.is_empty() && state.statuses.is_empty()
    }
}
