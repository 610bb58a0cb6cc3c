//! Which migrations run, and in which order.

use std::collections::{BTreeMap, BTreeSet};

use super::wire::Why;
use crate::catalog::{Entry, SetCatalog, cycles, edges};
use crate::model::{Class, Kind, closest, printable, quoted};
use crate::runner::tracking::{Tracked, TrackedState};
use crate::runner::{Fault, FaultKind};

/// Which of the pending migrations are wanted; where nothing is said all of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Only those of these classes; of all where there is none.
    pub classes: &'a [Class],
    /// Only those up to and including this one.
    pub to: Option<&'a str>,
    /// Only these: the steps of a plan that was agreed on.
    pub only: Option<&'a [String]>,
}

/// A migration that runs.
#[derive(Clone, Debug)]
pub struct Queued<'a> {
    /// The migration.
    pub entry: &'a Entry,
    /// Why it runs.
    pub why: Why,
}

/// Queues what is wanted and has not run, each with what it needs before it; else in the order of
/// the set.
///
/// # Errors
/// Where no migration has the id of `to`, one needs what is neither in the set nor on the target,
/// or they need each other in a circle: all of these faults.
pub fn select<'a>(
    catalog: &'a SetCatalog,
    history: &[Tracked],
    wanted: &Wanted<'_>,
) -> Result<Vec<Queued<'a>>, Vec<Fault>> {
    let last = match wanted.to {
        Some(id) => last(catalog, id).map_err(|fault| vec![fault])?,
        None => catalog.entries.len(),
    };
    let set = Set::new(catalog, history);
    let chosen: BTreeMap<usize, Why> = catalog.entries[..last]
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| Some((at, set.pending(entry)?)))
        .filter(|(at, _)| is_wanted(&catalog.entries[*at], wanted))
        .map(|(at, why)| (at, said(why, &catalog.entries[at], wanted)))
        .collect();
    let (order, faults) = set.queue(&chosen);
    let faults = [faults, circles(catalog, &order)].concat();
    if faults.is_empty() { Ok(order) } else { Err(faults) }
}

