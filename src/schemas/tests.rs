use std::path::Path;

use super::*;
use crate::changes::compare_folders;
use crate::contract;
use crate::host;
use crate::model::{
    Compared, Direction, DocumentOrigin, InvalidDocument, Location, SchemaChange, SchemaFault,
};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const APP: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {"version": {"type": "string"}, "port": {"type": "integer"}},
  "required": ["port"],
  "additionalProperties": false
}
"#;
/// Like `APP`, but a port is text.
const TEXT: &str = r#"{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {"version": {"type": "string"}, "port": {"type": "string"}},
  "required": ["port"],
  "additionalProperties": false
}
"#;
const CONTRACT: &str = r#"contract_version = 1
[[schemas]]
name = "app"
schema = "c/app.schema.json"
files = ["c/app*"]
version = "1"
"#;

/// Two folders, and everything that is read from them.
struct Case {
    keep: tempfile::TempDir,
    documents: Vec<String>,
    migrations: Vec<(String, String)>,
    all: bool,
}

impl Case {
    /// Files of both sides, then those of the base and of the head alone.
    fn new(both: &[(&str, &str)], base: &[(&str, &str)], head: &[(&str, &str)]) -> Self {
        let keep = tempfile::tempdir_in(host::temp_dir()).unwrap();
        for side in ["base", "head"] {
            std::fs::create_dir_all(keep.path().join(side)).unwrap();
            let own = if side == "base" { base } else { head };
            for (path, text) in both.iter().chain(own) {
                write(&keep.path().join(side).join(path), text);
            }
        }
        Self { keep, documents: Vec::new(), migrations: Vec::new(), all: false }
    }

    fn comparison(&self) -> Comparison {
        let top = self.keep.path();
        compare_folders(Some(&top.join("base")), &top.join("head")).unwrap()
    }

    fn contract(&self, side: &str) -> Option<Contract> {
        let path = RepoPath::new("m/compatibility_contract.toml").unwrap();
        let bytes = std::fs::read(self.keep.path().join(side).join(path.as_str())).ok()?;
        let (contract, problems) = contract::parse(&path, &bytes);
        assert_eq!(problems, []);
        Some(contract)
    }

    fn inspect(&self) -> Inspected {
        let comparison = self.comparison();
        let folder = RepoPath::new("m").unwrap();
        inspect(&Request {
            comparison: &comparison,
            contract: &self.contract("head").unwrap(),
            base_contract: self.contract("base").as_ref(),
            assumed: &BTreeMap::new(),
            folder: Some(&folder),
            documents: &self.documents,
            all: self.all,
            migrations: &self.migrations,
        })
        .unwrap()
    }

    /// What is found without a contract.
    fn discovered(&self) -> (Discovered, Inspected) {
        let comparison = self.comparison();
        let found = discover(&comparison, self.all).unwrap();
        let inspected = inspect(&Request {
            comparison: &comparison,
            contract: &found.contract,
            base_contract: None,
            assumed: &found.assumed,
            folder: None,
            documents: &[],
            all: self.all,
            migrations: &[],
        })
        .unwrap();
        (found, inspected)
    }

    fn one(&self) -> SchemaEvidence {
        let mut inspected = self.inspect();
        assert_eq!(inspected.evidence.len(), 1, "{:?}", inspected.evidence);
        inspected.evidence.remove(0)
    }

