//! `config/schema-breaking`

use super::cause::{Cause, causes};
use super::impact::{Breach, broken};
use super::join;
use crate::model::{Direction, Levels, RuleMeta, SchemaEvidence};
use crate::rules::{Check, Draft, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/schema-breaking",
        summary: "a config schema refuses documents that an earlier version of it accepted",
        why: "Not every document that follows a schema lies in its repository: those on other \
              machines meet the new version when they are upgraded, and then nothing starts. The \
              new schema is compared with the base, and with the releases where the contract says \
              `transitive`. A document that one accepts and the other refuses is printed; both \
              have been asked. Where neither such a document nor a proof that there is none is \
              found, a person decides: it blocks, unless it is waived. A break of the base that a \
              config migration of the same change carries documents over is a note; one without \
              is `config/migration-required`. Where no contract asks for anything, a break is a \
              warning and the unknown a note. This is about going forward; what a rollback meets \
              is `config/downgrade-unsafe`.",
        fix: "Accept the old form beside the new one: make a new property optional, allow both \
              types, deprecate before you remove. Else write a config migration that turns one \
              into the other.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    for cause in causes(schema, Direction::Backward) {
        if let Some(draft) = report(schema, &cause) {
            sink.push(draft);
        }
    }
}

fn report(schema: &SchemaEvidence, cause: &Cause<'_>) -> Option<Draft> {
    let (name, against) = (&schema.name, cause.against());
    let levels = match (cause.demanded, cause.is_shown()) {
        _ if cause.is_carried() => Levels::OBSERVATION,
        // `config/migration-required` speaks of it.
        (true, true) if cause.base => return None,
        (true, _) => Levels::ERROR,
        // A contract that asks for nothing here has been thought about.
        (false, _) if schema.assumed.is_empty() => return None,
        (false, true) => Levels::WARNING,
        (false, false) => Levels::OBSERVATION,
    };
    // Real documents that break say it better than a made one, but only of the base.
    let has_documents = !broken(schema, &[Breach::BySchema, Breach::Mended]).is_empty();
    if has_documents && cause.base && levels != Levels::ERROR {
        return None;
    }
    let message = if cause.is_shown() {
        format!("the schema {name} refuses documents that were valid under {against}")
    } else {
        format!(
            "it cannot be told whether the schema {name} accepts all documents that were valid \
             under {against}"
        )
    };
    let draft = cause.draft(message, "valid before, refused now").levels(levels);
    Some(
        draft.help(match (cause.is_carried(), cause.demanded, cause.is_shown()) {
            (true, ..) => format!(
                "nothing to do: {} carries documents over, which the dry run has to prove",
                join(&schema.migrations)
            ),
            (false, _, false) => {
                "let a person look, and waive it with the reason; of a smaller change more \
                              can be told"
                    .to_owned()
            }
            (false, true, true) => {
                format!("accept what {against} accepts, or promise less in the contract")
            }
            (false, false, true) => {
                "accept the old form beside the new one, or put the schema under \
                                 a compatibility contract and write a config migration"
                    .to_owned()
            }
        }),
    )
}
