//! Runs one set on a throwaway engine.

use std::panic::resume_unwind;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::output::complain;
use super::shard::Share;
use crate::cache::Cache;
use crate::catalog::SetCatalog;
use crate::cli::Check;
use crate::confine::{self, Policy, Role};
use crate::dryrun::{self, Planned};
use crate::engine::documents::Documents;
use crate::engine::postgres::Postgres;
use crate::engine::sqlite::{self, Clock, Sqlite};
use crate::engine::{Base, Engine, EngineError, SandboxSpec};
use crate::host;
use crate::model::{EngineKind, Position, Rollback, SetEvidence};
use crate::threads;

/// What a run gave: the evidence as far as it came, and why it ended early, if it did.
#[derive(Default)]
pub(super) struct Ran {
    pub(super) evidence: SetEvidence,
    pub(super) ended: Option<EngineError>,
}

/// What the policy says of how migrations are tried.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) rollback: Rollback,
    /// Whether scripts may run on a server that the kernel does not confine.
    pub(super) unconfined: bool,
}

/// Walks the protocol with the judged migrations of a set, those of other shards only as far as
/// what comes after them hangs on it.
pub(super) fn run(
    catalog: &SetCatalog,
    documents: Option<&Documents>,
    (args, share): (&Check, &Share),
    way: Way,
) -> Ran {
    let mut evidence = SetEvidence::default();
    let ended = attempt(catalog, documents, (args, share), way, &mut evidence).err();
    Ran { evidence, ended }
}

fn attempt(
    catalog: &SetCatalog,
    documents: Option<&Documents>,
    (args, share): (&Check, &Share),
    way: Way,
    evidence: &mut SetEvidence,
) -> Result<(), EngineError> {
    let order = catalog.run_order(args.all);
    // What comes after the last judged migration cannot change what is seen of it, but it may
    // stand on what the change rewrote.
    let last = order.iter().rposition(|(_, position)| *position == Position::Judged);
    let length = match last {
        _ if catalog.rewrites_history() => order.len(),
        last => last.map_or(0, |last| last + 1),
    };
    let plan: Vec<Planned<'_>> = order
        .into_iter()
        .take(length)
        .map(|(entry, position)| Planned {
            migration: &entry.migration,
            position,
            tried: share.tells(&catalog.info.name, Some(&entry.migration.id)),
            depends_on: entry.depends_on(),
        })
        .collect();
    walk(catalog, documents, args, &plan, way, evidence)?;
    if catalog.rewrites_history() && !evidence.baseline_broken.is_empty() {
        let known = broken_before(catalog, documents, args, way)?;
        let broken = std::mem::take(&mut evidence.baseline_broken);
        (evidence.baseline_broken, evidence.newly_broken) =
            broken.into_iter().partition(|broken| known.contains(&broken.id));
    }
    Ok(())
}

/// The migrations of the base that did not run before the change either.
fn broken_before(
    catalog: &SetCatalog,
    documents: Option<&Documents>,
    args: &Check,
    way: Way,
) -> Result<Vec<String>, EngineError> {
    let merged = catalog.merged.as_deref().unwrap_or_default();
    let plan: Vec<Planned<'_>> = merged
        .iter()
        .map(|migration| Planned {
            migration,
            position: Position::Baseline,
            tried: false,
            depends_on: migration.depends_on.clone(),
        })
        .collect();
    let mut evidence = SetEvidence::default();
    let way = Way { rollback: Rollback::Script, ..way };
    walk(catalog, documents, args, &plan, way, &mut evidence)?;
    Ok(evidence.baseline_broken.into_iter().map(|broken| broken.id).collect())
}

