//! The report as a comment on a pull request or a step summary.
//!
//! The first line is a hidden marker by which a comment is found again. Errors stand open,
//! warnings and notes are folded. A comment has a size limit on every forge: when the text grows
//! towards it, findings shrink to one line each, and then to a number.

mod sets;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::escape::{code, fence, html_code, log_line, printable, text};
use super::words::{self, Mark, shorten};
use super::{Renderer, SourceMap, diff};
use crate::model::{Finding, Level, Location, Report, Side, Verdict};
use crate::report::{Snippet, digest};

/// The first line of every comment this program writes.
pub const MARKER: &str = "<!-- migration-gate -->";

/// Up to this many bytes findings are whole, else one line each. GitHub takes 65,536.
const SHORTEN: usize = 48_000;
/// From this many bytes on, they are only counted.
const STOP: usize = 56_000;
/// How many findings are tried for whether they have room as a whole.
const MAX_TRIED: usize = 1_000;
/// Rows of a table, at most.
const MAX_ROWS: usize = 60;
/// Characters of one paragraph from outside, at most.
const MAX_TEXT: usize = 2_000;
/// Characters of one name from outside, at most.
const MAX_NAME: usize = 200;
/// From this many bytes on, the last section ends.
const MAX_TAIL: usize = 16_000;
/// Above this, hostile names have filled the page: only the verdict is said.
const LIMIT: usize = 64_000;

/// The report for people on a forge.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Markdown;

impl Renderer for Markdown {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let mut page = format!("{MARKER}\n");
        headline(report, &mut page)?;
        sets::touched(report, &mut page)?;
        sets::others(report, &mut page)?;
        let tail = tail(report, sources)?;
        findings(report, sources, tail.len(), &mut page)?;
        page.push_str(&tail);
        page = logged(&page);
        if page.len() > LIMIT {
            page = format!("{MARKER}\n");
            headline(report, &mut page)?;
            writeln!(
                page,
                "The report is too long for a comment; the JSON report has all of it.\n"
            )?;
            writeln!(page, "digest: `{}`", digest(report, sources))?;
            page = logged(&page);
        }
        out.write_str(&page)?;
        Ok(())
    }
}

/// The page as a log takes it, which may be longer.
fn logged(page: &str) -> String {
    page.lines().flat_map(|line| [log_line(line), "\n".into()]).collect()
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
    write!(page, "## {mark} {}: {}\n\n", words::heading(report), words::reasons(report))?;
    if report.verdict == Verdict::Inconclusive {
        page.push_str("Nothing here blocks by itself, and yet this is no pass.\n\n");
    }
    if let Some(baseline) = words::baseline(report) {
        writeln!(page, "Not of this change: {}.\n", text(&baseline))?;
    }
    Ok(())
}

/// The findings, as many of them whole as have room beside the `reserved` bytes, errors before
/// others; the rest is one line each, or a number.
fn findings(
    report: &Report,
    sources: &SourceMap,
    reserved: usize,
    page: &mut String,
) -> fmt::Result {
    let mut worst_first: Vec<usize> = (0..report.findings.len()).collect();
    worst_first.sort_by_key(|index| report.findings[*index].level);
    let mut used = page.len() + reserved;
    let mut fitting: BTreeMap<usize, String> = BTreeMap::new();
    for index in worst_first.iter().take(MAX_TRIED) {
        let long = whole(&report.findings[*index], sources)?;
        if used + long.len() <= SHORTEN {
            used += long.len();
            fitting.insert(*index, long);
        }
    }
    page.extend(fitting.values().map(String::as_str));
    worst_first.retain(|index| !fitting.contains_key(index));
    if worst_first.is_empty() {
        return Ok(());
    }
    page.push_str("### More findings, in short\n\n");
    for (at, index) in worst_first.iter().enumerate() {
        if page.len() + reserved > STOP {
            let more = words::number(worst_first.len() - at, "more finding");
            writeln!(page, "\n… and {more}, all in the JSON report.")?;
            break;
        }
        let finding = &report.findings[*index];
        writeln!(
            page,
            "- {} `{}` {}: {}",
            finding.level,
            finding.rule,
            name(&place(&finding.location, sources)),
            text(&shorten(&finding.message, 160)),
        )?;
    }
    page.push('\n');
    Ok(())
}

