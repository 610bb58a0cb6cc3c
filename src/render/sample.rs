//! The one report that every format is judged by, and a hostile one.

use super::sample_waived::{acceptance, waived};
use crate::model::{
    Acceptance, Class, ComparisonReport, Difference, DifferenceKind, Direction, EngineKind,
    Evidenced, Finding, Identity, Inconclusive, Level, Location, MigrationReport, ObjectKey,
    PolicyIdentity, RepoPath, Report, SchemaChange, SchemaReport, SetReport, Side, SnapshotDiff,
    Span,
};
use crate::report::{Assembly, SourceMap, assemble};

const FOLDER: &str = "db/migrations";
const DROP_DOWN: &str = "-- bring the table back\n\nCREATE TABLE notes (id INTEGER);\n";
const VIEW: &str = "CREATE VIEW open_orders AS SELECT orders.id, orders.total, orders.placed_at, \
                    customers.name FROM orders JOIN customers ON customers.id = orders.customer";

pub(crate) fn path(text: &str) -> RepoPath {
    RepoPath::new(text).unwrap()
}

/// A finding about a file of the sample's folder, with the place where `needle` stands in it.
pub(crate) fn finding(
    rule: &'static str,
    level: Level,
    file: &str,
    needle: Option<&str>,
) -> Finding {
    let path = path(&format!("{FOLDER}/{file}"));
    let location = match (needle, sources().get(&path)) {
        (Some(needle), Some(text)) => {
            let start = text.find(needle).unwrap();
            Location::at(path, Span::new(start, start + needle.len()))
        }
        _ => Location::file(path),
    };
    let id = file.split('.').next().unwrap();
    Finding {
        rule,
        level,
        set: "shop".into(),
        migration: Some(id.into()),
        schema: None,
        location,
        also: Vec::new(),
        message: "Something is wrong.".into(),
        evidenced: Evidenced::Static,
        diff: SnapshotDiff::default(),
        details: Vec::new(),
        help: None,
        side: Side::Change,
    }
}

/// The texts that the findings point into.
pub(crate) fn sources() -> SourceMap {
    let mut sources = SourceMap::new();
    let mut add = |file: &str, text: String| {
        sources.insert(path(&format!("{FOLDER}/{file}")), text);
    };
    add("0005_add_email.sql", "\tALTER TABLE users\r\n\tADD COLUMN email TEXT;\r\n".into());
    add("0006_drop_notes.sql", "DROP TABLE notes;\n".into());
    add("0006_drop_notes.down.sql", DROP_DOWN.into());
    let mut long: String =
        (1..=1200).map(|i| format!("INSERT INTO rates VALUES ({i});\n")).collect();
    long.push_str("-- größte Preise: 表\n");
    long.push_str("ALTER TABLE größen ADD CHECK (wert > 0), ADD preis INTEGER NOT NULL;\n");
    long.push_str(&"SELECT 1;\n".repeat(40));
    add("0007_rates.sql", long);
    let columns: String = (1..=40).map(|i| format!("c{i:02} INT, ")).collect();
    add("0008_wide.sql", format!("CREATE TABLE wide ({columns}bad SERIAL, z INT);"));
    add("0009_function.sql", "CREATE TABLE calls (\n  id INTEGER,\n  at TEXT,\n  by TEXT,\n  to_whom TEXT,\n  length INTEGER\n);".into());
    add("0003_old.sql", String::new());
    sources
}

fn difference(
    kind: DifferenceKind,
    object: (&str, &str),
    attribute: Option<&str>,
    values: (Option<&str>, Option<&str>),
) -> Difference {
    Difference {
        kind,
        object: ObjectKey::new(object.0, object.1),
        attribute: attribute.map(str::to_owned),
        expected: values.0.map(str::to_owned),
        found: values.1.map(str::to_owned),
        dependents: 0,
        note: false,
    }
}

