//! What every layout does alike: files that no tool reads, entries that cannot be read, decoding,
//! and names; pairing and order are `pairing`'s.

use std::sync::Arc;

use super::Reading;
pub(super) use super::pairing::{Half, finish, finish_planned, pair};
use crate::model::{
    Entry, EntryKind, Location, Problem, ProblemKind, RepoPath, Script, Span, Step,
    TransactionMode, Tree, Version,
};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// A regular file that is still to be claimed.
pub(super) struct File<'t> {
    /// Its path below the set's folder.
    pub(super) relative: &'t str,
    /// Its path in the repository.
    pub(super) path: RepoPath,
    bytes: &'t [u8],
    /// Why its content is not there; the reading knows of it already.
    refused: Option<Problem>,
}

/// The language of a script that cannot be read: it keeps its place in the sequence, so that
/// its other direction and later migrations are not blamed for it.
const UNREADABLE: &str = "a form that cannot be read";

impl<'t> File<'t> {
    /// The last component.
    pub(super) fn name(&self) -> &'t str {
        self.relative.rsplit('/').next().unwrap_or(self.relative)
    }

    /// The folder below the set's one; `None` at the top.
    pub(super) fn folder(&self) -> Option<&'t str> {
        self.relative.rsplit_once('/').map(|(folder, _)| folder)
    }

    /// The content as text; never a lossy guess, and without NUL bytes, where some engines stop
    /// to read while others go on.
    pub(super) fn text(&self) -> Result<Arc<str>, Problem> {
        if let Some(problem) = &self.refused {
            return Err(problem.clone());
        }
        let place = |at| Location::at(self.path.clone(), Span::new(at, at + 1));
        let text = std::str::from_utf8(self.bytes).map_err(|error| {
            let at = error.valid_up_to();
            invalid(
                place(at),
                format!("`{}` is not UTF-8: byte {at} cannot be decoded", self.relative),
                "Save the file as UTF-8 (editors on Windows often write UTF-16 or a code page).",
            )
        })?;
        match text.find('\0') {
            None => Ok(Arc::from(text)),
            Some(at) => Err(invalid(
                place(at),
                format!("`{}` holds a NUL byte at {at}, which hides what follows", self.relative),
                "Take the byte out; where every other byte is NUL, save the file as UTF-8.",
            )),
        }
    }

    /// The content, or `None` and a problem.
    pub(super) fn text_or_problem(&self, reading: &mut Reading) -> Option<Arc<str>> {
        self.text().map_err(|problem| reading.problems.push(problem)).ok()
    }

    /// The content for a first look, where a problem is reported later or not at all.
    pub(super) fn peek(&self) -> &'t str {
        std::str::from_utf8(self.bytes).unwrap_or("")
    }

    /// What stands in the sequence for this file where its content is refused.
    pub(super) fn unreadable(&self) -> Step {
        Step::Foreign { path: self.path.clone(), language: UNREADABLE }
    }

    /// The whole file as a step; one that cannot run, and a problem, where it cannot be read.
    pub(super) fn step(
        &self,
        reading: &mut Reading,
        mode: impl Fn(&str) -> TransactionMode,
    ) -> Step {
        self.script(reading, mode).map_or_else(|| self.unreadable(), Step::Sql)
    }

    /// The whole file as a script, or `None` and a problem.
    pub(super) fn script(
        &self,
        reading: &mut Reading,
        mode: impl Fn(&str) -> TransactionMode,
    ) -> Option<Script> {
        let text = self.text_or_problem(reading)?;
        let start = body_start(&text);
        let mode = mode(&text[start..]);
        let mut script = Script::whole(self.path.clone(), text, mode);
        if let Some(only) = script.sections.first_mut() {
            only.start = start;
        }
        Some(script)
    }
}

/// Where a text starts after its byte-order mark.
pub(super) fn body_start(text: &str) -> usize {
    if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 }
}

/// A line of a text: `start..end` without its line break, `next` after it.
pub(super) struct Line {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) next: usize,
}

/// The lines of a text after its byte-order mark. A line ends at `\n`; a `\r` before it is not
/// part of the line, a `\r` alone ends none.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line> + '_ {
    let mut at = body_start(text);
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let start = at;
        let rest = &text[start..];
        let length = rest.find('\n').unwrap_or(rest.len());
        at = (start + length + 1).min(text.len());
        let line = &rest[..length];
        let end = start + line.strip_suffix('\r').unwrap_or(line).len();
        Some(Line { start, end, next: at })
    })
}

