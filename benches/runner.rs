//! What a migration costs on real documents, as ratios within one run: an absolute time says more
//! of the disk than of the program.
//!
//! ```sh
//! cargo bench --bench runner          # 1,000 documents; minutes, as every write is made durable
//! cargo bench --bench runner -- 100   # fewer of them
//! TMPDIR=/dev/shm cargo bench --bench runner   # no disk: what the program itself adds, and grows
//! ```
//!
//! The program itself is run on a folder with a file system of the machine's own. The times are
//! those of its journal. Each cost is held against that of the first migrations, which shows what
//! grows, and against the floor: the same durable writes by plain calls of the standard library,
//! made in the same minutes. Each is the time in the middle of its kind. Exit code 1 where a cost
//! grows.
//!
//! Criterion repeats what it measures until it can tell small differences of a time. One run here
//! takes minutes, is a state that goes on and cannot be repeated, and no time is claimed.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use jiff::Timestamp;
use migration_gate::host;
use serde_json::Value;

/// The program, as it is released.
const PROGRAM: &str = env!("CARGO_BIN_EXE_migration-gate");
/// How many documents there are where nothing is said.
const DOCUMENTS: usize = 1_000;
/// How many migrations change all of them.
const WIDE: usize = 20;
/// The ends that are compared are this part of all migrations each.
const PART: usize = 10;
/// At least so many, as one alone says little.
const LEAST: usize = 5;
/// A cost that is more than so many times what it was at first is one that grows.
const FLAT: f64 = 1.5;

/// A set: how many documents and migrations, and which migration changes which.
#[derive(Clone, Copy)]
struct Plan {
    documents: usize,
    migrations: usize,
    /// Whether each migration changes all documents, and not one of its own.
    wide: bool,
}

fn main() -> ExitCode {
    let documents = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(DOCUMENTS);
    println!(
        "| each migration changes | way | last to first tenth | to its floor | outside of migrations |"
    );
    println!("|---|---|---|---|---|");
    let narrow = Plan { documents, migrations: documents, wide: false };
    let wide = Plan { documents, migrations: WIDE, wide: true };
    let growths = [("one document", narrow), ("all documents", wide)].map(measure);
    let grows = growths.into_iter().flatten().any(|growth| growth > FLAT);
    if grows {
        eprintln!("a cost grows: more than {FLAT} times what it was");
    }
    ExitCode::from(u8::from(grows))
}

/// Applies a set and takes it back; how much both cost at the end against the beginning.
fn measure((name, plan): (&str, Plan)) -> [f64; 2] {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let top = folder.path();
    write_set(top, plan);
    let state = top.join("state");
    let applied = timed(top, &["apply"], "config.migrated");
    let floor = floor_of_apply(top, &state, plan);
    let first = id(0);
    let taken_back =
        timed(top, &["rollback", "--to", &first], "config.migration.rollback.completed");
    let floor_back = floor_of_rollback(top, &state, plan);
    let ways = [("apply", applied, floor), ("rollback", taken_back, floor_back)];
    ways.map(|(way, run, floor)| {
        let growth = run.growth();
        println!(
            "| {name} | {way} | {growth:.2} | {:.2} | {:.1} % |",
            run.usual() / floor,
            run.outside() * 100.0
        );
        growth
    })
}

/// What a run of the program took.
struct Run {
    whole: f64,
    /// Of each migration but the first: seconds since the end of the one before.
    each: Vec<f64>,
}

impl Run {
    fn usual(&self) -> f64 {
        middle(&self.each)
    }

    /// The last of them against the first.
    fn growth(&self) -> f64 {
        let part = (self.each.len() / PART).max(LEAST).min(self.each.len());
        middle(&self.each[self.each.len() - part..]) / middle(&self.each[..part])
    }

    /// The share of what comes before the first and after the last.
    fn outside(&self) -> f64 {
        let migrations: f64 = self.each.iter().sum();
        let first = migrations / self.each.len() as f64;
        (1.0 - (migrations + first) / self.whole).max(0.0)
    }
}

