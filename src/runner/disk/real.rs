//! The machine's own file system.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, fchown};
use std::path::{Path, PathBuf};

use super::{Disk, Kind};

/// The machine's own file system. Access lists and extended attributes are not kept.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Some(kind_of(&found))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn create(&self, path: &Path, bytes: &[u8], like: Option<&Path>) -> io::Result<()> {
        let like = like.map(fs::symlink_metadata).transpose()?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        let written = like
            .map_or(Ok(()), |like| take_after(&file, &like))
            .and_then(|()| file.write_all(bytes));
        if written.is_err() {
            // The first error is the one to tell.
            let _ = fs::remove_file(path);
        }
        written
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // A repository may hold a link in the place of our file.
        if self.kind(path)?.is_some_and(|kind| kind != Kind::File) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file with one name",
            ));
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.write_all(bytes)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let Some(parent) = path.parent() else { return Ok(()) };
        // The parent of a single relative name.
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.make_folder(parent)?;
                return self.make_folder(path);
            }
            // Links to folders are fine here: an operator may keep the state elsewhere.
            Err(_) if path.is_dir() => {}
            made => made?,
        }
        // Also where it was there: a run that was killed may not have come to this.
        self.sync_folder(parent)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut names = entries
            .map(|entry| Ok(PathBuf::from(entry?.file_name())))
            .collect::<io::Result<Vec<_>>>()?;
        names.sort();
        Ok(names)
    }
}

fn kind_of(found: &Metadata) -> Kind {
    let kind = found.file_type();
    if kind.is_symlink() {
        Kind::Symlink
    } else if kind.is_dir() {
        Kind::Folder
    } else if !kind.is_file() {
        Kind::Special
    } else if found.nlink() > 1 {
        Kind::Linked
    } else {
        Kind::File
    }
}

/// Gives a file the owner and the mode of another.
fn take_after(file: &File, like: &Metadata) -> io::Result<()> {
    if !like.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "its model is not a regular file"));
    }
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (like.uid(), like.gid()) {
        fchown(file, Some(like.uid()), Some(like.gid()))?;
    }
    // After the owner: a change of owner takes bits away.
    file.set_permissions(like.permissions())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn every_kind_is_told_without_following_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "").unwrap();
        fs::write(at("linked"), "").unwrap();
        fs::hard_link(at("linked"), at("again")).unwrap();
        symlink(at("file"), at("link")).unwrap();
        symlink(at("nowhere"), at("dangling")).unwrap();
        fs::create_dir(at("folder")).unwrap();
        let _socket = UnixListener::bind(at("socket")).unwrap();
        for (name, kind) in [
            ("file", Some(Kind::File)),
            ("linked", Some(Kind::Linked)),
            ("again", Some(Kind::Linked)),
            ("link", Some(Kind::Symlink)),
            ("dangling", Some(Kind::Symlink)),
            ("folder", Some(Kind::Folder)),
            ("socket", Some(Kind::Special)),
            ("nothing", None),
        ] {
            assert_eq!(RealDisk.kind(&at(name)).unwrap(), kind, "{name}");
        }
        assert_eq!(RealDisk.names(&at("folder")).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(RealDisk.names(&at("nothing")).unwrap(), Vec::<PathBuf>::new());
        assert!(RealDisk.names(folder.path()).unwrap().is_sorted());
    }

    #[test]
    fn new_files_are_private_or_like_another_and_never_replace_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        RealDisk.create(&at("own"), b"x", None).unwrap();
        assert_eq!(mode(&at("own")), 0o600);
        for wanted in [0o640, 0o600, 0o664, 0o755] {
            fs::set_permissions(at("own"), fs::Permissions::from_mode(wanted)).unwrap();
            RealDisk.create(&at("like"), b"y", Some(&at("own"))).unwrap();
            assert_eq!(mode(&at("like")), wanted);
            fs::remove_file(at("like")).unwrap();
        }
        let error = RealDisk.create(&at("own"), b"z", None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        symlink(at("elsewhere"), at("link")).unwrap();
        assert!(RealDisk.create(&at("link"), b"z", None).is_err());
        assert!(RealDisk.append(&at("link"), b"z").is_err());
        assert!(RealDisk.create(&at("open to all"), b"z", Some(&at("link"))).is_err());
        assert!(!at("open to all").exists());
        assert!(!at("elsewhere").exists());
        assert_eq!(fs::read(at("own")).unwrap(), b"x");
        RealDisk.append(&at("log"), b"a").unwrap();
        RealDisk.append(&at("log"), b"b").unwrap();
        assert_eq!((mode(&at("log")), fs::read(at("log")).unwrap()), (0o600, b"ab".to_vec()));
    }

    /// Root gives the file of somebody else its owner back; for others the system refuses, and
    /// that is told.
    #[test]
    fn another_owner_is_kept_or_told() {
        let folder = tempfile::tempdir().unwrap();
        let (theirs, new) = (folder.path().join("theirs"), folder.path().join("new"));
        fs::write(&theirs, "").unwrap();
        let root = fs::metadata(&theirs).unwrap().uid() == 0;
        let like = if root {
            std::os::unix::fs::chown(&theirs, Some(4321), Some(4322)).unwrap();
            theirs.as_path()
        } else {
            Path::new("/etc/passwd")
        };
        let made = RealDisk.create(&new, b"x", Some(like));
        if root {
            made.unwrap();
            let found = fs::metadata(&new).unwrap();
            assert_eq!((found.uid(), found.gid()), (4321, 4322));
        } else {
            assert_eq!(made.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert!(!new.exists(), "a file of the wrong owner was left");
        }
    }

    #[test]
    fn folders_are_made_all_the_way_and_are_private() {
        let folder = tempfile::tempdir().unwrap();
        let deep = folder.path().join("a/b/c");
        RealDisk.make_folder(&deep).unwrap();
        RealDisk.make_folder(&deep).unwrap();
        assert_eq!([mode(&deep), mode(&folder.path().join("a"))], [0o700, 0o700]);
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(RealDisk.make_folder(&folder.path().join("file")).is_err());
        assert!(RealDisk.make_folder(&folder.path().join("file/below")).is_err());
        RealDisk.sync_folder(&deep).unwrap();
        RealDisk.remove_folder(&deep).unwrap();
        assert!(RealDisk.remove_folder(folder.path()).is_err(), "it is not empty");
    }
}
