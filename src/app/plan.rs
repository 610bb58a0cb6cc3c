//! A plan as a reviewer reads it.

use crate::model::printable;
use crate::render::escape::log_line;
use crate::runner::plan::{
    Check, CheckName, Conflict, DownState, Impact, Outcome, Plan, Rollback, Settlement, Severity,
    StatementWork, Step, Touch, Way, Why, Work,
};

/// How many of a step's objects, documents and statements are shown; JSON has them all.
const SHOWN: usize = 12;

/// A plan as text. Every line is harmless to terminals and CI runners.
#[must_use]
pub fn plan_text(plan: &Plan) -> String {
    let mut lines = vec![head(plan), String::new()];
    let unknown = unknown_locks(plan);
    for (number, step) in (1_usize..).zip(&plan.steps) {
        lines.extend(of_step(number, step, unknown.is_none()));
        lines.push(String::new());
    }
    if let Some(reason) = unknown {
        lines.extend([format!("locks are not known: {reason}"), String::new()]);
    }
    if !plan.conflicts.is_empty() {
        lines.push("conflicts".into());
        lines.extend(plan.conflicts.iter().flat_map(of_conflict));
        lines.push(String::new());
    }
    lines.push("checks".into());
    lines.extend(passed(&plan.checks));
    lines.extend(plan.checks.iter().flat_map(of_check));
    lines.extend(plan.notes.iter().map(|note| format!("note: {note}")));
    lines.extend([String::new(), verdict(plan)]);
    lines.iter().map(|line| format!("{}\n", log_line(&printable(line)))).collect()
}

fn head(plan: &Plan) -> String {
    let Plan { target, set, engine, place, .. } = plan;
    let serves = if plan.production { "production" } else { "not production" };
    format!("plan for {target} ({set}, {engine}, {serves}) at {place}")
}

/// Why nothing is known of any step's locks, where that has one reason.
fn unknown_locks(plan: &Plan) -> Option<&str> {
    let mut reasons = plan.steps.iter().map(|step| match &step.impact.work {
        Work::NotKnown(reason) => Some(reason.as_str()),
        Work::Seen(_) => None,
    });
    let first = reasons.next()??;
    reasons.all(|reason| reason == Some(first)).then_some(first)
}

fn of_step(number: usize, step: &Step, with_locks: bool) -> Vec<String> {
    let inferred = if step.class_declared { "" } else { " (inferred)" };
    let class = crate::model::Class::from(step.class);
    let why = match &step.why {
        // What was asked for, and so nothing to say.
        Why::Pending => String::new(),
        Why::Requested => ", requested".to_owned(),
        Why::Changed => ", changed".to_owned(),
        Why::NeededBy(id) => format!(", needed by {id}"),
    };
    let mut lines = vec![format!("{number}. {}  {class}{inferred}{why}", step.migration)];
    let mut say = |what: &str, words: String| {
        if !words.is_empty() {
            lines.push(format!("   {what:<9} {words}"));
        }
    };
    say("needs", step.depends_on.join(", "));
    of_impact(&step.impact, &mut say);
    if with_locks {
        of_work(&step.impact, &mut say);
    }
    say("rollback", back(&step.rollback, step.impact.files.is_empty()));
    lines
}

fn of_impact(impact: &Impact, say: &mut impl FnMut(&str, String)) {
    // What is only used is in the rows.
    let changed: Vec<&Touch> = impact.objects.iter().filter(|one| one.action != "use").collect();
    let statements = impact.statements.iter().map(|one| format!("{} {}", one.count, one.kind));
    match changed.is_empty() {
        true => say("does", listed(statements)),
        false => say("changes", listed(changed.into_iter().map(touch))),
    }
    // A table that is not counted is made by a step before.
    let counted = impact.rows.iter().filter_map(|table| Some((&table.table, table.rows?)));
    say("rows", listed(counted.map(|(table, rows)| format!("{table} {}", grouped(rows)))));
    say("documents", listed(impact.files.iter().map(|file| file.path.clone())));
}

fn of_work(impact: &Impact, say: &mut impl FnMut(&str, String)) {
    match &impact.work {
        Work::NotKnown(reason) => say("locks", format!("not known: {reason}")),
        Work::Seen(seen) if seen.is_empty() && !impact.files.is_empty() => {}
        Work::Seen(seen) if seen.is_empty() => say("locks", "none on what stood before".into()),
        Work::Seen(seen) => seen.iter().take(SHOWN).for_each(|one| say("locks", statement(one))),
    }
}

fn touch(touch: &Touch) -> String {
    let part = touch.part.as_ref().map(|part| format!(".{part}")).unwrap_or_default();
    format!("{} {} {}{part}", touch.action, touch.kind, touch.name)
}

