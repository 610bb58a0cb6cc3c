//! A good change, broken in one way at a time: each break is blocked by the rule that is made for
//! it, and by no other.

mod postgres;
mod sqlite;

use std::fs;
use std::path::Path;

use crate::support::{Answer, Folder, Tree, finish, program, write};

/// Both sides of a change.
#[derive(Clone)]
struct Change {
    base: Tree,
    head: Tree,
}

/// One way to break a change: what it is, the rule that must block it, and the break.
type Mutation = (&'static str, &'static str, fn(Change) -> Change);

impl Change {
    /// The same change with a file of the head written anew.
    fn head(mut self, path: &str, text: &str) -> Self {
        self.head = self.head.with(path, text);
        self
    }

    /// The same change without a file of the head.
    fn without(mut self, path: &str) -> Self {
        self.head = self.head.without(path);
        self
    }

    /// The same change with a text of a head's file replaced; it must stand there.
    fn edit(self, path: &str, from: &str, to: &str) -> Self {
        let text = self.head.text(path);
        assert!(text.contains(from), "{path} does not hold {from}: {text}");
        let text = text.replacen(from, to, 1);
        self.head(path, &text)
    }

    fn check(&self, folder: &Folder, engine: &str) -> Answer {
        let side = |name: &str, tree: &Tree| {
            let top = folder.path().join(name);
            fs::create_dir(&top).unwrap();
            tree.files().for_each(|(path, text)| write(&top, path, text));
            top
        };
        let (base, head) = (side("base", &self.base), side("head", &self.head));
        let mut command = program(folder.path());
        command.args(["check", "--format", "json", "--statement-timeout", "2"]);
        command.args(["--engine", engine, "--base-dir"]).arg(base).arg(head);
        finish(&mut command).into()
    }
}

/// The errors of an answer as rule ids, each once.
fn errors(answer: &Answer) -> Vec<String> {
    let mut errors: Vec<String> = answer
        .findings()
        .iter()
        .filter_map(|finding| finding.strip_prefix("error ").map(str::to_owned))
        .collect();
    errors.dedup();
    errors
}

/// Reads a folder of fixtures.
fn tree(folder: &str) -> Tree {
    fn walk(top: &Path, at: &Path, tree: Tree) -> Tree {
        let mut entries: Vec<_> = fs::read_dir(at).unwrap().map(Result::unwrap).collect();
        entries.sort_by_key(fs::DirEntry::path);
        entries.into_iter().fold(tree, |tree, entry| {
            let path = entry.path();
            if path.is_dir() {
                return walk(top, &path, tree);
            }
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            tree.with(&name, &fs::read_to_string(&path).unwrap())
        })
    }
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos").join(folder);
    walk(&top, &top, Tree::default())
}

/// What is wrong with the answers to a list of mutations.
fn faults(good: &Change, mutations: &[Mutation], engine: &str) -> Vec<String> {
    let judge = |what: &str, change: &Change, expected: &[&str]| {
        let folder = Folder::new(&[]);
        let answer = change.check(&folder, engine);
        let found = errors(&answer);
        let untold = answer.report["inconclusive"].as_array().map_or(0, Vec::len);
        let exit = i32::from(!expected.is_empty());
        (found != expected || untold > 0 || answer.exit != exit).then(|| {
            format!(
                "{what}: expected {expected:?}, found {found:?}, exit {}\n{:#}\n{:#}",
                answer.exit, answer.report["findings"], answer.report["inconclusive"]
            )
        })
    };
    let mut faults: Vec<String> = judge("the good change", good, &[]).into_iter().collect();
    for (what, rule, mutate) in mutations {
        faults.extend(judge(what, &mutate(good.clone()), &[rule]));
    }
    faults
}

/// A set of dbmate's.
fn dbmate() -> Tree {
    Tree::default().with(
        "db/migrations/20260301090000_create_members.sql",
        "-- migration-gate: class=online\n-- migrate:up\nCREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT);\n\n-- migrate:down\nDROP TABLE members;\n",
    )
}
