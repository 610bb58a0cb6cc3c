//! Everything in a report is hostile: file names, SQL, identifiers and an engine's messages come
//! from the change that is checked.
//!
//! - [`printable`] is for every format: what a terminal would obey, or a reader could not see,
//!   becomes visible.
//! - [`log_line`] keeps a CI runner from taking a line of text as a command.
//! - [`command_data`] and [`command_property`] are the parts of such a command of our own.
//! - [`text`], [`code`], [`html_code`] and [`fence`] are for Markdown. Prose is let through word
//!   by word, by what is known to be harmless; any other word becomes a code span, where neither
//!   markup nor mentions nor references work.

use std::borrow::Cow;
use std::fmt::Write as _;

pub use crate::model::printable;

/// The lines of a text, each printable; trailing empty ones are dropped.
pub fn lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.trim_end().split('\n').map(|line| printable(line.strip_suffix('\r').unwrap_or(line)))
}

/// One line of a log that no CI runner takes for a command: `::error::` at its beginning
/// (GitHub), `##[`, `##vso[` and `##teamcity[` anywhere.
#[must_use]
pub fn log_line(line: &str) -> Cow<'_, str> {
    let begins = line.trim_start().starts_with("::");
    if !begins && !line.contains("##") {
        return Cow::Borrowed(line);
    }
    let line = if begins { line.replacen("::", "\\u{3a}:", 1) } else { line.to_owned() };
    let mut out = String::with_capacity(line.len());
    for (at, c) in line.char_indices() {
        let command = line[at..].strip_prefix("##").is_some_and(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).starts_with('[')
        });
        if command { out.push_str("\\u{23}") } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// The message of a GitHub workflow command, several lines in one, escaped as GitHub's toolkit
/// does: <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>.
#[must_use]
pub fn command_data(text: &str) -> String {
    let lines: Vec<String> = lines(text).map(|line| log_line(&line).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A property of a GitHub workflow command, escaped like its message and against ending early.
#[must_use]
pub fn command_property(text: &str) -> String {
    command_data(&printable(text)).replace(':', "%3A").replace(',', "%2C")
}

/// Prose in Markdown, on one line; nothing in it is markup, a mention, a reference or a link.
#[must_use]
pub fn text(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(|word| prose(&printable(word))).collect();
    words.join(" ")
}

/// A word as it is, where it is harmless, else with its core as code.
fn prose(word: &str) -> String {
    let start = word.find(|c| !"(\"'".contains(c)).unwrap_or(word.len());
    let (before, rest) = word.split_at(start);
    let end = rest.trim_end_matches([')', '"', '\'', '.', ',', ';', ':', '!', '?']).len();
    let (core, after) = rest.split_at(end);
    if is_harmless(core) && !(is_number(core) && after.starts_with(['.', ')'])) {
        format!("{before}{core}{after}")
    } else if core.is_empty() {
        code(word)
    } else {
        format!("{before}{}{after}", code(core))
    }
}

fn is_number(core: &str) -> bool {
    core.bytes().all(|byte| byte.is_ascii_digit())
}

/// Letters, digits, hyphens inside and what is not ASCII; but not what a forge links by itself:
/// a commit's hash or `GH-12`.
fn is_harmless(core: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii() || c == '-' || c == '\'';
    let hash = core.len() >= 7
        && core.bytes().all(|byte| byte.is_ascii_hexdigit())
        && core.bytes().any(|byte| byte.is_ascii_digit());
    core.starts_with(char::is_alphanumeric)
        && core.chars().all(plain)
        && !hash
        && !core.to_ascii_lowercase().starts_with("gh-")
}

/// A code span on one line that holds this text whatever it contains.
#[must_use]
pub fn code(text: &str) -> String {
    let text = printable(text);
    if text.contains('|') || text.trim().is_empty() {
        // A table splits its cells before it looks for code spans.
        return html_code(&text);
    }
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Code as an HTML element, for places where Markdown is not read or reads pipes first.
#[must_use]
pub fn html_code(text: &str) -> String {
    let mut out = String::from("<code>");
    for c in printable(text).chars() {
        if c.is_ascii_alphanumeric() || !c.is_ascii() || " -/".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "&#{};", u32::from(c));
        }
    }
    out.push_str("</code>");
    out
}

/// A fenced block around lines that are already printable.
#[must_use]
pub fn fence(language: &str, content: &str) -> String {
    let ticks = "`".repeat(longest_run(content).max(2) + 1);
    format!("{ticks}{language}\n{}\n{ticks}\n", content.trim_end_matches('\n'))
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{code, command_data, command_property, fence, html_code, log_line, text};

    #[test]
    fn no_line_is_a_command_of_a_runner() {
        assert_eq!(log_line("  ::error::x"), "  \\u{3a}:error::x");
        assert_eq!(log_line("a ##[add-mask]b ##vso[x]"), "a \\u{23}#[add-mask]b \\u{23}#vso[x]");
        assert_eq!(log_line("t::int ## a[1]"), "t::int ## a[1]");
    }

    #[test]
    fn parts_of_a_workflow_command_stay_in_their_place() {
        assert_eq!(command_data("100%: a,\r\n::b\rc"), "100%25: a,%0A\\u{3a}:b\\u{d}c");
        assert_eq!(command_property("a:b,c%\nd"), "a%3Ab%2Cc%25\\u{a}d");
    }

    #[test]
    fn prose_stays_readable() {
        assert_eq!(
            text("The column is gone (and its index)."),
            "The column is gone (and its index)."
        );
        assert_eq!(text("table users.email, NOT_NULL"), "table `users.email`, `NOT_NULL`");
        assert_eq!(text("it's a no-op: größe"), "it's a no-op: größe");
    }

    #[test]
    fn markup_mentions_and_links_become_code() {
        for (hostile, safe) in [
            ("@team", "`@team`"),
            ("(see #12)", "(see `#12`)"),
            ("<b>x</b>", "`<b>x</b>`"),
            ("![x](https://a.b)", "`![x](https://a.b`)"),
            ("<!--", "`<!--`"),
            ("www.example.com.", "`www.example.com`."),
            ("GH-12 deadbeef1", "`GH-12` `deadbeef1`"),
            ("# a\n- b\n1. c\n===", "`#` a `-` b `1`. c `===`"),
            (":tada:", "`:tada`:"),
            ("a`b``c", "```a`b``c```"),
            ("a|b", "<code>a&#124;b</code>"),
            ("\"...\"", "`\"...\"`"),
        ] {
            assert_eq!(text(hostile), safe);
        }
    }

    #[test]
    fn code_holds_whatever_it_contains() {
        assert_eq!(code("`x"), "`` `x ``");
        assert_eq!(code("a\\|b"), "<code>a&#92;&#124;b</code>");
        assert_eq!(html_code("<i>@a"), "<code>&#60;i&#62;&#64;a</code>");
        assert_eq!(fence("text", "a ```` b"), "`````text\na ```` b\n`````\n");
    }
}
