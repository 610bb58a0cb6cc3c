//! Findings that were looked at and accepted.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{Finding, Location, Moment, RepoPath, Sited, Span};

/// How many days ahead a waiver may expire, where the policy does not say.
pub const WAIVER_DAYS: u16 = 90;

/// What a finding, or what accepts one, is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A migration, by its id.
    Migration(String),
    /// A config schema, by its name in the contract, or its path.
    Schema(String),
}

impl Subject {
    /// The id or the name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Migration(name) | Self::Schema(name) => name,
        }
    }
}

/// A finding that was looked at and is accepted for a while.
///
/// A waiver may lack what makes it one; [`Waiver::state`] says whether it counts.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The rule's id.
    pub rule: Sited<String>,
    /// What it is about.
    pub subject: Sited<Subject>,
    /// The set's name; without one, what is called so in any set.
    pub set: Option<String>,
    /// SHA-256 of the migration's or schema's files as they were looked at, in hexadecimal digits.
    pub content: Option<String>,
    /// Why the finding does no harm.
    pub reason: Option<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day it holds.
    pub expires: Option<Sited<Date>>,
    /// The whole entry.
    pub span: Span,
}

/// Whether a waiver counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaiverState {
    /// It does.
    Holds,
    /// It lacks these keys.
    Lacks(Vec<&'static str>),
    /// It would hold longer than the policy allows.
    TooLong,
    /// Its last day is over.
    Expired,
}

impl Waiver {
    /// Whether it counts at that moment, where waivers may last so many days.
    #[must_use]
    pub fn state(&self, moment: Moment, days: u16) -> WaiverState {
        let lacks: Vec<&'static str> = [
            ("content", self.content.is_none()),
            ("reason", self.reason.is_none()),
            ("owner", self.owner.is_none()),
            ("expires", self.expires.is_none()),
        ]
        .into_iter()
        .filter_map(|(key, missing)| missing.then_some(key))
        .collect();
        let today = moment.date();
        let latest = today.saturating_add(i64::from(days).days());
        match &self.expires {
            Some(last) if lacks.is_empty() => match last.value {
                last if last < today => WaiverState::Expired,
                last if last > latest => WaiverState::TooLong,
                _ => WaiverState::Holds,
            },
            _ => WaiverState::Lacks(lacks),
        }
    }

    /// Whether it is about something in that set.
    #[must_use]
    pub fn is_for(&self, set: &str) -> bool {
        self.set.as_ref().is_none_or(|name| name == set)
    }

    /// Whether both say the same, wherever they stand.
    #[must_use]
    pub fn says_what(&self, other: &Self) -> bool {
        let said = |waiver: &Self| {
            let Self { rule, subject, set, content, reason, owner, expires, .. } = waiver.clone();
            let expires = expires.map(|last| last.value);
            (rule.value, subject.value, set, content, reason, owner, expires)
        };
        said(self) == said(other)
    }
}

/// What makes a finding an accepted one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The rule's id.
    pub rule: String,
    /// The set.
    pub set: String,
    /// What it is about.
    pub subject: Subject,
    /// Only findings in this file, and where a range is given only those that begin in it.
    pub place: Option<(RepoPath, Option<Span>)>,
    /// Why the finding does no harm.
    pub reason: String,
    /// Who answers for it; [`Acceptance::INLINE`] where the script says it itself.
    pub owner: String,
    /// The last day it holds, where there is one.
    pub expires: Option<Date>,
    /// Where it is written.
    pub location: Location,
}

impl Acceptance {
    /// The owner of what a script says itself.
    pub const INLINE: &'static str = "inline";

    /// Whether the finding is accepted by it.
    #[must_use]
    pub fn covers(&self, finding: &Finding) -> bool {
        let here = |(path, range): &(RepoPath, Option<Span>)| {
            finding.location.path == *path
                && range.is_none_or(|range| {
                    let begins = finding.location.span.map(|span| span.start);
                    begins.is_some_and(|begins| (range.start..range.end).contains(&begins))
                })
        };
        finding.rule == self.rule
            && finding.set == self.set
            && finding.is_about(&self.subject)
            && self.place.as_ref().is_none_or(here)
    }
}

/// An accepted finding: it is shown and does not weigh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// The finding.
    pub finding: Finding,
    /// What makes it an accepted one.
    pub by: Acceptance,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_counts_from_the_longest_term_to_its_last_day() {
        let word = |text: &str| Sited::new(text.to_owned(), Span::new(0, 0));
        let waiver = Waiver {
            rule: word("rollback/missing"),
            subject: Sited::new(Subject::Migration("0001_a".into()), Span::new(0, 0)),
            set: None,
            content: Some("0".into()),
            reason: Some("r".into()),
            owner: Some("o".into()),
            expires: Some(Sited::new(Date::constant(2027, 3, 1), Span::new(0, 0))),
            span: Span::new(0, 0),
        };
        let on = |day: &str| {
            let at = format!("{day}T23:59Z").parse().unwrap();
            waiver.state(Moment::day(at), WAIVER_DAYS)
        };
        assert_eq!(on("2026-11-30"), WaiverState::TooLong);
        assert_eq!(on("2026-12-01"), WaiverState::Holds);
        assert_eq!(on("2027-03-01"), WaiverState::Holds);
        assert_eq!(on("2027-03-02"), WaiverState::Expired);
        let bare = Waiver { content: None, owner: None, ..waiver.clone() };
        let lacks = WaiverState::Lacks(vec!["content", "owner"]);
        assert_eq!(bare.state(Moment::day(jiff::Timestamp::UNIX_EPOCH), 90), lacks);
        let shop = Waiver { set: Some("shop".into()), ..waiver.clone() };
        assert!(waiver.is_for("any") && shop.is_for("shop") && !shop.is_for("any"));
        assert!(waiver.says_what(&waiver.clone()) && !waiver.says_what(&bare));
    }
}
