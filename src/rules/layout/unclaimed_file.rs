//! `layout/unclaimed-file`

use crate::model::{Levels, ProblemKind, RuleMeta};
use crate::rules::{Check, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "layout/unclaimed-file",
        summary: "a file in the set's folder belongs to no migration",
        why: "A misspelled name is the quietest way to lose a migration: the tool passes over the \
              file and reports success.",
        fix: "Name the file as the tool expects it, or move it out of the folder.",
        levels: Levels::WARNING,
    },
    check: Check::Catalog(|cx, sink| super::problems(cx, ProblemKind::Unclaimed, sink)),
};
