//! Versions of migrations and their order.

use std::cmp::Ordering;
use std::fmt;

/// One component of the key by which a tool sorts its migrations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Compared as a number.
    Number(u128),
    /// Compared as bytes; sorts after every number.
    Text(String),
}

/// A migration's version: what its author wrote, and the key its tool sorts by.
///
/// The order is total. Two versions with the same key are equal even where they are spelled
/// differently (`V1` and `V1.0` of flyway), which is how duplicates are found.
#[derive(Clone, Debug)]
pub struct Version {
    text: String,
    key: Vec<Part>,
}

impl Version {
    /// A version that sorts by `key`.
    #[must_use]
    pub fn new(text: impl Into<String>, key: Vec<Part>) -> Self {
        Self { text: text.into(), key }
    }

    /// A whole number such as `0042` or `20240826120919`; `None` where it is not one.
    #[must_use]
    pub fn integer(text: &str) -> Option<Self> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self::new(text, vec![Part::Number(text.parse().ok()?)]))
    }

    /// A version compared as text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(text, vec![Part::Text(text.to_owned())])
    }

    /// This version written as `text`, a later one in the same style; `None` where its tool would
    /// not sort it after this one.
    #[must_use]
    pub fn following(&self, text: &str) -> Option<Self> {
        let key = match self.key.as_slice() {
            [Part::Text(own)] => {
                // The key is the text, perhaps without its dashes or with an end mark.
                let end = if own.ends_with('_') { "_" } else { "" };
                let dashes = own.contains('-') || !self.text.contains('-');
                let text = if dashes { text.to_owned() } else { text.replace('-', "") };
                vec![Part::Text(format!("{text}{end}"))]
            }
            _ => text
                .split('.')
                .map(|part| Self::integer(part)?.number().map(Part::Number))
                .collect::<Option<_>>()?,
        };
        let following = Self::new(text, key);
        (following > *self).then_some(following)
    }

    /// The spelling in the repository.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number, where the whole key is one number.
    #[must_use]
    pub fn number(&self) -> Option<u128> {
        match self.key.as_slice() {
            [Part::Number(number)] => Some(*number),
            _ => None,
        }
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Version {}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn integers_compare_by_value_not_by_spelling() {
        let small = Version::integer("0009").unwrap();
        let large = Version::integer("10").unwrap();
        assert!(small < large);
        assert_eq!(Version::integer("1"), Version::integer("0001"));
        assert_eq!(Version::integer("1a"), None);
        assert_eq!(Version::integer(&"9".repeat(60)), None);
    }
}
