//! What renumbering means for the files of a set: renames, and the places that name a migration.
//!
//! Pure: a set and its files in, a plan out. A plan is only given where the layout, asked about
//! the files as they would be, reads the very same migrations under their new names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Renumbering, SetCatalog, renumber};
use crate::layout::{self, Reading};
use crate::model::{
    Entry as File, Kind, Location, Migration, RepoPath, Span, Tree, Version, quoted,
};

/// What is to be done to the working tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FixPlan {
    /// Files and folders to rename, in an order in which no name is taken.
    pub renames: Vec<(RepoPath, RepoPath)>,
    /// Files to write before they are renamed, with their text before and after.
    pub edits: Vec<(RepoPath, String, String)>,
    /// Former and new ids, in the order of the set.
    pub ids: Vec<(String, String)>,
    /// The files of the renamed migrations, which may speak of themselves.
    pub own: Vec<RepoPath>,
}

/// Plans the renumbering of what the change added late or under a version that is taken. Empty
/// where there is nothing to do.
///
/// # Errors
/// In words, where it cannot be done safely.
pub fn plan_fix(catalog: &SetCatalog, head: &Tree) -> Result<FixPlan, String> {
    let set = &catalog.info.name;
    let refuse = |why: String| format!("{set}: {why}");
    if catalog.info.habits.planned {
        let Some(late) = out_of_place(catalog) else { return Ok(FixPlan::default()) };
        let why = "whose order stands in its plan: move its line by hand";
        return Err(refuse(format!("{late} is late in a set of {}, {why}", catalog.info.layout)));
    }
    let new = renumber(catalog);
    if new.is_empty() {
        return match late(catalog) {
            None => Ok(FixPlan::default()),
            Some(late) => {
                Err(refuse(format!("no version can be told that follows; {late} is late")))
            }
        };
    }
    let mut plan = FixPlan::default();
    for one in new.iter().rev() {
        rename(catalog, head, one, &mut plan).map_err(refuse)?;
    }
    let after = renamed(head, &plan);
    plan.ids = read_back(catalog, &after, &new, &plan).map_err(refuse)?;
    plan.edits = edits(catalog, head, &plan).map_err(refuse)?;
    Ok(plan)
}

/// The first new change of a plan that stands before a merged one.
fn out_of_place(catalog: &SetCatalog) -> Option<&str> {
    let merged = catalog.entries.iter().rposition(|entry| !entry.touch.added)?;
    let late = catalog.entries[..merged].iter().find(|entry| entry.touch.added)?;
    catalog.merged.as_ref().map(|_| late.migration.id.as_str())
}

/// The first new migration that does not sort after everything merged.
fn late(catalog: &SetCatalog) -> Option<&str> {
    let merged = catalog.merged.as_deref()?.iter().chain(&catalog.tip);
    let newest: &Version =
        merged.filter(|known| known.kind == Kind::Versioned).map(|known| &known.version).max()?;
    let is_late = |migration: &Migration| {
        migration.kind == Kind::Versioned
            && migration.version <= *newest
            && !catalog.tip.iter().any(|gained| gained.id == migration.id)
    };
    let mut added = catalog.entries.iter().filter(|entry| entry.touch.added);
    added.find(|entry| is_late(&entry.migration)).map(|entry| entry.migration.id.as_str())
}

/// Plans the renames of one migration: its files, or the folder that is its name.
fn rename(
    catalog: &SetCatalog,
    head: &Tree,
    new: &Renumbering,
    plan: &mut FixPlan,
) -> Result<(), String> {
    let entry = catalog.entry(&new.id).ok_or_else(|| format!("there is no {}", new.id))?;
    let files = &entry.migration.files;
    let in_folders = catalog.info.layout == "diesel";
    let mut renames: BTreeSet<(RepoPath, RepoPath)> = BTreeSet::new();
    for path in files {
        // A config migration names the files beside it by their names.
        if entry.migration.up.program().is_some() && path != entry.migration.up.path() {
            continue;
        }
        let named = if in_folders { path.parent() } else { Some(path.clone()) };
        let named = named.filter(|named| named.below(head.root()).is_some_and(|p| !p.is_empty()));
        let named = named.ok_or_else(|| format!("{path} stands outside of the set"))?;
        let to = renumbered(named.file_name(), &new.from, &new.to).ok_or_else(|| {
            format!("{named} does not begin with the version {}; rename it by hand", new.from)
        })?;
        let to = named.parent().unwrap_or_default().join(&to);
        renames.insert((named, to));
    }
    for (from, to) in &renames {
        let inside = |path: &RepoPath, of: &RepoPath| path == of || path.below(of).is_some();
        let mut others = head.iter().map(|(relative, _)| head.path(relative));
        if let Some(other) = others.find(|p| inside(p, from) && !files.contains(p)) {
            return Err(format!("{other} stands in the folder of {} and is not of it", new.id));
        }
        // What is renamed itself, which is done before, is out of the way.
        let taken = head.iter().map(|(relative, _)| head.path(relative)).find(|path| {
            inside(path, to) && !plan.renames.iter().any(|(away, _)| inside(path, away))
        });
        if let Some(taken) = taken {
            return Err(format!("{taken} is there already, so {from} cannot take that name"));
        }
    }
    plan.own.extend(files.iter().cloned());
    plan.renames.extend(renames);
    Ok(())
}

/// A name with another version in it: `0003_a.sql`, `V3__a.sql`.
fn renumbered(name: &str, from: &str, to: &str) -> Option<String> {
    let (letter, rest) = match name.strip_prefix(from) {
        Some(rest) => ("", rest),
        None => {
            let letter = name.get(..1).filter(|letter| matches!(*letter, "V" | "U"))?;
            (letter, name[1..].strip_prefix(from)?)
        }
    };
    rest.starts_with('_').then(|| format!("{letter}{to}{rest}"))
}

