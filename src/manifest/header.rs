//! What a script says of itself: `-- migration-gate: class=online depends_on=0001_create_users`.
//!
//! The line stands among the comments at the top of a file, before or after a tool's own
//! annotations (`-- +goose Up`, `-- migrate:up`), which are comments as well.

use std::collections::BTreeSet;

use super::{DeclaredClass, declared};
use crate::document::problem;
use crate::model::{Class, Problem, ProblemKind, RepoPath, Sited, Span, quoted};

const MARK: &str = "migration-gate";
/// How many problems of one header are reported.
const MOST: usize = 20;

/// What a script's header declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The first line of it.
    pub span: Span,
    /// The class.
    pub class: DeclaredClass,
    /// Ids of migrations that must have run before.
    pub depends_on: Vec<Sited<String>>,
    /// What is wrong with it, in the order of the file.
    pub problems: Vec<Problem>,
}

/// Reads the header of a script; `None` where the script says nothing of itself.
///
/// Several lines are read as one. A line below the first statement counts for nothing, and a
/// problem says so.
#[must_use]
pub fn header(path: &RepoPath, text: &str) -> Option<Header> {
    let mut reader = Reader { path, header: None, seen: Vec::new() };
    let mut leading = true;
    let mut in_block = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches('\u{feff}').trim();
        // The content begins after the line's blanks; a line is never moved by trimming its end.
        let at = start + (line.len() - line.trim_start_matches('\u{feff}').trim_start().len());
        start += line.len();
        if leading && (in_block || content.starts_with("/*")) {
            let inside = if in_block { content } else { &content[2..] };
            let after = inside.split_once("*/").map(|(_, after)| after.trim());
            in_block = after.is_none();
            // Code after a block comment ends the header.
            leading = after.unwrap_or("").is_empty();
            continue;
        }
        let comment = content.strip_prefix("--").map(str::trim_start);
        leading &= content.is_empty() || comment.is_some();
        if let Some(comment) = comment {
            let at = at + (content.len() - comment.len());
            reader.comment(comment, at, leading);
        }
    }
    reader.header
}

/// What follows `migration-gate:` in a comment.
pub(super) fn directive(comment: &str) -> Option<&str> {
    comment.strip_prefix(MARK)?.trim_start().strip_prefix(':')
}

struct Reader<'a> {
    path: &'a RepoPath,
    header: Option<Header>,
    seen: Vec<&'static str>,
}

impl Reader<'_> {
    /// Reads one comment; `at` is where its text begins.
    fn comment(&mut self, comment: &str, at: usize, leading: bool) {
        let Some(rest) = comment.strip_prefix(MARK) else { return };
        let whole = Span::new(at, at + comment.len());
        let Some(settings) = rest.trim_start().strip_prefix(':') else {
            // A forgotten colon, or just prose about the gate?
            if rest.contains("class=") || rest.contains("depends_on=") {
                let message = "a colon is missing after \"migration-gate\"";
                self.report(whole, message, "write `-- migration-gate: class=online`");
            }
            return;
        };
        // What a script allows itself may stand anywhere.
        if super::allow::allow(settings).is_some() {
            return;
        }
        if !leading {
            let help = "move the line to the comments at the top of the file";
            self.report(whole, "this line stands below the first statement and is not read", help);
            return;
        }
        self.found(whole);
        let base = at + (comment.len() - settings.len());
        let mut any = false;
        for (offset, word) in words(settings) {
            any = true;
            self.setting(word, base + offset);
        }
        if !any {
            let help = "write `-- migration-gate: class=online`";
            self.report(whole, "nothing follows \"migration-gate:\"", help);
        }
    }

    fn setting(&mut self, word: &str, at: usize) {
        let whole = Span::new(at, at + word.len());
        let Some((key, value)) = word.split_once('=') else {
            let message = format!("{} is not a setting", quoted(word));
            let help = "write key=value without blanks: class=online depends_on=0001_a,0002_b";
            self.report(whole, message, help);
            return;
        };
        let value_at = at + key.len() + 1;
        let value_span = Span::new(value_at, value_at + value.len());
        let name = match key {
            "class" => "class",
            "depends_on" => "depends_on",
            _ => {
                let at = Span::new(at, at + key.len());
                self.report(at, format!("unknown key {}", quoted(key)), "use class or depends_on");
                return;
            }
        };
        if self.seen.contains(&name) {
            self.report(whole, format!("{name} is set twice"), "keep one of them");
            return;
        }
        self.seen.push(name);
        if name == "class" {
            self.class(value, value_span);
        } else {
            self.depends_on(value, value_at);
        }
    }

    fn class(&mut self, value: &str, at: Span) {
        let class = declared(value, at);
        if class.get().is_none() {
            let all = Class::ALL.map(Class::name).join(", ");
            let message = format!("unknown class {}", quoted(value));
            self.add(ProblemKind::InvalidClass, at, message, format!("use one of {all}"));
        }
        self.found(at).class = class;
    }

    fn depends_on(&mut self, value: &str, at: usize) {
        let mut start = at;
        let mut ids: Vec<Sited<String>> = Vec::new();
        let mut known = BTreeSet::new();
        for id in value.split(',') {
            let span = Span::new(start, start + id.len());
            start += id.len() + 1;
            // `depends_on=` alone says that there are none.
            if id.is_empty() && !value.is_empty() {
                self.report(span, "an id is missing here", "write ids with one comma between");
            } else if !id.is_empty() && !known.insert(id) {
                self.report(span, format!("{} is named twice", quoted(id)), "keep one of them");
            } else if !id.is_empty() {
                ids.push(Sited::new(id.to_owned(), span));
            }
        }
        self.found(Span::new(at, start)).depends_on = ids;
    }

    fn found(&mut self, span: Span) -> &mut Header {
        self.header.get_or_insert_with(|| Header {
            span,
            class: DeclaredClass::Missing,
            depends_on: Vec::new(),
            problems: Vec::new(),
        })
    }

    fn report(&mut self, at: Span, message: impl Into<String>, help: &str) {
        self.add(ProblemKind::Invalid, at, message, help);
    }

    fn add(
        &mut self,
        kind: ProblemKind,
        at: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let problem = Problem { kind, ..problem(self.path, at, message, help) };
        let problems = &mut self.found(at).problems;
        if problems.len() < MOST {
            problems.push(problem);
        }
    }
}

