//! The findings: as many as there is room for in full, the next ones in a line each.

use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthChar as _;

use super::differences;
use super::escape::html;
use super::text::{block, class, evidence, name, place, sign};
use crate::model::{Finding, Report, Side};
use crate::render::words::{self, Mark, shorten};
use crate::report::{Line, Snippet, SourceMap};

/// From this many bytes on, findings are one line each.
const SHORTEN: usize = 2_400_000;
/// From this many bytes on, they are only counted.
const STOP: usize = 2_900_000;
/// Details of one finding, at most.
const MAX_DETAILS: usize = 50;
/// More places of one finding, at most.
const MAX_PLACES: usize = 20;

/// The section, and how many findings stand in it with an id.
pub(super) fn findings(
    report: &Report,
    sources: &SourceMap,
) -> Result<(String, usize), fmt::Error> {
    let mut page = String::new();
    if report.findings.is_empty() {
        return Ok((page, 0));
    }
    page.push_str("<section id=\"findings\">\n<h2>Findings</h2>\n");
    let mut shown = 0;
    let mut shortened = false;
    for (index, finding) in report.findings.iter().enumerate() {
        let long = if shortened { String::new() } else { whole(index + 1, finding, sources)? };
        if !shortened && page.len() + long.len() <= SHORTEN {
            page.push_str(&long);
        } else if page.len() > STOP {
            break;
        } else {
            if !shortened {
                shortened = true;
                page.push_str("<h3>More findings, in short</h3>\n<ul class=\"short\">\n");
            }
            short(index + 1, finding, sources, &mut page)?;
        }
        shown = index + 1;
    }
    if shortened {
        page.push_str("</ul>\n");
    }
    if shown < report.findings.len() {
        let more = words::number(report.findings.len() - shown, "more finding");
        writeln!(page, "<p class=\"more\">… and {more}, all in the JSON report.</p>")?;
    }
    page.push_str("</section>\n");
    Ok((page, shown))
}

/// A finding in one line.
fn short(number: usize, finding: &Finding, sources: &SourceMap, page: &mut String) -> fmt::Result {
    let Finding { rule, level, message, .. } = finding;
    writeln!(
        page,
        "<li id=\"finding-{number}\">{} {level} <code>{rule}</code> {}: {}</li>",
        sign(Mark::of_level(*level)),
        place(&finding.location, sources),
        html(&shorten(message, 160))
    )
}

fn whole(number: usize, finding: &Finding, sources: &SourceMap) -> Result<String, fmt::Error> {
    let mut out = String::new();
    let mark = Mark::of_level(finding.level);
    let (rule, level, sign, class) = (finding.rule, finding.level, sign(mark), class(mark));
    writeln!(
        out,
        "<article class=\"finding {class}\" id=\"finding-{number}\" aria-labelledby=\"title-{number}\">"
    )?;
    writeln!(out, "<h3 id=\"title-{number}\">{sign} {level} <code>{rule}</code></h3>")?;
    let label = evidence(finding.evidenced);
    let old = if finding.side == Side::Baseline { " · baseline" } else { "" };
    writeln!(out, "<p class=\"about\">{} · {label}{old}</p>", subject(finding))?;
    writeln!(out, "<p class=\"message\">{}</p>", block(&finding.message))?;
    source(finding, sources, &mut out)?;
    differences::table(&finding.diff, &mut out)?;
    details(finding, sources, &mut out)?;
    if let Some(help) = &finding.help {
        writeln!(out, "<p class=\"help\"><strong>Help:</strong> {}</p>", block(help))?;
    }
    out.push_str("</article>\n");
    Ok(out)
}

/// The set and the migration or schema of it.
pub(super) fn subject(finding: &Finding) -> String {
    let set = name(words::set(finding));
    match finding.migration.as_ref().or(finding.schema.as_ref()) {
        Some(of) => format!("{set} · <strong>{}</strong>", name(of)),
        None => set,
    }
}

/// The place, with its lines where they may be shown.
fn source(finding: &Finding, sources: &SourceMap, out: &mut String) -> fmt::Result {
    let place = place(&finding.location, sources);
    let Some(snippet) = Snippet::of_finding(finding, sources) else {
        return writeln!(out, "<p class=\"place\">{place}</p>");
    };
    writeln!(out, "<figure class=\"source\">\n<figcaption>{place}</figcaption>")?;
    out.push_str("<pre tabindex=\"0\">");
    for line in &snippet.lines {
        let class = if line.marked { "row marked" } else { "row" };
        writeln!(
            out,
            "<span class=\"{class}\"><span class=\"number\">{}</span>{}</span>",
            line.number,
            marked(line)
        )?;
    }
    if snippet.more > 0 {
        let more = words::number(snippet.more, "more line");
        writeln!(out, "<span class=\"row\"><span class=\"number\"></span>… {more}</span>")?;
    }
    out.push_str("</pre>\n</figure>\n");
    Ok(())
}

/// A line with the columns of its place marked.
fn marked(line: &Line) -> String {
    let Some(under) = line.under.as_ref().filter(|under| !under.is_empty()) else {
        return html(&line.text);
    };
    let mut column = 0;
    let mut parts = [String::new(), String::new(), String::new()];
    for c in line.text.chars() {
        let part = usize::from(column >= under.start) + usize::from(column >= under.end);
        parts[part].push(c);
        column += c.width().unwrap_or(0);
    }
    let [before, inside, after] = parts.map(|part| html(&part));
    format!("{before}<mark>{inside}</mark>{after}")
}

fn details(finding: &Finding, sources: &SourceMap, out: &mut String) -> fmt::Result {
    if finding.details.is_empty() && finding.also.is_empty() {
        return Ok(());
    }
    out.push_str("<ul class=\"details\">\n");
    for detail in finding.details.iter().take(MAX_DETAILS) {
        writeln!(out, "<li>{}</li>", block(detail))?;
    }
    let also = finding.also.iter().filter(|location| **location != finding.location);
    for location in also.take(MAX_PLACES) {
        writeln!(out, "<li>also at {}</li>", place(location, sources))?;
    }
    let hidden = finding.details.len().saturating_sub(MAX_DETAILS)
        + finding.also.len().saturating_sub(MAX_PLACES);
    if hidden > 0 {
        writeln!(out, "<li>… and {hidden} more, all in the JSON report</li>")?;
    }
    out.push_str("</ul>\n");
    Ok(())
}

/// What was accepted is told as what was found is, in short.
pub(super) fn told(finding: &Finding, sources: &SourceMap) -> String {
    let Finding { rule, level, message, location, .. } = finding;
    let (label, place) = (evidence(finding.evidenced), place(location, sources));
    format!(
        "<h3>{} {level} <code>{rule}</code></h3>\n<p class=\"about\">{} · {label}</p>\n<p class=\"message\">{}</p>\n<p class=\"place\">{place}</p>",
        sign(Mark::None),
        subject(finding),
        block(message),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_marked_however_wide_their_characters() {
        let line = |text: &str, under| {
            marked(&Line { number: 1, text: text.into(), marked: true, under: Some(under) })
        };
        assert_eq!(line("a<b>c", 1..4), "a<mark>&lt;b&gt;</mark>c");
        assert_eq!(line("表x", 2..3), "表<mark>x</mark>");
        assert_eq!(line("ab", 1..1), "ab");
        assert_eq!(line("ab", 1..9), "a<mark>b</mark>");
    }
}
