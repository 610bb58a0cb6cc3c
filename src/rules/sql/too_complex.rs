//! `sql/too-complex`

use super::postgres::PostgresCx;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Draft, Rule, ScriptCx, Sink};
use crate::sql::sqlite;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/too-complex",
        summary: "a script is too large or too deeply nested to be read",
        why: "The rules that read SQL parse it first. A statement of more than 5000 words (for \
              SQLite: commas, but for INSERT), or one nested more than 200 deep, is not parsed, \
              so that nobody can bring down the check; then none of those rules has looked at it, \
              and for PostgreSQL at the whole script. The dry run has.",
        fix: "Split the statement, or have somebody read the script.",
        levels: Levels::WARNING,
    },
    check: Check::PerEngine { sqlite, postgres },
};

fn sqlite(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    for statement in cx.statements {
        if sqlite::is_too_complex(cx.text(statement)) {
            let message = "this statement is too complex to be read, so it is not judged by itself";
            sink.push(cx.draft(statement, message).help(RULE.meta.fix));
        }
    }
}

fn postgres(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if !cx.is_read() {
        let script = cx.script;
        let location = script.script.location();
        let message = "this script is too complex to be read, so its SQL is not judged by itself";
        let id = &script.entry.migration.id;
        sink.push(Draft::new(location, script.touched, message).migration(id).help(RULE.meta.fix));
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::SetCatalog;
    use crate::model::{EngineKind, TransactionMode};
    use crate::rules::{CatalogCx, LevelPolicy, check_catalog, testing};

    fn is_told(engine: EngineKind, up: &str, down: &str) -> bool {
        let entry = testing::entry(1, up, down, true, TransactionMode::Wrapped);
        let catalog = SetCatalog::of(testing::info(engine), vec![entry]);
        let terms = testing::terms();
        let cx = CatalogCx { catalog: &catalog, restores: false, terms: &terms };
        let found = check_catalog(&cx, false, &LevelPolicy::default());
        found.iter().any(|finding| finding.rule == "sql/too-complex")
    }

    #[test]
    fn what_no_rule_reads_is_told() {
        let deep = format!("SELECT {}1{};", "(".repeat(300), ")".repeat(300));
        let columns: String = (0..5100).map(|number| format!("c{number}, ")).collect();
        let wide = format!("CREATE TABLE w ({columns}c);");
        for engine in [EngineKind::Sqlite, EngineKind::Postgres] {
            for sql in [&deep, &wide] {
                assert!(is_told(engine, sql, "SELECT 1;"), "{engine:?}");
                assert!(is_told(engine, "SELECT 1;", sql), "{engine:?}");
            }
            let rows = format!("INSERT INTO t VALUES {}(0);", "(1), ".repeat(6000));
            assert!(!is_told(engine, "SELECT ((1));", "SELECT 1;"), "{engine:?}");
            assert!(engine == EngineKind::Postgres || !is_told(engine, &rows, ""), "{engine:?}");
        }
    }
}