/// The one in the middle: others use the disk as well, and some writes wait for theirs.
fn middle(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Runs the program, and reads from its journal when each migration was done.
fn timed(top: &Path, arguments: &[&str], event: &str) -> Run {
    let begun = host::now();
    let ran = host::command(PROGRAM).args(arguments).arg(top).output().expect("it starts");
    let whole = begun.elapsed().as_secs_f64();
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{arguments:?}: {told}");
    let journal = fs::read_to_string(top.join("state/journal.jsonl")).expect("a journal");
    let ends: Vec<Timestamp> = journal
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|line| line["event_name"] == event)
        .filter_map(|line| line["timestamp"].as_str()?.parse().ok())
        .collect();
    let each = ends.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64());
    Run { whole, each: each.collect() }
}

fn id(number: usize) -> String {
    format!("{:04}_step", number + 1)
}

fn document(number: usize) -> String {
    format!("settings/{number:04}.json")
}

fn write_set(top: &Path, plan: Plan) {
    let put = |name: &str, text: &str| {
        let file = top.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("it can be made");
        fs::write(file, text).expect("it can be written");
    };
    put(
        "migration-gate.toml",
        "version = 1\n\n[[set]]\nname = \"settings\"\nengine = \"documents\"\npath = \
         \"migrations\"\ndocuments = [\"settings/*.json\"]\n\n[[target]]\nname = \"here\"\nset = \
         \"settings\"\nroot = \".\"\nstate = \"state\"\nkeep = 2000\n",
    );
    let last = if plan.wide { plan.migrations + 1 } else { 2 };
    let schema = |version: usize| format!("migrations/schemas/settings-{version}.schema.json");
    let mut releases = Vec::new();
    for version in 1..=last {
        put(&schema(version), &schema_text(version));
        if version < last {
            releases
                .push(format!("{{ version = \"{version}\", schema = \"{}\" }}", schema(version)));
        }
    }
    put(
        "migrations/compatibility_contract.toml",
        &format!(
            "contract_version = 1\n\n[[schemas]]\nname = \"settings\"\nschema = \"{}\"\nfiles = \
             [\"settings/*.json\"]\nversion = \"{last}\"\ncompatibility = \"backward\"\nreleases = \
             [{}]\n",
            schema(last),
            releases.join(", ")
        ),
    );
    for number in 0..plan.documents {
        let text = format!(
            "{{\n  \"listen\": \"127.0.0.1:{}\",\n  \"step_1\": {number},\n  \"log\": \
             \"info\"\n}}\n",
            2_000 + number
        );
        put(&document(number), &text);
    }
    for number in 0..plan.migrations {
        let from = if plan.wide { number + 1 } else { 1 };
        let targets = match plan.wide {
            true => String::new(),
            false => format!("targets = [\"{}\"]\n", document(number)),
        };
        let text = format!(
            "class = \"online\"\nschema = \"settings\"\nfrom = \"{from}\"\nto = \
             \"{to}\"\n{targets}\n[[up]]\nmove = \"/step_{from}\"\nto = \"/step_{to}\"\n",
            to = from + 1
        );
        put(&format!("migrations/{}.toml", id(number)), &text);
    }
}

/// Each version has a key of its own, so that a document is of one version alone.
fn schema_text(version: usize) -> String {
    format!(
        "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"type\": \
         \"object\",\n  \"additionalProperties\": false,\n  \"required\": [\"listen\", \
         \"step_{version}\"],\n  \"properties\": {{\n    \"listen\": {{ \"type\": \"string\" }},\n    \
         \"step_{version}\": {{ \"type\": \"integer\" }},\n    \"log\": {{ \"enum\": [\"info\", \
         \"debug\"] }}\n  }}\n}}\n"
    )
}

