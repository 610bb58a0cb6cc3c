//! What PostgreSQL's users get hurt by.
//!
//! Two sources: the rules of [squawk], each a row of a table here with our words and our level,
//! and rules of our own, one file each. Both look at the same parsed scripts ([`PostgresCx`]), and
//! both know what a linter of single files cannot: what the rest of the change makes, how the tool
//! wraps a script, which way it goes and when it is declared to run.
//!
//! [squawk]: https://squawkhq.com

mod called;
mod history;
mod lint;

pub(in crate::rules) mod names;
pub(in crate::rules) mod source;

pub(in crate::rules) mod access;
pub(in crate::rules) mod clients;
pub(in crate::rules) mod drops;
pub(in crate::rules) mod habits;
pub(in crate::rules) mod locks;

pub(in crate::rules) mod cluster;
pub(in crate::rules) mod delete_without_where;
pub(in crate::rules) mod dynamic_sql;
pub(in crate::rules) mod enum_value_used;
pub(in crate::rules) mod foreign_key_without_index;
pub(in crate::rules) mod prefer_jsonb;
pub(in crate::rules) mod set_without_local;
pub(in crate::rules) mod statements_after_access_exclusive;
pub(in crate::rules) mod truncate;
pub(in crate::rules) mod unbatched_backfill;
pub(in crate::rules) mod update_without_where;
pub(in crate::rules) mod vacuum_full;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use squawk_linter::Violation;
use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxNode};

use super::super::{Direction, Draft, LevelPolicy, ScriptCx, Way};
use crate::catalog::{Entry, SetCatalog};
use crate::model::{Class, Location, RepoPath, Script, Span, TransactionMode, printable};
use crate::threads;
use called::{Calls, Functions};
use history::History;
pub use lint::Linted;
use names::Name;
use source::Read;

/// What PostgreSQL's rules see: one parsed script, and what stands when it begins.
pub struct PostgresCx<'a> {
    /// The script.
    pub script: &'a ScriptCx<'a>,
    /// Its statements, with those that DO blocks run; empty where it could not be read.
    pub(in crate::rules) statements: Vec<Statement>,
    /// It as it stands, DO blocks shut; `None` where it could not be read.
    file: Option<SourceFile>,
    /// What it runs by calling functions; their statements are among its own, with bytes that are
    /// only good for [`PostgresCx::draft`].
    calls: Calls,
    /// What the linter says of it, the scripts around it disregarded.
    violations: Vec<Violation>,
    /// What is known of it from reading the history, where it goes forward.
    known: Option<&'a Known>,
    /// What stands when all is done.
    end: &'a History,
}

/// A statement of a script.
pub(in crate::rules) struct Statement {
    pub(in crate::rules) tree: ast::Stmt,
    pub(in crate::rules) range: Range<usize>,
    /// The number of the transaction it runs in; `None` where it commits by itself.
    transaction: Option<usize>,
}

impl Statement {
    /// The nodes of what it does; what it merely defines is not done yet.
    fn done(&self) -> impl Iterator<Item = SyntaxNode> + use<> {
        let defines = matches!(
            self.tree,
            ast::Stmt::CreateFunction(_) | ast::Stmt::CreateProcedure(_) | ast::Stmt::CreateRule(_)
        );
        self.tree.syntax().descendants().filter(move |_| !defines)
    }
}

impl PostgresCx<'_> {
    /// Whether the script goes forward; what hurts while code is served is judged there only.
    pub(in crate::rules) fn is_up(&self) -> bool {
        self.script.direction == Direction::Up
    }

    /// Whether the script could be read.
    pub(in crate::rules) fn is_read(&self) -> bool {
        self.file.is_some()
    }

    /// The class, where one is declared.
    fn declared(&self) -> Option<Class> {
        self.script.entry.declared.class.as_ref().map(|(class, _)| *class)
    }

    /// Whether the change itself made that before this byte, so that nobody uses it yet.
    fn is_new(&self, name: &Name, at: usize) -> bool {
        self.known.is_some_and(|known| {
            known.new.get(name).is_some_and(|from| *from <= at)
                || self.end.stood(name, known.number)
        })
    }

    /// What the statement works on and others may be using.
    fn standing(&self, statement: &Statement) -> Option<Name> {
        self.standing_of(&statement.tree, statement.range.start)
    }

    /// The same of a statement inside another one.
    fn standing_of(&self, tree: &ast::Stmt, at: usize) -> Option<Name> {
        names::targets(tree).into_iter().find(|name| !self.is_new(name, at))
    }

    /// A finding about statements; what a function runs is found where it is called.
    pub(in crate::rules) fn draft(&self, range: Range<usize>, message: impl AsRef<str>) -> Draft {
        let Some(piece) = self.calls.piece(range.start) else {
            return self.at(self.calls.origin(range.start)..self.calls.origin(range.end), message);
        };
        let message = format!("{} (in {}(), called here)", message.as_ref(), piece.function());
        let draft = self.at(piece.call.clone(), message).detail(piece.told());
        match piece.location() {
            Some(location) => draft.also(location),
            None => draft,
        }
    }

    /// A finding at a range of the script.
    fn at(&self, range: Range<usize>, message: impl AsRef<str>) -> Draft {
        let script = self.script;
        let text = &script.script.text;
        let end = range.start + text.get(range.clone()).map_or(0, |text| text.trim_end().len());
        let location = Location::at(script.script.path.clone(), Span::new(range.start, end));
        Draft::new(location, script.touched, printable(message.as_ref()))
            .migration(&script.entry.migration.id)
    }
}

