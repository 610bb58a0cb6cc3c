//! `hook install` and `hook uninstall`: our own pre-push hook, and nobody else's.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::app::create::{PROGRAM, create, stands};
use crate::changes::{Hooks, hooks};
use crate::error::GateError;

/// The hook's name (`githooks(5)`).
const NAME: &str = "pre-push";

/// The hook. Only a file of exactly these bytes is ours. Without the program nothing can be told
/// of the push, and that is no pass.
const SCRIPT: &str = r#"#!/bin/sh
# Written by `migration-gate hook install`; `migration-gate hook uninstall` removes it.
command -v migration-gate >/dev/null 2>&1 || {
  echo "migration-gate is not on the PATH, so the push is not checked and not made" >&2
  echo "  help: install it, or go around it: git push --no-verify" >&2
  exit 3
}
exec migration-gate hook run "$@"
"#;

/// What takes care of the hooks of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manager {
    Husky,
    Lefthook,
    PreCommit,
}

/// Where the hook is, or would be.
pub(in crate::app) struct HookFile {
    /// The repository's folder that it lies in.
    within: PathBuf,
    /// Its path from there.
    name: PathBuf,
    /// Its path in words.
    pub(in crate::app) shown: String,
    manager: Option<Manager>,
}

/// What became of the hook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Installed {
    /// It is written.
    Now,
    /// It was there.
    Already,
}

/// Finds the place of the hook of the repository around `path`.
pub(in crate::app) fn file(path: &Path) -> Result<HookFile, GateError> {
    let hooks = hooks(path)?;
    let file = hooks.folder.join(NAME);
    let place = hooks
        .within
        .as_ref()
        .and_then(|within| Some((within.clone(), file.strip_prefix(within).ok()?.to_owned())));
    let Some((within, name)) = place else {
        return Err(GateError::Usage(format!(
            "core.hooksPath leads out of the repository, to {}: other repositories have their hooks \
             there too\n  help: add these lines to {NAME} there yourself:\n{LINES}",
            hooks.folder.display()
        )));
    };
    let top = hooks.top.as_deref();
    let shown = top.and_then(|top| file.strip_prefix(top).ok()).unwrap_or(&file);
    let shown = shown.display().to_string();
    Ok(HookFile { manager: manager(&hooks), within, name, shown })
}

/// Writes the hook, unless it is there.
pub(in crate::app) fn install(file: &HookFile) -> Result<Installed, GateError> {
    if is_ours(file) {
        return Ok(Installed::Already);
    }
    if let Some(manager) = file.manager {
        return Err(GateError::Usage(managed(manager)));
    }
    if create(&file.within, &file.name, SCRIPT, PROGRAM)? {
        return Ok(Installed::Now);
    }
    Err(GateError::Usage(format!(
        "{} is somebody else's hook and is left as it is\n  help: add these lines to it, before \
         anything else reads its standard input:\n{LINES}",
        file.shown
    )))
}

/// Removes the hook; `false` where there is none.
pub(super) fn uninstall(file: &HookFile) -> Result<bool, GateError> {
    let path = file.within.join(&file.name);
    if !stands(&path) {
        return Ok(false);
    }
    if !is_ours(file) {
        return Err(GateError::Usage(format!(
            "{} is not as `hook install` writes it, and is left as it is\n  help: take the lines of \
             migration-gate out of it by hand",
            file.shown
        )));
    }
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(GateError::Write { file: file.shown.clone(), source: error })
        }
        _ => Ok(true),
    }
}

fn is_ours(file: &HookFile) -> bool {
    let path = file.within.join(&file.name);
    let is_file = path.symlink_metadata().is_ok_and(|found| found.is_file());
    is_file && fs::read(path).is_ok_and(|text| text == SCRIPT.as_bytes())
}

/// What a hook of one's own needs. What Git says comes once, so others have to be given it too.
const LINES: &str = r#"    pushed=$(cat)
    printf '%s\n' "$pushed" | migration-gate hook run "$@" || exit $?
  and give it to whatever reads it after that, such as Git LFS:
    printf '%s\n' "$pushed" | git lfs pre-push "$@""#;

/// Who takes care of the hooks, by the looks of the repository.
fn manager(hooks: &Hooks) -> Option<Manager> {
    let top = hooks.top.as_deref()?;
    if hooks.is_named && hooks.folder.starts_with(top.join(".husky")) {
        return Some(Manager::Husky);
    }
    const LEFTHOOK: [&str; 6] = [
        "lefthook.yml",
        ".lefthook.yml",
        "lefthook.yaml",
        ".lefthook.yaml",
        "lefthook.toml",
        "lefthook.json",
    ];
    if LEFTHOOK.iter().any(|name| stands(&top.join(name))) {
        return Some(Manager::Lefthook);
    }
    stands(&top.join(".pre-commit-config.yaml")).then_some(Manager::PreCommit)
}

/// What to write where a manager has the hooks.
fn managed(manager: Manager) -> String {
    match manager {
        Manager::Husky => "husky takes care of the hooks here\n  help: add this line to \
                           .husky/pre-push:\n    migration-gate hook run \"$@\""
            .into(),
        Manager::Lefthook => "lefthook takes care of the hooks here\n  help: add this to its \
                              configuration, and run `lefthook install`:\n    \
                              pre-push:\n      commands:\n        migration-gate:\n          \
                              run: migration-gate hook run {1} {2}\n          use_stdin: true"
            .into(),
        Manager::PreCommit => "pre-commit takes care of the hooks here\n  help: add this to \
                               .pre-commit-config.yaml, and run `pre-commit install --hook-type \
                               pre-push`:\n    - repo: local\n      hooks:\n        \
                               - id: migration-gate\n          name: migration-gate\n          \
                               entry: migration-gate hook run\n          language: system\n          \
                               stages: [pre-push]\n          pass_filenames: false\n          \
                               always_run: true"
            .into(),
    }
}
