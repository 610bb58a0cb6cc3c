//! The report as a comment on a pull request or a step summary.
//!
//! The first line is a hidden marker by which a comment is found again. Errors stand open,
//! warnings and notes are folded. A comment has a size limit on every forge: when the text grows
//! towards it, findings shrink to one line each, and then to a number.

use std::fmt::{self, Write as _};

use super::escape::{code, fence, html_code, log_line, text};
use super::snippet::Snippet;
use super::words::{self, Mark};
use super::{Renderer, SourceMap, diff};
use crate::model::{Finding, Level, Location, MigrationReport, Report, SetReport, Side, Verdict};
use crate::report::digest;

/// The first line of every comment this program writes.
pub const MARKER: &str = "<!-- migration-gate -->";

/// From this many bytes on, findings are one line each. GitHub takes 65,536.
const SHORTEN: usize = 48_000;
/// From this many bytes on, they are only counted.
const STOP: usize = 56_000;
/// Rows of a table, at most.
const MAX_ROWS: usize = 60;
/// Characters of one paragraph from outside, at most.
const MAX_TEXT: usize = 2_000;

/// The report for people on a forge.
#[derive(Clone, Copy, Debug, Default)]
pub struct Markdown;

impl Renderer for Markdown {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let mut page = format!("{MARKER}\n");
        headline(report, &mut page)?;
        for set in report.sets.iter().filter(|set| !set.migrations.is_empty()) {
            table(report, set, &mut page)?;
        }
        let untouched: Vec<&SetReport> =
            report.sets.iter().filter(|set| set.migrations.is_empty()).collect();
        if !untouched.is_empty() {
            let names: Vec<String> = untouched
                .iter()
                .map(|set| format!("{} ({})", code(&set.name), words::extent(set)))
                .collect();
            writeln!(page, "Other sets: {}.\n", names.join(", "))?;
        }
        let tail = tail(report, sources)?;
        findings(report, sources, tail.len(), &mut page)?;
        page.push_str(&tail);
        for line in page.lines() {
            writeln!(out, "{}", log_line(line))?;
        }
        Ok(())
    }
}

fn emoji(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "✅",
        Mark::Warning => "⚠️",
        Mark::Bad => "❌",
        Mark::Unknown => "❔",
        Mark::None => "ℹ️",
    }
}

fn headline(report: &Report, page: &mut String) -> fmt::Result {
    let mark = emoji(Mark::of_verdict(report.verdict));
    let word = words::verdict(report.verdict);
    write!(page, "## {mark} Migrations {word}: {}\n\n", words::reasons(report))?;
    if report.verdict == Verdict::Inconclusive {
        page.push_str("Nothing here blocks by itself, and yet this is no pass.\n\n");
    }
    if let Some(baseline) = words::baseline(report) {
        writeln!(page, "Not of this change: {}.\n", text(&baseline))?;
    }
    Ok(())
}

fn table(report: &Report, set: &SetReport, page: &mut String) -> fmt::Result {
    let (name, path) = (code(&set.name), code(&set.path.to_string()));
    writeln!(page, "### {name}\n")?;
    writeln!(page, "{path} · {} · {}\n", text(&words::tools(set)), words::extent(set))?;
    page.push_str("| | migration | class | dry run |\n|---|---|---|---|\n");
    for migration in set.migrations.iter().take(MAX_ROWS) {
        let mark = emoji(Mark::of_migration(report, &set.name, &migration.id));
        let inferred = if migration.class_declared { "" } else { " (inferred)" };
        let (id, class) = (code(&migration.id), code(migration.class.name()));
        writeln!(page, "| {mark} | {id} | {class}{inferred} | {} |", walk(migration))?;
    }
    if let Some(more) = set.migrations.len().checked_sub(MAX_ROWS).filter(|more| *more > 0) {
        writeln!(page, "| | … and {more} more | | |")?;
    }
    writeln!(page)
}

fn walk(migration: &MigrationReport) -> String {
    let steps: Vec<String> = migration
        .steps
        .iter()
        .map(|(name, outcome, _)| {
            let (mark, word) = Mark::of_step(outcome);
            match word {
                Some(word) => format!("{name} {} **{word}**", mark.sign()),
                None => format!("{name} {}", mark.sign()),
            }
        })
        .collect();
    if steps.is_empty() { "not run".to_owned() } else { steps.join(" · ") }
}

/// Every finding, as long as there is room beside the `reserved` bytes.
fn findings(
    report: &Report,
    sources: &SourceMap,
    reserved: usize,
    page: &mut String,
) -> fmt::Result {
    let mut shortened = false;
    for (index, finding) in report.findings.iter().enumerate() {
        let used = page.len() + reserved;
        let long = if shortened { String::new() } else { whole(finding, sources)? };
        if !shortened && used + long.len() <= SHORTEN {
            page.push_str(&long);
            continue;
        }
        if !shortened {
            shortened = true;
            page.push_str("### More findings, in short\n\n");
        }
        if used > STOP {
            let more = words::number(report.findings.len() - index, "more finding");
            writeln!(page, "\n… and {more}, all in the JSON report.")?;
            break;
        }
        writeln!(
            page,
            "- {} `{}` {}: {}",
            finding.level,
            finding.rule,
            code(&place(&finding.location, sources)),
            text(&shorten(&finding.message, 160)),
        )?;
    }
    if shortened {
        page.push('\n');
    }
    Ok(())
}

