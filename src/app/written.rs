//! The files of reports that were written before, which anybody may have written.

use std::path::Path;

use crate::error::GateError;
use crate::model::{Report, printable};
use crate::render::SourceMap;
use crate::report::v1::ReadError;
use crate::rules;

/// Bytes of a report's file, at most.
const MAX: u64 = 64 * 1024 * 1024;

/// How a report's text is read: whole reports, or those of shards.
type Reader =
    fn(&str, &dyn Fn(&str) -> Option<&'static str>) -> Result<(Report, SourceMap), ReadError>;

/// Reads a report's file, and gives its name, printable; a rule that is none of this program's is no
/// rule.
pub(super) fn read(file: &Path, by: Reader) -> Result<(String, Report, SourceMap), GateError> {
    let name = printable(&file.display().to_string()).into_owned();
    let refused = |why: &str| {
        GateError::Usage(format!(
            "{name}: {why}\n  help: name a file that `check --report json=FILE` wrote"
        ))
    };
    let found =
        file.symlink_metadata().map_err(|error| refused(&format!("it cannot be read: {error}")))?;
    if !found.is_file() {
        return Err(refused("it is no regular file"));
    } else if found.len() > MAX {
        return Err(refused("it is larger than 64 MiB"));
    }
    let text = std::fs::read_to_string(file)
        .map_err(|error| refused(&format!("it cannot be read: {error}")))?;
    match by(&text, &|id| rules::by_id(id).map(|rule| rule.meta.id)) {
        Ok((report, sources)) => Ok((name, report, sources)),
        Err(source) => Err(GateError::Report { file: name, source }),
    }
}