/// Whether a file belongs to a set of any layout without being a migration.
fn is_companion(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("readme")
        || lower.starts_with("license")
        || lower.ends_with(".md")
        || matches!(lower.as_str(), ".gitkeep" | ".keep" | ".gitignore" | ".gitattributes")
        || lower == "atlas.sum"
        || lower
            .strip_prefix("migration_manifest.")
            .is_some_and(|rest| matches!(rest, "json" | "toml" | "yaml" | "yml"))
}

/// The files by which a layout is known.
pub(super) fn readable(tree: &Tree) -> Vec<File<'_>> {
    let files = sift(tree, &mut Reading::default());
    files.into_iter().filter(|file| file.refused.is_none()).collect()
}

/// The files that a layout has to judge; companions, and what is wrong with entries that are no
/// readable files, are put into `reading`.
pub(super) fn sift<'t>(tree: &'t Tree, reading: &mut Reading) -> Vec<File<'t>> {
    tree.iter().filter_map(|(relative, entry)| admit(tree, relative, entry, reading)).collect()
}

/// The names a manifest may have in a set's folder; the first that is there is read.
const MANIFESTS: [&str; 4] = [
    "migration_manifest.json",
    "migration_manifest.toml",
    "migration_manifest.yaml",
    "migration_manifest.yml",
];

/// Claims a file that is no migration; a second manifest is a problem, since nobody reads it.
pub(super) fn companion(tree: &Tree, relative: &str, reading: &mut Reading) {
    let path = tree.path(relative);
    reading.companions.push(path.clone());
    let read = MANIFESTS.iter().find(|name| tree.get(name).is_some());
    if let Some(read) = read.filter(|read| MANIFESTS.contains(&relative) && **read != relative) {
        let message = format!("`{relative}` is not read, because {read} stands beside it");
        let help = "Keep one manifest: move its entries over, and remove the other file.";
        reading.problems.push(invalid(Location::file(path), message, help));
    }
}

/// One entry of [`sift`].
pub(super) fn admit<'t>(
    tree: &Tree,
    relative: &'t str,
    entry: &'t Entry,
    reading: &mut Reading,
) -> Option<File<'t>> {
    let file = File { relative, path: tree.path(relative), bytes: &entry.bytes, refused: None };
    if is_companion(file.name()) {
        companion(tree, relative, reading);
        return None;
    }
    let (what, help) = match entry.kind {
        EntryKind::File => return Some(file),
        EntryKind::Symlink => {
            ("a symbolic link, which is never followed", "Commit the file itself in its place.")
        }
        EntryKind::Submodule => (
            "a Git submodule, whose files are not part of this repository",
            "Move the migrations into this repository, or configure the set in the other one.",
        ),
        EntryKind::LfsPointer => (
            "a Git LFS pointer without its content",
            "Keep migrations out of LFS: remove the pattern from .gitattributes and add it again.",
        ),
        EntryKind::TooLarge => (
            "larger than 16 MiB, more than is read of one file",
            "Load bulk data in another way, and keep the migration to schema changes.",
        ),
        EntryKind::UnreadableName => {
            ("a file whose name is not UTF-8", "Rename the file; plain ASCII serves every tool.")
        }
        EntryKind::Device => (
            "a pipe, a socket or a device, which is never opened",
            "Put a regular file in its place.",
        ),
    };
    let message = format!("`{relative}` is {what}");
    let problem = invalid(Location::file(file.path.clone()), message, help);
    reading.problems.push(problem.clone());
    // What is no file, or has no name, is no part of the sequence.
    let named = !matches!(entry.kind, EntryKind::Submodule | EntryKind::UnreadableName);
    named.then_some(File { bytes: &[], refused: Some(problem), ..file })
}

/// A problem with what a file holds.
pub(super) fn invalid(location: Location, message: String, help: &str) -> Problem {
    Problem { kind: ProblemKind::Invalid, location, message, help: help.to_owned() }
}

