//! The ordered history of one set, at the base and at the head, and what the change did to it.

mod build;
mod content;
mod depend;
mod discover;
mod fix;
mod graph;
mod renumber;
mod tip;

use std::collections::{BTreeMap, BTreeSet};

use crate::layout::Substituted;
use crate::manifest::Manifest;
use crate::model::{
    Class, FileChange, Location, Migration, Position, Problem, RepoPath, Script, SetInfo, Span,
    Step, Subject,
};

pub use build::{CatalogError, Input, SetSpec, build};
pub use discover::{Found, discover, load};
pub use fix::{FixPlan, names, plan_fix};
pub use graph::{Edge, cycles, edges};
pub use renumber::{Renumbering, next_version, renumber};
pub use tip::{BothSides, Fate, Meeting, TipEdit};

/// How one direction of a migration differs from the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edit {
    /// Not at all.
    None,
    /// In comments and white space only.
    Cosmetic,
    /// In what it does, or in how it is wrapped in transactions.
    Real,
}

/// What the change did to a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// It is not in the base.
    pub added: bool,
    /// Its up against the base's.
    pub up: Edit,
    /// Its down against the base's.
    pub down: Edit,
    /// Its name in the base, where it has another one now.
    pub renamed_from: Option<String>,
}

impl Touch {
    /// Not touched.
    pub const NONE: Self =
        Self { added: false, up: Edit::None, down: Edit::None, renamed_from: None };

    /// Whether anything happened to it.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        *self != Self::NONE
    }
}

/// A dependency as the manifest or a header declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The id named.
    pub id: String,
    /// Where it is named.
    pub location: Location,
}

/// What is declared about a migration beside its scripts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// The class and where it is declared.
    pub class: Option<(Class, Location)>,
    /// A class was declared and is none.
    pub invalid_class: bool,
    /// Dependencies, from the manifest or the header.
    pub depends_on: Vec<Dependency>,
    /// Optional dependencies that the set does not hold; those that it holds are among
    /// [`Declared::depends_on`].
    pub absent: Vec<Dependency>,
    /// The place of its manifest entry.
    pub entry: Option<Location>,
    /// The SHA-256 that the manifest gives for the up file, and where.
    pub checksum: Option<(String, Location)>,
    /// The SHA-256 of the up file as it is.
    pub actual_checksum: String,
    /// The SHA-256 of all its files, by which a waiver knows it: of the lines that `sha256sum`
    /// writes for them in the set's folder, sorted by name.
    pub content: String,
    /// What its scripts allow themselves.
    pub allowed: Vec<Allowed>,
    /// The keys of a merged migration's manifest entry that say something else than at the base.
    /// A change cannot relabel what is merged: [`Declared::class`] is the base's then.
    pub relabelled: Vec<&'static str>,
}

/// A rule that a script allows itself to break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The rule's id.
    pub rule: String,
    /// Why that does no harm.
    pub reason: String,
    /// The comment that says so.
    pub location: Location,
    /// The statement it is about; `None` for the whole file.
    pub statement: Option<Span>,
}

/// One migration of the head.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The migration.
    pub migration: Migration,
    /// What the change did to it.
    pub touch: Touch,
    /// What is declared about it.
    pub declared: Declared,
}

impl Entry {
    /// Every id it needs: what the layout says, then what is declared.
    #[must_use]
    pub fn depends_on(&self) -> Vec<String> {
        let mut ids = self.migration.depends_on.clone();
        let mut known: BTreeSet<&str> =
            self.migration.depends_on.iter().map(String::as_str).collect();
        let declared = self.declared.depends_on.iter().map(|dependency| &dependency.id);
        ids.extend(declared.filter(|id| known.insert(id.as_str())).cloned());
        ids
    }

    /// The declared class, else the one its statements or operations suggest.
    #[must_use]
    pub fn class(&self) -> Class {
        match (&self.declared.class, &self.migration.up) {
            (Some((class, _)), _) => *class,
            (None, Step::Sql(script)) => crate::sql::inferred_class(script),
            // What the gate cannot take back itself is for an operator to watch.
            (None, Step::Program(program)) if program.inverse().is_ok() => Class::Online,
            (None, Step::Program(_) | Step::Foreign { .. }) => Class::ManualBackfill,
        }
    }
}

