//! A report that was written before, read again: what `publish` and `merge` start from.
//!
//! Whoever could write the file could write anything into it, so nothing here is trusted: every
//! word must be one that this version writes, and the digest must fit. That does not prove who
//! wrote it; it proves that it is whole.

mod shard;

use serde_json::Value;

use super::{
    Difference, DifferenceKind, Document, Label, SCHEMA_VERSION, Site, Snippet, Verdict, Weight,
};
use crate::model::{self, Acceptance, Location, Moment, RepoPath, Report, Span, Subject};
use crate::report::{self, Place, Recorded, SourceMap};

/// Why a file is not taken for a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON, or not in the shape of a report.
    #[error("it is no report: {0}\n  help: name a file that `check --report json=FILE` wrote")]
    Shape(String),
    /// Another version of this program wrote it.
    #[error(
        "{name} {version} wrote it, and this is {} {}\n  help: use the same version for both",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION")
    )]
    Version {
        /// The program that it names.
        name: String,
        /// Its version.
        version: String,
    },
    /// Its digest is another one than that of its facts.
    #[error(
        "it was changed after it was written: its digest is not that of what it says\n  help: make it again with `check --report json=FILE`"
    )]
    Digest,
    /// It is of one shard of a check.
    #[error(
        "it is the report of shard {0} only, and so no whole answer\n  help: join the reports of all shards with `merge`, and take the report that it writes"
    )]
    Shard(model::ShardNumber),
    /// It is of a whole check.
    #[error(
        "it is the report of a whole check and not of a shard\n  help: name the reports of `check --shard K/N --report json=FILE`"
    )]
    Whole,
    /// A word in it is none that a report has there.
    #[error(
        "its {what} \"{word}\" is none that this program writes\n  help: make it again with `check --report json=FILE`"
    )]
    Word {
        /// What the word should be.
        what: &'static str,
        /// The word, printable.
        word: String,
    },
}

/// Reads the report of a whole check, and what it says of the places in files that are not at hand.
/// `rule` knows the rules by their ids.
///
/// # Errors
/// Where the text is not what this version of the program writes, or is of one shard only.
pub fn read(
    text: &str,
    rule: &dyn Fn(&str) -> Option<&'static str>,
) -> Result<(Report, SourceMap), ReadError> {
    let (report, sources) = any(text, rule)?;
    match &report.shard {
        None => Ok((report, sources)),
        Some(shard) => Err(ReadError::Shard(shard.number)),
    }
}

/// Reads the report of one shard of a check in the same way.
///
/// # Errors
/// Where the text is not what this version of the program writes, or is of a whole check.
pub fn read_shard(
    text: &str,
    rule: &dyn Fn(&str) -> Option<&'static str>,
) -> Result<(Report, SourceMap), ReadError> {
    let (report, sources) = any(text, rule)?;
    if report.shard.is_some() { Ok((report, sources)) } else { Err(ReadError::Whole) }
}

fn any(
    text: &str,
    rule: &dyn Fn(&str) -> Option<&'static str>,
) -> Result<(Report, SourceMap), ReadError> {
    let shape = |error: serde_json::Error| ReadError::Shape(error.to_string());
    let value: Value = serde_json::from_str(text).map_err(shape)?;
    let document: Document = serde_json::from_value(value.clone()).map_err(shape)?;
    let tool = (document.tool.name.as_str(), document.tool.version.as_str());
    let same = tool == (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    if !same || document.schema_version != SCHEMA_VERSION {
        let (name, version) = (model::printable(tool.0).into(), model::printable(tool.1).into());
        return Err(ReadError::Version { name, version });
    }
    // Members that this version does not know would be dropped, and so the digest is that of the
    // text as it stands.
    if super::digest_of(&value) != document.digest {
        return Err(ReadError::Digest);
    }
    let mut reader = Reader { rule, sources: SourceMap::new() };
    let report = reader.report(document)?;
    Ok((report, reader.sources))
}

struct Reader<'a> {
    rule: &'a dyn Fn(&str) -> Option<&'static str>,
    sources: SourceMap,
}

