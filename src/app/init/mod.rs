//! `init`: what a repository needs for the gate, written where nothing stands yet.

mod ask;
mod look;
mod texts;

use std::path::Path;

use self::look::{Look, look};
use super::create::{TEXT, create, stands};
use super::hook;
use super::output::print;
use crate::changes::is_ignored;
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

/// What the workflow is for.
const OF_WORKFLOW: &str = "the check of every pull request";
/// What a manifest is for.
const OF_MANIFEST: &str = "the class of each migration that comes from now on";

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

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    /// It is new.
    Written,
    /// It was there.
    Stood,
    /// It is not there.
    Absent,
}

/// What became of all of it.
#[derive(Default)]
struct Done {
    /// What each file is for, and what became of it.
    files: Vec<(&'static str, Became)>,
    /// What went wrong, each with its way out.
    failures: Vec<String>,
}

pub(super) fn init(args: &Init) -> Result<u8, GateError> {
    let mode = match (args.yes, args.dry_run) {
        (true, _) => Mode::Write,
        (false, false) if host::can_ask() => Mode::Ask,
        (false, _) => Mode::Show,
    };
    let look = look(args, mode == Mode::Ask)?;
    say(&look.told)?;
    let mut done = Done::default();
    for new in files(&look)? {
        let became = done.note(&new.name, write(&look.top, &new, mode))?;
        done.files.push((new.what, became));
    }
    let hook = install(&look.top, mode);
    done.note("the pre-push hook", hook)?;
    done.failures.extend(look.silent.iter().map(no_engine));
    if mode != Mode::Show {
        say(&next(&look, &done))?;
    } else if !args.dry_run {
        done.failures.push(
            "nothing is written: there is no terminal to ask on\n  help: `migration-gate init --yes` \
             writes what is shown, `--dry-run` only shows it"
                .into(),
        );
    }
    match done.failures.is_empty() {
        true => Ok(0),
        false => Err(GateError::Usage(done.failures.join("\n"))),
    }
}

impl Done {
    /// Keeps a failure for the end, so that the others are written; only where nobody hears what is
    /// said it ends here.
    fn note(&mut self, name: &str, became: Result<Became, GateError>) -> Result<Became, GateError> {
        match became {
            Err(error @ GateError::Output(_)) => Err(error),
            Err(error) => {
                self.failures.push(error.to_string());
                say(&format!("{name} is not written, see below\n"))?;
                Ok(Became::Absent)
            }
            became => became,
        }
    }

    /// Whether some file for this purpose is there.
    fn has(&self, what: &str) -> bool {
        self.files.iter().any(|file| file.0 == what && file.1 != Became::Absent)
    }
}

/// The way out for a set that says no engine.
fn no_engine(path: &RepoPath) -> String {
    format!(
        "{path} is left out: neither the layout nor the SQL says which engine it is for\n  help: name \
         it in a [[set]] of migration-gate.toml; or, as long as that file is not there, run init with \
         --engine sqlite or --engine postgres"
    )
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
        Some(New { name, what: OF_MANIFEST, text: texts::manifest(set) })
    }));
    if !look.is_on_gitlab {
        files.push(New {
            name: WORKFLOW.into(),
            what: OF_WORKFLOW,
            text: texts::workflow(env!("CARGO_PKG_REPOSITORY")),
        });
    }
    Ok(files)
}

/// Writes, asks about or shows one file.
fn write(top: &Path, new: &New, mode: Mode) -> Result<Became, GateError> {
    let New { name, what, text } = new;
    let stood =
        || say(&format!("{name} stands already and is left as it is\n")).map(|()| Became::Stood);
    if stands(&top.join(name)) {
        return stood();
    }
    match mode {
        Mode::Show => {
            say(&format!("\n{name} ({what}) would be written:\n\n{}", indented(text)))?;
            return Ok(Became::Absent);
        }
        Mode::Ask if !ask::yes(&format!("write {name} ({what})?"))? => {
            say(&format!("{name} is not written\n"))?;
            return Ok(Became::Absent);
        }
        Mode::Ask | Mode::Write => {}
    }
    if !create(top, Path::new(name), text, TEXT)? {
        return stood();
    }
    let ignored = match is_ignored(top, Path::new(name)) {
        Ok(true) => ", but Git ignores it: `git add --force` takes it nevertheless",
        _ => "",
    };
    say(&format!("{name} is written{ignored}\n"))?;
    Ok(Became::Written)
}

/// The pre-push hook, which is no file of the repository. That another program has the hooks is no
/// reason to fail.
fn install(top: &Path, mode: Mode) -> Result<Became, GateError> {
    let none = |error: GateError| {
        say(&format!("no pre-push hook is written: {error}\n")).map(|()| Became::Absent)
    };
    let place = match hook::file(top) {
        Ok(place) => place,
        Err(error) => return none(error),
    };
    let shown = &place.shown;
    match mode {
        Mode::Show => {
            say(&format!("\n{shown} (the check before a push) would be written\n"))?;
            return Ok(Became::Absent);
        }
        Mode::Ask if !ask::yes(&format!("write {shown} (the check before a push)?"))? => {
            say(&format!("{shown} is not written\n"))?;
            return Ok(Became::Absent);
        }
        Mode::Ask | Mode::Write => {}
    }
    let (said, became) = match hook::install(&place) {
        Ok(hook::Installed::Now) => ("is written", Became::Written),
        Ok(hook::Installed::Already) => ("is there already", Became::Stood),
        Err(error @ GateError::Usage(_)) => return none(error),
        Err(error) => return Err(error),
    };
    say(&format!("{shown} {said}\n"))?;
    Ok(became)
}

/// What to do next.
fn next(look: &Look, done: &Done) -> String {
    let mut steps = Vec::new();
    if done.files.iter().any(|file| file.1 == Became::Written) {
        steps.push("read what was written, and commit it");
    }
    steps.push("see what the gate says of everything: migration-gate check --all");
    if look.is_on_gitlab {
        steps.push(
            "add the job for GitLab to .gitlab-ci.yml: docs/local.md of migration-gate has it",
        );
    } else if done.has(OF_WORKFLOW) {
        steps.push("push it: the workflow checks pull requests from the next one on");
    }
    if done.has(OF_MANIFEST) {
        steps.push(
            "give each new migration an entry in its manifest, such as\n     { \"id\": \
             \"0002_orders\", \"class\": \"online\" }",
        );
    }
    let steps = steps.iter().zip(1..).map(|(step, number)| format!("  {number}. {step}\n"));
    format!("\nnext:\n{}", steps.collect::<String>())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_next_is_only_what_holds() {
        let look = Look {
            top: "/".into(),
            sets: Vec::new(),
            silent: Vec::new(),
            schemas: Vec::new(),
            is_on_gitlab: false,
            told: String::new(),
        };
        let said = |became| {
            let files = [OF_WORKFLOW, OF_MANIFEST].map(|what| (what, became)).to_vec();
            next(&look, &Done { files, failures: Vec::new() })
        };
        let refused = said(Became::Absent);
        for part in ["the workflow checks", "manifest", "was written"] {
            assert!(!refused.contains(part) && said(Became::Written).contains(part), "{part}");
        }
        assert!(refused.contains("  1. see what the gate says"), "{refused}");
        let stood = said(Became::Stood);
        assert!(stood.contains("the workflow checks") && !stood.contains("was written"), "{stood}");
    }
}
