//! Whose fault a server's error is: the migration's, the sandbox's, or that of what is not here.

use std::io::{self, Write as _};

use postgres::error::{DbError, ErrorPosition, Severity};

use crate::engine::{EngineError, TargetError};
use crate::model::{Bar, Barred, CannotRun, Failure, Location, Script, Span, printable};
use crate::sql::Statement;

/// What the judgement of an error depends on besides the error.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Circumstances<'a> {
    /// The server's own version: `15.18`.
    pub(super) server: &'a str,
    /// The server's major version.
    pub(super) major: u32,
    /// The major version the team says it runs.
    pub(super) declared: Option<u32>,
    /// Whether scripts run as a superuser.
    pub(super) superuser: bool,
    /// Whether the kernel confines the server.
    pub(super) confined: bool,
    /// Whether it is a server that somebody named.
    pub(super) named: bool,
    /// The history's scripts so far, in lower case, where they speak of roles.
    pub(super) roles_made: &'a [String],
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The script is wrong.
    Script,
    /// Something is not here.
    CannotRun(CannotRun),
    /// The sandbox kept the script from what it wanted.
    Barred,
    /// The server is in trouble.
    Broken,
}

/// What the system says where a file reaches its bound.
const TOO_LARGE: &str = "File too large";
const LESS: &str = "let the script do with less";
const ACCEPT: &str = "accept this migration by name in the policy of the base branch";

/// Judges an error by its code and message; `words` are the first words of the statement.
pub(super) fn judge(
    code: &str,
    message: &str,
    words: &[String],
    around: &Circumstances<'_>,
) -> Verdict {
    let cannot =
        |reason: String, way_out: String| Verdict::CannotRun(CannotRun { reason, way_out });
    if around.confined && is_barred(code, message) {
        return Verdict::Barred;
    }
    if let Some((reason, way_out)) = missing_here(code, message, around.server) {
        return cannot(reason, format!("{way_out}, or {ACCEPT}"));
    }
    if let Some(role) = quoted_after(message, "role ")
        && code == "42704"
        && words.first().is_none_or(|word| word != "DROP")
        && !around.roles_made.iter().any(|script| script.contains(&role.to_lowercase()))
    {
        return cannot(
            format!("the role {role} does not exist, and no migration so far creates it"),
            format!("create it in a migration, guarded for servers that have it, or {ACCEPT}"),
        );
    }
    if code == "42704" && message.starts_with("unrecognized configuration parameter") {
        return cannot(
            format!("PostgreSQL {} does not know this setting: {message}", around.server),
            "if a newer server or an extension knows it, run the check on that one \
             (--postgres-bin or --postgres-url); a setting of the application's own is read with \
             current_setting(name, true)"
                .into(),
        );
    }
    if code == "42601" && message.contains("at or near \":\"") {
        return cannot(
            "it uses a variable of psql, which only psql replaces".into(),
            format!("write the value out, or {ACCEPT}"),
        );
    }
    if let Some(declared) = around.declared.filter(|declared| *declared > around.major)
        && is_about_the_unknown(code)
    {
        return cannot(
            format!(
                "the sandbox runs PostgreSQL {}, the set declares {declared}, and this may be why: \
                 {message}",
                around.server
            ),
            format!("install PostgreSQL {declared} here, or name its folder with --postgres-bin"),
        );
    }
    if code == "42501" && !around.superuser {
        return may_not(message, around.named);
    }
    match code.get(..2) {
        Some("53" | "58" | "57") if code != "57014" => Verdict::Broken,
        _ => Verdict::Script,
    }
}

/// What a script without all rights may not do.
fn may_not(message: &str, named: bool) -> Verdict {
    let (whose, way_out) = if named {
        (
            "the user of --postgres-url",
            "use a superuser of a throwaway server, or leave --postgres-url out".into(),
        )
    } else {
        (
            "a migration that the kernel does not confine",
            format!(
                "run the check where the kernel can (Linux 6.12 or newer, with Landlock), name \
                 \"postgres\" in `[policy] unconfined` of the base branch, or {ACCEPT}"
            ),
        )
    };
    Verdict::CannotRun(CannotRun { reason: format!("{whose} may not do this: {message}"), way_out })
}

