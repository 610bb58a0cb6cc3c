//! The words and marks that the formats for people share, so that they say the same.

use super::SourceMap;
use super::diff::rows;
use crate::model::{
    Acceptance, ComparisonReport, Counts, EngineKind, Finding, Level, Location, MigrationReport,
    Report, SchemaReport, SetReport, Side, Verdict, Waived,
};

/// How something ended, as a mark that does not need colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Good,
    Warning,
    Bad,
    Unknown,
    None,
}

impl Mark {
    /// The sign for terminals and tables.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Self::Good => "✔",
            Self::Warning => "!",
            Self::Bad => "✘",
            Self::Unknown => "?",
            Self::None => "–",
        }
    }

    pub(super) fn of_level(level: Level) -> Self {
        match level {
            Level::Error => Self::Bad,
            Level::Warning => Self::Warning,
            Level::Note | Level::Off => Self::None,
        }
    }

    pub(super) fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Good,
            Verdict::Block => Self::Bad,
            Verdict::Inconclusive => Self::Unknown,
        }
    }

    /// The worst that is said about one migration. A step that went wrong is never a tick, also
    /// where the policy or a waiver has nothing to say about it.
    pub(super) fn of_migration(report: &Report, set: &str, migration: &MigrationReport) -> Self {
        let about = |finding: &&Finding| {
            finding.set == set && finding.migration.as_ref() == Some(&migration.id)
        };
        let step =
            |mark| migration.steps.iter().any(|step| Self::of_step(step.0, step.1).0 == mark);
        match report.findings.iter().filter(about).map(|finding| finding.level).min() {
            Some(Level::Error) => Self::Bad,
            _ if unknown(report, set, &migration.id) || step(Self::Unknown) => Self::Unknown,
            Some(Level::Warning) => Self::Warning,
            _ if is_elsewhere(report, set, &migration.id) => Self::None,
            _ if step(Self::Bad) || step(Self::Warning) => Self::Warning,
            _ => Self::Good,
        }
    }

    /// A step's mark, and its word where the mark does not say it all.
    pub(super) fn of_step(name: &str, outcome: &'static str) -> (Self, Option<&'static str>) {
        match outcome {
            MigrationReport::OK => (Self::Good, None),
            MigrationReport::NOT_RUN => (Self::None, None),
            MigrationReport::CANNOT_RUN => (Self::Unknown, Some(outcome)),
            // Most migrations cannot run twice and need not; a finding says where one must.
            other if name == "again" => (Self::Warning, Some(other)),
            other => (Self::Bad, Some(other)),
        }
    }
}

impl Mark {
    /// The worst that is said about one config schema.
    pub(super) fn of_schema(report: &Report, set: &str, schema: &SchemaReport) -> Self {
        let about = |finding: &&Finding| {
            finding.set == set && finding.schema.as_ref() == Some(&schema.name)
        };
        match report.findings.iter().filter(about).map(|finding| finding.level).min() {
            Some(Level::Error) => Self::Bad,
            Some(Level::Warning) => Self::Warning,
            _ => Self::Good,
        }
    }

    /// How a comparison ended.
    pub(super) fn of_comparison(comparison: &ComparisonReport) -> Self {
        match comparison.verdict {
            ComparisonReport::COMPATIBLE => Self::Good,
            ComparisonReport::UNKNOWN => Self::Unknown,
            _ => Self::Warning,
        }
    }
}

/// `2 of 41 documents break, 2 of them mended`
pub(super) fn impact(schema: &SchemaReport) -> String {
    let SchemaReport { governed, invalid, mended, .. } = schema;
    let documents = number(*governed, "document");
    let verb = if *invalid == 1 { "breaks" } else { "break" };
    match (governed, invalid, mended) {
        (0, ..) => "no documents".to_owned(),
        _ if !schema.validated => format!("{documents}, not validated"),
        (1, 0, _) => format!("{documents}, valid"),
        (_, 0, _) => format!("{documents}, all valid"),
        (_, _, 0) => format!("{invalid} of {documents} {verb}"),
        (_, 1, _) => format!("{invalid} of {documents} {verb}, mended"),
        _ => format!("{invalid} of {documents} {verb}, {mended} of them mended"),
    }
}

fn unknown(report: &Report, set: &str, migration: &str) -> bool {
    report
        .inconclusive
        .iter()
        .any(|item| item.set == set && item.migration.as_deref().is_none_or(|id| id == migration))
}

/// Whether another shard tries the migration, so that nothing is known of it here.
pub(super) fn is_elsewhere(report: &Report, set: &str, migration: &str) -> bool {
    report.shard.as_ref().is_some_and(|shard| !shard.tries(set, migration))
}

/// Whom a finding is about: the migration after its set, or the repository as a whole.
pub(super) fn set(finding: &Finding) -> &str {
    if finding.set.is_empty() { "the repository" } else { &finding.set }
}

/// Everything about a finding as plain lines: the message, the difference, the details, the help.
pub(super) fn told(finding: &Finding) -> String {
    let mut lines = vec![finding.message.clone()];
    lines.extend(rows(&finding.diff).iter().map(|row| format!("{} {}", row.sign, row.text)));
    lines.extend(finding.details.iter().cloned());
    lines.extend(finding.help.as_ref().map(|help| format!("Help: {help}")));
    lines.join("\n")
}

