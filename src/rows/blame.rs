//! What a script's failure over rows comes from: the constraint, the columns, and the query that
//! finds such rows, held against the tables before the script and those it would have left.

use super::mentions;
use crate::model::{
    Column, Condition, Failure, Family, Key, Reference, Table, TableName, identifier,
};

/// How a column is kept from what a constraint refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Avoid {
    /// Its values are not repeated.
    Repeat,
    /// It holds ordinary values only.
    Odd,
}

/// A column that is to be kept from something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shun {
    /// The table.
    pub table: TableName,
    /// The column.
    pub column: String,
    /// From what.
    pub avoid: Avoid,
}

/// What a failure comes from.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Blame {
    /// The constraint, or what stands for one.
    pub constraint: String,
    /// The table.
    pub table: Option<TableName>,
    /// What rows must avoid to pass; empty where that is not known.
    pub shun: Vec<Shun>,
    /// The query that may find such rows in the tables before the script.
    pub query: Option<String>,
    /// A constraint or a type refuses the rows.
    pub by_schema: bool,
}

/// Finds what a failure comes from. `statement` is the text that failed, `before` are the tables
/// before the script, `after` those it leaves where there are no rows.
#[must_use]
pub fn blame(failure: &Failure, statement: &str, before: &[Table], after: &[Table]) -> Blame {
    let seen = Seen { failure, statement, before, after, names: quoted_names(&failure.message) };
    let code = failure.code.as_deref().unwrap_or_default();
    let message = failure.message.as_str();
    let (kind, rest) = match message.split_once(" constraint failed: ") {
        Some((kind, rest)) => (kind, rest),
        None => (message, ""),
    };
    let found = match (code, kind) {
        ("23502" | "SQLITE_CONSTRAINT_NOTNULL", _) => seen.not_null(rest),
        ("23505" | "SQLITE_CONSTRAINT_UNIQUE" | "SQLITE_CONSTRAINT_PRIMARYKEY", _)
        | (_, "UNIQUE") => seen.unique(rest),
        ("23514" | "SQLITE_CONSTRAINT_CHECK", _) | (_, "CHECK") => seen.check(rest),
        ("23503" | "SQLITE_CONSTRAINT_FOREIGNKEY", _) => seen.reference(),
        _ if message == "FOREIGN KEY constraint failed" => seen.reference(),
        _ if message.starts_with("Cannot add a ") => seen.new_column(),
        _ => seen.cast(),
    };
    found.unwrap_or_else(|| {
        let by_schema = code.starts_with("23") || code.starts_with("SQLITE_CONSTRAINT");
        let constraint = seen.names.first().filter(|_| by_schema).cloned();
        Blame { constraint: constraint.unwrap_or_default(), by_schema, ..Blame::default() }
    })
}

struct Seen<'a> {
    failure: &'a Failure,
    statement: &'a str,
    before: &'a [Table],
    after: &'a [Table],
    /// The names in quotes in the engine's message.
    names: Vec<String>,
}