/// Whether an error is the kernel's answer to a server that it confines: the operating system's
/// words, connections that are not to be had, programs that do not start, bounds.
fn is_barred(code: &str, message: &str) -> bool {
    const SYSTEM: [&str; 3] = ["Permission denied", "Operation not permitted", TOO_LARGE];
    // Of data, constraints, grammar and names, where the words in a message are the script's own.
    let is_of_sql = match code.get(..2) {
        Some("22" | "23" | "3D" | "3F" | "P0") => true,
        Some("42") => code != "42501",
        _ => false,
    };
    if is_of_sql {
        return false;
    }
    // A file of the machine that is not there; extensions are told of elsewhere.
    let absent = code == "58P01"
        && message.contains(" \"/")
        && !message.contains("extension control file")
        && !message.starts_with("could not access file");
    absent
        || SYSTEM.iter().any(|words| message.contains(words))
        || code.starts_with("08")
        // Whatever reason the C library gives for a shell that does not start.
        || message.starts_with("could not execute command ")
        || code == "53200" && message == "out of memory"
        || code == "38000" && message.starts_with("program \"")
        // Code that is not of PostgreSQL, or not of this one.
        || message.starts_with("incompatible library")
}

/// What the server lacks that others have, and the way out.
fn missing_here(code: &str, message: &str, server: &str) -> Option<(String, &'static str)> {
    const ANOTHER: &str = "name a server set up for it with --postgres-url";
    if let Some(extension) = missing_extension(code, message) {
        return Some((
            format!("the extension {extension} is not installed beside PostgreSQL {server}"),
            "install it on this machine, name a server that has it with --postgres-url",
        ));
    }
    if message.contains("shared_preload_libraries") {
        let reason = format!("it needs a library that the server loads at its start: {message}");
        return Some((reason, ANOTHER));
    }
    (message.contains("wal_level") && matches!(code, "55000" | "0A000" | "22023")).then(|| {
        (format!("it needs logical replication, which the sandbox leaves out: {message}"), ANOTHER)
    })
}

/// Codes that an older server gives for what only a newer one has.
fn is_about_the_unknown(code: &str) -> bool {
    matches!(code, "42601" | "42704" | "42883" | "42703" | "42P01" | "0A000" | "22023" | "42809")
}

/// The extension that an error says is not installed, as servers from 13 to 18 word it.
fn missing_extension(code: &str, message: &str) -> Option<String> {
    match code {
        "0A000" if message.ends_with("is not available") => quoted_after(message, "extension "),
        "58P01" => {
            let file = quoted_after(message, "could not open extension control file ")
                .or_else(|| quoted_after(message, "could not access file "))?;
            let name = file.rsplit('/').next()?;
            Some(name.strip_suffix(".control").unwrap_or(name).to_owned())
        }
        _ => None,
    }
}

/// The text between the double quotes that follow `start` in a message that begins with it.
fn quoted_after(message: &str, start: &str) -> Option<String> {
    let rest = message.strip_prefix(start)?.strip_prefix('"')?;
    Some(rest[..rest.find('"')?].to_owned())
}

/// The error of a statement as the target's error.
pub(super) fn explain(
    error: &postgres::Error,
    script: &Script,
    statement: Option<&Statement>,
    around: &Circumstances<'_>,
) -> TargetError {
    let Some(db) = error.as_db_error() else {
        return ours(error).into();
    };
    let words = statement.map_or(&[][..], |statement| &statement.words);
    // What a script raises itself may say anything, in any code.
    let verdict = match db.routine() {
        Some("exec_stmt_raise") => Verdict::Script,
        _ => judge(db.code().code(), db.message(), words, around),
    };
    match verdict {
        Verdict::CannotRun(reason) => TargetError::CannotRun(reason),
        Verdict::Broken => ours(error).into(),
        Verdict::Barred => {
            let failure = failure(db, script, statement);
            barred(failure, way_out(db.code().code(), db.message(), words))
        }
        Verdict::Script => TargetError::Script(failure(db, script, statement)),
    }
}

/// A failure that is the sandbox's doing, with the way out for its only advice.
fn barred(failure: Failure, way_out: &str) -> TargetError {
    let hint = Some(format!("{way_out}; or {ACCEPT}"));
    TargetError::Barred(Barred { by: Bar::Sandbox, failure: Failure { hint, ..failure } })
}

/// What to do instead of what the kernel refused.
fn way_out(code: &str, message: &str, words: &[String]) -> &'static str {
    if words.starts_with(&["CREATE".into(), "TABLESPACE".into()]) {
        "make tablespaces where the server is set up, and let its default_tablespace choose among \
         them"
    } else if code == "53200" || message.contains(TOO_LARGE) {
        LESS
    } else if code.starts_with("08") {
        "leave connections to other servers to the deployment"
    } else {
        "write the rows as INSERT, and leave files and programs of the machine to the deployment"
    }
}

