//! `config/downgrade-unsafe`

use super::cause::causes;
use crate::model::{Direction, Levels, RuleMeta};
use crate::rules::{Check, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/downgrade-unsafe",
        summary: "a rollback meets documents that the older config schema refuses",
        why: "The contract promises that one can go back: documents that are valid now were valid \
              before. After a rollback the old code reads what was written in the meantime, and a \
              value that it does not know keeps it from starting just when it is needed most. The \
              document that is printed is valid now and refused by the older schema; both have \
              been asked. Where neither such a document nor a proof that there is none is found, \
              a person decides. Where a config migration of the same change has a way back, its \
              dry run proves the way and nothing is asked here. Going forward is \
              `config/schema-breaking`.",
        fix: "Release a version that can read the new form before one that allows it to be \
              written, or write a config migration whose down turns new documents into old ones.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    let causes = causes(schema, Direction::Forward);
    for cause in causes.iter().filter(|cause| cause.demanded && !cause.is_carried()) {
        let (name, against) = (&schema.name, cause.against());
        let (message, help) = if cause.is_shown() {
            (
                format!(
                    "documents that the schema {name} accepts now are refused under {against}: a \
                     rollback meets them"
                ),
                format!(
                    "accept no more than {against} does, or write a config migration whose down \
                     leads back"
                ),
            )
        } else {
            (
                format!(
                    "it cannot be told whether documents that the schema {name} accepts now are \
                     accepted under {against}, which a rollback meets them with"
                ),
                "split the change so that less differs at once, or let a person look and waive it \
                 with the reason"
                    .to_owned(),
            )
        };
        sink.push(cause.draft(message, "valid now, refused before").help(help));
    }
}
