use super::*;
use crate::model::{ProblemKind, line_column};

const JSON: &str = r#"{ "manifest_version": 1,
  "baseline": "0000_init",
  "migrations": [
    { "id": "0001_create_users", "class": "online", "depends_on": [] },
    { "id": "0002_backfill_email", "class": "manual_backfill",
      "depends_on": ["0001_create_users"], "description": "ünï",
      "checksum": "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855" }
  ] }
"#;
const TOML: &str = r#"manifest_version = 1
baseline = "0000_init"

[[migrations]]
id = "0001_create_users"
class = "online"
depends_on = []

[[migrations]]
id = "0002_backfill_email"
class = "manual_backfill"
depends_on = ["0001_create_users"]
description = "ünï"
checksum = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
"#;
const YAML: &str = r#"# ünï
manifest_version: 1
baseline: 0000_init
migrations:
  - id: 0001_create_users
    class: online
    depends_on: []
  - id: 0002_backfill_email
    class: "manual_backfill"
    depends_on:
      - 0001_create_users
    description: ünï
    checksum: E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855
"#;

fn read(format: &str, bytes: &[u8]) -> Manifest {
    let path = RepoPath::new(&format!("db/migration_manifest.{format}")).unwrap();
    let manifest = parse(&path, bytes);
    for problem in &manifest.problems {
        assert_eq!(problem.location.path, path);
        assert!(problem.location.span.is_some_and(|span| span.start <= span.end));
        assert!(!problem.message.contains(|c: char| c.is_control()), "{}", problem.message);
        assert!(problem.message.len() < 2_000, "{}", problem.message);
    }
    manifest
}

/// The problems as `line:column message`.
fn problems(format: &str, text: &str) -> Vec<String> {
    let show = |problem: &Problem| {
        let (line, column) = line_column(text, problem.location.span.unwrap().start);
        format!("{line}:{column} {}", problem.message)
    };
    read(format, text.as_bytes()).problems.iter().map(show).collect()
}

#[test]
fn an_optional_dependency_is_told_apart() {
    let manifest = read(
        "yaml",
        b"manifest_version: 1\nmigrations:\n  - id: b\n    depends_on: [a]\n    \
          optional_depends_on: [x, y]\n",
    );
    assert_eq!(manifest.problems, []);
    let ids = |ids: &[Sited<String>]| ids.iter().map(|id| id.value.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&manifest.entries[0].depends_on), ["a"]);
    assert_eq!(ids(&manifest.entries[0].optional_depends_on), ["x", "y"]);
}

fn without_places(manifest: &Manifest) -> Vec<(String, Option<Class>, Vec<String>, bool)> {
    let ids = |entry: &Entry| entry.depends_on.iter().map(|id| id.value.clone()).collect();
    let one = |e: &Entry| (e.id.value.clone(), e.class.get(), ids(e), e.checksum.is_some());
    manifest.entries.iter().map(one).collect()
}

#[test]
fn the_three_formats_say_the_same_and_keep_their_places() {
    for (format, text) in [("json", JSON), ("toml", TOML), ("yaml", YAML), ("yml", YAML)] {
        let crlf = text.replace('\n', "\r\n");
        let bom = format!("\u{feff}{text}");
        for text in [text, &crlf, &bom] {
            let manifest = read(format, text.as_bytes());
            assert_eq!(manifest.problems, [], "{format}");
            assert_eq!(
                without_places(&manifest),
                [
                    ("0001_create_users".into(), Some(Class::Online), vec![], false),
                    (
                        "0002_backfill_email".into(),
                        Some(Class::ManualBackfill),
                        vec!["0001_create_users".into()],
                        true
                    ),
                ]
            );
            let shown = |span: Span| text[span.start..span.end].trim_matches('"').to_owned();
            let entry = manifest.entry("0002_backfill_email").unwrap();
            assert_eq!(shown(entry.id.span), "0002_backfill_email", "{format}");
            assert_eq!(shown(entry.depends_on[0].span), "0001_create_users", "{format}");
            assert!(entry.span.start <= entry.id.span.start, "{format}");
            assert_eq!(shown(manifest.baseline.as_ref().unwrap().span), "0000_init", "{format}");
            let DeclaredClass::Valid(class) = &entry.class else { panic!("{format}") };
            assert_eq!(shown(class.span), "manual_backfill", "{format}");
            assert!(entry.checksum.as_ref().unwrap().value.starts_with("e3b0"));
            assert_eq!(entry.description.as_deref(), Some("ünï"));
        }
    }
}

