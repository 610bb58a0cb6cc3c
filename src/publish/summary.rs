//! The summary of a workflow's step: a file that GitHub shows on the run's page.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// Bytes of the whole file, at most: GitHub shows nothing of a longer one.
const MAX: u64 = 1024 * 1024;

/// Appends a page to the file.
///
/// # Errors
/// Where it cannot be written or has no room left, in words.
pub fn append(file: &Path, page: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the step's summary cannot be written: {error}");
    let mut open = OpenOptions::new().append(true).create(true).open(file).map_err(failed)?;
    let used = open.metadata().map_err(failed)?.len();
    let apart = if used > 0 { "\n" } else { "" };
    let page = format!("{apart}{page}");
    if used + page.len() as u64 > MAX {
        return Err(format!(
            "the step's summary has no room left: it holds {used} bytes, and GitHub shows none of more than {MAX}"
        ));
    }
    open.write_all(page.as_bytes()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{MAX, append};

    #[test]
    fn a_page_is_added_as_long_as_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("summary");
        append(&file, "a\n").unwrap();
        append(&file, "b\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a\n\nb\n");
        let error = append(&file, &"x".repeat(MAX as usize)).unwrap_err();
        assert!(error.contains("no room"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap().len(), 5);
        assert!(append(folder.path(), "a").is_err());
    }
}
