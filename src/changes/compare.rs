//! A comparison inside one repository.

use std::rc::Rc;

use git2::{Oid, Repository};

use super::base::{self, Base};
use super::commit::CommitSource;
use super::diff::{self, Limits};
use super::head::{self, Head};
use super::kept::Kept;
use super::trees::Folders;
use super::words::unreadable;
use super::worktree::WorktreeSource;
use super::{ChangesError, Comparison, Request, Sides, Source, Worktree, repository};
use crate::model::FileChange;

/// Finds base and head of a repository and says what differs between them.
///
/// # Errors
/// Where one of the two cannot be had; the text ends with the command that mends it.
pub fn compare(request: &Request) -> Result<Comparison, ChangesError> {
    sides(request)?.compare(&request.limit_to)
}

/// Finds base and head of a repository; what differs between them is read when it is asked for.
///
/// # Errors
/// Where one of the two cannot be had; the text ends with the command that mends it.
pub fn sides(request: &Request) -> Result<Sides, ChangesError> {
    let opened = repository::open(&request.path)?;
    let repo = &opened.repo;
    let head = head::choose(repo, request)?;
    let base = match base::choose(repo, request, &head) {
        Ok(base) => Some(base),
        Err(ChangesError::NoBase { .. }) if request.all && request.base.is_none() => None,
        Err(error) => return Err(error),
    };
    let is_itself = |base: &Base| head_itself(&head) == Some(base.id);
    let base = base.map(|base| match request.all && request.base.is_none() && is_itself(&base) {
        // Its policy counts, but nothing differs, and everything was asked for.
        true => Base { label: "none, everything is judged".to_owned(), ..base },
        false => base,
    });
    let folders = Rc::new(Folders::new(repo));
    let changed = Changed::new(&folders, repo, &head)?;
    let worktree = match (&changed, repo.workdir()) {
        (Changed::Worktree(source), Some(top)) => {
            let has_conflicts = source.has_conflicts()?;
            let commit = repo.head().and_then(|head| head.peel_to_commit());
            let commit = commit.ok().map(|commit| commit.id().to_string());
            Some(Worktree { top: top.to_owned(), commit, has_conflicts })
        }
        _ => None,
    };
    let mut known = Comparison {
        base: None,
        base_label: None,
        base_commit: base.as_ref().map(|base| base.id.to_string()),
        head: changed.source(),
        head_label: head.label.clone(),
        head_commit: head_itself(&head).map(|id| id.to_string()),
        tip: None,
        tip_label: None,
        files: Vec::new(),
        worktree,
        scope: opened.scope,
    };
    let Some(base) = base else { return Ok(Sides::equal(known)) };
    if let Some(target) = base.tip {
        known.tip = Some(Box::new(Kept::new(CommitSource::new(&folders, target.id)?, true)));
        known.tip_label = Some(target.label());
    }
    let source = CommitSource::new(&folders, base.id)?;
    let tree = source.tree_id();
    let shared = Rc::clone(&folders);
    known.base = Some(Box::new(Kept::new(source, true)));
    known.base_label = Some(base.label);
    Ok(Sides::new(known, move |limits| changed.since(&shared, tree, limits)))
}

/// The head's commit; `None` for a working tree.
fn head_itself(head: &Head) -> Option<Oid> {
    head.commit.filter(|_| !head.is_worktree)
}

/// The changed side, before it is only a [`Source`].
enum Changed {
    Commit(CommitSource),
    Worktree(WorktreeSource),
}

impl Changed {
    fn new(
        folders: &Rc<Folders>,
        repo: &Rc<Repository>,
        head: &Head,
    ) -> Result<Self, ChangesError> {
        match head.commit {
            Some(commit) if !head.is_worktree => {
                CommitSource::new(folders, commit).map(Self::Commit)
            }
            _ => WorktreeSource::new(repo).map(Self::Worktree),
        }
    }

    fn source(&self) -> Box<dyn Source> {
        match self {
            Self::Commit(source) => Box::new(Kept::new(source.clone(), true)),
            // Git names no pipes and no devices.
            Self::Worktree(source) => Box::new(Kept::new(source.clone(), false)),
        }
    }

    /// What differs from the tree `base`.
    fn since(
        &self,
        folders: &Folders,
        base: Oid,
        limits: &Limits,
    ) -> Result<Vec<FileChange>, ChangesError> {
        match self {
            Self::Commit(head) => {
                diff::trees(folders, base, head.tree_id(), limits).map_err(|error| {
                    unreadable(folders.repository(), "the difference to the base", &error)
                })
            }
            Self::Worktree(head) => head.changes(folders, base, limits),
        }
    }
}
