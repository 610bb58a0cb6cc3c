//! What stands after the findings: waivers, what could not be told, notices, and the legend.

use std::fmt::{self, Write as _};

use super::differences::SIGNS;
use super::findings::told;
use super::sets::assumed;
use super::text::{block, code, name, sign};
use crate::model::{Acceptance, Inconclusive, Report, Waived};
use crate::render::words::Mark;
use crate::report::SourceMap;

/// From this many bytes on, a section ends.
const STOP: usize = 250_000;

/// A section of many items, cut where it grows too long.
fn section(
    page: &mut String,
    (id, title): (&str, &str),
    items: impl ExactSizeIterator<Item = String>,
) -> fmt::Result {
    let count = items.len();
    if count == 0 {
        return Ok(());
    }
    writeln!(page, "<section id=\"{id}\">\n<h2>{title}</h2>")?;
    let most = page.len() + STOP;
    for (index, item) in items.enumerate() {
        if page.len() + item.len() > most {
            let more = count - index;
            writeln!(page, "<p class=\"more\">… and {more} more, all in the JSON report.</p>")?;
            break;
        }
        page.push_str(&item);
    }
    page.push_str("</section>\n");
    Ok(())
}

/// What was accepted, and by whom.
pub(super) fn waived(report: &Report, sources: &SourceMap, page: &mut String) -> fmt::Result {
    let item = |waived: &Waived| {
        let (what, by) = (told(&waived.finding, sources), terms(&waived.by));
        format!("<article class=\"finding none\">\n{what}\n{by}</article>\n")
    };
    section(page, ("waived", "Waived"), report.waived.iter().map(item))
}

/// Why, by whom and how long.
fn terms(by: &Acceptance) -> String {
    let owner = match by.owner.as_str() {
        Acceptance::INLINE => "allowed by the script".to_owned(),
        owner => name(owner),
    };
    let last = by.expires.map_or_else(|| "none".to_owned(), |last| format!("<time>{last}</time>"));
    format!(
        "<dl class=\"facts\">\n<div><dt>Reason</dt><dd>{}</dd></div>\n<div><dt>Owner</dt><dd>{owner}</dd></div>\n<div><dt>Last day</dt><dd>{last}</dd></div>\n</dl>\n",
        block(&by.reason)
    )
}

/// What could not be told, and how to make it tellable.
pub(super) fn inconclusive(report: &Report, page: &mut String) -> fmt::Result {
    let item = |item: &Inconclusive| {
        let about = item.migration.as_deref().map_or_else(|| "the whole set".to_owned(), name);
        format!(
            "<article class=\"finding unknown\">\n<h3>{} {} · {about}</h3>\n<p class=\"message\">{}</p>\n<p class=\"place\">{}</p>\n<p class=\"help\"><strong>Help:</strong> {}</p>\n</article>\n",
            sign(Mark::Unknown),
            name(&item.set),
            block(&item.reason),
            code(&item.path.to_string()),
            block(&item.way_out)
        )
    };
    section(page, ("inconclusive", "Could not be told"), report.inconclusive.iter().map(item))
}

/// The notices, and what was assumed of the sets, escaped.
pub(super) fn notes(report: &Report) -> Vec<String> {
    let notices = report.notices.iter().map(|notice| block(notice));
    notices.chain(report.sets.iter().flat_map(assumed)).collect()
}

/// Things worth saying that are no findings.
pub(super) fn notices(report: &Report, page: &mut String) -> fmt::Result {
    let notes = notes(report);
    let items = notes.iter().map(|note| format!("<p class=\"notice\">{note}</p>\n"));
    section(page, ("notices", "Good to know"), items)
}

/// The steps in words.
const STEPS: [(&str, &str); 7] = [
    ("up", "the migration runs after everything before it"),
    ("again", "the same up runs a second time"),
    ("verify", "the script that proves the up"),
    ("down", "the rollback; the schema must be the one from before up"),
    ("restore", "the backup from before up is put back instead"),
    ("up again", "the migration runs once more after its rollback"),
    ("reverse", "after all ups, every down in reverse order"),
];

/// What a claim can rest on.
const EVIDENCE: [(&str, &str); 3] = [
    ("static", "read from files and history"),
    ("traced", "seen on the engine while the migration ran"),
    ("proved", "shown by running the migration and comparing the states before and after"),
];

/// The words for marks.
const MARKS: [(Mark, &str); 5] = [
    (Mark::Good, "nothing to say, or notes only; a step that left the schema expected"),
    (Mark::Warning, "a warning, or a step that went wrong and that no rule holds against it"),
    (Mark::Bad, "an error; a step that went wrong"),
    (Mark::Unknown, "could not be told here, which is never a pass"),
    (Mark::None, "a note; a step that was not asked for or came after one that failed"),
];

/// How to read signs, labels and steps.
pub(super) fn legend(page: &mut String) {
    page.push_str("<section id=\"legend\">\n<h2>How to read this</h2>\n<div class=\"legend\">\n");
    let marks = MARKS.map(|(mark, meaning)| (String::new(), sign(mark), meaning));
    list(page, "Signs", marks);
    let evidence = EVIDENCE.map(|(word, meaning)| {
        (
            format!(" id=\"evidence-{word}\""),
            format!("<span class=\"evidence\">{word}</span>"),
            meaning,
        )
    });
    list(page, "What a claim rests on", evidence);
    list(
        page,
        "Steps of the dry run",
        STEPS.map(|(step, what)| (String::new(), step.into(), what)),
    );
    let signs = SIGNS.map(|(word, mark, what)| {
        let class = super::text::class(mark);
        (String::new(), format!("<span class=\"change {class}\">{word}</span>"), what)
    });
    list(page, "Schema differences", signs);
    page.push_str("</div>\n</section>\n");
}

fn list<const N: usize>(page: &mut String, title: &str, rows: [(String, String, &str); N]) {
    page.push_str(&format!("<div>\n<h3>{title}</h3>\n<dl>\n"));
    for (id, term, meaning) in rows {
        page.push_str(&format!("<div{id}><dt>{term}</dt><dd>{meaning}</dd></div>\n"));
    }
    page.push_str("</dl>\n</div>\n");
}