fn statement(work: &StatementWork) -> String {
    let line = work.line.map(|line| format!(":{line}")).unwrap_or_default();
    let mut words: Vec<String> = Vec::new();
    for lock in &work.locks {
        let stops = match (lock.blocks_reads, lock.blocks_writes) {
            (true, _) => ", nobody reads or writes meanwhile",
            (false, true) => ", nobody writes meanwhile",
            (false, false) => "",
        };
        words.push(format!("{} on {}{stops}", lock.mode, lock.relation));
    }
    words.extend(work.rewrites.iter().map(|table| format!("writes {table} anew")));
    words.extend(work.scans.iter().map(|table| format!("reads all of {table}")));
    format!("{}{line}: {}", work.file, words.join("; "))
}

/// How a step is taken back. The downs of documents are tried by `check` and not by a plan.
fn back(rollback: &Rollback, tried: bool) -> String {
    let way = match (rollback.way, rollback.checkpoint_bytes) {
        (Way::Checkpoint, Some(bytes @ 1..)) => format!("checkpoint of about {}", size(bytes)),
        // Of an empty database nothing can be told.
        (Way::Checkpoint, _) => "checkpoint".to_owned(),
        (Way::Transaction, _) => "its transaction, until it is committed".to_owned(),
        (Way::None, _) => "none".to_owned(),
    };
    let down = match rollback.down {
        DownState::Proved => "; down proved",
        DownState::NotProved if tried => "; down not proved",
        DownState::NotProved => "",
        DownState::Broken => "; down broken",
        DownState::Missing => "; no down",
    };
    format!("{way}{down}")
}

fn of_conflict(conflict: &Conflict) -> Vec<String> {
    let weight = match conflict.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut lines = vec![format!("  {weight} {}: {}", conflict.kind.name(), conflict.what)];
    if !conflict.files.is_empty() {
        lines.push(format!("    files: {}", listed(conflict.files.iter().cloned())));
    }
    lines.push(match &conflict.settlement {
        Settlement::Open => format!("    help: {}", conflict.help),
        Settlement::Resolved(resolution) => format!("    resolved: {}", resolution.name()),
        Settlement::Refused(reason) => format!("    the resolution does not hold: {reason}"),
    });
    lines
}

/// The checks of which there is no more to say, on one line.
fn passed(checks: &[Check]) -> Option<String> {
    let passed = checks.iter().filter(|check| check.outcome == Outcome::Passed);
    let names: Vec<&str> = passed.map(|check| check.name.name()).collect();
    (!names.is_empty()).then(|| format!("  ✔ {}", names.join(", ")))
}

fn of_check(check: &Check) -> Vec<String> {
    let sign = match check.outcome {
        Outcome::Passed => return Vec::new(),
        Outcome::Failed => '✘',
        Outcome::NotKnown => '?',
    };
    if check.name == CheckName::Conflicts {
        return vec![format!("  {sign} {}, see above", check.name.name())];
    }
    let mut lines = vec![format!("  {sign} {}", check.name.name())];
    lines.extend(check.details.iter().map(|detail| format!("      {detail}")));
    let help = check.way_out.iter().map(|help| format!("help: {help}"));
    help.for_each(|help| lines.extend(help.lines().map(|line| format!("      {line}"))));
    lines
}

fn verdict(plan: &Plan) -> String {
    let failed = plan.checks.iter().filter(|check| check.outcome == Outcome::Failed).count();
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        more => format!("{more} {what}s"),
    };
    match (failed, plan.steps.len()) {
        (0, 0) => "✔ nothing to do".into(),
        (0, steps) => format!("✔ {} to run", count(steps, "migration")),
        (failed, _) => format!("✘ nothing can run: {} failed", count(failed, "check")),
    }
}

/// The first items, and how many more there are.
fn listed(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    let more = items.len().saturating_sub(SHOWN);
    items.truncate(SHOWN);
    if more > 0 {
        items.push(format!("and {more} more"));
    }
    items.join(", ")
}

/// Bytes in the largest unit of which there is at least one.
fn size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} bytes"),
        |(unit, name)| format!("{} {name}", grouped(bytes.div_ceil(unit))),
    )
}

/// `1204331` as `1,204,331`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::plan::testing::sample;

    #[test]
    fn a_plan_reads_like_this() {
        insta::assert_snapshot!(plan_text(&sample()));
    }

    #[test]
    fn names_can_neither_move_the_cursor_nor_speak_to_a_ci_runner() {
        let mut plan = sample();
        plan.notes.push("a\u{1b}[2J\r\n::error::b ##[command]c".into());
        plan.steps[0].migration = "2\u{202e}\n::set-env::x".into();
        let text = plan_text(&plan);
        assert!(!text.contains(['\u{1b}', '\r', '\u{202e}']), "{text}");
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")), "{text}");
        assert!(!text.contains("##["), "{text}");
    }

    #[test]
    fn sizes_have_a_unit() {
        for (bytes, told) in [
            (2, "2 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KiB"),
            (1025, "2 KiB"),
            (3 << 20, "3 MiB"),
            (5000 << 30, "5,000 GiB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, told) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")]
        {
            assert_eq!(grouped(number), told);
        }
    }
}
