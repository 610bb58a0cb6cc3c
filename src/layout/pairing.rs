//! Ups with their downs, and the final order of a set.

use std::collections::{BTreeMap, BTreeSet};

use super::Reading;
use super::shared::invalid;
use crate::model::{Down, Kind, Location, Migration, ProblemKind, RepoPath, Step, Version};

/// One direction of a migration before it is paired.
pub(super) struct Half {
    pub(super) version: Version,
    /// The file's stem without direction.
    pub(super) stem: String,
    pub(super) step: Step,
    /// Files that belong to it besides the step's own.
    pub(super) extras: Vec<RepoPath>,
}

impl Half {
    /// A half that is one file.
    pub(super) fn new(version: Version, stem: &str, step: Step) -> Self {
        Self { version, stem: stem.to_owned(), step, extras: Vec::new() }
    }
}

/// Pairs ups with downs by version. Where several share a version, equal names go first, then
/// the order of paths decides; no two ups are ever merged, and what is left of the downs is a
/// problem.
pub(super) fn pair(ups: Vec<Half>, downs: Vec<Half>, reading: &mut Reading) {
    let mut waiting: BTreeMap<Version, Vec<Half>> = BTreeMap::new();
    for down in downs {
        waiting.entry(down.version.clone()).or_default().push(down);
    }
    let mut chosen: BTreeMap<usize, Half> = BTreeMap::new();
    for same_name in [true, false] {
        for (index, up) in ups.iter().enumerate() {
            if chosen.contains_key(&index) {
                continue;
            }
            let Some(downs) = waiting.get_mut(&up.version) else { continue };
            if let Some(at) = downs.iter().position(|down| !same_name || down.stem == up.stem) {
                chosen.insert(index, downs.remove(at));
            }
        }
    }
    for (index, up) in ups.into_iter().enumerate() {
        reading.migrations.push(join(up, chosen.remove(&index)));
    }
    for down in waiting.into_values().flatten() {
        let path = down.step.path();
        let message = format!(
            "the down of `{}` undoes version {}, which has no up left to pair it with",
            down.stem, down.version
        );
        let help = "Add the up with the same version, or remove the down.";
        reading.problems.push(invalid(Location::file(path.clone()), message, help));
        reading.companions.extend(down.extras);
    }
}

fn join(up: Half, down: Option<Half>) -> Migration {
    let mut files = up.extras;
    files.push(up.step.path().clone());
    let down = match down {
        Some(half) => {
            files.push(half.step.path().clone());
            files.extend(half.extras);
            Down::Step(half.step)
        }
        None => Down::Missing,
    };
    Migration {
        id: up.stem,
        version: up.version,
        kind: Kind::Versioned,
        up: up.step,
        down,
        verify: None,
        depends_on: Vec::new(),
        files,
    }
}

/// Sorts by version, ties by path, and does what [`finish_planned`] does.
pub(super) fn finish(mut reading: Reading) -> Reading {
    reading
        .migrations
        .sort_by(|a, b| a.version.cmp(&b.version).then_with(|| a.up.path().cmp(b.up.path())));
    finish_planned(reading)
}

/// Makes ids unique and lists sorted, leaving the order of the migrations.
pub(super) fn finish_planned(mut reading: Reading) -> Reading {
    unique_ids(&mut reading.migrations);
    for migration in &mut reading.migrations {
        migration.files.sort();
        migration.files.dedup();
    }
    reading.companions.sort();
    reading.companions.dedup();
    reading
        .problems
        .sort_by(|a, b| (&a.location, a.kind, &a.message).cmp(&(&b.location, b.kind, &b.message)));
    reading.problems.dedup();
    // A file that cannot be read at all is not also blamed for its name or its folder.
    let refused: BTreeSet<RepoPath> = reading
        .problems
        .iter()
        .filter(|problem| problem.kind == ProblemKind::Invalid)
        .map(|problem| problem.location.path.clone())
        .collect();
    reading.problems.retain(|problem| {
        problem.kind != ProblemKind::Unclaimed || !refused.contains(&problem.location.path)
    });
    reading
}

/// Names that stand twice (the same stem in two folders or with two endings) become paths.
fn unique_ids(migrations: &mut [Migration]) {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for migration in migrations.iter() {
        *count.entry(migration.id.clone()).or_default() += 1;
    }
    let mut taken: BTreeSet<String> =
        count.iter().filter(|(_, times)| **times == 1).map(|(id, _)| id.clone()).collect();
    for migration in migrations {
        if count.get(&migration.id) == Some(&1) {
            continue;
        }
        let mut id = migration.up.path().to_string();
        // One file may hold the ups of two migrations only where a plan names it twice.
        while !taken.insert(id.clone()) {
            id.push('\'');
        }
        migration.id = id;
    }
}
