//! How much a finding weighs: the cases in which it is not the rule's usual level.
//!
//! Each case is a small set, what the change makes of it, and every finding it must have.

use crate::support::{Tree, check};

const TABLE: &str = "CREATE TABLE members (id INTEGER PRIMARY KEY, name TEXT, town TEXT);";
const DROP_TABLE: &str = "DROP TABLE members;";
const INDEX: &str = "CREATE INDEX IF NOT EXISTS members_name ON members (name);";
const OTHER_INDEX: &str = "CREATE INDEX IF NOT EXISTS members_name ON members (name, town);";
const DROP_INDEX: &str = "DROP INDEX members_name;";

/// A set of one tool: how its files are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    Dbmate,
    Diesel,
    Flyway,
    GolangMigrate,
    Goose,
    Refinery,
    Sqitch,
    Sqlx,
}
use Tool::{Dbmate, Diesel, Flyway, GolangMigrate, Goose, Refinery, Sqitch, Sqlx};

impl Tool {
    /// The tree with one more migration, which declares its class.
    fn add(self, tree: Tree, version: u32, name: &str, up: &str, down: &str) -> Tree {
        let declared = format!("-- migration-gate: class=online\n{up}");
        self.add_plain(tree, version, name, &declared, down)
    }

    /// The tree with one more migration, which says what `up` says.
    fn add_plain(self, tree: Tree, version: u32, name: &str, up: &str, down: &str) -> Tree {
        let at = |path: &str| format!("migrations/{path}");
        match self {
            Self::Dbmate => tree.with(
                &at(&format!("{version}_{name}.sql")),
                &format!("-- migrate:up\n{up}\n-- migrate:down\n{down}\n"),
            ),
            Self::Goose => tree.with(
                &at(&format!("{version}_{name}.sql")),
                &format!("-- +goose Up\n{up}\n-- +goose Down\n{down}\n"),
            ),
            Self::Diesel => tree
                .with(&at(&format!("{version}_{name}/up.sql")), up)
                .with(&at(&format!("{version}_{name}/down.sql")), down),
            Self::Flyway => tree
                .with(&at(&format!("V{version}__{name}.sql")), up)
                .with(&at(&format!("U{version}__{name}.sql")), down),
            // refinery knows no way back.
            Self::Refinery => tree
                .with("Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n")
                .with(&at(&format!("V{version}__{name}.sql")), up),
            Self::GolangMigrate => tree
                .with(&at(&format!("{version:06}_{name}.up.sql")), up)
                .with(&at(&format!("{version:06}_{name}.down.sql")), down),
            Self::Sqlx => tree
                .with("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n")
                .with(&at(&format!("{version}_{name}.up.sql")), up)
                .with(&at(&format!("{version}_{name}.down.sql")), down),
            Self::Sqitch => tree
                .with(&format!("deploy/{name}.sql"), up)
                .with(&format!("revert/{name}.sql"), down),
        }
    }

    /// A table and an index on it, merged as versions 1 and 3.
    fn merged(self) -> Tree {
        let tree = self.add(Tree::default(), 1, "members", TABLE, DROP_TABLE);
        let tree = self.add(tree, 3, "index_name", INDEX, DROP_INDEX);
        if self == Sqitch { plan(tree, &["members", "index_name"]) } else { tree }
    }
}

fn plan(tree: Tree, changes: &[&str]) -> Tree {
    let mut text = "%syntax-version=1.0.0\n%project=club\n\n".to_owned();
    for change in changes {
        text.push_str(change);
        text.push_str(" 2026-03-01T09:00:00Z Ada <ada@example.org> # a change\n");
        if *change == "index_name" {
            text.push_str("@v1 2026-03-01T10:00:00Z Ada <ada@example.org> # a release\n");
        }
    }
    tree.with("sqitch.plan", &text).with("sqitch.conf", "[core]\n\tengine = sqlite\n")
}