impl Reader<'_> {
    fn report(&mut self, document: Document) -> Result<Report, ReadError> {
        let as_of = document.as_of.as_deref().map(|shown| known("moment", shown, Moment::parse));
        let sets = document
            .sets
            .into_iter()
            .map(|one| set(one, &mut self.sources))
            .collect::<Result<Vec<_>, _>>()?;
        let findings = document.findings.into_iter().map(|one| self.finding(one));
        let findings = findings.collect::<Result<Vec<_>, _>>()?;
        let waived = document.waived.into_iter().map(|one| self.waived(one));
        let waived = waived.collect::<Result<Vec<_>, _>>()?;
        let shard = document.shard.map(|one| self.shard(one)).transpose()?;
        let inconclusive = document.inconclusive.into_iter().map(inconclusive);
        let report = Report {
            verdict: match document.verdict {
                Verdict::Pass => model::Verdict::Pass,
                Verdict::Block => model::Verdict::Block,
                Verdict::Inconclusive => model::Verdict::Inconclusive,
            },
            base: document.base,
            head: document.head,
            identity: model::Identity {
                base_commit: document.base_commit,
                head_commit: document.head_commit,
                policy: model::PolicyIdentity {
                    path: path(&document.policy.file)?,
                    of_base: document.policy.of_base,
                    sha256: document.policy.sha256,
                },
            },
            all: document.all,
            as_of: as_of.transpose()?,
            sets,
            counts: model::Counts::of(&findings),
            findings,
            waived,
            baseline: model::Counts {
                errors: document.baseline.errors,
                warnings: document.baseline.warnings,
                notes: document.baseline.notes,
            },
            inconclusive: inconclusive.collect::<Result<_, _>>()?,
            notices: document.notices,
            shard,
        };
        // The digest says nothing of these, as they hang on the moment.
        let told = super::Counts::from(report.counts);
        let consistent = told == document.counts
            && (report.verdict != model::Verdict::Pass || report.all || report.base.is_some())
            && report.verdict.weighs(report.counts, report.inconclusive.is_empty());
        if consistent { Ok(report) } else { Err(ReadError::Digest) }
    }

    fn finding(&mut self, finding: super::Finding) -> Result<model::Finding, ReadError> {
        let site = Site {
            file: finding.file,
            start_byte: finding.start_byte,
            end_byte: finding.end_byte,
            line: finding.line,
            column: finding.column,
            end_line: finding.end_line,
            end_column: finding.end_column,
        };
        let snippet = finding.snippet.map(report::Snippet::from);
        let location = recorded(&site, snippet, &mut self.sources)?;
        let also = finding.also.iter().map(|site| recorded(site, None, &mut self.sources));
        let also = also.collect::<Result<_, _>>()?;
        Ok(model::Finding {
            rule: known("rule", &finding.rule, self.rule)?,
            level: match finding.level {
                Weight::Error => model::Level::Error,
                Weight::Warning => model::Level::Warning,
                Weight::Note => model::Level::Note,
            },
            set: finding.set,
            migration: finding.migration,
            schema: finding.schema,
            location,
            also,
            message: finding.message,
            evidenced: evidenced(finding.label),
            diff: model::SnapshotDiff {
                differences: finding.differences.into_iter().map(difference).collect(),
            },
            details: finding.details,
            help: finding.help,
            side: if finding.baseline { model::Side::Baseline } else { model::Side::Change },
        })
    }

    fn waived(&mut self, waived: super::Waived) -> Result<model::Waived, ReadError> {
        let finding = self.finding(waived.finding)?;
        let subject = match (&finding.migration, &finding.schema) {
            (None, Some(schema)) => Subject::Schema(schema.clone()),
            (migration, _) => Subject::Migration(migration.clone().unwrap_or_default()),
        };
        let expires = waived.expires.as_deref();
        let expires = expires.map(|day| known("last day", day, |day| day.parse().ok()));
        let by = Acceptance {
            rule: finding.rule.to_owned(),
            set: finding.set.clone(),
            subject,
            place: None,
            reason: waived.reason,
            owner: waived.owner,
            expires: expires.transpose()?,
            location: Location::file(path(&waived.file)?),
        };
        Ok(model::Waived { finding, by })
    }
}

/// The place that a report names; what it says of it is kept.
fn recorded(
    site: &Site,
    snippet: Option<report::Snippet>,
    sources: &mut SourceMap,
) -> Result<Location, ReadError> {
    let bytes = site.start_byte.zip(site.end_byte);
    let span = bytes.map(|(start, end)| Span::new(start, end));
    let ends = site.line.zip(site.column).zip(site.end_line.zip(site.end_column));
    let place = ends.zip(span).map(|((start, end), span)| Place { span, start, end });
    let location = Location { path: path(&site.file)?, span };
    sources.record(location.clone(), Recorded { place, snippet });
    Ok(location)
}

/// What a word means; one that means nothing is refused.
fn known<T>(
    what: &'static str,
    word: &str,
    means: impl Fn(&str) -> Option<T>,
) -> Result<T, ReadError> {
    means(word).ok_or_else(|| ReadError::Word { what, word: model::printable(word).into_owned() })
}

