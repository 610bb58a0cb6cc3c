//! The sample report with accepted findings.

use jiff::Timestamp;
use jiff::civil::Date;

use super::sample::{finding, parts, path};
use crate::model::{Acceptance, Level, Location, Moment, Report, Subject};
use crate::report::{Assembly, assemble};

/// What accepts a finding about a migration of the sample.
pub(crate) fn acceptance(rule: &str, migration: &str) -> Acceptance {
    Acceptance {
        rule: rule.into(),
        set: "shop".into(),
        subject: Subject::Migration(migration.into()),
        place: None,
        reason: "nobody reads notes since 3.1".into(),
        owner: "team-shop".into(),
        expires: Some(Date::constant(2027, 3, 1)),
        location: Location::file(path("migration-gate.toml")),
    }
}

/// A report of which everything that would block is accepted, at a moment.
pub(crate) fn waived() -> Report {
    let inline = Acceptance {
        owner: Acceptance::INLINE.into(),
        expires: None,
        ..acceptance("dryrun/up-fails", "0007_rates")
    };
    let mut parts = parts();
    parts.inconclusive.clear();
    parts.findings.retain(|finding| finding.migration.is_some());
    let mut policy = finding("governance/policy-changed", Level::Warning, "0003_old.sql", None);
    policy.set = String::new();
    policy.migration = None;
    parts.findings.push(policy);
    assemble(Assembly {
        as_of: Some(Moment::minute(Timestamp::constant(1_795_255_200, 0))),
        acceptances: vec![acceptance("rollback/leaves-trace", "0006_drop_notes"), inline],
        ..parts
    })
}
