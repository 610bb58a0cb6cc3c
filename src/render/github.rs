//! The report as GitHub workflow commands, which become annotations beside the changed lines:
//! <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions>.
//!
//! A step has room for ten annotations of each level; the tenth says how many are left out. What
//! could not be told is an error, since the check does not pass. Below the commands stand the
//! verdict and the digest as plain lines.

use std::fmt::{self, Write as _};

use super::escape::{command_data, command_property, log_line, printable};
use super::words::{self, Mark, shorten};
use super::{Renderer, SourceMap};
use crate::model::{Finding, Inconclusive, Level, Location, Report, Side};
use crate::report::digest;

/// Annotations of one level that GitHub keeps of a step.
const MAX_ANNOTATIONS: usize = 10;
/// Characters of one message, at most.
const MAX_TEXT: usize = 2_000;

/// The report for the log of a GitHub workflow.
#[derive(Clone, Copy, Debug)]
pub(super) struct Github;

impl Renderer for Github {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        for (level, command, word) in [
            (Level::Error, "error", "error"),
            (Level::Warning, "warning", "warning"),
            (Level::Note, "notice", "note"),
        ] {
            let found = report.findings.iter().filter(|finding| finding.level == level);
            let mut all: Vec<String> = found.map(|one| finding(one, sources)).collect();
            if level == Level::Error {
                all.extend(report.inconclusive.iter().map(untold));
            }
            if all.len() > MAX_ANNOTATIONS {
                let rest = all.split_off(MAX_ANNOTATIONS - 1).len();
                let more = words::number(rest, &format!("more {word}"));
                all.push(format!(" title={more}::{more}, all in the JSON report"));
            }
            for one in all {
                writeln!(out, "::{command}{one}")?;
            }
        }
        let mut page = String::new();
        summary(report, sources, &mut page)?;
        page.lines().try_for_each(|line| writeln!(out, "{}", log_line(line)))
    }
}

/// The properties and the message of a finding's command.
fn finding(finding: &Finding, sources: &SourceMap) -> String {
    let label = finding.evidenced.name();
    let old = if finding.side == Side::Baseline { ", baseline" } else { "" };
    let mut text = finding.message.clone();
    for detail in &finding.details {
        text.push_str(&format!("\n{detail}"));
    }
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nHelp: {help}"));
    }
    let title = format!("{} ({label}{old})", finding.rule);
    annotation(&place(&finding.location, sources), &title, &text)
}

/// The same of something that could not be told.
fn untold(item: &Inconclusive) -> String {
    let about = item.migration.as_deref().unwrap_or("the whole set");
    let title = format!("could not be told: {} {about}", item.set);
    let text = format!("{}\nHelp: {}", item.reason, item.way_out);
    annotation(&file(&Location::file(item.path.clone())), &title, &text)
}

fn annotation(place: &str, title: &str, text: &str) -> String {
    let title = command_property(&shorten(title, MAX_TEXT));
    format!(" {place},title={title}::{}", command_data(&shorten(text, MAX_TEXT)))
}

fn file(location: &Location) -> String {
    format!("file={}", command_property(location.path.as_str()))
}

/// File, lines, and columns where the place lies on one line: GitHub takes no others.
fn place(location: &Location, sources: &SourceMap) -> String {
    let mut text = file(location);
    let Some(place) = sources.place(location) else { return text };
    let (line, last) = (place.start.0, place.last_line());
    text.push_str(&format!(",line={line},endLine={last}"));
    if place.start.0 == place.end.0 {
        text.push_str(&format!(",col={},endColumn={}", place.start.1, place.end.1));
    }
    text
}

/// The lines that are no annotations.
fn summary(report: &Report, sources: &SourceMap, page: &mut String) -> fmt::Result {
    for waived in &report.waived {
        let Finding { rule, level, location, .. } = &waived.finding;
        let path = location.path.to_string();
        let accepted = words::accepted(waived);
        let line = format!("waived: {level} {rule} in {path}, {accepted}");
        writeln!(page, "{}", printable(&shorten(&line, MAX_TEXT)))?;
    }
    for notice in &report.notices {
        writeln!(page, "{}", printable(&shorten(notice, MAX_TEXT)))?;
    }
    if let Some(moment) = report.as_of {
        writeln!(page, "judged as of {moment}")?;
    }
    let (mark, word) = (Mark::of_verdict(report.verdict).sign(), words::verdict(report.verdict));
    write!(page, "{mark} {word}: {}", words::reasons(report))?;
    if let Some(baseline) = words::baseline(report) {
        write!(page, " (baseline: {baseline})")?;
    }
    writeln!(page, ", digest {}", digest(report, sources))
}

#[cfg(test)]
mod tests {
    use super::{Github, Renderer as _, SourceMap};
    use crate::model::{Level, Report};
    use crate::render::sample;

    fn rendered(report: &Report, sources: &SourceMap) -> String {
        let mut out = String::new();
        Github.render(report, sources, &mut out).unwrap();
        out
    }

    /// A line as GitHub's runner reads a command: its name, its properties and its message.
    /// <https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>
    struct Command<'a> {
        name: &'a str,
        properties: Vec<(&'a str, &'a str)>,
        message: &'a str,
    }

    fn command(line: &str) -> Option<Command<'_>> {
        let (head, message) = line.trim_start().strip_prefix("::")?.split_once("::").unwrap();
        let (name, properties) = head.split_once(' ').unwrap();
        let properties = properties.split(',').map(|one| one.split_once('=').unwrap());
        Some(Command { name, properties: properties.collect(), message })
    }

    #[test]
    fn a_workflow_obeys_annotations_only() {
        let (report, sources) = sample::hostile();
        let text = rendered(&report, &sources);
        let commands: Vec<_> = text.lines().filter_map(command).collect();
        let names: Vec<&str> = commands.iter().map(|command| command.name).collect();
        assert_eq!(names, ["error", "error", "warning"]);
        for Command { properties, message, .. } in &commands {
            let known = ["file", "line", "endLine", "col", "endColumn", "title"];
            assert!(properties.iter().all(|(name, _)| known.contains(name)), "{properties:?}");
            assert!(message.contains("%0A"), "{message}");
        }
    }

    #[test]
    fn a_step_has_ten_annotations_of_a_level_and_the_heaviest_come_first() {
        let mut report = sample::blocked();
        let of = |level| report.findings.iter().filter(move |one| one.level == level);
        let (errors, warnings) = (of(Level::Error).count(), of(Level::Warning).count());
        let warning = of(Level::Warning).next().unwrap().clone();
        report.findings.splice(0..0, std::iter::repeat_n(warning, 20));
        let text = rendered(&report, &sample::sources());
        let commands: Vec<_> = text.lines().filter_map(command).collect();
        let of = |name| commands.iter().filter(move |command| command.name == name);
        // What could not be told is among the errors.
        assert_eq!(of("error").count(), errors + report.inconclusive.len());
        assert_eq!(of("warning").count(), 10);
        let last = of("warning").next_back().unwrap().message;
        assert!(last.starts_with(&format!("{} more warnings", warnings + 20 - 9)), "{last}");
        let names = commands.iter().map(|command| command.name);
        assert!(names.is_sorted_by_key(|name| {
            ["error", "warning", "notice"].iter().position(|one| *one == name)
        }));
    }
}
