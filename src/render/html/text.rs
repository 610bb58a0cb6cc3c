//! Pieces of text that every part of the page uses; what comes from outside leaves here escaped.

use super::escape::{html, lines};
use crate::model::{Evidenced, Location, SetReport};
use crate::render::words::{Mark, shorten};
use crate::report::SourceMap;

/// Characters of one name, at most.
const MAX_NAME: usize = 300;
/// Lines of one text, at most.
const MAX_LINES: usize = 40;
/// Characters of one such line, at most.
const MAX_LINE: usize = 1_000;

/// A name on one line, cut where it is very long.
pub(super) fn name(content: &str) -> String {
    html(&shorten(content, MAX_NAME))
}

/// A name as code.
pub(super) fn code(content: &str) -> String {
    format!("<code>{}</code>", name(content))
}

/// Text whose lines are kept apart, an essay cut.
pub(super) fn block(content: &str) -> String {
    let count = lines(content).count();
    let mut shown: Vec<String> =
        lines(content).take(MAX_LINES).map(|line| html(&shorten(&line, MAX_LINE))).collect();
    if count > MAX_LINES {
        shown.push(format!("… and {} more lines (in the JSON report)", count - MAX_LINES));
    }
    shown.join("<br>")
}

/// The class by which a mark is coloured.
pub(super) fn class(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "good",
        Mark::Warning => "warning",
        Mark::Bad => "bad",
        Mark::Unknown => "unknown",
        Mark::None => "none",
    }
}

/// A mark's sign; a word beside it says the same to those who do not see it.
pub(super) fn sign(mark: Mark) -> String {
    let (class, sign) = (class(mark), mark.sign());
    format!("<span class=\"sign {class}\" aria-hidden=\"true\">{sign}</span>")
}

/// What a mark says of a migration or a schema.
pub(super) fn standing(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "good",
        Mark::Warning => "warning",
        Mark::Bad => "error",
        Mark::Unknown => "could not be told",
        Mark::None => "not judged",
    }
}

/// What something rests on, with a way to what that means.
pub(super) fn evidence(evidenced: Evidenced) -> String {
    let word = evidenced.name();
    format!("<a class=\"evidence\" href=\"#evidence-{word}\">{word}</a>")
}

/// `file:line:column`, or the file alone, as code.
pub(super) fn place(location: &Location, sources: &SourceMap) -> String {
    let path = location.path.to_string();
    match sources.place(location) {
        Some(place) => {
            let (line, column) = place.start;
            format!("<code>{}:{line}:{column}</code>", name(&path))
        }
        None => code(&path),
    }
}

/// A set's folder, where its name does not say it: one that was found without configuration bears
/// its folder's name.
pub(super) fn folder(set: &SetReport) -> Option<String> {
    let path = set.path.to_string();
    (set.name != path).then(|| code(&path))
}

/// The beginning of a box in which something wide scrolls by itself, also by the keyboard.
pub(super) fn scroll(label: &str) -> String {
    format!("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">", name(label))
}
