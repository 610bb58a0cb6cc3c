//! What the run could not tell, and the walk of each migration in words.

use crate::catalog::SetCatalog;
use crate::model::{
    BrokenHistory, CannotRun, Down, Evidenced, Inconclusive, MigrationEvidence, MigrationReport,
    Outcome, RepoPath, SetEvidence, StatementTrace, StepEvidence, line_column,
};

/// Everything that could not be told of the judged migrations of a set.
#[must_use]
pub fn inconclusive(catalog: &SetCatalog, evidence: &SetEvidence) -> Vec<Inconclusive> {
    let mut found = Vec::new();
    for seen in &evidence.migrations {
        let Some(entry) = catalog.entry(&seen.id) else { continue };
        let path = entry.migration.up.path().clone();
        let down = entry.migration.down.step().map_or(&path, |step| step.path()).clone();
        let mut add = |path: &RepoPath, what: &str, reason: &CannotRun| {
            found.push(Inconclusive {
                set: catalog.info.name.clone(),
                migration: Some(seen.id.clone()),
                path: path.clone(),
                reason: format!("{what} cannot run here: {}", reason.reason),
                way_out: reason.way_out.clone(),
            });
        };
        match (&seen.up.outcome, &seen.blocked_by) {
            (Outcome::CannotRun(reason), _) => add(&path, "the up", reason),
            (Outcome::Failed(failure), Some(culprit)) => add(
                &path,
                "the up",
                &CannotRun {
                    reason: format!(
                        "it fails ({}), and {culprit}, which it may need, did not run",
                        failure.message
                    ),
                    way_out: format!("look at {culprit} first"),
                },
            ),
            _ => {}
        }
        let rows = seen.rows.as_ref();
        let steps = [
            (seen.again.as_ref(), "the second up", &path),
            (seen.verify.as_ref(), "the verify script", &path),
            (seen.down.as_ref(), "the down", &down),
            (seen.up_after_down.as_ref(), "the up after the down", &path),
            (seen.reverse.as_ref(), "the down in reverse order", &down),
            (rows.and_then(|rows| rows.up.as_ref()), "the up over rows", &path),
            (rows.and_then(|rows| rows.down.as_ref()), "the down over rows", &down),
        ];
        for (step, what, path) in steps {
            if let Some(Outcome::CannotRun(reason)) = step.map(|step| &step.outcome) {
                add(path, what, reason);
            }
        }
    }
    found.extend(seed(catalog, evidence));
    found
}

/// The set's own rows, where they could not be put in before the first migration that needed them;
/// for later ones the schema may have moved on.
fn seed(catalog: &SetCatalog, evidence: &SetEvidence) -> Option<Inconclusive> {
    let script = catalog.seed.as_ref()?;
    let seen = evidence.migrations.iter().find(|seen| seen.rows.is_some())?;
    let (place, why) = match seen.rows.as_ref()?.seed.as_ref()? {
        Outcome::Done => return None,
        Outcome::Failed(failure) => (failure.location.span, failure.message.clone()),
        Outcome::TimedOut { location, limit } => {
            (location.span, format!("stopped after {limit} s"))
        }
        Outcome::CannotRun(reason) => (None, reason.reason.clone()),
        Outcome::Barred(barred) => (barred.failure.location.span, barred.failure.message.clone()),
    };
    let line = place.map(|span| line_column(&script.text, span.start).0);
    let line = line.map(|line| format!(" in line {line}")).unwrap_or_default();
    Some(Inconclusive {
        set: catalog.info.name.clone(),
        migration: None,
        path: script.path.clone(),
        reason: format!("the seed does not run before {}{line}: {why}", seen.id),
        way_out: "mend the seed, so that it fits the schema before the change".into(),
    })
}

/// The tables that could not be filled with rows, each with the reason.
pub fn unfilled<'a>(
    migrations: impl Iterator<Item = &'a MigrationEvidence>,
) -> Vec<(String, String)> {
    let rows = migrations.filter_map(|seen| seen.rows.as_ref());
    rows.flat_map(|rows| rows.unfilled.iter().cloned()).collect()
}

