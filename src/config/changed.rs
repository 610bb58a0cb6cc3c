//! Which parts of a configuration a change touches.

use toml::{Table, Value};

use super::Settings;

impl Settings {
    /// The top-level keys of which this file says something else than `base` does, sorted. Sets
    /// and targets that are only added count for nothing, and neither do comments and white space.
    #[must_use]
    pub fn changed_from(&self, base: &Self) -> Vec<String> {
        let (now, before) = (self.table(), base.table());
        let mut keys: Vec<&String> = now.keys().chain(before.keys()).collect();
        keys.sort();
        keys.dedup();
        keys.into_iter()
            .filter(|key| match (key.as_str(), before.get(*key), now.get(*key)) {
                // Of the format's version there is only one.
                ("version", ..) => false,
                ("set" | "target", before, now) => {
                    !before.is_none_or(|before| holds_all(now, before))
                }
                (_, before, now) => before != now,
            })
            .cloned()
            .collect()
    }

    /// The file as plain values; it was read without a mistake before.
    fn table(&self) -> Table {
        self.source.as_ref().and_then(|source| source.text.parse().ok()).unwrap_or_default()
    }
}

fn holds_all(now: Option<&Value>, before: &Value) -> bool {
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let now = now.map(items).unwrap_or_default();
    items(before).iter().all(|set| now.contains(set))
}
