//! Two migrations that write the same thing, where nothing but their names orders them.

use std::collections::{BTreeMap, BTreeSet};

use super::check::is_proved;
use super::conflict::{Conflict, ConflictKind, Severity, conflict};
use super::impact::effects;
use super::make::{PlanInput, Tried};
use super::resolution::Resolution;
use crate::catalog::Entry;
use crate::model::{self, EngineKind, Pointer, Program, printable};
use crate::runner::tracking::Tracked;
use crate::sql::{Action, ObjectKind, Touched};

/// A clash between two steps.
pub(super) struct Clash<'a> {
    pub(super) earlier: &'a Entry,
    pub(super) later: &'a Entry,
    /// What both write, in words, sorted.
    points: BTreeSet<String>,
    /// Whether the later one misses something once the earlier one has run.
    pub(super) loses: bool,
}

impl Clash<'_> {
    /// Only a warning where both were seen to run in this order.
    pub(super) fn conflict(&self, input: &PlanInput<'_>) -> Conflict {
        let (first, second) = (&self.earlier.migration.id, &self.later.migration.id);
        let points: Vec<&str> = self.points.iter().map(String::as_str).collect();
        let what = format!(
            "{first} and {second} both write {}, and neither needs the other",
            points.join(", ")
        );
        let help = format!(
            "name {} in the dependencies of {}, or take the order of the set with --on-conflict \
             logic=in-order",
            printable(first),
            printable(second)
        );
        let ids = vec![first.clone(), second.clone()];
        let found = conflict(ConflictKind::Logic, ids, &what, &help, input);
        let proved = is_proved(self.earlier, input) && is_proved(self.later, input);
        let severity = if proved { Severity::Warning } else { Severity::Error };
        Conflict { severity, resolutions: vec![Resolution::InOrder], ..found }
    }
}

/// The name under which two steps meet: an object, or the schema of documents.
type Meeting = (Option<ObjectKind>, String);

/// Whether a target is made from nothing: no migration has run on it, and its tables hold no rows.
/// Documents were there before their first migration.
#[must_use]
pub fn is_new(engine: EngineKind, history: &[Tracked], rows: &BTreeMap<String, u64>) -> bool {
    engine != EngineKind::Documents && history.is_empty() && rows.values().all(|rows| *rows == 0)
}

/// All clashes, in the order of the steps.
pub(super) fn clashes<'a>(input: &PlanInput<'a>) -> Vec<Clash<'a>> {
    // What makes a target from nothing is one history, and its order is the one that it was made in.
    if is_new(input.catalog.info.engine, input.history, input.rows) {
        return Vec::new();
    }
    let entries: Vec<&Entry> = input.queue.iter().map(|one| one.entry).collect();
    let engine = input.catalog.info.engine;
    let touched: Vec<Vec<Touched>> = entries.iter().map(|entry| effects(entry, engine)).collect();
    let mut meetings: BTreeMap<Meeting, BTreeSet<usize>> = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        for one in &touched[at] {
            meetings.entry((Some(one.kind), one.name.clone())).or_default().insert(at);
        }
        if let Some(program) = entry.migration.up.program() {
            meetings.entry((None, program.schema.clone())).or_default().insert(at);
        }
    }
    let before = Before::new(&entries);
    let pairs: BTreeSet<(usize, usize)> = meetings
        .values()
        .flat_map(|steps| steps.iter().flat_map(|a| steps.range(a + 1..).map(|b| (*a, *b))))
        .filter(|(a, b)| !before.orders(*a, *b))
        .collect();
    pairs
        .into_iter()
        .filter_map(|(a, b)| {
            let (earlier, later) = (entries[a], entries[b]);
            let (mut points, mut loses) = objects(&touched[a], &touched[b]);
            if let (Some(one), Some(other)) =
                (earlier.migration.up.program(), later.migration.up.program())
                && !apart(earlier, later, input)
            {
                let (places, lost) = values(one, other);
                points.extend(places);
                loses |= lost;
            }
            (!points.is_empty()).then_some(Clash { earlier, later, points, loses })
        })
        .collect()
}

/// Whether two migrations were seen to change other documents each.
fn apart(earlier: &Entry, later: &Entry, input: &PlanInput<'_>) -> bool {
    let files = |entry: &Entry| {
        let facts = input.facts.get(&entry.migration.id);
        let ran = facts.filter(|facts| facts.tried == Tried::Ran);
        ran.map(|facts| facts.files.iter().map(|file| file.path.as_str()))
    };
    match (files(earlier), files(later)) {
        // One that changes nothing here may change something elsewhere.
        (Some(mut one), Some(other)) => {
            let other: BTreeSet<&str> = other.collect();
            one.len() > 0 && !other.is_empty() && one.all(|path| !other.contains(path))
        }
        _ => false,
    }
}

/// What each step comes after by a dependency, or by the versions of its documents: a bit for each
/// of the steps before it, as a long history has many.
struct Before(Vec<Vec<u64>>);

