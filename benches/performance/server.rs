//! A throwaway server, against initdb and start by hand.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::Extent;
use crate::document::{NOT_MEASURED, Table, number, time};
use crate::gate::{gate, judged, succeed};
use crate::history::History;
use crate::measure::{in_turn, whole};
use crate::peers;
use migration_gate::host;

/// What the gate gives its own servers: the same are given by hand, so that both are as fast.
const SETTINGS: &str = "-c listen_addresses= -c fsync=off -c full_page_writes=off \
                        -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off -c jit=off \
                        -c shared_buffers=16MB -c timezone=UTC";

/// The programs of a server, and who may run them.
#[derive(Clone)]
pub(crate) struct Programs {
    pub(crate) folder: PathBuf,
    /// The user and group that stand in for root, whom postgres refuses.
    user: Option<(u32, u32)>,
}

impl Programs {
    /// The newest server of this machine; loudly nothing where there is none.
    pub(crate) fn find() -> Option<Self> {
        let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
            .collect();
        folders.sort();
        let on_path = host::env("PATH").map(|list| std::env::split_paths(&list).collect());
        let on_path: Vec<PathBuf> = on_path.unwrap_or_default();
        let mut all = folders.into_iter().rev().chain(on_path);
        let complete = |folder: &PathBuf| {
            ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).is_file())
        };
        let Some(folder) = all.find(complete) else {
            eprintln!("SKIPPED: there is no PostgreSQL server with psql");
            return None;
        };
        Some(Self { folder, user: stand_in() })
    }

    pub(crate) fn version(&self) -> String {
        peers::version(&self.folder.join("postgres"))
    }

    /// A program of the server, or any other, as the user who may run it.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = host::command(program);
        let mut path = vec![self.folder.clone()];
        path.extend(host::env("PATH").iter().flat_map(std::env::split_paths));
        command.env("PATH", std::env::join_paths(path).expect("folders")).env("LC_ALL", "C");
        command.stdin(Stdio::null()).current_dir("/");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// A folder of the user who runs the server, in memory where there is such a place, as the
    /// gate has it.
    pub(crate) fn folder_of_user(&self) -> TempDir {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { host::temp_dir() };
        let folder = tempfile::tempdir_in(base).expect("a temporary folder");
        if let Some((user, group)) = self.user {
            chown(folder.path(), Some(user), Some(group)).expect("it can be given away");
        }
        folder
    }

    /// Starts a server by hand.
    pub(crate) fn start(&self) -> ByHand {
        let home = self.folder_of_user();
        let data = home.path().join("data");
        let mut initdb = self.command(&self.folder.join("initdb"));
        initdb.args(["-N", "-A", "trust", "--no-locale", "-E", "UTF8", "-U", "postgres"]);
        succeed(initdb.args(["--wal-segsize=1", "-D"]).arg(&data));
        let options = format!("-k {} {SETTINGS}", home.path().display());
        let mut start = self.command(&self.folder.join("pg_ctl"));
        start.args(["-w", "start", "-D"]).arg(&data).arg("-o").arg(options);
        succeed(start.arg("-l").arg(home.path().join("log")));
        ByHand { programs: self.clone(), home }
    }
}

/// The ids of `postgres` or `nobody`, where we are root.
fn stand_in() -> Option<(u32, u32)> {
    let id = |words: &[&str]| -> Option<u32> {
        let asked = host::command("id").args(words).output().ok()?;
        String::from_utf8_lossy(&asked.stdout).trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    ["postgres", "nobody"].iter().find_map(|name| Some((id(&["-u", name])?, id(&["-g", name])?)))
}

/// A server that was started by hand; gone when it is dropped.
pub(crate) struct ByHand {
    programs: Programs,
    home: TempDir,
}

impl ByHand {
    /// Runs a script in one session of psql, past its errors.
    pub(crate) fn run(&self, script: &Path) {
        let mut psql = self.programs.command(&self.programs.folder.join("psql"));
        psql.args(["-X", "-q", "-U", "postgres", "-d", "postgres", "-h"]).arg(self.home.path());
        succeed(psql.arg("-f").arg(script));
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        let mut stop = self.programs.command(&self.programs.folder.join("pg_ctl"));
        let stop = stop.args(["-m", "immediate", "stop", "-D"]).arg(self.home.path().join("data"));
        let _ = stop.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

pub(crate) fn measure(extent: Extent) -> Table {
    let rounds = if extent == Extent::Quick { 3 } else { 11 };
    let mut table = Table::new(&["a check of one migration", "gate", "by hand", "gate / by hand"]);
    let Some(programs) = Programs::find() else {
        table.row(["any".into(), NOT_MEASURED.into(), NOT_MEASURED.into(), "".into()]);
        return table;
    };
    let place = tempfile::tempdir().expect("a temporary folder");
    let top = place.path().join("repository");
    let history = History::synthetic(1);
    history.write(&top);
    let script = programs.folder_of_user();
    let script = script.path().join("up.sql");
    fs::write(&script, &history.migrations[0].up).expect("it can be written");
    let check = |cache: &Path| {
        let mut check = gate(place.path());
        check.env("MIGRATION_GATE_CACHE", cache);
        judged(check.args(["check", "--all", "--postgres-bin"]).args([&programs.folder, &top]));
    };
    let [cold, warm, by_hand] = in_turn(
        rounds,
        [
            whole(|| check(tempfile::tempdir().expect("a temporary folder").path())),
            whole(|| check(&place.path().join("cache"))),
            whole(|| programs.start().run(&script)),
        ],
    );
    for (name, own) in [("nothing in the cache", cold), ("a server was made before", warm)] {
        table.row([name.into(), time(own), time(by_hand), number(own / by_hand)]);
    }
    table.with(programs.version());
    table
}
