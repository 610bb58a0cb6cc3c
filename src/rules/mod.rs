//! The rules: one file each, constant data plus a pure function.
//!
//! Catalog rules read files and history; evidence rules read what was recorded while the
//! migrations ran. None of them touches an engine, so each can be tested by itself.

mod dryrun;
mod history;
mod layout;
mod manifest;
mod rollback;
mod sink;
mod sql;
mod told;

use std::collections::BTreeMap;

use crate::catalog::{Edit, Entry, SetCatalog};
use crate::model::{
    EngineKind, Finding, Level, Levels, Location, RuleMeta, Script, SetEvidence, Step,
};
use crate::sql::{Statement, statements};

pub use sink::{Draft, Sink};
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
    /// On what was seen of a set when it ran.
    Evidence(fn(&EvidenceCx<'_>, &mut Sink<'_>)),
}

/// What catalog rules see.
pub struct CatalogCx<'a> {
    /// The set.
    pub catalog: &'a SetCatalog,
    /// Whether the team goes back by restoring a checkpoint.
    pub restores: bool,
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
    &dryrun::fails_on_data::RULE,
    &dryrun::not_repeatable::RULE,
    &dryrun::not_replay_safe::RULE,
    &dryrun::timeout::RULE,
    &dryrun::up_fails::RULE,
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
    &rollback::empty::RULE,
    &rollback::fails::RULE,
    &rollback::leaves_trace::RULE,
    &rollback::loses_data::RULE,
    &rollback::missing::RULE,
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
    collect(&cx.catalog.info.name, all, levels, |rule, sink| match rule.check {
        Check::Catalog(check) => check(cx, sink),
        Check::Script(engine, check) if engine == cx.catalog.info.engine => {
            scripts.iter().for_each(|script| check(script, sink));
        }
        Check::Script(..) | Check::Evidence(_) => {}
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
