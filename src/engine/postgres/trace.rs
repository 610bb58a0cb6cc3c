//! What a script is seen to do while it runs: locks, tables written anew, tables read from end to
//! end.
//!
//! PostgreSQL keeps a transaction's locks until its end, so a look at `pg_locks` after each
//! statement misses none, and what a statement wrote or read it has locked. A look never changes
//! what the script does: it takes no lock on a relation of the script, goes over the simple
//! protocol (a script may throw prepared statements away), names everything by its schema (a
//! script may set any search path), and stands behind a savepoint. Should a look fail, nothing more
//! is told of that script.
//!
//! A statement that cannot run inside a transaction leaves no locks to look at; of those only the
//! tables written anew are told.

use std::collections::{BTreeMap, BTreeSet};

use postgres::SimpleQueryRow;

use super::plan::{Plan, fits_a_transaction};
use super::session::Ended;
use super::target::Sandbox;
use crate::model::{Location, LockMode, LockTaken, Script, StatementTrace};
use crate::sql::{Statement, TransactionControl, transaction_control};

/// Every relation of the schema that holds or shows rows, and every index.
const RELATIONS: &str = "SELECT c.oid, c.relfilenode, \
    pg_catalog.pg_stat_get_xact_numscans(c.oid), c.relkind, i.indrelid, \
    pg_catalog.concat(pg_catalog.quote_ident(n.nspname), '.', pg_catalog.quote_ident(c.relname)) \
    FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace \
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid \
    WHERE c.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid";

/// The relations that are locked by this connection, once for each mode, and still there.
const LOCKED: &str = "SELECT c.oid, c.relfilenode, \
    pg_catalog.pg_stat_get_xact_numscans(c.oid), l.mode \
    FROM pg_catalog.pg_locks l \
    JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) l.relation \
    WHERE l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() \
    AND c.oid OPERATOR(pg_catalog.>=) '16384'::pg_catalog.oid";

const SAVEPOINT: &str = "SAVEPOINT migration_gate_trace";
const RELEASE: &str = "RELEASE SAVEPOINT migration_gate_trace";

/// A relation that stood before the script.
struct Relation {
    name: String,
    is_index: bool,
    /// The table of an index.
    table: Option<u32>,
}

/// A lock that is held.
struct Held {
    oid: u32,
    mode: LockMode,
    /// Where it is told: the statement and the place in its list.
    told: (usize, usize),
}

/// What one row of a look tells.
struct Seen {
    oid: u32,
    file: u32,
    scans: u64,
}

/// Looks on while one script runs.
#[derive(Default)]
pub(super) struct Tracer {
    /// The relations that stood before; `None` until the first transaction is open.
    known: Option<BTreeMap<u32, Relation>>,
    files: BTreeMap<u32, u32>,
    scans: BTreeMap<u32, u64>,
    inside: bool,
    held: Vec<Held>,
    told: Vec<StatementTrace>,
    over: bool,
}

impl Tracer {
    /// A look at this script; none where looking could be noticed: no statement may come before
    /// those that say how the transaction behaves, and a block of many statements outside a
    /// transaction may open and close one unseen.
    pub(super) fn new(script: &Script, plan: &Plan) -> Self {
        let sets = |statement: &Statement| {
            let text = &script.text[statement.span.start..statement.span.end];
            statement.starts_with(&["SET"]) && text.to_lowercase().contains("transaction")
        };
        let chains = |statement: &Statement| {
            transaction_control(statement).is_some() && statement.words.iter().any(|w| w == "CHAIN")
        };
        let special = plan.statements.iter().any(|one| sets(one) || chains(one));
        let blind = !plan.wrapped && !script.blocks.is_empty();
        Self { over: special || blind, ..Self::default() }
    }

    /// What was seen, statement by statement.
    pub(super) fn finish(self) -> Vec<StatementTrace> {
        let mut told = self.told;
        for statement in &mut told {
            statement.locks.sort_by(|a, b| (&a.relation, a.mode).cmp(&(&b.relation, b.mode)));
        }
        told
    }

    /// A transaction has just been opened.
    pub(super) fn opened(&mut self, sandbox: &mut Sandbox) {
        if self.over {
            return;
        }
        self.inside = true;
        self.survey(sandbox);
    }

