use super::*;
use crate::model::{Pointer, Span, line_column};

const TOML: &str = r#"contract_version = 1
vendored = "config/schemas/vendor"

[[schemas]]
name = "app"
schema = "config/schemas/app.schema.json"
files = ["config/app*.json", "config/**/app.yaml"]
fixtures = ["config/fixtures/app/*.json"]
version = "3"
version_at = "/meta/version"
compatibility = "full_transitive"
releases = [
  { version = "1", schema = "config/schemas/releases/app-1.schema.json" },
  { version = "2", schema = "config/schemas/releases/app-2.schema.json" },
]
deprecation = { releases = 1, days = 90 }

[[schemas]]
name = "jobs"
schema = "config/schemas/jobs.schema.yaml"
files = ["config/jobs.toml"]
"#;

fn read(format: &str, text: &str) -> (Contract, Vec<Problem>) {
    let path = RepoPath::new(&format!("config/compatibility_contract.{format}")).unwrap();
    let (contract, problems) = parse(&path, text.as_bytes());
    assert_eq!(contract.path, path);
    for problem in &problems {
        assert_eq!(problem.location.path, path);
        assert!(problem.location.span.is_some());
        assert!(!problem.message.contains(|c: char| c.is_control()), "{}", problem.message);
        assert!(problem.message.len() < 1_000, "{}", problem.message);
    }
    (contract, problems)
}

/// The problems of a TOML contract as `line:column message`.
fn problems(text: &str) -> Vec<String> {
    let show = |problem: &Problem| {
        let (line, column) = line_column(text, problem.location.span.unwrap().start);
        format!("{line}:{column} {}", problem.message)
    };
    read("toml", text).1.iter().map(show).collect()
}

fn schema(lines: &str) -> String {
    let start = "contract_version = 1\n[[schemas]]\nname = \"a\"\nschema = \"a.json\"\n";
    format!("{start}files = [\"*.json\"]\n{lines}\n")
}

#[test]
fn the_whole_contract_is_read_with_its_places() {
    let (contract, problems) = read("toml", TOML);
    assert_eq!(problems, []);
    assert_eq!(contract.vendored.unwrap().value.as_str(), "config/schemas/vendor");
    let [app, jobs] = &contract.schemas[..] else { panic!("{:?}", contract.schemas) };
    assert_eq!(&TOML[app.name.span.start..app.name.span.end], "\"app\"");
    assert_eq!(app.schema.value.as_str(), "config/schemas/app.schema.json");
    assert_eq!(app.files[1].value, "config/**/app.yaml");
    assert_eq!(app.fixtures[0].value, "config/fixtures/app/*.json");
    assert_eq!(app.version.as_ref().unwrap().value, "3");
    assert_eq!(app.version_at.as_ref().unwrap().value, Pointer::parse("/meta/version").unwrap());
    assert_eq!(app.compatibility, promise(true, true, true));
    let released: Vec<_> = app.releases.iter().map(|it| it.version.value.as_str()).collect();
    assert_eq!(released, ["1", "2"]);
    assert_eq!(app.deprecation, Deprecation { releases: Some(1), days: Some(90) });
    assert_eq!(jobs.compatibility, Compatibility::default());
    assert_eq!(jobs.deprecation, Deprecation::default());
}

#[test]
fn every_format_says_the_same() {
    let yaml = "contract_version: 1\nschemas:\n  - name: app\n    schema: app.schema.json\n    \
                files: [app.yaml]\n    version: \"2\"\n    compatibility: forward\n";
    let json = r#"{"$schema": "x", "contract_version": 1, "schemas": [{"name": "app",
        "schema": "app.schema.json", "files": ["app.yaml"], "version": "2",
        "compatibility": "forward"}]}"#;
    for (format, text) in [("yaml", yaml), ("yml", yaml), ("json", json)] {
        let (contract, problems) = read(format, text);
        assert_eq!(problems, [], "{format}");
        let app = contract.schema("app").unwrap();
        assert_eq!(app.compatibility, promise(false, true, false));
        assert_eq!(app.version.as_ref().unwrap().value, "2");
    }
    let (_, problems) = read("yaml", "contract_version: 1\nschemas:\n- {name: a, version: 2}\n");
    let said: Vec<_> = problems.iter().map(|it| (&*it.message, &*it.help)).collect();
    assert!(said.contains(&("version must be text, not a number", "put it in quotes")), "{said:?}");
}

