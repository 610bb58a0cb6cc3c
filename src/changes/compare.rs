//! A comparison inside one repository.

use std::rc::Rc;

use git2::{Oid, Repository};

use super::base::{self, Base};
use super::commit::CommitSource;
use super::diff::{self, Limits};
use super::head::{self, Head};
use super::words::unreadable;
use super::worktree::WorktreeSource;
use super::{ChangesError, Comparison, Request, Source, Worktree, repository};
use crate::model::FileChange;

/// Finds base and head of a repository and says what differs between them.
///
/// # Errors
/// Where one of the two cannot be had; the text ends with the command that mends it.
pub fn compare(request: &Request) -> Result<Comparison, ChangesError> {
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
    let base_commit = base.as_ref().map(|base| base.id.to_string());
    let head_commit = head_itself(&head).map(|id| id.to_string());
    let changed = Changed::new(repo, &head)?;
    let limits = Limits::new(&request.limit_to);
    let differences = base.map(|base| against(repo, base, &changed, &limits)).transpose()?;
    let Differences { base, files, tip } = differences.unwrap_or_default();
    let (base, base_label) = base.unzip();
    let (tip, tip_label) = tip.unzip();
    let worktree = match (&changed, repo.workdir()) {
        (Changed::Worktree(_), Some(top)) => {
            let index = repo.index().map_err(|error| unreadable(repo, "the index", &error))?;
            let commit = repo.head().and_then(|head| head.peel_to_commit());
            let commit = commit.ok().map(|commit| commit.id().to_string());
            Some(Worktree { top: top.to_owned(), commit, has_conflicts: index.has_conflicts() })
        }
        _ => None,
    };
    Ok(Comparison {
        base,
        base_label,
        base_commit,
        head: changed.into_source(),
        head_label: head.label,
        head_commit,
        tip,
        tip_label,
        files,
        worktree,
        scope: opened.scope,
    })
}

/// The head's commit; `None` for a working tree.
fn head_itself(head: &Head) -> Option<Oid> {
    head.commit.filter(|_| !head.is_worktree)
}

/// What is known only where there is a base.
#[derive(Default)]
struct Differences {
    base: Option<(Box<dyn Source>, String)>,
    files: Vec<FileChange>,
    tip: Option<(Box<dyn Source>, String)>,
}

fn against(
    repo: &Rc<Repository>,
    base: Base,
    changed: &Changed,
    limits: &Limits,
) -> Result<Differences, ChangesError> {
    let source = CommitSource::new(repo, base.id)?;
    let tree = source.tree_id();
    let files = match changed {
        Changed::Commit(head) => diff::trees(repo, tree, head.tree_id(), limits)
            .map_err(|error| unreadable(repo, "the difference to the base", &error))?,
        Changed::Worktree(head) => head.changes(tree, limits)?,
    };
    let mut tip: Option<(Box<dyn Source>, String)> = None;
    if let Some(target) = base.tip {
        tip = Some((Box::new(CommitSource::new(repo, target.id)?), target.label()));
    }
    Ok(Differences { base: Some((Box::new(source), base.label)), files, tip })
}

/// The changed side, before it is only a [`Source`].
enum Changed {
    Commit(CommitSource),
    Worktree(WorktreeSource),
}

impl Changed {
    fn new(repo: &Rc<Repository>, head: &Head) -> Result<Self, ChangesError> {
        match head.commit {
            Some(commit) if !head.is_worktree => CommitSource::new(repo, commit).map(Self::Commit),
            _ => WorktreeSource::new(repo).map(Self::Worktree),
        }
    }

    fn into_source(self) -> Box<dyn Source> {
        match self {
            Self::Commit(source) => Box::new(source),
            Self::Worktree(source) => Box::new(source),
        }
    }
}
