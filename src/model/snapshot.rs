//! Canonical descriptions of schemas and their differences.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Names one object of a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// What it is, in the engine's words: `table`, `index`, `column`, …
    pub kind: String,
    /// Its full name, with the schema where the engine has schemas: `public.users.email`.
    pub name: String,
}

impl ObjectKey {
    /// A key.
    #[must_use]
    pub fn new(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// What is known of one object.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Object {
    /// The object this one lives and dies with (a column's table).
    pub parent: Option<ObjectKey>,
    /// Attributes that must be equal: type, default, definition, owner, …
    pub facts: BTreeMap<String, String>,
    /// Attributes whose difference is worth a note only: a column's position.
    pub notes: BTreeMap<String, String>,
    /// The engine chose the name, so two objects with equal facts and parents are the same
    /// whatever they are called.
    pub generated_name: bool,
}

/// A whole schema; equal schemas have equal snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Snapshot {
    /// The objects by key.
    pub objects: BTreeMap<ObjectKey, Object>,
}

/// How an object differs from what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// It should be gone and is still there.
    Left,
    /// It should be there and is gone.
    Lost,
    /// It is there and is not what it was.
    Changed,
}

/// One difference between two snapshots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Left, lost or changed.
    pub kind: DifferenceKind,
    /// The object.
    pub object: ObjectKey,
    /// The attribute that changed; `None` where the whole object is left or lost.
    pub attribute: Option<String>,
    /// The expected value, or the facts of a lost object in one line.
    pub expected: Option<String>,
    /// The value found, or the facts of a left object in one line.
    pub found: Option<String>,
    /// How many objects hang on this one and are left or lost with it.
    pub dependents: usize,
    /// Order, generated names and white space: worth a note, never an error.
    pub note: bool,
}

/// All differences between an expected snapshot and the one found.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SnapshotDiff {
    /// The differences, errors before notes, then by object.
    pub differences: Vec<Difference>,
}

impl SnapshotDiff {
    /// Whether something differs that is more than a note.
    #[must_use]
    pub fn is_material(&self) -> bool {
        self.differences.iter().any(|difference| !difference.note)
    }

    /// Whether nothing differs at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Snapshot {
    /// Compares what was expected (`self`) with what was found.
    ///
    /// An object whose parent is itself left or lost is counted at the parent, not listed.
    /// Objects with generated names are matched by what they are, not by their names.
    #[must_use]
    pub fn diff(&self, found: &Self) -> SnapshotDiff {
        let mut lost: BTreeSet<&ObjectKey> = keys_missing(self, found);
        let mut left: BTreeSet<&ObjectKey> = keys_missing(found, self);
        let mut differences = Vec::new();

        for (gone, new) in self.renamed(found, &lost, &left) {
            lost.remove(gone);
            left.remove(new);
            differences.push(Difference {
                kind: DifferenceKind::Changed,
                object: gone.clone(),
                attribute: Some("generated name".into()),
                expected: Some(gone.name.clone()),
                found: Some(new.name.clone()),
                dependents: 0,
                note: true,
            });
        }
        differences.extend(whole_objects(self, &lost, DifferenceKind::Lost));
        differences.extend(whole_objects(found, &left, DifferenceKind::Left));
        for (key, expected) in &self.objects {
            if let Some(actual) = found.objects.get(key) {
                changed_attributes(key, &expected.facts, &actual.facts, false, &mut differences);
                changed_attributes(key, &expected.notes, &actual.notes, true, &mut differences);
            }
        }
        differences.sort_by(|a, b| {
            (a.note, &a.object, a.kind, &a.attribute).cmp(&(
                b.note,
                &b.object,
                b.kind,
                &b.attribute,
            ))
        });
        SnapshotDiff { differences }
    }

    /// Pairs of lost and left objects that are one object under two generated names.
    fn renamed<'a>(
        &'a self,
        found: &'a Self,
        lost: &BTreeSet<&'a ObjectKey>,
        left: &BTreeSet<&'a ObjectKey>,
    ) -> Vec<(&'a ObjectKey, &'a ObjectKey)> {
        let mut free: Vec<&ObjectKey> =
            left.iter().copied().filter(|key| found.objects[*key].generated_name).collect();
        let mut pairs = Vec::new();
        for key in lost.iter().copied().filter(|key| self.objects[*key].generated_name) {
            let object = &self.objects[key];
            let same = |candidate: &&ObjectKey| {
                let other = &found.objects[*candidate];
                candidate.kind == key.kind
                    && other.parent == object.parent
                    && other.facts == object.facts
            };
            if let Some(index) = free.iter().position(same) {
                pairs.push((key, free.remove(index)));
            }
        }
        pairs
    }
}

fn keys_missing<'a>(from: &'a Snapshot, other: &Snapshot) -> BTreeSet<&'a ObjectKey> {
    from.objects.keys().filter(|key| !other.objects.contains_key(*key)).collect()
}

