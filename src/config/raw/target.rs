//! `[[target]]` as it is written.

use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::Text;

/// A real database, or a folder of documents, that a set's migrations are applied to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Target")]
pub(in crate::config) struct RawTarget {
    /// The name for `--target`; unique in this file.
    #[schemars(with = "String", regex(pattern = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$"))]
    pub(in crate::config) name: Text,
    /// The name of the `[[set]]` whose migrations it takes.
    #[schemars(with = "String", length(min = 1))]
    pub(in crate::config) set: Text,
    /// PostgreSQL: the environment variable that holds the URL. Never the URL itself.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub(in crate::config) url_env: Option<Text>,
    /// SQLite: the database's file, absolute or from the top of the repository.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(in crate::config) file: Option<Text>,
    /// Documents: the folder that their paths start from, absolute or from the top of the
    /// repository; by default that top.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(in crate::config) root: Option<Text>,
    /// Whether it serves people; down scripts run only where it does not.
    #[serde(default)]
    #[schemars(with = "bool", extend("default" = true))]
    pub(in crate::config) production: Option<bool>,
    /// The folder of the state, the checkpoints and the journal, absolute or from the top of the
    /// repository; by default `.migration-gate/` and the target's name.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(in crate::config) state: Option<Text>,
    /// When a backup is made: `auto` where no transaction takes a migration back, or `always`.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["auto", "always"], "default" = "auto"))]
    pub(in crate::config) checkpoint: Option<Text>,
    /// How many checkpoints are kept.
    #[serde(default)]
    #[schemars(
        with = "i64",
        range(min = 1, max = 10_000),
        extend("default" = crate::config::target::KEEP)
    )]
    pub(in crate::config) keep: Option<Spanned<i64>>,
    /// PostgreSQL: the command that writes a backup to `{file}`, in place of pg_dump.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::config) backup_command: Option<Spanned<Vec<String>>>,
    /// PostgreSQL: the command that brings everything back from `{file}`, in place of pg_restore.
    #[serde(default)]
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(in crate::config) restore_command: Option<Spanned<Vec<String>>>,
}
