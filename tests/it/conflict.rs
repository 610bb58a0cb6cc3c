//! A change and its target branch: what is said of the two, and what `--fix` does about it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use crate::support::{Answer, Folder, Ran, commit, gate, git, repository, write};

type Files<'a> = &'a [(&'a str, &'a str)];

const MEMBERS: &str = "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT);";
const FEES: &str = "CREATE TABLE IF NOT EXISTS fees (id INTEGER PRIMARY KEY);";
const INDEX: &str = "CREATE INDEX IF NOT EXISTS members_name ON members (name);";

/// A repository in which `tip` was merged to the main branch after `head` branched off.
struct Branch(Folder);

impl Branch {
    fn new(base: Files<'_>, tip: Files<'_>, head: Files<'_>) -> Self {
        let branch = Self(Folder::new(&[]));
        let shop = branch.shop();
        fs::create_dir(&shop).unwrap();
        put(&branch, base);
        repository(&shop);
        git(&shop, &["checkout", "-q", "-b", "change"]);
        git(&shop, &["checkout", "-q", "main"]);
        put(&branch, tip);
        commit(&shop);
        git(&shop, &["checkout", "-q", "change"]);
        put(&branch, head);
        commit(&shop);
        branch
    }

    fn shop(&self) -> PathBuf {
        self.0.path().join("shop")
    }

    fn check(&self) -> Answer {
        self.run(&[]).into()
    }

    fn run(&self, more: &[&str]) -> Ran {
        let mut arguments = vec!["check", "--format", "json", "--engine", "sqlite"];
        arguments.extend(more);
        gate(&self.shop(), &arguments)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.shop().join(name)).unwrap()
    }

    /// Every file of the working tree, by path.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.shop()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().is_some_and(|name| name == ".git") {
                } else if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.shop()).unwrap();
                    found.push(name.to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    /// Runs `--fix` where it must refuse, and change nothing.
    fn refuses(&self, why: &str) {
        let files = self.files();
        let error = self.run(&["--fix"]).refused(2);
        assert!(error.contains(why), "{error}");
        assert_eq!(self.files(), files);
    }
}

fn put(branch: &Branch, files: Files<'_>) {
    files.iter().for_each(|(name, text)| write(&branch.shop(), name, text));
}

/// An up and a down of golang-migrate.
fn pair<'a>(up: &'a str, text: &'a str, down: &'a str, back: &'a str) -> [(&'a str, &'a str); 2] {
    [(up, text), (down, back)]
}

const BASE: Files<'_> = &[
    ("go.mod", "module shop\n"),
    ("db/000001_members.up.sql", MEMBERS),
    ("db/000001_members.down.sql", "DROP TABLE members;"),
];

fn fees() -> [(&'static str, &'static str); 2] {
    pair("db/000002_fees.up.sql", FEES, "db/000002_fees.down.sql", "DROP TABLE fees;")
}

fn index(up: &'static str) -> [(&'static str, &'static str); 2] {
    let down =
        if up.contains("000002") { "db/000002_index.down.sql" } else { "db/000003_index.down.sql" };
    pair(up, INDEX, down, "DROP INDEX members_name;")
}

#[test]
fn one_cause_is_one_finding() {
    let class = "-- migration-gate: class=online\n";
    let with_class = format!("{class}{INDEX}");
    let own = [
        ("db/000002_index.up.sql", with_class.as_str()),
        ("db/000002_index.down.sql", "DROP INDEX members_name;"),
    ];
    let mut gained = fees().to_vec();
    gained.extend(pair(
        "db/000003_log.up.sql",
        "CREATE TABLE log (id INTEGER);",
        "db/000003_log.down.sql",
        "DROP TABLE log;",
    ));
    // The version is taken, it is late behind the third, and the base is stale.
    let found = Branch::new(BASE, &gained, &own).check();
    assert_eq!(found.findings(), ["error conflict/same-version"]);
    let help = found.report["findings"][0]["help"].as_str().unwrap();
    assert!(help.contains("000004"), "{help}");
    // The same after the target branch was merged.
    let mut base = BASE.to_vec();
    base.extend(&gained);
    let found = Branch::new(&base, &[], &own).check();
    assert_eq!(found.findings(), ["error history/duplicate-version"]);
    // Late alone is the history's matter.
    let found = Branch::new(BASE, &gained[2..], &own).check();
    assert_eq!(found.findings(), ["error history/out-of-order", "warning history/stale-base"]);
}

