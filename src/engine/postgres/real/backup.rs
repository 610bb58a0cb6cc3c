//! Copies of a whole database, and the way back to one in one transaction.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::connect::stopped;
use super::{CATALOG_LIMIT, Real};
use crate::engine::EngineError;
use crate::engine::postgres::binaries::Tools;
use crate::host::{self, Captured};
use crate::model::printable;

/// Only the whole run's limit ends a backup: nobody knows how long one takes.
const NO_LIMIT: Duration = Duration::from_secs(100 * 24 * 60 * 60);

/// What `pg_dump` leaves of a database whose copy is read into it.
const EMPTY: &str = include_str!("restore.sql");

/// Extensions that are not of the version that a new one would have, and could be made so again.
const OLD_EXTENSIONS: &str = "SELECT e.extname::text, n.nspname::text, pg_catalog.format(\
    'CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I VERSION %L;', extname, nspname, extversion) \
    FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
    JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname \
    WHERE e.oid >= 16384 AND e.extversion <> a.default_version \
    AND EXISTS (SELECT FROM pg_catalog.pg_available_extension_versions v \
    WHERE v.name = e.extname AND v.version = e.extversion) ORDER BY e.oid";

/// A setting that programs from 17 on write into every copy, and older servers do not know.
const NEW_SETTING: &[u8] = b"\nSET transaction_timeout = 0;";

impl Real {
    /// Writes a copy and reads it back.
    pub(super) fn dump(&mut self, file: &Path) -> Result<(), EngineError> {
        if fs::symlink_metadata(file).is_ok() {
            return Err(self.file_trouble(file, &io::ErrorKind::AlreadyExists.into()));
        }
        let dumped = if self.spec.backup_command.is_empty() {
            self.dump_and_read(file)
        } else {
            self.command_of_the_operator(&self.spec.backup_command, file).and_then(|()| {
                let length = fs::metadata(file).map_or(0, |metadata| metadata.len());
                if length > 0 {
                    Ok(())
                } else {
                    Err(self.broken("the backup command wrote nothing"))
                }
            })
        };
        if dumped.is_err() {
            // A part of a copy is none.
            let _ = fs::remove_file(file);
        }
        dumped
    }

    fn dump_and_read(&mut self, file: &Path) -> Result<(), EngineError> {
        self.refuse_subscriptions()?;
        let tools = Tools::find(self.spec.tools.as_deref(), self.major)?;
        // Nobody else may read it, not even while it is written.
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
        made.map_err(|error| self.file_trouble(file, &error))?;
        let mut dump = self.command(tools.program("pg_dump"));
        let patience = self.spec.statement_timeout.as_millis();
        dump.args(["--format=custom", "--no-password"]);
        dump.arg(format!("--lock-wait-timeout={patience}")).arg("--file").arg(file);
        self.finish(&mut dump, "pg_dump")?;
        // All of it is read, not only its table of contents.
        let mut read = self.command(tools.program("pg_restore"));
        self.finish(read.arg("--file=/dev/null").arg(file), "pg_restore")
    }

    /// A copy would not bring back how far a subscription had come.
    fn refuse_subscriptions(&mut self) -> Result<(), EngineError> {
        let sql = "SELECT EXISTS (SELECT d.oid FROM pg_catalog.pg_subscription s \
                   JOIN pg_catalog.pg_database d ON d.oid = s.subdbid \
                   WHERE d.datname = pg_catalog.current_database())";
        let any: bool = self.own(CATALOG_LIMIT, |client| client.query_one(sql, &[])?.try_get(0))?;
        if any {
            return Err(self.broken(
                "it subscribes to a publication, and pg_dump cannot bring back how far it has \
                 come\n  help: give a backup and a restore command of your own",
            ));
        }
        Ok(())
    }