/// The seconds of the durable writes of one up, as large as those that the last one left.
fn floor_of_apply(top: &Path, state: &Path, plan: Plan) -> f64 {
    let checkpoint = last_checkpoint(state);
    let backup = checkpoint.join("backup");
    let changed = changed(plan);
    let (state_file, text) = (read(&state.join("state.json")), read(&top.join(document(0))));
    let line = longest_line(state);
    floor(top, changed, |at, number| {
        let own = at.join(format!("{number}"));
        for path in [own.clone(), own.join("backup")] {
            fs::create_dir(&path).expect("it can be made");
            synced(path.parent().expect("a folder"));
        }
        // Preparing, the two of validating_pre, migrating, validating_post, completing and idle.
        (0..7).for_each(|_| replaced(&at.join("state.json"), &state_file));
        (0..changed).for_each(|one| created(&own.join(format!("backup/{one}")), &text));
        replaced(&own.join("backup/intent.json"), &read(&backup.join("intent.json")));
        replaced(&own.join("checkpoint.json"), &read(&checkpoint.join("checkpoint.json")));
        documents(at, changed, &text);
        replaced(&own.join("backup/commit"), &read(&backup.join("commit")));
        replaced(&own.join("after.json"), &read(&checkpoint.join("after.json")));
        // The checkpoint and the end in the journal, and the history.
        (0..3).for_each(|_| added(&at.join("lines"), &line));
    })
}

/// The seconds of the durable writes of one way back from a checkpoint.
fn floor_of_rollback(top: &Path, state: &Path, plan: Plan) -> f64 {
    let changed = changed(plan);
    let (state_file, text) = (read(&state.join("state.json")), read(&top.join(document(0))));
    let line = longest_line(state);
    floor(top, changed, |at, _| {
        // Preparing, validating_pre, migrating, validating_post, completing and idle.
        (0..6).for_each(|_| replaced(&at.join("state.json"), &state_file));
        // The commit is withdrawn.
        synced(at);
        documents(at, changed, &text);
        replaced(&at.join("history.jsonl"), &line);
        (0..2).for_each(|_| added(&at.join("lines"), &line));
    })
}

fn changed(plan: Plan) -> usize {
    if plan.wide { plan.documents } else { 1 }
}

/// How many seconds a round takes in a folder beside the documents; fewer of them where each has
/// many files.
fn floor(top: &Path, files: usize, round: impl Fn(&Path, usize)) -> f64 {
    let folder = tempfile::tempdir_in(top).expect("a temporary folder");
    let rounds = if files == 1 { 100 } else { 5 };
    let times = (0..rounds).map(|number| {
        let begun = host::now();
        round(folder.path(), number);
        begun.elapsed().as_secs_f64()
    });
    middle(&times.collect::<Vec<_>>())
}

/// Writes files beside others, each durably, and puts them in their places.
fn documents(at: &Path, count: usize, text: &[u8]) {
    let names =
        || (0..count).map(|one| (at.join(format!(".{one}.new")), at.join(format!("{one}.json"))));
    names().for_each(|(staged, _)| created(&staged, text));
    names().for_each(|(staged, file)| fs::rename(staged, file).expect("it can be renamed"));
    synced(at);
}

fn replaced(path: &Path, bytes: &[u8]) {
    let staged = path.with_extension("new");
    created(&staged, bytes);
    fs::rename(&staged, path).expect("it can be renamed");
    synced(path.parent().expect("a folder"));
}

fn created(path: &Path, bytes: &[u8]) {
    let mut file = File::create_new(path).expect("it can be made");
    file.write_all(bytes).and_then(|()| file.sync_all()).expect("it can be written");
}

fn added(path: &Path, bytes: &[u8]) {
    let mut file =
        OpenOptions::new().append(true).create(true).open(path).expect("it can be opened");
    file.write_all(bytes).and_then(|()| file.sync_all()).expect("it can be written");
}

fn synced(folder: &Path) {
    File::open(folder).and_then(|folder| folder.sync_all()).expect("it can be synced");
}

fn last_checkpoint(state: &Path) -> PathBuf {
    let folders = fs::read_dir(state.join("checkpoints")).expect("checkpoints");
    folders.map(|entry| entry.expect("an entry").path()).max().expect("one")
}

fn longest_line(state: &Path) -> Vec<u8> {
    let journal = read(&state.join("journal.jsonl"));
    journal
        .split_inclusive(|byte| *byte == b'\n')
        .max_by_key(|line| line.len())
        .expect("a line")
        .to_vec()
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file of the last run")
}
