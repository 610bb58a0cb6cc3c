//! What a table promises of its rows, before and after a rebuild.

use crate::model::{Difference, DifferenceKind, SnapshotDiff};
use crate::sql::sqlite::{Act, Column, ColumnDefault, NewTable, Rebuild, act, mentions, same};

/// The constraints that a rebuild drops, in words; none where they are all that it changes, for
/// then that was the point.
pub(super) fn lost(diff: &SnapshotDiff, rebuild: &Rebuild) -> Vec<String> {
    let own: Vec<(&Difference, &str)> = diff
        .differences
        .iter()
        .filter(|difference| !difference.note)
        .filter_map(|difference| {
            let member = member(&difference.object.name, &rebuild.table)?;
            matches!(difference.object.kind.as_str(), "column" | "constraint")
                .then_some((difference, member))
        })
        .collect();
    let of_table = diff.differences.iter().filter(|difference| {
        difference.object.kind == "table" && same(&difference.object.name, &rebuild.table)
    });
    let gone = |text: &str| {
        own.iter().any(|(difference, member)| {
            difference.kind == DifferenceKind::Lost
                && difference.object.kind == "column"
                && mentions(text, member)
        })
    };
    let mut before = NewTable::default();
    let mut after = NewTable::default();
    for (difference, member) in &own {
        let clauses = difference.attribute.as_deref() == Some("clauses");
        let (old, new) = (difference.expected.as_deref(), difference.found.as_deref());
        match (difference.object.kind.as_str(), difference.kind) {
            ("column", DifferenceKind::Changed) if clauses => {
                add(&mut before, &of_column(member, old));
                add(&mut after, &of_column(member, new));
            }
            ("constraint", DifferenceKind::Lost) if !gone(member) => {
                add(&mut before, &of_constraint(member));
            }
            ("constraint", DifferenceKind::Left) => add(&mut after, &of_constraint(member)),
            _ => {}
        }
    }
    let mut lost = missing(&before, &after);
    lost.extend(of_table.filter_map(|difference| {
        let was_strict = difference.attribute.as_deref() == Some("strict");
        (was_strict && difference.found.is_none()).then(|| "STRICT".to_owned())
    }));
    let copied = rebuild.new.source.is_some();
    let has_other_purpose = copied
        || !missing(&after, &before).is_empty()
        || own.iter().any(|(difference, _)| {
            let is_column = difference.object.kind == "column";
            is_column && difference.attribute.as_deref() != Some("clauses")
        });
    if has_other_purpose { lost } else { Vec::new() }
}

/// The column or the constraint's text in a snapshot's `table.column` or `table definition`.
pub(super) fn member<'a>(object: &'a str, table: &str) -> Option<&'a str> {
    let (name, rest) = object.split_at_checked(table.len())?;
    same(name, table).then(|| rest.strip_prefix(['.', ' ']))?
}

fn of_column(name: &str, clauses: Option<&str>) -> NewTable {
    let name = name.replace('"', "\"\"");
    of_body(&format!("\"{name}\" ANY {}", clauses.unwrap_or_default()))
}

fn of_constraint(definition: &str) -> NewTable {
    let mut table = of_body(&format!("x, {definition}"));
    table.columns.clear();
    table
}

fn of_body(body: &str) -> NewTable {
    match act(&format!("CREATE TABLE x ({body})")) {
        Act::CreateTable(table) => table,
        _ => NewTable::default(),
    }
}

fn add(to: &mut NewTable, part: &NewTable) {
    to.columns.extend(part.columns.iter().cloned());
    to.key.extend(part.key.iter().cloned());
    to.unique.extend(part.unique.iter().cloned());
    to.foreign_keys.extend(part.foreign_keys.iter().cloned());
    to.checks += part.checks;
    to.autoincrement |= part.autoincrement;
}

/// What `before` promises and `after` does not. Promises count wherever they are written: beside
/// the column or below all of them.
fn missing(before: &NewTable, after: &NewTable) -> Vec<String> {
    let mut lost = Vec::new();
    let now = |name: &str| after.columns.iter().find(|column| same(&column.name, name));
    for column in &before.columns {
        let name = &column.name;
        let keeps = |test: fn(&Column) -> bool| !test(column) || now(name).is_some_and(test);
        if !keeps(|column| column.not_null) {
            lost.push(format!("NOT NULL of {name}"));
        }
        if !keeps(|column| column.default != ColumnDefault::Null) {
            lost.push(format!("the default of {name}"));
        }
    }
    if !before.key.is_empty() && !same_columns(&before.key, &after.key) {
        lost.push("its primary key".into());
    } else if before.autoincrement && !after.autoincrement {
        lost.push("AUTOINCREMENT".into());
    }
    for unique in &before.unique {
        let kept = after.unique.iter().chain([&after.key]).any(|key| same_columns(key, unique));
        if !kept {
            lost.push(format!("UNIQUE ({})", unique.join(", ")));
        }
    }
    for key in &before.foreign_keys {
        let kept = after.foreign_keys.iter().any(|other| {
            same(&other.table, &key.table) && same_columns(&other.columns, &key.columns)
        });
        if !kept {
            let columns = key.columns.join(", ");
            lost.push(format!("the foreign key of {columns} to {}", key.table));
        }
    }
    // Which CHECK became which cannot be told; a new one may well be the old one mended.
    match before.checks.saturating_sub(after.checks) {
        0 => {}
        1 => lost.push("a CHECK".into()),
        count => lost.push(format!("{count} CHECKs")),
    }
    lost
}

fn same_columns(a: &[String], b: &[String]) -> bool {
    a.len() == b.len() && a.iter().all(|one| b.iter().any(|other| same(one, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(body: &str) -> NewTable {
        of_body(body)
    }

    #[test]
    fn a_promise_may_move_and_change_its_words() {
        let before = table(
            "id INTEGER PRIMARY KEY, a TEXT NOT NULL UNIQUE CHECK (a <> ''), p REFERENCES p(id)",
        );
        let after = table(
            "id INTEGER, a TEXT NOT NULL, p, PRIMARY KEY (id), UNIQUE (A), CHECK (a <> 'x'),
             FOREIGN KEY (p) REFERENCES P(id) ON DELETE CASCADE",
        );
        assert_eq!(missing(&before, &after), [""; 0]);
    }

    #[test]
    fn each_promise_is_named_when_it_is_gone() {
        let before = table(
            "id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT NOT NULL DEFAULT 'x' UNIQUE CHECK (a),
             p REFERENCES p(id)",
        );
        let told = missing(&before, &table("id INTEGER, a TEXT, p"));
        let expected = [
            "NOT NULL of a",
            "the default of a",
            "its primary key",
            "UNIQUE (a)",
            "the foreign key of p to p",
            "a CHECK",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_member_is_told_from_another_table_s() {
        assert_eq!(member("t.a", "T"), Some("a"));
        assert_eq!(member("t CHECK (a)", "t"), Some("CHECK (a)"));
        assert_eq!(member("tt.a", "t"), None);
        assert_eq!(member("é.a", "t"), None);
    }
}
