//! What a throwaway server may do on the machine.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use postgres::Client;

use super::account::{free_kib, is_in_memory};
use crate::confine::{self, Limits, Policy, Role, Support};

const MIB: u64 = 1 << 20;

/// Where shared libraries and what packages share lie.
const SYSTEM: [&str; 9] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share",
    "/usr/local/share",
    "/nix/store",
    "/gnu/store",
];
/// What every program reads at its start.
const SETTINGS: [&str; 5] = [
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/etc/localtime",
    // pgcrypto has OpenSSL's older methods by its settings.
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/openssl.cnf",
];

/// How a server is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    /// The kernel confines it.
    pub(super) confined: bool,
    /// Scripts run as a superuser.
    pub(super) superuser: bool,
    /// The kernel does all of it, so that a superuser reaches nothing.
    pub(super) full: bool,
}

impl Hold {
    /// As this kernel can; `unconfined` lets scripts be a superuser whatever it can.
    pub(super) fn of_this_kernel(unconfined: bool) -> Self {
        let support = confine::support();
        Self {
            confined: support > Support::None,
            superuser: unconfined || support == Support::Full,
            full: support == Support::Full,
        }
    }
}

/// What a reader should know of how a server is held, the same in every run; nothing where the
/// kernel does all of it. A server that was named is held by nobody.
pub(super) fn notice(hold: Option<Hold>, superuser: bool) -> Option<&'static str> {
    match hold {
        None if superuser => Some(
            "--postgres-url leads to a superuser, and nothing confines that server: its migrations \
             can reach whatever it can",
        ),
        Some(Hold { superuser: false, .. }) => Some(
            "the kernel does not fully confine PostgreSQL here (that takes Linux 6.12 or newer, \
             with Landlock), so migrations ran without the rights of a superuser",
        ),
        Some(Hold { full: false, .. }) => Some(
            "the policy lets migrations be a superuser of a PostgreSQL that the kernel does not \
             fully confine: they can reach whatever the gate's user can",
        ),
        _ => None,
    }
}

/// Whom scripts run as where they are to have less rights.
pub(super) const USER: &str = "migration_gate";

/// Makes that user: it owns the database, and may make roles and databases.
pub(super) fn make_user(client: &mut Client) -> Result<(), postgres::Error> {
    let version: i32 = client
        .query_one("SELECT current_setting('server_version_num')::int / 10000", &[])?
        .try_get(0)?;
    let mut sql = format!(
        "CREATE ROLE {USER} LOGIN CREATEDB CREATEROLE; ALTER DATABASE postgres OWNER TO {USER};"
    );
    if version < 15 {
        sql += &format!("ALTER SCHEMA public OWNER TO {USER};");
    }
    if version < 16 {
        // Whoever makes roles may give themselves any role here, but for those of superusers.
        sql += "UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname IN \
                ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files');";
    } else {
        // What it makes it can use, as before.
        sql += &format!("ALTER ROLE {USER} SET createrole_self_grant = 'set, inherit';");
    }
    client.batch_execute(&sql)
}

/// A bound in words.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1024 * MIB => format!("{} GiB", bytes / (1024 * MIB)),
        _ => format!("{} MiB", bytes / MIB),
    }
}

/// How much of the disk a server may take: memory counts as disk where the folder lies in it.
/// A power of two, so that it is the same in every run of a machine.
pub(super) fn disk(folder: &Path) -> u64 {
    fail::fail_point!("server-disk", |bytes: Option<String>| {
        bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or(64 * MIB)
    });
    let most = if is_in_memory(folder) { 1024 * MIB } else { 4096 * MIB };
    let half = free_kib(folder).map_or(most, |kib| kib * 512).max(64 * MIB);
    most.min(1 << half.ilog2())
}

/// The policy for a server with its own folder `data`.
pub(super) fn policy(postgres: &Path, data: &Path) -> Policy {
    let program = fs::canonicalize(postgres).unwrap_or_else(|_| postgres.to_owned());
    let mut read: Vec<PathBuf> = SYSTEM.iter().chain(&SETTINGS).map(PathBuf::from).collect();
    // Libraries and shared files are found from the program, wherever it lies. Its folder may be
    // one of many things, such as `~/.local`, unless it bears the server's name.
    if let Some(prefix) = program.parent().and_then(Path::parent) {
        let is_own =
            ["postgres", "pgsql"].iter().any(|name| prefix.to_string_lossy().contains(name));
        let shared: &[&str] =
            if is_own { &["share"] } else { &["share/locale", "share/postgresql", "share/pgsql"] };
        read.extend(["lib", "lib64"].iter().chain(shared).map(|part| prefix.join(part)));
    }
    let loader = loader(&program).ok().flatten();
    Policy {
        execute: [Some(program), loader].into_iter().flatten().collect(),
        read,
        write: vec![data.to_owned()],
        limits: Limits {
            memory: Some(2048 * MIB),
            processor: Some(3600),
            // A table's files have 1 GiB at most.
            file: Some(1025 * MIB),
            open_files: Some(4096),
            // More than any server here has, and room for others of the same user that start later.
            processes: Some(512),
        },
        ..Policy::new(Role::Server)
    }
}

/// The loader that a program names, by its ELF header (`elf(5)`, 64 bits, this machine's order);
/// none for any other file.
fn loader(program: &Path) -> io::Result<Option<PathBuf>> {
    const INTERPRETER: u32 = 3;
    let mut file = File::open(program)?;
    let mut header = [0; 64];
    file.read_exact(&mut header)?;
    if !header.starts_with(b"\x7fELF\x02") {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(number(&header, 32, 8)))?;
    let mut table = vec![0; usize::from(u16::from_ne_bytes([header[56], header[57]])) * 56];
    file.read_exact(&mut table)?;
    let found = table.chunks_exact(56).find(|entry| number(entry, 0, 4) == u64::from(INTERPRETER));
    let Some(entry) = found else { return Ok(None) };
    file.seek(SeekFrom::Start(number(entry, 8, 8)))?;
    let mut path = Vec::new();
    file.take(number(entry, 32, 8).min(4096)).read_to_end(&mut path)?;
    path.retain(|byte| *byte != 0);
    Ok(Some(PathBuf::from(std::ffi::OsString::from_vec(path))))
}

/// A number of so many bytes in this machine's order.
fn number(bytes: &[u8], at: usize, length: usize) -> u64 {
    let mut wide = [0; 8];
    let start = if cfg!(target_endian = "big") { 8 - length } else { 0 };
    wide[start..start + length].copy_from_slice(&bytes[at..at + length]);
    u64::from_ne_bytes(wide)
}

#[cfg(test)]
mod tests;
