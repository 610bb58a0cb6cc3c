//! The report as one file for a browser.
//!
//! It asks for nothing from elsewhere and holds no script; its policy (CSP) forbids both, and allows
//! no style but the one it carries. Whatever comes from outside goes through [`escape::html`], and
//! the ids and links are made of numbers alone.
//!
//! A mark never speaks by its colour alone: a sign and a word stand beside it. Only what statements
//! were seen to take is folded, and printing unfolds it.

mod differences;
mod findings;
mod graph;
mod overview;
mod picture;
mod rest;
mod sets;
#[cfg(test)]
mod tests;
mod text;

use std::fmt::{self, Write as _};

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use super::escape::{self, log_line};
use super::{Renderer, SourceMap};
use crate::model::Report;
use crate::report::digest;

/// The whole style.
const STYLE: &str = include_str!("style.css");

/// The report for a browser.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Html;

impl Renderer for Html {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let mut page = String::new();
        head(report, &mut page)?;
        body(report, sources, &mut page)?;
        for line in page.lines() {
            writeln!(out, "{}", log_line(line))?;
        }
        Ok(())
    }
}

/// What stands before anything that is seen.
fn head(report: &Report, page: &mut String) -> fmt::Result {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE));
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    writeln!(
        page,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'\">"
    )?;
    page.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n");
    writeln!(page, "<title>{}</title>", overview::title(report))?;
    writeln!(page, "<style>{STYLE}</style>\n</head>")
}

fn body(report: &Report, sources: &SourceMap, page: &mut String) -> fmt::Result {
    let (findings, shown) = findings::findings(report, sources)?;
    page.push_str("<body>\n<a class=\"skip\" href=\"#report\">Skip to the report</a>\n");
    overview::header(report, page)?;
    overview::contents(report, page)?;
    page.push_str("<main id=\"report\" tabindex=\"-1\">\n");
    overview::summary(report, &digest(report, sources), page)?;
    sets::sets(report, sources, shown, page)?;
    page.push_str(&findings);
    rest::waived(report, sources, page)?;
    rest::inconclusive(report, page)?;
    rest::notices(report, page)?;
    rest::legend(page);
    page.push_str("</main>\n");
    overview::footer(report, page)?;
    page.push_str("</body>\n</html>\n");
    Ok(())
}
