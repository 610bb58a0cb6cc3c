//! Rules of the linter about how scripts and columns are written.

use squawk_linter::Rule as Code;

use super::lint::{Row, Scope, linted};
use crate::model::Levels;
use crate::rules::Rule;

pub(in crate::rules) static BAN_CHAR_FIELD: Rule = linted(
    Code::BanCharField,
    Row {
        id: "sql/ban-char-field",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} pads its values with blanks",
        summary: "a column is of the type char(n)",
        why: "Values are padded with blanks, and the blanks count in some comparisons and not in \
              others.",
        fix: "Make the column text.",
    },
);

pub(in crate::rules) static BAN_CONCURRENT_INDEX_CREATION_IN_TRANSACTION: Rule = linted(
    Code::BanConcurrentIndexCreationInTransaction,
    Row {
        id: "sql/ban-concurrent-index-creation-in-transaction",
        levels: Levels::ERROR,
        scope: Scope::Always,
        message: "an index cannot be built CONCURRENTLY inside a transaction",
        summary: "CREATE INDEX CONCURRENTLY stands in a transaction",
        why: "PostgreSQL refuses it: \
              https://www.postgresql.org/docs/current/sql-createindex.html. Where the dry run \
              meets the error, dryrun/up-fails or rollback/fails speaks for this rule.",
        fix: "Put it into a migration of its own and tell the tool not to open a transaction.",
    },
);

pub(in crate::rules) static BAN_CREATE_DOMAIN_WITH_CONSTRAINT: Rule = linted(
    Code::BanCreateDomainWithConstraint,
    Row {
        id: "sql/ban-create-domain-with-constraint",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "the constraint of {} can hardly be changed later",
        summary: "a domain has a constraint",
        why: "A domain's constraint cannot be changed for one table alone, and a change reads \
              them all.",
        fix: "Constrain the columns instead.",
    },
);

pub(in crate::rules) static BAN_DUPLICATE_COLUMN_ASSIGNMENTS: Rule = linted(
    Code::BanDuplicateColumnAssignments,
    Row {
        id: "sql/ban-duplicate-column-assignments",
        levels: Levels::ERROR,
        scope: Scope::Always,
        message: "the same column is named twice in {}",
        summary: "a column is named twice where it may stand once",
        why: "PostgreSQL refuses it. Where the dry run meets the error, dryrun/up-fails or \
              rollback/fails speaks for this rule.",
        fix: "Take one of the two out.",
    },
);

pub(in crate::rules) static BAN_UNCOMMITTED_TRANSACTION: Rule = linted(
    Code::BanUncommittedTransaction,
    Row {
        id: "sql/ban-uncommitted-transaction",
        levels: Levels::WARNING,
        scope: Scope::Always,
        message: "this transaction is never committed",
        summary: "a script opens a transaction and leaves it open",
        why: "What it did is undone when the connection closes, though the tool has noted the \
              migration as done.",
        fix: "Write COMMIT at the end, or leave the transaction to the tool.",
    },
);

pub(in crate::rules) static IDENTIFIER_TOO_LONG: Rule = linted(
    Code::IdentifierTooLong,
    Row {
        id: "sql/identifier-too-long",
        levels: Levels::WARNING,
        scope: Scope::Up,
        message: "a name of more than 63 bytes is cut short by PostgreSQL",
        summary: "a name is longer than PostgreSQL keeps",
        why: "The rest is cut off without an error; two such names may become the same, and code \
              that looks for the whole name finds nothing: \
              https://www.postgresql.org/docs/current/sql-syntax-lexical.html.",
        fix: "Choose a name of at most 63 bytes.",
    },
);

pub(in crate::rules) static PREFER_BIGINT_OVER_INT: Rule = linted(
    Code::PreferBigintOverInt,
    Row {
        id: "sql/prefer-bigint-over-int",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} ends at two billion",
        summary: "a column is a 32-bit integer",
        why: "A counter that runs out stops every insert, and to widen it rewrites the table.",
        fix: "Make the column bigint.",
    },
);

pub(in crate::rules) static PREFER_BIGINT_OVER_SMALLINT: Rule = linted(
    Code::PreferBigintOverSmallint,
    Row {
        id: "sql/prefer-bigint-over-smallint",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} ends at 32767",
        summary: "a column is a 16-bit integer",
        why: "A counter that runs out stops every insert, and to widen it rewrites the table.",
        fix: "Make it bigint, or integer where it can never grow.",
    },
);

pub(in crate::rules) static PREFER_IDENTITY: Rule = linted(
    Code::PreferIdentity,
    Row {
        id: "sql/prefer-identity",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} is serial, which identity does better",
        summary: "a column numbers itself as serial",
        why: "The sequence of a serial column has rights and a life of its own; an identity \
              column is standard SQL and keeps it inside.",
        fix: "Write bigint GENERATED BY DEFAULT AS IDENTITY.",
    },
);

pub(in crate::rules) static PREFER_ROBUST_STMTS: Rule = linted(
    Code::PreferRobustStmts,
    Row {
        id: "sql/prefer-robust-stmts",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "this cannot run twice, and nothing takes it back when it stops half-way",
        summary: "a statement outside a transaction cannot run again",
        why: "A script that stops half-way has to be run again, and then meets what is already \
              done.",
        fix: "Add IF NOT EXISTS or IF EXISTS, or put the statements into a transaction.",
    },
);

pub(in crate::rules) static PREFER_TEXT_FIELD: Rule = linted(
    Code::PreferTextField,
    Row {
        id: "sql/prefer-text-field",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} has a limit that is hard to change",
        summary: "a column is varchar with a length",
        why: "A longer limit needs a lock, a shorter one a rewrite; as a CHECK constraint the \
              limit can be changed without either.",
        fix: "Make it text, with a CHECK on its length where a limit is needed.",
    },
);

pub(in crate::rules) static PREFER_TIMESTAMP_TZ: Rule = linted(
    Code::PreferTimestampTz,
    Row {
        id: "sql/prefer-timestamp-tz",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} does not say which time zone it means",
        summary: "a timestamp has no time zone",
        why: "The value means another moment for each reader with another time zone.",
        fix: "Make the column timestamptz.",
    },
);

pub(in crate::rules) static REQUIRE_ENUM_VALUE_ORDERING: Rule = linted(
    Code::RequireEnumValueOrdering,
    Row {
        id: "sql/require-enum-value-ordering",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "the new value of {} goes to the end",
        summary: "an enum value is added without saying where",
        why: "Values compare in the order they stand in, and that order cannot be changed later.",
        fix: "Say where, with BEFORE or AFTER.",
    },
);

pub(in crate::rules) static REQUIRE_TABLE_SCHEMA: Rule = linted(
    Code::RequireTableSchema,
    Row {
        id: "sql/require-table-schema",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "{} is named without its schema",
        summary: "a table is named without its schema",
        why: "Which table is meant depends on the search_path of whoever runs the migration.",
        fix: "Write the schema too: public.loans.",
    },
);

pub(in crate::rules) static TRANSACTION_NESTING: Rule = linted(
    Code::TransactionNesting,
    Row {
        id: "sql/transaction-nesting",
        levels: Levels::WARNING,
        scope: Scope::Always,
        message: "transactions do not nest, and one is open here already or none is",
        summary: "BEGIN or COMMIT stands where it does not do what it says",
        why: "A second BEGIN opens nothing, and the first COMMIT ends what the tool opened, so \
              that the rest of the script is no longer safe.",
        fix: "Leave the transaction to the tool, or tell the tool to open none.",
    },
);
