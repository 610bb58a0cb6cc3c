//! The report as a reviewer reads it in a terminal or a CI log.
//!
//! Sets first, then findings, then what could not be told, and the verdict last, where the eye is
//! when the command ends. Colour only repeats what a sign or a word says already.

use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthStr;

use super::escape::{lines, log_line, printable};
use super::paint::{Color, Paint};
use super::words::{self, Mark};
use super::{Renderer, SourceMap, diff};
use crate::model::{Finding, MigrationReport, Report, SchemaReport, SetReport, Side};
use crate::report::{Snippet, digest};

/// Columns that names are aligned in, at most.
const MAX_NAME: usize = 60;

/// The report for people at a terminal.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plain {
    /// Its colours.
    pub(super) paint: Paint,
}

impl Renderer for Plain {
    fn render(
        &self,
        report: &Report,
        sources: &SourceMap,
        out: &mut dyn fmt::Write,
    ) -> fmt::Result {
        let mut page = String::new();
        for set in &report.sets {
            self.set(report, set, &mut page)?;
        }
        if !report.findings.is_empty() {
            writeln!(page, "{}\n", self.paint.bold("Findings"))?;
        }
        for finding in &report.findings {
            self.finding(finding, sources, &mut page)?;
        }
        self.waived(report, sources, &mut page)?;
        self.inconclusive(report, &mut page)?;
        self.notices(report, &mut page)?;
        self.summary(report, sources, &mut page)?;
        for line in page.lines() {
            writeln!(out, "{}", log_line(line))?;
        }
        Ok(())
    }
}

impl Plain {
    fn set(self, report: &Report, set: &SetReport, page: &mut String) -> fmt::Result {
        let (name, path) = (&set.name, set.path.to_string());
        // A set that was found without configuration bears its folder's name.
        let path = if *name == path { String::new() } else { format!("{} · ", printable(&path)) };
        writeln!(
            page,
            "{}  {path}{} · {}",
            self.paint.bold(&printable(name)),
            printable(&words::tools(set)),
            words::extent(report, set),
        )?;
        for schema in &set.schemas {
            self.schema(report, set, schema, page)?;
        }
        let ids: Vec<_> = set.migrations.iter().map(|one| printable(&one.id)).collect();
        // One long name does not push the others' walks out of sight.
        let width = ids.iter().map(|id| id.width()).filter(|width| *width <= MAX_NAME).max();
        let width = width.unwrap_or(0);
        let class_width = set.migrations.iter().map(|one| class(one).len()).max().unwrap_or(0);
        for (migration, id) in set.migrations.iter().zip(&ids) {
            let mark = Mark::of_migration(report, &set.name, migration);
            let pad = " ".repeat(width.saturating_sub(id.width()));
            let class = format!("{:<class_width$}", class(migration));
            let line = format!("  {} {id}{pad}  {}", self.mark(mark), self.paint.dim(&class));
            let walk = match words::is_elsewhere(report, &set.name, &migration.id) {
                true => format!("  {}", self.paint.dim("in another shard")),
                false => self.walk(migration),
            };
            writeln!(page, "{line}{walk}")?;
        }
        writeln!(page)
    }

    /// A config schema in one line.
    fn schema(
        self,
        report: &Report,
        set: &SetReport,
        schema: &SchemaReport,
        page: &mut String,
    ) -> fmt::Result {
        let mark = self.mark(Mark::of_schema(report, &set.name, schema));
        let change = self.paint.dim(schema.change.name());
        write!(page, "  {mark} {}  {change}", printable(&schema.name))?;
        for comparison in &schema.comparisons {
            let mark = self.mark(Mark::of_comparison(comparison));
            let (direction, against) =
                (comparison.direction.name(), printable(&comparison.against));
            write!(page, "  {direction} to {against} {mark} {}", comparison.verdict)?;
        }
        writeln!(page, "  {}", words::impact(schema))
    }

