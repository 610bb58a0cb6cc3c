//! `config/secret-in-default`

use super::is_touched;
use crate::model::{Levels, RuleMeta};
use crate::rules::{Check, Draft, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/secret-in-default",
        summary: "a config schema holds what looks like a secret",
        why: "A schema is published, cached by editors and copied into documentation, and its \
              defaults end in every file that is made from it. A password or key in a `default`, \
              `const`, `enum` or `examples` is known to everybody from then on, and one that is \
              the same everywhere protects nobody. The report does not repeat what it found.",
        fix: "Take it out, and revoke it where it was a real one: it stays in the history. Let the \
              property have no default, and show a form such as `<your token>` as the example.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    for (location, what) in &schema.secrets {
        let message = format!("the schema {} holds what looks like {what}", schema.name);
        let draft = Draft::new(location.clone(), is_touched(schema), message);
        sink.push(draft.help("take it out, and revoke it if it was ever a real one"));
    }
}
