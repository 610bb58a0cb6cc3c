//! `sql/sqlite-newer-feature`

use super::draft;
use crate::model::{EngineKind, Levels, RuleMeta};
use crate::rules::{Check, Rule, ScriptCx, Sink};
use crate::sql::sqlite::features;

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/sqlite-newer-feature",
        summary: "a statement needs a newer SQLite than the team says it runs",
        why: "SQLite comes with the application, the language or the operating system, so the one \
              that runs the migration is often years older than the one it was tried with: Debian \
              12 has 3.40, Android 13 has 3.32. There the statement is a syntax error. The sandbox \
              has its own SQLite and cannot show it. The rule speaks only where the set's \
              `engine-version` says what the oldest one is.",
        fix: "Write the statement without the feature, or raise `engine-version` once nothing \
              older is left.",
        levels: Levels::ERROR,
    },
    check: Check::Script(EngineKind::Sqlite, check),
};

fn check(cx: &ScriptCx<'_>, sink: &mut Sink<'_>) {
    let Some(declared) = &cx.catalog.info.engine_version else { return };
    let Some(minor) = minor(declared) else { return };
    for statement in cx.statements {
        for feature in features(cx.text(statement)).iter().filter(|found| found.since > minor) {
            let message = format!(
                "{} needs SQLite 3.{}; the oldest that has to run this is {declared}",
                feature.name, feature.since
            );
            let help = "write it without, or raise `engine-version` once nothing older is left";
            sink.push(draft(cx, statement.span, message).help(help));
        }
    }
}

/// 40 for 3.40 and 3.40.1; nothing for a bare 3, which does not tell.
fn minor(version: &str) -> Option<u32> {
    let mut parts = version.split('.');
    (parts.next()? == "3").then_some(())?;
    parts.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn a_version_tells_its_release() {
        assert_eq!(minor("3.40"), Some(40));
        assert_eq!(minor("3.8"), Some(8));
        assert_eq!(minor("3"), None);
        assert_eq!(minor("15"), None);
    }
}
