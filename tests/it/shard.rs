//! One check on several machines: the shards' reports make the very bytes that one run gives.

use std::fs;
use std::path::{Path, PathBuf};

use migration_gate::host;
use migration_gate::render::Format;
use serde_json::Value;

use crate::support::{Folder, Ran, Tree, finish, program, write};

/// The moment of every check here; a waiver ended before, another holds.
const MOMENT: [&str; 2] = ["--as-of", "2026-11-21"];

/// Runs a check; `more` are its options beyond the folders.
fn check(at: &Folder, (base, head): (&Path, &Path), more: &[&str]) -> Ran {
    let mut command = program(at.path());
    command.args(["check", "--base-dir"]).arg(base).arg(head).args(MOMENT).args(more);
    finish(&mut command)
}

/// What tells `check` or `merge` to write a report in every format: `name.FORMAT`.
fn reports(name: &str) -> Vec<String> {
    Format::ALL.iter().map(|format| format!("--report={format}={name}.{format}")).collect()
}

/// Runs shard `index` of `of`, which writes `index.json`.
fn shard(at: &Folder, sides: (&Path, &Path), index: usize, of: usize, more: &[&str]) -> Ran {
    let (number, file) = (format!("--shard={index}/{of}"), format!("--report=json={index}.json"));
    check(at, sides, &[&[number.as_str(), file.as_str()], more].concat())
}

fn merge(at: &Folder, files: &[String], more: &[String]) -> Ran {
    finish(program(at.path()).arg("merge").args(files).args(more))
}

/// Holds what all shards give together against what one run gives, in every format; `None` where
/// there is no PostgreSQL server, which only a CI must have.
fn expect_the_same(sides: (&Path, &Path), counts: &[usize], more: &[&str]) -> Option<Value> {
    let folder = Folder::in_memory(&[]);
    let written = reports("whole");
    let written: Vec<&str> = written.iter().map(String::as_str).collect();
    let whole = check(&folder, sides, &[more, &written].concat());
    if whole.out.contains("no PostgreSQL server") && host::env("CI").is_none() {
        eprintln!("SKIPPED: there is no PostgreSQL server on this machine");
        return None;
    }
    for of in counts {
        let mut files: Vec<String> = Vec::new();
        for index in 1..=*of {
            let ran = shard(&folder, sides, index, *of, more);
            assert!([0, 1, 3].contains(&ran.code), "{index}/{of}: {}", ran.err);
            assert!(ran.out.contains(&format!("shard {index} of {of} only")), "{}", ran.out);
            // In whatever order they come.
            files.insert(0, format!("{index}.json"));
        }
        let joined = merge(&folder, &files, &reports("joined"));
        assert_eq!((joined.code, &joined.out), (whole.code, &whole.out), "{of}: {}", joined.err);
        for format in Format::ALL {
            let read = |name: &str| folder.read(&format!("{name}.{format}"));
            assert!(read("joined") == read("whole"), "{format} of {of} shards");
        }
    }
    Some(serde_json::from_str(&folder.read("whole.json")).unwrap())
}

fn fixture(name: &str) -> (PathBuf, PathBuf) {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/repos").join(name);
    (top.join("base"), top.join("head"))
}

#[test]
fn sets_of_several_engines_make_one_report_again() {
    for (name, counts, more) in [
        ("web-shop", &[1, 2, 3, 9][..], &["--engine=sqlite"][..]),
        ("relay", &[2, 3], &[]),
        ("relay", &[2], &["--all"]),
        ("clinic", &[2], &[]),
    ] {
        let (base, head) = fixture(name);
        expect_the_same((&base, &head), counts, more);
    }
}

/// Two sets with something for many rules to say: one merged, one that the change brings.
fn merged() -> Tree {
    let codes =
        "CREATE TABLE codes (code TEXT PRIMARY KEY CHECK (code GLOB 'Q-[0-9]-Q'), n INT);\n";
    Tree::default()
        .with("db/0001_rooms.up.sql", "CREATE TABLE rooms (id INTEGER PRIMARY KEY, a TEXT);\n")
        .with("db/0001_rooms.down.sql", "DROP TABLE rooms;\n")
        // Findings of the history, which are only counted.
        .with("db/0002_codes.up.sql", codes)
        .with("db/0003_fails.up.sql", "INSERT INTO nowhere VALUES (1);\n")
}

