//! Who may say that a finding does no harm, and when: waivers, allowances, windows, the policy.

use serde_json::Value;

use crate::support::{Answer, Folder, Tree, check, check_with, gate, git, repository};

const CONFIG: &str = "migration-gate.toml";
const NOVEMBER: [&str; 2] = ["--as-of", "2026-11-21T10:00Z"];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS rooms (a, b);\n";
const ONE_WAY: &str = "-- migration-gate: class=manual_backfill\nUPDATE rooms SET a = 1;\n";

/// A merged table.
fn merged() -> Tree {
    Tree::default()
        .with("db/0001_rooms.up.sql", &format!("-- migration-gate: class=online\n{TABLE}"))
        .with("db/0001_rooms.down.sql", "DROP TABLE rooms;\n")
}

/// A migration without a way back.
fn one_way(tree: Tree) -> Tree {
    tree.with("db/0002_fill.up.sql", ONE_WAY)
}

fn policy(text: &str) -> String {
    format!("version = 1\n{text}\n")
}

/// The content of `0002_fill` in a tree, as the gate itself tells it.
fn content(tree: &Tree) -> String {
    let bare = policy("[[waiver]]\nrule = \"rollback/missing\"\nmigration = \"0002_fill\"");
    let told = check_with(&merged().with(CONFIG, &bare), &tree.clone().with(CONFIG, &bare), &[]);
    let help = told.report["findings"][0]["help"].as_str().unwrap().to_owned();
    let (_, rest) = help.split_once("content = \"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn waiver(content: &str, last: &str) -> String {
    policy(&format!(
        "[[waiver]]\nrule = \"rollback/missing\"\nmigration = \"0002_fill\"\n\
         content = \"{content}\"\nreason = \"nothing to put back\"\nowner = \"desk\"\n\
         expires = \"{last}\""
    ))
}

fn expect(what: &str, answer: &Answer, exit: i32, findings: &[&str]) {
    assert_eq!(answer.findings(), findings, "{what}: {:#}", answer.report["findings"]);
    assert_eq!(answer.exit, exit, "{what}");
}

#[test]
fn a_waiver_excuses_what_was_looked_at_until_its_last_day() {
    let head = one_way(merged());
    let known = content(&head);
    let run = |config: &str, head: &Tree, moment: &str| {
        let (base, head) = (merged().with(CONFIG, config), head.clone().with(CONFIG, config));
        check_with(&base, &head, &["--as-of", moment])
    };
    let config = waiver(&known, "2027-01-31");
    let answer = run(&config, &head, "2026-11-21");
    expect("it holds", &answer, 0, &[]);
    let waived = &answer.report["waived"][0];
    assert_eq!(waived["finding"]["rule"], "rollback/missing");
    assert_eq!(waived["finding"]["level"], "error");
    for (key, value) in [("owner", "desk"), ("expires", "2027-01-31"), ("file", CONFIG)] {
        assert_eq!(waived[key], value);
    }
    let blocked = "error rollback/missing";
    let late = run(&config, &head, "2027-02-01");
    expect("it is over", &late, 1, &[blocked, "warning governance/waiver-expired"]);
    let early = run(&config, &head, "2026-10-31");
    expect("it is too long", &early, 1, &[blocked, "warning governance/waiver-incomplete"]);
    let edited = head.with("db/0002_fill.up.sql", &ONE_WAY.replace("= 1", "= 2"));
    let answer = run(&config, &edited, "2026-11-21");
    expect("it was edited", &answer, 1, &[blocked, "warning governance/waiver-unused"]);
    let help = answer.report["findings"][0]["help"].as_str().unwrap();
    assert!(help.contains(&content(&edited)), "{help}");
    // Of what is not judged nothing is said.
    let other = merged().with("db/0002_b.up.sql", "-- migration-gate: class=online\nSELECT 1;\n");
    let other = other.with("db/0002_b.down.sql", "SELECT 1;\n");
    expect("another", &run(&config, &other, "2026-11-21"), 0, &[]);
    expect("another, late", &run(&config, &other, "2027-11-21"), 0, &[]);
}

#[test]
fn a_change_cannot_waive_itself() {
    let head = one_way(merged());
    let config = waiver(&content(&head), "2027-01-31");
    let answer = check_with(&merged(), &head.with(CONFIG, &config), &NOVEMBER);
    let findings = ["error rollback/missing", "warning governance/policy-changed"];
    expect("a new waiver", &answer, 1, &findings);
    assert_eq!(answer.report["waived"], Value::Array(Vec::new()));
}

#[test]
fn the_moment_changes_the_verdict_and_not_the_digest() {
    let head = one_way(merged());
    let config = waiver(&content(&head), "2027-01-31")
        + "[[freeze]]\nfrom = \"2026-12-20\"\nto = \"2027-01-04\"\nreason = \"year end\"\n";
    let (base, head) = (merged().with(CONFIG, &config), head.with(CONFIG, &config));
    let reports: Vec<Answer> = ["2026-11-21T10:00Z", "2026-12-24[Europe/Berlin]", "2027-03-01"]
        .iter()
        .map(|moment| check_with(&base, &head, &["--as-of", moment]))
        .collect();
    expect("before", &reports[0], 0, &[]);
    expect("within", &reports[1], 1, &["error class/frozen"]);
    let late = ["error rollback/missing", "warning governance/waiver-expired"];
    expect("after", &reports[2], 1, &late);
    let shown: Vec<&Value> = reports.iter().map(|answer| &answer.report["as_of"]).collect();
    assert_eq!(shown, ["2026-11-21T10:00Z", "2026-12-23T23:00Z", "2027-03-01T00:00Z"]);
    let digest = |answer: &Answer| answer.report["digest"].clone();
    assert!(reports.iter().all(|answer| digest(answer) == digest(&reports[0])));
    // Another change is another matter.
    let more = head.with("db/0002_fill.down.sql", "SELECT 1;\n");
    assert_ne!(digest(&check_with(&base, &more, &NOVEMBER)), digest(&reports[0]));
}

#[test]
fn the_clock_is_in_a_report_only_where_something_hangs_on_it() {
    let length = |text: &str| {
        let config = policy(text);
        let (base, head) =
            (merged().with(CONFIG, &config), one_way(merged()).with(CONFIG, &config));
        check(&base, &head).report["as_of"].as_str().map(str::len)
    };
    assert_eq!(length(""), None);
    assert_eq!(length("[policy]\npreset = \"strict\""), None);
    let freeze = "[[freeze]]\nfrom = \"2020-12-20\"\nto = \"2021-01-04\"\nreason = \"r\"";
    assert_eq!(length(freeze), Some("2026-11-21".len()));
    let minute = Some("2026-11-21T10:00Z".len());
    assert_eq!(length(&format!("{freeze}\nzone = \"Asia/Tokyo\"")), minute);
    let window =
        "[class.online]\nwindows = [{ cron = \"0 9 * * *\", duration = \"1h\", zone = \"UTC\" }]";
    assert_eq!(length(window), minute);
}

#[test]
fn a_script_allows_itself_what_the_policy_lets_it_and_no_more() {
    let index = |name: &str| format!("CREATE INDEX {name} ON rooms (a);\n");
    let allow = "-- migration-gate: allow dryrun/not-replay-safe reason=\"run once\"\n";
    let run = |rules: &str, up: &str| {
        let config = policy(&format!("[policy]\ninline-allow = [{rules}]"));
        let head = merged()
            .with("db/0002_index.up.sql", &format!("-- migration-gate: class=online\n{up}"))
            .with("db/0002_index.down.sql", "DROP INDEX one;\nDROP INDEX two;\n");
        check(&merged().with(CONFIG, &config), &head.with(CONFIG, &config))
    };
    let unsafe_twice = "warning dryrun/not-replay-safe";
    let top = format!("{allow}{}{}", index("one"), index("two"));
    for rules in ["\"dryrun/not-replay-safe\"", "\"layout/*\", \"dryrun/*\""] {
        let answer = run(rules, &top);
        expect(rules, &answer, 0, &[]);
        assert_eq!(answer.report["waived"][0]["owner"], "inline");
        assert_eq!(answer.report["waived"][0]["reason"], "run once");
    }
    let denied = [unsafe_twice, "warning governance/allow-not-permitted"];
    expect("not permitted", &run("\"layout/*\"", &top), 0, &denied);
    // The second run stops at the first statement, and that is not the one allowed.
    let second = format!("{}{allow}{}", index("one"), index("two"));
    expect("below", &run("\"dryrun/*\"", &second), 0, &[unsafe_twice]);
    let guarded = index("one").replace("INDEX", "INDEX IF NOT EXISTS");
    expect("above", &run("\"dryrun/*\"", &format!("{guarded}{allow}{}", index("two"))), 0, &[]);
    let bare = top.replace(" reason=\"run once\"", "");
    let mute = run("\"dryrun/*\"", &bare);
    expect("no reason", &mute, 1, &["error manifest/invalid", unsafe_twice]);
}

#[test]
fn a_team_is_heard_through_whoever_runs_the_gate() {
    // That nothing is put back is another matter.
    let config = policy(
        "[class.manual_backfill]\napproval = { team = \"dba\" }\n\
         [policy.levels]\n\"rollback/loses-data\" = \"off\"",
    );
    let down = |tree: Tree| tree.with("db/0002_fill.down.sql", "SELECT 1;\n");
    let (base, head) = (merged().with(CONFIG, &config), down(one_way(merged())));
    let head = head.with(CONFIG, &config);
    let missing = ["warning class/approval-missing"];
    expect("nobody", &check(&base, &head), 0, &missing);
    expect("another", &check_with(&base, &head, &["--approved-by", "shop"]), 0, &missing);
    let both = ["--approved-by", "shop", "--approved-by", "dba"];
    expect("they did", &check_with(&base, &head, &both), 0, &[]);
}

#[test]
fn a_window_is_asked_only_of_what_the_change_rolls_out() {
    let config = policy(
        "[class.online]\nwindows = [{ days = \"Mon\", from = \"22:00\", to = \"02:00\", zone = \"UTC\" }]",
    );
    let (base, head) = (merged().with(CONFIG, &config), merged().with(CONFIG, &config));
    let mended = head.clone().with("db/0001_rooms.down.sql", "DROP TABLE IF EXISTS rooms;\n");
    let edited = check_with(&base, &mended, &NOVEMBER);
    expect("a mended rollback", &edited, 0, &["note history/edited"]);
    let new = head
        .with("db/0002_b.up.sql", "-- migration-gate: class=online\nSELECT 1;\n")
        .with("db/0002_b.down.sql", "SELECT 1;\n");
    let answer = check_with(&base, &new, &NOVEMBER);
    expect("a new one", &answer, 1, &["error class/outside-window"]);
    let help = answer.report["findings"][0]["help"].as_str().unwrap();
    assert!(help.ends_with("from Mon 2026-11-23 22:00 UTC on"), "{help}");
    let night = check_with(&base, &new, &["--as-of", "2026-11-24T01:59Z"]);
    expect("in the window", &night, 0, &[]);
}

#[test]
fn a_strict_policy_can_still_be_mended() {
    let strict = |more: &str| policy(&format!("[policy]\npreset = \"strict\"\n{more}"));
    let (base, head) = (strict(""), strict("waiver-days = 30"));
    let answer = check(&merged().with(CONFIG, &base), &merged().with(CONFIG, &head));
    expect("strict", &answer, 0, &["warning governance/policy-changed"]);
}

/// Where sets are configured, only their folders are compared, and these files beside them.
#[test]
fn a_workflow_is_seen_beside_the_folders_of_the_sets() {
    let home = Folder::new(&[
        (CONFIG, &policy("[[set]]\nname = \"a\"\npath = \"db\"\nengine = \"sqlite\"")),
        ("db/0001_rooms.up.sql", &format!("-- migration-gate: class=online\n{TABLE}")),
        ("db/0001_rooms.down.sql", "DROP TABLE rooms;\n"),
        (".github/workflows/gate.yml", "run: migration-gate check\n"),
        ("action.yml", "run: make\n"),
    ]);
    repository(home.path());
    git(home.path(), &["checkout", "-q", "-b", "change"]);
    home.write(".github/workflows/gate.yml", "run: true\n");
    home.write("action.yml", "run: make all\n");
    let ran = gate(home.path(), &["check", "--format", "json", "--base", "main"]);
    let answer = Answer::from(ran);
    expect("a workflow", &answer, 0, &["warning governance/policy-changed"]);
    assert_eq!(answer.report["findings"][0]["file"], ".github/workflows/gate.yml");
    let finding = &answer.report["findings"][0];
    assert_eq!((&finding["set"], &finding["migration"]), (&"".into(), &Value::Null));
}

#[test]
fn whatever_judges_the_change_is_told_when_the_change_edits_it() {
    let entry = |class: &str| {
        format!(
            "{{ \"manifest_version\": 1, \"migrations\": [\n\
             {{ \"id\": \"0001_rooms\", \"class\": \"{class}\" }} ] }}\n"
        )
    };
    let plain = merged().with("db/0001_rooms.up.sql", TABLE);
    let base = plain
        .with("db/migration_manifest.json", &entry("online"))
        .with(CONFIG, &policy("[policy]\npreset = \"recommended\""))
        .with(".github/workflows/gate.yml", "run: migration-gate check\n")
        .with(".github/workflows/other.yml", "run: make\n");
    let told = |path: &str, text: &str| -> Vec<String> {
        let answer = check(&base, &base.clone().with(path, text));
        assert_eq!(answer.exit, 0);
        let findings = answer.report["findings"].as_array().unwrap();
        let message = |finding: &Value| {
            assert_eq!(finding["rule"], "governance/policy-changed");
            finding["message"].as_str().unwrap().to_owned()
        };
        findings.iter().map(message).collect()
    };
    assert_eq!(
        told("db/migration_manifest.json", &entry("post_deploy")),
        ["0001_rooms is merged, and the change edits its class; it is judged as online"]
    );
    assert_eq!(
        told(".github/workflows/gate.yml", "run: true\n"),
        ["the change edits .github/workflows/gate.yml, which runs the gate"]
    );
    assert_eq!(
        told(CONFIG, &policy("[policy]\nrollback = \"checkpoint\"")),
        ["the change edits policy in migration-gate.toml; the base's policy is in force here"]
    );
    let nothing: [&str; 0] = [];
    assert_eq!(told(".github/workflows/other.yml", "run: make all\n"), nothing);
    let commented = policy("# why\n[policy]\npreset = \"recommended\"");
    assert_eq!(told(CONFIG, &commented), nothing);
    assert_eq!(told("db/migration_manifest.json", &entry("online").replace('\n', "")), nothing);
    let gone = check(&base, &base.clone().without("workflows/gate"));
    expect("a workflow goes", &gone, 0, &["warning governance/policy-changed"]);
}
