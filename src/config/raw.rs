//! `migration-gate.toml` as it is written: the wire format, version 1.
//!
//! Words such as an engine or a class stay text here, so that the resolver can name the mistake
//! together with its place and a way out. The descriptions become the hints of editors.

mod target;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

pub(super) use target::RawTarget;

type Text = Spanned<String>;

/// Settings of migration-gate: which sets of migrations there are, and what is asked of them.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "migration-gate.toml")]
pub(super) struct RawSettings {
    /// Version of this format; the only one is 1.
    #[schemars(with = "i64", required, extend("const" = 1))]
    pub(super) version: Option<Spanned<i64>>,
    /// The sets of migrations. Without any, the gate finds them itself and says what it assumed.
    #[serde(default)]
    #[schemars(with = "Vec<RawSet>")]
    pub(super) set: Vec<Spanned<RawSet>>,
    /// Real databases and folders of documents on which `plan`, `apply` and the like work.
    #[serde(default)]
    #[schemars(with = "Vec<RawTarget>")]
    pub(super) target: Vec<Spanned<RawTarget>>,
    /// What is asked of a change. Read from the base of a pull request.
    #[serde(default)]
    pub(super) policy: RawPolicy,
    /// What is asked of migrations of one class, by the class's name.
    #[serde(default)]
    #[schemars(
        with = "BTreeMap<String, RawClass>",
        extend("propertyNames" = {"enum": ["online", "post_deploy", "manual_backfill"]})
    )]
    pub(super) class: BTreeMap<Text, RawClass>,
    /// Times in which nothing is to be rolled out.
    #[serde(default)]
    #[schemars(with = "Vec<RawFreeze>")]
    pub(super) freeze: Vec<Spanned<RawFreeze>>,
    /// Findings that were looked at and accepted for a while. Read from the base of a pull
    /// request, so that a change cannot waive itself.
    #[serde(default)]
    #[schemars(with = "Vec<RawWaiver>")]
    pub(super) waiver: Vec<Spanned<RawWaiver>>,
}

/// A set: one folder, one layout, one engine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Set")]
pub(super) struct RawSet {
    /// The name in reports and on the command line; unique in this file.
    #[schemars(with = "String", length(min = 1))]
    pub(super) name: Text,
    /// The folder of the migrations, from the top of the repository.
    #[schemars(with = "String")]
    pub(super) path: Text,
    /// The engine the migrations are written for.
    #[schemars(with = "String", extend("enum" = ["sqlite", "postgres", "documents"]))]
    pub(super) engine: Text,
    /// How the tool lays its files out (sqlx, goose, flyway, …); found out where it is left away.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) layout: Option<Text>,
    /// The manifest's file, from the top of the repository; by default `migration_manifest.json`
    /// (or .toml, .yaml, .yml) in the set's folder.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) manifest: Option<Text>,
    /// The id of the last migration that runs but is not judged.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(super) baseline: Option<Text>,
    /// An SQL script with rows to put in before the judged migrations run.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) seed: Option<Text>,
    /// Values for the placeholders in scripts (flyway's `${name}`); none may be a secret.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) variables: BTreeMap<Text, Text>,
    /// The oldest version of the engine that you run: `15` or `3.40`.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = r"^[0-9]+(\.[0-9]+){0,2}$"))]
    pub(super) engine_version: Option<Text>,
    /// The commands that print the SQL of a set with the layout `command`.
    #[serde(default)]
    #[schemars(with = "RawCommand")]
    pub(super) command: Option<Spanned<RawCommand>>,
    /// The documents of a `documents` set, as globs from the top of the repository.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) documents: Vec<Text>,
    /// The compatibility contract of a `documents` set, from the top of the repository; by default
    /// `compatibility_contract.toml` (or .yaml, .yml, .json) in the set's folder.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) contract: Option<Text>,
    /// Which JSON Schema holds for which documents, where there is no contract.
    #[serde(default)]
    #[schemars(with = "Vec<RawSchemaBinding>")]
    pub(super) schemas: Vec<Spanned<RawSchemaBinding>>,
}

