//! `config/schema-invalid`

use super::count;
use crate::model::{Levels, Location, RuleMeta, SchemaChange, SchemaEvidence};
use crate::rules::{Check, Draft, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/schema-invalid",
        summary: "a config schema is broken, cannot be read, or is gone",
        why: "Validators disagree on a schema that is none: one refuses every document, the next \
              accepts every one, so what a release does to the files out there hangs on the \
              library it was built with. Nothing can be compared with such a schema either. A \
              `$ref` is followed within the repository and into the folder that the contract \
              names as `vendored`, never over the network. Whoever deletes a schema leaves its \
              documents to nobody; where no document is left, that is a warning.",
        fix: "Do what the finding says about the place: mend the type or the `$ref`, or put a copy \
              of the remote schema into the vendored folder. Take a schema away together with its \
              documents.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

const HELP: &str = "mend it at the place that is marked, then look at what the change does to \
                    documents";

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    for fault in &schema.faults {
        let help = if fault.help.is_empty() { HELP } else { &fault.help };
        let draft = Draft::new(fault.location.clone(), !fault.old, fault.message.clone());
        sink.push(draft.help(help));
    }
    // A contract that names a file that is not there has been told of.
    if schema.change == SchemaChange::Deleted && schema.faults.iter().all(|fault| fault.old) {
        deleted(schema, sink);
    }
}

fn deleted(schema: &SchemaEvidence, sink: &mut Sink<'_>) {
    let SchemaEvidence { name, governed, .. } = schema;
    let is_promised = schema.assumed.is_empty();
    let left = match governed {
        0 if is_promised => "and documents elsewhere may follow it".to_owned(),
        0 => return,
        1 => "and 1 file that it governed is left to nobody".to_owned(),
        _ => format!("and {} that it governed are left to nobody", count(*governed as u64, "file")),
    };
    let (what, place) = if schema.named {
        ("deleted", Location::file(schema.path.clone()))
    } else {
        ("taken out of the contract", schema.version_location.clone())
    };
    let message = format!("the schema {name} is {what}, {left}");
    let levels = if *governed == 0 { Levels::WARNING } else { Levels::ERROR };
    sink.push(
        Draft::new(place, true, message).levels(levels).help(
            "bring it back, name the schema that takes its place, or delete its documents too",
        ),
    );
}
