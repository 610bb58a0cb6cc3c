use jiff::Timestamp;
use jiff::civil::Date;

use super::*;
use crate::model::{Class, Moment, WaiverState};

pub(super) const WHOLE: &str = r#"version = 1

[[set]]
name   = "shop"
path   = "db/migrations"
engine = "postgres"            # sqlite | postgres | documents
layout = "goose"
manifest = "db/manifest.toml"
baseline = "0040_last_good"
seed = "db/seed.sql"
variables = { schema = "shop" }
engine-version = "15.2"

[[set]]
name      = "settings"
engine    = "documents"
path      = "config/migrations"
documents = ["config/*.json", "config/*.yaml"]
schemas   = [{ files = "config/app*.json", schema = "config/schemas/app.schema.json" }]

[[target]]
name = "production"
set = "shop"
url-env = "DATABASE_URL"
checkpoint = "always"
keep = 3
backup-command = ["save", "{file}"]
restore-command = ["load", "--from={file}"]

[[target]]
name = "staging"
set = "settings"
root = "/etc/app"
production = false
state = "var/gate"

[policy]
preset = "strict"
rollback = "checkpoint"
waiver-days = 30
inline-allow = ["sql/*", "sql/ban-drop-column"]
accept-inconclusive = [{ migration = "0007_postgis", set = "shop", reason = "needs PostGIS" }]
[policy.levels]
"sql/ban-drop-column" = "error"

[class.post_deploy]
windows  = [{ days = "Tue-Thu", from = "09:00", to = "16:00", zone = "Europe/Berlin" },
            { cron = "0 9 * * SAT", duration = "1h 30m", zone = "UTC" }]
approval = { team = "dba", label = "approved: dba" }

[[freeze]]
from = "2026-12-20"
to = 2027-01-04
reason = "year end"
classes = ["post_deploy", "manual_backfill"]

[[waiver]]
rule = "sql/ban-drop-column"
migration = "0042_drop_legacy"
reason = "column unread since 3.1"
owner = "team-shop"
expires = "2027-03-01"
content = "sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
"#;

pub(super) fn read(text: &str) -> Result<Settings, ConfigError> {
    parse(&RepoPath::new(FILE_NAME).unwrap(), text)
}

pub(super) fn ok(text: &str) -> Settings {
    read(text).unwrap_or_else(|error| panic!("{error}"))
}

/// The messages of a file that must be refused, each as `line:column message`.
pub(super) fn errors(text: &str) -> Vec<String> {
    let error = read(text).expect_err("must be refused");
    let place = |p: &ConfigProblem| crate::model::line_column(text, p.span.start);
    let show = |p: &ConfigProblem| format!("{}:{} {}", place(p).0, place(p).1, p.message);
    error.problems().iter().map(show).collect()
}

fn set(lines: &str) -> String {
    format!("version = 1\n[[set]]\n{lines}\n")
}

#[test]
fn the_whole_example_is_understood() {
    let settings = ok(WHOLE);
    assert_eq!(settings.sets.len(), 2);
    let shop = &settings.sets[0];
    assert_eq!(shop.engine.value, EngineKind::Postgres);
    assert_eq!(shop.path.value.as_str(), "db/migrations");
    assert_eq!(&WHOLE[shop.engine.span.start..shop.engine.span.end], "\"postgres\"");
    assert_eq!(shop.variables["schema"].value, "shop");
    assert_eq!(settings.sets[1].schemas[0].files.value, "config/app*.json");
    assert_eq!(settings.policy.preset, Preset::Strict);
    assert_eq!(settings.policy.rollback, Rollback::Checkpoint);
    assert_eq!(settings.policy.levels["sql/ban-drop-column"].value, Level::Error);
    assert!(settings.accepts_inconclusive("shop", "0007_postgis").is_some());
    assert!(settings.accepts_inconclusive("other", "0007_postgis").is_none());
    let class = &settings.rollout.classes[&Class::PostDeploy];
    assert_eq!(class.windows[0].to_string(), "Tue,Wed,Thu 09:00–16:00 Europe/Berlin");
    assert_eq!(class.windows[1].to_string(), "1h 30m from each \"0 9 * * SAT\" UTC");
    let approval = class.approval.as_ref().unwrap();
    assert_eq!(approval.team.value, "dba");
    assert_eq!(approval.label.as_ref().unwrap().value, "approved: dba");
    assert_eq!(settings.rollout.freezes[0].to, Date::constant(2027, 1, 4));
    assert_eq!(settings.rollout.freezes[0].zone.iana_name(), Some("UTC"));
    assert_eq!(settings.rollout.freezes[0].classes, [Class::PostDeploy, Class::ManualBackfill]);
    assert_eq!(settings.policy.waiver_days, 30);
    let waiver = &settings.waivers[0];
    assert!(waiver.content.as_ref().unwrap().starts_with("e3b0c442"));
    let today = Moment::day("2027-02-01T00:00Z".parse().unwrap());
    assert_eq!(waiver.state(today, 90), WaiverState::Holds);
}

