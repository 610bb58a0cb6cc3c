//! Walks real histories commit by commit as a required check would have, and writes what the gate
//! says of them as Markdown:
//!
//! ```sh
//! cargo run --release --example real_histories -- NAME=CLONE… > docs/real-histories.md
//! ```
//!
//! Each commit is judged against the one before it, under the `recommended` preset and without any
//! configuration. The program is this example itself, called once for each commit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Mutex;

use clap::Parser as _;
use migration_gate::render::escape;
use migration_gate::{app, cli::Cli, host};
use serde_json::Value;

/// How many commits are judged at the same time.
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|first| first == "gate") {
        arguments.remove(1);
        return match Cli::try_parse_from(arguments) {
            Ok(cli) => ExitCode::from(app::main(&cli)),
            Err(error) => {
                let _ = error.print();
                ExitCode::from(2)
            }
        };
    }
    match run(&arguments) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// A history and what was said of its commits, the first of them first.
struct Walk {
    name: String,
    judged: Vec<Judged>,
    /// Commits that touch no set.
    untouched: usize,
    /// The engines it ran on.
    engines: Vec<String>,
}

/// What was said of one commit.
struct Judged {
    commit: String,
    report: Value,
}

impl Judged {
    fn verdict(&self) -> &str {
        self.report["verdict"].as_str().unwrap_or_default()
    }

