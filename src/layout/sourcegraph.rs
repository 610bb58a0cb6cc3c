//! sourcegraph: a folder `<id>_<name>` with `up.sql`, `down.sql` and `metadata.yaml`.
//!
//! Source: Sourcegraph's `internal/database/migration/definition` and its guide to migrations.
//! `metadata.yaml` names the parents of a migration, and the order is that of the graph, ids
//! deciding between what could stand either way. Each migration runs in a transaction unless
//! `createIndexConcurrently` is true. Whatever is not applied yet is applied. A squashed history
//! for new databases (`squashed.sql`) is a companion.

use std::collections::{BTreeMap, BTreeSet};

use super::shared::{self, File, Half};
use super::sourcegraph_yaml::{Metadata, read as metadata};
use super::{Confidence, Detection, Layout, Reading};
use crate::model::{
    EngineKind, Habits, LateMigrations, Location, Migration, RepoPath, TransactionMode, Tree,
    Version,
};

const EXPECTED: &str = "A set like Sourcegraph's has folders `<id>_<name>` with `up.sql`, `down.sql` and \
     `metadata.yaml`.";

/// See the module.
pub(super) struct Sourcegraph;

/// The files of one folder.
#[derive(Default)]
struct Folder<'t> {
    up: Option<File<'t>>,
    down: Option<File<'t>>,
    metadata: Option<File<'t>>,
}

impl Layout for Sourcegraph {
    fn name(&self) -> &'static str {
        "sourcegraph"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Applied,
            planned: true,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, tree: &Tree) -> Option<Detection> {
        let own = |path: &str| {
            let folder = path.strip_suffix("/metadata.yaml")?;
            let fits = id(folder).is_some() && tree.get(&format!("{folder}/up.sql")).is_some();
            fits.then(|| path.to_owned())
        };
        let reason = tree.iter().find_map(|(path, _)| own(path))?;
        let engine =
            Some((EngineKind::Postgres, "Sourcegraph's tool, which knows no other".into()));
        Some(Detection { confidence: Confidence::Sure, reason, engine })
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let mut folders: BTreeMap<&str, Folder<'_>> = BTreeMap::new();
        for file in shared::sift(tree, &mut reading) {
            let Some(folder) = file.folder() else {
                if file.name() == "squashed.sql" {
                    reading.companions.push(file.path);
                } else {
                    reading.problems.push(shared::unclaimed(&file, EXPECTED));
                }
                continue;
            };
            let slot = folders.entry(folder).or_default();
            match (id(folder), file.name()) {
                (Some(_), "up.sql") => slot.up = Some(file),
                (Some(_), "down.sql") => slot.down = Some(file),
                (Some(_), "metadata.yaml") => slot.metadata = Some(file),
                _ => reading.problems.push(shared::unclaimed(&file, EXPECTED)),
            }
        }
        let mut parents = BTreeMap::new();
        for (name, folder) in folders {
            if let Some(known) = read_folder(name, folder, &mut reading) {
                parents.insert(name.to_owned(), known);
            }
        }
        twice(&mut reading);
        link(&mut reading.migrations, &parents);
        reading.migrations = ordered(std::mem::take(&mut reading.migrations));
        shared::finish_planned(reading)
    }
}

/// The id of a folder: `1528395834_name`, or `1528395834` alone.
fn id(folder: &str) -> Option<&str> {
    let digits = folder.split('_').next().unwrap_or(folder);
    let fits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (fits && !folder.contains('/')).then_some(digits)
}

/// Reads a folder and returns the ids of its parents.
fn read_folder(name: &str, folder: Folder<'_>, reading: &mut Reading) -> Option<Vec<String>> {
    let Folder { up, down, metadata: yaml } = folder;
    let known = yaml.as_ref().and_then(|file| metadata(file, reading));
    let Some(version) = id(name).and_then(Version::integer) else {
        for file in [up, down, yaml].into_iter().flatten() {
            reading.problems.push(shared::unclaimed(&file, EXPECTED));
        }
        return None;
    };
    if let (None, Some(up)) = (&yaml, &up) {
        let message = format!("`{name}` has no `metadata.yaml`, which names its parents");
        let help = "Write one with `name:` and `parents: [<id>]`.";
        reading.problems.push(shared::invalid(Location::file(up.path.clone()), message, help));
    }
    let Metadata { parents, concurrently } = known.unwrap_or_default();
    let mode = if concurrently { TransactionMode::Bare } else { TransactionMode::Wrapped };
    let mut half = |file: File<'_>| Half::new(version.clone(), name, file.step(reading, |_| mode));
    let (up, down) = (up.map(&mut half), down.map(&mut half));
    let extras: Vec<RepoPath> = yaml.map(|file| file.path).into_iter().collect();
    let ups = match up {
        Some(up) => vec![Half { extras, ..up }],
        None => {
            reading.companions.extend(extras);
            Vec::new()
        }
    };
    shared::pair(ups, down.into_iter().collect(), reading);
    Some(parents)
}

