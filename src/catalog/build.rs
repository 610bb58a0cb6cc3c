//! Reads a set at base, head and tip and joins the three.

use std::collections::BTreeMap;

use super::content::{allowed, content};
use super::depend::{dependencies, settle_optional, take};
use super::tip::{both_sides, join_tip};
use super::{Declared, Edit, Entry, Gone, SetCatalog, Touch, step_edit};
use crate::layout::{self, Detection, Layout, Options, Reading, detect_best, guess_engine};
use crate::manifest::{self, DeclaredClass, Manifest};
use crate::model::{
    ChangeKind, Class, EngineKind, FileChange, Kind, Location, Migration, Problem, ProblemKind,
    RepoPath, Script, SetInfo, Sited, Step, Tree, known_words, printable, quoted, sha256,
};

/// What is known of a set before its files are read.
pub struct SetSpec {
    /// Its name.
    pub name: String,
    /// Its folder at the head.
    pub path: RepoPath,
    /// Its layout; found by its looks where `None`.
    pub layout: Option<&'static dyn Layout>,
    /// Its engine; found from the files where `None`.
    pub engine: Option<EngineKind>,
    /// Its engine where neither that nor the files say one.
    pub usual_engine: Option<EngineKind>,
    /// The manifest's id up to which history needs no entry.
    pub baseline: Option<String>,
    /// The script that puts rows in before a judged migration.
    pub seed: Option<Script>,
    /// The oldest engine version the team runs.
    pub engine_version: Option<String>,
    /// Values for placeholders in scripts.
    pub variables: BTreeMap<String, String>,
    /// Whether it stands in the configuration.
    pub configured: bool,
    /// What was assumed so far.
    pub assumed: Vec<String>,
}

/// The files of a set on each side.
pub struct Input<'a> {
    /// At the head.
    pub head: &'a Tree,
    /// At the base; `None` where nothing is compared.
    pub base: Option<&'a Tree>,
    /// At the tip of the target branch, where that went on, with the tip in words.
    pub tip: Option<(&'a Tree, &'a str)>,
    /// The manifest's path and bytes, where there is one.
    pub manifest: Option<(RepoPath, &'a [u8])>,
    /// The base's manifest, likewise.
    pub base_manifest: Option<(RepoPath, &'a [u8])>,
    /// Everything the change did.
    pub files: &'a [FileChange],
}

/// Why a set cannot be read without a person's word.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// No layout fits.
    #[error(
        "{}: no layout that migration-gate knows fits this folder\n  help: name it in migration-gate.toml: layout = \"…\" in the [[set]] (one of {known})",
        printable(path.as_str())
    )]
    UnknownLayout {
        /// The folder.
        path: RepoPath,
        /// The layouts there are.
        known: String,
    },
    /// The configuration names a folder that is not there.
    #[error(
        "there is no folder {}\n  help: mend the path of the [[set]] in migration-gate.toml",
        printable(path.as_str())
    )]
    NoFolder {
        /// The folder.
        path: RepoPath,
    },
    /// Nothing tells the engine.
    #[error(
        "{0}: neither the layout nor the SQL says which engine this set is for\n  help: pass --engine sqlite or --engine postgres, or put a [[set]] with path = \"{0}\" and engine = \"…\" into migration-gate.toml",
        printable(path.as_str())
    )]
    UnknownEngine {
        /// The folder.
        path: RepoPath,
    },
}

