//! Queries of the catalog, put together for the server's version.

use postgres::types::{ToSql, Type};
use postgres::{Client, Row, Statement};

/// A query that is prepared when it is first used.
#[derive(Clone)]
pub(in super::super) struct Query {
    text: String,
    parameters: &'static [Type],
    prepared: Option<Statement>,
}

impl Query {
    pub(super) fn new(text: String, parameters: &'static [Type]) -> Self {
        Self { text, parameters, prepared: None }
    }

    /// The rows that it answers with.
    pub(in super::super) fn rows(
        &mut self,
        client: &mut Client,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, postgres::Error> {
        let statement = match &self.prepared {
            Some(statement) => statement.clone(),
            None => client.prepare_typed(&self.text, self.parameters)?,
        };
        let rows = client.query(&statement, parameters)?;
        self.prepared = Some(statement);
        Ok(rows)
    }

    /// Has it prepared again when it is used next.
    pub(super) fn forget(&mut self) {
        self.prepared = None;
    }
}

/// Puts the query together: lines and sections of this version, the shorthands written out.
pub(super) fn assemble(text: &str, major: u32) -> String {
    let mut query = String::with_capacity(text.len() * 2);
    let mut skipping = false;
    let mut sections = 0;
    for line in text.lines() {
        if let Some(condition) = line.strip_prefix("-- section") {
            skipping = !holds(condition, major);
            if !skipping {
                query.push_str(if sections > 0 { "UNION ALL\n" } else { "" });
                sections += 1;
            }
        } else if !skipping && !line.starts_with("--") {
            let (code, condition) = line.split_once(" -- ").unwrap_or((line, ""));
            if holds(condition, major) {
                query.push_str(&expand(code));
                query.push('\n');
            }
        }
    }
    query
}

/// Whether `since N` or `before N` is true of this version; no condition always is.
fn holds(condition: &str, major: u32) -> bool {
    let mut words = condition.split_whitespace();
    match (words.next(), words.next().and_then(|number| number.parse::<u32>().ok())) {
        (Some("since"), Some(number)) => major >= number,
        (Some("before"), Some(number)) => major < number,
        _ => true,
    }
}

/// Writes out `$acl(…)`, `$comment(…)` and `$own(…)`, whose arguments hold no parentheses.
fn expand(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let written = rest.find('(').zip(rest.find(')')).and_then(|(open, close)| {
            let arguments: Vec<&str> = rest.get(open + 1..close)?.split("; ").collect();
            Some((shorthand(&rest[..open], &arguments)?, close + 1))
        });
        let (text, used) = written.unwrap_or_else(|| ("$".into(), 1));
        out.push_str(&text);
        rest = &rest[used..];
    }
    out + rest
}

fn shorthand(name: &str, arguments: &[&str]) -> Option<String> {
    let sorted = |entries: &str| {
        format!(
            "(SELECT string_agg(i::text, ', ' ORDER BY i::text COLLATE \"C\") FROM unnest({entries}) i)"
        )
    };
    Some(match (name, arguments) {
        ("$acl", [entries, kind, owner]) => format!(
            "CASE WHEN {entries} IS NOT NULL THEN (SELECT CASE WHEN f IS DISTINCT FROM u THEN \
             coalesce(f, 'none') END FROM (SELECT {} AS f, {} AS u) g) END",
            sorted(entries),
            sorted(&format!("acldefault({kind}, {owner})"))
        ),
        ("$comment", [oid, class]) => format!(
            "(SELECT said.description FROM pg_catalog.pg_description said WHERE said.objoid = {oid} \
             AND said.classoid = 'pg_catalog.{class}'::regclass AND said.objsubid = 0)"
        ),
        ("$own", [oid, class]) => format!(
            "NOT EXISTS (SELECT FROM ext WHERE ext.objid = {oid} \
             AND ext.classid = 'pg_catalog.{class}'::regclass)"
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_sections_follow_the_version() {
        let text = "-- head\nWITH x\n-- section\nSELECT 1, -- since 14\n 2\n-- section since 15\nSELECT 3\n-- section before 15\nSELECT 4\n";
        assert_eq!(assemble(text, 13), "WITH x\n 2\nUNION ALL\nSELECT 4\n");
        assert_eq!(assemble(text, 15), "WITH x\nSELECT 1,\n 2\nUNION ALL\nSELECT 3\n");
    }

    #[test]
    fn shorthands_are_written_out_and_other_dollars_stay() {
        assert_eq!(expand("a ~ '_[0-9]*$' AND <> ALL ($1)"), "a ~ '_[0-9]*$' AND <> ALL ($1)");
        assert!(expand("$own(c.oid; pg_class)").starts_with("NOT EXISTS"));
        let whole = assemble(concat!(include_str!("head.sql"), include_str!("relations.sql")), 15);
        assert!(!whole.contains("$acl") && !whole.contains("$comment") && !whole.contains("$own"));
    }
}
