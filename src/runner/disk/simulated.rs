//! A file system in memory that loses what was not synced.
//!
//! What a file holds is lost until [`Disk::sync`], and then a part of it may have been written all
//! the same: the old bytes, half of the new ones, or all of them. A change of names (a new file, a
//! rename, a removal) is lost until [`Disk::sync_folder`]; of those that wait, a crash keeps any
//! subset, also a later one without an earlier one. A rename is one such change: never is there
//! neither the old file nor the new one. Folders are durable, as [`Disk::make_folder`] says. A sync
//! that failed may be tried again.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::{Disk, Kind};

/// All subsets are tried up to this many outcomes of one crash, then this many of them, spread by
/// a fixed sequence; what is kept wholly and what is lost wholly are always among them.
const MOST_OUTCOMES: usize = 5_000;

/// What is to go wrong.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runner) struct Trouble {
    /// The process ends before this call.
    pub(in crate::runner) ends: Option<usize>,
    /// This call fails with this error of the system, and the process lives on. Of bytes that were
    /// to be written the first half is.
    pub(in crate::runner) fails: Option<(usize, i32)>,
    /// The sync of this number, of either kind, does nothing and says that all is well.
    pub(in crate::runner) unsynced: Option<usize>,
    /// Before this call somebody else writes [`THEIRS`] into the file of this path.
    pub(in crate::runner) meddles: Option<(usize, &'static str)>,
}

