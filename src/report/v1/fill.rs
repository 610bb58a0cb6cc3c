//! Filling the wire types from the inner ones: the only place that knows both.

use super::{
    Comparison, ConfigSchema, Counts, Difference, DifferenceKind, Document, Finding, Inconclusive,
    Label, Line, Lock, Migration, Object, Policy, SCHEMA_VERSION, Said, Set, Shard, Site, Snippet,
    Statement, Step, Tool, Tried, Unfilled, Verdict, Waived, WaiverUse, WaiverUseIn, Weight,
};
use crate::model::{self, Level, Report, Verdict as Answer};
use crate::report::{self, SourceMap};

impl From<(&Report, &SourceMap)> for Document {
    fn from((report, sources): (&Report, &SourceMap)) -> Self {
        let mut document = Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            digest: String::new(),
            verdict: match report.verdict {
                Answer::Pass => Verdict::Pass,
                Answer::Block => Verdict::Block,
                Answer::Inconclusive => Verdict::Inconclusive,
            },
            base: report.base.clone(),
            head: report.head.clone(),
            base_commit: report.identity.base_commit.clone(),
            head_commit: report.identity.head_commit.clone(),
            policy: Policy::from(&report.identity.policy),
            all: report.all,
            as_of: report.as_of.map(|moment| moment.to_string()),
            counts: report.counts.into(),
            baseline: report.baseline.into(),
            sets: report.sets.iter().map(|one| set(one, sources)).collect(),
            findings: report.findings.iter().filter_map(|one| finding(one, sources)).collect(),
            waived: report.waived.iter().filter_map(|one| waived(one, sources)).collect(),
            inconclusive: report.inconclusive.iter().map(Inconclusive::from).collect(),
            notices: report.notices.clone(),
            shard: report.shard.as_ref().map(|one| shard(one, sources)),
        };
        // Nothing in these types can fail to serialise; should that ever change, a null still
        // gives a digest that no document verifies against.
        document.digest = super::digest_of(&serde_json::to_value(&document).unwrap_or_default());
        document
    }
}

impl From<&model::PolicyIdentity> for Policy {
    fn from(policy: &model::PolicyIdentity) -> Self {
        Self {
            file: policy.path.to_string(),
            of_base: policy.of_base,
            sha256: policy.sha256.clone(),
        }
    }
}

impl From<model::Counts> for Counts {
    fn from(counts: model::Counts) -> Self {
        Self { errors: counts.errors, warnings: counts.warnings, notes: counts.notes }
    }
}

fn set(set: &model::SetReport, sources: &SourceMap) -> Set {
    Set {
        name: set.name.clone(),
        path: set.path.to_string(),
        layout: set.layout.clone(),
        engine: set.engine.name().to_owned(),
        ran_on: set.ran_on.clone(),
        assumed: set.assumed.clone(),
        total: set.total,
        baseline_applied: set.baseline_applied,
        judged_applied: set.judged_applied,
        schemas: set.schemas.iter().map(ConfigSchema::from).collect(),
        migrations: set.migrations.iter().map(|one| migration(one, sources)).collect(),
    }
}

impl From<&model::SchemaReport> for ConfigSchema {
    fn from(schema: &model::SchemaReport) -> Self {
        let comparison = |comparison: &model::ComparisonReport| Comparison {
            direction: comparison.direction.name().to_owned(),
            against: comparison.against.clone(),
            verdict: comparison.verdict.to_owned(),
            label: comparison.evidenced.into(),
        };
        Self {
            name: schema.name.clone(),
            path: schema.path.to_string(),
            change: schema.change.name().to_owned(),
            comparisons: schema.comparisons.iter().map(comparison).collect(),
            governed: schema.governed,
            validated: schema.validated,
            invalid: schema.invalid,
            mended: schema.mended,
        }
    }
}

fn migration(migration: &model::MigrationReport, sources: &SourceMap) -> Migration {
    let step = |(name, outcome, label): &(&str, &str, model::Evidenced)| Step {
        name: (*name).to_owned(),
        outcome: (*outcome).to_owned(),
        label: (*label).into(),
    };
    Migration {
        id: migration.id.clone(),
        path: migration.path.to_string(),
        class: migration.class.name().to_owned(),
        class_declared: migration.class_declared,
        depends_on: migration.depends_on.clone(),
        steps: migration.steps.iter().map(step).collect(),
        trace: migration.trace.iter().map(|one| statement(one, sources)).collect(),
    }
}

fn statement(seen: &model::StatementTrace, sources: &SourceMap) -> Statement {
    let lock = |lock: &model::LockTaken| Lock {
        relation: lock.relation.clone(),
        mode: lock.mode.name().to_owned(),
        held_for: lock.held_for,
    };
    let site = site(&seen.location, sources);
    Statement {
        start_byte: site.start_byte,
        end_byte: site.end_byte,
        line: site.line,
        column: site.column,
        end_line: site.end_line,
        end_column: site.end_column,
        locks: seen.locks.iter().map(lock).collect(),
        rewrites: seen.rewrites.clone(),
        scans: seen.scans.clone(),
    }
}

