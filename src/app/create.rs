//! New files in a repository: whole or not at all, never over another, and through no link.

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::error::GateError;

/// The mode of a file that is read.
pub(super) const TEXT: u32 = 0o644;
/// The mode of a file that is run.
pub(super) const PROGRAM: u32 = 0o755;

/// Writes a file at `name` (a relative path of plain names) below `root`, with the folders it
/// needs. `false` where something stands there already, were it a link to nowhere.
///
/// # Errors
/// When a folder on the way is a link or no folder, or the system refuses.
pub(super) fn create(root: &Path, name: &Path, text: &str, mode: u32) -> Result<bool, GateError> {
    // The name of the temporary file is nobody's business.
    let failed = |error: std::io::Error| GateError::Create {
        file: name.display().to_string(),
        source: error.kind().into(),
    };
    if stands(&root.join(name)) {
        return Ok(false);
    }
    let mut folder = root.to_owned();
    for part in name.parent().into_iter().flat_map(Path::components) {
        folder.push(part);
        match folder.symlink_metadata() {
            // Of a link this is what it is itself.
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(in_the_way(folder.strip_prefix(root).unwrap_or(&folder), name)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                fs::create_dir(&folder).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
    }
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".migration-gate-").permissions(Permissions::from_mode(mode));
    let mut file = builder.tempfile_in(&folder).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(root.join(name)) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error.error)),
    }
}

/// Whether anything has that name.
pub(super) fn stands(file: &Path) -> bool {
    file.symlink_metadata().is_ok()
}

fn in_the_way(folder: &Path, name: &Path) -> GateError {
    GateError::Usage(format!(
        "{} is not written: {} is a link or no folder, and nothing is written through it\n  \
         help: put a folder there, or write the file by hand",
        name.display(),
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_file_is_written_once_with_its_folders() {
        let folder = tempfile::tempdir().unwrap();
        let name = Path::new("a/b/c");
        assert!(create(folder.path(), name, "one", PROGRAM).unwrap());
        assert!(!create(folder.path(), name, "two", TEXT).unwrap());
        let file = folder.path().join(name);
        assert_eq!(fs::read_to_string(&file).unwrap(), "one");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o700, 0o700);
        let names = fs::read_dir(folder.path().join("a/b")).unwrap().count();
        assert_eq!(names, 1, "nothing else is left");
    }

    #[test]
    fn a_refusal_names_the_file_and_no_temporary_one() {
        let folder = tempfile::tempdir().unwrap();
        let gone = folder.path().join("gone");
        let error = create(&gone, Path::new("a"), "x", TEXT).unwrap_err().to_string();
        assert!(error.starts_with("a cannot be written: "), "{error}");
        assert!(!error.contains("gone") && !error.contains(".migration-gate-"), "{error}");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        symlink(elsewhere.path(), folder.path().join("a")).unwrap();
        symlink(elsewhere.path().join("gone"), folder.path().join("b")).unwrap();
        let error = create(folder.path(), Path::new("a/c"), "x", TEXT).unwrap_err();
        assert!(error.to_string().contains("is a link"), "{error}");
        assert!(!create(folder.path(), Path::new("b"), "x", TEXT).unwrap());
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
