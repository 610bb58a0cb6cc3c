//! Config migrations walked through the whole dry run, and jq programs in the program's own process.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use migration_gate::compat::{Schema, SchemaFiles, SchemaVersions};
use migration_gate::dryrun::{self, Planned};
use migration_gate::engine::documents::{DocumentTarget, Documents, Tools};
use migration_gate::engine::{SandboxSpec, Target, TargetError};
use migration_gate::model::{
    Action, DocumentOrigin, Down, Kind, Migration, MigrationEvidence, Operation, Outcome, Pointer,
    Position, Program, Ratio, RepoPath, Rollback, SetEvidence, Span, Step, TrialDocument, Version,
};
use serde_json::{Value, json};

use crate::configuration;
use crate::support::PROGRAM;

struct NoFiles;

impl SchemaFiles for NoFiles {
    fn local(&self, _: &RepoPath) -> Option<Value> {
        None
    }

    fn vendored(&self, _: &str) -> Option<Value> {
        None
    }
}

fn at(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

fn flat() -> Value {
    json!({"type": "object", "required": ["port"], "not": {"required": ["server"]},
           "properties": {"port": {"type": "integer"}, "timeout": {"type": "integer"}}})
}

fn nested() -> Value {
    json!({"type": "object", "required": ["server"], "not": {"required": ["port"]},
           "properties": {"server": {"required": ["port"], "properties": {
               "port": {"type": "integer"}}}}})
}

/// One document in each format.
fn documents(versions: &[(&str, Value)]) -> Documents {
    let files = [
        (
            "config/app.json",
            "{\n    \"port\": 80,\n    \"timeout\": 3, \"legacy\": {\"a\": 1}\n}\n",
        ),
        ("config/app.toml", "port = 81 # kept\nlegacy = [1, 2.50]\r\n"),
        ("config/app.yaml", "# kept\nport: 82\ntimeout: 5\nlegacy: 'x'\n"),
        ("generated/app-1.json", r#"{"port":0}"#),
    ];
    let schema = |value: &Value| -> Arc<Schema> {
        Arc::new(Schema::new(value, &path("app.schema.json"), &NoFiles).unwrap())
    };
    let versions: BTreeMap<_, _> =
        versions.iter().map(|(name, value)| ((*name).to_owned(), schema(value))).collect();
    Documents {
        schemas: vec![SchemaVersions { name: "app".into(), version_at: None, versions }],
        files: files
            .iter()
            .map(|(name, text)| TrialDocument {
                path: path(name),
                text: (*text).into(),
                schema: "app".into(),
                origin: DocumentOrigin::Head,
            })
            .collect(),
        judged: BTreeSet::from(["1".to_owned(), "2".to_owned()]),
        tools: Tools {
            jq: Some(PathBuf::from(PROGRAM).into()),
            commands: None,
            limit: Duration::from_secs(60),
        },
    }
}

fn program(id: &str, versions: (&str, &str), span: Option<Span>, actions: &[Action]) -> Program {
    let operation = |(at, action): (usize, &Action)| Operation {
        span: Span::new(at, at + 1),
        action: action.clone(),
    };
    Program {
        path: path(&format!("config/migrations/{id}.toml")),
        text: "".into(),
        span,
        migration: id.into(),
        schema: "app".into(),
        from: versions.0.into(),
        to: versions.1.into(),
        targets: Vec::new(),
        operations: actions.iter().enumerate().map(operation).collect(),
        class: None,
        depends_on: Vec::new(),
    }
}

/// A migration with its way back: the one that is computed where `down` is `None`.
fn migration(
    id: &str,
    versions: (&str, &str),
    up: &[Action],
    down: Option<&[Action]>,
) -> Migration {
    let back = (versions.1, versions.0);
    let up = program(id, versions, Some(Span::new(0, 50)), up);
    let down = match down {
        Some(down) => program(id, back, Some(Span::new(50, 99)), down),
        None => up.inverse().unwrap(),
    };
    Migration {
        id: id.into(),
        version: Version::text(id),
        kind: Kind::Versioned,
        up: Step::Program(Arc::new(up)),
        down: Down::Step(Step::Program(Arc::new(down))),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
    }
}

fn target(documents: &Documents, seconds: u64) -> DocumentTarget {
    let spec = SandboxSpec {
        statement_timeout: Duration::from_secs(seconds),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    };
    documents.target(&spec).unwrap()
}

fn walk(
    documents: &Documents,
    migrations: &[Migration],
    rollback: Rollback,
) -> Vec<MigrationEvidence> {
    let plan: Vec<Planned<'_>> = migrations
        .iter()
        .map(|migration| Planned {
            migration,
            position: Position::Judged,
            tried: true,
            depends_on: Vec::new(),
        })
        .collect();
    let mut evidence = SetEvidence::default();
    let mut target = target(documents, 60);
    dryrun::run(&mut target, &plan, rollback, None, &mut evidence, &mut |_| {}).unwrap();
    assert_eq!(evidence.engine, "documents (JSON Schema)");
    evidence.migrations
}

fn nest() -> Vec<Action> {
    vec![
        Action::Move { from: at("/port"), to: at("/server/port") },
        Action::Remove { at: at("/legacy") },
        Action::Scale { at: at("/timeout"), by: Ratio::parse("1000").unwrap() },
    ]
}

#[test]
fn a_good_migration_goes_all_the_way_round() {
    let documents = documents(&[("1", flat()), ("2", nested()), ("3", json!({}))]);
    let host = [Action::Add { at: at("/server/host"), value: json!("localhost") }];
    let migrations =
        [migration("1", ("1", "2"), &nest(), None), migration("2", ("2", "3"), &host, None)];
    for seen in walk(&documents, &migrations, Rollback::Script) {
        assert!(seen.up.outcome.is_done() && seen.up.diff.is_material(), "{:?}", seen.up);
        for step in [&seen.again, &seen.down, &seen.up_after_down, &seen.reverse] {
            assert!(step.as_ref().unwrap().is_clean(), "{seen:#?}");
        }
    }
    let seen = &walk(&documents, &migrations, Rollback::Checkpoint)[0];
    // A checkpoint gives back the bytes, so that there is not even a note.
    let restored = seen.restore.as_ref().unwrap();
    assert!(restored.is_clean() && restored.diff.is_empty(), "{restored:?}");
}

#[test]
fn a_down_that_loses_something_is_seen_in_the_down() {
    let documents = documents(&[("1", flat()), ("2", nested())]);
    let back = [
        Action::Move { from: at("/server/port"), to: at("/port") },
        Action::Remove { at: at("/server") },
        Action::Scale { at: at("/timeout"), by: Ratio::parse("0.001").unwrap() },
    ];
    let seen =
        &walk(&documents, &[migration("1", ("1", "2"), &nest(), Some(&back))], Rollback::Script)[0];
    assert!(seen.up.outcome.is_done() && seen.again.as_ref().unwrap().is_clean());
    let down = seen.down.as_ref().unwrap();
    assert!(down.outcome.is_done() && down.diff.is_material());
    let lost: Vec<&str> = down
        .diff
        .differences
        .iter()
        .filter(|difference| !difference.note)
        .map(|difference| difference.object.name.as_str())
        .collect();
    assert_eq!(
        lost,
        [
            "config/app.json#/legacy/a",
            "config/app.toml#/legacy/0",
            "config/app.toml#/legacy/1",
            "config/app.yaml#/legacy"
        ]
    );
}

#[test]
fn a_second_up_that_changes_more_is_seen_in_the_second() {
    let documents = documents(&[("1", json!({})), ("2", json!({}))]);
    let twice = [Action::Scale { at: at("/port"), by: Ratio::parse("2").unwrap() }];
    let seen = &walk(&documents, &[migration("1", ("1", "2"), &twice, None)], Rollback::Script)[0];
    assert!(seen.again.as_ref().unwrap().is_wrong());
    assert!(
        seen.down.as_ref().unwrap().is_clean() && seen.up_after_down.as_ref().unwrap().is_clean()
    );
}

#[test]
fn an_invalid_result_is_the_failure_of_its_step() {
    let documents = documents(&[("1", flat()), ("2", nested())]);
    let invalid = [Action::Move { from: at("/port"), to: at("/server/prot") }];
    let seen =
        &walk(&documents, &[migration("1", ("1", "2"), &invalid, None)], Rollback::Script)[0];
    let Outcome::Failed(failure) = &seen.up.outcome else { panic!("{:?}", seen.up) };
    let said = "config/app.json is not valid under version 2 of app after operation 1: /server: ";
    assert!(failure.message.starts_with(said), "{}", failure.message);
    assert!(seen.again.is_none() && seen.down.is_none());

    let back = [Action::Set { at: at("/server"), value: json!({}) }];
    let seen =
        &walk(&documents, &[migration("1", ("1", "2"), &nest(), Some(&back))], Rollback::Script)[0];
    let Outcome::Failed(failure) = &seen.down.as_ref().unwrap().outcome else { panic!("{seen:?}") };
    assert!(failure.message.contains("is not valid under version 1 of app"), "{}", failure.message);
}

fn jq(program: &str) -> Action {
    Action::Jq { program: program.into() }
}

#[test]
fn jq_runs_in_a_process_of_its_own() {
    let documents = documents(&[("1", flat()), ("2", nested())]);
    let (up, back) = ("{server: {port}} + del(.port)", "{port: .server.port} + del(.server)");
    let seen = &walk(
        &documents,
        &[migration("1", ("1", "2"), &[jq(up)], Some(&[jq(back)]))],
        Rollback::Script,
    )[0];
    for step in [Some(&seen.up), seen.again.as_ref(), seen.down.as_ref()] {
        assert!(step.unwrap().outcome.is_done(), "{seen:#?}");
    }
    assert!(
        seen.down.as_ref().unwrap().is_clean() && seen.up_after_down.as_ref().unwrap().is_clean()
    );
}

#[test]
fn hostile_jq_is_stopped() {
    let documents = documents(&[("1", json!({})), ("2", json!({}))]);
    for (hostile, said) in [
        ("def f: f + 1; f", "takes more memory or time than is allowed"),
        ("\"xxxxxxxxxx\" * 300000000", "takes more memory or time than is allowed"),
        (&format!("{}.{}", "(".repeat(200_000), ")".repeat(200_000)), "calls itself too deeply"),
        ("now", "says: there is no filter now"),
        ("$ENV", "says: there is no variable $ENV"),
        ("., .", "says: it must give exactly one document, and gives more"),
        ("nan", "gives something that is not JSON"),
        ("reduce range(1000) as $i (.; [.])", "gives something that is not JSON"),
    ] {
        let up = program("1", ("1", "2"), Some(Span::new(0, 9)), &[jq(hostile)]);
        let error = target(&documents, 60).operate(&Arc::new(up)).unwrap_err();
        let TargetError::Script(failure) = error else { panic!("{hostile:.40}: {error:?}") };
        let start = "config/app.json: operation 1 (jq) ";
        let message = &failure.message;
        assert!(message.starts_with(start) && message.contains(said), "{hostile:.40}: {message}");
    }
    for endless in ["def f: f; f", "[range(1; 1e9)]", "last(repeat(1))"] {
        let up = program("1", ("1", "2"), Some(Span::new(0, 9)), &[jq(endless)]);
        let error = target(&documents, 1).operate(&Arc::new(up)).unwrap_err();
        assert!(matches!(error, TargetError::TimedOut { limit: 1, .. }), "{endless}: {error:?}");
    }
}

/// A program that does not end is waited for once, however many documents and programs it is for.
#[test]
fn endless_jq_costs_its_time_once() {
    let documents = documents(&[("1", json!({})), ("2", json!({}))]);
    let up = Arc::new(program("1", ("1", "2"), Some(Span::new(0, 9)), &[jq("def f: f; f")]));
    let start = migration_gate::host::now();
    for _ in 0..3 {
        for (_, after) in documents.after(&[Arc::clone(&up)]) {
            after.unwrap_err();
        }
        target(&documents, 60).operate(&up).unwrap_err();
    }
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn the_same_jq_on_the_same_document_is_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let evaluator = folder.path().join("evaluator");
    std::os::unix::fs::symlink(PROGRAM, &evaluator).unwrap();
    let mut documents = documents(&[("1", json!({})), ("2", json!({}))]);
    documents.tools.jq = Some(evaluator.clone().into());
    let up = |text: &str| Arc::new(program("1", ("1", "2"), Some(Span::new(0, 9)), &[jq(text)]));
    let first = documents.after(&[up(".seen = 1")]);
    assert!(first.iter().all(|(_, text)| text.as_ref().unwrap().contains("seen")), "{first:?}");
    std::fs::remove_file(evaluator).unwrap();
    assert_eq!(documents.after(&[up(".seen = 1")]), first);
    let other = documents.after(&[up(".seen = 2")]);
    assert!(other.iter().all(|(_, text)| text.is_err()), "{other:?}");
}

/// Every operation whose way back is computed.
fn every() -> Vec<Action> {
    vec![
        Action::Test { at: at("/kind"), value: json!("app") },
        Action::Add { at: at("/host"), value: json!("0.0.0.0") },
        Action::Remove { at: at("/legacy") },
        Action::Move { from: at("/port"), to: at("/server/port") },
        Action::Set { at: at("/mode"), value: json!("fast") },
        Action::Map {
            at: at("/level"),
            table: vec![(json!("warn"), json!("warning")), (json!("info"), json!("info"))],
        },
        Action::Wrap { at: at("/url"), key: Some("href".into()) },
        Action::Unwrap { at: at("/boxed"), key: None },
        Action::Scale { at: at("/timeout"), by: Ratio::parse("1000").unwrap() },
        Action::Scale { at: at("/jobs/*/wait"), by: Ratio::parse("1000").unwrap() },
    ]
}

#[test]
fn what_people_wrote_around_the_values_stays() {
    let mut documents = documents(&[("1", json!({})), ("2", json!({}))]);
    documents.files = configuration::WRITTEN
        .iter()
        .map(|(name, text)| TrialDocument {
            path: path(name),
            text: (*text).into(),
            schema: "app".into(),
            origin: DocumentOrigin::Head,
        })
        .collect();
    let up = Arc::new(program("1", ("1", "2"), Some(Span::new(0, 50)), &every()));
    let mut target = target(&documents, 60);
    let before = target.snapshot().unwrap();
    target.operate(&up).unwrap();
    for (name, expected) in MIGRATED {
        assert_eq!(&*target.text(&path(name)).unwrap(), expected, "{name}");
    }
    target.operate(&Arc::new(up.inverse().unwrap())).unwrap();
    let after = target.snapshot().unwrap();
    let differences = before.diff(&after).differences;
    assert!(differences.iter().all(|difference| difference.note), "{differences:?}");
    for (name, written) in configuration::WRITTEN {
        let text = target.text(&path(name)).unwrap();
        assert_eq!(text.ends_with('\n'), written.ends_with('\n'), "{name}: {text:?}");
        assert_eq!(text.contains('\r'), written.contains('\r'), "{name}: {text:?}");
        // Where there is one kind of line end, there is no other.
        let lone = text.replace("\r\n", "").contains(['\r', '\n']);
        assert!(!lone || !written.contains('\r'), "{name}: {text:?}");
    }
}

/// What the up makes of them.
const MIGRATED: [(&str, &str); 4] = [
    (
        "config/app.json",
        "{\r\n    \"kind\": \"app\",\r\n    \"mode\": \"fast\", \"level\": \"warning\",\r\n    \
         \"url\": {\r\n        \"href\": \"http://a\"\r\n    },\r\n    \"boxed\": 1,\r\n    \
         \"timeout\": 3000,\r\n    \"jobs\": [{\"wait\": 1000}, {\"wait\": 500.0}],\r\n    \
         \"name\": \"x\",\r\n    \"host\": \"0.0.0.0\",\r\n    \
         \"server\": {\r\n        \"port\": 80\r\n    }\r\n}",
    ),
    (
        "config/app.jsonc",
        "// the app\n{\n  \"kind\": \"app\", // tested\n  \"mode\": \"fast\",\n  /* of the log */\n  \
         \"level\": \"info\",\n  \"url\": {\n    \"href\": \"http://a\"\n  },\n  \"boxed\": 1,\n  \
         \"timeout\": 3000, // seconds\n  \"jobs\": [\n    { \"wait\": 1000 },\n  ],\n  \
         \"name\": \"x\",\n  \"host\": \"0.0.0.0\",\n  \
         \"server\": {\n    \"port\": 80 // how\n  },\n}\n",
    ),
    (
        "config/app.yaml",
        "# the app\r\nkind: app # tested\r\nmode: fast # now\r\nlevel: warning\r\nurl:\r\n  \
         href: http://a\r\nboxed: 1\r\ntimeout: 3000 # seconds\r\njobs:\r\n  - wait: 1000 # a\r\n  \
         - wait: 2000\r\nname: x # the last\r\nhost: \"0.0.0.0\"\r\nserver:\r\n  port: 80 # how",
    ),
    (
        "config/app.toml",
        "# the app\nkind = \"app\" # tested\nmode = 'fast' # now\nlevel = \"warning\"\n\
         url = { href = \"http://a\" }\nboxed = 1\ntimeout = 3000 # seconds\nname = \"x\"\n\
         host = \"0.0.0.0\"\n\n[[jobs]] # one\nwait = 1000\n\n[[jobs]]\nwait = 2000 # the last\n\n\
         [server]\nport = 80 # how",
    ),
];
