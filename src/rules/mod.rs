//! The rules: one file each, constant data plus a pure function.
//!
//! Catalog rules read files and history; evidence rules read what was recorded while the
//! migrations ran. None of them touches an engine, so each can be tested by itself.

mod class;
mod conflict;
mod dryrun;
mod governance;
mod history;
mod layout;
mod manifest;
mod portability;
mod rollback;
mod sink;
mod sql;
mod supersede;
mod told;

use std::collections::BTreeMap;

use crate::catalog::{Edit, Entry, SetCatalog};
use crate::model::{
    EngineKind, Finding, Inconclusive, Level, Levels, Location, Moment, RepoPath, Rollout,
    RuleMeta, Script, SetEvidence, Step, Waiver,
};
use crate::sql::{Statement, statements};

pub use governance::acceptances;
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
    /// Once, on all that was found and on what decides about it.
    Governance(fn(&GovernanceCx<'_>, &mut Sink<'_>)),
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

/// Which level a finding gets.
#[derive(Clone, Debug, Default)]
pub struct LevelPolicy {
    /// The strict preset.
    pub strict: bool,
    /// The policy's own levels, by rule id.
    pub overrides: BTreeMap<String, Level>,
}

impl LevelPolicy {
    /// The level of a finding of `rule` that weighs `levels`.
    #[must_use]
    pub fn level(&self, rule: &RuleMeta, levels: Levels) -> Level {
        let preset = if self.strict { levels.strict } else { levels.recommended };
        match self.overrides.get(rule.id) {
            // An observation is nobody's fault, so a policy may only silence it.
            Some(Level::Off) => Level::Off,
            Some(level) if levels != Levels::OBSERVATION => *level,
            _ => preset,
        }
    }
}

