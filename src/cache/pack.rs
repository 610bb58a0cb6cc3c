//! One file that holds many: an index, and every content once.
//!
//! ```text
//! migration-gate-pack 1 DIGEST LENGTH\n      the SHA-256 of the index and its length in bytes
//! {…}                                       the index, JSON: LENGTH bytes
//! …                                         the contents
//! ```
//!
//! A content that another pack holds need not be here: it is found there by its digest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::read_at;
use crate::model::{hex, sha256};

const MAGIC: &str = "migration-gate-pack 1 ";
/// The first line: the magic word, a digest, a length and the end of the line.
const FIRST_LINE: usize = MAGIC.len() + 64 + 1 + 12 + 1;
/// The most bytes in an index, files in a pack, and bytes in them all.
const MOST_INDEX: usize = 64 * 1024 * 1024;
const MOST_FILES: usize = 200_000;
const MOST_BYTES: u64 = 16 * 1024 * 1024 * 1024;
const BUFFER: usize = 128 * 1024;

/// What a pack says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The engine and its version, where one made it: `PostgreSQL 15.18`.
    pub engine: String,
    /// How many migrations made the state.
    pub migrations: usize,
    /// Whatever its maker has to know again.
    pub note: String,
    /// The key of the pack that holds the contents that are not here.
    pub beside: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    label: Label,
    /// Folders, each after the one it lies in.
    folders: Vec<String>,
    files: Vec<Packed>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Packed {
    path: String,
    size: u64,
    digest: String,
    /// Where its content begins, counted from the end of the index; `None` where it is not here.
    at: Option<u64>,
}

fn torn() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it is not what was kept")
}

/// A pack to be written.
pub struct Draft {
    index: Index,
    /// Where each content comes from, in the order of their places.
    contents: Vec<Content>,
    size: u64,
}

enum Content {
    File(PathBuf),
    Bytes(Vec<u8>),
}

impl Draft {
    /// A pack of one file.
    #[must_use]
    pub fn of_bytes(label: Label, name: &str, bytes: Vec<u8>) -> Self {
        let size = bytes.len() as u64;
        let digest = sha256(&bytes);
        let file = Packed { path: name.to_owned(), size, digest, at: Some(0) };
        let index = Index { label, folders: Vec::new(), files: vec![file] };
        Self { index, contents: vec![Content::Bytes(bytes)], size }
    }

    /// A pack of everything below a folder but the files named in `without`; what `beside` holds
    /// is left to it.
    ///
    /// # Errors
    /// When something there cannot be read, or is neither file nor folder.
    pub fn of_folder(
        label: Label,
        folder: &Path,
        without: &[&str],
        beside: Option<&Pack>,
    ) -> io::Result<Self> {
        let mut draft =
            Self { index: Index { label, ..Index::default() }, contents: Vec::new(), size: 0 };
        let known: BTreeSet<&str> = beside.iter().flat_map(|pack| pack.digests()).collect();
        let mut here = BTreeMap::new();
        let mut folders = vec![String::new()];
        while let Some(parent) = folders.pop() {
            let mut entries: Vec<_> =
                fs::read_dir(folder.join(&parent))?.collect::<Result<_, _>>()?;
            entries.sort_by_key(fs::DirEntry::file_name);
            for entry in entries {
                let name = entry.file_name();
                let name = name.to_str().ok_or_else(torn)?;
                let path =
                    if parent.is_empty() { name.to_owned() } else { format!("{parent}/{name}") };
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    draft.index.folders.push(path.clone());
                    folders.push(path);
                } else if !kind.is_file() {
                    return Err(io::Error::other("only files and folders are kept"));
                } else if !without.contains(&path.as_str()) {
                    draft.add(entry.path(), path, &known, &mut here)?;
                }
            }
        }
        Ok(draft)
    }

    fn add(
        &mut self,
        from: PathBuf,
        path: String,
        known: &BTreeSet<&str>,
        here: &mut BTreeMap<String, u64>,
    ) -> io::Result<()> {
        let mut hash = Sha256::new();
        let size = io::copy(&mut File::open(&from)?, &mut Hashing(&mut hash))?;
        let digest = hex(&hash.finalize());
        let at = if known.contains(digest.as_str()) {
            None
        } else if let Some(at) = here.get(&digest) {
            Some(*at)
        } else {
            let at = self.size;
            here.insert(digest.clone(), at);
            self.contents.push(Content::File(from));
            self.size += size;
            Some(at)
        };
        self.index.files.push(Packed { path, size, digest, at });
        Ok(())
    }

    /// What the contents take, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Writes the pack.
    pub(super) fn write(&self, to: &mut File) -> io::Result<()> {
        let index = serde_json::to_vec(&self.index)?;
        writeln!(to, "{MAGIC}{} {:012}", sha256(&index), index.len())?;
        to.write_all(&index)?;
        for content in &self.contents {
            match content {
                Content::File(path) => drop(io::copy(&mut File::open(path)?, to)?),
                Content::Bytes(bytes) => to.write_all(bytes)?,
            }
        }
        Ok(())
    }
}

/// A digest that takes what is written to it.
struct Hashing<'a>(&'a mut Sha256);

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pack that is there; it can be read as long as this lives, whoever removes it.
#[derive(Debug)]
pub struct Pack {
    file: File,
    path: PathBuf,
    index: Index,
    /// Where the contents begin.
    start: u64,
}