/// The words of a line with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr().addr();
    text.split_whitespace().map(move |word| (word.as_ptr().addr() - start, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Header> {
        header(&RepoPath::new("db/1.sql").unwrap(), text)
    }

    fn problems(text: &str) -> Vec<(String, String)> {
        let place = |p: &Problem| {
            let span = p.location.span.unwrap();
            text[span.start..span.end].to_owned()
        };
        let header = read(text).unwrap();
        header.problems.iter().map(|p| (place(p), p.message.clone())).collect()
    }

    #[test]
    fn class_and_dependencies_are_read_with_their_places() {
        for text in [
            "-- migration-gate: class=online depends_on=0001_a,0002_b\nSELECT 1;",
            "\u{feff}--migration-gate:class=online   depends_on=0001_a,0002_b\r\nSELECT 1;\r\n",
            "-- +goose Up\n-- migration-gate: class=online depends_on=0001_a,0002_b\nSELECT 1;",
            "-- migration-gate: class=online\n-- migration-gate: depends_on=0001_a,0002_b\n\
             -- migrate:up\nSELECT 1;",
            "/* (c) us */\n/*\n * more\n */\n\n  -- why\n-- migration-gate: class=online \
             depends_on=0001_a,0002_b",
        ] {
            let header = read(text).unwrap();
            assert_eq!(header.problems, [], "{text}");
            let DeclaredClass::Valid(class) = &header.class else { panic!("{text}") };
            assert_eq!(class.value, Class::Online);
            assert_eq!(&text[class.span.start..class.span.end], "online", "{text}");
            let ids: Vec<&str> =
                header.depends_on.iter().map(|id| &text[id.span.start..id.span.end]).collect();
            assert_eq!(ids, ["0001_a", "0002_b"], "{text}");
            assert_eq!(header.depends_on[1].value, "0002_b");
        }
    }

    #[test]
    fn a_script_may_say_nothing() {
        for text in [
            "",
            "SELECT 1;",
            "-- hello\nSELECT 1;",
            "# migration-gate: class=online\n",
            "-- see migration-gate: it reads this",
            "-- migration-gate wants a class here",
            "/* migration-gate: class=online */",
            "/* migration-gate: class=online */ SELECT 1;",
            "SELECT 1;\n-- migration-gate: allow a/b reason=\"c\"",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("-- migration-gate: depends_on=").unwrap().problems, []);
    }

    #[test]
    fn every_mistake_has_its_place() {
        let one = |text: &str, place: &str, message: &str| {
            assert_eq!(problems(text), [(place.to_owned(), message.to_owned())], "{text}");
        };
        one("-- migration-gate: class=fast", "fast", "unknown class \"fast\"");
        one("-- migration-gate: clas=online", "clas", "unknown key \"clas\"");
        one("-- migration-gate: class=online online", "online", "\"online\" is not a setting");
        let twice = "-- migration-gate: class=online\n-- migration-gate: class=online";
        one(twice, "class=online", "class is set twice");
        one("-- migration-gate: depends_on=a,,b", "", "an id is missing here");
        one("-- migration-gate: depends_on=a,a", "a", "\"a\" is named twice");
        one("-- migration-gate:", "migration-gate:", "nothing follows \"migration-gate:\"");
        let colon = "-- migration-gate class=online";
        one(colon, "migration-gate class=online", "a colon is missing after \"migration-gate\"");
        let late = "SELECT 1;\n-- migration-gate: class=online";
        let said = "this line stands below the first statement and is not read";
        one(late, "migration-gate: class=online", said);
        one(
            "/* a */ SELECT 1;\n-- migration-gate: class=online",
            "migration-gate: class=online",
            said,
        );
        assert_eq!(read(late).unwrap().class, DeclaredClass::Missing);
        let invalid = read("-- migration-gate: class=fast").unwrap();
        assert_eq!(invalid.problems[0].kind, ProblemKind::InvalidClass);
        assert!(matches!(invalid.class, DeclaredClass::Invalid(_)));
    }

    #[test]
    fn hostile_headers_are_answered() {
        let mut seed = 3_u64;
        let alphabet: Vec<char> =
            "-migration-gate: class=,/*\n\r\t\0é\u{feff}\u{202e}".chars().collect();
        for _ in 0..2_000 {
            let mut text = String::from("-- migration-gate: ");
            for _ in 0..40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                text.push(alphabet[(seed >> 33) as usize % alphabet.len()]);
            }
            for problem in read(&text).map(|header| header.problems).unwrap_or_default() {
                let span = problem.location.span.unwrap();
                assert!(text.is_char_boundary(span.start) && span.end <= text.len(), "{text:?}");
                assert!(!problem.message.contains('\u{202e}'), "{text:?}");
            }
        }
    }
}
