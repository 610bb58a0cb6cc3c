//! Config schemas, documents and config migrations through the real binary.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Answer, Folder, Tree, check_folders, check_with, commit, gate, repository};

const CONFIG: &str = "migration-gate.toml";
const CONTRACT: &str = "config/migrations/compatibility_contract.toml";
const SCHEMA: &str = "config/app.schema.json";

fn demo(side: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/relay").join(side)
}

/// A file tree as the tests' own kind of tree.
fn tree(folder: &Path) -> Tree {
    fn walk(top: &Path, at: &Path, tree: Tree) -> Tree {
        let mut entries: Vec<PathBuf> =
            fs::read_dir(at).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        entries.into_iter().fold(tree, |tree, path| match path.is_dir() {
            true => walk(top, &path, tree),
            false => {
                let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
                tree.with(&name, &fs::read_to_string(&path).unwrap())
            }
        })
    }
    walk(folder, folder, Tree::default())
}

fn schema_report(answer: &Answer) -> &Value {
    &answer.report["sets"][0]["schemas"][0]
}

#[test]
fn the_demo_passes_because_its_migration_mends_what_breaks() {
    let answer = check_folders(&demo("base"), &demo("head"), &[]);
    assert_eq!(answer.exit, 0, "{:#}", answer.report);
    assert_eq!(answer.findings(), ["note config/document-invalid"]);
    let schema = schema_report(&answer);
    assert_eq!((&schema["governed"], &schema["invalid"]), (&3.into(), &2.into()));
    assert_eq!(schema["mended"], 2);
    assert_eq!(schema["comparisons"][0]["verdict"], "breaking");
    assert_eq!(answer.steps(), ["up: ok", "again: ok", "down: ok", "up again: ok"]);
}

#[test]
fn without_its_migration_the_demo_is_blocked_by_its_impact() {
    let head = tree(&demo("head")).without("0001_timeout");
    let answer = check_with(&tree(&demo("base")), &head, &[]);
    assert_eq!(
        (answer.exit, answer.findings()),
        (1, vec!["error config/migration-required".into()])
    );
    let finding = &answer.report["findings"][0];
    let message = finding["message"].as_str().unwrap();
    assert!(message.starts_with("2 of 3 files break"), "{message}");
    assert_eq!(finding["schema"], "relay");
}

#[test]
fn a_migration_that_mends_only_half_is_blocked() {
    let head = tree(&demo("head"));
    let half = head
        .text("config/migrations/0001_timeout_in_milliseconds.toml")
        .replace("[[up]]\nmove", "targets = [\"config/*.json\"]\n\n[[up]]\nmove");
    let head = head.with("config/migrations/0001_timeout_in_milliseconds.toml", &half);
    let answer = check_with(&tree(&demo("base")), &head, &[]);
    let expected = ["error config/document-invalid", "note config/document-invalid"];
    assert_eq!((answer.exit, answer.findings()), (1, expected.map(String::from).to_vec()));
}

/// A migration that does not run says why; the documents that wait for it do not say it again.
#[test]
fn a_migration_that_fails_is_the_one_cause() {
    let head = tree(&demo("head"));
    let name = "config/migrations/0001_timeout_in_milliseconds.toml";
    let too_much = head.text(name).replace("= 1000", "= 100000");
    let answer = check_with(&tree(&demo("base")), &head.with(name, &too_much), &[]);
    let expected = ["error dryrun/up-fails", "note config/schema-breaking"];
    assert_eq!((answer.exit, answer.findings()), (1, expected.map(String::from).to_vec()));
    let schema = schema_report(&answer);
    assert_eq!((&schema["invalid"], &schema["mended"]), (&2.into(), &0.into()));
}

const SET: &str = "version = 1\n[[set]]\nname = \"app\"\nengine = \"documents\"\n\
                   path = \"config/migrations\"\ndocuments = [\"config/*.json\"]\n";