#[test]
fn what_may_run_unconfined_is_named() {
    let settings = ok("version = 1\n[policy]\nunconfined = [\"jq\", \"commands\"]\n");
    let accepted = [Unconfined::Postgres, Unconfined::Commands, Unconfined::Jq];
    let accepted = accepted.map(|part| settings.accepts_unconfined(part));
    assert_eq!(accepted, [false, true, true]);
    assert_eq!(settings.changed_from(&ok("version = 1\n")), ["policy"]);
    let wrong = errors("version = 1\n[policy]\nunconfined = [\"all\"]\n");
    assert!(wrong[0].starts_with("3:15 unknown part \"all\""), "{wrong:?}");
}

#[test]
fn a_small_file_gets_the_defaults() {
    let settings = ok("version = 1\n");
    assert_eq!(settings.policy.preset, Preset::Recommended);
    assert_eq!(settings.policy.rollback, Rollback::Script);
    assert!(settings.sets.is_empty());
    assert_eq!(Settings::default().policy.preset, Preset::Recommended);
}

#[test]
fn a_set_of_documents_has_a_contract_or_schemas() {
    let documents = "name = \"a\"\npath = \"a\"\nengine = \"documents\"\n";
    let settings = ok(&set(&format!("{documents}contract = \"config/contract.toml\"")));
    let contract = settings.sets[0].contract.as_ref().unwrap();
    assert_eq!(contract.value.as_str(), "config/contract.toml");
    let schemas = "schemas = [{ files = \"a/*\", schema = \"b.json\" }]";
    let both = errors(&set(&format!("{documents}contract = \"c.toml\"\n{schemas}")));
    assert_eq!(both, ["6:12 a set has either `contract` or `schemas`"]);
    let outside = errors(&set(&format!("{documents}contract = \"../c.toml\"")));
    assert_eq!(outside, ["6:12 the path \"../c.toml\" climbs out with `..`"]);
    let stray = errors(&set("name = \"a\"\npath = \"a\"\nengine = \"sqlite\"\ncontract = \"c\""));
    let belongs =
        "5:10 `documents`, `contract` and `schemas` belong to a set of the engine \"documents\"";
    assert_eq!(stray, [belongs]);
}

#[test]
fn an_error_shows_the_line_the_place_and_the_way_out() {
    let text = "version = 1\n\n\n[[set]]\nname = \"a\"\npath = \"a\"\nengine = \"postgre\"\n";
    assert_eq!(
        read(text).unwrap_err().to_string(),
        "migration-gate.toml:7:10: unknown engine \"postgre\"\n  7 | engine = \"postgre\"\n    \
         |          ^^^^^^^^^\n  help: use one of sqlite, postgres, documents"
    );
}

#[test]
fn the_layout_and_the_engine_documents_go_together() {
    let set = |engine: &str, layout: &str| {
        format!(
            "version = 1\n[[set]]\nname = \"a\"\npath = \"p\"\nengine = \"{engine}\"\nlayout = \"{layout}\"\n"
        )
    };
    let path = RepoPath::new("migration-gate.toml").unwrap();
    assert!(parse(&path, &set("documents", "documents")).is_ok());
    for (engine, layout) in [("sqlite", "documents"), ("documents", "goose")] {
        let error = parse(&path, &set(engine, layout)).unwrap_err().to_string();
        assert!(error.contains("6:10: the layout \"documents\" and the engine"), "{error}");
    }
}

