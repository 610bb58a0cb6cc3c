//! Finds the server's programs on this machine.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::engine::EngineError;
use crate::host;

/// Where a server build lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
}

/// Folders that hold one folder per installed version: Debian and PGDG's Debian packages, PGDG's
/// RPMs, Homebrew on both kinds of Mac, Postgres.app. The version's folder begins with the second
/// part and the programs are in its third.
const VERSIONED: [(&str, &str, &str); 5] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

impl Binaries {
    /// Finds a server: the folder asked for, or else one that is installed, of the major version
    /// wanted where there is one.
    pub(super) fn find(asked: Option<&Path>, wanted: Option<u32>) -> Result<Self, EngineError> {
        if let Some(folder) = asked {
            return Self::in_folder(folder).ok_or_else(|| EngineError::Unavailable {
                what: "the folder given as --postgres-bin does not hold initdb and postgres".into(),
                way_out: "name the folder with the server's programs, such as \
                          /usr/lib/postgresql/17/bin"
                    .into(),
            });
        }
        let mut found = installed();
        found.extend(on_path());
        let exact = found.iter().find(|(_, major)| wanted.is_some() && *major == wanted);
        // What stands first in PATH was chosen by a person, the newest installed by nobody.
        let chosen = exact.or_else(|| found.iter().find(|(_, major)| major.is_none()));
        chosen.or(found.first()).map(|(binaries, _)| binaries.clone()).ok_or_else(|| {
            EngineError::Unavailable {
                what: "no PostgreSQL server (initdb and postgres) is installed here".into(),
                way_out: "install one (Debian and Ubuntu: apt-get install postgresql; macOS: brew \
                          install postgresql@17), name its folder with --postgres-bin, or name a \
                          server with --postgres-url"
                    .into(),
            }
        })
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let there = |name: &str| folder.join(name).is_file();
        (there("initdb") && there("postgres")).then(|| Self { folder: folder.to_owned() })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    /// Tells what is installed beside this build, such as extensions, from what was there before:
    /// when the folders that they are in were last changed.
    pub(super) fn surroundings(&self) -> String {
        let program = fs::canonicalize(self.postgres()).unwrap_or_else(|_| self.postgres());
        let top = program.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        let version = top.file_name().unwrap_or_default();
        let folders = [
            top.join("lib"),
            top.join("lib/postgresql"),
            top.join("share/extension"),
            top.join("share/postgresql/extension"),
            // Debian keeps what is not a program there.
            Path::new("/usr/share/postgresql").join(version).join("extension"),
            Path::new("/usr/share/postgresql").join(version).join("tsearch_data"),
        ];
        let mut said = String::new();
        for folder in folders {
            // Writing to a String cannot fail.
            let _ = writeln!(said, "{}", changed(&folder));
        }
        said
    }

    /// Tells this build from every other one on this machine, without running it.
    pub(super) fn identity(&self) -> String {
        let program = self.postgres();
        let real = fs::canonicalize(&program).unwrap_or(program);
        let length = fs::metadata(&real).map_or(0, |metadata| metadata.len());
        format!("{} {length} {}", real.display(), changed(&real))
    }
}

/// When a file or folder was last changed, in nanoseconds; 0 where it is not there.
fn changed(path: &Path) -> u128 {
    let moment = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let age = moment.and_then(|moment| moment.duration_since(UNIX_EPOCH).ok());
    age.map_or(0, |age| age.as_nanos())
}

/// Installed servers, newest first, each with its major version.
fn installed() -> Vec<(Binaries, Option<u32>)> {
    let found = versioned_folders().into_iter();
    found.filter_map(|(folder, major)| Some((Binaries::in_folder(&folder)?, Some(major)))).collect()
}

/// Servers that PATH leads to, by themselves or by `pg_config`; their version is not known yet.
fn on_path() -> Vec<(Binaries, Option<u32>)> {
    let folders = path_folders();
    folders.iter().filter_map(|folder| Some((Binaries::in_folder(folder)?, None))).collect()
}

/// The folders of installed versions, newest first, each with its major version.
fn versioned_folders() -> Vec<(PathBuf, u32)> {
    let mut found: Vec<(PathBuf, u32)> = Vec::new();
    for (parent, prefix, programs) in VERSIONED {
        for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let major = name.to_str().and_then(|name| major(name.strip_prefix(prefix)?));
            found.extend(major.map(|major| (entry.path().join(programs), major)));
        }
    }
    found.sort_by(|a, b| (b.1, &a.0).cmp(&(a.1, &b.0)));
    found
}

/// The folders that PATH and `pg_config` lead to.
fn path_folders() -> Vec<PathBuf> {
    let path = host::env("PATH");
    let folders = path.iter().flat_map(std::env::split_paths);
    let mut folders: Vec<PathBuf> = folders.filter(|folder| is_of_the_machine(folder)).collect();
    let tell = folders.iter().map(|folder| folder.join("pg_config")).find(|file| file.is_file());
    let told = tell.and_then(|tell| said(&tell, "--bindir"));
    folders.extend(told.map(|folder| folder.trim().into()));
    folders
}

