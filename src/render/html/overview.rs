//! The verdict, what was compared, and the ways into the page.

use std::fmt::{self, Write as _};

use super::text::{block, class, code, name};
use crate::model::{Report, Verdict};
use crate::render::words::{self, Mark};

/// The page's title.
pub(super) fn title(report: &Report) -> String {
    name(&format!("{}: {}", words::heading(report), words::reasons(report)))
}

/// The verdict.
pub(super) fn header(report: &Report, page: &mut String) -> fmt::Result {
    let mark = Mark::of_verdict(report.verdict);
    let heading = words::heading(report);
    writeln!(page, "<header class=\"verdict {}\">", class(mark))?;
    writeln!(page, "<span class=\"seal\" aria-hidden=\"true\">{}</span>", mark.sign())?;
    writeln!(page, "<div>\n<h1>{heading}</h1>\n<p>{}</p>", block(&words::reasons(report)))?;
    if report.verdict == Verdict::Inconclusive {
        page.push_str("<p>Nothing here blocks by itself, and yet this is no pass.</p>\n");
    }
    page.push_str("</div>\n</header>\n");
    Ok(())
}

/// The sections of the page, with how much each holds.
pub(super) fn contents(report: &Report, page: &mut String) -> fmt::Result {
    let sections = [
        ("sets", "Sets", report.sets.len()),
        ("findings", "Findings", report.findings.len()),
        ("waived", "Waived", report.waived.len()),
        ("inconclusive", "Could not be told", report.inconclusive.len()),
        ("notices", "Good to know", super::rest::notes(report).len()),
    ];
    page.push_str(
        "<nav aria-label=\"Contents\">\n<ul>\n<li><a href=\"#summary\">Summary</a></li>\n",
    );
    for (id, title, count) in sections {
        if count > 0 {
            writeln!(
                page,
                "<li><a href=\"#{id}\">{title} <span class=\"count\">{count}</span></a></li>"
            )?;
        }
    }
    page.push_str("<li><a href=\"#legend\">How to read this</a></li>\n</ul>\n</nav>\n");
    Ok(())
}

/// The counts, both sides, the policy and the digest.
pub(super) fn summary(report: &Report, digest: &str, page: &mut String) -> fmt::Result {
    page.push_str("<section id=\"summary\">\n<h2>Summary</h2>\n");
    counts(report, page)?;
    page.push_str("<dl class=\"facts\">\n");
    let base = match (&report.base, report.all) {
        (Some(base), _) => block(base),
        (None, true) => "none, everything is judged".to_owned(),
        (None, false) => "none".to_owned(),
    };
    fact(page, "Base", &base)?;
    let identity = &report.identity;
    if let Some(commit) = &identity.base_commit {
        fact(page, "Base commit", &code(commit))?;
    }
    fact(page, "Head", &block(&report.head))?;
    if let Some(commit) = &identity.head_commit {
        fact(page, "Head commit", &code(commit))?;
    }
    fact(page, "Policy", &policy(report))?;
    if let Some(moment) = report.as_of {
        fact(page, "Judged as of", &format!("<time>{}</time>", name(&moment.to_string())))?;
    }
    fact(page, "Digest", &code(digest))?;
    if let Some(baseline) = words::baseline(report) {
        fact(page, "Not of this change", &block(&baseline))?;
    }
    page.push_str("</dl>\n</section>\n");
    Ok(())
}

fn counts(report: &Report, page: &mut String) -> fmt::Result {
    let counts = [
        (Mark::Bad, report.counts.errors, "error"),
        (Mark::Warning, report.counts.warnings, "warning"),
        (Mark::None, report.counts.notes, "note"),
    ];
    page.push_str("<ul class=\"counts\">\n");
    for (mark, count, word) in counts {
        let class = if count == 0 { "zero" } else { class(mark) };
        writeln!(page, "<li class=\"{class}\">{}</li>", words::number(count, word))?;
    }
    let others = [
        (Mark::None, report.waived.len(), "waived"),
        (Mark::Unknown, report.inconclusive.len(), "could not be told"),
    ];
    for (mark, count, word) in others.into_iter().filter(|(_, count, _)| *count > 0) {
        writeln!(page, "<li class=\"{}\">{count} {word}</li>", class(mark))?;
    }
    page.push_str("</ul>\n");
    Ok(())
}

fn policy(report: &Report) -> String {
    let policy = &report.identity.policy;
    let side = if policy.of_base { "base" } else { "head" };
    match &policy.sha256 {
        Some(sha256) => {
            let path = code(&policy.path.to_string());
            format!("{path} of the {side}<br>SHA-256 {}", code(sha256))
        }
        None => format!("the defaults: the {side} has no such file"),
    }
}

fn fact(page: &mut String, term: &str, value: &str) -> fmt::Result {
    writeln!(page, "<div><dt>{term}</dt><dd>{value}</dd></div>")
}

/// Who wrote this, and where to learn more.
pub(super) fn footer(report: &Report, page: &mut String) -> fmt::Result {
    let version = env!("CARGO_PKG_VERSION");
    page.push_str("<footer>\n");
    write!(page, "<p>migration-gate {version}. The JSON report with this digest has everything ")?;
    page.push_str("that is cut here.</p>\n");
    if let Some(rule) = words::rule_to_explain(report) {
        let hint = code(&format!("migration-gate explain {rule}"));
        writeln!(page, "<p>Why, and how to mend it: {hint}</p>")?;
    }
    page.push_str("</footer>\n");
    Ok(())
}
