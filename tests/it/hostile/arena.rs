//! What stands around a run and must be found untouched: the canaries.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use migration_gate::host;
use tempfile::TempDir;

use super::processes::{self, Process};
use super::runs::{PLAIN, User};
use crate::support::bare;

/// What stands in the canary file; no output may hold it.
pub(super) const SONG: &str = "the-canary-sings-4e1f";
/// What the gate's environment holds; no output and no engine may.
pub(super) const SECRETS: [(&str, &str); 3] = [
    ("GITHUB_TOKEN", "ghs_canaryInTheEnvironment1"),
    ("AWS_SECRET_ACCESS_KEY", "canaryInTheEnvironment2"),
    ("PGPASSWORD", "canaryInTheEnvironment3"),
];

/// A folder for one run, reachable by everybody.
pub(super) struct Arena {
    folder: TempDir,
    port: TcpListener,
    socket: UnixListener,
    /// A Unix socket as a server of PostgreSQL has it.
    server: UnixListener,
    datagrams: UnixDatagram,
    sleepers: Vec<Child>,
    /// Folders in memory that others made before.
    memory: Vec<PathBuf>,
}

impl Arena {
    pub(super) fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hostile-").tempdir_in("/tmp").unwrap();
        let at = folder.path().to_owned();
        open(&at, 0o755);
        for (name, mode) in [
            ("canary", 0o755),
            ("canary/new", 0o777),
            ("tmp", 0o1777),
            ("out", 0o777),
            ("home", 0o777),
        ] {
            fs::create_dir(at.join(name)).unwrap();
            open(&at.join(name), mode);
        }
        fs::write(at.join("canary/file"), SONG).unwrap();
        open(&at.join("canary/file"), 0o666);
        let listener = |name: &str| {
            let path = at.join("canary").join(name);
            let socket = UnixListener::bind(&path).unwrap();
            socket.set_nonblocking(true).unwrap();
            open(&path, 0o777);
            socket
        };
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        port.set_nonblocking(true).unwrap();
        let datagrams = UnixDatagram::bind(at.join("canary/log.sock")).unwrap();
        datagrams.set_nonblocking(true).unwrap();
        open(&at.join("canary/log.sock"), 0o777);
        let (socket, server) = (listener("docker.sock"), listener(".s.PGSQL.5432"));
        let sleepers = sleepers();
        Self { port, socket, server, datagrams, sleepers, memory: in_memory(), folder }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The text of a case with the places of the canaries in it.
    pub(super) fn fill(&self, case: &str, text: &str) -> String {
        let canary = self.path().join("canary");
        let canary = canary.to_str().unwrap();
        let sleeper = self.sleepers.last().map_or(0, Child::id);
        text.replace("@FILE@", &format!("{canary}/file"))
            .replace("@FOLDER@", canary)
            .replace("@NEW@", &format!("{canary}/new/{case}"))
            .replace("@SOCKET@", &format!("{canary}/docker.sock"))
            .replace("@PORT@", &self.port.local_addr().unwrap().port().to_string())
            .replace("@PID@", &sleeper.to_string())
            .replace("@ARENA@", self.path().to_str().unwrap())
    }

    /// What did not stay as it was.
    pub(super) fn faults(&mut self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut told = |what: String| faults.push(what);
        match fs::read_to_string(self.path().join("canary/file")) {
            Ok(text) if text == SONG => {}
            other => told(format!("the canary file changed: {other:?}")),
        }
        let mode = fs::metadata(self.path().join("canary/file")).unwrap().permissions().mode();
        if mode & 0o7777 != 0o666 {
            told(format!("the canary file has other rights: {mode:o}"));
        }
        for name in ["canary/new", "tmp"] {
            let left = names(&self.path().join(name));
            if !left.is_empty() {
                told(format!("{name} holds {left:?}"));
            }
        }
        if names(&self.path().join("canary")).len() != 5 {
            told(format!("beside the canary: {:?}", names(&self.path().join("canary"))));
        }
        if self.port.accept().is_ok() {
            told("something connected to the port".into());
        }
        if self.socket.accept().is_ok() || self.server.accept().is_ok() {
            told("something connected to a Unix socket".into());
        }
        if self.datagrams.recv(&mut [0; 16]).is_ok() {
            told("something wrote to a Unix socket".into());
        }
        for sleeper in &mut self.sleepers {
            let state = processes::state(sleeper.id());
            if sleeper.try_wait().unwrap().is_some() || state != Some('S') {
                told(format!("the canary process was signalled: {state:?}"));
            }
        }
        faults.extend(processes::left_over(|process: &Process| {
            process.mentions(self.path().to_str().unwrap())
        }));
        faults.extend(self.memory_left());
        faults
    }

    /// Folders in memory that are new and that no process uses.
    fn memory_left(&self) -> Vec<String> {
        let new = || in_memory().into_iter().filter(|folder| !self.memory.contains(folder));
        let unused = |folder: &PathBuf| {
            let name = folder.to_str().unwrap_or_default();
            folder.exists() && processes::all().iter().all(|process| !process.mentions(name))
        };
        for _ in 0..20 {
            if !new().any(|folder| unused(&folder)) {
                return Vec::new();
            }
            host::pause(std::time::Duration::from_millis(100));
        }
        new().filter(unused).map(|folder| format!("{} is left", folder.display())).collect()
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for sleeper in &mut self.sleepers {
            let _ = sleeper.kill();
            let _ = sleeper.wait();
        }
    }
}

fn open(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// Folders of servers; those of the tests themselves have another name.
fn in_memory() -> Vec<PathBuf> {
    let entries = fs::read_dir("/dev/shm").into_iter().flatten().flatten();
    let is_server = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("mg-") && !name.starts_with("mg-it-")
    };
    entries.map(|entry| entry.path()).filter(is_server).collect()
}

/// A process of everyone whom the gate runs things as; the last is the user that servers have.
fn sleepers() -> Vec<Child> {
    let mut users = vec![None];
    if User::Root.is_here() {
        users.extend([Some(PLAIN), Some("postgres")]);
    }
    users.into_iter().map(sleeper).collect()
}

fn sleeper(user: Option<&str>) -> Child {
    let mut command = host::command(if user.is_some() { "setpriv" } else { "sleep" });
    if let Some(user) = user {
        command.args(["--clear-groups", "--reuid", user, "--", "sleep"]);
    }
    let mut child = bare(command).arg("100000").stdin(Stdio::null()).spawn().unwrap();
    // Until it sleeps it may be in any state.
    while child.try_wait().unwrap().is_none() && processes::state(child.id()) != Some('S') {
        host::pause(std::time::Duration::from_millis(5));
    }
    child
}