/// A migration of the base that the head no longer has.
#[derive(Clone, Debug)]
pub struct Gone {
    /// The migration as it was.
    pub migration: Migration,
}

/// A set at the head, joined with its base.
#[derive(Clone, Debug)]
pub struct SetCatalog {
    /// The set.
    pub info: SetInfo,
    /// The head's migrations in the order the tool runs them.
    pub entries: Vec<Entry>,
    /// Base migrations that are gone.
    pub gone: Vec<Gone>,
    /// What could not be read at the head.
    pub problems: Vec<Problem>,
    /// What could not be read at the base already.
    pub merged_problems: Vec<Problem>,
    /// The manifest at the head.
    pub manifest: Option<Manifest>,
    /// What could not be read of the headers.
    pub header_problems: Vec<Problem>,
    /// History up to and including this id needs no manifest entry.
    pub manifest_baseline: Option<String>,
    /// History up to and including this id runs and is not judged.
    pub baseline: Option<String>,
    /// The script that puts rows in before a judged migration.
    pub seed: Option<Script>,
    /// The config schemas of a set of documents that are judged: the SHA-256 of each, by name.
    pub schemas: BTreeMap<String, String>,
    /// What the change edits of the promises about schemas: their places in the contract, and each
    /// edit in words.
    pub promises: Vec<(Location, String)>,
    /// The base's migrations, in order; `None` where nothing was compared.
    pub merged: Option<Vec<Migration>>,
    /// Migrations that the target branch gained since the base, with the tip's name.
    pub tip: Vec<Migration>,
    /// The tip in words, where the target branch went on.
    pub tip_label: Option<String>,
    /// What the target branch did since to migrations of the base, in their order.
    pub tip_edits: Vec<TipEdit>,
    /// Files of migrations that both the change and the target branch changed, by path.
    pub both_sides: Vec<BothSides>,
    /// Changed files inside the set, and its manifest, by path.
    pub changed: Vec<FileChange>,
    /// Merged migrations that no release has yet; see [`Reading::unreleased`].
    ///
    /// [`Reading::unreleased`]: crate::layout::Reading::unreleased
    pub unreleased: BTreeSet<String>,
    /// Files into whose text values were put: every place in them is one of the text that runs,
    /// until [`SetCatalog::as_written`] leads back.
    pub substituted: BTreeMap<RepoPath, Substituted>,
}

impl SetCatalog {
    /// A set of those migrations with nothing else to say about it.
    #[must_use]
    pub fn of(info: SetInfo, entries: Vec<Entry>) -> Self {
        Self {
            info,
            entries,
            gone: Vec::new(),
            problems: Vec::new(),
            merged_problems: Vec::new(),
            manifest: None,
            header_problems: Vec::new(),
            manifest_baseline: None,
            baseline: None,
            merged: None,
            tip: Vec::new(),
            tip_edits: Vec::new(),
            both_sides: Vec::new(),
            tip_label: None,
            changed: Vec::new(),
            substituted: BTreeMap::new(),
            seed: None,
            schemas: BTreeMap::new(),
            promises: Vec::new(),
            unreleased: BTreeSet::new(),
        }
    }