fn whole(finding: &Finding, sources: &SourceMap) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let mark = emoji(Mark::of_level(finding.level));
    let about = finding.migration.as_deref().or(finding.schema.as_deref());
    let about = about.unwrap_or_else(|| words::set(finding));
    let (level, rule, label) = (finding.level, finding.rule, finding.evidenced.name());
    let old = if finding.side == Side::Baseline { " · baseline" } else { "" };
    let folded = level != Level::Error;
    if folded {
        let about = html_code(&shorten(&printable(about), MAX_NAME));
        writeln!(
            out,
            "<details>\n<summary>{mark} {level} · <code>{rule}</code> · {about}{old}</summary>\n"
        )?;
    } else {
        writeln!(out, "### {mark} `{rule}` · {}{old}\n", name(about))?;
    }
    writeln!(out, "{}\n", paragraph(&finding.message))?;
    writeln!(out, "{} · {level} · {label}\n", name(&place(&finding.location, sources)))?;
    if let Some(snippet) = Snippet::of_finding(finding, sources) {
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
    waived(report, sources, &mut out)?;
    if !report.inconclusive.is_empty() {
        out.push_str("### ❔ Could not be told\n\n");
    }
    for item in report.inconclusive.iter().take(MAX_ROWS) {
        let about = match &item.migration {
            Some(migration) => name(migration),
            None => format!("the set {}", name(&item.set)),
        };
        let (reason, way_out) = (paragraph(&item.reason), paragraph(&item.way_out));
        writeln!(out, "- {about} in {}: {reason}", name(&item.path.to_string()))?;
        writeln!(out, "  <br>**Help:** {way_out}")?;
        if out.len() > MAX_TAIL * 3 / 4 {
            out.push_str("- … and more, all in the JSON report\n");
            break;
        }
    }
    if !report.inconclusive.is_empty() {
        out.push('\n');
    }
    about(report, sources, &mut out)?;
    Ok(out)
}

/// What was accepted, and by whom.
fn waived(report: &Report, sources: &SourceMap, out: &mut String) -> fmt::Result {
    if report.waived.is_empty() {
        return Ok(());
    }
    out.push_str("### ℹ️ Waived\n\n");
    for waived in report.waived.iter().take(MAX_ROWS) {
        let Finding { rule, level, message, location, .. } = &waived.finding;
        let (message, place) = (paragraph(message), name(&place(location, sources)));
        writeln!(out, "- {level} `{rule}` {place}: {message}")?;
        writeln!(out, "  <br>{}", paragraph(&words::accepted(waived)))?;
        if out.len() > MAX_TAIL / 2 {
            out.push_str("- … and more, all in the JSON report\n");
            break;
        }
    }
    out.push('\n');
    Ok(())
}

/// Base, head, what was assumed and the digest.
fn about(report: &Report, sources: &SourceMap, out: &mut String) -> fmt::Result {
    out.push_str("<details>\n<summary>About this check</summary>\n\n");
    let base = report.base.as_deref().map_or_else(|| "none".to_owned(), paragraph);
    writeln!(out, "- base: {base}\n- head: {}", paragraph(&report.head))?;
    if let Some(moment) = report.as_of {
        writeln!(out, "- judged as of {moment}")?;
    }
    let notices = report.notices.iter().map(|notice| paragraph(notice));
    let assumed = report.sets.iter().flat_map(|set| {
        let what = |what: &String| format!("{}, assumed: {}", name(&set.name), paragraph(what));
        set.assumed.iter().map(what).collect::<Vec<_>>()
    });
    for line in notices.chain(assumed) {
        if out.len() > MAX_TAIL {
            out.push_str("- … and more, all in the JSON report\n");
            break;
        }
        writeln!(out, "- {line}")?;
    }
    writeln!(out, "- digest: `{}`", digest(report, sources))?;
    if let Some(rule) = words::rule_to_explain(report) {
        writeln!(out, "- why, and how to mend it: `migration-gate explain {rule}`")?;
    }
    out.push_str("\n</details>\n");
    Ok(())
}

/// Text from outside, its lines kept apart, cut where it is very long.
fn paragraph(content: &str) -> String {
    let content = shorten(content, MAX_TEXT);
    let parts: Vec<String> = content.split('\n').map(text).collect();
    let whole = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("<br>");
    // Text made to grow when it is escaped is not worth its room.
    if whole.len() > 3 * MAX_TEXT { name(&content) } else { whole }
}

/// A name from outside as code, cut where it is very long.
fn name(content: &str) -> String {
    code(&shorten(&printable(content), MAX_NAME))
}

/// `file:line`, or the file alone.
fn place(location: &Location, sources: &SourceMap) -> String {
    match sources.place(location) {
        Some(place) => format!("{}:{}", location.path, place.start.0),
        None => location.path.to_string(),
    }
}
