//! liquibase: SQL files of change sets, in the order of a changelog in YAML, JSON or XML.
//!
//! Source: [changelogs] and [formatted SQL]. One change set is one migration. The changelog that no
//! other includes is the first; where there is none, the files run in the order of their paths, as
//! `includeAll` has it. A change set runs in a transaction unless `runInTransaction:false` stands
//! at it, and is [compared by checksum]. One that was put before others is run when it is found.
//! With `runOnChange` or `runAlways` it is repeatable. `dbms` takes it out of the sets of other
//! engines, `ignore:true` out of all.
//!
//! What a target decides is taken as given: contexts and labels run as with no filter, and
//! preconditions as met. Change sets that are not SQL, and SQL with parameters, `runWith` or an end
//! delimiter of its own, stand in the sequence and cannot be run here.
//!
//! [changelogs]: https://docs.liquibase.com/concepts/changelogs/home.html
//! [formatted SQL]: https://docs.liquibase.com/concepts/changelogs/sql-format.html
//! [compared by checksum]: https://docs.liquibase.com/concepts/changelogs/changeset-checksums.html

use std::collections::{BTreeMap, BTreeSet};

use super::liquibase_changelog::{self as changelog, Item, Target};
use super::liquibase_dbms::{ask_for_engine, engines, runs_on};
use super::liquibase_places::Places;
use super::liquibase_sql::{self as formatted, ChangeSet};
use super::shared::{self, File};
use super::{Confidence, Detection, Layout, Options, Reading};
use crate::model::{
    Down, Habits, Kind, LateMigrations, Location, Migration, Part, RepoPath, Span, Step,
    TransactionMode, Tree, Version,
};

/// See the module.
pub(super) struct Liquibase;

impl Layout for Liquibase {
    fn name(&self) -> &'static str {
        "liquibase"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: true,
            late: LateMigrations::Applied,
            planned: true,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let files = shared::readable(tree);
        let top = || files.iter().filter(|file| file.folder().is_none());
        let reason = match top().find(|file| is_changelog(file)) {
            Some(file) => format!("databaseChangeLog in {}", file.name()),
            None => {
                let file = top().find(|file| is_formatted(file))?;
                format!("\"--liquibase formatted\" in {}", file.name())
            }
        };
        Some(Detection { confidence: Confidence::Sure, reason, engine: None })
    }

    fn read(&self, tree: &Tree) -> Reading {
        self.read_with(tree, Options::default())
    }

    fn read_with(&self, tree: &Tree, options: Options) -> Reading {
        let mut reading = Reading::default();
        let files = shared::sift(tree, &mut reading);
        let files: BTreeMap<&str, File<'_>> =
            files.into_iter().map(|file| (file.relative, file)).collect();
        let mut reader = Reader {
            tree,
            places: Places::new(tree.root(), files.keys().copied()),
            files,
            read: BTreeMap::new(),
            depth: 0,
            visited: BTreeSet::new(),
            found: Vec::new(),
            reading,
        };
        reader.walk_all();
        reader.finish(options)
    }
}

fn is_changelog(file: &File<'_>) -> bool {
    changelog::language(file.name()).is_some() && file.peek().contains("databaseChangeLog")
}

fn is_formatted(file: &File<'_>) -> bool {
    file.name().ends_with(".sql") && formatted::is_formatted(file.peek())
}

/// How many includes of a set are followed: far more than anybody writes, and few enough to be
/// looked up among as many files as a set may have.
const MOST_INCLUDES: usize = 5000;
/// Through how many other changelogs one may be included.
const DEEPEST: usize = 100;

/// A change set with the file it stands in.
pub(super) struct Found {
    pub(super) path: RepoPath,
    pub(super) set: ChangeSet,
}

struct Reader<'t> {
    tree: &'t Tree,
    files: BTreeMap<&'t str, File<'t>>,
    places: Places<'t>,
    /// What the changelogs hold that are still to be visited.
    read: BTreeMap<&'t str, Result<Vec<Item>, String>>,
    /// How many changelogs include the one that is visited, one the other.
    depth: usize,
    visited: BTreeSet<&'t str>,
    found: Vec<Found>,
    reading: Reading,
}

