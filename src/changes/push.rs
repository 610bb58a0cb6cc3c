//! What a push brings, and where it starts from.

use std::path::Path;

use git2::Repository;

use super::head::Head;
use super::repository::{open, remote_name, short};
use super::words::quoted;
use super::{ChangesError, Request, target};

/// One line of what Git tells a pre-push hook (`githooks(5)`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The commit that is pushed; `None` where the remote's branch is deleted.
    pub commit: Option<String>,
    /// The remote's reference, such as `refs/heads/main`.
    pub remote_ref: String,
    /// The commit that the remote has there; `None` where the reference is new.
    pub there: Option<String>,
}

impl Pushed {
    /// Reads `<local ref> <local id> <remote ref> <remote id>`; `None` where it is not that. An
    /// id of zeros says that there is nothing. A local reference may hold blanks.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.rsplitn(4, ' ');
        let (there, remote_ref) = (words.next()?, words.next()?);
        let commit = words.next()?;
        words.next().filter(|local| !local.is_empty())?;
        let is_id = |text: &str| {
            matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        };
        if remote_ref.is_empty() || !is_id(commit) || !is_id(there) {
            return None;
        }
        let id = |text: &str| text.bytes().any(|byte| byte != b'0').then(|| text.to_owned());
        Some(Self { commit: id(commit), remote_ref: remote_ref.to_owned(), there: id(there) })
    }

    /// The name of the branch that is pushed to; `None` for tags, notes and the like. A push to
    /// Gerrit's `refs/for/` is one to a branch.
    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        let name = self.remote_ref.strip_prefix("refs/heads/");
        name.or_else(|| self.remote_ref.strip_prefix("refs/for/"))
    }
}

/// What a pushed commit is compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// A commit that the remote has, by its id.
    Commit(String),
    /// The merge base with the target branch, as for every check.
    TargetBranch,
    /// Nothing: the remote has no branch yet that it could be compared with.
    Nothing,
}

/// Says where a push starts from.
///
/// A push to the target branch starts from what the remote has of it. Any other branch is on its
/// way to the target branch, so it starts from the merge base with that, also when the remote has
/// an earlier state of it: what only a branch had may still be edited.
///
/// # Errors
/// Where the remote's commit is needed and is not in this clone, or the repository cannot be read.
pub fn since(path: &Path, pushed: &Pushed, remote: Option<&str>) -> Result<Since, ChangesError> {
    let repo = open(path)?.repo;
    let request = Request { path: path.to_owned(), ..Request::default() };
    let head = Head {
        commit: None,
        is_worktree: false,
        branch: None,
        name: pushed.remote_ref.clone(),
        label: String::new(),
    };
    let branch = pushed.branch().unwrap_or_default();
    let main_remote = remote_name(&repo);
    let tracked = main_remote.as_deref().map(|name| format!("{name}/{branch}"));
    let is_main_remote = remote.is_none() || remote == main_remote.as_deref();
    match (target::choose(&repo, &request, &head)?, &pushed.there) {
        // The target branch as this clone knows it from the remote.
        (Some(target), Some(there)) if is_main_remote && Some(&target.name) == tracked.as_ref() => {
            Ok(common(&repo, pushed, there)?.map_or(Since::TargetBranch, Since::Commit))
        }
        (Some(target), None) if is_main_remote && Some(&target.name) == tracked.as_ref() => {
            Ok(Since::Nothing)
        }
        // A local branch was taken for the target, and it is the one that is pushed.
        (Some(target), there) if target.name == branch => from_remote(&repo, pushed, there),
        (Some(_), _) => Ok(Since::TargetBranch),
        (None, there) => from_remote(&repo, pushed, there),
    }
}

fn from_remote(
    repo: &Repository,
    pushed: &Pushed,
    there: &Option<String>,
) -> Result<Since, ChangesError> {
    let Some(there) = there else { return Ok(Since::Nothing) };
    common(repo, pushed, there)?.map(Since::Commit).ok_or_else(|| {
        let remote = remote_name(repo).unwrap_or_else(|| "origin".to_owned());
        ChangesError::NoBase {
            what: format!(
                "what the remote has of {} is not in this clone: {there}",
                pushed.remote_ref
            ),
            way_out: format!("git fetch {} {}", quoted(&remote), quoted(&pushed.remote_ref)),
        }
    })
}

/// The last commit that the remote's branch and the pushed one share, which is the remote's own
/// unless the push is forced; `None` where the remote's is not here.
fn common(repo: &Repository, pushed: &Pushed, there: &str) -> Result<Option<String>, ChangesError> {
    // Of a commit that is not here nothing is known, not even that it is one.
    let id = |text: &str| Some(repo.revparse_single(text).ok()?.peel_to_commit().ok()?.id());
    let commit = pushed.commit.as_deref().and_then(id);
    let Some((commit, there)) = commit.zip(id(there)) else { return Ok(None) };
    match repo.merge_base(commit, there) {
        Ok(base) => Ok(Some(base.to_string())),
        Err(_) => Err(ChangesError::NoBase {
            what: format!(
                "{} has no ancestor in common with what the remote has of {}",
                short(commit),
                pushed.remote_ref
            ),
            way_out: "judge everything as new: migration-gate check --all".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::Pushed;

    fn line(local: &str, remote: &str) -> String {
        format!("refs/heads/a {local} refs/heads/b {remote}")
    }

    #[test]
    fn a_line_is_read_as_git_writes_it() {
        for length in [40, 64] {
            let [one, two, zero] = ["1", "2", "0"].map(|digit| digit.repeat(length));
            let pushed = Pushed::parse(&line(&one, &two)).unwrap();
            assert_eq!(pushed.commit, Some(one.clone()));
            assert_eq!(pushed.there, Some(two.clone()));
            assert_eq!(pushed.branch(), Some("b"));
            assert_eq!(Pushed::parse(&line(&zero, &two)).unwrap().commit, None);
            assert_eq!(Pushed::parse(&line(&one, &zero)).unwrap().there, None);
        }
        let id = "1".repeat(40);
        let blanks = Pushed::parse(&format!("HEAD^{{/a b}} {id} refs/tags/v1 {id}")).unwrap();
        assert_eq!(blanks.branch(), None);
    }

    #[test]
    fn anything_else_is_no_line() {
        let id = "1".repeat(40);
        for wrong in [
            String::new(),
            id.clone(),
            format!("{id} refs/heads/b {id}"),
            line(&id, &id[1..]),
            line(&id.replace('1', "g"), &id),
            format!("refs/heads/a {id}  {id}"),
        ] {
            assert_eq!(Pushed::parse(&wrong), None, "{wrong}");
        }
    }
}
