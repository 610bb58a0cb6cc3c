//! Rules of the linter about what is dropped while somebody may still use it.

use squawk_linter::Rule as Code;

use super::lint::{Row, Scope, linted};
use crate::model::Levels;
use crate::rules::Rule;

pub(in crate::rules) static BAN_DROP_COLUMN: Rule = linted(
    Code::BanDropColumn,
    Row {
        id: "sql/ban-drop-column",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still use it",
        summary: "a column of a table in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_CONSTRAINT: Rule = linted(
    Code::BanDropConstraint,
    Row {
        id: "sql/ban-drop-constraint",
        levels: Levels::NOTE,
        scope: Scope::Drops,
        message: "{} loses a constraint that code may rely on",
        summary: "a constraint is dropped",
        why: "Rows come in that code which relied on the constraint does not expect; ON CONFLICT \
              that names it fails.",
        fix: "Make sure that no running code relies on it.",
    },
);

pub(in crate::rules) static BAN_DROP_DATABASE: Rule = linted(
    Code::BanDropDatabase,
    Row {
        id: "sql/ban-drop-database",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "a whole database is dropped",
        summary: "a migration drops a database",
        why: "Everything in it is gone, and no migration brings it back.",
        fix: "Leave that to an operator, by hand.",
    },
);

pub(in crate::rules) static BAN_DROP_DEFAULT: Rule = linted(
    Code::BanDropDefault,
    Row {
        id: "sql/ban-drop-default",
        levels: Levels::NOTE,
        scope: Scope::Drops,
        message: "{} loses its default while code may still leave it out",
        summary: "a column loses its default",
        why: "Code that leaves the column out writes NULL from now on, or is refused.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_DOMAIN: Rule = linted(
    Code::BanDropDomain,
    Row {
        id: "sql/ban-drop-domain",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still use it",
        summary: "a domain in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_EXTENSION: Rule = linted(
    Code::BanDropExtension,
    Row {
        id: "sql/ban-drop-extension",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "an extension is dropped with all its functions and types",
        summary: "an extension in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_FUNCTION: Rule = linted(
    Code::BanDropFunction,
    Row {
        id: "sql/ban-drop-function",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still call it",
        summary: "a function in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_GENERATED_EXPRESSION: Rule = linted(
    Code::BanDropGeneratedExpression,
    Row {
        id: "sql/ban-drop-generated-expression",
        levels: Levels::NOTE,
        scope: Scope::Drops,
        message: "{} is no longer computed",
        summary: "a generated column becomes a plain one",
        why: "Nobody fills the column any more, and running code does not know that it has to.",
        fix: "Let the code write the column first.",
    },
);

pub(in crate::rules) static BAN_DROP_INDEX: Rule = linted(
    Code::BanDropIndex,
    Row {
        id: "sql/ban-drop-index",
        levels: Levels::TASTE,
        scope: Scope::Drops,
        message: "{} is dropped, and with it what was fast or unique",
        summary: "an index of a table in use is dropped",
        why: "Queries that used the index become slow, and a unique one no longer keeps out what \
              is twice.",
        fix: "Make sure that no query needs it; pg_stat_user_indexes tells.",
    },
);

pub(in crate::rules) static BAN_DROP_NOT_NULL: Rule = linted(
    Code::BanDropNotNull,
    Row {
        id: "sql/ban-drop-not-null",
        levels: Levels::NOTE,
        scope: Scope::Drops,
        message: "{} may be NULL from now on, which readers may not expect",
        summary: "a column may become NULL",
        why: "Code that reads the column may not be prepared for NULL.",
        fix: "Teach the readers first; where they are, there is nothing to do.",
    },
);

pub(in crate::rules) static BAN_DROP_POLICY: Rule = linted(
    Code::BanDropPolicy,
    Row {
        id: "sql/ban-drop-policy",
        levels: Levels::TASTE,
        scope: Scope::Drops,
        message: "a policy is dropped, which changes who sees which rows",
        summary: "a row security policy is dropped",
        why: "Roles may see more rows, or none at all.",
        fix: "Have it reviewed by those who own the data.",
    },
);

pub(in crate::rules) static BAN_DROP_SCHEMA: Rule = linted(
    Code::BanDropSchema,
    Row {
        id: "sql/ban-drop-schema",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "a schema is dropped while code may still use it",
        summary: "a schema in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_SEQUENCE: Rule = linted(
    Code::BanDropSequence,
    Row {
        id: "sql/ban-drop-sequence",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still take numbers from it",
        summary: "a sequence in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_TABLE: Rule = linted(
    Code::BanDropTable,
    Row {
        id: "sql/ban-drop-table",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still use it",
        summary: "a table in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_TRIGGER: Rule = linted(
    Code::BanDropTrigger,
    Row {
        id: "sql/ban-drop-trigger",
        levels: Levels::TASTE,
        scope: Scope::Drops,
        message: "a trigger is dropped that code may rely on",
        summary: "a trigger of a table in use is dropped",
        why: "What it did for every write is no longer done.",
        fix: "Let the code do it first.",
    },
);

pub(in crate::rules) static BAN_DROP_TYPE: Rule = linted(
    Code::BanDropType,
    Row {
        id: "sql/ban-drop-type",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still use it",
        summary: "a type in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);

pub(in crate::rules) static BAN_DROP_VIEW: Rule = linted(
    Code::BanDropView,
    Row {
        id: "sql/ban-drop-view",
        levels: Levels::WARNING,
        scope: Scope::Drops,
        message: "{} is dropped while code may still use it",
        summary: "a view in use is dropped",
        why: "Code that runs while the migration is rolled out still uses it, and so does the \
              old version when you go back.",
        fix: "Drop it in a migration of the class post_deploy, once no running code uses it.",
    },
);
