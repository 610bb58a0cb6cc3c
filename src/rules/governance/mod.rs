//! What becomes of findings, and who says so: waivers, allowances and the policy itself.

pub(super) mod allow_not_permitted;
pub(super) mod policy_changed;
pub(super) mod waiver_expired;
pub(super) mod waiver_incomplete;
pub(super) mod waiver_unused;

pub use waiver_unused::waiver_uses;

use super::{Draft, GovernanceCx, Terms};
use crate::catalog::SetCatalog;
use crate::model::{Acceptance, Location, Position, RepoPath, Subject, Waiver, WaiverState};

/// What this group is called; nothing of it can be accepted.
const GROUP: &str = "governance/";

/// Everything that the base's policy accepts in these sets: by its waivers, and by what it lets
/// scripts allow themselves. `config` is the file the waivers stand in.
#[must_use]
pub fn acceptances(catalogs: &[&SetCatalog], terms: &Terms, config: &RepoPath) -> Vec<Acceptance> {
    let waived = terms.waivers.iter().flat_map(|waiver| {
        catalogs.iter().filter_map(|catalog| by_waiver(catalog, waiver, terms, config))
    });
    let allowed = catalogs.iter().flat_map(|catalog| inline(catalog, terms));
    waived.chain(allowed).collect()
}

fn by_waiver(
    catalog: &SetCatalog,
    waiver: &Waiver,
    terms: &Terms,
    config: &RepoPath,
) -> Option<Acceptance> {
    let subject = &waiver.subject.value;
    let applies = waiver.state(terms.moment, terms.waiver_days) == WaiverState::Holds
        && waiver.is_for(&catalog.info.name)
        && catalog.content(subject) == waiver.content
        && !waiver.rule.value.starts_with(GROUP);
    applies.then(|| Acceptance {
        rule: waiver.rule.value.clone(),
        set: catalog.info.name.clone(),
        subject: subject.clone(),
        place: None,
        reason: waiver.reason.clone().unwrap_or_default(),
        owner: waiver.owner.clone().unwrap_or_default(),
        expires: waiver.expires.as_ref().map(|last| last.value),
        location: Location::at(config.clone(), waiver.span),
    })
}

fn inline(catalog: &SetCatalog, terms: &Terms) -> Vec<Acceptance> {
    let all = catalog.entries.iter().flat_map(|entry| {
        entry.declared.allowed.iter().map(|allowed| (&entry.migration.id, allowed))
    });
    all.filter(|(_, allowed)| is_permitted(terms, &allowed.rule))
        .map(|(migration, allowed)| Acceptance {
            rule: allowed.rule.clone(),
            set: catalog.info.name.clone(),
            subject: Subject::Migration(migration.clone()),
            place: Some((allowed.location.path.clone(), allowed.statement)),
            reason: allowed.reason.clone(),
            owner: Acceptance::INLINE.to_owned(),
            expires: None,
            location: allowed.location.clone(),
        })
        .collect()
}

/// Whether the policy lets a script allow itself to break that rule.
fn is_permitted(terms: &Terms, rule: &str) -> bool {
    let fits = |pattern: &String| match pattern.strip_suffix('*') {
        Some(group) => rule.starts_with(group),
        None => rule == pattern,
    };
    !rule.starts_with(GROUP) && terms.inline_allow.iter().any(fits)
}

/// The sets of this run in which what a waiver is about is judged, with its content.
fn judged<'a>(cx: &GovernanceCx<'a>, waiver: &Waiver) -> Vec<(&'a SetCatalog, String)> {
    let subject = &waiver.subject.value;
    let is_judged = |catalog: &SetCatalog| {
        let Subject::Migration(id) = subject else { return true };
        let order = catalog.run_order(cx.all);
        let mut judged = order.iter().filter(|(_, position)| *position == Position::Judged);
        judged.any(|(entry, _)| entry.migration.id == *id)
            || catalog.gone.iter().any(|gone| gone.migration.id == *id)
    };
    cx.catalogs
        .iter()
        .filter(|catalog| waiver.is_for(&catalog.info.name) && is_judged(catalog))
        .filter_map(|catalog| Some((*catalog, catalog.content(subject)?)))
        .collect()
}

/// Whether the base has the waiver too; only then it counts.
fn is_in_force(cx: &GovernanceCx<'_>, waiver: &Waiver) -> bool {
    cx.terms.waivers.iter().any(|known| known.says_what(waiver))
}

/// A finding about a waiver. It belongs to the change where the change brings the waiver or is
/// judged without it.
fn about(cx: &GovernanceCx<'_>, waiver: &Waiver, message: String) -> Draft {
    let touched = !is_in_force(cx, waiver) || !judged(cx, waiver).is_empty();
    Draft::new(Location::at(cx.config.clone(), waiver.span), touched, message)
}

/// `the waiver of rollback/missing for 0042_drop_legacy`
fn name(waiver: &Waiver) -> String {
    format!("the waiver of {} for {}", waiver.rule.value, waiver.subject.value.name())
}
