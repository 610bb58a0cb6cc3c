//! `journal`: what a runner did, and whether its journal is still what was written.

use std::fmt::Write as _;
use std::path::Path;

use super::output::{complain, print};
use crate::error::GateError;
use crate::model::printable;
use crate::render::escape::log_line;
use crate::runner::Fault;
use crate::runner::journal::{self, Filter, Verification};

/// Prints the events that a filter lets through. Returns the exit code.
///
/// # Errors
/// When standard output does not take them.
pub(super) fn show(path: &Path, filter: &Filter, json: bool) -> Result<u8, GateError> {
    let shown = match journal::show(path, filter, json) {
        Ok(shown) => shown,
        Err(fault) => return Ok(told(&fault)),
    };
    // JSON is for programs and stays as it is; words may be read by a CI runner.
    let shown = if json {
        shown
    } else {
        shown.lines().map(|line| format!("{}\n", log_line(line))).collect()
    };
    print(&shown)?;
    Ok(0)
}

/// Holds every line against its hash and the line before it. Returns the exit code: 1 where the
/// journal is not what was written.
///
/// # Errors
/// When standard output does not take what was found.
pub(super) fn verify(path: &Path, json: bool) -> Result<u8, GateError> {
    let found = match journal::verify(path) {
        Ok(found) => found,
        Err(fault) => return Ok(told(&fault)),
    };
    let text = if json {
        // Strings and numbers always serialise.
        serde_json::to_string_pretty(&found).unwrap_or_default() + "\n"
    } else {
        words(path, &found)
    };
    print(&text)?;
    Ok(u8::from(!found.is_sound()))
}

fn words(path: &Path, found: &Verification) -> String {
    let path = path.display().to_string();
    let mut out = String::new();
    for (remarks, sign) in [(&found.problems, '✘'), (&found.notes, 'i')] {
        for remark in remarks {
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{sign} line {}: {}", remark.line, printable(&remark.what));
        }
    }
    let verdict = match (found.problem_count, &found.last_hash) {
        (0, None) => format!("✔ {}: no events", printable(&path)),
        (0, Some(hash)) => format!(
            "✔ {}: as it was written, {} to number {} ({})",
            printable(&path),
            count(found.events, "event"),
            found.last_sequence,
            printable(hash)
        ),
        (problems, _) => format!(
            "✘ {}: not as it was written, {} in {}\n  help: hold it against a copy, such as what \
             a log collector has",
            printable(&path),
            count(problems, "problem"),
            count(found.events, "sound event"),
        ),
    };
    out.push_str(&log_line(&verdict));
    out + "\n"
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn told(fault: &Fault) -> u8 {
    complain(&fault.to_string());
    fault.kind.exit_code()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::journal::Remark;

    #[test]
    fn exit_codes_tell_sound_journals_from_changed_and_missing_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        for json in [false, true] {
            assert_eq!(verify(&path, json).unwrap(), 3);
            assert_eq!(show(&path, &Filter::default(), json).unwrap(), 3);
        }
        std::fs::write(&path, "").unwrap();
        assert_eq!(verify(&path, false).unwrap(), 0);
        std::fs::write(&path, "what is this\n").unwrap();
        assert_eq!(verify(&path, true).unwrap(), 1);
        // Looking at it is no judgement.
        assert_eq!(show(&path, &Filter::default(), false).unwrap(), 0);
    }

    #[test]
    fn what_was_found_is_said_with_its_line() {
        let remark = |line, what: &str| Remark { line, what: what.to_owned() };
        let mut found = Verification {
            events: 1,
            last_sequence: 4,
            last_hash: Some("abc".to_owned()),
            notes: vec![remark(3, "the clock went back")],
            ..Verification::default()
        };
        let path = Path::new("a\u{1b}b.jsonl");
        assert_eq!(
            words(path, &found),
            "i line 3: the clock went back\n\
             ✔ a\\u{1b}b.jsonl: as it was written, 1 event to number 4 (abc)\n"
        );
        found.problems = vec![remark(2, "event 2 is missing before it")];
        found.problem_count = 2;
        let said = words(path, &found);
        assert!(said.starts_with("✘ line 2: event 2 is missing before it\ni line 3"), "{said}");
        assert!(said.contains("not as it was written, 2 problems in 1 sound event"), "{said}");
    }
}