fn contract(more: &str) -> String {
    format!(
        "contract_version = 1\n[[schemas]]\nname = \"app\"\nschema = \"{SCHEMA}\"\n\
         files = [\"config/app*.json\"]\n{more}"
    )
}

fn base(schema: &str, document: &str) -> Tree {
    Tree::default()
        .with(CONFIG, SET)
        .with(CONTRACT, &contract(""))
        .with(SCHEMA, schema)
        .with("config/app.json", document)
}

/// The proof of neither is left to a person, who may accept it for a while.
#[test]
fn what_breaks_is_waived_by_the_name_of_its_schema() {
    let base = base("{\"maxProperties\": 5}", "{}");
    let head = base.clone().with(SCHEMA, "{\"maxProperties\": 4}");
    let answer = check_with(&base, &head, &[]);
    assert_eq!(
        (answer.exit, answer.findings()),
        (1, vec!["error config/migration-required".into()])
    );
    let waiver = |content: &str| {
        format!(
            "{SET}[[waiver]]\nrule = \"config/migration-required\"\nschema = \"app\"\n\
             content = \"sha256:{content}\"\nreason = \"nobody has five\"\nowner = \"team\"\n\
             expires = \"2026-12-31\"\n"
        )
    };
    let options = ["--as-of", "2026-11-21T10:00Z"];
    let other = waiver(&"0".repeat(64));
    let answer = check_with(
        &base.clone().with(CONFIG, &other),
        &head.clone().with(CONFIG, &other),
        &options,
    );
    assert_eq!(answer.exit, 1);
    let told = answer.report["findings"].to_string();
    let (_, rest) = told.split_once("content = \\\"sha256:").expect("the content it has now");
    let right = waiver(&rest[..64]);
    let answer = check_with(&base.with(CONFIG, &right), &head.with(CONFIG, &right), &options);
    assert_eq!((answer.exit, answer.findings()), (0, Vec::<String>::new()));
    assert_eq!(answer.report["waived"][0]["finding"]["schema"], "app");
}

#[test]
fn a_change_cannot_take_its_promise_back() {
    let base = base("{\"maxProperties\": 5}", "{}");
    let head = base
        .clone()
        .with(SCHEMA, "{\"maxProperties\": 4}")
        .with(CONTRACT, &contract("compatibility = \"none\"\n"));
    let answer = check_with(&base, &head, &[]);
    let expected = ["error config/migration-required", "warning governance/policy-changed"];
    assert_eq!((answer.exit, answer.findings()), (1, expected.map(String::from).to_vec()));
}

#[test]
fn a_set_that_moves_keeps_its_promise() {
    let base = base("{\"maxProperties\": 5}", "{}");
    let moved = SET.replace("config/migrations", "config/m2");
    let head = base
        .clone()
        .with(SCHEMA, "{\"maxProperties\": 4}")
        .with(CONFIG, &moved)
        .with("config/m2/compatibility_contract.toml", &contract("compatibility = \"none\"\n"));
    let answer = check_with(&base, &head, &[]);
    assert_eq!(answer.exit, 1, "{:#}", answer.report["findings"]);
    assert!(answer.findings().contains(&"error config/migration-required".to_owned()));
}

/// The contract alone tells that there is a set of documents.
#[test]
fn a_contract_needs_no_configuration() {
    let base = base("{\"maxProperties\": 5}", "{}").without(CONFIG);
    let head = base.clone().with(SCHEMA, "{\"maxProperties\": 4}");
    let answer = check_with(&base, &head, &[]);
    assert_eq!(
        (answer.exit, answer.findings()),
        (1, vec!["error config/migration-required".into()])
    );
    assert_eq!(answer.report["sets"][0]["name"], "config/migrations");
    let answer = check_with(&base, &base.clone().with("README.md", "x"), &[]);
    assert_eq!((answer.exit, answer.findings()), (0, Vec::new()));
}

