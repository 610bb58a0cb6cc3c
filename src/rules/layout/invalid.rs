//! `layout/invalid`

use crate::model::{Levels, ProblemKind, RuleMeta};
use crate::rules::{Check, Rule};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "layout/invalid",
        summary: "a file of the set cannot be read as its tool would read it",
        why: "A down without its up, a broken annotation, a symbolic link, a Git LFS pointer or \
              text that is not UTF-8 is run differently, or not at all, depending on the tool's \
              version and the machine.",
        fix: "Do what the finding says about the file; it names the way out for each case.",
        levels: Levels::ERROR,
    },
    check: Check::Catalog(|cx, sink| super::problems(cx, ProblemKind::Invalid, sink)),
};