    /// The findings of a level, as the report orders them.
    fn findings(&self, level: &str) -> impl Iterator<Item = &Value> {
        let all = self.report["findings"].as_array().into_iter().flatten();
        all.filter(move |finding| finding["level"] == level)
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let program = arguments.first().ok_or("the program's own name is missing")?;
    let walks: Vec<Walk> = arguments[1..]
        .iter()
        .map(|argument| {
            let (name, place) = argument
                .split_once('=')
                .ok_or_else(|| format!("{argument}: write it as NAME=CLONE"))?;
            walk(program, name, Path::new(place))
        })
        .collect::<Result<_, String>>()?;
    if walks.is_empty() {
        return Err("name at least one history as NAME=CLONE".into());
    }
    let mut text = String::from(INTRODUCTION);
    counts(&walks, &mut text);
    rules(&walks, &mut text);
    defences(&walks, &mut text)?;
    blocks(&walks, &mut text);
    Ok(text)
}

fn walk(program: &str, name: &str, place: &Path) -> Result<Walk, String> {
    let mut git = host::command("git");
    git.arg("-C").arg(place).args(["rev-list", "--reverse", "--no-merges", "HEAD"]);
    let output = git.output().map_err(|error| format!("git: {error}"))?;
    if !output.status.success() {
        return Err(format!("{}: {}", place.display(), String::from_utf8_lossy(&output.stderr)));
    }
    let commits = String::from_utf8_lossy(&output.stdout).into_owned();
    // The first has nothing to be compared with.
    let commits: Vec<&str> = commits.lines().skip(1).collect();
    let next = Mutex::new(commits.iter().enumerate());
    let told = Mutex::new(BTreeMap::new());
    let work = || {
        loop {
            let taken = next.lock().ok().and_then(|mut next| next.next());
            let Some((at, commit)) = taken else { return };
            let answer = judge(program, place, commit);
            if let Ok(mut told) = told.lock() {
                told.insert(at, answer);
                eprintln!("{name}: {} of {}", told.len(), commits.len());
            }
        }
    };
    std::thread::scope(|scope| (0..WORKERS).for_each(|_| drop(scope.spawn(work))));
    let told = told.into_inner().map_err(|error| error.to_string())?;
    let judged = told.into_values().collect::<Result<Vec<Judged>, String>>()?;
    let total = judged.len();
    let is_touched = |one: &Judged| {
        let some = |key: &str| one.report[key].as_array().is_some_and(|list| !list.is_empty());
        some("sets") || some("inconclusive") || some("findings")
    };
    let judged: Vec<Judged> = judged.into_iter().filter(is_touched).collect();
    let sets = judged.iter().flat_map(|one| one.report["sets"].as_array().into_iter().flatten());
    let mut engines: Vec<String> =
        sets.filter_map(|set| set["ran_on"].as_str().map(str::to_owned)).collect();
    engines.sort();
    engines.dedup();
    Ok(Walk { name: name.to_owned(), untouched: total - judged.len(), judged, engines })
}

fn judge(program: &str, place: &Path, commit: &str) -> Result<Judged, String> {
    let mut gate = host::command(PathBuf::from(program));
    gate.args(["gate", "check", "--format", "json", "--base", &format!("{commit}^")]);
    gate.args(["--head", commit]).arg(place).stdin(Stdio::null());
    let output = gate.output().map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    if !matches!(code, Some(0 | 1 | 3)) {
        return Err(format!("{commit}: exit {code:?}: {said}"));
    }
    let report = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{commit}: {error}: {said}"))?;
    Ok(Judged { commit: commit.to_owned(), report })
}

const INTRODUCTION: &str = "\
# What the gate says of real histories

Every commit of public projects that touches a set of migrations or a config schema, judged against
the commit before it, under the `recommended` preset and without any configuration: as if the gate
had been a required check from the first day. Made by

```sh
cargo run --release --example real_histories -- NAME=CLONE… > docs/real-histories.md
```

A commit is blocked where it has an error, and inconclusive where something could not be run here.
The last part lists every error with the place and the sentence of the report; each can be shown
again with `migration-gate check --base COMMIT^ --head COMMIT` in a clone of the same history.

";

/// Why a block of each rule is no false alarm, in one line. A block by a rule that is not here has
/// been looked at by nobody, and stops the run.
const DEFENCES: &[(&str, &str)] = &[
    (
        "config/schema-invalid",
        "no validator can use the schema as it stands, so nothing is known of what it would refuse",
    ),
    (
        "dryrun/fails-on-data",
        "the up runs on empty tables and was refused on rows that the schema before it allows; the \
         report shows such a row and the query that finds its like in production",
    ),
    (
        "dryrun/not-replay-safe",
        "the up runs outside a transaction, so it can stop half-way, and a second run of it failed",
    ),
    (
        "dryrun/up-fails",
        "on the history before it the engine refused the up, or the verify script that guards it",
    ),
    ("history/deleted", "targets ran it and keep its effects; new ones never get them"),
    (
        "history/edited",
        "the tool compares what it applied with what is there, and targets keep the old text",
    ),
    (
        "history/out-of-order",
        "the tool skips it or refuses to run on every target that is up to date",
    ),
    ("history/renamed", "to the tool it is a new migration, and targets have run it already"),
    ("layout/invalid", "the tool itself cannot read what is written there"),
    ("rollback/empty", "the up changed the schema, and the rollback does nothing"),
    (
        "rollback/fails",
        "the engine refused the rollback right after the up, or once the tables held rows",
    ),
    (
        "rollback/leaves-trace",
        "the schema after the down was compared with the one before the up, and differs",
    ),
    (
        "rollback/loses-data",
        "values stood before the up and not after the down, though they could have been kept",
    ),
    ("rollback/missing", "there is no way back at all"),
];

/// What each rule that blocks rests on.
fn defences(walks: &[Walk], text: &mut String) -> Result<(), String> {
    let blocking = walks.iter().flat_map(|walk| &walk.judged).flat_map(|one| one.findings("error"));
    let rules: BTreeSet<&str> = blocking.filter_map(|finding| finding["rule"].as_str()).collect();
    text.push_str("## What a block rests on\n\n| rule | why it is no false alarm |\n|---|---|\n");
    for rule in rules {
        let defence = DEFENCES.iter().find(|(known, _)| *known == rule);
        let (_, why) = defence.ok_or_else(|| format!("nobody has looked at blocks by {rule}"))?;
        let _ = writeln!(text, "| `{rule}` | {why} |");
    }
    text.push('\n');
    Ok(())
}

fn counts(walks: &[Walk], text: &mut String) {
    text.push_str("## Verdicts\n\n");
    text.push_str("| history | commits | touch a set | pass | blocked | inconclusive | ran on |\n");
    text.push_str("|---|---:|---:|---:|---:|---:|---|\n");
    for walk in walks {
        let of = |verdict: &str| walk.judged.iter().filter(|one| one.verdict() == verdict).count();
        let (touch, engines) = (walk.judged.len(), walk.engines.join(", "));
        let _ = writeln!(
            text,
            "| {} | {} | {touch} | {} | {} | {} | {engines} |",
            walk.name,
            touch + walk.untouched,
            of("pass"),
            of("block"),
            of("inconclusive"),
        );
    }
    text.push('\n');
}

fn rules(walks: &[Walk], text: &mut String) {
    let mut fired: BTreeMap<(usize, String), Vec<usize>> = BTreeMap::new();
    for (at, walk) in walks.iter().enumerate() {
        for one in &walk.judged {
            for (weight, level) in ["error", "warning", "note"].into_iter().enumerate() {
                let mut rules: Vec<&str> =
                    one.findings(level).filter_map(|finding| finding["rule"].as_str()).collect();
                rules.sort_unstable();
                rules.dedup();
                for rule in rules {
                    let counts = fired.entry((weight, rule.to_owned())).or_default();
                    counts.resize(walks.len(), 0);
                    counts[at] += 1;
                }
            }
        }
    }
    text.push_str("## Commits in which a rule speaks\n\n| level | rule |");
    walks.iter().for_each(|walk| {
        let _ = write!(text, " {} |", walk.name);
    });
    text.push_str("\n|---|---|");
    walks.iter().for_each(|_| text.push_str("---:|"));
    text.push('\n');
    for ((weight, rule), counts) in fired {
        let _ = write!(text, "| {} | `{rule}` |", ["error", "warning", "note"][weight]);
        for count in counts {
            let _ = write!(text, " {count} |");
        }
        text.push('\n');
    }
    text.push('\n');
}

fn blocks(walks: &[Walk], text: &mut String) {
    text.push_str("## Every block\n\n");
    for walk in walks {
        let blocked: Vec<&Judged> =
            walk.judged.iter().filter(|one| one.verdict() == "block").collect();
        if blocked.is_empty() {
            let _ = writeln!(text, "### {}\n\nNone.\n", walk.name);
            continue;
        }
        let _ = writeln!(text, "### {}\n\n| commit | rule | place | what it says |", walk.name);
        text.push_str("|---|---|---|---|\n");
        for one in blocked {
            for finding in one.findings("error") {
                let say = |key: &str| {
                    escape::text(finding[key].as_str().unwrap_or_default()).replace('|', "\\|")
                };
                let line = finding["line"].as_u64().map(|line| format!(":{line}"));
                let _ = writeln!(
                    text,
                    "| {} | `{}` | {}{} | {} |",
                    &one.commit[..12.min(one.commit.len())],
                    finding["rule"].as_str().unwrap_or_default(),
                    say("file"),
                    line.unwrap_or_default(),
                    say("message"),
                );
            }
        }
        text.push('\n');
    }
}
