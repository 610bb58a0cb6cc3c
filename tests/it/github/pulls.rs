//! `pulls`: what stands open, and what gets in its way.

use serde_json::{Value, json};

use super::server::GitHub;
use super::state::{State, Token};
use crate::support::{Folder, Ran, commit, finish, program, repository};

const MEMBERS: &str = "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT);";
const SCHEMA: &str = "config/app.schema.json";
const MAIN: &str = "0000000000000000000000000000000000000000";

fn checkout() -> Folder {
    let folder = Folder::new(&[
        (
            "migration-gate.toml",
            "version = 1\n\
             [[set]]\nname = \"shop\"\npath = \"db\"\nengine = \"sqlite\"\n\
             layout = \"golang-migrate\"\n\
             [[set]]\nname = \"settings\"\npath = \"config/migrations\"\nengine = \"documents\"\n\
             documents = [\"config/app*.json\"]\n\
             schemas = [{ files = \"config/app.json\", schema = \"config/app.schema.json\" }]\n",
        ),
        ("db/000001_members.up.sql", MEMBERS),
        ("db/000001_members.down.sql", "DROP TABLE members;"),
        ("config/app.json", "{\"port\": 1}\n"),
        (SCHEMA, "{\"type\": \"object\", \"properties\": {\"port\": {\"type\": \"integer\"}}}\n"),
    ]);
    repository(folder.path());
    commit(folder.path());
    folder
}

fn sha(number: u64) -> String {
    format!("{number:040}")
}

fn open(state: &mut State, number: u64, files: &[(&str, &str, &str)]) {
    state.pull(number, &sha(number), MAIN);
    state.changes(number, files);
}

fn run(github: &GitHub, folder: &Folder, arguments: &[&str]) -> Ran {
    let mut command = program(folder.path());
    command.env("GITHUB_API_URL", github.url()).env("GITHUB_TOKEN", Token::ReadOnly.name());
    finish(command.args(["pulls", "--repository", "acme/shop"]).args(arguments))
}

fn listed(ran: Ran, code: i32) -> Value {
    serde_json::from_str(&ran.quiet(code)).unwrap()
}

/// The conflicts of a pull request as `with kind`.
fn conflicts(listed: &Value, number: u64) -> Vec<String> {
    let pulls = listed["pulls"].as_array().unwrap();
    let pull = pulls.iter().find(|pull| pull["number"] == number).unwrap();
    let conflicts = pull["conflicts"].as_array().unwrap().iter();
    conflicts.map(|one| format!("{} {}", one["with"], one["kind"].as_str().unwrap())).collect()
}

