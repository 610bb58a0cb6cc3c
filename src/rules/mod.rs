//! The rules: one file each, constant data plus a pure function.
//!
//! Catalog rules read files and history; evidence rules read what was recorded while the
//! migrations ran. None of them touches an engine, so each can be tested by itself.

mod class;
mod config;
mod conflict;
mod dryrun;
mod governance;
mod history;
mod layout;
mod levels;
mod manifest;
mod portability;
#[cfg(test)]
mod program_tests;
mod registry;
mod rollback;
mod sink;
mod sql;
mod state;
mod supersede;
#[cfg(test)]
mod testing;
mod told;

use crate::catalog::{Edit, Entry, SetCatalog};
use crate::model::{
    EngineKind, Finding, Inconclusive, Location, Moment, RepoPath, Rollout, RuleMeta,
    SchemaEvidence, Script, SetEvidence, Step, Waiver,
};
use crate::sql::{Statement, statements};
use crate::threads;

pub use dryrun::is_barred;
pub use governance::{acceptances, waiver_uses};
pub use levels::LevelPolicy;
pub use registry::RULES;
pub use sink::{Draft, Sink};
pub use sql::postgres::{Linted, PostgresCx};
pub use supersede::supersede;
pub use told::{broken_history, inconclusive, migration_reports, unfilled};

/// A rule.
pub struct Rule {
    /// What it is.
    pub meta: RuleMeta,
    /// How it looks.
    pub check: Check,
}

/// When a rule runs and what it sees.
pub enum Check {
    /// On the files and the history of a set.
    Catalog(fn(&CatalogCx<'_>, &mut Sink<'_>)),
    /// On the SQL of each script of a set that is written for one engine.
    Script(EngineKind, fn(&ScriptCx<'_>, &mut Sink<'_>)),
    /// On each script, whichever engine it is for.
    PerEngine {
        /// How it looks at one for SQLite.
        sqlite: fn(&ScriptCx<'_>, &mut Sink<'_>),
        /// How it looks at one for PostgreSQL.
        postgres: fn(&PostgresCx<'_>, &mut Sink<'_>),
    },
    /// On the parsed SQL of each judged script of a set for PostgreSQL.
    Postgres(fn(&PostgresCx<'_>, &mut Sink<'_>)),
    /// On what PostgreSQL's linter says of each judged script.
    Linted(Linted),
    /// On what was seen of a set when it ran.
    Evidence(fn(&EvidenceCx<'_>, &mut Sink<'_>)),
    /// On what was found about one config schema and the documents it governs.
    Schema(fn(&SchemaCx<'_>, &mut Sink<'_>)),
    /// Once, on all that was found and on what decides about it.
    Governance(fn(&GovernanceCx<'_>, &mut Sink<'_>)),
    /// The same, where all that there is to find was looked for.
    WaiverUse(fn(&GovernanceCx<'_>, &mut Sink<'_>)),
}

/// What catalog rules see.
pub struct CatalogCx<'a> {
    /// The set.
    pub catalog: &'a SetCatalog,
    /// Whether the team goes back by restoring a checkpoint.
    pub restores: bool,
    /// What the policy asks beyond levels.
    pub terms: &'a Terms,
}

/// What the policy in force asks beyond levels, and what the caller says about the run.
#[derive(Clone, Debug)]
pub struct Terms {
    /// When what may be rolled out.
    pub rollout: Rollout,
    /// The moment at which that is decided.
    pub moment: Moment,
    /// The teams that have agreed.
    pub approved_by: Vec<String>,
    /// The rules that a script may allow itself to break: ids, or groups as `sql/*`.
    pub inline_allow: Vec<String>,
    /// The waivers in force.
    pub waivers: Vec<Waiver>,
    /// How many days ahead a waiver may expire.
    pub waiver_days: u16,
}

/// What schema rules see.
pub struct SchemaCx<'a> {
    /// What was found about it.
    pub schema: &'a SchemaEvidence,
    /// The day of the check, for what ends at a date.
    pub moment: Moment,
}

