//! The catalog as a [`Snapshot`]: one prepared statement, put together for the server's version.

use std::collections::BTreeMap;

use postgres::types::{ToSql, Type};
use postgres::{Client, Row, Statement};

use super::names::is_generated;
use crate::model::{Object, ObjectKey, Snapshot};

/// What makes the catalog's own functions print the same text whatever the session was set to.
const STEADY: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE; \
    SET LOCAL search_path = ''; SET LOCAL datestyle = 'ISO, YMD'; \
    SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; \
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; \
    SET LOCAL quote_all_identifiers = off; SET LOCAL standard_conforming_strings = on; \
    SET LOCAL row_security = on; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
    SET LOCAL jit = off; SET LOCAL client_min_messages = error; \
    SET LOCAL plan_cache_mode = force_generic_plan";

/// Whether anything of `snapshot_rare.sql` can be there: the server numbers what initdb makes below
/// 16384, and what belongs to an extension is told with it. It saves a third of the time where there
/// is nothing, as almost always.
fn any_rare() -> String {
    let made = [
        "cast",
        "operator",
        "opfamily",
        "opclass",
        "am",
        "ts_config",
        "ts_dict",
        "ts_parser",
        "ts_template",
        "collation",
        "conversion",
        "language",
    ];
    let made = made.map(|catalog| {
        format!(
            " OR EXISTS (SELECT FROM pg_{catalog} o WHERE o.oid >= 16384 \
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_{catalog}'::regclass \
             AND d.objid = o.oid AND d.deptype = 'e'))"
        )
    });
    format!(
        "SELECT EXISTS (SELECT FROM pg_publication) OR EXISTS (SELECT FROM pg_transform) \
         OR EXISTS (SELECT FROM pg_foreign_data_wrapper) \
         OR EXISTS (SELECT oid FROM pg_subscription){}",
        made.concat()
    )
}

/// A query that is prepared when it is first used.
#[derive(Clone)]
pub(super) struct Query {
    text: String,
    parameters: &'static [Type],
    prepared: Option<Statement>,
}

impl Query {
    fn new(text: String, parameters: &'static [Type]) -> Self {
        Self { text, parameters, prepared: None }
    }

    pub(super) fn rows(
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
}

/// Reads snapshots over one connection.
pub(super) struct Catalog {
    common: Query,
    any_rare: Query,
    rare: Query,
    /// The tables that can be filled with rows.
    pub(super) tables: Query,
    /// The roles that stood before the sandbox and are no part of it.
    foreign_roles: Vec<String>,
}

impl Catalog {
    /// A reader for a server of that major version.
    pub(super) fn new(major: u32, foreign_roles: Vec<String>) -> Self {
        let common = include_str!("snapshot.sql");
        let head = common.split("-- section").next().unwrap_or_default();
        let rare = format!("{head}{}", include_str!("snapshot_rare.sql"));
        Self {
            common: Query::new(assemble(common, major), &[Type::TEXT_ARRAY]),
            any_rare: Query::new(any_rare(), &[]),
            rare: Query::new(assemble(&rare, major), &[]),
            tables: Query::new(
                include_str!("tables.sql").into(),
                &[Type::TEXT_ARRAY, Type::TEXT_ARRAY],
            ),
            foreign_roles,
        }
    }

    /// Names the roles that are no part of a snapshot from here on.
    pub(super) fn leave_out(&mut self, roles: Vec<String>) {
        self.foreign_roles = roles;
    }

    /// Forgets what was prepared: the connection is new or the script threw it away.
    pub(super) fn forget(&mut self) {
        for query in [&mut self.common, &mut self.any_rare, &mut self.rare, &mut self.tables] {
            query.prepared = None;
        }
    }

    /// Describes the schema in a transaction of its own.
    pub(super) fn read(&mut self, client: &mut Client) -> Result<Snapshot, postgres::Error> {
        let opened = client
            .batch_execute(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {STEADY}"));
        let snapshot = opened.and_then(|()| self.describe(client));
        let ended = client.batch_execute("ROLLBACK");
        let snapshot = snapshot?;
        ended?;
        Ok(snapshot)
    }

    /// Describes the schema inside the transaction that is open, which must be rolled back.
    pub(super) fn read_inside(&mut self, client: &mut Client) -> Result<Snapshot, postgres::Error> {
        client.batch_execute(STEADY)?;
        self.describe(client)
    }

    fn describe(&mut self, client: &mut Client) -> Result<Snapshot, postgres::Error> {
        let mut rows = self.common.rows(client, &[&self.foreign_roles])?;
        let any_rare = self.any_rare.rows(client, &[])?;
        if any_rare.first().map(|row| row.try_get(0)).transpose()?.unwrap_or(true) {
            rows.extend(self.rare.rows(client, &[])?);
        }
        let mut snapshot = Snapshot::default();
        for row in &rows {
            add(row, &mut snapshot)?;
        }
        fold_own_sequences(&mut snapshot);
        Ok(snapshot)
    }
}

fn add(row: &Row, snapshot: &mut Snapshot) -> Result<(), postgres::Error> {
    let text = |index: usize| row.try_get::<_, Option<&str>>(index);
    let key = ObjectKey::new(text(0)?.unwrap_or_default(), text(1)?.unwrap_or_default());
    let parent = match (text(2)?, text(3)?) {
        (Some(kind), Some(name)) => Some(ObjectKey::new(kind, name)),
        _ => None,
    };
    let generated_name = match (text(4)?, text(5)?, text(7)?) {
        (Some(own), Some(stem), Some(label)) => is_generated(own, stem, text(6)?, label),
        _ => false,
    };
    let facts = pairs(row.try_get(8)?);
    let notes = pairs(row.try_get(9)?);
    snapshot.objects.insert(key, Object { parent, facts, notes, generated_name });
    Ok(())
}

/// Name, value, name, value, …; a name without a value is left out.
fn pairs(flat: Option<Vec<Option<String>>>) -> BTreeMap<String, String> {
    let mut flat = flat.unwrap_or_default().into_iter();
    let mut pairs = BTreeMap::new();
    while let (Some(name), Some(value)) = (flat.next(), flat.next()) {
        if let (Some(name), Some(value)) = (name, value) {
            pairs.insert(name, value);
        }
    }
    pairs
}

/// Takes the name of a sequence that PostgreSQL named out of the default of the column that the
/// sequence belongs to: `t_id_seq` and `t_id_seq1` make the same column.
fn fold_own_sequences(snapshot: &mut Snapshot) {
    let own: Vec<(ObjectKey, String)> = snapshot
        .objects
        .iter()
        .filter(|(key, object)| key.kind == "sequence" && object.generated_name)
        .filter_map(|(key, object)| Some((object.parent.clone()?, key.name.clone())))
        .collect();
    for (column, sequence) in own {
        let column = snapshot.objects.get_mut(&column);
        if let Some(default) = column.and_then(|column| column.facts.get_mut("default")) {
            let quoted = format!("'{}'::regclass", sequence.replace('\'', "''"));
            *default = default.replace(&quoted, "its own sequence");
        }
    }
}

/// Puts the query together: lines and sections of this version, the shorthands written out.
fn assemble(text: &str, major: u32) -> String {
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
        let whole = assemble(include_str!("snapshot.sql"), 15);
        assert!(!whole.contains("$acl") && !whole.contains("$comment") && !whole.contains("$own"));
    }
}
