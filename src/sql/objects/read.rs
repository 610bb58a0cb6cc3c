//! One statement's touches.

use squawk_lexer::TokenKind;

use super::cursor::Cursor;
use super::{Action, ObjectKind, Touched};
use crate::model::{EngineKind, Span};

/// The objects that a statement names after CREATE, ALTER and DROP.
const KINDS: [(&str, ObjectKind); 13] = [
    ("TABLE", ObjectKind::Table),
    ("VIEW", ObjectKind::View),
    ("INDEX", ObjectKind::Index),
    ("TYPE", ObjectKind::Type),
    ("DOMAIN", ObjectKind::Type),
    ("SEQUENCE", ObjectKind::Sequence),
    ("FUNCTION", ObjectKind::Function),
    ("PROCEDURE", ObjectKind::Function),
    ("AGGREGATE", ObjectKind::Function),
    ("TRIGGER", ObjectKind::Trigger),
    ("POLICY", ObjectKind::Policy),
    ("SCHEMA", ObjectKind::Schema),
    ("EXTENSION", ObjectKind::Extension),
];

/// The place is the caller's to know.
fn touch(kind: ObjectKind, name: impl Into<String>, action: Action, guarded: bool) -> Touched {
    let span = Span::new(0, 0);
    Touched { kind, name: name.into(), part: None, action, guarded, span }
}

fn part(table: &str, part: String, action: Action, guarded: bool) -> Touched {
    Touched { part: Some(part), ..touch(ObjectKind::Table, table, action, guarded) }
}

/// Reads one statement; what is not understood is left out.
pub(super) fn statement(at: &mut Cursor<'_>) -> Vec<Touched> {
    let mut out = Vec::new();
    let verbs = ["CREATE", "ALTER", "DROP", "INSERT", "REPLACE", "UPDATE", "DELETE", "TRUNCATE"];
    // `None` says that a name is missing where there has to be one; what came before it counts.
    let _ = match at.take(&verbs) {
        Some("CREATE") => create(at, &mut out),
        Some("ALTER") => alter(at, &mut out),
        Some("DROP") => drop(at, &mut out),
        Some(_) => rows(at, &mut out),
        None => None,
    };
    out
}

fn kind(at: &mut Cursor<'_>) -> Option<ObjectKind> {
    let words: Vec<&'static str> = KINDS.iter().map(|(word, _)| *word).collect();
    let word = at.take(&words)?;
    KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind)
}

/// A name that counts only on its table where the engine keeps it so: `name on table`.
fn on_table(at: &mut Cursor<'_>, kind: ObjectKind, name: String) -> Option<String> {
    let scoped = match kind {
        ObjectKind::Policy => true,
        ObjectKind::Trigger => at.engine() != EngineKind::Sqlite,
        _ => false,
    };
    if !scoped {
        return Some(name);
    }
    at.find(&["ON"]).then_some(())?;
    Some(format!("{name} on {}", at.name()?))
}

fn create(at: &mut Cursor<'_>, out: &mut Vec<Touched>) -> Option<()> {
    let mut guarded = at.take_all(&["OR", "REPLACE"]);
    if at.take_any(&["TEMP", "TEMPORARY"]) {
        return None;
    }
    at.take_any(&["GLOBAL", "UNLOGGED", "UNIQUE", "MATERIALIZED", "RECURSIVE", "CONSTRAINT"]);
    at.take_any(&["VIRTUAL", "FOREIGN"]);
    let kind = kind(at)?;
    at.take_any(&["CONCURRENTLY"]);
    guarded |= at.take_all(&["IF", "NOT", "EXISTS"]);
    if kind == ObjectKind::Index {
        if at.take(&["ON"]).is_none() {
            out.push(touch(kind, at.name()?, Action::Create, guarded));
            at.take(&["ON"])?;
        }
        return indexed(at, out);
    }
    let name = at.name()?;
    let name = on_table(at, kind, name)?;
    out.push(touch(kind, name, Action::Create, guarded));
    if kind == ObjectKind::Table {
        references(at, out);
    }
    Some(())
}

/// `table (column, …)` of an index.
fn indexed(at: &mut Cursor<'_>, out: &mut Vec<Touched>) -> Option<()> {
    at.take_any(&["ONLY"]);
    let table = at.name()?;
    out.push(touch(ObjectKind::Table, table.clone(), Action::Use, false));
    while !at.opens() && !at.is_done() {
        at.skip();
    }
    at.take_mark(TokenKind::OpenParen).then_some(())?;
    loop {
        // An expression names its columns in ways that are not read here.
        if let Some(column) = at.identifier()
            && !at.opens()
        {
            out.push(part(&table, column, Action::Use, false));
        }
        if !at.next_item() {
            return Some(());
        }
    }
}

/// The tables that foreign keys and partitions name.
fn references(at: &mut Cursor<'_>, out: &mut Vec<Touched>) {
    at.take_all(&["PARTITION", "OF"])
        .then(|| at.name())
        .flatten()
        .into_iter()
        .for_each(|name| out.push(touch(ObjectKind::Table, name, Action::Use, false)));
    while at.find_anywhere(&["REFERENCES"]) {
        if let Some(name) = at.name() {
            out.push(touch(ObjectKind::Table, name, Action::Use, false));
        }
    }
}