#[test]
fn a_table_says_what_stands_in_whose_way() {
    let (folder, github) = (checkout(), GitHub::start());
    {
        let state = &mut *github.state();
        // The same version.
        open(
            state,
            3,
            &[
                ("db/000002_fees.up.sql", "added", "CREATE TABLE fees (id INTEGER);"),
                ("db/000002_fees.down.sql", "added", "DROP TABLE fees;"),
            ],
        );
        open(
            state,
            4,
            &[
                ("db/000002_dues.up.sql", "added", "CREATE TABLE dues (id INTEGER);"),
                ("db/000002_dues.down.sql", "added", "DROP TABLE dues;"),
            ],
        );
        // The same object, under another version.
        open(
            state,
            5,
            &[
                ("db/000003_fees.up.sql", "added", "CREATE TABLE fees (id TEXT);"),
                ("db/000003_fees.down.sql", "added", "DROP TABLE fees;"),
            ],
        );
        // The same schema.
        open(state, 6, &[(SCHEMA, "modified", "{}")]);
        open(state, 7, &[(SCHEMA, "modified", "{\"type\": \"object\"}")]);
        open(state, 8, &[("README.md", "modified", "nothing of ours")]);
        // Into another branch.
        open(state, 9, &[("db/000002_x.up.sql", "added", "CREATE TABLE fees (id INTEGER);")]);
        state.pulls.get_mut(&9).unwrap()["base"]["ref"] = json!("next");
        state.pulls.get_mut(&9).unwrap()["draft"] = json!(true);
        state.check_runs.push(json!({
            "id": 70, "name": "migration-gate", "head_sha": sha(3), "status": "completed",
            "conclusion": "failure",
        }));
        let status = json!({ "id": 71, "context": "migration-gate", "state": "success" });
        state.statuses.push((sha(4), status));
    }
    let text = run(&github, &folder, &[]).quiet(0);
    insta::assert_snapshot!(text, @r"
    #3          failure  author  shop: 000002_fees
      #4 same-version: 000002_fees has the version 000002 that 000002_dues took on #4
      #5 same-object: 000002_fees creates table `fees`, and so does 000003_fees on #5
    #4          success  author  shop: 000002_dues
      #3 same-version: 000002_dues has the version 000002 that 000002_fees took on #3
    #5          not run  author  shop: 000003_fees
      #3 same-object: 000003_fees creates table `fees`, and so does 000002_fees on #3
    #6          not run  author  schema config/app.schema.json
      #7 same-schema: config/app.schema.json is changed here and in #7
    #7          not run  author  schema config/app.schema.json
      #6 same-schema: config/app.schema.json is changed here and in #6
    #9 (draft)  not run  author  shop: 000002_x
    ");
    let listed = listed(run(&github, &folder, &["--format", "json"]), 0);
    assert_eq!(conflicts(&listed, 3), ["4 same-version", "5 same-object"]);
    assert_eq!(conflicts(&listed, 4), ["3 same-version"]);
    assert_eq!(conflicts(&listed, 6), ["7 same-schema"]);
    assert!(conflicts(&listed, 9).is_empty());
    assert_eq!(listed["pulls"][0]["sets"][0]["migrations"][0]["change"], "added");
}

#[test]
fn what_cannot_be_told_is_no_absence_of_conflicts() {
    let (folder, github) = (checkout(), GitHub::start());
    {
        let state = &mut *github.state();
        open(state, 3, &[("db/000002_a.up.sql", "added", "")]);
        state.contents.clear();
        open(state, 4, &[("db/000002_b.up.sql", "added", &"-".repeat(2_000_000))]);
        open(state, 5, &[]);
        let many = (0..3000).map(|n| json!({ "filename": format!("src/{n}"), "status": "added" }));
        state.files.insert(5, many.collect());
        open(state, 6, &[("migration-gate.toml", "modified", "")]);
    }
    let ran = run(&github, &folder, &[]);
    assert_eq!(ran.code, 3);
    for words in [
        "GitHub does not give db/000002_a.up.sql",
        "db/000002_b.up.sql is too large",
        "GitHub does not tell all the files",
        "it changes migration-gate.toml",
    ] {
        assert!(ran.out.contains(&format!("cannot tell: {words}")), "{}", ran.out);
    }
}

#[test]
fn an_odd_answer_about_one_file_is_told_and_the_others_are_listed() {
    let (folder, github) = (checkout(), GitHub::start());
    {
        let state = &mut *github.state();
        open(state, 3, &[("db/000002_a.up.sql", "added", "CREATE TABLE a (id INTEGER);")]);
        open(state, 4, &[("db/000003_b.up.sql", "added", "CREATE TABLE b (id INTEGER);")]);
        state.folders.insert("db/000002_a.up.sql".into());
    }
    let ran = run(&github, &folder, &[]);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(
        ran.out.contains("cannot tell: GitHub does not give db/000002_a.up.sql: "),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("shop: 000003_b"), "{}", ran.out);
}

#[test]
fn names_from_a_pull_request_stay_text() {
    let (folder, github) = (checkout(), GitHub::start());
    {
        let state = &mut *github.state();
        let hostile = "db/000002_\u{1b}[2J\n::error::x.up.sql";
        open(state, 3, &[(hostile, "added", "CREATE TABLE a (id INTEGER);")]);
        open(state, 4, &[(hostile, "added", "CREATE TABLE a (id TEXT);")]);
        state.pulls.get_mut(&3).unwrap()["user"]["login"] = json!("\u{202e}\n::warning::y");
    }
    let ran = run(&github, &folder, &[]);
    assert!(!ran.out.contains(['\u{1b}', '\u{202e}']), "{}", ran.out);
    assert!(!ran.out.lines().any(|line| line.trim_start().starts_with("::")), "{}", ran.out);
    assert!(ran.out.contains("same-file"), "{}", ran.out);
}

#[test]
fn it_says_what_it_lacks() {
    let (folder, github) = (checkout(), GitHub::start());
    let bare = |arguments: &[&str]| {
        let mut command = program(folder.path());
        finish(command.env("GITHUB_API_URL", github.url()).arg("pulls").args(arguments)).refused(2)
    };
    assert!(bare(&[]).contains("GITHUB_REPOSITORY"));
    assert!(bare(&["--repository", "acme/shop/../x"]).contains("OWNER/NAME"));
    let text = run(&github, &folder, &[]).quiet(0);
    assert_eq!(text, "no open pull request touches migrations or config schemas\n");
}