    /// Runs one statement and looks.
    pub(super) fn step(
        &mut self,
        sandbox: &mut Sandbox,
        script: &Script,
        plan: &Plan,
        statement: &Statement,
    ) -> Result<(), Ended> {
        let sql = &script.text[statement.span.start..statement.span.end];
        if self.over {
            return sandbox.send(sql);
        }
        let text = sql.to_lowercase();
        // A transaction of its own, said or unsaid.
        let alone = !self.inside
            && !plan.own_control
            && fits_a_transaction(statement)
            && !text.contains("concurrently");
        if alone {
            sandbox.send("BEGIN")?;
            self.opened(sandbox);
        } else if self.known.is_none() {
            self.survey(sandbox);
        }
        let control = transaction_control(statement);
        if matches!(control, Some(TransactionControl::Commit | TransactionControl::Rollback)) {
            self.closed();
        }
        let number = self.begin(Location::at(script.path.clone(), statement.span));
        sandbox.send(sql)?;
        match control {
            Some(TransactionControl::Begin) if !self.inside => self.opened(sandbox),
            Some(_) => {}
            None if self.inside => self.look(sandbox, number, may_rewrite(statement, &text)),
            None if may_rewrite(statement, &text) => self.compare(sandbox, number),
            None => {}
        }
        if alone {
            sandbox.send("COMMIT")?;
            self.closed();
        }
        Ok(())
    }

    fn closed(&mut self) {
        self.inside = false;
        self.held.clear();
    }

    /// Another statement begins; gives its number.
    fn begin(&mut self, location: Location) -> usize {
        for held in &self.held {
            let (statement, place) = held.told;
            if let Some(lock) = self.told.get_mut(statement).and_then(|s| s.locks.get_mut(place)) {
                lock.held_for += 1;
            }
        }
        let (locks, rewrites, scans) = (Vec::new(), Vec::new(), Vec::new());
        self.told.push(StatementTrace { location, locks, rewrites, scans });
        self.told.len() - 1
    }

    /// Asks; a question that fails is the last.
    fn ask(&mut self, sandbox: &mut Sandbox, question: &str) -> Vec<SimpleQueryRow> {
        if self.over {
            return Vec::new();
        }
        let answer = if self.inside {
            let guarded = sandbox.ask(&format!("{SAVEPOINT}; {question}; {RELEASE}"));
            if guarded.is_none() {
                sandbox.ask(&format!("ROLLBACK TO {SAVEPOINT}; {RELEASE}"));
            }
            guarded
        } else {
            sandbox.ask(question)
        };
        self.over = answer.is_none();
        answer.unwrap_or_default()
    }

    /// Notes how everything stands before the next statement.
    fn survey(&mut self, sandbox: &mut Sandbox) {
        let rows = self.ask(sandbox, RELATIONS);
        let is_first = self.known.is_none();
        let known = self.known.get_or_insert_default();
        for row in &rows {
            let Some(seen) = Seen::of(row) else { continue };
            self.files.insert(seen.oid, seen.file);
            self.scans.insert(seen.oid, seen.scans);
            let kind = row.get(3).unwrap_or_default();
            if is_first && matches!(kind, "r" | "p" | "m" | "v" | "f" | "i") {
                let table = row.get(4).and_then(|oid| oid.parse().ok());
                let name = row.get(5).unwrap_or_default().to_owned();
                known.insert(seen.oid, Relation { name, is_index: kind == "i", table });
            }
        }
    }