/// Every rule, sorted by id.
pub static RULES: &[&Rule] = &[
    &class::approval_missing::RULE,
    &class::dependency_class::RULE,
    &class::frozen::RULE,
    &class::mismatch::RULE,
    &class::mixed_schema_and_data::RULE,
    &class::outside_window::RULE,
    &conflict::dependency_edited::RULE,
    &conflict::same_file::RULE,
    &conflict::same_object::RULE,
    &conflict::same_version::RULE,
    &dryrun::blocks_reads::RULE,
    &dryrun::blocks_writes::RULE,
    &dryrun::fails_on_data::RULE,
    &dryrun::half_done::RULE,
    &dryrun::not_repeatable::RULE,
    &dryrun::not_replay_safe::RULE,
    &dryrun::rewrites_table::RULE,
    &dryrun::timeout::RULE,
    &dryrun::up_fails::RULE,
    &governance::allow_not_permitted::RULE,
    &governance::policy_changed::RULE,
    &governance::waiver_expired::RULE,
    &governance::waiver_incomplete::RULE,
    &governance::waiver_unused::RULE,
    &history::deleted::RULE,
    &history::duplicate_version::RULE,
    &history::edited::RULE,
    &history::gap::RULE,
    &history::out_of_order::RULE,
    &history::renamed::RULE,
    &history::stale_base::RULE,
    &layout::invalid::RULE,
    &layout::unclaimed_file::RULE,
    &manifest::checksum_mismatch::RULE,
    &manifest::dependency_cycle::RULE,
    &manifest::dependency_order::RULE,
    &manifest::invalid::RULE,
    &manifest::invalid_class::RULE,
    &manifest::missing_class::RULE,
    &manifest::missing_file::RULE,
    &manifest::unknown_dependency::RULE,
    &manifest::unlisted_file::RULE,
    &portability::date_function::RULE,
    &portability::foreign_key::RULE,
    &portability::placeholder::RULE,
    &portability::timestamp::RULE,
    &portability::trigger::RULE,
    &rollback::empty::RULE,
    &rollback::fails::RULE,
    &rollback::leaves_trace::RULE,
    &rollback::loses_data::RULE,
    &rollback::missing::RULE,
    &sql::postgres::locks::ADDING_FIELD_WITH_DEFAULT,
    &sql::postgres::locks::ADDING_FOREIGN_KEY_CONSTRAINT,
    &sql::postgres::locks::ADDING_NOT_NULLABLE_FIELD,
    &sql::postgres::locks::ADDING_REQUIRED_FIELD,
    &sql::postgres::locks::ADDING_SERIAL_PRIMARY_KEY_FIELD,
    &sql::postgres::clients::BAN_ADD_COLUMN,
    &sql::postgres::clients::BAN_ADD_COMPOSITE_ATTRIBUTE,
    &sql::postgres::clients::BAN_ADD_ENUM_VALUE,
    &sql::postgres::access::BAN_ALTER_DATABASE_OPTIONS,
    &sql::postgres::locks::BAN_ALTER_DOMAIN_WITH_ADD_CONSTRAINT,
    &sql::postgres::access::BAN_ALTER_EXTENSION,
    &sql::postgres::access::BAN_ALTER_FUNCTION_OPTIONS,
    &sql::postgres::clients::BAN_ALTER_GENERATED_EXPRESSION,
    &sql::postgres::clients::BAN_ALTER_IDENTITY,
    &sql::postgres::access::BAN_ALTER_POLICY_CONDITION,
    &sql::postgres::access::BAN_ALTER_POLICY_ROLES,
    &sql::postgres::access::BAN_ALTER_ROLE_OPTIONS,
    &sql::postgres::access::BAN_ALTER_ROW_LEVEL_SECURITY,
    &sql::postgres::clients::BAN_ALTER_SEQUENCE_VALUES,
    &sql::postgres::access::BAN_ALTER_SYSTEM_OPTIONS,
    &sql::postgres::access::BAN_ALTER_VIEW_OPTIONS,
    &sql::postgres::habits::BAN_CHAR_FIELD,
    &sql::postgres::habits::BAN_CONCURRENT_INDEX_CREATION_IN_TRANSACTION,
    &sql::postgres::habits::BAN_CREATE_DOMAIN_WITH_CONSTRAINT,
    &sql::postgres::access::BAN_CREATE_POLICY,
    &sql::postgres::clients::BAN_DETACH_INHERITANCE,
    &sql::postgres::clients::BAN_DISABLE_TRIGGER,
    &sql::postgres::drops::BAN_DROP_COLUMN,
    &sql::postgres::drops::BAN_DROP_CONSTRAINT,
    &sql::postgres::drops::BAN_DROP_DATABASE,
    &sql::postgres::drops::BAN_DROP_DEFAULT,
    &sql::postgres::drops::BAN_DROP_DOMAIN,
    &sql::postgres::drops::BAN_DROP_EXTENSION,
    &sql::postgres::drops::BAN_DROP_FUNCTION,
    &sql::postgres::drops::BAN_DROP_GENERATED_EXPRESSION,
    &sql::postgres::drops::BAN_DROP_INDEX,
    &sql::postgres::drops::BAN_DROP_NOT_NULL,
    &sql::postgres::drops::BAN_DROP_POLICY,
    &sql::postgres::drops::BAN_DROP_SCHEMA,
    &sql::postgres::drops::BAN_DROP_SEQUENCE,
    &sql::postgres::drops::BAN_DROP_TABLE,
    &sql::postgres::drops::BAN_DROP_TRIGGER,
    &sql::postgres::drops::BAN_DROP_TYPE,
    &sql::postgres::drops::BAN_DROP_VIEW,
    &sql::postgres::habits::BAN_DUPLICATE_COLUMN_ASSIGNMENTS,
    &sql::postgres::clients::BAN_NEW_WRITE_RESTRICTION,
    &sql::postgres::clients::BAN_REPLACE_VIEW_FUNCTION,
    &sql::postgres::clients::BAN_REPLICA_IDENTITY,
    &sql::postgres::access::BAN_REVOKE,
    &sql::postgres::clients::BAN_SET_DEFAULT,
    &sql::postgres::clients::BAN_SET_SCHEMA,
    &sql::postgres::clients::BAN_TRUNCATE_CASCADE,
    &sql::postgres::habits::BAN_UNCOMMITTED_TRANSACTION,
    &sql::postgres::locks::CHANGING_COLUMN_TYPE,
    &sql::postgres::cluster::RULE,
    &sql::postgres::locks::CONSTRAINT_MISSING_NOT_VALID,
    &sql::postgres::delete_without_where::RULE,
    &sql::postgres::locks::DISALLOWED_UNIQUE_CONSTRAINT,
    &sql::postgres::dynamic_sql::RULE,
    &sql::postgres::enum_value_used::RULE,
    &sql::postgres::foreign_key_without_index::RULE,
    &sql::postgres::habits::IDENTIFIER_TOO_LONG,
    &sql::postgres::habits::PREFER_BIGINT_OVER_INT,
    &sql::postgres::habits::PREFER_BIGINT_OVER_SMALLINT,
    &sql::postgres::habits::PREFER_IDENTITY,
    &sql::postgres::prefer_jsonb::RULE,
    &sql::postgres::locks::PREFER_REPACK,
    &sql::postgres::habits::PREFER_ROBUST_STMTS,
    &sql::postgres::habits::PREFER_TEXT_FIELD,
    &sql::postgres::habits::PREFER_TIMESTAMP_TZ,
    &sql::postgres::clients::RENAMING_COLUMN,
    &sql::postgres::clients::RENAMING_OBJECT,
    &sql::postgres::clients::RENAMING_TABLE,
    &sql::postgres::locks::REQUIRE_CONCURRENT_INDEX_CREATION,
    &sql::postgres::locks::REQUIRE_CONCURRENT_INDEX_DELETION,
    &sql::postgres::locks::REQUIRE_CONCURRENT_PARTITION_DETACH,
    &sql::postgres::locks::REQUIRE_CONCURRENT_REINDEX,
    &sql::postgres::habits::REQUIRE_ENUM_VALUE_ORDERING,
    &sql::postgres::locks::REQUIRE_LOCK_TIMEOUT,
    &sql::postgres::locks::REQUIRE_STATEMENT_TIMEOUT,
    &sql::postgres::habits::REQUIRE_TABLE_SCHEMA,
    &sql::postgres::set_without_local::RULE,
    &sql::sqlite::add_column::RULE,
    &sql::sqlite::affinity::RULE,
    &sql::sqlite::foreign_key_check::RULE,
    &sql::sqlite::newer_feature::RULE,
    &sql::sqlite::nullable_key::RULE,
    &sql::sqlite::pragma_in_transaction::RULE,
    &sql::sqlite::pragma_left::RULE,
    &sql::sqlite::quoted_string::RULE,
    &sql::sqlite::rebuild_loses::RULE,
    &sql::sqlite::rebuild_loses_rows::RULE,
    &sql::sqlite::rebuild_referenced::RULE,
    &sql::postgres::statements_after_access_exclusive::RULE,
    &sql::postgres::too_complex::RULE,
    &sql::postgres::habits::TRANSACTION_NESTING,
    &sql::postgres::truncate::RULE,
    &sql::postgres::unbatched_backfill::RULE,
    &sql::postgres::update_without_where::RULE,
    &sql::postgres::vacuum_full::RULE,
];

