//! `config/migration-required`

use super::cause::{Cause, causes};
use super::impact::{Breach, broken, headline, listed};
use crate::model::{Direction, Levels, RuleMeta, SchemaEvidence};
use crate::rules::{Check, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/migration-required",
        summary: "a config schema breaks what it promised to accept, and no config migration \
                  comes with it",
        why: "The contract promises that documents stay valid. Where the schema breaks that on \
              purpose, somebody has to rewrite every document, here and on other machines, and \
              by hand each does it in another way, or not before the next start fails. A config \
              migration does it once, is tried both ways on every document of the repository, and \
              is the way back as well. The files that break already are named; the document that \
              is printed was valid under the base and is refused now.",
        fix: "Write a config migration in the same change: `from` the old version `to` the new \
              one, with the operations that turn one into the other. Or accept the old form \
              beside the new one.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    let Some(cause) = uncarried(schema) else { return };
    let broken = broken(schema, &[Breach::BySchema]);
    let breaks = format!(
        "the schema {} refuses documents that were valid under {}",
        schema.name,
        cause.against()
    );
    let message = if broken.is_empty() {
        format!("{breaks}, and no config migration carries them over")
    } else {
        let them = if broken.len() == 1 { "it" } else { "them" };
        let headline = headline(broken.len(), schema);
        format!("{headline}, and no config migration mends {them}: {breaks}")
    };
    let draft = cause.draft(message, "valid before, refused now");
    let (from, to) = match &schema.versions {
        (Some(from), Some(to)) if from != to => (format!("from \"{from}\""), format!("\"{to}\"")),
        (Some(from), _) => (format!("from \"{from}\""), "a new version".to_owned()),
        (None, _) => ("from the old version".to_owned(), "the new one".to_owned()),
    };
    sink.push(listed(draft, &broken).help(format!(
        "write a config migration {from} to {to} beside the contract, or let the schema accept \
         the old form too"
    )));
}

/// What the schema breaks of the base against the contract, where no config migration answers it.
pub(super) fn uncarried(schema: &SchemaEvidence) -> Option<Cause<'_>> {
    let asks =
        |cause: &Cause<'_>| cause.base && cause.demanded && cause.is_shown() && !cause.is_carried();
    causes(schema, Direction::Backward).into_iter().find(asks)
}
