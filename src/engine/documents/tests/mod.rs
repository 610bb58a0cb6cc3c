mod change;
mod property;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::compat::Schema;
use crate::confine::Workplace;
use crate::model::{Action, DocumentOrigin, Operation, Pointer, Ratio, Span, Work};

pub(super) struct NoFiles;

impl crate::compat::SchemaFiles for NoFiles {
    fn local(&self, _: &RepoPath) -> Option<Value> {
        None
    }

    fn vendored(&self, _: &str) -> Option<Value> {
        None
    }
}

pub(super) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

pub(super) fn ratio(text: &str) -> Ratio {
    Ratio::parse(text).unwrap()
}

pub(super) fn at(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

pub(super) fn schema(value: &Value) -> Arc<Schema> {
    Arc::new(Schema::new(value, &path("s.json"), &NoFiles).unwrap())
}

pub(super) fn spec() -> SandboxSpec {
    SandboxSpec {
        statement_timeout: Duration::from_secs(20),
        sqlite_foreign_keys: false,
        engine_version: None,
        postgres_bin: None,
        postgres_url: None,
        unconfined: false,
    }
}

/// The schema `app`, each version with what it says.
pub(super) fn documents(versions: &[(&str, Value)], files: &[(&str, &str)]) -> Documents {
    let versions =
        versions.iter().map(|(name, value)| ((*name).to_owned(), schema(value))).collect();
    let held = |(name, text): &(&str, &str)| TrialDocument {
        path: path(name),
        text: (*text).into(),
        schema: "app".into(),
        origin: if name.starts_with("generated") {
            DocumentOrigin::Generated
        } else {
            DocumentOrigin::Head
        },
    };
    Documents {
        schemas: vec![SchemaVersions { name: "app".into(), version_at: None, versions }],
        files: files.iter().map(held).collect(),
        judged: BTreeSet::from(["m".to_owned()]),
        tools: Tools { jq: None, commands: None, limit: Duration::from_secs(20) },
    }
}

fn workplace(folder: &Path) -> Workplace {
    Workplace { folder: folder.to_owned(), unconfined: false }
}

fn program(actions: Vec<Action>, span: Option<Span>, from: &str, to: &str) -> Arc<Program> {
    let operation =
        |(index, action)| Operation { span: Span::new(index * 10, index * 10 + 5), action };
    Arc::new(Program {
        path: path("config/0002.toml"),
        text: "".into(),
        span,
        migration: "m".into(),
        schema: "app".into(),
        from: from.into(),
        to: to.into(),
        targets: Vec::new(),
        operations: actions.into_iter().enumerate().map(operation).collect(),
        class: None,
        depends_on: Vec::new(),
    })
}

pub(super) fn up(actions: Vec<Action>) -> Arc<Program> {
    program(actions, Some(Span::new(0, 100)), "1", "2")
}

/// The computed way back, as the layout makes it.
pub(super) fn inverse(up: &Program) -> Arc<Program> {
    Arc::new(up.inverse().unwrap())
}

pub(super) fn run(target: &mut DocumentTarget, program: &Arc<Program>) {
    target.run(Work::Program(program)).unwrap();
}

fn message(target: &mut DocumentTarget, program: &Arc<Program>) -> String {
    match target.operate(program).unwrap_err() {
        TargetError::Script(failure) => failure.message,
        TargetError::CannotRun(cannot) => format!("cannot run: {}", cannot.reason),
        other => panic!("{other:?}"),
    }
}

pub(super) fn text(target: &DocumentTarget, name: &str) -> String {
    target.text(&path(name)).unwrap().to_string()
}

fn old() -> Value {
    json!({"type": "object", "required": ["port"], "additionalProperties": false,
           "properties": {"port": {"type": "integer"}, "legacy": {}, "version": {}}})
}

fn new() -> Value {
    json!({"type": "object", "required": ["server"], "additionalProperties": false,
           "properties": {"version": {}, "legacy": {}, "server": {
               "type": "object", "required": ["port"],
               "properties": {"port": {"type": "integer"}}}}})
}

fn nest() -> Vec<Action> {
    vec![Action::Move { from: at("/port"), to: at("/server/port") }]
}

const ONE: &str = "{\n    \"port\": 80\n}\n";

#[test]
fn all_documents_are_changed_or_none() {
    let files = [("a.json", ONE), ("b.json", "{\"port\": 1, \"legacy\": {\"x\": [1]}}")];
    let versions = [("1", old()), ("2", new())];
    let mut target = documents(&versions, &files).target(&spec()).unwrap();
    let before = target.snapshot().unwrap();
    let mut actions = nest();
    actions.push(Action::Test { at: at("/server/port"), value: json!(80) });
    let said = message(&mut target, &up(actions));
    assert_eq!(said, "b.json: operation 2 (test /server/port) finds 1 at /server/port, and not 80");
    assert_eq!(target.snapshot().unwrap(), before);
    assert_eq!(text(&target, "a.json"), ONE);
    run(&mut target, &up(nest()));
    for (name, _) in files {
        let value: Value = serde_json::from_str(&text(&target, name)).unwrap();
        assert!(value["server"]["port"].is_u64() && value.get("port").is_none(), "{name}");
    }
    run(&mut target, &inverse(&up(nest())));
    assert!(!before.diff(&target.snapshot().unwrap()).is_material());
}

#[test]
fn an_invalid_result_names_the_operation_that_wrote_it() {
    let versions = [("1", old()), ("2", new())];
    let mut target = documents(&versions, &[("a.json", ONE)]).target(&spec()).unwrap();
    let mut actions = nest();
    actions.push(Action::Wrap { at: at("/server/port"), key: None });
    actions.push(Action::Add { at: at("/legacy"), value: json!(1) });
    let Err(TargetError::Script(failure)) = target.operate(&up(actions)) else { panic!() };
    assert!(
        failure.message.starts_with(
            "a.json is not valid under version 2 of app after operation 2: /server/port: "
        ),
        "{}",
        failure.message
    );
    assert_eq!(failure.location.span, Some(Span::new(10, 15)));
    let said = message(&mut target, &up(vec![Action::Set { at: at("/port"), value: json!(2) }]));
    assert!(said.starts_with("a.json is not valid under version 2 of app"), "{said}");
}

#[test]
fn a_generated_document_is_shown_with_its_failure() {
    let versions = [("1", old()), ("2", new())];
    let files =
        [("generated/app-1.json", "{\n  \"port\": 7,\n  \"legacy\": {\"token\": \"abcd\"}\n}")];
    let mut target = documents(&versions, &files).target(&spec()).unwrap();
    let failing = up(vec![Action::Test { at: at("/legacy"), value: json!(1) }]);
    let Err(TargetError::Script(failure)) = target.operate(&failing) else { panic!() };
    let detail = failure.detail.unwrap();
    assert_eq!(
        detail,
        "generated/app-1.json is made from version 1: {\"port\":7,\"legacy\":{\"token\":\"…\"}}"
    );
}

/// Reports are read by more people than documents are.
#[test]
fn secrets_of_a_document_are_not_told() {
    let open = json!({});
    let secret = "hunter2topsecret99";
    let text =
        format!(r#"{{"db_password": "{secret}", "db": {{"apiKey": "{secret}", "port": 1}}}}"#);
    let versions = [("1", open.clone()), ("2", open)];
    let mut documents = documents(&versions, &[("a.json", &text)]);
    let folder = tempfile::tempdir().unwrap();
    documents.tools.commands = Some(workplace(folder.path()));
    let mut target = documents.target(&spec()).unwrap();
    let password = at("/db_password");
    for (action, said) in [
        (
            Action::Test { at: password.clone(), value: json!("x") },
            "(test /db_password) finds another value at /db_password",
        ),
        (
            Action::Map { at: password.clone(), table: vec![] },
            "finds another value at /db_password: the table does not name it",
        ),
        (
            Action::Test { at: at("/db"), value: json!(1) },
            r#"finds {"apiKey":"…","port":1} at /db, and not 1"#,
        ),
        (
            Action::Command { command: ["sh", "-c", "cat >&2; exit 1"].map(str::to_owned).into() },
            r#"fails: {"db_password":"…","db":{"apiKey":"…","port":1}}"#,
        ),
    ] {
        let message = message(&mut target, &up(vec![action]));
        assert!(message.ends_with(said), "{message}");
    }
    let before = target.snapshot().unwrap();
    run(&mut target, &up(vec![Action::Set { at: password, value: json!("other") }]));
    let diff = before.diff(&target.snapshot().unwrap());
    assert!(diff.is_material());
    assert!(!format!("{before:?}{diff:?}").contains(secret), "{diff:?}");
}

#[test]
fn what_is_new_already_and_what_is_broken_is_left_alone() {
    let files = [
        ("done.json", r#"{"server": {"port": 1}}"#),
        ("broken.json", r#"{"nothing": 1}"#),
        ("unread.json", "{"),
        ("app.conf", ""),
        ("old.json", ONE),
    ];
    let versions = [("1", old()), ("2", new())];
    let mut target = documents(&versions, &files).target(&spec()).unwrap();
    run(&mut target, &up(nest()));
    for (name, before) in &files[..4] {
        assert_eq!(text(&target, name), *before);
    }
    let left: Vec<&str> = target.skipped().iter().map(|one| one.path.as_str()).collect();
    assert_eq!(left, ["app.conf", "broken.json", "unread.json"]);
    let reason = &target.skipped()[1].reason;
    assert!(reason.starts_with("it is not valid under version 1 of app: "), "{reason}");
    // The way back leaves what was new before.
    run(&mut target, &inverse(&up(nest())));
    assert_eq!(text(&target, "done.json"), files[0].1);
    assert!(text(&target, "old.json").contains("\"port\": 80"));
}

#[test]
fn nothing_to_do_is_no_pass() {
    let versions = [("1", old()), ("2", new())];
    let target = |files: &[(&str, &str)]| documents(&versions, files).target(&spec()).unwrap();
    let said = message(&mut target(&[]), &up(nest()));
    assert_eq!(said, "cannot run: there is no document of app to run it on");
    let done = [("done.json", r#"{"server": {"port": 1}}"#)];
    let said = message(&mut target(&done), &up(nest()));
    assert_eq!(said, "cannot run: none of 1 documents of app is at version 1: 1 already migrated");
    let mut actions = nest();
    actions.insert(0, Action::Remove { at: at("/prot") });
    let said = message(&mut target(&[("a.json", ONE)]), &up(actions.clone()));
    assert_eq!(said, "operation 1 (remove /prot) finds nothing in any of 1 documents");
    // History has gone through what it was for.
    let mut history = documents(&versions, &done);
    history.judged.clear();
    run(&mut history.target(&spec()).unwrap(), &up(actions));
}

#[test]
fn an_unknown_version_or_schema_cannot_run() {
    let mut target = documents(&[("2", new())], &[("a.json", ONE)]).target(&spec()).unwrap();
    assert_eq!(message(&mut target, &up(nest())), "cannot run: version 1 of app is not known");
    let mut other = (*up(nest())).clone();
    other.schema = "other".into();
    let said = message(&mut target, &Arc::new(other));
    assert_eq!(said, "cannot run: the contract names no schema other");
}

#[test]
fn targets_narrow_the_documents() {
    let files = [("c/a.json", ONE), ("c/eu/a.json", ONE)];
    let versions = [("1", old()), ("2", new())];
    let mut target = documents(&versions, &files).target(&spec()).unwrap();
    let mut narrow = (*up(nest())).clone();
    narrow.targets = vec!["./c/*.json".into()];
    run(&mut target, &Arc::new(narrow.clone()));
    assert!(text(&target, "c/a.json").contains("server"));
    assert_eq!(text(&target, "c/eu/a.json"), ONE);
    narrow.targets = vec!["c/[".into()];
    let said = message(&mut target, &Arc::new(narrow));
    assert!(said.starts_with("cannot run: its `targets` cannot be read"), "{said}");
}

#[test]
fn the_version_is_written_and_read() {
    let open = json!({"type": "object"});
    let files = [
        ("number.json", r#"{"version": 1, "port": 1}"#),
        ("text.json", r#"{"version": "1", "port": 1}"#),
        ("done.json", r#"{"version": 2, "port": 1}"#),
        ("other.json", r#"{"version": 9, "port": 1}"#),
        ("none.json", r#"{"port": 1}"#),
    ];
    let mut documents = documents(&[("1", open.clone()), ("2", open)], &files);
    documents.schemas[0].version_at = Some(at("/version"));
    let mut target = documents.target(&spec()).unwrap();
    let before = target.snapshot().unwrap();
    run(&mut target, &up(nest()));
    let version = |target: &DocumentTarget, name: &str| -> Value {
        serde_json::from_str::<Value>(&text(target, name)).unwrap()["version"].clone()
    };
    assert_eq!(version(&target, "number.json"), json!(2));
    assert_eq!(version(&target, "text.json"), json!("2"));
    let left: Vec<&str> = target.skipped().iter().map(|one| one.reason.as_str()).collect();
    assert_eq!(left, ["it says no version at /version", "it is at version 9"]);
    let after = target.snapshot().unwrap();
    run(&mut target, &up(nest()));
    assert_eq!(target.snapshot().unwrap(), after);
    run(&mut target, &inverse(&up(nest())));
    assert!(!before.diff(&target.snapshot().unwrap()).is_material());
    assert_eq!(version(&target, "done.json"), json!(2));
}

#[test]
fn a_checkpoint_gives_back_the_same_bytes() {
    let files = [("a.json", "{ \"port\" :80 , \"legacy\":[1.0,  2] }\r\n"), ("b.json", ONE)];
    let versions = [("1", old()), ("2", new())];
    let mut target = documents(&versions, &files).target(&spec()).unwrap();
    let checkpoint = target.checkpoint().unwrap();
    run(&mut target, &up(nest()));
    assert_ne!(text(&target, "a.json"), files[0].1);
    target.restore(&checkpoint).unwrap();
    for (name, before) in files {
        assert_eq!(text(&target, name), before);
    }
    // The ledger goes back as well: the up is the first again.
    run(&mut target, &up(nest()));
    run(&mut target, &inverse(&up(nest())));
    target.forget(checkpoint.clone());
    assert!(target.restore(&checkpoint).is_err());
}

#[test]
fn a_way_back_without_the_up_cannot_run() {
    let open = json!({});
    let mut target =
        documents(&[("1", open.clone()), ("2", open)], &[("a.json", ONE)]).target(&spec()).unwrap();
    let removes = up(vec![Action::Remove { at: at("/port") }]);
    let said = message(&mut target, &inverse(&removes));
    assert!(said.starts_with("cannot run: nothing was kept"), "{said}");
}

#[test]
fn escape_hatches_run_only_where_they_may() {
    let open = json!({});
    let mut documents = documents(&[("1", open.clone()), ("2", open)], &[("a.json", ONE)]);
    let command = |script: &str| {
        let words = ["sh", "-c", script].map(str::to_owned).to_vec();
        up(vec![Action::Command { command: words }])
    };
    let mut target = documents.target(&spec()).unwrap();
    let said = message(&mut target, &command("cat"));
    assert!(said.starts_with("cannot run: it runs a command"), "{said}");
    let said = message(&mut target, &up(vec![Action::Jq { program: ".".into() }]));
    assert!(said.starts_with("cannot run: it runs a jq program"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("next"), "8").unwrap();
    documents.tools.commands = Some(workplace(folder.path()));
    let mut target = documents.target(&spec()).unwrap();
    run(&mut target, &command("sed s/80/8$(cat next)/"));
    assert_eq!(text(&target, "a.json"), ONE.replace("80", "88"));
    for (script, said) in [
        ("echo {", "prints no JSON document"),
        ("echo no >&2; exit 3", "fails: no"),
        ("cat nothing-here", "nothing-here"),
        ("head -c 20000000 /dev/zero | tr '\\0' ' '", "prints more than 16 MiB"),
        ("echo \"{\\\"n\\\": $$}\"", "two runs give two texts of a.json"),
    ] {
        let message = message(&mut target, &command(script));
        assert!(message.contains(said), "{script}: {message}");
    }
    documents.tools.limit = Duration::from_secs(1);
    let mut target = documents.target(&spec()).unwrap();
    let stopped = target.operate(&command("sleep 60")).unwrap_err();
    assert!(matches!(stopped, TargetError::TimedOut { limit: 1, .. }), "{stopped:?}");
    documents.tools.limit = Duration::ZERO;
    let stopped = documents.target(&spec()).unwrap().operate(&up(nest())).unwrap_err();
    assert!(matches!(stopped, TargetError::TimedOut { limit: 0, .. }), "{stopped:?}");
    let nowhere = up(vec![Action::Command { command: vec!["no-such-program".into()] }]);
    assert!(message(&mut target, &nowhere).starts_with("cannot run: `no-such-program` is not on"));
}

#[test]
fn the_texts_after_several_ups_are_told_one_by_one() {
    let files = [("a.json", ONE), ("b.json", r#"{"port": 1, "legacy": 1}"#), ("c.json", "[]")];
    let documents =
        documents(&[("1", old()), ("2", new()), ("3", json!({"maxProperties": 2}))], &files);
    let second = program(
        vec![Action::Test { at: at("/legacy"), value: json!(1) }],
        Some(Span::new(0, 1)),
        "2",
        "3",
    );
    let after = documents.after(&[up(nest()), second]);
    assert_eq!(after.len(), 3);
    assert!(after[0].1.as_ref().unwrap_err().contains("operation 1 (test /legacy)"));
    assert!(after[1].1.as_ref().unwrap().contains("server"));
    assert_eq!(after[2].1.as_deref(), Ok("[]"));
}

#[test]
fn hostile_operations_are_refused() {
    let open = json!({});
    let versions = [("1", open.clone()), ("2", open)];
    let files = [("a.json", r#"{"a": {"b": [1, 2]}, "n": 1, "l": [{}, {}]}"#)];
    let mut target = documents(&versions, &files).target(&spec()).unwrap();
    let deep = Pointer(vec!["x".to_owned(); 100_000]);
    let moved = |from: &str, to: &str| Action::Move { from: at(from), to: at(to) };
    for (action, said) in [
        (Action::Add { at: deep.clone(), value: json!(1) }, "deeper than 128 levels"),
        (Action::Move { from: at("/a"), to: deep }, "deeper than 128 levels"),
        (Action::Remove { at: at("") }, "cannot take the whole document out"),
        (moved("/a", "/a/b/c"), "into itself"),
        (moved("/a/b/0", "/x"), "cannot move items of a list"),
        (moved("/n", "/l/-"), "cannot move items of a list"),
        (moved("/n", "/a"), "finds something at /a already"),
        (moved("/l/*", "/x"), "cannot move items of a list"),
        (moved("", "/x"), "cannot move the whole document"),
        (
            Action::Add { at: at("/n/x"), value: json!(1) },
            "finds a number at /n, which cannot hold",
        ),
        (Action::Unwrap { at: at("/a"), key: Some("c".into()) }, "no map with the only key c"),
        (Action::Unwrap { at: at("/a/b"), key: None }, "no list of one"),
        (Action::Scale { at: at("/n"), by: ratio("1/3") }, "no exact decimal"),
        (Action::Scale { at: at("/a"), by: ratio("2") }, "it is no number"),
        (Action::Map { at: at("/n"), table: vec![] }, "the table does not name it"),
        (Action::Test { at: at("/x/*"), value: json!(1) }, "finds nothing at /x/*"),
        (Action::Test { at: at("/\u{1b}[2J"), value: json!(1) }, "finds nothing at /\\u{1b}[2J"),
    ] {
        let message = message(&mut target, &up(vec![action]));
        assert!(message.contains(said), "{message}");
    }
    let wraps = (0..200).map(|_| Action::Wrap { at: at("/a"), key: None }).collect();
    assert!(message(&mut target, &up(wraps)).contains("nest deeper than 128 levels"));
}

#[test]
fn the_way_back_takes_out_the_maps_that_were_made() {
    let open = json!({});
    let start = r#"{"s": [{"x": 1}, {"t": {"mode": "a"}}, {"t": {}}], "old": 1.0}"#;
    let mut target = documents(&[("1", open.clone()), ("2", open)], &[("a.json", start)])
        .target(&spec())
        .unwrap();
    let before = target.snapshot().unwrap();
    let up = up(vec![
        Action::Add { at: at("/s/*/t/mode"), value: json!("b") },
        Action::Scale { at: at("/old"), by: ratio("2") },
        Action::Move { from: at("/old"), to: at("/new/deep/er") },
    ]);
    run(&mut target, &up);
    let value: Value = serde_json::from_str(&text(&target, "a.json")).unwrap();
    assert_eq!(
        value,
        json!({"s": [{"x": 1, "t": {"mode": "b"}}, {"t": {"mode": "a"}}, {"t": {"mode": "b"}}],
               "new": {"deep": {"er": 2.0}}})
    );
    run(&mut target, &inverse(&up));
    let diff = before.diff(&target.snapshot().unwrap());
    assert!(!diff.is_material(), "{diff:?}");
}
