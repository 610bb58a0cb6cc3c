//! Sums over a journal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::EventName;
use super::line::Line;
use super::lines::Lines;

/// Sums over a journal, for each set and target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// By set and target.
    pub targets: BTreeMap<(String, String), Sums>,
    /// Lines that are no events.
    pub unreadable: u64,
}

/// What happened to the migrations of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How often each event was recorded.
    pub events: BTreeMap<EventName, u64>,
    /// How many migrations told how long they took.
    pub timed: u64,
    /// How long they took together, in microseconds.
    pub total_micros: u64,
    /// How long the longest took, in microseconds.
    pub longest_micros: u64,
    /// When the last one succeeded, by the clock of its machine.
    pub last_success: Option<Timestamp>,
}

/// The outcomes that are counted, with their label.
const OUTCOMES: [(EventName, &str); 6] = [
    (EventName::Migrated, "migrated"),
    (EventName::Failed, "failed"),
    (EventName::BlockedByPartialFailure, "blocked"),
    (EventName::RollbackCompleted, "rolled_back"),
    (EventName::RollbackFailed, "rollback_failed"),
    (EventName::Resolved, "resolved"),
];

impl Sums {
    /// How often an event was recorded.
    #[must_use]
    pub fn count(&self, event: EventName) -> u64 {
        self.events.get(&event).copied().unwrap_or_default()
    }

    fn add(&mut self, event: EventName, line: &Line) {
        *self.events.entry(event).or_default() += 1;
        if event != EventName::Migrated {
            return;
        }
        // Events stand in their order, whatever the clock said.
        self.last_success = line.timestamp.parse().ok().or(self.last_success);
        if let Some(seconds) = line.detail("migration.duration").and_then(Value::as_f64) {
            // What does not fit is cut to what does.
            let micros = (seconds * 1e6).round() as u64;
            self.timed += 1;
            self.total_micros = self.total_micros.saturating_add(micros);
            self.longest_micros = self.longest_micros.max(micros);
        }
    }
}

/// Sums up a journal.
///
/// # Errors
/// When it cannot be read.
pub(super) fn metrics(reader: impl BufRead) -> io::Result<Metrics> {
    let mut metrics = Metrics::default();
    for raw in Lines::new(reader) {
        let line = raw?.event();
        let event = line.as_ref().and_then(|line| EventName::parse(&line.event_name));
        let (Some(line), Some(event)) = (line, event) else {
            metrics.unreadable += 1;
            continue;
        };
        let text = |name| line.text(name).unwrap_or_default().to_owned();
        let key = (text("migration.set"), text("migration.target"));
        metrics.targets.entry(key).or_default().add(event, &line);
    }
    Ok(metrics)
}

impl Metrics {
    /// For people: one line for each set and target.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for ((set, target), sums) in &self.targets {
            let mut parts: Vec<String> = OUTCOMES
                .iter()
                .filter(|(event, _)| *event == EventName::Migrated || sums.count(*event) > 0)
                .map(|(event, word)| format!("{} {}", sums.count(*event), word.replace('_', " ")))
                .collect();
            if sums.timed > 0 {
                let (total, longest) = (seconds(sums.total_micros), seconds(sums.longest_micros));
                parts.push(format!("{total} s in all, the longest {longest} s"));
            }
            if let Some(at) = sums.last_success {
                parts.push(format!("the last at {at:.0}"));
            }
            let place = crate::model::printable(&format!("{set}/{target}")).into_owned();
            let _ = writeln!(out, "{place}: {}", parts.join(", "));
        }
        if self.unreadable > 0 {
            let _ = writeln!(out, "{} lines are no events; see `journal verify`", self.unreadable);
        }
        out
    }

    /// The sums for programs.
    #[must_use]
    pub fn to_json(&self) -> String {
        let seconds = |micros: u64| micros as f64 / 1e6;
        let target = |((set, target), sums): (&(String, String), &Sums)| {
            let outcomes: serde_json::Map<String, Value> = OUTCOMES
                .iter()
                .map(|(event, label)| ((*label).to_owned(), sums.count(*event).into()))
                .collect();
            json!({
                "set": set,
                "target": target,
                "outcomes": outcomes,
                "duration_seconds_sum": seconds(sums.total_micros),
                "duration_seconds_max": seconds(sums.longest_micros),
                "duration_count": sums.timed,
                "last_success": sums.last_success.map(|at| at.to_string()),
            })
        };
        let targets: Vec<Value> = self.targets.iter().map(target).collect();
        format!("{:#}\n", json!({"targets": targets, "unreadable_lines": self.unreadable}))
    }

    /// In Prometheus' text exposition format, version 0.0.4.
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        let mut out = String::new();
        family(&mut out, "migrations_total", "counter", "What became of migrations.");
        for (labels, sums) in self.labelled() {
            for (event, outcome) in OUTCOMES {
                let labels = format!("{labels},outcome=\"{outcome}\"");
                sample(&mut out, "migrations_total", &labels, sums.count(event));
            }
        }
        let name = "migration_duration_seconds";
        family(&mut out, name, "summary", "How long migrations that succeeded took.");
        for (labels, sums) in self.labelled() {
            sample(&mut out, &format!("{name}_sum"), &labels, seconds(sums.total_micros));
            sample(&mut out, &format!("{name}_count"), &labels, sums.timed);
        }
        let name = "longest_migration_duration_seconds";
        family(&mut out, name, "gauge", "How long the longest of them took.");
        for (labels, sums) in self.labelled() {
            sample(&mut out, name, &labels, seconds(sums.longest_micros));
        }
        let name = "last_success_timestamp_seconds";
        family(&mut out, name, "gauge", "When the last migration succeeded, in Unix time.");
        for (labels, sums) in self.labelled() {
            if let Some(at) = sums.last_success {
                sample(&mut out, name, &labels, at.as_second());
            }
        }
        let name = "journal_unreadable_lines";
        family(&mut out, name, "gauge", "Lines of the journal that are no events.");
        let _ = writeln!(out, "migration_gate_{name} {}", self.unreadable);
        out
    }

    fn labelled(&self) -> impl Iterator<Item = (String, &Sums)> {
        self.targets.iter().map(|((set, target), sums)| {
            (format!("set=\"{}\",target=\"{}\"", label(set), label(target)), sums)
        })
    }
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP migration_gate_{name} {help}");
    let _ = writeln!(out, "# TYPE migration_gate_{name} {kind}");
}

fn sample(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "migration_gate_{name}{{{labels}}} {value}");
}

fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// A label's value, with what the format escapes.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
