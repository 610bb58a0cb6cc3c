//! `class/mismatch`

use super::effects::{Effect, Seen, effects};
use crate::catalog::Entry;
use crate::model::{Class, Levels, MigrationEvidence, RuleMeta};
use crate::rules::{Check, Draft, EvidenceCx, Rule, Sink};

pub(in crate::rules) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "class/mismatch",
        summary: "a migration does what its declared class rules out",
        why: "The class says when a migration may run, so a wrong one runs at the wrong time. An \
              online migration runs while the old code serves: it must not take away what that \
              code uses, keep it from writing, or move data row by row. A post_deploy migration \
              comes after the new code, too late for what that code needs: one that only adds is a \
              warning. A manual_backfill may be started twice, so a second run must not change the \
              rows again; one that moves no rows at all is a warning. What the migration does is \
              taken from the schemas before and after it, from the locks and rewrites seen, from \
              the rows it changed, and from its statements.",
        fix: "Declare the class that fits, or split the migration so that each part has one.",
        levels: Levels::ERROR,
    },
    check: Check::Evidence(check),
};

/// What is wrong with a class, and which one fits.
struct Mismatch<'a> {
    levels: Levels,
    says: &'static str,
    effects: Vec<&'a Seen>,
    fits: &'static str,
}

fn check(cx: &EvidenceCx<'_>, sink: &mut Sink<'_>) {
    for seen in cx.evidence.migrations.iter().filter(|seen| seen.up.outcome.is_done()) {
        let Some(entry) = cx.catalog.entry(&seen.id).filter(|entry| super::is_judged(entry)) else {
            continue;
        };
        // Documents have no locks and no rows: a config migration may have any class.
        if entry.migration.up.script().is_none() {
            continue;
        }
        let Some((class, _)) = &entry.declared.class else { continue };
        let found = effects(cx, entry, seen);
        let mismatch = match class {
            Class::Online => online(&found),
            Class::PostDeploy => post_deploy(&found, seen),
            Class::ManualBackfill => manual_backfill(&found, seen),
        };
        if let Some(mismatch) = mismatch {
            report(entry, *class, &mismatch, sink);
        }
    }
}

fn online(found: &[Seen]) -> Option<Mismatch<'_>> {
    let worst = found.iter().find(|seen| seen.effect != Effect::Additive)?;
    let effects = found.iter().filter(|seen| seen.effect != Effect::Additive).collect();
    let (says, fits) = match worst.effect {
        Effect::Destructive => (
            "takes away what running code may use",
            "post_deploy fits: after the new code is out, nothing uses it any more",
        ),
        Effect::Blocking => (
            "keeps running code waiting while it works",
            "post_deploy in a rollout window fits, or a way that blocks nobody: CONCURRENTLY, NOT \
             VALID and a later VALIDATE, a new column that is filled step by step",
        ),
        Effect::Data | Effect::Additive => {
            ("moves data", "manual_backfill fits: an operator runs it in steps and can stop it")
        }
    };
    Some(Mismatch { levels: Levels::ERROR, says, effects, fits })
}

fn post_deploy<'a>(found: &'a [Seen], seen: &MigrationEvidence) -> Option<Mismatch<'a>> {
    let adds = |seen: &&Seen| seen.effect == Effect::Additive;
    // What changes or loses anything at all has its reasons to wait.
    let only_adds = found.iter().all(|seen| adds(&seen))
        && seen
            .up
            .diff
            .differences
            .iter()
            .all(|one| one.note || one.kind == crate::model::DifferenceKind::Left);
    (only_adds && !found.is_empty()).then(|| Mismatch {
        levels: Levels::WARNING,
        says: "only adds, and the new code is out before it runs",
        effects: found.iter().filter(adds).collect(),
        fits: "online fits: it runs before the code that needs it",
    })
}

fn manual_backfill<'a>(found: &'a [Seen], seen: &MigrationEvidence) -> Option<Mismatch<'a>> {
    let moves: Vec<&Seen> = found.iter().filter(|seen| seen.effect == Effect::Data).collect();
    let again = seen.rows.as_ref().is_some_and(|rows| !rows.again.is_empty());
    if again {
        return Some(Mismatch {
            levels: Levels::ERROR,
            says: "changes rows again when it is started a second time",
            effects: moves,
            fits: "a backfill that knows what it has done fits: let its WHERE leave out the rows \
                   that are done",
        });
    }
    (moves.is_empty() && seen.up.diff.is_material()).then(|| Mismatch {
        levels: Levels::WARNING,
        says: "moves no rows",
        effects: found.iter().collect(),
        fits: match found.first().map(|seen| seen.effect) {
            Some(Effect::Destructive | Effect::Blocking) => "post_deploy fits",
            _ => "online fits",
        },
    })
}

fn report(entry: &Entry, class: Class, mismatch: &Mismatch<'_>, sink: &mut Sink<'_>) {
    let Mismatch { levels, says, effects, fits } = mismatch;
    let id = &entry.migration.id;
    let location =
        effects.first().map_or_else(|| entry.migration.location(), |seen| seen.location.clone());
    let mut draft = Draft::new(location, true, format!("{id} is declared {class}, but it {says}"))
        .migration(id)
        .levels(*levels)
        .help(*fits);
    if let Some(evidenced) = effects.iter().map(|seen| seen.evidenced).max() {
        draft = draft.evidenced(evidenced);
    }
    for seen in effects {
        draft = draft.detail(format!("it {}", seen.what)).also(seen.location.clone());
    }
    sink.push(draft);
}
