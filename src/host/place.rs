//! Where the program runs.

use std::path::{Path, PathBuf};

use super::env;

/// Whether a path leads into the working tree around the current folder, where a change puts what
/// it likes.
#[must_use]
pub fn is_in_working_tree(path: &Path) -> bool {
    let Some(top) = working_tree() else { return false };
    path.canonicalize().is_ok_and(|path| path.starts_with(top))
}

/// The repository around the current folder, or that folder, unless it is the whole disk or the
/// user's own.
fn working_tree() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?.canonicalize().ok()?;
    if let Some(top) = here.ancestors().find(|folder| folder.join(".git").exists()) {
        return Some(top.to_owned());
    }
    let home = env("HOME").and_then(|home| PathBuf::from(home).canonicalize().ok());
    (here.parent().is_some() && home.as_ref() != Some(&here)).then_some(here)
}
