use std::fmt::Write as _;

use serde_json::json;

use super::format::CHECKER;
use super::*;
use crate::layout::tests::{holds, ids, problems, tree};
use crate::model::{Action, Class, Down, Pointer, Program, Ratio, RepoPath, Step, line_column};

const GOOD: &str = r#"# Nests the port.
class = "online"
schema = "app"
from = "1"
to = "2"
depends_on = ["0001_first"]
targets = ["config/app-eu*.json"]

[[up]]
move = "/port"
to = "/server/port"

[[up]]
add = "/server/host"
value = "0.0.0.0"

[[up]]
remove = "/legacy"

[[up]]
map = "/level"
table = { warn = "warning", info = "info" }

[[up]]
map = "/on"
table = [["yes", true], [0, false]]

[[up]]
wrap = "/endpoint"
key = "url"

[[up]]
unwrap = "/hosts"

[[up]]
scale = "/timeout"
by = 0.50

[[up]]
test = "/kind"
value = "app"

[[up]]
set = "/mode"
value = { name = "fast" }
"#;

fn schema(text: &str) -> String {
    format!("schema = \"app\"\nfrom = \"1\"\nto = \"2\"\n{text}")
}

fn read(name: &str, text: &str) -> Reading {
    Documents.read(&tree(&[(name, text)]))
}

/// Both directions of the only migration.
fn programs(reading: &Reading) -> (Arc<Program>, Option<Arc<Program>>) {
    assert_eq!(reading.problems, []);
    let [one] = reading.migrations.as_slice() else { panic!("{:?}", ids(reading)) };
    let down = one.down.step().map(|step| Arc::clone(step.program().unwrap()));
    (Arc::clone(one.up.program().unwrap()), down)
}

fn actions(program: &Program) -> Vec<String> {
    program.operations.iter().map(|one| format!("{:?}", one.action)).collect()
}

/// The problems of one file as `line:column message / help`.
fn told(name: &str, text: &str) -> Vec<String> {
    let reading = read(name, text);
    let show = |problem: &crate::model::Problem| {
        let span = problem.location.span.unwrap();
        assert!(span.start <= span.end && text.get(span.start..span.end).is_some(), "{problem:?}");
        let (line, column) = line_column(text, span.start);
        let mut shown = format!("{line}:{column} {}", problem.message);
        if !problem.help.is_empty() {
            let _ = write!(shown, " / {}", problem.help);
        }
        shown
    };
    reading.problems.iter().map(show).collect()
}

#[test]
fn the_schema_is_sound() {
    CHECKER.assert_sound();
}

#[test]
fn a_file_is_read_with_its_places() {
    for text in [GOOD.to_owned(), GOOD.replace('\n', "\r\n"), format!("\u{feff}{GOOD}")] {
        let reading = read("0002_nest_the_port.toml", &text);
        let (up, down) = programs(&reading);
        let shown = |span: crate::model::Span| &text[span.start..span.end];
        assert_eq!(ids(&reading), ["0002_nest_the_port"]);
        assert_eq!(
            (up.schema.as_str(), up.from.as_str(), up.to.as_str(), up.migration.as_str()),
            ("app", "1", "2", "0002_nest_the_port")
        );
        assert_eq!(up.targets, ["config/app-eu*.json"]);
        assert_eq!(up.class.as_ref().unwrap().value, Ok(Class::Online));
        assert_eq!(shown(up.class.as_ref().unwrap().span), "\"online\"");
        assert_eq!(shown(up.depends_on[0].span), "\"0001_first\"");
        let part = shown(up.span.unwrap());
        assert!(part.starts_with("[[up]]") || part.starts_with("up]]"), "{part}");
        assert!(part.ends_with("\"fast\" }"), "{part}");
        let first = shown(up.operations[0].span);
        assert!(first.starts_with("[[up]]") && first.ends_with("\"/server/port\""), "{first}");
        let down = down.unwrap();
        assert_eq!(down.span, None);
        assert_eq!((down.from.as_str(), down.to.as_str()), ("2", "1"));
        assert_eq!(down.operations.len(), 10);
        assert_eq!(down.operations[0].action, Action::Restore { of: 9 });
        assert_eq!(
            down.operations[2].action,
            Action::Scale {
                at: Pointer::parse("/timeout").unwrap(),
                by: Ratio::parse("2").unwrap()
            }
        );
        assert!(matches!(&down.operations[5].action, Action::Map { table, .. }
            if *table == [(json!(true), json!("yes")), (json!(false), json!(0))]));
    }
}

