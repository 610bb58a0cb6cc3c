//! Whose fault an SQLite error is.

use rusqlite::{Error, ErrorCode};

use super::bounds;
use crate::engine::{EngineError, TargetError};
use crate::model::{Bar, Barred, CannotRun, Failure, Location};

/// An error of our own statements.
#[allow(clippy::needless_pass_by_value, reason = "it is the argument of map_err")]
pub(super) fn broken(error: Error) -> EngineError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => busy(),
        _ => EngineError::Broken(format!("SQLite: {error}")),
    }
}

/// Another process holds the database.
pub(super) fn busy() -> EngineError {
    EngineError::Unavailable {
        what: "the database is locked by another process".into(),
        way_out: "let it end its transaction, or stop it; then run again".into(),
    }
}

/// Messages that mean "not here" and not "broken", each with what a person can do.
const NOT_HERE: [(&str, &str); 4] = [
    (
        "no such function:",
        "the application may define it; accept this migration by name in the policy of the base \
         branch, or keep such functions out of migrations",
    ),
    (
        "no such module:",
        "the application may load it as an extension; accept this migration by name in the policy \
         of the base branch",
    ),
    (
        "no such collation sequence:",
        "the application may define it; accept this migration by name in the policy of the base \
         branch",
    ),
    (
        "table sqlite_master may not be modified",
        "rebuild the table instead of editing the schema table, as \
         https://sqlite.org/lang_altertable.html#otheralter describes",
    ),
];

/// Turns an error into the migration's failure or a reason why it cannot run here.
pub(super) fn classify(
    error: &Error,
    location: Location,
    declared_version: Option<&str>,
    is_bounded: bool,
) -> TargetError {
    let (code, message) = match error {
        Error::SqliteFailure(code, message) => {
            (Some(code), message.clone().unwrap_or_else(|| code.to_string()))
        }
        Error::SqlInputError { error: code, msg, .. } => (Some(code), msg.clone()),
        other => (None, other.to_string()),
    };
    if code.is_some_and(|code| code.code == ErrorCode::DatabaseBusy) {
        return busy().into();
    }
    let is_denied =
        |code: &rusqlite::ffi::Error| code.code == ErrorCode::AuthorizationForStatementDenied;
    if code.is_some_and(is_denied) || bounds::is_loader_refused(&message) {
        let hint = "a migration may use only its own database; leave other files alone, or accept \
                    it by name in the policy of the base branch";
        return barred(message, None, hint.into(), location);
    }
    for (sign, way_out) in NOT_HERE {
        if message.starts_with(sign) {
            return cannot_run(message, way_out);
        }
    }
    if let Some(version) = declared_version.filter(|version| is_newer(version))
        && message.contains("syntax error")
    {
        return cannot_run(
            format!("{message}, on SQLite {}; the team's engine is {version}", rusqlite::version()),
            "use a release of migration-gate with that SQLite",
        );
    }
    let name = code.filter(|code| code.extended_code > 1).map(|code| code_name(code.extended_code));
    if let Some(hint) = code.filter(|_| is_bounded).and_then(|code| too_much(code.code)) {
        return barred(message, name, hint, location);
    }
    TargetError::Script(Failure { message, code: name, detail: None, hint: None, location })
}

/// A script that reaches for what is not its own (another file, machine code, the schema table), or
/// takes more than a sandbox has.
fn barred(message: String, code: Option<String>, hint: String, location: Location) -> TargetError {
    let failure = Failure { message, code, detail: None, hint: Some(hint), location };
    TargetError::Barred(Barred { by: Bar::Sandbox, failure })
}

/// What a sandbox has, for a script that took more than that.
fn too_much(code: ErrorCode) -> Option<String> {
    let most = match code {
        ErrorCode::OutOfMemory => bounds::HEAP,
        ErrorCode::DiskFull => bounds::DATABASE,
        ErrorCode::TooBig => bounds::VALUE.unsigned_abs().into(),
        _ => return None,
    };
    Some(format!(
        "a sandbox has {} MiB for that; let the script do with less, or accept it by name in the \
         policy of the base branch",
        most >> 20
    ))
}

fn cannot_run(reason: String, way_out: &str) -> TargetError {
    TargetError::CannotRun(CannotRun { reason, way_out: way_out.to_owned() })
}

/// Whether a declared version (`3.99`) is newer than the engine linked in.
fn is_newer(declared: &str) -> bool {
    let numbers = |text: &str| -> Vec<u32> {
        text.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    numbers(declared) > numbers(rusqlite::version())
}

/// The names of <https://sqlite.org/rescode.html> for the codes migrations meet.
fn code_name(extended: i32) -> String {
    let name = match extended {
        6 => "SQLITE_LOCKED",
        7 => "SQLITE_NOMEM",
        11 => "SQLITE_CORRUPT",
        13 => "SQLITE_FULL",
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        275 => "SQLITE_CONSTRAINT_CHECK",
        787 => "SQLITE_CONSTRAINT_FOREIGNKEY",
        1299 => "SQLITE_CONSTRAINT_NOTNULL",
        1555 => "SQLITE_CONSTRAINT_PRIMARYKEY",
        1811 => "SQLITE_CONSTRAINT_TRIGGER",
        2067 => "SQLITE_CONSTRAINT_UNIQUE",
        2579 => "SQLITE_CONSTRAINT_ROWID",
        3091 => "SQLITE_CONSTRAINT_DATATYPE",
        other => return format!("SQLite result code {other}"),
    };
    name.to_owned()
}
