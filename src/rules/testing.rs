//! What the rules' own tests are made of.

use crate::catalog::{Declared, Entry, Touch};
use crate::model::{
    Down, EngineKind, Habits, Kind, LateMigrations, Migration, Moment, RepoPath, Rollout, Script,
    SetInfo, Step, TransactionMode, Version,
};
use crate::rules::Terms;

/// A set that nobody has configured.
pub(super) fn info(engine: EngineKind) -> SetInfo {
    SetInfo {
        name: "library".into(),
        path: RepoPath::new("migrations").unwrap(),
        layout: "sqlx",
        engine,
        habits: Habits {
            verifies_checksums: false,
            late: LateMigrations::Applied,
            planned: false,
            sqlite_foreign_keys: true,
        },
        assumed: Vec::new(),
        configured: false,
        engine_version: None,
    }
}

/// A migration of that number with nothing declared; `added` says whether the change brings it.
pub(super) fn entry(
    number: usize,
    up: &str,
    down: &str,
    added: bool,
    transaction: TransactionMode,
) -> Entry {
    let step = |name: &str, sql: &str| {
        let path = RepoPath::new(&format!("{number}.{name}.sql")).unwrap();
        Step::Sql(Script::whole(path, sql.into(), transaction))
    };
    let migration = Migration {
        id: number.to_string(),
        version: Version::integer(&number.to_string()).unwrap(),
        kind: Kind::Versioned,
        up: step("up", up),
        down: Down::Step(step("down", down)),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
    };
    Entry { migration, touch: Touch { added, ..Touch::NONE }, declared: Declared::default() }
}

/// A policy that asks nothing.
pub(super) fn terms() -> Terms {
    Terms {
        rollout: Rollout::default(),
        moment: Moment::day(jiff::Timestamp::UNIX_EPOCH),
        approved_by: Vec::new(),
        inline_allow: Vec::new(),
        waivers: Vec::new(),
        waiver_days: 0,
    }
}
