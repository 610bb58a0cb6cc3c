//! Scalars and one-line values as YAML writes them.

use serde_json::{Number, Value};

use crate::document::yaml::{self, Plain};

/// How a scalar may be written.
#[derive(Clone, Copy)]
pub(super) struct Quoting {
    /// The quotes of a text: those around what it replaces, or those that it gets if it needs any.
    pub(super) quote: char,
    /// Whether text gets quotes even where it needs none.
    pub(super) always: bool,
    /// Whether it stands inside brackets.
    pub(super) in_flow: bool,
}

/// A value on one line.
pub(super) fn inline(value: &Value, quoting: Quoting) -> String {
    let inside = Quoting { in_flow: true, ..quoting };
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => number(value),
        Value::String(value) => text(value, quoting),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| inline(item, inside)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| {
                let quoting = Quoting { always: false, ..inside };
                format!("{}: {}", text(key, quoting), inline(value, inside))
            };
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
    }
}

/// A text on one line: plain, or in quotes.
pub(super) fn text(text: &str, quoting: Quoting) -> String {
    if !quoting.always && !needs_quotes(text, quoting.in_flow) {
        return text.to_owned();
    }
    // Double quotes give way to single ones where those save escapes.
    let single = quoting.quote == '\'' || (!quoting.always && text.contains(['"', '\\']));
    if single && text.chars().all(is_printable) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        double_quoted(text)
    }
}

fn double_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0' => out.push_str("\\0"),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&match u32::from(c) {
                code @ ..0x100 => format!("\\x{code:02X}"),
                code @ 0x100..0x10000 => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            }),
        }
    }
    out.push('"');
    out
}

/// Whether a character can stand for itself within a line of quoted text.
fn is_printable(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// Whether a text without quotes would be read as something else, here or by an older reader.
pub(super) fn needs_quotes(text: &str, in_flow: bool) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return true };
    let begins_badly = match first {
        '-' => !chars.next().is_some_and(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '/')),
        _ => "?:,[]{}#&*!|>'\"%@`=<".contains(first),
    };
    begins_badly
        || text.trim() != text
        || text.starts_with("---")
        || text.starts_with("...")
        || text.contains(": ")
        || text.ends_with(':')
        || text.contains(" #")
        || !text.chars().all(|c| is_printable(c) && (c == ' ' || !c.is_whitespace()))
        || (in_flow && text.contains([',', '[', ']', '{', '}', ':', '?']))
        || !matches!(yaml::plain(text), Plain::Value(crate::document::Value::Text(_)))
        || is_typed_elsewhere(text)
}

/// Whether readers of YAML 1.1 take a plain text for a truth value, a number or a date.
fn is_typed_elsewhere(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let numeric = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_hexdigit() || "_:.-+xXbBoOeETtZ ".contains(c));
    let word = text.to_ascii_lowercase();
    numeric || matches!(&*word, "yes" | "no" | "on" | "off")
}

/// A number that readers of YAML 1.1 see as one too: with a point and a sign if it has an exponent.
fn number(number: &Number) -> String {
    let text = number.to_string();
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}

/// The header and the lines of a text as a literal block scalar; `None` where it has only one line
/// or cannot be written so.
pub(super) fn literal(text: &str) -> Option<(&'static str, Vec<String>)> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let fits = text.contains('\n')
        && !body.is_empty()
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\t', '\n'])
        && body.lines().all(|line| !line.trim().is_empty() || line.is_empty())
        && text.chars().all(|c| is_printable(c) || matches!(c, '\n' | '\t'));
    let header = if text.ends_with('\n') { "|" } else { "|-" };
    fits.then(|| (header, body.split('\n').map(str::to_owned).collect()))
}
