//! What every layout promises, held against every tree below `fixtures/layouts`.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use migration_gate::layout::{self, Layout, Placeholder, guess_engine};
use migration_gate::model::{Entry, Kind, Program, RepoPath, Script, Step, Tree};

use crate::support;

type Files = Vec<(String, Vec<u8>)>;

/// A fixture: the layout it is written for, its name and its files.
struct Case {
    layout: &'static dyn Layout,
    name: String,
    files: Files,
}

impl Case {
    fn label(&self) -> String {
        format!("{}/{}", self.layout.name(), self.name)
    }

    fn tree(&self) -> Tree {
        self.tree_of(&self.files)
    }

    fn tree_of(&self, files: &Files) -> Tree {
        // supabase is known by its folder.
        let home = if self.layout.name() == "supabase" { "supabase" } else { "db" };
        tree(home, files)
    }
}

fn tree(home: &str, files: &Files) -> Tree {
    let mut tree = Tree::new(RepoPath::new(home).unwrap().join("migrations"));
    for (path, bytes) in files {
        tree.insert(path.clone(), Entry::file(bytes.as_slice()));
    }
    tree
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let relative = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{relative}/"), files);
        } else {
            files.push((relative, fs::read(entry.path()).unwrap()));
        }
    }
}

/// The layouts that read files; one of them has to be asked for.
fn layouts() -> impl Iterator<Item = &'static dyn Layout> {
    layout::LAYOUTS.iter().copied().chain(layout::by_name("documents"))
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/layouts");
    let mut cases = Vec::new();
    for layout in layouts() {
        for entry in fs::read_dir(root.join(layout.name())).unwrap() {
            let entry = entry.unwrap();
            let mut files = Files::new();
            collect(&entry.path(), "", &mut files);
            files.sort();
            let name = entry.file_name().into_string().unwrap();
            cases.push(Case { layout, name, files });
        }
    }
    cases.sort_by_key(Case::label);
    cases
}

#[test]
fn every_layout_has_a_good_and_a_malformed_tree() {
    let cases = cases();
    for layout in layouts() {
        for start in ["good", "malformed-"] {
            let found = cases
                .iter()
                .any(|case| case.layout.name() == layout.name() && case.name.starts_with(start));
            assert!(found, "fixtures/layouts/{}/{start}… is missing", layout.name());
        }
    }
}

#[test]
fn every_file_is_claimed_a_companion_or_named_by_a_problem() {
    // Also where the files are another tool's.
    for case in cases() {
        for layout in layouts() {
            let tree = case.tree();
            let reading = layout.read(&tree);
            for (path, _) in &case.files {
                let path = tree.path(path);
                let claims = reading.migrations.iter().filter(|m| m.files.contains(&path)).count();
                let companion = reading.companions.contains(&path);
                let named = reading.problems.iter().any(|p| p.location.path == path);
                let label = format!("{} reading {}: {path}", layout.name(), case.label());
                assert!(claims > 0 || companion || named, "{label} is lost");
                // Liquibase keeps many migrations in one file.
                let claims = if layout.name() == "liquibase" { claims.min(1) } else { claims };
                assert!(claims + usize::from(companion) <= 1, "{label} is claimed twice");
            }
        }
    }
}

#[test]
fn good_trees_have_no_problems_and_malformed_ones_do() {
    for case in cases() {
        let problems = case.layout.read(&case.tree()).problems;
        assert_eq!(
            problems.is_empty(),
            case.name.starts_with("good"),
            "{}: {problems:#?}",
            case.label()
        );
    }
}

#[test]
fn the_right_layout_is_detected() {
    for case in cases() {
        let found = layout::detect_best(&case.tree()).map(|(layout, _)| layout.name());
        let expected = Some(case.layout.name()).filter(|name| *name != "documents");
        assert_eq!(found, expected, "{}", case.label());
    }
}

#[test]
fn the_order_of_files_does_not_matter() {
    for case in cases() {
        let expected = summary(case.layout, &case.tree());
        let mut files = case.files.clone();
        for turn in 0..files.len() {
            files.rotate_left(1);
            if turn % 2 == 0 {
                files.reverse();
            }
            assert_eq!(summary(case.layout, &case.tree_of(&files)), expected, "{}", case.label());
        }
    }
}

#[test]
fn readings_are_as_reviewed() {
    for case in cases() {
        let name = case.label().replace('/', "_");
        insta::assert_snapshot!(name, summary(case.layout, &case.tree()));
    }
}

