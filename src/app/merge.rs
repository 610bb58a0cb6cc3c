//! `merge`: the reports of all shards as the report of the one check that they are of.

use std::path::Path;

use super::bundle;
use super::output::{outputs, write};
use crate::cli::Merge;
use crate::error::GateError;
use crate::model::printable;
use crate::report::{Part, merge as join, v1};
use crate::rules;

pub(super) fn merge(args: &Merge, color: bool) -> Result<u8, GateError> {
    let outputs = outputs(&args.format, &args.report)?;
    let parts = args.files.iter().map(|file| part(file)).collect::<Result<_, _>>()?;
    let (report, sources) = join(parts).map_err(|error| GateError::Usage(error.to_string()))?;
    write(&report, &sources, &outputs, color)?;
    if let Some(folder) = &args.bundle {
        bundle::write(folder, &report, &sources)?;
    }
    Ok(report.verdict.exit_code())
}

/// Reads the report of one shard.
fn part(file: &Path) -> Result<Part, GateError> {
    let name = printable(&file.to_string_lossy()).into_owned();
    let text = std::fs::read_to_string(file).map_err(|error| {
        GateError::Usage(format!(
            "{name} cannot be read: {error}\n  help: name the files that `check --shard K/N \
             --report json=FILE` wrote"
        ))
    })?;
    let rule = |id: &str| rules::by_id(id).map(|rule| rule.meta.id);
    let (report, sources) = v1::read_shard(&text, &rule)
        .map_err(|error| GateError::Usage(format!("{name}: {error}")))?;
    Ok(Part { file: name, report, sources })
}