/// Demands exactly these findings of the change from `base` to `head`.
#[track_caller]
fn expect(what: &str, base: &Tree, head: &Tree, findings: &[&str]) {
    let answer = check(base, head);
    assert_eq!(answer.findings(), findings, "{what}: {:#}", answer.report["findings"]);
    assert_eq!(answer.report["inconclusive"].as_array().map(Vec::len), Some(0), "{what}");
    let blocks = findings.iter().any(|finding| finding.starts_with("error"));
    assert_eq!(answer.exit, i32::from(blocks), "{what}");
}

#[test]
fn an_edited_up_weighs_as_its_tool_takes_it() {
    for (tool, findings) in [
        (Sqlx, &["error history/edited"][..]),
        (Flyway, &["error history/edited"]),
        (Sqitch, &["error history/edited"]),
        (Refinery, &["error history/edited", "error rollback/missing"]),
        (GolangMigrate, &["warning history/edited"]),
        (Goose, &["warning history/edited"]),
        (Dbmate, &["warning history/edited"]),
        (Diesel, &["warning history/edited"]),
    ] {
        let head = tool.add(tool.merged(), 3, "index_name", OTHER_INDEX, DROP_INDEX);
        expect(&format!("{tool:?}"), &tool.merged(), &head, findings);
    }
}

#[test]
fn a_change_of_no_release_may_be_mended() {
    let untag = |tree: Tree| {
        let text = tree.text("sqitch.plan").replace("@v1", "# @v1");
        tree.with("sqitch.plan", &text)
    };
    let merged = untag(Sqitch.merged());
    let head = untag(Sqitch.add(Sqitch.merged(), 3, "index_name", OTHER_INDEX, DROP_INDEX));
    expect("edited", &merged, &head, &["warning history/edited"]);
}

#[test]
fn comments_count_only_where_checksums_are_compared() {
    let commented = format!("{INDEX} -- for the search page");
    for (tool, findings) in [
        (Sqlx, ["error history/edited"]),
        (Flyway, ["error history/edited"]),
        (GolangMigrate, ["note history/edited"]),
        (Diesel, ["note history/edited"]),
    ] {
        let head = tool.add(tool.merged(), 3, "index_name", &commented, DROP_INDEX);
        expect(&format!("{tool:?}"), &tool.merged(), &head, &findings);
    }
}

#[test]
fn an_edited_down_is_a_note_and_is_proved() {
    let mended = "DROP INDEX IF EXISTS members_name;";
    for tool in [Sqlx, GolangMigrate, Goose, Sqitch] {
        let head = tool.add(tool.merged(), 3, "index_name", INDEX, mended);
        expect(&format!("{tool:?}"), &tool.merged(), &head, &["note history/edited"]);
        let broken = tool.add(tool.merged(), 3, "index_name", INDEX, "DROP INDEX members_nam;");
        let findings = ["error rollback/fails", "note history/edited"];
        expect(&format!("{tool:?}, broken"), &tool.merged(), &broken, &findings);
    }
}

#[test]
fn a_late_migration_weighs_as_its_tool_takes_it() {
    for (tool, findings) in [
        (GolangMigrate, &["error history/out-of-order"][..]),
        (Goose, &["error history/out-of-order"]),
        (Flyway, &["error history/out-of-order"]),
        (Refinery, &["error history/out-of-order", "error rollback/missing"]),
        (Sqitch, &["error history/out-of-order"]),
        (Sqlx, &["warning history/out-of-order"]),
        (Dbmate, &["warning history/out-of-order"]),
        (Diesel, &["warning history/out-of-order"]),
    ] {
        let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
        let mut head = tool.add(tool.merged(), 2, "index_town", up, "DROP INDEX members_town;");
        if tool == Sqitch {
            head = plan(head, &["members", "index_town", "index_name"]);
        }
        expect(&format!("{tool:?}"), &tool.merged(), &head, findings);
    }
}

