//! Sets with the layout `command`: the SQL that their tools print.
//!
//! The commands run the change's own code. They run only where the base's configuration names them
//! or the user allows it, confined to a copy of the files, without the environment of the gate, for
//! a limited time. What they print is kept by content in the user's cache.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::cache::{Cache, Draft, Key, Kind, Label};
use crate::changes::{Comparison, Source};
use crate::config::CommandConfig;
use crate::confine::{self, Support, TOO_MUCH, Unready, Workplace};
use crate::host::{self, Captured, Stop};
use crate::model::{ChangeKind, EntryKind, Printed, RepoPath, Tree, hex, printable};

/// The longest one command may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The most that one command may print, in bytes; a script may not be larger either.
const MOST: u64 = 16 * 1024 * 1024;
/// The most files, and bytes in them, that are copied for the commands.
const MOST_FILES: usize = 50_000;
const MOST_BYTES: usize = 1024 * 1024 * 1024;

/// Why nothing can be told, and the way out.
type Untold = (String, String);

/// What the commands of a set may do.
#[derive(Clone, Copy)]
pub(super) struct Permit {
    /// Whether they may run at all.
    pub(super) may_run: bool,
    /// Whether they may where the kernel cannot confine them.
    pub(super) unconfined: bool,
}

/// Whether the change touches a file below a folder.
pub(super) fn is_touched(comparison: &Comparison, folder: &RepoPath) -> bool {
    comparison.files.iter().any(|change| match &change.kind {
        ChangeKind::Renamed { from, .. } => {
            from.below(folder).is_some() || change.path.below(folder).is_some()
        }
        _ => change.path.below(folder).is_some(),
    })
}

/// Runs the commands of a set on one side and puts what they print into the tree.
///
/// # Errors
/// Where they may not run, or do not print what they should.
pub(super) fn print(
    side: &dyn Source,
    config: &CommandConfig,
    permit: Permit,
    tree: &mut Tree,
) -> Result<(), Untold> {
    if !permit.may_run {
        let reason = "the base's configuration does not name the commands that print its SQL";
        let way_out = "merge the configuration first, or run the gate with --allow-commands";
        return Err((reason.to_owned(), way_out.to_owned()));
    }
    if !permit.unconfined && confine::support() == Support::None {
        let reason = "commands print its SQL, and the kernel here cannot confine them";
        return Err((reason.to_owned(), confine::unconfined("commands")));
    }
    all(side, config, permit.unconfined, tree).map_err(|reason| {
        let way_out = "mend the `command` of the set in migration-gate.toml, or try the command in \
                       a clean copy of the repository";
        (reason, way_out.to_owned())
    })
}

fn all(
    side: &dyn Source,
    config: &CommandConfig,
    unconfined: bool,
    tree: &mut Tree,
) -> Result<(), String> {
    let files = named(config, tree);
    if files.is_empty() {
        return Ok(());
    }
    let room = temp_folder()?;
    let (home, work) = (room.path().join("home"), room.path().join("work"));
    for folder in [&home, &work] {
        std::fs::create_dir(folder).map_err(|error| error.to_string())?;
    }
    let digest = copy(side, &config.workdir, &work)?;
    let place = Workplace { folder: work, unconfined };
    let printer = Printer { config, home, place, digest };
    let ids = printer.ids(&files)?;
    let mut printed = Vec::new();
    let mut previous = "base".to_owned();
    for (id, file) in ids {
        if !is_plain(&id) {
            let id = printable(&id);
            return Err(format!(
                "{id} is no id: only letters, digits, `_`, `.` and `-` are put into a command"
            ));
        }
        let up = printer.run(&config.up, &id, &previous)?;
        let down = match config.down.as_slice() {
            [] => None,
            down => Some(printer.run(down, &id, &previous)?),
        };
        printed.push(Printed { file, up, down });
        previous = id;
    }
    tree.set_printed(printed);
    Ok(())
}

/// Whether an id can be nothing but one plain word of a command, also for a shell.
fn is_plain(id: &str) -> bool {
    id.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// The migrations' files, sorted; names that begin with `_` are Python's own.
fn named(config: &CommandConfig, tree: &Tree) -> Vec<String> {
    let is_one = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.ends_with(&config.ending) && !name.starts_with(['_', '.']) && name == path
    };
    tree.iter().map(|(path, _)| path).filter(|path| is_one(path)).map(str::to_owned).collect()
}

/// A temporary folder with a copy of the files of one side.
///
/// # Errors
/// Where they cannot be read or copied.
pub(super) fn copied(side: &dyn Source, folder: &RepoPath) -> Result<TempDir, String> {
    let room = temp_folder()?;
    copy(side, folder, room.path())?;
    Ok(room)
}

fn temp_folder() -> Result<TempDir, String> {
    host::temp_folder().map_err(|error| format!("no temporary folder can be made: {error}"))
}

