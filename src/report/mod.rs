//! From everything that was found to the one report that every format renders.
//!
//! [`assemble`] decides what is shown, in which order, and what the answer is. [`v1`] is the
//! report as others read it: a versioned wire format with a published schema and a digest.
//! `render` imports this room for the wire format and for [`SourceMap`].

mod merge;
mod snippet;
mod source;
pub mod v1;

use crate::model::{
    Acceptance, Counts, Finding, Identity, Inconclusive, Level, Location, Moment, Report,
    SetNotices, SetReport, Shard, Side, Verdict, Waived,
};

pub use merge::{MergeError, Part, merge};
pub use snippet::{Line, Row, Snippet};
pub use source::{Place, Recorded, SourceMap};
pub use v1::digest;

/// Said where there is nothing to compare with and not everything is judged.
const NO_BASE: &str = "There is no base to compare with, so this says nothing about the change: fetch one, or judge \
     everything with --all.";

/// What the stages before found, in any order.
#[derive(Clone, Debug, Default)]
pub struct Assembly {
    /// The base in words; `None` where there is none.
    pub base: Option<String>,
    /// The head in words.
    pub head: String,
    /// What exactly was compared, and under which policy.
    pub identity: Identity,
    /// Whether everything is judged, not only what the change touched.
    pub all: bool,
    /// The moment, where something hangs on it.
    pub as_of: Option<Moment>,
    /// The sets.
    pub sets: Vec<SetReport>,
    /// The findings of every rule, those of the baseline and those switched off included.
    pub findings: Vec<Finding>,
    /// What the policy accepts.
    pub acceptances: Vec<Acceptance>,
    /// What could not be told.
    pub inconclusive: Vec<Inconclusive>,
    /// Things worth saying that are no findings and about no set, in the order they should be read.
    pub notices: Vec<String>,
    /// Those about sets, in the same order.
    pub said: Vec<SetNotices>,
    /// Which part of the check this is, where it is one shard; its notices are filled in here.
    pub shard: Option<Shard>,
}

impl Assembly {
    /// The places that the report names.
    pub fn locations<'a>(&'a self) -> impl Iterator<Item = &'a Location> {
        let waivers = self.shard.iter().flat_map(|shard| &shard.waivers);
        let waivers = waivers.flat_map(|one| {
            let others = one.sets.iter().filter_map(|of| of.other_content.as_ref());
            others.chain([&one.unused])
        });
        let of = |finding: &'a Finding| std::iter::once(&finding.location).chain(&finding.also);
        let findings = self.findings.iter().chain(waivers).flat_map(of);
        let seen = self.sets.iter().flat_map(|set| &set.migrations).flat_map(|one| &one.trace);
        findings.chain(seen.map(|statement| &statement.location))
    }
}

/// Makes the report: the same parts give the same report, in whatever order they come.
///
/// Findings that are switched off or repeat another exactly fall away. Those of the baseline are
/// counted, and shown only where everything is judged. Accepted ones are shown apart and do not
/// weigh. The verdict is [`Verdict::Block`] with an
/// error shown, else [`Verdict::Inconclusive`] where something could not be told or there is
/// nothing to compare with, else [`Verdict::Pass`].
#[must_use]
pub fn assemble(parts: Assembly) -> Report {
    let Assembly { base, head, identity, all, as_of, mut sets, mut findings, .. } = parts;
    let Assembly { acceptances, mut inconclusive, notices, said, mut shard, .. } = parts;
    sets.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));

    findings.retain(|finding| finding.level != Level::Off);
    findings.sort_by_cached_key(|finding| FindingKey::new(&sets, finding));
    findings.dedup();
    let (findings, hidden): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| all || finding.side == Side::Change);
    let (findings, waived) = accept(findings, &acceptances);

    sort_inconclusive(&sets, &mut inconclusive);

    let comparable = all || base.is_some();
    if let Some(shard) = &mut shard {
        (shard.notices, shard.said) = (notices.clone(), said.clone());
    }
    let mut notices = all_notices(comparable, notices, &said);
    if let Some(shard) = &shard {
        notices.insert(0, shard.notice());
    }
    let counts = Counts::of(&findings);
    let baseline = Counts::of(&hidden);
    Report {
        verdict: verdict(counts, comparable && inconclusive.is_empty()),
        base,
        head,
        identity,
        all,
        as_of,
        sets,
        findings,
        waived,
        counts,
        baseline,
        inconclusive,
        notices,
        shard,
    }
}

/// The answer, where everything could be told or not.
fn verdict(counts: Counts, told: bool) -> Verdict {
    match (counts.errors, told) {
        (0, true) => Verdict::Pass,
        (0, false) => Verdict::Inconclusive,
        _ => Verdict::Block,
    }
}

/// All notices, each once.
fn all_notices(comparable: bool, general: Vec<String>, said: &[SetNotices]) -> Vec<String> {
    let base = (!comparable).then(|| NO_BASE.to_owned());
    let sets = said.iter().flat_map(SetNotices::lines);
    let mut notices: Vec<String> = base.into_iter().chain(general).chain(sets).collect();
    let mut seen = std::collections::BTreeSet::new();
    notices.retain(|notice| seen.insert(notice.clone()));
    notices
}

