//! Rules of the linter about locks: who has to wait, and for how long.

use squawk_linter::Rule as Code;

use super::lint::{Row, Scope, linted};
use crate::model::Levels;
use crate::rules::Rule;

pub(in crate::rules) static ADDING_FIELD_WITH_DEFAULT: Rule = linted(
    Code::AddingFieldWithDefault,
    Row {
        id: "sql/adding-field-with-default",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "{} is filled in every row while nobody can use the table",
        summary: "a new column writes a whole table anew",
        why: "A default that is computed for each row, or a stored generated column, rewrites \
              the table under an ACCESS EXCLUSIVE lock; a constant default does not since \
              PostgreSQL 11: https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Add the column without the default, set the default for new rows, and fill the old \
              rows in batches.",
    },
);

pub(in crate::rules) static ADDING_FOREIGN_KEY_CONSTRAINT: Rule = linted(
    Code::AddingForeignKeyConstraint,
    Row {
        id: "sql/adding-foreign-key-constraint",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "writes to {} and to the table it refers to wait while all rows are checked",
        summary: "a foreign key is checked against all rows while both tables are locked",
        why: "It takes a SHARE ROW EXCLUSIVE lock on both tables and looks up every row: \
              https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Add it with NOT VALID, and VALIDATE CONSTRAINT in the next migration.",
    },
);

// A note: it fires on every fifth change of some real histories, and most tables are read in no time.
pub(in crate::rules) static ADDING_NOT_NULLABLE_FIELD: Rule = linted(
    Code::AddingNotNullableField,
    Row {
        id: "sql/adding-not-nullable-field",
        levels: Levels::NOTE,
        scope: Scope::Standing,
        message: "nobody can use the table while every row is checked for NULL: {}",
        summary: "SET NOT NULL reads a whole table under a full lock",
        why: "It holds an ACCESS EXCLUSIVE lock while it looks for NULL, unless a valid CHECK \
              constraint already says that there is none: \
              https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE it in the next migration, then \
              SET NOT NULL.",
    },
);

pub(in crate::rules) static ADDING_REQUIRED_FIELD: Rule = linted(
    Code::AddingRequiredField,
    Row {
        id: "sql/adding-required-field",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "{} must not be NULL and has no default, which fails as soon as there are rows",
        summary: "a new column is required but has no default",
        why: "PostgreSQL refuses it on a table with rows, and code that does not know the column \
              yet cannot insert any more.",
        fix: "Give it a default, or add it without NOT NULL, fill it, and require it later.",
    },
);

pub(in crate::rules) static ADDING_SERIAL_PRIMARY_KEY_FIELD: Rule = linted(
    Code::AddingSerialPrimaryKeyField,
    Row {
        id: "sql/adding-serial-primary-key-field",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "nobody can use the table while its primary key is built: {}",
        summary: "a primary key is built under a full lock",
        why: "The index is built, and every row checked for NULL, under an ACCESS EXCLUSIVE \
              lock: https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Build a unique index CONCURRENTLY first, then ADD PRIMARY KEY USING INDEX.",
    },
);

pub(in crate::rules) static BAN_ALTER_DOMAIN_WITH_ADD_CONSTRAINT: Rule = linted(
    Code::BanAlterDomainWithAddConstraint,
    Row {
        id: "sql/ban-alter-domain-with-add-constraint",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "every table with a column of {} is read under a lock",
        summary: "a constraint is added to a domain",
        why: "Every column of the domain is checked, in all tables, under locks: \
              https://www.postgresql.org/docs/current/sql-alterdomain.html.",
        fix: "Constrain the columns of single tables, with NOT VALID.",
    },
);

pub(in crate::rules) static CHANGING_COLUMN_TYPE: Rule = linted(
    Code::ChangingColumnType,
    Row {
        id: "sql/changing-column-type",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "{} gets another type, which may write the table anew while nobody can use it",
        summary: "a column of a table in use gets another type",
        why: "Most changes of type rewrite the table and its indexes under an ACCESS EXCLUSIVE \
              lock, and code that runs meanwhile expects the old type: \
              https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Add a column of the new type, write both, fill the old rows in batches, and drop \
              the old column later.",
    },
);

pub(in crate::rules) static CONSTRAINT_MISSING_NOT_VALID: Rule = linted(
    Code::ConstraintMissingNotValid,
    Row {
        id: "sql/constraint-missing-not-valid",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "{} is read from end to end under a lock to check this constraint",
        summary: "a constraint is checked against all rows under a lock",
        why: "Adding a constraint reads the whole table while writers, for most constraints \
              readers too, wait: https://www.postgresql.org/docs/current/sql-altertable.html. \
              With NOT VALID only new rows are checked, at once; VALIDATE CONSTRAINT checks the \
              old ones later under a weak lock.",
        fix: "Add it with NOT VALID, and VALIDATE CONSTRAINT in the next migration.",
    },
);

