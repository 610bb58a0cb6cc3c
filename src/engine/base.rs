//! States to begin with: what the scripts of a base make of an empty engine, kept between runs.
//!
//! The key of a state is a chain over everything that decides it: the engine as it is set up, then
//! one script after the other. The longest part of the base that is kept is where a run begins.

use serde::{Deserialize, Serialize};

use super::courier::Courier;
use crate::cache::{Cache, Draft, Key, Kind, Label, Pack};

/// Changed whenever a kept state would no longer do.
const FORMAT: &str = "1";

/// What runs first in a sandbox, and where the state after it is kept.
#[derive(Debug, Default)]
pub struct Base {
    cache: Option<Cache>,
    /// Of each step everything that decides what it does.
    steps: Vec<String>,
    courier: Option<Courier>,
}

/// A state that was made before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recalled {
    /// How many steps of the base it has behind it.
    pub steps: usize,
    /// What was seen when they ran, as it was handed to [`super::Target::settle`].
    pub seen: String,
}

/// A kept state and the pack that holds the rest of its contents.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) steps: usize,
    pub(super) pack: Pack,
    pub(super) beside: Option<Pack>,
}

impl Base {
    /// A base of these steps, kept in a cache where there is one.
    #[must_use]
    pub fn new(cache: Option<Cache>, steps: Vec<String>) -> Self {
        Self { cache, steps, courier: None }
    }

    /// The same for a caller whose thread will not be allowed to reach the cache: another one goes
    /// there in its place.
    #[must_use]
    pub fn by_courier(self) -> Self {
        match Courier::new() {
            Ok(courier) => Self { courier: Some(courier), ..self },
            Err(_) => Self { cache: None, ..self },
        }
    }

    /// Whether there is a base, and a place to keep it in.
    pub(super) fn may_be_kept(&self) -> bool {
        self.cache.is_some() && !self.steps.is_empty()
    }

    /// How many steps there are.
    pub(super) fn steps(&self) -> usize {
        self.steps.len()
    }

    /// The state after as many steps as possible, but after no fewer than `least`.
    pub(super) fn recall(&self, engine: &str, least: usize) -> Option<Kept> {
        let (cache, keys) = (self.cache.clone()?, self.keys(engine));
        self.apart(move || find(&cache, &keys, least.max(1)))?
    }

    /// What is said of the state after all steps.
    pub(super) fn label(&self, engine: String, note: String) -> Label {
        Label { engine, migrations: self.steps.len(), note, beside: None }
    }

    /// Keeps the state after all steps, and gives it back.
    pub(super) fn keep(&self, engine: &str, draft: Draft) -> Option<Kept> {
        let cache = self.cache.clone()?;
        let key = self.keys(engine).pop()?;
        self.apart(move || cache.keep(Kind::State, &key, &draft).ok())??;
        self.recall(engine, self.steps.len())
    }

    /// Does it where it may be done.
    fn apart<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        match &self.courier {
            None => Some(work()),
            Some(courier) => courier.run(work),
        }
    }

    /// The keys after no step, after one, and so on.
    fn keys(&self, engine: &str) -> Vec<Key> {
        let mut keys = vec![Key::of(&[FORMAT, env!("CARGO_PKG_VERSION"), engine])];
        for step in &self.steps {
            keys.extend(keys.last().map(|last| last.then(step)));
        }
        keys
    }
}

/// The entry of the last key that there is one for, not before the one at `least`.
fn find(cache: &Cache, keys: &[Key], least: usize) -> Option<Kept> {
    let (steps, pack) = (least..keys.len())
        .rev()
        .find_map(|steps| Some((steps, cache.find(Kind::State, &keys[steps])?)))?;
    let beside = match &pack.label().beside {
        Some(key) => Some(cache.find(Kind::Template, &Key::written(key)?)?),
        None => None,
    };
    Some(Kept { steps, pack, beside })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::LIMIT;

    fn base(cache: &Cache, steps: &[&str]) -> Base {
        let steps = steps.iter().map(|step| (*step).to_owned()).collect();
        Base::new(Some(cache.clone()), steps)
    }

    fn keep(base: &Base, engine: &str) {
        let label = base.label(engine.to_owned(), String::new());
        assert!(base.keep(engine, Draft::of_bytes(label, "state", Vec::new())).is_some());
    }

    #[test]
    fn the_longest_part_that_is_kept_is_where_a_run_begins() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"), LIMIT);
        for steps in [&["a"][..], &["a", "b"]] {
            keep(&base(&cache, steps), "X 1");
        }
        let steps =
            |steps: &[&str], engine| base(&cache, steps).recall(engine, 0).map(|kept| kept.steps);
        assert_eq!(steps(&["a", "b", "c"], "X 1"), Some(2));
        assert_eq!(steps(&["a", "c"], "X 1"), Some(1));
        assert_eq!(steps(&["b", "a"], "X 1"), None);
        assert_eq!(steps(&["ab"], "X 1"), None);
        assert_eq!(steps(&["a", "b"], "X 2"), None);
        assert_eq!(steps(&[], "X 1"), None);
        let grown = base(&cache, &["a", "b", "c"]);
        assert!(grown.recall("X 1", 3).is_none(), "as a whole or not at all");
    }
}