/// The same below its level, its rule, what it rests on and its place.
pub(super) fn whole(finding: &Finding, sources: &SourceMap) -> String {
    let Finding { level, rule, evidenced, location, .. } = finding;
    let old = if finding.side == Side::Baseline { ", baseline" } else { "" };
    let (label, place) = (evidenced.name(), place(location, sources));
    format!("{level} {rule} ({label}{old})\n{place}\n{}", told(finding))
}

/// `file:line:column`, or the file alone; to be made printable.
pub(super) fn place(location: &Location, sources: &SourceMap) -> String {
    match sources.place(location) {
        Some(place) => format!("{}:{}:{}", location.path, place.start.0, place.start.1),
        None => location.path.to_string(),
    }
}

/// `waived by team-shop until 2027-03-01: unread since 3.1`
pub(super) fn accepted(waived: &Waived) -> String {
    let by = &waived.by;
    let who = match by.owner.as_str() {
        Acceptance::INLINE => "allowed by the script".to_owned(),
        owner => format!("waived by {owner}"),
    };
    let until = by.expires.map(|last| format!(" until {last}")).unwrap_or_default();
    format!("{who}{until}: {}", by.reason)
}

/// The verdict as a heading: `Migrations blocked`, `Shard 2 of 3 passed`.
pub(super) fn heading(report: &Report) -> String {
    let word = verdict(report.verdict);
    match &report.shard {
        None => format!("Migrations {word}"),
        Some(shard) => format!("Shard {} {word}", shard.number),
    }
}

/// The verdict as a word in a sentence.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "passed",
        Verdict::Block => "blocked",
        Verdict::Inconclusive => "inconclusive",
    }
}

/// A rule to ask `explain` about: the first of the heaviest findings.
pub(super) fn rule_to_explain(report: &Report) -> Option<&'static str> {
    report.findings.iter().min_by_key(|finding| finding.level).map(|finding| finding.rule)
}

/// Text cut to so many characters.
pub(super) fn shorten(content: &str, limit: usize) -> std::borrow::Cow<'_, str> {
    match content.char_indices().nth(limit) {
        Some((end, _)) => format!("{} …", content[..end].trim_end()).into(),
        None => content.into(),
    }
}

/// `1 error`, `2 errors`.
pub(super) fn number(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// `3 errors, 1 warning`; empty where there is nothing.
pub(super) fn counts(counts: Counts) -> String {
    let parts: Vec<String> =
        [(counts.errors, "error"), (counts.warnings, "warning"), (counts.notes, "note")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| number(count, word))
            .collect();
    parts.join(", ")
}

/// What stands behind the verdict, in a few words.
#[must_use]
pub fn reasons(report: &Report) -> String {
    let shard = report.shard.as_ref();
    let mut parts: Vec<String> =
        shard.iter().map(|shard| format!("shard {} only", shard.number)).collect();
    let only = parts.len();
    if report.counts.total() > 0 {
        parts.push(counts(report.counts));
    }
    if !report.waived.is_empty() {
        parts.push(format!("{} waived", number(report.waived.len(), "finding")));
    }
    if !report.inconclusive.is_empty() {
        let things = number(report.inconclusive.len(), "thing");
        parts.push(format!("{things} could not be told"));
    }
    if parts.len() == only {
        let judged = report.sets.iter().map(|set| set.migrations.len()).sum();
        let judged: usize = shard.map_or(judged, |shard| shard.tried.len());
        parts.push(match (report.verdict, judged) {
            (Verdict::Inconclusive, _) => "there is no base to compare with".to_owned(),
            (_, 0) if report.sets.iter().any(|set| !set.schemas.is_empty()) => {
                let judged: usize = report.sets.iter().map(|set| set.schemas.len()).sum();
                format!("{} judged, nothing to say", number(judged, "schema"))
            }
            (_, 0) if report.all => match report.sets.iter().map(|set| set.total).sum() {
                0 => "there are no migrations".to_owned(),
                total => format!("{}, none judged", number(total, "migration")),
            },
            (_, 0) => "the change touches no migrations".to_owned(),
            (_, judged) => format!("{} judged, nothing to say", number(judged, "migration")),
        });
    }
    parts.join(", ")
}

/// What is known of older findings; `None` where there are none.
pub(super) fn baseline(report: &Report) -> Option<String> {
    let total = report.baseline.total();
    let them = if total == 1 { "it" } else { "them" };
    (total > 0).then(|| format!("{}, --all shows {them}", number(total, "older finding")))
}

/// `4 migrations before, 5 judged, 3 of them ran`.
pub(super) fn extent(report: &Report, set: &SetReport) -> String {
    let judged = set.migrations.len();
    match (judged, set.total) {
        (0, 0) => return "no migrations".to_owned(),
        (0, total) => {
            let what = if report.all { "judged" } else { "touched" };
            return format!("{}, none {what}", number(total, "migration"));
        }
        _ => {}
    }
    let mut text = match set.baseline_applied {
        0 => format!("{judged} judged"),
        before => format!("{} before, {judged} judged", number(before, "migration")),
    };
    if set.ran_on.is_some() && set.judged_applied < judged {
        text.push_str(&format!(", {} of them ran", set.judged_applied));
    }
    text
}

/// `sqlx on SQLite 3.50.2`, or `sqlx for sqlite, not run`.
pub(super) fn tools(set: &SetReport) -> String {
    match &set.ran_on {
        Some(engine) if set.engine == EngineKind::Documents => engine.clone(),
        None if set.engine == EngineKind::Documents => set.layout.clone(),
        Some(engine) => format!("{} on {engine}", set.layout),
        None => format!("{} for {}, not run", set.layout, set.engine),
    }
}