impl<'a> Seen<'a> {
    /// The table before the script that the engine means by a name: the very one, or the one that
    /// a new table of nearly that name is to replace, as in SQLite's rebuilds.
    fn table(&self, name: &str, columns: &[String]) -> Option<&'a Table> {
        let named = self.before.iter().find(|table| table.name.name == name);
        named.or_else(|| {
            let has_all =
                |table: &&Table| columns.iter().all(|column| table.column(column).is_some());
            let alike = |table: &&Table| {
                !table.name.name.is_empty()
                    && (name.contains(&table.name.name) || table.name.name.contains(name))
            };
            let candidates = self.before.iter().filter(has_all).filter(alike);
            candidates.max_by_key(|table| table.name.name.len())
        })
    }

    /// Every table after and before the script, those first that the engine names: two tables
    /// may have constraints of one name.
    fn candidates(&self) -> Vec<&'a Table> {
        let mut all: Vec<&Table> = self.after.iter().chain(self.before).collect();
        all.sort_by_key(|table| !self.names.contains(&table.name.name));
        all
    }

    /// The same, where the engine does not name it: the table whose key or condition it is.
    fn owner(&self, after: &Table) -> Option<&'a Table> {
        let same = self.before.iter().find(|table| table.name == after.name);
        same.or_else(|| self.table(&after.name.name, &[]))
    }

    fn not_null(&self, rest: &str) -> Option<Blame> {
        let (table, column) = match rest.rsplit_once('.') {
            Some((table, column)) => (table.to_owned(), column.to_owned()),
            None => (self.names.get(1)?.clone(), self.names.first()?.clone()),
        };
        let constraint = format!("{table}.{column} NOT NULL");
        let found =
            self.table(&table, std::slice::from_ref(&column)).or_else(|| self.table(&table, &[]));
        let Some(table) = found else {
            return Some(Blame { constraint, by_schema: true, ..Blame::default() });
        };
        let constraint = format!("{}.{column} NOT NULL", table.name.spoken());
        let name = table.name.sql();
        let stood = table.column(&column).is_some_and(|column| !column.not_null);
        Some(if stood {
            let query = format!("SELECT * FROM {name} WHERE {} IS NULL", identifier(&column));
            self.of(table, constraint, &[column], Avoid::Odd, Some(query))
        } else {
            // Whatever stands in the table has no value for a column that is new.
            let query = format!("SELECT * FROM {name}");
            self.of(table, constraint, &[], Avoid::Odd, Some(query))
        })
    }

    fn of(
        &self,
        table: &Table,
        constraint: String,
        columns: &[String],
        avoid: Avoid,
        query: Option<String>,
    ) -> Blame {
        let shun = columns.iter().map(|column| Shun {
            table: table.name.clone(),
            column: column.clone(),
            avoid,
        });
        Blame {
            constraint,
            table: Some(table.name.clone()),
            shun: shun.collect(),
            query,
            by_schema: true,
        }
    }

    fn unique(&self, rest: &str) -> Option<Blame> {
        let named =
            |key: &&Key| self.names.contains(&key.name) || rest == format!("index '{}'", key.name);
        for table in self.candidates() {
            if let Some(key) = table.keys.iter().find(named)
                && let Some(owner) = self.owner(table)
            {
                let columns = owner.columns.iter().map(|column| column.name.clone());
                let parts = key.parts.join(" ");
                let columns: Vec<String> = columns.filter(|name| mentions(&parts, name)).collect();
                let query = repeated(owner, key);
                return Some(self.of(
                    owner,
                    key.name.clone(),
                    &columns,
                    Avoid::Repeat,
                    Some(query),
                ));
            }
        }
        let columns: Vec<String> =
            rest.split(", ").filter_map(|one| Some(one.rsplit_once('.')?.1.to_owned())).collect();
        let (name, _) = rest.split(", ").next()?.rsplit_once('.')?;
        let owner = self.table(name, &columns)?;
        let key = Key {
            name: format!("{} UNIQUE ({})", owner.name.spoken(), columns.join(", ")),
            primary: false,
            parts: columns.iter().map(|column| identifier(column)).collect(),
            columns: columns.clone(),
            predicate: None,
        };
        let query = repeated(owner, &key);
        Some(self.of(owner, key.name, &columns, Avoid::Repeat, Some(query)))
    }

    fn check(&self, rest: &str) -> Option<Blame> {
        let is_it = |condition: &&Condition| match &condition.name {
            Some(name) => self.names.contains(name) || name == rest,
            None => !rest.is_empty() && same_text(&condition.expression, rest),
        };
        for table in self.candidates() {
            if let Some(condition) = table.conditions.iter().find(is_it)
                && let Some(owner) = self.owner(table)
            {
                let columns = owner.columns.iter().map(|column| column.name.clone());
                let columns: Vec<String> =
                    columns.filter(|name| mentions(&condition.expression, name)).collect();
                let query = format!(
                    "SELECT * FROM {} WHERE NOT ({})",
                    owner.name.sql(),
                    condition.expression
                );
                let name = condition.name.clone().unwrap_or_else(|| {
                    format!("{} CHECK ({})", owner.name.spoken(), condition.expression)
                });
                return Some(self.of(owner, name, &columns, Avoid::Odd, Some(query)));
            }
        }
        None
    }

    fn reference(&self) -> Option<Blame> {
        let named = |reference: &Reference| {
            reference.name.as_ref().is_some_and(|name| self.names.contains(name))
        };
        let all = self
            .after
            .iter()
            .flat_map(|table| table.references.iter().map(move |reference| (table, reference)));
        let new = |table: &Table, reference: &Reference| {
            let same = self.before.iter().find(|before| before.name == table.name);
            same.is_some_and(|before| !before.references.contains(reference))
        };
        let found = all.clone().find(|(_, reference)| named(reference));
        // SQLite does not say which one; a single new one is it.
        let mut fresh = all.filter(|(table, reference)| new(table, reference));
        let only = fresh.next().filter(|_| fresh.next().is_none());
        let (table, reference) = found.or_else(|| only.filter(|_| self.names.is_empty()))?;
        let owner = self.owner(table)?;
        let name = reference.name.clone().unwrap_or_else(|| {
            let columns = reference.columns.join(", ");
            format!("{} FOREIGN KEY ({columns})", owner.name.spoken())
        });
        let query = dangling(owner, reference);
        Some(self.of(owner, name, &reference.columns, Avoid::Odd, Some(query)))
    }

    /// SQLite's `Cannot add a NOT NULL column with default value NULL` and its like, which only
    /// tables with rows are told.
    fn new_column(&self) -> Option<Blame> {
        let table = self.before.iter().find(|table| {
            let after = self.after.iter().find(|after| after.name == table.name);
            let grows = after.is_some_and(|after| after.columns.len() > table.columns.len());
            grows && mentions(self.statement, &table.name.name)
        })?;
        let after = self.after.iter().find(|after| after.name == table.name)?;
        let mut new = after.columns.iter().filter(|column| table.column(&column.name).is_none());
        let column = new.find(|column| mentions(self.statement, &column.name))?;
        let not_null = if column.not_null { " NOT NULL" } else { "" };
        let constraint = format!("{}.{}{not_null}", table.name.spoken(), column.name);
        let query = format!("SELECT * FROM {}", table.name.sql());
        Some(self.of(table, constraint, &[], Avoid::Odd, Some(query)))
    }

    /// A value that does not fit the new type of its column.
    fn cast(&self) -> Option<Blame> {
        let code = self.failure.code.as_deref().unwrap_or_default();
        // https://www.postgresql.org/docs/current/errcodes-appendix.html, class 22.
        let about_values = code.starts_with("22") || code == "SQLITE_CONSTRAINT_DATATYPE";
        if !about_values {
            return None;
        }
        for table in self.before {
            let Some(after) = self.after.iter().find(|after| after.name == table.name) else {
                continue;
            };
            for column in &table.columns {
                let Some(new) = after.column(&column.name) else { continue };
                let changed = new.type_name != column.type_name;
                if changed
                    && mentions(self.statement, &column.name)
                    && mentions(self.statement, &table.name.name)
                {
                    let constraint =
                        format!("{}.{} {}", table.name.spoken(), column.name, new.type_name);
                    let query = misfit(table, column, new);
                    let columns = [column.name.clone()];
                    return Some(self.of(table, constraint, &columns, Avoid::Odd, query));
                }
            }
        }
        None
    }
}

