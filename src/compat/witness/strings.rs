//! Strings that patterns and formats accept, and strings just beside them.

use regex_syntax::hir::{Class, Hir, HirKind};

/// How many strings one pattern gives.
const MOST: usize = 24;
/// The longest string that is made.
const LONGEST: usize = 5_000;

/// Strings that match a pattern, as far as its syntax tells, and some that may not.
pub(super) fn of_pattern(pattern: &str) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(pattern) else {
        // Look-around: what is left without it is a guess that is checked like any other.
        return look_around_removed(pattern).map(|rest| of_pattern(&rest)).unwrap_or_default();
    };
    let mut found = strings(&hir, 0);
    let plain = found.clone();
    for text in plain.iter().take(3) {
        for beside in [format!("{text}x"), format!("x{text}"), format!("{text}1"), text.repeat(2)] {
            push(&mut found, beside);
        }
    }
    found
}

fn push(found: &mut Vec<String>, text: String) {
    if text.len() <= LONGEST && found.len() < 2 * MOST && !found.contains(&text) {
        found.push(text);
    }
}

fn strings(hir: &Hir, depth: usize) -> Vec<String> {
    if depth > 30 {
        return vec![String::new()];
    }
    let mut found = Vec::new();
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => push(&mut found, String::new()),
        HirKind::Literal(literal) => {
            push(&mut found, String::from_utf8_lossy(&literal.0).into_owned());
        }
        HirKind::Class(Class::Unicode(class)) => {
            let ranges: Vec<(char, char)> =
                class.ranges().iter().map(|range| (range.start(), range.end())).collect();
            let has = |it: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&it));
            let usual = "aA0bz19Z_-. /@".chars().filter(|it| has(*it));
            let ends = ranges.iter().take(4).flat_map(|(from, to)| [*from, *to]);
            usual.chain(ends).take(8).for_each(|it| push(&mut found, it.to_string()));
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ends = class.ranges().iter().take(2).map(|range| char::from(range.start()));
            ends.for_each(|it| push(&mut found, it.to_string()));
        }
        HirKind::Capture(capture) => return strings(&capture.sub, depth + 1),
        HirKind::Repetition(repetition) => {
            let parts = strings(&repetition.sub, depth + 1);
            let (min, max) = (repetition.min, repetition.max.unwrap_or(u32::MAX));
            let times = [min, min.saturating_add(1), min.saturating_add(2), max, max / 2];
            for count in times.into_iter().filter(|count| (min..=max).contains(count)) {
                for (index, part) in parts.iter().enumerate().take(4) {
                    let count = usize::try_from(count).unwrap_or(usize::MAX);
                    if count.saturating_mul(part.len()) <= LONGEST && (index == 0 || count < 4) {
                        push(&mut found, part.repeat(count));
                    }
                }
            }
            if (min..=max).contains(&2) && parts.len() > 1 {
                push(&mut found, format!("{}{}", parts[0], parts[1]));
            }
        }
        HirKind::Concat(parts) => {
            let parts: Vec<Vec<String>> =
                parts.iter().map(|part| strings(part, depth + 1)).collect();
            if parts.iter().all(|part| !part.is_empty()) {
                let first = |index: usize| parts[index][0].as_str();
                push(&mut found, (0..parts.len()).map(first).collect());
                for round in 1..8 {
                    for varied in 0..parts.len() {
                        let Some(other) = parts[varied].get(round) else { continue };
                        let pick = |at| if at == varied { other } else { first(at) };
                        push(&mut found, (0..parts.len()).map(pick).collect());
                    }
                }
            }
        }
        HirKind::Alternation(parts) => {
            let parts: Vec<Vec<String>> =
                parts.iter().map(|part| strings(part, depth + 1)).collect();
            for round in 0..4 {
                for text in parts.iter().filter_map(|part| part.get(round)) {
                    push(&mut found, text.clone());
                }
            }
        }
    }
    found.truncate(MOST);
    found
}

/// The pattern without its look-around groups.
fn look_around_removed(pattern: &str) -> Option<String> {
    let start = ["(?=", "(?!", "(?<=", "(?<!"].iter().filter_map(|it| pattern.find(it)).min()?;
    let mut depth = 0usize;
    let mut escaped = false;
    for (index, it) in pattern.get(start..)?.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                if depth == 0 {
                    let end = start + index + 1;
                    return Some(format!("{}{}", pattern.get(..start)?, pattern.get(end..)?));
                }
            }
            _ => {}
        }
    }
    None
}

/// Strings of a format, and one that only looks like it.
pub(super) fn of_format(format: &str) -> &'static [&'static str] {
    match format {
        "date" => &["2024-02-29", "2023-02-30"],
        "date-time" => &["2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+01:00", "2024-02-29 12:00"],
        "time" => &["12:00:00Z", "23:59:60Z", "12:00"],
        "duration" => &["P1D", "PT1H", "1h"],
        "email" | "idn-email" => &["a@example.com", "a@b", "a"],
        "hostname" | "idn-hostname" => &["example.com", "localhost", "-a", "a_b"],
        "ipv4" => &["127.0.0.1", "255.255.255.255", "256.0.0.1"],
        "ipv6" => &["::1", "2001:db8::1", "::ffff:1.2.3.4"],
        "uri" | "iri" => &["https://example.com/", "urn:a:b", "/a"],
        "uri-reference" | "iri-reference" => &["/a", "https://example.com/", "\\a"],
        "uri-template" => &["/a/{b}", "/a", "{"],
        "uuid" => &["123e4567-e89b-12d3-a456-426614174000", "123e4567"],
        "json-pointer" => &["/a", "", "a"],
        "relative-json-pointer" => &["0/a", "1", "/a"],
        "regex" => &["a", "^a$", "("],
        _ => &[],
    }
}
