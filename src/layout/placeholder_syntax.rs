//! How tools mark the places into which they put values.

use std::ops::Range;

use squawk_lexer::{LiteralKind, Token, TokenKind, tokenize};

use super::placeholder::{Placeholder, Quoting};
use crate::model::{EngineKind, RepoPath, Span};

/// A plain placeholder that must have a value.
fn plain(path: &RepoPath, range: Range<usize>, name: &str) -> Placeholder {
    Placeholder {
        path: path.clone(),
        span: Span::new(range.start, range.end),
        name: name.to_owned(),
        quoting: Quoting::Plain,
        fallback: None,
        required: true,
        engine: None,
    }
}

/// flyway's `${name}`, also in comments and strings; it knows some names itself.
pub(in crate::layout) fn flyway(path: &RepoPath, text: &str) -> Vec<Placeholder> {
    let mut found = Vec::new();
    for (start, mark) in text.match_indices("${") {
        let rest = &text[start + mark.len()..];
        let Some(end) = rest.find(|c: char| matches!(c, '}' | '$') || c.is_whitespace()) else {
            break;
        };
        let name = &rest[..end];
        if name.is_empty() || !rest[end..].starts_with('}') {
            continue;
        }
        let fallback = match name {
            "flyway:filename" => Some(path.file_name().to_owned()),
            "flyway:table" => Some("flyway_schema_history".to_owned()),
            _ => None,
        };
        let end = start + mark.len() + name.len() + 1;
        found.push(Placeholder { fallback, ..plain(path, start..end, name) });
    }
    found
}

/// `$NAME`, `${NAME}` and `${NAME:-value}` in one line, as goose reads them; `None` where the line
/// holds another form.
pub(in crate::layout) fn shell(
    path: &RepoPath,
    text: &str,
    line: Range<usize>,
) -> Option<Vec<Placeholder>> {
    let mut found = Vec::new();
    let body = text.get(line.clone())?;
    let mut from = 0;
    while let Some(at) = body.get(from..)?.find('$').map(|at| from + at) {
        from = at + 1;
        let rest = &body[from..];
        let place = |length: usize| line.start + at..line.start + at + 1 + length;
        if let Some((inside, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let length = word(inside);
            let (name, rule) = inside.split_at(length);
            let fallback = match rule {
                "" => None,
                _ => Some(rule.strip_prefix(":-").or(rule.strip_prefix('-'))?.to_owned()),
            };
            // A value that is itself made of variables is more than is read here.
            if name.is_empty() || fallback.as_ref().is_some_and(|value| value.contains('$')) {
                return None;
            }
            let range = place(inside.len() + 2);
            from = range.end - line.start;
            found.push(Placeholder { fallback, ..plain(path, range, name) });
        } else if rest.starts_with(['{', '$', '(']) || body[..at].ends_with('\\') {
            return None;
        } else {
            let name = &rest[..word(rest)];
            if !name.is_empty() {
                found.push(plain(path, place(name.len()), name));
            }
        }
    }
    Some(found)
}

/// The length of the name that a text begins with.
fn word(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// `/* TEMPLATE: name */`, which programs with goose inside replace before goose reads the file.
pub(in crate::layout) fn template(path: &RepoPath, text: &str) -> Vec<Placeholder> {
    const MARK: &str = "/* TEMPLATE:";
    let mut found = Vec::new();
    for (start, mark) in text.match_indices(MARK) {
        let Some((inside, rest)) = text[start + mark.len()..].split_once('*') else { break };
        let name = inside.trim();
        if rest.starts_with('/') && !name.is_empty() && word(name) == name.len() {
            let end = start + mark.len() + inside.len() + 2;
            found.push(plain(path, start..end, name));
        }
    }
    found
}

/// psql's `:name`, `:'name'` and `:"name"`, which stand neither in strings nor in comments.
///
/// `:name` between brackets may be the end of an array's slice.
pub(in crate::layout) fn psql(path: &RepoPath, text: &str) -> Vec<Placeholder> {
    let mut found = Vec::new();
    let mut brackets = 0_usize;
    let tokens = spans(text);
    for (index, (token, at)) in tokens.iter().enumerate() {
        match token.kind {
            TokenKind::OpenBracket => brackets += 1,
            TokenKind::CloseBracket => brackets = brackets.saturating_sub(1),
            TokenKind::Colon => {
                let twice = index.checked_sub(1).and_then(|before| tokens.get(before));
                let Some((next, range)) = tokens.get(index + 1) else { continue };
                if twice.is_some_and(|(before, _)| before.kind == TokenKind::Colon) {
                    continue;
                }
                let Some((quoting, name)) = variable(next, text.get(range.clone()).unwrap_or(""))
                else {
                    continue;
                };
                found.push(Placeholder {
                    quoting,
                    required: quoting != Quoting::Plain || brackets == 0,
                    engine: Some(EngineKind::Postgres),
                    ..plain(path, at.start..range.end, name)
                });
            }
            _ => {}
        }
    }
    found
}

fn variable<'t>(token: &Token, text: &'t str) -> Option<(Quoting, &'t str)> {
    let (quoting, name) = match token.kind {
        TokenKind::Ident => (Quoting::Plain, text),
        TokenKind::QuotedIdent { .. } => {
            (Quoting::Identifier, text.strip_prefix('"')?.strip_suffix('"')?)
        }
        TokenKind::Literal { kind: LiteralKind::Str { .. } } => {
            (Quoting::Literal, text.strip_prefix('\'')?.strip_suffix('\'')?)
        }
        _ => return None,
    };
    (!name.is_empty() && word(name) == name.len()).then_some((quoting, name))
}

/// graphile-migrate's `:NAME`, which it replaces anywhere; in strings and comments it may be that
/// nothing is meant.
pub(in crate::layout) fn graphile(path: &RepoPath, text: &str) -> Vec<Placeholder> {
    let mut code = Vec::new();
    colons(text, 0, 2, &mut code);
    let mut found = Vec::new();
    for (start, _) in text.match_indices(':') {
        let rest = &text[start + 1..];
        let name = &rest[..word(rest)];
        let loud = name.starts_with(|first: char| first.is_ascii_uppercase())
            && !name.contains(|c: char| c.is_ascii_lowercase());
        // A cast has two colons.
        if loud && !text[..start].ends_with(':') {
            let required = code.binary_search(&start).is_ok();
            let range = start..start + 1 + name.len();
            found.push(Placeholder { required, ..plain(path, range, name) });
        }
    }
    found
}

/// Where colons stand in code, also in that of functions between dollar quotes.
fn colons(text: &str, offset: usize, depth: usize, found: &mut Vec<usize>) {
    for (token, range) in spans(text) {
        match token.kind {
            TokenKind::Colon => found.push(offset + range.start),
            TokenKind::Literal { kind: LiteralKind::DollarQuotedString { .. } } if depth > 0 => {
                let inside = text.get(range.clone()).unwrap_or("");
                let tag = inside.get(1..).and_then(|rest| rest.find('$')).map_or(0, |at| at + 2);
                let body = inside.get(tag..inside.len().saturating_sub(tag)).unwrap_or("");
                colons(body, offset + range.start + tag, depth - 1, found);
            }
            _ => {}
        }
    }
}

/// The tokens with their places.
fn spans(text: &str) -> Vec<(Token, Range<usize>)> {
    let mut at = 0;
    tokenize(text)
        .map(|token| {
            let start = at;
            at += token.len as usize;
            (token, start..at)
        })
        .collect()
}