/// A reading in words.
fn summary(layout: &dyn Layout, tree: &Tree) -> String {
    let mut out = String::new();
    let reading = layout.read(tree);
    if let Some(detection) = layout.detect(tree) {
        let engine = detection.engine.map(|(kind, why)| format!("; {kind} by {why}"));
        let _ = writeln!(
            out,
            "{:?} by {}{}",
            detection.confidence,
            detection.reason,
            engine.unwrap_or_default()
        );
    }
    if let Some((engine, reason)) = guess_engine(tree, &reading) {
        let _ = writeln!(out, "{engine}, guessed by {reason}");
    }
    for migration in &reading.migrations {
        let _ = write!(out, "\n{} at version {}", migration.id, migration.version);
        if migration.kind == Kind::Repeatable {
            out.push_str(", repeatable");
        }
        let _ = write!(out, "\n  up      {}", step(&migration.up));
        let down = migration.down.step().map_or("missing".to_owned(), step);
        let _ = write!(out, "\n  down    {down}");
        if let Some(verify) = &migration.verify {
            let _ = write!(out, "\n  verify  {}", script(verify));
        }
        if !migration.depends_on.is_empty() {
            let _ = write!(out, "\n  needs   {}", migration.depends_on.join(", "));
        }
        let files: Vec<String> = migration.files.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "\n  files   {}", files.join(" "));
    }
    for Placeholder { path, span, name, required, .. } in &reading.placeholders {
        let may = if *required { "" } else { ", perhaps" };
        let _ = write!(out, "\nvariable {name} in {path}:{}..{}{may}", span.start, span.end);
    }
    for companion in &reading.companions {
        let _ = write!(out, "\ncompanion {companion}");
    }
    for problem in &reading.problems {
        let span = problem.location.span.map(|span| format!(":{}..{}", span.start, span.end));
        let _ = write!(
            out,
            "\n{:?} {}{}\n  {}\n  {}",
            problem.kind,
            problem.location.path,
            span.unwrap_or_default(),
            problem.message,
            problem.help
        );
    }
    out
}

fn step(step: &Step) -> String {
    match step {
        Step::Sql(sql) => script(sql),
        Step::Program(program) => {
            let Program { schema, from, to, operations, span, .. } = &**program;
            let span = span.map_or("derived".to_owned(), |at| format!("{}..{}", at.start, at.end));
            format!("{schema} from {from} to {to}, {} operations, {span}", operations.len())
        }
        Step::Foreign { path, language } => format!("{language} in {}", path.file_name()),
    }
}

fn script(script: &Script) -> String {
    let mut text =
        format!("{:?} {} {:?}", script.transaction, script.path.file_name(), script.sections);
    if !script.blocks.is_empty() {
        let _ = write!(text, " blocks {:?}", script.blocks);
    }
    text
}

/// A set is found by the one file of it that changed, however deep that lies.
#[test]
fn sets_are_found_by_a_single_change() {
    let journal = |entries: &str| format!("{{\"dialect\": \"sqlite\", \"entries\": [{entries}]}}");
    let first = r#"{"when": 1, "tag": "0000_a"}"#;
    let both = format!(r#"{first}, {{"when": 2, "tag": "0001_b"}}"#);
    let formatted =
        |name: &str| format!("--liquibase formatted sql\n--changeset x:{name}\nSELECT 1;\n");
    let all = "databaseChangeLog:\n- includeAll: {path: changes/, relativeToChangelogFile: true}\n";
    let tree = support::Tree::default;
    for (layout, path, base, changed, text) in [
        (
            "prisma",
            "apps/api/prisma/migrations",
            tree().with("migration_lock.toml", "provider = \"sqlite\"\n"),
            "1_a/migration.sql",
            "SELECT 1;".to_owned(),
        ),
        (
            "drizzle",
            "drizzle",
            tree()
                .with("meta/_journal.json", &journal(first))
                .with("0000_a.sql", "SELECT 1;")
                .with("0001_b.sql", "SELECT 1;"),
            "meta/_journal.json",
            journal(&both),
        ),
        (
            "liquibase",
            "src/main/resources/db/changelog",
            tree().with("db.changelog-master.yaml", all).with("changes/1.sql", &formatted("1")),
            "changes/2.sql",
            formatted("2"),
        ),
        ("pop", "migrations", tree(), "1_a.up.fizz", String::new()),
        ("supabase", "supabase/migrations", tree(), "1_a.sql", "SELECT 1;".to_owned()),
        ("sql-migrate", "db", tree(), "a.sql", "-- +migrate Up\nSELECT 1;\n".to_owned()),
    ] {
        let base = base.below(path).with("README.md", "A project.");
        let head = base.clone().with(&format!("{path}/{changed}"), &text);
        let report = support::check(&base, &head).report;
        let sets: Vec<_> = report["sets"].as_array().unwrap().iter().collect();
        let [set] = sets.as_slice() else { panic!("{layout}: {report}") };
        assert_eq!((&set["layout"], &set["path"]), (&layout.into(), &path.into()));
    }
}