/// Reads a set.
///
/// # Errors
/// When the layout or the engine cannot be told.
pub fn build(spec: SetSpec, input: &Input<'_>) -> Result<SetCatalog, CatalogError> {
    let base_tree = input.base.unwrap_or(input.head);
    let may_be_empty = spec.engine == Some(EngineKind::Documents);
    if spec.configured && !may_be_empty && input.head.is_empty() && base_tree.is_empty() {
        return Err(CatalogError::NoFolder { path: spec.path });
    }
    let shown = if input.head.is_empty() { base_tree } else { input.head };
    let (layout, detection) = resolve_layout(&spec, shown)?;
    let options = Options { engine: spec.engine.or(spec.usual_engine) };
    let mut head = layout.read_with(input.head, options);
    let mut base = input.base.map(|tree| layout.read_with(tree, options));
    let mut assumed = spec.assumed;
    // Of a set whose migrations are gone, the base tells the engine.
    let (shown, read) = match &base {
        Some(base) if head.migrations.is_empty() => (base_tree, base),
        _ => (input.head, &head),
    };
    let engine = match (spec.engine, detection.and_then(|detection| detection.engine)) {
        (Some(engine), _) => engine,
        (None, Some((engine, reason))) => {
            assumed.push(format!("engine {engine}, by {reason}"));
            engine
        }
        (None, None) => {
            let usual = || Some((spec.usual_engine?, "--engine".to_owned()));
            let (engine, reason) = guess_engine(shown, read)
                .or_else(usual)
                .ok_or_else(|| CatalogError::UnknownEngine { path: spec.path.clone() })?;
            assumed.push(format!("engine {engine}, by {reason}"));
            engine
        }
    };
    // Where a file is at both sides, findings point into the head's.
    let mut put = |reading: &mut Reading| layout::substitute(reading, engine, &spec.variables);
    let mut substituted = base.as_mut().map(&mut put).unwrap_or_default();
    substituted.retain(|path, _| !at_head(input, path));
    substituted.extend(put(&mut head));
    let changed = changed_inside(input, &spec.path);
    // The layout cannot know which of several manifests the configuration names.
    let manifest_path = input.manifest.as_ref().map(|(path, _)| path);
    let mut problems = head.problems;
    problems.retain(|problem| Some(&problem.location.path) != manifest_path);
    let manifest = input.manifest.as_ref().map(|(path, bytes)| manifest::parse(path, bytes));
    let info = SetInfo {
        name: spec.name,
        path: spec.path,
        layout: layout.name(),
        engine,
        habits: layout.habits(),
        assumed,
        configured: spec.configured,
        engine_version: spec.engine_version,
    };
    let mut catalog = SetCatalog {
        info,
        entries: Vec::new(),
        gone: Vec::new(),
        problems,
        merged_problems: Vec::new(),
        manifest_baseline: manifest
            .as_ref()
            .and_then(|manifest| Some(manifest.baseline.as_ref()?.value.clone()))
            .or_else(|| spec.baseline.clone()),
        baseline: spec.baseline,
        seed: spec.seed,
        schemas: BTreeMap::new(),
        promises: Vec::new(),
        manifest,
        header_problems: Vec::new(),
        tip: Vec::new(),
        tip_label: None,
        tip_edits: Vec::new(),
        both_sides: Vec::new(),
        merged: None,
        changed,
        substituted,
        unreleased: base.as_ref().map(|base| base.unreleased.clone()).unwrap_or_default(),
    };
    join_base(&mut catalog, head.migrations, base, input.head);
    settle_optional(&mut catalog.entries);
    if let Some((path, bytes)) = &input.base_manifest {
        keep_classes(&mut catalog, &manifest::parse(path, bytes));
    }
    if let Some((tree, label)) = input.tip {
        let mut tip = layout.read_with(tree, options);
        put(&mut tip);
        join_tip(&mut catalog, &tip.migrations, label);
        catalog.both_sides = both_sides(&catalog, input.head, base_tree, tree);
    }
    Ok(catalog)
}

fn at_head(input: &Input<'_>, path: &RepoPath) -> bool {
    path.below(input.head.root()).is_some_and(|relative| input.head.get(relative).is_some())
}

fn resolve_layout(
    spec: &SetSpec,
    tree: &Tree,
) -> Result<(&'static dyn Layout, Option<Detection>), CatalogError> {
    match spec.layout.or_else(|| spec.engine.and_then(layout::of_engine)) {
        Some(layout) => Ok((layout, layout.detect(tree))),
        None => detect_best(tree).map(|(layout, detection)| (layout, Some(detection))).ok_or_else(
            || CatalogError::UnknownLayout {
                path: spec.path.clone(),
                known: crate::layout::names().join(", "),
            },
        ),
    }
}

fn changed_inside(input: &Input<'_>, folder: &RepoPath) -> Vec<FileChange> {
    let manifest = input.manifest.as_ref().map(|(path, _)| path);
    let inside = |path: &RepoPath| path.below(folder).is_some() || Some(path) == manifest;
    input
        .files
        .iter()
        .filter(|change| match &change.kind {
            ChangeKind::Renamed { from, .. } => inside(&change.path) || inside(from),
            _ => inside(&change.path),
        })
        .cloned()
        .collect()
}