fn whole(finding: &Finding, sources: &SourceMap) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let mark = emoji(Mark::of_level(finding.level));
    let about = finding.migration.as_deref().unwrap_or(&finding.set);
    let (level, rule, label) = (finding.level, finding.rule, finding.evidenced.name());
    let old = if finding.side == Side::Baseline { " · baseline" } else { "" };
    let folded = level != Level::Error;
    if folded {
        let about = html_code(about);
        writeln!(
            out,
            "<details>\n<summary>{mark} {level} · <code>{rule}</code> · {about}{old}</summary>\n"
        )?;
    } else {
        writeln!(out, "### {mark} `{rule}` · {}{old}\n", code(about))?;
    }
    writeln!(out, "{}\n", paragraph(&finding.message))?;
    writeln!(out, "{} · {level} · {label}\n", code(&place(&finding.location, sources)))?;
    if let Some(snippet) = Snippet::of(&finding.location, sources) {
        let rows: Vec<String> = snippet
            .rows()
            .iter()
            .map(|row| format!("{} {}", row.gutter, row.text).trim_end().to_owned())
            .collect();
        writeln!(out, "{}", fence("text", &rows.join("\n")))?;
    }
    let rows: Vec<String> = diff::rows(&finding.diff)
        .iter()
        // A diff block colours lines by their sign; a change has `!` there.
        .map(|row| format!("{} {}", if row.sign == '~' { '!' } else { row.sign }, row.text))
        .collect();
    if !rows.is_empty() {
        writeln!(out, "{}", fence("diff", &rows.join("\n")))?;
    }
    for detail in &finding.details {
        writeln!(out, "- {}", paragraph(detail))?;
    }
    if !finding.details.is_empty() {
        out.push('\n');
    }
    if let Some(help) = &finding.help {
        writeln!(out, "**Help:** {}\n", paragraph(help))?;
    }
    if folded {
        out.push_str("</details>\n\n");
    }
    Ok(out)
}

/// What stands after the findings.
fn tail(report: &Report, sources: &SourceMap) -> Result<String, fmt::Error> {
    let mut out = String::new();
    if !report.inconclusive.is_empty() {
        out.push_str("### ❔ Could not be told\n\n");
    }
    for item in report.inconclusive.iter().take(MAX_ROWS) {
        let about = match &item.migration {
            Some(migration) => code(migration),
            None => format!("the set {}", code(&item.set)),
        };
        let (reason, way_out) = (paragraph(&item.reason), paragraph(&item.way_out));
        writeln!(out, "- {about} in {}: {reason}", code(&item.path.to_string()))?;
        writeln!(out, "  <br>**Help:** {way_out}")?;
        if out.len() > STOP / 4 {
            out.push_str("- … and more, all in the JSON report\n");
            break;
        }
    }
    if !report.inconclusive.is_empty() {
        out.push('\n');
    }
    out.push_str("<details>\n<summary>About this check</summary>\n\n");
    let base = report.base.as_deref().map_or_else(|| "none".to_owned(), paragraph);
    writeln!(out, "- base: {base}\n- head: {}", paragraph(&report.head))?;
    for notice in report.notices.iter().take(MAX_ROWS) {
        writeln!(out, "- {}", paragraph(notice))?;
    }
    let assumed = report.sets.iter().flat_map(|set| {
        set.assumed.iter().map(move |what| format!("{}, assumed: {}", code(&set.name), text(what)))
    });
    for line in assumed.take(MAX_ROWS) {
        writeln!(out, "- {line}")?;
    }
    writeln!(out, "- digest: `{}`", digest(report, sources))?;
    if let Some(first) = report.findings.first() {
        let rule = first.rule;
        writeln!(out, "- why, and how to mend it: `migration-gate explain {rule}`")?;
    }
    out.push_str("\n</details>\n");
    Ok(out)
}

/// Text from outside, its lines kept apart, cut where it is very long.
fn paragraph(content: &str) -> String {
    let content = shorten(content, MAX_TEXT);
    let parts: Vec<String> = content.split('\n').map(text).collect();
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("<br>")
}

fn shorten(content: &str, limit: usize) -> String {
    match content.char_indices().nth(limit) {
        Some((end, _)) => format!("{} …", &content[..end]),
        None => content.to_owned(),
    }
}

/// `file:line`, or the file alone.
fn place(location: &Location, sources: &SourceMap) -> String {
    match sources.place(location) {
        Some(place) => format!("{}:{}", location.path, place.start.0),
        None => location.path.to_string(),
    }
}
