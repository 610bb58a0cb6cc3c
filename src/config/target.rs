//! Targets: what a set's migrations are applied to.

use std::path::{Path, PathBuf};

use toml::Spanned;

use super::SetConfig;
use super::raw::RawTarget;
use super::read::span;
use super::resolve::Resolver;
use crate::model::{EngineKind, Sited, Span, known_words, quoted};

/// How many checkpoints are kept where nothing is said.
pub(super) const KEEP: u16 = 20;
/// The folder of every target's state where nothing is said.
const STATE: &str = ".migration-gate";
/// What stands for the backup's file in a command.
const FILE: &str = "{file}";

/// One `[[target]]`. Paths that are not absolute are from the top of the repository.
#[derive(Clone, Debug)]
pub struct TargetConfig {
    /// The name, unique in the file and fit to be a folder's.
    pub name: Sited<String>,
    /// The name of the set whose migrations it takes.
    pub set: Sited<String>,
    /// Where it is.
    pub place: TargetPlace,
    /// Whether it serves people.
    pub production: bool,
    /// The folder of its state, checkpoints and journal.
    pub state: PathBuf,
    /// When a backup is made.
    pub checkpoint: CheckpointMode,
    /// How many checkpoints are kept; at least one.
    pub keep: u16,
    /// What makes and restores backups in place of pg_dump and pg_restore.
    pub commands: Option<BackupCommands>,
    /// The whole entry.
    pub span: Span,
}

/// Where a target is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetPlace {
    /// PostgreSQL: the environment variable that holds the URL.
    UrlEnv(String),
    /// SQLite: the database's file.
    File(PathBuf),
    /// Documents: the folder that their paths start from; empty for the top of the repository.
    Root(PathBuf),
}

/// When a backup is made before a migration runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CheckpointMode {
    /// Where no transaction takes the migration back.
    #[default]
    Auto,
    /// Always.
    Always,
}

/// An operator's own commands: programs with their arguments, where `{file}` stands for the
/// backup's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupCommands {
    /// Writes a backup.
    pub backup: Vec<String>,
    /// Brings everything back.
    pub restore: Vec<String>,
}