/// The judged migrations of the set, each with its down.
const JUDGED: [(&str, &str, &str); 12] = [
    ("0010_users", "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);", "DROP TABLE users;"),
    ("0011_one_way", "CREATE TABLE tags (id INTEGER, name TEXT);", ""),
    ("0012_trace", "CREATE TABLE t (x); CREATE TABLE kept (y);", "DROP TABLE t;"),
    (
        "0013_required",
        "ALTER TABLE rooms RENAME COLUMN a TO b; CREATE UNIQUE INDEX one ON rooms (b);",
        "DROP INDEX one; ALTER TABLE rooms RENAME COLUMN b TO a;",
    ),
    ("0014_codes", "DELETE FROM codes WHERE n > 7;", "SELECT 1;"),
    (
        "0015_fails",
        "CREATE TABLE broken (x); INSERT INTO missing VALUES (1);",
        "DROP TABLE broken;",
    ),
    ("0016_after", "INSERT INTO broken VALUES (1);", "SELECT 1;"),
    ("0017_accepted", "INSERT INTO broken VALUES (2);", "SELECT 1;"),
    ("0018_drops", "DROP TABLE kept;", "CREATE TABLE kept (y);"),
    ("0019_update", "UPDATE rooms SET b = 'x';", "SELECT 1;"),
    ("0020_more", "INSERT INTO users (name) VALUES ('ann');", "DELETE FROM users;"),
    ("0021_codes", "UPDATE codes SET n = n + 1;", "UPDATE codes SET n = n - 1;"),
];

fn changed() -> Tree {
    let mut head = merged()
        .with("db/0002_codes.down.sql", "DROP TABLE codes;\n")
        .with("other/0001_a.up.sql", "CREATE TABLE a (b);\n")
        .with("other/0002_b.up.sql", "CREATE TABLE b (c);\n")
        .with("other/0002_b.down.sql", "DROP TABLE b; DROP TABLE a;\n");
    for (id, up, down) in JUDGED {
        head = head.with(&format!("db/{id}.up.sql"), &format!("{up}\n"));
        if !down.is_empty() {
            head = head.with(&format!("db/{id}.down.sql"), &format!("{down}\n"));
        }
    }
    head
}

/// A waiver for the content that a migration has.
fn waiver(contents: &Value, rule: &str, migration: &str) -> String {
    let all = contents.as_array().unwrap().iter();
    let mut all = all.flat_map(|set| set["migrations"].as_array().unwrap());
    let known = all.find(|known| known["id"] == migration);
    let content = known.map_or("0".repeat(64), |known| {
        known["content"].as_str().unwrap().trim_start_matches("sha256:").to_owned()
    });
    let migration = migration.trim_end_matches('!');
    format!(
        "[[waiver]]\nrule = \"{rule}\"\nmigration = \"{migration}\"\nreason = \"r\"\nowner = \"o\"\n\
         content = \"sha256:{content}\"\nexpires = \"2027-01-31\"\n"
    )
}

const CONFIG: &str = "version = 1\n\
    [policy]\naccept-inconclusive = [{ migration = \"0017_accepted\", reason = \"seen\" }]\n\
    [[set]]\nname = \"other\"\npath = \"other\"\nengine = \"sqlite\"\n\
    [[set]]\nname = \"db\"\npath = \"db\"\nengine = \"sqlite\"\n";

/// Writes both sides, with waivers that are used and that are not.
fn generated(seed: Option<&str>) -> (Folder, PathBuf, PathBuf) {
    let folder = Folder::new(&[]);
    let sides = ["base", "head"].map(|side| folder.path().join(side));
    for (side, tree) in sides.iter().zip([merged(), changed()]) {
        tree.files().for_each(|(path, text)| write(side, path, text));
        write(side, "migration-gate.toml", CONFIG);
    }
    let [base, head] = sides;
    let listed = finish(program(folder.path()).args(["list", "--format=json"]).arg(&head));
    let listed: Value = serde_json::from_str(&listed.quiet(0)).unwrap();
    let mut config = CONFIG.to_owned();
    if let Some(seed) = seed {
        config.push_str("seed = \"seed.sql\"\n");
        [&base, &head].into_iter().for_each(|side| write(side, "seed.sql", seed));
    }
    for (rule, migration) in [
        // It excuses something; it excuses nothing; it is for other content; nobody knows.
        ("rollback/missing", "0011_one_way"),
        ("rollback/missing", "0010_users"),
        ("rollback/leaves-trace", "0012_trace!"),
        ("rollback/fails", "0016_after"),
    ] {
        config.push_str(&waiver(&listed, rule, migration));
    }
    [&base, &head].into_iter().for_each(|side| write(side, "migration-gate.toml", &config));
    (folder, base, head)
}

