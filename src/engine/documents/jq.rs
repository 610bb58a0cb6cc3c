//! jq programs, evaluated without clock, environment and files.
//!
//! A program can run for ever, take all memory or overflow the stack, and the last of these ends a
//! process. So it runs in a process of its own, which is this program under a hidden command, with
//! bounded memory and time.

use std::path::Path;
use std::time::Duration;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use super::operation::Problem;
use super::tools::{self, Ended};
use crate::host;
use crate::model::printable;

/// The hidden command under which the program evaluates jq.
pub const COMMAND: &str = "evaluate-jq";

/// The most memory that a program may take, in KiB of address space.
const MEMORY: &str = "1048576";
/// What stands before an answer.
const VALUE: &str = "value\n";
const ERROR: &str = "error\n";
/// What reaches outside, ends the process, or differs from run to run.
const OUTSIDE: [&str; 10] = [
    "debug",
    "debug_empty",
    "env",
    "halt",
    "halt_error",
    "localtime",
    "now",
    "stderr",
    "stderr_empty",
    "strflocaltime",
];

/// Runs a program on a document, in a process of `evaluator`.
pub(super) fn run(
    evaluator: &Path,
    program: &str,
    document: &Value,
    limit: Duration,
) -> Result<Value, Problem> {
    let question = format!("{}\n{document}", Value::from(program));
    let mut command = host::command("sh");
    // Where memory cannot be bounded nothing runs, and nothing is answered.
    let bounded = "ulimit -v \"$1\" && shift && [ -x \"$1\" ] || exit 0; exec \"$@\"";
    command.args(["-c", bounded, "sh", MEMORY]);
    command.arg(evaluator).arg(COMMAND).env_clear().current_dir("/");
    match tools::capture(&mut command, "jq", &question, limit)? {
        Ended::Failed(_) => Err(Problem::Fails(
            "takes more memory than is allowed, or calls itself too deeply".into(),
        )),
        Ended::Printed(text) => match (text.strip_prefix(VALUE), text.strip_prefix(ERROR)) {
            (Some(json), _) => serde_json::from_str(json)
                .map_err(|_| Problem::Fails("gives something that is not JSON".into())),
            (None, Some(message)) => Err(Problem::Fails(format!("says: {}", printable(message)))),
            (None, None) => Err(Problem::Ours(
                "jq does not answer: its process cannot be started with bounded memory".into(),
            )),
        },
    }
}

/// Answers a question: a jq program as JSON text in the first line, a document after it. This may
/// run for ever, take all memory and overflow the stack.
#[must_use]
pub fn answer(question: &str) -> String {
    match evaluate(question) {
        Ok(value) => format!("{VALUE}{value}"),
        Err(message) => format!("{ERROR}{message}"),
    }
}

fn evaluate(question: &str) -> Result<Val, String> {
    let (program, document) = question.split_once('\n').ok_or("no document was given")?;
    let program: String = serde_json::from_str(program).map_err(|error| error.to_string())?;
    let document = read::parse_single(document.as_bytes()).map_err(|error| error.to_string())?;

    let is_inside = |name: &str| !OUTSIDE.contains(&name);
    let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let arena = Arena::default();
    let loader = Loader::new(definitions.filter(|definition| is_inside(definition.name)));
    let modules = loader
        .load(&arena, File { code: program.as_str(), path: () })
        .map_err(|errors| unreadable(&errors))?;
    let filter = Compiler::default()
        .with_funs(functions.filter(|function| is_inside(function.0)))
        .compile(modules)
        .map_err(|errors| undefined(&errors))?;

    let context = Ctx::<data::JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut values = filter.id.run((context, document)).map(unwrap_valr);
    let only = "it must give exactly one document";
    let value = values.next().ok_or_else(|| format!("{only}, and gives none"))?;
    let value = value.map_err(|error| error.to_string())?;
    match values.next() {
        None => Ok(value),
        Some(_) => Err(format!("{only}, and gives more")),
    }
}

fn unreadable(errors: &load::Errors<&str, ()>) -> String {
    let first = errors.iter().find_map(|(_, error)| match error {
        load::Error::Io(errors) => errors.first().map(|(path, _)| format!("{path} is not here")),
        load::Error::Lex(errors) => errors.first().map(|(expected, found)| {
            format!("expected {}, found {}", expected.as_str(), start(found))
        }),
        load::Error::Parse(errors) => errors.first().map(|(expected, found)| {
            format!("expected {}, found {}", expected.as_str(), start(found))
        }),
    });
    format!("not jq: {}", first.unwrap_or_default())
}

/// The start of what was found, in words where there is nothing.
fn start(found: &str) -> String {
    match found.chars().take(20).collect::<String>() {
        empty if empty.is_empty() => "the end".into(),
        found => format!("`{found}`"),
    }
}

fn undefined(errors: &jaq_core::compile::Errors<&str, ()>) -> String {
    let first = errors.iter().find_map(|(_, errors)| errors.first());
    first.map_or_else(String::new, |(name, kind)| format!("there is no {} {name}", kind.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(program: &str, document: &str) -> String {
        answer(&format!("{}\n{document}", Value::from(program)))
    }

    #[test]
    fn one_document_in_and_one_out() {
        assert_eq!(asked(".a |= tonumber", r#"{"a":"1"}"#), "value\n{\"a\":1}");
        assert_eq!(asked(".a |= sub(\"x\"; \"y\")", r#"{"a":"axa"}"#), "value\n{\"a\":\"aya\"}");
        assert_eq!(asked(".", "1.0"), "value\n1.0");
        for program in ["empty", ".,."] {
            assert!(
                asked(program, "1").starts_with("error\nit must give exactly one"),
                "{program}"
            );
        }
        assert!(asked(".a", "1").starts_with("error\n"));
    }

    #[test]
    fn nothing_reaches_outside() {
        for program in [
            "now",
            "env",
            "halt",
            "input",
            "inputs",
            "debug",
            "stderr",
            "localtime",
            "halt_error",
            "$ENV",
            "input_filename",
            "$__loc__",
            "get_search_list",
        ] {
            let said = asked(program, "1");
            assert!(said.starts_with("error\nthere is no "), "{program}: {said}");
        }
        let said = asked("include \"x\"; .", "1");
        assert!(said.starts_with("error\n"), "{said}");
    }

    #[test]
    fn what_is_no_jq_is_told_in_words() {
        assert_eq!(asked(".a |", "1"), "error\nnot jq: expected term, found the end");
        assert!(asked("(", "1").starts_with("error\nnot jq: "));
        assert_eq!(asked("nope", "1"), "error\nthere is no filter nope");
        assert!(answer("").starts_with("error\n"));
    }
}
