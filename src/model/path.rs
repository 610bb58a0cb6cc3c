//! Paths as a repository knows them.

use std::borrow::Borrow;
use std::fmt;

/// A path inside the repository: `/`-separated, relative, never empty components, never `..`.
///
/// Git stores names as bytes. A name that is not UTF-8 is kept here with each offending byte
/// written as `\xNN`, so that it can be shown and compared; [`crate::model::Tree`] marks such
/// an entry, and nothing tries to read it by that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepoPath(String);

impl RepoPath {
    /// The top of the repository.
    #[must_use]
    pub fn root() -> Self {
        Self::default()
    }

    /// Takes a path as text; back slashes stay, empty and `.` components fall away.
    ///
    /// Returns `None` where the path is absolute or climbs out with `..`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let mut parts = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => return None,
                part => parts.push(part),
            }
        }
        Some(Self(parts.join("/")))
    }

    /// Takes the bytes that git stores; the flag tells whether they were UTF-8.
    #[must_use]
    pub fn from_git(bytes: &[u8]) -> (Self, bool) {
        match std::str::from_utf8(bytes) {
            Ok(text) => (Self(text.to_owned()), true),
            Err(_) => {
                let mut text = String::new();
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    for byte in chunk.invalid() {
                        text.push_str(&format!("\\x{byte:02x}"));
                    }
                }
                (Self(text), false)
            }
        }
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the top of the repository.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last component; empty for the top.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or("")
    }

    /// The folder that holds this path; `None` for the top.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map_or(String::new(), |(parent, _)| parent.to_owned())))
    }

    /// This path with `tail` (relative, `/`-separated) below it.
    #[must_use]
    pub fn join(&self, tail: &str) -> Self {
        match (self.is_root(), tail.is_empty()) {
            (_, true) => self.clone(),
            (true, false) => Self(tail.to_owned()),
            (false, false) => Self([&self.0, "/", tail].concat()),
        }
    }

    /// What remains of this path below `folder`; `None` where it is not inside.
    #[must_use]
    pub fn below(&self, folder: &Self) -> Option<&str> {
        if folder.is_root() {
            return Some(&self.0);
        }
        self.0.strip_prefix(&folder.0)?.strip_prefix('/')
    }
}

/// A path and its text are ordered and hashed alike.
impl Borrow<str> for RepoPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::RepoPath;

    #[test]
    fn climbing_out_is_refused() {
        assert_eq!(RepoPath::new("a/../b"), None);
        assert_eq!(RepoPath::new("/etc/passwd"), None);
        assert_eq!(RepoPath::new("./a//b/").unwrap().as_str(), "a/b");
    }

    #[test]
    fn below_respects_component_borders() {
        let path = RepoPath::new("db/migrations/1.sql").unwrap();
        assert_eq!(path.below(&RepoPath::new("db/migrations").unwrap()), Some("1.sql"));
        assert_eq!(path.below(&RepoPath::new("db/migr").unwrap()), None);
        assert_eq!(path.below(&RepoPath::root()), Some("db/migrations/1.sql"));
    }

    #[test]
    fn names_that_are_not_utf8_are_shown_by_byte() {
        let (path, utf8) = RepoPath::from_git(b"a/\xff.sql");
        assert!(!utf8);
        assert_eq!(path.as_str(), "a/\\xff.sql");
    }
}
