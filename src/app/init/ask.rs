//! A question on the terminal.

use std::io::{BufRead, Write};

use crate::error::GateError;
use crate::model::printable;

/// Asks on standard error, and reads the answer from standard input; anything but `y` is no.
pub(super) fn yes(question: &str) -> Result<bool, GateError> {
    answer(question, &mut std::io::stdin().lock(), &mut std::io::stderr().lock()).map_err(|error| {
        GateError::Usage(format!("no answer can be read: {error}\n  help: --yes asks nothing"))
    })
}

fn answer(question: &str, from: &mut impl BufRead, to: &mut impl Write) -> std::io::Result<bool> {
    write!(to, "{} [y/N] ", printable(question))?;
    to.flush()?;
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::answer;

    #[test]
    fn only_yes_is_yes() {
        let asked = |text: &str| {
            let mut said = Vec::new();
            let yes = answer("write \u{1b}[2Ja?", &mut text.as_bytes(), &mut said).unwrap();
            (yes, String::from_utf8(said).unwrap())
        };
        for text in ["y\n", "Y\n", " yes \n", "y"] {
            assert!(asked(text).0, "{text}");
        }
        for text in ["", "\n", "n\n", "yy\n", "no y\n"] {
            assert!(!asked(text).0, "{text}");
        }
        let said = asked("").1;
        assert!(said.ends_with(" [y/N] ") && !said.contains('\u{1b}'), "{said}");
    }
}
