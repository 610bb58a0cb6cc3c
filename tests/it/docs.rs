//! Generated documentation is compared with what stands in `docs/`, never merely written.
//!
//! `MIGRATION_GATE_BLESS=1 cargo test --test it docs` writes it anew.

use std::fs;
use std::path::Path;

use migration_gate::model::{Entry, RepoPath, Tree};

use crate::support::{Folder, copy, finish, program};

/// Holds the file at `path`, relative to the package, against `generated`.
pub(crate) fn assert_file(path: &str, generated: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    // Tests have no host; this one variable only says whether to write.
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let bless = std::env::var_os("MIGRATION_GATE_BLESS").is_some_and(|value| value == "1");
    if bless {
        fs::write(&file, generated).expect("docs/ can be written");
        return;
    }
    let found = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        found == generated,
        "{path} is not what the code generates; write it anew with\n\n    \
         MIGRATION_GATE_BLESS=1 cargo test --test it docs\n"
    );
}

#[test]
fn the_published_schemas_are_those_of_the_code() {
    assert_file("docs/config.schema.json", &migration_gate::config::json_schema());
    assert_file("docs/manifest.schema.json", &migration_gate::manifest::json_schema());
    assert_file("docs/plan.schema.json", &migration_gate::runner::plan::json_schema());
    assert_file(
        "docs/compatibility_contract.schema.json",
        &migration_gate::contract::json_schema(),
    );
    assert_file(
        "docs/config_migration.schema.json",
        &migration_gate::layout::config_migration_schema(),
    );
    assert_file("docs/journal_event.schema.json", &migration_gate::runner::journal::json_schema());
    assert_file("docs/state.schema.json", &migration_gate::runner::state::json_schema());
}

#[test]
fn the_lifecycle_is_that_of_the_code() {
    assert_file("docs/lifecycle.md", &migration_gate::lifecycle::markdown());
}

/// What a state file holds after a run is what its schema says.
#[test]
fn a_state_file_is_as_its_schema_says() {
    let schema = serde_json::from_str(&migration_gate::runner::state::json_schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let (home, repository) = (Folder::new(&[]), relay());
    let mut command = program(home.path());
    finish(command.arg("apply").arg(repository.path())).quiet(0);
    let state: serde_json::Value =
        serde_json::from_str(&repository.read(".migration-gate/relay/state.json")).unwrap();
    assert!(validator.is_valid(&state), "{:?}", validator.validate(&state).err());
    assert_eq!(state["content"]["state"], "idle");
    for (member, wrong) in [("version", 2.into()), ("left", "x".into()), ("more", 1.into())] {
        let mut state = state.clone();
        state["content"][member] = wrong;
        assert!(!validator.is_valid(&state), "{member}");
    }
}

/// The commands that the guides begin with are commands of the program, with these arguments.
#[test]
fn the_commands_of_the_guides_are_there() {
    use clap::Parser as _;
    let mut count = 0;
    for guide in [include_str!("../../docs/runner.md"), include_str!("../../docs/journal.md")] {
        let block = blocks(guide, "console")[0];
        for line in block.lines() {
            let (command, _) = line.split_once('#').unwrap_or((line, ""));
            let read = migration_gate::cli::Cli::try_parse_from(words(command));
            assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
            count += 1;
        }
    }
    assert!(count > 8, "{count} commands");
}

/// The words of a command line, in which quotes keep blanks.
fn words(line: &str) -> Vec<&str> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(at, part)| match at % 2 {
            0 => part.split_whitespace().collect(),
            _ => vec![part],
        })
        .collect()
}

/// A copy of the relay's configuration with its migration.
fn relay() -> Folder {
    let head = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos/relay/head");
    let folder = Folder::new(&[]);
    copy(&head, folder.path());
    folder
}

#[test]
fn the_guide_to_the_journal_names_everything_in_it() {
    let guide = include_str!("../../docs/journal.md");
    let schema = migration_gate::runner::journal::json_schema();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let mut names = Vec::new();
    property_names(&schema, &mut names);
    let events = schema["properties"]["event_name"]["enum"].as_array().unwrap();
    names.extend(events.iter().map(|name| name.as_str().unwrap().to_owned()));
    // What is told of databases has the same names with another prefix.
    names.retain(|name| !name.starts_with("database."));
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        assert!(guide.contains(&format!("`{name}`")), "docs/journal.md lacks `{name}`");
    }
}

