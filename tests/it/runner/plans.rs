//! What people read.

use migration_gate::model::EngineKind;

use super::{Place, everywhere};

/// What differs from run to run.
const FILTERS: &[(&str, &str)] = &[
    (r"at (/\S+/mg-it-\w+/|postgres\S+)", "at [place]"),
    (r"t: \S+ \(", "t: [place] ("),
    (r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "[time]"),
    (r"PostgreSQL \d+(\.\d+)?", "PostgreSQL [version]"),
];

#[test]
fn a_plan_reads_like_this() {
    for place in everywhere() {
        let plan = place.done(&["plan"]);
        insta::with_settings!({filters => FILTERS.to_vec(), snapshot_suffix => place.engine.to_string()}, {
            insta::assert_snapshot!(plan);
        });
    }
}

#[test]
fn a_status_reads_like_this() {
    let place = Place::new(EngineKind::Sqlite, "").unwrap();
    assert_eq!(place.apply(&["--to", "2_mail"]).code, 0);
    let text = place.folder.read("db/1_customers.up.sql") + "\n";
    place.folder.write("db/1_customers.up.sql", &text);
    let status = place.done(&["status"]);
    insta::with_settings!({filters => FILTERS.to_vec()}, { insta::assert_snapshot!(status); });
}
