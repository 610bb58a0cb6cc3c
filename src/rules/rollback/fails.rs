//! `rollback/fails`

use crate::model::{Levels, Outcome, RuleMeta};
use crate::rules::dryrun::engine_said;
use crate::rules::{Check, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "rollback/fails",
        summary: "the down does not run",
        why: "A rollback that fails is found out at the worst moment there is. It was run right \
              after its up, on empty tables and on tables with rows, and once more in strict \
              reverse order after all ups of the change.",
        fix: "Mend the statement that is marked; the engine's own words stand below it. Undo in \
              the reverse order of the up: what depends on an object goes before the object.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in &cx.evidence.migrations {
        if let Some(Outcome::Failed(failure)) = seen.down.as_ref().map(|step| &step.outcome) {
            let message = format!("the down fails: {}", failure.message);
            sink.push(engine_said(failure, message).migration(&seen.id));
            // It fails in reverse order as well; saying so would only repeat it.
            continue;
        }
        let over_rows = seen.rows.as_ref().and_then(|rows| rows.down.as_ref());
        if let Some(Outcome::Failed(failure)) = over_rows.map(|step| &step.outcome) {
            let message = format!("the down fails once the tables hold rows: {}", failure.message);
            let draft = engine_said(failure, message).migration(&seen.id);
            sink.push(draft.help("let the down give a value to the rows that are there"));
            continue;
        }
        let Some(Outcome::Failed(failure)) = seen.reverse.as_ref().map(|step| &step.outcome) else {
            continue;
        };
        let message = format!(
            "the down fails in reverse order after the later migrations: {}",
            failure.message
        );
        let draft = engine_said(failure, message).migration(&seen.id);
        sink.push(match &seen.reverse_after {
            None => draft,
            // The error is the later migration's; this shows what it leads to.
            Some(culprit) => draft.levels(Levels::OBSERVATION).detail(format!(
                "{culprit} did not go back cleanly before, which may be the cause"
            )),
        });
    }
}
