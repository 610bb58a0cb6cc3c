//! How a server begins: on an empty data folder, on its template, or on a state that was kept.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use super::super::account::{self, Account};
use super::super::binaries::Binaries;
use super::super::confined::{self, Hold};
use super::super::errors::{ours, trouble};
use super::super::supervisor::{self, Job};
use super::super::template::{self, INIT_FLAGS, Template};
use super::reins::Reins;
use super::{Cluster, SETTINGS, SUPERUSER, broken, go_on};
use crate::engine::EngineError;
use crate::engine::base::Kept;
use crate::host;

impl Cluster {
    /// Starts a fresh server, for scripts with the rights that they are to have.
    pub(in crate::engine::postgres) fn start(
        binaries: &Binaries,
        hold: Hold,
    ) -> Result<Self, EngineError> {
        let mut cluster = Self::start_fresh(binaries, hold)?;
        if !hold.superuser {
            let mut client = cluster.connect()?;
            confined::make_user(&mut client).map_err(|error| ours(&error))?;
            cluster.user = confined::USER;
        }
        Ok(cluster)
    }

    fn start_fresh(binaries: &Binaries, hold: Hold) -> Result<Self, EngineError> {
        let template = Template::of(binaries);
        if let Some(pack) = template.as_ref().and_then(Template::find) {
            let filled = Self::start_on(binaries, hold, |data, owner| {
                template::unpack(&pack, None, data, owner)
            });
            // A kept folder that passed for whole and does not start is replaced.
            match filled {
                Ok(cluster) => return Ok(cluster),
                Err(_) => go_on()?,
            }
            pack.discard();
        }
        let cluster = Self::empty(binaries, hold)?;
        if !cluster.order("init")? {
            return Err(cluster.failure("cannot be made by initdb"));
        }
        if let Some(template) = template {
            // Without a cache the next start takes half a second longer, and that is all.
            let _ = template.keep(&cluster.data());
        }
        let settings = template::write_settings(&cluster.data(), cluster.account);
        settings.map_err(|error| trouble("cannot be set up", &error))?;
        cluster.run()?;
        Ok(cluster)
    }

    /// Starts a server on a state that was kept.
    pub(in crate::engine::postgres) fn start_from(
        binaries: &Binaries,
        hold: Hold,
        kept: &Kept,
    ) -> Result<Self, EngineError> {
        let fill = |data: &Path, owner| template::unpack_state(kept, data, owner);
        let mut cluster = Self::start_on(binaries, hold, fill)?;
        if !hold.superuser {
            cluster.user = confined::USER;
        }
        Ok(cluster)
    }

    fn start_on(
        binaries: &Binaries,
        hold: Hold,
        fill: impl FnOnce(&Path, Option<Account>) -> std::io::Result<()>,
    ) -> Result<Self, EngineError> {
        let cluster = Self::empty(binaries, hold)?;
        fill(&cluster.data(), cluster.account).map_err(|error| match error.kind() {
            // It is made anew, and nobody need know.
            ErrorKind::InvalidData => broken("is not what was kept"),
            _ => trouble("cannot be filled", &error),
        })?;
        cluster.run()?;
        Ok(cluster)
    }

    /// A server without a data folder.
    fn empty(binaries: &Binaries, hold: Hold) -> Result<Self, EngineError> {
        let (home, account) =
            account::run_folder().map_err(|error| trouble("has no place to stand", &error))?;
        Self::supervised(binaries, hold, home, account)
    }

    fn supervised(
        binaries: &Binaries,
        hold: Hold,
        home: PathBuf,
        account: Option<Account>,
    ) -> Result<Self, EngineError> {
        let disk = confined::disk(&home);
        let job = Job {
            policy: hold
                .confined
                .then(|| confined::policy(&binaries.postgres(), &home.join("data"))),
            disk,
            initdb: binaries.initdb(),
            init_flags: INIT_FLAGS.split(' ').map(str::to_owned).collect(),
            postgres: binaries.postgres(),
            flags: SETTINGS.iter().flat_map(|setting| ["-c", setting]).map(str::to_owned).collect(),
            home: home.clone(),
        };
        let (Some(program), Ok(job)) = (host::own_program_again(), serde_json::to_string(&job))
        else {
            return Err(broken("has no supervisor"));
        };
        let mut command = host::command(program);
        command.args([supervisor::COMMAND, &job]);
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC").current_dir("/");
        let mut path = vec![binaries.folder().to_owned()];
        path.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from));
        command.env("PATH", std::env::join_paths(path).unwrap_or_else(|_| "/usr/bin:/bin".into()));
        // A group of its own, so that Ctrl-C on the terminal reaches us and not the server.
        command.process_group(0);
        if let Some(account) = account {
            command.uid(account.uid).gid(account.gid);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = command.spawn().map_err(|error| trouble("has no supervisor", &error));
        let mut child = started.inspect_err(|_| drop(fs::remove_dir_all(&home)))?;
        let (Some(orders), Some(replies)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(broken("has no supervisor"));
        };
        Ok(Self {
            home,
            account,
            user: SUPERUSER,
            disk,
            reins: Arc::new(Reins::new(child, orders, replies)),
        })
    }
}