    /// The steps of the dry run in one line.
    fn walk(self, migration: &MigrationReport) -> String {
        if migration.steps.is_empty() {
            return format!("  {}", self.paint.dim("not run"));
        }
        let mut line = String::new();
        for (name, outcome, _) in &migration.steps {
            let (mark, word) = Mark::of_step(name, outcome);
            line.push_str(&format!("  {name} {}", self.mark(mark)));
            if let Some(word) = word {
                line.push_str(&format!(" {word}"));
            }
        }
        line
    }

    fn finding(self, finding: &Finding, sources: &SourceMap, page: &mut String) -> fmt::Result {
        let mark = Mark::of_level(finding.level);
        let level = self.paint.color(Color::of(finding.level), finding.level.name());
        let mut owner = printable(words::set(finding)).into_owned();
        if let Some(migration) = finding.migration.as_ref().or(finding.schema.as_ref()) {
            owner = format!("{owner} {}", printable(migration));
        }
        let label = finding.evidenced.name();
        let old = if finding.side == Side::Baseline { " · baseline" } else { "" };
        let rule = self.paint.bold(finding.rule);
        writeln!(page, "{} {level} · {rule} · {label}{old} · {owner}", self.mark(mark))?;
        block(page, "  ", "  ", &finding.message)?;
        writeln!(
            page,
            "  {}",
            self.paint.dim(&printable(&words::place(&finding.location, sources)))
        )?;
        self.snippet(finding, sources, page)?;
        self.diff(finding, page)?;
        if !finding.details.is_empty() || finding.help.is_some() {
            writeln!(page)?;
        }
        for detail in &finding.details {
            block(page, "  · ", "    ", detail)?;
        }
        if let Some(help) = &finding.help {
            self.help(page, help)?;
        }
        writeln!(page)
    }

    fn snippet(self, finding: &Finding, sources: &SourceMap, page: &mut String) -> fmt::Result {
        let Some(snippet) = Snippet::of_finding(finding, sources) else { return Ok(()) };
        writeln!(page)?;
        for row in snippet.rows() {
            let text = if row.is_mark {
                self.paint.color(Color::of(finding.level), &row.text)
            } else {
                row.text
            };
            writeln!(page, "  {}", format!("{} {text}", self.paint.dim(&row.gutter)).trim_end())?;
        }
        Ok(())
    }

    fn diff(self, finding: &Finding, page: &mut String) -> fmt::Result {
        let rows = diff::rows(&finding.diff);
        if !rows.is_empty() {
            writeln!(page)?;
        }
        for row in rows {
            let line = format!("{} {}", row.sign, row.text);
            let line = match (row.note, row.sign) {
                (true, _) => self.paint.dim(&line),
                (false, '+') => self.paint.color(Color::Green, &line),
                (false, '-') => self.paint.color(Color::Red, &line),
                (false, '~') => self.paint.color(Color::Yellow, &line),
                (false, _) => line,
            };
            writeln!(page, "    {line}")?;
        }
        Ok(())
    }

    /// What was accepted: where, what, and by whom.
    fn waived(self, report: &Report, sources: &SourceMap, page: &mut String) -> fmt::Result {
        if report.waived.is_empty() {
            return Ok(());
        }
        writeln!(page, "{}\n", self.paint.bold("Waived"))?;
        for waived in &report.waived {
            let finding = &waived.finding;
            let (sign, level, rule) = (self.mark(Mark::None), finding.level, finding.rule);
            let migration = finding.migration.as_deref().or(finding.schema.as_deref());
            let migration = migration.unwrap_or_default();
            let owner = format!("{} {}", printable(words::set(finding)), printable(migration));
            writeln!(page, "{sign} {level} · {} · {}", self.paint.bold(rule), owner.trim_end())?;
            block(page, "  ", "  ", &finding.message)?;
            writeln!(
                page,
                "  {}",
                self.paint.dim(&printable(&words::place(&finding.location, sources)))
            )?;
            block(page, "  · ", "    ", &words::accepted(waived))?;
            writeln!(page)?;
        }
        Ok(())
    }

