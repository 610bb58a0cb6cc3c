//! sqitch, whose registry is a schema.

use std::path::{Path, PathBuf};

use migration_gate::model::EngineKind;
use migration_gate::runner::tracking::{self, Set};

use super::{Here, Owned, everywhere, note, tool};
use crate::support::Ran;

const CONF: &str = "[core]\n\tengine = pg\n[user]\n\tname = It's Ada\n\temail = ada@example.org\n";
const HEAD: &str = "%syntax-version=1.0.0\n%project=shop\n%uri=https://Example.org/Shop?x=1\n\n";
const BY: &str = "2026-01-02T03:04:05Z Ada Lovelace <ada@example.org>";
const PLAN: [&str; 4] = [
    "t1 BY# the first",
    "t2 [t1] BY # it's \\\\ in\\n\\ntwo lines",
    "@v1 BY # done\n@v1.1 BY\nt3 [t1 shop:t2@v1] BY",
    "t4 [t3] BY # 0",
];
const TOLD: [&str; 4] = ["t1 = t1", "t2 = t2", "t3 = t3", "t4 = t4"];

/// The files of a project with these lines in its plan, and scripts for the changes `t1` to `t4`.
fn files(plan: &str) -> Vec<(String, String)> {
    let mut files = vec![
        ("sqitch.conf".to_owned(), CONF.to_owned()),
        ("sqitch.plan".to_owned(), format!("{HEAD}{}\n", plan.replace("BY", BY))),
    ];
    for name in ["t1", "t2", "t3", "t4"] {
        if plan.contains(&format!("{name} ")) {
            let script = |what: &str| format!("BEGIN;\n{what};\nCOMMIT;\n");
            let create = script(&format!("CREATE TABLE public.{name} (a int)"));
            let look = format!("BEGIN;\nSELECT a FROM public.{name} WHERE FALSE;\nROLLBACK;\n");
            files.push((format!("deploy/{name}.sql"), create));
            files
                .push((format!("revert/{name}.sql"), script(&format!("DROP TABLE public.{name}"))));
            files.push((format!("verify/{name}.sql"), look));
        }
    }
    files
}

fn owned(files: &[(String, String)]) -> Owned {
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Owned::new("sqitch", &files)
}

/// sqitch with a database.
struct Project {
    here: Here,
    program: PathBuf,
}

impl Project {
    /// Nothing, loudly, where sqitch or the server is not installed.
    fn new() -> Option<Self> {
        let program = tool("sqitch")?;
        let here = everywhere().into_iter().find(|here| here.engine == EngineKind::Postgres)?;
        Some(Self { here, program })
    }

    /// Writes the first changes down, and gives the set of them.
    fn plan(&self, count: usize) -> Owned {
        let files = files(&PLAN[..count].join("\n"));
        files.iter().for_each(|(name, text)| self.here.folder.write(name, text));
        owned(&files)
    }

    fn sqitch(&self, arguments: &[&str]) -> Ran {
        let url = format!("db:pg://postgres@/postgres?host={}", self.here.socket());
        let program: &Path = &self.program;
        self.here.run(program, &[arguments, &[url.as_str()]].concat())
    }

