//! A plan that no longer fits.

use migration_gate::model::EngineKind;

use super::{Place, everywhere, ids};

#[test]
fn a_file_that_is_not_as_it_was_planned_is_not_run() {
    for place in everywhere() {
        let [first, second] = ids(place.engine);
        assert_eq!(place.apply(&["--to", first]).code, 0);
        let old = place.look();
        place.done(&["plan", "--no-rehearsal", "--out", "plan.json"]);
        let file = match place.engine {
            EngineKind::Documents => "migrations/2_c.toml".to_owned(),
            _ => "db/2_mail.up.sql".to_owned(),
        };
        let text = place.folder.read(&file);
        place.folder.write(&file, &(text.clone() + "\n"));
        let refused = place.apply(&["--plan", "plan.json"]).refused(1);
        assert!(refused.contains(second) && refused.contains("content=replan"), "{refused}");
        assert_eq!(place.look(), old);
        place.folder.write(&file, &text);
        let ran = place.apply(&["--plan", "plan.json"]);
        assert!(ran.code == 0 && ran.out.contains(&format!("applied {second}\n")), "{ran:?}");
        place.sound();
    }
}

#[test]
fn what_ran_and_was_edited_since_is_a_conflict() {
    for place in everywhere() {
        let [first, _] = ids(place.engine);
        assert_eq!(place.apply(&["--to", first]).code, 0);
        let file = match place.engine {
            EngineKind::Documents => "migrations/1_b.toml",
            _ => "db/1_customers.up.sql",
        };
        let text = place.folder.read(file) + "\n";
        place.folder.write(file, &text);
        let refused = place.apply(&[]).refused(1);
        assert!(refused.contains(first), "{refused}");
        assert_eq!(place.ran().0, [first]);
    }
}

#[test]
fn a_database_that_drifted_is_taken_as_it_is_only_on_purpose() {
    for engine in [EngineKind::Sqlite, EngineKind::Postgres] {
        let Some(place) = Place::new(engine, "") else { continue };
        assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
        place.sql("CREATE TABLE theirs (id INTEGER PRIMARY KEY)");
        let plan = place.gate(&["plan", "--no-rehearsal"]);
        assert!(plan.code == 1 && plan.out.contains("schema=accept-target"), "{plan:?}");
        let refused = place.apply(&[]).refused(1);
        assert!(refused.contains("schema=accept-target"), "{refused}");
        assert_eq!(place.ran().0, ["1_customers"]);
        let ran = place.apply(&["--on-conflict", "schema=accept-target"]);
        assert_eq!(ran.quiet(0), "applied 2_mail\napplied 3_letters\n");
        place.sound();
    }
}

#[test]
fn two_that_write_the_same_need_an_order() {
    let Some(place) = Place::new(EngineKind::Postgres, "") else { return };
    assert_eq!(place.apply(&["--to", "1_customers"]).code, 0);
    for (file, default) in [("2_mail", "a"), ("3_letters", "b")] {
        let sql = format!("ALTER TABLE customers ALTER COLUMN name SET DEFAULT '{default}';\n");
        let text = format!("-- migration-gate: class=online\n{sql}");
        place.folder.write(&format!("db/{file}.up.sql"), &text);
    }
    let refused = place.apply(&[]).refused(1);
    assert!(refused.contains("logic=in-order"), "{refused}");
    assert_eq!(place.ran().0, ["1_customers"]);
    let ran = place.apply(&["--on-conflict", "logic=in-order"]);
    assert_eq!(ran.quiet(0), "applied 2_mail\napplied 3_letters\n");
    place.sound();
}