#[test]
fn a_command_belongs_to_its_layout_and_names_a_program() {
    let set = "version = 1\n[[set]]\nname = \"a\"\npath = \"a\"\nengine = \"sqlite\"\n";
    let with = |more: &str| errors(&format!("{set}{more}"));
    assert_eq!(with("layout = \"command\"\n"), ["6:10 this layout needs `command`"]);
    let stray = with("command = { ending = \".py\", up = [\"x\"] }\n");
    assert_eq!(stray, ["2:1 `command` belongs to a set with the layout \"command\""]);
    let bad = |more: &str| with(&format!("layout = \"command\"\n[set.command]\n{more}"));
    assert_eq!(bad("up = [\"x\"]\n"), ["7:1 missing key \"ending\""]);
    let none = bad("ending = \".py\"\nup = [\"x\"]\nlist = [\"\"]\n");
    assert_eq!(none.len(), 1);
    assert!(none[0].ends_with("a command has no program"), "{none:?}");
    let odd = bad("ending = \".py\"\nup = [\"x\"]\nenvironment = { \"A=B\" = \"\" }\n");
    assert!(odd[0].ends_with("\"A=B\" is no name of an environment variable"), "{odd:?}");
    let whole = "ending = \".py\"\nup = [\"x\", \"{id}\"]\nworkdir = \"orm\"\n";
    let settings = ok(&format!("{set}layout = \"command\"\n[set.command]\n{whole}"));
    let command = settings.sets[0].command.as_ref().unwrap();
    assert_eq!((command.up.len(), command.workdir.as_str()), (2, "orm"));
    assert!(command.down.is_empty() && command.environment.is_empty());
}

#[test]
fn every_mistake_of_form_is_found_at_once() {
    let text = "version = \"1\"\ncolour = 1\n[[set]]\nnam = \"a\"\npath = 3\nengine = \"sqlite\"\n\
                [[set]]\nname = \"b\"\nengine = \"sqlite\"\n[policy]\npresets = \"strict\"\n";
    assert_eq!(
        errors(text),
        [
            "1:11 expected a whole number, found string \"1\"",
            "2:1 unknown key \"colour\"",
            "3:1 missing key \"name\"",
            "4:1 unknown key \"nam\"",
            "5:8 expected a string, found integer `3`",
            "7:1 missing key \"path\"",
            "11:1 unknown key \"presets\"",
        ]
    );
}

#[test]
fn every_mistake_of_meaning_is_found_at_once() {
    let text = "version = 2\n[[set]]\nname = \"a\"\npath = \"../x\"\nengine = \"mysql\"\n\
                [[freeze]]\nfrom = \"2026-02-30\"\nto = \"2026-03-01\"\nreason = \"r\"\n\
                [class.onlin]\n[policy]\npreset = \"lax\"\nlevels = { \"a/b\" = \"fatal\" }\n";
    assert_eq!(
        errors(text),
        [
            "1:11 version 2 of this format is not known",
            "4:8 the path \"../x\" climbs out with `..`",
            "5:10 unknown engine \"mysql\"",
            "7:8 \"2026-02-30\" is not a day of the calendar",
            "10:8 unknown class \"onlin\"",
            "12:10 unknown preset \"lax\"",
            "13:20 unknown level \"fatal\"",
        ]
    );
}

#[test]
fn paths_stay_inside_the_repository() {
    for bad in ["/db", "../db", "a/../../b", "C:/db", "db\\\\x", "", "a\\u0000b"] {
        let text = set(&format!("name = \"a\"\nengine = \"sqlite\"\npath = \"{bad}\""));
        assert_eq!(errors(&text).len(), 1, "{bad}");
    }
    for good in [".", "db", "./db//x/", "ünï"] {
        ok(&set(&format!("name = \"a\"\nengine = \"sqlite\"\npath = \"{good}\"")));
    }
}

#[test]
fn sets_differ_in_name_and_do_not_share_files() {
    let two = |a: &str, b: &str, name: &str| {
        format!(
            "version = 1\n[[set]]\nname = \"a\"\npath = \"{a}\"\nengine = \"sqlite\"\n[[set]]\n\
             name = \"{name}\"\npath = \"{b}\"\nengine = \"sqlite\"\n"
        )
    };
    ok(&two("db", "db2", "b"));
    assert_eq!(errors(&two("x", "y", "a")), ["7:8 a second set with the name \"a\""]);
    let overlap = ["8:8 this folder overlaps with the one of the set \"a\""];
    for (a, b) in [("db", "./db/"), ("db", "db/x"), ("db/x", "db"), (".", "db")] {
        assert_eq!(errors(&two(a, b, "b")), overlap, "{a} {b}");
    }
}

