//! Where rules put what they find; levels are decided here and nowhere else.

use super::LevelPolicy;
use crate::model::{Evidenced, Finding, Levels, Location, RuleMeta, Side, SnapshotDiff};

/// A finding in the making. It cannot be begun without a place.
#[must_use]
pub struct Draft {
    location: Location,
    also: Vec<Location>,
    message: String,
    set: Option<String>,
    migration: Option<String>,
    levels: Option<Levels>,
    touched: bool,
    evidenced: Evidenced,
    diff: SnapshotDiff,
    details: Vec<String>,
    help: Option<String>,
}

impl Draft {
    /// A finding at a place; `touched` says whether the change is to blame.
    pub fn new(location: Location, touched: bool, message: impl Into<String>) -> Self {
        Self {
            location,
            also: Vec::new(),
            message: message.into(),
            set: None,
            migration: None,
            levels: None,
            touched,
            evidenced: Evidenced::Static,
            diff: SnapshotDiff::default(),
            details: Vec::new(),
            help: None,
        }
    }

    /// The set it is about, where the rule looks at more than one.
    pub fn set(mut self, name: &str) -> Self {
        self.set = Some(name.to_owned());
        self
    }

    /// The migration it is about.
    pub fn migration(mut self, id: &str) -> Self {
        self.migration = Some(id.to_owned());
        self
    }

    /// Other levels than the rule's usual ones. A rule that is off at the usual ones is not run.
    pub fn levels(mut self, levels: Levels) -> Self {
        self.levels = Some(levels);
        self
    }

    /// It was shown by running the migration.
    pub fn proved(self) -> Self {
        self.evidenced(Evidenced::Proved)
    }

    /// What it rests on.
    pub fn evidenced(mut self, evidenced: Evidenced) -> Self {
        self.evidenced = evidenced;
        self
    }

    /// It was seen on the engine while the migration ran.
    pub fn traced(mut self) -> Self {
        self.evidenced = Evidenced::Traced;
        self
    }

    /// One more place of the same cause.
    pub fn also(mut self, location: Location) -> Self {
        self.also.push(location);
        self
    }

    /// The schema difference that shows it.
    pub fn diff(mut self, diff: &SnapshotDiff) -> Self {
        self.diff = diff.clone();
        self
    }

    /// One more line.
    pub fn detail(mut self, line: impl Into<String>) -> Self {
        self.details.push(line.into());
        self
    }

    /// What to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// What to do, where that can be told.
    pub fn maybe_help(self, text: Option<String>) -> Self {
        match text {
            Some(text) => self.help(text),
            None => self,
        }
    }
}

/// Takes the findings of one rule on one set.
pub struct Sink<'a> {
    rule: &'a RuleMeta,
    set: &'a str,
    all: bool,
    levels: &'a LevelPolicy,
    findings: &'a mut Vec<Finding>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        rule: &'a RuleMeta,
        set: &'a str,
        all: bool,
        levels: &'a LevelPolicy,
        findings: &'a mut Vec<Finding>,
    ) -> Self {
        Self { rule, set, all, levels, findings }
    }

    /// Takes a finding.
    pub fn push(&mut self, draft: Draft) {
        self.findings.push(Self::finding(self.rule, self.set, self.all, self.levels, draft));
    }

    /// The finding that a rule's draft is under a policy.
    pub(super) fn finding(
        rule: &RuleMeta,
        set: &str,
        all: bool,
        levels: &LevelPolicy,
        draft: Draft,
    ) -> Finding {
        Finding {
            rule: rule.id,
            level: levels.level(rule, draft.levels.unwrap_or(rule.levels)),
            set: draft.set.unwrap_or_else(|| set.to_owned()),
            migration: draft.migration,
            schema: None,
            location: draft.location,
            also: draft.also,
            message: draft.message,
            evidenced: draft.evidenced,
            diff: draft.diff,
            details: draft.details,
            help: draft.help,
            side: if all || draft.touched { Side::Change } else { Side::Baseline },
        }
    }
}