    /// Brings back a copy.
    pub(super) fn bring_back(&mut self, file: &Path) -> Result<(), EngineError> {
        if !self.spec.restore_command.is_empty() {
            return self.command_of_the_operator(&self.spec.restore_command, file);
        }
        let tools = Tools::find(self.spec.tools.as_deref(), self.major)?;
        let script = self.restore_script(&tools, file)?;
        let mut psql = self.command(tools.program("psql"));
        psql.args(["--no-psqlrc", "--no-password", "--quiet", "--output=/dev/null", "--file=-"]);
        // Only what happened, and none of the rows that it happened to.
        psql.args(
            ["ON_ERROR_STOP=1", "VERBOSITY=terse", "SHOW_CONTEXT=never"]
                .map(|set| format!("--set={set}")),
        );
        let nowhere = self.nowhere()?;
        host::reached("postgres.restore");
        let ended = host::capture_files(&mut psql, script, &nowhere, NO_LIMIT, u64::MAX);
        self.ended_well(ended, "psql").map(|_| ()).map_err(|error| match error {
            EngineError::Broken(what) if what.contains("connection to server was lost") => {
                EngineError::Broken(format!(
                    "{what}\n  help: nobody can tell whether the copy was brought back; compare \
                     the database with it before anything else"
                ))
            }
            EngineError::Broken(what) => EngineError::Broken(format!(
                "{what}\n  help: nothing was changed; end what holds locks on its tables, or mend \
                 what the message names, then run again"
            )),
            other => other,
        })
    }

    /// The SQL that brings back a copy, in a file without a name: what stands there goes, then come
    /// the copy's schemas, extensions that must not be of the newest version, and all the rest.
    fn restore_script(&mut self, tools: &Tools, file: &Path) -> Result<File, EngineError> {
        let contents = self.table_of_contents(tools, file)?;
        let (schemas, rest): (Vec<&str>, Vec<&str>) =
            contents.lines().partition(|line| is_schema(line));
        let extensions = self.old_extensions(&contents)?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let trouble = |error: io::Error| self.file_trouble(file, &error);
        let mut script =
            tempfile::tempfile_in(folder.unwrap_or(Path::new("."))).map_err(trouble)?;
        let patience = self.spec.statement_timeout.as_millis();
        write!(script, "BEGIN;\nSET LOCAL lock_timeout = {patience};\n{EMPTY}").map_err(trouble)?;
        self.write_part(tools, file, &schemas, &[], &mut script)?;
        script.write_all(extensions.as_bytes()).map_err(trouble)?;
        // Or else large objects would be committed by themselves.
        self.write_part(tools, file, &rest, &["--single-transaction"], &mut script)?;
        // Its plans are as good as before at once.
        script.write_all(b"\nANALYZE;\n").map_err(trouble)?;
        script.rewind().map_err(trouble)?;
        Ok(script)
    }

    fn table_of_contents(&self, tools: &Tools, file: &Path) -> Result<String, EngineError> {
        let mut list = self.command(tools.program("pg_restore"));
        let ended = host::capture(list.arg("--list").arg(file), NO_LIMIT, u64::MAX);
        let printed = self.ended_well(ended, "pg_restore")?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }

    /// What makes those extensions of a copy that are not of the newest version now, since a copy
    /// does not say of which version they are.
    fn old_extensions(&mut self, contents: &str) -> Result<String, EngineError> {
        let rows = self.own(CATALOG_LIMIT, |client| client.query(OLD_EXTENSIONS, &[]))?;
        let mut sql = String::new();
        for row in rows {
            let text = |index| row.try_get::<_, String>(index);
            let read = text(0).and_then(|name| Ok((name, text(1)?, text(2)?)));
            let (name, schema, create) =
                read.map_err(|error| self.line.connector.trouble(&error))?;
            let holds = |kind: &str, name: &str| contents.contains(&format!(" {kind} - {name} "));
            if holds("EXTENSION", &name) && (schema == "public" || holds("SCHEMA", &schema)) {
                sql.push_str(&create);
                sql.push('\n');
            }
        }
        Ok(sql)
    }

    /// Adds the SQL of a part of a copy, by its lines in the table of contents.
    fn write_part(
        &self,
        tools: &Tools,
        file: &Path,
        lines: &[&str],
        options: &[&str],
        script: &mut File,
    ) -> Result<(), EngineError> {
        let trouble = |error: io::Error| self.file_trouble(file, &error);
        let mut list = tempfile::tempfile().map_err(trouble)?;
        list.write_all(lines.join("\n").as_bytes()).map_err(trouble)?;
        list.rewind().map_err(trouble)?;
        let start = script.stream_position().map_err(trouble)?;
        let mut restore = self.command(tools.program("pg_restore"));
        restore.args(["--use-list=/dev/stdin", "--file=-"]).args(options).arg(file);
        let ended = host::capture_files(&mut restore, list, script, NO_LIMIT, u64::MAX);
        self.ended_well(ended, "pg_restore")?;
        if tools.major() > 16 && self.major < 17 {
            hide_new_setting(script, start).map_err(trouble)?;
        }
        script.seek(SeekFrom::End(0)).map_err(trouble)?;
        Ok(())
    }