/// What governance rules see.
pub struct GovernanceCx<'a> {
    /// What the policy asks.
    pub terms: &'a Terms,
    /// Whether everything is judged.
    pub all: bool,
    /// The configuration's file.
    pub config: &'a RepoPath,
    /// The waivers as the change leaves them, so that their places are those of the head's file.
    pub waivers: &'a [Waiver],
    /// The top-level keys of the configuration that the change edits.
    pub changed_keys: &'a [String],
    /// Changed files that run the gate.
    pub workflows: &'a [RepoPath],
    /// The sets of this run.
    pub catalogs: &'a [&'a SetCatalog],
    /// What all other rules found.
    pub findings: &'a [Finding],
    /// What could not be told.
    pub inconclusive: &'a [Inconclusive],
}

/// The way a script goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Forward.
    Up,
    /// Backward.
    Down,
}

/// What script rules see: one script, and the set around it.
#[derive(Clone, Copy)]
pub struct ScriptCx<'a> {
    /// The set.
    pub catalog: &'a SetCatalog,
    /// The migration.
    pub entry: &'a Entry,
    /// Which of its scripts.
    pub direction: Direction,
    /// The script.
    pub script: &'a Script,
    /// Its statements.
    pub statements: &'a [Statement],
    /// Whether the change touches this script.
    pub touched: bool,
}

impl ScriptCx<'_> {
    /// The text of a statement.
    #[must_use]
    pub fn text(&self, statement: &Statement) -> &str {
        &self.script.text[statement.span.start..statement.span.end]
    }

    /// A finding at a statement.
    pub fn draft(&self, statement: &Statement, message: impl Into<String>) -> Draft {
        let location = Location::at(self.script.path.clone(), statement.span);
        Draft::new(location, self.touched, message).migration(&self.entry.migration.id)
    }
}

/// What evidence rules see.
pub struct EvidenceCx<'a> {
    /// The set.
    pub catalog: &'a SetCatalog,
    /// What was seen of it.
    pub evidence: &'a SetEvidence,
}

/// The rule of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.meta.id == id)
}

/// Runs the catalog rules on a set.
#[must_use]
pub fn check_catalog(cx: &CatalogCx<'_>, all: bool, levels: &LevelPolicy) -> Vec<Finding> {
    let name = &cx.catalog.info.name;
    let scripts = scripts(cx.catalog);
    let is_postgres = cx.catalog.info.engine == EngineKind::Postgres;
    let is_read = |touched| is_postgres && (all || touched);
    let read = scripts.iter().filter(|(entry, way, _)| is_read(is_touched(entry, *way)));
    let world = sql::postgres::world(cx.catalog, &read.copied().collect::<Vec<_>>());
    let of_scripts = threads::side_by_side(&scripts, usize::MAX, |script| {
        let (entry, direction, script) = *script;
        let touched = is_touched(entry, direction);
        let statements = &statements(script);
        let script =
            ScriptCx { catalog: cx.catalog, entry, direction, script, statements, touched };
        let postgres = is_read(touched).then(|| sql::postgres::read(&script, &world, levels));
        collect(name, all, levels, |rule, sink| {
            check_script(rule, &script, postgres.as_ref(), sink);
        })
    });
    let mut found = collect(name, all, levels, |rule, sink| {
        if let Check::Catalog(check) = rule.check {
            check(cx, sink);
        }
    });
    found.extend(of_scripts.into_iter().flatten());
    // Rule by rule, as though each had looked at all scripts in their order.
    found.sort_by_key(|finding| finding.rule);
    found
}

/// Runs one rule on a script; `postgres` is what PostgreSQL's rules see of it, where they look.
fn check_script(
    rule: &Rule,
    script: &ScriptCx<'_>,
    postgres: Option<&PostgresCx<'_>>,
    sink: &mut Sink<'_>,
) {
    let engine = script.catalog.info.engine;
    match (&rule.check, postgres) {
        (Check::Script(of, check), _) if *of == engine => check(script, sink),
        (Check::PerEngine { sqlite, .. }, _) if engine == EngineKind::Sqlite => {
            sqlite(script, sink);
        }
        (Check::PerEngine { postgres: check, .. } | Check::Postgres(check), Some(postgres)) => {
            check(postgres, sink);
        }
        (Check::Linted(linted), Some(postgres)) => linted.report(&rule.meta, postgres, sink),
        _ => {}
    }
}

