//! Globs that name documents.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::model::RepoPath;

/// The longest glob, in bytes.
const LONGEST: usize = 1_000;
/// The most globs that are matched together.
const MOST: usize = 10_000;

/// Globs of paths from the top of the repository: `*` stays within one folder, `**` does not.
#[derive(Clone, Debug)]
pub struct Patterns(GlobSet);

impl Patterns {
    /// Takes globs; without any, nothing matches.
    ///
    /// # Errors
    /// Why one of them is no glob, as half a sentence.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut set = GlobSetBuilder::new();
        for (count, text) in globs.into_iter().enumerate() {
            if count >= MOST {
                return Err(format!("there are more than {MOST} patterns"));
            }
            if text.len() > LONGEST {
                return Err(format!("it is longer than {LONGEST} bytes"));
            }
            let text = text.strip_prefix("./").unwrap_or(text);
            let glob = GlobBuilder::new(text).literal_separator(true).build();
            set.add(glob.map_err(|error| error.kind().to_string())?);
        }
        set.build().map(Self).map_err(|error| error.kind().to_string())
    }

    /// Whether one of them names the path.
    #[must_use]
    pub fn is_match(&self, path: &RepoPath) -> bool {
        self.0.is_match(path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Patterns;
    use crate::model::RepoPath;

    fn matches(globs: &[&str], path: &str) -> bool {
        let patterns = Patterns::new(globs.iter().copied()).unwrap();
        patterns.is_match(&RepoPath::new(path).unwrap())
    }

    #[test]
    fn a_star_stays_in_its_folder_and_two_do_not() {
        assert!(matches(&["config/*.json"], "config/a.json"));
        assert!(!matches(&["config/*.json"], "config/eu/a.json"));
        for path in ["config/a.json", "config/eu/west/a.json"] {
            assert!(matches(&["config/**/*.json"], path));
        }
        assert!(matches(&["x", "./c/{a,b}[0-9]?.y*ml"], "c/b1x.yaml"));
        assert!(!matches(&[], "a"));
        assert!(!matches(&["config/*.json"], "my/config/a.json"));
    }

    #[test]
    fn what_is_no_glob_is_refused_in_words() {
        for bad in ["a[", "{a", "a**[", &"x".repeat(2_000), &"{".repeat(900)] {
            let error = Patterns::new([bad]).unwrap_err();
            assert!(!error.is_empty() && error.len() < 200, "{error}");
        }
        let nested = format!("{}a{}", "{".repeat(400), "}".repeat(400));
        let _ = Patterns::new([&*nested]);
        assert!(Patterns::new(std::iter::repeat_n("a", 20_000)).is_err());
    }
}