    fn nowhere(&self) -> Result<File, EngineError> {
        let null = Path::new("/dev/null");
        let opened = OpenOptions::new().read(true).write(true).open(null);
        opened.map_err(|error| self.file_trouble(null, &error))
    }

    /// A program that is led to this database.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = host::command(program);
        for (name, value) in &self.line.connector.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Its words are searched for, and shown.
        command.env("LC_MESSAGES", "C").env_remove("LC_ALL").env_remove("LANGUAGE");
        command
    }

    fn command_of_the_operator(&self, words: &[String], file: &Path) -> Result<(), EngineError> {
        let file = file.display().to_string();
        let mut words = words.iter().map(|word| word.replace("{file}", &file));
        let program = words.next().unwrap_or_default();
        let ended = host::capture(self.command(&program).args(words), NO_LIMIT, u64::MAX);
        if let Ok(Captured::Done(false, ..)) = ended {
            // What it says may hold a password or a row, and what is told here is kept in a file.
            return Err(self.broken(&format!(
                "the command {} ended without success\n  help: run it by itself to see what it says",
                printable(&program),
            )));
        }
        self.ended_well(ended, &program).map(|_| ())
    }

    fn finish(&self, command: &mut Command, name: &str) -> Result<(), EngineError> {
        let ended = host::capture(command, NO_LIMIT, u64::MAX);
        self.ended_well(ended, name).map(|_| ())
    }

    fn ended_well(&self, ended: io::Result<Captured>, name: &str) -> Result<Vec<u8>, EngineError> {
        let name = printable(name);
        match ended {
            Ok(Captured::Done(true, printed, _)) => Ok(printed),
            Ok(Captured::Done(false, _, said)) => {
                Err(self.broken(&format!("{name} failed: {}", printable(complaint(&said)))))
            }
            Ok(Captured::Stopped(stop)) => Err(stopped(stop)),
            Ok(Captured::TooMuch) => Err(self.broken(&format!("{name} printed too much"))),
            Err(error) => Err(self.broken(&format!("{name} cannot be run: {error}"))),
        }
    }

    fn file_trouble(&self, file: &Path, error: &io::Error) -> EngineError {
        let file = file.display().to_string();
        self.broken(&format!("{}: {error}", printable(&file)))
    }
}

/// Whether a line of a copy's table of contents is a schema: `6; 2615 16385 SCHEMA - app boss`.
fn is_schema(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(4).collect();
    matches!(words.as_slice(), [_, "2615", _, "SCHEMA"])
}

/// The line of a program's complaints that says what went wrong.
fn complaint(said: &str) -> &str {
    let mut lines = said.lines().filter(|line| !line.trim().is_empty());
    let first = lines.clone().find(|line| line.to_lowercase().contains("error"));
    first.or_else(|| lines.next()).unwrap_or("it did not say why")
}

/// Turns a setting that the server does not know into a comment.
fn hide_new_setting(script: &mut File, start: u64) -> io::Result<()> {
    script.seek(SeekFrom::Start(start))?;
    let mut head = Vec::new();
    (&*script).take(4096).read_to_end(&mut head)?;
    let found = head.windows(NEW_SETTING.len()).position(|window| window == NEW_SETTING);
    if let Some(at) = found {
        script.seek(SeekFrom::Start(start + at as u64 + 1))?;
        script.write_all(b"-- ")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_an_older_server_does_not_know_becomes_a_comment() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"ours\nSET lock_timeout = 0;\nSET transaction_timeout = 0;\nrest").unwrap();
        hide_new_setting(&mut file, 4).unwrap();
        let mut text = String::new();
        file.rewind().unwrap();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "ours\nSET lock_timeout = 0;\n--  transaction_timeout = 0;\nrest");
    }

    #[test]
    fn schemas_are_told_from_what_is_called_like_one() {
        assert!(is_schema("6; 2615 16385 SCHEMA - my app boss"));
        assert!(!is_schema("7; 0 0 ACL - SCHEMA app boss"));
        assert!(!is_schema("8; 1259 3 TABLE public SCHEMA boss"));
    }

    #[test]
    fn the_line_with_the_error_is_shown() {
        assert_eq!(complaint("psql:<stdin>:3: ERROR:  x\nother"), "psql:<stdin>:3: ERROR:  x");
        assert_eq!(complaint("\nno such server\n"), "no such server");
    }
}