fn drop(at: &mut Cursor<'_>, out: &mut Vec<Touched>) -> Option<()> {
    at.take_any(&["MATERIALIZED", "FOREIGN"]);
    let kind = kind(at)?;
    at.take_any(&["CONCURRENTLY"]);
    let guarded = at.take_all(&["IF", "EXISTS"]);
    loop {
        let name = at.name()?;
        let name = on_table(at, kind, name)?;
        out.push(touch(kind, name, Action::Drop, guarded));
        if !at.next_item() {
            return Some(());
        }
    }
}

fn alter(at: &mut Cursor<'_>, out: &mut Vec<Touched>) -> Option<()> {
    at.take_any(&["MATERIALIZED", "FOREIGN"]);
    let kind = kind(at)?;
    let guarded = at.take_all(&["IF", "EXISTS"]);
    at.take_any(&["ONLY"]);
    let name = at.name()?;
    at.take_mark(TokenKind::Star);
    let name = on_table(at, kind, name)?;
    match kind {
        ObjectKind::Table => loop {
            table_action(at, &name, guarded, out);
            if !at.next_item() {
                return Some(());
            }
        },
        ObjectKind::Type if at.take_all(&["ADD", "VALUE"]) => {
            let guarded = at.take_all(&["IF", "NOT", "EXISTS"]);
            let value = Some(at.string()?);
            out.push(Touched { part: value, ..touch(kind, name, Action::Create, guarded) });
        }
        _ if at.take_all(&["RENAME", "TO"]) => renamed(kind, &name, &at.identifier()?, out),
        _ => out.push(touch(kind, name, Action::Alter, guarded)),
    }
    Some(())
}

/// A rename keeps the schema of the old name.
fn renamed(kind: ObjectKind, from: &str, to: &str, out: &mut Vec<Touched>) {
    let to =
        from.rsplit_once('.').map_or_else(|| to.to_owned(), |(schema, _)| format!("{schema}.{to}"));
    out.push(touch(kind, from, Action::Drop, false));
    out.push(touch(kind, to, Action::Create, false));
}

/// One action of ALTER TABLE.
fn table_action(at: &mut Cursor<'_>, table: &str, guarded: bool, out: &mut Vec<Touched>) {
    let constraint = |name: String| format!("{name} on {table}");
    let before = out.len();
    match at.take(&["ADD", "DROP", "ALTER", "RENAME"]) {
        Some("ADD") => added(at, table, out),
        Some("DROP") => {
            let kind = at.take(&["CONSTRAINT", "COLUMN"]);
            let guarded = at.take_all(&["IF", "EXISTS"]);
            out.extend(at.identifier().map(|name| match kind {
                Some("CONSTRAINT") => {
                    touch(ObjectKind::Constraint, constraint(name), Action::Drop, guarded)
                }
                _ => part(table, name, Action::Drop, guarded),
            }));
        }
        Some("ALTER") => {
            let kind = at.take(&["CONSTRAINT", "COLUMN"]);
            out.extend(at.identifier().map(|name| match kind {
                Some("CONSTRAINT") => {
                    touch(ObjectKind::Constraint, constraint(name), Action::Alter, false)
                }
                _ => part(table, name, Action::Alter, false),
            }));
        }
        Some("RENAME") => rename(at, table, out),
        _ => {}
    }
    if out.len() == before {
        out.push(touch(ObjectKind::Table, table, Action::Alter, guarded));
    }
}

/// What follows ADD: a column, or a constraint.
fn added(at: &mut Cursor<'_>, table: &str, out: &mut Vec<Touched>) {
    if at.take(&["CONSTRAINT"]).is_some() {
        let name = at.identifier();
        out.extend(name.map(|name| {
            touch(ObjectKind::Constraint, format!("{name} on {table}"), Action::Create, false)
        }));
    } else if at.take(&["PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "EXCLUDE"]).is_none() {
        at.take_any(&["COLUMN"]);
        let guarded = at.take_all(&["IF", "NOT", "EXISTS"]);
        out.extend(at.identifier().map(|name| part(table, name, Action::Create, guarded)));
    }
    if at.find_in_item(&["REFERENCES"]) {
        out.extend(at.name().map(|name| touch(ObjectKind::Table, name, Action::Use, false)));
    }
}

fn rename(at: &mut Cursor<'_>, table: &str, out: &mut Vec<Touched>) {
    if at.take(&["TO"]).is_some() {
        if let Some(to) = at.identifier() {
            renamed(ObjectKind::Table, table, &to, out);
        }
        return;
    }
    let is_constraint = at.take(&["CONSTRAINT", "COLUMN"]) == Some("CONSTRAINT");
    let Some(from) = at.identifier() else { return };
    let Some(to) = at.take(&["TO"]).and_then(|_| at.identifier()) else { return };
    for (name, action) in [(from, Action::Drop), (to, Action::Create)] {
        out.push(if is_constraint {
            touch(ObjectKind::Constraint, format!("{name} on {table}"), action, false)
        } else {
            part(table, name, action, false)
        });
    }
}

/// Rows written or taken away.
fn rows(at: &mut Cursor<'_>, out: &mut Vec<Touched>) -> Option<()> {
    if at.take(&["OR"]).is_some() {
        at.skip();
    }
    at.take_any(&["INTO", "FROM", "TABLE", "ONLY"]);
    out.push(touch(ObjectKind::Table, at.name()?, Action::Use, false));
    Some(())
}
