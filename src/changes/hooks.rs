//! Where Git looks for the hooks of a repository, and what it leaves out of commits.

use std::path::{Path, PathBuf};

use git2::ErrorCode;

use super::ChangesError;
use super::repository::open;
use super::words::unreadable;

/// The folder of a repository's hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hooks {
    /// The folder, which need not be there yet.
    pub folder: PathBuf,
    /// The folder of the repository that it lies in: the working tree or Git's own, which linked
    /// working trees share. `None` where it is elsewhere, as one that all repositories of a user
    /// share.
    pub within: Option<PathBuf>,
    /// The top of the working tree; `None` in a bare repository.
    pub top: Option<PathBuf>,
    /// Whether `core.hooksPath` names it.
    pub is_named: bool,
}

/// Finds the hooks' folder of the repository around `path`, as Git would: `core.hooksPath` where
/// it is set, relative to the top of the working tree.
///
/// # Errors
/// Where there is no repository, or its settings cannot be read.
pub fn hooks(path: &Path) -> Result<Hooks, ChangesError> {
    let repo = open(path)?.repo;
    let top = repo.workdir().map(Path::to_owned);
    let own = repo.commondir().to_owned();
    let named = match repo.config().and_then(|config| config.get_path("core.hooksPath")) {
        Ok(named) => Some(named).filter(|named| !named.as_os_str().is_empty()),
        Err(error) if error.code() == ErrorCode::NotFound => None,
        Err(error) => return Err(unreadable(&repo, "core.hooksPath", &error)),
    };
    let is_named = named.is_some();
    let folder = match named {
        Some(named) => top.as_deref().unwrap_or(repo.path()).join(named),
        None => own.join("hooks"),
    };
    let places = [Some(own), top.clone()];
    let within = places.into_iter().flatten().find(|place| folder.starts_with(place));
    Ok(Hooks { folder, within, top, is_named })
}

/// Whether Git ignores a file of the working tree around `top`, so that `git add` leaves it out; a
/// file that Git has already is not ignored.
///
/// # Errors
/// Where there is no repository, or its rules cannot be read.
pub fn is_ignored(top: &Path, name: &Path) -> Result<bool, ChangesError> {
    let repo = open(top)?.repo;
    let index = repo.index().map_err(|error| unreadable(&repo, "the index", &error))?;
    let ignored = || repo.is_path_ignored(name);
    let ignored = || ignored().map_err(|error| unreadable(&repo, "the ignored names", &error));
    Ok(index.get_path(name, 0).is_none() && ignored()?)
}
