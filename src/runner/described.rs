//! Snapshots on disk, and their differences in words.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{Object, ObjectKey, Snapshot, SnapshotDiff, printable};

/// How many differences are told one by one.
const MOST_TOLD: usize = 20;

/// One object of a snapshot, as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Described {
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<(String, String)>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    notes: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    generated_name: bool,
}

/// A snapshot as it is written.
pub(super) fn described(snapshot: &Snapshot) -> Vec<Described> {
    let objects = snapshot.objects.iter();
    let described = objects.map(|(key, object)| Described {
        kind: key.kind.clone(),
        name: key.name.clone(),
        parent: object.parent.as_ref().map(|key| (key.kind.clone(), key.name.clone())),
        facts: object.facts.clone(),
        notes: object.notes.clone(),
        generated_name: object.generated_name,
    });
    described.collect()
}

/// A snapshot as it was written.
pub(super) fn snapshot(described: Vec<Described>) -> Snapshot {
    let object = |one: Described| {
        let parent = one.parent.map(|(kind, name)| ObjectKey::new(kind, name));
        let Described { facts, notes, generated_name, .. } = one;
        (ObjectKey::new(one.kind, one.name), Object { parent, facts, notes, generated_name })
    };
    Snapshot { objects: described.into_iter().map(object).collect() }
}

/// What must be equal and is not, one line each; how many more there are at the end.
pub(super) fn told(diff: &SnapshotDiff) -> Vec<String> {
    use crate::model::DifferenceKind::{Changed, Left, Lost};
    let material: Vec<_> = diff.differences.iter().filter(|one| !one.note).collect();
    let mut lines: Vec<String> = material
        .iter()
        .take(MOST_TOLD)
        .map(|one| {
            let object = printable(&one.object.to_string()).into_owned();
            match (one.kind, &one.attribute) {
                (Left, _) => format!("{object} is there and was not"),
                (Lost, _) => format!("{object} is gone"),
                (Changed, Some(attribute)) => {
                    format!("{object}: its {attribute} is not what it was")
                }
                (Changed, None) => format!("{object} is not what it was"),
            }
        })
        .collect();
    if material.len() > MOST_TOLD {
        lines.push(format!("and {} more", material.len() - MOST_TOLD));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_notes_are_not_told() {
        let key = ObjectKey::new("column", "t.a");
        let object = Object {
            parent: Some(ObjectKey::new("table", "t")),
            facts: [("type".to_owned(), "int".to_owned())].into(),
            notes: [("position".to_owned(), "1".to_owned())].into(),
            generated_name: true,
        };
        let one = Snapshot { objects: [(key.clone(), object)].into() };
        let text = serde_json::to_string(&described(&one)).unwrap();
        assert_eq!(snapshot(serde_json::from_str(&text).unwrap()), one);
        let mut other = one.clone();
        let changed = other.objects.get_mut(&key).unwrap();
        changed.notes.clear();
        assert!(told(&one.diff(&other)).is_empty());
        other.objects.get_mut(&key).unwrap().facts.clear();
        assert_eq!(told(&one.diff(&other)), ["column t.a: its type is not what it was"]);
    }
}
