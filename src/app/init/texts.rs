//! The texts that `init` writes.

use serde_json::{Value, json};

use super::look::{Look, Set};

/// `migration-gate.toml`.
pub(super) fn config(look: &Look) -> String {
    let mut text = String::from(
        "# What migration-gate checks. `migration-gate schema config` prints the schema of this file\n\
         # for editors.\n\
         version = 1\n",
    );
    for set in &look.sets {
        text.push_str(&format!("\n[[set]]\nname = {}\n", quoted(&set.name)));
        text.push_str(&format!("path = {}\n", quoted(&set.path.to_string())));
        text.push_str(&format!("engine = {}\n", quoted(set.engine)));
        if let Some(layout) = set.layout {
            text.push_str(&format!("layout = {}\n", quoted(layout)));
        }
        if let Some(baseline) = &set.baseline {
            text.push_str("# History up to here runs, and is not judged.\n");
            text.push_str(&format!("baseline = {}\n", quoted(baseline)));
        }
    }
    for path in &look.silent {
        text.push_str("\n# Nothing says which engine this set is for. Name it; until then it is not checked.\n");
        text.push_str(&format!("# [[set]]\n# name = {0}\n# path = {0}\n", quoted(path.as_str())));
        text.push_str("# engine = \"…\"\n");
    }
    if !look.schemas.is_empty() {
        text.push_str(
            "\n# Config schemas stand here too. Once sets are named, schemas are checked only where a\n\
             # set of documents names them, and their compatibility is then promised:\n\
             #\n\
             # [[set]]\n\
             # name = \"settings\"\n\
             # engine = \"documents\"\n\
             # path = \"config-migrations\"\n",
        );
        let schema = |path: &String| format!("{{ files = \"…\", schema = {} }}", quoted(path));
        let schemas: Vec<String> = look.schemas.iter().map(schema).collect();
        text.push_str(&format!("# schemas = [{}]\n", schemas.join(", ")));
    }
    text.push_str("\n# \"strict\" blocks on every finding.\n[policy]\npreset = \"recommended\"\n");
    text
}

/// A TOML string in one line. JSON escapes all that TOML wants escaped, except one character.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// The manifest of a set.
pub(super) fn manifest(set: &Set) -> String {
    let listed = set.listed.iter();
    let listed: Vec<Value> =
        listed.map(|(id, class)| json!({ "id": id, "class": class })).collect();
    let mut manifest = json!({ "manifest_version": 1 });
    if let Some(baseline) = &set.baseline {
        manifest["baseline"] = json!(baseline);
    }
    manifest["migrations"] = json!(listed);
    format!("{manifest:#}\n")
}

/// The workflow for GitHub. `repository` is the URL of the program's own, where it is published;
/// without one the program is built from its crate.
pub(super) fn workflow(repository: &str) -> String {
    let head = include_str!("workflow.yml");
    let version = env!("CARGO_PKG_VERSION");
    let slug =
        repository.strip_prefix("https://github.com/").map(|slug| slug.trim_end_matches('/'));
    let (permissions, steps) = match slug {
        Some(slug) => (
            "      contents: read\n      checks: write\n      pull-requests: write\n",
            format!("      - uses: {slug}@v{version}\n"),
        ),
        None => (
            "      contents: read\n",
            format!(
                "      - run: cargo install --locked migration-gate@{version}\n      \
                 - run: migration-gate check --report \"markdown=$GITHUB_STEP_SUMMARY\"\n"
            ),
        ),
    };
    head.replace("      PERMISSIONS\n", permissions).replace("      STEPS\n", &steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RepoPath;

    fn hostile() -> Set {
        Set {
            name: "a\"\n\u{7f}[policy]".into(),
            path: RepoPath::new("a b").unwrap(),
            engine: "sqlite",
            layout: Some("sqlx"),
            baseline: Some("0001_\\u0041\t'''".into()),
            manifest: None,
            listed: vec![("0002_\"x".into(), "online")],
        }
    }

    #[test]
    fn names_from_the_repository_stay_names() {
        let look = Look {
            top: "/".into(),
            sets: vec![hostile()],
            silent: vec![RepoPath::new("b\n[policy]\npreset = \"strict\"").unwrap()],
            schemas: vec!["x\"]\n[policy]\npreset = \"strict\"".into()],
            is_on_gitlab: false,
            told: String::new(),
        };
        let path = RepoPath::new("migration-gate.toml").unwrap();
        let settings = crate::config::parse(&path, &config(&look)).unwrap();
        assert_eq!(settings.sets[0].name.value, hostile().name);
        assert_eq!(settings.sets[0].baseline.as_ref().unwrap().value, hostile().baseline.unwrap());
        assert_eq!(settings.policy.preset, crate::config::Preset::Recommended);
    }

    #[test]
    fn the_manifest_can_be_read() {
        let path = RepoPath::new("migration_manifest.json").unwrap();
        let read = crate::manifest::parse(&path, manifest(&hostile()).as_bytes());
        assert_eq!(read.problems, []);
        assert_eq!(read.baseline.unwrap().value, hostile().baseline.unwrap());
        assert_eq!(read.entries.len(), 1);
    }

    #[test]
    fn the_workflow_uses_the_action_where_it_is_published() {
        let published = workflow("https://github.com/o/gate");
        let version = env!("CARGO_PKG_VERSION");
        assert!(published.contains(&format!("- uses: o/gate@v{version}\n")), "{published}");
        assert!(published.contains("checks: write"));
        let built = workflow("");
        assert!(built.contains("cargo install --locked") && !built.contains("write"), "{built}");
        for text in [published, built] {
            let read = crate::document::read(crate::document::Format::Yaml, &text).unwrap();
            let read = read.to_json();
            assert_eq!(read["permissions"], json!({}));
            assert_eq!(read["jobs"]["check"]["steps"][0]["with"]["fetch-depth"], 0);
            assert_eq!(read["on"]["merge_group"], Value::Null);
        }
    }
}
