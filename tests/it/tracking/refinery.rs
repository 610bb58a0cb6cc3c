//! refinery, which knows no way back.

use std::path::Path;

use migration_gate::model::EngineKind;

use super::{Here, Owned, everywhere, note, tool};

pub(crate) const FILES: [(&str, &str); 4] = [
    ("V1__make_t1.sql", "CREATE TABLE t1 (a int);\r\n"),
    ("V0002__t2.sql", "CREATE TABLE t2 (a int);"),
    ("more/U3__ä.sql", "-- refinery:noTransaction\nCREATE TABLE t3 (a int);"),
    ("V40__t4.sql", "CREATE TABLE t4 (a int);"),
];
const TOLD: [&str; 4] =
    ["1__make_t1 = V1__make_t1", "2__t2 = V0002__t2", "3__ä = U3__ä", "40__t4 = V40__t4"];

/// Puts the first files into the folder, and gives the set of them.
fn files(here: &Here, count: usize) -> Owned {
    FILES[..count]
        .iter()
        .for_each(|(name, text)| here.folder.write(&format!("migrations/{name}"), text));
    Owned::new("refinery", &FILES[..count])
}

/// Runs refinery, which refuses whatever was edited or is missing.
pub(crate) fn migrate(here: &Here, program: &Path) {
    let config = match here.engine {
        EngineKind::Postgres => format!(
            "db_type = \"Postgres\"\ndb_host = \"{}\"\ndb_port = \"5432\"\n\
             db_user = \"postgres\"\ndb_name = \"postgres\"\n",
            here.socket()
        ),
        _ => "db_type = \"Sqlite\"\ndb_path = \"app.db\"\n".to_owned(),
    };
    here.folder.write("refinery.toml", &format!("[main]\n{config}"));
    let ran = here.run(program, &["migrate", "-d", "-m", "-p", "migrations"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn refinery_begins_and_the_runner_takes_its_turn() {
    let Some(program) = tool("refinery") else { return };
    for mut here in everywhere() {
        files(&here, 2);
        migrate(&here, &program);
        let owned = files(&here, 3);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        assert_eq!(here.told(&*tracker), TOLD[..2]);
        here.apply(&*tracker, &note(&migrations, 2));
        assert_eq!(here.told(&*tracker), TOLD[..3]);

        let owned = files(&here, 4);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        migrate(&here, &program);
        assert_eq!(here.told(&*tracker), TOLD);
        assert_eq!(here.tables(), [true; 4]);

        here.write(&["DROP TABLE t4".into()]);
        here.write(&tracker.undone(&note(&migrations, 3)));
        assert_eq!(here.told(&*tracker), TOLD[..3]);
        migrate(&here, &program);
        assert_eq!(here.told(&*tracker), TOLD);
        assert_eq!(here.tables(), [true; 4]);
    }
}

#[test]
fn the_runner_begins_and_refinery_goes_on() {
    let Some(program) = tool("refinery") else { return };
    for mut here in everywhere() {
        let owned = files(&here, 4);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        for at in [0, 1, 2] {
            here.apply(&*tracker, &note(&migrations, at));
        }
        migrate(&here, &program);
        assert_eq!(here.told(&*tracker), TOLD);
        assert_eq!(here.tables(), [true; 4]);

        let mut other = here.alike();
        files(&other, 4);
        migrate(&other, &program);
        assert_eq!(here.shape(tracker.table()), other.shape(tracker.table()));
        let rows = "SELECT concat_ws('|', version, name, checksum) FROM refinery_schema_history \
                    ORDER BY version";
        assert_eq!(here.column(rows), other.column(rows));
    }
}

#[test]
fn an_edited_file_and_one_of_another_name_are_seen() {
    let Some(program) = tool("refinery") else { return };
    for mut here in everywhere() {
        files(&here, 2);
        migrate(&here, &program);
        // Only the line's end differs.
        let edited = [(FILES[0].0, "CREATE TABLE t1 (a int);\n"), ("V2__other.sql", FILES[1].1)];
        let owned = Owned::new("refinery", &edited);
        let migrations = owned.in_order();
        let tracker = owned.tracker(here.engine, &migrations);
        let told = ["1__make_t1 = V1__make_t1 edited", "2__t2 = V2__other edited"];
        assert_eq!(here.told(&*tracker), told);
    }
}

#[test]
fn the_width_of_the_column_decides_on_the_checksum() {
    let owned = Owned::new("refinery", &FILES[..1]);
    let migrations = owned.in_order();
    let large = Owned::new("refinery", &[("V20260101000000__a.sql", "")]);
    let larger = large.in_order();
    let checksum = "SELECT checksum FROM refinery_schema_history";
    for mut here in everywhere() {
        let tracker = owned.tracker(here.engine, &migrations);
        here.make(&*tracker);
        here.apply(&*tracker, &note(&migrations, 0));
        let narrow = here.column(checksum);

        let mut other = here.alike();
        let wide = large.tracker(other.engine, &larger);
        other.make(&*wide);
        let column = &other.shape(wide.table())[0];
        assert!(["version int8", "version bigint"].iter().any(|wide| column.contains(wide)));
        other.write(&wide.applied(&note(&larger, 0)));
        other.write(&tracker.applied(&note(&migrations, 0)));
        assert_ne!(other.column(&format!("{checksum} WHERE version = 1")), narrow);
        assert_eq!(other.told(&*wide), ["1__make_t1", "20260101000000__a = V20260101000000__a"]);
        assert_eq!(other.told(&*tracker), ["1__make_t1 = V1__make_t1", "20260101000000__a"]);
    }
}