    fn inconclusive(self, report: &Report, page: &mut String) -> fmt::Result {
        if report.inconclusive.is_empty() {
            return Ok(());
        }
        writeln!(page, "{}\n", self.paint.bold("Could not be told"))?;
        for item in &report.inconclusive {
            let about = item.migration.as_deref().unwrap_or("the whole set");
            let sign = self.mark(Mark::Unknown);
            writeln!(page, "{sign} {} {}", printable(&item.set), printable(about))?;
            writeln!(page, "  {}", self.paint.dim(&printable(&item.path.to_string())))?;
            block(page, "  ", "  ", &item.reason)?;
            self.help(page, &item.way_out)?;
            writeln!(page)?;
        }
        Ok(())
    }

    fn notices(self, report: &Report, page: &mut String) -> fmt::Result {
        let assumed = report.sets.iter().flat_map(|set| {
            set.assumed.iter().map(move |text| format!("{}, assumed: {text}", printable(&set.name)))
        });
        let all: Vec<String> = report.notices.iter().cloned().chain(assumed).collect();
        if all.is_empty() {
            return Ok(());
        }
        writeln!(page, "{}\n", self.paint.bold("Good to know"))?;
        for notice in all {
            block(page, "– ", "  ", &notice)?;
        }
        writeln!(page)
    }

    fn summary(self, report: &Report, sources: &SourceMap, page: &mut String) -> fmt::Result {
        let mark = Mark::of_verdict(report.verdict);
        let word = self.paint.bold(words::verdict(report.verdict));
        write!(page, "{} {word}: {}", self.mark(mark), words::reasons(report))?;
        if let Some(baseline) = words::baseline(report) {
            write!(page, " (baseline: {baseline})")?;
        }
        let base = match (&report.base, report.all) {
            (Some(base), _) => printable(base).into_owned(),
            (None, true) => "none, everything is judged".to_owned(),
            (None, false) => "none".to_owned(),
        };
        writeln!(page, "\n  base    {base}\n  head    {}", printable(&report.head))?;
        if let Some(moment) = report.as_of {
            writeln!(page, "  judged  as of {moment}")?;
        }
        writeln!(page, "  digest  {}", self.paint.dim(&digest(report, sources)))?;
        if let Some(rule) = words::rule_to_explain(report) {
            let hint = format!("why, and how to mend it: migration-gate explain {rule}");
            writeln!(page, "  {}", self.paint.dim(&hint))?;
        }
        Ok(())
    }

    fn help(self, page: &mut String, text: &str) -> fmt::Result {
        block(page, &format!("  {} ", self.paint.color(Color::Cyan, "help:")), "        ", text)
    }

    fn mark(self, mark: Mark) -> String {
        match mark {
            Mark::Good => self.paint.color(Color::Green, mark.sign()),
            Mark::Warning | Mark::Unknown => self.paint.color(Color::Yellow, mark.sign()),
            Mark::Bad => self.paint.color(Color::Red, mark.sign()),
            Mark::None => self.paint.dim(mark.sign()),
        }
    }
}

/// Lines of one text from outside, at most.
const MAX_LINES: usize = 12;
/// Characters of one such line, at most.
const MAX_TEXT: usize = 400;

/// The class, and whether nobody said so.
fn class(migration: &MigrationReport) -> String {
    let inferred = if migration.class_declared { "" } else { " (inferred)" };
    format!("{}{inferred}", migration.class)
}

/// Text of several lines, the first led by a sign; an engine's essay is cut.
fn block(page: &mut String, first: &str, next: &str, text: &str) -> fmt::Result {
    let count = lines(text).count();
    for (index, line) in lines(text).take(MAX_LINES).enumerate() {
        let lead = if index == 0 { first } else { next };
        writeln!(page, "{lead}{}", words::shorten(&line, MAX_TEXT))?;
    }
    match count.saturating_sub(MAX_LINES) {
        0 => Ok(()),
        more => {
            writeln!(page, "{next}… and {} (in the JSON report)", words::number(more, "more line"))
        }
    }
}
