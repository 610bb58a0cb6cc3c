//! Each set: its schemas, the walk of its migrations, their order, and what their statements took.

use std::fmt::{self, Write as _};

use super::graph::Graph;
use super::picture;
use super::text::{self, block, class, code, evidence, folder, name, place, scroll, sign};
use crate::model::{Evidenced, MigrationReport, Report, SchemaReport, SetReport, StatementTrace};
use crate::render::words::{self, Mark};
use crate::report::SourceMap;

/// From this many bytes on, the tables of the sets end.
const STOP: usize = 1_000_000;
/// Needs named of one migration, at most.
const MAX_NEEDS: usize = 20;
/// Relations named of one statement, at most.
const MAX_RELATIONS: usize = 50;

/// Every set; `shown` findings have a place on the page that can be linked to.
pub(super) fn sets(
    report: &Report,
    sources: &SourceMap,
    shown: usize,
    page: &mut String,
) -> fmt::Result {
    if report.sets.is_empty() {
        return Ok(());
    }
    let most = page.len() + STOP;
    page.push_str("<section id=\"sets\">\n<h2>Sets</h2>\n");
    for (index, set) in report.sets.iter().enumerate() {
        if page.len() > most {
            let more = words::number(report.sets.len() - index, "more set");
            writeln!(page, "<p class=\"more\">… and {more}, all in the JSON report.</p>")?;
            break;
        }
        let part = SetPart { report, set, sources, shown, most };
        writeln!(page, "<section class=\"set\" id=\"set-{}\">", index + 1)?;
        part.write(page)?;
        page.push_str("</section>\n");
    }
    page.push_str("</section>\n");
    Ok(())
}

/// One set, and what its part of the page needs.
struct SetPart<'a> {
    report: &'a Report,
    set: &'a SetReport,
    sources: &'a SourceMap,
    shown: usize,
    most: usize,
}

