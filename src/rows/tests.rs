use std::collections::BTreeSet;

use super::*;
use crate::model::{
    Column, Condition, Family, Key, NewRow, ReadRow, Reference, Table, TableName, Value,
};

fn column(name: &str, family: Family, not_null: bool) -> Column {
    Column {
        name: name.into(),
        family,
        type_name: String::new(),
        not_null,
        default: None,
        generated: false,
    }
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    let key = key(&["id"], true, None);
    Table {
        name: TableName::plain(name),
        source: name.into(),
        columns,
        keys: vec![key],
        conditions: vec![],
        references: vec![],
    }
}

fn key(columns: &[&str], primary: bool, predicate: Option<&str>) -> Key {
    let columns: Vec<String> = columns.iter().map(|name| (*name).to_owned()).collect();
    Key {
        name: format!("{}_key", columns.join("_")),
        primary,
        parts: columns.clone(),
        columns,
        predicate: predicate.map(str::to_owned),
    }
}

fn members() -> Table {
    table(
        "members",
        vec![
            column("id", Family::Integer(64), true),
            column("name", Family::Text(Some(20)), false),
            column("club_id", Family::Integer(64), false),
            column("age", Family::Integer(16), true),
        ],
    )
}

fn value<'a>(row: &'a NewRow, name: &str) -> Option<&'a Value> {
    row.values.iter().find(|(column, _)| column == name).map(|(_, value)| value)
}

/// The first tries of the ordinary rows and of the awkward ones after them.
fn first_tries(table: &Table, stock: &Stock) -> Vec<NewRow> {
    let usual = ordinary(table, stock).unwrap();
    let mut rows: Vec<NewRow> = usual.iter().map(|tries| tries[0].clone()).collect();
    let more = awkward(table, stock, &rows[0], &[]);
    rows.extend(more.iter().map(|tries| tries[0].clone()));
    rows
}

fn values(rows: &[NewRow], name: &str) -> Vec<Value> {
    rows.iter().filter_map(|row| value(row, name).cloned()).collect()
}

fn number(text: &str) -> Value {
    Value::Number(text.into())
}

#[test]
fn rows_repeat_lack_lead_nowhere_and_reach_the_edges() {
    let rows = first_tries(&members(), &Stock::new());
    let ids: BTreeSet<Value> = values(&rows, "id").into_iter().collect();
    assert_eq!(ids.len(), rows.len(), "a key is never repeated");
    let names = values(&rows, "name");
    assert!(names.iter().filter(|name| **name == names[0]).count() > 1, "repeated: {names:?}");
    assert!(names.contains(&Value::Null), "{names:?}");
    assert!(names.contains(&Value::Text(String::new())), "{names:?}");
    assert!(names.contains(&Value::Text("ä".repeat(20))), "{names:?}");
    let clubs: BTreeSet<Value> = values(&rows, "club_id").into_iter().collect();
    assert!(clubs.contains(&number("900007")), "one that nobody has: {clubs:?}");
    let ages = values(&rows, "age");
    assert!(ages.contains(&number("32767")) && ages.contains(&number("-32768")), "{ages:?}");
    assert!(!ages.contains(&Value::Null), "{ages:?}");
}

#[test]
fn text_without_a_limit_is_longer_than_the_usual_limits() {
    let mut table = members();
    table.columns[1].family = Family::Text(None);
    let names = values(&first_tries(&table, &Stock::new()), "name");
    assert!(
        names.iter().any(|name| matches!(name, Value::Text(text) if text.chars().count() > 255)),
        "{names:?}"
    );
}

#[test]
fn what_is_shunned_stays_ordinary_and_is_told_apart() {
    let shun = |avoid| Shun { table: TableName::plain("members"), column: "name".into(), avoid };
    let table = members();
    let base = ordinary(&table, &Stock::new()).unwrap()[0][0].clone();
    let names = |avoid| -> Vec<Value> {
        let rows = awkward(&table, &Stock::new(), &base, &[shun(avoid)]);
        values(&rows.into_iter().flatten().collect::<Vec<_>>(), "name")
    };
    let odd: BTreeSet<Value> = names(Avoid::Odd).into_iter().collect();
    assert_eq!(odd.into_iter().collect::<Vec<_>>(), [value(&base, "name").unwrap().clone()]);
    assert!(!names(Avoid::Repeat).contains(value(&base, "name").unwrap()));
}