#[test]
fn dates_and_windows_make_sense() {
    let freeze = "version = 1\n[[freeze]]\nfrom = 2027-01-04\nto = 2026-12-20\nreason = \"r\"\n";
    assert_eq!(
        errors(freeze),
        ["4:6 the freeze ends on 2026-12-20, before it begins on 2027-01-04"]
    );
    let window = "version = 1\n[[class.online.windows]]\ndays = \"Tues\"\nfrom = \"9\"\n\
                  to = \"25:00\"\nzone = \"my place\"\n";
    assert_eq!(errors(window).len(), 4);
    let unquoted = "version = 1\n[[class.online.windows]]\ndays = \"Tue\"\nfrom = 09:00:00\n\
                    to = { a = 1 }\nzone = \"UTC\"\n";
    assert_eq!(errors(unquoted), ["5:6 expected a date or a time in quotes"]);
    let stamp = "version = 1\n[[freeze]]\nfrom = 2027-01-04T00:00:00Z\nto = true\nreason = \"\"\n";
    assert_eq!(errors(stamp).len(), 1, "{:?}", errors(stamp));
}

#[test]
fn an_incomplete_waiver_is_left_to_its_rule() {
    let settings =
        ok("version = 1\n[[waiver]]\nrule = \"a/b\"\nmigration = \"1\"\nowner = \" \"\n");
    let state = settings.waivers[0].state(Moment::day(Timestamp::UNIX_EPOCH), 90);
    assert_eq!(state, WaiverState::Lacks(vec!["content", "reason", "owner", "expires"]));
}