/// A merged migration that is edited runs over the documents like a new one.
#[test]
fn an_edited_migration_runs() {
    let head = tree(&demo("head"));
    let name = "config/migrations/0001_timeout_in_milliseconds.toml";
    let edited = head.text(name).replace("by    = 1000", "by    = 999");
    let answer = check_with(&head, &head.clone().with(name, &edited), &[]);
    assert!(answer.steps().starts_with(&["up: ok".to_owned()]), "{:?}", answer.steps());
    let edited = |finding: &&String| finding.ends_with("history/edited");
    assert_eq!(answer.findings().iter().filter(edited).count(), 1, "{:#}", answer.report);
}

/// Two places that say what governs the documents are one too many.
#[test]
fn a_contract_beside_pairs_is_refused() {
    let pairs =
        format!("{SET}schemas = [{{ files = \"config/app.json\", schema = \"{SCHEMA}\" }}]\n");
    let tree = base("{}", "{}").with(CONFIG, &pairs);
    let folder = Folder::new(&tree.files().collect::<Vec<_>>());
    let told = gate(folder.path(), &["check", "--all"]).refused(2);
    assert!(told.contains("both say what governs the documents"), "{told}");
}

/// What the base lacks is not the change's fault, and cannot be mended by any other one.
#[test]
fn a_contract_that_the_base_names_and_lacks_can_be_added() {
    let named = format!("{SET}contract = \"config/contract.toml\"\n");
    let base = base("{}", "{}").with(CONFIG, &named).without(CONTRACT);
    let head = base.clone().with("config/contract.toml", &contract(""));
    let answer = check_with(&base, &head, &[]);
    assert_eq!((answer.exit, answer.findings()), (0, Vec::new()), "{:#}", answer.report);
    let folder = Folder::new(&base.files().collect::<Vec<_>>());
    let told = gate(folder.path(), &["check", "--all"]).refused(2);
    assert!(told.contains("there is no contract config/contract.toml"), "{told}");
}