#[test]
fn a_dependency_that_the_target_renamed_names_nothing_after_the_merge() {
    let own = format!("-- migration-gate: class=online depends_on=000002_fees\n{INDEX}");
    let mut base = BASE.to_vec();
    base.extend(fees());
    let branch = Branch::new(
        &base,
        &[],
        &[
            ("db/000003_index.up.sql", &own),
            ("db/000003_index.down.sql", "DROP INDEX members_name;"),
        ],
    );
    assert!(branch.check().findings().is_empty());
    let shop = branch.shop();
    git(&shop, &["checkout", "-q", "main"]);
    git(&shop, &["mv", "db/000002_fees.up.sql", "db/000002_dues.up.sql"]);
    git(&shop, &["mv", "db/000002_fees.down.sql", "db/000002_dues.down.sql"]);
    commit(&shop);
    git(&shop, &["checkout", "-q", "change"]);
    let answer = branch.check();
    assert_eq!(answer.findings(), ["error conflict/dependency-edited"]);
    let message = answer.report["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("renamed to 000002_dues"), "{message}");
}

#[test]
fn what_one_change_creates_and_drops_again_is_told() {
    let mut head = fees().to_vec();
    let down = "CREATE TABLE fees (id INTEGER PRIMARY KEY);";
    head.extend(pair(
        "db/000003_no_fees.up.sql",
        "DROP TABLE IF EXISTS fees;",
        "db/000003_no_fees.down.sql",
        down,
    ));
    let found = Branch::new(BASE, &[], &head).check().findings();
    assert!(found.contains(&"warning conflict/same-object".to_owned()), "{found:?}");
}

#[test]
fn a_taken_version_is_renumbered_with_all_that_names_it() {
    let manifest = "{ \"manifest_version\": 1,\n  \"migrations\": [\n    \
        { \"id\": \"000001_members\", \"class\": \"online\" },\n    \
        { \"id\": \"000002_index\",   \"class\": \"online\", \"depends_on\": [\"000001_members\"] },\n    \
        { \"id\": \"000003_more\", \"class\": \"online\", \"depends_on\": [ \"000002_index\" ] }\n  ] }\n";
    let base = "{ \"manifest_version\": 1,\n  \"migrations\": [\n    \
        { \"id\": \"000001_members\", \"class\": \"online\" }\n  ] }\n";
    let mut before = BASE.to_vec();
    before.push(("db/migration_manifest.json", base));
    let mut own = index("db/000002_index.up.sql").to_vec();
    own.extend(pair(
        "db/000003_more.up.sql",
        "-- migration-gate: depends_on=000002_index\nCREATE TABLE IF NOT EXISTS more (id INTEGER);",
        "db/000003_more.down.sql",
        "DROP TABLE more;",
    ));
    own.push(("db/migration_manifest.json", manifest));
    let branch = Branch::new(&before, &fees(), &own);
    let ran = branch.run(&["--fix"]);
    assert!(ran.err.contains("--fix: renamed db/000002_index.up.sql to 000003_index.up.sql"));
    assert_eq!(
        branch.files(),
        [
            "db/000001_members.down.sql",
            "db/000001_members.up.sql",
            "db/000003_index.down.sql",
            "db/000003_index.up.sql",
            "db/000004_more.down.sql",
            "db/000004_more.up.sql",
            "db/migration_manifest.json",
            "go.mod",
        ]
    );
    // Nothing but the names is touched.
    let expected = manifest.replace("000003_more", "000004_more");
    let expected = expected.replace("000002_index", "000003_index");
    assert_eq!(branch.read("db/migration_manifest.json"), expected);
    assert!(branch.read("db/000004_more.up.sql").contains("depends_on=000003_index\n"));
    // What is left is that the base is stale; a second run has nothing to do.
    let answer = Answer::from(ran);
    assert_eq!(answer.findings(), ["warning history/stale-base"]);
    assert!(branch.run(&["--fix"]).err.contains("nothing to renumber"));
}

#[test]
fn folders_and_letters_are_renumbered_in_their_own_style() {
    let toml = "[migrations_directory]\ndir = \"db\"\n";
    let branch = Branch::new(
        &[("diesel.toml", toml), ("db/2026-03-01-090000_members/up.sql", MEMBERS)],
        &[("db/2026-03-05-120059_fees/up.sql", FEES)],
        &[
            ("db/2026-03-02-100000_index/up.sql", INDEX),
            ("db/2026-03-02-100000_index/down.sql", "DROP INDEX members_name;"),
        ],
    );
    branch.run(&["--fix"]);
    let files = branch.files();
    assert!(files.contains(&"db/2026-03-05-120100_index/down.sql".to_owned()), "{files:?}");
    assert!(!files.iter().any(|file| file.contains("100000")), "{files:?}");

    let branch = Branch::new(
        &[("pom.xml", ""), ("db/V1__members.sql", MEMBERS)],
        &[("db/V2__fees.sql", FEES)],
        &[("db/V2__index.sql", INDEX), ("db/U2__index.sql", "DROP INDEX members_name;")],
    );
    branch.run(&["--fix"]);
    let files = branch.files();
    assert!(files.contains(&"db/V3__index.sql".to_owned()), "{files:?}");
    assert!(files.contains(&"db/U3__index.sql".to_owned()), "{files:?}");
}

#[test]
fn what_is_not_safe_is_refused_as_a_whole() {
    let own = index("db/000002_index.up.sql");
    let named = [own[0], own[1], ("notes.md", "It is done by 000002_index.\n")];
    Branch::new(BASE, &fees(), &named).refuses("notes.md names 000002_index");

    let branch = Branch::new(BASE, &fees(), &own);
    let taken = branch.shop().join("db/000003_index.up.sql");
    // Git ignores it, and so does the gate; it stands there all the same.
    write(&branch.shop(), ".gitignore", "/db/000003_index.up.sql\n");
    write(&branch.shop(), "db/000003_index.up.sql", "mine");
    branch.refuses("the new name is taken; everything is as it was");
    assert_eq!(fs::read_to_string(taken).unwrap(), "mine");

    let sqitch = "%syntax-version=1.0.0\n%project=shop\n\n";
    let line = |name: &str| format!("{name} 2026-03-01T09:00:00Z n <n@example.org> # it\n");
    let merged = format!("{sqitch}{}", line("members"));
    let late = format!("{sqitch}{}{}", line("index"), line("members"));
    Branch::new(
        &[("sqitch.plan", &merged), ("deploy/members.sql", MEMBERS)],
        &[],
        &[("sqitch.plan", &late), ("deploy/index.sql", INDEX)],
    )
    .refuses("move its line by hand");
}

#[test]
fn fix_touches_neither_revisions_nor_folders_nor_links() {
    let own = index("db/000002_index.up.sql");
    let branch = Branch::new(BASE, &fees(), &own);
    let error = branch.run(&["--fix", "--head", "HEAD"]).refused(2);
    assert!(error.contains("cannot be used with"), "{error}");
    let error = branch.run(&["--fix", "--base-dir", "db"]).refused(2);
    assert!(error.contains("cannot be used with"), "{error}");

    // The folder of the set is a link by the time of the writing.
    let away = branch.0.path().join("away");
    fs::rename(branch.shop().join("db"), &away).unwrap();
    symlink(&away, branch.shop().join("db")).unwrap();
    let ran = branch.run(&["--fix"]);
    assert!(!ran.err.contains("renamed"), "{}", ran.err);
    assert!(away.join("000002_index.up.sql").is_file());
}
