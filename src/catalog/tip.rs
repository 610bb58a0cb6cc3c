//! What the target branch did since the base.

use super::{Edit, SetCatalog, step_edit};
use crate::model::{Entry, Migration, RepoPath, Tree};

/// What became of a migration of the base on the target branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its up says something else.
    Edited,
    /// It has this id now.
    Renamed(String),
    /// It is gone.
    Deleted,
}

/// A migration of the base that the target branch changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TipEdit {
    /// Its id in the base.
    pub id: String,
    /// What became of it.
    pub fate: Fate,
}

/// A file of a migration that both sides changed, each in its own way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BothSides {
    /// The file at the head.
    pub path: RepoPath,
    /// The migration it belongs to.
    pub migration: String,
    /// How the two meet.
    pub meeting: Meeting,
}

/// How two changes of one file meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meeting {
    /// Both sides added it.
    BothAdded,
    /// Both sides edited it.
    BothEdited,
    /// One side deleted what the other edited.
    DeletedAndEdited,
}

/// Notes what the target branch gained and what it did to the base's migrations.
pub(super) fn join_tip(catalog: &mut SetCatalog, tip: &[Migration], label: &str) {
    let known = catalog.merged.as_deref().unwrap_or(&[]);
    let planned = catalog.info.habits.planned;
    let in_base = |migration: &Migration| known.iter().any(|known| known.id == migration.id);
    let mut edits = Vec::new();
    for was in known {
        let fate = match tip.iter().find(|now| now.id == was.id) {
            Some(now) if step_edit(Some(&was.up), Some(&now.up)) != Edit::Real => continue,
            Some(_) => Fate::Edited,
            None => {
                let same_text = |now: &Migration| {
                    let (was, now) = (was.up.script(), now.up.script());
                    was.zip(now).is_some_and(|(was, now)| was.text == now.text)
                };
                let moved = tip.iter().filter(|now| !in_base(now)).find(|now| {
                    same_text(now)
                        || (!planned && now.kind == was.kind && now.version == was.version)
                });
                moved.map_or(Fate::Deleted, |now| Fate::Renamed(now.id.clone()))
            }
        };
        edits.push(TipEdit { id: was.id.clone(), fate });
    }
    catalog.tip = tip.iter().filter(|migration| !in_base(migration)).cloned().collect();
    catalog.tip_edits = edits;
    catalog.tip_label = Some(label.to_owned());
}

/// The files of migrations that both sides changed and left different.
pub(super) fn both_sides(
    catalog: &SetCatalog,
    head: &Tree,
    base: &Tree,
    tip: &Tree,
) -> Vec<BothSides> {
    let changed = |path: &RepoPath| catalog.is_changed(path);
    let migrations = catalog.entries.iter().map(|entry| &entry.migration);
    let gone = catalog.gone.iter().map(|gone| &gone.migration);
    let mut found: Vec<BothSides> = migrations
        .chain(gone)
        .flat_map(|migration| migration.files.iter().map(move |path| (migration, path)))
        .filter(|(_, path)| changed(path))
        .filter_map(|(migration, path)| {
            // The sides may keep the set in folders of different names.
            let relative = path.below(head.root()).or_else(|| path.below(base.root()))?;
            let sides = [head, base, tip].map(|tree| tree.get(relative));
            let meeting = meeting(sides)?;
            Some(BothSides { path: path.clone(), migration: migration.id.clone(), meeting })
        })
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found.dedup_by(|a, b| a.path == b.path);
    found
}

/// How the changes of head and tip meet; `None` where one of them left the file alone or both
/// did the same.
fn meeting([head, base, tip]: [Option<&Entry>; 3]) -> Option<Meeting> {
    let same = |a: Option<&Entry>, b: Option<&Entry>| match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.kind == b.kind && a.bytes == b.bytes,
        _ => false,
    };
    if same(head, base) || same(tip, base) || same(head, tip) {
        return None;
    }
    Some(match (head, base, tip) {
        (None, ..) | (_, _, None) => Meeting::DeletedAndEdited,
        (_, None, _) => Meeting::BothAdded,
        _ => Meeting::BothEdited,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_changes_meet_only_where_both_changed_the_file() {
        let [a, b, c] = ["a", "b", "c"].map(|text| Entry::file(text.as_bytes()));
        let [a, b, c] = [&a, &b, &c].map(Some);
        for (sides, expected) in [
            ([b, a, c], Some(Meeting::BothEdited)),
            ([b, None, c], Some(Meeting::BothAdded)),
            ([None, a, b], Some(Meeting::DeletedAndEdited)),
            ([b, a, None], Some(Meeting::DeletedAndEdited)),
            ([b, a, b], None),
            ([b, a, a], None),
            ([a, a, b], None),
            ([b, None, None], None),
            ([None, a, None], None),
        ] {
            assert_eq!(meeting(sides), expected, "{sides:?}");
        }
    }
}
