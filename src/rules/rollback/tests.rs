//! What is said of config migrations and their way back, in the words of documents.

use crate::catalog::{Entry, SetCatalog};
use crate::model::{
    Action, Class, Difference, DifferenceKind, EngineKind, Finding, Location, MigrationEvidence,
    ObjectKey, Outcome, Pointer, RepoPath, SetEvidence, SnapshotDiff, StepEvidence,
};
use crate::rules::testing::{config_entry, info, terms};
use crate::rules::{CatalogCx, EvidenceCx, LevelPolicy, check_catalog, check_evidence};

fn remove() -> [Action; 1] {
    [Action::Remove { at: Pointer::parse("/legacy").unwrap() }]
}

fn of_files(entry: Entry) -> Vec<Finding> {
    let catalog = SetCatalog::of(info(EngineKind::Documents), vec![entry]);
    let cx = CatalogCx { catalog: &catalog, restores: false, terms: &terms() };
    let mut found = check_catalog(&cx, false, &LevelPolicy::default());
    found.retain(|finding| finding.rule.starts_with("rollback/"));
    found
}

/// What is said where every step after the up leaves another value.
fn of_run(engine: EngineKind) -> Vec<String> {
    let catalog = SetCatalog::of(info(engine), vec![config_entry(1, &remove(), Some(&remove()))]);
    let difference = Difference {
        kind: DifferenceKind::Changed,
        object: ObjectKey::new("value", "config/app.yaml#/port"),
        attribute: Some("value".into()),
        expected: Some("80".into()),
        found: Some("81".into()),
        dependents: 0,
        note: false,
    };
    let diff = SnapshotDiff { differences: vec![difference] };
    let differs = StepEvidence { outcome: Outcome::Done, diff: diff.clone() };
    let mut seen = MigrationEvidence::new("1", StepEvidence { outcome: Outcome::Done, diff });
    seen.again = Some(differs.clone());
    let mut back = seen.clone();
    seen.down = Some(differs.clone());
    back.down = Some(StepEvidence::ended(Outcome::Done));
    back.up_after_down = Some(differs);
    let evidence = SetEvidence { migrations: vec![seen, back], ..SetEvidence::default() };
    let cx = EvidenceCx { catalog: &catalog, evidence: &evidence };
    let found = check_evidence(&cx, &LevelPolicy::default());
    let mut messages: Vec<String> = found.into_iter().map(|finding| finding.message).collect();
    messages.dedup();
    messages
}

#[test]
fn documents_are_spoken_of_as_documents() {
    assert_eq!(
        of_run(EngineKind::Documents),
        [
            "the up gives other documents after the rollback than before it",
            "a second run of the up changes the documents again",
            "after the down the documents are not what they were before the up",
        ]
    );
    assert_eq!(
        of_run(EngineKind::Sqlite),
        [
            "the up gives another schema after the rollback than before it",
            "a second run of the up changes the schema again",
            "after the down the schema is not what it was before the up",
        ]
    );
}

#[test]
fn a_way_back_without_operations_is_empty() {
    assert!(of_files(config_entry(1, &remove(), Some(&remove()))).is_empty());
    let found = of_files(config_entry(1, &remove(), Some(&[])));
    assert_eq!(found.iter().map(|one| one.rule).collect::<Vec<_>>(), ["rollback/empty"]);
    assert!(of_files(config_entry(1, &[], Some(&[]))).is_empty());
}

#[test]
fn an_operator_may_go_back_by_the_backup() {
    let mut entry = config_entry(1, &remove(), None);
    let told = |entry: &Entry| -> Vec<String> {
        let found = of_files(entry.clone());
        found.iter().map(|one| format!("{} {}", one.level, one.rule)).collect()
    };
    assert_eq!(told(&entry), ["error rollback/missing"]);
    let place = || Location::file(RepoPath::new("1.toml").unwrap());
    entry.declared.class = Some((Class::Online, place()));
    assert_eq!(told(&entry), ["error rollback/missing"]);
    entry.declared.class = Some((Class::ManualBackfill, place()));
    assert!(told(&entry).is_empty());
}
