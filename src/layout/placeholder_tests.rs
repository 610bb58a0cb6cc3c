use super::super::by_name;
use super::super::tests::{problems, tree};
use super::*;
use crate::model::Step;

fn read(layout: &str, files: &[(&str, &str)]) -> Reading {
    by_name(layout).unwrap().read(&tree(files))
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn up(reading: &Reading, at: usize) -> String {
    reading.migrations[at].up.script().unwrap().sql()
}

#[test]
fn values_are_put_in_and_places_lead_back() {
    let text = "-- ${a}\nCREATE TABLE ${a}.t (n int DEFAULT ${long});";
    let mut reading = read("flyway", &[("V1__a.sql", text)]);
    let path = reading.migrations[0].up.path().clone();
    let files = substitute(
        &mut reading,
        EngineKind::Postgres,
        &values(&[("a", ""), ("long", "(1 + 2 + 3 + 4 + 5)")]),
    );
    assert_eq!(up(&reading, 0), "-- \nCREATE TABLE .t (n int DEFAULT (1 + 2 + 3 + 4 + 5));");
    let (runs, map) = (up(&reading, 0), &files[&path]);
    let back = |word: &str| {
        let start = runs.find(word).unwrap();
        let span = map.written(Span::new(start, start + word.len())).unwrap();
        &text[span.start..span.end]
    };
    assert_eq!(back("CREATE TABLE"), "CREATE TABLE");
    assert_eq!(back("n int"), "n int");
    assert_eq!(back("2 + 3"), "${long}");
    assert_eq!(back("DEFAULT (1 +"), "DEFAULT ${long}");
    assert_eq!(back(");"), ");");
    assert_eq!(map.written(Span::new(0, runs.len())), Some(Span::new(0, text.len())));
}

#[test]
fn a_placeholder_without_a_value_is_named_once_and_its_script_never_runs() {
    let text = "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '$A', '$A';\n-- +goose Down\nSELECT 1;";
    let mut reading = read("goose", &[("1_a.sql", text)]);
    substitute(&mut reading, EngineKind::Sqlite, &values(&[("B", "x")]));
    assert_eq!(problems(&reading), ["nothing says what `A` stands for in this script"]);
    let problem = &reading.problems[0];
    assert!(problem.help.contains("variables = { \"A\" = "));
    assert_eq!(problem.location.span, text.find("$A").map(|at| Span::new(at, at + 2)));
    assert!(matches!(reading.migrations[0].up, Step::Foreign { .. }));
    assert!(reading.migrations[0].down.step().unwrap().script().is_none());
}

#[test]
fn sections_and_earlier_problems_move_with_the_text() {
    let text = "-- +goose ENVSUB ON\n-- +goose Up\n-- +goose StatementBegin\nSELECT '$A';\n\
                -- +goose StatementEnd\n-- +goose Down\nSELECT '$A'\n";
    let mut reading = read("goose", &[("1_a.sql", text)]);
    assert!(problems(&reading)[0].contains("no semicolon"));
    let long = "x".repeat(500);
    let files = substitute(&mut reading, EngineKind::Sqlite, &values(&[("A", &long)]));
    let script = reading.migrations[0].up.script().unwrap();
    let [block] = script.blocks.as_slice() else { panic!() };
    assert_eq!(&script.text[block.clone()], format!("SELECT '{long}';\n"));
    let problem = &reading.problems[0].location;
    let back = files[&problem.path].written(problem.span.unwrap()).unwrap();
    assert_eq!(&text[back.start..back.end], "SELECT '$A'");
}

#[test]
fn psql_quotes_and_leaves_what_is_no_variable() {
    let sql = "SELECT ':a', :'a', :\"a\", :a, b::text, c[1:d], $$ :x $$ -- :y\n;";
    let files =
        [("sqitch.plan", "%project=p\n\nk 2026-01-02T03:04:05Z A <a@b>\n"), ("deploy/k.sql", sql)];
    let mut reading = read("sqitch", &files);
    substitute(&mut reading, EngineKind::Postgres, &values(&[("a", "o'\"k")]));
    assert!(problems(&reading).is_empty(), "{:?}", problems(&reading));
    let expected = "SELECT ':a', 'o''\"k', \"o'\"\"k\", o'\"k, b::text, c[1:d], $$ :x $$ -- :y\n;";
    assert_eq!(up(&reading, 0), expected);
    // sqlite3 has parameters of that form.
    let mut reading = read("sqitch", &files);
    substitute(&mut reading, EngineKind::Sqlite, &BTreeMap::new());
    assert_eq!(up(&reading, 0), sql);
}

#[test]
fn graphile_replaces_in_strings_and_functions_and_asks_only_for_code() {
    let sql = "GRANT a TO :DATABASE_VISITOR; SELECT 'at 10:AM', ':WHO', x::TEXT;\n\
               CREATE FUNCTION f() AS $f$ SELECT 'HH:MM', :IN_BODY $f$; -- :LATER";
    let file = format!("--! Previous: -\n--! Hash: sha1:00\n--! AllowInvalidHash\n\n{sql}\n");
    let mut reading = read("graphile-migrate", &[("committed/000001.sql", &file)]);
    let given = [("DATABASE_VISITOR", "web"), ("WHO", "me")];
    substitute(&mut reading, EngineKind::Postgres, &values(&given));
    assert_eq!(problems(&reading), ["nothing says what `IN_BODY` stands for in this script"]);
    let mut reading = read("graphile-migrate", &[("committed/000001.sql", &file)]);
    let given = [("DATABASE_VISITOR", "web"), ("WHO", "me"), ("IN_BODY", "1")];
    substitute(&mut reading, EngineKind::Postgres, &values(&given));
    assert!(up(&reading, 0).contains("TO web; SELECT 'at 10:AM', 'me', x::TEXT;"));
    assert!(up(&reading, 0).contains("'HH:MM', 1 $f$; -- :LATER"));
}

#[test]
fn what_flyway_and_every_sandbox_know_needs_no_value() {
    let sql = "SELECT '${flyway:filename} ${flyway:table} ${flyway:defaultSchema}';";
    for (engine, schema) in [(EngineKind::Postgres, "public"), (EngineKind::Sqlite, "main")] {
        let mut reading = read("flyway", &[("V1__a.sql", sql)]);
        substitute(&mut reading, engine, &BTreeMap::new());
        assert!(problems(&reading).is_empty());
        assert_eq!(up(&reading, 0), format!("SELECT 'V1__a.sql flyway_schema_history {schema}';"));
    }
}

#[test]
fn values_cannot_make_a_script_without_bounds() {
    let sql = "${a}".repeat(100);
    let mut reading = read("flyway", &[("V1__a.sql", &sql)]);
    substitute(&mut reading, EngineKind::Sqlite, &values(&[("a", &"x".repeat(1_000_000))]));
    assert!(problems(&reading)[0].contains("larger than 16 MiB"));
    assert!(reading.migrations[0].up.script().is_none());
}
