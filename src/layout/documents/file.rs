//! One file: a migration with both its directions, or what is wrong with it.

use std::sync::Arc;

use super::format::CHECKER;
use super::operation::{Beside, Reader, extent};
use crate::document::{self, Format, Node, sort_problems};
use crate::model::{
    Action, Class, Down, Operation, Problem, ProblemKind, Program, RepoPath, Sited, Span, Step,
};

/// What a file says.
pub(super) struct Read {
    /// The way there and the way back; `None` where a problem says why not.
    pub(super) steps: Option<(Step, Down)>,
    /// Files of the set that it names, by their path there.
    pub(super) named: Vec<String>,
    /// All that is wrong with it, in the order of the file.
    pub(super) problems: Vec<Problem>,
}

/// Reads the migration `id` from a file.
pub(super) fn read(path: &RepoPath, id: &str, text: &Arc<str>, beside: &Beside<'_>) -> Read {
    let format = Format::of(path).unwrap_or(Format::Json);
    let root = match document::read(format, text) {
        Ok(root) => root,
        Err(unreadable) => {
            let problems = vec![unreadable.problem(path)];
            return Read { steps: None, named: Vec::new(), problems };
        }
    };
    let problems = CHECKER.violations(path, &root);
    let problems = problems.into_iter().filter_map(|problem| of_the_file(problem, &root)).collect();
    let mut reader = Reader { path, text, beside, problems, named: Vec::new() };
    let program = program(&mut reader, &root, id, text);
    let down = way_back(&mut reader, &root, &program);
    let Reader { mut problems, named, .. } = reader;
    sort_problems(&mut problems);
    let steps = problems.is_empty().then(|| (Step::Program(Arc::new(program)), down));
    Read { steps, named, problems }
}

/// A class that does not exist is kept in the program, for the rule on classes; one that is no
/// word at all is a fault of the file's form.
fn of_the_file(problem: Problem, root: &Node) -> Option<Problem> {
    let word = root.get("class").is_some_and(|class| class.text().is_some());
    (problem.kind != ProblemKind::InvalidClass || !word)
        .then_some(Problem { kind: ProblemKind::Invalid, ..problem })
}

/// The way there. What is missing or wrong is empty in it, and a problem.
fn program(reader: &mut Reader<'_>, root: &Node, id: &str, text: &Arc<str>) -> Program {
    let word = |key: &str| root.get(key).and_then(Node::text);
    let words =
        |key: &str| root.get(key).map_or(&[][..], Node::items).iter().filter_map(Node::text);
    let owned = |key: &str| word(key).map(|word| word.value.to_owned()).unwrap_or_default();
    if let (Some(from), Some(to)) = (word("from"), word("to"))
        && from.value == to.value
    {
        let help = "name the version in which it leaves the documents";
        reader.report(to.span, "from and to are the same version", help);
    }
    for target in words("targets") {
        let leaves = target.value.starts_with('/') || target.value.split('/').any(|p| p == "..");
        if leaves {
            let help = "write it from the top of the repository, such as `config/*.json`";
            reader.report(target.span, "the pattern does not stay inside the repository", help);
        }
    }
    let class = word("class").map(|word| {
        let class = Class::parse(word.value).ok_or_else(|| word.value.to_owned());
        Sited::new(class, word.span)
    });
    Program {
        path: reader.path.clone(),
        text: Arc::clone(text),
        span: part(root, "up"),
        migration: id.to_owned(),
        schema: owned("schema"),
        from: owned("from"),
        to: owned("to"),
        targets: words("targets").map(|word| word.value.to_owned()).collect(),
        operations: root.get("up").map_or_else(Vec::new, |up| reader.operations(up)),
        class,
        depends_on: words("depends_on")
            .map(|word| Sited::new(word.value.to_owned(), word.span))
            .collect(),
    }
}

/// Where a direction stands, from its key on.
fn part(root: &Node, direction: &str) -> Option<Span> {
    let (key, node) = root.entry(direction)?;
    let all = extent(node);
    Some(Span::new(key.start.min(all.start), all.end.max(key.end)))
}

/// The way back: as it is written, else as it is computed.
fn way_back(reader: &mut Reader<'_>, root: &Node, up: &Program) -> Down {
    if let Some(down) = root.get("down") {
        return Down::Step(Step::Program(Arc::new(Program {
            span: part(root, "down"),
            from: up.to.clone(),
            to: up.from.clone(),
            operations: reader.operations(down),
            ..up.clone()
        })));
    }
    match up.inverse() {
        Ok(inverse) => Down::Step(Step::Program(Arc::new(inverse))),
        Err(operation) => {
            let by_hand =
                up.class.as_ref().is_some_and(|class| class.value == Ok(Class::ManualBackfill));
            if !by_hand {
                reader.report(operation.span, no_way_back(operation), NEEDS);
            }
            Down::Missing
        }
    }
}

const NEEDS: &str = "write the way back under down, or say class = \"manual_backfill\": an operator \
                     runs it and goes back from a backup";

fn no_way_back(operation: &Operation) -> String {
    let name = match operation.action {
        Action::Jq { .. } => "jq",
        Action::Command { .. } => "command",
        _ => "this operation",
    };
    format!("the way back of {name} cannot be computed")
}