/// Every kind of row.
fn diff() -> SnapshotDiff {
    use DifferenceKind::{Changed, Left, Lost};
    let changed_view = format!("{VIEW} WHERE orders.open");
    let mut differences = vec![
        difference(Lost, ("column", "notes.body"), None, (Some("type TEXT, not null"), None)),
        difference(
            Changed,
            ("column", "notes.id"),
            Some("type"),
            (Some("BIGINT"), Some("INTEGER")),
        ),
        difference(Changed, ("column", "notes.id"), Some("default"), (Some("0"), None)),
        difference(
            Changed,
            ("view", "open_orders"),
            Some("definition"),
            (Some(VIEW), Some(&changed_view)),
        ),
        Difference {
            dependents: 3,
            ..difference(Left, ("table", "notes_old"), None, (None, Some("strict")))
        },
        Difference {
            note: true,
            ..difference(Changed, ("column", "notes.at"), Some("position"), (Some("3"), Some("2")))
        },
    ];
    differences.extend((1..=9).map(|i| {
        difference(Lost, ("index", &format!("notes_{i}")), None, (Some("columns body"), None))
    }));
    SnapshotDiff { differences }
}

fn judged(id: &str, steps: &[(&'static str, &'static str)]) -> MigrationReport {
    MigrationReport {
        id: id.into(),
        path: path(&format!("{FOLDER}/{id}.sql")),
        class: Class::Online,
        class_declared: true,
        depends_on: Vec::new(),
        trace: Vec::new(),
        steps: steps.iter().map(|(name, word)| (*name, *word, Evidenced::Proved)).collect(),
    }
}

fn set(migrations: Vec<MigrationReport>) -> SetReport {
    SetReport {
        name: "shop".into(),
        path: path(FOLDER),
        layout: "sqlx".into(),
        engine: EngineKind::Sqlite,
        ran_on: Some("SQLite 3.50.2".into()),
        assumed: Vec::new(),
        total: 4 + migrations.len(),
        baseline_applied: 4,
        judged_applied: migrations.len(),
        schemas: Vec::new(),
        migrations,
    }
}

const OK: &str = MigrationReport::OK;
const NOT_RUN: &str = MigrationReport::NOT_RUN;

fn sets() -> Vec<SetReport> {
    let clean = [("up", OK), ("again", NOT_RUN), ("down", OK), ("up", OK)];
    let left = [("up", OK), ("again", NOT_RUN), ("down", "differs"), ("up", NOT_RUN)];
    let failed = [("up", "fails"), ("again", NOT_RUN), ("down", NOT_RUN), ("up", NOT_RUN)];
    let foreign = [("up", MigrationReport::CANNOT_RUN)];
    let mut drop = judged("0006_drop_notes", &left);
    drop.class = Class::PostDeploy;
    drop.class_declared = false;
    let mut shop = set(vec![
        judged("0005_add_email", &clean),
        drop,
        judged("0007_rates", &failed),
        judged("0008_wide", &clean),
        judged("0009_function", &foreign),
    ]);
    shop.migrations[0].depends_on = vec!["0003_old".into()];
    shop.migrations[2].depends_on = vec!["0005_add_email".into(), "0006_drop_notes".into()];
    shop.migrations[3].depends_on = vec!["0005_add_email".into()];
    shop.judged_applied = 3;
    shop.assumed = vec!["engine sqlite, because sqlx.toml names it".into()];
    let mut billing = set(Vec::new());
    billing.name = "billing".into();
    billing.path = path("billing/migrations");
    billing.engine = EngineKind::Postgres;
    billing.ran_on = None;
    billing.total = 12;
    vec![shop, billing]
}

