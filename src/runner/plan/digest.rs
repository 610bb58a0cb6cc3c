//! Digests of a target's state.

use sha2::{Digest as _, Sha256};

use crate::model::{Object, ObjectKey, Snapshot, hex};
use crate::runner::tracking::{Tracked, TrackedState};

/// The SHA-256 of what a target says has run, in its order.
#[must_use]
pub fn tracking(history: &[Tracked]) -> String {
    let rows = history.iter().map(|row| {
        let state = match row.state {
            TrackedState::Applied => "applied",
            TrackedState::Unfinished => "unfinished",
        };
        vec![row.id.clone().unwrap_or_default(), row.name.clone(), state.to_owned()]
    });
    of(rows)
}

/// The SHA-256 of a schema, or of documents: of all that may not differ. A name that the engine
/// chose counts for nothing, so that a restored backup has the fingerprint it had.
#[must_use]
pub fn fingerprint(snapshot: &Snapshot) -> String {
    let mut objects: Vec<Vec<String>> =
        snapshot.objects.iter().map(|(key, object)| words(key, object)).collect();
    objects.sort();
    of(objects.into_iter())
}

fn words(key: &ObjectKey, object: &Object) -> Vec<String> {
    let name = if object.generated_name { "" } else { key.name.as_str() };
    let parent = object.parent.as_ref().map(ToString::to_string).unwrap_or_default();
    let mut words = vec![key.kind.clone(), name.to_owned(), parent];
    for (fact, value) in &object.facts {
        words.extend([fact.clone(), value.clone()]);
    }
    words
}

/// Each word with its length before it, so that no two lists of words are written alike.
fn of(lists: impl Iterator<Item = Vec<String>>) -> String {
    let mut digest = Sha256::new();
    for list in lists {
        digest.update(format!("{};", list.len()));
        for word in list {
            digest.update(format!("{}:{word}", word.len()));
        }
    }
    hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(name: &str, generated_name: bool, fact: &str, note: &str) -> Snapshot {
        let mut object = Object { generated_name, ..Object::default() };
        object.facts.insert("definition".into(), fact.into());
        object.notes.insert("position".into(), note.into());
        Snapshot { objects: [(ObjectKey::new("index", name), object)].into() }
    }

    #[test]
    fn a_fingerprint_tells_what_matters_and_nothing_else() {
        let one = fingerprint(&snapshot("a", false, "x", "1"));
        assert_eq!(one, fingerprint(&snapshot("a", false, "x", "2")), "a note");
        assert_ne!(one, fingerprint(&snapshot("b", false, "x", "1")), "a name");
        assert_ne!(one, fingerprint(&snapshot("a", false, "y", "1")), "a fact");
        let chosen = |name| fingerprint(&snapshot(name, true, "x", "1"));
        assert_eq!(chosen("a"), chosen("b"), "a name that the engine chose");
    }

    #[test]
    fn the_tracking_tells_what_ran_and_in_which_order() {
        let row = |name: &str, state| Tracked { id: None, name: name.into(), state, edited: false };
        let (a, b) = (row("a", TrackedState::Applied), row("b", TrackedState::Applied));
        let half = row("b", TrackedState::Unfinished);
        let both = tracking(&[a.clone(), b.clone()]);
        assert_ne!(both, tracking(&[b.clone(), a.clone()]));
        assert_ne!(both, tracking(&[a.clone(), half]));
        assert_ne!(both, tracking(&[a]));
        // Two words are not one.
        assert_ne!(tracking(&[row("ab", TrackedState::Applied)]), tracking(&[b]));
    }
}
