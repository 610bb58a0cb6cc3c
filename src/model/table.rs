//! Tables as one that fills them with rows must know them, whatever the engine.

/// A table's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableName {
    /// The schema, where it has to be named.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

impl TableName {
    /// A table of the schema that needs no name.
    #[must_use]
    pub fn plain(name: &str) -> Self {
        Self { schema: None, name: name.to_owned() }
    }

    /// The name as it is written in SQL, quoted where it must be.
    #[must_use]
    pub fn sql(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{}.{}", identifier(schema), identifier(&self.name)),
            None => identifier(&self.name),
        }
    }

    /// The name as people say it: `billing.invoices`.
    #[must_use]
    pub fn spoken(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.name),
            None => self.name.clone(),
        }
    }
}

/// What values a column takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Family {
    /// Whole numbers of that many bits.
    Integer(u32),
    /// Exact numbers: all digits, and those after the point; `None` where there is no limit.
    Decimal(Option<(u32, u32)>),
    /// Numbers of the machine.
    Float,
    /// Text of at most that many characters.
    Text(Option<u32>),
    /// Yes and no.
    Boolean,
    /// Days.
    Date,
    /// Moments.
    Timestamp,
    /// Times of a day.
    Time,
    /// UUIDs.
    Uuid,
    /// JSON.
    Json,
    /// Bytes.
    Bytes,
    /// One of these words.
    Enum(Vec<String>),
    /// A list of others.
    Array(Box<Family>),
    /// Any other type, by its name.
    Other(String),
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The name.
    pub name: String,
    /// Its type in the engine's words.
    pub type_name: String,
    /// What it takes.
    pub family: Family,
    /// It takes no NULL.
    pub not_null: bool,
    /// The default's expression.
    pub default: Option<String>,
    /// The engine computes it, so nobody writes it.
    pub generated: bool,
}

/// A key: no two rows are alike in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The name of its constraint or index.
    pub name: String,
    /// It names the rows.
    pub primary: bool,
    /// The parts: columns or expressions, as SQL.
    pub parts: Vec<String>,
    /// The names of the columns, where all parts are columns; else empty.
    pub columns: Vec<String>,
    /// The condition of rows that it holds for.
    pub predicate: Option<String>,
}

/// A condition that every row meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The name of its constraint, where it has one.
    pub name: Option<String>,
    /// The expression.
    pub expression: String,
}

/// A reference to rows of another table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The name of its constraint, where it has one.
    pub name: Option<String>,
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub parent: TableName,
    /// The columns referred to.
    pub parent_columns: Vec<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name.
    pub name: TableName,
    /// What to read the table's own rows from, as SQL.
    pub source: String,
    /// The columns in their order.
    pub columns: Vec<Column>,
    /// The keys, the primary one first.
    pub keys: Vec<Key>,
    /// The conditions, those of its columns' domains too.
    pub conditions: Vec<Condition>,
    /// The references.
    pub references: Vec<Reference>,
}

impl Table {
    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns that name a row; empty where none do.
    #[must_use]
    pub fn primary_key(&self) -> &[String] {
        self.keys.iter().find(|key| key.primary).map_or(&[], |key| &key.columns)
    }
}

/// A value to put into a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// NULL.
    Null,
    /// A number, as SQL writes it.
    Number(String),
    /// Text, or what the engine reads from text.
    Text(String),
}

impl Value {
    /// The value as SQL.
    #[must_use]
    pub fn sql(&self) -> String {
        match self {
            Self::Null => "NULL".into(),
            Self::Number(number) => number.clone(),
            Self::Text(text) => format!("'{}'", text.replace('\'', "''")),
        }
    }
}

/// A row to put in; columns that are left out take their defaults.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct NewRow {
    /// Columns and values.
    pub values: Vec<(String, Value)>,
}

impl NewRow {
    /// The statement that puts it in; `overriding` stands before the values.
    #[must_use]
    pub fn sql(&self, table: &TableName, overriding: &str) -> String {
        let names: Vec<String> = self.values.iter().map(|(name, _)| identifier(name)).collect();
        let values: Vec<String> = self.values.iter().map(|(_, value)| value.sql()).collect();
        let (table, names, values) = (table.sql(), names.join(", "), values.join(", "));
        if names.is_empty() {
            return format!("INSERT INTO {table} DEFAULT VALUES");
        }
        format!("INSERT INTO {table} ({names}) {overriding}VALUES ({values})")
    }
}

/// A row that was read: column and value as the engine writes it, `None` for NULL.
pub type ReadRow = Vec<(String, Option<String>)>;

/// Words that PostgreSQL or SQLite take for their own where a name could stand
/// (<https://www.postgresql.org/docs/current/sql-keywords-appendix.html>,
/// <https://sqlite.org/lang_keywords.html>); a name quoted without need does no harm.
const RESERVED: &str = " abort action add after all alter analyse analyze and any array as asc \
    asymmetric authorization autoincrement before begin between binary both by cascade case cast \
    check collate collation column commit concurrently conflict constraint create cross current \
    current_catalog current_date current_role current_schema current_time current_timestamp \
    current_user default deferrable deferred delete desc distinct do drop each else end escape \
    except exists explain false fetch filter following for foreign freeze from full glob grant \
    group having if ilike in index initially inner insert intersect into is isnull join key \
    lateral leading left like limit localtime localtimestamp match natural not nothing notnull \
    null of offset on only or order outer over overlaps partition placing plan pragma primary \
    references regexp replace returning right row rows select session_user set similar some \
    symmetric system_user table tablesample then to trailing transaction trigger true union \
    unique update user using values variadic verbose view when where window with ";

/// A name as it is written in SQL: quoted where it must be.
#[must_use]
pub fn identifier(name: &str) -> String {
    let plain = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !RESERVED.contains(&format!(" {name} "));
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(identifier("members"), "members");
        assert_eq!(identifier("order"), "\"order\"");
        assert_eq!(identifier("Größe \"x\""), "\"Größe \"\"x\"\"\"");
        let table = TableName { schema: Some("billing".into()), name: "Order".into() };
        assert_eq!(
            (table.sql(), table.spoken()),
            ("billing.\"Order\"".into(), "billing.Order".into())
        );
    }

    #[test]
    fn a_row_is_one_statement() {
        let values = vec![("a".to_owned(), Value::Text("it's".into())), ("b".into(), Value::Null)];
        let row = NewRow { values };
        let table = TableName::plain("t");
        assert_eq!(row.sql(&table, ""), "INSERT INTO t (a, b) VALUES ('it''s', NULL)");
        assert_eq!(NewRow::default().sql(&table, ""), "INSERT INTO t DEFAULT VALUES");
    }
}