#[test]
fn every_word_is_known_and_a_mistyped_one_is_understood() {
    for (word, promise) in COMPATIBILITIES {
        let (contract, problems) = read("toml", &schema(&format!("compatibility = \"{word}\"")));
        assert_eq!(problems, []);
        assert_eq!(contract.schemas[0].compatibility, promise, "{word}");
    }
    let (contract, problems) = read("toml", &schema("compatibility = \"backwards\""));
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(problem.message, "unknown compatibility \"backwards\"");
    assert!(problem.help.starts_with("did you mean \"backward\"? Use one of"), "{}", problem.help);
    assert_eq!(contract.schemas[0].compatibility, Compatibility::default());
}

#[test]
fn each_mistake_is_told_at_its_place() {
    let one = |lines: &str, expected: &str| {
        let found = problems(&schema(lines));
        assert_eq!(found, [expected.to_owned()], "{lines}");
    };
    one("version_at = \"version\"", "6:14 version_at \"version\" is no JSON Pointer to a value");
    one("version_at = \"\"", "6:14 version_at \"\" is no JSON Pointer to a value");
    one("version_at = \"/*/v\"", "6:14 version_at \"/*/v\" names many places");
    one(
        "fixtures = [\"a[\"]",
        "6:13 the pattern \"a[\" cannot be read: unclosed character class; \
                                missing ']'",
    );
    one("fixtures = [\"../a\"]", "6:13 the pattern \"../a\" does not stay inside the repository");
    let released = |path: &str| format!("releases = [{{ version = \"1\", schema = \"{path}\" }}]");
    one(&released("/etc/passwd"), "6:39 the path \"/etc/passwd\" is absolute");
    one(&released("a/../../b"), "6:39 the path \"a/../../b\" leaves the repository");
    one(&released("a\\\\b"), "6:39 the path \"a\\b\" has back slashes");
    one(&released("C:/b"), "6:39 the path \"C:/b\" is absolute");
    one(
        &released("./a.json"),
        "6:39 this is the file that holds the current schema, which will change",
    );
    one(
        "releases = [{ version = \"1\", schema = \"b\" }, { version = \"1\", schema = \"c\" }]",
        "6:58 the version \"1\" is released twice",
    );
    one("deprecation = {}", "6:15 deprecation is empty");
    one("unknown = 1", "6:1 unknown key \"unknown\"");
    assert_eq!(
        problems("contract_version = 2\nschemas = []\n"),
        ["1:20 contract_version 2 is not known"]
    );
    let twice = format!("{}{}", schema(""), schema("").replace("contract_version = 1\n", ""));
    assert_eq!(problems(&twice), ["8:8 a second schema with the name \"a\""]);
    let all = problems("schemas = [{}]\n");
    assert_eq!(all.len(), 4, "{all:?}");
}

#[test]
fn no_bytes_are_too_odd() {
    let path = RepoPath::new("c.toml").unwrap();
    for bytes in [&b""[..], b"\xff", b"schemas = 1", b"[[schemas]]\nname = 1\nfiles = [1]"] {
        assert!(!parse(&path, bytes).1.is_empty());
    }
    let many = "[[schemas]]\nname=\"a\"\nschema=\"/\"\nfiles=[\"[\"]\n".repeat(20_000);
    assert!(parse(&path, many.as_bytes()).1.len() <= 100);
    for end in 0..TOML.len() {
        let _ = parse(&path, &TOML.as_bytes()[..end]);
    }
}

#[test]
fn a_configuration_alone_promises_backward_compatibility() {
    let path = RepoPath::new("migration-gate.toml").unwrap();
    let at = Span::new(3, 9);
    let pair = |glob: &str, schema: &str| {
        let schema = RepoPath::new(schema).unwrap();
        (Sited::new(glob.to_owned(), at), Sited::new(schema, at))
    };
    let pairs = [pair("a*.json", "s/a.json"), pair("b[", "s/b.json"), pair("c.json", "s/a.json")];
    let (contract, problems) = from_bindings(&path, &pairs);
    let [one] = &contract.schemas[..] else { panic!("{:?}", contract.schemas) };
    assert_eq!((&*one.name.value, one.compatibility), ("s/a.json", Compatibility::default()));
    assert_eq!(one.files.iter().map(|it| &*it.value).collect::<Vec<_>>(), ["a*.json", "c.json"]);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].location.span, Some(at));
}

#[test]
fn the_schema_is_sound() {
    schema::CHECKER.assert_sound();
}