#[test]
fn the_formats_say_the_same() {
    let yaml = "schema: app\nfrom: '1'\nto: '2'\nup:\n- {move: /a, to: /b}\n- scale: /t\n  by: 1/60\n- map: /l\n  table:\n    a: 1\n";
    let json = r#"{"$schema": "x", "schema": "app", "from": "1", "to": "2", "up": [
        {"move": "/a", "to": "/b"}, {"scale": "/t", "by": "1/60"}, {"map": "/l", "table": {"a": 1}}]}"#;
    let toml = schema(
        "[[up]]\nmove = \"/a\"\nto = \"/b\"\n[[up]]\nscale = \"/t\"\nby = \"1/60\"\n[[up]]\nmap = \"/l\"\n[up.table]\na = 1\n",
    );
    let (expected, _) = programs(&read("1_a.toml", &toml));
    let commented = json.replacen('{', "{ // a comment\n", 1);
    for (name, text) in
        [("1_a.yaml", yaml), ("1_a.yml", yaml), ("1_a.json", json), ("1_a.jsonc", &commented)]
    {
        let (up, _) = programs(&read(name, text));
        assert_eq!(actions(&up), actions(&expected), "{name}");
        assert!(up.does_the_same(&expected));
        let span = up.operations[2].span;
        assert!(text[span.start..span.end].contains("table"), "{}", &text[span.start..span.end]);
    }
}