/// Puts what could not be told in its order, each once.
fn sort_inconclusive(sets: &[SetReport], inconclusive: &mut Vec<Inconclusive>) {
    inconclusive.sort_by_cached_key(|item| {
        (Standing::of(sets, &item.set, item.migration.as_deref()), item.clone())
    });
    inconclusive.dedup();
}

/// Parts what weighs from what is accepted, both in the order given. Of several acceptances the
/// first counts: waivers stand before what scripts say themselves.
fn accept(findings: Vec<Finding>, acceptances: &[Acceptance]) -> (Vec<Finding>, Vec<Waived>) {
    let mut waived = Vec::new();
    let mut left = Vec::new();
    for finding in findings {
        match acceptances.iter().find(|acceptance| acceptance.covers(&finding)) {
            Some(by) => waived.push(Waived { finding, by: by.clone() }),
            None => left.push(finding),
        }
    }
    (left, waived)
}

/// Where something stands in the report: by set; in it first what is about the whole set, then the
/// judged migrations as they ran, then the others by name.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    WholeSet,
    Judged(usize),
    Other(String),
}

impl Standing {
    fn of(sets: &[SetReport], set: &str, migration: Option<&str>) -> (String, Self) {
        let place = |id: &str| {
            let known = sets.iter().find(|candidate| candidate.name == set)?;
            known.migrations.iter().position(|candidate| candidate.id == id)
        };
        let standing = match migration {
            None => Self::WholeSet,
            Some(id) => place(id).map_or_else(|| Self::Other(id.to_owned()), Self::Judged),
        };
        (set.to_owned(), standing)
    }
}

/// The order of findings; total, so that it never depends on the order they came in.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct FindingKey {
    standing: (String, Standing),
    level: Level,
    rule: &'static str,
    location: Location,
    message: String,
    /// Everything else, in one spelling.
    rest: String,
}

impl FindingKey {
    fn new(sets: &[SetReport], finding: &Finding) -> Self {
        Self {
            standing: Standing::of(sets, &finding.set, finding.migration.as_deref()),
            level: finding.level,
            rule: finding.rule,
            location: finding.location.clone(),
            message: finding.message.clone(),
            rest: format!("{finding:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Assembly, assemble};
    use crate::model::{Level, Side, Verdict};
    use crate::render::sample::{finding, parts};

    fn one(level: Level, side: Side) -> Assembly {
        let mut found = finding("rollback/missing", level, "0001_a.sql", None);
        found.side = side;
        Assembly { base: Some("main".into()), findings: vec![found], ..Assembly::default() }
    }

    #[test]
    fn order_in_gives_the_same_report_out() {
        let forward = parts();
        let mut backward = parts();
        backward.findings.reverse();
        backward.sets.reverse();
        backward.inconclusive.reverse();
        assert_eq!(assemble(forward), assemble(backward));
    }

    #[test]
    fn repeats_count_once() {
        let mut parts = one(Level::Error, Side::Change);
        parts.findings.push(parts.findings[0].clone());
        assert_eq!(assemble(parts).counts.errors, 1);
    }

    #[test]
    fn an_error_blocks_and_a_warning_does_not() {
        assert_eq!(assemble(one(Level::Error, Side::Change)).verdict, Verdict::Block);
        assert_eq!(assemble(one(Level::Warning, Side::Change)).verdict, Verdict::Pass);
        let off = assemble(one(Level::Off, Side::Change));
        assert_eq!((off.verdict, off.findings.len()), (Verdict::Pass, 0));
    }

    #[test]
    fn an_accepted_finding_is_shown_and_does_not_weigh() {
        let mut parts = one(Level::Error, Side::Change);
        let by = crate::render::sample_waived::acceptance("rollback/missing", "0001_a");
        let other = crate::render::sample_waived::acceptance("rollback/empty", "0001_a");
        parts.acceptances = vec![other, by.clone()];
        let report = assemble(parts.clone());
        assert_eq!((report.verdict, report.counts.errors), (Verdict::Pass, 0));
        assert_eq!(report.waived[0].by, by);
        // An old finding stays hidden, accepted or not.
        parts.findings[0].side = Side::Baseline;
        let report = assemble(parts);
        assert_eq!((report.waived.len(), report.baseline.errors), (0, 1));
    }

    #[test]
    fn the_baseline_is_counted_and_judged_only_on_demand() {
        let hidden = assemble(one(Level::Error, Side::Baseline));
        assert_eq!((hidden.verdict, hidden.findings.len()), (Verdict::Pass, 0));
        assert_eq!(hidden.baseline.errors, 1);
        let all = assemble(Assembly { all: true, ..one(Level::Error, Side::Baseline) });
        assert_eq!((all.verdict, all.baseline.total()), (Verdict::Block, 0));
    }

    #[test]
    fn without_a_base_there_is_no_pass() {
        let report = assemble(Assembly::default());
        assert_eq!(report.verdict, Verdict::Inconclusive);
        assert!(report.notices[0].contains("no base"));
        assert_eq!(assemble(Assembly { all: true, ..Assembly::default() }).verdict, Verdict::Pass);
    }

    #[test]
    fn what_could_not_be_told_is_no_pass() {
        let mut parts = one(Level::Warning, Side::Change);
        parts.inconclusive = crate::render::sample::parts().inconclusive;
        assert_eq!(assemble(parts.clone()).verdict, Verdict::Inconclusive);
        parts.findings[0].level = Level::Error;
        assert_eq!(assemble(parts).verdict, Verdict::Block);
    }
}