/// The rows that are alike in a key.
fn repeated(table: &Table, key: &Key) -> String {
    let parts = key.parts.join(", ");
    let mut conditions: Vec<String> = key.predicate.iter().map(|one| enclosed(one)).collect();
    for (at, part) in key.parts.iter().enumerate() {
        let column = key.columns.get(at).and_then(|name| table.column(name));
        // NULL is like nothing, not even another NULL.
        if column.is_none_or(|column| !column.not_null) {
            conditions.push(format!("{part} IS NOT NULL"));
        }
    }
    let condition = match conditions.as_slice() {
        [] => String::new(),
        some => format!(" WHERE {}", some.join(" AND ")),
    };
    format!(
        "SELECT {parts}, count(*) FROM {}{condition} GROUP BY {parts} HAVING count(*) > 1",
        table.name.sql()
    )
}

/// A condition that stays together beside others.
fn enclosed(condition: &str) -> String {
    let whole = condition.starts_with('(') && condition.ends_with(')');
    if whole { condition.to_owned() } else { format!("({condition})") }
}

/// The rows that refer to none.
fn dangling(table: &Table, reference: &Reference) -> String {
    let joined: Vec<String> = reference
        .columns
        .iter()
        .zip(&reference.parent_columns)
        .map(|(own, other)| format!("parent.{} = child.{}", identifier(other), identifier(own)))
        .collect();
    let there: Vec<String> = reference
        .columns
        .iter()
        .map(|own| format!("child.{} IS NOT NULL", identifier(own)))
        .collect();
    let other = reference.parent_columns.first().map(|other| identifier(other)).unwrap_or_default();
    format!(
        "SELECT child.* FROM {} AS child LEFT JOIN {} AS parent ON {} WHERE parent.{other} IS NULL \
         AND {}",
        table.name.sql(),
        reference.parent.sql(),
        joined.join(" AND "),
        there.join(" AND ")
    )
}