/// The graph is one of ids, so an id that stands twice breaks it.
fn twice(reading: &mut Reading) {
    let mut seen: BTreeMap<&Version, &str> = BTreeMap::new();
    for migration in &reading.migrations {
        if let Some(first) = seen.insert(&migration.version, &migration.id) {
            let message = format!("`{}` has the id of `{first}`", migration.id);
            let help = "Give the newer one an id of its own, in its folder's name.";
            let place = Location::file(migration.up.path().clone());
            reading.problems.push(shared::invalid(place, message, help));
        }
    }
}

/// Turns the ids of parents into those of migrations; an unknown one is left as it is written.
fn link(migrations: &mut [Migration], parents: &BTreeMap<String, Vec<String>>) {
    let names: Vec<(Version, String)> =
        migrations.iter().map(|one| (one.version.clone(), one.id.clone())).collect();
    let named = |parent: &String| {
        let version = Version::integer(parent);
        let found = names.iter().find(|(known, _)| Some(known) == version.as_ref());
        found.map_or_else(|| parent.clone(), |(_, id)| id.clone())
    };
    for migration in migrations {
        let own = parents.get(&migration.id).map_or(&[][..], Vec::as_slice);
        migration.depends_on = own.iter().map(named).collect();
    }
}

/// Parents before children, the smallest id first; what stands in a circle comes last.
fn ordered(migrations: Vec<Migration>) -> Vec<Migration> {
    let known: BTreeSet<String> = migrations.iter().map(|one| one.id.clone()).collect();
    let mut children: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut missing: BTreeMap<String, usize> = BTreeMap::new();
    let mut waiting: BTreeMap<String, Migration> = BTreeMap::new();
    let mut ready: BTreeSet<(Version, String)> = BTreeSet::new();
    for migration in migrations {
        let parents: BTreeSet<&String> =
            migration.depends_on.iter().filter(|parent| known.contains(*parent)).collect();
        for parent in &parents {
            children.entry((*parent).clone()).or_default().push(migration.id.clone());
        }
        if parents.is_empty() {
            ready.insert((migration.version.clone(), migration.id.clone()));
        }
        missing.insert(migration.id.clone(), parents.len());
        waiting.insert(migration.id.clone(), migration);
    }
    let mut order = Vec::new();
    while let Some((_, id)) = ready.pop_first() {
        for child in children.remove(&id).unwrap_or_default() {
            let left = missing.entry(child.clone()).or_default();
            *left = left.saturating_sub(1);
            if let (0, Some(migration)) = (*left, waiting.get(&child)) {
                ready.insert((migration.version.clone(), child));
            }
        }
        order.extend(waiting.remove(&id));
    }
    let mut rest: Vec<Migration> = waiting.into_values().collect();
    rest.sort_by(|a, b| a.version.cmp(&b.version));
    order.extend(rest);
    order
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, problems, tree};
    use super::*;

    #[test]
    fn parents_stand_before_children_and_ids_decide_between_equals() {
        let reading = Sourcegraph.read(&tree(&[
            ("10_root/up.sql", ""),
            ("10_root/metadata.yaml", "name: root\nparents: []\n"),
            ("30_left/up.sql", ""),
            ("30_left/metadata.yaml", "name: left\nparents: [10]\n"),
            ("20_merge/up.sql", ""),
            ("20_merge/metadata.yaml", "name: merge\nparents:\n  - 30\n  - 25\n"),
            ("25_right/up.sql", "CREATE INDEX CONCURRENTLY i ON t (a);"),
            ("25_right/down.sql", ""),
            ("25_right/metadata.yaml", "parents: [10]\ncreateIndexConcurrently: true\n"),
            ("squashed.sql", ""),
        ]));
        assert!(problems(&reading).is_empty(), "{:?}", problems(&reading));
        assert_eq!(ids(&reading), ["10_root", "25_right", "30_left", "20_merge"]);
        assert_eq!(reading.migrations[3].depends_on, ["30_left", "25_right"]);
        let bare = reading.migrations[1].up.script().unwrap().transaction;
        assert_eq!(bare, TransactionMode::Bare);
        assert_eq!(reading.migrations[1].files.len(), 3);
        assert_eq!(reading.companions.len(), 1);
    }

    #[test]
    fn circles_and_unknown_parents_lose_nothing() {
        let reading = Sourcegraph.read(&tree(&[
            ("1_a/up.sql", ""),
            ("1_a/metadata.yaml", "parents: [2]"),
            ("2_b/up.sql", ""),
            ("2_b/metadata.yaml", "parents: [1]"),
            ("3_c/up.sql", ""),
            ("3_c/metadata.yaml", "parents: [9]"),
            ("3_d/up.sql", ""),
        ]));
        assert_eq!(ids(&reading), ["3_c", "3_d", "1_a", "2_b"]);
        assert_eq!(reading.migrations[0].depends_on, ["9"]);
        let found = problems(&reading);
        assert!(found.iter().any(|text| text.contains("`3_d` has the id of `3_c`")), "{found:?}");
        assert!(found.iter().any(|text| text.contains("`3_d` has no `metadata.yaml`")));
    }
}