    /// Whether the change touches this set at all.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        !self.changed.is_empty()
            || !self.schemas.is_empty()
            || !self.gone.is_empty()
            || self.entries.iter().any(|entry| entry.touch.is_touched())
    }

    /// The place in the file as it is written, for people.
    #[must_use]
    pub fn as_written(&self, location: Location) -> Location {
        match (self.substituted.get(&location.path), location.span) {
            (Some(map), Some(span)) => Location { span: map.written(span), ..location },
            _ => location,
        }
    }

    /// Whether the file of a location was changed.
    #[must_use]
    pub fn is_changed(&self, path: &RepoPath) -> bool {
        self.changed.iter().any(|change| change.path == *path)
    }

    /// The entry of that id.
    #[must_use]
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.migration.id == id)
    }

    /// The content of a migration or a schema, by which a waiver knows it; that of a deleted
    /// migration is nothing. `None` where neither base nor head has it.
    #[must_use]
    pub fn content(&self, subject: &Subject) -> Option<String> {
        let id = match subject {
            Subject::Migration(id) => id,
            Subject::Schema(name) => return self.schemas.get(name).cloned(),
        };
        let gone = || self.gone.iter().any(|gone| gone.migration.id == *id);
        let here = self.entry(id).map(|entry| entry.declared.content.clone());
        here.or_else(|| gone().then(content::nothing))
    }

    /// The index of the first entry after the one of that id; 0 where there is none such.
    #[must_use]
    pub fn after(&self, id: Option<&str>) -> usize {
        id.and_then(|id| self.entries.iter().position(|entry| entry.migration.id == id))
            .map_or(0, |index| index + 1)
    }

    /// What is judged where all is: the entries after the baseline, and what the change touches.
    pub fn judged(&self) -> impl Iterator<Item = &Entry> {
        let from = self.after(self.baseline.as_deref());
        let entries = self.entries.iter().enumerate();
        entries
            .filter(move |(at, entry)| *at >= from || entry.touch.is_touched())
            .map(|(_, entry)| entry)
    }

    /// Whether the change edits, renames or takes away what is merged, so that what comes after it
    /// may no longer run on a new target.
    #[must_use]
    pub fn rewrites_history(&self) -> bool {
        let rewritten = |touch: &Touch| {
            !touch.added && (touch.up == Edit::Real || touch.renamed_from.is_some())
        };
        !self.gone.is_empty() || self.entries.iter().any(|entry| rewritten(&entry.touch))
    }

    /// The order of the dry run: what a target has, in the tool's order, then what the change
    /// adds, as a target would meet it. A change that edits merged ups speaks of new targets, so
    /// there everything runs in the tool's order; with `all` everything does and is judged.
    #[must_use]
    pub fn run_order(&self, all: bool) -> Vec<(&Entry, Position)> {
        let position = |judged| if judged { Position::Judged } else { Position::Baseline };
        if all {
            let from = self.after(self.baseline.as_deref());
            let entries = self.entries.iter().enumerate();
            // What the change touches is judged even where it says that it is baseline.
            return entries
                .map(|(at, entry)| (entry, position(at >= from || entry.touch.is_touched())))
                .collect();
        }
        let rewritten =
            self.entries.iter().any(|entry| !entry.touch.added && entry.touch.up == Edit::Real);
        let (added, known): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.iter().partition(|entry| entry.touch.added && !rewritten);
        known
            .into_iter()
            .chain(added)
            .map(|entry| (entry, position(entry.touch.is_touched())))
            .collect()
    }
}

/// Whether two scripts differ, and how.
fn edit(base: &Script, head: &Script) -> Edit {
    let same_text = base.sql() == head.sql();
    if base.transaction != head.transaction {
        Edit::Real
    } else if same_text {
        Edit::None
    } else if crate::sql::fold(base) == crate::sql::fold(head) {
        Edit::Cosmetic
    } else {
        Edit::Real
    }
}

/// Whether two steps differ, and how.
fn step_edit(base: Option<&Step>, head: Option<&Step>) -> Edit {
    match (base, head) {
        (None, None) => Edit::None,
        (Some(Step::Sql(base)), Some(Step::Sql(head))) => edit(base, head),
        // A way back that is computed follows the way there.
        (Some(Step::Program(base)), Some(Step::Program(head)))
            if base.span.is_none() && head.span.is_none() =>
        {
            Edit::None
        }
        (Some(Step::Program(base)), Some(Step::Program(head))) => {
            // A program in jq may stand in a file of its own.
            if !base.does_the_same(head) {
                Edit::Real
            } else if base.text == head.text {
                Edit::None
            } else {
                Edit::Cosmetic
            }
        }
        // Foreign code is not compared here; a changed file is.
        (Some(Step::Foreign { .. }), Some(Step::Foreign { .. })) => Edit::None,
        _ => Edit::Real,
    }
}
