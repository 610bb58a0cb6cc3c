//! jq programs, evaluated without clock, environment and files.
//!
//! A program can run for ever, take all memory or overflow the stack, and the last of these ends a
//! process. So it runs in a process of its own, which is this program under a hidden command: it
//! confines itself before it reads the question, to a bounded calculation that reaches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Vars, data, unwrap_valr};
use jaq_json::{Val, read};
use serde_json::Value;

use super::operation::Problem;
use super::tools::{self, Ended};
use crate::confine::{self, Limits, Policy, Role, Support};
use crate::host::{self, Stop};
use crate::model::{CannotRun, printable, sha256};

/// The hidden command under which the program evaluates jq.
pub const COMMAND: &str = "evaluate-jq";

/// Its argument where the limits alone are to hold.
pub const UNCONFINED: &str = "--unconfined";

/// The most memory that a program may take, in bytes of address space.
const MEMORY: u64 = 1 << 30;
/// The most processor time that it may take, in seconds.
const PROCESSOR: u64 = 5;
/// The longest that it may take, whatever a statement may.
const LONGEST: Duration = Duration::from_secs(10);
/// How much of documents and answers is remembered, in bytes.
const REMEMBERED: usize = 64 * 1024 * 1024;
/// What stands before an answer.
const VALUE: &str = "value\n";
const ERROR: &str = "error\n";
/// What stands before why nothing is answered.
const REFUSED: &str = "refused\n";
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

/// Evaluates jq programs, each on the same document once: they have no clock, environment or files,
/// so they answer the same again. Copies share what they remember.
#[derive(Clone, Debug)]
pub struct Evaluator {
    /// The program that answers under [`COMMAND`].
    program: PathBuf,
    /// Whether it may answer within limits alone where the kernel cannot confine it.
    unconfined: bool,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    /// By the digest of program and document.
    answers: BTreeMap<String, Result<Value, String>>,
    /// How large they are together.
    size: usize,
    /// Programs that were ended once: nothing of them is run again.
    endless: BTreeSet<String>,
    /// Programs that got no answer in time, by no bound of their own.
    late: BTreeSet<String>,
}

impl From<PathBuf> for Evaluator {
    /// An evaluator that runs this program, which answers under [`COMMAND`].
    fn from(program: PathBuf) -> Self {
        Self { program, unconfined: false, memory: Arc::default() }
    }
}

impl Evaluator {
    /// The same, which answers within limits alone where the kernel cannot confine it and
    /// `accepted` says so.
    #[must_use]
    pub fn unconfined(self, accepted: bool) -> Self {
        Self { unconfined: accepted, ..self }
    }

    /// Runs a program on a document, in a process of its own.
    pub(super) fn run(
        &self,
        program: &str,
        document: &Value,
        limit: Duration,
    ) -> Result<Value, Problem> {
        let question = format!("{}\n{document}", Value::from(program));
        let digest = sha256(question.as_bytes());
        // Kept while a process runs: documents are migrated one after the other.
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.endless.contains(program) {
            return Err(endless());
        }
        if memory.late.contains(program) {
            return Err(late(limit));
        }
        if let Some(known) = memory.answers.get(&digest) {
            return known.clone().map_err(Problem::Fails);
        }
        let answer = match self.ask(&question, limit)? {
            Asked::Answer(answer) => answer,
            Asked::Endless => {
                memory.endless.insert(program.to_owned());
                return Err(endless());
            }
            Asked::Late => {
                memory.late.insert(program.to_owned());
                return Err(late(limit));
            }
        };
        let size = answer.as_ref().map_or_else(String::len, |value| value.to_string().len());
        if memory.size.saturating_add(size) <= REMEMBERED {
            memory.size += size;
            memory.answers.insert(digest, answer.clone());
        }
        answer.map_err(Problem::Fails)
    }

