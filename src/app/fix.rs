//! `check --fix`: renames what came late, in the working tree and nowhere else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::gather::Gathered;
use super::output::complain;
use crate::catalog::{FixPlan, load, names, plan_fix};
use crate::error::GateError;
use crate::model::RepoPath;

/// Renumbers what the change adds late or under a version that is taken, in all sets or in none;
/// says whether anything was done.
pub(super) fn fix(gathered: &Gathered) -> Result<bool, GateError> {
    let head = &gathered.comparison.head;
    let Some(tree) = &gathered.comparison.worktree else {
        return Err(refused("--fix changes a working tree, and this is none"));
    };
    let mut plans = Vec::new();
    for catalog in gathered.catalogs.iter().filter(|catalog| catalog.is_touched()) {
        let files = load(&**head, &catalog.info.path)?;
        let plan = plan_fix(catalog, &files).map_err(|why| refused(&why))?;
        if !plan.renames.is_empty() {
            plans.push(plan);
        }
    }
    if plans.is_empty() {
        complain("--fix: there is nothing to renumber");
        return Ok(false);
    }
    if tree.has_conflicts {
        return Err(refused("the working tree is in the middle of a merge with conflicts"));
    }
    let names = head.names(&RepoPath::root())?;
    named_elsewhere(&tree.top, &names, &plans)?;
    let mut done = Done { top: &tree.top, undo: Vec::new() };
    for plan in &plans {
        if let Err((what, error)) = done.carry_out(plan) {
            let left = done.take_back();
            return Err(GateError::Fix(format!("{what}: {error}{left}")));
        }
    }
    for (from, to) in plans.iter().flat_map(|plan| &plan.renames) {
        complain(&format!("--fix: renamed {from} to {}", to.file_name()));
    }
    for (path, ..) in plans.iter().flat_map(|plan| &plan.edits) {
        complain(&format!("--fix: {path} names the new versions"));
    }
    Ok(true)
}

fn refused(why: &str) -> GateError {
    GateError::Fix(format!("{why}; nothing was changed"))
}

/// The largest file that is searched for names; nobody writes more by hand.
const MAX_TEXT: u64 = 16 << 20;

/// Refuses where anything but the plan's own files names a migration that gets another id.
fn named_elsewhere(top: &Path, files: &[RepoPath], plans: &[FixPlan]) -> Result<(), GateError> {
    let ids: Vec<&str> =
        plans.iter().flat_map(|plan| &plan.ids).map(|(from, _)| from.as_str()).collect();
    for path in files {
        if plans.iter().any(|plan| plan.own.contains(path)) {
            continue;
        }
        let edited = plans.iter().flat_map(|plan| &plan.edits).find(|(known, ..)| known == path);
        let text = match edited {
            Some((_, _, after)) => Some(after.clone()),
            None => text_on_disk(top, path),
        };
        let named = ids.iter().find(|id| text.as_ref().is_some_and(|text| names(text, id)));
        if let Some(id) = named {
            return Err(refused(&format!("{path} names {id}, which would get another version")));
        }
    }
    Ok(())
}

/// The text of a regular file; bytes that are no text stand for themselves alone.
fn text_on_disk(top: &Path, path: &RepoPath) -> Option<String> {
    let full = place(top, path).ok()?;
    let found = fs::symlink_metadata(&full).ok()?;
    let is_read = found.is_file() && found.len() <= MAX_TEXT;
    let bytes = is_read.then(|| fs::read(&full).ok())??;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The path on disk; every folder on the way must be a folder and no link to one.
fn place(top: &Path, path: &RepoPath) -> Result<PathBuf, Failed> {
    let mut full = top.to_path_buf();
    let mut parts = path.as_str().split('/').peekable();
    while let Some(part) = parts.next() {
        full.push(part);
        if parts.peek().is_some() {
            let failed = |error| (format!("cannot go to {path}"), error);
            if !fs::symlink_metadata(&full).map_err(failed)?.is_dir() {
                return Err(failed(io::Error::other("a link or a file is in the way")));
            }
        }
    }
    Ok(full)
}

/// What was done so far, and how it is taken back.
struct Done<'a> {
    top: &'a Path,
    undo: Vec<Undo>,
}

enum Undo {
    /// Rename it back.
    Rename { from: PathBuf, to: PathBuf },
    /// Write the old text.
    Write { path: PathBuf, text: String },
}

type Failed = (String, io::Error);

impl Done<'_> {
    fn carry_out(&mut self, plan: &FixPlan) -> Result<(), Failed> {
        for (path, before, after) in &plan.edits {
            let full = place(self.top, path)?;
            let failed = |error| (format!("cannot write {path}"), error);
            if fs::read_to_string(&full).map_err(failed)? != *before {
                return Err(failed(io::Error::other("it changed meanwhile")));
            }
            replace(&full, after).map_err(failed)?;
            self.undo.push(Undo::Write { path: full, text: before.clone() });
        }
        for (from, to) in &plan.renames {
            let (old, new) = (place(self.top, from)?, place(self.top, to)?);
            let failed = |error| (format!("cannot rename {from} to {}", to.file_name()), error);
            if fs::symlink_metadata(&old).map_err(failed)?.is_symlink() {
                return Err(failed(io::Error::other("it is a symbolic link")));
            }
            if fs::symlink_metadata(&new).is_ok() {
                return Err(failed(io::Error::other("the new name is taken")));
            }
            fs::rename(&old, &new).map_err(failed)?;
            self.undo.push(Undo::Rename { from: new, to: old });
        }
        Ok(())
    }

    /// Takes everything back, last first; says in words what could not be.
    fn take_back(self) -> String {
        let mut left = String::new();
        for step in self.undo.into_iter().rev() {
            let (path, result) = match &step {
                Undo::Rename { from, to } => (from, fs::rename(from, to)),
                Undo::Write { path, text } => (path, replace(path, text)),
            };
            if let Err(error) = result {
                left.push_str(&format!("\n  left as it is: {}: {error}", path.display()));
            }
        }
        if left.is_empty() { "; everything is as it was".into() } else { left }
    }
}

/// Puts a file with another text in the place of one, with the same permissions.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    let permissions = fs::symlink_metadata(path).and_then(|found| {
        let is_file = found.is_file();
        is_file.then(|| found.permissions()).ok_or_else(|| io::Error::other("it is no file"))
    })?;
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    io::Write::write_all(&mut new, text.as_bytes())?;
    new.as_file().set_permissions(permissions)?;
    new.as_file().sync_all()?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}