impl Before {
    fn new(entries: &[&Entry]) -> Self {
        let places: BTreeMap<&str, usize> =
            entries.iter().enumerate().map(|(at, entry)| (&*entry.migration.id, at)).collect();
        // The schemas' versions, and the steps that lead to them.
        let mut leads: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
        let mut all = Self(Vec::new());
        for (at, entry) in entries.iter().enumerate() {
            let needs = entry.depends_on();
            let needs = needs.iter().filter_map(|id| places.get(id.as_str()).copied());
            let mut direct: Vec<usize> = needs.filter(|needed| *needed < at).collect();
            if let Some(program) = entry.migration.up.program() {
                direct.extend(leads.get(&(&program.schema, &program.from)).into_iter().flatten());
                leads.entry((&program.schema, &program.to)).or_default().push(at);
            }
            all.push(&direct);
        }
        all
    }

    /// Adds a step that comes after these, and after what they come after.
    fn push(&mut self, direct: &[usize]) {
        let mut bits = vec![0; self.0.len().div_ceil(64)];
        for needed in direct {
            bits[needed / 64] |= 1 << (needed % 64);
            for (bit, more) in bits.iter_mut().zip(&self.0[*needed]) {
                *bit |= more;
            }
        }
        self.0.push(bits);
    }

    fn orders(&self, earlier: usize, later: usize) -> bool {
        self.0[later].get(earlier / 64).is_some_and(|bits| bits & (1 << (earlier % 64)) != 0)
    }
}

/// The objects that both write, and whether the later step misses one. To build upon what the
/// earlier one makes is the ordinary way.
fn objects(earlier: &[Touched], later: &[Touched]) -> (BTreeSet<String>, bool) {
    let (mut points, mut loses) = (BTreeSet::new(), false);
    for a in earlier {
        for b in later.iter().filter(|b| b.kind == a.kind && b.name == a.name) {
            let Some(lost) = clash(a, b) else { continue };
            points.insert(if a.part.is_some() { a.words() } else { b.words() });
            loses |= lost && !b.guarded;
        }
    }
    (points, loses)
}

/// Whether two touches of one object clash, and whether the later one fails by it.
fn clash(earlier: &Touched, later: &Touched) -> Option<bool> {
    use Action::{Alter, Create, Drop, Replace, Use};
    let is_whole = |touch: &Touched| touch.part.is_none();
    match (earlier.action, later.action) {
        (Use, _) => None,
        (Drop, Create) if earlier.part == later.part => None,
        (Create, Create) if makes_once(earlier, later) => None,
        // Functions of one name may differ in their arguments, which are not compared.
        (Create, Create) if earlier.kind == ObjectKind::Function => Some(false),
        // A part that is gone is missed by what is about that part, a whole by everything.
        (Drop, _) if is_whole(earlier) => Some(true),
        _ if earlier.part != later.part => None,
        (Drop, _) | (Create, Create) => Some(true),
        (Create, _) | (_, Use | Create | Drop) => None,
        // Two settings of one table live side by side.
        (Alter, Alter) if is_whole(earlier) && earlier.kind == ObjectKind::Table => None,
        (Alter | Replace, Alter | Replace) => Some(false),
    }
}

/// Whether the second making of a thing that is all in its name does nothing.
fn makes_once(earlier: &Touched, later: &Touched) -> bool {
    matches!(earlier.kind, ObjectKind::Schema | ObjectKind::Extension)
        && (earlier.guarded || later.guarded)
}

/// The places that both write in documents of one schema, and whether the later migration finds
/// nothing at one of its own.
fn values(earlier: &Program, later: &Program) -> (BTreeSet<String>, bool) {
    let (mut points, mut loses) = (BTreeSet::new(), false);
    if earlier.schema != later.schema {
        return (points, loses);
    }
    let whole = Pointer::default();
    for a in writes(earlier, &whole) {
        for b in writes(later, &whole) {
            if overlap(a.at, b.at) {
                let longer = if a.at.0.len() > b.at.0.len() { a.at } else { b.at };
                points.insert(format!("`{longer}` of {}", earlier.schema));
                loses |= a.takes && b.finds && a.at.0.len() <= b.at.0.len();
            }
        }
    }
    (points, loses)
}

/// A place that an operation writes.
struct Write<'a> {
    at: &'a Pointer,
    /// Nothing stands there afterwards.
    takes: bool,
    /// Something must stand there before.
    finds: bool,
}

fn writes<'a>(program: &'a Program, whole: &'a Pointer) -> Vec<Write<'a>> {
    use model::Action as Do;
    let write = |at: &'a Pointer, takes: bool, finds: bool| Write { at, takes, finds };
    let operations = program.operations.iter();
    operations
        .flat_map(|operation| match &operation.action {
            Do::Test { .. } | Do::Restore { .. } => Vec::new(),
            Do::Add { at, .. } => vec![write(at, false, false)],
            Do::Remove { at } => vec![write(at, true, true)],
            Do::Move { from, to } => vec![write(from, true, true), write(to, false, false)],
            Do::Set { at, .. }
            | Do::Map { at, .. }
            | Do::Wrap { at, .. }
            | Do::Unwrap { at, .. }
            | Do::Scale { at, .. } => vec![write(at, false, true)],
            // These may write anything.
            Do::Jq { .. } | Do::Command { .. } => vec![write(whole, false, false)],
        })
        .collect()
}

/// Whether two places may be the same, or one may lie in the other.
fn overlap(a: &Pointer, b: &Pointer) -> bool {
    a.0.iter().zip(&b.0).all(|(one, other)| one == other || one == "*" || other == "*")
}