/// The end of a set's history, and the judged ups as they are read there, by migration and file.
pub(in crate::rules) struct World<'a> {
    ups: BTreeMap<(&'a str, &'a RepoPath), Known>,
    end: History,
}

/// An up, and what is new in it.
struct Known {
    read: Option<Read>,
    /// Its number in the history.
    number: usize,
    /// What it makes, with the byte from which on it is there.
    new: BTreeMap<Name, usize>,
}

/// Reads the history of a set for the scripts that are judged.
pub(in crate::rules) fn world<'a>(catalog: &'a SetCatalog, scripts: &[Way<'a>]) -> World<'a> {
    let mut world = World { ups: BTreeMap::new(), end: History::default() };
    // Where nothing is judged, nothing has to be known.
    let entries = if scripts.is_empty() { &[][..] } else { &catalog.entries };
    let ups = scripts.iter().filter(|(_, direction, _)| *direction == Direction::Up);
    let ups: BTreeSet<(&str, &RepoPath)> = ups.map(|(entry, _, up)| key(entry, up)).collect();
    let parsed = threads::side_by_side(entries, usize::MAX, |entry| {
        entry.migration.up.script().and_then(source::parse)
    });
    let mut functions = Functions::default();
    for (entry, parsed) in entries.iter().zip(parsed) {
        let read = parsed.zip(entry.migration.up.script()).and_then(|(read, script)| {
            source::guarded(|| functions.open(read, &script.path)).flatten()
        });
        let trees: Vec<ast::Stmt> =
            read.as_ref().map(|read| read.parse.tree().stmts().collect()).unwrap_or_default();
        let up = entry.migration.up.script().map(|up| key(entry, up));
        if let Some(up) = up.filter(|up| ups.contains(up)) {
            let known = Known { read, number: world.end.next(), new: world.end.new_in(&trees) };
            world.ups.insert(up, known);
        }
        world.end.pass(&trees, entry.touch.added);
    }
    world
}

/// What tells one script from another.
fn key<'a>(entry: &'a Entry, script: &'a Script) -> (&'a str, &'a RepoPath) {
    (&entry.migration.id, &script.path)
}

/// Parses a script, and lints it with what is not switched off.
pub(in crate::rules) fn read<'a>(
    script: &'a ScriptCx<'a>,
    world: &'a World<'_>,
    levels: &LevelPolicy,
) -> PostgresCx<'a> {
    let is_up = script.direction == Direction::Up;
    let known = world.ups.get(&key(script.entry, script.script)).filter(|_| is_up);
    let back = if is_up { None } else { source::parse(script.script) };
    let read = known.and_then(|known| known.read.as_ref()).or(back.as_ref());
    let statements = read.map(|read| statements(script, read)).unwrap_or_default();
    let violations = read.map(|read| lint::run(script, (read, &statements), levels));
    PostgresCx {
        script,
        statements,
        file: read.map(|read| read.shut.tree()),
        calls: read.map(|read| read.calls.clone()).unwrap_or_default(),
        violations: violations.unwrap_or_default(),
        known,
        end: &world.end,
    }
}

/// The statements with their transactions.
fn statements(script: &ScriptCx<'_>, read: &Read) -> Vec<Statement> {
    let trees: Vec<ast::Stmt> =
        read.parse.tree().stmts().filter(|tree| !matches!(tree, ast::Stmt::EmptyStmt(_))).collect();
    let controls = trees.iter().any(|tree| matches!(tree, ast::Stmt::Begin(_)));
    let whole = match script.script.transaction {
        TransactionMode::Wrapped => true,
        TransactionMode::SingleBatch => trees.len() > 1 && !controls,
        TransactionMode::Bare => false,
    };
    let (mut number, mut inside) = (0, whole);
    let numbered = trees.into_iter().map(|tree| {
        match tree {
            ast::Stmt::Begin(_) => (number, inside) = (number + 1, true),
            ast::Stmt::Commit(_) | ast::Stmt::Rollback(_) => inside = false,
            _ => {}
        }
        let range = source::range(tree.syntax());
        // What a function runs is in the transaction of the statement that calls it.
        let of_call = read.calls.piece(range.start).map(|piece| usize::MAX - piece.call.start);
        Statement { tree, range, transaction: inside.then_some(number).or(of_call) }
    });
    numbered.collect()
}
