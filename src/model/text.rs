//! Text that other people wrote: where it stood, and how to show it safely.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::Span;

/// A value together with the place in its file that it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sited<T> {
    /// The value.
    pub value: T,
    /// Where it stands in its file.
    pub span: Span,
}

impl<T> Sited<T> {
    /// A value that was read at `span`.
    #[must_use]
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Text as one line that a terminal or a log shows for what it is.
///
/// Control characters (line breaks and tabs too) and characters that are invisible or turn the
/// direction of writing come out as `\u{…}`, so that foreign text can neither move the cursor nor
/// pass for something else. Every text from outside goes through here, whatever shows it.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The first `most` characters of foreign text, made harmless; of longer text with `…` at the end.
#[must_use]
pub fn clipped(text: &str, most: usize) -> String {
    let short: String = text.chars().take(most).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", printable(&short))
}

/// A foreign word in quotes, made harmless and not too long.
#[must_use]
pub fn quoted(word: &str) -> String {
    format!("\"{}\"", clipped(word, 60))
}

/// Words in the name of what is meant to hold a secret.
const SECRET: [&str; 8] =
    ["password", "passwd", "secret", "token", "apikey", "privatekey", "accesskey", "credential"];

/// Whether the name of a key says that its value is a secret: `db_password`, `apiKey`.
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    let name: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
    let name = name.to_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

/// Whether a character controls a terminal, turns the reading direction or cannot be seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::{looks_secret, printable, quoted};
    use std::borrow::Cow;

    #[test]
    fn ordinary_text_is_not_touched() {
        assert!(matches!(printable("größe = 日本 🦀 \\ \"x\""), Cow::Borrowed(_)));
    }

    #[test]
    fn what_could_deceive_is_spelled_out() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("a\r\n\tb"), "a\\u{d}\\u{a}\\u{9}b");
        assert_eq!(printable("\u{9b}x\u{202e}y\u{200b}"), "\\u{9b}x\\u{202e}y\\u{200b}");
        assert_eq!(printable("\u{2066}\u{feff}\u{e0041}"), "\\u{2066}\\u{feff}\\u{e0041}");
        assert_eq!(printable("\u{34f}\u{3164}\u{e0fff}"), "\\u{34f}\\u{3164}\\u{e0fff}");
    }

    #[test]
    fn a_name_says_that_its_value_is_a_secret() {
        assert!(["db_password", "apiKey", "PRIVATE-KEY", "tokens"].into_iter().all(looks_secret));
        assert!(["port", "key", "pass", ""].into_iter().all(|name| !looks_secret(name)));
    }

    #[test]
    fn an_echo_is_short_and_harmless() {
        assert_eq!(quoted("a\u{1b}b"), "\"a\\u{1b}b\"");
        assert!(quoted(&"ü".repeat(10_000)).chars().count() < 70);
    }
}
