//! What a script runs by calling functions that the set itself defines.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Range, RangeInclusive};
use std::sync::{Arc, OnceLock};

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{Parse, SourceFile};

use super::names::{self, Name};
use super::source::{self, Body, Read};
use crate::model::{Location, RepoPath, Span, printable};

/// How deep calls inside functions are followed.
const DEPTH: usize = 4;

/// How many characters of a statement a report shows.
const SHOWN: usize = 120;

/// The functions and procedures that were defined so far.
#[derive(Default)]
pub(super) struct Functions {
    known: BTreeMap<Name, Vec<Arc<Function>>>,
    count: usize,
}

/// A function or a procedure.
struct Function {
    /// Its number among all.
    id: usize,
    name: String,
    takes: RangeInclusive<usize>,
    path: RepoPath,
    /// The script that defines it, and which of its statements that is.
    script: Parse<SourceFile>,
    statement: usize,
    body: OnceLock<Body>,
}

/// What a script calls: statements that stand in its text, and are elsewhere in truth.
#[derive(Clone, Default)]
pub(super) struct Calls {
    pieces: Vec<Piece>,
    /// What could not be read: the statement of the script, and the name of the function.
    pub(super) unread: Vec<(Range<usize>, String)>,
    seen: BTreeSet<usize>,
}

/// A statement of a function, put before the statement of the script that calls it.
#[derive(Clone)]
pub(super) struct Piece {
    /// Where it stands in the text.
    at: Range<usize>,
    /// The statement that calls, by bytes of the script.
    pub(super) call: Range<usize>,
    function: Arc<Function>,
    /// The number of the statement in the function.
    number: usize,
}

impl Functions {
    /// Puts what a script calls before the statements that call, each function once, and takes
    /// note of what the script defines.
    pub(super) fn open(&mut self, read: Read, path: &RepoPath) -> Option<Read> {
        let mut calls = Calls::default();
        for (at, tree) in read.parse.tree().stmts().enumerate() {
            if !self.define(&tree, (&read.parse, at), path) {
                self.follow(&tree, DEPTH, &source::range(tree.syntax()), &mut calls);
            }
        }
        if calls.pieces.is_empty() {
            return Some(Read { calls, ..read });
        }
        let (mut text, mut done) = (String::new(), 0);
        for piece in &mut calls.pieces {
            text.push_str(read.text.get(done..piece.call.start)?);
            done = piece.call.start;
            let start = text.len();
            text.push_str(&piece.inner()?.text);
            text.push('\n');
            piece.at = start..text.len();
        }
        text.push_str(read.text.get(done..)?);
        let parse = SourceFile::parse(&text);
        Some(Read { text, parse, shut: read.shut, calls })
    }

    /// Takes note of a function, if the statement makes one.
    fn define(
        &mut self,
        tree: &ast::Stmt,
        (script, statement): (&Parse<SourceFile>, usize),
        path: &RepoPath,
    ) -> bool {
        let (params, outs) = match tree {
            ast::Stmt::CreateFunction(function) => (function.param_list(), false),
            ast::Stmt::CreateProcedure(procedure) => (procedure.param_list(), true),
            _ => return false,
        };
        if let Some(name) = names::created(tree) {
            let function = Function {
                id: self.count,
                name: name.shown(),
                takes: takes(params.as_ref(), outs),
                path: path.clone(),
                script: script.clone(),
                statement,
                body: OnceLock::new(),
            };
            self.count += 1;
            self.known.entry(name).or_default().push(Arc::new(function));
        }
        true
    }

    /// The newest function of that name that can be called with so many arguments.
    fn find(&self, name: &Name, given: usize) -> Option<&Arc<Function>> {
        self.known.get(name)?.iter().rev().find(|function| function.takes.contains(&given))
    }

    fn follow(&self, tree: &ast::Stmt, depth: usize, call: &Range<usize>, calls: &mut Calls) {
        for (name, arguments) in names::called(tree) {
            let given = arguments.map_or(0, |list| list.args().count());
            let Some(function) = self.find(&name, given) else { continue };
            if !calls.seen.insert(function.id) {
                continue;
            }
            let body = function.body();
            if !body.readable || depth == 0 {
                calls.unread.push((call.clone(), function.name.clone()));
            }
            let inner = if depth == 0 { &[][..] } else { &body.statements };
            for (number, inner) in inner.iter().enumerate() {
                if let Some(tree) = inner.tree() {
                    self.follow(&tree, depth - 1, call, calls);
                }
                let function = Arc::clone(function);
                calls.pieces.push(Piece { at: 0..0, call: call.clone(), function, number });
            }
        }
    }
}

impl Function {
    fn body(&self) -> &Body {
        self.body.get_or_init(|| {
            let definition = self.script.tree().stmts().nth(self.statement);
            definition.map_or_else(Body::default, |definition| source::routine(&definition))
        })
    }
}

/// How many arguments a call may give; a procedure is given those for its results too.
fn takes(params: Option<&ast::ParamList>, outs: bool) -> RangeInclusive<usize> {
    let (mut least, mut most) = (0, 0_usize);
    for param in params.into_iter().flat_map(ast::ParamList::params) {
        match param.mode() {
            Some(ast::ParamMode::ParamOut(_)) if !outs => continue,
            Some(ast::ParamMode::ParamVariadic(_)) => most = usize::MAX,
            _ => {
                least += usize::from(param.param_default().is_none());
                most = most.saturating_add(1);
            }
        }
    }
    least..=most
}

impl Calls {
    /// The statement of a function that stands at a byte of the text.
    pub(super) fn piece(&self, at: usize) -> Option<&Piece> {
        self.pieces.get(self.ended(at)).filter(|piece| piece.at.contains(&at))
    }

    /// The byte of the script that stands at a byte of the text.
    pub(super) fn origin(&self, at: usize) -> usize {
        let last = self.ended(at).checked_sub(1).and_then(|last| self.pieces.get(last));
        last.map_or(at, |last| last.call.start + (at - last.at.end))
    }

    /// How many pieces end at a byte of the text or before it.
    fn ended(&self, at: usize) -> usize {
        self.pieces.partition_point(|piece| piece.at.end <= at)
    }
}

impl Piece {
    fn inner(&self) -> Option<&source::Inner> {
        self.function.body().statements.get(self.number)
    }

    /// The function, as people write it.
    pub(super) fn function(&self) -> &str {
        &self.function.name
    }

    /// Where the statement really is, where that can be told.
    pub(super) fn location(&self) -> Option<Location> {
        let place = self.inner()?.place.clone()?;
        Some(Location::at(self.function.path.clone(), Span::new(place.start, place.end)))
    }

    /// What is run by which function of which file, in one line.
    pub(super) fn told(&self) -> String {
        let words = self.inner().map(|inner| inner.text.split_whitespace().collect::<Vec<_>>());
        let line = words.unwrap_or_default().join(" ");
        let short = match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        };
        let told = format!("{}() of {} runs: {short}", self.function.name, self.function.path);
        printable(&told).into_owned()
    }
}
