//! Where programs of a change run: in a copy of its files, with a home of their own, the programs of
//! the machine, and nothing else.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Excess, Limits, Policy, Role, Support, support};
use crate::host;

/// What every machine has for everyone.
const SYSTEM: [&str; 8] =
    ["/bin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/sbin", "/usr"];
/// What programs are told about the machine; nothing in it is anybody's own.
const SETTINGS: [&str; 14] = [
    "/etc/alternatives",
    "/etc/debian_version",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/ld.so.preload",
    "/etc/locale.alias",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/pki/tls/openssl.cnf",
    "/etc/ssl/openssl.cnf",
    "/etc/terminfo",
    "/etc/timezone",
];
/// The same of languages, by how their folders in `/etc` begin.
const LANGUAGES: [&str; 5] = ["java", "perl", "php", "python", "ruby"];
/// What stands in the folder of a toolchain beside its `bin`.
const TOOLCHAIN: [&str; 13] = [
    "Cellar",
    "include",
    "installs",
    "lib",
    "lib64",
    "libexec",
    "plugins",
    "pyvenv.cfg",
    "shims",
    "toolchains",
    "tools",
    "version",
    "versions",
];
/// Folders of keys, whatever stands in them.
const KEYS: [&str; 5] = [".aws", ".docker", ".gnupg", ".kube", ".ssh"];
/// The most links of one folder that are followed.
const MOST_LINKS: usize = 4096;
/// The standard streams, which programs open once more by name. They are files of ours.
const INPUT: &str = "/proc/self/fd/0";
const OUTPUTS: [&str; 2] = ["/proc/self/fd/1", "/proc/self/fd/2"];

/// Bytes of address space of each process; what runs JavaScript takes much and uses little.
const MEMORY: u64 = 16 << 30;
/// Bytes of the largest file.
const FILE: u64 = 1 << 30;
const OPEN_FILES: u64 = 1024;
const PROCESSES: u64 = 512;

/// A folder in which programs run that nobody has looked at.
#[derive(Clone, Debug)]
pub struct Workplace {
    /// The folder.
    pub folder: PathBuf,
    /// Whether they may run with the user's rights where the kernel cannot confine them.
    pub unconfined: bool,
}

/// Why a program cannot be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// No word names a program.
    Nameless,
    /// It is not on this machine.
    Missing,
    /// The kernel cannot confine it, and nobody accepted that.
    Unconfined,
}

impl Workplace {
    /// The command of these words, a program and its arguments, with nothing of the environment but
    /// `PATH`. `home` is an empty folder for its files; `limit` bounds its processor time.
    ///
    /// # Errors
    /// When it cannot run here, or not as it should.
    pub fn command(
        &self,
        words: &[String],
        home: &Path,
        limit: Duration,
    ) -> Result<Command, Unready> {
        let (program, arguments) = words.split_first().ok_or(Unready::Nameless)?;
        let path = host::env("PATH").unwrap_or_default();
        let program = found(program, &path, &self.folder).ok_or(Unready::Missing)?;
        let mut command = match (support(), self.unconfined) {
            (Support::None, false) => return Err(Unready::Unconfined),
            (Support::None, true) => host::command(&program),
            _ => {
                let policy = self.policy(&program, &path, home, limit);
                policy.command(&program).ok_or(Unready::Unconfined)?
            }
        };
        command.args(arguments).current_dir(&self.folder).env_clear();
        command.env("PATH", path).env("HOME", home).env("TMPDIR", home).env("LANG", "C.UTF-8");
        Ok(command)
    }

    /// A look at what the programs take that run here with such a home.
    ///
    /// # Errors
    /// When the disk cannot be looked at.
    pub fn excess(&self, home: &Path) -> std::io::Result<Excess> {
        Excess::of(&[&self.folder, home])
    }

    fn policy(&self, program: &Path, path: &OsString, home: &Path, limit: Duration) -> Policy {
        let own = [self.folder.clone(), home.to_owned()];
        let mut execute: BTreeSet<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        execute.extend(own.iter().cloned());
        execute.extend(toolchains(program, path));
        let outputs = OUTPUTS.iter().map(PathBuf::from);
        Policy {
            read: settings().chain([INPUT.into()]).collect(),
            execute: execute.into_iter().collect(),
            write: own.into_iter().chain(outputs).collect(),
            limits: Limits {
                memory: Some(MEMORY),
                processor: Some(limit.as_secs().saturating_add(1)),
                file: Some(FILE),
                open_files: Some(OPEN_FILES),
                processes: Some(PROCESSES),
            },
            ..Policy::new(Role::Program)
        }
    }
}

/// The file of a program: by its path from `folder`, or by its name in the folders of `path`.
fn found(program: &str, path: &OsString, folder: &Path) -> Option<PathBuf> {
    if program.contains('/') {
        return folder.join(program).exists().then(|| PathBuf::from(program));
    }
    let folders = std::env::split_paths(path);
    folders.map(|place| place.join(program)).find(|file| folder.join(file).is_file())
}

fn settings() -> impl Iterator<Item = PathBuf> {
    let of_language = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        LANGUAGES.iter().any(|language| name.starts_with(language))
    };
    let entries = std::fs::read_dir("/etc").into_iter().flatten().flatten();
    let languages = entries.map(|entry| entry.path()).filter(of_language);
    SETTINGS.iter().map(PathBuf::from).chain(languages)
}

/// The folders of toolchains that `path` leads to, or the program itself, without those of the
/// system: a virtual environment, and what its links lead to.
fn toolchains(program: &Path, path: &OsString) -> BTreeSet<PathBuf> {
    let mut all = BTreeSet::new();
    let own = program.parent().filter(|folder| is_of_programs(folder)).map(Path::to_owned);
    for folder in std::env::split_paths(path).chain(own).filter(|folder| folder.is_absolute()) {
        if is_of_system(&folder) || !may_be_read(&folder) {
            continue;
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let links = entries.map(|entry| entry.path()).filter(|file| file.is_symlink());
        for target in links.take(MOST_LINKS).filter_map(|link| link.canonicalize().ok()) {
            if let Some(folder) = target.parent().filter(|folder| is_of_programs(folder)) {
                all.extend(parts(folder));
            }
            all.extend(Some(target).filter(|target| target.is_file()));
        }
        all.extend(parts(&folder));
    }
    all.extend(Some(program.to_owned()).filter(|program| program.is_absolute()));
    all.retain(|place| !is_of_system(place) && may_be_read(place));
    all
}

fn is_of_system(place: &Path) -> bool {
    SYSTEM.iter().any(|folder| place.starts_with(folder))
}

/// Whether a folder is called as those of programs are.
fn is_of_programs(folder: &Path) -> bool {
    ["bin", "sbin", "shims"].iter().any(|name| folder.ends_with(name))
}

/// A folder of programs, and what stands beside it where it is one of a toolchain.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let home = host::env("HOME").map(PathBuf::from);
    let around =
        folder.parent().filter(|around| is_of_programs(folder) && *around != Path::new("/"));
    let around = around.filter(|around| home.as_deref() != Some(*around));
    let beside = around.into_iter().flat_map(|around| TOOLCHAIN.map(|part| around.join(part)));
    beside.chain([folder.to_owned()]).collect()
}

/// No folder of keys, and none that the user's own folder lies in.
fn may_be_read(place: &Path) -> bool {
    let is_key = |part: std::path::Component<'_>| KEYS.iter().any(|key| part.as_os_str() == *key);
    let home = host::env("HOME").map(PathBuf::from);
    place.parent().is_some()
        && !place.components().any(is_key)
        && !home.is_some_and(|home| home.starts_with(place))
}
