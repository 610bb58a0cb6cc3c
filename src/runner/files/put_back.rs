//! The way back, after a crash or on demand.

use super::find::{Found, conflict};
use super::intent::{Entry, Intent};
use super::{COMMIT, Fault, Files, INTENT, PutBack, WITHDRAWN, host, staged};
use crate::model::{RepoPath, sha256};
use crate::runner::disk::Kind;

/// Files that go back with their old bytes, and the ones that need not.
type Sorted<'i> = (Vec<(&'i Entry, Vec<u8>)>, Vec<&'i Entry>);

impl Files<'_> {
    /// Brings every file back to its old bytes, from the backups, whether the change was committed
    /// or not, and removes what was staged. The backups that are needed are held against their
    /// hashes first. May be called again after a crash; the folder keeps its records.
    ///
    /// # Errors
    /// When a file has neither its old nor its new bytes, or a backup is not what it was: nothing
    /// is touched then. When a step fails; then it may be called again.
    pub fn put_back(&self) -> Result<PutBack, Fault> {
        let Some(intent) = self.intent()? else { return Ok(PutBack::default()) };
        let was_committed = self.was_committed(&intent)?;
        let (back, stay) = self.sort(&intent)?;
        if was_committed {
            self.withdraw(&intent)?;
        }
        for entry in &stay {
            self.remove_staged(entry)?;
        }
        for (entry, old) in &back {
            let file = self.file(&entry.path);
            self.write_anew(&staged(&file), old, Some(&file))?;
        }
        host::reached("files.put_back.staging");
        for (entry, _) in &back {
            let file = self.file(&entry.path);
            self.do_to(&file, |disk, file| disk.rename(&staged(file), file))?;
            host::reached("files.put_back.rename");
        }
        // Also those of files that had their old bytes: a call that was killed may have been what
        // gave them back, and not have come to this.
        self.sync_folders(intent.files.iter().map(|entry| &entry.path))?;
        Ok(PutBack {
            was_begun: true,
            restored: back.into_iter().map(|(entry, _)| entry.path.clone()).collect(),
            untouched: stay.into_iter().map(|entry| entry.path.clone()).collect(),
            was_committed,
        })
    }

    /// Whether [`Files::put_back`] would begin as things stand.
    ///
    /// # Errors
    /// Why it would not.
    pub fn may_put_back(&self) -> Result<(), Fault> {
        let Some(intent) = self.intent()? else { return Ok(()) };
        self.sort(&intent).map(|_| ())
    }

    /// The files that the change is about; none before its intent was written.
    ///
    /// # Errors
    /// When the intent cannot be trusted.
    pub fn paths(&self) -> Result<Vec<RepoPath>, Fault> {
        let intent = self.intent()?;
        let entries = intent.into_iter().flat_map(|intent| intent.files);
        Ok(entries.map(|entry| entry.path).collect())
    }

    /// Looks at every file and at the backups that are needed; touches nothing.
    fn sort<'i>(&self, intent: &'i Intent) -> Result<Sorted<'i>, Fault> {
        let (mut back, mut stay, mut problems) = (Vec::new(), Vec::new(), Vec::new());
        for entry in &intent.files {
            match self.find(&entry.path)? {
                Found::Other(why) => problems.push((&entry.path, why)),
                Found::File(bytes) => match sha256(&bytes) {
                    hash if hash == entry.before => stay.push(entry),
                    hash if hash == entry.after => back.push(entry),
                    _ => problems.push((&entry.path, "holds neither its old nor its new bytes")),
                },
            }
        }
        if !problems.is_empty() {
            let folder = super::shown(self.folder);
            return Err(conflict(
                &problems,
                &format!(
                    "nothing was touched: make each of them what it was (backups are in {folder}, \
                     {INTENT} there tells which is whose) or what it was to become, then run \
                     again; or mend them by hand and say so with `migration-gate resolve`"
                ),
            ));
        }
        let back = back.into_iter().map(|entry| Ok((entry, self.backup(entry)?)));
        Ok((back.collect::<Result<_, Fault>>()?, stay))
    }

    /// The old bytes of a file.
    fn backup(&self, entry: &Entry) -> Result<Vec<u8>, Fault> {
        let path = self.folder.join(&entry.backup);
        if self.do_to(&path, |disk, path| disk.kind(path))? != Some(Kind::File) {
            return Err(self.distrust(&entry.backup, "it is not there as a regular file"));
        }
        let bytes = self.do_to(&path, |disk, path| disk.read(path))?;
        if sha256(&bytes) != entry.before {
            return Err(self.distrust(&entry.backup, "it is not what was backed up"));
        }
        Ok(bytes)
    }

    /// Takes the commit's name from it, durably.
    fn withdraw(&self, intent: &Intent) -> Result<(), Fault> {
        if self.has(COMMIT, intent)? {
            let withdrawn = self.folder.join(WITHDRAWN);
            self.do_to(&self.folder.join(COMMIT), |disk, path| disk.rename(path, &withdrawn))?;
        }
        // Also where that was done: a call that was killed may not have come to this.
        self.do_to(self.folder, |disk, folder| disk.sync_folder(folder))
    }

    /// Removes new bytes that were staged and not renamed.
    fn remove_staged(&self, entry: &Entry) -> Result<(), Fault> {
        let path = staged(&self.file(&entry.path));
        match self.do_to(&path, |disk, path| disk.kind(path))? {
            Some(Kind::File) => self.do_to(&path, |disk, path| disk.remove(path)),
            // What is no regular file is not ours.
            _ => Ok(()),
        }
    }
}
