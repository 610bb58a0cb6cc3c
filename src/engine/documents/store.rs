//! The files of a sandbox: written together or not at all.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use crate::engine::EngineError;
use crate::host;
use crate::model::{RepoPath, printable};

/// The texts of files by path.
pub(super) type Texts = BTreeMap<RepoPath, Arc<str>>;

/// A temporary folder of files, gone when it is dropped.
pub(super) struct Store {
    folder: TempDir,
    paths: Vec<RepoPath>,
}

impl Store {
    pub(super) fn new(texts: &Texts) -> Result<Self, EngineError> {
        let folder = host::temp_folder()
            .map_err(|error| EngineError::Broken(format!("no temporary folder: {error}")))?;
        let store = Self { folder, paths: texts.keys().cloned().collect() };
        for (path, text) in texts {
            let file = store.file(path);
            let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
            folder.and_then(|()| std::fs::write(&file, text.as_bytes())).map_err(broken(path))?;
        }
        Ok(store)
    }

    pub(super) fn read(&self, path: &RepoPath) -> Result<Arc<str>, EngineError> {
        let text = std::fs::read_to_string(self.file(path)).map_err(broken(path))?;
        Ok(text.into())
    }

    pub(super) fn read_all(&self) -> Result<Texts, EngineError> {
        self.paths.iter().map(|path| Ok((path.clone(), self.read(path)?))).collect()
    }

    /// Writes all of these files, or leaves all as they are.
    pub(super) fn write(&self, texts: &Texts) -> Result<(), EngineError> {
        let mut staged = Vec::with_capacity(texts.len());
        for (path, text) in texts {
            // In the same file system, so that the file is there as a whole or not at all.
            let file = tempfile::NamedTempFile::new_in(self.folder.path()).map_err(broken(path))?;
            std::fs::write(file.path(), text.as_bytes()).map_err(broken(path))?;
            staged.push((path, self.read(path)?, file));
        }
        let mut done: Texts = BTreeMap::new();
        for (path, before, file) in staged {
            if let Err(error) = file.persist(self.file(path)) {
                for (path, before) in &done {
                    std::fs::write(self.file(path), before.as_bytes()).map_err(broken(path))?;
                }
                return Err(broken(path)(error.error));
            }
            done.insert(path.clone(), before);
        }
        Ok(())
    }

    /// Brings all files back to what they were, byte for byte.
    pub(super) fn restore(&self, texts: &Texts) -> Result<(), EngineError> {
        self.write(texts)?;
        match self.read_all()? == *texts {
            true => Ok(()),
            false => Err(EngineError::Broken("the sandbox did not get its files back".into())),
        }
    }

    fn file(&self, path: &RepoPath) -> PathBuf {
        self.folder.path().join("files").join(path.as_str())
    }
}

/// The machine's failure with a file, without the name of the folder.
fn broken(path: &RepoPath) -> impl Fn(std::io::Error) -> EngineError {
    move |error| {
        let path = printable(path.as_str());
        EngineError::Broken(format!("{path} in the sandbox of documents: {}", error.kind()))
    }
}
