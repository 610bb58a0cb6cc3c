//! Findings as the annotations of a check run.

use serde::Serialize;

use crate::model::{Finding, Inconclusive, Level, Location, RepoPath, Report, clipped, printable};
use crate::report::{Place, SourceMap};

/// The most annotations that are posted; the summary and the report have the others.
const MAX: usize = 1_000;
/// Characters of a title, at most: GitHub takes 255.
const MAX_TITLE: usize = 200;
/// Bytes of a message and of its details, at most: GitHub takes 64 KB.
const MAX_BYTES: usize = 60_000;
/// The largest number of a line or column that GitHub takes.
const MAX_NUMBER: usize = i32::MAX as usize;
/// Where GitHub itself puts what is about no file.
const NO_FILE: &str = ".github";

/// A remark on lines of a file, as the API takes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Annotation {
    path: String,
    start_line: usize,
    end_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    annotation_level: &'static str,
    title: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_details: Option<String>,
}

/// Everything that a report says of places, most severe first.
pub(super) fn annotations(report: &Report, sources: &SourceMap) -> Vec<Annotation> {
    let of_level = |level: Level| report.findings.iter().filter(move |one| one.level == level);
    let found = |level: Level| of_level(level).map(|one| of_finding(one, sources));
    let untold = report.inconclusive.iter().map(of_untold);
    let all = found(Level::Error).chain(untold);
    all.chain(found(Level::Warning)).chain(found(Level::Note)).take(MAX).collect()
}

fn of_finding(finding: &Finding, sources: &SourceMap) -> Annotation {
    let annotation_level = match finding.level {
        Level::Error => "failure",
        Level::Warning => "warning",
        Level::Note | Level::Off => "notice",
    };
    let about = finding.migration.as_deref().or(finding.schema.as_deref());
    let about = about.map(|about| format!(": {about}")).unwrap_or_default();
    let help = finding.help.as_ref().map(|help| format!("\nHelp: {help}")).unwrap_or_default();
    let details = finding.details.join("\n");
    Annotation {
        annotation_level,
        title: clipped(&format!("{}{about}", finding.rule), MAX_TITLE),
        message: shown(&format!("{}{help}", finding.message)),
        raw_details: Some(shown(&details)).filter(|details| !details.is_empty()),
        ..at(&finding.location, sources)
    }
}

fn of_untold(item: &Inconclusive) -> Annotation {
    let about = item.migration.as_deref().unwrap_or(&item.set);
    Annotation {
        annotation_level: "failure",
        title: clipped(&format!("could not be told: {about}"), MAX_TITLE),
        message: shown(&format!("{}\nHelp: {}", item.reason, item.way_out)),
        ..at(&Location::file(item.path.clone()), &SourceMap::new())
    }
}

/// An annotation without words at that place; what means a whole file stands at its first line.
fn at(location: &Location, sources: &SourceMap) -> Annotation {
    let (lines, columns) = numbers(sources.place(location));
    Annotation {
        path: path(&location.path),
        start_line: lines.0,
        end_line: lines.1,
        start_column: columns.map(|(start, _)| start),
        end_column: columns.map(|(_, end)| end),
        annotation_level: "notice",
        title: String::new(),
        message: String::new(),
        raw_details: None,
    }
}

/// First and last line and column of a place, as GitHub counts them. Nobody knows who wrote the
/// report that it was read from.
fn numbers(place: Option<Place>) -> ((usize, usize), Option<(usize, usize)>) {
    let Some(place) = place else { return ((1, 1), None) };
    let ordered = |start: usize, end: usize| {
        let start = start.clamp(1, MAX_NUMBER);
        (start, end.clamp(start, MAX_NUMBER))
    };
    // The API takes columns only where there is one line.
    let columns = (place.start.0 == place.end.0).then(|| ordered(place.start.1, place.end.1));
    (ordered(place.start.0, place.last_line()), columns)
}

fn path(path: &RepoPath) -> String {
    if path.is_root() { NO_FILE.to_owned() } else { printable(&path.to_string()).into_owned() }
}

/// Foreign text of several lines, printable and cut.
fn shown(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(printable).collect();
    let mut text = lines.join("\n");
    if text.len() > MAX_BYTES {
        text.truncate(text.floor_char_boundary(MAX_BYTES));
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{MAX_BYTES, Place, annotations, numbers, shown};
    use crate::model::{Level, Location, Span};
    use crate::render::sample;

    fn one(span: Option<(usize, usize)>) -> serde_json::Value {
        let mut report = sample::blocked();
        let mut finding = report.findings.remove(0);
        finding.location.path = sample::path("db/migrations/0005_add_email.sql");
        let path = finding.location.path.clone();
        finding.location = match span {
            Some((start, end)) => Location::at(path, Span::new(start, end)),
            None => Location::file(path),
        };
        report.findings = vec![finding];
        report.inconclusive.clear();
        serde_json::to_value(&annotations(&report, &sample::sources())[0]).unwrap()
    }

    #[test]
    fn places_are_those_that_the_api_takes() {
        let lines = |span| {
            let one = one(span);
            ["start_line", "end_line", "start_column", "end_column"].map(|key| one[key].clone())
        };
        let null = serde_json::Value::Null;
        assert_eq!(lines(None), [json!(1), json!(1), null.clone(), null.clone()]);
        assert_eq!(lines(Some((1, 6))), [json!(1), json!(1), json!(2), json!(7)]);
        assert_eq!(lines(Some((1, 30))), [json!(1), json!(2), null.clone(), null.clone()]);
        // The line break alone is no second line.
        assert_eq!(lines(Some((1, 20)))[..2], [json!(1), json!(1)]);
        // Whoever forges a report counts as he likes.
        let forged = |start, end| numbers(Some(Place { span: Span::new(0, 0), start, end }));
        let far = i32::MAX as usize;
        let most = usize::MAX;
        assert_eq!(forged((most, most), (most, 2)), ((far, far), Some((far, far))));
        assert_eq!(forged((0, 0), (0, 0)), ((1, 1), Some((1, 1))));
        assert_eq!(forged((9, 1), (3, 2)), ((9, 9), None));
    }

    #[test]
    fn the_worst_comes_first_and_nothing_hidden_is_passed_on() {
        let (report, sources) = sample::hostile();
        let all = annotations(&report, &sources);
        let levels: Vec<usize> = all
            .iter()
            .map(|one| {
                ["failure", "warning", "notice"]
                    .iter()
                    .position(|level| *level == one.annotation_level)
                    .unwrap()
            })
            .collect();
        assert!(levels.is_sorted() && !levels.is_empty());
        let text = serde_json::to_string(&all).unwrap();
        assert!(
            !text.contains(['\u{1b}', '\u{202e}', '\u{200b}']) && !text.contains("\\u001b"),
            "{text}"
        );
        let errors = report.findings.iter().filter(|one| one.level == Level::Error).count();
        let untold = report.inconclusive.len();
        assert_eq!(levels.iter().filter(|level| **level == 0).count(), errors + untold);
        assert!(shown(&"ä".repeat(MAX_BYTES)).len() <= MAX_BYTES + 3);
    }
}
