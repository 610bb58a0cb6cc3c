//! Which pull requests get in each other's way: what the rules about conflicts say of one, once
//! the other were merged.

use super::folder::{Change, Folder};
use super::{Conflict, GATE, Gathered, MOST_COMPARED, Pull};
use crate::app::check::levels;
use crate::app::govern::terms;
use crate::model::Finding;
use crate::rules::{self, CatalogCx, LevelPolicy, Terms};

/// Notes the conflicts of each with each.
pub(super) fn find(pulls: &mut [Pull], folders: &[Folder<'_>], gathered: &Gathered) {
    if pulls.len() > MOST_COMPARED {
        let many = format!("more than {MOST_COMPARED} pull requests touch what {GATE} looks after");
        pulls.iter_mut().for_each(|pull| pull.untold.push(many.clone()));
        return;
    }
    let policy = &gathered.policy;
    let rules = Judge { terms: terms(None, Vec::new(), policy), levels: levels(policy) };
    let found: Vec<Vec<Conflict>> = pulls
        .iter()
        .map(|pull| {
            let others = pulls.iter().filter(|other| {
                other.request.number != pull.request.number
                    && other.request.base.name == pull.request.base.name
            });
            let mut found: Vec<Conflict> =
                others.flat_map(|other| rules.between(pull, other, folders)).collect();
            found.sort();
            found.dedup();
            found
        })
        .collect();
    for (pull, found) in pulls.iter_mut().zip(found) {
        pull.conflicts = found;
    }
}

struct Judge {
    terms: Terms,
    levels: LevelPolicy,
}

impl Judge {
    /// What `other` would do to `pull`.
    fn between(&self, pull: &Pull, other: &Pull, folders: &[Folder<'_>]) -> Vec<Conflict> {
        let with = other.request.number;
        let shared = pull.schemas.iter().filter(|path| other.schemas.contains(path));
        let schemas = shared.map(|path| Conflict {
            with,
            kind: "same-schema".into(),
            message: format!("{path} is changed here and in #{with}"),
        });
        let mut found: Vec<Conflict> = schemas.collect();
        for own in &pull.touched {
            let theirs = other.touched.iter().find(|theirs| theirs.set == own.set);
            let Some((theirs, folder)) = theirs.zip(folders.get(own.set)) else { continue };
            let alone = self.findings(folder, &own.change, None);
            let label = format!("#{with}");
            let both = self.findings(folder, &own.change, Some((&theirs.change, &label)));
            let new = both.into_iter().filter(|finding| !alone.contains(finding));
            found.extend(new.map(|finding| Conflict {
                with,
                kind: finding.rule.trim_start_matches("conflict/").to_owned(),
                message: finding.message,
            }));
        }
        found
    }

    fn findings(
        &self,
        folder: &Folder<'_>,
        change: &Change,
        merged: Option<(&Change, &str)>,
    ) -> Vec<Finding> {
        let told = change.is_told() && merged.is_none_or(|(merged, _)| merged.is_told());
        let catalog = told.then(|| folder.with(change, merged));
        // Where it cannot be read, that was said when its migrations were listed.
        let Some(Ok(catalog)) = catalog else { return Vec::new() };
        let cx = CatalogCx { catalog: &catalog, restores: false, terms: &self.terms };
        rules::check_conflicts(&cx, &self.levels)
    }
}
