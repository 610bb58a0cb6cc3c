//! `merge`: the reports of all shards as the report of the one check that they are of.

use std::path::Path;

use super::output::Outputs;
use super::written;
use crate::cli::Merge;
use crate::error::GateError;
use crate::report::{Part, merge as join, v1};

pub(super) fn merge(args: &Merge, color: bool) -> Result<u8, GateError> {
    let outputs = Outputs::new(&args.outputs)?;
    let parts = args.files.iter().map(|file| part(file)).collect::<Result<_, _>>()?;
    let (report, sources) = join(parts).map_err(|error| GateError::Usage(error.to_string()))?;
    outputs.write(&report, &sources, color)?;
    Ok(report.verdict.exit_code())
}

/// Reads the report of one shard.
fn part(file: &Path) -> Result<Part, GateError> {
    let (file, report, sources) = written::read(file, v1::read_shard)?;
    Ok(Part { file, report, sources })
}
