//! Values that a condition may want, taken from its own text.

use super::mentions;
use crate::model::{Column, Family, Table, Value};

/// Texts that many patterns let through.
const USUAL: [&str; 6] =
    ["abc", "a", "1", "ada@example.org", "https://example.org/", "0123456789abcdef"];
/// The longest text made for a number that may be a length.
const LONGEST: usize = 500;

/// The columns that some condition speaks of, by their place in the table.
pub(super) fn conditioned(table: &Table) -> Vec<usize> {
    let named = |column: &Column| {
        table.conditions.iter().any(|condition| mentions(&condition.expression, &column.name))
    };
    let columns = table.columns.iter().enumerate();
    columns.filter(|(_, column)| named(column)).map(|(at, _)| at).collect()
}

/// Values for a column that the conditions on it may let through, the likeliest first.
pub(super) fn wanted(table: &Table, column: &Column) -> Vec<Value> {
    let mut found = Vec::new();
    let mut add = |value: Value| {
        if !found.contains(&value) {
            found.push(value);
        }
    };
    let texts =
        table.conditions.iter().filter(|condition| mentions(&condition.expression, &column.name));
    let literals: Vec<Literal> =
        texts.flat_map(|condition| literals(&condition.expression)).collect();
    match &column.family {
        Family::Integer(_) | Family::Decimal(_) | Family::Float => {
            let numbers = literals.iter().filter_map(|literal| match literal {
                Literal::Number(number) => Some(*number),
                Literal::Text(text) => text.parse().ok(),
            });
            let numbers: Vec<i64> = numbers.collect();
            for more in [1, 0, -1] {
                for number in &numbers {
                    add(Value::Number(number.saturating_add(more).to_string()));
                }
            }
        }
        _ => {
            for literal in &literals {
                if let Literal::Text(text) = literal {
                    add(Value::Text(text.clone()));
                }
            }
            for literal in &literals {
                if let Literal::Number(number) = literal
                    && let Ok(length) = usize::try_from(*number)
                    && (1..=LONGEST).contains(&length)
                {
                    add(Value::Text("a".repeat(length)));
                }
            }
            if matches!(column.family, Family::Text(_)) {
                USUAL.iter().for_each(|text| add(Value::Text((*text).to_owned())));
            }
        }
    }
    found
}

enum Literal {
    Number(i64),
    Text(String),
}

/// The strings and whole numbers of an expression, in order.
fn literals(expression: &str) -> Vec<Literal> {
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some((before, inside)) = rest.split_once('\'') {
        found.extend(numbers(before));
        let (text, after) = unquoted(inside);
        found.push(Literal::Text(text));
        rest = after;
    }
    found.extend(numbers(rest));
    found
}

fn numbers(text: &str) -> impl Iterator<Item = Literal> {
    let tokens = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'));
    tokens.filter_map(|token| token.parse().ok()).map(Literal::Number)
}

/// A string from behind its first quote, where a doubled quote stands for one, and what follows.
fn unquoted(inside: &str) -> (String, &str) {
    let mut text = String::new();
    let mut rest = inside;
    while let Some((piece, after)) = rest.split_once('\'') {
        text.push_str(piece);
        match after.strip_prefix('\'') {
            Some(more) => rest = more,
            None => return (text, after),
        }
        text.push('\'');
    }
    (text + rest, "")
}