fn site(location: &model::Location, sources: &SourceMap) -> Site {
    let place = sources.place(location);
    let bytes = place.map(|place| place.span).or(location.span);
    Site {
        file: location.path.to_string(),
        start_byte: bytes.map(|span| span.start),
        end_byte: bytes.map(|span| span.end),
        line: place.map(|place| place.start.0),
        column: place.map(|place| place.start.1),
        end_line: place.map(|place| place.end.0),
        end_column: place.map(|place| place.end.1),
    }
}

impl From<model::Evidenced> for Label {
    fn from(evidenced: model::Evidenced) -> Self {
        match evidenced {
            model::Evidenced::Static => Self::Static,
            model::Evidenced::Traced => Self::Traced,
            model::Evidenced::Proved => Self::Proved,
        }
    }
}

/// A finding on the wire; one that is switched off is not written.
fn finding(finding: &model::Finding, sources: &SourceMap) -> Option<Finding> {
    let level = match finding.level {
        Level::Error => Weight::Error,
        Level::Warning => Weight::Warning,
        Level::Note => Weight::Note,
        Level::Off => return None,
    };
    let at = site(&finding.location, sources);
    Some(Finding {
        rule: finding.rule.to_owned(),
        level,
        set: finding.set.clone(),
        migration: finding.migration.clone(),
        schema: finding.schema.clone(),
        file: at.file,
        start_byte: at.start_byte,
        end_byte: at.end_byte,
        line: at.line,
        column: at.column,
        end_line: at.end_line,
        end_column: at.end_column,
        also: finding.also.iter().map(|location| site(location, sources)).collect(),
        message: finding.message.clone(),
        label: finding.evidenced.into(),
        baseline: finding.side == model::Side::Baseline,
        timed: model::TIMED_RULES.contains(&finding.rule),
        details: finding.details.clone(),
        help: finding.help.clone(),
        differences: finding.diff.differences.iter().map(Difference::from).collect(),
        snippet: report::Snippet::of_finding(finding, sources).map(Snippet::from),
    })
}

impl From<report::Snippet> for Snippet {
    fn from(snippet: report::Snippet) -> Self {
        let line = |line: report::Line| Line {
            number: line.number,
            text: line.text,
            marked: line.marked,
            under: line.under.map(|under| [under.start, under.end]),
        };
        Self { lines: snippet.lines.into_iter().map(line).collect(), more: snippet.more }
    }
}

/// An accepted finding on the wire.
fn waived(waived: &model::Waived, sources: &SourceMap) -> Option<Waived> {
    let by = &waived.by;
    Some(Waived {
        finding: finding(&waived.finding, sources)?,
        reason: by.reason.clone(),
        owner: by.owner.clone(),
        expires: by.expires.map(|last| last.to_string()),
        file: by.location.path.to_string(),
    })
}

/// What a shard says beyond its findings.
fn shard(shard: &model::Shard, sources: &SourceMap) -> Shard {
    let tried = |(set, migration): &(String, String)| Tried {
        set: set.clone(),
        migration: migration.clone(),
    };
    let waivers = shard.waivers.iter().filter_map(|waiver| {
        let sets = waiver.sets.iter().map(|one| WaiverUseIn {
            set: one.set.clone(),
            found: one.found,
            untold: one.untold,
            other_content: one.other_content.as_ref().and_then(|one| finding(one, sources)),
        });
        Some(WaiverUse { unused: finding(&waiver.unused, sources)?, sets: sets.collect() })
    });
    Shard {
        index: shard.number.index,
        of: shard.number.of,
        tried: shard.tried.iter().map(tried).collect(),
        sets: shard.sets.clone(),
        notices: shard.notices.clone(),
        said: shard.said.iter().map(Said::from).collect(),
        waivers: waivers.collect(),
    }
}

impl From<&model::SetNotices> for Said {
    fn from(said: &model::SetNotices) -> Self {
        let unfilled = |(table, reason): &(String, String)| Unfilled {
            table: table.clone(),
            reason: reason.clone(),
        };
        Self {
            set: said.set.clone(),
            accepted: said.accepted.clone(),
            history: said.history.clone(),
            unfilled: said.unfilled.iter().map(unfilled).collect(),
        }
    }
}

impl From<&model::Difference> for Difference {
    fn from(difference: &model::Difference) -> Self {
        Self {
            kind: match difference.kind {
                model::DifferenceKind::Left => DifferenceKind::Left,
                model::DifferenceKind::Lost => DifferenceKind::Lost,
                model::DifferenceKind::Changed => DifferenceKind::Changed,
            },
            object: Object {
                kind: difference.object.kind.clone(),
                name: difference.object.name.clone(),
            },
            attribute: difference.attribute.clone(),
            expected: difference.expected.clone(),
            found: difference.found.clone(),
            dependents: difference.dependents,
            note: difference.note,
        }
    }
}

impl From<&model::Inconclusive> for Inconclusive {
    fn from(item: &model::Inconclusive) -> Self {
        Self {
            set: item.set.clone(),
            migration: item.migration.clone(),
            file: item.path.to_string(),
            reason: item.reason.clone(),
            way_out: item.way_out.clone(),
        }
    }
}