fn findings() -> Vec<Finding> {
    let trace = Finding {
        message: "After down, the schema is not the one from before up.".into(),
        evidenced: Evidenced::Proved,
        diff: diff(),
        details: vec!["notes held 3 rows before up and holds none after down".into()],
        help: Some("Let the down script create notes.body, or declare that notes stays.".into()),
        migration: Some("0006_drop_notes".into()),
        ..finding(
            "rollback/leaves-trace",
            Level::Error,
            "0006_drop_notes.down.sql",
            Some("CREATE TABLE notes (id INTEGER);"),
        )
    };
    let fails = Finding {
        message: "up fails: Cannot add a NOT NULL column with default value NULL".into(),
        evidenced: Evidenced::Proved,
        details: vec!["SQLITE_ERROR\nsecond line of the engine".into()],
        help: Some("Give the column a default.".into()),
        ..finding("dryrun/up-fails", Level::Error, "0007_rates.sql", Some("preis INTEGER NOT NULL"))
    };
    let crlf = Finding {
        message: "The column has no length.".into(),
        ..finding("sql/text-column", Level::Note, "0005_add_email.sql", Some("email TEXT"))
    };
    let wide = Finding {
        message: "SERIAL is not a type of SQLite.".into(),
        evidenced: Evidenced::Traced,
        ..finding("sql/unknown-type", Level::Warning, "0008_wide.sql", Some("bad SERIAL"))
    };
    let block = Finding {
        message: "The table has no primary key.".into(),
        ..finding(
            "sql/no-primary-key",
            Level::Warning,
            "0009_function.sql",
            Some(
                "CREATE TABLE calls (\n  id INTEGER,\n  at TEXT,\n  by TEXT,\n  to_whom TEXT,\n  length INTEGER\n);",
            ),
        )
    };
    let mut past = finding("sql/no-newline", Level::Note, "0008_wide.sql", None);
    past.message = "The file does not end in a newline.".into();
    past.location.span = Some(Span::new(900, 2000));
    let mut empty = finding("manifest/missing-class", Level::Error, "0003_old.sql", None);
    empty.message = "The file is empty.".into();
    empty.migration = None;
    empty.location.span = Some(Span::new(0, 0));
    let mut old = finding("rollback/missing", Level::Error, "0002_old.sql", None);
    old.side = Side::Baseline;
    old.message = "There is no down.".into();
    let off = finding("history/gap", Level::Off, "0009_function.sql", None);
    vec![off, old, past, block, wide, crlf, fails, trace.clone(), trace, empty]
}

/// What the sample is assembled from.
pub(crate) fn parts() -> Assembly {
    Assembly {
        base: Some("a1b2c3d4e5f6 (merge base with origin/main)".into()),
        head: "0f1e2d3c4b5a (--head HEAD)".into(),
        identity: Identity {
            base_commit: Some("a1b2c3d4e5f60718293a4b5c6d7e8f9001122334".into()),
            head_commit: Some("0f1e2d3c4b5a69788796a5b4c3d2e1f009182736".into()),
            policy: PolicyIdentity {
                path: path("migration-gate.toml"),
                of_base: true,
                sha256: Some("5d".repeat(32)),
            },
        },
        all: false,
        sets: sets(),
        findings: findings(),
        inconclusive: vec![Inconclusive {
            set: "shop".into(),
            migration: Some("0009_function".into()),
            path: path("db/migrations/0009_function.sql"),
            reason: "It calls the function app_now, which the application defines.".into(),
            way_out: "Define it in the set's seed, or accept this under [policy.accept].".into(),
        }],
        notices: vec!["2 files changed outside of every set".into()],
        ..Assembly::default()
    }
}

/// A report that blocks, with every case in it.
pub(crate) fn blocked() -> Report {
    assemble(parts())
}

/// The same, with the baseline judged too.
pub(crate) fn everything() -> Report {
    assemble(Assembly { all: true, base: None, ..parts() })
}

/// A report without errors where something could not be told.
pub(crate) fn inconclusive() -> Report {
    let mut parts = parts();
    parts.findings.retain(|finding| finding.level != Level::Error);
    for set in &mut parts.sets {
        set.migrations.retain(|one| one.id != "0006_drop_notes" && one.id != "0007_rates");
        set.judged_applied = set.migrations.len().saturating_sub(1);
    }
    assemble(parts)
}

/// A clean report.
pub(crate) fn passed() -> Report {
    let clean = [("up", OK), ("again", OK), ("down", OK), ("up", OK)];
    assemble(Assembly {
        base: Some("origin/main".into()),
        head: "0a1b2c3".into(),
        sets: vec![set(vec![judged("0005_add_email", &clean)])],
        ..Assembly::default()
    })
}

/// A change that touches no migration.
pub(crate) fn untouched() -> Report {
    assemble(Assembly {
        base: Some("origin/main".into()),
        head: "0a1b2c3".into(),
        ..Assembly::default()
    })
}

