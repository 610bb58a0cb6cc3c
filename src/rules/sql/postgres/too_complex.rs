//! `sql/too-complex`

use super::PostgresCx;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Draft, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "sql/too-complex",
        summary: "a script is too large or too deeply nested to be read",
        why: "The rules that read SQL parse it first. A statement of more than 5000 words, or one \
              nested more than 200 deep, is not parsed, so that nobody can bring down the check; \
              then none of those rules has looked at the script. The dry run has.",
        fix: "Split the statement, or have somebody read the script.",
        levels: Levels::WARNING,
    },
    check: Check::Postgres(check),
};

fn check(cx: &PostgresCx<'_>, sink: &mut Sink<'_>) {
    if cx.file.is_none() {
        let script = cx.script;
        let location = script.script.location();
        let message = "this script is too complex to be read, so its SQL is not judged by itself";
        let id = &script.entry.migration.id;
        sink.push(Draft::new(location, script.touched, message).migration(id).help(RULE.meta.fix));
    }
}
