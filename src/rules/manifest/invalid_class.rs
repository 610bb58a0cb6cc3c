//! `manifest/invalid-class`

use crate::model::{Levels, ProblemKind, RuleMeta};
use crate::rules::{Check, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "manifest/invalid-class",
        summary: "a class is none of online, post_deploy and manual_backfill",
        why: "The class decides when a migration may run. One that nobody knows is run at the \
              wrong time or never.",
        fix: "Use `online` (runs while old code serves), `post_deploy` (after the new code is out) or \
              `manual_backfill` (data moved by an operator).",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(|cx, sink| super::problems(cx, ProblemKind::InvalidClass, sink)),
};
