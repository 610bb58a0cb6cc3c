//! `command`: migrations in another language, whose tool prints the SQL (Alembic, Django).
//!
//! The commands stand in the configuration and run before a tree is read; what they printed is
//! handed over with the tree. Nothing is detected, since running something has to be asked for.
//! The printed SQL brings its own BEGIN and COMMIT. Findings can only name the file: the lines of
//! what was printed are not its lines.

use super::shared;
use super::{Detection, Layout, Reading};
use crate::model::{
    Down, Habits, Kind, LateMigrations, Migration, Part, Script, Step, TransactionMode, Tree,
    Version,
};

/// See the module.
pub(super) struct Command;

impl Layout for Command {
    fn name(&self) -> &'static str {
        "command"
    }

    fn habits(&self) -> Habits {
        Habits {
            verifies_checksums: false,
            late: LateMigrations::Applied,
            planned: true,
            sqlite_foreign_keys: false,
        }
    }

    fn detect(&self, _: &Tree) -> Option<Detection> {
        None
    }

    fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        for (place, printed) in (1..).zip(tree.printed()) {
            let path = tree.path(&printed.file);
            let step = |text: &_| {
                let text = std::sync::Arc::clone(text);
                Step::Sql(Script::whole(path.clone(), text, TransactionMode::Bare))
            };
            let name = path.file_name();
            let id = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
            reading.migrations.push(Migration {
                version: Version::new(id.clone(), vec![Part::Number(place)]),
                id,
                kind: Kind::Versioned,
                up: step(&printed.up),
                down: printed.down.as_ref().map(step).map_or(Down::Missing, Down::Step),
                verify: None,
                depends_on: Vec::new(),
                files: vec![path.clone()],
            });
            reading.printed.push(path);
        }
        for (relative, _) in tree.iter() {
            if !tree.printed().iter().any(|printed| printed.file == relative) {
                // Code that the migrations need.
                shared::companion(tree, relative, &mut reading);
            }
        }
        shared::finish_planned(reading)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ids, tree};
    use super::*;
    use crate::model::Printed;

    #[test]
    fn what_was_printed_stands_for_the_files() {
        let mut tree = tree(&[("b_two.py", "x"), ("a_one.py", "y"), ("env.py", "")]);
        let printed = |file: &str, down: Option<&str>| Printed {
            file: file.to_owned(),
            up: "SELECT 1;".into(),
            down: down.map(Into::into),
        };
        tree.set_printed(vec![printed("b_two.py", Some("SELECT 2;")), printed("a_one.py", None)]);
        let reading = Command.read(&tree);
        assert_eq!(ids(&reading), ["b_two", "a_one"]);
        assert_eq!(reading.companions, [tree.path("env.py")]);
        assert!(reading.migrations[0].down.step().is_some());
        assert!(reading.migrations[1].down.step().is_none());
    }
}
