//! `.github/action/run.sh` as a runner calls it: the inputs and the event come by the environment.

mod forge;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use migration_gate::host;

use self::forge::{Forge, ROOT, ReadOnly, Step, publishing};
use crate::support::{PROGRAM, commit, copy, git};

const NOWHERE: &str = "0000000000000000000000000000000000000000";

#[test]
fn a_pull_request_is_judged_from_a_checkout_of_one_commit() {
    let forge = Forge::new();
    forge.check_out("pull");
    let event = r#"{"pull_request":{"number":1}}"#;
    let bundle = forge.path("runner/bundle").display().to_string();
    let settings = [("GITHUB_BASE_REF", "main"), ("INPUT_BUNDLE", &bundle)];
    let step = forge.run("pull_request", event, &settings);
    step.judged(1, "block", "6");
    let report = fs::read(&step.outputs["report"]).unwrap();
    assert_eq!(fs::read(Path::new(&bundle).join("report.json")).unwrap(), report);
    assert!(step.ran.out.contains("::error file=db/migrations/0006_track_stock.down.sql,line=1"));
    assert!(!step.ran.out.contains("\n::error::hit"), "{}", step.ran.out);
    assert!(step.summary.contains("Migrations blocked: 6 errors"), "{}", step.summary);
}

#[test]
fn the_head_of_a_pull_request_is_compared_with_where_it_branched_off() {
    let forge = Forge::new();
    forge.check_out("change");
    let merge = forge.id("pull");
    let settings = [("GITHUB_BASE_REF", "main"), ("GITHUB_SHA", &merge)];
    forge.run("pull_request", "{}", &settings).judged(1, "block", "6");
}