#[test]
fn a_deleted_or_renamed_migration_weighs_as_its_tool_takes_it() {
    for (tool, gone, renamed) in [
        (Flyway, "error history/deleted", "error history/renamed"),
        (Sqlx, "error history/deleted", "warning history/renamed"),
        (GolangMigrate, "warning history/deleted", "warning history/renamed"),
        (Goose, "warning history/deleted", "warning history/renamed"),
    ] {
        let rest = tool.merged().without("index_name");
        expect(&format!("{tool:?} deleted"), &tool.merged(), &rest, &[gone]);
        let head = tool.add(rest, 3, "index_members", INDEX, DROP_INDEX);
        expect(&format!("{tool:?} renamed"), &tool.merged(), &head, &[renamed]);
    }
}

#[test]
fn a_down_that_loses_its_up_is_the_change_s_fault() {
    let merged = GolangMigrate.merged();
    let head = merged.clone().without("index_name.up");
    let findings = ["error layout/invalid", "warning history/deleted"];
    expect("the up goes", &merged, &head, &findings);
    // What was like that before is not.
    let more = head.clone().with("migrations/README.md", "The club's tables.");
    expect("it was gone", &head, &more, &[]);
}

#[test]
fn a_newcomer_with_a_merged_version_is_the_one_to_blame() {
    // Sorted by name, the new one stands first.
    let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let tool = GolangMigrate;
    let head = tool.add(tool.merged(), 3, "a_town", up, "DROP INDEX members_town;");
    let answer = check(&tool.merged(), &head);
    assert_eq!(answer.findings(), ["error history/duplicate-version"]);
    assert_eq!(answer.report["findings"][0]["migration"], "000003_a_town");
}

#[test]
fn a_second_run_must_work_where_it_is_to_be_expected() {
    let up = "CREATE INDEX members_town ON members (town);";
    let two = format!("{up}\nCREATE INDEX members_both ON members (name, town);");
    let down = "DROP INDEX members_town;";
    let both = format!("{down}\nDROP INDEX members_both;");
    let merged = Dbmate.merged();
    let add = |head: &str, up: &str, down: &str| {
        let text = format!("-- migration-gate: {head}\n-- migrate:down\n{down}\n");
        let text = text.replacen("\n-- migrate:down", &format!("\n{up}\n-- migrate:down"), 1);
        merged.clone().with("migrations/4_index_town.sql", &text)
    };
    for (what, class, marker, up, down, level) in [
        ("in a transaction", "online", "-- migrate:up", up, down, "warning"),
        ("bare", "online", "-- migrate:up transaction:false", &*two, &*both, "error"),
        ("one bare statement", "online", "-- migrate:up transaction:false", up, down, "warning"),
    ] {
        let head = add(&format!("class={class}"), &format!("{marker}\n{up}"), down);
        expect(what, &merged, &head, &[&*format!("{level} dryrun/not-replay-safe")]);
    }
    let head = add("class=manual_backfill", &format!("-- migrate:up\n{up}"), down);
    // It moves no rows either.
    let findings = ["error dryrun/not-replay-safe", "warning class/mismatch"];
    expect("by an operator", &merged, &head, &findings);
}

#[test]
fn a_missing_class_is_an_error_only_where_classes_are_kept() {
    let tool = GolangMigrate;
    let merged = tool.merged();
    let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let head = tool.add_plain(merged.clone(), 4, "index_town", up, "DROP INDEX members_town;");
    let up = "CREATE INDEX IF NOT EXISTS members_all ON members (name, town);";
    let head = tool.add_plain(head, 5, "index_all", up, "DROP INDEX members_all;");
    expect("one warning for both", &merged, &head, &["warning manifest/missing-class"]);

    let each = ["error manifest/missing-class", "error manifest/missing-class"];
    let set = "version = 1\n[[set]]\nname = \"club\"\npath = \"migrations\"\nengine = \"sqlite\"\n";
    let configured = |tree: &Tree| tree.clone().with("migration-gate.toml", set);
    expect("a configured set", &configured(&merged), &configured(&head), &each);

    let listed = |tree: &Tree, ids: &[&str]| {
        let entries: Vec<String> = ids.iter().map(|id| format!("  - id: {id}\n")).collect();
        let text = format!("manifest_version: 1\nmigrations:\n{}", entries.concat());
        tree.clone().with("migrations/migration_manifest.yaml", &text)
    };
    let ids = ["000001_members", "000003_index_name", "000004_index_town", "000005_index_all"];
    expect("a manifest", &listed(&merged, &ids[..2]), &listed(&head, &ids), &each);
}

