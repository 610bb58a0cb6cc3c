//! The branch that the change is meant for.

use git2::{Oid, Repository};

use super::head::Head;
use super::repository::{is_shallow, remote_name, short};
use super::words::quoted;
use super::{ChangesError, Request};
use crate::model::printable;

/// Names that a team's main line usually has, most likely first.
const MAIN_LINES: [&str; 4] = ["main", "master", "trunk", "develop"];

/// The tip of a target branch.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// Its commit.
    pub(super) id: Oid,
    /// Its name as Git shows it.
    pub(super) name: String,
}

impl Target {
    /// The tip in words.
    pub(super) fn label(&self) -> String {
        format!("{} ({})", short(self.id), self.name)
    }
}

/// The branch that the CI named; an error where it is not here. Another branch in its place
/// could hide a part of the change.
pub(super) fn named(repo: &Repository, name: &str) -> Result<Target, ChangesError> {
    let name = name.strip_prefix("refs/heads/").unwrap_or(name);
    let remote = remote_name(repo);
    let here = remote.as_deref().and_then(|remote| remote_branch(repo, remote, name));
    here.or_else(|| at(repo, &format!("refs/heads/{name}"))).ok_or_else(|| {
        let remote = remote.as_deref().unwrap_or("origin");
        let deepen = if is_shallow(repo) { "--unshallow " } else { "" };
        ChangesError::NoBase {
            what: printable(&format!("the target branch `{name}` is not in this clone"))
                .into_owned(),
            way_out: format!(
                "git fetch {deepen}{} {}",
                quoted(remote),
                quoted(&format!("+refs/heads/{name}:refs/remotes/{remote}/{name}"))
            ),
        }
    })
}

/// The branch that the change is most likely meant for.
pub(super) fn choose(
    repo: &Repository,
    request: &Request,
    head: &Head,
) -> Result<Option<Target>, ChangesError> {
    if let Some(name) = &request.target_branch {
        return named(repo, name).map(Some);
    }
    let remote = remote_name(repo);
    let remote = remote.as_deref();
    Ok(remote
        .and_then(|remote| at(repo, &format!("refs/remotes/{remote}/HEAD")))
        .or_else(|| upstream(repo, head.branch.as_deref()?))
        .or_else(|| MAIN_LINES[..2].iter().find_map(|name| remote_branch(repo, remote?, name)))
        .or_else(|| MAIN_LINES.iter().find_map(|name| at(repo, &format!("refs/heads/{name}")))))
}

/// Whether a branch of that name is a main line: the one the CI named, or a usual name.
pub(super) fn is_main_line(request: &Request, name: &str) -> bool {
    match &request.target_branch {
        Some(target) => target.strip_prefix("refs/heads/").unwrap_or(target) == name,
        None => MAIN_LINES.contains(&name),
    }
}

/// The branch that `branch` follows, unless it is merely its own copy on the remote.
fn upstream(repo: &Repository, branch: &str) -> Option<Target> {
    let name = repo.branch_upstream_name(&format!("refs/heads/{branch}")).ok()?;
    let name = name.as_str().ok()?;
    let target = at(repo, name)?;
    let own_copy = name.strip_prefix("refs/remotes/").and_then(|name| name.split_once('/'));
    (own_copy.map(|(_, name)| name) != Some(branch)).then_some(target)
}

fn remote_branch(repo: &Repository, remote: &str, name: &str) -> Option<Target> {
    at(repo, &format!("refs/remotes/{remote}/{name}"))
}

fn at(repo: &Repository, reference: &str) -> Option<Target> {
    let found = repo.find_reference(reference).ok()?.resolve().ok()?;
    let id = found.peel_to_commit().ok()?.id();
    let name = found.shorthand().ok()?.to_owned();
    Some(Target { id, name })
}