/// Whether an error is the end of the connection: the server ended it, or it just broke off.
pub(super) fn is_lost(error: &postgres::Error) -> bool {
    error.as_db_error().map_or_else(
        || error.is_closed() || chain(error).starts_with("error communicating with the server"),
        |db| {
            matches!(db.code().code(), "57P01" | "57P02" | "57P05")
                && db.parsed_severity() != Some(Severity::Error)
        },
    )
}

/// The error of a script that ran while its connection ended; `ended_for` is what the sandbox ended
/// it for.
pub(super) fn connection_lost(
    script: &Script,
    statement: Option<&Statement>,
    ended_for: Option<String>,
) -> TargetError {
    let failure = Failure {
        message: "the connection was lost while the script ran".into(),
        code: None,
        detail: None,
        hint: Some("look for what ends its own connection or makes the server crash".into()),
        location: statement.map_or_else(
            || script.location(),
            |statement| Location::at(script.path.clone(), statement.span),
        ),
    };
    let Some(did) = ended_for else { return TargetError::Script(failure) };
    let message = format!("{did}; the sandbox ended it");
    barred(Failure { message, ..failure }, LESS)
}

/// The server's refusal of a statement, with the place that it names.
pub(super) fn failure(db: &DbError, script: &Script, statement: Option<&Statement>) -> Failure {
    let location = match statement {
        None => script.location(),
        Some(statement) => Location::at(script.path.clone(), place(db, script, statement.span)),
    };
    Failure {
        message: db.message().to_owned(),
        code: Some(db.code().code().to_owned()),
        detail: db.detail().map(str::to_owned),
        hint: db.hint().map(str::to_owned),
        location,
    }
}

/// The token at the position the server names, else the whole statement. A position inside a
/// function's body says nothing about the file.
fn place(db: &DbError, script: &Script, statement: Span) -> Span {
    let Some(ErrorPosition::Original(position)) = db.position() else { return statement };
    token_at(&script.text, statement, *position as usize).unwrap_or(statement)
}

/// The token that begins at a character of a statement, counted from one.
fn token_at(text: &str, statement: Span, position: usize) -> Option<Span> {
    let sql = text.get(statement.start..statement.end)?;
    let (offset, _) = sql.char_indices().nth(position.checked_sub(1)?)?;
    let token = squawk_lexer::tokenize(&sql[offset..]).next()?;
    let start = statement.start + offset;
    (token.len > 0).then(|| Span::new(start, (start + token.len as usize).min(statement.end)))
}

/// An error of the sandbox itself.
pub(super) fn ours(error: &postgres::Error) -> EngineError {
    if error.code() == Some(&postgres::error::SqlState::DISK_FULL) {
        return no_room(&chain(error));
    }
    EngineError::Broken(format!("the PostgreSQL sandbox: {}", said(error)))
}

/// What a server said, in words that are the same in every run: numbers and paths may be those
/// of this one, and then the words go to standard error only.
pub(super) fn said(error: &postgres::Error) -> String {
    let Some(db) = error.as_db_error() else { return without_number(&chain(error)) };
    if !varies(db.message()) {
        return db.message().to_owned();
    }
    tell(&chain(error));
    format!("error {}; the server's own words are on standard error", db.code().code())
}

fn varies(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit() || c == '/')
}

/// The text without the number that the system gives an error: it differs between systems.
fn without_number(text: &str) -> String {
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

/// An error of the sandbox's files, in words that are the same in every run.
pub(super) fn trouble(what: &str, error: &io::Error) -> EngineError {
    let words = error.to_string();
    let why = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => return no_room(&words),
        io::ErrorKind::Other if !varies(&words) => words,
        kind => {
            tell(&words);
            kind.to_string()
        }
    };
    EngineError::Broken(format!("the PostgreSQL sandbox {what}: {why}"))
}

/// The error for a full disk.
pub(super) fn no_room(words: &str) -> EngineError {
    tell(words);
    EngineError::Unavailable {
        what: "there is no room for the PostgreSQL sandbox: it needs about 60 MB, and what the \
               migrations write, in /dev/shm or the temporary folder"
            .into(),
        way_out: "make room, or name a folder with more in TMPDIR".into(),
    }
}

/// Says on standard error what would make a report differ from run to run.
pub(super) fn tell(words: &str) {
    let mut out = io::stderr().lock();
    for line in words.lines() {
        let _ = writeln!(out, "PostgreSQL sandbox: {}", printable(line));
    }
}

/// An error with its causes in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