#[test]
fn however_many_shards_give_what_one_run_gives() {
    let (_folder, base, head) = generated(Some("INSERT INTO rooms (id, a) VALUES (1, 'hall');\n"));
    let whole = expect_the_same((&base, &head), &[1, 2, 3, 5, 16], &[]).unwrap();
    let said = whole.to_string();
    for expected in [
        "no rows could be made for codes",
        "0003_fails of the history did not run",
        "0017_accepted in db is accepted by the policy",
        "0010_users excuses nothing any more",
        "0012_trace is for other content",
        "0015_fails, which it may need",
    ] {
        assert!(said.contains(expected), "{expected}: {whole:#}");
    }
    assert_eq!(whole["waived"].as_array().unwrap().len(), 1, "{whole:#}");
    assert_ne!(whole["baseline"]["errors"], 0, "{whole:#}");
}

#[test]
fn everything_and_a_seed_that_does_not_fit_are_shared_out_as_well() {
    let (_folder, base, head) = generated(Some("INSERT INTO nowhere VALUES (1);\n"));
    // Of nine, the first shard has no migration with rows, and says all the same that the seed does
    // not fit.
    let whole = expect_the_same((&base, &head), &[2, 9], &["--all"]).unwrap();
    let said = whole["inconclusive"].to_string();
    assert!(said.contains("the seed does not run before"), "{said}");
}

#[test]
fn reports_that_are_not_of_one_check_are_refused() {
    let (home, base, head) = generated(None);
    let sides = (base.as_path(), head.as_path());
    let ran = |index, of, more: &[&str]| {
        let text = shard(&home, sides, index, of, more);
        assert_eq!(text.code, 1, "{}", text.err);
        home.read(&format!("{index}.json"))
    };
    let (one, two) = (ran(1, 2, &[]), ran(2, 2, &[]));
    let whole = check(&home, sides, &["--format=json"]).out;
    let two_all = ran(2, 2, &["--all"]);
    let two_of_three = ran(2, 3, &[]);
    write(home.path(), "head/db/0030_late.up.sql", "CREATE TABLE late (x);\n");
    let two_of_another = ran(2, 2, &[]);
    let altered = two.replace("0012_trace", "0012_tracE");
    let refused = |files: &[&str], expected: &[&str]| {
        let names: Vec<String> = (0..files.len()).map(|at| format!("part{at}.json")).collect();
        names.iter().zip(files).for_each(|(name, text)| home.write(name, text));
        let error = merge(&home, &names, &[]).refused(2);
        for part in expected.iter().chain(&["\n  help: "]) {
            assert!(error.contains(part), "{part}: {error}");
        }
    };
    refused(&[&one], &["there is no report of shard 2 of 2"]);
    refused(&[&one, &one], &["part0.json and part1.json are of the same shard"]);
    refused(&[&one, &two, &two], &["part1.json and part2.json are of the same shard"]);
    refused(&[&one, &two_of_three], &["different numbers of shards"]);
    refused(&[&one, &two_all], &["differ in whether everything is judged"]);
    refused(&[&one, &two_of_another], &["differ in the sets or their migrations"]);
    refused(&[&one, &whole], &["part1.json: it is the report of a whole check"]);
    refused(&[&one, &altered], &["part1.json: it was changed after it was written"]);
    refused(&[&one, "{}"], &["part1.json: it is no report"]);
    let missing = merge(&home, &["nowhere.json".to_owned()], &[]).refused(2);
    assert!(missing.contains("nowhere.json: it cannot be read") && missing.contains("help:"));
    // Another moment, where something hangs on it.
    fs::remove_file(head.join("db/0030_late.up.sql")).unwrap();
    let number = ["--shard=2/2", "--format=json", "--as-of=2026-11-22"];
    let mut command = program(home.path());
    let later = finish(command.args(["check", "--base-dir"]).arg(&base).arg(&head).args(number));
    refused(&[&one, &later.out], &["differ in the moment of the check", "--as-of"]);
}

#[test]
fn a_shard_that_is_none_is_refused() {
    let home = Folder::new(&[]);
    for (number, why) in [
        ("0/3", "the first number is from 1 to the second, 3"),
        ("4/3", "the first number is from 1 to the second, 3"),
        ("1/0", "the first number is from 1 to the second, 0"),
        ("a/b", "write it as K/N"),
        ("1/257", "at most 256"),
    ] {
        let ran = finish(program(home.path()).args(["check", "--shard", number]));
        assert!(ran.refused(2).contains(why), "{number}");
    }
    let ran = finish(program(home.path()).args(["check", "--fix", "--shard", "1/2"]));
    assert!(ran.refused(2).contains("cannot be used with"));
}
