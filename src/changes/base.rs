//! Where the change starts from.
//!
//! In this order: `--base`; the base of the CI's event; the first parent of a merge commit whose
//! history was cut off (the merge ref of a CI, checked out at depth 1); the merge base with the
//! target branch. Where none can be had there is no verdict, and the error says what to fetch.

use git2::{ErrorCode, Oid, Repository};

use super::head::Head;
use super::repository::{
    has_object, is_shallow, named_parents, remote_name, shallow_commits, short,
};
use super::revision::{fetch_everything, resolve};
use super::target::{self, Target};
use super::words::unreadable;
use super::{ChangesError, Request};

/// The base commit.
pub(super) struct Base {
    /// The commit.
    pub(super) id: Oid,
    /// How the report names it.
    pub(super) label: String,
    /// The tip of the target branch, where it went on since.
    pub(super) tip: Option<Target>,
}

/// Finds the base.
pub(super) fn choose(
    repo: &Repository,
    request: &Request,
    head: &Head,
) -> Result<Base, ChangesError> {
    if let Some(text) = &request.base {
        let id = resolve(repo, "--base", text)?.id;
        let tip = request.target_branch.as_ref().and_then(|name| target::named(repo, name).ok());
        let label = format!("{} (--base {text})", short(id));
        return Ok(Base { id, label, tip: later(repo, id, tip) });
    }
    let Some(commit) = head.commit else {
        return Err(ChangesError::NoBase {
            what: "there is no commit yet, so there is nothing to compare with".to_owned(),
            way_out: "judge everything as new: migration-gate check --all".to_owned(),
        });
    };
    if let Some(text) = &request.event_base {
        return from_event(repo, request, head, commit, text);
    }
    if let Some(base) = from_cut_merge(repo, request, commit)? {
        return Ok(base);
    }
    match target::choose(repo, request, head)? {
        Some(target) => from_merge_base(repo, head, commit, target),
        None => Err(no_target(repo)),
    }
}

/// The base of the CI's event. It is the target's tip at that time, so where history is at hand
/// the merge base with it is what the change starts from.
fn from_event(
    repo: &Repository,
    request: &Request,
    head: &Head,
    commit: Oid,
    text: &str,
) -> Result<Base, ChangesError> {
    let id = Oid::from_str(text).ok().filter(|_| text.len() == 40).ok_or_else(|| {
        ChangesError::Usage {
            what: format!("the event's base `{text}` is not a commit id"),
            way_out: "name the base: migration-gate check --base REV".to_owned(),
        }
    })?;
    if !has_object(repo, id) {
        return Err(missing_commit(repo, "the base that the event names", id));
    }
    repo.find_commit(id).map_err(|error| unreadable(repo, "the event's base", &error))?;
    let named = request.target_branch.as_ref().and_then(|name| target::named(repo, name).ok());
    let event = Target { id, name: "base of the event".to_owned() };
    let tip = named.filter(|named| is_later(repo, named.id, id)).unwrap_or_else(|| event.clone());
    let (base, label) = match repo.merge_base(commit, id) {
        Ok(base) if base != id => (
            base,
            format!(
                "merge base {} of {} and {}, the event's base",
                short(base),
                head.name,
                short(id)
            ),
        ),
        Ok(_) => (id, event.label()),
        Err(error) if is_shallow(repo) || error.code() != ErrorCode::NotFound => {
            (id, event.label())
        }
        Err(_) => return Err(unrelated(head, &event.label())),
    };
    Ok(Base { id: base, label, tip: later(repo, base, Some(tip)) })
}