impl<'t> Reader<'t> {
    fn walk_all(&mut self) {
        let changelogs: Vec<&'t str> = self
            .files
            .values()
            .filter(|file| is_changelog(file))
            .map(|file| file.relative)
            .collect();
        if changelogs.is_empty() {
            let sql = self.files.values().filter(|file| is_formatted(file));
            let sql: Vec<&'t str> = sql.map(|file| file.relative).collect();
            for relative in sql {
                self.visit(relative);
            }
            return;
        }
        for name in &changelogs {
            self.read.insert(name, self.items(name));
        }
        if self.has_too_many() {
            return self.too_many(changelogs[0]);
        }
        let included: BTreeSet<&'t str> =
            changelogs.iter().flat_map(|from| self.includes(from)).collect();
        let mut roots = changelogs.iter().filter(|name| !included.contains(*name));
        let first = roots.next().or(changelogs.first());
        for other in roots {
            let message = format!(
                "`{other}` is included by nothing, and neither is `{}`",
                first.copied().unwrap_or_default()
            );
            let help = "Include one changelog from the other, or give each a folder and a [[set]].";
            let location = Location::file(self.tree.path(other));
            self.reading.problems.push(shared::invalid(location, message, help));
        }
        if let Some(first) = first {
            self.visit(first);
        }
    }

    fn items(&self, relative: &str) -> Result<Vec<Item>, String> {
        let text = self.files.get(relative).map_or("", File::peek);
        changelog::read(relative, &text[shared::body_start(text)..])
    }

    fn has_too_many(&self) -> bool {
        let items = self.read.values().flatten().flatten();
        items.filter(|item| matches!(item, Item::File(_) | Item::All(_))).count() > MOST_INCLUDES
    }

    fn too_many(&mut self, first: &str) {
        let message = format!("the changelogs include more than {MOST_INCLUDES} files and folders");
        let help = "Include whole folders, or part the set.";
        self.problem(&self.tree.path(first), None, message, help);
    }

    /// The files that a changelog names; what is wrong with it is told when it is visited.
    fn includes(&self, from: &'t str) -> Vec<&'t str> {
        let items = self.read.get(from).and_then(|read| read.as_ref().ok());
        let targets = items.into_iter().flatten().flat_map(|item| match item {
            Item::File(target) => self.file(from, target).into_iter().collect(),
            Item::All(target) => self.folder(from, target),
            _ => Vec::new(),
        });
        targets.filter(|name| *name != from).collect()
    }

    fn visit(&mut self, relative: &'t str) {
        if !self.visited.insert(relative) {
            return;
        }
        let Some(file) = self.files.get(relative) else { return };
        let path = file.path.clone();
        if let Some(language) = changelog::language(file.name()) {
            let Some(text) = file.text_or_problem(&mut self.reading) else { return };
            self.changelog(relative, language, &text);
        } else if let Some(text) = file.text_or_problem(&mut self.reading) {
            let sets = if formatted::is_formatted(&text) {
                formatted::read(&path, &text, &mut self.reading)
            } else {
                // Plain SQL is one change set, which liquibase calls so.
                let step = file.step(&mut self.reading, |_| TransactionMode::Wrapped);
                vec![stand_in("includeAll", "raw", step)]
            };
            self.found.extend(sets.into_iter().map(|set| Found { path: path.clone(), set }));
        } else {
            let set = stand_in("unknown", relative, file.unreadable());
            self.found.push(Found { path, set });
        }
    }

    fn changelog(&mut self, relative: &'t str, language: &'static str, text: &str) {
        let path = self.tree.path(relative);
        if self.depth == DEEPEST {
            let message = format!("`{relative}` is included too deep, through {DEEPEST} others");
            self.problem(&path, None, message, "Include it nearer to the first changelog.");
            return;
        }
        let items = match self.read.remove(relative).unwrap_or_else(|| self.items(relative)) {
            Ok(items) => items,
            Err(error) => {
                let message = format!("`{relative}` cannot be read: {error}");
                self.problem(&path, None, message, "Mend the changelog; liquibase reads it first.");
                return;
            }
        };
        self.depth += 1;
        for item in items {
            match item {
                Item::File(target) => self.include(relative, text, &target),
                Item::All(target) => self.include_all(relative, text, &target),
                Item::ChangeSet(author, id) => {
                    let step = Step::Foreign { path: path.clone(), language };
                    let set = stand_in(&author, &id, step);
                    self.found.push(Found { path: path.clone(), set });
                }
                // These change no order: parameters are seen where SQL uses them.
                Item::Unknown(name)
                    if matches!(
                        &*name,
                        "property" | "preConditions" | "logicalFilePath" | "objectQuotingStrategy"
                    ) => {}
                Item::Unknown(name) => {
                    let message = format!("`{name}` in `{relative}` is not read here");
                    let help = "Include the files one by one instead.";
                    self.problem(&path, shared::place_of(text, &name), message, help);
                }
            }
        }
        self.depth -= 1;
    }

    fn include(&mut self, from: &'t str, text: &str, target: &Target) {
        let path = self.tree.path(from);
        match self.file(from, target) {
            Some(name) => self.visit(name),
            None => {
                let message = format!(
                    "`{from}` includes `{}`, which is not in this folder or stands there twice",
                    target.path
                );
                let help = "Mend the path, or let the [[set]] begin at a folder that holds both.";
                self.problem(&path, shared::place_of(text, &target.path), message, help);
            }
        }
    }

    fn include_all(&mut self, from: &'t str, text: &str, target: &Target) {
        let path = self.tree.path(from);
        let names = self.folder(from, target);
        if let Some(key) = target.beyond {
            let message = format!("`{key}` of `includeAll` in `{from}` is not read here");
            let help = "Include the files one by one instead.";
            self.problem(&path, shared::place_of(text, &target.path), message, help);
        } else if names.is_empty() {
            let message = format!("`{from}` includes all of `{}`, where nothing is", target.path);
            let help = "Mend the path, or let the [[set]] begin at a folder that holds both.";
            self.problem(&path, shared::place_of(text, &target.path), message, help);
        }
        for name in names.into_iter().filter(|name| *name != from) {
            self.visit(name);
        }
    }

    fn problem(&mut self, path: &RepoPath, span: Option<Span>, message: String, help: &str) {
        let location = match span {
            Some(span) => Location::at(path.clone(), span),
            None => Location::file(path.clone()),
        };
        self.reading.problems.push(shared::invalid(location, message, help));
    }

    /// The one file that an include can mean.
    fn file(&self, from: &str, target: &Target) -> Option<&'t str> {
        self.places.file(from, target)
    }

