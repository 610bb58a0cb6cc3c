//! The registry as sqitch 1.3 makes it in PostgreSQL: `App::Sqitch::Engine::pg`, release 1.1.

/// The release of the registry that is read and written.
pub(super) const RELEASE: &str = "1.1";

/// The tables in the order in which they refer to each other: name and columns.
const TABLES: [(&str, &[&str]); 6] = [
    (
        "releases",
        &[
            "version real PRIMARY KEY",
            "installed_at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "installer_name text NOT NULL",
            "installer_email text NOT NULL",
        ],
    ),
    (
        "projects",
        &[
            "project text PRIMARY KEY",
            "uri text NULL UNIQUE",
            "created_at timestamptz NOT NULL DEFAULT clock_timestamp()",
            "creator_name text NOT NULL",
            "creator_email text NOT NULL",
        ],
    ),
    (
        "changes",
        &[
            "change_id text PRIMARY KEY",
            "script_hash text NULL",
            "change text NOT NULL",
            PROJECT,
            NOTE,
            COMMITTED,
            PLANNED,
            "UNIQUE (project, script_hash)",
        ],
    ),
    (
        "tags",
        &[
            "tag_id text PRIMARY KEY",
            "tag text NOT NULL",
            PROJECT,
            "change_id text NOT NULL REFERENCES changes (change_id) ON UPDATE CASCADE",
            NOTE,
            COMMITTED,
            PLANNED,
            "UNIQUE (project, tag)",
        ],
    ),
    (
        "dependencies",
        &[
            "change_id text NOT NULL REFERENCES changes (change_id) ON UPDATE CASCADE \
             ON DELETE CASCADE",
            "type text NOT NULL",
            "dependency text NOT NULL",
            "dependency_id text NULL REFERENCES changes (change_id) ON UPDATE CASCADE \
             CONSTRAINT dependencies_check CHECK ((type = 'require' AND dependency_id IS NOT \
             NULL) OR (type = 'conflict' AND dependency_id IS NULL))",
            "PRIMARY KEY (change_id, dependency)",
        ],
    ),
    (
        "events",
        &[
            "event text NOT NULL CONSTRAINT events_event_check CHECK (event IN ('deploy', \
             'revert', 'fail', 'merge'))",
            "change_id text NOT NULL",
            "change text NOT NULL",
            PROJECT,
            NOTE,
            "requires text[] NOT NULL DEFAULT '{}'",
            "conflicts text[] NOT NULL DEFAULT '{}'",
            "tags text[] NOT NULL DEFAULT '{}'",
            COMMITTED,
            PLANNED,
            "PRIMARY KEY (change_id, committed_at)",
        ],
    ),
];

const PROJECT: &str = "project text NOT NULL REFERENCES projects (project) ON UPDATE CASCADE";
const NOTE: &str = "note text NOT NULL DEFAULT ''";
const COMMITTED: &str = "committed_at timestamptz NOT NULL DEFAULT clock_timestamp(), \
                         committer_name text NOT NULL, committer_email text NOT NULL";
const PLANNED: &str = "planned_at timestamptz NOT NULL, planner_name text NOT NULL, \
                       planner_email text NOT NULL";

/// What makes the registry in a schema, whose name is written as in SQL.
pub(super) fn create(schema: &str) -> Vec<String> {
    let mut statements = vec![
        format!("CREATE SCHEMA IF NOT EXISTS {schema}"),
        format!("COMMENT ON SCHEMA {schema} IS 'Sqitch database deployment metadata v1.1.'"),
    ];
    for (name, columns) in TABLES {
        let columns = columns.join(", ").replace("REFERENCES ", &format!("REFERENCES {schema}."));
        statements.push(format!("CREATE TABLE {schema}.{name} ({columns})"));
    }
    statements
}