#[test]
fn violations_have_line_and_column_in_json() {
    let text = r#"{ "manifest_version": 2, "extra": 1,
  "migrations": [
    { "id": "a", "class": "fast" },
    { "id": "b", "class": 5, "depends_on": ["a", 7] },
    { "class": "online" },
    { "id": "", "checksum": "xyz", "depends_on": ["a", "a", ""] },
    { "id": "a", "clas": "online" },
    17 ] }"#;
    assert_eq!(
        problems("json", text),
        [
            "1:23 manifest_version 2 is not known",
            "1:26 unknown key \"extra\"",
            "3:27 unknown class \"fast\"",
            "4:27 class must be text, not a number",
            "4:50 an item of depends_on must be text, not a number",
            "5:5 the key \"id\" is missing",
            "6:13 id is empty",
            "6:29 checksum \"xyz\" is not a SHA-256",
            "6:56 depends_on names the same thing twice",
            "6:61 an item of depends_on is empty",
            "7:13 \"a\" has two entries",
            "7:18 unknown key \"clas\"",
            "8:5 an item of migrations must be a map of keys and values, not a number",
        ]
    );
    let manifest = read("json", text.as_bytes());
    let help = |at: usize| manifest.problems[at].help.as_str();
    assert_eq!(help(1), "use one of $schema, manifest_version, baseline, migrations");
    assert_eq!(help(2), "use one of online, post_deploy, manual_backfill");
    assert_eq!(help(7), "write 64 hexadecimal digits");
    let close = "did you mean \"class\"? Use one of id, class, depends_on, optional_depends_on, \
                 checksum, description";
    assert_eq!(help(11), close);
    let ids: Vec<&str> = manifest.entries.iter().map(|entry| entry.id.value.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert!(matches!(manifest.entries[0].class, DeclaredClass::Invalid(_)));
    let invalid_class = |p: &&Problem| p.kind == ProblemKind::InvalidClass;
    assert_eq!(manifest.problems.iter().filter(invalid_class).count(), 2);
}

#[test]
fn violations_have_line_and_column_in_toml_and_yaml() {
    let toml = "manifest_version = 1\n\n[[migrations]]\nid = \"a\"\nclass = \"fast\"\n\n\
                [[migrations]]\nclas = \"online\"\n";
    assert_eq!(
        problems("toml", toml),
        ["5:9 unknown class \"fast\"", "7:1 the key \"id\" is missing", "8:1 unknown key \"clas\""]
    );
    let yaml = "manifest_version: 1\nmigrations:\n- id: a\n  class: fast\n- clas: online\n\
                - id: 0001\n  depends_on: [a, ~]\n";
    assert_eq!(
        problems("yaml", yaml),
        [
            "4:10 unknown class \"fast\"",
            "5:3 unknown key \"clas\"",
            "5:3 the key \"id\" is missing",
            "6:7 id must be text, not a number",
            "7:19 an item of depends_on must be text, not nothing",
        ]
    );
    assert_eq!(read("yaml", yaml.as_bytes()).problems[3].help, "put it in quotes");
    // One mistake is one finding.
    assert_eq!(
        problems("yaml", "manifest_version: one\nmigrations:\n- id: a\n  class: [a]\n"),
        [
            "1:19 manifest_version must be a whole number, not text",
            "4:10 class must be text, not a list"
        ]
    );
}

#[test]
fn syntax_errors_have_line_and_column() {
    for (format, text, place) in [
        ("json", "{ \"manifest_version\": 1,\n \"migrations\": [] // no\n}", "2:19 "),
        ("json", "{ \"manifest_version\": 1,\n \"migrations\": [],\n}", "2:18 "),
        ("json", "{ \"manifest_version\": 01,\n \"migrations\": [] }", "1:2"),
        ("json", "{ \"manifest_version\": 1 \"migrations\": [] }", "1:2"),
        ("json", "{ 'manifest_version': 1 }", "1:3 "),
        ("json", "{\n  \"a\": 1,\n  \"a\": 2 }", "3:3 the key \"a\" comes twice"),
        ("json", "", "1:1 the file is empty"),
        ("json", "{} {}", "1:4 "),
        ("json", "{\n \"a\": \"\u{1}\" }", "2:"),
        ("toml", "manifest_version = 1\nmanifest_version = 1\n", "2:1 "),
        ("toml", "manifest_version = \n", "1:"),
        ("toml", "a = 1e9999\n", "1:5 this number is too large"),
        ("yaml", "a: 1\nb: 2\na: 3\n", "3:1 the key \"a\" comes twice"),
        ("yaml", "a: [1, 2\nb: }\n", "2:"),
        ("yaml", "a: 1\n---\nb: 2\n", "2:1 a second document begins"),
        ("yaml", "a: &x 1\nb: *x\n", "1:7 anchors and aliases are not read"),
        ("yaml", "a: *x\n", "1:4 anchors and aliases are not read"),
        ("yaml", "a: !!python/object 1\n", "1:20 tags are not read"),
        ("yaml", "? [a]\n: 1\n", "1:3 only text can be a key here"),
        ("yaml", "", "1:1 the file is empty"),
    ] {
        let found = problems(format, text);
        assert_eq!(found.len(), 1, "{format} {text:?}: {found:?}");
        assert!(found[0].starts_with(place), "{format} {text:?}: {found:?}");
    }
}