    fn content(&self, arguments: &[&str]) -> String {
        let ran = self.sqitch(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.out
    }

    /// Demands that sqitch finds nothing to do and nothing wrong.
    fn is_content(&self) {
        let status = self.content(&["status"]);
        assert!(status.contains("Nothing to deploy (up-to-date)"), "{status}");
        assert!(self.content(&["verify"]).contains("Verify successful"));
        assert!(self.content(&["check"]).contains("Check successful"));
    }

    /// The rows of a table without the times of commits.
    fn rows(&mut self, table: &str) -> Vec<String> {
        self.here.column(&format!(
            "SELECT (to_jsonb(t) - 'committed_at' - 'created_at' - 'installed_at')::text \
             FROM sqitch.{table} t ORDER BY 1"
        ))
    }
}

#[test]
fn sqitch_begins_and_the_runner_takes_its_turn() {
    let Some(mut project) = Project::new() else { return };
    project.plan(2);
    project.content(&["deploy", "--verify"]);
    let owned = project.plan(3);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    assert_eq!(project.here.told(&*tracker), TOLD[..2]);
    project.here.apply(&*tracker, &note(&migrations, 2));
    assert_eq!(project.here.told(&*tracker), TOLD[..3]);
    project.is_content();

    let owned = project.plan(4);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    project.content(&["deploy", "--verify"]);
    assert_eq!(project.here.told(&*tracker), TOLD);
    assert_eq!(project.here.tables(), [true; 4]);
    project.is_content();

    // One was deployed by sqitch, the other by the runner.
    project.content(&["revert", "-y", "--to", "t2"]);
    assert_eq!(project.here.tables(), [true, true, false, false]);
    assert_eq!(project.here.told(&*tracker), TOLD[..2]);
    project.here.undo(&*tracker, &note(&migrations, 1));
    assert_eq!(project.here.told(&*tracker), TOLD[..1]);
    let log = project.content(&["log", "-f", "format:%e %n%t"]);
    assert!(log.contains("revert t2 @v1, @v1.1\nrevert t3\n"), "{log}");
    project.content(&["deploy", "--verify"]);
    assert_eq!(project.here.told(&*tracker), TOLD);
    project.is_content();
}

#[test]
fn the_runner_begins_and_sqitch_goes_on() {
    let Some(mut project) = Project::new() else { return };
    let owned = project.plan(4);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    assert!(project.here.told(&*tracker).is_empty());
    project.here.make(&*tracker);
    for at in 0..3 {
        project.here.apply(&*tracker, &note(&migrations, at));
    }
    project.here.undo(&*tracker, &note(&migrations, 2));
    assert!(project.content(&["status"]).contains("Undeployed changes:\n  * t3\n  * t4"));
    project.content(&["deploy", "--verify"]);
    assert_eq!(project.here.told(&*tracker), TOLD);
    project.is_content();

    let mut other = Project::new().unwrap();
    other.plan(4);
    other.content(&["deploy", "--to", "t3"]);
    other.content(&["revert", "-y", "--to", "t2"]);
    other.content(&["deploy"]);
    for table in ["releases", "projects", "changes", "tags", "dependencies", "events"] {
        assert_eq!(project.rows(table), other.rows(table), "{table}");
        let name = format!("sqitch.{table}");
        assert_eq!(project.here.shape(&name), other.here.shape(&name));
    }
    let constraints = "SELECT concat_ws(' ', conrelid::regclass, conname, \
                       pg_get_constraintdef(oid)) FROM pg_constraint \
                       WHERE connamespace = 'sqitch'::regnamespace ORDER BY 1";
    let constraints = (project.here.column(constraints), other.here.column(constraints));
    assert!(constraints.0.len() > 10, "{constraints:?}");
    assert_eq!(constraints.0, constraints.1);
    let comment = "SELECT obj_description('sqitch'::regnamespace)";
    assert_eq!(project.here.column(comment), other.here.column(comment));

    project.content(&["revert", "-y"]);
    assert_eq!(project.here.tables(), [false; 4]);
    assert!(project.here.told(&*tracker).is_empty());
}

#[test]
fn an_edited_script_and_an_edited_line_are_seen() {
    let Some(mut project) = Project::new() else { return };
    project.plan(3);
    project.content(&["deploy"]);
    let plan = PLAN[..3].join("\n");
    let told = |project: &mut Project, files: &[(String, String)]| {
        let owned = owned(files);
        let migrations = owned.in_order();
        let tracker = owned.tracker(EngineKind::Postgres, &migrations);
        project.here.told(&*tracker)
    };
    let mut edited = files(&plan);
    edited[2].1.push('\n');
    assert_eq!(told(&mut project, &edited), ["t1 = t1 edited", TOLD[1], TOLD[2]]);
    // The id of the second stands for what was planned before it.
    let line = files(&plan.replace("the first", "the only"));
    let all = ["t1 = t1 edited", "t2 = t2 edited", "t3 = t3 edited"];
    assert_eq!(told(&mut project, &line), all);
    let gone = files(&PLAN[..1].join(""));
    assert_eq!(told(&mut project, &gone), [TOLD[0], "t2", "t3"]);
}

#[test]
fn a_tag_that_was_planned_later_is_added_with_the_next_change() {
    let Some(mut project) = Project::new() else { return };
    let owned = project.plan(2);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    project.here.make(&*tracker);
    project.here.apply(&*tracker, &note(&migrations, 0));
    project.here.apply(&*tracker, &note(&migrations, 1));
    let tags = "SELECT tag FROM sqitch.tags ORDER BY tag";
    assert!(project.here.column(tags).is_empty());
    let owned = project.plan(3);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    project.here.apply(&*tracker, &note(&migrations, 2));
    assert_eq!(project.here.column(tags), ["@v1", "@v1.1"]);
    project.is_content();
}

#[test]
fn a_registry_of_another_release_or_address_is_refused() {
    let Some(mut project) = Project::new() else { return };
    let owned = project.plan(1);
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    project.here.make(&*tracker);
    project.here.apply(&*tracker, &note(&migrations, 0));
    project.here.write(&["UPDATE sqitch.projects SET uri = NULL".into()]);
    let fault = tracker.read(&mut project.here.database).unwrap_err();
    assert!(fault.what.contains("another %uri"), "{fault}");
    project.here.write(&["UPDATE sqitch.releases SET version = 1.0".into()]);
    let fault = tracker.read(&mut project.here.database).unwrap_err();
    assert!(fault.way_out.contains("sqitch upgrade"), "{fault}");
}

#[test]
fn ids_are_those_of_sqitch() {
    let plan = "%syntax-version=1.0.0\n%project=shop\n%uri=https://Example.org?x=1\n\n\
        schemas/shop 2026-01-02T03:04:05Z Ada Lovelace <ada@example.org># the schema\n\
        zoo [schemas/shop shop:schemas/shop] 2026-01-02T03:04:06Z Ädä  L  <ada@example.org> \
        # a \\\\ b\\nline two\\n\\nfour\n\
        @v1 2026-01-02T03:04:07Z Ada Lovelace <ada@example.org> # first \n\
        @v1.1 2026-01-02T03:04:07Z Ada Lovelace <ada@example.org>\n\
        zoo [zoo@v1] 2026-01-02T03:04:08Z Ada Lovelace <ada@example.org> # 0\n\n\
        ant [zoo @v1.1] 2026-01-02T03:04:09Z Ada Lovelace <ada@example.org> #0 x\n";
    let owned = Owned::new(
        "sqitch",
        &[
            ("sqitch.plan", plan),
            ("deploy/schemas/shop.sql", ""),
            ("deploy/zoo@v1.sql", ""),
            ("deploy/zoo.sql", ""),
            ("deploy/ant.sql", ""),
        ],
    );
    let migrations = owned.in_order();
    let tracker = owned.tracker(EngineKind::Postgres, &migrations);
    // As sqitch 1.3.1 gives them for this plan.
    let expected: [&[&str]; 4] = [
        &["28bbf90c6eb4c6b75a91d943cd5b0e302dd1375e"],
        &[
            "a5cdedafe6e2a4a61d021fae3aff14b7e81ff72f",
            "bf3e35b819b1d652dc7af4f618180bb96e402627",
            "6346c3a2d3f81b023f4e77297dedb3485d09bf79",
            "'schemas/shop', '28bbf90c6eb4c6b75a91d943cd5b0e302dd1375e'",
        ],
        &[
            "b75cde496a3e6b359863ffe3e881806090dd1309",
            "'zoo@v1', 'a5cdedafe6e2a4a61d021fae3aff14b7e81ff72f'",
        ],
        &[
            "a3527089c07e1f7532b1d97d3d5af94f5b087663",
            "'zoo', 'a5cdedafe6e2a4a61d021fae3aff14b7e81ff72f'",
            "'@v1.1', 'a5cdedafe6e2a4a61d021fae3aff14b7e81ff72f'",
        ],
    ];
    for (at, ids) in expected.into_iter().enumerate() {
        let written = tracker.applied(&note(&migrations, at)).join(";\n");
        ids.iter().for_each(|id| assert!(written.contains(id), "{id}: {written}"));
    }
}

#[test]
fn what_only_sqitch_can_answer_is_refused() {
    let refusal = |plan: &str, engine: EngineKind| {
        let mut files = files("t1 BY");
        files[1].1 = plan.replace("BY", BY);
        let owned = owned(&files);
        let migrations = owned.in_order();
        let set = Set { layout: "sqitch", engine, migrations: &migrations, tree: &owned.tree };
        let fault = tracking::tracker(set).err().unwrap();
        assert!(fault.way_out.contains("with sqitch itself"), "{fault}");
        fault.what
    };
    let postgres = EngineKind::Postgres;
    let told = [
        ("%project=a\n\nt1 BY", EngineKind::Sqlite, "beside SQLite"),
        ("t1 BY", postgres, "names no project"),
        ("%project=a\n\nt1 BY\nt2 [!t1] BY", postgres, "`t2` conflicts with `!t1`"),
        ("%project=a\n\nt1 [b:c] BY", postgres, "`t1` requires another project's `b:c`"),
        ("%project=a\n\nt1 [c] BY", postgres, "`t1` requires an unknown `c`"),
        ("%project=a\n\nt1 BY\nt2", postgres, "a line that sqitch cannot read"),
        ("%project=a\n%uri=urn:a:b\n\nt1 BY", postgres, "compares the plan's %uri"),
        ("%project=a\n%uri=https://e.org/%7e\n\nt1 BY", postgres, "compares the plan's %uri"),
    ];
    for (plan, engine, expected) in told {
        let what = refusal(plan, engine);
        assert!(what.contains(expected), "{plan}: {what}");
    }
}
