//! The commands of docs/runner.md do what it says.

use std::path::Path;

use crate::support::{Folder, gate};

/// The words of a line, as a shell has them.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for (at, part) in line.split('"').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace()),
            _ => words.push(part),
        }
    }
    words
}

#[test]
fn the_guide_is_walked_through() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let guide = std::fs::read_to_string(root.join("docs/runner.md")).unwrap();
    let (_, block) = guide.split_once("```console\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let folder = Folder::in_memory(&[]);
    super::copy(&root.join("fixtures/repos/relay/head"), folder.path());
    let before = folder.read("config/production.yaml");
    let mut walked = Vec::new();
    for line in block.lines() {
        let line = line.split('#').next().unwrap();
        let words = words(line);
        assert_eq!(words[0], "migration-gate", "{line}");
        let ran = gate(folder.path(), &words[1..]);
        // What it resolves is no migration of this set.
        let expected = if words[1] == "resolve" { 2 } else { 0 };
        assert_eq!(ran.code, expected, "{line}: {ran:?}");
        walked.push(words[1].to_owned());
        let after = folder.read("config/production.yaml");
        let is_migrated = after.contains("timeout_ms: 30000   # seconds; agreed with the shop");
        assert_eq!(is_migrated, ["apply", "status"].contains(&words[1]), "{line}: {after}");
        assert!(is_migrated || after == before, "{line}: {after}");
    }
    assert_eq!(walked, ["plan", "apply", "status", "rollback", "resolve", "journal"]);
    for (arguments, told) in [
        (&["journal", "verify"][..], "as it was written"),
        (&["journal", "show", "--last", "1"], "0001_timeout_in_milliseconds"),
        (&["journal", "show", "--migration", "0003_add_port"], ""),
        (&["status", "--metrics"], "rolled back"),
        (&["status", "--metrics", "--format", "prometheus"], "outcome=\"rolled_back\"} 1"),
        (&["apply"], "applied 0001_timeout_in_milliseconds\n"),
        (&["apply"], "nothing to apply\n"),
    ] {
        let ran = gate(folder.path(), arguments);
        assert!(ran.code == 0 && ran.out.contains(told), "{arguments:?}: {ran:?}");
    }
}
