//! New versions for migrations that came late.
//!
//! A late migration, or one whose version is taken, gets the next free version after everything
//! that is merged; those the change adds after it follow, so that their order stays.

use jiff::ToSpan as _;
use jiff::civil::DateTime;

use super::{Entry, SetCatalog};
use crate::model::{Kind, Migration, Version};

/// A migration that the change adds, and the version it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renumbering {
    /// The migration.
    pub id: String,
    /// Its version as it is written.
    pub from: String,
    /// The next free one, written in the same way.
    pub to: String,
}

impl SetCatalog {
    /// The migration that the target branch gained under the version of `migration`, which is
    /// new here; the same file on both sides is no such twin.
    #[must_use]
    pub fn tip_twin(&self, entry: &Entry) -> Option<&Migration> {
        let migration = &entry.migration;
        let counts = entry.touch.added && migration.kind == Kind::Versioned;
        self.tip.iter().find(|gained| {
            counts
                && !self.info.habits.planned
                && gained.kind == Kind::Versioned
                && gained.version == migration.version
                && gained.up.path() != migration.up.path()
        })
    }
}

/// The versions that put what the change adds after everything merged, in the order of the set.
/// Empty where nothing is late, and where the next version cannot be told.
#[must_use]
pub fn renumber(catalog: &SetCatalog) -> Vec<Renumbering> {
    let Some(mut last) = newest(catalog, |entry| !entry.touch.added) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in catalog.entries.iter().filter(|entry| entry.touch.added) {
        let migration = &entry.migration;
        let is_merged = catalog.tip.iter().any(|gained| gained.id == migration.id);
        if migration.kind != Kind::Versioned || is_merged {
            continue;
        }
        if migration.version > last {
            last = migration.version.clone();
            continue;
        }
        let Some((text, version)) = after(&last) else { return Vec::new() };
        let from = migration.version.as_str().to_owned();
        found.push(Renumbering { id: migration.id.clone(), from, to: text });
        last = version;
    }
    found
}

/// The next version that nobody has; `None` where versions do not count or none can be told.
#[must_use]
pub fn next_version(catalog: &SetCatalog) -> Option<String> {
    Some(after(&newest(catalog, |_| true)?)?.0)
}

/// The newest version of what is merged, here and on the target branch, and of those of the
/// head's migrations that count; `None` where a plan gives the order.
fn newest(catalog: &SetCatalog, counts: impl Fn(&&Entry) -> bool) -> Option<Version> {
    let merged = catalog.merged.iter().flatten().chain(&catalog.tip);
    let head = catalog.entries.iter().filter(counts).map(|entry| &entry.migration);
    let versioned = merged.chain(head).filter(|known| known.kind == Kind::Versioned);
    let newest = versioned.map(|known| &known.version).max();
    newest.filter(|_| !catalog.info.habits.planned).cloned()
}

/// The version that follows, and its place in the order.
fn after(version: &Version) -> Option<(String, Version)> {
    let text = next(version.as_str())?;
    let version = version.following(&text)?;
    Some((text, version))
}

/// The next version in the same style: a second or minute later, or the number after.
fn next(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_dashed = text.chars().all(|c| c.is_ascii_digit() || c == '-') && text.contains('-');
    if is_dashed || text.len() == digits.len() {
        let later =
            later(&digits).or_else(|| (!is_dashed).then(|| increment(&digits)).flatten())?;
        let mut later = later.chars();
        let mut written = String::new();
        for mark in text.chars() {
            written.push(if mark == '-' { mark } else { later.next()? });
        }
        // A number that grew by a digit.
        written.extend(later);
        return Some(written);
    }
    // Flyway's `2.1`.
    let (head, last) = text.rsplit_once('.')?;
    Some(format!("{head}.{}", increment(last)?))
}

/// A moment later, where the digits are a date with a time; what follows the seconds stays.
fn later(digits: &str) -> Option<String> {
    let (time, rest) = (digits.get(..14)?, &digits[14..]);
    let moment = DateTime::strptime("%Y%m%d%H%M%S", time).ok()?;
    (1990..2100).contains(&moment.year()).then_some(())?;
    let later = moment.checked_add(1.second()).ok()?;
    Some(format!("{}{rest}", later.strftime("%Y%m%d%H%M%S")))
}

/// The number after, at least as wide.
fn increment(digits: &str) -> Option<String> {
    let number: u128 = digits.parse().ok()?;
    Some(format!("{:0width$}", number.checked_add(1)?, width = digits.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Part;

    #[test]
    fn the_next_version_is_written_as_the_last() {
        for (text, expected) in [
            ("000009", Some("000010")),
            ("9", Some("10")),
            ("20260302101559", Some("20260302101600")),
            ("20261231235959", Some("20270101000000")),
            ("20260302", Some("20260303")),
            ("1772445600", Some("1772445601")),
            ("99999999999999", Some("100000000000000")),
            ("2026-03-02-101559", Some("2026-03-02-101600")),
            ("2026-03-02-101559-0000", Some("2026-03-02-101600-0000")),
            ("2.1", Some("2.2")),
            ("1.0.09", Some("1.0.10")),
            ("2026-03", None),
            ("init", None),
            ("2.x", None),
            ("", None),
        ] {
            assert_eq!(next(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_version_that_does_not_sort_after_is_none() {
        let text = |version: &str| Version::text(version);
        assert!(after(&text("0009")).is_some());
        // As text, 10 stands before 9.
        assert!(after(&text("9")).is_none());
        let dotted = Version::new("1.0", vec![Part::Number(1)]);
        assert_eq!(after(&dotted).map(|(text, _)| text).as_deref(), Some("1.1"));
    }
}