/// Every value that the tries of ordinary rows give a column under a condition.
fn tried(family: Family, condition: &str) -> Vec<Value> {
    let mut table =
        table("t", vec![column("id", Family::Integer(64), true), column("x", family, true)]);
    table.conditions.push(Condition { name: None, expression: condition.into() });
    let tries = ordinary(&table, &Stock::new()).unwrap();
    values(&tries[0], "x")
}

#[test]
fn conditions_tell_what_they_want() {
    let text = |text: &str| Value::Text(text.into());
    let words = tried(Family::Text(None), "x IN ('adult', 'child')");
    assert!(words.contains(&text("adult")) && words.contains(&text("child")), "{words:?}");
    assert!(tried(Family::Integer(32), "x > 500").contains(&number("501")));
    assert!(tried(Family::Integer(32), "x < -7").contains(&number("-8")));
    assert!(tried(Family::Integer(32), "(x >= 40) AND (x <= 60)").contains(&number("41")));
    assert!(tried(Family::Integer(32), "x BETWEEN 40 AND 60").contains(&number("41")));
    assert!(tried(Family::Text(None), "length(x) = 7").contains(&text("aaaaaaa")));
    assert!(tried(Family::Text(None), "x <> 'it''s'").contains(&text("it's")));
}

#[test]
fn every_family_has_its_values() {
    let labels = vec!["new".to_owned(), "old".to_owned()];
    let states = tried(Family::Enum(labels), "true");
    assert_eq!(states, [Value::Text("new".into())]);
    let lists = tried(Family::Array(Box::new(Family::Integer(32))), "true");
    assert_eq!(lists, [Value::Text("{1}".into())]);
    let unknown = table("t", vec![column("x", Family::Other("mood".into()), true)]);
    assert!(ordinary(&unknown, &Stock::new()).unwrap_err().contains("x of type"));
}

#[test]
fn generated_columns_are_left_alone() {
    let mut table = members();
    table.columns[3].generated = true;
    let rows = first_tries(&table, &Stock::new());
    assert_eq!(values(&rows, "age"), Vec::<Value>::new());
}

#[test]
fn keys_of_several_columns_are_unlike_in_one_of_them() {
    let mut table = members();
    table.keys.push(key(&["club_id", "name"], false, None));
    let rows = first_tries(&table, &Stock::new());
    let mut seen = BTreeSet::new();
    for row in &rows {
        let pair = (value(row, "club_id").cloned(), value(row, "name").cloned());
        let has_null = pair.0 == Some(Value::Null) || pair.1 == Some(Value::Null);
        assert!(has_null || seen.insert(pair.clone()), "{pair:?} twice");
    }
}

#[test]
fn keys_with_a_condition_or_an_expression_are_spared_in_a_later_try() {
    for (parts, predicate) in [("name", Some("(age > 0)")), ("lower(name)", None)] {
        let mut table = members();
        let mut unique = key(&["name"], false, predicate);
        unique.parts = vec![parts.into()];
        if predicate.is_none() {
            unique.columns.clear();
        }
        table.keys.push(unique);
        let base = ordinary(&table, &Stock::new()).unwrap()[0][0].clone();
        let tries = &awkward(&table, &Stock::new(), &base, &[])[0];
        assert_eq!(value(&tries[0], "name"), value(&base, "name"), "repeated where it may be");
        assert!(tries.iter().any(|row| value(row, "name") != value(&base, "name")), "{tries:?}");
    }
}

#[test]
fn a_reference_of_several_columns_is_to_one_row() {
    let mut child = members();
    child.columns.push(column("club_town", Family::Text(None), false));
    child.references.push(Reference {
        name: None,
        columns: vec!["club_id".into(), "club_town".into()],
        parent: TableName::plain("clubs"),
        parent_columns: vec!["id".into(), "town".into()],
    });
    let club = |id: &str, town: &str| -> ReadRow {
        vec![("id".into(), Some(id.into())), ("town".into(), Some(town.into()))]
    };
    let clubs = vec![club("1", "Ulm"), club("2", "Bonn")];
    let stock = Stock::from([(TableName::plain("clubs"), clubs)]);
    let text = |text: &str| Value::Text(text.into());
    let mut pairs = BTreeSet::new();
    for row in first_tries(&child, &stock) {
        let pair = ["club_id", "club_town"].map(|name| value(&row, name).unwrap().clone());
        assert!(
            [[text("1"), text("Ulm")], [text("2"), text("Bonn")], [Value::Null, Value::Null]]
                .contains(&pair),
            "{pair:?}"
        );
        pairs.insert(pair);
    }
    assert_eq!(pairs.len(), 3);
}
