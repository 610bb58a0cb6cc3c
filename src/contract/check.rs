//! What is wrong with a contract, each with its place and the way out.

use super::schema::CHECKER;
use super::{COMPATIBILITIES, text};
use crate::document::{self, Node, Patterns};
use crate::model::{Compatibility, Pointer, Problem, RepoPath, Sited, Span, quoted};

/// How many problems of one contract are reported.
const MOST: usize = 100;
const FROM_TOP: &str = "write it from the top of the repository, such as `config/app.schema.json`";

/// Collects what is wrong with one file.
pub(super) struct Complaints<'a> {
    path: &'a RepoPath,
    problems: Vec<Problem>,
}

impl<'a> Complaints<'a> {
    pub(super) fn new(path: &'a RepoPath) -> Self {
        Self { path, problems: Vec::new() }
    }

    /// The problems in the order of the file, each once.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        document::sort_problems(&mut self.problems);
        self.problems.dedup();
        self.problems.truncate(MOST);
        self.problems
    }

    pub(super) fn report(&mut self, at: Span, message: impl Into<String>, help: impl Into<String>) {
        self.add(document::problem(self.path, at, message, help));
    }

    pub(super) fn add(&mut self, problem: Problem) {
        if self.problems.len() < 2 * MOST {
            self.problems.push(problem);
        }
    }

    /// Takes what the published schema says.
    pub(super) fn shape(&mut self, root: &Node) {
        self.problems.extend(CHECKER.violations(self.path, root));
    }

    /// A path inside the repository.
    pub(super) fn path(&mut self, node: &Node) -> Option<Sited<RepoPath>> {
        let Sited { value: word, span } = text(node)?;
        let bytes = word.as_bytes();
        let drive = bytes.len() > 1 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
        let (message, help) = if word.contains('\\') {
            ("has back slashes", "write `/` between folders")
        } else if word.starts_with('/') || drive {
            ("is absolute", FROM_TOP)
        } else if word.contains(|c: char| c.is_control()) {
            ("has control characters", FROM_TOP)
        } else {
            match RepoPath::new(&word) {
                None => ("leaves the repository", FROM_TOP),
                Some(path) if path.is_root() => ("is the top of the repository", FROM_TOP),
                Some(path) => return Some(Sited::new(path, span)),
            }
        };
        self.report(span, format!("the path {} {message}", quoted(&word)), help);
        None
    }

    /// A glob of paths inside the repository.
    pub(super) fn pattern(&mut self, glob: Sited<String>) -> Option<Sited<String>> {
        let word = &glob.value;
        let help = "write it from the top of the repository, such as `config/*.json`";
        let complaint = if word.starts_with('/') || word.split('/').any(|part| part == "..") {
            "does not stay inside the repository".to_owned()
        } else if let Err(error) = Patterns::new([&**word]) {
            format!("cannot be read: {error}")
        } else {
            return Some(glob);
        };
        self.report(glob.span, format!("the pattern {} {complaint}", quoted(word)), help);
        None
    }

    /// A place inside documents; what is no pointer at all was told with the shape.
    pub(super) fn pointer(&mut self, node: &Node) -> Option<Sited<Pointer>> {
        let text = text(node)?;
        let pointer = Pointer::parse(&text.value).filter(|pointer| !pointer.0.is_empty())?;
        if pointer.0.iter().any(|token| token == "*") {
            let message = format!("version_at {} names many places", quoted(&text.value));
            self.report(text.span, message, "write the place of one value, such as `/version`");
            return None;
        }
        Some(Sited::new(pointer, text.span))
    }
}

/// What a word promises; an unknown one was told with the shape.
pub(super) fn compatibility(node: &Node) -> Option<Compatibility> {
    let word = text(node)?.value;
    COMPATIBILITIES.iter().find(|(known, _)| *known == word).map(|(_, promise)| *promise)
}
