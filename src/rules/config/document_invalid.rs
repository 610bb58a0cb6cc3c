//! `config/document-invalid`

use super::impact::{Breach, broken, headline, listed};
use super::migration_required::uncarried;
use super::{count, join};
use crate::model::{InvalidDocument, Levels, RuleMeta, SchemaEvidence};
use crate::rules::{Check, Draft, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/document-invalid",
        summary: "documents of the repository do not follow their schema",
        why: "A file that its schema refuses is found out when a service starts and does not come \
              up. Every document that a changed schema governs is validated under the new schema, \
              and so is every document that the change touches, whoever broke it: the schema or \
              an edit. Documents that were refused before and that nobody touched belong to the \
              baseline. Those that a config migration of the same change makes valid, as its dry \
              run has shown, are a note. Where the contract asks for a migration and there is \
              none, `config/migration-required` names the files.",
        fix: "Mend the places that are listed. Where the schema's change broke them, write a \
              config migration, or accept the old form beside the new one.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    // Where the contract asks for a config migration, that finding holds what the schema broke.
    let is_told = uncarried(schema).is_some();
    let changed: &[Breach] =
        if is_told { &[Breach::ByHand] } else { &[Breach::BySchema, Breach::ByHand] };
    let new = broken(schema, changed);
    let help = if is_told || broken(schema, &[Breach::BySchema]).is_empty() {
        "mend the places that are listed, so that the files follow the schema".to_owned()
    } else if schema.migrations.is_empty() {
        "accept the old form beside the new one, or write a config migration that mends the files"
            .to_owned()
    } else {
        format!("let {} reach these files too, or mend them by hand", join(&schema.migrations))
    };
    let message = format!("{} under {}", headline(new.len(), schema), schema.path);
    push(sink, &new, true, message, |draft| draft.help(help));

    let old = broken(schema, &[Breach::Before]);
    let (are, were, them) =
        if old.len() == 1 { ("is", "was", "it") } else { ("are", "were", "them") };
    let message = format!(
        "{} of {} {are} refused by {}, and {were} so before this change",
        old.len(),
        count(schema.governed as u64, "file"),
        schema.path
    );
    push(sink, &old, false, message, |draft| draft.help(format!("mend {them} when you can")));

    note(schema, &broken(schema, &[Breach::Mended]), sink);
}

/// Documents that the change mends itself.
fn note(schema: &SchemaEvidence, mended: &[&InvalidDocument], sink: &mut Sink<'_>) {
    let by = join(&schema.migrations);
    let (runs, them) = (
        if schema.migrations.len() == 1 { "runs" } else { "run" },
        if mended.len() == 1 { "it" } else { "them" },
    );
    let message = format!(
        "{} until {by} {runs}; the dry run shows that this mends {them}",
        headline(mended.len(), schema)
    );
    push(sink, mended, true, message, |draft| {
        let help = format!("nothing to do but to let {by} run, as the class says when");
        draft.levels(Levels::OBSERVATION).proved().help(help)
    });
}

/// One finding for all documents, at the first one's place.
fn push(
    sink: &mut Sink<'_>,
    documents: &[&InvalidDocument],
    touched: bool,
    message: String,
    finish: impl FnOnce(Draft) -> Draft,
) {
    let Some(first) = documents.first() else { return };
    let draft = Draft::new(first.location.clone(), touched, message);
    sink.push(finish(listed(draft, documents)));
}