#[test]
fn windows_and_waivers_are_checked_with_their_place() {
    let window = |keys: &str| format!("version = 1\n[class.online]\nwindows = [{{ {keys} }}]\n");
    for (text, expected) in [
        (window("zone = \"UTC\", days = \"Tue\""), "3:12 a window is either days of the week"),
        (window("zone = \"UTC\", cron = \"0 9 * * *\", from = \"09:00\""), "3:12 a window is"),
        (window("zone = \"UTC\", cron = \"0 25 * * *\", duration = \"1h\""), "3:35 \"0 25 * * *"),
        (window("zone = \"UTC\", cron = \"0 9 * * *\", duration = \"8d\""), "3:59 \"8d\" is not"),
        (window("zone = \"UTC\", cron = \"0 9 * * *\", duration = \"-1h\""), "3:59 \"-1h\" is"),
        (window("zone = \"Berlin\", cron = \"0 9 * * *\", duration = \"1h\""), "3:21 \"Berlin\""),
        ("version = 1\n[policy]\nwaiver-days = 0\n".into(), "3:15 waivers cannot last 0 days"),
        (
            "version = 1\n[[waiver]]\nrule = \"governance/x\"\nmigration = \"1\"\n".into(),
            "3:8 what is said about the policy itself",
        ),
        (
            "version = 1\n[[waiver]]\nrule = \"a/b\"\nmigration = \"1\"\ncontent = \"abc\"\n"
                .into(),
            "5:11 \"abc\" is not the content of anything",
        ),
    ] {
        let found = errors(&text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{text}: {found:?}");
    }
}

#[test]
fn what_a_change_edits_is_told_by_key() {
    let base = ok(WHOLE);
    let edited = |from: &str, to: &str| ok(&WHOLE.replace(from, to)).changed_from(&base);
    assert_eq!(edited("# sqlite | postgres", "# "), Vec::<String>::new());
    assert_eq!(edited("team-shop", "me"), ["waiver"]);
    assert_eq!(edited("year end", "x"), ["freeze"]);
    assert_eq!(edited("0040_last_good", "0099_new"), ["set"]);
    let more = format!("{WHOLE}[[set]]\nname = \"b\"\npath = \"b\"\nengine = \"sqlite\"\n");
    assert_eq!(ok(&more).changed_from(&base), Vec::<String>::new());
    let gone = Settings::default().changed_from(&base);
    assert_eq!(gone, ["class", "freeze", "policy", "set", "target", "waiver"]);
    assert_eq!(base.changed_from(&Settings::default()), ["class", "freeze", "policy", "waiver"]);
}

#[test]
fn rule_ids_and_layouts_are_checked_against_those_there_are() {
    let settings = ok(WHOLE);
    assert!(settings.check_rule_ids(&["sql/ban-drop-column"]).is_ok());
    let error = settings.check_rule_ids(&["sql/ban-drop-columns"]).unwrap_err();
    assert_eq!(error.problems().len(), 3);
    assert!(error.to_string().contains("did you mean \"sql/ban-drop-columns\"?"), "{error}");
    let error = settings.check_rule_ids(&["a/b"]).unwrap_err().to_string();
    assert!(error.contains("unknown rule \"sql/*\""), "{error}");
    assert!(settings.check_layouts(&["goose"]).is_ok());
    let error = settings.check_layouts(&["sqlx", "flyway"]).unwrap_err().to_string();
    assert!(error.starts_with("migration-gate.toml:7:10: unknown layout \"goose\""), "{error}");
    assert!(Settings::default().check_layouts(&[]).is_ok());
}

#[test]
fn an_accepted_migration_names_a_set_of_the_file() {
    let text = set("name = \"shop\"\npath = \"db\"\nengine = \"sqlite\"\n[policy]\n\
                    accept-inconclusive = [{ migration = \"1\", set = \"shp\", reason = \"r\" }]");
    assert_eq!(errors(&text), ["7:49 there is no set \"shp\""]);
}

#[test]
fn syntax_errors_and_duplicate_keys_have_their_place() {
    assert!(errors("version = 1\n[[set]\n")[0].starts_with("2:"));
    assert!(errors("version = 1\nversion = 1\n")[0].starts_with("2:1 "));
    assert!(errors("version = 1\r\nx = \r\n")[0].starts_with("2:"));
    assert_eq!(errors("\u{feff}version = 1\nx = 1\n"), ["2:1 unknown key \"x\""]);
    assert_eq!(errors(""), ["1:1 missing key \"version\""]);
}

#[test]
fn hostile_text_neither_crashes_nor_reaches_the_terminal_raw() {
    let esc = "version = 1\n\"\\u001b[2J\\u202e\" = 1 # \u{9b}2J\u{202e}\n";
    let shown = read(esc).unwrap_err().to_string();
    assert!(!shown.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{shown}");
    let hostile = [
        "a.".repeat(50_000) + "a = 1",
        "[".repeat(100_000),
        format!("x = {}", "[".repeat(100_000)),
        format!("x = {}", "{a=".repeat(100_000)),
        format!("version = {}", "9".repeat(10_000)),
        "version = 1e999999\n".to_owned(),
        format!("version = 1\n{} = 1\n", "k".repeat(500_000)),
        "version = 1\n\0\0\0".to_owned(),
        (0..5_000).map(|n| format!("k{n} = 1\n")).collect(),
        "#".repeat(2 << 20),
    ];
    for text in &hostile {
        let shown = read(text).unwrap_err().to_string();
        assert!(shown.len() < 50_000, "{} bytes", shown.len());
    }
}

#[test]
fn any_cut_or_garbled_file_is_an_answer_not_a_crash() {
    for end in 0..WHOLE.len() {
        let _ = read(&WHOLE[..end]).map_err(|error| error.to_string());
    }
    let mut seed = 7_u64;
    for _ in 0..300 {
        let mut bytes = WHOLE.as_bytes().to_vec();
        for _ in 0..4 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] = (seed >> 24) as u8;
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = read(&text).map_err(|error| error.to_string());
    }
}

#[test]
fn the_published_schema_accepts_the_example_and_refuses_a_slip() {
    let schema: serde_json::Value = serde_json::from_str(&json_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value = |text: &str| serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap());
    let example = WHOLE.replace("2027-01-04", "\"2027-01-04\"").replace("\"\"", "\"");
    let errors: Vec<String> =
        validator.iter_errors(&value(&example).unwrap()).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert!(validator.is_valid(&value("version = 1").unwrap()));
    for bad in ["", "version = 2", "version = 1\nx = 1", "version = 1\n[class.x]"] {
        assert!(!validator.is_valid(&value(bad).unwrap()), "{bad}");
    }
}
#[test]
fn lists_and_tables_are_not_taken_for_each_other() {
    for (text, expected) in [
        ("[set]\nname = \"a\"", "2:1 \"set\" must be a list of tables"),
        ("set = [1]", "2:8 an item of \"set\" must be a table"),
        ("[[policy]]", "2:1 \"policy\" must be one table"),
        ("class = 3", "2:9 \"class\" must be one table"),
        ("[[class.online]]", "2:1 \"online\" must be one table"),
        ("[class.online]\nwindows = {}", "3:11 \"windows\" must be a list of tables"),
        ("[class.online]\napproval = [\"dba\"]", "3:12 \"approval\" must be one table"),
        ("[policy]\nlevels = []", "3:10 \"levels\" must be one table"),
        ("[[freeze]]", "2:1 missing keys \"from\", \"to\", \"reason\""),
    ] {
        assert_eq!(errors(&format!("version = 1\n{text}\n")), [expected]);
    }
    // Names of people's own may be any word.
    let text = "version = 1\n[policy.levels]\nset = \"error\"\npolicy = \"note\"\n";
    assert_eq!(ok(text).policy.levels.len(), 2);
}
