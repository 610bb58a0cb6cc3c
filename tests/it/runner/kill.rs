//! SIGKILL at every step, forward and backward, and again while what it left is taken back.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use migration_gate::engine::postgres;
use migration_gate::lifecycle::State;
use migration_gate::model::EngineKind;
use migration_gate::runner::{self, database, documents, files};

use super::{Place, ids};
use crate::support::finish;

/// Up to the second migration.
const APPLY: &[&str] = &["apply", "--no-rehearsal", "--to"];
const RESTORE: &[&str] = &["rollback", "--accept-data-loss"];
const DOWN: &[&str] = &["rollback", "--allow-down"];

/// Every step at which a runner on that engine can be killed.
fn steps(engine: EngineKind) -> Vec<String> {
    let targets: &[&[&str]] = match engine {
        EngineKind::Documents => &[documents::STEPS, files::STEPS],
        EngineKind::Postgres => &[database::STEPS, postgres::STEPS],
        _ => &[database::STEPS],
    };
    let states = State::ALL.iter().map(|state| format!("state.{state}"));
    let others = runner::STEPS.iter().chain(targets.iter().copied().flatten());
    states.chain(others.map(|step| (*step).to_owned())).collect()
}

/// A target with its first migration applied, and what it holds before and after the second.
struct Scene {
    before: Place,
    after: Place,
    old: String,
    new: String,
}

impl Scene {
    fn of(place: Place) -> Self {
        let [first, second] = ids(place.engine);
        let applied = place.apply(&["--to", first]);
        assert_eq!(applied.code, 0, "{applied:?}");
        let after = place.copy();
        assert_eq!(after.apply(&["--to", second]).quiet(0), format!("applied {second}\n"));
        let (old, new) = (place.look(), after.look());
        assert_ne!(old, new);
        Self { before: place, after, old, new }
    }

    /// The steps that a command comes to from there; it is killed at each of them, and then the
    /// next start leads on.
    fn killed_in(&self, from: &Place, arguments: &[&str]) -> BTreeSet<String> {
        let arguments = &meant(from, arguments);
        let reached = reached(&from.copy(), arguments);
        for step in &reached {
            let place = from.copy();
            place.killed(step, arguments);
            self.leads_on(&place, &format!("{arguments:?} {step}"));
        }
        reached
    }

    /// The target is all old or all new after the next start, and after the one that follows all
    /// new, whatever has happened to it.
    fn leads_on(&self, place: &Place, what: &str) {
        let [first, second] = ids(place.engine);
        let is_whole = |what: &str| {
            let look = place.look();
            assert!(look == self.old || look == self.new, "{what}: {look}");
        };
        let state = place.state();
        if ["idle", "preparing", "validating_pre"].contains(&state.as_str()) {
            is_whole(what);
        }
        let ran = place.apply(&["--to", first]);
        if ran.code == 1 {
            // Only what was committed without a checkpoint is left to a person.
            let told = ["no copy to go back to", "the target was touched"];
            assert!(told.iter().any(|told| ran.err.contains(told)), "{what}: {ran:?}");
            assert!(place.backups().is_empty(), "{what}: {ran:?}");
            assert_eq!(place.state(), "failed", "{what}");
            let is_applied = place.look() == self.new;
            let word = if is_applied { "applied" } else { "rolled-back" };
            let resolved = place.resolve(second, word);
            assert_eq!(resolved.code, 0, "{what}: {resolved:?}");
        } else {
            assert_eq!(ran.code, 0, "{what}: {ran:?}");
        }
        is_whole(what);
        let ran = place.apply(&["--to", second]);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{what}");
        assert_eq!(place.look(), self.new, "{what}");
        place.sound();
    }

    /// Killed once the migration was made, and again in what takes it back.
    fn killed_again(&self) -> BTreeSet<String> {
        let half = self.before.copy();
        half.killed("migration.done", &meant(&self.before, APPLY));
        self.killed_in(&half, &[APPLY, &ids(half.engine)[..1]].concat())
    }

    /// Killed where a rollback failed, since its backup was away.
    fn killed_in_failure(&self) -> BTreeSet<String> {
        let place = self.before.copy();
        place.killed("migration.done", &meant(&self.before, APPLY));
        let backup = place.backups().pop().unwrap();
        let away = place.path("away");
        fs::rename(&backup, &away).unwrap();
        place.killed("state.failed", &meant(&place, APPLY));
        fs::rename(&away, &backup).unwrap();
        assert_eq!(place.state(), "failed");
        let blocked = place.apply(&[]).refused(1);
        assert!(blocked.contains("help: `migration-gate apply --retry` takes back"), "{blocked}");
        let ran = place.apply(&["--retry", "--to", ids(place.engine)[0]]);
        assert_eq!((ran.code, place.look()), (0, self.old.clone()), "{ran:?}");
        self.leads_on(&place, "after the failure");
        BTreeSet::from(["state.failed".into()])
    }
}