#[test]
fn strict_makes_errors_of_all_but_mere_observations() {
    let strict = |tree: Tree| {
        tree.with("migration-gate.toml", "version = 1\n[policy]\npreset = \"strict\"\n")
    };
    let tool = GolangMigrate;
    let up = "CREATE INDEX members_town ON members (town);";
    let head = tool.add(tool.merged(), 4, "index_town", up, "DROP INDEX members_town;");
    let findings = ["error dryrun/not-replay-safe"];
    expect("a warning", &strict(tool.merged()), &strict(head), &findings);

    let commented = format!("{INDEX} -- for the search page");
    let head = tool.add(tool.merged(), 3, "index_name", &commented, DROP_INDEX);
    expect("a note", &strict(tool.merged()), &strict(head), &["error history/edited"]);

    // The town comes back as the last column although it was not.
    let table = "CREATE TABLE members (id INTEGER PRIMARY KEY, town TEXT, name TEXT);";
    let merged = strict(tool.add(Tree::default(), 1, "members", table, DROP_TABLE));
    let up = "-- migration-gate: class=post_deploy\nALTER TABLE members DROP COLUMN town;";
    let down = "ALTER TABLE members ADD COLUMN town TEXT;";
    let head = tool.add_plain(merged.clone(), 2, "drop_town", up, down);
    // The towns themselves are gone, which is a warning otherwise.
    let findings =
        ["error dryrun/not-replay-safe", "error rollback/loses-data", "note rollback/leaves-trace"];
    expect("the order of columns", &merged, &head, &findings);
}

#[test]
fn a_team_that_restores_needs_no_down_and_gets_a_proof() {
    let checkpoint = "version = 1\n[policy]\nrollback = \"checkpoint\"\n";
    let tool = GolangMigrate;
    let merged = tool.merged();
    let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let head = tool.add(merged.clone(), 4, "index_town", up, "").without("town.down");
    expect("by scripts", &merged, &head, &["error rollback/missing"]);

    let own = head.clone().with("migration-gate.toml", checkpoint);
    let findings = ["error rollback/missing", "warning governance/policy-changed"];
    expect("the change's own word", &merged, &own, &findings);

    let agreed = merged.with("migration-gate.toml", checkpoint);
    let answer = check(&agreed, &own);
    assert!(answer.findings().is_empty(), "{:#}", answer.report);
    assert_eq!(answer.steps(), ["up: ok", "again: ok", "restore: ok", "up again: ok"]);
}

#[test]
fn a_change_cannot_excuse_itself() {
    let off = "version = 1\n[policy.levels]\n\"rollback/missing\" = \"off\"\n";
    let tool = GolangMigrate;
    let merged = tool.merged();
    let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let head = tool.add(merged.clone(), 4, "index_town", up, "").without("town.down");
    let own = head.clone().with("migration-gate.toml", off);
    let findings = ["error rollback/missing", "warning governance/policy-changed"];
    expect("the change's own word", &merged, &own, &findings);
    expect("the base's", &merged.with("migration-gate.toml", off), &own, &[]);
}