/// Every sample by name.
pub(crate) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("blocked", blocked()),
        ("everything", everything()),
        ("inconclusive", inconclusive()),
        ("passed", passed()),
        ("untouched", untouched()),
        ("waived", waived()),
        ("hostile", hostile().0),
    ]
}

/// What an attacker would write wherever the gate reads text.
pub(crate) const ATTACK: &str = "\u{1b}[31m\u{9b}2J\u{202e}\u{200b}::error::x\r\n::set-output name=a::b\n\
    ##[add-mask]a @team #12 GH-12 <img src=x onerror=a> <!-- migration-gate --> </details> | a|b \\| `a` ```` ~~~ \
    [l](https://evil.example) ![i](//evil.example) www.evil.example :tada: deadbeef1 &lt; \
    javascript:alert(1) <https://evil.example> [x]: y\n# head\n- list\n> quote\n    ===";

/// A report in which every text is an attack.
pub(crate) fn hostile() -> (Report, SourceMap) {
    let path = RepoPath::from_git(format!("db/{ATTACK}.sql").as_bytes()).0;
    let mut sources = SourceMap::new();
    sources.insert(path.clone(), format!("{ATTACK}\n```\n{ATTACK}"));
    let object = (ATTACK, ATTACK);
    let differences = vec![
        difference(DifferenceKind::Left, object, None, (None, Some(ATTACK))),
        difference(DifferenceKind::Lost, object, None, (Some(ATTACK), None)),
        difference(DifferenceKind::Changed, object, Some(ATTACK), (Some(ATTACK), Some("`"))),
    ];
    let of = |level, start| Finding {
        rule: "dryrun/up-fails",
        level,
        set: ATTACK.into(),
        migration: Some(ATTACK.into()),
        schema: Some(ATTACK.into()),
        location: Location::at(path.clone(), Span::new(start, start + 9)),
        also: vec![Location::at(path.clone(), Span::new(0, 3))],
        message: ATTACK.into(),
        evidenced: Evidenced::Proved,
        diff: SnapshotDiff { differences: differences.clone() },
        details: vec![ATTACK.into(), "::error::".into()],
        help: Some(ATTACK.into()),
        side: Side::Change,
    };
    let mut migration = judged(ATTACK, &[("up", OK)]);
    migration.path = path.clone();
    let mut set = set(vec![migration]);
    set.name = ATTACK.into();
    set.schemas = vec![SchemaReport {
        name: ATTACK.into(),
        path: path.clone(),
        change: SchemaChange::Modified,
        comparisons: vec![ComparisonReport {
            direction: Direction::Backward,
            against: ATTACK.into(),
            verdict: ComparisonReport::BREAKING,
            evidenced: Evidenced::Proved,
        }],
        governed: 2,
        validated: true,
        invalid: 1,
        mended: 0,
    }];
    set.path = path.clone();
    set.layout = ATTACK.into();
    set.ran_on = Some(ATTACK.into());
    set.assumed = vec![ATTACK.into()];
    let mut untouched = set.clone();
    untouched.name = format!("z{ATTACK}");
    untouched.migrations.clear();
    untouched.schemas.clear();
    let inconclusive = Inconclusive {
        set: ATTACK.into(),
        migration: Some(ATTACK.into()),
        path: path.clone(),
        reason: ATTACK.into(),
        way_out: ATTACK.into(),
    };
    let report = assemble(Assembly {
        base: Some(ATTACK.into()),
        head: ATTACK.into(),
        all: false,
        sets: vec![set, untouched],
        findings: vec![of(Level::Error, 0), of(Level::Warning, 90), of(Level::Note, 30)],
        inconclusive: vec![inconclusive],
        notices: vec![ATTACK.into(), "::stop-commands::x".into()],
        acceptances: vec![Acceptance {
            set: ATTACK.into(),
            place: Some((path, Some(Span::new(30, 31)))),
            reason: ATTACK.into(),
            owner: ATTACK.into(),
            ..acceptance("dryrun/up-fails", ATTACK)
        }],
        ..Assembly::default()
    });
    (report, sources)
}
