//! `init`: what it writes is what the gate reads, and nothing that stands is touched.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::support::{Folder, commit, gate, git, repository};

const FILES: [(&str, &str); 4] = [
    (
        "db/migrations/0001_users.up.sql",
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);",
    ),
    // History with faults of its own: a rollback that does nothing, and none.
    ("db/migrations/0001_users.down.sql", "-- nothing"),
    ("db/migrations/0002_mail.up.sql", "ALTER TABLE users ADD COLUMN mail TEXT;"),
    ("README", "a shop"),
];

const CONFIG: &str = "migration-gate.toml";
const MANIFEST: &str = "db/migrations/migration_manifest.json";
const WORKFLOW: &str = ".github/workflows/migration-gate.yml";
const HOOK: &str = ".git/hooks/pre-push";

fn shop() -> Folder {
    let folder = Folder::new(&FILES);
    repository(folder.path());
    folder
}

/// Everything below the folder that `init` may write.
fn written(at: &Path) -> Vec<&'static str> {
    let all = [CONFIG, MANIFEST, WORKFLOW, HOOK];
    all.into_iter().filter(|name| at.join(name).symlink_metadata().is_ok()).collect()
}

#[test]
fn everything_is_written_and_history_is_no_longer_judged() {
    let folder = shop();
    let at = folder.path();
    assert_eq!(gate(at, &["check", "--all"]).code, 1, "the faults are found");
    let said = gate(at, &["init", "--yes"]).quiet(0);
    assert!(said.contains("db/migrations (golang-migrate, sqlite): 2 migrations\n"), "{said}");
    assert_eq!(written(at), [CONFIG, MANIFEST, WORKFLOW, HOOK]);
    assert!(folder.read(CONFIG).contains("baseline = \"0002_mail\""));
    commit(at);
    gate(at, &["check", "--all"]).quiet(0);

    // What comes after it has to be listed, and is judged.
    folder.write("db/migrations/0003_a.up.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
    folder.write("db/migrations/0003_a.down.sql", "DROP TABLE a;");
    let unlisted = gate(at, &["check", "--all"]);
    assert!(unlisted.out.contains("manifest/unlisted-file"), "{}", unlisted.out);

    let texts = [CONFIG, MANIFEST, WORKFLOW, HOOK].map(|name| folder.read(name));
    let again = gate(at, &["init", "--yes"]).quiet(0);
    assert!(again.contains("migration-gate.toml stands already and is left"), "{again}");
    assert!(again.contains("pre-push is there already"), "{again}");
    assert_eq!([CONFIG, MANIFEST, WORKFLOW, HOOK].map(|name| folder.read(name)), texts);
}

#[test]
fn without_a_terminal_nothing_is_written_unless_asked_for() {
    let folder = shop();
    let shown = gate(folder.path(), &["init"]);
    assert_eq!(shown.code, 2);
    assert!(
        shown.err.contains("nothing is written") && shown.err.contains("--yes"),
        "{}",
        shown.err
    );
    assert!(shown.out.contains("    baseline = \"0002_mail\""), "{}", shown.out);
    let dry = gate(folder.path(), &["init", "--dry-run"]).quiet(0);
    assert_eq!(dry, shown.out);
    assert_eq!(written(folder.path()), [] as [&str; 0]);
}

#[test]
fn what_is_not_committed_is_no_history() {
    let folder = shop();
    folder.write("db/migrations/0003_a.up.sql", "CREATE TABLE a (id INTEGER PRIMARY KEY);");
    folder.write("db/migrations/0003_a.down.sql", "DROP TABLE a;");
    // From a folder below, the whole repository is meant.
    let said = gate(&folder.path().join("db"), &["init", "--yes"]).quiet(0);
    assert!(said.contains("3 migrations, 1 of them not committed yet"), "{said}");
    assert!(folder.read(CONFIG).contains("baseline = \"0002_mail\""));
    let manifest: serde_json::Value = serde_json::from_str(&folder.read(MANIFEST)).unwrap();
    assert_eq!(manifest["baseline"], "0002_mail");
    let listed = serde_json::json!([{ "id": "0003_a", "class": "online" }]);
    assert_eq!(manifest["migrations"], listed);
    gate(folder.path(), &["check", "--all"]).quiet(0);

    let fresh = Folder::new(&FILES);
    git(fresh.path(), &["init", "-q", "-b", "main"]);
    gate(fresh.path(), &["init", "--yes"]).quiet(0);
    assert!(!fresh.read(CONFIG).contains("baseline"), "there is no commit yet");
    assert!(fresh.read(MANIFEST).contains("0001_users"));
}

#[test]
fn nothing_is_overwritten_and_no_link_is_followed() {
    let elsewhere = Folder::new(&[]);
    let folder = shop();
    let at = folder.path();
    symlink(elsewhere.path().join("config"), at.join(CONFIG)).unwrap();
    let refused = gate(at, &["init", "--yes"]);
    assert_eq!(refused.code, 2, "{}{}", refused.out, refused.err);
    std::fs::remove_file(at.join(CONFIG)).unwrap();

    symlink(elsewhere.path(), at.join(".github")).unwrap();
    let refused = gate(at, &["init", "--yes"]);
    assert_eq!(refused.code, 2, "{}{}", refused.out, refused.err);
    assert!(refused.err.contains("is a link"), "{}", refused.err);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    std::fs::remove_file(at.join(".github")).unwrap();

    folder.write(WORKFLOW, "mine");
    folder.write(HOOK, "mine");
    let said = gate(at, &["init", "--yes"]).quiet(0);
    assert!(said.contains("no pre-push hook is written"), "{said}");
    assert_eq!((folder.read(WORKFLOW), folder.read(HOOK)), ("mine".into(), "mine".into()));
}

#[test]
fn where_nothing_can_be_set_up_it_says_why() {
    let empty = Folder::new(&[("a", "a")]);
    repository(empty.path());
    let said = gate(empty.path(), &["init", "--yes"]).refused(2);
    assert!(said.contains("no migrations") && said.contains("golang-migrate"), "{said}");
    assert_eq!(written(empty.path()), [] as [&str; 0]);

    let outside = Folder::new(&FILES);
    let said = gate(outside.path(), &["init", "--yes"]).refused(2);
    assert!(said.contains("not inside a Git repository"), "{said}");

    git(empty.path(), &["init", "-q", "--bare", "bare"]);
    let said = gate(&empty.path().join("bare"), &["init", "--yes"]).refused(2);
    assert!(said.contains("bare repository"), "{said}");

    let gitlab = Folder::new(&FILES);
    gitlab.write(".gitlab-ci.yml", "{}");
    repository(gitlab.path());
    let said = gate(gitlab.path(), &["init", "--yes"]).quiet(0);
    assert!(said.contains("GitLab"), "{said}");
    assert_eq!(written(gitlab.path()), [CONFIG, MANIFEST, HOOK]);
}