/// Nothing is configured: the schema and its document are known by their looks.
#[test]
fn without_configuration_a_change_of_a_schema_is_seen_in_git() {
    let draft = "\"$schema\": \"https://json-schema.org/draft/2020-12/schema\"";
    let folder = Folder::new(&[
        ("etc/app.schema.json", &format!("{{{draft}}}")),
        ("etc/app.yaml", "# how it listens\nport: high # for now\n"),
    ]);
    repository(folder.path());
    commit(folder.path());
    let port = format!("{{{draft}, \"properties\": {{\"port\": {{\"type\": \"integer\"}}}}}}");
    folder.write("etc/app.schema.json", &port);
    let ran = gate(folder.path(), &["check", "--base", "HEAD", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{}", ran.out);
    let answer = Answer::from(ran);
    assert_eq!(answer.findings(), ["error config/document-invalid"]);
    let finding = &answer.report["findings"][0];
    assert_eq!((&finding["file"], &finding["line"]), (&"etc/app.yaml".into(), &2.into()));
    folder.write("etc/app.yaml", "# how it listens\nport: 80 # for now\n");
    let ran = gate(folder.path(), &["check", "--base", "HEAD", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(Answer::from(ran).findings(), ["warning config/schema-breaking"]);
}

/// Every version of a document that says its own goes through all migrations.
#[test]
fn the_whole_history_of_a_set_is_walked() {
    let schema = |version: &str, key: &str| {
        format!(
            "{{\"type\": \"object\", \"required\": [\"version\", \"{key}\"], \"properties\": \
             {{\"version\": {{\"const\": \"{version}\"}}, \"{key}\": {{\"type\": \"integer\"}}}}, \
             \"additionalProperties\": false}}"
        )
    };
    let migration = |from: &str, to: &str, was: &str, is: &str| {
        format!(
            "class = \"online\"\nschema = \"app\"\nfrom = \"{from}\"\nto = \"{to}\"\n\
             [[up]]\nmove = \"/{was}\"\nto = \"/{is}\"\n"
        )
    };
    let releases = "version = \"3\"\nversion_at = \"/version\"\nreleases = [\
                    {version = \"1\", schema = \"config/r/1.json\"}, \
                    {version = \"2\", schema = \"config/r/2.json\"}]\n";
    let tree = Tree::default()
        .with(CONFIG, SET)
        .with(CONTRACT, &contract(releases))
        .with(SCHEMA, &schema("3", "c"))
        .with("config/r/1.json", &schema("1", "a"))
        .with("config/r/2.json", &schema("2", "b"))
        .with("config/app.json", "{ \"version\": \"3\", \"c\": 1 }\n")
        .with("config/migrations/0001_a_to_b.toml", &migration("1", "2", "a", "b"))
        .with("config/migrations/0002_b_to_c.toml", &migration("2", "3", "b", "c"));
    let folder = Folder::new(&tree.files().collect::<Vec<_>>());
    let ran = gate(folder.path(), &["check", "--all", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{}", ran.out);
    let answer = Answer::from(ran);
    assert_eq!(answer.findings(), Vec::<String>::new());
    let walk = ["up: ok", "again: ok", "down: ok", "up again: ok", "reverse: ok"];
    assert_eq!(answer.steps(), [walk, walk].concat());
}

/// What the gate advises is the help of the finding, and no word of an engine.
#[test]
fn an_operation_that_finds_nothing_is_told_with_its_way_out() {
    let head = tree(&demo("head"));
    let name = "config/migrations/0001_timeout_in_milliseconds.toml";
    let idle = format!("{}\n[[up]]\nremove = \"/nothing\"\n", head.text(name));
    let answer = check_with(&tree(&demo("base")), &head.with(name, &idle), &[]);
    let findings = answer.report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == "dryrun/up-fails").unwrap();
    let help = finding["help"].as_str().unwrap();
    assert!(help.starts_with("mend its place, take it out, or add a fixture"), "{finding}");
    assert!(!finding.to_string().contains("hint: "), "{finding}");
}

/// Files as people write them, with every kind of operation.
pub(crate) const WRITTEN: [(&str, &str); 4] = [
    (
        "config/app.json",
        "{\r\n    \"kind\": \"app\",\r\n    \"legacy\": [1, 2.50],\r\n    \"port\": 80,\r\n    \
         \"mode\": \"slow\", \"level\": \"warn\",\r\n    \"url\": \"http://a\",\r\n    \"boxed\": [ 1 ],\r\n    \
         \"timeout\": 3,\r\n    \"jobs\": [{\"wait\": 1}, {\"wait\": 0.5}],\r\n    \"name\": \"x\"\r\n}",
    ),
    (
        "config/app.jsonc",
        "// the app\n{\n  \"kind\": \"app\", // tested\n  \"legacy\": {\"a\": 1},\n  \"port\": 80, // how\n  \
         \"mode\": \"slow\",\n  /* of the log */\n  \"level\": \"info\",\n  \"url\": \"http://a\",\n  \
         \"boxed\": [1],\n  \"timeout\": 3, // seconds\n  \"jobs\": [\n    { \"wait\": 1 },\n  ],\n  \
         \"name\": \"x\",\n}\n",
    ),
    (
        "config/app.yaml",
        "# the app\r\nkind: app # tested\r\nlegacy: old\r\nport: 80 # how\r\nmode: slow # now\r\n\
         level: warn\r\nurl: http://a\r\nboxed: [1]\r\ntimeout: 3 # seconds\r\njobs:\r\n  - wait: 1 # a\r\n  \
         - wait: 2\r\nname: x # the last",
    ),
    (
        "config/app.toml",
        "# the app\nkind = \"app\" # tested\nlegacy = 1979-05-27\nport = 80 # how\nmode = 'slow' # now\n\
         level = \"warn\"\nurl = \"http://a\"\nboxed = [ 1 ]\ntimeout = 3 # seconds\nname = \"x\"\n\n\
         [[jobs]] # one\nwait = 1\n\n[[jobs]]\nwait = 2 # the last",
    ),
];

const EVERY: &str = r#"
[[up]]
test = "/kind"
value = "app"
[[up]]
add = "/host"
value = "0.0.0.0"
[[up]]
remove = "/legacy"
[[up]]
move = "/port"
to = "/server/port"
[[up]]
set = "/mode"
value = "fast"
[[up]]
map = "/level"
table = { warn = "warning", info = "info" }
[[up]]
wrap = "/url"
key = "href"
[[up]]
unwrap = "/boxed"
[[up]]
scale = "/timeout"
by = 1000
[[up]]
scale = "/jobs/*/wait"
by = "1000"
"#;

/// What the gate proves of them is that each comes back as it was.
#[test]
fn every_operation_runs_on_every_format() {
    let all = r#""kind": {"const": "app"}, "legacy": {}, "mode": {"type": "string"},
        "timeout": {"type": "integer"}, "jobs": {"type": "array", "items": {"type": "object",
        "required": ["wait"], "properties": {"wait": {"type": "number"}}}}"#;
    let old = format!(
        r#"{{"type": "object", "additionalProperties": false,
        "required": ["kind", "port", "name"], "properties": {{{all},
        "port": {{"type": "integer"}}, "url": {{"type": "string"}}, "name": {{"const": "x"}},
        "level": {{"enum": ["warn", "info"]}},
        "boxed": {{"type": "array", "items": {{"type": "integer"}}, "minItems": 1, "maxItems": 1}}}}}}"#
    );
    let middle = format!(
        r#"{{"type": "object", "additionalProperties": false,
        "required": ["kind", "server", "name"], "properties": {{{all},
        "server": {{"required": ["port"]}}, "url": {{"required": ["href"]}},
        "name": {{"const": "x"}}, "level": {{"enum": ["warning", "info"]}},
        "boxed": {{"type": "integer"}}, "host": {{"type": "string"}}}}}}"#
    );
    let new = middle.replace("\"x\"", "\"X\"");
    let contract = |version: &str, releases: &str| {
        let more = format!("version = \"{version}\"\nreleases = [{releases}]\n");
        contract(&more).replace("app*.json", "app.{json,jsonc,yaml,toml}")
    };
    let header = |from, to| {
        format!("class = \"online\"\nschema = \"app\"\nfrom = \"{from}\"\nto = \"{to}\"\n")
    };
    let jq = "[[up]]\njq = \".name |= ascii_upcase\"\n[[down]]\njq = \".name |= ascii_downcase\"\n";
    let base = WRITTEN.iter().fold(Tree::default(), |tree, (name, text)| tree.with(name, text));
    let base = base
        .with(CONFIG, &SET.replace("*.json", "app.{json,jsonc,yaml,toml}"))
        .with(CONTRACT, &contract("1", ""))
        .with(SCHEMA, &old);
    let releases = "{version = \"1\", schema = \"config/r/1.json\"}, \
                    {version = \"2\", schema = \"config/r/2.json\"}";
    let head = base
        .clone()
        .with(CONTRACT, &contract("3", releases))
        .with(SCHEMA, &new)
        .with("config/r/1.json", &old)
        .with("config/r/2.json", &middle)
        .with("config/migrations/0001_every.toml", &(header("1", "2") + EVERY))
        .with("config/migrations/0002_jq.toml", &(header("2", "3") + jq));
    let answer = check_with(&base, &head, &[]);
    assert_eq!(answer.exit, 0, "{:#}", answer.report);
    let walk = ["up: ok", "again: ok", "down: ok", "up again: ok", "reverse: ok"];
    assert_eq!(answer.steps(), [walk, walk].concat());
    assert_eq!(schema_report(&answer)["mended"], 4);
    let told: Vec<&Value> = answer.report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"] == "rollback/leaves-trace")
        .collect();
    assert!(!told.is_empty(), "{:#}", answer.report);
    for finding in told {
        let message = finding["message"].as_str().unwrap();
        let end = "formatted otherwise than before (the values are the same)";
        assert!(message.contains("config/app.json") && message.ends_with(end), "{message}");
        assert!(finding.get("diff").is_none_or(|diff| diff == &serde_json::json!([])), "{finding}");
    }
}
