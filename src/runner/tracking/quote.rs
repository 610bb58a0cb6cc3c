//! Values in statements.

use crate::model::EngineKind;

/// A string as a literal. PostgreSQL reads it alike whatever `standard_conforming_strings` says.
pub(super) fn text(engine: EngineKind, value: &str) -> String {
    let doubled = value.replace('\'', "''");
    // A backslash means itself in SQLite; in PostgreSQL only the escape form is clear about it.
    if engine == EngineKind::Postgres && value.contains('\\') {
        format!("E'{}'", doubled.replace('\\', r"\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// Bytes as an expression, without the backslash of PostgreSQL's own form.
pub(super) fn bytes(engine: EngineKind, value: &[u8]) -> String {
    let hex = hex(value);
    match engine {
        EngineKind::Postgres => format!("decode('{hex}', 'hex')"),
        _ => format!("x'{hex}'"),
    }
}

/// Bytes of a column as text that [`hex`] writes, too.
pub(super) fn hex_of(engine: EngineKind, column: &str) -> String {
    match engine {
        EngineKind::Postgres => format!("encode({column}, 'hex')"),
        _ => format!("lower(hex({column}))"),
    }
}

/// A boolean of a column as `1` or `0`, whatever the engine's client makes of it.
pub(super) fn flag_of(column: &str) -> String {
    format!("CASE WHEN {column} THEN '1' ELSE '0' END")
}

/// Two small hexadecimal digits for each byte.
pub(super) fn hex(value: &[u8]) -> String {
    value.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_end_where_they_should() {
        let value = r"it's \' over";
        assert_eq!(text(EngineKind::Sqlite, value), r"'it''s \'' over'");
        assert_eq!(text(EngineKind::Postgres, value), r"E'it''s \\'' over'");
        assert_eq!(text(EngineKind::Postgres, "it's"), "'it''s'");
    }

    #[test]
    fn sqlite_reads_back_what_was_written() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        for value in ["", "'", r"\", r"\'; DROP TABLE a; --", "ä\n\"$$"] {
            let (text, bytes) =
                (text(EngineKind::Sqlite, value), bytes(EngineKind::Sqlite, value.as_bytes()));
            let sql = format!("SELECT {text}, {bytes}, {}", hex_of(EngineKind::Sqlite, &bytes));
            let (one, two, three): (String, Vec<u8>, String) = database
                .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .unwrap();
            assert_eq!((one.as_str(), two.as_slice()), (value, value.as_bytes()));
            assert_eq!(three, hex(value.as_bytes()));
        }
    }
}
