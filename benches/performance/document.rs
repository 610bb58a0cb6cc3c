//! The tables, and the document they stand in.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::machine;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");

/// What could not be measured on this machine; never a number made up.
pub(crate) const NOT_MEASURED: &str = "not measured here";

/// Numbers with what they mean.
pub(crate) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Programs other than the gate, each with its version.
    versions: Vec<String>,
    missed: bool,
}

impl Table {
    pub(crate) fn new(columns: &[&'static str]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new(), versions: Vec::new(), missed: false }
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        assert_eq!(N, self.columns.len(), "a cell for each column");
        self.rows.push(cells.into());
    }

    /// Says with which version a program was measured.
    pub(crate) fn with(&mut self, version: String) {
        if !self.versions.contains(&version) {
            self.versions.push(version);
        }
    }

    /// A ratio in words, held against the most that it may be.
    pub(crate) fn at_most(&mut self, ratio: f64, goal: f64) -> String {
        self.missed |= ratio > goal;
        let said = if ratio > goal { "missed" } else { "met" };
        format!("{} (at most {goal}: {said})", number(ratio))
    }

    /// A ratio in words, held against the least that it may be.
    pub(crate) fn at_least(&mut self, ratio: f64, goal: f64) -> String {
        self.missed |= ratio < goal;
        let said = if ratio < goal { "missed" } else { "met" };
        format!("{} (at least {goal}: {said})", number(ratio))
    }

    pub(crate) fn has_missed(&self) -> bool {
        self.missed
    }
}

/// A number of a few digits.
pub(crate) fn number(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Seconds, in the unit that suits them.
pub(crate) fn time(seconds: f64) -> String {
    match seconds {
        ..0.1 => format!("{:.1} ms", seconds * 1e3),
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| {} |", self.columns.join(" | "))?;
        writeln!(f, "|{}", "---|".repeat(self.columns.len()))?;
        for row in &self.rows {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        let mut versions = vec![format!("migration-gate {}", env!("CARGO_PKG_VERSION"))];
        versions.extend(self.versions.iter().cloned());
        writeln!(f, "\n{}; {}.", machine::describe(), versions.join(", "))
    }
}

/// Puts a table between its marks.
pub(crate) fn write(name: &str, table: &Table) {
    let path = Path::new(DOCUMENT);
    let text = fs::read_to_string(path).expect("docs/performance.md can be read");
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->\n"));
    let (before, rest) = text.split_once(&begin).expect("its mark stands in docs/performance.md");
    let (_, after) = rest.split_once(&end).expect("its end stands in docs/performance.md");
    fs::write(path, format!("{before}{begin}\n{table}\n{end}{after}")).expect("it can be written");
}
