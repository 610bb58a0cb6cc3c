//! Finds the sets of a repository without configuration.

use std::collections::{BTreeMap, BTreeSet};

use crate::changes::{ChangesError, Comparison, Source};
use crate::layout::{Confidence, Detection, Layout, detect_best};
use crate::model::{ChangeKind, Entry, EntryKind, RepoPath, Tree};

/// A set that was found by its looks.
pub struct Found {
    /// Its folder at the head; where the set is gone, at the base.
    pub path: RepoPath,
    /// Its folder at the base, where the whole set moved.
    pub moved_from: Option<RepoPath>,
    /// Its layout.
    pub layout: &'static dyn Layout,
    /// What it was recognised by.
    pub detection: Detection,
    /// Only numbered file names speak for a set, in a folder that is not called one: seeds and
    /// reports look the same.
    pub is_doubtful: bool,
}

/// Finds the sets that the change touches; with `all`, every set of the head.
///
/// Only folders that hold a file that could be a migration are looked into.
///
/// # Errors
/// When a side cannot be read.
pub fn discover(comparison: &Comparison, all: bool) -> Result<Vec<Found>, ChangesError> {
    let mut paths: BTreeSet<RepoPath> = BTreeSet::new();
    if all {
        paths.extend(comparison.head.names(&comparison.scope)?);
    }
    let in_scope = |path: &RepoPath| path.below(&comparison.scope).is_some();
    for change in comparison.files.iter().filter(|change| in_scope(&change.path)) {
        paths.insert(change.path.clone());
        if let ChangeKind::Renamed { from, .. } = &change.kind {
            paths.insert(from.clone());
        }
    }
    let mut found: Vec<Found> = Vec::new();
    for folder in candidates(&paths, comparison)? {
        // These keep migrations in folders of their own below the set's.
        let nests = |set: &Found| {
            matches!(
                set.layout.name(),
                "diesel"
                    | "flyway"
                    | "graphile-migrate"
                    | "liquibase"
                    | "pop"
                    | "prisma"
                    | "sourcegraph"
                    | "sqitch"
            )
        };
        let inside = |set: &Found| nests(set) && folder.below(&set.path).is_some();
        if found.iter().any(inside) {
            continue;
        }
        if let Some(set) = look(comparison, &folder)? {
            found.push(set);
        }
    }
    join_moved(comparison, &mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Folders that might be sets, outer ones first.
fn candidates(
    paths: &BTreeSet<RepoPath>,
    comparison: &Comparison,
) -> Result<Vec<RepoPath>, ChangesError> {
    let mut folders: BTreeSet<RepoPath> = BTreeSet::new();
    let mut plans: BTreeMap<RepoPath, bool> = BTreeMap::new();
    for path in paths {
        let Some(parent) = path.parent() else { continue };
        if looks_like_a_migration(path.file_name()) || is_link(comparison, path)? {
            folders.insert(parent.clone());
        }
        let one = matches!(
            path.file_name(),
            "up.sql"
                | "down.sql"
                | "metadata.toml"
                | "metadata.yaml"
                | "migration.sql"
                | "_journal.json"
        );
        if one || parent.file_name() == "committed" {
            folders.extend(parent.parent());
        }
        // sqitch and liquibase nest their scripts as deep as they like, below the folder that holds
        // the plan.
        let mut above = Some(parent);
        while let Some(folder) = above {
            let known = match plans.get(&folder) {
                Some(known) => *known,
                None => {
                    let known = holds_plan(comparison, paths, &folder)?;
                    plans.insert(folder.clone(), known);
                    known
                }
            };
            if known {
                folders.insert(folder.clone());
            }
            above = folder.parent();
        }
    }
    let mut folders: Vec<RepoPath> = folders.into_iter().collect();
    folders.sort_by_key(|folder| (depth(folder), folder.clone()));
    Ok(folders)
}

/// The usual names of the changelog that liquibase reads first.
const CHANGELOGS: [&str; 13] = [
    "db.changelog-master.yaml",
    "db.changelog-master.yml",
    "db.changelog-master.json",
    "db.changelog-master.xml",
    "db.changelog-root.yaml",
    "db.changelog-root.xml",
    "db.changelog.yaml",
    "db.changelog.xml",
    "changelog-master.yaml",
    "changelog-master.xml",
    "changelog.yaml",
    "changelog.xml",
    "master.xml",
];

/// Whether a folder holds the file that names the order of what stands below it.
fn holds_plan(
    comparison: &Comparison,
    paths: &BTreeSet<RepoPath>,
    folder: &RepoPath,
) -> Result<bool, ChangesError> {
    let plan = folder.join("sqitch.plan");
    if paths.contains(&plan) || either(comparison, &plan, |_| true)? {
        return Ok(true);
    }
    let mark = b"databaseChangeLog";
    let is_one = |entry: &Entry| entry.bytes.windows(mark.len()).any(|bytes| bytes == mark);
    for name in CHANGELOGS {
        if either(comparison, &folder.join(name), is_one)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn depth(folder: &RepoPath) -> usize {
    if folder.is_root() { 0 } else { folder.as_str().split('/').count() }
}

/// Whether a file of the head or of the base is such.
fn either(
    comparison: &Comparison,
    path: &RepoPath,
    is_such: impl Fn(&Entry) -> bool,
) -> Result<bool, ChangesError> {
    if comparison.head.file(path)?.is_some_and(|entry| is_such(&entry)) {
        return Ok(true);
    }
    match &comparison.base {
        Some(base) => Ok(base.file(path)?.is_some_and(|entry| is_such(&entry))),
        None => Ok(false),
    }
}

/// Whether a path is a symbolic link or a submodule, which may stand in for migrations. Only names
/// without an ending are looked at, as those of folders are.
fn is_link(comparison: &Comparison, path: &RepoPath) -> Result<bool, ChangesError> {
    if path.file_name().contains('.') {
        return Ok(false);
    }
    let entry = comparison.head.file(path)?;
    Ok(entry.is_some_and(|entry| matches!(entry.kind, EntryKind::Symlink | EntryKind::Submodule)))
}

/// SQL, the plan or the manifest of a set, or numbered code as it stands among migrations.
fn looks_like_a_migration(name: &str) -> bool {
    let code =
        [".go", ".java", ".kt", ".rs", ".py", ".fizz"].iter().any(|ending| name.ends_with(ending));
    let numbered =
        name.trim_start_matches(['V', 'U', 'R']).starts_with(|c: char| c.is_ascii_digit());
    name.to_ascii_lowercase().ends_with(".sql")
        || name == "sqitch.plan"
        || name == "migration_lock.toml"
        || crate::manifest::FILE_NAMES.contains(&name)
        || (code && numbered)
}

/// How many files a folder may hold to be read whole.
const MOST_FILES: usize = 5_000;

/// The files of a set's folder. Of a folder that holds a whole project, because its migrations
/// stand at the top, only the upper two levels are read.
///
/// # Errors
/// When the side cannot be read.
pub fn load(side: &dyn Source, folder: &RepoPath) -> Result<Tree, ChangesError> {
    let names = side.names(folder)?;
    let plan = folder.join("sqitch.plan");
    if names.len() <= MOST_FILES || names.contains(&plan) {
        return side.tree(folder);
    }
    let mut tree = Tree::new(folder.clone());
    for path in names {
        let Some(relative) = path.below(folder).filter(|path| path.matches('/').count() < 2) else {
            continue;
        };
        if let Some(entry) = side.file(&path)? {
            tree.insert(relative, entry);
        }
    }
    Ok(tree)
}

fn look(comparison: &Comparison, folder: &RepoPath) -> Result<Option<Found>, ChangesError> {
    let detected = |tree: &Tree| {
        detect_best(tree).map(|(layout, detection)| Found {
            path: folder.clone(),
            moved_from: None,
            layout,
            is_doubtful: is_doubtful(tree, &detection),
            detection,
        })
    };
    let head = load(&*comparison.head, folder)?;
    if let Some(found) = detected(&head) {
        return Ok(Some(found));
    }
    match &comparison.base {
        // A set that the change takes away is still a set, whatever else stays in its folder.
        Some(base) => Ok(detected(&load(&**base, folder)?)),
        None => Ok(None),
    }
}

/// A set whose files all came from one folder is that folder's set under a new name.
fn join_moved(comparison: &Comparison, found: &mut Vec<Found>) {
    let mut sources: BTreeMap<RepoPath, BTreeSet<RepoPath>> = BTreeMap::new();
    for change in &comparison.files {
        let ChangeKind::Renamed { from, .. } = &change.kind else { continue };
        let target = found.iter().find(|set| change.path.below(&set.path).is_some());
        let source = found.iter().find(|set| from.below(&set.path).is_some());
        if let (Some(target), Some(source)) = (target, source)
            && target.path != source.path
        {
            sources.entry(target.path.clone()).or_default().insert(source.path.clone());
        }
    }
    for (target, from) in sources {
        let from: Vec<RepoPath> = from.into_iter().collect();
        let [source] = from.as_slice() else { continue };
        let still_there = comparison.head.names(source).is_ok_and(|names| !names.is_empty());
        if !still_there {
            let known = found.iter().any(|set| set.path == *source && !set.is_doubtful);
            found.retain(|set| set.path != *source);
            if let Some(set) = found.iter_mut().find(|set| set.path == target) {
                set.moved_from = Some(source.clone());
                // What was a set under its old name is one under its new name.
                set.is_doubtful &= !known;
            }
        }
    }
}

fn is_doubtful(tree: &Tree, detection: &Detection) -> bool {
    let half = |name: &str| name.ends_with(".up.sql") || name.ends_with(".down.sql");
    detection.confidence == Confidence::Possible
        && !tree.root().as_str().to_ascii_lowercase().contains("migrat")
        && !tree.iter().any(|(name, _)| half(name))
}