pub(in crate::rules) static DISALLOWED_UNIQUE_CONSTRAINT: Rule = linted(
    Code::DisallowedUniqueConstraint,
    Row {
        id: "sql/disallowed-unique-constraint",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "nobody can use the table while this unique index is built: {}",
        summary: "a unique constraint builds its index under a full lock",
        why: "ADD UNIQUE takes an ACCESS EXCLUSIVE lock until the index stands: \
              https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Build a unique index CONCURRENTLY first, then ADD CONSTRAINT … UNIQUE USING INDEX.",
    },
);

pub(in crate::rules) static PREFER_REPACK: Rule = linted(
    Code::PreferRepack,
    Row {
        id: "sql/prefer-repack",
        levels: Levels::TASTE,
        scope: Scope::Standing,
        message: "{} is written anew while nobody can use it, which REPACK avoids",
        summary: "a table is written anew without REPACK",
        why: "From PostgreSQL 19 on REPACK (CONCURRENTLY) does what VACUUM FULL and CLUSTER do \
              without keeping others out. Only sets with that engine-version are judged.",
        fix: "Write REPACK (CONCURRENTLY) instead.",
    },
);

pub(in crate::rules) static REQUIRE_CONCURRENT_INDEX_CREATION: Rule = linted(
    Code::RequireConcurrentIndexCreation,
    Row {
        id: "sql/require-concurrent-index-creation",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "writes to {} wait until this index is built",
        summary: "an index is built on a table in use while writes wait",
        why: "CREATE INDEX takes a SHARE lock until the index stands: \
              https://www.postgresql.org/docs/current/explicit-locking.html. On a large table \
              that is minutes in which nothing can be inserted, updated or deleted.",
        fix: "Write CREATE INDEX CONCURRENTLY in a migration of its own that runs outside a \
              transaction.",
    },
);

pub(in crate::rules) static REQUIRE_CONCURRENT_INDEX_DELETION: Rule = linted(
    Code::RequireConcurrentIndexDeletion,
    Row {
        id: "sql/require-concurrent-index-deletion",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "dropping this index shuts everybody out of its table: {}",
        summary: "an index of a table in use is dropped under a full lock",
        why: "DROP INDEX takes an ACCESS EXCLUSIVE lock on the table and waits for every running \
              query first; all others queue behind it: \
              https://www.postgresql.org/docs/current/explicit-locking.html.",
        fix: "Write DROP INDEX CONCURRENTLY in a migration of its own that runs outside a \
              transaction.",
    },
);

pub(in crate::rules) static REQUIRE_CONCURRENT_PARTITION_DETACH: Rule = linted(
    Code::RequireConcurrentPartitionDetach,
    Row {
        id: "sql/require-concurrent-partition-detach",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "detaching this partition shuts everybody out of {}",
        summary: "a partition is detached under a full lock",
        why: "DETACH PARTITION takes an ACCESS EXCLUSIVE lock on the parent: \
              https://www.postgresql.org/docs/current/sql-altertable.html.",
        fix: "Write DETACH PARTITION … CONCURRENTLY in a migration of its own that runs outside \
              a transaction (PostgreSQL 14 and later).",
    },
);

pub(in crate::rules) static REQUIRE_CONCURRENT_REINDEX: Rule = linted(
    Code::RequireConcurrentReindex,
    Row {
        id: "sql/require-concurrent-reindex",
        levels: Levels::WARNING,
        scope: Scope::Standing,
        message: "writes to {} wait until the index is built anew",
        summary: "an index is built anew while its table is locked",
        why: "REINDEX keeps writers out of the table, and readers who need the index: \
              https://www.postgresql.org/docs/current/sql-reindex.html.",
        fix: "Write REINDEX CONCURRENTLY in a migration of its own that runs outside a \
              transaction.",
    },
);

pub(in crate::rules) static REQUIRE_LOCK_TIMEOUT: Rule = linted(
    Code::RequireLockTimeout,
    Row {
        id: "sql/require-lock-timeout",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "no lock_timeout is set before {} is changed",
        summary: "a statement may wait for its lock without end",
        why: "While a statement waits for a strong lock, everything that comes after it waits as \
              well, even plain reads.",
        fix: "Put SET lock_timeout = '5s' before it, and try again when it fails.",
    },
);

pub(in crate::rules) static REQUIRE_STATEMENT_TIMEOUT: Rule = linted(
    Code::RequireStatementTimeout,
    Row {
        id: "sql/require-statement-timeout",
        levels: Levels::TASTE,
        scope: Scope::Up,
        message: "no statement_timeout is set before {} is changed",
        summary: "a statement may run without end",
        why: "A statement that takes far longer than on the author's machine holds its locks all \
              that time.",
        fix: "Put SET statement_timeout = '60s' before it.",
    },
);