/// Where a path is after the plan.
fn moved(path: &RepoPath, plan: &FixPlan) -> RepoPath {
    let within = |(from, to): &(RepoPath, RepoPath)| match path.below(from) {
        Some(tail) => Some(to.join(tail)),
        None => (path == from).then(|| to.clone()),
    };
    plan.renames.iter().find_map(within).unwrap_or_else(|| path.clone())
}

/// The set's files after the renames.
fn renamed(head: &Tree, plan: &FixPlan) -> Tree {
    let mut after = Tree::new(head.root().clone());
    after.set_neighbours(head.neighbours().to_vec());
    for (relative, file) in head.iter() {
        let path = moved(&head.path(relative), plan);
        after.insert(path.below(head.root()).unwrap_or(relative), file.clone());
    }
    after
}

/// Reads the set as it would be; every migration must be what it was, in the version planned.
fn read_back(
    catalog: &SetCatalog,
    after: &Tree,
    new: &[Renumbering],
    plan: &FixPlan,
) -> Result<Vec<(String, String)>, String> {
    let layout = layout::by_name(catalog.info.layout)
        .ok_or_else(|| format!("there is no layout {}", catalog.info.layout))?;
    let Reading { migrations, .. } = layout.read(after);
    let strange = |id: &str| format!("{id} would not be the same migration under another version");
    if migrations.len() != catalog.entries.len() {
        return Err("the set would not hold the same migrations".into());
    }
    let mut ids = Vec::new();
    for entry in &catalog.entries {
        let was = &entry.migration;
        let wanted = new.iter().find(|one| one.id == was.id);
        let up = moved(was.up.path(), plan);
        let now = migrations.iter().find(|now| *now.up.path() == up);
        let now = now.ok_or_else(|| strange(&was.id))?;
        let mut files: Vec<RepoPath> = was.files.iter().map(|path| moved(path, plan)).collect();
        files.sort();
        let version = wanted.map_or(was.version.as_str(), |one| one.to.as_str());
        if now.files != files || now.version.as_str() != version {
            return Err(strange(&was.id));
        }
        if now.id != was.id {
            ids.push((was.id.clone(), now.id.clone()));
        }
    }
    Ok(ids)
}

/// The manifest and the headers that name what gets another id, with their new texts.
fn edits(
    catalog: &SetCatalog,
    head: &Tree,
    plan: &FixPlan,
) -> Result<Vec<(RepoPath, String, String)>, String> {
    let mut places: BTreeMap<RepoPath, BTreeMap<Span, (&str, &str)>> = BTreeMap::new();
    for (from, to) in &plan.ids {
        let own = catalog.entry(from).and_then(|entry| entry.declared.entry.clone());
        let needed = catalog.entries.iter().flat_map(|entry| &entry.declared.depends_on);
        let needed =
            needed.filter(|needed| needed.id == *from).map(|needed| needed.location.clone());
        for Location { path, span } in own.into_iter().chain(needed) {
            let span = span.ok_or_else(|| format!("{path} names {from} in a place unknown"))?;
            places.entry(path).or_default().insert(span, (from, to));
        }
    }
    places.into_iter().map(|(path, places)| edit(catalog, head, path, &places)).collect()
}

fn edit(
    catalog: &SetCatalog,
    head: &Tree,
    path: RepoPath,
    places: &BTreeMap<Span, (&str, &str)>,
) -> Result<(RepoPath, String, String), String> {
    let is_manifest = catalog.manifest.as_ref().is_some_and(|manifest| manifest.path == path);
    let owner = catalog.entries.iter().find(|entry| entry.migration.files.contains(&path));
    if !is_manifest && !owner.is_some_and(|entry| entry.touch.added) {
        return Err(format!("{path} is merged and names what would get another version"));
    }
    if owner.is_some_and(|entry| entry.declared.checksum.is_some()) {
        return Err(format!("the manifest holds a checksum of {path}, which would change"));
    }
    let file: Option<&File> = path.below(head.root()).and_then(|relative| head.get(relative));
    let before = file
        .and_then(|file| std::str::from_utf8(&file.bytes).ok())
        .ok_or_else(|| format!("{path} names a migration and stands outside of the set"))?;
    let mut after = before.to_owned();
    for (span, (from, to)) in places.iter().rev() {
        let old = before.get(span.start..span.end).filter(|old| old.matches(from).count() == 1);
        let old = old.ok_or_else(|| format!("{path} writes {} in a way unknown", quoted(from)))?;
        after.replace_range(span.start..span.end, &old.replace(from, to));
    }
    Ok((path, before.to_owned(), after))
}

/// Whether a text names `id` as a word of its own.
#[must_use]
pub fn names(text: &str, id: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(id).any(|(at, _)| {
        !text[..at].chars().next_back().is_some_and(is_word)
            && !text[at + id.len()..].chars().next().is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_replaced_only_where_it_is_one() {
        for (name, expected) in [
            ("0003_a.up.sql", Some("0004_a.up.sql")),
            ("V0003__a.sql", Some("V0004__a.sql")),
            ("U0003__a.sql.conf", Some("U0004__a.sql.conf")),
            ("00031_a.sql", None),
            ("x0003_a.sql", None),
            ("é0003_a.sql", None),
        ] {
            assert_eq!(renumbered(name, "0003", "0004").as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn an_id_is_a_word_of_its_own() {
        assert!(names("see 0003_a.", "0003_a") && names("0003_a", "0003_a"));
        assert!(!names("10003_a 0003_ab", "0003_a"));
    }
}