/// Whether a folder of PATH holds programs of the machine: what lies in the working tree may have
/// come with the change, and initdb runs with the user's rights.
fn is_of_the_machine(folder: &Path) -> bool {
    folder.is_absolute() && !host::is_in_working_tree(folder)
}

/// What a program says when it is asked for something about itself; of the environment it gets
/// nothing but `PATH`.
fn said(program: &Path, question: &str) -> Option<String> {
    let mut command = host::command(program);
    command.arg(question).env_clear().envs(host::env("PATH").map(|path| ("PATH", path)));
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The programs that write and read backups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tools {
    folder: PathBuf,
    major: u32,
}

impl Tools {
    /// Finds the programs for a server of that major version, in the folder asked for or else on
    /// the machine: those of the same version, else the next newer ones, since older ones do not
    /// know what the server has.
    pub(super) fn find(asked: Option<&Path>, server: u32) -> Result<Self, EngineError> {
        let folders = match asked {
            Some(folder) => vec![folder.to_owned()],
            None => {
                let versioned = versioned_folders().into_iter().map(|(folder, _)| folder);
                versioned.chain(path_folders()).collect()
            }
        };
        Self::choose(folders.iter().filter_map(|folder| Self::in_folder(folder)), asked, server)
    }

    fn choose(
        found: impl Iterator<Item = Self>,
        asked: Option<&Path>,
        server: u32,
    ) -> Result<Self, EngineError> {
        let (usable, older): (Vec<_>, Vec<_>) = found.partition(|tools| tools.major >= server);
        if let Some(best) = usable.into_iter().min_by_key(|tools| tools.major) {
            return Ok(best);
        }
        let place = asked
            .map_or_else(|| "on this machine".into(), |folder| format!("in {}", folder.display()));
        let what = match older.iter().map(|tools| tools.major).max() {
            Some(newest) => format!(
                "pg_dump {place} is of PostgreSQL {newest} and cannot back up a server of \
                 version {server}"
            ),
            None => format!("pg_dump, pg_restore and psql are not {place}"),
        };
        Err(EngineError::Unavailable {
            what,
            way_out: format!(
                "install the client programs of PostgreSQL {server} (Debian and Ubuntu: apt-get \
                 install postgresql-client-{server}) or name their folder, or a backup command of \
                 your own"
            ),
        })
    }

    fn in_folder(folder: &Path) -> Option<Self> {
        let program = |name: &str| folder.join(name);
        if !["pg_dump", "pg_restore", "psql"].iter().all(|name| program(name).is_file()) {
            return None;
        }
        // pg_dump (PostgreSQL) 17.2 (Debian 17.2-1.pgdg120+1)
        let said = said(&program("pg_dump"), "--version")?;
        let major = said.split_whitespace().find_map(major)?;
        Some(Self { folder: folder.to_owned(), major })
    }

    /// The major version.
    pub(super) fn major(&self) -> u32 {
        self.major
    }

    /// One of the programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The major version at the start of a version or a folder's name.
pub(super) fn major(version: &str) -> Option<u32> {
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn major_versions_are_the_leading_number() {
        assert_eq!(major("15.18"), Some(15));
        assert_eq!(major("17"), Some(17));
        assert_eq!(major("18beta1"), Some(18));
        assert_eq!(major("latest"), None);
    }

    #[test]
    fn backups_are_made_by_programs_as_old_as_the_server_or_a_little_newer() {
        let tools = |major: u32| Tools { folder: PathBuf::from(major.to_string()), major };
        let choose = |server| Tools::choose([14, 18, 16].map(tools).into_iter(), None, server);
        assert_eq!(choose(16).unwrap().major, 16);
        assert_eq!(choose(15).unwrap().major, 16);
        let error = choose(19).unwrap_err().to_string();
        assert!(error.contains("PostgreSQL 18") && error.contains("client-19"), "{error}");
        let none = Tools::find(Some(Path::new("/nowhere")), 15).unwrap_err().to_string();
        assert!(none.contains("not in /nowhere"), "{none}");
    }

    #[test]
    fn a_folder_without_the_programs_is_refused_with_a_way_out() {
        let empty = tempfile::tempdir().unwrap();
        let error = Binaries::find(Some(empty.path()), None).unwrap_err();
        assert!(error.to_string().contains("--postgres-bin"), "{error}");
    }

    #[test]
    fn programs_of_the_working_tree_are_not_of_the_machine() {
        for folder in ["", ".", "src", "../bin", env!("CARGO_MANIFEST_DIR")] {
            assert!(!is_of_the_machine(Path::new(folder)), "{folder}");
        }
        assert!(is_of_the_machine(Path::new("/usr/bin")));
    }

    #[test]
    fn a_wanted_version_that_is_not_here_falls_back_to_one_that_is() {
        let any = Binaries::find(None, None);
        let odd = Binaries::find(None, Some(7));
        assert_eq!(any.is_ok(), odd.is_ok());
    }
}