/// Left or lost objects, those that go with their parent folded into it.
fn whole_objects(
    snapshot: &Snapshot,
    keys: &BTreeSet<&ObjectKey>,
    kind: DifferenceKind,
) -> Vec<Difference> {
    let top = |key: &ObjectKey| -> ObjectKey {
        let mut top = key;
        // The bound only guards against an engine that reports a cycle of parents.
        for _ in 0..8 {
            match snapshot.objects.get(top).and_then(|object| object.parent.as_ref()) {
                Some(parent) if keys.contains(parent) => top = parent,
                _ => break,
            }
        }
        top.clone()
    };
    let mut dependents: BTreeMap<ObjectKey, usize> = BTreeMap::new();
    for key in keys {
        *dependents.entry(top(key)).or_default() += 1;
    }
    dependents
        .into_iter()
        .map(|(object, count)| {
            let facts = Some(one_line(&snapshot.objects[&object].facts));
            let (expected, found) = match kind {
                DifferenceKind::Lost => (facts, None),
                DifferenceKind::Left | DifferenceKind::Changed => (None, facts),
            };
            Difference {
                kind,
                object,
                attribute: None,
                expected,
                found,
                dependents: count - 1,
                note: false,
            }
        })
        .collect()
}

fn changed_attributes(
    object: &ObjectKey,
    expected: &BTreeMap<String, String>,
    found: &BTreeMap<String, String>,
    note: bool,
    out: &mut Vec<Difference>,
) {
    let names: BTreeSet<&String> = expected.keys().chain(found.keys()).collect();
    for name in names {
        let (before, after) = (expected.get(name), found.get(name));
        if before == after {
            continue;
        }
        let only_space = match (before, after) {
            (Some(before), Some(after)) => fold_space(before) == fold_space(after),
            _ => false,
        };
        out.push(Difference {
            kind: DifferenceKind::Changed,
            object: object.clone(),
            attribute: Some(name.clone()),
            expected: before.cloned(),
            found: after.cloned(),
            dependents: 0,
            note: note || only_space,
        });
    }
}

fn one_line(facts: &BTreeMap<String, String>) -> String {
    if let Some(definition) = facts.get("definition") {
        return fold_space(definition);
    }
    let parts: Vec<String> =
        facts.iter().map(|(name, value)| format!("{name} {}", fold_space(value))).collect();
    parts.join(", ")
}

/// Runs of white space as one space and none beside punctuation, quoted text untouched.
fn fold_space(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut pending = false;
    for c in text.trim().chars() {
        if let Some(open) = quote {
            out.push(c);
            if c == open {
                quote = None;
            }
            continue;
        }
        if c.is_whitespace() {
            pending = true;
            continue;
        }
        let tight = |c: char| matches!(c, '(' | ')' | ',' | ';');
        if pending && !tight(c) && !out.ends_with(['(', ',', ';']) {
            out.push(' ');
        }
        pending = false;
        if matches!(c, '\'' | '"') {
            quote = Some(c);
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kind, name, the parent table and facts.
    type Row<'a> = (&'a str, &'a str, Option<&'a str>, &'a [(&'a str, &'a str)]);

    fn snapshot(objects: &[Row<'_>]) -> Snapshot {
        let mut snapshot = Snapshot::default();
        for (kind, name, parent, facts) in objects {
            let object = Object {
                parent: parent.map(|table| ObjectKey::new("table", table)),
                facts: facts.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
                ..Object::default()
            };
            snapshot.objects.insert(ObjectKey::new(*kind, *name), object);
        }
        snapshot
    }

    #[test]
    fn a_left_table_counts_its_columns_once() {
        let before = snapshot(&[]);
        let after = snapshot(&[
            ("table", "t", None, &[]),
            ("column", "t.a", Some("t"), &[("type", "int")]),
            ("column", "t.b", Some("t"), &[("type", "int")]),
        ]);
        let diff = before.diff(&after);
        assert_eq!(diff.differences.len(), 1);
        assert_eq!(diff.differences[0].kind, DifferenceKind::Left);
        assert_eq!(diff.differences[0].dependents, 2);
        assert!(diff.is_material());
    }

    #[test]
    fn a_changed_type_is_material_and_white_space_is_not() {
        let before =
            snapshot(&[("column", "t.a", None, &[("type", "int"), ("default", "f( 1 )")])]);
        let spaced = snapshot(&[("column", "t.a", None, &[("type", "int"), ("default", "f(1)")])]);
        assert!(!before.diff(&spaced).is_material());
        assert!(!before.diff(&spaced).is_empty());
        let typed =
            snapshot(&[("column", "t.a", None, &[("type", "text"), ("default", "f( 1 )")])]);
        assert!(before.diff(&typed).is_material());
    }

    #[test]
    fn white_space_inside_quotes_is_material() {
        let before = snapshot(&[("column", "t.a", None, &[("default", "'a  b'")])]);
        let after = snapshot(&[("column", "t.a", None, &[("default", "'a b'")])]);
        assert!(before.diff(&after).is_material());
    }

    #[test]
    fn generated_names_pair_by_facts() {
        let mut before = snapshot(&[("index", "t_a_idx", None, &[("columns", "a")])]);
        let mut after = snapshot(&[("index", "t_a_idx1", None, &[("columns", "a")])]);
        assert!(before.diff(&after).is_material());
        for object in before.objects.values_mut().chain(after.objects.values_mut()) {
            object.generated_name = true;
        }
        let diff = before.diff(&after);
        assert!(!diff.is_material());
        assert_eq!(diff.differences.len(), 1);
    }
}
