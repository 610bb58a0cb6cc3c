//! Standard output, standard error and report files.

use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::bundle;
use crate::cli;
use crate::error::GateError;
use crate::host;
use crate::model::{Report, RuleMeta, printable, quoted};
use crate::render::escape::log_line;
use crate::render::{Format, SourceMap};
use crate::rules::RULES;

/// One report to write: a format, and a file or standard output.
struct Output {
    format: Format,
    file: Option<String>,
}

/// All that is written of a report.
pub(super) struct Outputs {
    reports: Vec<Output>,
    bundle: Option<PathBuf>,
}

impl Outputs {
    /// What the arguments ask for; refused before anything is done.
    pub(super) fn new(args: &cli::Outputs) -> Result<Self, GateError> {
        let reports = reports(&args.format, &args.report)?;
        Ok(Self { reports, bundle: args.bundle.clone() })
    }

    /// Renders a report to every output.
    pub(super) fn write(
        &self,
        report: &Report,
        sources: &SourceMap,
        color: bool,
    ) -> Result<(), GateError> {
        write(report, sources, &self.reports, color)?;
        self.bundle.as_ref().map_or(Ok(()), |folder| bundle::write(folder, report, sources))
    }
}

/// The reports that the arguments ask for, standard output first.
fn reports(format: &str, reports: &[String]) -> Result<Vec<Output>, GateError> {
    let known = |name: &str| {
        Format::parse(name).ok_or_else(|| {
            let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
            GateError::Usage(format!(
                "unknown format {}\n  help: use one of {}",
                quoted(name),
                names.join(", ")
            ))
        })
    };
    let mut outputs = vec![Output { format: known(format)?, file: None }];
    for report in reports {
        let Some((format, file)) = report.split_once('=').filter(|(_, file)| !file.is_empty())
        else {
            return Err(GateError::Usage(format!(
                "--report {} names no file\n  help: write it as --report FORMAT=FILE, such as --report json=gate.json",
                printable(report)
            )));
        };
        if outputs.iter().any(|output| output.file.as_deref() == Some(file)) {
            return Err(GateError::Usage(format!(
                "two reports would go to {}\n  help: give each --report a file of its own",
                printable(file)
            )));
        }
        outputs.push(Output { format: known(format)?, file: Some(file.to_owned()) });
    }
    Ok(outputs)
}

fn write(
    report: &Report,
    sources: &SourceMap,
    outputs: &[Output],
    color: bool,
) -> Result<(), GateError> {
    let rules: Vec<RuleMeta> = RULES.iter().map(|rule| rule.meta).collect();
    for output in outputs {
        let mut text = String::new();
        // Colours are for the terminal only, so that files are the same bytes everywhere.
        let color = color && output.file.is_none();
        let renderer = output.format.renderer_with(color, rules.clone());
        // Writing to a string cannot fail.
        let _ = renderer.render(report, sources, &mut text);
        match &output.file {
            None => print(&text)?,
            Some(file) => {
                let written = goes_nowhere_else(Path::new(file));
                written.and_then(|()| std::fs::write(file, text)).map_err(|source| {
                    let file = printable(file).into_owned();
                    GateError::Write { file, source }
                })?;
            }
        }
    }
    Ok(())
}

/// Refuses a path that leads on by what may have come with the change: a link to anywhere, or a pipe
/// that nobody reads.
pub(super) fn goes_nowhere_else(path: &Path) -> Result<(), Error> {
    let mut so_far = PathBuf::new();
    for part in path.components() {
        let around = if so_far.as_os_str().is_empty() { ".".into() } else { so_far.clone() };
        so_far.push(part);
        let Ok(found) = std::fs::symlink_metadata(&so_far) else { return Ok(()) };
        let kind = found.file_type();
        if !(kind.is_dir() || kind.is_file()) && host::is_in_working_tree(&around) {
            let what = "it is a link or a device in the working tree; remove it first";
            return Err(Error::new(ErrorKind::AlreadyExists, what));
        }
    }
    Ok(())
}

/// Prints to standard output; a reader that went away is no error.
pub(super) fn print(text: &str) -> Result<(), GateError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(GateError::Output(error)),
        _ => Ok(()),
    }
}

/// Prints to standard error; names from a change stay text there.
pub(super) fn complain(text: &str) {
    for line in text.lines() {
        let _ = writeln!(std::io::stderr().lock(), "{}", log_line(&printable(line)));
    }
}
