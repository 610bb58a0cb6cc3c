//! What is declared about a migration, taken together.

use std::collections::BTreeSet;

use super::{Declared, Dependency, Entry};
use crate::manifest::DeclaredClass;
use crate::model::{Location, RepoPath, Sited};

/// Takes over what a header or a manifest entry declares; the later one wins.
pub(super) fn take(
    declared: &mut Declared,
    path: &RepoPath,
    class: &DeclaredClass,
    needs: &[Sited<String>],
) {
    match class {
        DeclaredClass::Missing => {}
        DeclaredClass::Invalid(_) => declared.invalid_class = true,
        DeclaredClass::Valid(class) => {
            declared.class = Some((class.value, Location::at(path.clone(), class.span)));
        }
    }
    declared.depends_on.extend(dependencies(path, needs));
}

/// Dependencies with the places at which a file names them.
pub(super) fn dependencies<'a>(
    path: &'a RepoPath,
    ids: &'a [Sited<String>],
) -> impl Iterator<Item = Dependency> + 'a {
    ids.iter().map(|id| Dependency {
        id: id.value.clone(),
        location: Location::at(path.clone(), id.span),
    })
}

/// What is optional and there is needed like anything else.
pub(super) fn settle_optional(entries: &mut [Entry]) {
    let known: BTreeSet<String> = entries.iter().map(|entry| entry.migration.id.clone()).collect();
    for declared in entries.iter_mut().map(|entry| &mut entry.declared) {
        let here: Vec<_> = declared.absent.extract_if(.., |one| known.contains(&one.id)).collect();
        declared.depends_on.extend(here);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Touch;
    use crate::model::{Down, Kind, Migration, Step, Version};

    fn entry(id: &str, optional: &[&str]) -> Entry {
        let path = RepoPath::new(id).unwrap();
        let migration = Migration {
            id: id.into(),
            version: Version::integer("1").unwrap(),
            kind: Kind::Versioned,
            up: Step::Foreign { path: path.clone(), language: "Go" },
            down: Down::Missing,
            verify: None,
            depends_on: Vec::new(),
            files: Vec::new(),
        };
        let location = Location::file(path);
        let absent = optional
            .iter()
            .map(|id| Dependency { id: (*id).to_owned(), location: location.clone() })
            .collect();
        let declared = Declared { absent, ..Declared::default() };
        Entry { migration, touch: Touch::NONE, declared }
    }

    #[test]
    fn what_is_optional_and_there_is_needed_and_the_rest_is_absent() {
        let mut entries = [entry("a", &[]), entry("b", &["x", "a", "y"])];
        settle_optional(&mut entries);
        assert_eq!(entries[1].depends_on(), ["a"]);
        let absent: Vec<&str> =
            entries[1].declared.absent.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(absent, ["x", "y"]);
    }
}
