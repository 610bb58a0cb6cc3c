//! Documents as a target: files below a folder, and a history of what has run on them.

mod held;
mod history;
#[cfg(test)]
pub(super) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{self, Disk};
use super::files::{Change, Changes, Files};
use super::target::{Done, FileDone, Strategy, Target};
use super::tracking::{Tracked, TrackedState};
use super::{Fault, FaultKind};
use crate::catalog::Entry;
use crate::engine::documents::Documents;
use crate::host;
use crate::model::{Program, RepoPath, Snapshot, Step, printable, sha256};
use held::Held;
use history::{History, Line};

/// The places at which a test stops or kills the process, in their order, besides those of
/// [`super::files::STEPS`].
pub const STEPS: &[&str] = &["documents.replaced", "documents.recorded", "documents.put_back"];

/// What the history said of a migration before a checkpoint, in the checkpoint's folder; no such
/// file where it said nothing.
const BEFORE: &str = "history.before";

/// How many documents a message names.
const NAMED: usize = 5;

/// Documents on a disk.
pub struct DocumentsTarget<'a> {
    disk: &'a dyn Disk,
    root: PathBuf,
    state: PathBuf,
    held: Held,
    history: History<'a>,
    /// The digests of the set's migrations, by id.
    set: BTreeMap<String, String>,
    /// What was backed up last.
    work: Option<Work>,
}

/// A change that is backed up.
struct Work {
    migration: String,
    /// Whether it is the way back.
    back: bool,
    changes: Changes,
}

impl<'a> DocumentsTarget<'a> {
    /// Reads the documents and what has run on them. `documents` names the files, whose texts are
    /// read anew below `root`; `state` is the folder of the target's state.
    ///
    /// # Errors
    /// When a document is not there, is a link or no text, or the history cannot be read.
    pub fn open(
        disk: &'a dyn Disk,
        root: &Path,
        state: &Path,
        documents: Documents,
        entries: &[Entry],
    ) -> Result<Self, Fault> {
        let content = |entry: &Entry| (entry.migration.id.clone(), entry.declared.content.clone());
        Ok(Self {
            disk,
            root: root.to_owned(),
            state: state.to_owned(),
            held: Held::new(documents, &Files { disk, root, folder: state })?,
            history: History::open(disk, state)?,
            set: entries.iter().map(content).collect(),
            work: None,
        })
    }

    /// Computes a change, and keeps what brings back the state before it.
    fn stage(
        &mut self,
        entry: &Entry,
        program: &Program,
        back: bool,
        folder: &Path,
    ) -> Result<(), Fault> {
        self.work = None;
        self.refresh(&self.held.documents().meant(program)?)?;
        let changed = self.held.documents().change(program)?;
        let unfit: Vec<_> =
            changed.unfit.iter().map(|one| (&one.path, one.reason.as_str())).collect();
        refuse(
            FaultKind::Migration,
            &unfit,
            "mend it, or leave it out by the `targets` of the migration",
        )?;
        let change = |(path, after): (RepoPath, Arc<str>)| {
            let (before, _) = self.held.text(&path)?;
            let before = Arc::clone(before).into();
            Some((path, Change { before, after: after.into() }))
        };
        let changes: Changes = changed.texts.into_iter().filter_map(change).collect();
        self.note_history(&entry.migration.id, folder)?;
        self.files(folder).back_up(&changes)?;
        self.work = Some(Work { migration: entry.migration.id.clone(), back, changes });
        Ok(())
    }

    /// Writes into the checkpoint what the history says of a migration.
    fn note_history(&self, migration: &str, folder: &Path) -> Result<(), Fault> {
        let Some(line) = self.history.line(migration) else { return Ok(()) };
        let file = folder.join(BEFORE);
        self.disk
            .make_folder(folder)
            .and_then(|()| disk::replace(self.disk, &file, line.written().as_bytes()))
            .map_err(|error| Fault::file(&file, &error))
    }

    /// Brings the history of a migration to what the checkpoint says.
    fn restore_history(&mut self, migration: &str, folder: &Path) -> Result<(), Fault> {
        let file = folder.join(BEFORE);
        let at = |error: std::io::Error| Fault::file(&file, &error);
        if self.disk.kind(&file).map_err(at)?.is_none() {
            return self.history.remove(migration);
        }
        let bytes = self.disk.read(&file).map_err(at)?;
        match Line::read(bytes.trim_ascii_end()) {
            Ok(line) if line.migration == migration => self.history.add(line),
            _ => Err(Fault::new(
                FaultKind::PartialFailure,
                format!("{} is not what was written there", printable(&file.display().to_string())),
                "the documents are as they were; say with `migration-gate resolve` whether the \
                 migration has run",
            )),
        }
    }