    fn ask(&self, question: &str, limit: Duration) -> Result<Asked, Problem> {
        let mut command = host::command(&self.program);
        command.arg(COMMAND).env_clear().current_dir("/");
        match (confine::support(), self.unconfined) {
            (Support::None, false) => return Err(unconfined()),
            (Support::None, true) => command.arg(UNCONFINED),
            _ => &mut command,
        };
        match tools::capture(&mut command, "jq", question, limit.min(LONGEST)) {
            Err(Problem::Stopped(Stop::Deadline)) => Ok(Asked::Late),
            Err(problem) => Err(problem),
            Ok(Ended::Failed(_)) => Ok(Asked::Endless),
            Ok(Ended::Printed(text)) => {
                match (text.strip_prefix(VALUE), text.strip_prefix(ERROR)) {
                    (Some(json), _) => Ok(Asked::Answer(
                        serde_json::from_str(json)
                            .map_err(|_| "gives something that is not JSON".to_owned()),
                    )),
                    (None, Some(message)) => {
                        Ok(Asked::Answer(Err(format!("says: {}", printable(message)))))
                    }
                    (None, None) => Err(Problem::Ours(format!(
                        "jq does not answer: {}",
                        text.strip_prefix(REFUSED).unwrap_or("it says nothing")
                    ))),
                }
            }
        }
    }
}

/// What came of a question.
enum Asked {
    /// A value, or what the program fails with.
    Answer(Result<Value, String>),
    /// The process was ended by its bounds, or by its stack.
    Endless,
    /// It got nowhere in time.
    Late,
}

/// Which of its bounds ends a program depends on the machine, so they are told together.
fn endless() -> Problem {
    Problem::Fails(format!(
        "takes more memory or time than is allowed (1 GiB, {PROCESSOR} s), or calls itself too \
         deeply"
    ))
}

fn unconfined() -> Problem {
    Problem::CannotRun(CannotRun {
        reason: "it runs a jq program, and the kernel here cannot confine one".into(),
        way_out: confine::unconfined("jq"),
    })
}

fn late(limit: Duration) -> Problem {
    if limit <= LONGEST {
        return Problem::Stopped(Stop::Deadline);
    }
    Problem::CannotRun(CannotRun {
        reason: format!("its jq program gives no answer within {} s", LONGEST.as_secs()),
        way_out: "make the program simpler, or run the gate where it has the processor to itself"
            .into(),
    })
}

/// Bounds this process for ever and answers the question that it then reads: a jq program as JSON
/// text in the first line, a document after it. The kernel keeps the bounds, also where the gate is
/// killed and nobody watches this process any more. Answering may run into each of them, and
/// overflow the stack. Where they cannot be set nothing is read.
#[must_use]
pub fn answer(question: impl Read, unconfined: bool) -> String {
    let limits = Limits {
        memory: Some(MEMORY),
        processor: Some(PROCESSOR),
        // More is told as too much; this is for where nobody watches.
        file: Some(2 * tools::MOST),
        ..Limits::default()
    };
    let bounded = match unconfined {
        true => confine::limit(&limits),
        false => confine::enter(&Policy { limits, ..Policy::new(Role::Calculation) }),
    };
    match bounded.map(|()| std::io::read_to_string(question)) {
        Ok(Ok(question)) => answered(&question),
        Ok(Err(error)) => format!("{REFUSED}no question can be read: {error}"),
        Err(error) => format!("{REFUSED}{error}"),
    }
}

fn answered(question: &str) -> String {
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
        answered(&format!("{}\n{document}", Value::from(program)))
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

    /// As the documentation tells.
    #[test]
    fn null_is_no_map() {
        assert!(asked(".server.port = .port", r#"{"port":1}"#).starts_with("error\n"));
        for (program, document, answer) in [
            (".server = {port: .port}", r#"{"port":1}"#, r#"{"port":1,"server":{"port":1}}"#),
            (".server += {port}", r#"{"port":1}"#, r#"{"port":1,"server":{"port":1}}"#),
            ("if .a then del(.a.b) else . end", r#"{"c":1}"#, r#"{"c":1}"#),
            ("if .a then del(.a.b) else . end", r#"{"a":{"b":1}}"#, r#"{"a":{}}"#),
        ] {
            assert_eq!(asked(program, document), format!("value\n{answer}"), "{program}");
        }
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
        assert!(answered("").starts_with("error\n"));
    }
}
