//! What the rules' own tests are made of.

use std::sync::Arc;

use crate::catalog::{Declared, Entry, Touch};
use crate::model::{
    Action, Compared, Comparison, Direction, Down, EngineKind, Finding, Habits, InvalidDocument,
    Kind, LateMigrations, Location, Migration, Moment, Operation, Pointer, Program, RepoPath,
    Rollout, SchemaChange, SchemaEvidence, Script, SetInfo, Span, Step, TransactionMode, Version,
};
use crate::rules::{LevelPolicy, Terms, check_schemas};

/// A set that nobody has configured.
pub(super) fn info(engine: EngineKind) -> SetInfo {
    SetInfo {
        name: "library".into(),
        path: RepoPath::new("migrations").unwrap(),
        layout: "sqlx",
        engine,
        habits: Habits {
            verifies_checksums: false,
            late: LateMigrations::Applied,
            planned: false,
            sqlite_foreign_keys: true,
        },
        assumed: Vec::new(),
        configured: false,
        engine_version: None,
    }
}

/// A migration of that number with nothing declared; `added` says whether the change brings it.
pub(super) fn entry(
    number: usize,
    up: &str,
    down: &str,
    added: bool,
    transaction: TransactionMode,
) -> Entry {
    let step = |name: &str, sql: &str| {
        let path = RepoPath::new(&format!("{number}.{name}.sql")).unwrap();
        Step::Sql(Script::whole(path, sql.into(), transaction))
    };
    let migration = Migration {
        id: number.to_string(),
        version: Version::integer(&number.to_string()).unwrap(),
        kind: Kind::Versioned,
        up: step("up", up),
        down: Down::Step(step("down", down)),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
    };
    Entry { migration, touch: Touch { added, ..Touch::NONE }, declared: Declared::default() }
}

/// A config migration of that number with these operations, which the change brings.
pub(super) fn config_entry(number: usize, up: &[Action], down: Option<&[Action]>) -> Entry {
    let step = |actions: &[Action]| {
        let span = Span::new(0, 1);
        let operation = |action: &Action| Operation { span, action: action.clone() };
        Step::Program(Arc::new(Program {
            path: RepoPath::new(&format!("{number}.toml")).unwrap(),
            text: "x".into(),
            span: None,
            migration: number.to_string(),
            schema: "app".into(),
            from: "1".into(),
            to: "2".into(),
            targets: Vec::new(),
            operations: actions.iter().map(operation).collect(),
            class: None,
            depends_on: Vec::new(),
        }))
    };
    let mut entry = entry(number, "", "", true, TransactionMode::Bare);
    entry.migration.up = step(up);
    entry.migration.down = down.map_or(Down::Missing, |down| Down::Step(step(down)));
    entry
}

/// A policy that asks nothing.
pub(super) fn terms() -> Terms {
    Terms {
        rollout: Rollout::default(),
        moment: Moment::day(jiff::Timestamp::UNIX_EPOCH),
        approved_by: Vec::new(),
        inline_allow: Vec::new(),
        waivers: Vec::new(),
        waiver_days: 0,
    }
}

/// Where everything about the tests' schema points.
fn schema_path() -> RepoPath {
    RepoPath::new("config/schemas/app.schema.json").unwrap()
}

/// A schema `app` under a contract, edited by the change, with 41 documents and nothing to say.
pub(super) fn schema() -> SchemaEvidence {
    SchemaEvidence {
        name: "app".into(),
        path: schema_path(),
        content: "0".into(),
        change: SchemaChange::Modified,
        assumed: Vec::new(),
        faults: Vec::new(),
        comparisons: Vec::new(),
        governed: 41,
        validated: true,
        named: true,
        invalid: Vec::new(),
        versions: (None, None),
        version_location: Location::file(RepoPath::new("config/contract.toml").unwrap()),
        migrations: Vec::new(),
        removed: Vec::new(),
        secrets: Vec::new(),
    }
}

/// A comparison with another version that a document tells apart; the place is known.
pub(super) fn breaking(direction: Direction, against: &str, demanded: bool) -> Comparison {
    let verdict = Compared::Breaking {
        witness: r#"{"port":"80"}"#.into(),
        violations: vec![r#"/port: "80" is not of type "integer""#.into()],
        location: Some(Location::at(schema_path(), Span::new(40, 60))),
    };
    Comparison { direction, against: against.into(), demanded, verdict }
}

/// A comparison with another version of which nothing can be told.
pub(super) fn unknown(direction: Direction, against: &str, demanded: bool) -> Comparison {
    let verdict = Compared::Unknown { reason: "the step budget is used up".into() };
    Comparison { direction, against: against.into(), demanded, verdict }
}

/// A document that nobody edited and that was valid before.
pub(super) fn broken_document(file: &str) -> InvalidDocument {
    InvalidDocument {
        location: Location::at(RepoPath::new(file).unwrap(), Span::new(6, 10)),
        pointer: Pointer::parse("/server/port").unwrap(),
        message: r#""80" is not of type "integer""#.into(),
        more: 2,
        was_valid: Some(true),
        touched: false,
        mended: false,
    }
}

/// What all rules say of one schema on 21 November 2026.
pub(super) fn judge(schema: &SchemaEvidence) -> Vec<Finding> {
    let moment = Moment::minute("2026-11-21T10:00Z".parse().unwrap());
    let schemas = std::slice::from_ref(schema);
    check_schemas("settings", false, schemas, moment, &LevelPolicy::default())
}