    /// Refuses where a migration has run and its checkpoint is gone.
    fn expect_folder(&self, migration: &str, folder: &Path) -> Result<(), Fault> {
        let found = self.disk.kind(folder).map_err(|error| Fault::file(folder, &error))?;
        if found.is_some() || self.history.line(migration).is_none() {
            return Ok(());
        }
        Err(Fault::new(
            FaultKind::PartialFailure,
            format!(
                "the checkpoint {} of {} is gone",
                printable(&folder.display().to_string()),
                printable(migration)
            ),
            "bring the folder back from a backup; or take the migration back by hand, and say so \
             with `migration-gate resolve`",
        ))
    }

    /// Makes the change that was staged.
    fn replace(&mut self, entry: &Entry, back: bool, folder: &Path) -> Result<Done, Fault> {
        let work = self.work.as_ref();
        let Some(work) = work.filter(|work| work.is_of(entry) && work.back == back) else {
            return Err(Fault::new(
                FaultKind::PartialFailure,
                format!("nothing was backed up for {}", printable(&entry.migration.id)),
                "apply again from the start",
            ));
        };
        self.files(folder).replace(&work.changes)?;
        let mut done = Done::default();
        for (path, change) in &work.changes {
            let hash =
                |held: &Held| held.text(path).map(|(_, hash)| hash.to_owned()).unwrap_or_default();
            let before = hash(&self.held);
            // These bytes come from a text.
            self.held.set(path, &String::from_utf8_lossy(&change.after).into());
            let after = hash(&self.held);
            done.files.push(FileDone { path: path.as_str().to_owned(), before, after });
        }
        Ok(done)
    }

    /// Refuses where a document is not as the migration leaves it.
    fn expect_migrated(&mut self, program: &Program) -> Result<(), Fault> {
        self.refresh(&self.held.documents().meant(program)?)?;
        let misfits = self.held.documents().misfits(program)?;
        let misfits: Vec<_> = misfits.iter().map(|(path, why)| (path, why.as_str())).collect();
        refuse(FaultKind::Conflict, &misfits, "bring it to the version that the migration leads to")
    }

    fn refresh(&mut self, paths: &[RepoPath]) -> Result<(), Fault> {
        let files = Files { disk: self.disk, root: &self.root, folder: &self.state };
        paths.iter().try_for_each(|path| self.held.refresh(&files, path))
    }

    fn files<'b>(&'b self, folder: &'b Path) -> Files<'b> {
        Files { disk: self.disk, root: &self.root, folder }
    }
}

impl Work {
    fn is_of(&self, entry: &Entry) -> bool {
        self.migration == entry.migration.id
    }
}

/// The step of a migration, or with `down` the one that takes it back.
fn step(entry: &Entry, down: bool) -> Result<&Step, Fault> {
    if !down {
        return Ok(&entry.migration.up);
    }
    entry.migration.down.step().ok_or_else(|| Fault {
        location: Some(entry.migration.location()),
        ..Fault::new(
            FaultKind::Migration,
            format!("{} has no way back", printable(&entry.migration.id)),
            "restore its checkpoint, or write a [[down]]",
        )
    })
}

/// The operations of a step.
fn program(step: &Step) -> Result<&Program, Fault> {
    step.program().map(AsRef::as_ref).ok_or_else(|| Fault {
        location: Some(step.location()),
        ..Fault::new(
            FaultKind::Usage,
            format!("{} is no config migration", printable(step.path().as_str())),
            "name the set in migration-gate.toml with the engine of its database",
        )
    })
}

/// Refuses documents, the first of them by name.
fn refuse(kind: FaultKind, found: &[(&RepoPath, &str)], way_out: &str) -> Result<(), Fault> {
    if found.is_empty() {
        return Ok(());
    }
    let told = found.iter().take(NAMED);
    let mut lines: Vec<String> =
        told.map(|(path, why)| format!("{}: {why}", printable(path.as_str()))).collect();
    if let more @ 1.. = found.len().saturating_sub(NAMED) {
        lines.push(format!("and {more} more documents"));
    }
    Err(Fault::new(kind, lines.join("\n"), way_out))
}

