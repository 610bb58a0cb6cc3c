//! The cases, as their files describe them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// What the pull request attacks, which is the first part of a case's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Postgres,
    Sqlite,
    Jq,
    Command,
    Files,
}

/// What the gate has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    Pass,
    Block,
    Inconclusive,
    /// Refused as a whole, with exit code 2.
    Usage,
    /// Blocked or inconclusive: which of them hangs on the machine.
    NotPass,
}

/// `case.toml`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Described {
    tries: String,
    stopped: String,
    verdict: Verdict,
    rule: Option<String>,
    says: Option<String>,
    #[serde(default)]
    alone: bool,
    #[serde(default)]
    slow: bool,
    #[serde(default)]
    options: Vec<String>,
    setup: Option<String>,
}

/// One pull request.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) folder: PathBuf,
    /// What it tries, one sentence.
    pub(super) tries: String,
    /// How it is stopped, one sentence.
    pub(super) stopped: String,
    pub(super) verdict: Verdict,
    /// A rule that has to find something.
    pub(super) rule: Option<String>,
    /// What a finding, or what could not be told, has to say.
    pub(super) says: Option<String>,
    /// Whether it needs a run of its own.
    pub(super) alone: bool,
    /// Whether it goes on until it is stopped.
    pub(super) slow: bool,
    /// More options of the gate.
    pub(super) options: Vec<String>,
    /// A shell script that makes what Git cannot hold.
    pub(super) setup: Option<String>,
}

pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/hostile")
}

/// All cases, by name.
pub(super) fn all() -> Vec<Case> {
    let entries = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<Case> =
        entries.filter(|path| path.is_dir()).map(|path| read(&path)).collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

fn read(folder: &Path) -> Case {
    let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(folder.join("case.toml")).unwrap();
    let described: Described =
        toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let kind = match name.split_once('-').map(|(kind, _)| kind) {
        Some("postgres") => Kind::Postgres,
        Some("sqlite") => Kind::Sqlite,
        Some("jq") => Kind::Jq,
        Some("command") => Kind::Command,
        Some("files") => Kind::Files,
        _ => panic!("{name}: the name does not say what it attacks"),
    };
    let Described { tries, stopped, verdict, rule, says, alone, slow, options, setup } = described;
    // A folder of its own is what a case about files is.
    let alone = alone || kind == Kind::Files;
    let folder = folder.to_owned();
    Case { name, kind, folder, tries, stopped, verdict, rule, says, alone, slow, options, setup }
}
