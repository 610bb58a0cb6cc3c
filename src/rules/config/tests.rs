//! What the rules say of schemas, together: one finding for one cause.

use crate::model::{
    Compared, Comparison, Deprecation, Direction, Evidenced, Finding, Level, Location,
    RemovedProperty, RepoPath, SchemaChange, SchemaEvidence, SchemaFault, Side,
};
use crate::rules::testing::{breaking, broken_document, judge, schema, unknown};

const BASE: &str = "the base";
const BACK: Direction = Direction::Backward;
const FORTH: Direction = Direction::Forward;

fn told(schema: &SchemaEvidence) -> Vec<String> {
    let findings = judge(schema);
    assert!(findings.iter().all(|one| one.help.is_some()), "a finding lacks its help line");
    findings.iter().map(|one| format!("{} {}", one.level, one.rule)).collect()
}

fn only(schema: &SchemaEvidence) -> Finding {
    let mut findings = judge(schema);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

/// Found without a contract.
fn discovered() -> SchemaEvidence {
    SchemaEvidence { assumed: vec!["by the `$schema` of its documents".into()], ..schema() }
}

#[test]
fn nothing_is_said_of_a_schema_in_order() {
    assert_eq!(told(&schema()), [""; 0]);
    assert_eq!(told(&discovered()), [""; 0]);
}

#[test]
fn a_break_of_the_base_asks_for_a_migration_and_names_the_files() {
    let mut schema = schema();
    schema.comparisons = vec![breaking(BACK, BASE, true), breaking(BACK, "release 1", true)];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/migration-required", Level::Error));
    assert_eq!(
        finding.message,
        "the schema app refuses documents that were valid under the base and release 1, and no \
         config migration carries them over"
    );
    assert_eq!(
        finding.details,
        [r#"valid before, refused now: {"port":"80"}"#, r#"/port: "80" is not of type "integer""#]
    );

    schema.versions = (Some("1".into()), Some("2".into()));
    schema.invalid = vec![broken_document("config/a.yaml"), broken_document("config/b.yaml")];
    let finding = only(&schema);
    assert!(
        finding.message.starts_with("2 of 41 files break, and no config migration mends them: the")
    );
    assert_eq!(
        finding.details[2],
        r#"config/a.yaml /server/port: "80" is not of type "integer" (and 2 more)"#
    );
    assert_eq!(finding.also.len(), 2);
    assert!(finding.help.unwrap().contains(r#"from "1" to "2""#));
    // What somebody broke by hand is another cause.
    schema.invalid[1].touched = true;
    assert_eq!(told(&schema), ["error config/document-invalid", "error config/migration-required"]);
}

#[test]
fn a_migration_answers_a_break_of_the_base_and_of_nothing_else() {
    let mut schema = schema();
    schema.migrations = vec!["0002_nest".into()];
    schema.comparisons = vec![breaking(BACK, BASE, true), breaking(FORTH, BASE, true)];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/schema-breaking", Level::Note));
    assert!(finding.help.unwrap().contains("0002_nest carries documents over"));
    schema.comparisons = vec![unknown(BACK, BASE, true), unknown(FORTH, BASE, true)];
    assert_eq!(told(&schema), ["note config/schema-breaking"]);

    schema.comparisons = vec![breaking(BACK, "release 1", true)];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/schema-breaking", Level::Error));
    assert!(finding.message.ends_with("refuses documents that were valid under release 1"));
    assert_eq!(finding.location.span.unwrap().start, 40);
}

#[test]
fn what_cannot_be_told_blocks_where_it_is_promised() {
    let mut schema = schema();
    schema.comparisons = vec![unknown(BACK, BASE, true), unknown(BACK, "release 1", true)];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/schema-breaking", Level::Error));
    assert_eq!(finding.details, ["the step budget is used up"]);
    assert_eq!(finding.location, Location::file(schema.path.clone()));
    schema.comparisons = vec![unknown(FORTH, BASE, true)];
    assert_eq!(told(&schema), ["error config/downgrade-unsafe"]);
}

#[test]
fn a_broken_schema_is_the_only_reason_why_nothing_can_be_told() {
    let mut schema = schema();
    let fault = SchemaFault {
        location: Location::file(schema.path.clone()),
        message: "\"strnig\" is no type".into(),
        help: "write \"string\"".into(),
        old: false,
    };
    schema.faults = vec![fault];
    schema.comparisons = vec![unknown(BACK, BASE, true)];
    assert_eq!(told(&schema), ["error config/schema-invalid"]);
    // An old fault is counted with the baseline, so it cannot stand for what blocks.
    schema.faults[0].old = true;
    let findings = judge(&schema);
    let sides: Vec<_> = findings.iter().map(|one| (one.rule, one.side)).collect();
    assert_eq!(
        sides,
        [("config/schema-breaking", Side::Change), ("config/schema-invalid", Side::Baseline)]
    );
}

#[test]
fn without_a_contract_a_break_is_a_warning() {
    let mut schema = discovered();
    schema.comparisons = vec![breaking(BACK, BASE, false), breaking(FORTH, BASE, false)];
    assert_eq!(told(&schema), ["warning config/schema-breaking"]);
    schema.comparisons = vec![unknown(BACK, BASE, false), unknown(FORTH, BASE, false)];
    assert_eq!(told(&schema), ["note config/schema-breaking"]);
    // Files that break are the same cause, and show it better.
    schema.comparisons = vec![breaking(BACK, BASE, false)];
    schema.invalid = vec![broken_document("config/a.yaml")];
    assert_eq!(told(&schema), ["error config/document-invalid"]);
}

#[test]
fn a_contract_that_promises_nothing_is_kept() {
    let mut schema = schema();
    schema.comparisons = vec![breaking(BACK, BASE, false), unknown(FORTH, BASE, false)];
    assert_eq!(told(&schema), [""; 0]);
}

#[test]
fn a_break_in_another_file_than_the_schema_is_the_changes_doing() {
    let mut schema = SchemaEvidence { change: SchemaChange::Unchanged, ..schema() };
    schema.comparisons = vec![breaking(BACK, BASE, true)];
    assert_eq!(only(&schema).side, Side::Change);
    schema.comparisons = vec![breaking(BACK, "release 1", true)];
    assert_eq!(only(&schema).side, Side::Baseline);
}

#[test]
fn a_break_of_a_release_is_old_where_the_base_is_proved_to_agree() {
    let mut schema = schema();
    let base = Comparison { verdict: Compared::Compatible, ..breaking(BACK, BASE, true) };
    schema.comparisons = vec![base, breaking(BACK, "release 1", true)];
    assert_eq!(only(&schema).side, Side::Baseline);
    schema.comparisons[0].direction = FORTH;
    assert_eq!(only(&schema).side, Side::Change);
}

#[test]
fn a_rollback_that_meets_refused_documents_is_an_error_where_it_is_promised() {
    let mut schema = schema();
    schema.comparisons = vec![breaking(FORTH, BASE, true), breaking(FORTH, "release 1", true)];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/downgrade-unsafe", Level::Error));
    assert_eq!(
        finding.message,
        "documents that the schema app accepts now are refused under the base and release 1: a \
         rollback meets them"
    );
    assert_eq!(finding.details[0], r#"valid now, refused before: {"port":"80"}"#);
}

#[test]
fn the_impact_is_one_finding_with_every_file() {
    let mut schema = schema();
    schema.invalid = ["config/a.yaml", "config/b.toml", "config/c.json"]
        .into_iter()
        .map(broken_document)
        .collect();
    schema.invalid[1].touched = true;
    schema.invalid[2].was_valid = None;
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/document-invalid", Level::Error));
    assert_eq!(finding.message, "3 of 41 files break under config/schemas/app.schema.json");
    assert_eq!(finding.location.path.to_string(), "config/a.yaml");
    assert_eq!(finding.details.len(), 3);
}

#[test]
fn many_files_are_counted_and_not_all_named() {
    let mut schema = SchemaEvidence { governed: 70, ..schema() };
    schema.invalid = (0..60).map(|at| broken_document(&format!("config/{at}.yaml"))).collect();
    let finding = only(&schema);
    assert!(finding.message.starts_with("60 of 70 files break"));
    assert_eq!((finding.details.len(), finding.also.len()), (51, 50));
    assert_eq!(finding.details[50], "and 10 more files");
}

#[test]
fn what_was_refused_before_belongs_to_the_baseline_until_somebody_edits_it() {
    let mut schema = SchemaEvidence { governed: 1, ..schema() };
    schema.invalid = vec![broken_document("config/a.yaml")];
    schema.invalid[0].was_valid = Some(false);
    let finding = only(&schema);
    assert_eq!((finding.level, finding.side), (Level::Error, Side::Baseline));
    assert_eq!(
        finding.message,
        "1 of 1 file is refused by config/schemas/app.schema.json, and was so before this change"
    );
    schema.invalid[0].touched = true;
    let finding = only(&schema);
    assert_eq!(finding.side, Side::Change);
    assert!(finding.message.starts_with("1 of 1 file breaks under"));
}

#[test]
fn files_that_the_migrations_mend_are_a_note_and_the_others_break() {
    let mut schema = schema();
    schema.migrations = vec!["0002_nest".into()];
    schema.comparisons = vec![breaking(BACK, BASE, true)];
    schema.invalid = vec![broken_document("config/a.yaml"), broken_document("config/b.yaml")];
    for document in &mut schema.invalid {
        document.mended = true;
    }
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/document-invalid", Level::Note));
    assert_eq!(finding.evidenced, Evidenced::Proved);
    assert_eq!(
        finding.message,
        "2 of 41 files break until 0002_nest runs; the dry run shows that this mends them"
    );
    schema.invalid[1].mended = false;
    let findings = judge(&schema);
    assert_eq!(told(&schema), ["error config/document-invalid", "note config/document-invalid"]);
    assert!(findings[0].help.as_ref().unwrap().contains("let 0002_nest reach these files"));
}

#[test]
fn a_version_that_stands_still_is_told_apart_from_one_that_moved() {
    let mut schema = schema();
    schema.versions = (Some("2".into()), Some("2".into()));
    assert_eq!(told(&schema), [""; 0]);
    schema.comparisons = vec![breaking(BACK, BASE, false)];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/version-not-bumped", Level::Error));
    assert_eq!(finding.location, schema.version_location);
    schema.comparisons = vec![breaking(FORTH, BASE, false)];
    assert_eq!(told(&schema), [""; 0]);
    schema.comparisons = vec![breaking(FORTH, BASE, true)];
    assert_eq!(told(&schema), ["error config/downgrade-unsafe", "error config/version-not-bumped"]);
    schema.comparisons = vec![breaking(BACK, "release 1", false)];
    assert_eq!(told(&schema), [""; 0]);
    schema.comparisons = vec![breaking(BACK, BASE, false)];
    schema.versions.1 = Some("3".into());
    assert_eq!(told(&schema), [""; 0]);
}

#[test]
fn a_deleted_schema_leaves_its_documents_to_nobody() {
    let mut schema = SchemaEvidence { change: SchemaChange::Deleted, ..schema() };
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/schema-invalid", Level::Error));
    assert_eq!(
        finding.message,
        "the schema app is deleted, and 41 files that it governed are left to nobody"
    );
    schema.governed = 0;
    assert_eq!(told(&schema), ["warning config/schema-invalid"]);
    schema.assumed = discovered().assumed;
    assert_eq!(told(&schema), [""; 0]);
}

/// 21 November 2026, 10:00, less so many days and seconds.
fn before(days: i64, seconds: i64) -> Option<i64> {
    Some(1_795_255_200 - days * 86_400 - seconds)
}

fn removed(releases: u32, since: Option<i64>, asked: (Option<u32>, Option<u32>)) -> SchemaEvidence {
    let property = RemovedProperty {
        name: "server.port".into(),
        location: Location::file(RepoPath::new("config/schemas/app.schema.json").unwrap()),
        releases,
        since,
        asked: Deprecation { releases: asked.0, days: asked.1 },
    };
    SchemaEvidence { removed: vec![property], ..schema() }
}

#[test]
fn a_property_goes_when_its_time_is_over() {
    assert_eq!(told(&removed(0, None, (None, None))), [""; 0]);
    assert_eq!(told(&removed(1, None, (Some(1), None))), [""; 0]);
    assert_eq!(told(&removed(0, before(90, 0), (None, Some(90)))), [""; 0]);
    let early = |schema: &SchemaEvidence| {
        let finding = only(schema);
        assert_eq!((finding.rule, finding.level), ("config/deprecation-window", Level::Error));
        finding.message.split(" too early: ").nth(1).unwrap().to_owned()
    };
    assert_eq!(
        early(&removed(0, None, (Some(1), Some(90)))),
        "the contract asks for 1 release and 90 days of deprecation, and it never was deprecated"
    );
    assert_eq!(
        early(&removed(2, before(90, -1), (Some(2), Some(90)))),
        "the contract asks for 2 releases and 90 days of deprecation, and it was deprecated in \
         2 releases and for 89 days"
    );
    assert!(early(&removed(0, None, (Some(1), None))).ends_with("it was deprecated in no release"));
    assert_eq!(
        early(&removed(1, before(400, 0), (Some(2), None))),
        "the contract asks for 2 releases of deprecation, and it was deprecated in 1 release"
    );
    // A clock that is behind the commit's.
    assert!(early(&removed(0, before(-5, 0), (None, Some(1)))).ends_with("deprecated for 0 days"));
    assert!(removed(0, None, (None, Some(1))).depends_on_moment());
    assert!(!removed(0, None, (Some(1), None)).depends_on_moment());
}

#[test]
fn a_secret_is_told_and_never_repeated() {
    let mut schema = schema();
    schema.secrets = vec![(Location::file(schema.path.clone()), "a private key".into())];
    let finding = only(&schema);
    assert_eq!((finding.rule, finding.level), ("config/secret-in-default", Level::Error));
    assert_eq!(finding.message, "the schema app holds what looks like a private key");
    assert!(!finding.may_be_quoted());
}

#[test]
fn a_schema_that_leaves_the_contract_is_told_at_the_contract() {
    let schema =
        SchemaEvidence { change: SchemaChange::Deleted, named: false, governed: 1, ..schema() };
    let finding = only(&schema);
    assert_eq!(
        finding.message,
        "the schema app is taken out of the contract, and 1 file that it governed is left to nobody"
    );
    assert_eq!(finding.location.path.as_str(), "config/contract.toml");
}

#[test]
fn one_document_breaks_and_a_name_stays_on_its_line() {
    let mut schema = schema();
    schema.comparisons = vec![breaking(BACK, BASE, true)];
    schema.invalid = vec![broken_document("config/a\n✔ passed\n.yaml")];
    let finding = only(&schema);
    let start = "1 of 41 files breaks, and no config migration mends it: the schema app";
    assert!(finding.message.starts_with(start), "{}", finding.message);
    assert!(finding.details.iter().all(|line| !line.contains('\n')), "{:?}", finding.details);
}
