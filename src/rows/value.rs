//! Values for columns: ordinary ones, told apart by a number, and those at the edges.

use crate::model::{Column, Family, Value};

/// Where the numbers of rows begin: away from those that migrations write out themselves.
const FIRST: u32 = 100_001;
/// The same where there is less room.
const FIRST_SMALL: u32 = 30_001;
/// How long a text is where nothing limits it.
const LONG: usize = 300;

/// Which end of what a column takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    Least,
    Most,
}

/// Whether a column holds the name of a row, its own or another's.
pub(super) fn is_id(name: &str) -> bool {
    let name = name.to_lowercase();
    name == "id" || name.ends_with("_id") || name.ends_with("_uuid")
}

/// The ordinary value number `number` of a column; columns further to the right get later dates.
/// `None` where the type is not known.
pub(super) fn ordinary(column: &Column, position: usize, number: u32, key: bool) -> Option<Value> {
    // Text tells rows apart whatever it says; numbers of rows begin where migrations have none.
    let id = is_id(&column.name) || key && !matches!(column.family, Family::Text(_));
    of_family(&column.family, &column.name, position, number, id)
}

fn of_family(family: &Family, name: &str, position: usize, number: u32, id: bool) -> Option<Value> {
    let text = |text: String| Some(Value::Text(text));
    let digits = |number: u32| Some(Value::Number(number.to_string()));
    match family {
        Family::Integer(bits) if id && *bits < 32 => digits(FIRST_SMALL + number),
        Family::Integer(_) if id => digits(FIRST + number),
        Family::Integer(_) => digits(number + 1),
        Family::Decimal(None) => digits(if id { FIRST + number } else { number + 1 }),
        Family::Decimal(Some((all, after))) => {
            Some(Value::Number(match all.saturating_sub(*after) {
                0 => format!("0.{}", number % 9 + 1),
                1 => (number % 9 + 1).to_string(),
                6.. if id => (FIRST + number).to_string(),
                _ => (number + 1).to_string(),
            }))
        }
        Family::Float => Some(Value::Number(format!("{}.5", number + 1))),
        Family::Text(most) => text(words(name, number, id, *most)),
        Family::Boolean => {
            Some(Value::Number(if number.is_multiple_of(2) { "TRUE" } else { "FALSE" }.into()))
        }
        Family::Date => text(date(position, number)),
        Family::Timestamp => text(format!("{} 10:20:30", date(position, number))),
        Family::Time => text(format!("{:02}:20:30", number % 24)),
        Family::Uuid => text(format!("00000000-0000-4000-8000-{:012}", FIRST + number)),
        Family::Json => text(format!("{{\"number\": {}}}", number + 1)),
        Family::Bytes => text(format!("\\x{:08x}", FIRST + number)),
        Family::Enum(labels) => {
            let at = usize::try_from(number).unwrap_or_default().checked_rem(labels.len())?;
            text(labels[at].clone())
        }
        Family::Array(inner) => match of_family(inner, name, position, number, id)? {
            Value::Null => None,
            Value::Number(number) => text(format!("{{{number}}}")),
            Value::Text(one) => {
                text(format!("{{\"{}\"}}", one.replace('\\', "\\\\").replace('"', "\\\"")))
            }
        },
        Family::Other(kind) => text(other(kind, number)?),
    }
}

/// Text that reads like what the column is for, short enough for it.
fn words(name: &str, number: u32, id: bool, most: Option<u32>) -> String {
    let lower = name.to_lowercase();
    let number = number + 1;
    let text = if id {
        format!("id-{}", FIRST - 1 + number)
    } else if lower.contains("email") {
        format!("ada{number}@example.org")
    } else if lower.contains("url") || lower.contains("homepage") {
        format!("https://example.org/{number}")
    } else if number == 2 {
        // One that is not ASCII.
        format!("{lower} größe {number}")
    } else {
        format!("{lower} {number}")
    };
    let most = most.map_or(LONG, |most| usize::try_from(most).unwrap_or(LONG));
    if text.chars().count() <= most {
        return text;
    }
    let short = format!("v{number}");
    if short.len() <= most { short } else { number.to_string().chars().take(most).collect() }
}

fn date(position: usize, number: u32) -> String {
    format!("{}-03-{:02}", 2001 + position % 24, number % 28 + 1)
}