/// Copies the files of one side and returns a digest of them all. Links are left out: they might
/// lead anywhere.
fn copy(side: &dyn Source, folder: &RepoPath, to: &Path) -> Result<String, String> {
    let names = side.names(folder).map_err(|error| error.to_string())?;
    if names.len() > MOST_FILES {
        return Err(format!("{} files are too many to copy; name a smaller workdir", names.len()));
    }
    let mut digest = Sha256::new();
    let mut total = 0;
    for path in names {
        let Some(relative) = path.below(folder) else { continue };
        let entry = side.file(&path).map_err(|error| error.to_string())?;
        let Some(entry) = entry.filter(|entry| entry.kind == EntryKind::File) else { continue };
        total += entry.bytes.len();
        if total > MOST_BYTES {
            return Err("the files are more than 1 GiB; name a smaller workdir".to_owned());
        }
        digest.update(format!("{}\0{}\0{relative}", relative.len(), entry.bytes.len()));
        digest.update(&entry.bytes);
        let target = to.join(relative);
        let written = target
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&target, &entry.bytes));
        written.map_err(|error| format!("{relative} cannot be copied: {error}"))?;
    }
    Ok(hex(&digest.finalize()))
}

struct Printer<'a> {
    config: &'a CommandConfig,
    home: PathBuf,
    place: Workplace,
    /// Of everything in there before the first command ran.
    digest: String,
}

impl Printer<'_> {
    /// The migrations in their order, each with its file.
    fn ids(&self, files: &[String]) -> Result<Vec<(String, String)>, String> {
        let stem = |file: &str| {
            let stem = file.strip_suffix(&self.config.ending).unwrap_or(file);
            stem.to_owned()
        };
        if self.config.list.is_empty() {
            return Ok(files.iter().map(|file| (stem(file), file.clone())).collect());
        }
        let listed = self.run(&self.config.list, "", "")?;
        let mut left: Vec<&String> = files.iter().collect();
        let mut found = Vec::new();
        for id in listed.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let fits = |file: &&String| {
                let stem = stem(file);
                stem.strip_prefix(id).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
            };
            let Some(at) = left.iter().position(fits) else {
                let id = printable(id);
                return Err(format!("the list names {id}, and there is no file of that name"));
            };
            found.push((id.to_owned(), left.remove(at).clone()));
        }
        match left.first() {
            None => Ok(found),
            Some(file) => Err(format!("{} is not on the list of migrations", printable(file))),
        }
    }

    /// What a command prints for one migration, from the cache where it ran before.
    fn run(&self, words: &[String], id: &str, previous: &str) -> Result<Arc<str>, String> {
        let words: Vec<String> = words.iter().map(|word| fill(word, id, previous)).collect();
        let (cache, key) = (Cache::of_user(), self.key(&words));
        if let Some(text) = cache.as_ref().and_then(|cache| kept(cache, &key)) {
            return Ok(text.into());
        }
        let shown = printable(&words.join(" ")).into_owned();
        let command = self.place.command(&words, &self.home, LIMIT);
        let mut command = command.map_err(|unready| match unready {
            Unready::Nameless => "a command has no program".to_owned(),
            Unready::Missing => format!("`{shown}` is not on this machine"),
            Unready::Unconfined => format!("`{shown}` cannot be confined"),
        })?;
        command.envs(&self.config.environment);
        let excess = self.place.excess(&self.home);
        let mut excess = excess.map_err(|error| format!("`{shown}` cannot be run: {error}"))?;
        let mut is_reached = |group| excess.is_reached(group);
        let ended = host::capture_bounded(&mut command, &[], LIMIT, MOST, &mut is_reached);
        let (success, out, said) = match ended {
            Ok(Captured::Done(success, out, said)) => (success, out, said),
            Ok(Captured::Stopped(Stop::Interrupted)) => {
                return Err(format!("`{shown}` was interrupted"));
            }
            Ok(Captured::Stopped(_)) => {
                return Err(format!("`{shown}` was stopped: it took too long"));
            }
            Ok(Captured::TooMuch) => return Err(format!("`{shown}` {TOO_MUCH}")),
            Err(error) => return Err(format!("`{shown}` cannot be run: {error}")),
        };
        if !success {
            // The folder has another name in each run, and the report must not.
            let said = said.replace(&*self.place.folder.to_string_lossy(), ".");
            let last = said.lines().rev().find(|line| !line.trim().is_empty());
            let last = printable(last.unwrap_or("it does not say why").trim()).into_owned();
            return Err(format!("`{shown}` fails: {last}"));
        }
        let text = String::from_utf8(out).map_err(|_| format!("`{shown}` prints no UTF-8"))?;
        if text.contains('\0') {
            return Err(format!("`{shown}` prints a NUL byte"));
        }
        if let Some(cache) = cache {
            let draft = Draft::of_bytes(Label::default(), "sql", text.clone().into_bytes());
            // A cache that cannot be written costs time and nothing else.
            let _ = cache.keep(Kind::Printed, &key, &draft);
        }
        Ok(text.into())
    }

    /// What decides what this command prints for these files.
    fn key(&self, words: &[String]) -> Key {
        let count = words.len().to_string();
        let mut parts = vec!["3", env!("CARGO_PKG_VERSION"), &self.digest, &count];
        let environment = self.config.environment.iter().flat_map(|(name, value)| [name, value]);
        parts.extend(words.iter().chain(environment).map(String::as_str));
        Key::of(&parts)
    }
}

/// Puts the migration into one word of a command.
fn fill(word: &str, id: &str, previous: &str) -> String {
    let parts: Vec<String> =
        word.split("{id}").map(|part| part.replace("{previous}", previous)).collect();
    parts.join(id)
}

/// What is kept under a key.
fn kept(cache: &Cache, key: &Key) -> Option<String> {
    let pack = cache.find(Kind::Printed, key)?;
    let text = pack.bytes().ok().and_then(|bytes| String::from_utf8(bytes).ok());
    if text.is_none() {
        pack.discard();
    }
    text
}