/// The first parent of a merge commit whose own history was cut off; `None` where it was not.
fn from_cut_merge(
    repo: &Repository,
    request: &Request,
    commit: Oid,
) -> Result<Option<Base>, ChangesError> {
    let parents =
        named_parents(repo, commit).map_err(|error| unreadable(repo, "the head", &error))?;
    let [first, _, ..] = parents[..] else { return Ok(None) };
    let cut = shallow_commits(repo).contains(&commit)
        || parents.iter().any(|parent| !has_object(repo, *parent));
    if !cut {
        return Ok(None);
    }
    if brings_main_line_in(repo, request, commit) {
        return Err(too_shallow(
            repo,
            &format!("{} merges the target branch into the change", short(commit)),
        ));
    }
    if !has_object(repo, first) {
        return Err(missing_commit(
            repo,
            &format!("the first parent of the merge commit {}", short(commit)),
            first,
        ));
    }
    let tip = request.target_branch.as_ref().and_then(|name| target::named(repo, name).ok());
    Ok(Some(Base {
        id: first,
        label: format!("{}, first parent of the merge commit {}", short(first), short(commit)),
        tip: later(repo, first, tip),
    }))
}

/// Whether a merge commit says that it took the target branch into the change. Its first parent
/// is then the change itself, and as a base would hide most of it.
fn brings_main_line_in(repo: &Repository, request: &Request, commit: Oid) -> bool {
    let Ok(commit) = repo.find_commit(commit) else { return false };
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    let Some(rest) = message
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("Merge "))
        .map(|line| line.strip_prefix("remote-tracking ").unwrap_or(line))
        .and_then(|line| line.strip_prefix("branch '"))
    else {
        return false;
    };
    let (merged, rest) = rest.split_once('\'').unwrap_or((rest, ""));
    let merged = merged.strip_prefix("origin/").unwrap_or(merged);
    let into = rest.rsplit_once(" into ").map_or("", |(_, into)| into.trim_matches('\''));
    target::is_main_line(request, merged) && !target::is_main_line(request, into)
}

/// The merge base of head and target branch.
fn from_merge_base(
    repo: &Repository,
    head: &Head,
    commit: Oid,
    target: Target,
) -> Result<Base, ChangesError> {
    match repo.merge_base(commit, target.id) {
        Ok(id) => Ok(Base {
            id,
            label: format!("merge base {} of {} and {}", short(id), head.name, target.name),
            tip: (target.id != id).then_some(target),
        }),
        Err(_) if is_shallow(repo) => Err(too_shallow(
            repo,
            &format!("history ends before {} and {} meet", head.name, target.name),
        )),
        Err(error) if error.code() == ErrorCode::NotFound => Err(unrelated(head, &target.name)),
        Err(error) => Err(unreadable(repo, "history", &error)),
    }
}

/// The tip, where it is provably later than the base.
fn later(repo: &Repository, base: Oid, tip: Option<Target>) -> Option<Target> {
    tip.filter(|tip| tip.id != base && is_later(repo, tip.id, base))
}

fn is_later(repo: &Repository, commit: Oid, ancestor: Oid) -> bool {
    commit == ancestor || repo.graph_descendant_of(commit, ancestor).unwrap_or(false)
}

fn missing_commit(repo: &Repository, what: &str, id: Oid) -> ChangesError {
    let remote = remote_name(repo).unwrap_or_else(|| "origin".to_owned());
    ChangesError::NoBase {
        what: format!("{what} is not in this clone: {id}"),
        way_out: format!("git fetch --depth=1 {remote} {id}"),
    }
}

fn too_shallow(repo: &Repository, what: &str) -> ChangesError {
    let remote = remote_name(repo).unwrap_or_else(|| "origin".to_owned());
    ChangesError::NoBase {
        what: format!("this clone is shallow: {what}"),
        way_out: fetch_everything(&remote),
    }
}

fn unrelated(head: &Head, other: &str) -> ChangesError {
    ChangesError::NoBase {
        what: format!("{} and {other} have no common ancestor", head.name),
        way_out: "say what to compare with: migration-gate check --base REV".to_owned(),
    }
}

/// No branch that the change could be meant for.
fn no_target(repo: &Repository) -> ChangesError {
    let what = "no target branch was found to compare with".to_owned();
    let way_out = match remote_name(repo) {
        Some(remote) if is_shallow(repo) => fetch_everything(&remote),
        Some(remote) => format!(
            "fetch the branches, or name the base with --base REV: \
             git fetch {remote} '+refs/heads/*:refs/remotes/{remote}/*'"
        ),
        None => "say what to compare with: migration-gate check --base REV".to_owned(),
    };
    ChangesError::NoBase { what, way_out }
}