/// Pairs head and base: the same id, else the same version (in a planned layout the id alone
/// counts), else the file that was renamed.
fn join_base(catalog: &mut SetCatalog, head: Vec<Migration>, base: Option<Reading>, tree: &Tree) {
    let compared = base.is_some();
    let merged = base.map(|reading| {
        catalog.merged_problems = reading.problems;
        reading.migrations
    });
    let mut unpaired = merged.clone().unwrap_or_default();
    let partners = partners(catalog, &head, &mut unpaired);
    let touches: Vec<Touch> =
        head.iter()
            .zip(&partners)
            .map(|(migration, partner)| {
                if compared { touch_of(catalog, migration, partner.as_ref()) } else { Touch::NONE }
            })
            .collect();
    catalog.merged = merged;
    catalog.gone = unpaired.into_iter().map(|migration| Gone { migration }).collect();
    for (migration, touch) in head.into_iter().zip(touches) {
        let declared = declare(catalog, &migration, tree);
        catalog.entries.push(Entry { migration, touch, declared });
    }
}

/// Takes out of `unpaired` what each of the head's migrations was. The surest likeness goes
/// through the whole set first: a new migration that took the version of a merged one must not
/// take its place as well.
fn partners(
    catalog: &SetCatalog,
    head: &[Migration],
    unpaired: &mut Vec<Migration>,
) -> Vec<Option<Migration>> {
    type Alike = fn(&SetCatalog, &Migration, &Migration) -> bool;
    let reworked: Alike = |_, known, migration| is_rework(known, migration);
    let same_id: Alike = |_, known, migration| known.id == migration.id;
    let same_version: Alike = |catalog, known, migration| {
        !catalog.info.habits.planned
            && known.kind == migration.kind
            && known.version == migration.version
    };
    let renamed: Alike = |catalog, known, migration| {
        catalog.changed.iter().any(|change| {
            matches!(&change.kind, ChangeKind::Renamed { from, .. } if from == known.up.path())
                && change.path == *migration.up.path()
        })
    };
    let mut partners = vec![None; head.len()];
    for alike in [reworked, same_id, same_version, renamed] {
        for (migration, partner) in head.iter().zip(&mut partners) {
            if partner.is_none() {
                let found = unpaired.iter().position(|known| alike(catalog, known, migration));
                *partner = found.map(|index| unpaired.remove(index));
            }
        }
    }
    partners
}

/// Whether a change was reworked (sqitch): what was `name` goes on as `name@tag`, in the same place
/// of the plan or with the same script, and `name` is new.
fn is_rework(known: &Migration, migration: &Migration) -> bool {
    migration.id.strip_prefix(&known.id).is_some_and(|rest| rest.starts_with('@'))
        && (known.version == migration.version
            || step_edit(Some(&known.up), Some(&migration.up)) != Edit::Real)
}

fn touch_of(catalog: &SetCatalog, head: &Migration, base: Option<&Migration>) -> Touch {
    let Some(base) = base else { return Touch { added: true, ..Touch::NONE } };
    // What Git regards as unchanged is unchanged, whatever line endings the disk has.
    let changed = |migration: &Migration| {
        migration.files.iter().any(|path| {
            catalog.changed.iter().any(|change| {
                change.path == *path
                    || matches!(&change.kind, ChangeKind::Renamed { from, .. } if from == path)
            })
        })
    };
    let mut touch = Touch::NONE;
    if changed(head) || changed(base) {
        touch.up = step_edit(Some(&base.up), Some(&head.up));
        touch.down = step_edit(base.down.step(), head.down.step());
        let is_real = match &head.up {
            Step::Sql(_) => false,
            Step::Foreign { path, .. } => catalog.is_changed(path),
            // What a command runs is not compared here.
            Step::Program(program) => {
                let mut others = head.files.iter().filter(|path| **path != program.path);
                others.any(|path| catalog.is_changed(path))
            }
        };
        if is_real && touch.up == Edit::None {
            touch.up = Edit::Real;
        }
    }
    if head.kind == Kind::Versioned && base.id != head.id && !is_rework(base, head) {
        touch.renamed_from = Some(base.id.clone());
    }
    touch
}