/// The judged migrations with the walk of each, in the order given.
#[must_use]
pub fn migration_reports(
    catalog: &SetCatalog,
    judged: &[String],
    evidence: Option<&SetEvidence>,
) -> Vec<MigrationReport> {
    judged
        .iter()
        .filter_map(|id| catalog.entry(id))
        .map(|entry| {
            let id = &entry.migration.id;
            let seen = evidence.and_then(|all| all.migrations.iter().find(|seen| seen.id == *id));
            let missing = matches!(entry.migration.down, Down::Missing);
            MigrationReport {
                id: id.clone(),
                path: entry.migration.up.path().clone(),
                class: entry.class(),
                class_declared: entry.declared.class.is_some(),
                depends_on: entry.depends_on(),
                steps: seen.map(|seen| steps(seen, missing)).unwrap_or_default(),
                trace: seen.map(|seen| told(&seen.trace)).unwrap_or_default(),
            }
        })
        .collect()
}

/// The statements that were seen to do something.
fn told(trace: &[StatementTrace]) -> Vec<StatementTrace> {
    let speaks = |one: &&StatementTrace| {
        !one.locks.is_empty() || !one.rewrites.is_empty() || !one.scans.is_empty()
    };
    trace.iter().filter(speaks).cloned().collect()
}

fn steps(
    seen: &MigrationEvidence,
    down_is_missing: bool,
) -> Vec<(&'static str, &'static str, Evidenced)> {
    let up = match (&seen.up.outcome, &seen.blocked_by) {
        // Nobody can tell whose fault it is, and `inconclusive` says so.
        (Outcome::Failed(_), Some(_)) => MigrationReport::CANNOT_RUN,
        // The diff of an up is what it changed, not a fault.
        (outcome, _) => word(&StepEvidence::ended(outcome.clone())),
    };
    let mut steps = vec![("up", up, Evidenced::Proved)];
    let mut add = |name, step: Option<&StepEvidence>| {
        if let Some(step) = step {
            steps.push((name, word(step), Evidenced::Proved));
        }
    };
    add("again", seen.again.as_ref());
    add("verify", seen.verify.as_ref());
    add("down", seen.down.as_ref());
    add("restore", seen.restore.as_ref());
    add("up again", seen.up_after_down.as_ref());
    add("reverse", seen.reverse.as_ref());
    if down_is_missing && seen.restore.is_none() {
        let place = steps.iter().position(|(name, ..)| *name == "up again").unwrap_or(steps.len());
        steps.insert(place, ("down", "missing", Evidenced::Static));
    }
    steps
}

fn word(step: &StepEvidence) -> &'static str {
    match &step.outcome {
        Outcome::Done if step.diff.is_material() => "differs",
        Outcome::Done => "ok",
        Outcome::Failed(_) => "fails",
        Outcome::TimedOut { .. } => "timed out",
        Outcome::CannotRun(_) | Outcome::Barred(_) => MigrationReport::CANNOT_RUN,
    }
}

/// A migration of the history that did not run, in one line for the report's notices.
#[must_use]
pub fn broken_history(catalog: &SetCatalog, broken: &BrokenHistory) -> String {
    let BrokenHistory { id, outcome, .. } = broken;
    let why = match outcome {
        Outcome::Done => "it ran".to_owned(),
        Outcome::Failed(failure) => format!("it fails: {}", failure.message),
        Outcome::TimedOut { limit, .. } => format!("it was stopped after {limit} s"),
        Outcome::CannotRun(reason) => format!("it cannot run here: {}", reason.reason),
        Outcome::Barred(barred) => format!("it cannot run here: {}", barred.failure.message),
    };
    format!("{}: {id} of the history did not run; {why}", catalog.info.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Failure, Location};

    #[test]
    fn an_up_that_may_lack_an_earlier_one_is_not_called_broken() {
        let outcome = Outcome::Failed(Failure {
            message: "no such table: books".into(),
            code: None,
            detail: None,
            hint: None,
            location: Location::file(RepoPath::root()),
        });
        let mut seen = MigrationEvidence::new("2", StepEvidence::ended(outcome));
        assert_eq!(steps(&seen, false), [("up", "fails", Evidenced::Proved)]);
        seen.blocked_by = Some("1".into());
        assert_eq!(steps(&seen, false), [("up", "cannot run", Evidenced::Proved)]);
    }
}
