//! The runner's own table.

use migration_gate::layout;
use migration_gate::model::{Entry, Printed, RepoPath, Tree};

use super::{Owned, everywhere, note};

#[test]
fn a_row_is_unfinished_until_its_migration_has_run() {
    for mut here in everywhere() {
        let files = [
            ("V1.It's.up.sql", "CREATE TABLE t1 (a int);"),
            ("V1.It's.down.sql", "DROP TABLE t1;"),
            ("V2.B.up.sql", "SELECT 2;"),
        ];
        let owned = Owned::new("versioned-pairs", &files);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        let (first, second) = (note(&migrations, 0), note(&migrations, 1));
        here.write(&tracker.starting(&first));
        assert_eq!(here.told(&*tracker), ["V1.It's = V1.It's unfinished"]);
        here.apply(&*tracker, &first);
        // Nothing that ended is abandoned.
        here.write(&tracker.abandoned(&first));
        assert_eq!(here.told(&*tracker), ["V1.It's = V1.It's"]);
        let took = "SELECT CAST(took_ms AS text) FROM migration_gate_history";
        assert_eq!(here.column(took), ["1500"]);
        here.write(&tracker.starting(&second));
        here.write(&tracker.abandoned(&second));
        assert_eq!(here.told(&*tracker), ["V1.It's = V1.It's"]);

        let edited = Owned::new("versioned-pairs", &[("V1.It's.up.sql", "SELECT 3;")]);
        let others = edited.in_order();
        let other = edited.tracker(here.engine, &others);
        assert_eq!(here.told(&*other), ["V1.It's = V1.It's edited"]);
        here.undo(&*tracker, &first);
        assert!(here.told(&*tracker).is_empty());
        assert!(!here.has_table("t1"));
    }
}

#[test]
fn what_a_command_printed_is_known_by_its_file() {
    let with = |text: &str| {
        let mut tree = Tree::new(RepoPath::new("db/versions").unwrap());
        tree.insert("1_a.py", Entry::file(text.as_bytes()));
        let up = "SELECT 1;".into();
        tree.set_printed(vec![Printed { file: "1_a.py".into(), up, down: None }]);
        let migrations = layout::by_name("command").unwrap().read(&tree).migrations;
        Owned { layout: "command", tree, migrations }
    };
    for mut here in everywhere() {
        let (owned, edited) = (with("one"), with("two"));
        let (migrations, others) = (owned.in_order(), edited.in_order());
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        here.apply(&*tracker, &note(&migrations, 0));
        assert_eq!(here.told(&*tracker), ["1_a = 1_a"]);
        let tracker = edited.tracker(here.engine, &others);
        assert_eq!(here.told(&*tracker), ["1_a = 1_a edited"]);
    }
}
