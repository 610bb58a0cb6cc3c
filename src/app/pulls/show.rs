//! The list for people and for programs.

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use super::folder::Folder;
use super::{Pull, name};
use crate::model::printable;
use crate::publish::Repository;
use crate::render::escape::log_line;

#[derive(Serialize)]
struct Listed<'a> {
    repository: String,
    pulls: Vec<PullItem<'a>>,
    /// What cannot be told of the checkout.
    untold: &'a [String],
}

#[derive(Serialize)]
struct PullItem<'a> {
    number: u64,
    title: &'a str,
    author: Option<&'a str>,
    draft: bool,
    base: &'a str,
    head_sha: &'a str,
    /// What the gate said of the head; null where it has not spoken.
    gate: Option<&'a str>,
    sets: Vec<SetItem<'a>>,
    schemas: Vec<&'a str>,
    conflicts: Vec<ConflictItem<'a>>,
    /// What cannot be told of it.
    untold: &'a [String],
}

#[derive(Serialize)]
struct SetItem<'a> {
    name: &'a str,
    migrations: Vec<MigrationItem<'a>>,
}

#[derive(Serialize)]
struct MigrationItem<'a> {
    id: &'a str,
    change: &'static str,
}

#[derive(Serialize)]
struct ConflictItem<'a> {
    with: u64,
    kind: &'a str,
    message: &'a str,
}

pub(super) fn json(
    repository: &Repository,
    pulls: &[Pull],
    folders: &[Folder<'_>],
    untold: &[String],
) -> String {
    let pulls = pulls.iter().map(|pull| item(pull, folders)).collect();
    let listed = Listed { repository: repository.to_string(), pulls, untold };
    // Strings, numbers and booleans always serialise.
    serde_json::to_string_pretty(&listed).unwrap_or_default() + "\n"
}

fn item<'a>(pull: &'a Pull, folders: &'a [Folder<'_>]) -> PullItem<'a> {
    let sets = pull.touched.iter().map(|touched| {
        let migrations = touched.migrations.iter();
        SetItem {
            name: name(folders, touched.set),
            migrations: migrations.map(|(id, change)| MigrationItem { id, change }).collect(),
        }
    });
    let conflicts = pull.conflicts.iter().map(|conflict| ConflictItem {
        with: conflict.with,
        kind: &conflict.kind,
        message: &conflict.message,
    });
    let request = &pull.request;
    PullItem {
        number: request.number,
        title: &request.title,
        author: request.user.as_ref().map(|user| user.login.as_str()),
        draft: request.draft,
        base: &request.base.name,
        head_sha: &request.head.sha,
        gate: pull.gate.as_deref(),
        sets: sets.collect(),
        schemas: pull.schemas.iter().map(crate::model::RepoPath::as_str).collect(),
        conflicts: conflicts.collect(),
        untold: &pull.untold,
    }
}

/// A table: number, the gate's word, author, what is touched; below each line what stands in its
/// way and what cannot be told.
pub(super) fn plain(pulls: &[Pull], folders: &[Folder<'_>], untold: &[String]) -> String {
    if pulls.is_empty() && untold.is_empty() {
        return "no open pull request touches migrations or config schemas\n".into();
    }
    let rows: Vec<[String; 4]> = pulls.iter().map(|pull| row(pull, folders)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2)];
    let mut lines = Vec::new();
    for (pull, [number, gate, author, what]) in pulls.iter().zip(&rows) {
        let cells = [number, gate, author].into_iter().zip(widths).map(|(cell, width)| {
            format!("{cell}{}", " ".repeat(width.saturating_sub(cell.width()) + 2))
        });
        lines.push(format!("{}{what}", cells.collect::<String>()).trim_end().to_owned());
        let conflicts = pull.conflicts.iter();
        lines.extend(conflicts.map(|one| {
            let message = printable(&one.message);
            format!("  #{} {}: {message}", one.with, one.kind)
        }));
        lines.extend(pull.untold.iter().map(|what| format!("  cannot tell: {}", printable(what))));
    }
    lines.extend(untold.iter().map(|what| format!("cannot tell: {}", printable(what))));
    // A branch may hold names that are commands to the CI runner that shows this.
    lines.iter().map(|line| format!("{}\n", log_line(line))).collect()
}

fn row(pull: &Pull, folders: &[Folder<'_>]) -> [String; 4] {
    let request = &pull.request;
    let author = request.user.as_ref().map_or("", |user| user.login.as_str());
    let mut what: Vec<String> = Vec::new();
    for touched in &pull.touched {
        let migrations: Vec<String> = touched
            .migrations
            .iter()
            .map(|(id, change)| match *change {
                "added" => printable(id).into_owned(),
                change => format!("{} ({change})", printable(id)),
            })
            .collect();
        let set = printable(name(folders, touched.set));
        what.push(format!("{set}: {}", migrations.join(", ")).trim_end_matches(": ").to_owned());
    }
    what.extend(pull.schemas.iter().map(|path| format!("schema {}", printable(path.as_str()))));
    let draft = if request.draft { " (draft)" } else { "" };
    let gate = pull.gate.as_deref().unwrap_or("not run");
    [
        format!("#{}{draft}", request.number),
        printable(gate).into_owned(),
        printable(author).into_owned(),
        what.join("; "),
    ]
}
