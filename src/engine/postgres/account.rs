//! Who runs the server, and where its folder may stand.
//!
//! postgres refuses to run as root, so root hands it to an unprivileged user; every other user
//! runs it as himself.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, lchown};
use std::path::{Path, PathBuf};

use crate::host;

/// An unprivileged user that root hands the server to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// `nobody` on systems whose user list does not name it.
const NOBODY: Account = Account { uid: 65534, gid: 65534 };

/// The user to hand the server to; `None` where the current user can run it himself.
pub(super) fn unprivileged(own_uid: u32) -> Option<Account> {
    if own_uid != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    Some(
        ["postgres", "_postgres", "nobody"]
            .iter()
            .find_map(|name| named(&users, name))
            .unwrap_or(NOBODY),
    )
}

fn named(users: &str, name: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2);
    let account = Account { uid: ids.next()?.parse().ok()?, gid: ids.next()?.parse().ok()? };
    (account.uid != 0).then_some(account)
}

/// The longest path a Unix socket may have, and what PostgreSQL adds to its folder.
const SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
const SOCKET_NAME: usize = "/.s.PGSQL.5432".len();
/// `/mg-` and six letters.
const FOLDER_NAME: usize = 10;
/// What must be free in memory before it is used for a data folder.
const ROOM_KIB: u64 = 256 * 1024;

/// Makes the private folder of one run, owned by whoever will run the server.
pub(super) fn run_folder() -> io::Result<(PathBuf, Option<Account>)> {
    let mut last = io::Error::other("no temporary folder is open to the server's user");
    for base in bases() {
        match run_folder_in(&base) {
            Ok(made) => return Ok(made),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bases() -> Vec<PathBuf> {
    let memory = Path::new("/dev/shm");
    let mut bases = Vec::new();
    if free_kib(memory).is_some_and(|kib| kib >= ROOM_KIB) {
        bases.push(memory.to_owned());
    }
    bases.extend([host::temp_dir(), "/tmp".into(), "/var/tmp".into()]);
    bases.retain(|base| base.as_os_str().len() + FOLDER_NAME + SOCKET_NAME <= SOCKET_PATH);
    bases
}

/// How much room there is for those who are not root; a machine that does not say just does not
/// get the fast folder.
pub(super) fn free_kib(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize) / 1024)
}

/// Whether what is written there takes memory.
#[cfg(target_os = "linux")]
pub(super) fn is_in_memory(folder: &Path) -> bool {
    /// `TMPFS_MAGIC` of linux/magic.h.
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(folder).is_ok_and(|disk| u64::try_from(disk.f_type) == Ok(TMPFS))
}

/// Whether what is written there takes memory.
#[cfg(not(target_os = "linux"))]
pub(super) fn is_in_memory(_: &Path) -> bool {
    false
}

fn run_folder_in(base: &Path) -> io::Result<(PathBuf, Option<Account>)> {
    let folder = tempfile::Builder::new()
        .prefix("mg-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(base)?;
    let account = unprivileged(fs::metadata(folder.path())?.uid());
    if let Some(account) = account {
        // The other user must be able to reach the folder and, in the end, to remove it.
        let mode = fs::metadata(base)?.mode();
        let reachable = base.ancestors().all(|part| {
            part.as_os_str().is_empty() || fs::metadata(part).is_ok_and(|m| m.mode() & 0o001 != 0)
        });
        if mode & 0o002 == 0 || !reachable {
            return Err(io::Error::other("the temporary folder is closed to the server's user"));
        }
        chown(folder.path(), Some(account.uid), Some(account.gid))?;
    }
    Ok((folder.keep(), account))
}

/// Copies a data folder, owned by whoever will run the server on it.
pub(super) fn copy_folder(from: &Path, to: &Path, owner: Option<Account>) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    let give = |path: &Path| match owner {
        Some(owner) => lchown(path, Some(owner.uid), Some(owner.gid)),
        None => Ok(()),
    };
    give(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, name) = (entry.path(), entry.file_name());
        let copy = to.join(&name);
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&source, &copy, owner)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &copy)?;
            give(&copy)?;
        } else if kind.is_file() && name != "postmaster.pid" {
            fs::copy(&source, &copy)?;
            give(&copy)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_hands_the_server_to_an_unprivileged_user() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        assert_eq!(named(users, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(named(users, "root"), None);
        assert_eq!(named(users, "nobody"), None);
        assert_eq!(unprivileged(1000), None);
        assert!(unprivileged(0).is_some_and(|account| account.uid != 0));
    }
}