#[test]
fn the_way_back_may_be_written() {
    let jq = schema("[[up]]\njq = \".a |= tonumber\"\n[[down]]\njq = \".a |= tostring\"\n");
    let (up, down) = programs(&read("1_a.toml", &jq));
    assert_eq!(actions(&up), [r#"Jq { program: ".a |= tonumber" }"#]);
    let down = down.unwrap();
    assert_eq!(actions(&down), [r#"Jq { program: ".a |= tostring" }"#]);
    let part = down.span.map(|span| &jq[span.start..span.end]).unwrap();
    assert!(part.ends_with("tostring\"") && part.contains("down]]"), "{part}");
    assert_eq!((down.from.as_str(), down.to.as_str()), ("2", "1"));
    // An operator goes back from a backup.
    let by_hand =
        schema("class = \"manual_backfill\"\n[[up]]\ncommand = [\"python3\", \"x.py\"]\n");
    let (_, down) = programs(&read("1_a.toml", &by_hand));
    assert!(down.is_none());
    // One that does nothing is another rule's finding.
    let empty = schema("down = []\n[[up]]\nremove = \"/a\"\n");
    assert_eq!(programs(&read("1_a.toml", &empty)).1.unwrap().operations.len(), 0);
}

#[test]
fn programs_in_jq_may_lie_beside_the_migration() {
    let text = schema(
        "[[up]]\njq = { file = \"1_a.up.jq\" }\n[[down]]\ncommand = [\"sh\", \"back/x.sh\"]\n",
    );
    let files = [("1_a.toml", &*text), ("1_a.up.jq", ".a"), ("back/x.sh", ""), ("b.jq", ".")];
    let reading = Documents.read(&tree(&files));
    let [one] = reading.migrations.as_slice() else { panic!() };
    assert_eq!(actions(one.up.program().unwrap()), [r#"Jq { program: ".a" }"#]);
    let names: Vec<&str> = one.files.iter().map(RepoPath::file_name).collect();
    assert_eq!(names, ["1_a.toml", "1_a.up.jq", "x.sh"]);
    assert_eq!(problems(&reading), ["no migration claims `b.jq`"]);
    for (file, bytes, why) in [
        ("1_b.up.jq", &b"."[..], "\"1_a.up.jq\" is not in the set's folder"),
        ("1_a.up.jq", b"\xff", "\"1_a.up.jq\" is not UTF-8"),
        ("1_a.up.jq", b"\0", "\"1_a.up.jq\" holds a NUL byte"),
        ("1_a.up.jq", b" \n# nothing\n", "the jq program is empty"),
    ] {
        let mut tree = tree(&files[..1]);
        tree.insert(file, crate::model::Entry::file(bytes));
        assert!(problems(&Documents.read(&tree)).contains(&why.to_owned()), "{why}");
    }
}

#[test]
fn what_a_migration_names_is_its_own() {
    let command = "command = [\"cp\", \"2_b.toml\", \"README.md\", \"data/x.json\"]";
    let text = schema(&format!("[[up]]\n{command}\n[[down]]\njq = \".\"\n"));
    let other = schema("[[up]]\nremove = \"/a\"\n");
    let files =
        [("1_a.toml", &*text), ("2_b.toml", &*other), ("README.md", ""), ("data/x.json", "")];
    let reading = Documents.read(&tree(&files));
    assert_eq!((&*reading.problems, &*reading.companions), (&[][..], &[][..]));
    let names: Vec<&str> = reading.migrations[0].files.iter().map(RepoPath::file_name).collect();
    assert_eq!(names, ["1_a.toml", "README.md", "x.json"]);
}

#[test]
fn an_unknown_class_is_kept_as_a_word() {
    let text = schema("class = \"onlien\"\n[[up]]\nremove = \"/a\"\n");
    let (up, _) = programs(&read("1_a.toml", &text));
    let class = up.class.as_ref().unwrap();
    assert_eq!(class.value, Err("onlien".to_owned()));
    assert_eq!(&text[class.span.start..class.span.end], "\"onlien\"");
}

#[test]
fn every_mistake_of_a_file_is_told_with_its_place() {
    let text = r#"clas = "online"
from = 1
to = ""
depends_on = ["a", "a"]
targets = ["/etc/*.json", "../x"]

[[down]]
remvoe = "/a"
"#;
    assert_eq!(
        told("1_a.toml", text),
        [
            "1:1 the key \"schema\" is missing / add \"schema\"",
            "1:1 the key \"up\" is missing / add \"up\"",
            "1:1 unknown key \"clas\" / did you mean \"class\"? Use one of $schema, \
             description, class, schema, from, to, depends_on, targets, up, down",
            "2:8 from must be text, not a number / put it in quotes",
            "3:6 to is empty",
            "4:20 depends_on names the same thing twice / keep one of them",
            "5:12 the pattern does not stay inside the repository / write it from the top of the \
             repository, such as `config/*.json`",
            "5:27 the pattern does not stay inside the repository / write it from the top of the \
             repository, such as `config/*.json`",
            "8:1 unknown operation \"remvoe\" / did you mean \"remove\"? Use one of test, add, \
             remove, move, set, map, wrap, unwrap, scale, jq, command",
        ]
    );
    let same = "schema: a\nfrom: '1'\nto: '1'\nclass: 5\nup:\n  remove: /a\n";
    assert_eq!(
        told("1_a.yaml", same),
        [
            "3:5 from and to are the same version / name the version in which it leaves the \
             documents",
            "4:8 class must be text, not a number / put it in quotes",
            "6:3 up must be a list, not a map / write it as a list: [[up]] in TOML, a dash before \
             each item in YAML",
        ]
    );
    assert_eq!(told("1_a.json", "{"), ["1:1 unterminated object"]);
    assert_eq!(told("1_a.toml", &schema("up = []")), ["4:6 up is empty"]);
}

#[test]
fn every_mistake_of_an_operation_is_told_with_its_place() {
    for (entry, expected) in [
        ("17", "an operation must be a map, not a number / write it as in `remove = \"/legacy\"`"),
        (
            "{}",
            "this entry names no operation / use one of test, add, remove, move, set, map, \
          wrap, unwrap, scale, jq, command",
        ),
        (
            "{value: 1}",
            "this entry names no operation / use one of test, add, remove, move, set, \
          map, wrap, unwrap, scale, jq, command",
        ),
        (
            "{ @rename: /a, to: /b}",
            "unknown operation \"rename\" / use one of test, add, remove, \
          move, set, map, wrap, unwrap, scale, jq, command",
        ),
        (
            "{remove: /a, @add: /b, value: 1}",
            "two operations in one entry: remove, add / give each an entry of its own",
        ),
        ("{move: /a}", "move needs the key \"to\" / add \"to\""),
        (
            "{move: /a, to: /b, @vlaue: 1}",
            "unknown key \"vlaue\" beside move / use one of move, to",
        ),
        ("{remove: @a.b}", "\"a.b\" is no JSON Pointer / begin with a `/`: \"/a/b\""),
        (
            "{remove: @'/a~b'}",
            "\"/a~b\" is no JSON Pointer / write ~0 for `~` and ~1 for `/` inside a key",
        ),
        ("{remove: @5}", "remove must be text, not a number / put it in quotes"),
        (
            "{remove: @''}",
            "remove cannot be about the whole document / name a place in it, such \
          as \"/server\"",
        ),
        (
            "{add: @'', value: 1}",
            "add cannot be about the whole document / name a place in it, \
          such as \"/server\"",
        ),
        ("{move: /a, to: @/a}", "the value is moved to where it stands / name another place"),
        (
            "{move: /a/b, to: @/a/b/c}",
            "the value is moved to a place inside itself / use wrap, \
          which puts it under a key",
        ),
        (
            "{move: /a/*, to: @/a/*/c}",
            "the value is moved to a place inside itself / use wrap, \
          which puts it under a key",
        ),
        (
            "{move: /a/b, to: @/a}",
            "the value is moved to the place of what holds it / use unwrap, \
          which takes the only value out of its map or list",
        ),
        (
            "{move: /a/*, to: @/b}",
            "move and to differ in their number of `*` / each `*` in \
          \"move\" needs its `*` in \"to\"",
        ),
        (
            "{map: /a, table: @5}",
            "table must be a map or a list of pairs, not a number / write \
          { warn = \"warning\" } or [[1, true]]",
        ),
        ("{map: /a, table: @{}}", "table is empty, so every value is refused / name a value"),
        (
            "{map: /a, table: [@[1]]}",
            "an item of table is no pair of an old value and its new one \
          / write [\"warn\", \"warning\"]",
        ),
        ("{map: /a, table: [[1, 2], [@1.0, 3]]}", "table names 1.0 twice / keep one of the two"),
        (
            "{map: /a, table: {a: x, b: @x}}",
            "two values lead to \"x\" / give each its own, or \
          nothing tells them apart on the way back; where they are to be one, write jq and its \
          way back under down",
        ),
        ("{wrap: /a, key: @1}", "key must be text, not a number / put it in quotes"),
        (
            "{scale: /a, by: @0}",
            "by is zero, and nothing leads back from there / use set to write \
          a 0",
        ),
        (
            "{scale: /a, by: @'0/3'}",
            "by is zero, and nothing leads back from there / use set to \
          write a 0",
        ),
        ("{scale: /a, by: @1.0}", "by is 1, which changes nothing / take the operation out"),
        (
            "{scale: /a, by: @1e3}",
            "by \"1e3\" is neither a decimal nor a fraction / write 1000, \
          \"0.001\" or \"1/60\", with up to 18 digits",
        ),
        (
            "{scale: /a, by: @half}",
            "by \"half\" is neither a decimal nor a fraction / write 1000, \
          \"0.001\" or \"1/60\", with up to 18 digits",
        ),
        (
            "{scale: /a, by: @[]}",
            "by must be a number, not a list / write 1000, \"0.001\" or \
          \"1/60\"",
        ),
        ("{jq: @' '}", "the jq program is empty / write what it is to do"),
        (
            "{jq: @[]}",
            "jq must be text or a map, not a list / write the program, or { file = \
          \"0001_name.up.jq\" }",
        ),
        ("{jq: @{}}", "jq needs the key \"file\" / add \"file\""),
        ("{jq: {file: @x.py}}", "\"x.py\" does not end in .jq / give the file that ending"),
        (
            "{jq: {file: @../x.jq}}",
            "\"../x.jq\" is not in the set's folder / name a file from the \
          set's folder on, such as \"0001_name.up.jq\"",
        ),
        (
            "{command: @python3 x.py}",
            "command must be a list, not text / write [\"python3\", \"x.py\"]; no shell reads it",
        ),
        ("{command: @[]}", "command names no program / write [\"python3\", \"x.py\"]"),
        ("{command: [a, @1]}", "an item of command must be text, not a number / put it in quotes"),
    ] {
        let written = entry.replace('@', "");
        let text = format!("schema: a\nfrom: '1'\nto: '2'\nup:\n- {written}\ndown: []\n");
        let column = entry.find('@').unwrap_or(0) + 3;
        assert_eq!(told("1_a.yaml", &text), [format!("5:{column} {expected}")], "{entry}");
        // What the reader refuses, the published schema refuses too, but for what no schema says.
        let root = document::read(Format::Yaml, &text).unwrap();
        let beyond =
            ["moved", "differ in", "twice", "two values", "by is", "is empty", "not in the"]
                .iter()
                .any(|words| expected.contains(words))
                || expected.contains("whole document")
                || expected.contains("1e3");
        assert!(beyond || !CHECKER.takes(&root), "{entry}");
    }
}

#[test]
fn what_is_read_is_what_the_published_schema_takes() {
    let all = GOOD.to_owned()
        + "[[up]]\njq = \".\"\n[[up]]\ncommand = [\"a\", \"\"]\n[[down]]\nscale = \"\"\nby = -1_000\n";
    for text in [GOOD, all.as_str()] {
        assert_eq!(told("1_a.toml", text), [""; 0]);
        let root = document::read(Format::Toml, text).unwrap();
        assert!(CHECKER.takes(&root), "{text}");
    }
}

#[test]
fn what_has_no_way_back_needs_one() {
    for (name, operation) in [("jq", "jq = \".\""), ("command", "command = [\"x\"]")] {
        let text = schema(&format!("[[up]]\nremove = \"/a\"\n[[up]]\n{operation}\n"));
        let expected = format!(
            "6:1 the way back of {name} cannot be computed / write the way back under down, or say \
             class = \"manual_backfill\": an operator runs it and goes back from a backup"
        );
        assert_eq!(told("1_a.toml", &text), [expected]);
    }
}

#[test]
fn what_cannot_be_read_keeps_its_place() {
    let good = schema("[[up]]\nremove = \"/a\"\n");
    let files = [("2_b.toml", "schema = 1"), ("1_a.toml", &*good), ("3_c.json", "")];
    let reading = Documents.read(&tree(&files));
    assert_eq!(ids(&reading), ["1_a", "2_b", "3_c"]);
    for broken in &reading.migrations[1..] {
        assert!(matches!(broken.up, Step::Foreign { .. }));
        assert!(matches!(broken.down, Down::Step(Step::Foreign { .. })));
    }
}

#[test]
fn the_other_files_of_the_folder_are_companions_or_strays() {
    let good = schema("[[up]]\nremove = \"/a\"\n");
    let reading = Documents.read(&tree(&[
        ("1_a.toml", &good),
        ("README.md", ""),
        ("compatibility_contract.toml", ""),
        ("compatibility_contract.json", ""),
        ("app.schema.json", "{}"),
        ("schemas/app.json", "{}"),
        ("schemas/vendor/x.yaml", ""),
        ("fixtures/01_small.json", "{}"),
        ("fixtures/broken.json", "{"),
        ("old/2_b.toml", &good),
        ("app.json", "{}"),
        ("run.py", ""),
        ("tool/x.py", ""),
    ]));
    let names: Vec<&str> = reading.companions.iter().map(RepoPath::file_name).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "app.schema.json",
            "compatibility_contract.json",
            "compatibility_contract.toml",
            "01_small.json",
            "broken.json",
            "app.json",
            "x.yaml"
        ]
    );
    assert_eq!(
        problems(&reading),
        [
            "no migration claims `app.json`",
            "`compatibility_contract.json` is not read, because compatibility_contract.toml \
             stands beside it",
            "no migration claims `old/2_b.toml`",
            "no migration claims `run.py`",
            "no migration claims `tool/x.py`",
        ]
    );
}

#[test]
fn hostile_files_are_answered() {
    let many = format!("{{\"up\": [{}1]}}", "1,".repeat(50_000));
    let deep = format!("{{\"up\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wide =
        format!("{{\"up\": [{{\"map\": \"/a\", \"table\": [{}[0,0]]}}]}}", "[1,1],".repeat(50_000));
    let long = format!("{{\"up\": [{}{{}}]}}", "{\"jq\": {\"file\": \"x.jq\"}},".repeat(5_000));
    let said = problems(&read("1_a.json", &long));
    assert!(said.contains(&"up has more than 1000 items".to_owned()), "{said:?}");
    for text in [&many, &deep, &wide, &long] {
        let count = read("1_a.json", text).problems.len();
        assert!((1..=200).contains(&count), "{count}");
    }
    let mut seed = 7_u64;
    for _ in 0..600 {
        let mut bytes = GOOD.as_bytes().to_vec();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695);
            let at = (seed >> 33) as usize % bytes.len();
            bytes[at] = (seed >> 24) as u8;
        }
        let mut tree = tree(&[("x.jq", "."), ("2_b.yaml", "up: [{jq: {file: x.jq}}]")]);
        tree.insert("1_a.toml", crate::model::Entry::file(bytes.as_slice()));
        holds(&Documents, &tree, "a changed file");
    }
}
