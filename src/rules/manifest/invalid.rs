//! `manifest/invalid`

use crate::model::{Levels, ProblemKind, RuleMeta};
use crate::rules::{Check, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/invalid",
        summary: "the manifest or a header does not follow its published schema",
        why: "A manifest that cannot be read says nothing about class and dependencies, and \
              nothing must never look like a pass. Its schema is `docs/manifest.schema.json`.",
        fix: "Mend the place that is marked; an editor that knows the schema shows it while typing.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(|cx, sink| super::problems(cx, ProblemKind::Invalid, sink)),
};
