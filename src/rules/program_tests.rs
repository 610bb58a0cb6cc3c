//! What the rules of the catalog say of config migrations.

use std::collections::BTreeMap;

use crate::catalog::{Edit, Input, SetCatalog, SetSpec, build};
use crate::model::{ChangeKind, Class, EngineKind, Entry, FileChange, RepoPath, Tree, line_column};
use crate::rules::{CatalogCx, LevelPolicy, check_catalog, testing};

const HEAD: &str = "schema = \"app\"\nfrom = \"1\"\nto = \"2\"\n";
const UP: &str = "[[up]]\nremove = \"/a\"\n";

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new(RepoPath::new("m").unwrap());
    for (path, text) in files {
        tree.insert(*path, Entry::file(text.as_bytes()));
    }
    tree
}

/// A set of the engine `documents` at base and head.
fn catalog(base: &[(&str, &str)], head: &[(&str, &str)]) -> SetCatalog {
    let (base, head) = (tree(base), tree(head));
    let changed = head.iter().filter_map(|(relative, entry)| {
        let kind = match base.get(relative) {
            None => ChangeKind::Added,
            Some(was) if was.bytes != entry.bytes => ChangeKind::Modified,
            Some(_) => return None,
        };
        Some(FileChange { path: head.path(relative), kind })
    });
    let files: Vec<FileChange> = changed.collect();
    let spec = SetSpec {
        name: "config".into(),
        path: head.root().clone(),
        layout: None,
        engine: Some(EngineKind::Documents),
        usual_engine: None,
        baseline: None,
        seed: None,
        engine_version: None,
        variables: BTreeMap::new(),
        configured: true,
        assumed: Vec::new(),
    };
    let input = Input {
        head: &head,
        base: Some(&base),
        tip: None,
        manifest: None,
        base_manifest: None,
        files: &files,
    };
    build(spec, &input).unwrap()
}

/// Findings about one new migration: rule, line and message, and the help where there is one.
fn told(name: &str, text: &str) -> Vec<String> {
    let catalog = catalog(&[], &[(name, text)]);
    assert_eq!((catalog.info.layout, catalog.entries.len()), ("documents", 1));
    let terms = testing::terms();
    let cx = CatalogCx { catalog: &catalog, restores: false, terms: &terms };
    let found = check_catalog(&cx, false, &LevelPolicy { strict: true, ..LevelPolicy::default() });
    let show = |one: &crate::model::Finding| {
        let line = one.location.span.map_or(0, |span| line_column(text, span.start).0);
        let help = one.help.as_deref().map(|help| format!(" / {help}")).unwrap_or_default();
        format!("{} {line} {}{help}", one.rule, one.message)
    };
    found.iter().map(show).collect()
}

#[test]
fn a_sound_migration_is_nothing_to_talk_about() {
    let nothing = [""; 0];
    assert_eq!(told("1_a.toml", &format!("class = \"online\"\n{HEAD}{UP}")), nothing);
    // An operator runs it, and goes back from a backup.
    let jq = "[[up]]\njq = \".\"\n";
    assert_eq!(told("1_a.toml", &format!("class = \"manual_backfill\"\n{HEAD}{jq}")), nothing);
}

#[test]
fn a_class_is_said_in_the_file() {
    let needs = |line: &str| {
        format!(
            "manifest/missing-class 4 1_a declares no class; its operations suggest online / add \
             `{line}` to the file"
        )
    };
    assert_eq!(told("1_a.toml", &format!("{HEAD}{UP}")), [needs("class = \"online\"")]);
    let yaml = "schema: app\nfrom: '1'\nto: '2'\nup: [{remove: /a}]\n";
    assert_eq!(told("1_a.yaml", yaml), [needs("class: online")]);
    let json =
        "{\"schema\": \"app\",\n\"from\": \"1\",\n\"to\": \"2\",\n\"up\": [{\"remove\": \"/a\"}]}";
    assert_eq!(told("1_a.json", json), [needs("\"class\": \"online\"")]);
    assert_eq!(
        told("1_a.toml", &format!("{HEAD}class = \"onlien\"\n{UP}")),
        ["manifest/invalid-class 4 unknown class \"onlien\" / use one of online, post_deploy, \
             manual_backfill"]
    );
}

#[test]
fn a_way_back_that_does_nothing_is_told() {
    let text = format!("class = \"online\"\n{HEAD}down = []\n{UP}");
    assert_eq!(told("1_a.toml", &text), ["rollback/empty 5 the rollback of 1_a does nothing"]);
}

#[test]
fn what_cannot_be_read_is_told_once() {
    let text = format!("class = \"online\"\n{HEAD}[[up]]\nmove = \"/a\"\n");
    assert_eq!(
        told("1_a.toml", &text),
        ["layout/invalid 5 move needs the key \"to\" / add \"to\""]
    );
    let text = format!("class = \"online\"\n{HEAD}[[up]]\njq = \".\"\n");
    let found = told("1_a.toml", &text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("layout/invalid 5 the way back of jq cannot be computed"));
}

#[test]
fn classes_are_inferred_from_the_operations() {
    let class = |up: &str| {
        let catalog = catalog(&[], &[("1_a.toml", &format!("{HEAD}{up}"))]);
        catalog.entries[0].class()
    };
    assert_eq!(class(UP), Class::Online);
    let down = "[[down]]\njq = \".\"\n";
    assert_eq!(class(&format!("[[up]]\njq = \".\"\n{down}")), Class::ManualBackfill);
}

#[test]
fn an_edit_is_one_of_what_is_done() {
    let edit = |base: &[(&str, &str)], head: &[(&str, &str)]| {
        let touch = catalog(base, head).entries.remove(0).touch;
        (touch.up, touch.down)
    };
    let text = format!("{HEAD}{UP}");
    fn file(text: &str) -> (&str, &str) {
        ("1_a.toml", text)
    }
    let real = text.replace("/a", "/b");
    let comment = format!("# Why.\n{text}");
    assert_eq!(edit(&[file(&text)], &[file(&text)]), (Edit::None, Edit::None));
    assert_eq!(edit(&[file(&text)], &[file(&comment)]), (Edit::Cosmetic, Edit::None));
    assert_eq!(edit(&[file(&text)], &[file(&real)]), (Edit::Real, Edit::None));
    for operation in ["jq = { file = \"x.jq\" }", "command = [\"sh\", \"x.jq\"]"] {
        let text = format!("{HEAD}[[up]]\n{operation}\n[[down]]\njq = \".\"\n");
        let edit = edit(&[file(&text), ("x.jq", ".a")], &[file(&text), ("x.jq", ".b")]);
        assert_eq!(edit.0, Edit::Real, "{operation}");
    }
}