/// The arguments with the migration that is meant.
fn meant<'a>(place: &Place, arguments: &[&'a str]) -> Vec<&'a str> {
    match arguments.last() {
        Some(&"--to") => [arguments, &ids(place.engine)[1..]].concat(),
        _ => arguments.to_vec(),
    }
}

/// The steps that a command comes to.
fn reached(place: &Place, arguments: &[&str]) -> BTreeSet<String> {
    let tell = |step: String| format!("{step}=return(tell)");
    let points: Vec<String> = steps(place.engine).into_iter().map(tell).collect();
    let ran = finish(place.command(arguments).env("FAILPOINTS", points.join(";")));
    ran.err.lines().filter_map(|line| line.strip_prefix("reached ").map(str::to_owned)).collect()
}

/// Demands that a runner was killed at every step of its engine.
fn covers(engine: EngineKind, reached: &[BTreeSet<String>]) {
    let all = steps(engine);
    let missing: Vec<_> =
        all.iter().filter(|step| !reached.iter().any(|one| one.contains(*step))).collect();
    assert!(missing.is_empty(), "nobody comes to {missing:?}");
}

#[test]
fn documents_are_all_old_or_all_new() {
    let scene = Scene::of(Place::documents());
    covers(
        EngineKind::Documents,
        &[
            scene.killed_in(&scene.before, APPLY),
            scene.killed_in(&scene.after, RESTORE),
            scene.killed_again(),
            scene.killed_in_failure(),
        ],
    );
}

#[test]
fn a_file_of_sqlite_is_all_old_or_all_new() {
    let scene = Scene::of(Place::new(EngineKind::Sqlite, "production = false").unwrap());
    covers(
        EngineKind::Sqlite,
        &[
            scene.killed_in(&scene.before, APPLY),
            scene.killed_in(&scene.after, RESTORE),
            scene.killed_in(&scene.after, DOWN),
            scene.killed_again(),
            scene.killed_in_failure(),
        ],
    );
}

/// A migration in one transaction without a backup, with one, and outside of a transaction.
#[test]
fn a_database_of_postgresql_is_all_old_or_all_new() {
    let Some(auto) = Place::new(EngineKind::Postgres, "production = false") else { return };
    let always = Place::new(EngineKind::Postgres, "checkpoint = \"always\"").unwrap();
    let bare = Place::new(EngineKind::Postgres, "").unwrap();
    bare.folder.write(
        "db/2_mail.up.sql",
        "-- no-transaction\n-- migration-gate: class=online\n\
         CREATE INDEX CONCURRENTLY customers_name ON customers (name);\n\
         ALTER TABLE customers ADD COLUMN mail TEXT;\n",
    );
    let [auto, always, bare] = [auto, always, bare].map(Scene::of);
    // Most of the time they wait for the server.
    let reached = std::thread::scope(|scope| {
        let auto = scope.spawn(|| {
            let apply = auto.killed_in(&auto.before, APPLY);
            vec![apply, auto.killed_in(&auto.after, DOWN), auto.killed_again()]
        });
        let always = scope.spawn(|| {
            let apply = always.killed_in(&always.before, APPLY);
            let restore = always.killed_in(&always.after, RESTORE);
            vec![apply, restore, always.killed_again(), always.killed_in_failure()]
        });
        let bare = scope.spawn(|| vec![bare.killed_in(&bare.before, APPLY)]);
        [auto, always, bare].map(|one| one.join().unwrap()).concat()
    });
    covers(EngineKind::Postgres, &reached);
}

/// What the code says when it comes to a step is what the lists say.
#[test]
fn no_step_of_the_code_is_left_out() {
    let mut known: BTreeSet<String> = [EngineKind::Documents, EngineKind::Postgres]
        .into_iter()
        .flat_map(steps)
        .filter(|step| !step.starts_with("state."))
        .collect();
    known.insert("state.{state}".into());
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for path in super::names(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs")
            {
                let text = fs::read_to_string(&path).unwrap().replace("&format!(", "");
                let calls = text.split("host::reached(\"").skip(1);
                found.extend(calls.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
            }
        }
    }
    // Tests look for the calls, too.
    found.retain(|step| step.contains('.'));
    assert_eq!(found, known);
}