/// Commands that print SQL: a program and its arguments. `{id}` stands for the migration, and
/// `{previous}` for the one before it, or `base`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Command")]
pub(super) struct RawCommand {
    /// How the names of migrations end in the set's folder: `.py`.
    #[schemars(with = "String", length(min = 1))]
    pub(super) ending: Text,
    /// Prints what one migration does.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub(super) up: Vec<Text>,
    /// Prints what undoes one migration.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) down: Vec<Text>,
    /// Prints the ids of all migrations in their order, one a line; by default they are the
    /// names of the files without their ending, sorted.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) list: Vec<Text>,
    /// The folder whose files the commands need and in a copy of which they run; by default the
    /// top of the repository.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) workdir: Option<Text>,
    /// Environment variables for the commands, which else have only PATH, HOME and LANG.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) environment: BTreeMap<Text, Text>,
}

/// A JSON Schema and the documents it holds for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SchemaBinding")]
pub(super) struct RawSchemaBinding {
    /// The documents, as a glob from the top of the repository.
    #[schemars(with = "String")]
    pub(super) files: Text,
    /// The JSON Schema's file, from the top of the repository.
    #[schemars(with = "String")]
    pub(super) schema: Text,
}

/// What is asked of a change.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(rename = "Policy")]
pub(super) struct RawPolicy {
    /// The levels to start from: `recommended` blocks on what breaks deployments, `strict` on
    /// every finding.
    #[serde(default)]
    #[schemars(
        with = "String",
        extend("enum" = ["recommended", "strict"], "default" = "recommended")
    )]
    pub(super) preset: Option<Text>,
    /// How you go back: by a down script, or by restoring a checkpoint.
    #[serde(default)]
    #[schemars(with = "String", extend("enum" = ["script", "checkpoint"], "default" = "script"))]
    pub(super) rollback: Option<Text>,
    /// Levels of single rules, by rule id: `"sql/ban-drop-column" = "error"`.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, LevelName>")]
    pub(super) levels: BTreeMap<Text, Text>,
    /// Migrations that cannot run here and may pass without a dry run.
    #[serde(default)]
    #[schemars(with = "Vec<RawAccepted>")]
    pub(super) accept_inconclusive: Vec<Spanned<RawAccepted>>,
    /// How many days ahead a waiver may expire.
    #[serde(default)]
    #[schemars(
        with = "i64",
        range(min = 1, max = 3660),
        extend("default" = crate::model::WAIVER_DAYS)
    )]
    pub(super) waiver_days: Option<Spanned<i64>>,
    /// The rules that a script may allow itself to break, by `-- migration-gate: allow`: rule ids,
    /// or all rules of a group as `sql/*`.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) inline_allow: Vec<Text>,
    /// What of a change may run all the same where the kernel cannot confine it.
    #[serde(default)]
    #[schemars(
        with = "Vec<String>",
        extend("items" = {"type": "string", "enum": ["postgres", "commands", "jq"]})
    )]
    pub(super) unconfined: Vec<Text>,
}

/// How much a finding weighs; an error blocks.
#[derive(JsonSchema)]
#[schemars(rename = "Level", rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is used; the words are resolved with their place")]
pub(super) enum LevelName {
    Error,
    Warning,
    Note,
    Off,
}

/// A migration that may pass although it cannot run here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Accepted")]
pub(super) struct RawAccepted {
    /// The migration's id.
    #[schemars(with = "String", length(min = 1))]
    pub(super) migration: Text,
    /// The set's name; left away, the migration of that id in any set.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) set: Option<Text>,
    /// Why it cannot run here, and what stands in for the dry run.
    #[schemars(with = "String", length(min = 1))]
    pub(super) reason: Text,
}

/// What is asked of migrations of one class.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Class")]
pub(super) struct RawClass {
    /// When migrations of this class may be rolled out; at any time where there is none.
    #[serde(default)]
    #[schemars(with = "Vec<RawWindow>")]
    pub(super) windows: Vec<Spanned<RawWindow>>,
    /// Who has to agree.
    #[serde(default)]
    #[schemars(with = "RawApproval")]
    pub(super) approval: Option<RawApproval>,
}

