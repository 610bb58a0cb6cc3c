//! Inputs made to exhaust the gate or to lead out of the repository: each gets an answer that names
//! its file.

use std::os::unix::fs::symlink;

use crate::support::{Folder, Tree, check, check_with, comparing, finish, program};

const DEEP: usize = 20_000;

fn base() -> Tree {
    Tree::default()
        .with("db/0001_a.up.sql", "CREATE TABLE a (id int);")
        .with("db/0001_a.down.sql", "DROP TABLE a;")
}

#[test]
fn deep_nesting_is_answered() {
    let open = |text: &str| text.repeat(DEEP);
    let script = format!("SELECT {}1{};", open("("), open(")"));
    for (file, text) in [
        ("db/0002_b.up.sql", script),
        ("db/migration_manifest.json", open("[")),
        ("db/migration_manifest.yaml", open("- ")),
        ("db/migration_manifest.toml", format!("a = {}", open("["))),
    ] {
        let answer = check(&base(), &base().with(file, &text));
        assert_eq!(answer.exit, 1, "{file}");
        assert!(answer.report["findings"].to_string().contains(file), "{file}");
    }
    let config = format!("version = 1\na = {}", open("["));
    let (home, sides) = (Folder::new(&[]), Folder::new(&[("base/a", ""), ("head/a", "")]));
    sides.write("head/migration-gate.toml", &config);
    let [base, head] = ["base", "head"].map(|side| sides.path().join(side));
    let said = finish(comparing(&mut program(home.path()), &base, &head)).refused(2);
    assert!(said.contains("migration-gate.toml"), "{said}");
}

#[test]
fn a_schema_reaches_no_other_place() {
    let contract = "contract_version = 1\n[[schemas]]\nname = \"app\"\n\
                    schema = \"config/app.schema.json\"\nfiles = [\"config/app.json\"]\n";
    let base = Tree::default()
        .with("config/migrations/compatibility_contract.toml", contract)
        .with("config/app.schema.json", "{}")
        .with("config/app.json", "{\"a\": 1}");
    for (reference, said) in [
        ("../../../etc/passwd", "leads out of the repository"),
        ("file:///etc/passwd", "leads to another host"),
        ("http://127.0.0.1:1/x.json", "leads to another host"),
        ("#", "lead back to where they start"),
    ] {
        let schema = format!("{{\"$ref\": \"{reference}\"}}");
        let answer = check_with(&base, &base.clone().with("config/app.schema.json", &schema), &[]);
        let told = answer.report["findings"].to_string();
        assert!(answer.exit == 1 && told.contains(said), "{reference}: {told}");
    }
}

#[test]
fn links_are_not_followed() {
    let secret = Folder::new(&[("0002_b.up.sql", "CREATE TABLE topsecret (id int);")]);
    let sides = Folder::new(&[]);
    for side in ["base", "head"] {
        for (name, text) in base().files() {
            sides.write(&format!("{side}/{name}"), text);
        }
    }
    let (home, [base, head]) = (Folder::new(&[]), ["base", "head"].map(|s| sides.path().join(s)));
    symlink(secret.path().join("0002_b.up.sql"), head.join("db/0002_b.up.sql")).unwrap();
    symlink(secret.path(), head.join("db/more")).unwrap();
    let ran = finish(comparing(&mut program(home.path()), &base, &head));
    assert!(ran.code == 1 && !ran.out.contains("topsecret"), "{ran:?}");
    symlink(secret.path().join("0002_b.up.sql"), head.join("migration-gate.toml")).unwrap();
    let said = finish(comparing(&mut program(home.path()), &base, &head)).refused(2);
    assert!(said.starts_with("migration-gate.toml is not a regular file"), "{said}");
}
