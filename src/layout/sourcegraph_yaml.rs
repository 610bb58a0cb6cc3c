//! The `metadata.yaml` of a migration: a flat map of scalars and lists of scalars.
//!
//! Read from the parser's events, so that nothing is expanded and nothing nests.

use granit_parser::{Event, Parser};

use super::Reading;
use super::shared::{self, File};
use crate::model::{Location, Span, quoted};

/// What the gate needs to know of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    /// The ids of the migrations this one stands on.
    pub(super) parents: Vec<String>,
    /// It runs outside a transaction.
    pub(super) concurrently: bool,
}

type Fault = (Span, String);

/// Reads it, or adds a problem.
pub(super) fn read(file: &File<'_>, reading: &mut Reading) -> Option<Metadata> {
    let text = file.text_or_problem(reading)?;
    let (span, message) = match pairs(&text).and_then(known) {
        Ok(metadata) => return Some(metadata),
        Err(fault) => fault,
    };
    let place = Location::at(file.path.clone(), span);
    let message = format!("`{}` cannot be read: {message}", file.relative);
    let help = "Write plain keys with plain values, such as `parents: [1528395834]`.";
    reading.problems.push(shared::invalid(place, message, help));
    None
}

/// One key with its values; `list` where they stand in a list.
struct Pair {
    key: String,
    values: Vec<(String, Span)>,
    list: bool,
    span: Span,
}

fn pairs(text: &str) -> Result<Vec<Pair>, Fault> {
    let mut parser = Parser::new_from_str_with_options(
        text,
        granit_parser::options! { emit_comments: false, emit_unresolved_aliases: true },
    );
    let (mut pairs, mut open, mut depth): (Vec<Pair>, Option<Pair>, usize) = (vec![], None, 0);
    while let Some(event) = parser.next_event() {
        let (event, place) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(0);
            (Span::new(at, at), error.info().to_owned())
        })?;
        let start = place.start.byte_offset().unwrap_or(0);
        let span = Span::new(start, place.end.byte_offset().unwrap_or(start).max(start));
        let flat = |message: &str| Err((span, message.to_owned()));
        match (event, &mut open) {
            (Event::MappingStart(..), None) if depth == 0 && pairs.is_empty() => depth = 1,
            (Event::SequenceStart(..), Some(pair)) if depth == 1 => (pair.list, depth) = (true, 2),
            (Event::SequenceEnd, _) => {
                depth = 1;
                pairs.extend(open.take());
            }
            (Event::MappingEnd, _) => depth = 0,
            (Event::Scalar(text, ..), None) if depth == 1 => {
                let (key, values) = (text.into_owned(), Vec::new());
                open = Some(Pair { key, values, list: false, span });
            }
            (Event::Scalar(text, ..), Some(pair)) => {
                pair.values.push((text.into_owned(), span));
                if depth == 1 {
                    pairs.extend(open.take());
                }
            }
            (Event::Scalar(..) | Event::MappingStart(..) | Event::SequenceStart(..), _) => {
                return flat("only a map of plain values and lists is expected");
            }
            (Event::Alias(_) | Event::UnresolvedAlias(_), _) => {
                return flat("anchors and aliases are not read here");
            }
            _ => {}
        }
    }
    Ok(pairs)
}

fn known(pairs: Vec<Pair>) -> Result<Metadata, Fault> {
    let mut metadata = Metadata::default();
    for pair in pairs {
        let single = pair.values.first().filter(|_| !pair.list).map(|(value, _)| value.as_str());
        match pair.key.as_str() {
            "parents" if pair.list || matches!(single, Some("" | "~" | "null")) => {
                for (value, span) in pair.values.into_iter().filter(|_| pair.list) {
                    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                        return Err((
                            span,
                            format!("{} is not the id of a parent", quoted(&value)),
                        ));
                    }
                    metadata.parents.push(value);
                }
            }
            "parents" => return Err((pair.span, "`parents` is not a list of ids".to_owned())),
            "createIndexConcurrently" => match single {
                Some("true" | "True" | "TRUE") => metadata.concurrently = true,
                Some("false" | "False" | "FALSE") => {}
                _ => {
                    let message = "`createIndexConcurrently` is neither true nor false";
                    return Err((pair.span, message.to_owned()));
                }
            },
            // The name, `privileged`, `nonIdempotent` and what else there may be: the run shows it.
            _ => {}
        }
    }
    Ok(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Metadata, String> {
        pairs(text).and_then(known).map_err(|(_, message)| message)
    }

    #[test]
    fn both_kinds_of_lists_are_read() {
        let parents = |text| read(text).unwrap().parents;
        assert_eq!(parents("name: a\nparents: [1, 2]\nprivileged: true\n"), ["1", "2"]);
        assert_eq!(parents("parents:\n  - 1\n  - '2'\nname: \"b\"\n"), ["1", "2"]);
        assert_eq!(parents("parents: []\n"), [""; 0]);
        assert_eq!(parents("parents:\n"), [""; 0]);
        assert_eq!(parents(""), [""; 0]);
    }

    #[test]
    fn what_is_not_flat_is_refused() {
        for text in
            ["- a", "parents: {a: 1}", "parents: [[1]]", "a: &x 1\nb: *x", "parents: 7", "{"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("parents: [x]").unwrap_err().contains("\"x\" is not the id"));
        assert!(read("createIndexConcurrently: maybe").is_err());
    }
}