impl Target for DocumentsTarget<'_> {
    fn place(&self) -> String {
        printable(&self.root.display().to_string()).into_owned()
    }

    fn history(&mut self) -> Result<Vec<Tracked>, Fault> {
        let tracked = |line: &Line| {
            let content = self.set.get(&line.migration);
            Tracked {
                id: content.map(|_| line.migration.clone()),
                name: line.migration.clone(),
                state: TrackedState::Applied,
                edited: content.is_some_and(|content| *content != line.content),
            }
        };
        Ok(self.history.lines().iter().map(tracked).collect())
    }

    fn prepare(&mut self) -> Result<(), Fault> {
        self.disk.make_folder(&self.state).map_err(|error| Fault::file(&self.state, &error))
    }

    fn snapshot(&mut self) -> Result<Snapshot, Fault> {
        self.held.snapshot(&self.files(&self.state))
    }

    fn row_counts(&mut self) -> Result<BTreeMap<String, u64>, Fault> {
        Ok(BTreeMap::new())
    }

    fn strategy(&self, _: &Entry, _: bool) -> Strategy {
        Strategy::Backup
    }

    /// The documents that it is for, as if it changed them all.
    fn checkpoint_size(&mut self, entry: &Entry) -> Result<u64, Fault> {
        let meant = self.held.documents().meant(program(&entry.migration.up)?)?;
        let texts = meant.iter().filter_map(|path| self.held.text(path));
        Ok(texts.map(|(text, _)| text.len() as u64).sum())
    }

    fn back_up(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<(), Fault> {
        self.stage(entry, program(step(entry, down)?)?, down, folder)
    }

    fn migrate(&mut self, entry: &Entry, down: bool, folder: &Path) -> Result<Done, Fault> {
        let done = self.replace(entry, down, folder)?;
        host::reached("documents.replaced");
        match down {
            true => self.history.remove(&entry.migration.id)?,
            false => {
                self.history.add(Line::now(&entry.migration.id, &entry.declared.content))?;
            }
        }
        host::reached("documents.recorded");
        Ok(done)
    }

    /// What a change made was held against the schema before it was written, so its bytes are
    /// enough.
    fn validate(&mut self, entry: &Entry) -> Result<(), Fault> {
        let id = &entry.migration.id;
        if self.history.line(id).is_none() {
            return Err(Fault::new(
                FaultKind::PartialFailure,
                format!("the history does not know {}", printable(id)),
                "say with `migration-gate resolve` whether it has run",
            ));
        }
        let work = self.work.as_ref().filter(|work| work.is_of(entry) && !work.back);
        let Some(work) = work else { return self.expect_migrated(program(&entry.migration.up)?) };
        let new: Vec<(RepoPath, String)> = work
            .changes
            .iter()
            .map(|(path, change)| (path.clone(), sha256(&change.after)))
            .collect();
        self.refresh(&new.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>())?;
        let is_other =
            |path: &RepoPath, hash: &str| self.held.text(path).is_none_or(|(_, now)| now != hash);
        let others = new.iter().filter(|(path, hash)| is_other(path, hash));
        let others: Vec<_> =
            others.map(|(path, _)| (path, "it does not hold what the migration made")).collect();
        refuse(FaultKind::Conflict, &others, "let nothing else write documents while they migrate")
    }

    /// What its files were is known file by file.
    fn left_nothing(&mut self, _: &Entry, _: bool) -> Result<bool, Fault> {
        Ok(false)
    }

    fn may_restore(&mut self, folder: &Path) -> Result<(), Fault> {
        self.files(folder).may_put_back()
    }

    fn scope(&self, folder: &Path) -> Result<Option<BTreeSet<String>>, Fault> {
        let paths = self.files(folder).paths()?;
        Ok(Some(paths.iter().map(|path| path.as_str().to_owned()).collect()))
    }

    fn keep_aside(&mut self, _: &Path) -> Result<(), Fault> {
        Ok(())
    }

    fn restore(&mut self, entry: &Entry, _: bool, folder: &Path) -> Result<(), Fault> {
        self.work = None;
        let put_back = self.files(folder).put_back()?;
        host::reached("documents.put_back");
        self.refresh(&put_back.restored)?;
        match put_back.was_begun {
            true => self.restore_history(&entry.migration.id, folder),
            // Then neither documents nor history were touched.
            false => self.expect_folder(&entry.migration.id, folder),
        }
    }

    fn mark(&mut self, entry: &Entry, applied: bool) -> Result<(), Fault> {
        self.prepare()?;
        if !applied {
            return self.history.remove(&entry.migration.id);
        }
        self.expect_migrated(program(&entry.migration.up)?)?;
        self.history.add(Line::now(&entry.migration.id, &entry.declared.content))
    }

    fn restores_everything(&self) -> bool {
        false
    }
}