/// Where the tool's tracking is one version, what a queue passes over would count as run for ever.
#[must_use]
pub fn passed_over(
    catalog: &SetCatalog,
    history: &[Tracked],
    queue: &[Queued<'_>],
) -> Option<Fault> {
    if catalog.info.layout != "golang-migrate" {
        return None;
    }
    let set = Set::new(catalog, history);
    let queued: BTreeSet<&str> = queue.iter().map(|one| one.entry.migration.id.as_str()).collect();
    let is_queued = |entry: &Entry| queued.contains(entry.migration.id.as_str());
    let last = catalog.entries.iter().rposition(is_queued)?;
    let before = catalog.entries[..last].iter();
    let left = before.filter(|entry| !is_queued(entry) && set.pending(entry).is_some());
    let left: Vec<&str> = left.map(|entry| entry.migration.id.as_str()).collect();
    (!left.is_empty()).then(|| {
        let what = format!(
            "{} would count as run without having run: schema_migrations of golang-migrate holds one \
             version, and {} comes later",
            left.join(", "),
            catalog.entries[last].migration.id
        );
        let help = "apply all of them, or those up to one with --to";
        Fault::new(FaultKind::Conflict, printable(&what), help)
    })
}

/// How many migrations there are up to and including that one.
fn last(catalog: &SetCatalog, id: &str) -> Result<usize, Fault> {
    let at = catalog.entries.iter().position(|entry| entry.migration.id == id);
    at.map(|at| at + 1).ok_or_else(|| {
        let ids: Vec<&str> =
            catalog.entries.iter().map(|entry| entry.migration.id.as_str()).collect();
        let what = format!("the set {} has no migration {}", catalog.info.name, quoted(id));
        let help = match closest(id, &ids) {
            Some(close) => format!("did you mean \"{}\"?", printable(close)),
            None => "`migration-gate list` shows the ids".to_owned(),
        };
        Fault::new(FaultKind::Usage, printable(&what), help)
    })
}

fn is_wanted(entry: &Entry, wanted: &Wanted<'_>) -> bool {
    (wanted.classes.is_empty() || wanted.classes.contains(&entry.class()))
        && wanted.only.is_none_or(|only| only.contains(&entry.migration.id))
}

/// What was named is requested.
fn said(why: Why, entry: &Entry, wanted: &Wanted<'_>) -> Why {
    let named = !wanted.classes.is_empty() || wanted.to == Some(entry.migration.id.as_str());
    if named { Why::Requested } else { why }
}

/// A set with what has run of it.
struct Set<'a, 'b> {
    catalog: &'a SetCatalog,
    places: BTreeMap<&'a str, usize>,
    /// What ran to its end, by id, and whether it was edited since.
    applied: BTreeMap<&'b str, bool>,
    /// What the target calls the migrations that ran to their end.
    names: BTreeSet<&'b str>,
}

impl<'a, 'b> Set<'a, 'b> {
    fn new(catalog: &'a SetCatalog, history: &'b [Tracked]) -> Self {
        let entries = catalog.entries.iter().enumerate();
        let done = || history.iter().filter(|row| row.state == TrackedState::Applied);
        Self {
            catalog,
            places: entries.map(|(at, entry)| (entry.migration.id.as_str(), at)).collect(),
            applied: done().filter_map(|row| Some((row.id.as_deref()?, row.edited))).collect(),
            names: done().map(|row| row.name.as_str()).collect(),
        }
    }

    /// Why a migration has to run; nothing where it has run.
    fn pending(&self, entry: &Entry) -> Option<Why> {
        match self.applied.get(entry.migration.id.as_str()) {
            None => Some(Why::Pending),
            Some(true) if entry.migration.kind == Kind::Repeatable => Some(Why::Changed),
            Some(_) => None,
        }
    }

    /// The chosen ones in order, each after what it needs; without recursion, so that a long chain
    /// cannot overflow the stack.
    fn queue(&self, chosen: &BTreeMap<usize, Why>) -> (Vec<Queued<'a>>, Vec<Fault>) {
        let (mut order, mut faults) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for (&start, why) in chosen {
            if !seen.insert(start) {
                continue;
            }
            let mut path = vec![(start, why.clone(), self.needs(start, &mut faults))];
            while let Some((_, _, needs)) = path.last_mut() {
                if let Some(next) = needs.pop() {
                    if seen.insert(next) {
                        let by = path.last().map(|(at, ..)| self.id(*at).to_owned());
                        let needed = Why::NeededBy(by.unwrap_or_default());
                        let why = chosen.get(&next).cloned().unwrap_or(needed);
                        path.push((next, why, self.needs(next, &mut faults)));
                    }
                } else if let Some((at, why, _)) = path.pop() {
                    order.push(Queued { entry: &self.catalog.entries[at], why });
                }
            }
        }
        (order, faults)
    }

    fn id(&self, at: usize) -> &'a str {
        &self.catalog.entries[at].migration.id
    }

    /// What a migration needs and has not run, the last of the set first.
    fn needs(&self, at: usize, faults: &mut Vec<Fault>) -> Vec<usize> {
        let mut needs = Vec::new();
        for id in self.catalog.entries[at].depends_on() {
            match self.places.get(id.as_str()) {
                Some(_) if self.applied.contains_key(id.as_str()) => {}
                Some(place) => needs.push(*place),
                None if self.names.contains(id.as_str()) => {}
                None => faults.push(unknown(self.id(at), &id, &self.catalog.info.name)),
            }
        }
        needs.sort_unstable();
        needs.dedup();
        needs.reverse();
        needs
    }
}

fn unknown(id: &str, needed: &str, set: &str) -> Fault {
    let what = format!("{id} needs {needed}, which is neither in the set {set} nor on the target");
    let help = "merge what is missing, or correct `depends_on`; what may be missing belongs under \
                `optional_depends_on` in the manifest";
    Fault::new(FaultKind::Dependency, printable(&what), help)
}

/// A fault for each circle among what runs.
fn circles(catalog: &SetCatalog, order: &[Queued<'_>]) -> Vec<Fault> {
    let runs: BTreeSet<&str> = order.iter().map(|one| one.entry.migration.id.as_str()).collect();
    let circles = cycles(&edges(catalog)).into_iter();
    circles
        .filter(|circle| circle.iter().all(|id| runs.contains(id.as_str())))
        .map(|circle| {
            let first = circle.first().cloned().unwrap_or_default();
            let what = format!("these need each other: {} → {first}", circle.join(" → "));
            let help = "take out the dependency that is not real; where both are, join them";
            Fault::new(FaultKind::Dependency, printable(&what), help)
        })
        .collect()
}