/// The bytes of somebody else.
pub(in crate::runner) const THEIRS: &[u8] = b"theirs";

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runner) enum Call {
    /// It looks.
    Look,
    /// It changes something.
    Change,
    /// It makes something durable.
    Sync,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Bytes {
    durable: Vec<u8>,
    now: Vec<u8>,
}

/// Names with what they stand for from now on; they become durable together.
type Names = Vec<(PathBuf, Option<usize>)>;

/// The state of a file system.
#[derive(Clone, Debug, Default)]
struct State {
    folders: BTreeSet<PathBuf>,
    durable: BTreeMap<PathBuf, usize>,
    now: BTreeMap<PathBuf, usize>,
    waiting: Vec<Names>,
    files: Vec<Bytes>,
    calls: Vec<Call>,
    /// What was synced, by its path.
    synced: Vec<PathBuf>,
    trouble: Trouble,
    /// The disk before each call that changed or synced, where somebody wants to know.
    moments: Option<Vec<Simulated>>,
}

/// A file system in memory.
#[derive(Clone, Debug, Default)]
pub(in crate::runner) struct Simulated(RefCell<State>);

/// What the files hold, by path.
pub(in crate::runner) type Contents = BTreeMap<PathBuf, Vec<u8>>;

impl Simulated {
    /// A disk with these files, durable.
    pub(in crate::runner) fn holding(contents: &Contents) -> Self {
        let disk = Self::default();
        let mut state = disk.0.borrow_mut();
        for (path, bytes) in contents {
            let above = path.ancestors().skip(1).map(Path::to_owned);
            state.folders.extend(above);
            let id = state.files.len();
            state.files.push(Bytes { durable: bytes.clone(), now: bytes.clone() });
            state.durable.insert(path.clone(), id);
        }
        state.now = state.durable.clone();
        drop(state);
        disk
    }

    /// The same disk in another process, with what it has to suffer; calls are counted anew.
    pub(in crate::runner) fn again(&self, trouble: Trouble) -> Self {
        let state = self.0.borrow();
        Self(RefCell::new(State {
            folders: state.folders.clone(),
            durable: state.durable.clone(),
            now: state.now.clone(),
            waiting: state.waiting.clone(),
            files: state.files.clone(),
            trouble,
            ..State::default()
        }))
    }

    /// Like [`Self::again`], and keeps every moment at which the process may be killed.
    pub(in crate::runner) fn watched(&self, trouble: Trouble) -> Self {
        let disk = self.again(trouble);
        disk.0.borrow_mut().moments = Some(Vec::new());
        disk
    }

    /// The disk as each call found it that changed or synced something, and as it is now.
    pub(in crate::runner) fn moments(&self) -> Vec<Self> {
        let kept = self.0.borrow().moments.clone().unwrap_or_default();
        kept.into_iter().chain([self.again(Trouble::default())]).collect()
    }

    /// The calls of this process, in their order.
    pub(in crate::runner) fn calls(&self) -> Vec<Call> {
        self.0.borrow().calls.clone()
    }

    /// What this process synced, in that order.
    pub(in crate::runner) fn synced(&self) -> Vec<PathBuf> {
        self.0.borrow().synced.clone()
    }

    /// What the files hold now, for a process.
    pub(in crate::runner) fn contents(&self) -> Contents {
        let state = self.0.borrow();
        state.now.iter().map(|(path, id)| (path.clone(), state.files[*id].now.clone())).collect()
    }

    /// Every disk that a power cut may leave.
    pub(in crate::runner) fn crashes(&self) -> Vec<Self> {
        let state = self.0.borrow();
        let unsynced: Vec<usize> = (0..state.files.len())
            .filter(|id| state.files[*id].durable != state.files[*id].now)
            .collect();
        assert!(state.waiting.len() <= 30 && unsynced.len() <= 20, "make the case smaller");
        let names = 1_usize << state.waiting.len();
        let all = names * 3_usize.pow(unsynced.len() as u32);
        let steps: Vec<usize> = if all <= MOST_OUTCOMES {
            (0..all).collect()
        } else {
            // Knuth's multiplier is odd, so it spreads; the ends are the two extremes.
            let spread = |n: usize| n.wrapping_mul(6_364_136_223_846_793_005) % all;
            (0..MOST_OUTCOMES).map(spread).chain([all - 1]).collect()
        };
        let mut seen = BTreeSet::new();
        let left =
            steps.into_iter().map(|step| state.outcome(step % names, step / names, &unsynced));
        let fresh = left.filter(|contents| seen.insert(contents.clone())).collect::<Vec<_>>();
        fresh.iter().map(|contents| Self::left(contents, &state.folders)).collect()
    }

    fn left(contents: &Contents, folders: &BTreeSet<PathBuf>) -> Self {
        let disk = Self::holding(contents);
        disk.0.borrow_mut().folders.extend(folders.iter().cloned());
        disk
    }

    /// Counts a call; an error where it does not happen.
    fn call(&self, call: Call) -> io::Result<()> {
        let is_watched = call != Call::Look && self.0.borrow().moments.is_some();
        let before = is_watched.then(|| self.again(Trouble::default()));
        let mut state = self.0.borrow_mut();
        state.moments.iter_mut().for_each(|moments| moments.extend(before.clone()));
        let number = state.calls.len();
        if state.trouble.ends.is_some_and(|at| number >= at) {
            return Err(io::Error::other("the process has ended"));
        }
        state.calls.push(call);
        if let Some((at, path)) = state.trouble.meddles
            && at == number
            && let Some(id) = state.now.get(Path::new(path)).copied()
        {
            state.files[id] = Bytes { durable: THEIRS.to_vec(), now: THEIRS.to_vec() };
        }
        match state.trouble.fails {
            Some((at, code)) if at == number => Err(io::Error::from_raw_os_error(code)),
            _ => Ok(()),
        }
    }

    /// Counts a sync; whether it does anything.
    fn syncs(&self, path: &Path) -> io::Result<bool> {
        self.call(Call::Sync)?;
        let mut state = self.0.borrow_mut();
        state.synced.push(path.to_owned());
        Ok(state.trouble.unsynced != Some(state.synced.len() - 1))
    }

    fn id(&self, path: &Path) -> io::Result<usize> {
        self.0.borrow().now.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let called = self.call(Call::Change);
        let mut state = self.0.borrow_mut();
        // A full or broken disk has taken a part of it; a process that has ended wrote nothing.
        let part = match (&called, state.trouble.fails) {
            (Ok(()), _) => bytes,
            (Err(_), Some(_)) => &bytes[..bytes.len() / 2],
            (Err(_), None) => return called,
        };
        let id = match state.now.get(path) {
            Some(id) => *id,
            None if !path.parent().is_some_and(|folder| state.folders.contains(folder)) => {
                return Err(io::ErrorKind::NotFound.into());
            }
            None => {
                let id = state.files.len();
                state.files.push(Bytes::default());
                state.name(vec![(path.to_owned(), Some(id))]);
                id
            }
        };
        state.files[id].now.extend_from_slice(part);
        called
    }
}

impl State {
    fn name(&mut self, names: Names) {
        apply(&mut self.now, &names);
        self.waiting.push(names);
    }

    /// What a crash leaves: of the waiting names those whose bit is set, and of the bytes not
    /// synced as many as the digit (to the base of 3) says.
    fn outcome(&self, kept: usize, mut written: usize, unsynced: &[usize]) -> Contents {
        let mut files: Vec<&[u8]> = self.files.iter().map(|file| file.durable.as_slice()).collect();
        for id in unsynced {
            let Bytes { durable, now } = &self.files[*id];
            let half = durable.len() + (now.len() - durable.len()) / 2;
            files[*id] = &now[..[durable.len(), half, now.len()][written % 3]];
            written /= 3;
        }
        let mut names = self.durable.clone();
        for (bit, waiting) in self.waiting.iter().enumerate() {
            if kept >> bit & 1 == 1 {
                apply(&mut names, waiting);
            }
        }
        names.into_iter().map(|(path, id)| (path, files[id].to_vec())).collect()
    }
}

fn apply(names: &mut BTreeMap<PathBuf, usize>, changes: &Names) {
    for (path, id) in changes {
        match id {
            Some(id) => names.insert(path.clone(), *id),
            None => names.remove(path),
        };
    }
}

impl Disk for Simulated {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        self.call(Call::Look)?;
        let state = self.0.borrow();
        let file = state.now.get(path).map(|_| Kind::File);
        Ok(file.or_else(|| state.folders.get(path).map(|_| Kind::Folder)))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.call(Call::Look)?;
        let id = self.id(path)?;
        Ok(self.0.borrow().files[id].now.clone())
    }

    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()> {
        like.map_or(Ok(0), |like| self.id(like))?;
        if self.id(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.write(path, bytes)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        if self.syncs(path)? {
            let id = self.id(path)?;
            let file = &mut self.0.borrow_mut().files[id];
            file.durable = file.now.clone();
        }
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.call(Call::Change)?;
        if from.parent() != to.parent() {
            return Err(io::ErrorKind::CrossesDevices.into());
        }
        let id = self.id(from)?;
        self.0.borrow_mut().name(vec![(from.to_owned(), None), (to.to_owned(), Some(id))]);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Change)?;
        self.id(path)?;
        self.0.borrow_mut().name(vec![(path.to_owned(), None)]);
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        if self.syncs(path)? {
            let mut state = self.0.borrow_mut();
            let of = |names: &Names| names.iter().any(|(name, _)| name.parent() == Some(path));
            let waiting = std::mem::take(&mut state.waiting);
            let (durable, waiting) = waiting.into_iter().partition(of);
            state.waiting = waiting;
            let durable: Vec<Names> = durable;
            for names in &durable {
                apply(&mut state.durable, names);
            }
        }
        Ok(())
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Change)?;
        self.0.borrow_mut().folders.extend(path.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.call(Call::Change)?;
        if !self.names(path)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        let mut state = self.0.borrow_mut();
        state.folders.remove(path);
        // What was in it goes with it, and does not wait.
        state.durable.retain(|name, _| !name.starts_with(path));
        state.waiting.retain(|names| !names.iter().any(|(name, _)| name.starts_with(path)));
        Ok(())
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        self.call(Call::Look)?;
        let state = self.0.borrow();
        let all = state.now.keys().chain(&state.folders);
        let below = all.filter(|path| path.parent() == Some(folder));
        let names = below.filter_map(|path| path.file_name().map(PathBuf::from));
        Ok(names.collect::<BTreeSet<_>>().into_iter().collect())
    }
}