/// Runs the rules about a change and what its target branch gained meanwhile.
#[must_use]
pub fn check_conflicts(cx: &CatalogCx<'_>, levels: &LevelPolicy) -> Vec<Finding> {
    collect(&cx.catalog.info.name, false, levels, |rule, sink| {
        if let (Some(("conflict", _)), Check::Catalog(check)) =
            (rule.meta.id.split_once('/'), &rule.check)
        {
            check(cx, sink);
        }
    })
}

/// A script of a migration, and which way it goes.
type Way<'a> = (&'a Entry, Direction, &'a Script);

/// Every script of a set that is judged.
fn scripts(catalog: &SetCatalog) -> Vec<Way<'_>> {
    catalog
        .judged()
        .flat_map(|entry| {
            let up = entry.migration.up.script().map(|script| (Direction::Up, script));
            let down = entry.migration.down.step().and_then(Step::script);
            let down = down.map(|script| (Direction::Down, script));
            up.into_iter().chain(down).map(move |(direction, script)| (entry, direction, script))
        })
        .collect()
}

fn is_touched(entry: &Entry, direction: Direction) -> bool {
    let edit = match direction {
        Direction::Up => entry.touch.up,
        Direction::Down => entry.touch.down,
    };
    entry.touch.added || edit == Edit::Real
}

/// Runs the evidence rules on a set.
#[must_use]
pub fn check_evidence(cx: &EvidenceCx<'_>, levels: &LevelPolicy) -> Vec<Finding> {
    collect(&cx.catalog.info.name, true, levels, |rule, sink| {
        if let Check::Evidence(check) = rule.check {
            check(cx, sink);
        }
    })
}

/// Runs the schema rules on each of a set's schemas.
#[must_use]
pub fn check_schemas(
    set: &str,
    all: bool,
    schemas: &[SchemaEvidence],
    moment: Moment,
    levels: &LevelPolicy,
) -> Vec<Finding> {
    let of = |schema: &SchemaEvidence| {
        let mut found = collect(set, all, levels, |rule, sink| {
            if let Check::Schema(check) = rule.check {
                check(&SchemaCx { schema, moment }, sink);
            }
        });
        found.iter_mut().for_each(|finding| finding.schema = Some(schema.name.clone()));
        found
    };
    schemas.iter().flat_map(of).collect()
}

/// Runs the governance rules, after all others; what they find about no set in particular has an
/// empty name for it. Where the findings are not `all` there are, nothing is said about the use of
/// waivers: [`waiver_uses`] tells what is known.
#[must_use]
pub fn check_governance(cx: &GovernanceCx<'_>, levels: &LevelPolicy, all: bool) -> Vec<Finding> {
    collect("", cx.all, levels, |rule, sink| match rule.check {
        Check::Governance(check) => check(cx, sink),
        Check::WaiverUse(check) if all => check(cx, sink),
        _ => {}
    })
}

fn collect(
    set: &str,
    all: bool,
    levels: &LevelPolicy,
    mut run: impl FnMut(&Rule, &mut Sink<'_>),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| !levels.silences(&rule.meta)) {
        let mut sink = Sink::new(&rule.meta, set, all, levels, &mut findings);
        run(rule, &mut sink);
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_sorted_and_unique() {
        let ids: Vec<&str> = RULES.iter().map(|rule| rule.meta.id).collect();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(ids, sorted);
    }

    #[test]
    fn what_hangs_on_the_moment_is_a_rule() {
        assert!(crate::model::TIMED_RULES.iter().all(|id| by_id(id).is_some()));
    }

    #[test]
    fn every_rule_says_what_why_and_how() {
        for rule in RULES {
            let RuleMeta { id, summary, why, fix, .. } = rule.meta;
            for (what, text) in [("summary", summary), ("why", why), ("fix", fix)] {
                assert!(text.len() > 20, "{id} lacks its {what}");
            }
            assert!(!summary.ends_with('.') && why.ends_with('.') && fix.ends_with('.'), "{id}");
        }
    }
}