    /// The text at a place of the head.
    fn at(&self, location: &Location) -> String {
        let text =
            std::fs::read_to_string(self.keep.path().join("head").join(location.path.as_str()));
        let span = location.span.unwrap();
        text.unwrap()[span.start..span.end].to_owned()
    }
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const AT: &str = "m/compatibility_contract.toml";

fn with(lines: &str) -> String {
    format!("{CONTRACT}{lines}\n")
}

fn messages(faults: &[SchemaFault]) -> Vec<&str> {
    faults.iter().map(|fault| fault.message.as_str()).collect()
}

fn verdicts(evidence: &SchemaEvidence) -> Vec<(Direction, &str, bool, char)> {
    let letter = |verdict: &Compared| match verdict {
        Compared::Compatible => 'C',
        Compared::Breaking { .. } => 'B',
        Compared::Unknown { .. } => 'U',
    };
    let comparisons = evidence.comparisons.iter();
    comparisons
        .map(|it| (it.direction, it.against.as_str(), it.demanded, letter(&it.verdict)))
        .collect()
}

#[test]
fn a_breaking_schema_is_told_with_every_document_that_breaks() {
    let case = Case::new(
        &[
            (AT, CONTRACT),
            ("c/app.json", "{\n  \"port\": 80\n}\n"),
            ("c/app-eu.yaml", "port: 81\n"),
            ("c/app-us.toml", "port = 82\n"),
            ("c/other.json", "{}"),
        ],
        &[("c/app.schema.json", APP)],
        &[("c/app.schema.json", TEXT), ("c/app-new.json", "{\"port\": \"1\"}")],
    );
    let evidence = case.one();
    assert_eq!(evidence.change, SchemaChange::Modified);
    assert_eq!((evidence.governed, evidence.faults.len()), (4, 0));
    assert_eq!(verdicts(&evidence), [(Direction::Backward, "the base", true, 'B')]);
    let Compared::Breaking { witness, violations, location } = &evidence.comparisons[0].verdict
    else {
        panic!("{:?}", evidence.comparisons)
    };
    assert!(serde_json::from_str::<serde_json::Value>(witness).is_ok(), "{witness}");
    assert!(violations[0].starts_with("/port: "), "{violations:?}");
    assert_eq!(case.at(location.as_ref().unwrap()), "\"string\"");
    let told = |it: &InvalidDocument| {
        (it.location.path.to_string(), case.at(&it.location), it.was_valid, it.touched, it.more)
    };
    let expected = [("c/app-eu.yaml", "81"), ("c/app-us.toml", "82"), ("c/app.json", "80")]
        .map(|(path, text)| (path.to_owned(), text.to_owned(), Some(true), false, 0));
    assert_eq!(evidence.invalid.iter().map(told).collect::<Vec<_>>(), expected);
    assert_eq!(evidence.invalid[0].pointer.to_string(), "/port");
    assert_eq!(case.at(&evidence.version_location), "\"1\"");
    assert_eq!(evidence.versions, (Some("1".to_owned()), Some("1".to_owned())));
}

#[test]
fn an_edited_document_is_validated_though_its_schema_is_not_touched() {
    let case = Case::new(
        &[(AT, CONTRACT), ("c/app.schema.json", APP), ("c/app-b.json", "{\"port\": \"old\"}")],
        &[("c/app.json", "{\"port\": 1}"), ("c/app-c.json", "{\"port\": 1}")],
        &[("c/app.json", "{\"port\": \"1\", \"x\": 1}"), ("c/app-c.json", "{\"port\": ")],
    );
    let evidence = case.one();
    assert_eq!(evidence.change, SchemaChange::Unchanged);
    assert_eq!(evidence.comparisons, []);
    let told: Vec<_> = evidence
        .invalid
        .iter()
        .map(|it| (it.location.path.as_str(), it.was_valid, it.touched, it.more))
        .collect();
    assert_eq!(
        told,
        [
            ("c/app-b.json", Some(false), false, 0),
            ("c/app-c.json", Some(true), true, 0),
            ("c/app.json", Some(true), true, 1),
        ]
    );
    assert!(evidence.invalid[1].message.starts_with("it cannot be read: "));
    let nothing = Case::new(
        &[(AT, CONTRACT), ("c/app.schema.json", APP), ("c/app-b.json", "{\"port\": \"old\"}")],
        &[],
        &[("other.txt", "x")],
    );
    assert_eq!(nothing.inspect().evidence, []);
}

#[test]
fn the_base_says_what_is_promised() {
    let weak = with("compatibility = \"none\"");
    let strong = with(
        "compatibility = \"full_transitive\"\nreleases = [{ version = \"0\", schema = \"c/r/0.json\" }]",
    );
    let files = [("c/r/0.json", APP)];
    let case = Case::new(
        &files,
        &[(AT, strong.as_str()), ("c/app.schema.json", APP)],
        &[(AT, weak.as_str()), ("c/app.schema.json", TEXT)],
    );
    let all = [
        (Direction::Backward, "the base", true, 'B'),
        (Direction::Forward, "the base", true, 'B'),
        (Direction::Backward, "release 0", true, 'B'),
        (Direction::Forward, "release 0", true, 'B'),
    ];
    assert_eq!(verdicts(&case.one()), all);
    // A schema that is new to the contract follows the head's word.
    let new = Case::new(
        &files,
        &[("c/app.schema.json", APP)],
        &[(AT, weak.as_str()), ("c/app.schema.json", TEXT)],
    );
    assert_eq!(verdicts(&new.one()), [(Direction::Backward, "the base", false, 'B')]);
}

#[test]
fn a_config_migration_claims_the_way_back() {
    let mut case =
        Case::new(&[(AT, CONTRACT)], &[("c/app.schema.json", APP)], &[("c/app.schema.json", TEXT)]);
    case.migrations = vec![("0001_x".to_owned(), "app".to_owned())];
    let evidence = case.one();
    assert_eq!(evidence.migrations, ["0001_x"]);
    assert_eq!(verdicts(&evidence)[1], (Direction::Forward, "the base", true, 'B'));
}

#[test]
fn a_schema_cannot_leave_the_contract_unseen() {
    let other = CONTRACT.replace("\"app\"", "\"other\"").replace("c/app", "d/app");
    let case = Case::new(
        &[("c/app.schema.json", APP), ("c/app.json", "{\"port\": 1}")],
        &[(AT, CONTRACT)],
        &[(AT, other.as_str()), ("d/app.schema.json", APP)],
    );
    let inspected = case.inspect();
    let app = inspected.evidence.iter().find(|it| it.name == "app").unwrap();
    assert_eq!((&app.change, app.governed), (&SchemaChange::Deleted, 1));

    let narrow = CONTRACT.replace("c/app*", "c/app.json");
    let case = Case::new(
        &[("c/app.schema.json", APP), ("c/app-eu.json", "{\"port\": \"x\"}")],
        &[(AT, CONTRACT)],
        &[(AT, narrow.as_str())],
    );
    let evidence = case.one();
    let lost = "1 document that it governed has no schema now";
    assert_eq!(messages(&evidence.faults), [lost]);
    assert_eq!(case.at(&evidence.faults[0].location), "\"c/app.json\"");

    // Another name for the same file is the same schema.
    let renamed = CONTRACT.replace("\"app\"", "\"application\"");
    let case = Case::new(
        &[],
        &[(AT, CONTRACT), ("c/app.schema.json", APP)],
        &[(AT, renamed.as_str()), ("c/app.schema.json", TEXT)],
    );
    let evidence = case.one();
    assert_eq!(
        (evidence.name.as_str(), &evidence.change),
        ("application", &SchemaChange::Modified)
    );
    assert_eq!(verdicts(&evidence), [(Direction::Backward, "the base", true, 'B')]);
}

#[test]
fn what_is_wrong_with_a_schema_is_told_at_its_place() {
    let one = |schema: &str| {
        let files = [("c/app.schema.json", schema), ("c/app.json", "{\"port\": 1}")];
        let case = Case::new(&[(AT, CONTRACT)], &[("c/app.schema.json", APP)], &files);
        let evidence = case.one();
        let fault = evidence.faults.first().unwrap().clone();
        assert!(!fault.old && evidence.invalid.is_empty(), "{evidence:?}");
        let place = fault.location.span.map(|_| case.at(&fault.location));
        (fault.message, place)
    };
    let (message, place) = one("{\"type\": \"nothing\"}");
    assert!(message.contains("no valid schema"), "{message}");
    assert_eq!(place.as_deref(), Some("\"nothing\""));
    assert_eq!(one("{\"$ref\": \"gone.json\"}").1.as_deref(), Some("\"gone.json\""));
    assert!(one("{").0.starts_with("the schema is not read: it cannot be read"));
    assert!(
        one("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
            .0
            .contains("Git LFS")
    );
    assert!(one(&format!("\"{}\"", "x".repeat(8 << 20))).0.contains("larger than 8 MiB"));

    // What was broken before is not the change's fault, unless it touches what hangs on it.
    let broken = [(AT, CONTRACT), ("c/app.schema.json", "{\"type\": 1}")];
    let mut case = Case::new(&broken, &[], &[]);
    assert_eq!(case.inspect().evidence, []);
    case.all = true;
    assert!(case.one().faults.iter().all(|fault| fault.old));
    let gone = Case::new(&[(AT, CONTRACT)], &[("c/app.schema.json", APP)], &[]);
    let evidence = gone.one();
    assert_eq!(evidence.change, SchemaChange::Deleted);
    assert_eq!(messages(&evidence.faults), ["the schema's file is not there"]);
}

#[test]
fn links_and_odd_bytes_are_never_followed() {
    let case = Case::new(&[(AT, CONTRACT), ("c/app.schema.json", APP)], &[], &[]);
    let folder = case.keep.path().join("head/c");
    std::os::unix::fs::symlink("/etc/hostname", folder.join("app-link.json")).unwrap();
    std::fs::write(folder.join("app-bytes.json"), b"\xff\xfe").unwrap();
    std::fs::write(folder.join("app-deep.json"), "[".repeat(100_000)).unwrap();
    let evidence = case.one();
    let told: Vec<&str> = evidence.invalid.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(told.len(), 3, "{told:?}");
    assert_eq!(told[0], "it is not UTF-8");
    assert_eq!(told[2], "it is a symbolic link, which is not followed");
    std::fs::remove_file(folder.join("app.schema.json")).unwrap();
    std::os::unix::fs::symlink("app.json", folder.join("app.schema.json")).unwrap();
    let faults = case.one().faults;
    assert!(faults[0].message.contains("symbolic link"), "{faults:?}");
}

#[test]
fn references_are_read_from_their_own_side() {
    let root = format!("{{\"$schema\": \"{DRAFT}\", \"$ref\": \"parts/port.yaml#/$defs/app\"}}");
    let part = "$defs:\n  app:\n    properties:\n      port: {$ref: 'deep.json'}\n";
    let case = Case::new(
        &[(AT, CONTRACT), ("c/app.schema.json", &root), ("c/parts/port.yaml", part)],
        &[("c/parts/deep.json", "{\"type\": \"integer\"}"), ("c/app.json", "{\"port\": 1}")],
        &[("c/parts/deep.json", "{\"type\": \"string\"}"), ("c/app.json", "{\"port\": 1}")],
    );
    let evidence = case.one();
    assert_eq!((evidence.faults.len(), &evidence.change), (0, &SchemaChange::Modified));
    assert_eq!(verdicts(&evidence), [(Direction::Backward, "the base", true, 'B')]);
    assert_eq!(evidence.invalid.len(), 1);
}

#[test]
fn remote_schemas_come_from_the_vendored_folder_alone() {
    let contract = format!("vendored = \"v\"\n{CONTRACT}");
    let root = "{\"properties\": {\"a\": {\"$ref\": \"https://x.org/s/a\"}, \
                \"b\": {\"$ref\": \"https://x.org/b.json#/$defs/t\"}}}";
    let copies = [
        ("v/x.org/s/a.json", "{\"type\": \"integer\"}"),
        ("v/any.yaml", "$id: https://x.org/b.json\n$defs: {t: {type: string}}\n"),
    ];
    let own = [("c/app.schema.json", root), ("c/app.json", "{\"a\": \"x\", \"b\": \"x\"}")];
    let case = Case::new(&copies, &[], &[&own[..], &[(AT, contract.as_str())]].concat());
    let evidence = case.one();
    assert_eq!(evidence.faults, []);
    assert_eq!(evidence.invalid[0].pointer.to_string(), "/a");
    let without = Case::new(&[], &[], &[&own[..], &[(AT, CONTRACT)]].concat());
    assert_eq!(without.one().faults.len(), 2);
}

#[test]
fn removed_properties_are_told_with_their_releases() {
    let schema = |properties: &str| {
        format!(
            "{{\"$schema\": \"{DRAFT}\", \"properties\": {{{properties}}}, \"$defs\": {{\"old\": {{\"deprecated\": true, \"properties\": {{\"in\": {{}}}}}}}}}}"
        )
    };
    let contract = with(
        "compatibility = \"none\"\ndeprecation = { releases = 2, days = 9 }\nreleases = [{ version = \
         \"a\", schema = \"c/r/a.json\" }, { version = \"b\", schema = \"c/r/b.json\" }]",
    );
    let keep = "\"keep\": {}";
    let server = "\"server\": {\"properties\": {\"port\": {}, \"host\": {}}}";
    let both = [
        (AT, contract.as_str()),
        ("c/r/a.json", &schema("\"gone\": {}")),
        ("c/r/b.json", &schema("\"gone\": {\"deprecated\": true}")),
    ];
    let case = Case::new(
        &both,
        &[(
            "c/app.schema.json",
            &schema(&format!("{keep}, {server}, \"gone\": {{\"$ref\": \"#/$defs/old\"}}")),
        )],
        &[(
            "c/app.schema.json",
            &schema(&format!("{keep}, {}", server.replace("\"port\": {}, ", ""))),
        )],
    );
    let evidence = case.one();
    let told: Vec<_> = evidence
        .removed
        .iter()
        .map(|it| (it.name.as_str(), it.releases, it.since, it.asked.days))
        .collect();
    assert_eq!(told, [("gone", 1, None, Some(9)), ("server.port", 0, None, Some(9))]);
}

#[test]
fn only_secrets_that_are_new_are_told_and_never_repeated() {
    let schema = |more: &str| {
        format!(
            "{{\"properties\": {{\"password\": {{\"examples\": [\"k3J9vQz7Lm2Xp8Rt\"{more}]}}}}}}"
        )
    };
    let mut case = Case::new(
        &[(AT, CONTRACT)],
        &[("c/app.schema.json", &schema(""))],
        &[("c/app.schema.json", &schema(", \"Zk3J9vQz7Lm2Xp8Q\""))],
    );
    let evidence = case.one();
    let [(location, what)] = &evidence.secrets[..] else { panic!("{:?}", evidence.secrets) };
    assert_eq!(
        (case.at(location).as_str(), what.as_str()),
        ("\"Zk3J9vQz7Lm2Xp8Q\"", "a password or key")
    );
    case.all = true;
    assert_eq!(case.one().secrets.len(), 2);
}

#[test]
fn the_dry_run_gets_documents_as_they_wait_for_the_migration() {
    let contract = |version: &str| {
        let lines = CONTRACT.replace("version = \"1\"", &format!("version = \"{version}\""));
        format!("{lines}version_at = \"/version\"\nfixtures = [\"f/*.json\"]\n")
    };
    let mut case = Case::new(
        &[
            ("c/app-waits.json", "{\"version\": \"1\", \"port\": 1}"),
            ("c/app-same.json", "{\"port\": \"1\"}"),
            ("f/one.json", "{\"version\": \"1\", \"port\": 7}"),
            ("m/0001_x.toml", ""),
        ],
        &[
            (AT, &contract("1")),
            ("c/app.schema.json", APP),
            ("c/app-hand.json", "{\"version\": \"1\", \"port\": 2}"),
        ],
        &[
            (AT, &contract("2")),
            ("c/app.schema.json", TEXT),
            ("c/app-hand.json", "{\"version\": \"2\", \"port\": \"2\"}"),
        ],
    );
    assert_eq!(case.inspect().held, []);
    case.migrations = vec![("0001_x".to_owned(), "app".to_owned())];
    let inspected = case.inspect();
    let own: Vec<_> = inspected
        .held
        .iter()
        .filter(|held| held.origin != DocumentOrigin::Generated)
        .map(|held| (held.path.as_str(), held.origin, &*held.text))
        .collect();
    assert_eq!(
        own,
        [
            ("c/app-hand.json", DocumentOrigin::Base, "{\"version\": \"1\", \"port\": 2}"),
            ("c/app-same.json", DocumentOrigin::Head, "{\"port\": \"1\"}"),
            ("c/app-waits.json", DocumentOrigin::Head, "{\"version\": \"1\", \"port\": 1}"),
            ("f/one.json", DocumentOrigin::Fixture, "{\"version\": \"1\", \"port\": 7}"),
        ]
    );
    assert!(inspected.notices[0].contains("edits 1 of the documents"), "{:?}", inspected.notices);
    let [known] = &inspected.schemas[..] else { panic!("{:?}", inspected.schemas) };
    assert_eq!(known.versions.keys().collect::<Vec<_>>(), ["1", "2"]);
    for version in ["1", "2"] {
        let start = format!("generated/app-{version}-");
        let made: Vec<_> =
            inspected.held.iter().filter(|held| held.path.as_str().starts_with(&start)).collect();
        assert!(!made.is_empty() && made.len() <= 5, "{version}: {made:?}");
        for held in made {
            let value: serde_json::Value = serde_json::from_str(&held.text).unwrap();
            assert_eq!(value["version"], version);
            assert!(known.versions[version].is_valid(&value));
        }
    }
}

#[test]
fn documents_without_a_schema_are_counted() {
    let mut case = Case::new(
        &[(AT, CONTRACT), ("c/app.schema.json", APP), ("c/lone.json", "{}")],
        &[],
        &[("c/app.json", "{\"port\": 1}"), ("c/app-not.txt", "")],
    );
    case.documents = vec!["c/*".to_owned()];
    let notice = "no schema governs 1 of the set's documents, such as c/lone.json";
    assert_eq!(case.inspect().notices, [notice]);
    case.documents = vec!["d/*".to_owned()];
    assert_eq!(case.inspect().evidence, []);
    case.documents = vec!["[".to_owned()];
    assert!(case.inspect().notices[0].contains("cannot be read"));
}

#[test]
fn a_release_stays_as_it_was_given_out() {
    let contract = with("releases = [{ version = \"0\", schema = \"c/r/0.json\" }]");
    let case = Case::new(
        &[(AT, contract.as_str()), ("c/app.schema.json", APP), ("c/app.json", "{\"port\": 1}")],
        &[("c/r/0.json", APP)],
        &[("c/r/0.json", TEXT), ("c/app-b.json", "{\"port\": 1}")],
    );
    let told = "the schema of release 0, which was given out, is changed";
    assert_eq!(messages(&case.one().faults), [told]);
}

#[test]
fn without_a_contract_schemas_are_found_by_their_looks() {
    let case = Case::new(
        &[
            ("c/app.json", "{\"port\": 1}"),
            ("c/by-key.json", "{\"$schema\": \"./app.schema.json\", \"port\": 1}"),
            ("c/eu/by-line.yaml", "# yaml-language-server: $schema=../app.schema.json\nport: 1\n"),
            ("c/by-line.toml", "#:schema ./app.schema.json\nport = 1\n"),
            ("c/tests/by-key.json", "{\"$schema\": \"../app.schema.json\"}"),
            ("c/unrelated.json", "{}"),
            ("c/tags.yaml", "# yaml-language-server: $schema=app.schema.json\na: !secret b\n"),
            ("node_modules/x/x.schema.json", APP),
        ],
        &[("c/app.schema.json", APP)],
        &[("c/app.schema.json", TEXT), ("c/new.schema.json", "{\"no\": \"draft\"}")],
    );
    let (found, inspected) = case.discovered();
    let [evidence] = &inspected.evidence[..] else { panic!("{:?}", inspected.evidence) };
    assert_eq!((evidence.name.as_str(), evidence.governed), ("c/app.schema.json", 4));
    assert_eq!(
        evidence.assumed,
        [
            "1 document by `$schema`",
            "2 documents by a comment that names it",
            "1 document by the name of the schema beside it",
        ]
    );
    assert_eq!(verdicts(evidence), [(Direction::Backward, "the base", false, 'B')]);
    // The one by key also has a key that the schema does not know, and had it before.
    let was: Vec<_> = evidence.invalid.iter().map(|it| it.was_valid).collect();
    assert_eq!(was, [Some(true), Some(false), Some(true), Some(true)]);
    assert_eq!(found.notices.len(), 1, "{:?}", found.notices);
    assert!(found.notices[0].starts_with("c/tags.yaml is not validated"));
}

#[test]
fn without_a_contract_an_edited_document_finds_its_schema() {
    let case = Case::new(
        &[("c/schemas/app.schema.json", APP), ("c/schemas/idle.schema.json", APP)],
        &[("c/app.yaml", "port: 1\n"), ("c/gone.json", "{}")],
        &[("c/app.yaml", "port: x\n"), ("c/lost.json", "{\"$schema\": \"nowhere.json\"}")],
    );
    let (found, inspected) = case.discovered();
    let [lost, evidence] = &inspected.evidence[..] else { panic!("{:?}", inspected.evidence) };
    assert_eq!(evidence.name, "c/schemas/app.schema.json");
    assert_eq!(evidence.invalid.len(), 1);
    assert_eq!(found.notices, [""; 0]);
    assert_eq!((lost.name.as_str(), lost.validated), ("c/nowhere.json", false));
    assert!(lost.faults[0].message.starts_with("the schema's file is not there: "));
    assert!(!lost.faults[0].old);
    let gone = Case::new(&[("a.json", "{\"port\": 1}")], &[("a.schema.json", APP)], &[]);
    let (_, inspected) = gone.discovered();
    let [evidence] = &inspected.evidence[..] else { panic!("{:?}", inspected.evidence) };
    assert_eq!((&evidence.change, evidence.governed), (&SchemaChange::Deleted, 1));
    assert_eq!(evidence.faults, []);
    let nothing = Case::new(&[("a.schema.json", APP)], &[("b.txt", "")], &[]);
    assert_eq!(nothing.discovered().1.evidence, []);
    let mut all = nothing;
    all.all = true;
    assert_eq!(all.discovered().1.evidence.len(), 1);
}

/// A repository in which each state of `c/app.schema.json` was committed at a time.
fn committed(states: &[(&str, u32)]) -> tempfile::TempDir {
    let keep = tempfile::tempdir_in(host::temp_dir()).unwrap();
    let git = |arguments: &[&str], seconds: u32| {
        let done = host::command("git")
            .args(["-c", "user.name=n", "-c", "user.email=n@example.org"])
            .args(arguments)
            .current_dir(keep.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_COMMITTER_DATE", format!("@{seconds} +0000"))
            .status();
        assert!(done.unwrap().success(), "{arguments:?}");
    };
    git(&["init", "-q", "-b", "main"], 0);
    for (schema, seconds) in states {
        write(&keep.path().join("c/app.schema.json"), schema);
        write(&keep.path().join("other"), &seconds.to_string());
        git(&["add", "-A"], 0);
        git(&["commit", "-q", "-m", "x"], *seconds);
    }
    keep
}

#[test]
fn since_when_a_property_is_deprecated_is_read_from_the_history() {
    let plain = "{\"properties\": {\"gone\": {}, \"keep\": {}}}";
    let marked = "{\"properties\": {\"gone\": {\"deprecated\": true}, \"keep\": {}}}";
    let keep = committed(&[
        (marked, 1_000_000),
        (plain, 2_000_000),
        (marked, 3_000_000),
        (&marked.replace("keep", "kept"), 4_000_000),
    ]);
    write(&keep.path().join("c/app.schema.json"), "{\"properties\": {\"kept\": {}}}");
    let comparison = crate::changes::compare(&crate::changes::Request {
        path: keep.path().to_owned(),
        base: Some("HEAD".to_owned()),
        ..crate::changes::Request::default()
    });
    let comparison = comparison.unwrap();
    let found = discover(&comparison, false).unwrap();
    assert_eq!(found.contract.schemas.len(), 1, "it names no draft, but properties");
    let path = RepoPath::new(AT).unwrap();
    let (contract, _) = contract::parse(&path, CONTRACT.as_bytes());
    let inspected = inspect(&Request {
        comparison: &comparison,
        contract: &contract,
        base_contract: Some(&contract),
        assumed: &BTreeMap::new(),
        folder: None,
        documents: &[],
        all: false,
        migrations: &[],
    });
    let evidence = inspected.unwrap().evidence.remove(0);
    let told: Vec<_> = evidence.removed.iter().map(|it| (it.name.as_str(), it.since)).collect();
    assert_eq!(told, [("gone", Some(3_000_000))]);
}

#[test]
fn more_documents_than_are_read_do_not_pass() {
    let case = Case::new(&[(AT, CONTRACT), ("c/app.schema.json", APP)], &[], &[]);
    for number in 0..5_002 {
        let path = case.keep.path().join(format!("head/c/app-{number}.json"));
        std::fs::write(path, "{\"port\": 1}").unwrap();
    }
    let evidence = case.one();
    assert_eq!((evidence.governed, evidence.invalid.len()), (5_002, 0));
    let [fault] = &evidence.faults[..] else { panic!("{:?}", evidence.faults) };
    assert!(fault.message.starts_with("2 of its documents are not validated"), "{}", fault.message);
    assert!(!fault.old);
}

#[test]
fn schemas_that_lead_in_circles_end() {
    let ring = "{\"properties\": {\"a\": {\"$ref\": \"b.json\"}, \"b\": {\"$ref\": \"#\"}}}";
    let back =
        "{\"properties\": {\"c\": {\"$ref\": \"app.schema.json\"}, \"d\": {\"$ref\": \"b.json\"}}}";
    let case = Case::new(
        &[(AT, CONTRACT), ("c/b.json", back)],
        &[("c/app.schema.json", ring)],
        &[("c/app.schema.json", &ring.replace("\"b\":", "\"z\":"))],
    );
    let evidence = case.one();
    assert!(evidence.removed.iter().any(|it| it.name == "b"), "{:?}", evidence.removed);
    let mut parts: Vec<(String, String)> = (0..300)
        .map(|n| (format!("c/p{n}.json"), format!("{{\"$ref\": \"p{}.json\"}}", n + 1)))
        .collect();
    parts.push(("c/p300.json".into(), "{}".into()));
    parts.push(("c/app.schema.json".into(), "{\"$ref\": \"p0.json\"}".into()));
    let parts: Vec<_> = parts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let long = Case::new(&[(AT, CONTRACT)], &[], &parts);
    assert!(!long.one().faults.is_empty());
}

/// The one schema's evidence where the base has it as `before` and the head as `after`.
fn edited(
    before: &str,
    after: &str,
    both: &[(&str, &str)],
    head: &[(&str, &str)],
) -> SchemaEvidence {
    let contract =
        if both.iter().any(|(path, _)| *path == AT) { &[][..] } else { &[(AT, CONTRACT)] };
    let head = [&[("c/app.schema.json", after)], head].concat();
    Case::new(&[both, contract].concat(), &[("c/app.schema.json", before)], &head).one()
}

#[test]
fn nothing_passes_under_a_schema_that_cannot_be_used() {
    let large =
        |word: &str| format!("{{\"$comment\": \"{}\", \"{word}\": 1}}", "x".repeat(8 << 20));
    for (before, after) in [
        (
            "{\"$ref\": \"https://x.org/a#/1\"}".to_owned(),
            "{\"$ref\": \"https://x.org/a\"}".to_owned(),
        ),
        (
            "{\"pattern\": \"(\"}".to_owned(),
            "{\"pattern\": \"(\", \"type\": \"object\"}".to_owned(),
        ),
        ("{".to_owned(), "{{".to_owned()),
        (large("a"), large("b")),
    ] {
        let document = [("c/app.json", "{\"port\": 1}")];
        // The schema is edited, or a document that it governs.
        let schema = edited(&before, &after, &document, &[]);
        let same = edited(&before, &before, &[], &document);
        assert_eq!(schema.change, SchemaChange::Modified);
        assert_eq!(same.change, SchemaChange::Unchanged);
        for evidence in [schema, same] {
            assert!(!evidence.validated && !evidence.faults[0].old, "{:?}", evidence.faults);
            let unknown =
                ": the schema cannot be used, so nothing is known of the document that it governs";
            assert!(evidence.faults[0].message.ends_with(unknown), "{:?}", evidence.faults);
        }
    }
}

#[test]
fn a_schema_that_is_unusable_because_of_another_file_is_touched_with_it() {
    let root = "{\"$ref\": \"part.json\"}";
    let case = Case::new(
        &[(AT, CONTRACT), ("c/app.schema.json", root), ("c/app.json", "{}")],
        &[("c/part.json", "{\"pattern\": \"(\"}")],
        &[("c/part.json", "{\"pattern\": \"((\"}")],
    );
    let evidence = case.one();
    assert_eq!(evidence.change, SchemaChange::Modified);
    assert!(!evidence.faults[0].old);
}

#[test]
fn a_large_schema_is_read_and_compared() {
    let large = |schema: &str| {
        schema.replacen('{', &format!("{{\"$comment\": \"{}\",", "x".repeat(2 << 20)), 1)
    };
    let evidence = edited(&large(APP), &large(TEXT), &[("c/app.json", "{\"port\": 1}")], &[]);
    assert_eq!(evidence.faults, []);
    assert_eq!(verdicts(&evidence), [(Direction::Backward, "the base", true, 'B')]);
    assert_eq!((evidence.invalid.len(), evidence.validated), (1, true));
}

#[test]
fn a_vendored_copy_that_changes_is_a_change_of_the_schema() {
    let contract = format!("vendored = \"v\"\n{CONTRACT}");
    let root = "{\"properties\": {\"port\": {\"$ref\": \"https://x.org/s\"}}}";
    let case = |copy: &str| {
        Case::new(
            &[
                (AT, contract.as_str()),
                ("c/app.schema.json", root),
                ("c/app.json", "{\"port\": 1}"),
            ],
            &[("v/x.org/s.json", "{\"type\": \"integer\"}")],
            &[("v/x.org/s.json", copy)],
        )
    };
    let evidence = case("{\"type\": \"string\"}").one();
    assert_eq!(evidence.change, SchemaChange::Modified);
    assert_eq!(verdicts(&evidence), [(Direction::Backward, "the base", true, 'B')]);
    assert_eq!(evidence.invalid.len(), 1);
    let other = case("{\"type\": \"string\", \"minLength\": 1}").one();
    assert_ne!(evidence.content, other.content, "a waiver knows the copy");
}

#[test]
fn a_release_of_the_change_itself_is_no_time_of_deprecation() {
    let schema = |mark: &str| format!("{{\"properties\": {{\"port\": {{}}{mark}}}}}");
    let promise = with("deprecation = { releases = 1 }");
    let late = format!("{promise}releases = [{{ version = \"0\", schema = \"c/r0.json\" }}]\n");
    let marked = schema(", \"old\": {\"deprecated\": true}");
    let case = Case::new(
        &[],
        &[(AT, promise.as_str()), ("c/app.schema.json", &marked)],
        &[(AT, late.as_str()), ("c/r0.json", &marked), ("c/app.schema.json", &schema(""))],
    );
    assert_eq!(case.one().removed[0].releases, 0);
}

#[test]
fn a_release_is_rewritten_through_a_file_that_it_refers_to() {
    let contract = with("releases = [{ version = \"0\", schema = \"c/r0.json\" }]");
    let case = Case::new(
        &[
            (AT, contract.as_str()),
            ("c/app.schema.json", APP),
            ("c/r0.json", "{\"$ref\": \"common.json\"}"),
        ],
        &[("c/common.json", "{\"type\": \"string\"}")],
        &[("c/common.json", "{\"type\": \"integer\"}")],
    );
    let evidence = case.one();
    assert_eq!(
        messages(&evidence.faults),
        [
            "the schema of release 0, which was given out, is changed through a file that it refers to"
        ]
    );
    assert_eq!(evidence.faults[0].location.path.as_str(), "c/common.json");
}

#[test]
fn a_document_does_not_leave_its_schema_unseen() {
    let both = [(AT, CONTRACT), ("c/app.schema.json", APP)];
    let moved = |to: &str, text: &str| {
        let case = Case::new(&both, &[("c/app-eu.json", "{\"port\": 1}")], &[(to, text)]);
        let evidence = case.inspect().evidence;
        evidence.iter().flat_map(|it| &it.faults).map(|it| it.message.clone()).collect::<Vec<_>>()
    };
    let told = [
        "this document is governed by no schema any more: it was c/app-eu.json, which app governed",
    ];
    assert_eq!(moved("c/other.json", "{\"port\": \"x\"}"), told);
    assert_eq!(moved("c/other.json", "{\"port\": 1}"), told);
    // Nothing has moved here: it goes by its own schema, or is something else.
    assert_eq!(moved("c/app-us.json", "{\"port\": \"x\"}"), [""; 0]);
    assert_eq!(moved("c/other.json", "{\"name\": \"x\"}"), [""; 0]);
}

#[test]
fn the_first_contract_is_judged_with_all_that_it_names() {
    let both = [("c/app.schema.json", APP), ("c/app.json", "{\"port\": \"x\"}")];
    let evidence = Case::new(&both, &[], &[(AT, CONTRACT)]).one();
    let told: Vec<_> = evidence.invalid.iter().map(|it| (it.was_valid, it.touched)).collect();
    assert_eq!(told, [(None, false)]);
    assert_eq!(evidence.change, SchemaChange::Unchanged);
}

#[test]
fn a_document_that_drops_the_name_of_its_schema_is_held_to_it_once_more() {
    let case = Case::new(
        &[("s/x.schema.json", APP)],
        &[("c/a.json", "{\"$schema\": \"../s/x.schema.json\", \"port\": 1}")],
        &[("c/a.json", "{\"port\": \"x\"}")],
    );
    let (found, inspected) = case.discovered();
    assert!(found.notices[0].starts_with("c/a.json no longer names"), "{:?}", found.notices);
    assert_eq!(inspected.evidence[0].invalid.len(), 1);
}

#[test]
fn files_that_were_not_looked_into_are_no_pass() {
    let case = Case::new(&[], &[("c/x.schema.json", APP)], &[("c/x.schema.json", TEXT)]);
    for number in 0..20_001 {
        std::fs::write(case.keep.path().join(format!("head/c/{number:05}.json")), "1").unwrap();
    }
    let (found, _) = case.discovered();
    assert_eq!(found.unknown.len(), 1, "{:?}", found.notices);
}

#[test]
fn what_is_told_of_a_secret_does_not_hold_it() {
    let secret = "k3J9vQz7Lm2Xp8Rt";
    let token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a";
    let schema = |password: &str| {
        let auth = password.replace(secret, "none");
        format!("{{\"properties\": {{\"db_password\": {password}, \"auth\": {auth}}}}}")
    };
    let document = format!("{{\"db_password\": \"{secret}\", \"auth\": \"{token}\"}}");
    let another = format!("{{\"enum\": [\"{secret}\", \"{token}\"]}}");
    for (before, after) in [
        ("{}", another.as_str()),
        (another.as_str(), "{\"type\": \"string\", \"maxLength\": 4}"),
        (another.as_str(), "{\"const\": \"ghp_26C7e42F292c6912E7710c838347Ae178B4a\"}"),
    ] {
        for document in [document.as_str(), "{\"auth\": \"other\"}", "{}"] {
            let evidence =
                edited(&schema(before), &schema(after), &[("c/app.json", document)], &[]);
            let told = format!("{:?} {:?}", evidence.comparisons, evidence.invalid);
            assert!(told.contains("Breaking"), "{told}");
            let is_told = [secret, "ghp_"].iter().any(|it| told.contains(it));
            assert!(!is_told, "{told}");
            if document.contains(secret) && after.contains("maxLength") {
                assert_eq!(evidence.invalid[0].location.span, None);
            }
        }
    }
}

#[test]
fn a_large_schema_is_found_without_a_contract() {
    for (size, is_usable) in [(2 << 20, true), (9 << 20, false)] {
        let large = |schema: &str| {
            schema.replacen('{', &format!("{{\"$comment\": \"{}\",", "x".repeat(size)), 1)
        };
        let case = Case::new(
            &[("c/app.json", "{\"port\": 1}")],
            &[("c/app.schema.json", &large(APP))],
            &[("c/app.schema.json", &large(TEXT))],
        );
        let (_, inspected) = case.discovered();
        let [evidence] = &inspected.evidence[..] else { panic!("{:?}", inspected.notices) };
        assert_eq!((evidence.validated, evidence.governed), (is_usable, 1));
        assert_eq!(
            (evidence.invalid.len(), evidence.faults.len()),
            if is_usable { (1, 0) } else { (0, 1) }
        );
    }
}