/// The rule of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.meta.id == id)
}

/// Runs the catalog rules on a set.
#[must_use]
pub fn check_catalog(cx: &CatalogCx<'_>, all: bool, levels: &LevelPolicy) -> Vec<Finding> {
    let scripts = scripts(cx.catalog);
    let scripts: Vec<ScriptCx<'_>> = scripts
        .iter()
        .map(|(entry, direction, script, statements)| ScriptCx {
            catalog: cx.catalog,
            entry,
            direction: *direction,
            script,
            statements,
            touched: is_touched(entry, *direction),
        })
        .collect();
    let postgres: Vec<ScriptCx<'_>> = scripts
        .iter()
        .filter(|script| cx.catalog.info.engine == EngineKind::Postgres && (all || script.touched))
        .copied()
        .collect();
    let world = sql::postgres::world(cx.catalog, &postgres);
    let postgres = sql::postgres::read(&postgres, &world);
    collect(&cx.catalog.info.name, all, levels, |rule, sink| match &rule.check {
        Check::Catalog(check) => check(cx, sink),
        Check::Script(engine, check) if *engine == cx.catalog.info.engine => {
            scripts.iter().for_each(|script| check(script, sink));
        }
        Check::PerEngine { sqlite, .. } if cx.catalog.info.engine == EngineKind::Sqlite => {
            scripts.iter().for_each(|script| sqlite(script, sink));
        }
        Check::PerEngine { postgres: check, .. } | Check::Postgres(check) => {
            postgres.iter().for_each(|script| check(script, sink));
        }
        Check::Linted(linted) => {
            postgres.iter().for_each(|script| linted.report(&rule.meta, script, sink));
        }
        Check::Script(..) | Check::Evidence(_) | Check::Governance(_) => {}
    })
}

/// Every script of a set that is judged, with its statements.
fn scripts(catalog: &SetCatalog) -> Vec<(&Entry, Direction, &Script, Vec<Statement>)> {
    let judged = catalog.after(catalog.baseline.as_deref());
    let entries = catalog.entries.iter().enumerate();
    entries
        .filter(|(at, entry)| *at >= judged || entry.touch.is_touched())
        .flat_map(|(_, entry)| {
            let up = entry.migration.up.script().map(|script| (Direction::Up, script));
            let down = entry.migration.down.step().and_then(Step::script);
            let down = down.map(|script| (Direction::Down, script));
            up.into_iter().chain(down).map(move |(direction, script)| (entry, direction, script))
        })
        .map(|(entry, direction, script)| (entry, direction, script, statements(script)))
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

/// Runs the governance rules, after all others; what they find about no set in particular has an
/// empty name for it.
#[must_use]
pub fn check_governance(cx: &GovernanceCx<'_>, levels: &LevelPolicy) -> Vec<Finding> {
    collect("", cx.all, levels, |rule, sink| {
        if let Check::Governance(check) = rule.check {
            check(cx, sink);
        }
    })
}

fn collect(
    set: &str,
    all: bool,
    levels: &LevelPolicy,
    mut run: impl FnMut(&Rule, &mut Sink<'_>),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
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

    #[test]
    fn a_policy_cannot_make_an_error_of_an_observation() {
        let rule = &rollback::leaves_trace::RULE.meta;
        let mut policy = LevelPolicy { strict: true, ..LevelPolicy::default() };
        policy.overrides.insert(rule.id.into(), Level::Error);
        assert_eq!(policy.level(rule, Levels::OBSERVATION), Level::Note);
        policy.overrides.insert(rule.id.into(), Level::Warning);
        assert_eq!(policy.level(rule, Levels::ERROR), Level::Warning);
        policy.overrides.insert(rule.id.into(), Level::Off);
        assert_eq!(policy.level(rule, Levels::OBSERVATION), Level::Off);
    }
}