impl Pack {
    /// Reads the index, and holds it against its digest and what a pack may hold.
    pub(super) fn read(mut file: File, path: &Path) -> io::Result<Self> {
        let mut line = [0; FIRST_LINE];
        file.read_exact(&mut line).map_err(|_| torn())?;
        let line = std::str::from_utf8(&line).ok().and_then(|line| line.strip_prefix(MAGIC));
        let (digest, length) =
            line.and_then(|line| line.trim_end().split_once(' ')).ok_or_else(torn)?;
        let length: usize = length.parse().ok().filter(|it| *it <= MOST_INDEX).ok_or_else(torn)?;
        let mut text = vec![0; length];
        file.read_exact(&mut text).map_err(|_| torn())?;
        if sha256(&text) != digest {
            return Err(torn());
        }
        let index: Index = serde_json::from_slice(&text).map_err(|_| torn())?;
        let start = (FIRST_LINE + length) as u64;
        is_sound(&index, file.metadata()?.len().saturating_sub(start)).ok_or_else(torn)?;
        Ok(Self { file, path: path.to_owned(), index, start })
    }

    /// What it says about itself.
    #[must_use]
    pub fn label(&self) -> &Label {
        &self.index.label
    }

    /// The content of its only file, held against its digest.
    ///
    /// # Errors
    /// When it is not what was kept, or not one file.
    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        let [file] = self.index.files.as_slice() else { return Err(torn()) };
        let mut bytes = Vec::new();
        self.pour(file, &mut bytes)?;
        Ok(bytes)
    }

    /// Makes everything again in a folder that is not there yet, with contents from `beside` where
    /// they are not here; `give` is told every path that was made. All of it is held against its
    /// digests. After an error the folder is for the caller to remove.
    ///
    /// # Errors
    /// When it is not what was kept, or cannot be written.
    pub fn unpack(
        &self,
        to: &Path,
        beside: Option<&Self>,
        give: &dyn Fn(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let make = |folder: &Path| {
            DirBuilder::new().mode(0o700).create(folder)?;
            give(folder)
        };
        make(to)?;
        for folder in &self.index.folders {
            make(&to.join(folder))?;
        }
        let elsewhere: BTreeMap<&str, &Packed> = beside
            .iter()
            .flat_map(|pack| &pack.index.files)
            .map(|file| (file.digest.as_str(), file))
            .collect();
        let mut made: BTreeMap<&str, PathBuf> = BTreeMap::new();
        for file in &self.index.files {
            let target = to.join(&file.path);
            if let Some(same) = made.get(file.digest.as_str()) {
                fs::copy(same, &target)?;
            } else {
                let mut new =
                    OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target)?;
                match (file.at, beside, elsewhere.get(file.digest.as_str())) {
                    (Some(_), ..) => self.pour(file, &mut new)?,
                    (None, Some(pack), Some(other)) => pack.pour(other, &mut new)?,
                    (None, ..) => return Err(torn()),
                }
                made.insert(&file.digest, target.clone());
            }
            give(&target)?;
        }
        Ok(())
    }

    /// Takes the pack out of the cache.
    pub fn discard(&self) {
        let _ = fs::remove_file(&self.path);
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    fn digests(&self) -> impl Iterator<Item = &str> {
        let here = self.index.files.iter().filter(|file| file.at.is_some());
        here.map(|file| file.digest.as_str())
    }

    /// Copies a content and holds it against its digest.
    fn pour(&self, file: &Packed, to: &mut dyn Write) -> io::Result<()> {
        let mut at = self.start + file.at.ok_or_else(torn)?;
        let mut left = file.size;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; BUFFER.min(usize::try_from(left).unwrap_or(BUFFER).max(1))];
        while left > 0 {
            let want = usize::try_from(left).unwrap_or(BUFFER).min(buffer.len());
            let read = read_at(&self.file, &mut buffer[..want], at)?;
            if read == 0 {
                return Err(torn());
            }
            hash.update(&buffer[..read]);
            to.write_all(&buffer[..read])?;
            at += read as u64;
            left -= read as u64;
        }
        if hex(&hash.finalize()) == file.digest { Ok(()) } else { Err(torn()) }
    }
}

/// Whether an index names only what may be made below one folder, and contents that are there.
fn is_sound(index: &Index, room: u64) -> Option<()> {
    if index.files.len() + index.folders.len() > MOST_FILES {
        return None;
    }
    let mut folders = BTreeSet::from([Path::new("")]);
    for folder in &index.folders {
        let path = plain(folder)?;
        (folders.contains(path.parent()?) && folders.insert(path)).then_some(())?;
    }
    let mut seen = BTreeSet::new();
    let mut total: u64 = 0;
    for file in &index.files {
        let path = plain(&file.path)?;
        let is_new = !folders.contains(path) && seen.insert(path);
        (is_new && folders.contains(path.parent()?)).then_some(())?;
        total = total.checked_add(file.size).filter(|total| *total <= MOST_BYTES)?;
        if let Some(at) = file.at {
            at.checked_add(file.size).filter(|end| *end <= room)?;
        }
    }
    Some(())
}

/// A relative path that climbs nowhere, written in the one way there is.
fn plain(text: &str) -> Option<&Path> {
    let path = Path::new(text);
    let is_plain =
        !text.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    let again: PathBuf = path.components().collect();
    (is_plain && again.as_os_str() == text && !text.contains('\0')).then_some(path)
}