    /// The files below a folder that liquibase would read, by path.
    fn folder(&self, from: &str, target: &Target) -> Vec<&'t str> {
        let read = |name: &&str| {
            self.files.get(*name).is_some_and(|file| name.ends_with(".sql") || is_changelog(file))
        };
        self.places.below(from, target).into_iter().filter(read).collect()
    }

    fn finish(mut self, options: Options) -> Reading {
        let claimed: BTreeSet<&RepoPath> = self.found.iter().map(|found| &found.path).collect();
        for (relative, file) in &self.files {
            let lower = relative.to_ascii_lowercase();
            if !self.visited.contains(relative) && lower.ends_with(".sql") {
                let help = "No changelog includes it: include it, or move it out of the set.";
                self.reading.problems.push(shared::unclaimed(file, help));
            } else if !claimed.contains(&file.path) {
                self.reading.companions.push(file.path.clone());
            }
        }
        let engines = engines(&self.found);
        let only = engines.first().copied().filter(|_| engines.len() == 1);
        let engine = options.engine.or(only);
        if engine.is_none() && !engines.is_empty() {
            ask_for_engine(&self.found, &mut self.reading);
        }
        let (run, left): (Vec<Found>, Vec<Found>) = self
            .found
            .into_iter()
            .partition(|found| !found.set.ignored && runs_on(&found.set, engine));
        let claimed: BTreeSet<&RepoPath> = run.iter().map(|found| &found.path).collect();
        let left = left.into_iter().map(|found| found.path);
        self.reading.companions.extend(left.filter(|path| !claimed.contains(path)));
        migrations(run, self.tree.root(), &mut self.reading);
        shared::finish_planned(self.reading)
    }
}

/// What stands for a change set that is no formatted SQL.
fn stand_in(author: &str, id: &str, up: Step) -> ChangeSet {
    ChangeSet {
        author: author.to_owned(),
        id: id.to_owned(),
        kind: Kind::Versioned,
        up,
        down: None,
        dbms: None,
        ignored: false,
        line: Span::new(0, 0),
    }
}

/// Change sets are known by what liquibase remembers of them: file, id and author. Without the file
/// a new change set could rename an old one.
fn migrations(found: Vec<Found>, root: &RepoPath, reading: &mut Reading) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (place, Found { path, set }) in (1_u128..).zip(found) {
        let relative = path.below(root).unwrap_or(path.as_str());
        let id = format!("{relative}::{}::{}", set.id, set.author);
        if !taken.insert(id.clone()) {
            let location = Location::at(path.clone(), set.line);
            let message = format!("`{}:{}` stands twice in this file", set.author, set.id);
            let help = "Give one of the change sets another id.";
            reading.problems.push(shared::invalid(location, message, help));
        }
        reading.migrations.push(Migration {
            version: Version::new(id.clone(), vec![Part::Number(place)]),
            id,
            kind: set.kind,
            up: set.up,
            down: set.down.map_or(Down::Missing, Down::Step),
            verify: None,
            depends_on: Vec::new(),
            files: std::iter::once(path).collect(),
        });
    }
}

#[cfg(test)]
#[path = "liquibase_tests.rs"]
mod tests;