/// The first place of some words, for a problem; not looked for in a text that is so large that
/// many such looks would take long.
pub(super) fn place_of(text: &str, words: &str) -> Option<Span> {
    const LARGEST: usize = 1 << 20;
    if text.len() > LARGEST || words.is_empty() {
        return None;
    }
    let at = text.find(words)?;
    Some(Span::new(at, at + words.len()))
}

/// A file that no migration claims, with what its layout expects.
pub(super) fn unclaimed(file: &File<'_>, expected: &str) -> Problem {
    let name = file.name();
    let hint = if name.to_ascii_lowercase().ends_with(".sql") && !name.ends_with(".sql") {
        "Write the extension in lower case. "
    } else if name.contains(char::is_whitespace) {
        "Take the white space out of the name. "
    } else if name.ends_with('~') || name.ends_with(".bak") || name.ends_with(".orig") {
        "It looks like an editor's backup. "
    } else if expected.contains("`<version>_<") && no_version(name) {
        "A version may be missing at its start. "
    } else {
        ""
    };
    Problem {
        kind: ProblemKind::Unclaimed,
        location: Location::file(file.path.clone()),
        message: format!("no migration claims `{}`", file.relative),
        help: format!("{hint}{expected}"),
    }
}

fn no_version(name: &str) -> bool {
    name.ends_with(".sql") && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// A file in a folder that the tool does not look into.
pub(super) fn nested(file: &File<'_>, tool: &str) -> Problem {
    Problem {
        kind: ProblemKind::Unclaimed,
        location: Location::file(file.path.clone()),
        message: format!("no migration claims `{}`", file.relative),
        help: format!("{tool} does not look into subfolders: move the file up, or out of the set."),
    }
}

/// Splits `123_name` into its digits and the rest after the underscore.
pub(super) fn numbered(stem: &str) -> Option<(&str, &str)> {
    let (digits, rest) = stem.split_once('_')?;
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then_some((digits, rest))
}

/// The version of those digits, or `None` and a problem where the tool cannot hold it.
pub(super) fn integer(
    digits: &str,
    largest: u64,
    file: &File<'_>,
    tool: &str,
    reading: &mut Reading,
) -> Option<Version> {
    let version = Version::integer(digits)
        .filter(|version| version.number().is_some_and(|number| number <= largest.into()));
    if version.is_none() {
        let location = Location::file(file.path.clone());
        let message = format!("the version of `{}` is larger than {tool} can hold", file.relative);
        let help = "Use a sequence number or a time such as 20260131120000.";
        reading.problems.push(invalid(location, message, help));
    }
    version
}

/// The name of a file that is one direction of a migration.
pub(super) struct Name<'n> {
    pub(super) digits: &'n str,
    /// The stem without direction.
    pub(super) stem: &'n str,
    pub(super) down: bool,
}

/// How a tool names and runs files that lie side by side, one for each direction.
pub(super) struct Flat {
    pub(super) tool: &'static str,
    /// What the tool expects, for a file it does not know.
    pub(super) expected: &'static str,
    /// The largest version it can hold.
    pub(super) largest: u64,
    pub(super) name: fn(&str) -> Option<Name<'_>>,
    /// How it runs a script of that text.
    pub(super) mode: fn(&str) -> TransactionMode,
}

impl Flat {
    /// Reads the migrations.
    pub(super) fn read(&self, tree: &Tree) -> Reading {
        let mut reading = Reading::default();
        let (mut ups, mut downs) = (Vec::new(), Vec::new());
        for file in sift(tree, &mut reading) {
            if file.folder().is_some() {
                reading.problems.push(nested(&file, self.tool));
                continue;
            }
            let Some(name) = (self.name)(file.name()) else {
                reading.problems.push(unclaimed(&file, self.expected));
                continue;
            };
            let Some(version) = integer(name.digits, self.largest, &file, self.tool, &mut reading)
            else {
                continue;
            };
            let half = Half::new(version, name.stem, file.step(&mut reading, self.mode));
            if name.down { downs.push(half) } else { ups.push(half) }
        }
        pair(ups, downs, &mut reading);
        finish(reading)
    }
}

/// Whichever of two project files stands nearer to the set: `Some(true)` for the first.
pub(super) fn nearer(tree: &Tree, first: &str, second: &str) -> Option<bool> {
    let nearest = tree.neighbours().iter().find(|name| *name == first || *name == second)?;
    Some(nearest == first)
}