#[test]
fn a_merge_group_is_compared_with_its_own_base() {
    let forge = Forge::new();
    forge.check_out("pull");
    let event = format!(r#"{{"merge_group":{{"base_sha":"{}"}}}}"#, forge.id("main"));
    forge.run("merge_group", &event, &[]).judged(1, "block", "6");
}

fn push(before: &str) -> String {
    format!(r#"{{"before":"{before}","repository":{{"default_branch":"main"}}}}"#)
}

#[test]
fn a_push_is_compared_with_the_branch_before_it() {
    let forge = Forge::new();
    forge.check_out("pull");
    let on = [("GITHUB_REF", "refs/heads/main")];
    forge.run("push", &push(&forge.id("main")), &on).judged(1, "block", "6");
    // Only the shop's README came with the last commit.
    let forge = Forge::new();
    forge.check_out("main");
    forge.run("push", &push(&forge.id("main~1")), &on).judged(0, "pass", "0");
}

#[test]
fn a_branch_is_compared_with_the_default_branch_however_it_was_pushed() {
    let on = [("GITHUB_REF", "refs/heads/change")];
    let forge = Forge::new();
    forge.check_out("change");
    forge.run("push", &push(NOWHERE), &on).judged(1, "block", "6");
    // Nothing was touched since the push before this one.
    let forge = Forge::new();
    forge.check_out("change");
    forge.run("push", &push(&forge.id("change")), &on).judged(1, "block", "6");
}

#[test]
fn of_a_new_default_branch_everything_is_judged() {
    let forge = Forge::new();
    forge.check_out("change");
    let on = [("GITHUB_REF", "refs/heads/main")];
    let step = forge.run("push", &push(NOWHERE), &on);
    assert_eq!(step.outputs["verdict"], "block", "{step:#?}");
    assert!(step.summary.contains("0001_create_customers"), "{}", step.summary);
}

#[test]
fn a_default_branch_whose_former_commit_is_gone_does_not_pass() {
    let forge = Forge::new();
    forge.check_out("main");
    let gone = "1234567890123456789012345678901234567890";
    let step = forge.run("push", &push(gone), &[("GITHUB_REF", "refs/heads/main")]);
    assert!(step.ran.code > 1, "{step:#?}");
    assert!(!step.outputs.values().any(|value| value == "pass"), "{step:#?}");
}

#[test]
fn a_change_that_touches_nothing_passes() {
    let forge = Forge::new();
    let origin = forge.path("origin");
    git(&origin, &["checkout", "-q", "-b", "words"]);
    fs::write(origin.join("README.md"), "A shop of books.\n").unwrap();
    commit(&origin);
    forge.check_out("words");
    let event = format!(r#"{{"merge_group":{{"base_sha":"{}"}}}}"#, forge.id("main"));
    forge.run("merge_group", &event, &[]).judged(0, "pass", "0");
}

#[test]
fn what_cannot_be_judged_is_refused() {
    let forge = Forge::new();
    forge.check_out("main");
    let run = |event: &str, settings: &[(&str, &str)]| forge.run(event, "{}", settings);
    run("pull_request_target", &[("GITHUB_BASE_REF", "main")])
        .refused("not on pull_request_target");
    run("merge_group", &[("INPUT_ALL", "yes")]).refused("is \"true\" or \"false\", not \"yes\"");
    run("merge_group", &[("INPUT_COMMAND", "apply")]).refused("check, merge or publish");
    run("merge_group", &[("INPUT_BINARY", "/nowhere")]).refused("names no program");
}

#[test]
fn shards_are_joined_into_the_report_of_the_whole() {
    let forge = Forge::new();
    forge.check_out("pull");
    let run = |settings: &[(&str, &str)]| {
        let settings = [&[("GITHUB_BASE_REF", "main")], settings].concat();
        forge.run("pull_request", "{}", &settings)
    };
    let whole = run(&[]);
    whole.judged(1, "block", "6");
    for shard in ["1/3", "2/3", "3/3"] {
        let step = run(&[("INPUT_SHARD", shard), ("INPUT_FORMAT", "plain")]);
        let report = fs::read_to_string(&step.outputs["report"]).unwrap();
        forge.0.write(&format!("runner/shards/shard-{}/report.json", &shard[..1]), &report);
    }
    let shards = forge.path("runner/shards").display().to_string();
    let merged = run(&[("INPUT_COMMAND", "merge"), ("INPUT_FILES", &shards)]);
    merged.judged(1, "block", "6");
    assert_eq!(merged.outputs["digest"], whole.outputs["digest"]);
    let bytes = |step: &Step| fs::read(&step.outputs["report"]).unwrap();
    assert_eq!(bytes(&merged), bytes(&whole));
    let part = forge.path("runner/shards/shard-2").display().to_string();
    let part = run(&[("INPUT_COMMAND", "merge"), ("INPUT_FILES", &part)]);
    assert!(part.ran.code > 1 && part.outputs.is_empty(), "{part:#?}");
}

#[test]
fn the_verdict_stands_where_nothing_may_be_posted() {
    let (forge, github) = (Forge::new(), ReadOnly::new());
    forge.check_out("pull");
    let event = format!(
        r#"{{"pull_request":{{"number":1,"head":{{"sha":"{}","repo":null}}}}}}"#,
        forge.id("change")
    );
    let url = github.url();
    let settings = [&publishing(&url)[..], &[("GITHUB_BASE_REF", "main")]].concat();
    let step = forge.run("pull_request", &event, &settings);
    step.judged(1, "block", "6");
    assert!(step.ran.out.contains("::error file=db/migrations/"), "{step:#?}");
    assert!(step.summary.contains("blocked: 6 errors"), "{step:#?}");
    assert_eq!(step.summary.matches("blocked: 6 errors").count(), 1, "{step:#?}");
    assert!(!format!("{step:?}").contains("s3cret"), "{step:#?}");
}

/// A check's name has at most 100 characters.
#[test]
fn where_publishing_is_refused_the_log_and_the_summary_have_it_all() {
    let (forge, github) = (Forge::new(), ReadOnly::new());
    forge.check_out("pull");
    let event = format!(
        r#"{{"pull_request":{{"number":1,"head":{{"sha":"{}","repo":null}}}}}}"#,
        forge.id("change")
    );
    let (url, name) = (github.url(), "n".repeat(101));
    let own = [("GITHUB_BASE_REF", "main"), ("INPUT_CHECK_NAME", name.as_str())];
    let step = forge.run("pull_request", &event, &[&publishing(&url)[..], &own].concat());
    step.judged(1, "block", "6");
    assert!(step.ran.out.contains("::error file=db/migrations/"), "{step:#?}");
    assert!(step.summary.contains("Nothing could be posted"), "{step:#?}");
    assert!(step.summary.contains("blocked: 6 errors"), "{step:#?}");
}

#[test]
fn the_report_of_another_job_is_published_for_its_own_commit_only() {
    let (forge, github) = (Forge::new(), ReadOnly::new());
    let url = github.url();
    forge.check_out("change");
    let merge = forge.id("pull");
    let settings = [("GITHUB_BASE_REF", "main"), ("GITHUB_SHA", merge.as_str())];
    let checked = forge.run("pull_request", "{}", &settings);
    let publish = |head: &str| {
        let event = format!(
            r#"{{"workflow_run":{{"id":1,"head_sha":"{head}","event":"pull_request","pull_requests":[{{"number":1}}]}}}}"#
        );
        let files = [("INPUT_COMMAND", "publish"), ("INPUT_FILES", &*checked.outputs["report"])];
        forge.run("workflow_run", &event, &[&publishing(&url)[..], &files].concat())
    };
    let step = publish(&forge.id("change"));
    step.judged(1, "block", "6");
    assert!(step.summary.contains("blocked: 6 errors"), "{step:#?}");
    let step = publish(&forge.id("main"));
    assert!(step.ran.code > 1 && step.summary.is_empty(), "{step:#?}");
    // What it says is not passed on.
    assert!(step.outputs.is_empty(), "{step:#?}");
}

/// A release of this version, with another archive than `checksum` says where it is given.
fn released(forge: &Forge, checksum: Option<&str>) -> [(&'static str, String); 4] {
    let version = env!("CARGO_PKG_VERSION");
    let action = forge.path("action");
    copy(&Path::new(ROOT).join(".github/action"), &action.join(".github/action"));
    fs::copy(Path::new(ROOT).join("Cargo.toml"), action.join("Cargo.toml")).unwrap();
    let folder = forge.path(&format!("releases/v{version}"));
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join("migration-gate");
    fs::write(&program, format!("#!/bin/sh\nexec '{PROGRAM}' \"$@\"\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut table = String::from("# a comment\n");
    for machine in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"]
        .into_iter()
        .chain(["x86_64-apple-darwin", "aarch64-apple-darwin"])
    {
        let name = format!("migration-gate-{version}-{machine}.tar.gz");
        let mut tar = host::command("tar");
        let made = tar.current_dir(&folder).args(["-czf", &name, "migration-gate"]).status();
        assert!(made.unwrap().success());
        let found = sha256(&folder.join(&name));
        table.push_str(&format!("{}  {name}\n", checksum.unwrap_or(&found)));
    }
    fs::write(action.join(".github/action/checksums.txt"), table).unwrap();
    [
        ("ACTION_PATH", action.display().to_string()),
        ("INPUT_BINARY", String::new()),
        ("MIGRATION_GATE_DOWNLOADS", format!("file://{}", forge.path("releases").display())),
        // There is nothing to build with, so that a fallback would be seen.
        ("CARGO_HOME", forge.path("nowhere").display().to_string()),
    ]
}

fn sha256(file: &Path) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(fs::read(file).unwrap());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run_released(forge: &Forge, settings: &[(&'static str, String)], version: &str) -> Step {
    forge.check_out("main");
    let mut settings: Vec<(&str, &str)> =
        settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    settings.push(("INPUT_VERSION", version));
    let event = format!(r#"{{"merge_group":{{"base_sha":"{}"}}}}"#, forge.id("main~1"));
    forge.run("merge_group", &event, &settings)
}

#[test]
fn a_released_archive_is_used_when_its_checksum_is_that_of_the_table() {
    let forge = Forge::new();
    let settings = released(&forge, None);
    run_released(&forge, &settings, "").judged(0, "pass", "0");
}

#[test]
fn another_archive_than_that_of_the_table_is_refused() {
    let forge = Forge::new();
    let settings = released(&forge, Some(&"0".repeat(64)));
    run_released(&forge, &settings, "").refused("and the action's table says 0000");
}

#[test]
fn a_version_that_the_table_does_not_hold_is_refused() {
    let forge = Forge::new();
    let settings = released(&forge, None);
    run_released(&forge, &settings, "9.9.9").refused("not in this action's table");
    let forge = Forge::new();
    let settings = released(&forge, None);
    run_released(&forge, &settings, "../1").refused("is no version");
}