/// A time of the week, or of a cron pattern.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "Window",
    extend("anyOf" = [{"required": ["days", "from", "to"]}, {"required": ["cron", "duration"]}])
)]
pub(super) struct RawWindow {
    /// Days: `Tue`, `Tue-Thu`, `Mon,Wed-Fri`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) days: Option<Text>,
    /// The first minute, `HH:MM`.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub(super) from: Option<Spanned<MomentText>>,
    /// The first minute after it, `HH:MM`; before `from` it is on the next day.
    #[serde(default)]
    #[schemars(with = "String", regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub(super) to: Option<Spanned<MomentText>>,
    /// In place of days and times: the minutes at which it opens, `0 9 * * TUE-THU`.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) cron: Option<Text>,
    /// How long it stays open after each of them, `7h` or `1h 30m`; at most a week.
    #[serde(default)]
    #[schemars(with = "String")]
    pub(super) duration: Option<Text>,
    /// The time zone's name: `Europe/Berlin`, `UTC`.
    #[schemars(with = "String")]
    pub(super) zone: Text,
}

/// Who has to agree.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Approval")]
pub(super) struct RawApproval {
    /// The team's name; on GitHub its slug, also as `ORGANISATION/SLUG`.
    #[schemars(with = "String", length(min = 1))]
    pub(super) team: Text,
    /// A label of the pull request that stands for the team's word.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(super) label: Option<Text>,
}

/// A time in which nothing is to be rolled out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Freeze")]
pub(super) struct RawFreeze {
    /// The first day, `YYYY-MM-DD`.
    #[schemars(with = "String", extend("format" = "date"))]
    pub(super) from: Spanned<MomentText>,
    /// The last day, `YYYY-MM-DD`.
    #[schemars(with = "String", extend("format" = "date"))]
    pub(super) to: Spanned<MomentText>,
    /// Why.
    #[schemars(with = "String", length(min = 1))]
    pub(super) reason: Text,
    /// The name of the time zone whose days these are.
    #[serde(default)]
    #[schemars(with = "String", extend("default" = "UTC"))]
    pub(super) zone: Option<Text>,
    /// The classes it holds for; all where it is left away.
    #[serde(default)]
    #[schemars(
        with = "Vec<String>",
        extend("items" = {"type": "string", "enum": ["online", "post_deploy", "manual_backfill"]})
    )]
    pub(super) classes: Vec<Text>,
}

/// A finding that was looked at and accepted for a while.
///
/// It names a migration or a schema. Without the content, a reason, an owner or a last day it is
/// reported and not honoured.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    rename = "Waiver",
    extend("oneOf" = [{"required": ["migration"]}, {"required": ["schema"]}])
)]
pub(super) struct RawWaiver {
    /// The rule's id.
    #[schemars(with = "String")]
    pub(super) rule: Text,
    /// The id of the migration that the finding is about.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(super) migration: Option<Text>,
    /// The name of the config schema that the finding is about, in its contract; of one without a
    /// contract its path.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(super) schema: Option<Text>,
    /// The set's name; left away, what is called so in any set.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1))]
    pub(super) set: Option<Text>,
    /// What the migration's files held when they were looked at, as `migration-gate list --format
    /// json` shows it; other content is not excused.
    #[serde(default)]
    #[schemars(with = "String", required, regex(pattern = r"^sha256:[0-9A-Fa-f]{64}$"))]
    pub(super) content: Option<Text>,
    /// Why the finding does no harm.
    #[serde(default)]
    #[schemars(with = "String", required, length(min = 1))]
    pub(super) reason: Option<Text>,
    /// Who answers for it.
    #[serde(default)]
    #[schemars(with = "String", required, length(min = 1))]
    pub(super) owner: Option<Text>,
    /// The last day it holds, `YYYY-MM-DD`.
    #[serde(default)]
    #[schemars(with = "String", required, extend("format" = "date"))]
    pub(super) expires: Option<Spanned<MomentText>>,
}

/// A date or a time of day, written as text or in TOML's own notation.
#[derive(Clone, Debug)]
pub(super) struct MomentText(pub(crate) String);

impl<'de> Deserialize<'de> for MomentText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MomentVisitor)
    }
}

struct MomentVisitor;

impl<'de> Visitor<'de> for MomentVisitor {
    type Value = MomentText;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a date or a time in quotes")
    }

    fn visit_str<E>(self, text: &str) -> Result<MomentText, E> {
        Ok(MomentText(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<MomentText, A::Error> {
        let date = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))
            .map_err(|_| serde::de::Error::custom("expected a date or a time in quotes"))?;
        Ok(MomentText(date.to_string()))
    }
}