#[test]
fn yaml_scalars_follow_the_core_schema() {
    for (written, text) in [
        ("0001_a", true),
        ("'1'", true),
        ("1", false),
        ("1.5e3", false),
        ("0x1F", false),
        ("true", false),
        ("~", false),
        ("null", false),
        ("yes", true),
        ("1-2", true),
        ("2024-01-01", true),
        ("0b1", true),
        (".", true),
        ("1e99999", false),
        ("0o9", true),
    ] {
        let yaml = format!("manifest_version: 1\nmigrations:\n- id: {written}\n");
        let manifest = read("yaml", yaml.as_bytes());
        assert_eq!(manifest.problems.is_empty(), text, "{written} {:?}", manifest.problems);
    }
}

#[test]
fn nesting_is_bounded_in_every_format() {
    let (deep, n) = (100_000, 100_000);
    for (format, text) in [
        ("json", "[".repeat(deep)),
        ("json", "[".repeat(deep) + &"]".repeat(n)),
        ("json", "{\"a\":".repeat(deep)),
        ("json", "[".repeat(160) + &"]".repeat(160)),
        ("toml", format!("a = {}", "[".repeat(deep))),
        ("toml", format!("a = {}", "{a = ".repeat(deep))),
        ("toml", format!("{}a = 1", "a.".repeat(deep))),
        ("toml", format!("[{}a]", "a.".repeat(deep))),
        ("toml", format!("a = {}{}", "[".repeat(160), "]".repeat(160))),
        ("yaml", "[".repeat(deep)),
        ("yaml", "- ".repeat(deep)),
        ("yaml", "{a: ".repeat(deep)),
        ("yaml", "? ".repeat(deep)),
        ("yaml", (0..2_000).map(|n| format!("{}a:\n", " ".repeat(n))).collect()),
    ] {
        assert_eq!(problems(format, &text).len(), 1, "{format}");
    }
}

#[test]
fn hostile_bytes_are_answered() {
    for format in ["json", "toml", "yaml"] {
        assert_eq!(read(format, b"\xff\xfe\x00").problems.len(), 1);
        assert!(!read(format, b"\0\0\0").problems.is_empty());
        assert!(!read(format, "9".repeat(100_000).as_bytes()).problems.is_empty());
        assert!(!read(format, &vec![b' '; (8 << 20) + 1]).problems.is_empty());
        assert!(!read(format, "\u{202e}\u{1b}[2J".as_bytes()).problems.is_empty());
    }
    let wide = format!(r#"{{"manifest_version":1,"migrations":[{}1]}}"#, "1,".repeat(50_000));
    assert_eq!(read("json", wide.as_bytes()).problems.len(), 100);
    let keys: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\":1")).collect();
    let unknown = format!("{{{}}}", keys.join(","));
    assert_eq!(read("json", unknown.as_bytes()).problems.len(), 100);
    let twice = r#"{"id":"a"},"#.repeat(50_000);
    let twice = format!(r#"{{"manifest_version":1,"migrations":[{twice}{{"id":"b"}}]}}"#);
    assert_eq!(read("json", twice.as_bytes()).entries.len(), 2);
    let mut seed = 11_u64;
    for (format, text) in [("json", JSON), ("toml", TOML), ("yaml", YAML)] {
        for _ in 0..400 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
                let at = (seed >> 33) as usize % bytes.len();
                bytes[at] = (seed >> 24) as u8;
            }
            let _ = read(format, &bytes);
        }
        for end in 0..text.len() {
            let _ = read(format, &text.as_bytes()[..end]);
        }
    }
}

#[test]
fn a_manifest_may_point_at_its_schema() {
    let text = r#"{ "$schema": "x.json", "manifest_version": 1, "migrations": [] }"#;
    assert_eq!(problems("json", text), [""; 0]);
}
