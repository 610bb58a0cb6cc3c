//! `config/version-not-bumped`

use super::cause::{Cause, causes};
use crate::model::{Direction, Levels, RuleMeta};
use crate::rules::{Check, Draft, Rule, SchemaCx, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "config/version-not-bumped",
        summary: "a config schema changes what it accepts and keeps its version",
        why: "Two schemas of one version cannot be told apart: a document that says it follows \
              version 2 may follow either, and a config migration from version 2 does not know \
              what it will find. A new version is asked for where the change refuses documents \
              that the base accepts and, where the contract promises forward compatibility, where \
              it accepts documents that the base refuses. It is asked only where the contract \
              gives the schema a version.",
        fix: "Write the new version into the contract, and keep the old schema there under \
              `releases`.",
        levels: Levels::ERROR,
    },
    check: Check::Schema(check),
};

fn check(cx: &SchemaCx<'_>, sink: &mut Sink<'_>) {
    let schema = cx.schema;
    let (Some(before), Some(now)) = &schema.versions else { return };
    if before != now {
        return;
    }
    let breaks = |cause: &Cause<'_>| cause.base && cause.is_shown();
    let promised = |cause: &Cause<'_>| cause.demanded && breaks(cause);
    let what = if causes(schema, Direction::Backward).iter().any(breaks) {
        "refuses what it accepted before"
    } else if causes(schema, Direction::Forward).iter().any(promised) {
        "accepts what it refused before"
    } else {
        return;
    };
    let message = format!("the schema {} {what}, and it is still version {now}", schema.name);
    let draft = Draft::new(schema.version_location.clone(), true, message);
    sink.push(draft.help(format!(
        "give it a new version, and keep the old schema as release {now} in the contract"
    )));
}
