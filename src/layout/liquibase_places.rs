//! Which files the includes of a changelog mean.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::liquibase_changelog::Target;
use crate::model::RepoPath;

/// The files and folders of a set by the last component of their paths, so that one include is not
/// held against every file.
pub(super) struct Places<'t> {
    root: &'t RepoPath,
    names: BTreeSet<&'t str>,
    files: Index<'t>,
    folders: Index<'t>,
}

/// Paths in the repository, each with what remains of it below the set's folder.
type Index<'t> = BTreeMap<String, Vec<(String, &'t str)>>;

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

impl<'t> Places<'t> {
    /// Of the files below `root`, by their paths there.
    pub(super) fn new(root: &'t RepoPath, files: impl Iterator<Item = &'t str>) -> Self {
        let names: BTreeSet<&'t str> = files.collect();
        let folders = names.iter().flat_map(|name| folders(name)).collect::<BTreeSet<_>>();
        let index = |names: &BTreeSet<&'t str>| {
            let mut index = Index::new();
            for name in names {
                let whole = root.join(name).as_str().to_owned();
                index.entry(last(&whole).to_owned()).or_default().push((whole, name));
            }
            index
        };
        Self { root, files: index(&names), folders: index(&folders), names }
    }

    /// The one file that an include in `from` can mean.
    pub(super) fn file(&self, from: &str, target: &Target) -> Option<&'t str> {
        let mut fitting = self.meant(&self.files, from, target);
        fitting.retain(|name| target.path.ends_with(last(name)));
        match fitting[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The files below the folders that it can mean, by path.
    pub(super) fn below(&self, from: &str, target: &Target) -> BTreeSet<&'t str> {
        let mut inside = BTreeSet::new();
        for folder in self.meant(&self.folders, from, target) {
            let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            let rest =
                self.names.range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded));
            inside.extend(rest.take_while(|name| name.starts_with(&start)));
        }
        inside
    }

    /// The search path of liquibase begins somewhere above, so a path that is not relative fits
    /// where its components end ours.
    fn meant(&self, index: &Index<'t>, from: &str, target: &Target) -> Vec<&'t str> {
        let Some(wanted) = target.written(self.root, from) else { return Vec::new() };
        let fits = |whole: &str| match whole.strip_suffix(&wanted) {
            Some(rest) => rest.is_empty() || !target.relative && rest.ends_with('/'),
            None => false,
        };
        let named = index.get(last(&wanted)).into_iter().flatten();
        named.filter(|(whole, _)| fits(whole)).map(|(_, name)| *name).collect()
    }
}

/// The folders above a file, up to the set's own, which has no name.
fn folders(file: &str) -> impl Iterator<Item = &str> {
    fn above(path: &str) -> Option<&str> {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(folder, _)| folder))
    }
    std::iter::successors(above(file), |path| above(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_mean_what_liquibase_takes_them_for() {
        let root = RepoPath::new("db/log").unwrap();
        let names = ["a.sql", "s/a.sql", "s/t/b.sql", "st/c.sql"];
        let places = Places::new(&root, names.into_iter());
        let target = |path: &str, relative| Target { path: path.into(), relative, beyond: None };
        for (path, relative, expected) in [
            ("b.sql", false, Some("s/t/b.sql")),
            ("t/b.sql", false, Some("s/t/b.sql")),
            ("db/log/a.sql", false, Some("a.sql")),
            // Two files end so.
            ("a.sql", false, None),
            ("a.sql", true, Some("s/a.sql")),
            ("../a.sql", true, Some("a.sql")),
            ("../../a.sql", true, None),
            ("../a.sql", false, None),
        ] {
            assert_eq!(places.file("s/x.xml", &target(path, relative)), expected, "{path}");
        }
        let below = |path: &str, relative| {
            let found = places.below("x.xml", &target(path, relative));
            found.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(below("s", true), ["s/a.sql", "s/t/b.sql"]);
        assert_eq!(below("t/", false), ["s/t/b.sql"]);
        assert_eq!(below(".", true), names);
        assert_eq!(below("db/log", false), names);
        assert_eq!(below("og", false), [""; 0]);
        assert_eq!(below("..", true), [""; 0]);
    }
}
