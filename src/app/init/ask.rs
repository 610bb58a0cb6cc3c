//! Questions on the terminal.

use std::io::{BufRead, Write};

use clap::ValueEnum as _;

use crate::cli::EngineName;
use crate::error::GateError;
use crate::model::printable;

/// Asks on standard error, and reads the answer from standard input; anything but `y` is no.
pub(super) fn yes(question: &str) -> Result<bool, GateError> {
    Ok(is_yes(&on_terminal(&format!("{question} [y/N] "))?))
}

/// Asks for the engine of a set; `None` where the answer names none.
pub(super) fn engine(set: &str) -> Result<Option<EngineName>, GateError> {
    let question = format!("which engine is {set} for? [sqlite/postgres, or nothing] ");
    Ok(EngineName::from_str(&on_terminal(&question)?, true).ok())
}

fn is_yes(answer: &str) -> bool {
    matches!(answer, "y" | "Y" | "yes")
}

fn on_terminal(question: &str) -> Result<String, GateError> {
    answer(question, &mut std::io::stdin().lock(), &mut std::io::stderr().lock()).map_err(|error| {
        GateError::Usage(format!("no answer can be read: {error}\n  help: --yes asks nothing"))
    })
}

fn answer(question: &str, from: &mut impl BufRead, to: &mut impl Write) -> std::io::Result<String> {
    write!(to, "{}", printable(question))?;
    to.flush()?;
    let mut line = String::new();
    from.read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{answer, is_yes};

    #[test]
    fn only_yes_is_yes() {
        let asked = |text: &str| {
            let mut said = Vec::new();
            let line = answer("write \u{1b}[2Ja? ", &mut text.as_bytes(), &mut said).unwrap();
            (is_yes(&line), String::from_utf8(said).unwrap())
        };
        for text in ["y\n", "Y\n", " yes \n", "y"] {
            assert!(asked(text).0, "{text}");
        }
        for text in ["", "\n", "n\n", "yy\n", "no y\n"] {
            assert!(!asked(text).0, "{text}");
        }
        let said = asked("").1;
        assert!(said.ends_with("a? ") && !said.contains('\u{1b}'), "{said}");
    }
}
