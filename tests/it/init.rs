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
    let said = ".github/workflows/migration-gate.yml is not written: .github is a link";
    assert!(refused.err.contains(said), "{}", refused.err);
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    // The rest is written, and nothing is said of what is not.
    assert_eq!(written(at), [CONFIG, MANIFEST, HOOK]);
    assert!(refused.out.contains("next:") && refused.out.contains("manifest, such as"));
    assert!(!refused.out.contains("the workflow checks"), "{}", refused.out);
    for name in [CONFIG, MANIFEST, HOOK] {
        std::fs::remove_file(at.join(name)).unwrap();
    }
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

/// A first migration that every engine takes.
const PLAIN: (&str, &str) = (
    "plain/migrations/0001_customers.up.sql",
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL);",
);

#[test]
fn a_set_that_says_no_engine_is_left_out_and_the_rest_is_written() {
    let folder = shop();
    let at = folder.path();
    folder.write(PLAIN.0, PLAIN.1);
    folder.write("plain/migrations/0001_customers.down.sql", "DROP TABLE customers;");
    commit(at);
    let ran = gate(at, &["init", "--yes"]);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert_eq!(written(at), [CONFIG, MANIFEST, WORKFLOW, HOOK]);
    assert!(ran.out.contains("plain/migrations: left out: nothing says"), "{}", ran.out);
    assert!(ran.out.contains("next:") && ran.out.contains("from then on it is not checked"));
    assert!(
        ran.err.contains("plain/migrations is left out") && ran.err.contains("--engine sqlite")
    );
    let config = folder.read(CONFIG);
    assert_eq!(config.matches("\n[[set]]").count(), 1, "{config}");
    let again = gate(at, &["init", "--yes", "--engine", "sqlite"]).quiet(0);
    let unnamed = "sqlite): 1 migration; migration-gate.toml, which stands, does not name it";
    assert!(again.contains(unnamed), "{again}");
    // The block that waits for an engine is one when the marks are taken away.
    let named = config.replace("# engine = \"…\"", "# engine = \"sqlite\"");
    let named = ["[[set]]", "name = ", "path = ", "engine = "]
        .iter()
        .fold(named, |text, key| text.replace(&format!("# {key}"), key));
    folder.write(CONFIG, &named);
    commit(at);
    let all = gate(at, &["check", "--all"]);
    assert!(all.out.contains("plain/migrations  golang-migrate on SQLite"), "{}", all.out);

    // Alone, there is no set to name; told the engine, there is.
    let alone = Folder::new(&[PLAIN]);
    repository(alone.path());
    let ran = gate(alone.path(), &["init", "--yes"]);
    assert_eq!((ran.code, written(alone.path())), (2, vec![WORKFLOW, HOOK]), "{}", ran.err);
    assert!(ran.out.contains("as long as no set is named"), "{}", ran.out);
    let told = gate(alone.path(), &["init", "--yes", "--engine", "sqlite"]).quiet(0);
    assert!(
        told.contains("migration-gate.toml is written") && !told.contains("left out"),
        "{told}"
    );
}

#[test]
fn a_set_for_mysql_is_found_until_the_configuration_is_merged() {
    let folder = shop();
    let at = folder.path();
    let mysql = "assets/mysql/migrations/0001_a.up.sql";
    folder.write(mysql, "CREATE TABLE a (id INT AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;");
    folder.write("assets/mysql/migrations/0001_a.down.sql", "DROP TABLE a;");
    commit(at);
    let said = gate(at, &["init", "--yes"]).quiet(0);
    let until = "until the new configuration is merged; from then on it is not checked at all";
    assert!(said.contains("left out: MySQL") && said.contains(until), "{said}");
    assert_eq!(gate(at, &["check", "--all"]).code, 3, "the base names no sets yet");
    commit(at);
    gate(at, &["check", "--all"]).quiet(0);
}

#[test]
fn what_git_ignores_is_said() {
    let folder = shop();
    folder.write(".gitignore", "*.json\n");
    commit(folder.path());
    let said = gate(folder.path(), &["init", "--yes"]).quiet(0);
    let ignored = format!("{MANIFEST} is written, but Git ignores it");
    assert!(said.contains(&ignored) && said.contains("toml is written\n"), "{said}");
}

#[test]
fn a_folder_that_takes_no_file_is_told_in_its_own_words() {
    let folder = shop();
    folder.write(".github/workflows", "a file, and no folder");
    let ran = gate(folder.path(), &["init", "--yes"]);
    assert_eq!((ran.code, written(folder.path())), (2, vec![CONFIG, MANIFEST, HOOK]));
    assert!(!ran.err.contains(folder.path().to_str().unwrap()), "{}", ran.err);
    assert!(!ran.err.contains("name a file in a folder that exists"), "{}", ran.err);
}