/// Whether a date or a moment is one of those made here, which the clock never shows again.
pub(super) fn is_own_date(text: &str) -> bool {
    let year = text.split('-').next().and_then(|year| year.parse().ok()).unwrap_or(0);
    let ordinary = (2001..=2024).contains(&year) && text.get(4..8) == Some("-03-");
    ordinary || text.starts_with("0001-01-01") || text.starts_with("9999-12-31")
}

/// Whether a UUID is one of those made here.
pub(super) fn is_own_uuid(text: &str) -> bool {
    text.starts_with("00000000-0000-4000-")
}

/// A word that the strictest readers of text take.
pub(super) fn word(family: &Family, number: u32) -> Option<Value> {
    matches!(family, Family::Text(most) if most.is_none_or(|most| most > 3))
        .then(|| Value::Text(format!("v{}", number + 1)))
}

/// Something of the types that PostgreSQL and its usual extensions bring.
fn other(kind: &str, number: u32) -> Option<String> {
    let number = number + 1;
    let bare = kind.split('(').next().unwrap_or(kind).rsplit('.').next().unwrap_or(kind);
    Some(match bare {
        "citext" | "name" | "xml" => format!("text {number}"),
        "inet" | "cidr" => format!("10.0.0.{}", number % 250),
        "macaddr" => format!("08:00:2b:01:02:{:02x}", number % 250),
        "interval" => format!("{number} days"),
        "money" => format!("{number}"),
        "oid" => format!("{number}"),
        "tsvector" | "tsquery" => format!("word{number}"),
        "ltree" => format!("top.part{number}"),
        "hstore" => format!("a=>{number}"),
        "int4range" | "int8range" | "numrange" => format!("[{},{})", number * 10, number * 10 + 5),
        "daterange" => format!("[{},{})", date(0, number), date(1, number)),
        "tsrange" | "tstzrange" => format!("[{} 00:00,{} 00:00)", date(0, number), date(1, number)),
        "point" => format!("({number},{number})"),
        "jsonpath" => "$.number".into(),
        "bit" => "1".into(),
        _ => return None,
    })
}

/// A value at the edge of what a column takes; `None` where there is none of interest.
pub(super) fn edge(family: &Family, edge: Edge) -> Option<Value> {
    let most = edge == Edge::Most;
    let text = |text: String| Some(Value::Text(text));
    match family {
        Family::Integer(bits) => {
            let limit = 1_i128 << (bits.clamp(&8, &64) - 1);
            Some(Value::Number(if most { limit - 1 } else { -limit }.to_string()))
        }
        Family::Decimal(Some((all, after))) => {
            let before = all.saturating_sub(*after).min(30);
            let digits = "9".repeat(usize::try_from(before).unwrap_or_default());
            let digits = if digits.is_empty() { "0".to_owned() } else { digits };
            Some(Value::Number(if most { digits } else { format!("-{digits}") }))
        }
        Family::Decimal(None) | Family::Float => {
            Some(Value::Number(if most { "1000000000000" } else { "0" }.into()))
        }
        Family::Text(limit) if most => {
            let length = limit.and_then(|limit| usize::try_from(limit).ok());
            text("ä".repeat(length.map_or(LONG, |length| length.min(10_000))))
        }
        Family::Text(_) => text(String::new()),
        Family::Boolean => Some(Value::Number(if most { "TRUE" } else { "FALSE" }.into())),
        Family::Date => text(if most { "9999-12-31" } else { "0001-01-01" }.into()),
        Family::Timestamp => {
            text(if most { "9999-12-31 23:59:59" } else { "0001-01-01 00:00:00" }.into())
        }
        Family::Json => text(if most { "[]" } else { "{}" }.into()),
        Family::Array(_) if !most => text("{}".into()),
        Family::Enum(labels) => if most { labels.last() } else { labels.first() }
            .map(|label| Value::Text(label.clone())),
        Family::Time | Family::Uuid | Family::Bytes | Family::Array(_) | Family::Other(_) => None,
    }
}

/// A value that names no row.
pub(super) fn orphan(family: &Family, number: u32) -> Option<Value> {
    match family {
        Family::Integer(bits) if *bits >= 32 => {
            Some(Value::Number((FIRST + 800_000 + number).to_string()))
        }
        Family::Uuid => {
            Some(Value::Text(format!("00000000-0000-4000-9000-{:012}", FIRST + number)))
        }
        Family::Text(None) => Some(Value::Text(format!("nobody-{number}"))),
        _ => None,
    }
}