/// Joins the manifest's entry, or else the header, with a migration.
fn declare(catalog: &mut SetCatalog, migration: &Migration, tree: &Tree) -> Declared {
    let mut declared =
        Declared { actual_checksum: checksum(migration, tree), ..Declared::default() };
    declared.content = content(migration, tree);
    let (allowed, problems) = allowed(migration);
    declared.allowed = allowed;
    catalog.header_problems.extend(problems);
    let header = match &migration.up {
        Step::Sql(script) => manifest::header(&script.path, &script.text),
        // SQL that cannot run says what it is all the same.
        Step::Foreign { path, .. } if path.as_str().ends_with(".sql") => {
            let entry = path.below(tree.root()).and_then(|relative| tree.get(relative));
            let text = entry.and_then(|entry| std::str::from_utf8(&entry.bytes).ok());
            text.and_then(|text| manifest::header(path, text))
        }
        Step::Program(_) | Step::Foreign { .. } => None,
    };
    if let Some(program) = migration.up.program() {
        let class = match &program.class {
            None => DeclaredClass::Missing,
            Some(Sited { value: Ok(class), span }) => {
                DeclaredClass::Valid(Sited::new(*class, *span))
            }
            Some(Sited { value: Err(word), span }) => {
                let message = format!("unknown class {}", quoted(word));
                let help = known_words(word, &Class::ALL.map(Class::name));
                catalog.header_problems.push(Problem {
                    kind: ProblemKind::InvalidClass,
                    location: Location::at(program.path.clone(), *span),
                    message,
                    help,
                });
                DeclaredClass::Invalid(*span)
            }
        };
        take(&mut declared, &program.path, &class, &program.depends_on);
    }
    if let Some(header) = &header {
        catalog.header_problems.extend(header.problems.iter().cloned());
        take(&mut declared, migration.up.path(), &header.class, &header.depends_on);
    }
    let Some(manifest) = &catalog.manifest else { return declared };
    let Some(entry) = manifest.entry(&migration.id) else {
        return declared;
    };
    if let (Some((said, place)), Some(listed)) = (&declared.class, entry.class.get())
        && *said != listed
    {
        catalog.header_problems.push(Problem {
            kind: ProblemKind::Invalid,
            location: place.clone(),
            message: format!(
                "{} says {said}, {} says {listed}",
                if migration.up.program().is_some() { "the file" } else { "the header" },
                manifest.path.file_name()
            ),
            help: "say it in one place".into(),
        });
    }
    let at = |span| Location::at(manifest.path.clone(), span);
    declared.entry = Some(at(entry.id.span));
    declared.checksum = entry.checksum.as_ref().map(|sum| (sum.value.clone(), at(sum.span)));
    take(&mut declared, &manifest.path, &entry.class, &entry.depends_on);
    declared.absent = dependencies(&manifest.path, &entry.optional_depends_on).collect();
    declared
}

/// Finds merged migrations whose entry the change edits, and holds them to the base's class.
fn keep_classes(catalog: &mut SetCatalog, base: &Manifest) {
    let Some(head) = &catalog.manifest else { return };
    for entry in catalog.entries.iter_mut().filter(|entry| !entry.touch.added) {
        let id = &entry.migration.id;
        let before = base.entry(entry.touch.renamed_from.as_ref().unwrap_or(id));
        let (Some(before), Some(now)) = (before, head.entry(id)) else { continue };
        if let Some(class) = before.class.get()
            && now.class.get() != Some(class)
            && !entry.declared.invalid_class
        {
            let place = Location::at(head.path.clone(), now.span);
            let place = entry.declared.class.take().map_or(place, |(_, place)| place);
            entry.declared.class = Some((class, place));
            entry.declared.relabelled.push("class");
        }
        let ids = |needs: &[Sited<String>]| -> Vec<String> {
            needs.iter().map(|id| id.value.clone()).collect()
        };
        for (key, before, now) in [
            ("depends_on", &before.depends_on, &now.depends_on),
            ("optional_depends_on", &before.optional_depends_on, &now.optional_depends_on),
        ] {
            if ids(before) != ids(now) {
                entry.declared.relabelled.push(key);
            }
        }
    }
}

fn checksum(migration: &Migration, tree: &Tree) -> String {
    let relative = migration.up.path().below(tree.root()).unwrap_or_default();
    tree.get(relative).map(|entry| sha256(&entry.bytes)).unwrap_or_default()
}
