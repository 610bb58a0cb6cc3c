//! The repositories of the cases: a base that is merged, and a head with the pull request.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use migration_gate::host;

use super::arena::Arena;
use super::case::{Case, Kind};
use crate::support::{bare, write};

/// What stands at the base of every set.
const TABLE: &str = "CREATE TABLE t (id integer PRIMARY KEY, v text);\n";

/// The policy of the base: only what the attack does is to be told.
const POLICY: &str = "\n[policy.levels]\n\
                      \"manifest/missing-class\" = \"off\"\n\
                      \"class/mismatch\" = \"off\"\n\
                      \"rollback/empty\" = \"off\"\n";

/// Makes the repository of cases that share a run, as `base` and `head` in a folder.
pub(super) fn build(cases: &[Case], arena: &Arena) {
    let top = arena.path().join("repository");
    if let [Case { kind: Kind::Files, .. }] = cases {
        files(&cases[0], arena, &top);
    } else {
        sets(cases, arena, &top);
    }
    for setup in cases.iter().filter_map(|case| case.setup.as_ref().map(|setup| (case, setup))) {
        let (case, script) = setup;
        let mut command = bare(host::command("sh"));
        command.args(["-eu", "-c", &arena.fill(&case.name, script)]).current_dir(&top);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}: {output:?}", case.name);
    }
}

fn files(case: &Case, arena: &Arena, top: &Path) {
    for side in ["base", "head"] {
        fs::create_dir_all(top.join(side)).unwrap();
        if case.folder.join(side).is_dir() {
            fill(case, arena, &case.folder.join(side), &top.join(side));
        }
    }
}

/// Copies a folder with the places of the canaries filled in.
fn fill(case: &Case, arena: &Arena, from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            fill(case, arena, &entry.path(), &target);
        } else {
            let text = fs::read_to_string(entry.path()).unwrap();
            fs::write(target, arena.fill(&case.name, &text)).unwrap();
        }
    }
}

fn sets(cases: &[Case], arena: &Arena, top: &Path) {
    let mut config = "version = 1\n".to_owned();
    for case in cases {
        // Writing to a String cannot fail.
        let _ = write!(config, "\n[[set]]\nname = \"{0}\"\npath = \"{0}", case.name);
        config += match case.kind {
            Kind::Jq | Kind::Command => document_set(case, arena, top),
            _ => sql_set(case, arena, top),
        }
        .as_str();
    }
    for side in ["base", "head"] {
        write(&top.join(side), "migration-gate.toml", &format!("{config}{POLICY}"));
    }
}

fn sql_set(case: &Case, arena: &Arena, top: &Path) -> String {
    let text = |name: &str| {
        let text = fs::read_to_string(case.folder.join(name)).ok()?;
        Some(arena.fill(&case.name, &with_native(case, arena, text)))
    };
    let put = |side: &str, name: &str, text: &str| {
        write(&top.join(side).join(&case.name), name, text);
    };
    let (both, engine) = (["base", "head"], engine(case));
    let mut keys = format!("\"\nengine = \"{engine}\"\n");
    if let Some(script) = text("case.sql") {
        for side in both {
            let first = format!("-- +goose Up\n{TABLE}-- +goose Down\nDROP TABLE t;\n");
            put(side, "00001_table.sql", &first);
        }
        put("head", "00002_attack.sql", &script);
        return keys + "layout = \"goose\"\n";
    }
    for side in both {
        put(side, "1_table.up.sql", TABLE);
        put(side, "1_table.down.sql", "DROP TABLE t;\n");
    }
    put("head", "2_attack.up.sql", &text("up.sql").unwrap());
    put("head", "2_attack.down.sql", &text("down.sql").unwrap_or("SELECT 1;\n".into()));
    if let Some(seed) = text("seed.sql") {
        for side in both {
            write(&top.join(side), &format!("{}.seed.sql", case.name), &seed);
        }
        let _ = writeln!(keys, "seed = \"{}.seed.sql\"", case.name);
    }
    keys + "layout = \"golang-migrate\"\n"
}

fn engine(case: &Case) -> &'static str {
    if case.kind == Kind::Postgres { "postgres" } else { "sqlite" }
}

/// Compiles `native.c` and puts the library's bytes where the script names them.
fn with_native(case: &Case, arena: &Arena, script: String) -> String {
    let source = case.folder.join("native.c");
    if !script.contains("@NATIVE@") {
        return script;
    }
    let work = arena.path().join("home");
    let filled = arena.fill(&case.name, &fs::read_to_string(source).unwrap());
    write(&work, "native.c", &filled);
    let mut compiler = bare(host::command("cc"));
    compiler.args(["-shared", "-fPIC", "-Os", "-w", "-s", "-o", "native.so", "native.c"]);
    let output = compiler.current_dir(&work).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let bytes = fs::read(work.join("native.so")).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    script.replace("@NATIVE@", &hex)
}

const SCHEMA: &str = r#"{ "type": "object" }"#;

fn document_set(case: &Case, arena: &Arena, top: &Path) -> String {
    let contract = |version: u32, releases: &str| {
        format!(
            "contract_version = 1\n\n[[schemas]]\nname = \"app\"\nfiles = [\"{0}/app.json\"]\n\
             schema = \"{0}/migrations/schemas/app.json\"\nversion = \"{version}\"\n{releases}",
            case.name
        )
    };
    let release = format!(
        "releases = [{{ version = \"1\", schema = \"{}/migrations/schemas/app-1.json\" }}]\n",
        case.name
    );
    for (side, contract) in [("base", contract(1, "")), ("head", contract(2, &release))] {
        let set = top.join(side).join(&case.name);
        write(&set, "app.json", "{ \"port\": 80 }\n");
        write(&set, "migrations/schemas/app.json", SCHEMA);
        write(&set, "migrations/compatibility_contract.toml", &contract);
    }
    let set = top.join("head").join(&case.name).join("migrations");
    write(&set, "schemas/app-1.json", SCHEMA);
    let attack = fs::read_to_string(case.folder.join("up.toml")).unwrap();
    let head = "class = \"online\"\nschema = \"app\"\nfrom = \"1\"\nto = \"2\"\n";
    write(&set, "0001_attack.toml", &format!("{head}{}", arena.fill(&case.name, &attack)));
    let script = case.folder.join("attack.sh");
    if script.is_file() {
        let script = arena.fill(&case.name, &fs::read_to_string(script).unwrap());
        write(&set, "commands/attack.sh", &script);
    }
    format!("/migrations\"\nengine = \"documents\"\ndocuments = [\"{}/app.json\"]\n", case.name)
}
