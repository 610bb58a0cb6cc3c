//! What the tests of plans are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Choice, Plan, PlanInput, Rehearsal, StepFacts, Tried, Wanted, make, select};
use crate::catalog::{Declared, Dependency, Entry, SetCatalog, Touch};
use crate::model::{
    Action, Class, Down, EngineKind, Habits, Kind, LateMigrations, Location, Migration,
    MigrationEvidence, ObjectKey, Operation, Outcome, Program, RepoPath, Script, SetEvidence,
    SetInfo, Snapshot, Span, Step, StepEvidence, TransactionMode, Version, sha256,
};
use crate::runner::Fault;
use crate::runner::state::Left;
use crate::runner::target::Strategy;
use crate::runner::tracking::{Tracked, TrackedState};

/// A migration with this up and an empty down.
pub(super) fn entry(id: &str, up: &str) -> Entry {
    let step = |name: &str, sql: &str| {
        let path = RepoPath::new(&format!("db/{id}.{name}.sql")).unwrap();
        Step::Sql(Script::whole(path, sql.into(), TransactionMode::Wrapped))
    };
    let migration = Migration {
        id: id.into(),
        version: Version::integer("1").unwrap(),
        kind: Kind::Versioned,
        up: step("up", up),
        down: Down::Step(step("down", "")),
        verify: None,
        depends_on: Vec::new(),
        files: Vec::new(),
    };
    let declared = Declared { content: sha256(up.as_bytes()), ..Declared::default() };
    Entry { migration, touch: Touch::NONE, declared }
}

/// A config migration of the schema `app` between two versions.
pub(super) fn config(id: &str, versions: (&str, &str), up: &[Action]) -> Entry {
    let mut entry = entry(id, "");
    let span = Span::new(0, 1);
    let operations = up.iter().map(|action| Operation { span, action: action.clone() }).collect();
    let path = RepoPath::new(&format!("config/{id}.toml")).unwrap();
    entry.migration.up = Step::Program(Arc::new(Program {
        path,
        text: "x".into(),
        span: None,
        migration: id.into(),
        schema: "app".into(),
        from: versions.0.into(),
        to: versions.1.into(),
        targets: Vec::new(),
        operations,
        class: None,
        depends_on: Vec::new(),
    }));
    entry.migration.down = Down::Missing;
    entry
}

/// That migration, needing these.
pub(super) fn needing(entry: Entry, ids: &[&str]) -> Entry {
    let location = Location::file(RepoPath::new("db/manifest.toml").unwrap());
    let mut entry = entry;
    entry.declared.depends_on = ids
        .iter()
        .map(|id| Dependency { id: (*id).to_owned(), location: location.clone() })
        .collect();
    entry
}

/// That migration with a declared class.
pub(super) fn of_class(entry: Entry, class: Class) -> Entry {
    let mut entry = entry;
    let location = entry.migration.location();
    entry.declared.class = Some((class, location));
    entry
}

/// A row of the tracking.
pub(super) fn ran(id: &str) -> Tracked {
    Tracked { id: Some(id.into()), name: id.into(), state: TrackedState::Applied, edited: false }
}

/// A snapshot with these tables.
pub(super) fn tables(names: &[&str]) -> Snapshot {
    let objects = names.iter().map(|name| (ObjectKey::new("table", *name), Default::default()));
    Snapshot { objects: objects.collect() }
}

/// Evidence of ups that ran to their end.
pub(super) fn seen(ids: &[&str]) -> SetEvidence {
    let done = |id: &&str| MigrationEvidence::new(*id, StepEvidence::ended(Outcome::Done));
    SetEvidence { migrations: ids.iter().map(done).collect(), ..SetEvidence::default() }
}

/// A target, and what is known of it.
pub(super) struct Case {
    pub(super) catalog: SetCatalog,
    pub(super) history: Vec<Tracked>,
    pub(super) snapshot: Snapshot,
    pub(super) rows: BTreeMap<String, u64>,
    pub(super) facts: BTreeMap<String, StepFacts>,
    pub(super) free_bytes: Option<u64>,
    pub(super) left: Option<Left>,
    pub(super) rolled_back: BTreeSet<String>,
    pub(super) evidence: Option<SetEvidence>,
    pub(super) agreed: Option<Plan>,
    pub(super) choices: Vec<Choice>,
}