#[test]
fn the_event_in_the_guide_to_the_journal_is_sound() {
    use migration_gate::runner::journal;
    let guide = include_str!("../../docs/journal.md");
    let [example] = blocks(guide, "json")[..] else { panic!("one example") };
    let event: serde_json::Value = serde_json::from_str(example).unwrap();
    let schema = serde_json::from_str(&journal::json_schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    assert!(validator.is_valid(&event), "{:?}", validator.validate(&event).err());
    let line = serde_json_canonicalizer::to_string(&event).unwrap() + "\n";
    let folder = Folder::new(&[("journal.jsonl", &line)]);
    let found = journal::verify(&folder.path().join("journal.jsonl")).unwrap();
    assert!(found.is_sound() && found.events == 1, "{found:?}");
}

#[test]
fn the_rules_are_those_of_the_code() {
    assert_file("docs/rules.md", &migration_gate::app::rules_markdown());
}

#[test]
fn the_reference_names_every_key() {
    let reference = include_str!("../../docs/config.md");
    for schema in [migration_gate::config::json_schema(), migration_gate::manifest::json_schema()] {
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let mut names = Vec::new();
        property_names(&schema, &mut names);
        assert!(names.len() > 4, "{names:?}");
        for name in names {
            assert!(reference.contains(&format!("`{name}`")), "docs/config.md lacks `{name}`");
        }
    }
}

#[test]
fn the_guide_to_config_migrations_is_complete_and_its_examples_are_valid() {
    let guide = include_str!("../../docs/config-migrations.md");
    let schema = migration_gate::layout::config_migration_schema();
    let mut names = Vec::new();
    property_names(&serde_json::from_str(&schema).unwrap(), &mut names);
    assert!(names.len() > 20, "{names:?}");
    for name in names.iter().filter(|name| *name != "file") {
        let told = guide.contains(&format!("`{name}`"));
        assert!(told, "docs/config-migrations.md lacks `{name}`");
    }
    let layout = migration_gate::layout::by_name("documents").unwrap();
    for language in ["toml", "yaml"] {
        let examples = blocks(guide, language);
        assert!(!examples.is_empty(), "no {language}");
        for example in examples {
            let mut tree = Tree::new(RepoPath::root());
            tree.insert(format!("0001_a.{language}"), Entry::file(example.as_bytes()));
            let reading = layout.read(&tree);
            assert_eq!((reading.migrations.len(), reading.problems), (1, vec![]), "{example}");
        }
    }
}

#[test]
fn the_reference_names_every_layout() {
    let reference = include_str!("../../docs/config.md");
    let (_, section) = reference.split_once("### Layouts").unwrap();
    let section = section.split("\n##").next().unwrap();
    let told: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let mut names = migration_gate::layout::names();
    names.sort_unstable();
    assert_eq!(told[1..], names, "the first is the head of the table");
}

#[test]
fn the_examples_of_the_reference_are_valid() {
    let reference = include_str!("../../docs/config.md");
    let path = |name| migration_gate::model::RepoPath::new(name).unwrap();
    for example in blocks(reference, "toml") {
        let parsed = migration_gate::config::parse(&path("migration-gate.toml"), example);
        assert!(parsed.is_ok(), "{}", parsed.unwrap_err());
    }
    for (language, name) in [("json", "m.json"), ("yaml", "m.yaml")] {
        let examples = blocks(reference, language);
        assert!(!examples.is_empty(), "no {language}");
        for example in examples {
            let manifest = migration_gate::manifest::parse(&path(name), example.as_bytes());
            assert_eq!(manifest.problems, [], "{example}");
        }
    }
    for example in blocks(reference, "sql") {
        let header = migration_gate::manifest::header(&path("1.sql"), example).unwrap();
        assert_eq!(header.problems, [], "{example}");
    }
}

/// The contract's reference names its keys, and its examples are contracts.
#[test]
fn the_reference_of_the_contract_holds() {
    use migration_gate::contract;
    let reference = include_str!("../../docs/contract.md");
    let schema: serde_json::Value = serde_json::from_str(&contract::json_schema()).unwrap();
    let mut names = Vec::new();
    property_names(&schema, &mut names);
    assert!(names.len() > 10, "{names:?}");
    for name in names {
        assert!(reference.contains(&format!("`{name}`")), "docs/contract.md lacks `{name}`");
    }
    for language in ["toml", "yaml"] {
        let examples = blocks(reference, language);
        assert!(!examples.is_empty(), "no {language}");
        for example in examples {
            let name = format!("compatibility_contract.{language}");
            let path = migration_gate::model::RepoPath::new(&name).unwrap();
            let (read, problems) = contract::parse(&path, example.as_bytes());
            assert_eq!(problems, [], "{example}");
            assert!(!read.schemas.is_empty());
        }
    }
}

fn property_names(schema: &serde_json::Value, names: &mut Vec<String>) {
    match schema {
        serde_json::Value::Object(map) => {
            if let Some(serde_json::Value::Object(properties)) = map.get("properties") {
                names.extend(properties.keys().cloned());
            }
            map.values().for_each(|value| property_names(value, names));
        }
        serde_json::Value::Array(items) => {
            items.iter().for_each(|value| property_names(value, names));
        }
        _ => {}
    }
}

/// The fenced blocks of one language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    text.split(&*fence).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The README's first command ends as the README says.
#[test]
fn the_demo_ends_as_the_readme_says() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shop = top.join("fixtures/repos/web-shop");
    let home = Folder::new(&[]);
    let mut command = program(home.path());
    command.args(["check", "--base-dir"]).args([shop.join("base"), shop.join("head")]);
    let out = finish(&mut command).quiet(1);
    let verdict = out.lines().rfind(|line| line.starts_with("✘ blocked")).expect("a verdict");
    let said = verdict.trim_start_matches("✘ ");
    let readme = fs::read_to_string(top.join("README.md")).unwrap();
    assert!(readme.contains(&format!("`{said}`")), "the README does not say {said}");
}