/// Runs a plan on a sandbox of its own.
fn walk(
    catalog: &SetCatalog,
    documents: Option<&Documents>,
    args: &Check,
    plan: &[Planned<'_>],
    way: Way,
    evidence: &mut SetEvidence,
) -> Result<(), EngineError> {
    let spec = SandboxSpec {
        statement_timeout: args.statement_timeout,
        sqlite_foreign_keys: catalog.info.habits.sqlite_foreign_keys,
        engine_version: catalog.info.engine_version.clone(),
        postgres_bin: args.postgres_bin.clone(),
        postgres_url: server(args),
        unconfined: way.unconfined,
    };
    if catalog.info.engine == EngineKind::Sqlite {
        sqlite::bound_memory()?;
    }
    rehearse(catalog, documents, &spec, plan, way.rollback, evidence)
}

/// The server that the user names, to be used instead of a throwaway one.
pub(super) fn server(args: &Check) -> Option<String> {
    args.postgres_url.clone().or_else(|| host::env_text("MIGRATION_GATE_POSTGRES_URL"))
}

/// Runs a plan on a sandbox that is made like this.
pub(super) fn rehearse(
    catalog: &SetCatalog,
    documents: Option<&Documents>,
    spec: &SandboxSpec,
    plan: &[Planned<'_>],
    rollback: Rollback,
    evidence: &mut SetEvidence,
) -> Result<(), EngineError> {
    let total = plan.len();
    let base = Base::new(Cache::of_user(), dryrun::base_steps(plan));
    let mut run = |engine: &dyn Engine, base: Base| {
        let mut progress = super::progress::Progress::new(&catalog.info.name, total);
        progress.show(&format!("starting {}", catalog.info.engine));
        let mut target = engine.sandbox_on(spec, base)?;
        dryrun::run(&mut *target, plan, rollback, catalog.seed.as_ref(), evidence, &mut |id| {
            progress.step(id);
        })
    };
    match (catalog.info.engine, documents) {
        (EngineKind::Sqlite, _) => {
            let policy = Policy::new(Role::Calculation);
            // Started while it may still go where the cache is.
            let base = base.by_courier();
            apart(&catalog.info.name, &policy, |clock| run(&Sqlite::timed_by(clock), base))
        }
        (EngineKind::Postgres, _) => run(&Postgres, base),
        (EngineKind::Documents, Some(documents)) => run(documents, base),
        (kind @ (EngineKind::Mysql | EngineKind::Documents), _) => Err(EngineError::Unavailable {
            what: format!("this version of migration-gate does not run {kind}"),
            way_out: "name the sets to check in migration-gate.toml to leave this one out".into(),
        }),
    }
}

/// How long SQLite may go on after a statement's time, in places where it does not ask.
const GRACE: Duration = Duration::from_secs(30);

/// How often that is looked at.
const POLL: Duration = Duration::from_millis(500);

/// Does SQLite's work on a thread that the kernel keeps from everything else, and ends the program
/// where SQLite does not come back.
fn apart(
    set: &str,
    policy: &Policy,
    work: impl FnOnce(&Clock) -> Result<(), EngineError> + Send,
) -> Result<(), EngineError> {
    /// SQLite's memory is bounded for the whole process: side by side, one set could take what
    /// another one needs, and what is said of them would hang on which was first.
    static ALONE: Mutex<()> = Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let clock = Clock::default();
    let (works, ended) = channel::<()>();
    std::thread::scope(|scope| {
        let worker = threads::builder().spawn_scoped(scope, || {
            // Hung up when the work ends, however it does.
            let _works = works;
            // In addition: SQLite's own bounds hold where the kernel does not know any.
            let _ = confine::enter(policy);
            work(&clock)
        });
        let worker = worker
            .map_err(|error| EngineError::Broken(format!("no thread can be started: {error}")))?;
        while ended.recv_timeout(POLL) == Err(RecvTimeoutError::Timeout) {
            if clock.is_overdue(GRACE) {
                complain(&format!(
                    "SQLite does not come back from a statement of {set} whose time is over\n  \
                     help: make the texts smaller that it compares, by LIKE or instr() for example"
                ));
                host::end(3);
            }
        }
        worker.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}