impl SetPart<'_> {
    fn write(&self, page: &mut String) -> fmt::Result {
        let set = self.set;
        let path = folder(set).map(|path| format!("{path} · ")).unwrap_or_default();
        let (tools, extent) = (name(&words::tools(set)), words::extent(self.report, set));
        writeln!(
            page,
            "<h3>{}</h3>\n<p class=\"about\">{path}{tools} · {extent}</p>",
            name(&set.name)
        )?;
        if !set.schemas.is_empty() {
            self.schemas(page)?;
        }
        if set.migrations.is_empty() {
            return Ok(());
        }
        self.walks(page)?;
        let graph = Graph::of(self.report, set);
        picture::figure(&graph, page)?;
        self.traces(page)
    }

    /// A row that says how many there are no rows for.
    fn cut(&self, page: &mut String, left: usize, columns: usize) -> Result<bool, fmt::Error> {
        if page.len() <= self.most {
            return Ok(false);
        }
        writeln!(
            page,
            "<tr><td class=\"more\" colspan=\"{columns}\">… and {left} more, all in the JSON report</td></tr>"
        )?;
        Ok(true)
    }

    fn schemas(&self, page: &mut String) -> fmt::Result {
        writeln!(page, "{}\n<table>", scroll(&format!("Config schemas of {}", self.set.name)))?;
        page.push_str(
            "<caption>Config schemas against their other versions</caption>\n<thead><tr>",
        );
        for title in ["Schema", "Change", "Compatibility", "Documents"] {
            write!(page, "<th scope=\"col\">{title}</th>")?;
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for (index, schema) in self.set.schemas.iter().enumerate() {
            if self.cut(page, self.set.schemas.len() - index, 4)? {
                break;
            }
            self.schema(schema, page)?;
        }
        page.push_str("</tbody>\n</table></div>\n");
        Ok(())
    }

    fn schema(&self, schema: &SchemaReport, page: &mut String) -> fmt::Result {
        let mark = Mark::of_schema(self.report, &self.set.name, schema);
        let path = schema.path.to_string();
        let path = if path == schema.name { String::new() } else { below(&code(&path)) };
        let about = self.about(|finding| finding.schema.as_ref() == Some(&schema.name));
        let head = format!("{}{path}{about}", name(&schema.name));
        write!(page, "<tr>{}<td>{}</td><td>", row_head(mark, &head), schema.change.name())?;
        for one in schema.comparisons.iter().take(MAX_RELATIONS) {
            let mark = Mark::of_comparison(one);
            let (direction, against, word) =
                (one.direction.name(), name(&one.against), one.verdict);
            let (sign, label) = (sign(mark), evidence(one.evidenced));
            write!(
                page,
                "<span class=\"line\">{direction} to {against} {sign} {word} {label}</span>"
            )?;
        }
        writeln!(page, "</td><td>{}</td></tr>", words::impact(schema))
    }

    /// How many findings are about something, with a way to the first.
    fn about(&self, is: impl Fn(&crate::model::Finding) -> bool) -> String {
        let all = self.report.findings.iter().enumerate();
        let of_set = all.filter(|(_, finding)| finding.set == self.set.name && is(finding));
        let places: Vec<usize> = of_set.map(|(index, _)| index).collect();
        match places.first() {
            Some(first) if *first < self.shown => {
                let count = words::number(places.len(), "finding");
                below(&format!("<a href=\"#finding-{}\">{count}</a>", first + 1))
            }
            Some(_) => below(&words::number(places.len(), "finding")),
            None => String::new(),
        }
    }

    fn walks(&self, page: &mut String) -> fmt::Result {
        let columns = columns(&self.set.migrations);
        writeln!(
            page,
            "{}\n<table class=\"walk\">",
            scroll(&format!("Dry run of {}", self.set.name))
        )?;
        page.push_str(
            "<caption>Dry run: each migration's walk, step by step</caption>\n<thead><tr>",
        );
        page.push_str("<th scope=\"col\">Migration</th><th scope=\"col\">Class</th>");
        for (step, _) in &columns {
            write!(page, "<th scope=\"col\">{}</th>", name(step))?;
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        for (index, migration) in self.set.migrations.iter().enumerate() {
            if self.cut(page, self.set.migrations.len() - index, columns.len() + 2)? {
                break;
            }
            self.walk(migration, &columns, page)?;
        }
        page.push_str("</tbody>\n</table></div>\n");
        Ok(())
    }

    fn walk(
        &self,
        migration: &MigrationReport,
        columns: &[(&'static str, usize)],
        page: &mut String,
    ) -> fmt::Result {
        let mark = Mark::of_migration(self.report, &self.set.name, migration);
        let about = self.about(|finding| finding.migration.as_ref() == Some(&migration.id));
        let head = format!("{}{}{about}", name(&migration.id), needs(migration));
        let inferred = if migration.class_declared { String::new() } else { below("inferred") };
        let class = migration.class.name();
        write!(page, "<tr>{}<td>{class}{inferred}</td>", row_head(mark, &head))?;
        if migration.steps.is_empty() {
            write!(page, "<td colspan=\"{}\">not run</td>", columns.len().max(1))?;
        }
        let own = keys(migration);
        for column in columns.iter().filter(|_| !migration.steps.is_empty()) {
            match own.iter().position(|key| key == column) {
                Some(at) => step(migration.steps[at], page)?,
                None => step((column.0, MigrationReport::NOT_RUN, Evidenced::Static), page)?,
            }
        }
        page.push_str("</tr>\n");
        Ok(())
    }

    /// What the statements were seen to take.
    fn traces(&self, page: &mut String) -> fmt::Result {
        let traced = self.set.migrations.iter();
        let count: usize = traced.map(|migration| migration.trace.len()).sum();
        if count == 0 || page.len() > self.most {
            return Ok(());
        }
        let statements = words::number(count, "statement");
        writeln!(
            page,
            "<details>\n<summary>What {statements} took and did to tables that stood before</summary>"
        )?;
        writeln!(page, "{}\n<table>", scroll(&format!("Locks of {}", self.set.name)))?;
        page.push_str("<caption>Locks, rewrites and full scans, as the engine was seen to take them</caption>\n<thead><tr>");
        for title in ["Statement", "Locks", "Writes anew", "Reads from end to end"] {
            write!(page, "<th scope=\"col\">{title}</th>")?;
        }
        page.push_str("</tr></thead>\n<tbody>\n");
        let all = self.set.migrations.iter().flat_map(|migration| &migration.trace);
        for (index, statement) in all.enumerate() {
            if self.cut(page, count - index, 4)? {
                break;
            }
            self.trace(statement, page)?;
        }
        page.push_str("</tbody>\n</table></div>\n</details>\n");
        Ok(())
    }

    fn trace(&self, statement: &StatementTrace, page: &mut String) -> fmt::Result {
        write!(
            page,
            "<tr><th scope=\"row\">{}</th><td>",
            place(&statement.location, self.sources)
        )?;
        for lock in statement.locks.iter().take(MAX_RELATIONS) {
            let blocks = match (lock.mode.blocks_reads(), lock.mode.blocks_writes()) {
                (true, _) => ", blocks reads and writes",
                (false, true) => ", blocks writes",
                (false, false) => "",
            };
            let held = match lock.held_for {
                0 => String::new(),
                later => format!(", held for {}", words::number(later, "later statement")),
            };
            let (relation, mode) = (code(&lock.relation), lock.mode.name());
            write!(page, "<span class=\"line\">{relation} {mode}{blocks}{held}</span>")?;
        }
        let (rewrites, scans) = (relations(&statement.rewrites), relations(&statement.scans));
        writeln!(
            page,
            "{}</td><td>{rewrites}</td><td>{scans}</td></tr>",
            more(statement.locks.len())
        )
    }
}

/// The head of a row: how it stands as a sign and a word, and what it is about.
fn row_head(mark: Mark, what: &str) -> String {
    let (sign, word) = (sign(mark), text::standing(mark));
    format!(
        "<th scope=\"row\"><div class=\"head\">{sign}<div><span class=\"unseen\">{word}: </span>{what}</div></div></th>"
    )
}

/// Something on a line of its own.
fn below(what: &str) -> String {
    format!("<span class=\"below\">{what}</span>")
}

/// How a step ended, and what that rests on.
fn step(
    (name, outcome, evidenced): (&'static str, &'static str, Evidenced),
    page: &mut String,
) -> fmt::Result {
    let (mark, _) = Mark::of_step(name, outcome);
    // What did not run shows nothing.
    let is_seen = ![Mark::None, Mark::Unknown].contains(&mark);
    let label = if is_seen { evidence(evidenced) } else { String::new() };
    let (class, sign) = (class(mark), sign(mark));
    write!(page, "<td class=\"{class}\">{sign} {outcome}{label}</td>")
}

fn relations(names: &[String]) -> String {
    let shown = names.iter().take(MAX_RELATIONS);
    let shown: String =
        shown.map(|name| format!("<span class=\"line\">{}</span>", code(name))).collect();
    shown + &more(names.len())
}

/// How many of them are not shown.
fn more(count: usize) -> String {
    match count.saturating_sub(MAX_RELATIONS) {
        0 => String::new(),
        more => format!("<span class=\"line\">… and {more} more</span>"),
    }
}

/// The migrations it needs, in words.
fn needs(migration: &MigrationReport) -> String {
    let all = &migration.depends_on;
    if all.is_empty() {
        return String::new();
    }
    let shown: Vec<String> = all.iter().take(MAX_NEEDS).map(|id| name(id)).collect();
    let more = match all.len().saturating_sub(MAX_NEEDS) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    below(&format!("needs {}{more}", shown.join(", ")))
}

/// The steps of a migration, each with how many of its name came before.
fn keys(migration: &MigrationReport) -> Vec<(&'static str, usize)> {
    let steps = &migration.steps;
    let before = |at: usize| steps[..at].iter().filter(|step| step.0 == steps[at].0).count();
    (0..steps.len()).map(|at| (steps[at].0, before(at))).collect()
}

/// The columns in which the steps of all migrations stand in the order in which each ran them.
fn columns(migrations: &[MigrationReport]) -> Vec<(&'static str, usize)> {
    let mut columns = Vec::new();
    for migration in migrations {
        let mut at = 0;
        for key in keys(migration) {
            at = columns.iter().position(|column| *column == key).unwrap_or_else(|| {
                columns.insert(at, key);
                at
            }) + 1;
        }
    }
    columns
}

/// What was assumed of a set, with its name before it.
pub(super) fn assumed(set: &SetReport) -> impl Iterator<Item = String> {
    let of = name(&set.name);
    set.assumed.iter().map(move |what| format!("{of}, assumed: {}", block(what)))
}