/// The one of `all` with that name.
fn named<T: Copy>(
    what: &'static str,
    word: &str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, ReadError> {
    known(what, word, |word| all.iter().copied().find(|one| name(*one) == word))
}

fn path(text: &str) -> Result<RepoPath, ReadError> {
    // Nothing climbs out; beyond that a name stays as it was written.
    let path = known("file", text, RepoPath::new)?;
    Ok(if path.is_root() { path } else { RepoPath::from_git(text.as_bytes()).0 })
}

fn evidenced(label: Label) -> model::Evidenced {
    match label {
        Label::Static => model::Evidenced::Static,
        Label::Traced => model::Evidenced::Traced,
        Label::Proved => model::Evidenced::Proved,
    }
}

fn set(set: super::Set, sources: &mut SourceMap) -> Result<model::SetReport, ReadError> {
    let engine = named("engine", &set.engine, &model::EngineKind::ALL, model::EngineKind::name)?;
    let migrations = set.migrations.into_iter().map(|one| migration(one, sources));
    Ok(model::SetReport {
        name: set.name,
        path: path(&set.path)?,
        layout: set.layout,
        engine,
        ran_on: set.ran_on,
        assumed: set.assumed,
        total: set.total,
        baseline_applied: set.baseline_applied,
        judged_applied: set.judged_applied,
        schemas: set.schemas.into_iter().map(schema).collect::<Result<_, _>>()?,
        migrations: migrations.collect::<Result<_, _>>()?,
    })
}

fn schema(schema: super::ConfigSchema) -> Result<model::SchemaReport, ReadError> {
    let comparison = |one: super::Comparison| {
        let (directions, verdicts) = (model::Direction::ALL, model::ComparisonReport::VERDICTS);
        Ok(model::ComparisonReport {
            direction: named("direction", &one.direction, &directions, model::Direction::name)?,
            against: one.against,
            verdict: named("comparison", &one.verdict, &verdicts, |word| word)?,
            evidenced: evidenced(one.label),
        })
    };
    let changes = model::SchemaChange::ALL;
    Ok(model::SchemaReport {
        name: schema.name,
        path: path(&schema.path)?,
        change: named("change", &schema.change, &changes, model::SchemaChange::name)?,
        comparisons: schema.comparisons.into_iter().map(comparison).collect::<Result<_, _>>()?,
        governed: schema.governed,
        validated: schema.validated,
        invalid: schema.invalid,
        mended: schema.mended,
    })
}

fn migration(
    migration: super::Migration,
    sources: &mut SourceMap,
) -> Result<model::MigrationReport, ReadError> {
    let step = |step: super::Step| {
        let (names, outcomes) = (model::MigrationReport::STEPS, model::MigrationReport::OUTCOMES);
        Ok((
            named("step", &step.name, &names, |word| word)?,
            named("outcome", &step.outcome, &outcomes, |word| word)?,
            evidenced(step.label),
        ))
    };
    let path = path(&migration.path)?;
    let trace = migration.trace.into_iter().map(|one| statement(&path, one, sources));
    Ok(model::MigrationReport {
        id: migration.id,
        class: known("class", &migration.class, model::Class::parse)?,
        class_declared: migration.class_declared,
        depends_on: migration.depends_on,
        steps: migration.steps.into_iter().map(step).collect::<Result<_, _>>()?,
        trace: trace.collect::<Result<_, _>>()?,
        path,
    })
}

fn statement(
    path: &RepoPath,
    seen: super::Statement,
    sources: &mut SourceMap,
) -> Result<model::StatementTrace, ReadError> {
    let lock = |lock: super::Lock| {
        let modes = model::LockMode::ALL;
        Ok(model::LockTaken {
            relation: lock.relation,
            mode: named("lock", &lock.mode, &modes, model::LockMode::name)?,
            held_for: lock.held_for,
        })
    };
    let site = Site {
        file: path.to_string(),
        start_byte: seen.start_byte,
        end_byte: seen.end_byte,
        line: seen.line,
        column: seen.column,
        end_line: seen.end_line,
        end_column: seen.end_column,
    };
    Ok(model::StatementTrace {
        location: recorded(&site, None, sources)?,
        locks: seen.locks.into_iter().map(lock).collect::<Result<_, _>>()?,
        rewrites: seen.rewrites,
        scans: seen.scans,
    })
}

fn difference(difference: Difference) -> model::Difference {
    model::Difference {
        kind: match difference.kind {
            DifferenceKind::Left => model::DifferenceKind::Left,
            DifferenceKind::Lost => model::DifferenceKind::Lost,
            DifferenceKind::Changed => model::DifferenceKind::Changed,
        },
        object: model::ObjectKey::new(difference.object.kind, difference.object.name),
        attribute: difference.attribute,
        expected: difference.expected,
        found: difference.found,
        dependents: difference.dependents,
        note: difference.note,
    }
}

fn inconclusive(item: super::Inconclusive) -> Result<model::Inconclusive, ReadError> {
    Ok(model::Inconclusive {
        set: item.set,
        migration: item.migration,
        path: path(&item.file)?,
        reason: item.reason,
        way_out: item.way_out,
    })
}

impl From<Snippet> for report::Snippet {
    /// Its lines are made printable again: nobody knows who wrote them.
    fn from(snippet: Snippet) -> Self {
        let line = |line: super::Line| report::Line {
            number: line.number,
            text: model::printable(&line.text).into_owned(),
            marked: line.marked,
            under: line.under.map(|[start, end]| start..end),
        };
        Self { lines: snippet.lines.into_iter().map(line).collect(), more: snippet.more }
    }
}

#[cfg(test)]
mod tests;
