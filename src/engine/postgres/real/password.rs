//! Passwords that the connection string does not hold: `PGPASSWORD` and the password file.

use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use postgres::Config;
use postgres::config::Host;

use crate::host;

/// The password for a connection, looked for as
/// [libpq](https://www.postgresql.org/docs/current/libpq-pgpass.html) does.
pub(super) fn find(config: &Config, server: &Host, port: u16, database: &str) -> Option<Vec<u8>> {
    if let Some(password) = host::env("PGPASSWORD") {
        return Some(password.into_vec());
    }
    let path = match host::env("PGPASSFILE") {
        Some(path) => PathBuf::from(path),
        None => PathBuf::from(host::env("HOME")?).join(".pgpass"),
    };
    let metadata = fs::metadata(&path).ok()?;
    // As libpq: what others can read is no secret.
    if !metadata.is_file() || metadata.permissions().mode() & 0o077 != 0 {
        return None;
    }
    let server = match server {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let wanted = [&server, &port.to_string(), database, config.get_user()?];
    in_file(&fs::read_to_string(path).ok()?, wanted).map(String::into_bytes)
}

/// The password in the first line that fits host, port, database and user.
fn in_file(text: &str, wanted: [&str; 4]) -> Option<String> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = fields(line);
        let [keys @ .., password] = fields.as_slice() else { return None };
        let fits = keys.len() == wanted.len()
            && keys.iter().zip(wanted).all(|(key, wanted)| key == "*" || key == wanted);
        (fits && !password.is_empty()).then(|| password.clone())
    })
}

/// The fields between colons; a backslash takes the next character as it is.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        let taken = match character {
            ':' => None,
            '\\' => characters.next(),
            other => Some(other),
        };
        match (taken, fields.last_mut()) {
            (Some(taken), Some(last)) => last.push(taken),
            _ => fields.push(String::new()),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_holds_the_password() {
        let text = "# h:5432:d:u:no\nother:5432:d:u:no\nh:5432:d\\:x:u:colon\nh:*:*:u:a\\:b\\\\c\n*:*:*:*:last\n";
        assert_eq!(in_file(text, ["h", "5432", "d", "u"]).as_deref(), Some("a:b\\c"));
        assert_eq!(in_file(text, ["h", "5432", "d:x", "u"]).as_deref(), Some("colon"));
        assert_eq!(in_file(text, ["x", "1", "d", "z"]).as_deref(), Some("last"));
        assert_eq!(in_file("h:1:d:u\n", ["h", "1", "d", "u"]), None);
    }
}
