//! What the stand-in knows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

/// The longest comment, in characters.
pub(super) const LONGEST_COMMENT: usize = 65_536;
/// The largest file whose content is told, in bytes.
pub(super) const LARGEST_CONTENT: usize = 1024 * 1024;
/// The most annotations of one request.
pub(super) const MOST_ANNOTATIONS: usize = 50;

/// Who may do what. Each is known by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A workflow's, with the rights to write that it asked for.
    Full,
    /// A workflow's on a pull request from a fork.
    ReadOnly,
    /// A person's: check runs are for apps.
    NoChecks,
    /// An app's that may read the organisation's members.
    Organisation,
}

impl Token {
    const ALL: [Self; 4] = [Self::Full, Self::ReadOnly, Self::NoChecks, Self::Organisation];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Full => "ghs_full",
            Self::ReadOnly => "ghs_read_only",
            Self::NoChecks => "ghp_person",
            Self::Organisation => "ghs_organisation",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|token| token.name() == name)
    }
}

/// What goes wrong with a request before anything is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failure {
    BadGateway,
    SecondaryLimit,
}

/// Everything that is kept, in the order in which it came.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) pulls: BTreeMap<u64, Value>,
    pub(crate) files: BTreeMap<u64, Vec<Value>>,
    pub(crate) reviews: BTreeMap<u64, Vec<Value>>,
    /// Each with the number of its pull request.
    pub(crate) comments: Vec<(u64, Value)>,
    pub(crate) check_runs: Vec<Value>,
    /// By the check run's id.
    pub(crate) annotations: BTreeMap<u64, Vec<Value>>,
    /// Each with its commit.
    pub(crate) statuses: Vec<(String, Value)>,
    /// With their parents.
    pub(crate) commits: BTreeMap<String, Vec<String>>,
    /// By commit and path.
    pub(crate) contents: BTreeMap<(String, String), Vec<u8>>,
    /// Paths that the contents of are a list, as of a folder.
    pub(crate) folders: BTreeSet<String>,
    /// The state of a membership by team and login.
    pub(crate) members: BTreeMap<(String, String), &'static str>,
    /// For the next requests with that method, one each.
    pub(crate) failures: VecDeque<(&'static str, Failure)>,
    /// The requests, as `METHOD /path?query`.
    pub(crate) calls: Vec<String>,
    /// What was wrong with requests.
    pub(super) faults: Vec<String>,
    ids: u64,
}

impl State {
    /// The login of whoever a workflow's token is.
    pub(crate) const BOT: &'static str = "github-actions[bot]";
    /// The login of the person with a token.
    pub(crate) const PERSON: &'static str = "ann";
    /// GitHub Actions as an app.
    pub(super) const APP: u64 = 15368;

    pub(super) fn next_id(&mut self) -> u64 {
        self.ids += 1;
        self.ids
    }

    /// Opens a pull request, or moves its head to another commit.
    pub(crate) fn pull(&mut self, number: u64, head: &str, base: &str) {
        self.commits.entry(head.to_owned()).or_default();
        self.commits.entry(base.to_owned()).or_default();
        let repository = json!({ "name": "shop", "full_name": "acme/shop" });
        let pull = self.pulls.entry(number).or_insert_with(|| {
            json!({
                "number": number, "state": "open", "title": "a change", "labels": [],
                "user": { "login": "author" },
                "head": { "ref": "change", "sha": head, "repo": repository },
                "base": { "ref": "main", "sha": base, "repo": repository },
            })
        });
        pull["head"]["sha"] = json!(head);
    }

    /// Says what a pull request changes: path, status, and the text at its head.
    pub(crate) fn changes(&mut self, number: u64, files: &[(&str, &str, &str)]) {
        let head = self.pulls[&number]["head"]["sha"].as_str().unwrap().to_owned();
        let listed =
            files.iter().map(|(path, status, _)| json!({ "filename": path, "status": status }));
        self.files.insert(number, listed.collect());
        for (path, status, text) in files {
            if *status != "removed" {
                self.contents.insert((head.clone(), (*path).to_owned()), text.as_bytes().to_vec());
            }
        }
    }

    /// Someone's comment on a pull request; its id.
    pub(crate) fn comment(&mut self, number: u64, login: &str, text: &str) -> u64 {
        let id = self.next_id();
        let kind = if login == Self::BOT { "Bot" } else { "User" };
        let user = json!({ "login": login, "type": kind });
        self.comments.push((number, json!({ "id": id, "body": text, "user": user })));
        id
    }

    /// The texts of a pull request's comments.
    pub(crate) fn comments_of(&self, number: u64) -> Vec<&str> {
        let own = self.comments.iter().filter(|(issue, _)| *issue == number);
        own.filter_map(|(_, comment)| comment["body"].as_str()).collect()
    }

    /// What goes wrong with the next request, if it has that method.
    pub(super) fn failure(&mut self, method: &str) -> Option<Failure> {
        let is_next = self.failures.front().is_some_and(|(of, _)| *of == method);
        is_next.then(|| self.failures.pop_front()).flatten().map(|(_, failure)| failure)
    }

    /// The check runs on a commit, with their conclusions and the number of their annotations.
    pub(crate) fn check_runs_on(&self, sha: &str) -> Vec<(String, usize)> {
        let own = self.check_runs.iter().filter(|run| run["head_sha"] == sha);
        own.map(|run| {
            let count = self.annotations[&run["id"].as_u64().unwrap()].len();
            (run["conclusion"].as_str().unwrap_or("").to_owned(), count)
        })
        .collect()
    }

    pub(super) fn known_check_run(&self, id: u64) -> Option<&Value> {
        self.check_runs.iter().find(|run| run["id"] == id)
    }

    /// Writes what a request says over a check run; annotations are added to those it has.
    pub(super) fn write_check_run(&mut self, id: u64, body: &Value) {
        let Some(run) = self.check_runs.iter_mut().find(|run| run["id"] == id) else { return };
        for name in ["name", "status", "conclusion", "details_url", "external_id"] {
            if let Some(value) = body.get(name) {
                run[name] = value.clone();
            }
        }
        if body.get("conclusion").is_some() {
            run["status"] = json!("completed");
        }
        for name in ["title", "summary", "text"] {
            if let Some(value) = body["output"].get(name) {
                run["output"][name] = value.clone();
            }
        }
        let added = body["output"]["annotations"].as_array().into_iter().flatten().cloned();
        let all = self.annotations.entry(id).or_default();
        all.extend(added);
        run["output"]["annotations_count"] = json!(all.len());
    }
}
