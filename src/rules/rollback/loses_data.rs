//! `rollback/loses-data`

use crate::model::{Class, Levels, LossCause, LostValues, Outcome, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "rollback/loses-data",
        summary: "values that stood before the up are gone after the down",
        why: "A rollback that runs and restores the schema can still lose what people wrote. The \
              tables were filled before the up, and after the down every row was compared column \
              by column; what the up itself added may go. Where the down takes or changes what \
              could be kept it is an error. Where the up throws values away, by DROP or DELETE, no \
              down can bring them back: that is a warning, since the migration is destructive and \
              a checkpoint is the only way back, and a note where its class is declared \
              post_deploy, which says as much.",
        fix: "Let the down undo each change of values: move them back, or keep the old ones in a \
              column or table of their own until they are no longer needed. Drop columns and \
              tables in a migration of their own, after the code that used them is gone.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in &cx.evidence.migrations {
        let Some(entry) = cx.catalog.entry(&seen.id) else { continue };
        let Some(down) = entry.migration.down.step().and_then(|step| step.script()) else {
            continue;
        };
        // A down that is empty, or that fails, has a rule of its own.
        let ran = seen.down.as_ref().is_some_and(|step| step.outcome == Outcome::Done);
        let lost = seen.rows.as_ref().map_or(&[][..], |rows| &rows.lost);
        if !ran || crate::sql::is_empty(down) {
            continue;
        }
        let (gone, taken): (Vec<_>, Vec<_>) = lost.iter().partition(|lost| is_thrown_away(lost));
        // One that is declared to come after the deployment says itself that it cleans up.
        let declared = entry.declared.class.as_ref().map(|(class, _)| *class);
        let weight =
            if declared == Some(Class::PostDeploy) { Levels::NOTE } else { Levels::WARNING };
        for (lost, levels) in [(taken, Levels::ERROR), (gone, weight)] {
            if let Some(draft) = report(&lost) {
                let at = super::statements_of(down);
                sink.push(draft(at).migration(&seen.id).levels(levels));
            }
        }
    }
}

/// Whether the up threw it away, so that the down has nothing to give back.
fn is_thrown_away(lost: &LostValues) -> bool {
    matches!(lost.cause, LossCause::Dropped | LossCause::Deleted) && lost.kept_in.is_none()
}

/// How many columns are told one by one.
const DETAILS: usize = 8;

fn what(lost: &LostValues) -> String {
    let LostValues { table, column, count, of, .. } = lost;
    match column {
        Some(column) => format!("{count} of {of} values of {table}.{column}"),
        None => format!("{count} of {of} rows of {table}"),
    }
}

/// One finding for everything that is lost in the same way.
fn report(lost: &[&LostValues]) -> Option<impl FnOnce(crate::model::Location) -> Draft> {
    let first = *lost.first()?;
    let more = match lost.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    let message = match (first.cause, &first.kept_in) {
        (LossCause::Down, _) => format!("the down loses {}{more}", what(first)),
        (LossCause::Changed, _) => {
            format!("the up changes {}, and the down does not change them back{more}", what(first))
        }
        (_, Some(place)) => format!(
            "the down does not bring back {}{more}, which the up keeps in {place}",
            what(first)
        ),
        (LossCause::Dropped, None) => {
            format!("the up drops {}{more}, and the down does not bring them back", what(first))
        }
        (LossCause::Deleted, None) => {
            format!("the up deletes {}{more}, which the down cannot bring back", what(first))
        }
    };
    let mut details = Vec::new();
    for one in lost.iter().take(DETAILS) {
        let examples = one.examples.join("; ");
        if !examples.is_empty() {
            details.push(format!("{}: {examples}", what(one)));
        } else if lost.len() > 1 {
            details.push(what(one));
        }
    }
    if lost.len() > DETAILS {
        details.push(format!("and {} more", lost.len() - DETAILS));
    }
    let help = if is_thrown_away(first) {
        "make sure that nobody needs them; the way back to them is a checkpoint"
    } else {
        "let the down put the values back; keep what it needs for that until it is not needed"
    };
    Some(move |at| {
        let draft = Draft::new(at, true, message).proved().help(help);
        details.into_iter().fold(draft, Draft::detail)
    })
}
