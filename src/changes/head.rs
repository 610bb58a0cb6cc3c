//! The changed side: the working tree, or a commit.

use git2::{ErrorCode, Oid, Repository};

use super::repository::{has_object, short};
use super::revision::resolve;
use super::words::unreadable;
use super::{ChangesError, Request};

/// The changed side as the request names it.
pub(super) struct Head {
    /// The commit; for the working tree the one it stands on, `None` before the first commit.
    pub(super) commit: Option<Oid>,
    /// Whether the files of the working tree are meant.
    pub(super) is_worktree: bool,
    /// The local branch, where it is one.
    pub(super) branch: Option<String>,
    /// How a sentence names it.
    pub(super) name: String,
    /// How the report names it.
    pub(super) label: String,
}

/// Finds the changed side.
pub(super) fn choose(repo: &Repository, request: &Request) -> Result<Head, ChangesError> {
    if let Some(text) = &request.head {
        let revision = resolve(repo, "--head", text)?;
        return Ok(Head {
            commit: Some(revision.id),
            is_worktree: false,
            branch: revision.branch,
            name: text.clone(),
            label: format!("{} (--head {text})", short(revision.id)),
        });
    }
    let (commit, branch) = current(repo)?;
    let bare = repo.workdir().is_none();
    let label = match commit {
        _ if !bare => "working tree".to_owned(),
        Some(id) => format!("{} (HEAD; a bare repository has no working tree)", short(id)),
        None => {
            return Err(ChangesError::Unreadable {
                what: "this bare repository has no working tree, and its HEAD no commit".to_owned(),
                way_out: "name the changed side: migration-gate check --head REV".to_owned(),
            });
        }
    };
    Ok(Head { commit, is_worktree: !bare, branch, name: "HEAD".to_owned(), label })
}

/// The commit and the branch that are checked out.
fn current(repo: &Repository) -> Result<(Option<Oid>, Option<String>), ChangesError> {
    let head = match repo.head() {
        Ok(head) => head,
        Err(error) if error.code() == ErrorCode::UnbornBranch => return Ok((None, None)),
        Err(error) => return Err(unreadable(repo, "HEAD", &error)),
    };
    let commit = head.peel_to_commit().map_err(|error| unreadable(repo, "HEAD", &error))?;
    if !has_object(repo, commit.tree_id()) {
        let error = git2::Error::from_str("its tree is missing");
        return Err(unreadable(repo, "HEAD", &error));
    }
    let branch = head.is_branch().then(|| head.shorthand().ok().map(ToOwned::to_owned)).flatten();
    Ok((Some(commit.id()), branch))
}
