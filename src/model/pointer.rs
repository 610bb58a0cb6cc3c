//! Places inside documents: JSON Pointer (RFC 6901).

use std::fmt;

/// The keys and indexes that lead to a value. The empty one is the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer(pub Vec<String>);

impl Pointer {
    /// Reads a pointer as RFC 6901 writes it: empty, or each token after a `/`, with `~1` for `/`
    /// and `~0` for `~`. `None` where it is neither.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let broken = text
            .match_indices('~')
            .any(|(at, _)| !matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')));
        let tokens = text.strip_prefix('/').filter(|_| !broken)?;
        Some(Self(tokens.split('/').map(Self::unescaped).collect()))
    }

    /// A key as a token.
    #[must_use]
    pub fn escaped(key: &str) -> String {
        key.replace('~', "~0").replace('/', "~1")
    }

    /// A token as the key that it names.
    #[must_use]
    pub fn unescaped(token: &str) -> String {
        token.replace("~1", "/").replace("~0", "~")
    }

    /// A token as the index of a list's item; `None` where it is none as RFC 6901 writes it.
    #[must_use]
    pub fn index(token: &str) -> Option<usize> {
        let plain = token == "0" || !token.starts_with(['0', '+']);
        token.parse().ok().filter(|_| plain)
    }

    /// The pointer to what holds this value, and its key there; `None` for the whole document.
    #[must_use]
    pub fn split_last(&self) -> Option<(Self, &str)> {
        let (last, parent) = self.0.split_last()?;
        Some((Self(parent.to_vec()), last))
    }

    /// This pointer with one more token.
    #[must_use]
    pub fn join(&self, token: impl Into<String>) -> Self {
        let mut tokens = self.0.clone();
        tokens.push(token.into());
        Self(tokens)
    }

    /// The value there.
    #[must_use]
    pub fn get<'a>(&self, root: &'a serde_json::Value) -> Option<&'a serde_json::Value> {
        root.pointer(&self.to_string())
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for token in &self.0 {
            write!(f, "/{}", Self::escaped(token))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Pointer;

    #[test]
    fn pointers_read_as_they_are_written() {
        for text in ["", "/", "/a", "/a/b~1c/~0/0", "//x"] {
            assert_eq!(Pointer::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Pointer::parse("/b~1c").unwrap().0, ["b/c"]);
        for text in ["a", "a/b", "/~", "/~2"] {
            assert_eq!(Pointer::parse(text), None, "{text}");
        }
    }
}
