//! `--bundle`: the files that others sign and check.

use std::io::{Error, ErrorKind};
use std::path::Path;

use super::output::goes_nowhere_else;
use crate::error::GateError;
use crate::model::{Report, printable};
use crate::render::{SourceMap, bundle};

/// Writes the files of the bundle into the folder, which is made where it is not there.
pub(super) fn write(folder: &Path, report: &Report, sources: &SourceMap) -> Result<(), GateError> {
    let failed = |path: &Path| {
        let file = printable(&path.display().to_string()).into_owned();
        move |source| GateError::Write { file, source }
    };
    // Only floats and foreign types cannot be written, and a report has none.
    let files = bundle(report, sources).map_err(|error| failed(folder)(Error::other(error)))?;
    goes_nowhere_else(folder).and_then(|()| own(folder)).map_err(failed(folder))?;
    std::fs::create_dir_all(folder).map_err(failed(folder))?;
    let files = files.map(|(name, text)| (folder.join(name), text));
    // Nothing is written where one of them cannot be.
    for (path, _) in &files {
        own(path).map_err(failed(path))?;
    }
    for (path, text) in files {
        std::fs::write(&path, text).map_err(failed(&path))?;
    }
    Ok(())
}

/// A link may have come with the change, and lead anywhere.
fn own(path: &Path) -> Result<(), Error> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => {
            Err(Error::new(ErrorKind::AlreadyExists, "it is a symbolic link; remove it first"))
        }
        _ => Ok(()),
    }
}
