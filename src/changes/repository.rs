//! Finding and opening the repository around a path, and small questions to it.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use git2::{Error, ErrorCode, Oid, Repository, RepositoryOpenFlags};

use super::ChangesError;
use super::words::{quoted, shown};
use crate::model::RepoPath;

/// A repository, and where in it the user pointed.
pub(super) struct Opened {
    /// The repository.
    pub(super) repo: Rc<Repository>,
    /// The requested path relative to the top.
    pub(super) scope: RepoPath,
}

/// Opens the repository that holds `path`. The environment (`GIT_DIR`) has no say.
pub(super) fn open(path: &Path) -> Result<Opened, ChangesError> {
    let full = std::fs::canonicalize(path).map_err(|error| ChangesError::Usage {
        what: format!("cannot open {}: {error}", shown(path)),
        way_out: "name a folder inside a repository: migration-gate check .".to_owned(),
    })?;
    let start = if full.is_dir() { full.as_path() } else { full.parent().unwrap_or(&full) };
    let repo =
        Repository::open_ext(start, RepositoryOpenFlags::empty(), std::iter::empty::<&OsStr>())
            .map_err(|error| refusal(path, start, &error))?;
    let scope = scope(&repo, &full);
    Ok(Opened { repo: Rc::new(repo), scope })
}

/// Why a repository does not open.
fn refusal(given: &Path, start: &Path, error: &Error) -> ChangesError {
    let given = shown(given);
    let message = error.message();
    if error.code() == ErrorCode::Owner {
        let named = message.split('\'').nth(1).filter(|path| !path.is_empty());
        let folder = named.map_or_else(|| start.display().to_string(), ToOwned::to_owned);
        let folder = folder.trim_end_matches('/');
        return ChangesError::Unreadable {
            what: format!("the repository around {given} belongs to another user"),
            way_out: format!(
                "if you trust it: git config --global --add safe.directory {}",
                quoted(folder)
            ),
        };
    }
    if message.contains("unknown object format") {
        return ChangesError::Unreadable {
            what: format!(
                "the repository around {given} names its objects by SHA-256, which is not \
                 supported; only SHA-1 repositories can be read"
            ),
            way_out: "check out base and head into two folders and compare these: \
                      migration-gate check HEAD-FOLDER --base-dir BASE-FOLDER"
                .to_owned(),
        };
    }
    let broken = start.ancestors().any(|folder| folder.join(".git").symlink_metadata().is_ok());
    if error.code() == ErrorCode::NotFound && !broken {
        return ChangesError::NotARepository {
            what: format!("{given} is not inside a Git repository"),
            way_out: "compare two folders without Git: \
                      migration-gate check HEAD-FOLDER --base-dir BASE-FOLDER"
                .to_owned(),
        };
    }
    ChangesError::Unreadable {
        what: format!("cannot open the repository around {given}: {message}"),
        way_out: "see what is broken: git fsck --full".to_owned(),
    }
}

/// `full` relative to the top; the top itself for bare repositories and inside `.git`.
fn scope(repo: &Repository, full: &Path) -> RepoPath {
    let git_dir = std::fs::canonicalize(repo.path()).ok();
    let top = repo.workdir().and_then(|top| std::fs::canonicalize(top).ok());
    match top {
        Some(top) if !git_dir.is_some_and(|git_dir| full.starts_with(git_dir)) => {
            full.strip_prefix(&top).map_or_else(
                |_| RepoPath::root(),
                |below| RepoPath::from_git(below.as_os_str().as_bytes()).0,
            )
        }
        _ => RepoPath::root(),
    }
}

/// The commits whose parents were cut off. libgit2 looks for the list only in the main working
/// tree's folder; Git keeps it in the folder that linked working trees share.
pub(super) fn shallow_commits(repo: &Repository) -> Vec<Oid> {
    let list = std::fs::read_to_string(repo.commondir().join("shallow")).unwrap_or_default();
    list.lines().filter_map(|line| Oid::from_str(line.trim()).ok()).collect()
}

/// Whether history was cut off.
pub(super) fn is_shallow(repo: &Repository) -> bool {
    !shallow_commits(repo).is_empty()
}

/// Whether objects may be missing because they are only promised by a remote.
pub(super) fn has_promisor(repo: &Repository) -> bool {
    let Ok(config) = repo.config() else { return false };
    let Ok(mut entries) = config.entries(Some("^remote\\..*\\.promisor$")) else { return false };
    entries.next().is_some()
}

/// The remote to fetch from: `origin` where there is one, else the first by name.
pub(super) fn remote_name(repo: &Repository) -> Option<String> {
    let remotes = repo.remotes().ok()?;
    let mut names: Vec<String> =
        remotes.iter_bytes().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    names.sort();
    names.iter().find(|name| *name == "origin").or(names.first()).cloned()
}

/// A commit id as it is shown.
pub(super) fn short(id: Oid) -> String {
    let mut text = id.to_string();
    text.truncate(12);
    text
}

/// The parents that the commit object itself names, whether or not history was cut there.
pub(super) fn named_parents(repo: &Repository, id: Oid) -> Result<Vec<Oid>, Error> {
    let odb = repo.odb()?;
    let object = odb.read(id)?;
    let mut parents = Vec::new();
    for line in object.data().split(|byte| *byte == b'\n') {
        if line.is_empty() {
            break;
        }
        if let Some(hex) = line.strip_prefix(b"parent ") {
            parents.push(Oid::from_str(&String::from_utf8_lossy(hex))?);
        }
    }
    Ok(parents)
}

/// Whether an object is here.
pub(super) fn has_object(repo: &Repository, id: Oid) -> bool {
    repo.odb().is_ok_and(|odb| odb.exists(id))
}
