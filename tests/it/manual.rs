//! Completions, manual pages, schemas, and the files for other tools.

use std::path::Path;

use serde_json::Value;

use crate::support::{Folder, gate};

#[test]
fn completions_are_the_same_each_time_and_tell_no_secret_command() {
    let folder = Folder::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = gate(folder.path(), &["completions", shell]).quiet(0);
        assert!(script.contains("uninstall") && !script.contains("evaluate-jq"), "{shell}");
        assert_eq!(gate(folder.path(), &["completions", shell]).quiet(0), script);
    }
    gate(folder.path(), &["completions", "cmd"]).refused(2);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let folder = Folder::new(&[]);
    let page = gate(folder.path(), &["man"]).quiet(0);
    assert!(page.contains(".TH migration-gate 1") && !page.contains("evaluate"), "{page}");
    // The folder is made, and may be there.
    gate(folder.path(), &["man", "--output", "pages"]).quiet(0);
    gate(folder.path(), &["man", "--output", "pages"]).quiet(0);
    for name in ["migration-gate", "migration-gate-check", "migration-gate-hook-run"] {
        let page = folder.read(&format!("pages/{name}.1"));
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
    }
    assert!(!folder.path().join("pages/migration-gate-evaluate-jq.1").exists());
    folder.write("file", "");
    let refused = gate(folder.path(), &["man", "--output", "file/man1"]).refused(2);
    assert!(refused.contains("cannot write file/man1"), "{refused}");
}

#[test]
fn the_schemas_are_those_that_are_published() {
    let folder = Folder::new(&[]);
    for (name, file) in [
        ("config", "config"),
        ("manifest", "manifest"),
        ("contract", "compatibility_contract"),
        ("config-migration", "config_migration"),
        ("report", "report"),
    ] {
        let file = format!("{}/docs/{file}.schema.json", env!("CARGO_MANIFEST_DIR"));
        let printed = gate(folder.path(), &["schema", name]).quiet(0);
        assert!(printed == std::fs::read_to_string(&file).unwrap(), "{file}");
    }
}

/// The published schema of the configuration takes what the program takes.
#[test]
fn the_configurations_here_are_as_their_schema_says() {
    let schema: Value = serde_json::from_str(&migration_gate::config::json_schema()).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let read = |text: &str| -> Value {
        let node =
            migration_gate::document::read(migration_gate::document::Format::Toml, text).unwrap();
        node.to_json()
    };
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let reference = std::fs::read_to_string(top.join("docs/config.md")).unwrap();
    let mut texts: Vec<String> = reference
        .split("```toml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or_default().to_owned())
        .collect();
    for side in ["base", "head"] {
        let file = top.join(format!("fixtures/repos/relay/{side}/migration-gate.toml"));
        texts.push(std::fs::read_to_string(file).unwrap());
    }
    assert!(texts.len() > 4, "{}", texts.len());
    for text in &texts {
        let value = read(text);
        assert!(validator.is_valid(&value), "{:?}\n{text}", validator.validate(&value).err());
    }
    for wrong in [
        "",
        "version = 2",
        "version = 1\nsets = []",
        "version = 1\n[[set]]\nname = \"a\"\npath = \"b\"\nengine = \"oracle\"",
        "version = 1\n[[set]]\npath = \"b\"\nengine = \"sqlite\"",
        "version = 1\n[policy]\npreset = \"lax\"",
        "version = 1\n[policy.levels]\n\"a/b\" = \"fatal\"",
    ] {
        assert!(!validator.is_valid(&read(wrong)), "{wrong}");
    }
}

/// The commands and snippets of the guide are read by the program and by YAML.
#[test]
fn the_guide_says_what_there_is() {
    use clap::Parser as _;
    let guide = include_str!("../../docs/local.md");
    let blocks = |language: &str| -> Vec<&str> {
        let fence = format!("```{language}\n");
        let parts = guide.split(fence.as_str()).skip(1);
        parts.filter_map(|rest| rest.split("```").next()).collect()
    };
    let commands: Vec<&str> = blocks("console").into_iter().flat_map(str::lines).collect();
    assert!(commands.len() > 8, "{commands:?}");
    for line in commands {
        let command = line.split(['#', '>']).next().unwrap_or_default();
        let read = migration_gate::cli::Cli::try_parse_from(command.split_whitespace());
        assert!(read.is_ok(), "{line}: {}", read.unwrap_err());
    }
    let snippets = blocks("yaml");
    assert_eq!(snippets.len(), 3);
    for snippet in snippets {
        let read = migration_gate::document::read(migration_gate::document::Format::Yaml, snippet);
        assert!(read.is_ok(), "{snippet}");
    }
}

/// What other tools read of this repository is as they want it.
#[test]
fn the_hook_for_pre_commit_is_one_of_ours() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(top.join(".pre-commit-hooks.yaml")).unwrap();
    let node = migration_gate::document::read(migration_gate::document::Format::Yaml, &text);
    let hooks = node.unwrap().to_json();
    let [hook] = &hooks.as_array().unwrap()[..] else { panic!("{hooks}") };
    assert_eq!(hook["id"], "migration-gate");
    assert_eq!(hook["stages"], serde_json::json!(["pre-push"]));
    assert_eq!((&hook["pass_filenames"], &hook["always_run"]), (&false.into(), &true.into()));
    use clap::Parser as _;
    let words = hook["entry"].as_str().unwrap().split(' ');
    assert!(migration_gate::cli::Cli::try_parse_from(words).is_ok(), "{hook}");
}
