//! From what the user typed to exactly one commit.

use git2::{ErrorCode, Oid, Repository};

use super::ChangesError;
use super::repository::{is_shallow, remote_name};
use super::words::{quoted, unreadable};
use crate::model::printable;

/// A commit that the user named.
pub(super) struct Revision {
    /// The commit.
    pub(super) id: Oid,
    /// The local branch, where the user named one.
    pub(super) branch: Option<String>,
}

/// Resolves `text`, the value of `flag`.
pub(super) fn resolve(repo: &Repository, flag: &str, text: &str) -> Result<Revision, ChangesError> {
    if text.contains("..") {
        return Err(usage(
            &format!("`{flag} {text}` is a range, not one commit"),
            format!("name its ends apart: migration-gate check {}", ends(text)),
        ));
    }
    refuse_two_meanings(repo, flag, text)?;
    let (object, reference) = match repo.revparse_ext(text) {
        Ok(found) => found,
        Err(error) => return Err(unresolved(repo, flag, text, &error)),
    };
    let branch = reference
        .and_then(|reference| reference.name().ok().map(ToOwned::to_owned))
        .and_then(|name| name.strip_prefix("refs/heads/").map(ToOwned::to_owned));
    match object.peel_to_commit() {
        Ok(commit) => Ok(Revision { id: commit.id(), branch }),
        Err(error) if error.code() == ErrorCode::NotFound => {
            Err(unreadable(repo, &format!("`{text}`"), &error))
        }
        Err(_) => {
            let kind = object.kind().map_or("object", |kind| kind.str());
            Err(usage(
                &format!("`{flag} {text}` is a {kind}, not a commit"),
                "name a commit; these are the latest: git log --oneline -5".to_owned(),
            ))
        }
    }
}

/// A tag and a branch of one name: Git would warn and take the tag, here nobody reads warnings.
fn refuse_two_meanings(repo: &Repository, flag: &str, text: &str) -> Result<(), ChangesError> {
    let commit = |prefix: &str| {
        let reference = repo.find_reference(&format!("{prefix}/{text}")).ok()?;
        reference.peel_to_commit().ok().map(|commit| commit.id())
    };
    match (commit("refs/tags"), commit("refs/heads")) {
        (Some(tag), Some(branch)) if tag != branch => Err(usage(
            &format!("`{flag} {text}` is both a tag and a branch"),
            format!("say which: {flag} refs/heads/{text} or {flag} refs/tags/{text}"),
        )),
        _ => Ok(()),
    }
}

fn unresolved(repo: &Repository, flag: &str, text: &str, error: &git2::Error) -> ChangesError {
    match error.code() {
        ErrorCode::Ambiguous => usage(
            &format!("`{flag} {text}` fits more than one object"),
            format!(
                "type more digits; these begin so: git rev-parse --disambiguate={}",
                quoted(text)
            ),
        ),
        ErrorCode::InvalidSpec => usage(
            &format!("`{flag} {text}` is not written as a revision"),
            "choose one of these names: git branch --all".to_owned(),
        ),
        ErrorCode::NotFound => unknown(repo, flag, text),
        _ => unreadable(repo, &format!("`{flag} {text}`"), error),
    }
}

/// A revision that is not here, but may be where this clone came from.
fn unknown(repo: &Repository, flag: &str, text: &str) -> ChangesError {
    let what = format!("`{flag} {text}` is not known in this repository");
    let Some(remote) = remote_name(repo) else {
        return usage(&what, "choose one of these names: git branch --all".to_owned());
    };
    let whole_id = text.len() == 40 && Oid::from_str(text).is_ok();
    let way_out = match (whole_id, is_shallow(repo)) {
        (true, true) => format!("git fetch --depth=1 {remote} {text}"),
        (true, false) => format!("git fetch {remote} {text}"),
        (false, true) => format!("this is a shallow clone; {}", fetch_everything(&remote)),
        (false, false) => {
            let way_out = format!(
                "choose a name that `git branch --all` shows, or fetch first: git fetch {remote}"
            );
            return usage(&what, way_out);
        }
    };
    if flag == "--base" {
        ChangesError::NoBase { what, way_out }
    } else {
        ChangesError::Unreadable { what, way_out }
    }
}

/// The command that completes a shallow clone, also one made of a single branch.
pub(super) fn fetch_everything(remote: &str) -> String {
    format!(
        "fetch the history of all branches: \
         git fetch --unshallow {remote} '+refs/heads/*:refs/remotes/{remote}/*'"
    )
}

fn ends(range: &str) -> String {
    let (base, head) = range.split_once("..").unwrap_or((range, ""));
    let head = head.trim_start_matches('.');
    let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
    format!("--base {} --head {}", or_head(base), or_head(head))
}

fn usage(what: &str, way_out: String) -> ChangesError {
    let what = printable(what).into_owned();
    ChangesError::Usage { what, way_out }
}