    /// Looks at what is locked, inside the transaction.
    fn look(&mut self, sandbox: &mut Sandbox, number: usize, may_rewrite: bool) {
        let mut strongest: BTreeMap<u32, LockMode> = BTreeMap::new();
        let mut rewritten = BTreeSet::new();
        let mut scanned = BTreeSet::new();
        for row in &self.ask(sandbox, LOCKED) {
            let (Some(seen), Some(mode)) = (Seen::of(row), row.get(3).and_then(mode)) else {
                continue;
            };
            let lock = strongest.entry(seen.oid).or_insert(mode);
            *lock = mode.max(*lock);
            if self.files.insert(seen.oid, seen.file).is_some_and(|file| file != seen.file) {
                rewritten.insert(seen.oid);
            }
            if self.scans.insert(seen.oid, seen.scans).unwrap_or_default() < seen.scans {
                scanned.insert(seen.oid);
            }
        }
        if self.over {
            return;
        }
        if !may_rewrite {
            rewritten.clear();
        }
        self.tell_rewrites(number, &rewritten);
        let name = |oid: &u32| self.known.as_ref()?.get(oid).filter(|known| !known.is_index);
        let scans = sorted(scanned.iter().filter_map(name).map(|known| known.name.clone()));
        // A savepoint that is given up gives its locks back.
        self.held.retain(|held| strongest.get(&held.oid).is_some_and(|mode| *mode >= held.mode));
        for (oid, mode) in strongest {
            self.tell_lock(number, oid, mode, &rewritten);
        }
        if let Some(told) = self.told.get_mut(number) {
            told.scans = scans;
        }
    }

    /// Tells of a lock where it is stronger than what is held already. An index is locked with its
    /// table, and by itself only where it is written anew.
    fn tell_lock(&mut self, number: usize, oid: u32, mode: LockMode, rewritten: &BTreeSet<u32>) {
        let Some(known) = self.known.as_ref().and_then(|known| known.get(&oid)) else { return };
        let is_new = !self.held.iter().any(|held| held.oid == oid && held.mode >= mode);
        let by_itself =
            known.table.is_none_or(|table| rewritten.contains(&oid) && !rewritten.contains(&table));
        if !is_new || !by_itself {
            return;
        }
        let Some(told) = self.told.get_mut(number) else { return };
        self.held.push(Held { oid, mode, told: (number, told.locks.len()) });
        told.locks.push(LockTaken { relation: known.name.clone(), mode, held_for: 0 });
    }

    /// Compares what lies on disk, outside any transaction.
    fn compare(&mut self, sandbox: &mut Sandbox, number: usize) {
        let mut rewritten = BTreeSet::new();
        for seen in self.ask(sandbox, RELATIONS).iter().filter_map(Seen::of) {
            if self.files.insert(seen.oid, seen.file).is_some_and(|file| file != seen.file) {
                rewritten.insert(seen.oid);
            }
        }
        self.tell_rewrites(number, &rewritten);
    }

    /// Tells what was written anew; an index goes with its table.
    fn tell_rewrites(&mut self, number: usize, rewritten: &BTreeSet<u32>) {
        let Some(known) = &self.known else { return };
        let names = rewritten.iter().filter_map(|oid| known.get(oid)).filter(|relation| {
            match relation.table {
                Some(table) => known.contains_key(&table) && !rewritten.contains(&table),
                None => true,
            }
        });
        if let Some(told) = self.told.get_mut(number) {
            told.rewrites = sorted(names.map(|relation| relation.name.clone()));
        }
    }
}

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// Whether a new file on disk means that the rows were written anew: TRUNCATE and changes of no
/// table give one too.
fn may_rewrite(statement: &Statement, text: &str) -> bool {
    let first = statement.words.first().map_or("", String::as_str);
    matches!(first, "ALTER" | "CLUSTER" | "DO" | "REFRESH" | "REINDEX" | "VACUUM")
        && !text.contains("truncate")
}

impl Seen {
    fn of(row: &SimpleQueryRow) -> Option<Self> {
        Some(Self {
            oid: row.get(0)?.parse().ok()?,
            file: row.get(1)?.parse().ok()?,
            scans: row.get(2)?.parse().ok()?,
        })
    }
}

/// The mode as `pg_locks` writes it.
fn mode(text: &str) -> Option<LockMode> {
    Some(match text {
        "AccessShareLock" => LockMode::AccessShare,
        "RowShareLock" => LockMode::RowShare,
        "RowExclusiveLock" => LockMode::RowExclusive,
        "ShareUpdateExclusiveLock" => LockMode::ShareUpdateExclusive,
        "ShareLock" => LockMode::Share,
        "ShareRowExclusiveLock" => LockMode::ShareRowExclusive,
        "ExclusiveLock" => LockMode::Exclusive,
        "AccessExclusiveLock" => LockMode::AccessExclusive,
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
