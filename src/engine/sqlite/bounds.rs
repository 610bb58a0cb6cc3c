//! What a script may do and how much it may take.
//!
//! A script stays inside its own database. On a sandbox it is bounded besides: SQLite's own limits
//! (<https://sqlite.org/limits.html>) are made for what programs do, and not for what strangers
//! write. Those that are not named here are tight enough as they stand.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;

use super::errors::broken;
use crate::engine::EngineError;

/// The most bytes that SQLite may hold in memory, in the whole process.
pub(super) const HEAP: u64 = 512 << 20;

/// The most bytes of a sandbox's database, of which several copies have to fit into memory.
pub(super) const DATABASE: u64 = 96 << 20;

/// The bytes of a page: most tables of a sandbox hold next to nothing, and every one of them and
/// every index takes a page, in each copy.
const PAGE: u64 = 1024;

/// The most bytes of a text, a blob or a row.
pub(super) const VALUE: i32 = 16 << 20;

const LIMITS: [(Limit, i32); 6] = [
    (Limit::SQLITE_LIMIT_LENGTH, VALUE),
    // Longer than any file that is read.
    (Limit::SQLITE_LIMIT_SQL_LENGTH, 32 << 20),
    (Limit::SQLITE_LIMIT_VDBE_OP, 5_000_000),
    // VACUUM needs one; a script's own are refused.
    (Limit::SQLITE_LIMIT_ATTACHED, 1),
    // A pattern takes time by its own length times the length of the text, and is not stopped.
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// Bounds the memory of all that SQLite does in this process, for ever: not for a process that
/// works on databases that stay.
///
/// # Errors
/// When SQLite does not take the bound.
pub fn bound_memory() -> Result<(), EngineError> {
    let bound = || -> rusqlite::Result<u64> {
        let connection = Connection::open_in_memory()?;
        connection.pragma_update(None, "hard_heap_limit", HEAP.cast_signed())?;
        let set = connection.pragma_query_value(None, "hard_heap_limit", |row| row.get(0));
        set.map(i64::unsigned_abs)
    };
    match bound().map_err(broken)? {
        0 => Err(EngineError::Broken("SQLite does not bound its memory".into())),
        _ => Ok(()),
    }
}

/// Bounds what a sandbox takes.
pub(super) fn bound(connection: &Connection) -> rusqlite::Result<()> {
    for (limit, most) in LIMITS {
        connection.set_limit(limit, most)?;
    }
    // Nothing of it is ever to be looked for on a disk.
    let pages = DATABASE / PAGE;
    connection.execute_batch(&format!(
        "PRAGMA temp_store = MEMORY; PRAGMA page_size = {PAGE}; PRAGMA max_page_count = {pages};"
    ))
}

/// Keeps a script inside its own database: no other file is opened or written, no program is
/// loaded, and the schema is not edited by hand.
pub(super) fn inside(context: AuthContext<'_>) -> Authorization {
    match context.action {
        // VACUUM attaches a nameless scratch database; VACUUM INTO and ATTACH name a file.
        AuthAction::Attach { filename: "" | ":memory:" } => Authorization::Allow,
        AuthAction::Attach { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) }
            if is_one_of(pragma_name, &OUTSIDE) =>
        {
            Authorization::Deny
        }
        AuthAction::Function { function_name } if is_one_of(function_name, &LOADERS) => {
            Authorization::Deny
        }
        // A file whose name is the value of an expression, or what is newer than this program.
        AuthAction::Unknown { .. } => Authorization::Deny,
        _ => Authorization::Allow,
    }
}

/// As [`inside`]; and what would lift a sandbox's bounds is passed over, as SQLite itself passes
/// over what it does not know: such settings are no fault.
pub(super) fn bounded(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Pragma { pragma_name, pragma_value: Some(_) }
            if is_one_of(pragma_name, &BOUNDS) =>
        {
            Authorization::Ignore
        }
        _ => inside(context),
    }
}

/// Pragmas whose value names a folder or a file of the machine, or opens the schema to edits.
const OUTSIDE: [&str; 4] =
    ["data_store_directory", "lock_proxy_file", "temp_store_directory", "writable_schema"];

/// Functions that load machine code.
const LOADERS: [&str; 2] = ["fts3_tokenizer", "load_extension"];

/// Whether a message refuses such a function, which has no code of its own: to a statement, or to
/// a view or a trigger.
pub(super) fn is_loader_refused(message: &str) -> bool {
    LOADERS.iter().any(|function| {
        message.eq_ignore_ascii_case(&format!("not authorized to use function: {function}"))
            || message.eq_ignore_ascii_case(&format!("unsafe use of {function}()"))
    })
}

/// Pragmas that change what a sandbox may take, or where it keeps it.
const BOUNDS: [&str; 10] = [
    "cache_size",
    "cache_spill",
    "hard_heap_limit",
    "max_page_count",
    "mmap_size",
    "page_size",
    "soft_heap_limit",
    "temp_store",
    "threads",
    "trusted_schema",
];

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|one| name.eq_ignore_ascii_case(one))
}
