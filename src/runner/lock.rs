//! One runner at a time on a target.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::disk::{Disk as _, Kind, RealDisk};
use super::{Fault, FaultKind};
use crate::host;
use crate::model::clipped;

/// The name of the file in the folder of a target's state.
const FILE_NAME: &str = "lock";

/// The right to work on a target, held until this is dropped.
///
/// It is the kernel's lock on an open file (`flock`), so it is gone with the process, however that
/// ended; the file stays, and its being there says nothing.
#[derive(Debug)]
pub struct Lock {
    // Closing it frees the lock.
    _file: File,
}

impl Lock {
    /// Takes the lock of the target whose state is in this folder, which is made where it is not
    /// there. Does not wait.
    ///
    /// # Errors
    /// [`FaultKind::Locked`] when another process (or this one) holds it; it says who and since
    /// when. When the file is a link, or cannot be opened, locked or written.
    pub fn take(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(FILE_NAME);
        let at = |error: io::Error| Fault::file(&path, &error);
        RealDisk.make_folder(folder).map_err(|error| Fault::file(folder, &error))?;
        let mut file = open(&path).map_err(at)?;
        for last in [false, false, true] {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if last => return Err(locked(&mut file)),
                // Who only looks holds it for an instant.
                Err(TryLockError::WouldBlock) => host::pause(Duration::from_millis(10)),
                Err(TryLockError::Error(error)) => return Err(at(error)),
            }
        }
        let holder = format!("process {} since {}", std::process::id(), host::wall_clock());
        file.set_len(0).and_then(|()| file.write_all(holder.as_bytes())).map_err(at)?;
        Ok(Self { _file: file })
    }

    /// Who holds the lock of that folder, as the fault that [`Lock::take`] would give; nothing where
    /// nobody does. Makes and writes nothing, and does not wait.
    ///
    /// # Errors
    /// When the file is a link, or cannot be opened or locked.
    pub fn held(folder: &Path) -> Result<Option<Fault>, Fault> {
        let path = folder.join(FILE_NAME);
        let look = || {
            if !is_there(&path)? {
                return Ok(None);
            }
            let mut file = File::open(&path)?;
            match file.try_lock_shared() {
                Ok(()) => Ok(None),
                Err(TryLockError::WouldBlock) => Ok(Some(locked(&mut file))),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        look().map_err(|error| Fault::file(&path, &error))
    }
}

/// Whether the file is there; a link would make us write into a file of somebody's choice.
fn is_there(path: &Path) -> io::Result<bool> {
    match RealDisk.kind(path)? {
        None => Ok(false),
        Some(Kind::File) => Ok(true),
        Some(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file with one name",
        )),
    }
}

fn open(path: &Path) -> io::Result<File> {
    is_there(path)?;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn locked(file: &mut File) -> Fault {
    let mut holder = String::new();
    // Who holds it is a courtesy; that it is held is known.
    let read = file.rewind().and_then(|()| file.take(200).read_to_string(&mut holder));
    let holder = match read {
        Ok(1..) => clipped(&holder, 100),
        _ => "a process that has not said which".to_owned(),
    };
    Fault::new(
        FaultKind::Locked,
        format!("another runner is at work on this target: {holder}"),
        "let it come to its end, or stop it, then run again; the lock goes with its process, \
         nothing has to be removed",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_second_runner_is_told_who_is_at_work_and_comes_in_after() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state/target");
        let lock = Lock::take(&state).unwrap();
        let mode = std::fs::metadata(state.join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let fault = Lock::take(&state).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Locked);
        assert!(fault.what.contains(&format!("process {} since 2", std::process::id())), "{fault}");
        drop(lock);
        Lock::take(&state).unwrap();
        // What an earlier holder wrote, however long, does not stay behind.
        std::fs::write(state.join(FILE_NAME), "x".repeat(1000)).unwrap();
        let _lock = Lock::take(&state).unwrap();
        assert!(!Lock::take(&state).unwrap_err().what.contains("xx"));
    }

    #[test]
    fn a_look_says_who_is_at_work_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Lock::held(folder.path()).unwrap(), None);
        assert!(!folder.path().join(FILE_NAME).exists());
        let lock = Lock::take(folder.path()).unwrap();
        let held = Lock::held(folder.path()).unwrap().unwrap();
        assert_eq!(held, Lock::take(folder.path()).unwrap_err());
        drop(lock);
        assert_eq!(Lock::held(folder.path()).unwrap(), None);
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_lock_is_gone_with_its_process() {
        let folder = tempfile::tempdir().unwrap();
        drop(Lock::take(folder.path()).unwrap());
        let path = folder.path().join(FILE_NAME);
        let mut command = host::command("flock");
        let mut child = command.arg("--no-fork").arg(&path).args(["sleep", "600"]).spawn().unwrap();
        let deadline = host::now() + Duration::from_secs(30);
        while Lock::take(folder.path()).is_ok() {
            assert!(host::now() < deadline, "the other process never took the lock");
            host::pause(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        Lock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_link_in_its_place_is_refused_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        symlink(&elsewhere, folder.path().join(FILE_NAME)).unwrap();
        let fault = Lock::take(folder.path()).unwrap_err();
        assert_eq!(fault.kind, FaultKind::Environment);
        assert!(!elsewhere.exists());
    }
}
