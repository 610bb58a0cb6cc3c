//! `init`: what a repository needs for the gate, written where nothing stands yet.

mod ask;
mod look;
mod texts;

use std::path::{Path, PathBuf};

use self::look::{Look, look};
use super::create::{TEXT, create, stands};
use super::hook;
use super::output::print;
use crate::cli::Init;
use crate::config;
use crate::error::GateError;
use crate::host;
use crate::model::{RepoPath, printable};
use crate::render::escape::log_line;

/// Where GitHub finds the workflow.
const WORKFLOW: &str = ".github/workflows/migration-gate.yml";
/// Where GitLab finds its pipeline.
const PIPELINE: &str = ".gitlab-ci.yml";

/// A file to be written.
struct New {
    /// Its name, from the top of the repository.
    name: String,
    /// What it is for, in a few words.
    what: &'static str,
    text: String,
}

/// What is allowed to happen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Everything is written.
    Write,
    /// Each file is asked about.
    Ask,
    /// The files are shown.
    Show,
}

pub(super) fn init(args: &Init) -> Result<u8, GateError> {
    let look = look(args)?;
    say(&look.told)?;
    let mode = match (args.yes, args.dry_run) {
        (true, _) => Mode::Write,
        (false, true) => Mode::Show,
        (false, false) if host::can_ask() => Mode::Ask,
        (false, false) => Mode::Show,
    };
    for new in files(&look)? {
        write(&look.top, &new, mode)?;
    }
    install(&look.top, mode)?;
    if mode != Mode::Show {
        say(&next(&look))?;
    } else if !args.dry_run {
        return Err(GateError::Usage(
            "nothing is written: there is no terminal to ask on\n  help: `migration-gate init --yes` \
             writes what is shown, `--dry-run` only shows it"
                .into(),
        ));
    }
    Ok(0)
}

/// The files that a repository needs, whether or not they are there.
fn files(look: &Look) -> Result<Vec<New>, GateError> {
    let mut files = Vec::new();
    // Config schemas alone are found by their looks, and need none.
    if !look.sets.is_empty() {
        let text = texts::config(look);
        // What is written here must be read there.
        config::parse(&RepoPath::root().join(config::FILE_NAME), &text)?;
        let what = "the sets, and what is asked of them";
        files.push(New { name: config::FILE_NAME.into(), what, text });
    }
    files.extend(look.sets.iter().filter_map(|set| {
        let name = set.manifest.as_ref()?.to_string();
        let what = "the class of each migration that comes from now on";
        Some(New { name, what, text: texts::manifest(set) })
    }));
    if !look.is_on_gitlab {
        files.push(New {
            name: WORKFLOW.into(),
            what: "the check of every pull request",
            text: texts::workflow(env!("CARGO_PKG_REPOSITORY")),
        });
    }
    Ok(files)
}

/// Writes, asks about or shows one file.
fn write(top: &Path, new: &New, mode: Mode) -> Result<(), GateError> {
    let New { name, what, text } = new;
    if stands(&top.join(name)) {
        return say(&format!("{name} stands already and is left as it is\n"));
    }
    match mode {
        Mode::Show => say(&format!("\n{name} ({what}) would be written:\n\n{}", indented(text))),
        Mode::Ask if !ask::yes(&format!("write {name} ({what})?"))? => {
            say(&format!("{name} is not written\n"))
        }
        Mode::Ask | Mode::Write => {
            let done = match create(top, &PathBuf::from(name), text, TEXT)? {
                true => "is written",
                false => "stands already and is left as it is",
            };
            say(&format!("{name} {done}\n"))
        }
    }
}

/// The pre-push hook, which is no file of the repository. That another program has the hooks is no
/// reason to fail.
fn install(top: &Path, mode: Mode) -> Result<(), GateError> {
    let place = match hook::file(top) {
        Ok(place) => place,
        Err(error) => return say(&format!("no pre-push hook is written: {error}\n")),
    };
    let shown = &place.shown;
    match mode {
        Mode::Show => {
            return say(&format!("\n{shown} (the check before a push) would be written\n"));
        }
        Mode::Ask if !ask::yes(&format!("write {shown} (the check before a push)?"))? => {
            return say(&format!("{shown} is not written\n"));
        }
        Mode::Ask | Mode::Write => {}
    }
    match hook::install(&place) {
        Ok(hook::Installed::Now) => say(&format!("{shown} is written\n")),
        Ok(hook::Installed::Already) => say(&format!("{shown} is there already\n")),
        Err(error @ GateError::Usage(_)) => say(&format!("no pre-push hook is written: {error}\n")),
        Err(error) => Err(error),
    }
}

/// What to do next.
fn next(look: &Look) -> String {
    let workflow = match look.is_on_gitlab {
        false => "push it: the workflow checks pull requests from the next one on",
        true => "add the job for GitLab to .gitlab-ci.yml: docs/local.md of migration-gate has it",
    };
    let listed = match look.sets.iter().any(|set| set.manifest.is_some()) {
        true => {
            "  4. give each new migration an entry in its manifest, such as\n     { \"id\": \
                 \"0002_orders\", \"class\": \"online\" }\n"
        }
        false => "",
    };
    format!(
        "\nnext:\n  1. read what was written, and commit it\n  2. see what the gate says of \
         everything: migration-gate check --all\n  3. {workflow}\n{listed}"
    )
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}").trim_end().to_owned() + "\n").collect()
}

/// Prints to standard output; names from the repository stay text there.
fn say(text: &str) -> Result<(), GateError> {
    let lines: String =
        text.lines().map(|line| format!("{}\n", log_line(&printable(line)))).collect();
    print(&lines)
}