impl Resolver<'_> {
    pub(super) fn target(
        &mut self,
        raw: Spanned<RawTarget>,
        sets: &[SetConfig],
        names: &[&str],
    ) -> Option<TargetConfig> {
        let whole = span(raw.span());
        let mut raw = raw.into_inner();
        let set = Sited::new(raw.set.get_ref().clone(), span(raw.set.span()));
        if self.complete && !names.contains(&set.value.as_str()) {
            let help = match names {
                [] => "add a `[[set]]` of that name".to_owned(),
                names => known_words(&set.value, names),
            };
            self.report(set.span, format!("there is no set {}", quoted(&set.value)), help);
        }
        let engine = sets.iter().find(|one| one.name.value == set.value).map(|set| &set.engine);
        let engine = engine.map(|engine| engine.value);
        let place = self.place(whole, engine, &mut raw);
        let commands = self.backup_commands(whole, engine, &mut raw);
        let name = self.target_name(raw.name);
        let state = match raw.state {
            Some(folder) => self.location("the state's folder", folder),
            None => Path::new(STATE).join(&name.value),
        };
        let modes = [("auto", CheckpointMode::Auto), ("always", CheckpointMode::Always)];
        let checkpoint = raw.checkpoint.and_then(|word| self.word("mode", &word, &modes));
        Some(TargetConfig {
            set,
            place: place?,
            production: raw.production.unwrap_or(true),
            state,
            checkpoint: checkpoint.unwrap_or_default(),
            keep: self.keep(raw.keep.as_ref()),
            commands,
            name,
            span: whole,
        })
    }

    /// A name that is a folder's as well.
    fn target_name(&mut self, name: Spanned<String>) -> Sited<String> {
        let at = span(name.span());
        let name = name.into_inner();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
        if !name.bytes().all(plain) || !name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        {
            let help = "use letters, digits, `_`, `-` and `.`: a folder is called so, too";
            self.report(at, format!("{} cannot be a target's name", quoted(&name)), help);
        }
        Sited::new(name, at)
    }

    /// Where the target is, by the one key that its engine asks for.
    fn place(
        &mut self,
        whole: Span,
        engine: Option<EngineKind>,
        raw: &mut RawTarget,
    ) -> Option<TargetPlace> {
        let (url_env, file, root) = (raw.url_env.take(), raw.file.take(), raw.root.take());
        let given = [("url-env", &url_env), ("file", &file), ("root", &root)];
        let wanted = match engine? {
            EngineKind::Postgres => "url-env",
            EngineKind::Sqlite => "file",
            EngineKind::Documents => "root",
            EngineKind::Mysql => return None,
        };
        for (key, value) in given {
            if let Some(value) = value.as_ref().filter(|_| key != wanted) {
                let engine = engine?;
                let message = format!("`{key}` does not belong to a target of the engine {engine}");
                self.report(span(value.span()), message, format!("write `{wanted} = …` instead"));
            }
        }
        let missing = given.iter().any(|(key, value)| *key == wanted && value.is_none());
        if missing && wanted != "root" && self.complete {
            let help = format!("add `{wanted} = …`");
            self.report(whole, format!("missing key \"{wanted}\""), help);
        }
        Some(match wanted {
            "url-env" => TargetPlace::UrlEnv(self.variable(url_env?)),
            "file" => TargetPlace::File(self.location("the database's file", file?)),
            _ => TargetPlace::Root(
                root.map(|root| self.location("the documents' folder", root)).unwrap_or_default(),
            ),
        })
    }

    /// The name of an environment variable. What is no name is not repeated: it may be a password.
    fn variable(&mut self, text: Spanned<String>) -> String {
        let at = span(text.span());
        let name = text.into_inner();
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let help = "put the URL into an environment variable, and write the variable's name here: \
                    `url-env = \"DATABASE_URL\"`";
        if name.contains("://") {
            self.report(at, "a URL stands where the name of a variable belongs", help);
        } else if !plain {
            self.report(at, "this is no name of an environment variable", help);
        }
        name
    }

    /// A path that is absolute, or from the top of the repository and inside of it.
    fn location(&mut self, what: &str, text: Spanned<String>) -> PathBuf {
        let text = self.text(what, text);
        let path = PathBuf::from(&text.value);
        let help = "write an absolute path, or one from the top of the repository";
        if text.value.contains(|c: char| c.is_control()) {
            let message = format!("the path {} has control characters", quoted(&text.value));
            self.report(text.span, message, help);
        } else if text.value.contains("://") {
            self.report(text.span, format!("{what} is a path, and this is a URL"), help);
        } else if path.is_relative() && text.value.split('/').any(|part| part == "..") {
            let message = format!("the path {} climbs out with `..`", quoted(&text.value));
            self.report(text.span, message, help);
        }
        path
    }

    fn keep(&mut self, keep: Option<&Spanned<i64>>) -> u16 {
        let Some(keep) = keep else { return KEEP };
        let known = u16::try_from(*keep.get_ref()).ok().filter(|keep| (1..=10_000).contains(keep));
        if known.is_none() {
            let message = format!("{} checkpoints cannot be kept", keep.get_ref());
            self.report(span(keep.span()), message, "write a number from 1 to 10000");
        }
        known.unwrap_or(KEEP)
    }

    /// Both commands, or none.
    fn backup_commands(
        &mut self,
        whole: Span,
        engine: Option<EngineKind>,
        raw: &mut RawTarget,
    ) -> Option<BackupCommands> {
        let (backup, restore) = (raw.backup_command.take(), raw.restore_command.take());
        for command in [&backup, &restore].into_iter().flatten() {
            let at = span(command.span());
            let words = command.get_ref();
            if words.first().is_none_or(|program| program.trim().is_empty()) {
                self.report(at, "a command has no program", "write the program as its first word");
            } else if !words.iter().skip(1).any(|word| word.contains(FILE)) {
                let help = "write `{file}` where the backup's file belongs";
                self.report(at, "the command does not name the backup's file", help);
            }
            if engine.is_some_and(|engine| engine != EngineKind::Postgres) {
                let help = "take it out: the gate makes backups of these itself";
                self.report(at, "only a target of the engine postgres has commands", help);
            }
        }
        match (backup, restore) {
            (Some(backup), Some(restore)) => {
                Some(BackupCommands { backup: backup.into_inner(), restore: restore.into_inner() })
            }
            (None, None) => None,
            (backup, _) => {
                let lacks = if backup.is_some() { "restore-command" } else { "backup-command" };
                if self.complete {
                    let message = "a backup is as good as its restore: both need a command";
                    self.report(whole, message, format!("add `{lacks} = […]`"));
                }
                None
            }
        }
    }

    /// Targets must differ in name and in the folder of their state.
    pub(super) fn unlike_targets(&mut self, targets: &[TargetConfig]) {
        for (index, target) in targets.iter().enumerate() {
            let earlier = &targets[..index];
            let name = quoted(&target.name.value);
            if earlier.iter().any(|other| other.name.value == target.name.value) {
                let message = format!("a second target with the name {name}");
                self.report(target.name.span, message, "give each target its own name");
            } else if let Some(other) = earlier.iter().find(|other| other.state == target.state) {
                let other = quoted(&other.name.value);
                let message = format!("{name} keeps its state where {other} does");
                self.report(target.name.span, message, "give each target its own `state`");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{WHOLE, errors, ok, read};
    use super::*;

    fn target(engine: &str, lines: &str) -> String {
        let set = format!("name = \"a\"\npath = \"m\"\nengine = \"{engine}\"");
        format!("version = 1\n[[set]]\n{set}\n[[target]]\nname = \"t\"\nset = \"a\"\n{lines}\n")
    }

    #[test]
    fn targets_are_read_with_what_nobody_said() {
        let settings = ok(WHOLE);
        let [production, staging] = &settings.targets[..] else { panic!("two targets") };
        assert_eq!(production.place, TargetPlace::UrlEnv("DATABASE_URL".into()));
        assert_eq!(production.state.to_str(), Some(".migration-gate/production"));
        assert_eq!((production.production, production.keep), (true, 3));
        assert_eq!(production.checkpoint, CheckpointMode::Always);
        let restore = vec!["load".to_owned(), "--from={file}".to_owned()];
        assert_eq!(production.commands.as_ref().map(|own| &own.restore), Some(&restore));
        assert_eq!(staging.place, TargetPlace::Root("/etc/app".into()));
        assert_eq!((staging.production, staging.keep, &staging.commands), (false, 20, &None));
        assert_eq!(staging.checkpoint, CheckpointMode::Auto);
        let top = ok(&target("documents", ""));
        assert_eq!(top.targets[0].place, TargetPlace::Root(Default::default()));
    }

    #[test]
    fn a_target_is_where_its_engine_can_be() {
        for (engine, lines, expected) in [
            ("postgres", "", "6:1 missing key \"url-env\""),
            ("sqlite", "", "6:1 missing key \"file\""),
            ("sqlite", "file = \"../a.db\"", "9:8 the path \"../a.db\" climbs out with `..`"),
            (
                "sqlite",
                "file = \"a.db\"\nroot = \"x\"",
                "10:8 `root` does not belong to a target of the engine sqlite",
            ),
            ("postgres", "url-env = \"A-B\"", "9:11 this is no name of an environment variable"),
            ("postgres", "url-env = \"A\"\nkeep = 0", "10:8 0 checkpoints cannot be kept"),
            ("postgres", "url-env = \"A\"\ncheckpoint = \"never\"", "10:14 unknown mode \"never\""),
            (
                "postgres",
                "url-env = \"A\"\nbackup-command = [\"save\", \"{file}\"]",
                "6:1 a backup is as good as its restore: both need a command",
            ),
            (
                "documents",
                "backup-command = [\"a\", \"{file}\"]\nrestore-command = [\"b\", \"{file}\"]",
                "9:18 only a target of the engine postgres has commands",
            ),
            (
                "postgres",
                "url-env = \"A\"\nbackup-command = [\"\"]\nrestore-command = [\"b\"]",
                "10:18 a command has no program",
            ),
        ] {
            let found = errors(&target(engine, lines));
            assert!(found.contains(&expected.to_owned()), "{lines}: {found:?}");
        }
        let second = "url-env = \"A\"\n[[target]]\nname = \"../t\"\nset = \"b\"\nurl-env = \"A\"";
        let name = "11:8 \"../t\" cannot be a target's name";
        assert_eq!(errors(&target("postgres", second)), [name, "12:7 there is no set \"b\""]);
        let twice = second.replace("../t", "t").replace("\"b\"", "\"a\"");
        let found = errors(&target("postgres", &twice));
        assert_eq!(found, ["11:8 a second target with the name \"t\""]);
        let shared = twice.replace("name = \"t\"", "name = \"u\"\nstate = \".migration-gate/t\"");
        let found = errors(&target("postgres", &shared));
        assert_eq!(found, ["11:8 \"u\" keeps its state where \"t\" does"]);
    }

    #[test]
    fn a_password_in_place_of_a_variable_is_refused_and_not_shown() {
        for lines in [
            "url-env = \"postgres://shop:hunter2@db/shop\"",
            "url-env = \"host=db password=hunter2\"",
            "url-env = \"A\"\nbackup-command = \"dump postgres://shop:hunter2@db/shop {file}\"",
            "file = \"postgres://shop:hunter2@db/shop\"",
        ] {
            let error = read(&target("postgres", lines)).expect_err("must be refused").to_string();
            assert!(!error.contains("hunter2"), "{error}");
            assert!(error.contains("migration-gate.toml:"), "{error}");
        }
        let url = errors(&target("postgres", "url-env = \"postgres://shop:hunter2@db/shop\""));
        assert_eq!(url, ["9:11 a URL stands where the name of a variable belongs"]);
    }

    #[test]
    fn a_new_target_is_no_change_of_policy_and_an_edited_one_is() {
        let base = ok(&target("sqlite", "file = \"a.db\""));
        let more = "file = \"a.db\"\n[[target]]\nname = \"u\"\nset = \"a\"\nfile = \"b.db\"";
        assert_eq!(ok(&target("sqlite", more)).changed_from(&base), Vec::<String>::new());
        let edited = ok(&target("sqlite", "file = \"b.db\""));
        assert_eq!(edited.changed_from(&base), ["target"]);
    }
}