#[test]
fn a_verify_script_that_fails_counts_as_a_failing_up() {
    let merged = Sqitch.merged();
    let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let head = Sqitch.add(merged.clone(), 4, "index_town", up, "DROP INDEX members_town;");
    let head = plan(head, &["members", "index_name", "index_town"]);
    let verify = |sql: &str| head.clone().with("verify/index_town.sql", sql);
    expect("passes", &merged, &verify("SELECT town FROM members;"), &[]);
    let failing = verify("SELECT city FROM members;");
    expect("fails", &merged, &failing, &["error dryrun/up-fails"]);
}

#[test]
fn a_manifest_that_cannot_be_read_is_told_once() {
    let tool = GolangMigrate;
    let up = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let head = tool.add(tool.merged(), 4, "index_town", up, "DROP INDEX members_town;");
    for (name, text) in [
        ("migration_manifest.json", "{ \"manifest_version\": 1, "),
        ("migration_manifest.toml", "manifest_version = \n"),
        ("migration_manifest.yaml", "migrations: [\n"),
    ] {
        let head = head.clone().with(&format!("migrations/{name}"), text);
        expect(name, &tool.merged(), &head, &["error manifest/invalid"]);
    }
}

#[test]
fn a_reworked_change_is_new_and_its_first_form_goes_on_under_the_tag() {
    let plan = |lines: &str| {
        let head = "%syntax-version=1.0.0\n%project=library\n\n";
        format!("{head}members 2026-01-01T00:00:00Z n <n@example.org> # members\n{lines}")
    };
    let header = "-- migration-gate: class=online\n";
    let up = |sql: &str| format!("{header}BEGIN;\n{sql}\nCOMMIT;\n");
    let view = |columns: &str| {
        format!("DROP VIEW IF EXISTS names; CREATE VIEW names AS SELECT {columns} FROM members;")
    };
    let change = "names 2026-01-02T00:00:00Z n <n@example.org> # names\n";
    let tagged = format!("{change}@v1 2026-01-03T00:00:00Z n <n@example.org> # v1\n");
    let base = Tree::default()
        .with("sqitch.conf", "[core]\n\tengine = sqlite\n")
        .with("sqitch.plan", &plan(&tagged))
        .with("deploy/members.sql", &up(&TABLE.replace("TABLE", "TABLE IF NOT EXISTS")))
        .with("revert/members.sql", DROP_TABLE)
        .with("deploy/names.sql", &up(&view("name")))
        .with("revert/names.sql", "DROP VIEW names;");
    let rework =
        format!("{tagged}names [names@v1] 2026-01-04T00:00:00Z n <n@example.org> # town\n");
    let head = base
        .clone()
        .with("sqitch.plan", &plan(&rework))
        .with("deploy/names@v1.sql", &up(&view("name")))
        .with("revert/names@v1.sql", "DROP VIEW names;")
        .with("deploy/names.sql", &up(&view("name, town")))
        .with("revert/names.sql", &up(&view("name")));
    expect("a rework", &base, &head, &[]);
}

#[test]
fn an_edited_up_may_need_what_the_change_inserts_before_it() {
    let base = GolangMigrate.merged();
    let towns = "CREATE TABLE IF NOT EXISTS towns (name TEXT PRIMARY KEY);";
    let index = "CREATE INDEX IF NOT EXISTS towns_name ON towns (name DESC);";
    let head = GolangMigrate.add(base.clone(), 2, "towns", towns, "DROP TABLE towns;");
    let head = GolangMigrate.add(head, 3, "index_name", index, "DROP INDEX towns_name;");
    let expected = ["error history/out-of-order", "note history/edited", "warning history/edited"];
    expect("an insertion and an edit", &base, &head, &expected);
}

