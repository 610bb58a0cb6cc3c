//! Keys: digests of everything that decides what is in an entry.

use sha2::{Digest as _, Sha256};

use crate::model::hex;

/// The name of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of some parts, which are told from each other by their lengths.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(hex(&hash.finalize()))
    }

    /// The key of what comes after this.
    #[must_use]
    pub fn then(&self, part: &str) -> Self {
        Self::of(&[&self.0, part])
    }

    /// A key as it was written down; `None` where it cannot be one.
    #[must_use]
    pub fn written(text: &str) -> Option<Self> {
        let is_one = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_one.then(|| Self(text.to_owned()))
    }

    /// As text: hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