impl Case {
    /// A target on which nothing has run, with rows of other tables.
    pub(super) fn of(engine: EngineKind, entries: Vec<Entry>) -> Self {
        let info = SetInfo {
            name: "shop".into(),
            path: RepoPath::new("db").unwrap(),
            layout: "sqlx",
            engine,
            habits: Habits {
                verifies_checksums: true,
                late: LateMigrations::Applied,
                planned: false,
                sqlite_foreign_keys: true,
            },
            assumed: Vec::new(),
            configured: true,
            engine_version: None,
        };
        let fact = |entry: &Entry| {
            let strategy = Some(Strategy::Backup);
            let known = StepFacts { strategy, checkpoint_bytes: Some(100), ..StepFacts::default() };
            (entry.migration.id.clone(), known)
        };
        Self {
            facts: entries.iter().map(fact).collect(),
            catalog: SetCatalog::of(info, entries),
            history: Vec::new(),
            snapshot: Snapshot::default(),
            // A target that lives.
            rows: BTreeMap::from([("public.others".to_owned(), 1)]),
            free_bytes: Some(1 << 30),
            left: None,
            rolled_back: BTreeSet::new(),
            evidence: None,
            agreed: None,
            choices: Vec::new(),
        }
    }

    /// With these migrations on the target already.
    pub(super) fn after(mut self, ids: &[&str]) -> Self {
        self.history = ids.iter().map(|id| ran(id)).collect();
        self
    }

    /// With every migration tried on a copy of the target's documents.
    pub(super) fn tried(mut self) -> Self {
        self.facts.values_mut().for_each(|facts| facts.tried = Tried::Ran);
        self
    }

    /// With what somebody chose.
    pub(super) fn choosing(mut self, choice: &str) -> Self {
        self.choices.push(Choice::parse(choice).unwrap());
        self
    }

    /// What is queued, as `id why`.
    pub(super) fn queue(&self, wanted: &Wanted<'_>) -> Result<Vec<String>, Vec<Fault>> {
        let queue = select(&self.catalog, &self.history, wanted)?;
        Ok(queue.iter().map(|one| format!("{} {:?}", one.entry.migration.id, one.why)).collect())
    }

    /// The plan of everything that is wanted.
    pub(super) fn plan_of(&self, wanted: &Wanted<'_>) -> Plan {
        let queue = select(&self.catalog, &self.history, wanted).unwrap();
        let rehearsal = match &self.evidence {
            Some(evidence) => Rehearsal::Seen(evidence),
            None => Rehearsal::NotDone("--no-rehearsal was given"),
        };
        make(&PlanInput {
            catalog: &self.catalog,
            queue: &queue,
            history: &self.history,
            target: "production",
            place: "postgres://db.example.org:5432/shop",
            production: true,
            snapshot: &self.snapshot,
            rows: &self.rows,
            facts: &self.facts,
            free_bytes: self.free_bytes,
            left: self.left.as_ref(),
            rolled_back: &self.rolled_back,
            rehearsal,
            agreed: self.agreed.as_ref(),
            stale: &[],
            choices: &self.choices,
        })
    }

    /// The plan of everything that is pending.
    pub(super) fn plan(&self) -> Plan {
        self.plan_of(&Wanted::default())
    }
}

/// A plan with something of everything, for those who show plans.
pub(crate) fn sample() -> Plan {
    use crate::model::{LockMode, LockTaken, StatementTrace};
    let rename = "ALTER TABLE users RENAME COLUMN name TO full_name;";
    let drop = "-- old\nALTER TABLE users DROP COLUMN legacy;\nCREATE INDEX i ON users (email);";
    let entries = vec![
        entry("1_users", "CREATE TABLE users (id int)"),
        entry("2_emails", "ALTER TABLE users ALTER COLUMN email TYPE text; UPDATE users SET a = 1"),
        needing(of_class(entry("3_drop", drop), Class::PostDeploy), &["2_emails"]),
        entry("4_names", rename),
        entry("5_again", "ALTER TABLE users ALTER COLUMN email TYPE varchar"),
    ];
    let mut case = Case::of(EngineKind::Postgres, entries).after(&["1_users"]);
    case.rows.insert("public.users".into(), 1_204_331);
    case.catalog.entries[2].declared.absent =
        needing(entry("x", ""), &["0_extras"]).declared.depends_on;
    let mut evidence = seen(&["2_emails", "3_drop", "5_again"]);
    evidence.migrations[1].down = Some(StepEvidence::ended(Outcome::Done));
    let path = RepoPath::new("db/3_drop.up.sql").unwrap();
    evidence.migrations[1].trace = vec![StatementTrace {
        location: Location::at(path, Span::new(7, 44)),
        locks: vec![LockTaken {
            relation: "public.users".into(),
            mode: LockMode::AccessExclusive,
            held_for: 1,
        }],
        rewrites: vec!["public.users".into()],
        scans: Vec::new(),
    }];
    case.evidence = Some(evidence);
    case.left =
        Some(Left { tracking: super::tracking(&case.history), fingerprint: "0".into(), ran: 0 });
    case.facts.get_mut("4_names").unwrap().strategy = Some(Strategy::Transaction);
    case.plan()
}