#[test]
fn what_a_rewritten_history_breaks_is_the_change_s_fault() {
    let base = GolangMigrate.merged();
    let narrow = TABLE.replace(", name TEXT", "");
    let edited = GolangMigrate.add(base.clone(), 1, "members", &narrow, DROP_TABLE);
    let expected =
        ["error dryrun/up-fails", "warning dryrun/not-replay-safe", "warning history/edited"];
    expect("an edit", &base, &edited, &expected);
    let gone = base.clone().without("000001");
    expect("a deletion", &base, &gone, &["error dryrun/up-fails", "warning history/deleted"]);

    // What did not run before is not laid at the change's door.
    let broken = GolangMigrate.add(base, 5, "old", "SELECT * FROM nowhere;", "SELECT 1;");
    let edited = GolangMigrate.add(broken.clone(), 3, "index_name", OTHER_INDEX, DROP_INDEX);
    expect("an edit before a broken one", &broken, &edited, &["warning history/edited"]);
}

#[test]
fn a_set_that_goes_or_moves_is_still_seen() {
    let base = GolangMigrate.merged().with("migrations/README.md", "# Migrations");
    let gone = ["warning history/deleted", "warning history/deleted"];
    expect("only the README stays", &base, &base.clone().without(".sql"), &gone);
}

#[test]
fn a_new_configuration_hides_no_set_of_the_base() {
    let base = GolangMigrate.merged();
    let config = "version = 1\n[[set]]\nname = \"other\"\npath = \"other\"\nengine = \"sqlite\"\n";
    let head = GolangMigrate
        .add(base.clone(), 4, "broken", "SELECT * FROM nowhere;", "SELECT 1;")
        .with("migration-gate.toml", config)
        .with("other/000001_a.up.sql", &format!("-- migration-gate: class=online\n{TABLE}"))
        .with("other/000001_a.down.sql", DROP_TABLE);
    let answer = check(&base, &head);
    assert!(answer.findings().contains(&"error dryrun/up-fails".to_owned()), "{answer:?}");
}

#[test]
fn a_class_is_held_against_what_was_seen() {
    let tool = GolangMigrate;
    let merged = tool.merged();
    let says = |class: &str, up: &str, down: &str| {
        let up = format!("-- migration-gate: class={class}\n{up}");
        tool.add_plain(merged.clone(), 4, "change", &up, down)
    };
    let index = "CREATE INDEX IF NOT EXISTS members_town ON members (town);";
    let view = "CREATE VIEW IF NOT EXISTS towns AS SELECT DISTINCT town FROM members;";
    let drop_index = "DROP INDEX members_town;";
    let fill = "UPDATE members SET town = '-' WHERE town IS NULL;";
    let unfill = "UPDATE members SET town = NULL WHERE town = '-';";
    for (what, class, up, down, findings) in [
        ("an index", "online", index, drop_index, &[][..]),
        ("an index, later", "post_deploy", index, drop_index, &[]),
        (
            "what new code needs",
            "post_deploy",
            view,
            "DROP VIEW towns;",
            &["warning class/mismatch"],
        ),
        ("rows beside old code", "online", fill, unfill, &["error class/mismatch"]),
        ("rows by an operator", "manual_backfill", fill, unfill, &[]),
        ("no rows", "manual_backfill", index, drop_index, &["warning class/mismatch"]),
    ] {
        expect(what, &merged, &says(class, up, down), findings);
    }
}

#[test]
fn what_the_same_change_brings_is_used_by_nobody_yet() {
    let tool = GolangMigrate;
    let view = "CREATE VIEW IF NOT EXISTS towns AS SELECT DISTINCT town FROM members;";
    let added = tool.add(tool.merged(), 4, "towns", view, "DROP VIEW towns;");
    let drop = "DROP VIEW IF EXISTS towns;";
    let again = "CREATE VIEW towns AS SELECT DISTINCT town FROM members;";
    let head = tool.add(added.clone(), 5, "no_towns", drop, again);
    // That nobody uses it yet is no reason to bring it and take it away.
    expect("in one change", &tool.merged(), &head, &["warning conflict/same-object"]);
    expect("once merged", &added, &head, &["error class/mismatch"]);
}
