//! Open pull requests: what each changes, and what the gate said of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::{Client, PublishError, Repository};
use crate::model::{ChangeKind, Entry, EntryKind, FileChange, RepoPath};

/// GitHub lists no more files of a pull request.
const MOST_FILES: usize = 3000;
/// What a path's segment may hold as it is (RFC 3986, unreserved).
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// An open pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct OpenPull {
    /// Its number in the repository.
    pub number: u64,
    /// Its title, as its author wrote it.
    pub title: String,
    /// Whether it says that it is not ready.
    #[serde(default)]
    pub draft: bool,
    /// Who opened it; `None` where that account is gone.
    pub user: Option<User>,
    /// What it wants to merge.
    pub head: Branch,
    /// What it wants to be merged into.
    pub base: Branch,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Its name.
    pub login: String,
}

/// One side of a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Branch {
    /// The branch.
    #[serde(rename = "ref")]
    pub name: String,
    /// The commit it is at.
    pub sha: String,
}

#[derive(Deserialize)]
struct CheckRun {
    id: u64,
    status: String,
    conclusion: Option<String>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
}

#[derive(Deserialize)]
struct ListedFile {
    filename: String,
    status: String,
    previous_filename: Option<String>,
    #[serde(default)]
    changes: u64,
}

#[derive(Deserialize)]
struct Content {
    #[serde(rename = "type")]
    kind: String,
    encoding: Option<String>,
    #[serde(default)]
    content: String,
}

/// The open pull requests of a repository, by number.
///
/// # Errors
/// See [`PublishError`].
pub fn open_pulls(client: &Client, repository: &Repository) -> Result<Vec<OpenPull>, PublishError> {
    let mut all: Vec<OpenPull> = client.pages(&repository.path("pulls?state=open"))?;
    all.sort_by_key(|pull| pull.number);
    // A pull request that is opened meanwhile moves another one to the next page.
    all.dedup_by_key(|pull| pull.number);
    Ok(all)
}

/// What a pull request changes, by path, and whether that is all: GitHub does not tell of more than
/// 3,000 files.
///
/// # Errors
/// See [`PublishError`].
pub fn changed_files(
    client: &Client,
    repository: &Repository,
    number: u64,
) -> Result<(Vec<FileChange>, bool), PublishError> {
    let listed: Vec<ListedFile> =
        client.pages(&repository.path(format_args!("pulls/{number}/files")))?;
    let mut files: Vec<FileChange> = listed.iter().filter_map(change).collect();
    let is_all = listed.len() < MOST_FILES && files.len() == listed.len();
    files.sort();
    Ok((files, is_all))
}

/// `None` where a path cannot be one of a file.
fn change(file: &ListedFile) -> Option<FileChange> {
    let kind = match (file.status.as_str(), &file.previous_filename) {
        ("added" | "copied", _) => ChangeKind::Added,
        ("removed", _) => ChangeKind::Deleted,
        ("renamed", Some(from)) => {
            ChangeKind::Renamed { from: RepoPath::new(from)?, exact: file.changes == 0 }
        }
        ("changed", _) => ChangeKind::ModeChanged,
        _ => ChangeKind::Modified,
    };
    Some(FileChange { path: RepoPath::new(&file.filename)?, kind })
}

/// A file at a commit, a pull request's from a fork too; `None` where there is none. GitHub tells
/// the content of files up to 1 MB this way.
///
/// # Errors
/// See [`PublishError`].
pub fn file_at(
    client: &Client,
    repository: &Repository,
    path: &RepoPath,
    commit: &str,
) -> Result<Option<Entry>, PublishError> {
    let path = utf8_percent_encode(path.as_str(), ESCAPED);
    let commit = utf8_percent_encode(commit, ESCAPED);
    let answer = client.get(&repository.path(format_args!("contents/{path}?ref={commit}")));
    let content: Content = match answer {
        Err(PublishError::NotFound { .. }) => return Ok(None),
        answer => answer?,
    };
    Ok(Some(match (content.kind.as_str(), content.encoding.as_deref()) {
        ("file", Some("base64")) => {
            let text: String = content.content.split_ascii_whitespace().collect();
            match STANDARD.decode(text) {
                Ok(bytes) => Entry::file(bytes),
                Err(_) => Entry::special(EntryKind::TooLarge),
            }
        }
        ("file", _) => Entry::special(EntryKind::TooLarge),
        ("symlink", _) => Entry::special(EntryKind::Symlink),
        _ => Entry::special(EntryKind::Submodule),
    }))
}

/// What the check run of that name says of a commit, else the commit status: a conclusion, the
/// state of a status, or of a check run that has not ended, such as `success`, `failure`,
/// `in_progress`. `None` where neither is there.
///
/// # Errors
/// See [`PublishError`].
pub fn gate_state(
    client: &Client,
    repository: &Repository,
    commit: &str,
    name: &str,
) -> Result<Option<String>, PublishError> {
    let commit = repository.path(format_args!("commits/{commit}"));
    let runs: Vec<CheckRun> =
        client.pages_in(&format!("{commit}/check-runs?check_name={name}"), "check_runs")?;
    if let Some(run) = runs.into_iter().max_by_key(|run| run.id) {
        return Ok(Some(run.conclusion.unwrap_or(run.status)));
    }
    let statuses: Vec<Status> = client.pages_in(&format!("{commit}/status"), "statuses")?;
    let own = statuses.into_iter().find(|status| status.context == name);
    Ok(own.map(|status| status.state))
}