/// The rows whose value does not fit a new type, as far as that can be said in SQL.
fn misfit(table: &Table, old: &Column, new: &Column) -> Option<String> {
    let column = identifier(&old.name);
    let is_text = matches!(old.family, Family::Text(_));
    let condition = match &new.family {
        Family::Text(Some(most)) => format!("length({column}::text) > {most}"),
        Family::Integer(_) if is_text => format!("{column} !~ '^\\s*[-+]?[0-9]+\\s*$'"),
        Family::Decimal(_) | Family::Float if is_text => {
            format!("{column} !~ '^\\s*[-+]?[0-9]+([.][0-9]*)?\\s*$'")
        }
        Family::Integer(bits) => {
            let limit = 1_i128 << (bits.clamp(&8, &64) - 1);
            format!("{column} NOT BETWEEN {} AND {}", -limit, limit - 1)
        }
        Family::Decimal(Some((all, after))) => {
            let before = usize::try_from(all.saturating_sub(*after)).ok()?;
            format!("abs({column}) >= 1{}", "0".repeat(before))
        }
        Family::Boolean if is_text => {
            format!(
                "lower({column}) NOT IN ('t', 'f', 'true', 'false', 'y', 'n', 'yes', 'no', 'on', 'off', '1', '0')"
            )
        }
        Family::Uuid if is_text => format!(
            "{column} !~* '^[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-[0-9a-f]{{12}}$'"
        ),
        Family::Enum(labels) => {
            let labels: Vec<String> =
                labels.iter().map(|label| format!("'{}'", label.replace('\'', "''"))).collect();
            format!("{column}::text NOT IN ({})", labels.join(", "))
        }
        _ => return None,
    };
    Some(format!("SELECT * FROM {} WHERE {condition}", table.name.sql()))
}

/// The names that stand in double quotes in a message; one that is not closed is none.
fn quoted_names(message: &str) -> Vec<String> {
    let pieces: Vec<&str> = message.split('"').collect();
    let whole = pieces.len() - (1 - pieces.len() % 2);
    pieces[..whole].iter().skip(1).step_by(2).map(|name| (*name).to_owned()).collect()
}

/// Whether two spellings of an expression differ in white space and quotes only.
fn same_text(one: &str, other: &str) -> bool {
    let essence = |text: &str| -> String {
        let kept =
            text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '`' | '[' | ']'));
        kept.flat_map(char::to_lowercase).collect()
    };
    essence(one) == essence(other)
}

#[cfg(test)]
mod tests {
    use super::quoted_names;

    #[test]
    fn names_are_taken_from_messages_in_any_language() {
        assert_eq!(quoted_names("Spalte »\"a\"« von \"b\""), ["a", "b"]);
        assert_eq!(quoted_names("column \"a\" of \"b"), ["a"]);
        assert_eq!(quoted_names("none"), Vec::<String>::new());
    }
}
